/* gru.c - GRU: gates z, r, h as Keras orders them, with the reset gate behind the recurrent product or before it */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"
#include "layers/rnn.h"

enum { UPDATE, RESET, CANDIDATE, GATES };

/*
 * With f the activation and s the recurrent one, h of the step before, columns of K, R and b by gate:
 *
 *     z, r = s(x K + b + h R + b')
 *     a    = f(x K + b + r (h R + b'))     reset_after; `kept` is h R + b'
 *     a    = f(x K + b + (r h) R)          else; `kept` is r h
 *     h'   = z h + (1 - z) a
 */

static float *gate_of(const mn_rnn_step *s, int64_t slot, int gate)
{
    return mn_rnn_z(s->rnn, slot, s->t) + gate * s->rnn->units;
}

static bool resets_after(const mn_rnn_step *s)
{
    return s->op->layer->spec->reset_after;
}

/* The gate r has nothing to act on. */
static bool is_idle(const mn_rnn_step *s)
{
    return s->k == 0 && s->rnn->idle;
}

/* b' of the candidate, or NULL. */
static const float *candidate_bias(const mn_rnn_step *s)
{
    const mn_layer_spec *spec = s->op->layer->spec;
    if (!spec->reset_after || !spec->use_bias)
        return NULL;
    return mn_weight(s->op->layer, s->run, MN_RNN_BIAS) + (GATES + CANDIDATE) * s->rnn->units;
}

/* The products with h, before the gates. */
static void recur(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    mn_gemm product = {
        .n = r->cell->split * r->units, .run = r->units,
        .x = mn_rnn_h(r, s->run) + mn_rnn_at(r, s->from, s->t), .lda = r->slot_stride,
        .y = mn_rnn_z(r, s->from, s->t), .ldc = r->z_slot, .b = r->recurrent[0], .add = true,
    };
    mn_rnn_product(s, product);
    if (!resets_after(s))
        return;
    product.n = r->units;
    product.y = r->kept + mn_rnn_at(r, s->from, s->t);
    product.ldc = r->slot_stride;
    product.b = r->recurrent[1];
    product.bias = candidate_bias(s);
    product.add = false;
    mn_rnn_product(s, product);
}

/* `kept` where h is zero. */
static void keep_start(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    const float *bias = candidate_bias(s);
    for (int64_t slot = s->from; slot < s->to; slot++) {
        float *kept = r->kept + mn_rnn_at(r, slot, s->t);
        if (bias)
            memcpy(kept, bias, (size_t)r->units * sizeof(float));
        else
            memset(kept, 0, (size_t)r->units * sizeof(float));
    }
}

/* z and r, and what r resets. */
static void gates_row(const mn_rnn_step *s, int64_t slot)
{
    const mn_rnn *r = s->rnn;
    const int64_t at = mn_rnn_at(r, slot, s->t);
    const float *reset = gate_of(s, slot, RESET);
    mn_rnn_gates(s, s->op->layer->spec->recurrent_activation, gate_of(s, slot, UPDATE), is_idle(s) ? 1 : 2);
    if (is_idle(s))
        return;
    if (resets_after(s))
        s->run->kernels->multiply_add(gate_of(s, slot, CANDIDATE), reset, r->kept + at, r->units);
    else
        mn_rnn_times(s, r->kept + at, reset, mn_rnn_h(r, s->run) + at);
}

static void output_row(const mn_rnn_step *s, int64_t slot)
{
    const mn_rnn *r = s->rnn;
    const float *z = gate_of(s, slot, UPDATE), *h = r->state[0] + mn_rnn_at(r, slot, s->t);
    float *a = gate_of(s, slot, CANDIDATE), *h_new = mn_rnn_next(s, 0, slot);
    mn_rnn_gates(s, s->op->layer->spec->activation, a, 1);
    if (h_new != h)
        memcpy(h_new, h, (size_t)r->units * sizeof(float));
    s->run->kernels->blend(h_new, z, a, r->units);
}

static void forward(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    if (s->k > 0)
        recur(s);
    else
        keep_start(s);
    for (int64_t slot = s->from; slot < s->to; slot++)
        if (!mn_rnn_is_passed(s, slot))
            gates_row(s, slot);
    if (s->k > 0 && !resets_after(s))
        mn_rnn_product(s, (mn_gemm){
            .n = r->units, .run = r->units, .x = r->kept + mn_rnn_at(r, s->from, s->t), .lda = r->slot_stride,
            .y = gate_of(s, s->from, CANDIDATE), .ldc = r->z_slot, .b = r->recurrent[1], .add = true,
        });
    for (int64_t slot = s->from; slot < s->to; slot++)
        if (!mn_rnn_is_passed(s, slot))
            output_row(s, slot);
}

/*
 *     dz = dh' (h - a) s', da = dh' (1 - z) f', dh = dh' z
 *
 * The gradients are made in `row`, since the gates are still needed; dh' z waits in fresh[1].
 */
