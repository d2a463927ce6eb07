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

/* Floats of K at a time, a word of bits: their rows of B, of as many vectors as there are registers for, and the sums
 * of SKIP_ROWS rows are to stay in the first-level cache. SKIP_LOW rows or fewer hardly read B twice. */
enum { SKIP_RUN = 64, SKIP_ROWS = 64, SKIP_LOW = 8, SKIP_VECS = MN_SKIP * VECS };

/* A row of A over a word of K: where it begins, which of its floats are not zero, and the sums that they go to. */
typedef struct skip_word {
    uint64_t bits;
    const float *a;
    float *sums;
} skip_word;

/* `n` bits, at most 64, from place `at` on. */
INLINE uint64_t bits_at(const uint64_t *bits, int64_t at, int64_t n)
{
    const int64_t shift = at % 64;
    uint64_t w = bits[at / 64] >> shift;
    if (shift + n > 64)
        w |= bits[at / 64 + 1] << (64 - shift);
    return n < 64 ? w & ((UINT64_C(1) << n) - 1) : w;
}

/* The rows of a tile, whose sums are `stride` floats apart, that have something in the word of `n` floats at place l of
 * run r; returns how many. They are listed first: in front of each row's sums, this would keep them waiting. */
INLINE int64_t skip_words(skip_word *words, const mn_gemm *g, int64_t r, int64_t l, int64_t n, int64_t row0,
                          int64_t row1, float *sums, const int stride)
{
    const int64_t place = run_at(g->a_at, r, g->run) + l;
    int64_t count = 0;
    mn_row plain;
    for (int64_t m = row0; m < row1; m++, sums += stride) {
        const mn_row *row = row_of(g, m, &plain);
        if (r < row->first || r >= row->last)
            continue;
        words[count] = (skip_word){bits_at(g->nonzero, row->a + place, n), g->x + row->a + place, sums};
        count += words[count].bits != 0;
    }
    return count;
}

/* sum[] += a[l] B[l] over the bits l that are set; B's rows are ldb floats long, its panels `apart`. */
INLINE void skip_add(vec *sum, uint64_t bits, const float *a, const float *b, int64_t ldb, int64_t apart,
                     const int vecs)
{
    const float *panel[MN_SKIP];
    UNROLL
    for (int p = 0; p * VECS < vecs; p++)
        panel[p] = b + p * apart;
    for (; bits; bits &= bits - 1) {
        const int64_t l = __builtin_ctzll(bits);
        const vec av = splat(a[l]);
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[v] = multiply_sum(av, load(panel[v / VECS] + l * ldb + v % VECS * LANES), sum[v]);
    }
}

/* The same to a word's sums in memory. */
INLINE void skip_row(const skip_word *word, const float *b, int64_t ldb, int64_t apart, const int vecs)
{
    vec sum[SKIP_VECS];
    UNROLL
    for (int v = 0; v < vecs; v++)
        sum[v] = load(word->sums + v * LANES);
    skip_add(sum, word->bits, word->a, b, ldb, apart, vecs);
    UNROLL
    for (int v = 0; v < vecs; v++)
        store(word->sums + v * LANES, sum[v]);
}

/* Where B's row k begins in column col, which a panel starts with. */
INLINE const float *b_row(const mn_gemm *g, int64_t col, int64_t k)
{
    return g->ldb ? g->b + k * g->ldb + col : panel_row(g, col, k);
}

/* Row m of a tile, from its sums. */
INLINE void skip_finish(const mn_gemm *g, const block *k, int64_t m, int64_t col, const float *sums, const int vecs,
                        int64_t columns)
{
    mn_row plain;
    vec sum[SKIP_VECS];
    UNROLL
    for (int v = 0; v < vecs; v++)
        sum[v] = load(sums + v * LANES);
    finish(g, k, g->y + row_of(g, m, &plain)->c + col, sum, col, vecs, columns);
}

