/* few.c - products of few rows with a plain matrix, in parallel */
/* SPDX-License-Identifier: MIT */
#include "layers/layer.h"

/* Rows of W of a part: from the shapes alone, never from the number of threads. */
static int64_t slab_of(int64_t k)
{
    enum { PARTS = 8, LEAST = 16 };
    return mn_max(LEAST, mn_min(MN_FEW_SLAB, mn_ceil_div(k, PARTS)));
}

typedef struct few_job {
    const mn_run *run;
    const mn_few *few;
    int64_t k, columns, slab, slabs;
    float *partial, *y;
    int64_t ldy;
    const float *bias;
} few_job;

size_t mn_few_scratch(int64_t m, int64_t k, int64_t columns)
{
    return (size_t)(mn_ceil_div(k, slab_of(k)) * m * columns);
}

static void forward_part(void *context, int64_t part, int32_t worker)
{
    const few_job *job = context;
    (void)worker;
    job->run->kernels->few_forward(job->few, part * job->slab, mn_min(job->k, (part + 1) * job->slab),
                                   job->partial + part * job->few->m * job->columns, job->columns);
}

/* One row of Y: the bias and what each slab adds, in order. */
static void sum_part(void *context, int64_t row, int32_t worker)
{
    const few_job *job = context;
    const mn_few *f = job->few;
    (void)worker;
    for (int32_t i = 0; i < f->ranges; i++) {
        const int64_t from = f->from[i], n = f->to[i] - from;
        float *y = job->y + row * job->ldy + from;
        if (job->bias)
            memcpy(y, job->bias + from, (size_t)n * sizeof(float));
        else
            memset(y, 0, (size_t)n * sizeof(float));
        for (int64_t s = 0; s < job->slabs; s++)
            job->run->kernels->add(y, job->partial + (s * f->m + row) * job->columns + from, n);
    }
}

void mn_few_forward_run(const mn_run *run, const mn_few *few, int64_t k, float *y, int64_t ldy, const float *bias,
                        float *scratch)
{
    const int64_t slab = slab_of(k);
    few_job job = {run, few, k, few->to[few->ranges - 1], slab, mn_ceil_div(k, slab), scratch, y, ldy, bias};
    mn_parallel(run, forward_part, &job, job.slabs);
    mn_parallel(run, sum_part, &job, few->m);
}

static void back_part(void *context, int64_t part, int32_t worker)
{
    const few_job *job = context;
    (void)worker;
    job->run->kernels->few_back(job->few, part * job->slab, mn_min(job->k, (part + 1) * job->slab));
}

void mn_few_back_run(const mn_run *run, const mn_few *few, int64_t k)
{
    few_job job = {.run = run, .few = few, .k = k, .slab = slab_of(k)};
    mn_parallel(run, back_part, &job, mn_ceil_div(k, job.slab));
}