static void output_row_back(const mn_rnn_step *s, int64_t slot)
{
    const mn_layer_spec *spec = s->op->layer->spec;
    const mn_rnn *r = s->rnn;
    const float *z = gate_of(s, slot, UPDATE), *a = gate_of(s, slot, CANDIDATE);
    const float *h = r->state[0] + mn_rnn_at(r, slot, s->t), *dh = r->d[0] + slot * r->units;
    float *dz = r->row + slot * r->columns, *da = dz + CANDIDATE * r->units, *straight = r->fresh[1] + slot * r->units;
    for (int64_t i = 0; i < r->units; i++) {
        dz[i] = dh[i] * (h[i] - a[i]);
        da[i] = dh[i] * (1.0f - z[i]);
        straight[i] = dh[i] * z[i];
    }
    mn_rnn_gates_back(s, spec->recurrent_activation, dz, z, 1);
    mn_rnn_gates_back(s, spec->activation, da, a, 1);
}

/*
 *     reset_after: dr = da (h R + b') s', and `kept` becomes da r, the gradient of h R + b'
 *     else:        dr = (da R^T) h s',    and fresh[0], da R^T, becomes the gradient (da R^T) r of h
 */
static void gates_row_back(const mn_rnn_step *s, int64_t slot)
{
    const mn_rnn *r = s->rnn;
    const int64_t at = mn_rnn_at(r, slot, s->t);
    const float *reset = gate_of(s, slot, RESET);
    float *row = r->row + slot * r->columns, *dr = row + RESET * r->units, *da = row + CANDIDATE * r->units;
    if (is_idle(s)) {
        memset(dr, 0, (size_t)r->units * sizeof(float));
    } else if (resets_after(s)) {
        mn_rnn_times(s, dr, da, r->kept + at);
        mn_rnn_times(s, r->kept + at, da, reset);
    } else {
        float *dh = r->fresh[0] + slot * r->units;
        mn_rnn_times(s, dr, dh, mn_rnn_h(r, s->run) + at);
        s->run->kernels->multiply(dh, reset, r->units);
    }
    if (!is_idle(s))
        mn_rnn_gates_back(s, s->op->layer->spec->recurrent_activation, dr, reset, 1);
    memcpy(gate_of(s, slot, UPDATE), row, (size_t)r->columns * sizeof(float));
}

static void backward(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    for (int64_t slot = s->from; slot < s->to; slot++)
        output_row_back(s, slot);
    if (s->k > 0 && !resets_after(s))
        mn_rnn_product_back(s, 1, r->row + s->from * r->columns + CANDIDATE * r->units, r->columns, false);
    for (int64_t slot = s->from; slot < s->to; slot++)
        gates_row_back(s, slot);
    if (s->k == 0)
        return;
    mn_rnn_product_back(s, 0, mn_rnn_z(r, s->from, s->t), r->z_slot, !resets_after(s));
    if (resets_after(s))
        mn_rnn_product_back(s, 1, r->kept + mn_rnn_at(r, s->from, s->t), r->slot_stride, true);
    mn_rnn_undrop(s);
    s->run->kernels->add(r->fresh[0] + s->from * r->units, r->fresh[1] + s->from * r->units,
                         (s->to - s->from) * r->units);
}

/* dR = h^T (dz, dr, d(h R + b')), or for the last gate (r h)^T da. */
static void recurrent_grad(const mn_op *op, const mn_run *run)
{
    const mn_rnn *r = op->state;
    const int64_t split = r->cell->split * r->units;
    mn_outer outer = {
        .m = run->batch * r->steps, .n = split, .runs = 1, .run = r->units,
        .x = mn_rnn_h(r, run), .lda = r->units, .d = r->z, .ldc = r->columns,
        .to = mn_gradient_of(op, run, MN_RNN_RECURRENT, 0, r->columns),
    };
    mn_outer_run(run, &outer);
    outer.n = r->units;
    outer.to = mn_gradient_of(op, run, MN_RNN_RECURRENT, split, r->columns);
    if (op->layer->spec->reset_after) {
        outer.d = r->kept;
        outer.ldc = r->units;
    } else {
        outer.x = r->kept;
        outer.d += split;
    }
    mn_outer_run(run, &outer);
}

static const mn_cell cell = {
    .gates = GATES,
    .states = 1,
    .split = CANDIDATE,
    .forward = forward,
    .backward = backward,
    .recurrent_grad = recurrent_grad,
};

static mirnet_status build(mn_layer *layer)
{
    return mn_rnn_build(layer, &cell);
}

static mirnet_status open_gru(mn_op *op, const mn_run *run, bool backward_follows)
{
    return mn_rnn_open(op, run, backward_follows, &cell);
}

const mn_layer_class mn_gru = {
    .build = build,
    .open = open_gru,
    .close = mn_rnn_close,
    .prepare = mn_rnn_prepare,
    .forward = mn_rnn_forward,
    .backward = mn_rnn_backward,
    .shares_tail = mn_rnn_shares_tail,
};
