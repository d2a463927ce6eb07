/* pooling.c - MaxPooling and AveragePooling, 1-D and 2-D */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"

/*
 * Over the window of each output element, channel by channel, padding left out:
 *
 *     max:      y[i][j][c] = max of x[h][w][c]
 *     average:  y[i][j][c] = sum of x[h][w][c] / number of them
 *
 * Backward, max: dy goes to the first maximum of the window, as in TensorFlow; average: dy / number goes to each.
 * A sequence [steps][channels] is an image one column wide.
 */
typedef struct axis {
    int64_t size, out, before, kernel, stride;
} axis;

typedef struct grid {
    axis h, w;
    int64_t channels;
    bool max;
} grid;

static bool is_flat(const mn_layer *layer)
{
    return layer->spec->kind == MN_MAX_POOLING1D || layer->spec->kind == MN_AVERAGE_POOLING1D;
}

static axis make_axis(const mn_layer_spec *spec, int i, int64_t size)
{
    axis a = {.size = size, .kernel = spec->kernel[i], .stride = spec->strides[i]};
    a.out = mn_window(size, a.kernel, a.stride, 1, spec->padding, &a.before);
    return a;
}

static grid make_grid(const mn_layer *layer)
{
    const mn_shape *in = &layer->in[0];
    mn_layer_kind kind = layer->spec->kind;
    return (grid){
        .h = make_axis(layer->spec, 0, in->dim[0]),
        .w = make_axis(layer->spec, 1, is_flat(layer) ? 1 : in->dim[1]),
        .channels = in->dim[in->rank - 1],
        .max = kind == MN_MAX_POOLING1D || kind == MN_MAX_POOLING2D,
    };
}

static mirnet_status build(mn_layer *layer)
{
    char text[96];
    int32_t rank = is_flat(layer) ? 2 : 3;
    MN_TRY(mn_refuse_mask(layer));
    if (layer->in[0].rank != rank)
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s: expected %s", mn_shape_text(&layer->in[0], text),
                       rank == 2 ? "(steps, channels)" : "(rows, columns, channels)");
    grid g = make_grid(layer);
    if (g.h.out < 1 || g.w.out < 1)
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s is smaller than the window",
                       mn_shape_text(&layer->in[0], text));
    layer->out = layer->in[0];
    layer->out.dim[0] = g.h.out;
    if (rank == 3)
        layer->out.dim[1] = g.w.out;
    return MIRNET_OK;
}

/* The part from..to - 1 of output element i's window that lies on the axis. Never empty: "same" pads less than a window
 * on either side. */
static void get_window(const axis *a, int64_t i, int64_t *from, int64_t *to)
{
    int64_t start = i * a->stride - a->before;
    *from = mn_max(start, 0);
    *to = mn_min(start + a->kernel, a->size);
}

/* Whether the places of a window are evenly apart: one column, or all of them. If so, their number and distance. */
static bool is_even(const grid *g, const int64_t window[4], int64_t *places, int64_t *apart)
{
    const int64_t columns = window[3] - window[2];
    *places = (window[1] - window[0]) * columns;
    *apart = columns == 1 ? g->w.size * g->channels : g->channels;
    return columns == 1 || columns == g->w.size;
}

/* The window's rows in front of `own`, which are the sample's, one behind the other; returns whether it had any. */
static bool pool_own_max(const mn_run *run, const grid *g, const int64_t window[4], const float *x, int64_t own,
                         float *y)
{
    const int64_t mine[4] = {window[0], mn_min(window[1], own), window[2], window[3]};
    int64_t places, apart;
    if (mine[1] <= mine[0] || !is_even(g, mine, &places, &apart))
        return false;
    run->kernels->column_max(y, x + (mine[0] * g->w.size + mine[2]) * g->channels, places, g->channels, apart);
    return true;
}

/* One window of a sample, or of the blank. */
static void pool_window(const mn_op *op, const mn_run *run, const grid *g, const int64_t window[4], int64_t sample,
                        float *y)
{
    const int64_t line = g->w.size * g->channels, n = g->channels;
    const mn_blank *blank = op->blank_in;
    const int64_t own = blank && sample < run->capacity ? blank->extent[sample] : g->h.size;
    const float *x = op->x[0] + sample * g->h.size * line, *last = NULL;
    bool first = true;
    int64_t h = window[0];
    if (g->max && pool_own_max(run, g, window, x, own, y)) {
        first = false;
        h = own;
    }
    for (; h < window[1]; h++) {
        const float *row = mn_blank_row(blank, op->x[0], sample, h, g->h.size, line, run->capacity);
        /* A row of the blank that comes again is no larger than itself. */
        for (int64_t w = row == last && g->max ? window[3] : window[2]; w < window[3]; w++, first = false) {
            const float *from = row + w * n;
            if (first)
                memcpy(y, from, (size_t)n * sizeof(float));
            else
                (g->max ? run->kernels->larger : run->kernels->add)(y, from, n);
        }
        last = row;
    }
    const float count = (float)((window[1] - window[0]) * (window[3] - window[2]));
    for (int64_t c = 0; c < n && !g->max; c++)
        y[c] /= count;
}

