/* lstm.c - LSTM: gates i, f, c, o as Keras orders them */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"
#include "layers/rnn.h"

/*
 * With f the activation and s the recurrent one, h and c of the step before:
 *
 *     i, f, o = s(x K + h R + b), g = f(x K + h R + b)      each with its own columns of K, R and b
 *     c' = f c + i g
 *     h' = o f(c')
 *
 * `kept` is f(c').
 */
static void forward_any(const mn_rnn_step *s, int64_t slot, const mn_lstm_row *row)
{
    const mn_layer_spec *spec = s->op->layer->spec;
    const mn_kernels *kernels = s->run->kernels;
    const int64_t n = row->n;
    float *i = row->z, *f = i + n, *g = f + n, *o = g + n, *kept = s->rnn->kept + mn_rnn_at(s->rnn, slot, s->t);
    mn_rnn_gates(s, spec->recurrent_activation, i, row->c ? 2 : 1);
    mn_rnn_gates(s, spec->activation, g, 1);
    mn_rnn_gates(s, spec->recurrent_activation, o, 1);
    mn_rnn_times(s, kept, i, g);
    if (row->c)
        kernels->multiply_add(kept, f, row->c, n);
    memcpy(row->c_new, kept, (size_t)n * sizeof(float));
    mn_activate_part(kernels, spec->activation, kept, kept, 1, n);
    mn_rnn_times(s, row->h_new, o, kept);
}

static void forward_row(const mn_rnn_step *s, int64_t slot)
{
    const mn_layer_spec *spec = s->op->layer->spec;
    const mn_rnn *r = s->rnn;
    const int64_t at = mn_rnn_at(r, slot, s->t);
    const mn_lstm_row row = {
        .n = r->units, .z = mn_rnn_z(r, slot, s->t), .c = s->k > 0 ? r->state[1] + at : NULL,
        .c_new = mn_rnn_next(s, 1, slot), .h_new = mn_rnn_next(s, 0, slot), .kept = r->streams ? NULL : r->kept + at,
    };
    if (spec->activation == MN_TANH && spec->recurrent_activation == MN_SIGMOID)
        s->run->kernels->lstm(&row);
    else
        forward_any(s, slot, &row);
}

/* z = (x, h) (K, R) + b: z is not written, read and written again, and a narrow x costs little. */
static void join(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    for (int64_t slot = s->from; slot < s->to; slot++)
        memcpy(r->joined + mn_rnn_at(r, slot, s->t), s->op->x[0] + ((s->sample + slot) * r->steps + s->t) * r->in,
               (size_t)r->in * sizeof(float));
    mn_rnn_product(s, (mn_gemm){
        .n = r->columns, .run = r->in + r->units, .x = r->joined + mn_rnn_at(r, s->from, s->t), .lda = r->slot_stride,
        .y = mn_rnn_z(r, s->from, s->t), .ldc = r->z_slot, .b = r->joined_kernel,
        .bias = s->op->layer->spec->use_bias ? r->bias : NULL,
    });
}

static void forward(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    if (r->joins)
        join(s);
    else if (s->k > 0)
        mn_rnn_product(s, (mn_gemm){
            .n = r->columns, .run = r->units,
            .x = mn_rnn_h(r, s->run) + mn_rnn_at(r, s->from, s->t), .lda = r->slot_stride,
            .y = mn_rnn_z(r, s->from, s->t), .ldc = r->z_slot, .b = r->recurrent[0], .add = true,
        });
    for (int64_t slot = s->from; slot < s->to; slot++)
        if (!mn_rnn_is_passed(s, slot))
            forward_row(s, slot);
}

/*
 *     do = dh' f(c'), dc' += dh' o f'(c')
 *     di = dc' g, dg = dc' i, df = dc' c, dc = dc' f        then each times the slope of its gate
 */
static void backward_row(const mn_rnn_step *s, int64_t slot)
{
    const mn_layer_spec *spec = s->op->layer->spec;
    const mn_kernels *kernels = s->run->kernels;
    const mn_rnn *r = s->rnn;
    const int64_t n = r->units, at = mn_rnn_at(r, slot, s->t);
    float *i = mn_rnn_z(r, slot, s->t), *f = i + n, *g = f + n, *o = g + n;
    float *di = r->row + slot * r->columns, *df = di + n, *dg = df + n, *d_o = dg + n;
    const float *dh = r->d[0] + slot * n, *kept = r->kept + at;
    float *dc = r->fresh[1] + slot * n;
    mn_rnn_times(s, d_o, dh, kept);
    mn_rnn_times(s, dc, dh, o);
    mn_rnn_gates_back(s, spec->activation, dc, kept, 1);
    kernels->add(dc, r->d[1] + slot * n, n);
    mn_rnn_times(s, di, dc, g);
    mn_rnn_times(s, dg, dc, i);
    memset(df, 0, (size_t)n * sizeof(float));
    if (s->k > 0) {
        kernels->multiply_add(df, dc, r->state[1] + at, n);
        kernels->multiply(dc, f, n);
    }
    mn_rnn_gates_back(s, spec->recurrent_activation, di, i, s->k == 0 ? 1 : 2);
    mn_rnn_gates_back(s, spec->activation, dg, g, 1);
    mn_rnn_gates_back(s, spec->recurrent_activation, d_o, o, 1);
    memcpy(i, di, (size_t)r->columns * sizeof(float));
}

static void backward(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    for (int64_t slot = s->from; slot < s->to; slot++)
        backward_row(s, slot);
    if (s->k == 0)
        return;
    mn_rnn_product_back(s, 0, mn_rnn_z(r, s->from, s->t), r->z_slot, false);
    mn_rnn_undrop(s);
}

/* dR = h^T dz over all steps; h before the first one is zero. */
static void recurrent_grad(const mn_op *op, const mn_run *run)
{
    const mn_rnn *r = op->state;
    mn_outer outer = {
        .m = run->batch * r->steps, .n = r->columns, .runs = 1, .run = r->units,
        .x = mn_rnn_h(r, run), .lda = r->units, .d = r->z, .ldc = r->columns,
        .to = mn_gradient_of(op, run, MN_RNN_RECURRENT, 0, r->columns),
    };
    mn_outer_run(run, &outer);
}

static const mn_cell cell = {
    .gates = 4,
    .states = 2,
    .joins = true,
    .split = 4,
    .forward = forward,
    .backward = backward,
    .recurrent_grad = recurrent_grad,
};

static mirnet_status build(mn_layer *layer)
{
    return mn_rnn_build(layer, &cell);
}

static mirnet_status open_lstm(mn_op *op, const mn_run *run, bool backward_follows)
{
    return mn_rnn_open(op, run, backward_follows, &cell);
}

const mn_layer_class mn_lstm = {
    .build = build,
    .open = open_lstm,
    .close = mn_rnn_close,
    .prepare = mn_rnn_prepare,
    .forward = mn_rnn_forward,
    .backward = mn_rnn_backward,
    .shares_tail = mn_rnn_shares_tail,
};
