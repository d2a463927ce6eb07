/* test_zeros.c - products that pass zeros over have the bits of those that do not, in every table of kernels */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mn_example.h"
#include "mn_net.h"
#include "mn_sparse.h"

enum { GUARD = 67, ROUNDS = 100 };

static uint64_t seed;

static int64_t pick(int64_t low, int64_t high)
{
    return mn_example_draw(&seed, low, high);
}

static bool toss(void)
{
    return pick(0, 1) == 1;
}

/* What is written lies between numbers that must not change, at a place that is aligned to nothing but 4 bytes. One of
 * these goes through the plain kernel, its copy through the other; all of both is compared. */
static float *between_guards(int64_t n)
{
    float *made = mn_net_floats(n + 2 * GUARD);
    mn_net_fill(&seed, made, n + 2 * GUARD, -1, 1);
    return made;
}

START_TEST(zeros_are_found)
{
    static const float others[] = {1.0f, -2.5f, NAN, -NAN, INFINITY, -INFINITY, 1e-40f, -1e-45f, 1e-38f};
    enum { MOST = 300, WORDS = MOST / 64 + 2, BEHIND = 16 };
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    float x[MOST + BEHIND + 3];
    uint64_t bits[WORDS];
    for (int64_t n = 0; n <= MOST; n++)
        for (int round = 0; round < 4; round++) {
            const double density = mn_density(&seed);
            float *at = x + pick(0, 3);
            for (int64_t i = 0; i < n + BEHIND; i++)
                at[i] = i >= n || mn_sparse(&seed, density) != 0 ? others[pick(0, 8)] : mn_sparse(&seed, 0);
            memset(bits, 0xAA, sizeof(bits));
            /* In the library's mode a number below FLT_MIN multiplies as zero, so there it has to be one. */
            const uint64_t mode = round % 2 ? mn_denormals_flush() : 0;
            const int64_t count = kernels->find_nonzero(bits, at, n);
            uint64_t want[WORDS] = {0};
            int64_t found = 0;
            for (int64_t i = 0; i < n; i++) {
                want[i / 64] |= (uint64_t)(at[i] != 0) << i % 64;
                found += at[i] != 0;
            }
            if (round % 2)
                mn_denormals_restore(mode);
            for (int64_t i = mn_ceil_div(n, 64); i < WORDS; i++)
                want[i] = UINT64_C(0xAAAAAAAAAAAAAAAA);
            ck_assert_msg(memcmp(bits, want, sizeof(bits)) == 0, "bits of %d floats", (int)n);
            ck_assert_int_eq(count, found);
            ck_assert_int_eq(kernels->count_bits(bits, mn_ceil_div(n, 64)), found);
        }
}
END_TEST

/* -- Products ------------------------------------------------------------------------------------------------------ */

/* Rows of A in runs, as a convolution has them: they overlap, begin at any bit of a word, and those at both ends lack
 * some runs. Floats that are never to be read are NaN. */
typedef struct sparse_rows {
    int64_t m, n, runs, run, b_rows, x_size, y_size, lda, ldc;
    bool table;
    mn_row *rows;
    int64_t *a_at, *b_at;
    float *x;
    uint64_t *bits;
} sparse_rows;

static void shuffle(int64_t *items, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = pick(0, i), kept = items[i];
        items[i] = items[j];
        items[j] = kept;
    }
}

/* Rows `step` floats apart, the first one `before` floats in front of x. */
static void fill_rows(sparse_rows *s, int64_t step, int64_t before)
{
    int64_t *order = calloc((size_t)s->m, sizeof(*order));
    ck_assert_ptr_nonnull(order);
    for (int64_t i = 0; i < s->m; i++)
        order[i] = i;
    if (s->table)
        shuffle(order, s->m);
    for (int64_t i = 0; i < s->m; i++) {
        mn_row *row = &s->rows[i];
        *row = (mn_row){.a = i * step - before, .c = order[i] * s->ldc, .first = 0, .last = (int32_t)s->runs};
        while (row->first < s->runs && row->a + s->a_at[row->first] < 0)
            row->first++;
        while (row->last > row->first && row->a + s->a_at[row->last - 1] + s->run > s->x_size)
            row->last--;
        if (s->table && pick(0, 3) == 0)
            row->first = (int32_t)pick(row->first, row->last);
        if (s->table && pick(0, 3) == 0)
            row->last = (int32_t)pick(row->first, row->last);
    }
    free(order);
}

static void fill_x(const mn_kernels *kernels, sparse_rows *s)
{
    const double density = mn_density(&seed);
    s->x = mn_net_floats(s->x_size);
    for (int64_t i = 0; i < s->x_size; i++)
        s->x[i] = NAN;
    for (int64_t i = 0; i < s->m; i++)
        for (int64_t r = s->rows[i].first; r < s->rows[i].last; r++)
            for (int64_t l = 0; l < s->run; l++) {
                float *x = s->x + s->rows[i].a + s->a_at[r] + l;
                if (isnan(*x))
                    *x = mn_sparse(&seed, density);
            }
    s->bits = mn_bits(kernels, s->x, s->x_size);
}