static void spread_average(const grid *g, const int64_t window[4], const float *dy, float *dx)
{
    float count = (float)((window[1] - window[0]) * (window[3] - window[2]));
    for (int64_t h = window[0]; h < window[1]; h++)
        for (int64_t w = window[2]; w < window[3]; w++) {
            float *to = dx + (h * g->w.size + w) * g->channels;
            for (int64_t c = 0; c < g->channels; c++)
                to[c] += dy[c] / count;
        }
}

/* The offset of the first element of channel c in the window that equals y, -1 if there is none (NaN). */
static int64_t find_max(const grid *g, const int64_t window[4], const float *x, int64_t c, float y)
{
    for (int64_t h = window[0]; h < window[1]; h++)
        for (int64_t w = window[2]; w < window[3]; w++) {
            int64_t at = (h * g->w.size + w) * g->channels + c;
            if (x[at] == y)
                return at;
        }
    return -1;
}

static void spread_max(const mn_run *run, const grid *g, const int64_t window[4], const float *x, const float *y,
                       const float *dy, float *dx)
{
    enum { TOGETHER = 64 }; /* channels */
    const int64_t start = (window[0] * g->w.size + window[2]) * g->channels;
    int64_t places, apart;
    const bool even = is_even(g, window, &places, &apart);
    for (int64_t c0 = 0; c0 < g->channels; c0 += TOGETHER) {
        const int64_t n = mn_min(TOGETHER, g->channels - c0);
        int32_t first[TOGETHER];
        if (even)
            run->kernels->first_equal(first, x + start + c0, y + c0, places, n, apart);
        for (int64_t c = c0; c < c0 + n; c++) {
            const int64_t at = !even ? find_max(g, window, x, c, y[c])
                               : first[c - c0] < 0 ? -1 : start + first[c - c0] * apart + c;
            if (at >= 0)
                dx[at] += dy[c];
        }
    }
}

/* Output row i of a sample, or of the blank. */
static void pool_row(const mn_op *op, const mn_run *run, const grid *g, int64_t sample, int64_t i)
{
    int64_t window[4];
    float *y = op->y + (sample * g->h.out + i) * g->w.out * g->channels;
    get_window(&g->h, i, &window[0], &window[1]);
    for (int64_t j = 0; j < g->w.out; j++, y += g->channels) {
        get_window(&g->w, j, &window[2], &window[3]);
        pool_window(op, run, g, window, sample, y);
    }
}

static void forward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    const grid g = make_grid(op->layer);
    for (int64_t s = from; s < to; s++)
        for (int64_t i = 0; i < (op->blank ? op->blank->extent[s] : g.h.out); i++)
            pool_row(op, run, &g, s, i);
}

static void backward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    grid g = make_grid(op->layer);
    int64_t window[4], n = mn_in_size(op, 0), at = from * mn_out_size(op);
    for (int64_t s = from; s < to; s++) {
        float *dx = op->dx[0] + s * n;
        if (!op->dx_add[0])
            memset(dx, 0, (size_t)n * sizeof(float));
        for (int64_t i = 0; i < g.h.out; i++) {
            get_window(&g.h, i, &window[0], &window[1]);
            for (int64_t j = 0; j < g.w.out; j++, at += g.channels) {
                get_window(&g.w, j, &window[2], &window[3]);
                if (g.max)
                    spread_max(run, &g, window, op->x[0] + s * n, op->y + at, op->dy + at, dx);
                else
                    spread_average(&g, window, op->dy + at, dx);
            }
        }
    }
}

static int64_t count_work(const mn_op *op)
{
    return mn_out_size(op) * op->layer->spec->kernel[0] * op->layer->spec->kernel[1];
}

static void forward(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, forward_samples, count_work(op));
    if (!op->blank)
        return;
    const grid g = make_grid(op->layer);
    for (int64_t k = 0; k < op->blank->due; k++)
        pool_row(op, run, &g, run->capacity, op->blank->kinds[k]);
    mn_blank_fill(op->blank, op->y, NULL, run->batch, run->capacity);
}

static void backward(mn_op *op, const mn_run *run)
{
    if (op->dx[0])
        mn_each_sample(op, run, backward_samples, count_work(op));
}

static bool rows_read(const mn_layer *layer, mn_rows_read *out)
{
    const grid g = make_grid(layer);
    *out = (mn_rows_read){
        .in_rows = g.h.size, .out_rows = g.h.out, .first = 0, .last = g.h.kernel, .stride = g.h.stride, .dilation = 1,
        .before = g.h.before, .from_blank = true,
    };
    return true;
}

const mn_layer_class mn_pooling = {
    .build = build,
    .forward = forward,
    .backward = backward,
    .rows_read = rows_read,
    .forward_only = true,
};
