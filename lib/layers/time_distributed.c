/* time_distributed.c - TimeDistributed: a layer applied to every step */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"
#include "mem.h"

/*
 * y[s][t] = inner(x[s][t]). Samples and steps lie behind one another, so the inner layer simply sees batch * steps
 * samples; step t of sample i has id i * steps + t, for dropout masks of its own. The mask passes through.
 */
typedef struct state {
    mn_op op;         /* the inner layer's */
    uint8_t *mask;    /* NULL: inner layers get none */
    int64_t *samples; /* [capacity * steps] */
} state;

/* Keras: what a wrapper that is not trainable holds is not trainable either. */
static void freeze(mn_layer *layer)
{
    for (int32_t i = 0; i < layer->n_params; i++)
        layer->params[i].trainable = false;
    for (int i = 0; i < 2; i++)
        if (layer->inner[i])
            freeze(layer->inner[i]);
}

static mirnet_status build(mn_layer *layer)
{
    char text[96];
    const mn_shape *in = &layer->in[0];
    if (in->rank < 2)
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s: expected (steps, ...) with two dimensions or more",
                       mn_shape_text(in, text));
    mn_shape step = {.rank = in->rank - 1};
    memcpy(step.dim, in->dim + 1, (size_t)step.rank * sizeof(int64_t));
    mn_layer *inner = layer->inner[0] = mn_calloc(1, sizeof(*inner));
    if (!inner)
        return MIRNET_ERR_NOMEM;
    MN_TRY(mn_layer_create(inner, layer->spec->inner[0], layer->name, layer->index, &step, 1, false));
    if (inner->masks)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "inner layer '%s' makes a mask for every step", inner->spec->name);
    if (inner->out.rank + 1 > MN_MAX_RANK)
        return mn_fail(MIRNET_ERR_SHAPE, "output has more than %d dimensions", MN_MAX_RANK);
    if (!layer->spec->trainable)
        freeze(inner);
    layer->out = (mn_shape){.rank = inner->out.rank + 1, .dim = {in->dim[0]}};
    memcpy(layer->out.dim + 1, inner->out.dim, (size_t)inner->out.rank * sizeof(int64_t));
    layer->masks = layer->masked;
    layer->view = inner->view;
    return MIRNET_OK;
}

/* The inner layer's run, and its op brought up to date with this one's buffers. */
static mn_run enter(mn_op *op, const mn_run *run)
{
    state *st = op->state;
    int64_t steps = op->layer->in[0].dim[0];
    mn_run inner = *run;
    inner.capacity *= steps;
    inner.batch *= steps;
    inner.samples = st->samples;
    st->op.x = op->x;
    st->op.y = op->y;
    st->op.dx = op->dx;
    st->op.dx_add = op->dx_add;
    st->op.dy = op->dy;
    st->op.grad_add = op->grad_add;
    st->op.blank_in = op->blank_in;
    st->op.blank = op->blank;
    st->op.one_hot = op->one_hot;
    return inner;
}

static mirnet_status open_inner(mn_op *op, const mn_run *run, bool backward)
{
    const mn_layer *inner = op->layer->inner[0];
    state *st = mn_calloc(1, sizeof(*st));
    op->state = st;
    if (!st)
        return MIRNET_ERR_NOMEM;
    st->samples = mn_calloc((size_t)(run->capacity * op->layer->in[0].dim[0]), sizeof(*st->samples));
    if (!st->samples)
        return MIRNET_ERR_NOMEM;
    st->op.layer = inner;
    st->op.n_in = 1;
    st->op.mask = &st->mask;
    if (op->twin)
        st->op.twin = &((const state *)op->twin->state)->op;
    mn_run inner_run = enter(op, run);
    return inner->cls->open ? inner->cls->open(&st->op, &inner_run, backward) : MIRNET_OK;
}

mn_op *mn_inner_op(mn_op *op)
{
    return op->layer->spec->kind == MN_TIME_DISTRIBUTED ? &((state *)op->state)->op : op;
}

static void close_inner(mn_op *op)
{
    state *st = op->state;
    if (st && st->op.layer && st->op.layer->cls->close)
        st->op.layer->cls->close(&st->op);
    if (st)
        mn_free(st->samples);
    mn_free(st);
    op->state = NULL;
}

static void prepare(mn_op *op, const mn_run *run)
{
    mn_run inner_run = enter(op, run);
    state *st = op->state;
    if (st->op.layer->cls->prepare)
        st->op.layer->cls->prepare(&st->op, &inner_run);
}

static void number_samples(const mn_op *op, const mn_run *run)
{
    state *st = op->state;
    int64_t steps = op->layer->in[0].dim[0];
    for (int64_t s = 0; s < run->batch; s++)
        for (int64_t t = 0; t < steps; t++)
            st->samples[s * steps + t] = (int64_t)((uint64_t)run->samples[s] * (uint64_t)steps + (uint64_t)t);
}

static void forward(mn_op *op, const mn_run *run)
{
    mn_run inner_run = enter(op, run);
    state *st = op->state;
    if (run->training)
        number_samples(op, run);
    st->op.layer->cls->forward(&st->op, &inner_run);
    mn_pass_mask(op, run);
}

static void backward(mn_op *op, const mn_run *run)
{
    mn_run inner_run = enter(op, run);
    state *st = op->state;
    st->op.layer->cls->backward(&st->op, &inner_run);
}

/* With one step the wrapper is its inner layer. */
static bool rows_read(const mn_layer *layer, mn_rows_read *out)
{
    const mn_layer *inner = layer->inner[0];
    return layer->in[0].dim[0] == 1 && !inner->cls->forward_only && inner->cls->rows_read &&
           inner->cls->rows_read(inner, out);
}

static void commit(mn_op *op, const mn_run *run, float *weights)
{
    mn_run inner_run = enter(op, run);
    state *st = op->state;
    if (st->op.layer->cls->commit)
        st->op.layer->cls->commit(&st->op, &inner_run, weights);
}

const mn_layer_class mn_time_distributed = {
    .build = build,
    .open = open_inner,
    .close = close_inner,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .rows_read = rows_read,
    .commit = commit,
};
