/* conv.c - Conv1D and Conv2D: y[oy][ox] = f(b + sum over taps i, j of x[oy s - p + i d][ox s - p + j d] K[i][j]) */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"
#include "layers/conv.h"
#include "layers/one_hot.h"
#include "layers/passes.h"
#include "layers/row_table.h"
#include "mem.h"

static bool is_1d(const mn_layer *layer)
{
    return layer->spec->kind == MN_CONV1D;
}

/* Which taps meet data: those for which some output's window puts them inside the input. */
static void find_live_taps(conv_shape *s, int axis, int64_t size, int64_t out)
{
    if (!(mn_passes() & MN_PASS_DEAD_TAPS)) {
        s->tap_first[axis] = 0;
        s->tap_last[axis] = s->kernel[axis];
        return;
    }
    s->tap_first[axis] = s->kernel[axis];
    s->tap_last[axis] = 0;
    for (int64_t t = 0; t < s->kernel[axis]; t++)
        for (int64_t o = 0; o < out; o++) {
            int64_t p = o * s->stride[axis] - s->before[axis] + t * s->dilation[axis];
            if (p >= 0 && p < size) {
                s->tap_first[axis] = mn_min(s->tap_first[axis], t);
                s->tap_last[axis] = t + 1;
                break;
            }
        }
    s->tap_first[axis] = mn_min(s->tap_first[axis], s->tap_last[axis]);
}

conv_shape mn_conv_shape(const mn_layer *layer)
{
    const mn_layer_spec *spec = layer->spec;
    const mn_shape *in = &layer->in[0];
    conv_shape s = {
        .height = in->dim[0],
        .width = is_1d(layer) ? 1 : in->dim[1],
        .channels = in->dim[in->rank - 1],
        .filters = spec->units,
        .kernel = {spec->kernel[0], is_1d(layer) ? 1 : spec->kernel[1]},
        .stride = {spec->strides[0], is_1d(layer) ? 1 : spec->strides[1]},
        .dilation = {spec->dilation[0], is_1d(layer) ? 1 : spec->dilation[1]},
    };
    s.out_height = mn_window(s.height, s.kernel[0], s.stride[0], s.dilation[0], spec->padding, &s.before[0]);
    s.out_width = mn_window(s.width, s.kernel[1], s.stride[1], s.dilation[1], spec->padding, &s.before[1]);
    find_live_taps(&s, 0, s.height, s.out_height);
    find_live_taps(&s, 1, s.width, s.out_width);
    return s;
}

static mirnet_status add_kernel(mn_layer *layer, const conv_shape *s)
{
    const mn_layer_spec *spec = layer->spec;
    const int64_t dims_2d[] = {s->kernel[0], s->kernel[1], s->channels, s->filters};
    const int64_t dims_1d[] = {s->kernel[0], s->channels, s->filters};
    mn_param *kernel;
    MN_TRY(mn_layer_add_param(layer, &kernel, "kernel", is_1d(layer) ? dims_1d : dims_2d, is_1d(layer) ? 3 : 4,
                              spec->kernel_init, spec->kernel_reg));
    /* With several columns of outputs each adds its share to the gradient. */
    kernel->at_once = s->out_width == 1;
    /* Dead taps have no gradient; with a regularizer they still decay. */
    if (spec->kernel_reg.l1 == 0 && spec->kernel_reg.l2 == 0) {
        const int64_t tap = s->channels * s->filters;
        kernel->live = (mn_live){
            .period = s->kernel[1] * tap, .first = s->tap_first[0], .last = s->tap_last[0], .n = 1,
            .from = {s->tap_first[1] * tap}, .to = {s->tap_last[1] * tap},
        };
    }
    return MIRNET_OK;
}

