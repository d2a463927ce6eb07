/* flops.c - counting the arithmetic of products, and what the machine gives for the best of them */
/* SPDX-License-Identifier: MIT */
#include "flops.h"

#include <stdatomic.h>
#include <time.h>

#include "layers/layer.h"
#include "mem.h"

static const mn_kernels *real;
static _Atomic int64_t counted; /* multiplications */

static void count(int64_t multiplications)
{
    atomic_fetch_add_explicit(&counted, multiplications, memory_order_relaxed);
}

static void gemm(const mn_gemm *g, int64_t row0, int64_t row1, int64_t col0, int64_t col1)
{
    int64_t runs = 0;
    for (int64_t m = row0; m < row1; m++)
        runs += g->rows ? mn_max(0, g->rows[m].last - g->rows[m].first) : g->runs;
    count(runs * g->run * (col1 - col0));
    real->gemm(g, row0, row1, col0, col1);
}

static void outer(const mn_outer *o, int64_t r, int64_t l0, int64_t l1)
{
    int64_t rows = 0;
    for (int64_t m = 0; m < o->m; m++)
        rows += !o->rows || (r >= o->rows[m].first && r < o->rows[m].last);
    count(rows * (l1 - l0) * o->n);
    real->outer(o, r, l0, l1);
}

static int64_t columns_of(const mn_few *f)
{
    int64_t columns = 0;
    for (int32_t i = 0; i < f->ranges; i++)
        columns += f->to[i] - f->from[i];
    return columns;
}

static void few_forward(const mn_few *f, int64_t k0, int64_t k1, float *y, int64_t ldy)
{
    count(f->m * (k1 - k0) * columns_of(f));
    real->few_forward(f, k0, k1, y, ldy);
}

static void few_back(const mn_few *f, int64_t k0, int64_t k1)
{
    const int64_t products = (f->dx != NULL) + (f->gradient.g || f->gradient.update);
    count(products * f->m * (k1 - k0) * columns_of(f));
    real->few_back(f, k0, k1);
}

const mn_kernels *mn_flops_kernels(const mn_kernels *kernels)
{
    static mn_kernels counting;
    real = kernels;
    counting = *kernels;
    counting.gemm = gemm;
    counting.outer = outer;
    counting.few_forward = few_forward;
    counting.few_back = few_back;
    return &counting;
}

double mn_flops_take(void)
{
    return 2.0 * (double)atomic_exchange(&counted, 0);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ones: pages that nobody has written to could all be the same one. */
static float *new_matrix(size_t n)
{
    float *matrix = mn_floats(n);
    for (size_t i = 0; i < n && matrix; i++)
        matrix[i] = 1.0f;
    return matrix;
}

mirnet_status mn_flops_peak(double *out, const mn_kernels *kernels, mn_threads *threads)
{
    enum { SIDE = 1024, TRIES = 5 };
    float *x = new_matrix(SIDE * SIDE), *y = new_matrix(SIDE * SIDE);
    float *b = new_matrix(mn_packed_size(kernels, SIDE, SIDE));
    const mn_run run = {.kernels = kernels, .threads = threads};
    const mn_gemm product = {.m = SIDE, .n = SIDE, .runs = 1, .run = SIDE, .x = x, .y = y, .lda = SIDE, .ldc = SIDE,
                             .b = b, .k_packed = SIDE};
    double best = 0;
    for (int t = 0; t < TRIES && x && y && b; t++) {
        const double start = now();
        mn_gemm_run(&run, &product, 1);
        const double rate = 2.0 * SIDE * SIDE * SIDE / (now() - start);
        best = rate > best ? rate : best;
    }
    const bool done = x && y && b;
    mn_free(x);
    mn_free(y);
    mn_free(b);
    *out = best;
    return done ? MIRNET_OK : MIRNET_ERR_NOMEM;
}
