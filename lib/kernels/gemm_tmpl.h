/* gemm_tmpl.h - C = A B */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

/* Rows of B that are asked for ahead: the way from the third-level cache takes about as long as so many. */
enum { FETCH = 32 };

/* Floats of K that are summed in registers, from zero, before they are added to C: a panel of B of this height stays
 * in the first-level cache, and sums of sums lose fewer bits than one long sum. */
enum { K_BLOCK = 256 };

static const float zeros[K_BLOCK];

/* So few rows are made over several panels at a time; a single one over one panel where that is wide: weights, which
 * come from a cache further away, do not come faster than its few sums are ready. */
enum { LOW = 3, LOW_PANELS = 4, LOW_ONE = WIDTH < 64 ? LOW_PANELS : 1 };

/* A block of K: runs r0..r1 - 1, of each the floats l0..l1 - 1. More than one run only with whole runs. */
typedef struct block {
    int64_t r0, r1, l0, l1;
    bool first, last; /* of the product */
} block;

INLINE const mn_row *row_of(const mn_gemm *g, int64_t m, mn_row *plain)
{
    if (g->rows)
        return &g->rows[m];
    *plain = (mn_row){m * g->lda, m * g->ldc, 0, (int32_t)g->runs};
    return plain;
}

/* Where run r begins, in a row of A or among the rows of B: `at` is a_at or b_at. */
INLINE int64_t run_at(const int64_t *at, int64_t r, int64_t run)
{
    return at ? at[r] : r * run;
}

/* Where B's row k begins for the panel of column col. */
INLINE const float *panel_row(const mn_gemm *g, int64_t col, int64_t k)
{
    const int64_t panel = col / WIDTH;
    return g->b + (panel * g->k_packed + k) * WIDTH + (col - panel * WIDTH);
}

/* Adds a block's sums to a row of C at y, and does what comes before the first block and behind the last one. What is
 * to be done is asked once, not for each vector. `columns` exist, the last vector may have fewer than it has lanes. */
INLINE void finish(const mn_gemm *g, const block *k, float *y, vec *sum, int64_t col, const int vecs, int64_t columns)
{
    const int last = vecs - 1;
    const int64_t n = columns - last * LANES;
    const bool whole = n >= LANES;
    if (k->first && g->bias)
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[v] += load_up_to(g->bias + col + v * LANES, v < last || whole, n);
    if (!k->first || g->add)
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[v] += load_up_to(y + v * LANES, v < last || whole, n);
    if (k->last && g->relu)
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[v] = at_least(sum[v], (vec){0});
    UNROLL
    for (int v = 0; v < vecs; v++)
        store_up_to(y + v * LANES, sum[v], v < last || whole, n);
}

/* `height` rows and `vecs` vectors of C over one block of K. `columns` is how many of the columns exist. */
INLINE void tile(const mn_gemm *g, const block *k, int64_t row, int64_t col, const int height, const int vecs,
                 int64_t columns)
{
    const mn_row *rows[TILE];
    mn_row plain[TILE];
    float *y[TILE];
    vec sum[TILE][VECS];
    UNROLL
    for (int i = 0; i < height; i++) {
        rows[i] = row_of(g, row + i, &plain[i]);
        y[i] = g->y + rows[i]->c + col;
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[i][v] = (vec){0};
    }
    int64_t r0 = k->r1, r1 = k->r0; /* the runs that some row has */
    UNROLL
    for (int i = 0; i < height; i++) {
        r0 = mn_min(r0, rows[i]->first);
        r1 = mn_max(r1, rows[i]->last);
    }
    for (int64_t r = mn_max(r0, k->r0), end = mn_min(r1, k->r1); r < end; r++) {
        const float *a[TILE];
        int64_t at = run_at(g->a_at, r, g->run) + k->l0;
        const float *b = panel_row(g, col, run_at(g->b_at, r, g->run) + k->l0);
        UNROLL
        for (int i = 0; i < height; i++)
            a[i] = r >= rows[i]->first && r < rows[i]->last ? g->x + rows[i]->a + at : zeros;
        for (int64_t l = 0, n = k->l1 - k->l0; l < n; l++, b += WIDTH) {
            vec bv[VECS];
            UNROLL
            for (int v = 0; v < vecs; v++)
                bv[v] = keep(load(b + v * LANES));
            fetch(b + FETCH * WIDTH, vecs);
            UNROLL
            for (int i = 0; i < height; i++) {
                vec av = splat(a[i][l]);
                UNROLL
                for (int v = 0; v < vecs; v++)
                    sum[i][v] = multiply_sum(av, bv[v], sum[i][v]);
            }
        }
    }
    UNROLL
    for (int i = 0; i < height; i++)
        finish(g, k, y[i], sum[i], col, vecs, columns);
}

