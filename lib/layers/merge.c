/* merge.c - layers of several inputs: Concatenate, Add, Multiply, Average, Maximum */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"

/* Among the axes of a sample, 0-based; the batch is axis 0 of Keras. */
static int32_t axis_of(const mn_layer *layer)
{
    int32_t axis = layer->spec->axis;
    return axis < 0 ? axis + layer->in[0].rank : axis - 1;
}

static mirnet_status fail_shapes(const mn_layer *layer, int32_t i, const char *wanted)
{
    char first[96], other[96];
    return mn_fail(MIRNET_ERR_SHAPE, "input 0 has shape %s, input %d has %s: %s", mn_shape_text(&layer->in[0], first),
                   (int)i, mn_shape_text(&layer->in[i], other), wanted);
}

/*
 * Concatenate: the inputs side by side along one axis. With `rows` the product of the dimensions before that axis, and
 * input i holding size_i / rows floats a row, a row of y is the rows of the inputs one after the other.
 * Masks: along the steps side by side too, an input without one being all real; along another axis, a step is real if
 * it is in every input that has a mask.
 */
static mirnet_status build_concatenate(mn_layer *layer)
{
    int32_t axis = axis_of(layer);
    if (axis < 0 || axis >= layer->in[0].rank)
        return mn_fail(MIRNET_ERR_SHAPE, "axis %d: inputs have axes 1..%d behind the batch", (int)layer->spec->axis,
                       (int)layer->in[0].rank);
    layer->out = layer->in[0];
    layer->masks = layer->masked;
    for (int32_t i = 1; i < layer->n_in; i++) {
        mn_shape in = layer->in[i];
        if (in.rank == layer->out.rank) {
            layer->out.dim[axis] += in.dim[axis];
            in.dim[axis] = layer->in[0].dim[axis];
        }
        if (!mn_shape_equal(&in, &layer->in[0]))
            return fail_shapes(layer, i, "all axes but that of concatenation must be the same");
    }
    return MIRNET_OK;
}

static int64_t count_rows(const mn_layer *layer)
{
    int64_t rows = 1;
    for (int32_t i = 0; i < axis_of(layer); i++)
        rows *= layer->in[0].dim[i];
    return rows;
}

static void concatenate_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    (void)run;
    int64_t rows = count_rows(op->layer);
    float *y = op->y + from * mn_out_size(op);
    for (int64_t r = from * rows; r < to * rows; r++)
        for (int32_t i = 0; i < op->n_in; i++) {
            int64_t n = mn_in_size(op, i) / rows;
            memcpy(y, op->x[i] + r * n, (size_t)n * sizeof(float));
            y += n;
        }
}

static void split_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    int64_t rows = count_rows(op->layer);
    const float *dy = op->dy + from * mn_out_size(op);
    for (int64_t r = from * rows; r < to * rows; r++)
        for (int32_t i = 0; i < op->n_in; i++) {
            int64_t n = mn_in_size(op, i) / rows;
            if (op->dx[i] && op->dx_add[i])
                run->kernels->add(op->dx[i] + r * n, dy, n);
            else if (op->dx[i])
                memcpy(op->dx[i] + r * n, dy, (size_t)n * sizeof(float));
            dy += n;
        }
}

/* A step is real where each mask says so. */
static void and_masks(const mn_op *op, const mn_run *run)
{
    size_t n = (size_t)(run->batch * op->layer->out.dim[0]);
    memset(op->mask_out, 1, n);
    for (int32_t i = 0; i < op->n_in; i++)
        for (size_t t = 0; op->mask[i] && t < n; t++)
            op->mask_out[t] &= op->mask[i][t];
}

static void concatenate_masks(const mn_op *op, const mn_run *run)
{
    uint8_t *to = op->mask_out;
    for (int64_t s = 0; s < run->batch; s++)
        for (int32_t i = 0; i < op->n_in; i++) {
            size_t steps = (size_t)op->layer->in[i].dim[0];
            if (op->mask[i])
                memcpy(to, op->mask[i] + (size_t)s * steps, steps);
            else
                memset(to, 1, steps);
            to += steps;
        }
}

static void forward_concatenate(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, concatenate_samples, mn_out_size(op));
    if (op->layer->masks && axis_of(op->layer) == 0)
        concatenate_masks(op, run);
    else if (op->layer->masks)
        and_masks(op, run);
}

static void backward_concatenate(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, split_samples, mn_out_size(op));
}

const mn_layer_class mn_concatenate = {
    .build = build_concatenate, .forward = forward_concatenate, .backward = backward_concatenate};

/*
 * Element by element over n inputs of one shape:
 *
 *     Add       y = x0 + x1 + ...              dxi = dy
 *     Average   y = (x0 + x1 + ...) / n        dxi = dy / n
 *     Multiply  y = x0 * x1 * ...              dxi = dy * product of the others
 *     Maximum   y = max(x0, x1, ...)           dxi = dy for the first i with xi = y, else 0
 */
static mirnet_status build_merge(mn_layer *layer)
{
    for (int32_t i = 1; i < layer->n_in; i++)
        if (!mn_shape_equal(&layer->in[0], &layer->in[i]))
            return fail_shapes(layer, i, "they must be the same");
    layer->out = layer->in[0];
    layer->masks = layer->masked;
    return MIRNET_OK;
}

static void merge_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    int64_t n = mn_out_size(op), at = from * n, size = (to - from) * n;
    mn_layer_kind kind = op->layer->spec->kind;
    float *y = op->y + at;
    memcpy(y, op->x[0] + at, (size_t)size * sizeof(float));
    for (int32_t i = 1; i < op->n_in; i++) {
        const float *x = op->x[i] + at;
        if (kind == MN_MULTIPLY)
            run->kernels->multiply(y, x, size);
        else if (kind == MN_MAXIMUM)
            for (int64_t e = 0; e < size; e++)
                y[e] = mn_larger(y[e], x[e]);
        else
            run->kernels->add(y, x, size);
    }
    if (kind == MN_AVERAGE)
        run->kernels->scale(y, 1 / (float)op->n_in, size);
}

/* The derivative of y with respect to xi at element e. */
static float get_slope(const mn_op *op, int32_t i, int64_t e)
{
    float slope = 1;
    switch (op->layer->spec->kind) {
    case MN_MULTIPLY:
        for (int32_t j = 0; j < op->n_in; j++)
            slope *= j == i ? 1 : op->x[j][e];
        return slope;
    case MN_MAXIMUM:
        for (int32_t j = 0; j < i; j++)
            if (op->x[j][e] == op->y[e])
                return 0;
        return op->x[i][e] == op->y[e] ? 1 : 0;
    case MN_AVERAGE:
        return 1 / (float)op->n_in;
    default:
        return 1;
    }
}

static void spread_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    (void)run;
    int64_t n = mn_out_size(op);
    for (int32_t i = 0; i < op->n_in; i++)
        for (int64_t e = from * n; op->dx[i] && e < to * n; e++) {
            float d = op->dy[e] * get_slope(op, i, e);
            op->dx[i][e] = op->dx_add[i] ? op->dx[i][e] + d : d;
        }
}

static void forward_merge(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, merge_samples, mn_out_size(op) * op->n_in);
    if (op->layer->masks)
        and_masks(op, run);
}

static void backward_merge(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, spread_samples, mn_out_size(op) * op->n_in);
}

const mn_layer_class mn_merge = {.build = build_merge, .forward = forward_merge, .backward = backward_merge};