static mirnet_status build(mn_layer *layer)
{
    const mn_layer_spec *spec = layer->spec;
    const int32_t rank = is_1d(layer) ? 2 : 3;
    char text[96];
    if (layer->in[0].rank != rank)
        return mn_fail(MIRNET_ERR_SHAPE, "its input has shape %s; expected %s", mn_shape_text(&layer->in[0], text),
                       is_1d(layer) ? "(steps, channels)" : "(rows, columns, channels)");
    if (layer->masked)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "it does not support masking, but its input is masked");
    conv_shape s = mn_conv_shape(layer);
    if (s.out_height < 1 || s.out_width < 1)
        return mn_fail(MIRNET_ERR_SHAPE, "its kernel is larger than its input of shape %s",
                       mn_shape_text(&layer->in[0], text));
    layer->out = layer->in[0];
    layer->out.dim[0] = s.out_height;
    layer->out.dim[rank - 2] = is_1d(layer) ? s.out_height : s.out_width;
    layer->out.dim[rank - 1] = s.filters;
    MN_TRY(add_kernel(layer, &s));
    if (spec->use_bias)
        MN_TRY(mn_layer_add_param(layer, NULL, "bias", &spec->units, 1, spec->bias_init, spec->bias_reg));
    return MIRNET_OK;
}

static void close_conv(mn_op *op)
{
    conv_state *state = op->state;
    if (!state)
        return;
    mn_conv_table_destroy(&state->forward);
    mn_conv_table_destroy(&state->backward);
    mn_one_hot_destroy(state->hot);
    mn_free(state->gemms);
    mn_free(state->blank_dx);
    mn_row_work_destroy(op->row_work);
    op->row_work = NULL;
    if (!op->twin)
        mn_free(state->packed);
    mn_free(state->transposed);
    mn_nonzero_destroy(&state->nonzero_x);
    mn_nonzero_destroy(&state->nonzero_dy);
    mn_free(state);
    op->state = NULL;
}

/* Zeros are looked for where a product reads more than a few floats at a time, and is as wide as what passes them
 * over. */
static mirnet_status open_nonzero(conv_state *state, mn_op *op, const mn_run *run, bool backward)
{
    enum { RUN = 16, COLUMNS = 64 };
    const conv_shape *s = &state->shape;
    const int64_t in = s->height * s->width * s->channels, out = s->out_height * s->out_width * s->filters;
    if (!(run->passes & MN_PASS_ZEROS))
        return MIRNET_OK;
    if (!state->hot && s->channels >= RUN && s->filters >= COLUMNS && mn_nonzero_fits(in))
        MN_TRY(mn_nonzero_create(&state->nonzero_x, in, run->capacity));
    op->nonzero_x = state->nonzero_x.bits ? &state->nonzero_x : NULL;
    op->finds_nonzero = !state->hot && op->layer->spec->activation == MN_RELU && s->filters % 64 == 0;
    state->packs_late = backward && state->nonzero_x.bits && s->filters % run->kernels->width == 0;
    if (backward && op->dx[0] && s->filters >= RUN && s->channels >= COLUMNS && mn_nonzero_fits(out))
        MN_TRY(mn_nonzero_create(&state->nonzero_dy, out, run->capacity));
    return MIRNET_OK;
}

