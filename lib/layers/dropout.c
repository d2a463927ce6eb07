/* dropout.c - Dropout, SpatialDropout1D, and the masks of the recurrent layers */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/classes.h"
#include "mem.h"
#include "rng.h"

/*
 * Word e % 4 of block e / 4 of a Philox stream decides on element e: it is dropped if word < rate * 2^32. The stream is
 * numbered by the sample; its key comes from a first Philox block on (seed, step, layer, use).
 */
void mn_dropout_factors(const mn_layer *layer, const mn_run *run, int64_t sample, int32_t use, double rate, float *out,
                        int64_t n)
{
    const uint32_t seed[2] = {(uint32_t)run->seed, (uint32_t)(run->seed >> 32)};
    const uint32_t what[4] = {(uint32_t)run->step, (uint32_t)(run->step >> 32), (uint32_t)use,
                              (uint32_t)MN_RNG_DROPOUT << 24 | ((uint32_t)layer->index & 0xFFFFFFu)};
    uint64_t id = (uint64_t)run->samples[sample], limit = (uint64_t)(rate * 0x1p32);
    uint32_t key[4], words[MN_PHILOX_BLOCKS][4], counter[4] = {0, (uint32_t)id, (uint32_t)(id >> 32), 0};
    const float factor = (float)(1.0 / (1.0 - rate));
    uint32_t kept;
    memcpy(&kept, &factor, sizeof(kept));
    mn_philox(what, seed, key);
    counter[3] = key[2];
    for (int64_t e = 0; e < n; e += 4 * MN_PHILOX_BLOCKS) {
        mn_philox_blocks(counter, key, words);
        counter[0] += MN_PHILOX_BLOCKS;
        /* Without a branch: nobody could foresee it. */
        for (int64_t i = 0; i < mn_min(4 * MN_PHILOX_BLOCKS, n - e); i++) {
            const uint32_t bits = (0 - (uint32_t)(words[i / 4][i % 4] >= limit)) & kept;
            memcpy(&out[e + i], &bits, sizeof(bits));
        }
    }
}

/*
 * In training y = x * factor, dx = dy * factor, with a factor for each element (SpatialDropout1D: for each channel of a
 * sample) that is 0 with probability `rate`, else 1 / (1 - rate). In inference y = x. The state is [capacity][factors].
 */
static mirnet_status build_dropout(mn_layer *layer)
{
    layer->out = layer->in[0];
    layer->masks = layer->masked;
    layer->view = layer->spec->rate <= 0;
    return MIRNET_OK;
}

static mirnet_status build_spatial(mn_layer *layer)
{
    char text[96];
    if (layer->in[0].rank != 2)
        return mn_fail(MIRNET_ERR_SHAPE, "input of shape %s: expected (steps, channels)",
                       mn_shape_text(&layer->in[0], text));
    return build_dropout(layer);
}

static int64_t count_factors(const mn_op *op)
{
    return op->layer->spec->kind == MN_SPATIAL_DROPOUT1D ? op->layer->out.dim[1] : mn_out_size(op);
}

static mirnet_status open_dropout(mn_op *op, const mn_run *run, bool backward)
{
    (void)backward;
    op->state = mn_floats((size_t)(run->capacity * count_factors(op)));
    return op->state ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

static void close_dropout(mn_op *op)
{
    mn_free(op->state);
    op->state = NULL;
}

static void forward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    int64_t n = mn_out_size(op), factors = count_factors(op);
    if (!run->training) {
        memcpy(op->y + from * n, op->x[0] + from * n, (size_t)((to - from) * n) * sizeof(float));
        return;
    }
    for (int64_t s = from; s < to; s++) {
        float *factor = (float *)op->state + s * factors, *y = op->y + s * n;
        const float *x = op->x[0] + s * n;
        mn_dropout_factors(op->layer, run, s, 0, op->layer->spec->rate, factor, factors);
        for (int64_t i = 0; i < n; i += factors)
            for (int64_t j = 0; j < factors; j++)
                y[i + j] = x[i + j] * factor[j];
    }
}

static void backward_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    int64_t n = mn_out_size(op), factors = count_factors(op);
    for (int64_t s = from; s < to; s++) {
        const float *factor = (const float *)op->state + s * factors;
        float *dx = op->dx[0] + s * n, *dy = op->dy + s * n;
        for (int64_t i = 0; run->training && i < n; i += factors)
            run->kernels->multiply(dy + i, factor, factors);
        if (op->dx_add[0])
            run->kernels->add(dx, dy, n);
        else
            memcpy(dx, dy, (size_t)n * sizeof(float));
    }
}

static void forward_dropout(mn_op *op, const mn_run *run)
{
    mn_each_sample(op, run, forward_samples, mn_out_size(op));
    mn_pass_mask(op, run);
}

static void backward_dropout(mn_op *op, const mn_run *run)
{
    if (op->dx[0])
        mn_each_sample(op, run, backward_samples, mn_out_size(op));
}

const mn_layer_class mn_dropout = {
    .build = build_dropout,
    .open = open_dropout,
    .close = close_dropout,
    .forward = forward_dropout,
    .backward = backward_dropout,
    .only_trains = true,
};

const mn_layer_class mn_spatial_dropout = {
    .build = build_spatial,
    .open = open_dropout,
    .close = close_dropout,
    .forward = forward_dropout,
    .backward = backward_dropout,
    .only_trains = true,
};
