/* init.c - first values of weights, as Keras draws them */
/* SPDX-License-Identifier: MIT */
#include "init.h"

#include <math.h>

#include "mem.h"
#include "rng.h"

/* Keras's fans: a kernel [..., in, out] has the product of its window in both. */
static void fans(const mn_shape *shape, double *in, double *out)
{
    const int32_t rank = shape->rank;
    *in = *out = rank ? (double)shape->dim[0] : 1;
    if (rank < 2)
        return;
    double window = 1;
    for (int32_t i = 0; i < rank - 2; i++)
        window *= (double)shape->dim[i];
    *in = window * (double)shape->dim[rank - 2];
    *out = window * (double)shape->dim[rank - 1];
}

/* A normal deviate, drawn again beyond two standard deviations. */
static double truncated(mn_rng *rng)
{
    double x;
    do
        x = mn_rng_normal(rng);
    while (fabs(x) > 2);
    return x;
}

static void scale_variance(float *out, size_t n, const mn_param *param, mn_rng *rng)
{
    const mn_initializer *init = &param->init;
    double in, to, fan;
    fans(&param->shape, &in, &to);
    fan = init->mode == MN_FAN_IN ? in : init->mode == MN_FAN_OUT ? to : (in + to) / 2;
    const double variance = init->a / fmax(1, fan), limit = sqrt(3 * variance);
    /* 0.8796 is the standard deviation of a standard normal cut at +-2. */
    const double sd = init->distribution == MN_TRUNCATED_NORMAL ? sqrt(variance) / 0.87962566103423978 : sqrt(variance);
    for (size_t i = 0; i < n; i++)
        switch (init->distribution) {
        case MN_UNIFORM: out[i] = (float)(limit * (2 * mn_rng_uniform(rng) - 1)); break;
        case MN_TRUNCATED_NORMAL: out[i] = (float)(sd * truncated(rng)); break;
        case MN_UNTRUNCATED_NORMAL: out[i] = (float)(sd * mn_rng_normal(rng)); break;
        }
}

/* Takes from row i what it has of the rows before, twice for rounding's sake, and makes it of length 1. */
static void orthogonalize(double *rows, int64_t i, int64_t length)
{
    double *row = rows + i * length;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t j = 0; j < i; j++) {
            const double *other = rows + j * length;
            double dot = 0;
            for (int64_t k = 0; k < length; k++)
                dot += row[k] * other[k];
            for (int64_t k = 0; k < length; k++)
                row[k] -= dot * other[k];
        }
    double norm = 0;
    for (int64_t k = 0; k < length; k++)
        norm += row[k] * row[k];
    norm = 1 / sqrt(norm);
    for (int64_t k = 0; k < length; k++)
        row[k] *= norm;
}

/* Q of a random normal matrix, seen as [product of all axes but the last][last axis]; the shorter side is
 * orthonormal. */
static mirnet_status orthogonal(float *out, const mn_param *param, mn_rng *rng)
{
    const int32_t rank = param->shape.rank;
    const int64_t cols = rank ? param->shape.dim[rank - 1] : 1, rows = (int64_t)param->size / cols;
    const int64_t count = mn_min(rows, cols), length = mn_max(rows, cols);
    double *q = mn_calloc(param->size, sizeof(*q));
    if (!q)
        return MIRNET_ERR_NOMEM;
    for (int64_t i = 0; i < count * length; i++)
        q[i] = mn_rng_normal(rng);
    for (int64_t i = 0; i < count; i++)
        orthogonalize(q, i, length);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++)
            out[r * cols + c] = (float)(param->init.a * (rows <= cols ? q[r * length + c] : q[c * length + r]));
    mn_free(q);
    return MIRNET_OK;
}

static mirnet_status identity(float *out, const mn_param *param)
{
    if (param->shape.rank != 2)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "weight '%s': the Identity initializer is for matrices", param->name);
    const int64_t rows = param->shape.dim[0], cols = param->shape.dim[1];
    memset(out, 0, param->size * sizeof(float));
    for (int64_t i = 0; i < mn_min(rows, cols); i++)
        out[i * cols + i] = (float)param->init.a;
    return MIRNET_OK;
}

mirnet_status mn_init(float *out, const mn_param *param, uint64_t seed, uint32_t index)
{
    const mn_initializer *init = &param->init;
    const size_t n = param->size;
    mn_rng rng = mn_rng_create(seed, MN_RNG_INIT, index, 0);
    switch (init->kind) {
    case MN_INIT_CONSTANT:
        for (size_t i = 0; i < n; i++)
            out[i] = (float)init->a;
        break;
    case MN_INIT_NORMAL:
        for (size_t i = 0; i < n; i++)
            out[i] = (float)(init->a + init->b * mn_rng_normal(&rng));
        break;
    case MN_INIT_TRUNCATED_NORMAL:
        for (size_t i = 0; i < n; i++)
            out[i] = (float)(init->a + init->b * truncated(&rng));
        break;
    case MN_INIT_UNIFORM:
        for (size_t i = 0; i < n; i++)
            out[i] = (float)(init->a + (init->b - init->a) * mn_rng_uniform(&rng));
        break;
    case MN_INIT_VARIANCE_SCALING: scale_variance(out, n, param, &rng); break;
    case MN_INIT_ORTHOGONAL: MN_TRY(orthogonal(out, param, &rng)); break;
    case MN_INIT_IDENTITY: MN_TRY(identity(out, param)); break;
    }
    for (int64_t i = param->ones_from; i < param->ones_to; i++)
        out[i] = 1;
    return MIRNET_OK;
}