INLINE void tile_rows(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, const int vecs,
                      int64_t columns)
{
    /* Tiles of about equal height: a low one would wait for its few sums. */
    for (int64_t row = row0, tiles = mn_ceil_div(row1 - row0, TILE), height; tiles > 0; tiles--, row += height) {
        height = mn_ceil_div(row1 - row, tiles);
        switch (height) {
#if MN_TILE > 5
        case 6: tile(g, k, row, col, 6, vecs, columns); break;
        case 5: tile(g, k, row, col, 5, vecs, columns); break;
#endif
        case 4: tile(g, k, row, col, 4, vecs, columns); break;
        case 3: tile(g, k, row, col, 3, vecs, columns); break;
        case 2: tile(g, k, row, col, 2, vecs, columns); break;
        default: tile(g, k, row, col, 1, vecs, columns); break;
        }
    }
}

/* `height` rows, too few to keep the units busy with one panel, over `panels` neighbours. The sums are those of
 * `tile`. */
INLINE void low_tile(const mn_gemm *g, const block *k, int64_t row, int64_t col, const int height, const int panels)
{
    const mn_row *rows[LOW];
    mn_row plain[LOW];
    vec sum[LOW][LOW_PANELS * VECS];
    int64_t r0 = k->r1, r1 = k->r0;
    UNROLL
    for (int i = 0; i < height; i++) {
        rows[i] = row_of(g, row + i, &plain[i]);
        r0 = mn_min(r0, rows[i]->first);
        r1 = mn_max(r1, rows[i]->last);
        UNROLL
        for (int v = 0; v < panels * VECS; v++)
            sum[i][v] = (vec){0};
    }
    for (int64_t r = mn_max(r0, k->r0), end = mn_min(r1, k->r1); r < end; r++) {
        const float *a[LOW];
        const int64_t at = run_at(g->a_at, r, g->run) + k->l0, apart = g->k_packed * WIDTH;
        const float *b = panel_row(g, col, run_at(g->b_at, r, g->run) + k->l0);
        UNROLL
        for (int i = 0; i < height; i++)
            a[i] = r >= rows[i]->first && r < rows[i]->last ? g->x + rows[i]->a + at : zeros;
        for (int64_t l = 0, n = k->l1 - k->l0; l < n; l++, b += WIDTH)
            UNROLL
            for (int v = 0; v < panels * VECS; v++) {
                const vec bv = keep(load(b + v / VECS * apart + v % VECS * LANES));
                UNROLL
                for (int i = 0; i < height; i++)
                    sum[i][v] = multiply_sum(splat(a[i][l]), bv, sum[i][v]);
            }
    }
    UNROLL
    for (int i = 0; i < height; i++)
        finish(g, k, g->y + rows[i]->c + col, sum[i], col, panels * VECS, panels * WIDTH);
}

/* The columns of as many whole panels as there are, of few rows; returns where it stopped. */
static int64_t gemm_low(const mn_gemm *g, const block *k, int64_t row, int64_t rows, int64_t col, int64_t col1)
{
    for (; rows == 1 && col + LOW_ONE * WIDTH <= col1; col += LOW_ONE * WIDTH)
        low_tile(g, k, row, col, 1, LOW_ONE);
    for (; rows == 2 && col + 2 * WIDTH <= col1; col += 2 * WIDTH)
        low_tile(g, k, row, col, 2, 2);
    for (; rows == 3 && col + 2 * WIDTH <= col1; col += 2 * WIDTH)
        low_tile(g, k, row, col, 3, 2);
    return col;
}

/* Whether a row of A is a single run, and rows are evenly apart. */
INLINE bool is_plain(const mn_gemm *g)
{
    return g->runs == 1 && g->run > 0 && !g->rows && !g->a_at && !g->b_at;
}

/* `height` rows and a panel of such a product. Less to set up than in `tile`, which short sums feel: a tenth of a
 * product with K = 128. */
