/* test_kernels.c - every table of kernels against plain loops in double, with guards around what may be written */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mn_guarded.h"
#include "mn_kernels.h"
#include "mn_net.h"

enum { GUARD = MN_GUARD, ROUNDS = 80 };

/* -- Matrices as the products read them ---------------------------------------------------------------------------- */

/* Rows of A in runs, rows of C anywhere, runs of B anywhere. Floats that are never to be read are NaN. */
typedef struct layout {
    int64_t m, n, runs, run, b_rows, x_size, y_size;
    bool table;
    mn_row *rows;
    int64_t *a_at, *b_at;
    float *x;
} layout;

static void shuffle(int64_t *items, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = mn_draw(0, i), kept = items[i];
        items[i] = items[j];
        items[j] = kept;
    }
}

static const float *element(const layout *o, int64_t m, int64_t r, int64_t l)
{
    return o->x + o->rows[m].a + o->a_at[r] + l;
}

static bool is_there(const layout *o, int64_t m, int64_t r)
{
    return r >= o->rows[m].first && r < o->rows[m].last;
}

static void fill_rows(layout *o, int64_t lda, int64_t ldc)
{
    int64_t *order = calloc((size_t)o->m, sizeof(*order));
    for (int64_t i = 0; i < o->m; i++)
        order[i] = i;
    if (o->table)
        shuffle(order, o->m);
    for (int64_t i = 0; i < o->m; i++) {
        int32_t first = 0, last = (int32_t)o->runs;
        if (o->table && mn_toss())
            first = (int32_t)mn_draw(0, o->runs);
        if (o->table && mn_toss())
            last = (int32_t)mn_draw(first, o->runs);
        o->rows[i] = (mn_row){i * lda, order[i] * ldc, first, last};
    }
    free(order);
}

static layout layout_of(int64_t m, int64_t n, int64_t runs, int64_t run, bool table, int64_t lda, int64_t ldc)
{
    layout o = {.m = m, .n = n, .runs = runs, .run = run, .table = table};
    o.rows = calloc((size_t)m, sizeof(*o.rows));
    o.a_at = calloc((size_t)runs + 1, sizeof(*o.a_at));
    o.b_at = calloc((size_t)runs + 1, sizeof(*o.b_at));
    const int64_t gap = table ? mn_draw(0, 3) : 0;
    for (int64_t r = 0; r < runs; r++) {
        o.a_at[r] = r * (run + gap);
        o.b_at[r] = r * run;
    }
    if (table)
        shuffle(o.b_at, runs);
    fill_rows(&o, lda, ldc);
    o.b_rows = runs * run + (table ? mn_draw(0, 5) : 0);
    o.x_size = m * lda + runs * (run + gap) + 1;
    o.y_size = m * ldc;
    o.x = mn_net_floats(o.x_size);
    for (int64_t i = 0; i < o.x_size; i++)
        o.x[i] = NAN;
    for (int64_t i = 0; i < m; i++)
        for (int64_t r = 0; r < runs; r++)
            for (int64_t l = 0; l < run && is_there(&o, i, r); l++)
                o.x[element(&o, i, r, l) - o.x] = mn_net_uniform(&mn_stream, -1, 1);
    return o;
}

static layout any_layout(bool table)
{
    const int64_t m = mn_draw(1, 70), n = mn_draw(1, 140), kind = mn_draw(0, 9);
    const int64_t runs = kind == 0 ? 0 : kind == 1 ? mn_draw(60, 300) : kind == 2 ? mn_draw(1, 3) : mn_draw(1, 9);
    const int64_t run = kind == 1 ? mn_draw(1, 4) : kind == 2 ? mn_draw(250, 530) : mn_draw(1, 70);
    /* A convolution's rows overlap in x; here the runs of rows that are there must not touch those that are not. */
    return layout_of(m, n, runs, run, table, runs * (run + 3) + mn_draw(0, 3), n + mn_draw(0, 3));
}

static void free_layout(layout *o)
{
    free(o->rows);
    free(o->a_at);
    free(o->b_at);
    free(o->x);
}

/* -- Products ------------------------------------------------------------------------------------------------------ */

