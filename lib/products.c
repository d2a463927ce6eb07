/* products.c - products in parallel: how they are cut into parts */
/* SPDX-License-Identifier: MIT */
#include "layers/layer.h"

/* Rows and columns of a part of a product, whose sums are the same however it is cut; and elements of a gradient, from
 * the shapes alone. Columns are a multiple of every panel width. */
enum { ROWS = 96, ROWS_SHARED = 48, COLUMNS = 64, ELEMENTS = 48 };

typedef struct gemm_job {
    const mn_gemm *gemms;
    const mn_kernels *kernels;
    int64_t count, rows, columns, col_parts;
} gemm_job;

/* Parts are in the order of rows, those of all products side by side: the rows of a sample, here and in the layers
 * around this one, mostly go to the same thread. */
static void gemm_part(void *context, int64_t part, int32_t worker)
{
    const gemm_job *job = context;
    const mn_gemm *g = &job->gemms[part / job->col_parts % job->count];
    const int64_t row = part / job->col_parts / job->count * job->rows, col = part % job->col_parts * job->columns;
    const int64_t row_end = mn_min(row + job->rows, g->m), col_end = mn_min(col + job->columns, g->n);
    (void)worker;
    if (row >= g->m)
        return;
    job->kernels->gemm(g, row, row_end, col, col_end);
    for (int64_t i = row; g->found && i < row_end; i++) {
        const int64_t at = (g->rows ? g->rows[i].c : i * g->ldc) + col;
        job->kernels->find_nonzero(g->found + at / 64, g->y + at, col_end - col);
    }
}

/* Where zeros are passed over, the way through a row of A costs as much for some columns as for all: there parts have
 * all columns, and so many rows: each thread two parts, or one if these would be low; 0 if that one would be, too. */
static int64_t rows_of_all_columns(int64_t m, int64_t threads)
{
    enum { LEAST = 4 };
    int64_t rows = mn_ceil_div(m, 2 * threads);
    if (rows < 2 * LEAST)
        rows = mn_ceil_div(m, threads);
    return rows < LEAST ? 0 : mn_min(rows, ROWS_SHARED);
}

void mn_gemm_run(const mn_run *run, const mn_gemm *gemms, int64_t count)
{
    int64_t m = 0;
    for (int64_t i = 0; i < count; i++)
        m = mn_max(m, gemms[i].m);
    if (m == 0)
        return;
    int64_t rows = run->threads ? ROWS_SHARED : ROWS, columns = run->threads ? COLUMNS : gemms->n;
    const bool shares = run->threads && gemms->nonzero;
    const int64_t whole = shares ? rows_of_all_columns(m, mn_threads_count(run->threads)) : 0;
    if (whole > 0) {
        rows = whole;
        columns = gemms->n;
    }
    gemm_job job = {gemms, run->kernels, count, rows, columns, mn_ceil_div(gemms->n, columns)};
    mn_parallel(run, gemm_part, &job, mn_ceil_div(m, rows) * count * job.col_parts);
}

typedef struct outer_job {
    const mn_outer *outer;
    const mn_kernels *kernels;
    int64_t per_run;
} outer_job;

static void outer_part(void *context, int64_t part, int32_t worker)
{
    const outer_job *job = context;
    const int64_t l = part % job->per_run * ELEMENTS;
    (void)worker;
    job->kernels->outer(job->outer, part / job->per_run, l, mn_min(l + ELEMENTS, job->outer->run));
}

void mn_outer_run(const mn_run *run, const mn_outer *outer)
{
    outer_job job = {outer, run->kernels, mn_ceil_div(outer->run, ELEMENTS)};
    mn_parallel(run, outer_part, &job, outer->runs * job.per_run);
}

typedef struct pack_job {
    const mn_kernels *kernels;
    float *packed;
    const float *src;
    int64_t k, n, lds;
    bool transposed;
} pack_job;

/* Some rows of src, whichever way they are packed. */
static void pack_part(void *context, int64_t part, int32_t worker)
{
    const pack_job *job = context;
    const int64_t from = part * job->kernels->width, n = mn_min(job->kernels->width, job->k - from);
    (void)worker;
    if (job->transposed)
        mn_pack_transposed(job->kernels, job->packed, job->k, 0, job->src, job->k, job->n, job->lds, part, part + 1);
    else
        mn_pack(job->kernels, job->packed, job->k, from, job->src + from * job->lds, n, job->n, job->lds, 0,
                mn_panels(job->kernels, job->n));
}

void mn_pack_run(const mn_run *run, float *packed, const float *src, int64_t k, int64_t n, int64_t lds, bool transposed)
{
    pack_job job = {run->kernels, packed, src, k, n, lds, transposed};
    mn_parallel(run, pack_part, &job, mn_panels(run->kernels, transposed ? n : k));
}

typedef struct sums_job {
    const mn_kernels *kernels;
    float *out;
    const float *d;
    int64_t m, n;
    bool add;
} sums_job;

static void sums_part(void *context, int64_t part, int32_t worker)
{
    const sums_job *job = context;
    const int64_t col = part * COLUMNS;
    (void)worker;
    job->kernels->column_sums(job->out + col, job->d + col, job->m, mn_min(COLUMNS, job->n - col), job->n, job->add);
}

void mn_column_sums_run(const mn_run *run, float *out, const float *d, int64_t m, int64_t n, bool add)
{
    sums_job job = {run->kernels, out, d, m, n, add};
    mn_parallel(run, sums_part, &job, mn_ceil_div(n, COLUMNS));
}
