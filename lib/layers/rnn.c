/* rnn.c - what LSTM and GRU share: parameters, buffers, packed weights */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/passes.h"
#include "layers/rnn.h"
#include "mem.h"

/* Without a backward pass: samples that go through at a time. */
enum { SLOTS = 64 };

/* Zeros in x are looked for where it is at least so wide. */
enum { WIDE = 16 };

/* In the first step the state is zero, so the forget gate of an LSTM and the reset gate of a GRU, gate 1 of both, act
 * on nothing. Only with a recurrent bias behind it a reset gate has something to scale. */
static bool idle_at_zero(const mn_layer_spec *spec)
{
    return spec->kind == MN_LSTM || !spec->reset_after || !spec->use_bias;
}

static bool regularized(const mn_regularizer *reg)
{
    return reg->l1 != 0 || reg->l2 != 0;
}

/* Whether the columns of gate 1 are left out: one step only, and no regularizer which would move them all the same. */
static bool skips_idle(const mn_layer *layer)
{
    const mn_layer_spec *spec = layer->spec;
    return (mn_passes() & MN_PASS_ONE_STEP) && layer->in[0].dim[0] == 1 && idle_at_zero(spec) &&
           !regularized(&spec->kernel_reg) && !regularized(&spec->bias_reg);
}

/* All columns but those of gate 1. */
static void skip_gate(mn_param *param, int64_t units, int64_t columns)
{
    param->live = (mn_live){
        .period = columns, .first = 0, .last = (int64_t)param->size / columns, .n = 2,
        .from = {0, 2 * units}, .to = {units, columns},
    };
}

mirnet_status mn_rnn_build(mn_layer *layer, const mn_cell *cell)
{
    const mn_layer_spec *spec = layer->spec;
    const mn_shape *in = &layer->in[0];
    const int64_t units = spec->units, columns = cell->gates * units;
    char text[96];
    if (in->rank != 2)
        return mn_fail(MIRNET_ERR_SHAPE, "its input has shape %s; (steps, features) is needed",
                       mn_shape_text(in, text));
    layer->out = (mn_shape){.rank = 1, .dim = {units}};
    if (spec->return_sequences)
        layer->out = (mn_shape){.rank = 2, .dim = {in->dim[0], units}};
    layer->masks = layer->masked && spec->return_sequences;

    const bool skip = skips_idle(layer);
    mn_param *param;
    MN_TRY(mn_layer_add_param(layer, &param, "kernel", (int64_t[]){in->dim[1], columns}, 2, spec->kernel_init,
                              spec->kernel_reg));
    param->at_once = true;
    if (skip)
        skip_gate(param, units, columns);
    MN_TRY(mn_layer_add_param(layer, &param, "recurrent_kernel", (int64_t[]){units, columns}, 2, spec->recurrent_init,
                              spec->recurrent_reg));
    param->at_once = in->dim[0] > 1;
    if (in->dim[0] == 1 && (mn_passes() & MN_PASS_ONE_STEP) && !regularized(&spec->recurrent_reg))
        param->live.n = 0;
    if (!spec->use_bias)
        return MIRNET_OK;
    const bool two = spec->kind == MN_GRU && spec->reset_after;
    MN_TRY(mn_layer_add_param(layer, &param, "bias", two ? (int64_t[]){2, columns} : &columns, two ? 2 : 1,
                              spec->bias_init, spec->bias_reg));
    if (skip)
        skip_gate(param, units, columns);
    if (spec->kind == MN_LSTM && spec->unit_forget_bias) {
        param->ones_from = units;
        param->ones_to = 2 * units;
    }
    return MIRNET_OK;
}

