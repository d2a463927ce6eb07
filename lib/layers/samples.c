/* samples.c - what layers share that treat each sample by itself: parallel samples, masks that pass through */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/layer.h"

/* Floats that make a part worth another thread's while. */
enum { WORK = 1 << 15 };

typedef struct job {
    const mn_op *op;
    const mn_run *run;
    mn_sample_task task;
    int64_t samples; /* of a part */
} job;

static void run_part(void *context, int64_t part, int32_t worker)
{
    (void)worker;
    const job *j = context;
    int64_t from = part * j->samples;
    j->task(j->op, j->run, from, mn_min(from + j->samples, j->run->batch));
}

void mn_each_sample(const mn_op *op, const mn_run *run, mn_sample_task task, int64_t work)
{
    job j = {op, run, task, mn_max(WORK / mn_max(work, 1), 1)};
    mn_parallel(run, run_part, &j, mn_ceil_div(run->batch, j.samples));
}

mirnet_status mn_refuse_mask(const mn_layer *layer)
{
    if (layer->masked)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "%s does not support masking, but its input carries a mask",
                       mn_layer_kind_name(layer->spec->kind));
    return MIRNET_OK;
}

void mn_pass_mask(const mn_op *op, const mn_run *run)
{
    if (op->layer->masks)
        memcpy(op->mask_out, op->mask[0], (size_t)(run->batch * op->layer->in[0].dim[0]));
}