static sparse_rows any_rows(const mn_kernels *kernels, int64_t most_m, int64_t most_n)
{
    const int64_t kind = pick(0, 9);
    sparse_rows s = {.m = pick(1, most_m), .n = pick(1, most_n), .table = toss()};
    if (toss()) /* whole panels */
        s.n = kernels->width * pick(1, most_n / kernels->width);
    s.runs = kind == 0 ? 0 : kind == 1 ? pick(60, 300) : kind == 2 ? pick(1, 2) : pick(1, 5);
    s.run = kind == 1 ? pick(1, 4) : kind == 2 ? pick(250, 530) : kind == 3 ? 64 * pick(1, 3) : pick(1, 300);
    const int64_t gap = s.table ? pick(0, 3) : 0, depth = s.runs * (s.run + gap);
    s.lda = depth + pick(0, 3);
    s.ldc = s.n + pick(0, 3);
    s.rows = calloc((size_t)s.m, sizeof(*s.rows));
    s.a_at = calloc((size_t)s.runs + 1, sizeof(*s.a_at));
    s.b_at = calloc((size_t)s.runs + 1, sizeof(*s.b_at));
    ck_assert(s.rows && s.a_at && s.b_at);
    for (int64_t r = 0; r < s.runs; r++) {
        s.a_at[r] = r * (s.run + gap);
        s.b_at[r] = r * s.run;
    }
    if (s.table)
        shuffle(s.b_at, s.runs);
    s.b_rows = s.runs * s.run + (s.table ? pick(0, 5) : 0);
    const int64_t step = s.table ? pick(1, 2 * s.run) : s.lda;
    s.x_size = (s.m - 1) * step + (s.table ? pick(1, depth + 1) : depth + 1);
    s.y_size = s.m * s.ldc;
    fill_rows(&s, step, s.table ? pick(0, depth) : 0);
    fill_x(kernels, &s);
    return s;
}

static void free_rows(sparse_rows *s)
{
    free(s->rows);
    free(s->a_at);
    free(s->b_at);
    free(s->x);
    free(s->bits);
}

/* In calls that share out rows and columns: as products.c cuts them, or smaller. */
static void gemm_in_pieces(const mn_kernels *kernels, const mn_gemm *g)
{
    const bool large = toss();
    for (int64_t row = 0, rows; row < g->m; row += rows) {
        rows = mn_min(g->m - row, large ? 48 : pick(1, 9));
        for (int64_t col = 0, columns; col < g->n; col += columns) {
            columns = mn_min(g->n - col, large ? 64 : pick(1, 3) * kernels->width);
            kernels->gemm(g, row, row + rows, col, col + columns);
        }
    }
}

START_TEST(products_that_pass_zeros_over)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS; i++) {
        sparse_rows s = any_rows(kernels, 120, 200);
        const int64_t all = s.y_size + 2 * GUARD, place = GUARD - pick(0, 7), ldb = s.n + pick(0, 3);
        float *b = mn_net_floats(s.b_rows * ldb), *bias = mn_net_floats(s.n), *want = between_guards(s.y_size);
        float *packed = mn_net_floats((int64_t)mn_packed_size(kernels, s.b_rows, s.n));
        float *got = mn_copy(want, all), *cut = mn_copy(want, all);
        mn_net_fill(&seed, b, s.b_rows * ldb, -1, 1);
        mn_net_fill(&seed, bias, s.n, -1, 1);
        mn_pack(kernels, packed, s.b_rows, 0, b, s.b_rows, s.n, ldb, 0, mn_panels(kernels, s.n));
        mn_gemm g = {
            .m = s.m, .n = s.n, .runs = s.runs, .run = s.run, .x = s.x, .y = want + place, .lda = s.lda, .ldc = s.ldc,
            .rows = s.table ? s.rows : NULL, .a_at = s.table ? s.a_at : NULL, .b_at = s.table ? s.b_at : NULL,
            .b = packed, .k_packed = s.b_rows, .bias = toss() ? bias : NULL, .add = toss(), .relu = toss(),
        };
        kernels->gemm(&g, 0, g.m, 0, g.n);
        g.nonzero = s.bits;
        g.y = got + place;
        kernels->gemm(&g, 0, g.m, 0, g.n);
        mn_same("gemm", got, want, (size_t)all);
        g.y = cut + place;
        if (s.n % kernels->width == 0 && toss()) { /* B as it lies */
            g.b = b;
            g.ldb = ldb;
        }
        gemm_in_pieces(kernels, &g);
        mn_same("gemm in pieces", cut, want, (size_t)all);
        free_rows(&s);
        free(b);
        free(bias);
        free(packed);
        free(want);
        free(got);
        free(cut);
    }
}
END_TEST