static mirnet_status open_conv(mn_op *op, const mn_run *run, bool backward)
{
    conv_state *state = mn_calloc(1, sizeof(*state));
    if (!state)
        return MIRNET_ERR_NOMEM;
    op->state = state;
    conv_shape *s = &state->shape;
    *s = mn_conv_shape(op->layer);
    const conv_state *twin = op->twin ? op->twin->state : NULL;
    const int64_t taps = mn_conv_taps(s, 0) * mn_conv_taps(s, 1);
    MN_TRY(mn_conv_forward_table(&state->forward, s, run->capacity));
    if (op->one_hot && mn_one_hot_fits(s))
        MN_TRY(mn_one_hot_create(&state->hot, s, run->capacity, twin ? twin->hot : NULL));
    if (backward && op->dx[0])
        MN_TRY(mn_conv_backward_table(&state->backward, s, run->capacity));
    MN_TRY(open_nonzero(state, op, run, backward));
    state->gemms = mn_calloc((size_t)mn_max(state->forward.count, state->backward.count), sizeof(*state->gemms));
    state->packed = twin ? twin->packed : mn_floats(mn_packed_size(run->kernels, taps * s->channels, s->filters));
    if (!state->gemms || !state->packed)
        return MIRNET_ERR_NOMEM;
    if (backward && op->dx[0]) {
        state->transposed = mn_floats(mn_packed_size(run->kernels, taps * s->filters, s->channels));
        if (!state->transposed)
            return MIRNET_ERR_NOMEM;
    }
    if (backward && op->dx[0] && op->blank) {
        state->blank_dx = mn_floats((size_t)(taps * s->out_width * op->blank->n_kinds * s->channels));
        if (!state->blank_dx)
            return MIRNET_ERR_NOMEM;
    }
    return MIRNET_OK;
}

typedef struct pack_job {
    const conv_state *state;
    const mn_kernels *kernels;
    const float *kernel;
    float *packed, *transposed; /* NULL: not that one */
    int64_t panels;
} pack_job;

/* One tap and as many of its channels as a panel is wide: these rows of [filters] as they are, and as columns. */
static void pack_part(void *context, int64_t part, int32_t worker)
{
    const pack_job *job = context;
    const conv_shape *s = &job->state->shape;
    const int64_t tap = part / job->panels, panel = part % job->panels, taps_j = mn_conv_taps(s, 1);
    const int64_t taps = mn_conv_taps(s, 0) * taps_j;
    const int64_t i = s->tap_first[0] + tap / taps_j, j = s->tap_first[1] + tap % taps_j;
    const int64_t from = panel * job->kernels->width, n = mn_min(job->kernels->width, s->channels - from);
    const float *src = job->kernel + (i * s->kernel[1] + j) * s->channels * s->filters;
    (void)worker;
    if (job->packed)
        mn_pack(job->kernels, job->packed, taps * s->channels, tap * s->channels + from, src + from * s->filters, n,
                s->filters, s->filters, 0, mn_panels(job->kernels, s->filters));
    if (job->transposed)
        mn_pack_transposed(job->kernels, job->transposed, taps * s->filters, tap * s->filters, src, s->filters,
                           s->channels, s->filters, panel, panel + 1);
}

static void pack_kernel(const mn_op *op, const mn_run *run, float *packed, float *transposed)
{
    const conv_state *state = op->state;
    const conv_shape *s = &state->shape;
    pack_job job = {state, run->kernels, mn_weight(op->layer, run, MN_CONV_KERNEL), packed, transposed,
                    mn_panels(run->kernels, s->channels)};
    if (packed || transposed)
        mn_parallel(run, pack_part, &job, mn_conv_taps(s, 0) * mn_conv_taps(s, 1) * job.panels);
}

static void prepare(mn_op *op, const mn_run *run)
{
    const conv_state *state = op->state;
    if (op->row_work)
        mn_row_work_reset(op->row_work);
    if (op->twin)
        return;
    if (state->hot)
        mn_one_hot_prepare(state->hot, &state->shape, mn_weight(op->layer, run, MN_CONV_KERNEL));
    pack_kernel(op, run, state->packs_late ? NULL : state->packed, run->grads ? state->transposed : NULL);
}

typedef struct block_job {
    const mn_op *op;
    const mn_run *run;
    mn_conv_task task;
} block_job;

static void block_part(void *context, int64_t part, int32_t worker)
{
    const block_job *job = context;
    const mn_blank *blank = job->op->blank;
    const conv_shape *s = &((const conv_state *)job->op->state)->shape;
    const int64_t line = s->out_width * s->filters, batch = job->run->batch;
    (void)worker;
    if (part < batch)
        job->task(job->op, job->run, part * s->out_height * line,
                  (blank ? blank->extent[part] : s->out_height) * s->out_width);
    else
        job->task(job->op, job->run, (job->run->capacity * s->out_height + blank->kinds[part - batch]) * line,
                  s->out_width);
}