static void check_gemm(const mn_gemm *g, const layout *o, const float *b, const mn_guarded *y)
{
    bool *written = mn_flags(o->y_size, false);
    for (int64_t i = 0; i < o->m; i++)
        for (int64_t j = 0; j < o->n; j++) {
            const int64_t at = o->rows[i].c + j;
            double sum = g->bias ? (double)g->bias[j] : 0, magnitude = fabs(sum);
            if (g->add) {
                sum += (double)mn_guarded_before(y, at);
                magnitude += fabs((double)mn_guarded_before(y, at));
            }
            for (int64_t r = 0; r < o->runs; r++)
                for (int64_t l = 0; l < o->run && is_there(o, i, r); l++) {
                    const double p = (double)*element(o, i, r, l) * (double)b[(o->b_at[r] + l) * o->n + j];
                    sum += p;
                    magnitude += fabs(p);
                }
            if (g->relu)
                sum = fmax(sum, 0);
            written[at] = true;
            if (!(fabs((double)y->at[at] - sum) <= mn_bound(o->runs * o->run, magnitude)))
                ck_abort_msg("m %d of %d, n %d of %d, runs %d of %d: %.9g, not %.9g", (int)i, (int)o->m, (int)j,
                             (int)o->n, (int)o->runs, (int)o->run, (double)y->at[at], sum);
        }
    mn_guarded_check("gemm", y, written);
    free(written);
}

/* The same product in calls that share out rows and columns. */
static void check_gemm_cut(const mn_kernels *kernels, const mn_gemm *g, const mn_guarded *y)
{
    mn_guarded cut = {.n = y->n, .all = mn_net_floats(y->n + 2 * GUARD)};
    const size_t bytes = (size_t)(y->n + 2 * GUARD) * sizeof(float);
    memcpy(cut.all, y->copy, bytes);
    mn_gemm part = *g;
    part.y = cut.all + (y->at - y->all);
    for (int64_t row = 0, rows; row < g->m; row += rows) {
        rows = mn_min(g->m - row, mn_draw(1, 9));
        for (int64_t col = 0, columns; col < g->n; col += columns) {
            columns = mn_min(g->n - col, mn_draw(1, 2) * kernels->width);
            kernels->gemm(&part, row, row + rows, col, col + columns);
        }
    }
    mn_same("gemm in pieces", cut.all, y->all, (size_t)(y->n + 2 * GUARD));
    free(cut.all);
}

/* B in panels, from a row-major matrix or its transpose, in two lots of rows and one panel at a time. */
static float *pack(const mn_kernels *kernels, const float *b, int64_t k, int64_t n, bool transposed)
{
    const int64_t half = mn_draw(0, k), panels = mn_panels(kernels, n);
    float *packed = mn_net_floats((int64_t)mn_packed_size(kernels, k, n) + 1), *t = mn_net_floats(k * n);
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < n; j++)
            t[j * k + i] = b[i * n + j];
    for (int64_t p = 0; p < panels; p++)
        if (transposed) {
            mn_pack_transposed(kernels, packed, k, 0, t, half, n, k, p, p + 1);
            mn_pack_transposed(kernels, packed, k, half, t + half, k - half, n, k, p, p + 1);
        } else {
            mn_pack(kernels, packed, k, 0, b, half, n, n, p, p + 1);
            mn_pack(kernels, packed, k, half, b + half * n, k - half, n, n, p, p + 1);
        }
    for (int64_t at = 0; at < k * panels * kernels->width; at++) {
        const int64_t col = at / (k * kernels->width) * kernels->width + at % kernels->width;
        const float want = col < n ? b[at / kernels->width % k * n + col] : 0;
        if (memcmp(&packed[at], &want, sizeof(float)) != 0)
            ck_abort_msg("packed[%d] is %g", (int)at, (double)packed[at]);
    }
    free(t);
    return packed;
}

