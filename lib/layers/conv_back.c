/* conv_back.c - the way back through a convolution: gradients of its weights and of its input */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/conv.h"
#include "layers/one_hot.h"

/* Columns of a part of the bias's gradient. */
enum { BIAS_COLUMNS = 64 };

static void activate_back_block(const mn_op *op, const mn_run *run, int64_t at, int64_t rows)
{
    mn_activate_back_part(run->kernels, op->layer->spec->activation, op->dy + at, op->y + at, rows,
                          op->layer->spec->units);
}

/* Sets the part of the kernel's gradient to zero that the products add to, or that only a regularizer reaches. */
static void clear_gradient(const mn_param *kernel, float *grad)
{
    const mn_live *live = &kernel->live;
    for (int64_t p = live->first; p < live->last; p++)
        memset(grad + p * live->period + live->from[0], 0, (size_t)(live->to[0] - live->from[0]) * sizeof(float));
}

/* The optimizer's step on all that is live, from a gradient that is stored. */
static void step_live(const mn_param *kernel, const mn_run *run, const mn_gradient *to, const float *g)
{
    const mn_live *live = &kernel->live;
    for (int64_t p = live->first; p < live->last; p++) {
        const int64_t at = p * live->period + live->from[0];
        run->kernels->adam(to->update, to->w + at, to->m + at, to->v + at, g + at, live->to[0] - live->from[0]);
    }
}

typedef struct back_job {
    const mn_op *op;
    const mn_run *run;
} back_job;

/* db = sum of dz over the rows that were made, block by block. */
static void bias_part(void *context, int64_t part, int32_t worker)
{
    const back_job *job = context;
    const mn_op *op = job->op;
    const mn_blank *blank = op->blank;
    const conv_shape *s = &((const conv_state *)op->state)->shape;
    const int64_t col = part * BIAS_COLUMNS, n = mn_min(BIAS_COLUMNS, s->filters - col);
    float *out = mn_grad(op->layer, job->run, MN_CONV_BIAS) + col;
    bool add = op->grad_add;
    (void)worker;
    for (int64_t b = 0; b < job->run->batch; b++, add = true)
        job->run->kernels->column_sums(out, op->dy + b * s->out_height * s->out_width * s->filters + col,
                                       (blank ? blank->extent[b] : s->out_height) * s->out_width, n, s->filters, add);
    for (int64_t k = 0; blank && k < blank->n_kinds; k++) {
        const int64_t row = job->run->capacity * s->out_height + blank->kinds[k];
        job->run->kernels->column_sums(out, op->dy + row * s->out_width * s->filters + col, s->out_width, n, s->filters,
                                       true);
    }
}

static void bias_gradient(mn_op *op, const mn_run *run)
{
    back_job job = {op, run};
    mn_parallel(run, bias_part, &job, mn_ceil_div(op->layer->spec->units, BIAS_COLUMNS));
}

/* dz = dy f'; dK[i][j] = sum over outputs of x^T dz; db = sum of dz */
static void weight_gradients(mn_op *op, const mn_run *run)
{
    const mn_layer *layer = op->layer;
    const conv_state *state = op->state;
    const conv_shape *s = &state->shape;
    const mn_param *kernel = &layer->params[MN_CONV_KERNEL];
    const mn_gradient final = mn_gradient_of(op, run, MN_CONV_KERNEL, 0, s->filters);
    /* Letters are added to what products give: the step comes behind both. */
    mn_gradient to = final;
    if (state->hot)
        to = (mn_gradient){.g = mn_grad(layer, run, MN_CONV_KERNEL), .ld = s->filters};
    if (!to.update && !op->grad_add)
        clear_gradient(kernel, to.g);
    to.add = true;
    for (int64_t i = 0; i < state->forward.count; i++) {
        const conv_group *g = &state->forward.groups[i];
        mn_outer outer = {
            .m = g->m, .n = s->filters, .runs = g->runs, .run = g->run,
            .x = op->x[0], .d = op->dy, .rows = g->active, .a_at = g->a_at, .b_at = g->kernel_at,
            .nonzero = state->bits_x,
            .to = to,
        };
        if (g->m > 0 || to.update)
            mn_outer_run(run, &outer);
    }
    if (state->hot) {
        mn_one_hot_backward(state->hot, op, run, to.g);
        if (final.update)
            step_live(kernel, run, &final, to.g);
    }
    if (layer->spec->use_bias)
        bias_gradient(op, run);
}

