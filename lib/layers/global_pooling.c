/* global_pooling.c - GlobalMaxPooling and GlobalAveragePooling, 1-D and 2-D */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"

/*
 * Over all places t of a sample (steps, or rows times columns), channel by channel:
 *
 *     max:      y[c] = max of x[t][c]
 *     average:  y[c] = sum of x[t][c] / number of places
 *
 * Backward, max: dy is shared equally between the places that hold the maximum (in one-hot data equal windows are
 * common), as TensorFlow's reduce_max does; average: dy / number goes to each place. GlobalAveragePooling1D takes a
 * mask: only the steps that are real count. A sample without any gives 0 (Keras: not a number).
 */
static bool is_max(const mn_op *op)
{
    mn_layer_kind kind = op->layer->spec->kind;
    return kind == MN_GLOBAL_MAX_POOLING1D || kind == MN_GLOBAL_MAX_POOLING2D;
}

static mirnet_status build(mn_layer *layer)
{
    char text[96];
    mn_layer_kind kind = layer->spec->kind;
    int32_t rank = kind == MN_GLOBAL_MAX_POOLING1D || kind == MN_GLOBAL_AVERAGE_POOLING1D ? 2 : 3;
    if (kind != MN_GLOBAL_AVERAGE_POOLING1D)
        MN_TRY(mn_refuse_mask(layer));
    if (layer->in[0].rank != rank)
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s: expected %s", mn_shape_text(&layer->in[0], text),
                       rank == 2 ? "(steps, channels)" : "(rows, columns, channels)");
    layer->out = (mn_shape){.rank = 1, .dim = {layer->in[0].dim[rank - 1]}};
    return MIRNET_OK;
}

static int64_t count_places(const mn_op *op)
{
    return mn_in_size(op, 0) / mn_out_size(op);
}

/* The mask of sample s; NULL: all places are real. */
static const uint8_t *get_mask(const mn_op *op, int64_t s)
{
    return op->mask[0] ? op->mask[0] + s * count_places(op) : NULL;
}

/* How many places are real, at least 1: a divisor. */
static float count_real(const uint8_t *mask, int64_t places)
{
    int64_t n = mask ? 0 : places;
    for (int64_t t = 0; mask && t < places; t++)
        n += mask[t];
    return (float)mn_max(n, 1);
}

/* Of the rows of the blank that are alike, and follow one another, one is enough. */
static void pool_max(const mn_op *op, const mn_run *run, int64_t sample, float *y)
{
    const mn_shape *in = &op->layer->in[0];
    const mn_blank *blank = op->blank_in;
    const int64_t rows = in->dim[0], n = in->dim[in->rank - 1], line = mn_shape_size(in) / rows;
    const int64_t own = blank ? blank->extent[sample] : rows;
    const float *x = op->x[0] + sample * rows * line;
    if (own > 0)
        run->kernels->column_max(y, x, own * line / n, n, n);
    for (int64_t k = blank ? blank->n_kinds - 1 : -1, end = rows; k >= 0 && end > own; end = blank->kinds[k--]) {
        const float *row = op->x[0] + (run->capacity * rows + blank->kinds[k]) * line;
        if (own == 0 && end == rows)
            memcpy(y, row, (size_t)n * sizeof(float));
        for (int64_t at = 0; at < line; at += n)
            run->kernels->larger(y, row + at, n);
    }
}

static void pool_average(const mn_op *op, const mn_run *run, int64_t sample, float *y)
{
    const mn_shape *in = &op->layer->in[0];
    const int64_t rows = in->dim[0], n = in->dim[in->rank - 1], line = mn_shape_size(in) / rows;
    const uint8_t *mask = get_mask(op, sample);
    memset(y, 0, (size_t)n * sizeof(float));
    for (int64_t t = 0; t < rows; t++)
        if (!mask || mask[t])
            run->kernels->column_sums(y, mn_blank_row(op->blank_in, op->x[0], sample, t, rows, line, run->capacity),
                                      line / n, n, n, true);
    const float count = count_real(mask, line / n * rows);
    for (int64_t c = 0; c < n; c++)
        y[c] /= count;
}

static void spread_average(const uint8_t *mask, const float *dy, float *dx, int64_t places, int64_t channels)
{
    float count = count_real(mask, places);
    for (int64_t t = 0; t < places; t++)
        for (int64_t c = 0; c < channels && (!mask || mask[t]); c++)
            dx[t * channels + c] += dy[c] / count;
}

static void forward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    for (int64_t s = from; s < to; s++)
        (is_max(op) ? pool_max : pool_average)(op, run, s, op->y + s * mn_out_size(op));
}

static void backward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    int64_t places = count_places(op), channels = mn_out_size(op), n = places * channels;
    for (int64_t s = from; s < to; s++) {
        const float *dy = op->dy + s * channels;
        float *dx = op->dx[0] + s * n;
        if (is_max(op)) {
            run->kernels->share_equal(dx, op->x[0] + s * n, op->y + s * channels, dy, places, channels, op->dx_add[0]);
            continue;
        }
        if (!op->dx_add[0])
            memset(dx, 0, (size_t)n * sizeof(float));
        spread_average(get_mask(op, s), dy, dx, places, channels);
    }
}

static void forward(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, forward_samples, mn_in_size(op, 0));
}

static void backward(mn_op *op, const mn_run *run)
{
    if (op->dx[0])
        mn_each_sample(op, run, backward_samples, mn_in_size(op, 0));
}

static bool shares_tail(const mn_layer *layer, int64_t rows)
{
    return layer->in[0].dim[0] == rows;
}

const mn_layer_class mn_global_pooling = {
    .build = build,
    .forward = forward,
    .backward = backward,
    .shares_tail = shares_tail,
};
