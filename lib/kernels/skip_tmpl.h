/* skip_tmpl.h - C = A B where much of A is zero */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

/*
 * Rule: a float of A that is zero adds nothing to any sum, so its row of B is passed over. The rows of A are walked through one by
 * one, the bits that say which of their floats are not zero taking the place of the innermost loop. Proof: the sums of a block
 * of K begin at +0, which adding +0 or -0 to leaves as it is, and the others are added in the same order by the same
 * instruction: not a bit differs from `tile`. It stops where B is not finite (there a zero in A makes a NaN, passed over here),
 * and where so little is zero that rows taken six at a time are faster.
 */

/* Floats of K at a time, a word of bits: their rows of B, of as many panels as there are registers for, and the sums of SKIP_ROWS rows
 * share the first-level cache. */
enum { SKIP_RUN = 64, SKIP_ROWS = 96, SKIP_VECS = 8, SKIP_PANELS = SKIP_VECS / VECS, SKIP_COLUMNS = SKIP_VECS * LANES };

/* `n` bits, at most 64, from place `at` on. */
INLINE uint64_t bits_at(const uint64_t *bits, int64_t at, int64_t n)
{
    const int64_t shift = at % 64;
    uint64_t w = bits[at / 64] >> shift;
    if (shift + n > 64)
        w |= bits[at / 64 + 1] << (64 - shift);
    return n < 64 ? w & ((UINT64_C(1) << n) - 1) : w;
}

/* sums[] += a[l] B[l] over the bits l that are set; B's rows are ldb floats long, its panels `apart`. */
INLINE void skip_row(float *sums, const float *a, uint64_t bits, const float *b, int64_t ldb, int64_t apart, const int panels)
{
    vec sum[SKIP_PANELS * VECS];
    const float *panel[SKIP_PANELS];
    UNROLL
    for (int p = 0; p < panels; p++)
        panel[p] = b + p * apart;
    UNROLL
    for (int v = 0; v < panels * VECS; v++)
        sum[v] = load(sums + v * LANES);
    for (; bits; bits &= bits - 1) {
        const int64_t l = __builtin_ctzll(bits);
        const vec av = splat(a[l]);
        UNROLL
        for (int v = 0; v < panels * VECS; v++)
            sum[v] = multiply_sum(av, load(panel[v / VECS] + l * ldb + v % VECS * LANES), sum[v]);
    }
    UNROLL
    for (int v = 0; v < panels * VECS; v++)
        store(sums + v * LANES, sum[v]);
}

/* Where B's row k begins in column col, which a panel starts with. */
INLINE const float *b_row(const mn_gemm *g, int64_t col, int64_t k)
{
    return g->ldb ? g->b + k * g->ldb + col : panel_row(g, col, k);
}

/* At most SKIP_ROWS rows and `panels` panels over one block of K. `columns` is how many of the columns exist: the last panel is
 * filled with zeros. */
INLINE void skip_tile(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, const int panels,
                      int64_t columns)
{
    float sums[SKIP_ROWS * SKIP_COLUMNS] __attribute__((aligned(64)));
    const int64_t ldb = g->ldb ? g->ldb : WIDTH, apart = g->ldb ? WIDTH : g->k_packed * WIDTH;
    mn_row plain;
    memset(sums, 0, (size_t)(row1 - row0) * SKIP_COLUMNS * sizeof(float));
    for (int64_t r = k->r0; r < k->r1; r++)
        for (int64_t l = k->l0; l < k->l1; l += SKIP_RUN) {
            const int64_t n = mn_min(SKIP_RUN, k->l1 - l), at = (g->a_at ? g->a_at[r] : r * g->run) + l;
            const float *b = b_row(g, col, (g->b_at ? g->b_at[r] : r * g->run) + l);
            for (int64_t m = row0; m < row1; m++) {
                const mn_row *row = row_of(g, m, &plain);
                if (r >= row->first && r < row->last)
                    skip_row(sums + (m - row0) * SKIP_COLUMNS, g->x + row->a + at, bits_at(g->nonzero, row->a + at, n), b,
                             ldb, apart, panels);
            }
        }
    for (int64_t m = row0; m < row1; m++) {
        float *y = g->y + row_of(g, m, &plain)->c + col, *sum = sums + (m - row0) * SKIP_COLUMNS;
        for (int64_t c = 0; c < mn_min(columns, panels * WIDTH); c += LANES)
            finish(g, k, y + c, load(sum + c), col + c, columns - c);
    }
}

static void skip_full(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, int64_t columns)
{
    skip_tile(g, k, row0, row1, col, SKIP_PANELS, columns);
}

/* Fewer panels. */
static void skip_some(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, int64_t columns)
{
    switch (mn_ceil_div(columns, WIDTH)) {
#if MN_VECS < 4
    case 3: skip_tile(g, k, row0, row1, col, 3, columns); break;
    case 2: skip_tile(g, k, row0, row1, col, 2, columns); break;
#endif
    default: skip_tile(g, k, row0, row1, col, 1, columns); break;
    }
}

static void gemm_skip(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col0, int64_t col1)
{
    for (int64_t m = row0; m < row1; m += SKIP_ROWS) {
        const int64_t m1 = mn_min(row1, m + SKIP_ROWS);
        int64_t col = col0;
        for (; col + SKIP_COLUMNS - WIDTH < col1; col += SKIP_COLUMNS)
            skip_full(g, k, m, m1, col, col1 - col);
        if (col < col1)
            skip_some(g, k, m, m1, col, col1 - col);
    }
}