void mn_conv_each_block(const mn_op *op, const mn_run *run, mn_conv_task task)
{
    block_job job = {op, run, task};
    mn_parallel(run, block_part, &job, run->batch + (op->blank ? op->blank->due : 0));
}

static void activate_block(const mn_op *op, const mn_run *run, int64_t at, int64_t rows)
{
    mn_activate_part(run->kernels, op->layer->spec->activation, op->y + at, op->y + at, rows, op->layer->spec->units);
}

static void forward_products(const mn_op *op, const mn_run *run)
{
    const mn_layer *layer = op->layer;
    conv_state *state = op->state;
    const conv_shape *s = &state->shape;
    mn_conv_set_forward_rows(&state->forward, s, op->blank, run->batch, run->capacity,
                             state->hot ? state->hot->plain : NULL);
    state->bits_x = NULL;
    if (state->nonzero_x.bits)
        state->bits_x = mn_nonzero_find(&state->nonzero_x, run, op->x[0], op->blank_in ? op->blank_in->seen : NULL,
                                        s->width * s->channels, op->blank_in && op->blank_in->due > 0);
    const bool plain = state->packs_late && state->bits_x;
    if (state->packs_late && !plain)
        pack_kernel(op, run, state->packed, NULL);
    for (int64_t i = 0; i < state->forward.count; i++) {
        const conv_group *g = &state->forward.groups[i];
        state->gemms[i] = (mn_gemm){
            .m = g->m, .n = s->filters, .runs = g->runs, .run = g->run,
            .x = op->x[0], .y = op->y, .rows = g->active, .a_at = g->a_at,
            .nonzero = state->bits_x, .b_at = plain ? g->kernel_at : g->packed_at,
            .b = plain ? mn_weight(layer, run, MN_CONV_KERNEL) : state->packed,
            .k_packed = mn_conv_taps(s, 0) * mn_conv_taps(s, 1) * s->channels, .ldb = plain ? s->filters : 0,
            .bias = layer->spec->use_bias ? mn_weight(layer, run, MN_CONV_BIAS) : NULL,
            .relu = layer->spec->activation == MN_RELU, .found = op->nonzero_y ? op->nonzero_y->bits : NULL,
        };
    }
    mn_gemm_run(run, state->gemms, state->forward.count);
}

static void forward(mn_op *op, const mn_run *run)
{
    const conv_state *state = op->state;
    const int64_t plain = state->hot ? mn_one_hot_read(state->hot, op, run) : run->batch;
    if (op->row_work)
        mn_row_work_forward(op->row_work, op->row_first, op, run);
    else if (plain > 0 || run->grads) /* backward goes by the rows that this one lists, be they none */
        forward_products(op, run);
    if (state->hot)
        mn_one_hot_forward(state->hot, op, run);
    if (op->layer->spec->activation != MN_RELU)
        mn_conv_each_block(op, run, activate_block);
    if (op->blank)
        mn_blank_fill(op->blank, op->y, op->nonzero_y ? op->nonzero_y->bits : NULL, run->batch, run->capacity);
}

static bool rows_read(const mn_layer *layer, mn_rows_read *out)
{
    conv_shape s = mn_conv_shape(layer);
    *out = (mn_rows_read){
        .in_rows = s.height, .out_rows = s.out_height, .first = s.tap_first[0], .last = s.tap_last[0],
        .stride = s.stride[0], .dilation = s.dilation[0], .before = s.before[0],
    };
    return true;
}

const mn_layer_class mn_conv = {
    .build = build,
    .open = open_conv,
    .close = close_conv,
    .prepare = prepare,
    .forward = forward,
    .backward = mn_conv_backward,
    .rows_read = rows_read,
};
