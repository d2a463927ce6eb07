/* embedding.c - Embedding: a vector for each index */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"

/*
 * y[t] = embeddings[(int)x[t]]; backward dembeddings[k] = sum over samples and t with index k of dy[t], in order.
 * An index outside 0..input_dim - 1, or not a number, gives zeros and no gradient, as TensorFlow does on a GPU.
 * With mask_zero, steps with x[t] = 0 are masked. The input has no gradient.
 */
static mirnet_status build(mn_layer *layer)
{
    const mn_layer_spec *spec = layer->spec;
    const mn_shape *in = &layer->in[0];
    char text[96];
    MN_TRY(mn_refuse_mask(layer));
    if (in->rank + 1 > MN_MAX_RANK)
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s: at most %d dimensions", mn_shape_text(in, text),
                       MN_MAX_RANK - 1);
    if (spec->mask_zero && in->rank != 1)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "input of shape %s: mask_zero needs (steps)", mn_shape_text(in, text));
    layer->out = *in;
    layer->out.dim[layer->out.rank++] = spec->units;
    layer->masks = spec->mask_zero;
    return mn_layer_add_param(layer, NULL, "embeddings", (const int64_t[]){spec->input_dim, spec->units}, 2,
                              spec->kernel_init, spec->kernel_reg);
}

/* -1: none. Comparisons with NaN are false. */
static int64_t get_index(float x, int64_t n)
{
    return x > -1 && x < (float)n ? mn_min((int64_t)x, n - 1) : -1;
}

static void forward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    const float *table = mn_weight(op->layer, run, 0);
    int64_t steps = mn_in_size(op, 0), n = op->layer->spec->units;
    for (int64_t t = from * steps; t < to * steps; t++) {
        int64_t k = get_index(op->x[0][t], op->layer->spec->input_dim);
        if (k >= 0)
            memcpy(op->y + t * n, table + k * n, (size_t)n * sizeof(float));
        else
            memset(op->y + t * n, 0, (size_t)n * sizeof(float));
        if (op->layer->masks)
            op->mask_out[t] = op->x[0][t] != 0;
    }
}

static void forward(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, forward_samples, mn_out_size(op));
}

static void backward(mn_op *op, const mn_run *run)
{
    const mn_param *param = &op->layer->params[0];
    float *grad = mn_grad(op->layer, run, 0);
    int64_t steps = run->batch * mn_in_size(op, 0), n = op->layer->spec->units;
    if (!op->grad_add)
        memset(grad, 0, param->size * sizeof(float));
    for (int64_t t = 0; t < steps; t++) {
        int64_t k = get_index(op->x[0][t], op->layer->spec->input_dim);
        if (k >= 0)
            run->kernels->add(grad + k * n, op->dy + t * n, n);
    }
    if (op->dx[0] && !op->dx_add[0])
        memset(op->dx[0], 0, (size_t)steps * sizeof(float));
}

const mn_layer_class mn_embedding = {.build = build, .forward = forward, .backward = backward};