static void run_gemm(const mn_kernels *kernels, bool table)
{
    layout o = any_layout(table);
    float *b = mn_net_floats(o.b_rows * o.n), *bias = mn_net_floats(o.n), *panels = NULL;
    mn_net_fill(&mn_stream, b, o.b_rows * o.n, -1, 1);
    mn_net_fill(&mn_stream, bias, o.n, -1, 1);
    mn_guarded y = mn_guarded_create(o.y_size);
    mn_gemm g = {
        .m = o.m, .n = o.n, .runs = o.runs, .run = o.run, .x = o.x, .y = y.at, .rows = table ? o.rows : NULL,
        .lda = o.m > 1 ? o.rows[1].a : 0, .ldc = o.m > 1 && !table ? o.rows[1].c : 0,
        .a_at = table ? o.a_at : NULL, .b_at = table ? o.b_at : NULL,
        .bias = mn_toss() ? bias : NULL, .add = mn_toss(), .relu = mn_toss(),
    };
    if (o.b_rows > 0) {
        panels = pack(kernels, b, o.b_rows, o.n, mn_toss());
        g.b = panels;
        g.k_packed = o.b_rows;
    }
    kernels->gemm(&g, 0, g.m, 0, g.n);
    check_gemm(&g, &o, b, &y);
    check_gemm_cut(kernels, &g, &y);
    free_layout(&o);
    mn_guarded_destroy(&y);
    free(b);
    free(bias);
    free(panels);
}

START_TEST(products_of_rows_at_equal_distances)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS; i++)
        run_gemm(kernels, false);
}
END_TEST

START_TEST(products_of_rows_from_a_table_with_ragged_runs)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS; i++)
        run_gemm(kernels, true);
}
END_TEST

START_TEST(a_nan_in_either_factor_stays_one)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    float x[6] = {1, NAN, 1, 1, 1, 1}, b[4] = {1, 1, 1, 1}, y[6], *panels = pack(kernels, b, 2, 2, false);
    mn_gemm g = {.m = 3, .n = 2, .runs = 1, .run = 2, .x = x, .y = y, .lda = 2, .ldc = 2, .b = panels, .k_packed = 2,
                 .relu = true};
    kernels->gemm(&g, 0, 3, 0, 2);
    ck_assert(isnan(y[0]) && isnan(y[1]));
    for (int i = 2; i < 6; i++)
        ck_assert_float_eq(y[i], 2);
    free(panels);
}
END_TEST

static void check_outer(const mn_outer *o, const layout *a, const float *d, const mn_guarded *g)
{
    bool *written = mn_flags(g->n, false);
    for (int64_t r = 0; r < a->runs; r++)
        for (int64_t l = 0; l < a->run; l++)
            for (int64_t j = 0; j < a->n; j++) {
                const int64_t at = (a->b_at[r] + l) * o->to.ld + j;
                double sum = o->to.add ? (double)mn_guarded_before(g, at) : 0, magnitude = fabs(sum);
                for (int64_t i = 0; i < a->m; i++)
                    if (is_there(a, i, r)) {
                        const double p = (double)*element(a, i, r, l) * (double)d[a->rows[i].c + j];
                        sum += p;
                        magnitude += fabs(p);
                    }
                written[at] = true;
                if (!(fabs((double)g->at[at] - sum) <= mn_bound(a->m, magnitude)))
                    ck_abort_msg("run %d of %d, element %d of %d, n %d of %d: %.9g, not %.9g", (int)r, (int)a->runs,
                                 (int)l, (int)a->run, (int)j, (int)a->n, (double)g->at[at], sum);
            }
    mn_guarded_check("outer", g, written);
    free(written);
}

static void run_outer(const mn_kernels *kernels, bool table)
{
    layout a = any_layout(table);
    const int64_t ldg = a.n + mn_draw(0, 3), size = a.b_rows * ldg;
    float *d = mn_net_floats(a.y_size);
    mn_net_fill(&mn_stream, d, a.y_size, -1, 1);
    mn_guarded g = mn_guarded_create(size);
    mn_outer o = {
        .m = a.m, .n = a.n, .runs = a.runs, .run = a.run, .x = a.x, .d = d, .rows = table ? a.rows : NULL,
        .lda = a.m > 1 ? a.rows[1].a : 0, .ldc = a.m > 1 && !table ? a.rows[1].c : 0,
        .a_at = table ? a.a_at : NULL, .b_at = table ? a.b_at : NULL, .to = {.g = g.at, .ld = ldg, .add = mn_toss()},
    };
    for (int64_t r = 0; r < a.runs; r++)
        kernels->outer(&o, r, 0, a.run);
    check_outer(&o, &a, d, &g);
    float *cut = mn_net_floats(g.n + 2 * GUARD);
    memcpy(cut, g.copy, (size_t)(g.n + 2 * GUARD) * sizeof(float));
    o.to.g = cut + (g.at - g.all);
    for (int64_t r = 0; r < a.runs; r++)
        for (int64_t l = 0, n; l < a.run; l += n) {
            n = mn_min(a.run - l, mn_draw(1, 60));
            kernels->outer(&o, r, l, l + n);
        }
    mn_same("outer in pieces", cut, g.all, (size_t)(g.n + 2 * GUARD));
    free(cut);
    free_layout(&a);
    mn_guarded_destroy(&g);
    free(d);
}

