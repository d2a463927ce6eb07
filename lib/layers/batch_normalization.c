/* batch_normalization.c - BatchNormalization over the last axis */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>

#include "layers/classes.h"
#include "mem.h"

/*
 * For each channel c, over the n rows r of the batch (samples, times all axes but the last):
 *
 *     y[r] = gamma * h[r] + beta,   h[r] = (x[r] - mean) / sqrt(variance + epsilon)
 *
 * In training, mean and variance are those of the rows (the sum of squares divided by n), and
 *
 *     dgamma = sum of dy[r] * h[r],   dbeta = sum of dy[r]
 *     dx[r]  = gamma / sqrt(variance + epsilon) * (dy[r] - dbeta / n - h[r] * dgamma / n)
 *
 * and after a step moving = momentum * moving + (1 - momentum) * that of the rows. There Keras 2 divides the variance
 * of images (samples of three axes or more) by n - 1, because TensorFlow computes those with another kernel; so do we.
 * In inference, or where the layer is not trainable, mean and variance are the moving ones, and constants.
 *
 * Sums are made in double precision, rows in order, blocks of channels in parallel.
 */
enum { BLOCK = 16 };

/* Which parameter is which; -1: not there. */
typedef struct places {
    int32_t gamma, beta, mean, variance;
} places;

/* [channels] each, from the last forward pass. */
typedef struct state {
    float *mean, *variance, *inverse; /* 1 / sqrt(variance + epsilon) */
} state;

typedef struct job {
    const mn_op *op;
    const mn_run *run;
} job;

static places get_places(const mn_layer *layer)
{
    int32_t n = 0;
    places p = {-1, -1, 0, 0};
    if (layer->spec->scale)
        p.gamma = n++;
    if (layer->spec->center)
        p.beta = n++;
    p.mean = n++;
    p.variance = n;
    return p;
}

static bool uses_batch(const mn_op *op, const mn_run *run)
{
    return run->training && op->layer->spec->trainable;
}

static int64_t count_channels(const mn_op *op)
{
    return op->layer->out.dim[op->layer->out.rank - 1];
}

static int64_t count_rows(const mn_op *op, const mn_run *run)
{
    return run->batch * (mn_out_size(op) / count_channels(op));
}

static mirnet_status add_moving(mn_layer *layer, const char *name, mn_initializer init)
{
    mn_param *param;
    int64_t channels = layer->out.dim[layer->out.rank - 1];
    MN_TRY(mn_layer_add_param(layer, &param, name, &channels, 1, init, (mn_regularizer){0, 0}));
    param->trainable = false;
    return MIRNET_OK;
}

static mirnet_status build(mn_layer *layer)
{
    const mn_layer_spec *spec = layer->spec;
    if (spec->axis != -1 && spec->axis != layer->in[0].rank)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "axis is %d; only the last one, -1 or %d here, is supported", spec->axis,
                       layer->in[0].rank);
    layer->out = layer->in[0];
    layer->masks = layer->masked;
    int64_t channels = layer->out.dim[layer->out.rank - 1];
    if (spec->scale)
        MN_TRY(mn_layer_add_param(layer, NULL, "gamma", &channels, 1, spec->kernel_init, spec->kernel_reg));
    if (spec->center)
        MN_TRY(mn_layer_add_param(layer, NULL, "beta", &channels, 1, spec->bias_init, spec->bias_reg));
    MN_TRY(add_moving(layer, "moving_mean", spec->recurrent_init));
    return add_moving(layer, "moving_variance", spec->variance_init);
}

static mirnet_status open_state(mn_op *op, const mn_run *run, bool backward)
{
    (void)run;
    (void)backward;
    size_t channels = (size_t)count_channels(op);
    state *st = mn_calloc(1, sizeof(*st));
    op->state = st;
    if (!st || !(st->mean = mn_floats(channels)) || !(st->variance = mn_floats(channels)) ||
        !(st->inverse = mn_floats(channels)))
        return MIRNET_ERR_NOMEM;
    return MIRNET_OK;
}

static void close_state(mn_op *op)
{
    state *st = op->state;
    if (st) {
        mn_free(st->mean);
        mn_free(st->variance);
        mn_free(st->inverse);
    }
    mn_free(st);
    op->state = NULL;
}

/* Mean and variance of n channels, each over `rows` rows of ld floats. */
static void get_moments(const float *x, int64_t rows, int64_t n, int64_t ld, float *mean, float *variance)
{
    double sums[BLOCK] = {0}, squares[BLOCK] = {0};
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < n; c++)
            sums[c] += (double)x[r * ld + c];
    for (int64_t c = 0; c < n; c++)
        sums[c] /= (double)rows;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < n; c++) {
            double d = (double)x[r * ld + c] - sums[c];
            squares[c] += d * d;
        }
    for (int64_t c = 0; c < n; c++) {
        mean[c] = (float)sums[c];
        variance[c] = (float)(squares[c] / (double)rows);
    }
}

/* What channel c is multiplied with, once its mean is taken off. */
static float get_factor(const mn_op *op, const mn_run *run, int64_t c)
{
    places p = get_places(op->layer);
    float gamma = p.gamma < 0 ? 1 : mn_weight(op->layer, run, p.gamma)[c];
    return gamma * ((const state *)op->state)->inverse[c];
}