/* A tile of few rows, each over the whole block of K with its sums in registers. */
INLINE void skip_low(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, const int vecs,
                     int64_t columns)
{
    const int64_t ldb = g->ldb ? g->ldb : WIDTH, apart = g->ldb ? WIDTH : g->k_packed * WIDTH;
    for (int64_t m = row0; m < row1; m++) {
        mn_row plain;
        const mn_row *row = row_of(g, m, &plain);
        vec sum[SKIP_VECS];
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[v] = (vec){0};
        for (int64_t r = mn_max(k->r0, row->first), end = mn_min(k->r1, row->last); r < end; r++)
            for (int64_t l = k->l0; l < k->l1; l += SKIP_RUN) {
                const int64_t place = row->a + run_at(g->a_at, r, g->run) + l;
                const uint64_t bits = bits_at(g->nonzero, place, mn_min(SKIP_RUN, k->l1 - l));
                const float *b = b_row(g, col, run_at(g->b_at, r, g->run) + l);
                skip_add(sum, bits, g->x + place, b, ldb, apart, vecs);
            }
        finish(g, k, g->y + row->c + col, sum, col, vecs, columns);
    }
}

/* At most SKIP_ROWS rows and `vecs` vectors, in which the `columns` end or are whole, over one block of K. */
INLINE void skip_tile(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, const int vecs,
                      int64_t columns)
{
    float sums[SKIP_ROWS * SKIP_VECS * LANES] __attribute__((aligned(64)));
    skip_word words[SKIP_ROWS];
    if (row1 - row0 <= SKIP_LOW) {
        skip_low(g, k, row0, row1, col, vecs, columns);
        return;
    }
    const int64_t ldb = g->ldb ? g->ldb : WIDTH, apart = g->ldb ? WIDTH : g->k_packed * WIDTH;
    memset(sums, 0, (size_t)((row1 - row0) * vecs * LANES) * sizeof(float));
    for (int64_t r = k->r0; r < k->r1; r++)
        for (int64_t l = k->l0; l < k->l1; l += SKIP_RUN) {
            const int64_t n = mn_min(SKIP_RUN, k->l1 - l);
            const int64_t count = skip_words(words, g, r, l, n, row0, row1, sums, vecs * LANES);
            const float *b = b_row(g, col, run_at(g->b_at, r, g->run) + l);
            for (int64_t i = 0; i < count; i++)
                skip_row(&words[i], b, ldb, apart, vecs);
        }
    for (int64_t m = row0; m < row1; m++)
        skip_finish(g, k, m, col, sums + (m - row0) * vecs * LANES, vecs, columns);
}

static void skip_vecs(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, int64_t vecs,
                      int64_t columns)
{
    switch (vecs) {
#if MN_SKIP * MN_VECS > 12
    case 14: skip_tile(g, k, row0, row1, col, 14, columns); break;
    case 13: skip_tile(g, k, row0, row1, col, 13, columns); break;
#endif
#if MN_SKIP * MN_VECS > 8
    case 12: skip_tile(g, k, row0, row1, col, 12, columns); break;
    case 11: skip_tile(g, k, row0, row1, col, 11, columns); break;
    case 10: skip_tile(g, k, row0, row1, col, 10, columns); break;
    case 9: skip_tile(g, k, row0, row1, col, 9, columns); break;
#endif
    case 8: skip_tile(g, k, row0, row1, col, 8, columns); break;
    case 7: skip_tile(g, k, row0, row1, col, 7, columns); break;
    case 6: skip_tile(g, k, row0, row1, col, 6, columns); break;
    case 5: skip_tile(g, k, row0, row1, col, 5, columns); break;
    case 4: skip_tile(g, k, row0, row1, col, 4, columns); break;
    case 3: skip_tile(g, k, row0, row1, col, 3, columns); break;
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
            const int64_t vecs = mn_min(panels * VECS, mn_ceil_div(col1 - col, LANES));
            skip_vecs(g, k, m, mn_min(row1, m + SKIP_ROWS), col, vecs, col1 - col);
            left -= panels;
            col += panels * WIDTH;
        }
    }
}