/* Else all of the above could hold because nothing is passed over. */
START_TEST(what_only_meets_zeros_is_not_read)
{
    enum { M = 3, K = 5, N = 130, HOLE = 2 };
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    float x[M * K], b[K * N], y[M * N], *packed = mn_net_floats((int64_t)mn_packed_size(kernels, K, N));
    for (int i = 0; i < M * K; i++)
        x[i] = i % K == HOLE ? 0 : 1;
    for (int i = 0; i < K * N; i++)
        b[i] = i / N == HOLE ? NAN : 1;
    mn_pack(kernels, packed, K, 0, b, K, N, N, 0, mn_panels(kernels, N));
    uint64_t *bits = mn_bits(kernels, x, M * K);
    const mn_gemm g = {.m = M, .n = N, .runs = 1, .run = K, .x = x, .y = y, .lda = K, .ldc = N, .nonzero = bits,
                       .b = packed, .k_packed = K};
    const mn_few f = {.m = M, .ranges = 1, .to = {N}, .x = x, .w = b, .ldx = K, .ldw = N, .skips = true};
    kernels->gemm(&g, 0, M, 0, N);
    for (int i = 0; i < M * N; i++)
        ck_assert_float_eq(y[i], K - 1);
    kernels->few_forward(&f, 0, K, y, N);
    for (int i = 0; i < M * N; i++)
        ck_assert_float_eq(y[i], K - 1);
    free(bits);
    free(packed);
}
END_TEST

/* -- Gradients ----------------------------------------------------------------------------------------------------- */

/* Where a gradient goes: to one array of `size` floats, or with a step into three. Moments are positive. */
static void send_to(mn_gradient *to, float *at, int64_t size, const mn_update *update)
{
    to->g = update ? NULL : at;
    to->update = update;
    to->w = at;
    to->m = at + size;
    to->v = at + 2 * size;
}

static void outer_in_pieces(const mn_kernels *kernels, const mn_outer *o)
{
    const bool large = toss();
    for (int64_t r = 0; r < o->runs; r++)
        for (int64_t l = 0, n; l < o->run; l += n) {
            n = mn_min(o->run - l, large ? 48 : pick(1, 100));
            kernels->outer(o, r, l, l + n);
        }
}

START_TEST(gradients_that_pass_zeros_over)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS; i++) {
        sparse_rows s = any_rows(kernels, 200, 300);
        const mn_update update = {.rate = 0.01f, .beta_1 = 0.9f, .beta_2 = 0.99f, .epsilon = 1e-6f, .scale = 1};
        const mn_update *u = toss() ? &update : NULL;
        const int64_t ld = s.n + pick(0, 3), size = s.b_rows * ld, all = 3 * size + 2 * GUARD;
        const int64_t place = GUARD - pick(0, 7);
        float *d = mn_net_floats(s.y_size), *want = between_guards(3 * size);
        mn_net_fill(&seed, d, s.y_size, -1, 1);
        for (int64_t at = 0; at < size; at++)
            want[place + 2 * size + at] = fabsf(want[place + 2 * size + at]);
        float *got = mn_copy(want, all), *cut = mn_copy(want, all);
        mn_outer o = {
            .m = s.m, .n = s.n, .runs = s.runs, .run = s.run, .x = s.x, .d = d, .lda = s.lda, .ldc = s.ldc,
            .rows = s.table ? s.rows : NULL, .a_at = s.table ? s.a_at : NULL, .b_at = s.table ? s.b_at : NULL,
            .to = {.ld = ld, .add = toss()},
        };
        send_to(&o.to, want + place, size, u);
        for (int64_t r = 0; r < o.runs; r++)
            kernels->outer(&o, r, 0, o.run);
        o.nonzero = s.bits;
        send_to(&o.to, got + place, size, u);
        for (int64_t r = 0; r < o.runs; r++)
            kernels->outer(&o, r, 0, o.run);
        mn_same("outer", got, want, (size_t)all);
        send_to(&o.to, cut + place, size, u);
        outer_in_pieces(kernels, &o);
        mn_same("outer in pieces", cut, want, (size_t)all);
        free_rows(&s);
        free(d);
        free(want);
        free(got);
        free(cut);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zeros");
    TCase *tc = tcase_create("products");
    int32_t tables = 0; /* every case runs once for each */
    while (mn_test_kernels_at(tables))
        tables++;
    seed = mn_seed();
    tcase_add_loop_test(tc, zeros_are_found, 0, tables);
    tcase_add_loop_test(tc, products_that_pass_zeros_over, 0, tables);
    tcase_add_loop_test(tc, what_only_meets_zeros_is_not_read, 0, tables);
    tcase_add_loop_test(tc, gradients_that_pass_zeros_over, 0, tables);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
