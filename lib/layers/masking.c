/* masking.c - Masking: which steps are real */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"

/*
 * mask[t] = 1 if any x[t][c] differs from mask_value, else 0; y[t] = x[t] * mask[t]. Backward dx[t] = dy[t] * mask[t].
 * A mask of the input is replaced.
 */
static mirnet_status build(mn_layer *layer)
{
    char text[96];
    if (layer->in[0].rank != 2)
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s: expected (steps, features)",
                       mn_shape_text(&layer->in[0], text));
    layer->out = layer->in[0];
    layer->masks = true;
    return MIRNET_OK;
}

static bool is_real(const float *x, int64_t n, float mask_value)
{
    for (int64_t c = 0; c < n; c++)
        if (x[c] != mask_value)
            return true;
    return false;
}

static void forward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    (void)run;
    int64_t steps = op->layer->out.dim[0], n = op->layer->out.dim[1];
    float mask_value = (float)op->layer->spec->mask_value;
    for (int64_t t = from * steps; t < to * steps; t++) {
        const float *x = op->x[0] + t * n;
        op->mask_out[t] = is_real(x, n, mask_value);
        if (op->mask_out[t])
            memcpy(op->y + t * n, x, (size_t)n * sizeof(float));
        else if (!op->unread)
            memset(op->y + t * n, 0, (size_t)n * sizeof(float));
    }
}

static void backward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    int64_t steps = op->layer->out.dim[0], n = op->layer->out.dim[1];
    for (int64_t t = from * steps; t < to * steps; t++) {
        float *dx = op->dx[0] + t * n;
        if (!op->dx_add[0])
            memset(dx, 0, (size_t)n * sizeof(float));
        if (op->mask_out[t])
            run->kernels->add(dx, op->dy + t * n, n);
    }
}

static void forward(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, forward_samples, mn_out_size(op));
}

static void backward(mn_op *op, const mn_run *run)
{
    if (op->dx[0])
        mn_each_sample(op, run, backward_samples, mn_out_size(op));
}

const mn_layer_class mn_masking = {.build = build, .forward = forward, .backward = backward};
