/* skip_tmpl.h - C = A B where much of A is zero */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

/*
 * Rule: a float of A that is zero adds nothing to any sum, so its row of B is passed over. The rows of A are walked
 * through one by one, the bits that say which of their floats are not zero taking the place of the innermost loop.
 * Proof: the sums of a block of K begin at +0, which adding +0 or -0 to leaves as it is, and the others are added in
 * the same order by the same instruction: not a bit differs from `tile`, but for the sign of a sum that underflowed
 * to zero. It stops where B is not finite (there a zero in A makes a NaN, passed over here), and where so little is
 * zero that rows taken six at a time are faster.
 */

/* Floats of K at a time, a word of bits: their rows of B, of as many panels as there are registers for, and the sums
 * of SKIP_ROWS rows are to stay in the first-level cache. */
enum { SKIP_RUN = 64, SKIP_ROWS = 96, SKIP_COLUMNS = MN_SKIP * WIDTH };

/* `n` bits, at most 64, from place `at` on. */
INLINE uint64_t bits_at(const uint64_t *bits, int64_t at, int64_t n)
{
    const int64_t shift = at % 64;
    uint64_t w = bits[at / 64] >> shift;
    if (shift + n > 64)
        w |= bits[at / 64 + 1] << (64 - shift);
    return n < 64 ? w & ((UINT64_C(1) << n) - 1) : w;
}

/* sums[] += a[l] B[l] over the bits l that are set, from zero if they are fresh; B's rows are ldb floats long, its
 * panels `apart`. */
INLINE void skip_row(float *sums, bool fresh, const float *a, uint64_t bits, const float *b, int64_t ldb, int64_t apart,
                     const int panels)
{
    vec sum[MN_SKIP * VECS];
    const float *panel[MN_SKIP];
    UNROLL
    for (int p = 0; p < panels; p++)
        panel[p] = b + p * apart;
    UNROLL
    for (int v = 0; v < panels * VECS; v++)
        sum[v] = fresh ? (vec){0} : load(sums + v * LANES);
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

/* At most SKIP_ROWS rows and `panels` panels over one block of K. `columns` is how many of the columns exist: the
 * last panel is filled with zeros. */
INLINE void skip_tile(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, const int panels,
                      int64_t columns)
{
    float sums[SKIP_ROWS * SKIP_COLUMNS] __attribute__((aligned(64)));
    const int64_t ldb = g->ldb ? g->ldb : WIDTH, apart = g->ldb ? WIDTH : g->k_packed * WIDTH;
    mn_row plain;
    for (int64_t r = k->r0; r < k->r1; r++)
        for (int64_t l = k->l0; l < k->l1; l += SKIP_RUN) {
            const int64_t n = mn_min(SKIP_RUN, k->l1 - l), at = (g->a_at ? g->a_at[r] : r * g->run) + l;
            const float *b = b_row(g, col, (g->b_at ? g->b_at[r] : r * g->run) + l);
            for (int64_t m = row0; m < row1; m++) {
                const mn_row *row = row_of(g, m, &plain);
                const bool fresh = l == k->l0 && r == mn_max(row->first, k->r0);
                if (r >= row->first && r < row->last)
                    skip_row(sums + (m - row0) * SKIP_COLUMNS, fresh, g->x + row->a + at,
                             bits_at(g->nonzero, row->a + at, n), b, ldb, apart, panels);
            }
        }
    for (int64_t m = row0; m < row1; m++) {
        const mn_row *row = row_of(g, m, &plain);
        const bool none = mn_max(row->first, k->r0) >= mn_min(row->last, k->r1);
        const float *sum = sums + (m - row0) * SKIP_COLUMNS;
        for (int64_t c = 0; c < mn_min(columns, panels * WIDTH); c += LANES)
            finish(g, k, g->y + row->c + col + c, none ? (vec){0} : load(sum + c), col + c, columns - c);
    }
}

static void skip_panels(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, int64_t panels,
                        int64_t columns)
{
    switch (panels) {
#if MN_SKIP > 4
    case 7: skip_tile(g, k, row0, row1, col, 7, columns); break;
    case 6: skip_tile(g, k, row0, row1, col, 6, columns); break;
    case 5: skip_tile(g, k, row0, row1, col, 5, columns); break;
#endif
#if MN_SKIP > 2
    case 4: skip_tile(g, k, row0, row1, col, 4, columns); break;
    case 3: skip_tile(g, k, row0, row1, col, 3, columns); break;
#endif
    case 2: skip_tile(g, k, row0, row1, col, 2, columns); break;
    default: skip_tile(g, k, row0, row1, col, 1, columns); break;
    }
}

static void gemm_skip(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col0, int64_t col1)
{
    for (int64_t m = row0; m < row1; m += SKIP_ROWS) {
        int64_t left = mn_ceil_div(col1 - col0, WIDTH), col = col0;
        while (left > 0) {
            const int64_t panels = mn_ceil_div(left, mn_ceil_div(left, MN_SKIP)); /* about as many each time */
            skip_panels(g, k, m, mn_min(row1, m + SKIP_ROWS), col, panels, col1 - col);
            left -= panels;
            col += panels * WIDTH;
        }
    }
}
