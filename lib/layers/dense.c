/* dense.c - Dense: y = f(x W + b) over the last axis */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"
#include "layers/passes.h"
#include "layers/tail.h"
#include "mem.h"

enum { KERNEL, BIAS };

/* Zeros in x are looked for where a row is at least so wide, and so is a row of W. */
enum { WIDE = 16, COLUMNS = 32 };

typedef struct dense_state {
    float *scratch;    /* in training, for few rows */
    float *packed;     /* W; NULL if there are always few rows */
    float *transposed; /* W transposed, for the gradient of x; as packed */
    mn_nonzero nonzero; /* of x, where W is packed; without bits: not looked for */
    const uint64_t *bits; /* what was found in this batch; NULL: nothing of use */
    mn_tail *tail;     /* where op->blank_in is set */
} dense_state;

static int64_t depth_of(const mn_layer *layer)
{
    return layer->in[0].dim[layer->in[0].rank - 1];
}

/* Rows of the product that one sample makes: all axes but the last. */
static int64_t rows_of(const mn_layer *layer)
{
    return mn_shape_size(&layer->in[0]) / depth_of(layer);
}

/* In training, W is packed anew in every step. With few rows that would cost more than it saves: then W stays plain
 * and is walked over. It is the batch alone that decides, so that a step has the same bits whatever went before. */
static bool is_few(const mn_op *op, const mn_run *run)
{
    return ((const dense_state *)op->state)->scratch && run->batch * rows_of(op->layer) <= MN_FEW_ROWS;
}

static mirnet_status build(mn_layer *layer)
{
    const mn_layer_spec *spec = layer->spec;
    if (layer->in[0].rank < 1)
        return mn_fail(MIRNET_ERR_SHAPE, "its input has no axis; at least one is needed");
    layer->out = layer->in[0];
    layer->out.dim[layer->out.rank - 1] = spec->units;
    layer->masks = layer->masked;
    mn_param *kernel;
    MN_TRY(mn_layer_add_param(layer, &kernel, "kernel", (int64_t[]){depth_of(layer), spec->units}, 2, spec->kernel_init,
                              spec->kernel_reg));
    kernel->at_once = true;
    if (spec->use_bias)
        MN_TRY(mn_layer_add_param(layer, NULL, "bias", &spec->units, 1, spec->bias_init, spec->bias_reg));
    return MIRNET_OK;
}

static mirnet_status open_dense(mn_op *op, const mn_run *run, bool backward)
{
    const int64_t depth = depth_of(op->layer), units = op->layer->spec->units;
    dense_state *state = mn_calloc(1, sizeof(*state));
    if (!state)
        return MIRNET_ERR_NOMEM;
    op->state = state;
    const int64_t rows = run->capacity * rows_of(op->layer);
    if (backward) {
        state->scratch = mn_floats(mn_few_scratch(mn_min(rows, MN_FEW_ROWS), depth, units));
        if (!state->scratch)
            return MIRNET_ERR_NOMEM;
        if (rows <= MN_FEW_ROWS)
            return MIRNET_OK;
    }
    const int64_t size = rows_of(op->layer) * depth;
    if ((run->passes & MN_PASS_ZEROS) && depth >= WIDE && units >= COLUMNS && mn_nonzero_fits(size))
        MN_TRY(mn_nonzero_create(&state->nonzero, size, run->capacity));
    op->nonzero_x = state->nonzero.bits ? &state->nonzero : NULL;
    if (op->blank_in)
        MN_TRY(mn_tail_create(&state->tail, op->blank_in, units, run->capacity));
    state->packed = op->twin ? ((const dense_state *)op->twin->state)->packed
                             : mn_floats(mn_packed_size(run->kernels, depth, units));
    if (!state->packed)
        return MIRNET_ERR_NOMEM;
    if (backward) {
        state->transposed = mn_floats(mn_packed_size(run->kernels, units, depth));
        if (!state->transposed)
            return MIRNET_ERR_NOMEM;
    }
    return MIRNET_OK;
}

static void close_dense(mn_op *op)
{
    dense_state *state = op->state;
    if (state) {
        mn_free(state->scratch);
        mn_nonzero_destroy(&state->nonzero);
        mn_tail_destroy(state->tail);
        if (!op->twin)
            mn_free(state->packed);
        mn_free(state->transposed);
        mn_free(state);
        op->state = NULL;
    }
}

