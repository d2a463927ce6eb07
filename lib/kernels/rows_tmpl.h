/* rows_tmpl.h - sums and maxima over rows: of all in a matrix, of listed ones, of those that letters pick */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

static void column_sums(float *out, const float *d, int64_t m, int64_t n, int64_t ldd, bool add)
{
    for (int64_t col = 0; col < n; col += LANES) {
        const int64_t columns = mn_min(LANES, n - col);
        vec sum = {0}; /* sums of sums lose fewer bits than one long sum */
        for (int64_t i = 0; i < m;) {
            vec part = {0};
            for (const int64_t end = mn_min(i + OUTER_ROWS, m); i < end; i++)
                part += load_up_to(d + i * ldd + col, columns == LANES, columns);
            sum += part;
        }
        if (add)
            sum += load_some(out + col, columns);
        store_some(out + col, sum, columns);
    }
}

/* Maxima: a matrix's columns, a few vectors of them at a time, over all its rows. */

INLINE void max_tile(float *out, const float *d, int64_t m, int64_t ldd, const int vecs, int64_t columns)
{
    const bool whole = columns >= vecs * LANES;
    vec most[4];
    UNROLL
    for (int v = 0; v < vecs; v++)
        most[v] = load_up_to(d + v * LANES, whole, columns);
    for (int64_t i = 1; i < m; i++) {
        d += ldd;
        UNROLL
        for (int v = 0; v < vecs; v++)
            most[v] = larger_of(most[v], load_up_to(d + v * LANES, whole, columns));
    }
    UNROLL
    for (int v = 0; v < vecs; v++)
        store_up_to(out + v * LANES, most[v], whole, columns);
}

static void column_max(float *out, const float *d, int64_t m, int64_t n, int64_t ldd)
{
    int64_t col = 0;
    for (; col + 4 * LANES <= n; col += 4 * LANES)
        max_tile(out + col, d + col, m, ldd, 4, 4 * LANES);
    for (; col < n; col += LANES)
        max_tile(out + col, d + col, m, ldd, 1, mn_min(LANES, n - col));
}

/* The last match from behind is the first one. Lanes of `at` that match nothing keep their -1. */
INLINE void first_tile(int32_t *out, const float *x, const float *y, int64_t m, int64_t ldx, const int vecs,
                       int64_t columns)
{
    const bool whole = columns >= vecs * LANES;
    vec most[4];
    ivec at[4];
    UNROLL
    for (int v = 0; v < vecs; v++) {
        most[v] = load_up_to(y + v * LANES, whole, columns);
        at[v] = (ivec){0} - 1;
    }
    for (int64_t i = m - 1; i >= 0; i--) {
        const ivec here = (ivec){0} + (int32_t)i;
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const ivec equal = load_up_to(x + i * ldx + v * LANES, whole, columns) == most[v];
            at[v] = (equal & here) | (~equal & at[v]);
        }
    }
    UNROLL
    for (int v = 0; v < vecs; v++)
        memcpy(out + v * LANES, &at[v], whole ? sizeof(at[v]) : (size_t)columns * sizeof(*out));
}

static void first_equal(int32_t *out, const float *x, const float *y, int64_t m, int64_t n, int64_t ldx)
{
    int64_t col = 0;
    for (; col + 4 * LANES <= n; col += 4 * LANES)
        first_tile(out + col, x + col, y + col, m, ldx, 4, 4 * LANES);
    for (; col < n; col += LANES)
        first_tile(out + col, x + col, y + col, m, ldx, 1, mn_min(LANES, n - col));
}

INLINE void share_tile(float *dx, const float *x, const float *y, const float *dy, int64_t m, int64_t n, bool add,
                       const int vecs, int64_t columns)
{
    const bool whole = columns >= vecs * LANES;
    vec most[4], share[4];
    ivec count[4];
    UNROLL
    for (int v = 0; v < vecs; v++) {
        most[v] = load_up_to(y + v * LANES, whole, columns);
        count[v] = (ivec){0};
    }
    for (int64_t i = 0; i < m; i++)
        UNROLL
        for (int v = 0; v < vecs; v++)
            count[v] -= load_up_to(x + i * n + v * LANES, whole, columns) == most[v];
    UNROLL
    for (int v = 0; v < vecs; v++)
        share[v] = load_up_to(dy + v * LANES, whole, columns) / __builtin_convertvector(count[v], vec);
    for (int64_t i = 0; i < m; i++)
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const ivec equal = load_up_to(x + i * n + v * LANES, whole, columns) == most[v];
            float *to = dx + i * n + v * LANES;
            vec d = (vec)(equal & (ivec)share[v]);
            if (add)
                d += load_up_to(to, whole, columns);
            store_up_to(to, d, whole, columns);
        }
}