/* A buffer [a][b][c]. */
static mirnet_status get(float **out, int64_t a, int64_t b, int64_t c)
{
    size_t n;
    if (!mn_mul((size_t)a, (size_t)b, &n) || !mn_mul(n, (size_t)c, &n))
        return mn_fail_nomem(SIZE_MAX);
    *out = mn_floats(n);
    return *out ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

static mirnet_status get_packed(float **out, const mn_run *run, int64_t count, int64_t k, int64_t n)
{
    return get(out, count, (int64_t)mn_packed_size(run->kernels, k, n), 1);
}

static mirnet_status get_weights(mn_rnn *r, const mn_op *op, const mn_run *run, bool backward)
{
    const int64_t parts[2] = {r->cell->split * r->units, r->columns - r->cell->split * r->units};
    if (op->twin) {
        const mn_rnn *twin = op->twin->state;
        r->kernel = twin->kernel;
        r->joined_kernel = twin->joined_kernel;
        memcpy(r->recurrent, twin->recurrent, sizeof(r->recurrent));
        r->bias = twin->bias;
        return MIRNET_OK;
    }
    MN_TRY(get(&r->bias, r->columns, 1, 1));
    if (r->joins)
        return get_packed(&r->joined_kernel, run, 1, r->in + r->units, r->columns);
    const int64_t rows = run->capacity * r->steps;
    if (backward)
        MN_TRY(get(&r->scratch, (int64_t)mn_few_scratch(mn_min(rows, MN_FEW_ROWS), r->in, r->columns), 1, 1));
    if (!backward || rows > MN_FEW_ROWS)
        MN_TRY(get_packed(&r->kernel, run, r->blocks, r->in, r->block_n));
    if (backward && rows > MN_FEW_ROWS && op->dx[0])
        MN_TRY(get_packed(&r->kernel_t, run, 1, r->columns, r->in));
    for (int i = 0; i < 2 && r->steps > 1; i++)
        if (parts[i] > 0) {
            MN_TRY(get_packed(&r->recurrent[i], run, 1, r->units, parts[i]));
            if (backward)
                MN_TRY(get_packed(&r->recurrent_t[i], run, 1, parts[i], r->units));
        }
    return MIRNET_OK;
}

static mirnet_status get_states(mn_rnn *r, const mn_layer_spec *spec, bool backward)
{
    const int64_t kept_steps = backward ? r->steps : 1;
    r->slot_stride = r->joins ? r->in + r->units : kept_steps * r->units;
    r->step_stride = backward ? r->units : 0;
    r->z_slot = r->streams ? r->columns : r->steps * r->columns;
    r->z_step = r->streams ? r->slots * r->columns : r->columns;
    MN_TRY(get(&r->z, r->slots, r->joins ? 1 : r->streams ? MN_RNN_CHUNK : r->steps, r->columns));
    MN_TRY(get(&r->kept, r->slots, r->slot_stride, 1));
    for (int i = 0; i < 2; i++)
        MN_TRY(get(&r->fresh[i], r->slots, r->units, 1));
    if (r->joins) {
        MN_TRY(get(&r->joined, r->slots, r->slot_stride, 1));
        r->state[0] = r->joined + r->in;
    }
    for (int32_t i = 0; i < r->cell->states; i++) {
        if (!r->state[i])
            MN_TRY(get(&r->state[i], r->slots, r->slot_stride, 1));
        if (backward)
            MN_TRY(get(&r->d[i], r->slots, r->units, 1));
    }
    if (!backward)
        return MIRNET_OK;
    if (spec->dropout > 0) {
        MN_TRY(get(&r->x_dropped, r->slots, r->steps, r->in));
        MN_TRY(get(&r->x_factors, r->slots, r->in, 1));
    }
    if (spec->recurrent_dropout > 0) {
        MN_TRY(get(&r->h_dropped, r->slots, r->steps, r->units));
        MN_TRY(get(&r->h_factors, r->slots, r->units, 1));
    }
    return get(&r->row, r->slots, r->columns, 1);
}

static void cut_columns(mn_rnn *r, bool skip)
{
    r->blocks = 1;
    r->block_n = r->columns;
    r->live = (mn_live){.n = 1, .to = {r->columns}};
    if (!skip)
        return;
    r->live = (mn_live){.n = 2, .from = {0, 2 * r->units}, .to = {r->units, r->columns}};
    r->blocks = r->cell->gates - 1;
    r->block_n = r->units;
    for (int32_t i = 1; i < r->blocks; i++)
        r->block_at[i] = (i + 1) * r->units;
}

/* With one step x is one flat row. */
bool mn_rnn_shares_tail(const mn_layer *layer, int64_t rows)
{
    const int64_t steps = layer->in[0].dim[0];
    return rows > 1 && (steps == 1 || (rows == steps && !layer->masked));
}

static mirnet_status get_blank(mn_rnn *r, const mn_layer_spec *spec)
{
    for (int32_t i = 0; i < r->cell->states && spec->go_backwards; i++)
        MN_TRY(get(&r->after[i], r->steps, r->units, 1));
    return get(&r->blank_z, r->steps, r->columns, 1);
}

mirnet_status mn_rnn_open(mn_op *op, const mn_run *run, bool backward, const mn_cell *cell)
{
    const mn_layer *layer = op->layer;
    mn_rnn *r = mn_calloc(1, sizeof(*r));
    if (!r)
        return MIRNET_ERR_NOMEM;
    op->state = r;
    r->cell = cell;
    r->steps = layer->in[0].dim[0];
    r->in = layer->in[0].dim[1];
    r->units = layer->spec->units;
    r->columns = cell->gates * r->units;
    r->ldy = r->units;
    r->idle = idle_at_zero(layer->spec);
    r->streams = !backward && r->steps > 1;
    /* A masked layer knows no blank, of which x K would be made once for all. */
    r->joins = r->streams && cell->joins && layer->masked;
    r->slots = r->streams ? mn_min(run->capacity, SLOTS) : run->capacity;
    cut_columns(r, skips_idle(layer));
    if (r->streams)
        MN_TRY(mn_rnn_chain_create(op, run));
    if (op->blank_in && r->streams)
        MN_TRY(get_blank(r, layer->spec));
    else if (op->blank_in)
        MN_TRY(mn_tail_create(&r->tail, op->blank_in, r->columns, run->capacity));
    if (layer->masked && !r->streams) {
        size_t n;
        if (!mn_mul((size_t)r->slots, (size_t)r->steps, &n))
            return mn_fail_nomem(SIZE_MAX);
        r->real = mn_calloc(n, sizeof(*r->real));
        if (!r->real)
            return MIRNET_ERR_NOMEM;
    }
    if ((run->passes & MN_PASS_ZEROS) && !r->streams && r->in >= WIDE && mn_nonzero_fits(r->steps * r->in))
        MN_TRY(mn_nonzero_create(&r->nonzero, r->steps * r->in, run->capacity));
    op->nonzero_x = r->nonzero.bits ? &r->nonzero : NULL;
    MN_TRY(get_weights(r, op, run, backward));
    return get_states(r, layer->spec, backward);
}

void mn_rnn_close(mn_op *op)
{
    mn_rnn *r = op->state;
    mn_rnn_chain_destroy(op);
    if (!r)
        return;
    if (!op->twin) {
        mn_free(r->kernel);
        mn_free(r->joined_kernel);
        mn_free(r->recurrent[0]);
        mn_free(r->recurrent[1]);
        mn_free(r->bias);
    }
    if (r->joined)
        r->state[0] = NULL;
    for (int i = 0; i < 2; i++) {
        mn_free(r->recurrent_t[i]);
        mn_free(r->state[i]);
        mn_free(r->fresh[i]);
        mn_free(r->after[i]);
        mn_free(r->d[i]);
    }
    mn_free(r->kernel_t);
    mn_free(r->scratch);
    mn_nonzero_destroy(&r->nonzero);
    mn_tail_destroy(r->tail);
    mn_free(r->real);
    mn_free(r->blank_z);
    mn_free(r->z);
    mn_free(r->joined);
    mn_free(r->h_dropped);
    mn_free(r->kept);
    mn_free(r->row);
    mn_free(r->x_dropped);
    mn_free(r->x_factors);
    mn_free(r->h_factors);
    mn_free(r);
    op->state = NULL;
}

/* The recurrent biases of the gates in the first product are added to x K as well: z has both. */
static void prepare_bias(const mn_rnn *r, const mn_layer *layer, const mn_run *run)
{
    if (!layer->spec->use_bias)
        return;
    const float *bias = mn_weight(layer, run, MN_RNN_BIAS);
    memcpy(r->bias, bias, (size_t)r->columns * sizeof(float));
    if (layer->params[MN_RNN_BIAS].shape.rank == 2)
        run->kernels->add(r->bias, bias + r->columns, r->cell->split * r->units);
}

static void pack_joined(const mn_rnn *r, const mn_run *run, const float *kernel, const float *recurrent)
{
    const int64_t rows = r->in + r->units, panels = mn_panels(run->kernels, r->columns);
    mn_pack(run->kernels, r->joined_kernel, rows, 0, kernel, r->in, r->columns, r->columns, 0, panels);
    mn_pack(run->kernels, r->joined_kernel, rows, r->in, recurrent, r->units, r->columns, r->columns, 0, panels);
}

void mn_rnn_prepare(mn_op *op, const mn_run *run)
{
    mn_rnn *r = op->state;
    if (op->twin)
        return;
    const float *kernel = mn_weight(op->layer, run, MN_RNN_KERNEL);
    const float *recurrent = mn_weight(op->layer, run, MN_RNN_RECURRENT);
    const int64_t block = (int64_t)mn_packed_size(run->kernels, r->in, r->block_n);
    prepare_bias(r, op->layer, run);
    if (r->joins) {
        pack_joined(r, run, kernel, recurrent);
        return;
    }
    const bool few = mn_rnn_few(r, run);
    for (int32_t i = 0; !few && i < r->blocks; i++)
        mn_pack_run(run, r->kernel + i * block, kernel + r->block_at[i], r->in, r->block_n, r->columns, false);
    if (r->kernel_t && !few)
        mn_pack_run(run, r->kernel_t, kernel, r->columns, r->in, r->columns, true);
    for (int i = 0; i < 2; i++) {
        const int64_t at = i ? r->cell->split * r->units : 0;
        const int64_t n = i ? r->columns - at : r->cell->split * r->units;
        if (r->recurrent[i])
            mn_pack_run(run, r->recurrent[i], recurrent + at, r->units, n, r->columns, false);
        if (r->recurrent_t[i])
            mn_pack_run(run, r->recurrent_t[i], recurrent + at, n, r->units, r->columns, true);
    }
}
