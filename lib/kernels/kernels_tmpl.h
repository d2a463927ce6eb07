/* kernels_tmpl.h - the kernels, written once over a vector of MN_LANES floats; compiled once per instruction set */
/* SPDX-License-Identifier: MIT */

/*
 * The file that includes this one defines MN_LANES (floats in a vector), MN_VECS (vectors in a panel's row), MN_TILE (rows
 * of C that are computed at a time: MN_TILE * MN_VECS accumulators live in registers), MN_MULTIPLY_SUM(a, b, c) (a * b + c of
 * vectors), MN_TABLE and MN_TABLE_NAME.
 */
#include <math.h>

#include "kernels/kernels.h"

#define LANES MN_LANES
#define VECS MN_VECS
#define TILE MN_TILE
#define WIDTH (LANES * VECS)
#define INLINE static inline __attribute__((always_inline))

/* Unrolled loops keep sums in registers. Instrumented code would only grow, beyond what compilers bear. */
#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) || \
    HAS_FEATURE(thread_sanitizer) || HAS_FEATURE(undefined_behavior_sanitizer)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef float vec_at __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));

/* Floats of K that are summed in registers, from zero, before they are added to C: a panel of B of this height stays in the
 * first-level cache, and sums of sums lose fewer bits than one long sum. A plain B is read across its rows, so few of them
 * at a time. */
enum { K_BLOCK = 256, K_BLOCK_PLAIN = 16 };

static const float zeros[K_BLOCK];

INLINE vec splat(float x)
{
    return x - (vec){0};
}

INLINE vec load(const float *p)
{
    return *(const vec_at *)p;
}

INLINE void store(float *p, vec v)
{
    *(vec_at *)p = v;
}

INLINE vec load_some(const float *p, int64_t n)
{
    vec v = {0};
    memcpy(&v, p, (size_t)n * sizeof(float));
    return v;
}

INLINE void store_some(float *p, vec v, int64_t n)
{
    memcpy(p, &v, (size_t)n * sizeof(float));
}

/* Bits of a where mask is all ones, of b where it is zero. */
INLINE vec choose(ivec mask, vec a, vec b)
{
    return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}

/* a * b + c, rounded once or twice as the instruction set has it. Not as the compiler likes: it would fuse in one loop and not
 * in another, and results would depend on how rows are cut into tiles. */
INLINE vec multiply_sum(vec a, vec b, vec c)
{
    return MN_MULTIPLY_SUM(a, b, c);
}

/* A NaN stays one in these two: it must reach the loss, where it is noticed. */
INLINE vec at_least(vec a, vec floor)
{
    return choose(a < floor, floor, a);
}

INLINE vec at_most(vec a, vec ceiling)
{
    return choose(a > ceiling, ceiling, a);
}

/* -- Products ---------------------------------------------------------------------------------------------------- */

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

/* Where B's row k begins for the panel of column col. */
INLINE const float *panel_row(const mn_gemm *g, int64_t col, int64_t k, int64_t *out_step)
{
    if (!g->k_packed) {
        *out_step = g->ldb;
        return g->b + k * g->ldb + col;
    }
    int64_t panel = col / WIDTH;
    *out_step = WIDTH;
    return g->b + (panel * g->k_packed + k) * WIDTH + (col - panel * WIDTH);
}

