/* reshape.c - layers that move elements: Flatten, Reshape, Permute, RepeatVector */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"

/* Flatten: y is x as one row. A view. */
static mirnet_status build_flatten(mn_layer *layer)
{
    MN_TRY(mn_refuse_mask(layer));
    layer->out = (mn_shape){.rank = 1, .dim = {mn_shape_size(&layer->in[0])}};
    layer->view = true;
    return MIRNET_OK;
}

const mn_layer_class mn_flatten = {.build = build_flatten};

/* Reshape: x under another shape, of which one dimension may be left to be found. A view. */
static mirnet_status build_reshape(mn_layer *layer)
{
    char from[96], to[96];
    int64_t size = mn_shape_size(&layer->in[0]), known = 1;
    int32_t open = -1;
    MN_TRY(mn_refuse_mask(layer));
    layer->out = layer->spec->target;
    for (int32_t i = 0; i < layer->out.rank; i++) {
        int64_t dim = layer->out.dim[i];
        if (dim < 0)
            open = i;
        else if (dim == 0 || known > size / dim) /* product beyond the size */
            known = 0;
        else
            known *= dim;
        if (known == 0)
            break;
    }
    if (known == 0 || (open < 0 ? known != size : size % known != 0))
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s cannot take target_shape %s",
                       mn_shape_text(&layer->in[0], from), mn_shape_text(&layer->spec->target, to));
    if (open >= 0)
        layer->out.dim[open] = size / known;
    layer->view = true;
    return MIRNET_OK;
}

const mn_layer_class mn_reshape = {.build = build_reshape};

/*
 * Permute: out.dim[i] = in.dim[dims[i] - 1]. With e the strides of x in the order of y's axes:
 *
 *     y[i0][i1]... = x[i0 * e0 + i1 * e1 + ...]
 */
static mirnet_status build_permute(mn_layer *layer)
{
    const mn_shape *in = &layer->in[0], *dims = &layer->spec->target;
    char from[96], to[96];
    uint32_t seen = 0;
    MN_TRY(mn_refuse_mask(layer));
    for (int32_t i = 0; i < dims->rank; i++)
        if (dims->dim[i] >= 1 && dims->dim[i] <= MN_MAX_RANK)
            seen |= 1u << (dims->dim[i] - 1);
    if (dims->rank != in->rank || seen != (1u << in->rank) - 1)
        return mn_fail(MIRNET_ERR_SHAPE, "dims %s do not order the axes 1..%d of an input of shape %s",
                       mn_shape_text(dims, to), (int)in->rank, mn_shape_text(in, from));
    layer->out.rank = in->rank;
    for (int32_t i = 0; i < in->rank; i++)
        layer->out.dim[i] = in->dim[dims->dim[i] - 1];
    return MIRNET_OK;
}

/* Walks over y's elements in order; *at is the place in x of the one that index stands for. */
static void step_index(const mn_shape *out, const int64_t *strides, int64_t *index, int64_t *at)
{
    for (int32_t i = out->rank - 1; i >= 0; i--) {
        *at += strides[i];
        if (++index[i] < out->dim[i])
            return;
        *at -= index[i] * strides[i];
        index[i] = 0;
    }
}

static void get_strides(const mn_layer *layer, int64_t *strides)
{
    int64_t of_x[MN_MAX_RANK], stride = 1;
    for (int32_t i = layer->in[0].rank - 1; i >= 0; i--) {
        of_x[i] = stride;
        stride *= layer->in[0].dim[i];
    }
    for (int32_t i = 0; i < layer->out.rank; i++)
        strides[i] = of_x[layer->spec->target.dim[i] - 1];
}

static void permute_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    (void)run;
    int64_t n = mn_out_size(op), strides[MN_MAX_RANK], index[MN_MAX_RANK] = {0}, at = 0;
    get_strides(op->layer, strides);
    for (int64_t s = from; s < to; s++)
        for (int64_t i = 0; i < n; i++) {
            op->y[s * n + i] = op->x[0][s * n + at];
            step_index(&op->layer->out, strides, index, &at);
        }
}

static void permute_back_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    (void)run;
    int64_t n = mn_out_size(op), strides[MN_MAX_RANK], index[MN_MAX_RANK] = {0}, at = 0;
    get_strides(op->layer, strides);
    for (int64_t s = from; s < to; s++)
        for (int64_t i = 0; i < n; i++) {
            float *dx = op->dx[0] + s * n + at;
            *dx = op->dx_add[0] ? *dx + op->dy[s * n + i] : op->dy[s * n + i];
            step_index(&op->layer->out, strides, index, &at);
        }
}

static void forward_permute(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, permute_samples, mn_out_size(op));
}

static void backward_permute(mn_op *op, const mn_run *run)
{
    if (op->dx[0])
        mn_each_sample(op, run, permute_back_samples, mn_out_size(op));
}

const mn_layer_class mn_permute = {.build = build_permute, .forward = forward_permute, .backward = backward_permute};

/* RepeatVector: y[t][c] = x[c]; backward dx[c] = sum over t of dy[t][c]. */
static mirnet_status build_repeat(mn_layer *layer)
{
    char text[96];
    MN_TRY(mn_refuse_mask(layer));
    if (layer->in[0].rank != 1)
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s: expected (features)", mn_shape_text(&layer->in[0], text));
    layer->out = (mn_shape){.rank = 2, .dim = {layer->spec->units, layer->in[0].dim[0]}};
    return MIRNET_OK;
}

static void forward_repeat(mn_op *op, const mn_run *run)
{
    int64_t n = mn_in_size(op, 0), times = op->layer->spec->units;
    float *y = op->y;
    for (int64_t s = 0; s < run->batch; s++)
        for (int64_t t = 0; t < times; t++, y += n)
            memcpy(y, op->x[0] + s * n, (size_t)n * sizeof(float));
}

static void backward_repeat(mn_op *op, const mn_run *run)
{
    int64_t n = mn_in_size(op, 0), times = op->layer->spec->units;
    for (int64_t s = 0; op->dx[0] && s < run->batch; s++)
        run->kernels->column_sums(op->dx[0] + s * n, op->dy + s * times * n, times, n, n, op->dx_add[0]);
}

const mn_layer_class mn_repeat_vector = {.build = build_repeat, .forward = forward_repeat, .backward = backward_repeat};