START_TEST(gradients_of_a_product)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS / 2; i++)
        run_outer(kernels, mn_toss());
}
END_TEST

START_TEST(sums_of_columns)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS; i++) {
        const int64_t m = mn_draw(0, 90), n = mn_draw(1, 70), ldd = n + mn_draw(0, 3), from = mn_draw(0, n);
        const bool add = mn_toss();
        float *d = mn_net_floats(m * ldd);
        mn_net_fill(&mn_stream, d, m * ldd, -1, 1);
        mn_guarded out = mn_guarded_create(n);
        float *whole = mn_net_floats(n);
        memcpy(whole, out.at, (size_t)n * sizeof(float));
        kernels->column_sums(whole, d, m, n, ldd, add);
        kernels->column_sums(out.at, d, m, from, ldd, add);
        kernels->column_sums(out.at + from, d + from, m, n - from, ldd, add);
        mn_same("column sums in pieces", out.at, whole, (size_t)n);
        bool *written = mn_flags(n, true);
        mn_guarded_check("column_sums", &out, written);
        for (int64_t j = 0; j < n; j++) {
            double sum = add ? (double)mn_guarded_before(&out, j) : 0, magnitude = fabs(sum);
            for (int64_t r = 0; r < m; r++) {
                sum += (double)d[r * ldd + j];
                magnitude += fabs((double)d[r * ldd + j]);
            }
            mn_within(fabs((double)whole[j] - sum), mn_bound(m, magnitude));
        }
        free(written);
        free(whole);
        mn_guarded_destroy(&out);
        free(d);
    }
}
END_TEST

/* One long sum of equal numbers is rounded in the same direction for thousands of times: a bias behind a large
 * batch. */
START_TEST(long_sums_of_columns_lose_few_bits)
{
    enum { M = 40000, N = 3 };
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    float *d = mn_net_floats(M * N), sums[N];
    const float values[N] = {0.1f, -0.7f, 1.1f};
    for (int64_t i = 0; i < M * N; i++)
        d[i] = values[i % N];
    kernels->column_sums(sums, d, M, N, N, false);
    for (int j = 0; j < N; j++) /* 2 sqrt(M) units: what sums of sqrt(M) sums need at most */
        mn_within(fabs((double)sums[j] - M * (double)values[j]),
                    2 * sqrt(M) * (double)FLT_EPSILON / 2 * M * fabs((double)values[j]));
    free(d);
}
END_TEST

START_TEST(the_best_table_is_the_last_one_unless_another_is_forced)
{
    const mn_kernels *best = NULL;
    int32_t n = 0;
    mn_kernels_force(NULL); /* MIRNET_TEST_KERNELS forces one from the start */
    while (mn_kernels_at(n))
        best = mn_kernels_at(n++);
    ck_assert_str_eq(mn_kernels_at(0)->name, "c");
    ck_assert_ptr_eq(mn_kernels_get(), best);
    mn_kernels_force(mn_kernels_at(0));
    ck_assert_str_eq(mn_kernels_name(), "c");
    mn_kernels_force(NULL);
    ck_assert_ptr_eq(mn_kernels_get(), best);
    ck_assert_int_ge(n, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *tc = tcase_create("products");
    int32_t tables = 0; /* every case runs once for each */
    while (mn_test_kernels_at(tables))
        tables++;
    mn_stream = mn_seed();
    tcase_add_loop_test(tc, products_of_rows_at_equal_distances, 0, tables);
    tcase_add_loop_test(tc, products_of_rows_from_a_table_with_ragged_runs, 0, tables);
    tcase_add_loop_test(tc, a_nan_in_either_factor_stays_one, 0, tables);
    tcase_add_loop_test(tc, gradients_of_a_product, 0, tables);
    tcase_add_loop_test(tc, sums_of_columns, 0, tables);
    tcase_add_loop_test(tc, long_sums_of_columns_lose_few_bits, 0, tables);
    tcase_add_test(tc, the_best_table_is_the_last_one_unless_another_is_forced);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