static void forward_block(void *context, int64_t part, int32_t worker)
{
    (void)worker;
    const mn_op *op = ((job *)context)->op;
    const mn_run *run = ((job *)context)->run;
    const state *st = op->state;
    places p = get_places(op->layer);
    int64_t channels = count_channels(op), rows = count_rows(op, run), c0 = part * BLOCK;
    int64_t n = mn_min(BLOCK, channels - c0);
    const float *x = op->x[0] + c0, *beta = p.beta < 0 ? NULL : mn_weight(op->layer, run, p.beta) + c0;
    float *y = op->y + c0, *mean = st->mean + c0, factor[BLOCK], shift[BLOCK];
    if (uses_batch(op, run)) {
        get_moments(x, rows, n, channels, mean, st->variance + c0);
    } else {
        memcpy(mean, mn_weight(op->layer, run, p.mean) + c0, (size_t)n * sizeof(float));
        memcpy(st->variance + c0, mn_weight(op->layer, run, p.variance) + c0, (size_t)n * sizeof(float));
    }
    for (int64_t c = 0; c < n; c++) {
        st->inverse[c0 + c] = 1 / sqrtf(st->variance[c0 + c] + (float)op->layer->spec->epsilon);
        factor[c] = get_factor(op, run, c0 + c);
        shift[c] = beta ? beta[c] : 0;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < n; c++)
            y[r * channels + c] = (x[r * channels + c] - mean[c]) * factor[c] + shift[c];
}

static void put_gradient(const mn_op *op, const mn_run *run, int32_t param, int64_t c0, int64_t n, const double *sums)
{
    if (param < 0)
        return;
    float *grad = mn_grad(op->layer, run, param) + c0;
    for (int64_t c = 0; c < n; c++)
        grad[c] = op->grad_add ? grad[c] + (float)sums[c] : (float)sums[c];
}

/* dx of n channels. The sums over the rows count where mean and variance depend on the rows. */
static void put_dx(const mn_op *op, const mn_run *run, int64_t c0, int64_t n, const double *of_dy, const double *of_h)
{
    const state *st = op->state;
    int64_t channels = count_channels(op), rows = count_rows(op, run);
    float factor[BLOCK], share[BLOCK], slope[BLOCK];
    for (int64_t c = 0; c < n; c++) {
        factor[c] = get_factor(op, run, c0 + c);
        share[c] = uses_batch(op, run) ? (float)(of_dy[c] / (double)rows) : 0;
        slope[c] = uses_batch(op, run) ? (float)(of_h[c] / (double)rows) * st->inverse[c0 + c] : 0;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < n; c++) {
            int64_t at = r * channels + c0 + c;
            float d = factor[c] * (op->dy[at] - share[c] - (op->x[0][at] - st->mean[c0 + c]) * slope[c]);
            op->dx[0][at] = op->dx_add[0] ? op->dx[0][at] + d : d;
        }
}

static void backward_block(void *context, int64_t part, int32_t worker)
{
    (void)worker;
    const mn_op *op = ((job *)context)->op;
    const mn_run *run = ((job *)context)->run;
    const state *st = op->state;
    places p = get_places(op->layer);
    int64_t channels = count_channels(op), rows = count_rows(op, run), c0 = part * BLOCK;
    int64_t n = mn_min(BLOCK, channels - c0);
    double of_dy[BLOCK] = {0}, of_h[BLOCK] = {0};
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < n; c++) {
            int64_t at = r * channels + c0 + c;
            of_dy[c] += (double)op->dy[at];
            of_h[c] += (double)op->dy[at] * ((double)op->x[0][at] - (double)st->mean[c0 + c]);
        }
    for (int64_t c = 0; c < n; c++)
        of_h[c] *= (double)st->inverse[c0 + c];
    put_gradient(op, run, p.gamma, c0, n, of_h);
    put_gradient(op, run, p.beta, c0, n, of_dy);
    if (op->dx[0])
        put_dx(op, run, c0, n, of_dy, of_h);
}

static void forward(mn_op *op, const mn_run *run)
{
    mn_parallel(run, forward_block, &(job){op, run}, mn_ceil_div(count_channels(op), BLOCK));
    mn_pass_mask(op, run);
}

static void backward(mn_op *op, const mn_run *run)
{
    mn_parallel(run, backward_block, &(job){op, run}, mn_ceil_div(count_channels(op), BLOCK));
}

static void commit(mn_op *op, const mn_run *run, float *weights)
{
    const state *st = op->state;
    places p = get_places(op->layer);
    int64_t rows = count_rows(op, run);
    float momentum = (float)op->layer->spec->momentum;
    float bessel = op->layer->in[0].rank < 3 ? 1 : (float)rows / (float)mn_max(rows - 1, 1);
    float *mean = weights + op->layer->params[p.mean].offset;
    float *variance = weights + op->layer->params[p.variance].offset;
    for (int64_t c = 0; uses_batch(op, run) && c < count_channels(op); c++) {
        mean[c] -= (mean[c] - st->mean[c]) * (1 - momentum);
        variance[c] -= (variance[c] - st->variance[c] * bessel) * (1 - momentum);
    }
}

const mn_layer_class mn_batch_normalization = {
    .build = build,
    .open = open_state,
    .close = close_state,
    .forward = forward,
    .backward = backward,
    .commit = commit,
};