INLINE void plain_tile(const mn_gemm *g, const block *k, const float *a, const float *b, float *y, int64_t col,
                       const int height)
{
    vec sum[TILE][VECS];
    float *c[TILE];
    UNROLL
    for (int i = 0; i < height; i++) {
        c[i] = y + i * g->ldc;
        UNROLL
        for (int v = 0; v < VECS; v++)
            sum[i][v] = (vec){0};
    }
    for (const float *end = b + (k->l1 - k->l0) * WIDTH; b < end; b += WIDTH, a++) {
        vec bv[VECS];
        UNROLL
        for (int v = 0; v < VECS; v++)
            bv[v] = keep(load(b + v * LANES));
        fetch(b + FETCH * WIDTH, VECS);
        UNROLL
        for (int i = 0; i < height; i++) {
            const vec av = splat(a[i * g->lda]);
            UNROLL
            for (int v = 0; v < VECS; v++)
                sum[i][v] = multiply_sum(av, bv[v], sum[i][v]);
        }
    }
    UNROLL
    for (int i = 0; i < height; i++)
        finish(g, k, c[i], sum[i], col, VECS, WIDTH);
}

/* Whole panels over rows that are cut into `taller` tiles of a row more than `height`, then `tiles` of that height. */
INLINE void plain_panels(const mn_gemm *g, const block *k, int64_t row0, int64_t col, int64_t col1, int64_t taller,
                         int64_t tiles, const int height)
{
    const int more = height < TILE ? height + 1 : TILE;
    const float *b = panel_row(g, col, k->l0);
    for (; col < col1; col += WIDTH, b += g->k_packed * WIDTH) {
        const float *a = g->x + row0 * g->lda + k->l0;
        float *y = g->y + row0 * g->ldc + col;
        for (int64_t t = 0; t < taller; t++, a += more * g->lda, y += more * g->ldc)
            plain_tile(g, k, a, b, y, col, more);
        for (int64_t t = 0; t < tiles; t++, a += height * g->lda, y += height * g->ldc)
            plain_tile(g, k, a, b, y, col, height);
    }
}

static void gemm_plain(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, int64_t col1)
{
    const int64_t rows = row1 - row0, tiles = mn_ceil_div(rows, TILE), taller = rows % tiles, others = tiles - taller;
    switch (rows / tiles) {
#if MN_TILE > 5
    case 6: plain_panels(g, k, row0, col, col1, taller, others, 6); break;
    case 5: plain_panels(g, k, row0, col, col1, taller, others, 5); break;
#endif
    case 4: plain_panels(g, k, row0, col, col1, taller, others, 4); break;
    case 3: plain_panels(g, k, row0, col, col1, taller, others, 3); break;
    case 2: plain_panels(g, k, row0, col, col1, taller, others, 2); break;
    default: plain_panels(g, k, row0, col, col1, taller, others, 1); break;
    }
}

static void gemm_full(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col)
{
    tile_rows(g, k, row0, row1, col, VECS, WIDTH);
}

static void gemm_narrow(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, int64_t columns)
{
    tile_rows(g, k, row0, row1, col, 1, columns);
}

#include "kernels/skip_tmpl.h"

static void gemm_block(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col0, int64_t col1)
{
    int64_t col = col0;
    if (g->nonzero) {
        gemm_skip(g, k, row0, row1, col0, col1);
        return;
    }
    if (row1 - row0 <= LOW)
        col = gemm_low(g, k, row0, row1 - row0, col0, col1);
    if (row0 < row1 && is_plain(g)) {
        const int64_t whole = col1 - (col1 - col) % WIDTH;
        gemm_plain(g, k, row0, row1, col, whole);
        col = whole;
    }
    for (; col + WIDTH <= col1; col += WIDTH)
        gemm_full(g, k, row0, row1, col);
    for (; col < col1; col += LANES)
        gemm_narrow(g, k, row0, row1, col, mn_min(LANES, col1 - col));
}

static void gemm(const mn_gemm *g, int64_t row0, int64_t row1, int64_t col0, int64_t col1)
{
    if (g->runs == 0 || g->run == 0) {
        gemm_block(g, &(block){0, 0, 0, 0, true, true}, row0, row1, col0, col1);
        return;
    }
    if (g->run >= K_BLOCK) {
        for (int64_t r = 0; r < g->runs; r++)
            for (int64_t l = 0; l < g->run; l += K_BLOCK) {
                block k = {r, r + 1, l, mn_min(g->run, l + K_BLOCK), r == 0 && l == 0,
                           r == g->runs - 1 && l + K_BLOCK >= g->run};
                gemm_block(g, &k, row0, row1, col0, col1);
            }
        return;
    }
    const int64_t together = K_BLOCK / g->run;
    for (int64_t r = 0; r < g->runs; r += together) {
        block k = {r, mn_min(g->runs, r + together), 0, g->run, r == 0, r + together >= g->runs};
        gemm_block(g, &k, row0, row1, col0, col1);
    }
}
