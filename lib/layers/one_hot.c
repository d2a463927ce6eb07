/* one_hot.c - a convolution of one-hot rows */
/* SPDX-License-Identifier: MIT */
#include "layers/one_hot.h"

#include "layers/letters.h"
#include "mem.h"

/* Columns of a part of the gradient. */
enum { COLUMNS = 64, MAX_TAPS = 64 };

void mn_one_hot_destroy(mn_one_hot *hot)
{
    if (!hot)
        return;
    if (hot->owner)
        mn_free(hot->table);
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

mirnet_status mn_one_hot_create(mn_one_hot **out, const conv_shape *s, int64_t capacity, const mn_one_hot *twin)
{
    mn_one_hot *hot = *out = mn_calloc(1, sizeof(*hot));
    if (!hot)
        return MIRNET_ERR_NOMEM;
    const int64_t last = (s->out_height - 1) * s->stride[0] - s->before[0] + (s->tap_last[0] - 1) * s->dilation[0];
    hot->owner = !twin;
    hot->letters = s->width * s->channels + 1;
    hot->line = s->before[0] + mn_max(s->height, last + 1);
    const int64_t rows = mn_conv_taps(s, 0) * s->out_width * hot->letters;
    hot->kernel_at = mn_calloc((size_t)rows, sizeof(*hot->kernel_at));
    hot->table = twin ? twin->table : mn_floats((size_t)(rows * s->filters));
    hot->codes = mn_calloc((size_t)(capacity * hot->line), sizeof(*hot->codes));
    hot->plain = mn_calloc((size_t)capacity, sizeof(*hot->plain));
    if (!hot->kernel_at || !hot->table || !hot->codes || !hot->plain)
        return MIRNET_ERR_NOMEM;
    find_rows(hot, s);
    return MIRNET_OK;
}

void mn_one_hot_prepare(mn_one_hot *hot, const conv_shape *s, const float *kernel)
{
    for (int64_t row = 0; row < mn_conv_taps(s, 0) * s->out_width * hot->letters; row++)
        if (hot->kernel_at[row] > 0)
            memcpy(hot->table + row * s->filters, kernel + hot->kernel_at[row] - 1, (size_t)s->filters * sizeof(float));
}

/* The letters of a sample: row 0, behind the padding. */
static uint8_t *codes_of(const mn_one_hot *hot, const conv_shape *s, int64_t sample)
{
    return hot->codes + sample * hot->line + s->before[0];
}

int64_t mn_one_hot_read(mn_one_hot *hot, const mn_op *op, const mn_run *run)
{
    const conv_shape *s = &((const conv_state *)op->state)->shape;
    const int64_t size = s->width * s->channels;
    int64_t plain = 0;
    for (int64_t b = 0; b < run->batch; b++) {
        hot->plain[b] = !mn_read_letters(codes_of(hot, s, b), op->x[0] + b * s->height * size,
                                         op->blank_in ? op->blank_in->extent[b] : s->height, s->height, size);
        plain += hot->plain[b];
    }
    return plain;
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

typedef struct job {
    const mn_one_hot *hot;
    const mn_op *op;
    const mn_run *run;
    const conv_shape *shape;
    float *g;
} job;

static void forward_part(void *context, int64_t b, int32_t worker)
{
    const job *j = context;
    const conv_shape *s = j->shape;
    const mn_layer *layer = j->op->layer;
    const mn_blank *blank = j->op->blank;
    const int64_t line = s->out_width * s->filters;
    (void)worker;
    if (j->hot->plain[b])
        return;
    for (int64_t ox = 0; ox < s->out_width; ox++)
        j->run->kernels->pick_rows(&(mn_pick){
            .m = blank ? blank->extent[b] : s->out_height, .n = s->filters, .taps = mn_conv_taps(s, 0),
            .codes = codes_of(j->hot, s, b) - s->before[0] + s->tap_first[0] * s->dilation[0], .step = s->stride[0],
            .gap = s->dilation[0], .table = j->hot->table + ox * j->hot->letters * s->filters,
            .ldt = s->out_width * j->hot->letters * s->filters,
            .y = j->op->y + b * s->out_height * line + ox * s->filters, .ldy = line,
            .bias = layer->spec->use_bias ? mn_weight(layer, j->run, MN_CONV_BIAS) : NULL,
            .relu = layer->spec->activation == MN_RELU,
        });
}

/* A row of the blank has nothing to pick. */
static void forward_blank(const job *j, int64_t oy)
{
    const conv_shape *s = j->shape;
    const mn_layer *layer = j->op->layer;
    const mn_sum sum = {
        .n = s->filters, .bias = layer->spec->use_bias ? mn_weight(layer, j->run, MN_CONV_BIAS) : NULL,
        .relu = layer->spec->activation == MN_RELU,
    };
    for (int64_t ox = 0; ox < s->out_width; ox++)
        j->run->kernels->sum_rows(j->op->y + ((j->run->capacity * s->out_height + oy) * s->out_width + ox) * s->filters,
                                  &sum);
}

static job job_of(const mn_one_hot *hot, const mn_op *op, const mn_run *run)
{
    return (job){hot, op, run, &((const conv_state *)op->state)->shape, NULL};
}

void mn_one_hot_forward(const mn_one_hot *hot, const mn_op *op, const mn_run *run)
{
    job j = job_of(hot, op, run);
    mn_parallel(run, forward_part, &j, run->batch);
    for (int64_t k = 0; op->blank && k < op->blank->due; k++)
        forward_blank(&j, op->blank->kinds[k]);
}

/* -- Backward ------------------------------------------------------------------------------------------------------ */

/* The rows of a matrix laid out as the kernel that output (oy, ox) picks; returns their number. */
static int64_t pick(const mn_one_hot *hot, const conv_shape *s, const uint8_t *codes, int64_t oy, int64_t ox,
                    float *matrix, float **out)
{
    const uint8_t *code = codes + oy * s->stride[0] - s->before[0] + s->tap_first[0] * s->dilation[0];
    const int64_t *at = hot->kernel_at + ox * hot->letters, step = s->out_width * hot->letters;
    int64_t n = 0;
    for (int64_t i = 0; i < mn_conv_taps(s, 0); i++, code += s->dilation[0]) {
        const int64_t place = at[i * step + *code];
        out[n] = matrix + (place - (place > 0)); /* without a branch: letters cannot be foreseen */
        n += place > 0;
    }
    return n;
}

/* Some columns of the gradient, over all places in order. */
static void backward_part(void *context, int64_t part, int32_t worker)
{
    const job *j = context;
    const conv_shape *s = j->shape;
    const mn_blank *blank = j->op->blank;
    const int64_t col = part * COLUMNS, n = mn_min(COLUMNS, s->filters - col);
    float *rows[MAX_TAPS];
    (void)worker;
    for (int64_t b = 0; b < j->run->batch; b++)
        for (int64_t oy = 0; !j->hot->plain[b] && oy < (blank ? blank->extent[b] : s->out_height); oy++)
            for (int64_t ox = 0; ox < s->out_width; ox++) {
                const float *dy = j->op->dy + ((b * s->out_height + oy) * s->out_width + ox) * s->filters + col;
                const int64_t count = pick(j->hot, s, codes_of(j->hot, s, b), oy, ox, j->g, rows);
                j->run->kernels->add_to_rows(rows, count, col, dy, n);
            }
}

void mn_one_hot_backward(const mn_one_hot *hot, const mn_op *op, const mn_run *run, float *g)
{
    job j = job_of(hot, op, run);
    j.g = g;
    mn_parallel(run, backward_part, &j, mn_ceil_div(j.shape->filters, COLUMNS));
}
