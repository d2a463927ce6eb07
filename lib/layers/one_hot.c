/* one_hot.c - a convolution of one-hot rows */
/* SPDX-License-Identifier: MIT */
#include "layers/one_hot.h"

#include "layers/letters.h"
#include "mem.h"

/* Columns of a part of the gradient. */
enum { COLUMNS = 32, MAX_TAPS = 64 };

void mn_one_hot_destroy(mn_one_hot *hot)
{
    if (!hot)
        return;
    mn_free(hot->kernel_at);
    mn_free(hot->codes);
    mn_free(hot->plain);
    mn_free(hot);
}

bool mn_one_hot_fits(const conv_shape *s)
{
    return s->width * s->channels < MN_NO_LETTER && mn_conv_taps(s, 0) <= MAX_TAPS;
}

static void find_rows(mn_one_hot *hot, const conv_shape *s)
{
    int64_t *at = hot->kernel_at;
    for (int64_t i = s->tap_first[0]; i < s->tap_last[0]; i++)
        for (int64_t ox = 0; ox < s->out_width; ox++)
            for (int64_t letter = 0; letter < hot->letters; letter++) {
                const int64_t column = (letter - 1) / s->channels, channel = (letter - 1) % s->channels;
                const int64_t place = column + s->before[1] - ox * s->stride[1], j = place / s->dilation[1];
                const bool meets = letter > 0 && place >= 0 && place % s->dilation[1] == 0 && j < s->kernel[1];
                *at++ = meets ? ((i * s->kernel[1] + j) * s->channels + channel) * s->filters + 1 : 0;
            }
}

mirnet_status mn_one_hot_create(mn_one_hot **out, const conv_shape *s, int64_t capacity)
{
    mn_one_hot *hot = *out = mn_calloc(1, sizeof(*hot));
    if (!hot)
        return MIRNET_ERR_NOMEM;
    hot->letters = s->width * s->channels + 1;
    hot->kernel_at = mn_calloc((size_t)(mn_conv_taps(s, 0) * s->out_width * hot->letters), sizeof(*hot->kernel_at));
    hot->codes = mn_calloc((size_t)(capacity * s->height), sizeof(*hot->codes));
    hot->plain = mn_calloc((size_t)capacity, sizeof(*hot->plain));
    if (!hot->kernel_at || !hot->codes || !hot->plain)
        return MIRNET_ERR_NOMEM;
    find_rows(hot, s);
    return MIRNET_OK;
}

int64_t mn_one_hot_read(mn_one_hot *hot, const mn_op *op, const mn_run *run)
{
    const conv_shape *s = &((const conv_state *)op->state)->shape;
    const int64_t size = s->width * s->channels;
    int64_t plain = 0;
    for (int64_t b = 0; b < run->batch; b++) {
        hot->plain[b] = !mn_read_letters(hot->codes + b * s->height, op->x[0] + b * s->height * size,
                                         op->blank_in ? op->blank_in->extent[b] : s->height, s->height, size);
        plain += hot->plain[b];
    }
    return plain;
}

/* The rows of a matrix laid out as the kernel that output (oy, ox) picks; returns their number. `codes` are a sample's. */
static int64_t pick(const mn_one_hot *hot, const conv_shape *s, const uint8_t *codes, int64_t oy, int64_t ox,
                    const float *matrix, const float **out)
{
    const int64_t top = oy * s->stride[0] - s->before[0] + s->tap_first[0] * s->dilation[0], taps = mn_conv_taps(s, 0);
    const int64_t *at = hot->kernel_at + ox * hot->letters, step = s->out_width * hot->letters;
    int64_t n = 0, row = top;
    for (int64_t i = 0; i < taps; i++, row += s->dilation[0]) {
        if (row < 0 || row >= s->height)
            continue;
        const int64_t place = at[i * step + codes[row]];
        out[n] = matrix + (place - (place > 0)); /* without a branch: letters cannot be foreseen */
        n += place > 0;
    }
    return n;
}

/* -- Forward -------------------------------------------------------------------------------------------------------- */

typedef struct job {
    const mn_one_hot *hot;
    const mn_op *op;
    const mn_run *run;
    const conv_shape *shape;
    float *g;
} job;

static void forward_row(const job *j, const uint8_t *codes, int64_t sample, int64_t oy)
{
    const conv_shape *s = j->shape;
    const mn_layer *layer = j->op->layer;
    const float *kernel = mn_weight(layer, j->run, MN_CONV_KERNEL), *rows[MAX_TAPS];
    const float *bias = layer->spec->use_bias ? mn_weight(layer, j->run, MN_CONV_BIAS) : NULL;
    float *y = j->op->y + (sample * s->out_height + oy) * s->out_width * s->filters;
    for (int64_t ox = 0; ox < s->out_width; ox++) {
        const int64_t n = codes ? pick(j->hot, s, codes, oy, ox, kernel, rows) : 0;
        j->run->kernels->sum_rows(y + ox * s->filters, rows, n, 0, bias, s->filters, false,
                                  layer->spec->activation == MN_RELU);
    }
}

static void forward_part(void *context, int64_t b, int32_t worker)
{
    const job *j = context;
    const mn_blank *blank = j->op->blank;
    (void)worker;
    for (int64_t oy = 0; !j->hot->plain[b] && oy < (blank ? blank->extent[b] : j->shape->out_height); oy++)
        forward_row(j, j->hot->codes + b * j->shape->height, b, oy);
}

static job job_of(const mn_one_hot *hot, const mn_op *op, const mn_run *run)
{
    return (job){hot, op, run, &((const conv_state *)op->state)->shape, NULL};
}

void mn_one_hot_forward(const mn_one_hot *hot, const mn_op *op, const mn_run *run)
{
    job j = job_of(hot, op, run);
    mn_parallel(run, forward_part, &j, run->batch);
    for (int64_t k = 0; op->blank && k < op->blank->n_kinds; k++)
        forward_row(&j, NULL, run->capacity, op->blank->kinds[k]);
}

/* -- Backward ------------------------------------------------------------------------------------------------------- */

/* Some columns of the gradient, over all places in order. */
static void backward_part(void *context, int64_t part, int32_t worker)
{
    const job *j = context;
    const conv_shape *s = j->shape;
    const mn_blank *blank = j->op->blank;
    const int64_t col = part * COLUMNS, n = mn_min(COLUMNS, s->filters - col);
    const float *rows[MAX_TAPS];
    (void)worker;
    for (int64_t b = 0; b < j->run->batch; b++)
        for (int64_t oy = 0; !j->hot->plain[b] && oy < (blank ? blank->extent[b] : s->out_height); oy++)
            for (int64_t ox = 0; ox < s->out_width; ox++) {
                const float *dy = j->op->dy + ((b * s->out_height + oy) * s->out_width + ox) * s->filters + col;
                const int64_t count = pick(j->hot, s, j->hot->codes + b * s->height, oy, ox, j->g, rows);
                for (int64_t i = 0; i < count; i++)
                    j->run->kernels->add(j->g + (rows[i] - j->g) + col, dy, n);
            }
}

void mn_one_hot_backward(const mn_one_hot *hot, const mn_op *op, const mn_run *run, float *g)
{
    job j = job_of(hot, op, run);
    j.g = g;
    mn_parallel(run, backward_part, &j, mn_ceil_div(j.shape->filters, COLUMNS));
}