static void prepare(mn_op *op, const mn_run *run)
{
    const dense_state *state = op->state;
    const int64_t depth = depth_of(op->layer), units = op->layer->spec->units;
    const float *kernel = mn_weight(op->layer, run, KERNEL);
    if (is_few(op, run))
        return;
    if (state->packed && !op->twin)
        mn_pack_run(run, state->packed, kernel, depth, units, units, false);
    if (state->transposed)
        mn_pack_run(run, state->transposed, kernel, units, depth, units, true);
}

static void forward(mn_op *op, const mn_run *run)
{
    const mn_layer *layer = op->layer;
    dense_state *state = op->state;
    const int64_t depth = depth_of(layer), units = layer->spec->units, rows = run->batch * rows_of(layer);
    const mn_activation f = layer->spec->activation;
    const float *kernel = mn_weight(layer, run, KERNEL);
    const float *bias = layer->spec->use_bias ? mn_weight(layer, run, BIAS) : NULL;
    if (is_few(op, run)) {
        mn_few few = {.m = rows, .ranges = 1, .to = {units}, .x = op->x[0], .ldx = depth, .w = kernel, .ldw = units,
                      .skips = run->passes & MN_PASS_ZEROS, .gradient = mn_late_of(op, run, KERNEL, units)};
        mn_few_forward_run(run, &few, depth, op->y, units, bias, state->scratch);
        mn_activate(run, f, op->y, op->y, rows, units);
    } else {
        state->bits = NULL;
        if (state->nonzero.bits)
            state->bits = mn_nonzero_find(&state->nonzero, run, op->x[0], op->blank_in ? op->blank_in->extent : NULL,
                                          op->blank_in ? op->blank_in->row : 0, false);
        mn_gemm product = {
            .m = rows, .n = units, .runs = 1, .run = depth,
            .x = op->x[0], .y = op->y, .lda = depth, .ldc = units, .nonzero = state->bits,
            .b = state->packed, .k_packed = depth, .bias = bias, .relu = f == MN_RELU,
        };
        if (state->tail) {
            product.bias = NULL;
            mn_tail_forward(state->tail, op, run, &product, 1, bias);
        } else {
            mn_gemm_run(run, &product, 1);
        }
        if (f != MN_RELU)
            mn_activate(run, f, op->y, op->y, rows, units);
    }
    if (op->mask_out)
        memcpy(op->mask_out, op->mask[0], (size_t)(run->batch * layer->in[0].dim[0]));
}

/* dW = x^T dz; dx = dz W^T */
static void backward_products(mn_op *op, const mn_run *run, int64_t rows)
{
    const mn_layer *layer = op->layer;
    const dense_state *state = op->state;
    const int64_t depth = depth_of(layer), units = layer->spec->units;
    const mn_gradient gradient = mn_gradient_of(op, run, KERNEL, 0, units);
    if (is_few(op, run)) {
        mn_few few = {
            .m = rows, .ranges = 1, .to = {units}, .x = op->x[0], .ldx = depth, .w = mn_weight(layer, run, KERNEL),
            .ldw = units, .d = op->dy, .ldd = units, .dx = op->dx[0], .dx_add = op->dx_add[0],
            .skips = run->passes & MN_PASS_ZEROS, .sloped = op->sloped, .gradient = gradient,
        };
        mn_few_back_run(run, &few, depth);
        return;
    }
    mn_outer outer = {
        .m = rows, .n = units, .runs = 1, .run = depth,
        .x = op->x[0], .d = op->dy, .lda = depth, .ldc = units, .nonzero = state->bits, .to = gradient,
    };
    mn_outer_run(run, &outer);
    if (!op->dx[0])
        return;
    mn_gemm product = {
        .m = rows, .n = depth, .runs = 1, .run = units,
        .x = op->dy, .y = op->dx[0], .lda = units, .ldc = depth,
        .b = state->transposed, .k_packed = units, .add = op->dx_add[0],
    };
    mn_gemm_run(run, &product, 1);
}

/* dz = dy f'; db = sum of dz */
static void backward(mn_op *op, const mn_run *run)
{
    const mn_layer *layer = op->layer;
    const int64_t units = layer->spec->units, rows = run->batch * rows_of(layer);
    if (!op->skip_activation)
        mn_activate_back(run, layer->spec->activation, op->dy, op->y, rows, units);
    if (layer->spec->use_bias)
        mn_column_sums_run(run, mn_grad(layer, run, BIAS), op->dy, rows, units, op->grad_add);
    backward_products(op, run, rows);
}

static bool shares_tail(const mn_layer *layer, int64_t rows)
{
    return layer->in[0].rank == 1 && rows > 1;
}

const mn_layer_class mn_dense = {
    .build = build,
    .open = open_dense,
    .close = close_dense,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .fuses_softmax = true,
    .shares_tail = shares_tail,
};
