/* bidirectional.c - Bidirectional: an LSTM or GRU in each direction, their outputs merged */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <stdio.h>

#include "layers/classes.h"
#include "layers/rnn.h"
#include "mem.h"

/* The two layers at work. Where outputs are concatenated each writes its columns of y; else they have their own. */
typedef struct both {
    mn_op op[2];
    float *y[2];
    bool add[2]; /* dx_add of the second */
} both;

static bool concatenates(const mn_layer *layer)
{
    return layer->spec->merge_mode == MN_MERGE_CONCAT;
}

static mirnet_status check_inner(const mn_layer_spec *spec)
{
    const mn_layer_spec *const *inner = (const mn_layer_spec *const *)spec->inner;
    for (int i = 0; i < 2; i++)
        if (!mn_is_rnn(inner[i]->kind))
            return mn_fail(MIRNET_ERR_UNSUPPORTED, "its inner layer is a %s; LSTM and GRU are supported",
                           mn_layer_kind_name(inner[i]->kind));
    if (inner[0]->return_sequences != inner[1]->return_sequences)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "only one of its layers has return_sequences; both or none may");
    if (inner[0]->units != inner[1]->units && spec->merge_mode != MN_MERGE_CONCAT)
        return mn_fail(MIRNET_ERR_SHAPE, "its layers have %lld and %lld units; only merge_mode 'concat' allows that",
                       (long long)inner[0]->units, (long long)inner[1]->units);
    return MIRNET_OK;
}

static mirnet_status build_inner(mn_layer *layer, int i)
{
    static const char *const suffixes[2] = {"forward", "backward"};
    const size_t size = strlen(layer->name) + sizeof("/backward");
    mn_layer *inner = mn_calloc(1, sizeof(*inner));
    char *name = mn_calloc(size, 1);
    mirnet_status status = inner && name ? MIRNET_OK : MIRNET_ERR_NOMEM;
    if (status == MIRNET_OK) {
        snprintf(name, size, "%s/%s", layer->name, suffixes[i]);
        status = mn_layer_create(inner, layer->spec->inner[i], name, layer->index, layer->in, layer->n_in,
                                 layer->masked);
    }
    mn_free(name);
    if (status != MIRNET_OK) {
        mn_free(inner);
        return status;
    }
    layer->inner[i] = inner;
    for (int32_t p = 0; p < inner->n_params; p++)
        inner->params[p].trainable = inner->params[p].trainable && layer->spec->trainable;
    return MIRNET_OK;
}

static mirnet_status build(mn_layer *layer)
{
    MN_TRY(check_inner(layer->spec));
    for (int i = 0; i < 2; i++)
        MN_TRY(build_inner(layer, i));
    layer->out = layer->inner[0]->out;
    if (concatenates(layer))
        layer->out.dim[layer->out.rank - 1] += layer->spec->inner[1]->units;
    layer->masks = layer->inner[0]->masks;
    return MIRNET_OK;
}

/* The inner op reads and writes the buffers of the outer one, which may change from run to run. */
static void borrow(both *b, int i, const mn_op *op)
{
    mn_op *inner = &b->op[i];
    inner->n_in = op->n_in;
    inner->x = op->x;
    inner->dx = op->dx;
    inner->dx_add = i ? b->add : op->dx_add;
    inner->grad_add = op->grad_add;
    inner->mask = op->mask;
    inner->blank_in = op->blank_in;
    inner->mask_out = op->mask_out;
    if (concatenates(op->layer)) {
        const int64_t at = i ? op->layer->spec->inner[0]->units : 0;
        inner->y = op->y + at;
        inner->dy = op->dy ? op->dy + at : NULL;
    } else {
        inner->y = b->y[i];
        inner->dy = op->dy;
    }
}

static mirnet_status open_both(mn_op *op, const mn_run *run, bool backward_follows)
{
    const mn_layer *layer = op->layer;
    both *b = mn_calloc(1, sizeof(*b));
    if (!b)
        return MIRNET_ERR_NOMEM;
    op->state = b;
    b->add[0] = true;
    for (int i = 0; i < 2; i++) {
        size_t n;
        if (!mn_mul((size_t)run->capacity, (size_t)mn_shape_size(&layer->inner[i]->out), &n))
            return mn_fail_nomem(SIZE_MAX);
        if (!concatenates(layer)) {
            b->y[i] = mn_floats(n);
            if (!b->y[i])
                return MIRNET_ERR_NOMEM;
        }
        b->op[i].layer = layer->inner[i];
        borrow(b, i, op);
        if (op->twin)
            b->op[i].twin = &((const both *)op->twin->state)->op[i];
        MN_TRY(layer->inner[i]->cls->open(&b->op[i], run, backward_follows));
        mn_rnn *rnn = b->op[i].state;
        rnn->use = 2 * i;
        rnn->reversed = i == 1;
        rnn->zero_masked = layer->spec->inner[i]->return_sequences;
        rnn->ldy = layer->out.dim[layer->out.rank - 1];
    }
    return MIRNET_OK;
}

static void close_both(mn_op *op)
{
    both *b = op->state;
    if (!b)
        return;
    for (int i = 0; i < 2; i++) {
        if (b->op[i].layer)
            b->op[i].layer->cls->close(&b->op[i]);
        mn_free(b->y[i]);
    }
    mn_free(b);
    op->state = NULL;
}

static void prepare(mn_op *op, const mn_run *run)
{
    both *b = op->state;
    for (int i = 0; i < 2; i++)
        b->op[i].layer->cls->prepare(&b->op[i], run);
}

static void forward(mn_op *op, const mn_run *run)
{
    both *b = op->state;
    for (int i = 0; i < 2; i++) {
        borrow(b, i, op);
        b->op[i].layer->cls->forward(&b->op[i], run);
    }
    if (concatenates(op->layer))
        return;
    const mn_merge_mode mode = op->layer->spec->merge_mode;
    const int64_t n = run->batch * mn_out_size(op);
    memcpy(op->y, b->y[0], (size_t)n * sizeof(float));
    if (mode == MN_MERGE_MUL)
        run->kernels->multiply(op->y, b->y[1], n);
    else
        run->kernels->add(op->y, b->y[1], n);
    if (mode == MN_MERGE_AVE)
        run->kernels->scale(op->y, 0.5f, n);
}

static void backward(mn_op *op, const mn_run *run)
{
    both *b = op->state;
    const mn_merge_mode mode = op->layer->spec->merge_mode;
    const int64_t n = run->batch * mn_out_size(op);
    if (mode == MN_MERGE_AVE)
        run->kernels->scale(op->dy, 0.5f, n);
    for (int i = 0; i < 2; i++) {
        borrow(b, i, op);
        if (mode != MN_MERGE_MUL)
            continue;
        /* The gradient of one output is dy times the other. */
        run->kernels->multiply(b->y[1 - i], op->dy, n);
        b->op[i].dy = b->y[1 - i];
    }
    for (int i = 0; i < 2; i++)
        b->op[i].layer->cls->backward(&b->op[i], run);
}

static bool shares_tail(const mn_layer *layer, int64_t rows)
{
    return layer->in[0].dim[0] > 1 && mn_rnn_shares_tail(layer->inner[0], rows) &&
           mn_rnn_shares_tail(layer->inner[1], rows);
}

const mn_layer_class mn_bidirectional = {
    .build = build,
    .open = open_both,
    .close = close_both,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .shares_tail = shares_tail,
};