/* What the kinds of the blank's output rows give back to the kinds of its input rows: a product for each tap and
 * column. */
static void blank_back_part(void *context, int64_t part, int32_t worker)
{
    const back_job *job = context;
    const conv_state *state = job->op->state;
    const conv_shape *s = &state->shape;
    const mn_blank *blank = job->op->blank;
    const int64_t taps = mn_conv_taps(s, 0) * mn_conv_taps(s, 1), tap = part / s->out_width, ox = part % s->out_width;
    (void)worker;
    for (int64_t k = 0; k < blank->n_kinds; k++) {
        const int64_t row = job->run->capacity * s->out_height + blank->kinds[k], b_at = tap * s->filters;
        const int64_t a_at = (row * s->out_width + ox) * s->filters;
        mn_gemm product = {
            .m = 1, .n = s->channels, .runs = 1, .run = s->filters, .x = job->op->dy,
            .y = state->blank_dx + (part * blank->n_kinds + k) * s->channels, .a_at = &a_at, .b_at = &b_at,
            .nonzero = state->bits_dy, .b = state->transposed, .k_packed = taps * s->filters,
        };
        job->run->kernels->gemm(&product, 0, 1, 0, s->channels);
    }
}

static void blank_back(mn_op *op, const mn_run *run)
{
    const conv_state *state = op->state;
    const conv_shape *s = &state->shape;
    const mn_blank *blank = op->blank, *in = op->blank_in;
    const int64_t taps_j = mn_conv_taps(s, 1);
    back_job job = {op, run};
    mn_parallel(run, blank_back_part, &job, mn_conv_taps(s, 0) * taps_j * s->out_width);
    for (int64_t part = 0; part < mn_conv_taps(s, 0) * taps_j * s->out_width; part++)
        for (int64_t k = 0; k < blank->n_kinds; k++) {
            const int64_t tap = part / s->out_width;
            const int64_t i = s->tap_first[0] + tap / taps_j, j = s->tap_first[1] + tap % taps_j;
            const int64_t iy = blank->kinds[k] * s->stride[0] - s->before[0] + i * s->dilation[0];
            const int64_t ix = part % s->out_width * s->stride[1] - s->before[1] + j * s->dilation[1];
            if (iy < 0 || iy >= s->height || ix < 0 || ix >= s->width)
                continue;
            const int64_t row = run->capacity * s->height + in->alike[iy];
            run->kernels->add(op->dx[0] + (row * s->width + ix) * s->channels,
                              state->blank_dx + (part * blank->n_kinds + k) * s->channels, s->channels);
        }
}

void mn_conv_backward(mn_op *op, const mn_run *run)
{
    conv_state *state = op->state;
    const conv_shape *s = &state->shape;
    if (op->blank)
        mn_blank_collect(op->blank, run->kernels, op->dy, run->batch, run->capacity);
    if (op->layer->spec->activation != MN_LINEAR)
        mn_conv_each_block(op, run, activate_back_block);
    weight_gradients(op, run);
    if (!op->dx[0])
        return;
    mn_conv_set_backward_rows(&state->backward, s, op->blank_in, op->blank, run->batch);
    state->bits_dy = NULL;
    if (state->nonzero_dy.bits)
        state->bits_dy = mn_nonzero_find(&state->nonzero_dy, run, op->dy, op->blank ? op->blank->extent : NULL,
                                         s->out_width * s->filters, op->blank != NULL);
    for (int64_t i = 0; i < state->backward.count; i++) {
        const conv_group *g = &state->backward.groups[i];
        state->gemms[i] = (mn_gemm){
            .m = g->m, .n = s->channels, .runs = g->runs, .run = g->run,
            .x = op->dy, .y = op->dx[0], .rows = g->active, .a_at = g->a_at, .b_at = g->packed_at,
            .nonzero = state->bits_dy, .b = state->transposed,
            .k_packed = mn_conv_taps(s, 0) * mn_conv_taps(s, 1) * s->filters,
            .add = op->dx_add[0],
        };
    }
    mn_gemm_run(run, state->gemms, state->backward.count);
    if (op->blank)
        blank_back(op, run);
}