/* `height` rows and `vecs` vectors of C over one block of K. `columns` is how many of the columns exist. */
INLINE void tile(const mn_gemm *g, const block *k, int64_t row, int64_t col, const int height, const int vecs,
                 int64_t columns)
{
    const mn_row *rows[TILE];
    mn_row plain[TILE];
    float *y[TILE];
    vec sum[TILE][VECS];
    const bool whole = columns >= vecs * LANES;
    UNROLL
    for (int i = 0; i < height; i++) {
        rows[i] = row_of(g, row + i, &plain[i]);
        y[i] = g->y + rows[i]->c + col;
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[i][v] = (vec){0};
    }
    for (int64_t r = k->r0; r < k->r1; r++) {
        const float *a[TILE];
        int64_t at = (g->a_at ? g->a_at[r] : r * g->run) + k->l0, step;
        const float *b = panel_row(g, col, (g->b_at ? g->b_at[r] : r * g->run) + k->l0, &step);
        UNROLL
        for (int i = 0; i < height; i++)
            a[i] = r >= rows[i]->first && r < rows[i]->last ? g->x + rows[i]->a + at : zeros;
        for (int64_t l = 0, n = k->l1 - k->l0; l < n; l++, b += step) {
            vec bv[VECS];
            UNROLL
            for (int v = 0; v < vecs; v++)
                bv[v] = load(b + v * LANES);
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
        UNROLL
        for (int v = 0; v < vecs; v++) {
            if (k->first && g->bias)
                sum[i][v] += whole ? load(g->bias + col + v * LANES) : load_some(g->bias + col, columns);
            if (!k->first || g->add)
                sum[i][v] += whole ? load(y[i] + v * LANES) : load_some(y[i], columns);
            if (k->last && g->relu)
                sum[i][v] = at_least(sum[i][v], (vec){0});
            if (whole)
                store(y[i] + v * LANES, sum[i][v]);
            else
                store_some(y[i], sum[i][v], columns);
        }
}

INLINE void tile_rows(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col, const int vecs,
                      int64_t columns)
{
    int64_t row = row0;
    for (; row + TILE <= row1; row += TILE)
        tile(g, k, row, col, TILE, vecs, columns);
    switch (row1 - row) {
#if MN_TILE > 5
    case 5: tile(g, k, row, col, 5, vecs, columns); break;
    case 4: tile(g, k, row, col, 4, vecs, columns); break;
#endif
    case 3: tile(g, k, row, col, 3, vecs, columns); break;
    case 2: tile(g, k, row, col, 2, vecs, columns); break;
    case 1: tile(g, k, row, col, 1, vecs, columns); break;
    default: break;
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

static void gemm_block(const mn_gemm *g, const block *k, int64_t row0, int64_t row1, int64_t col0, int64_t col1)
{
    int64_t col = col0;
    for (; col + WIDTH <= col1; col += WIDTH)
        gemm_full(g, k, row0, row1, col);
    for (; col < col1; col += LANES)
        gemm_narrow(g, k, row0, row1, col, mn_min(LANES, col1 - col));
}

static void gemm(const mn_gemm *g, int64_t row0, int64_t row1, int64_t col0, int64_t col1)
{
    const int64_t limit = g->k_packed ? K_BLOCK : K_BLOCK_PLAIN;
    if (g->runs == 0 || g->run == 0) {
        gemm_block(g, &(block){0, 0, 0, 0, true, true}, row0, row1, col0, col1);
        return;
    }
    if (g->run >= limit) {
        for (int64_t r = 0; r < g->runs; r++)
            for (int64_t l = 0; l < g->run; l += limit) {
                block k = {r, r + 1, l, mn_min(g->run, l + limit), r == 0 && l == 0,
                           r == g->runs - 1 && l + limit >= g->run};
                gemm_block(g, &k, row0, row1, col0, col1);
            }
        return;
    }
    const int64_t together = limit / g->run;
    for (int64_t r = 0; r < g->runs; r += together) {
        block k = {r, mn_min(g->runs, r + together), 0, g->run, r == 0, r + together >= g->runs};
        gemm_block(g, &k, row0, row1, col0, col1);
    }
}

/*
 * Gradients of B. Rows of A and D lie far apart, often by a power of two, where they would push each other out of the cache:
 * they are first copied together, OUTER_ROWS of them at a time and OUTER_RUN elements of A.
 */
enum { OUTER_ROWS = 64, OUTER_RUN = 48 };

typedef struct gathered {
    int64_t rows;
    const float *row_d[OUTER_ROWS];
    float a[OUTER_ROWS * OUTER_RUN];
    float d[OUTER_ROWS * WIDTH]; /* one panel of D */
} gathered;

/* Copies elements l.. of run r of the next rows from m on; returns the row after the last one. */
static int64_t gather(gathered *to, const mn_outer *o, int64_t r, int64_t l, int64_t n, int64_t m)
{
    const int64_t at = (o->a_at ? o->a_at[r] : r * o->run) + l;
    to->rows = 0;
    for (; m < o->m && to->rows < OUTER_ROWS; m++) {
        mn_row row = o->rows ? o->rows[m] : (mn_row){m * o->lda, m * o->ldc, 0, (int32_t)o->runs};
        if (r < row.first || r >= row.last)
            continue;
        memcpy(to->a + to->rows * OUTER_RUN, o->x + row.a + at, (size_t)n * sizeof(float));
        to->row_d[to->rows++] = o->d + row.c;
    }
    return m;
}

static void gather_panel(gathered *to, int64_t col, int64_t columns)
{
    for (int64_t i = 0; i < to->rows; i++)
        if (columns == WIDTH)
            for (int v = 0; v < VECS; v++)
                store(to->d + i * WIDTH + v * LANES, load(to->row_d[i] + col + v * LANES));
        else
            memcpy(to->d + i * WIDTH, to->row_d[i] + col, (size_t)columns * sizeof(float));
}

/* `height` elements of A by `vecs` vectors of D: g (+)= sum over the rows gathered. d is the first vector's in the panel. */
INLINE void outer_tile(const gathered *from, const float *a, const float *d, float *g, int64_t ldg, bool add,
                       const int height, const int vecs, int64_t columns)
{
    const bool whole = columns >= vecs * LANES;
    vec sum[TILE][VECS];
    UNROLL
    for (int i = 0; i < height; i++)
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[i][v] = (vec){0};
    for (int64_t m = 0; m < from->rows; m++, a += OUTER_RUN, d += WIDTH) {
        vec dv[VECS];
        UNROLL
        for (int v = 0; v < vecs; v++)
            dv[v] = load(d + v * LANES);
        UNROLL
        for (int i = 0; i < height; i++) {
            vec av = splat(a[i]);
            UNROLL
            for (int v = 0; v < vecs; v++)
                sum[i][v] = multiply_sum(av, dv[v], sum[i][v]);
        }
    }
    UNROLL
    for (int i = 0; i < height; i++)
        UNROLL
        for (int v = 0; v < vecs; v++) {
            float *to = g + i * ldg + v * LANES;
            if (add)
                sum[i][v] += whole ? load(to) : load_some(to, columns);
            if (whole)
                store(to, sum[i][v]);
            else
                store_some(to, sum[i][v], columns);
        }
}

INLINE void outer_rows(const gathered *from, const float *d, float *g, int64_t ldg, bool add, int64_t n, const int vecs,
                       int64_t columns)
{
    int64_t l = 0;
    for (; l + TILE <= n; l += TILE)
        outer_tile(from, from->a + l, d, g + l * ldg, ldg, add, TILE, vecs, columns);
    for (; l < n; l++)
        outer_tile(from, from->a + l, d, g + l * ldg, ldg, add, 1, vecs, columns);
}

static void outer_block(const mn_outer *o, int64_t r, int64_t l, int64_t n)
{
    float *g = o->g + ((o->b_at ? o->b_at[r] : r * o->run) + l) * o->ldg;
    gathered from;
    bool add = o->add;
    int64_t m = 0;
    do {
        m = gather(&from, o, r, l, n, m);
        for (int64_t col = 0; col < o->n; col += WIDTH) {
            const int64_t columns = mn_min(WIDTH, o->n - col);
            gather_panel(&from, col, columns);
            if (columns == WIDTH)
                outer_rows(&from, from.d, g + col, o->ldg, add, n, VECS, WIDTH);
            else
                for (int64_t c = 0; c < columns; c += LANES)
                    outer_rows(&from, from.d + c, g + col + c, o->ldg, add, n, 1, mn_min(LANES, columns - c));
        }
        add = true;
    } while (m < o->m);
}

static void outer(const mn_outer *o, int64_t r, int64_t l0, int64_t l1)
{
    for (int64_t l = l0; l < l1; l += OUTER_RUN)
        outer_block(o, r, l, mn_min(OUTER_RUN, l1 - l));
}

INLINE float sum_lanes(vec v)
{
    float sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += v[i];
    return sum;
}

/* `height` rows of D with one row of W. */
INLINE void dots_tile(const mn_dots *d, int64_t m, int64_t k, const int height)
{
    const float *w = d->w + k * d->ldw, *a[TILE];
    vec sum[TILE];
    UNROLL
    for (int i = 0; i < height; i++) {
        a[i] = d->d + (m + i) * d->ldd;
        sum[i] = (vec){0};
    }
    int64_t n = 0;
    for (; n + LANES <= d->n; n += LANES) {
        vec wv = load(w + n);
        UNROLL
        for (int i = 0; i < height; i++)
            sum[i] = multiply_sum(load(a[i] + n), wv, sum[i]);
    }
    if (n < d->n) {
        vec wv = load_some(w + n, d->n - n);
        UNROLL
        for (int i = 0; i < height; i++)
            sum[i] = multiply_sum(load_some(a[i] + n, d->n - n), wv, sum[i]);
    }
    UNROLL
    for (int i = 0; i < height; i++) {
        float *y = d->y + (m + i) * d->ldy + k;
        *y = (d->add ? *y : 0.0f) + sum_lanes(sum[i]);
    }
}

static void dots(const mn_dots *d, int64_t k0, int64_t k1)
{
    for (int64_t k = k0; k < k1; k++) {
        int64_t m = 0;
        for (; m + TILE <= d->m; m += TILE)
            dots_tile(d, m, k, TILE);
        for (; m < d->m; m++)
            dots_tile(d, m, k, 1);
    }
}

static void column_sums(float *out, const float *d, int64_t m, int64_t n, int64_t ldd, bool add)
{
    for (int64_t col = 0; col < n; col += LANES) {
        int64_t columns = mn_min(LANES, n - col);
        vec sum = add ? load_some(out + col, columns) : (vec){0};
        for (int64_t i = 0; i < m; i++)
            sum += columns == LANES ? load(d + i * ldd + col) : load_some(d + i * ldd + col, columns);
        store_some(out + col, sum, columns);
    }
}

/* -- Functions ---------------------------------------------------------------------------------------------------- */

/* e^x to 1 ulp: 2^n * e^r with n = round(x / ln 2), e^r by a polynomial of degree 6 on |r| <= ln 2 / 2 (Cephes expf). The
 * bounds give 0 and infinity; 2^n in two factors, since it is no float where e^x is close to them. */
INLINE vec exp_of(vec x)
{
    x = at_most(at_least(x, splat(-104.0f)), splat(89.0f));
    /* Adding 1.5 * 2^23 rounds to an integer in the low bits. */
    vec shifted = multiply_sum(x, splat(1.44269504f), splat(12582912.0f));
    ivec n = (ivec)shifted - (ivec)splat(12582912.0f);
    vec whole = shifted - splat(12582912.0f);
    vec r = multiply_sum(whole, splat(-0.693359375f), x);
    r = multiply_sum(whole, splat(2.12194440e-4f), r);
    vec p = splat(1.9875691500e-4f);
    p = multiply_sum(p, r, splat(1.3981999507e-3f));
    p = multiply_sum(p, r, splat(8.3334519073e-3f));
    p = multiply_sum(p, r, splat(4.1665795894e-2f));
    p = multiply_sum(p, r, splat(1.6666665459e-1f));
    p = multiply_sum(p, r, splat(5.0000001201e-1f));
    p = multiply_sum(p * r, r, r) + splat(1.0f);
    ivec half = n >> 1;
    return p * (vec)((half + 127) << 23) * (vec)((n - half + 127) << 23);
}

INLINE vec sigmoid_of(vec x)
{
    return splat(1.0f) / (splat(1.0f) + exp_of(-x));
}

/* tanh x: an odd polynomial for |x| < 0.625 (Cephes tanhf), else 1 - 2 / (e^2x + 1). */
INLINE vec tanh_of(vec x)
{
    vec square = x * x, p = splat(-5.70498872745e-3f);
    p = multiply_sum(p, square, splat(2.06390887954e-2f));
    p = multiply_sum(p, square, splat(-5.37397155531e-2f));
    p = multiply_sum(p, square, splat(1.33314422036e-1f));
    p = multiply_sum(p, square, splat(-3.33332819422e-1f));
    vec small = multiply_sum(p * square, x, x);
    vec large = splat(1.0f) - splat(2.0f) / (exp_of(x + x) + splat(1.0f));
    return choose(square < splat(0.390625f), small, large);
}

INLINE vec relu_of(vec x)
{
    return at_least(x, (vec){0});
}

INLINE void map(float *y, const float *x, int64_t n, vec (*f)(vec))
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(y + i, f(load(x + i)));
    if (i < n)
        store_some(y + i, f(load_some(x + i, n - i)), n - i);
}

static void exp_map(float *y, const float *x, int64_t n)
{
    map(y, x, n, exp_of);
}

static void sigmoid_map(float *y, const float *x, int64_t n)
{
    map(y, x, n, sigmoid_of);
}

static void tanh_map(float *y, const float *x, int64_t n)
{
    map(y, x, n, tanh_of);
}

static void relu_map(float *y, const float *x, int64_t n)
{
    map(y, x, n, relu_of);
}

static void sigmoid_back(float *restrict d, const float *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        d[i] *= y[i] * (1.0f - y[i]);
}

static void tanh_back(float *restrict d, const float *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        d[i] *= 1.0f - y[i] * y[i];
}

static void relu_back(float *restrict d, const float *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        d[i] = y[i] > 0.0f ? d[i] : 0.0f;
}

static void add(float *restrict y, const float *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void multiply(float *restrict y, const float *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] *= x[i];
}

static void multiply_add(float *restrict y, const float *restrict a, const float *restrict b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a[i] * b[i];
}

static void scale(float *y, float factor, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] *= factor;
}

/* -- Updates ------------------------------------------------------------------------------------------------------ */

/* m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= decay w; w -= rate m / (sqrt(v) + epsilon) */
static void adam(const mn_update *u, float *restrict w, float *restrict m, float *restrict v, const float *restrict g,
                 int64_t n)
{
    const float b1 = u->beta_1, b2 = u->beta_2, rate = u->rate, epsilon = u->epsilon, keep = 1.0f - u->decay;
    const float factor = u->scale, clip = u->clip > 0.0f ? u->clip : INFINITY;
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] * factor;
        gi = gi > clip ? clip : gi;
        gi = gi < -clip ? -clip : gi;
        m[i] = b1 * m[i] + (1.0f - b1) * gi;
        v[i] = b2 * v[i] + (1.0f - b2) * (gi * gi);
        w[i] = w[i] * keep - rate * m[i] / (sqrtf(v[i]) + epsilon);
    }
}

const mn_kernels MN_TABLE = {
    .name = MN_TABLE_NAME,
    .width = WIDTH,
    .gemm = gemm,
    .outer = outer,
    .dots = dots,
    .column_sums = column_sums,
    .exp = exp_map,
    .sigmoid = sigmoid_map,
    .tanh = tanh_map,
    .relu = relu_map,
    .sigmoid_back = sigmoid_back,
    .tanh_back = tanh_back,
    .relu_back = relu_back,
    .add = add,
    .multiply = multiply,
    .multiply_add = multiply_add,
    .scale = scale,
    .adam = adam,
};