static void share_equal(float *dx, const float *x, const float *y, const float *dy, int64_t m, int64_t n, bool add)
{
    int64_t col = 0;
    for (; col + 4 * LANES <= n; col += 4 * LANES)
        share_tile(dx + col, x + col, y + col, dy + col, m, n, add, 4, 4 * LANES);
    for (; col < n; col += LANES)
        share_tile(dx + col, x + col, y + col, dy + col, m, n, add, 1, mn_min(LANES, n - col));
}

/* `vecs` vectors at col of a sum of rows. */
INLINE void sum_tile(float *y, const mn_sum *s, int64_t col, const int vecs, int64_t columns)
{
    const bool whole = columns >= vecs * LANES;
    const int64_t at = s->at + col;
    vec sum[4];
    for (int64_t i = 0; i < s->later_count; i++)
        UNROLL
        for (int v = 0; v < vecs; v += 16 / LANES)
            __builtin_prefetch(s->later[i] + at + v * LANES);
    UNROLL
    for (int v = 0; v < vecs; v++) {
        sum[v] = (vec){0};
        if (s->count > 0)
            sum[v] = load_up_to(s->rows[0] + at + v * LANES, whole, columns);
        if (s->bias)
            sum[v] += load_up_to(s->bias + col + v * LANES, whole, columns);
        if (s->add)
            sum[v] += load_up_to(y + col + v * LANES, whole, columns);
    }
    for (int64_t i = 1; i < s->count; i++)
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[v] += load_up_to(s->rows[i] + at + v * LANES, whole, columns);
    UNROLL
    for (int v = 0; v < vecs; v++) {
        if (s->relu)
            sum[v] = at_least(sum[v], (vec){0});
        store_up_to(y + col + v * LANES, sum[v], whole, columns);
    }
}

static void sum_rows(float *y, const mn_sum *s)
{
    int64_t col = 0;
    for (; col + 4 * LANES <= s->n; col += 4 * LANES)
        sum_tile(y, s, col, 4, 4 * LANES);
    for (; col < s->n; col += LANES)
        sum_tile(y, s, col, 1, mn_min(LANES, s->n - col));
}

enum { PICK = 8 }; /* vectors at a time, at most: a letter is looked up once for all of them */

/* `vecs` vectors at col of all places. */
INLINE void pick_tile(const mn_pick *p, int64_t col, const int vecs, int64_t columns)
{
    const bool whole = columns >= vecs * LANES;
    const uint8_t *codes = p->codes;
    float *y = p->y + col;
    vec bias[PICK] = {{0}};
    if (p->bias)
        UNROLL
        for (int v = 0; v < vecs; v++)
            bias[v] = load_up_to(p->bias + col + v * LANES, whole, columns);
    for (int64_t m = 0; m < p->m; m++, codes += p->step, y += p->ldy) {
        const float *table = p->table + col;
        vec sum[PICK];
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[v] = bias[v];
        for (int64_t i = 0; i < p->taps; i++, table += p->ldt) {
            const float *row = table + codes[i * p->gap] * p->n;
            UNROLL
            for (int v = 0; v < vecs; v++)
                sum[v] += load_up_to(row + v * LANES, whole, columns);
        }
        UNROLL
        for (int v = 0; v < vecs; v++) {
            if (p->relu)
                sum[v] = at_least(sum[v], (vec){0});
            store_up_to(y + v * LANES, sum[v], whole, columns);
        }
    }
}

static void pick_rows(const mn_pick *p)
{
    int64_t col = 0;
    for (; col + PICK * LANES <= p->n; col += PICK * LANES)
        pick_tile(p, col, PICK, PICK * LANES);
    for (; col + PICK / 2 * LANES <= p->n; col += PICK / 2 * LANES)
        pick_tile(p, col, PICK / 2, PICK / 2 * LANES);
    for (; col < p->n; col += LANES)
        pick_tile(p, col, 1, mn_min(LANES, p->n - col));
}

static void add_to_rows(float *const *rows, int64_t count, int64_t at, const float *x, int64_t n)
{
    enum { TOGETHER = 4 }; /* vectors of x in registers */
    int64_t col = 0;
    for (; col + TOGETHER * LANES <= n; col += TOGETHER * LANES) {
        vec xv[TOGETHER];
        UNROLL
        for (int v = 0; v < TOGETHER; v++)
            xv[v] = load(x + col + v * LANES);
        for (int64_t i = 0; i < count; i++) {
            float *y = rows[i] + at + col;
            UNROLL
            for (int v = 0; v < TOGETHER; v++)
                store(y + v * LANES, load(y + v * LANES) + xv[v]);
        }
    }
    for (; col < n; col += LANES) {
        const int64_t some = mn_min(LANES, n - col);
        const vec xv = load_some(x + col, some);
        for (int64_t i = 0; i < count; i++)
            store_some(rows[i] + at + col, load_some(rows[i] + at + col, some) + xv, some);
    }
}
