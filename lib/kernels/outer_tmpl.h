/* outer_tmpl.h - gradients of B */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

/*
 * Gradients of B. Rows of A and D often lie apart by a power of two, where they would push each other out of the cache:
 * then they are copied together first, OUTER_ROWS of them at most at a time and OUTER_RUN elements of A. What lies
 * OUTER_AHEAD rows ahead is asked for meanwhile.
 */
enum { OUTER_SKIP = 8 * LANES, OUTER_ROWS = 64, OUTER_RUN = 48, OUTER_AHEAD = 12 };

typedef struct gathered {
    int64_t rows;
    uint64_t met; /* elements that are not zero in some row, of those gathered so far */
    const float *row_d[OUTER_ROWS];
    uint64_t bits[OUTER_ROWS]; /* of a row: which of its elements are not zero; turned over, of an element: in which
                                  rows */
    float a[OUTER_ROWS * OUTER_RUN];
    float d[OUTER_ROWS * OUTER_SKIP]; /* one panel of D, or as many as make up OUTER_SKIP */
} gathered;

static mn_row outer_row(const mn_outer *o, int64_t m)
{
    return o->rows ? o->rows[m] : (mn_row){m * o->lda, m * o->ldc, 0, (int32_t)o->runs};
}

/* How many rows to gather at a time: about as many each time, for a few alone would cost nearly as much as all. */
static int64_t count_rows(const mn_outer *o, int64_t r)
{
    int64_t n = 0;
    for (int64_t m = 0; m < o->m; m++) {
        const mn_row row = outer_row(o, m);
        n += r >= row.first && r < row.last;
    }
    return n > 0 ? mn_ceil_div(n, mn_ceil_div(n, OUTER_ROWS)) : OUTER_ROWS;
}

/* Copies elements l.. of run r of the next `count` rows from m on; returns the row after the last one. */
static int64_t gather(gathered *to, const mn_outer *o, int64_t r, int64_t l, int64_t n, int64_t m, int64_t count)
{
    const int64_t at = run_at(o->a_at, r, o->run) + l;
    to->rows = 0;
    for (; m < o->m && to->rows < count; m++) {
        const mn_row row = outer_row(o, m);
        if (r < row.first || r >= row.last)
            continue;
        const float *from = o->x + row.a + at;
        float *a = to->a + to->rows * OUTER_RUN;
        if (m + OUTER_AHEAD < o->m) {
            const float *ahead = o->x + outer_row(o, m + OUTER_AHEAD).a + at;
            for (int64_t i = 0; i < OUTER_RUN; i += 16)
                __builtin_prefetch(ahead + i);
        }
        if (n % LANES == 0)
            for (int64_t i = 0; i < n; i += LANES)
                store(a + i, load(from + i));
        else
            memcpy(a, from, (size_t)n * sizeof(float));
        if (o->nonzero)
            to->bits[to->rows] = bits_at(o->nonzero, row.a + at, n);
        to->row_d[to->rows++] = o->d + row.c;
    }
    return m;
}

INLINE void gather_columns(gathered *to, int64_t col, const int vecs)
{
    for (int64_t i = 0; i < to->rows; i++)
        for (int v = 0; v < vecs; v++)
            store(to->d + (i * vecs + v) * LANES, load(to->row_d[i] + col + v * LANES));
}

/* Where OUTER_SKIP columns of each row of D are: where they lie, if most rows follow one another closely. */
static void place_columns(gathered *from, int64_t col, const float **out)
{
    int64_t jumps = 1;
    for (int64_t i = 1; i < from->rows; i++)
        jumps += from->row_d[i] <= from->row_d[i - 1] || from->row_d[i] > from->row_d[i - 1] + 2 * OUTER_SKIP;
    const bool copies = jumps * 4 > from->rows;
    if (copies)
        gather_columns(from, col, OUTER_SKIP / LANES);
    for (int64_t i = 0; i < from->rows; i++)
        out[i] = copies ? from->d + i * OUTER_SKIP : from->row_d[i] + col;
}

static void gather_panel(gathered *to, int64_t col, int64_t columns)
{
    if (columns == WIDTH)
        gather_columns(to, col, VECS);
    else
        for (int64_t i = 0; i < to->rows; i++)
            memcpy(to->d + i * WIDTH, to->row_d[i] + col, (size_t)columns * sizeof(float));
}

/* Quarters of all squares of 2 * half bits a side change places; mask: the lower half of each 2 * half bits. */
INLINE void turn_quarters(uint64_t *bits, const int half, const uint64_t mask)
{
    for (int at = 0; at < 64; at += 2 * half)
        for (int i = at; i < at + half; i++) {
            const uint64_t t = (bits[i] >> half ^ bits[i + half]) & mask;
            bits[i] ^= t << half;
            bits[i + half] ^= t;
        }
}

/* Turns the bits over: quarters of the whole square, then of its quarters, and so on. */
static void turn_bits(gathered *from)
{
    for (int64_t i = 0; i < from->rows; i++)
        from->met |= from->bits[i];
    for (int64_t i = from->rows; i < OUTER_ROWS; i++)
        from->bits[i] = 0;
    turn_quarters(from->bits, 32, UINT64_C(0x00000000ffffffff));
    turn_quarters(from->bits, 16, UINT64_C(0x0000ffff0000ffff));
    turn_quarters(from->bits, 8, UINT64_C(0x00ff00ff00ff00ff));
    turn_quarters(from->bits, 4, UINT64_C(0x0f0f0f0f0f0f0f0f));
    turn_quarters(from->bits, 2, UINT64_C(0x3333333333333333));
    turn_quarters(from->bits, 1, UINT64_C(0x5555555555555555));
}

/* The sums of `n` elements by OUTER_SKIP columns, from the rows where they are not zero. Where a step will be made with
 * them, what it needs of row k + l of W is asked for meanwhile. */
static void outer_skip_columns(gathered *from, const mn_gradient *to, int64_t k, float *g, int64_t ldg, bool add,
                               int64_t n, int64_t col)
{
    const float *d[OUTER_ROWS];
    place_columns(from, col, d);
    for (int64_t l = 0; l < n; l++, g += ldg) {
        for (int64_t c = 0; to && c < OUTER_SKIP; c += 16)
            fetch_weights(to, (k + l) * to->ld + col + c);
        vec sum[OUTER_SKIP / LANES];
        UNROLL
        for (int v = 0; v < OUTER_SKIP / LANES; v++)
            sum[v] = (vec){0};
        for (uint64_t bits = from->bits[l]; bits; bits &= bits - 1) {
            const int64_t m = __builtin_ctzll(bits);
            const vec av = splat(from->a[m * OUTER_RUN + l]);
            UNROLL
            for (int v = 0; v < OUTER_SKIP / LANES; v++)
                sum[v] = multiply_sum(av, load(d[m] + v * LANES), sum[v]);
        }
        UNROLL
        for (int v = 0; v < OUTER_SKIP / LANES; v++)
            store(g + v * LANES, add ? load(g + v * LANES) + sum[v] : sum[v]);
    }
}

/* As many of the columns col..col1 - 1 as make up OUTER_SKIP; returns where it stopped. */
static int64_t outer_skip(gathered *from, const mn_gradient *to, int64_t k, float *g, int64_t ldg, bool add, int64_t n,
                          int64_t col, int64_t col1)
{
    turn_bits(from);
    for (; col + OUTER_SKIP <= col1; col += OUTER_SKIP, g += OUTER_SKIP)
        outer_skip_columns(from, to, k, g, ldg, add, n, col);
    return col;
}

/* `height` elements of A by `vecs` vectors of D: g (+)= sum over the rows gathered. d is the first vector's in the
 * panel. */
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
                sum[i][v] += load_up_to(to, whole, columns);
            store_up_to(to, sum[i][v], whole, columns);
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

/* Columns col0..col1 - 1 of n elements of run r, summed up in g. Returns bit i for element l + i: 0 if it is known to
 * be zero in all rows. */
static uint64_t outer_block(const mn_outer *o, int64_t r, int64_t l, int64_t n, int64_t k, int64_t col0, int64_t col1,
                            float *g, int64_t ldg, bool add)
{
    gathered from;
    const int64_t count = count_rows(o, r);
    int64_t m = 0;
    from.met = o->nonzero ? 0 : UINT64_MAX;
    do {
        m = gather(&from, o, r, l, n, m, count);
        int64_t col = col0;
        if (o->nonzero)
            col = outer_skip(&from, o->to.shared && m >= o->m ? &o->to : NULL, k, g, ldg, add, n, col0, col1);
        for (; col < col1; col += WIDTH) {
            const int64_t columns = mn_min(WIDTH, col1 - col);
            gather_panel(&from, col, columns);
            if (columns == WIDTH)
                outer_rows(&from, from.d, g + col - col0, ldg, add, n, VECS, WIDTH);
            else
                for (int64_t c = 0; c < columns; c += LANES)
                    outer_rows(&from, from.d + c, g + col - col0 + c, ldg, add, n, 1, mn_min(LANES, columns - c));
        }
        add = true;
    } while (m < o->m);
    return from.met;
}

/* The same, and the optimizer's step with it, for the rows of W from k on. */
static void outer_update(const mn_outer *o, int64_t r, int64_t l, int64_t n, int64_t k)
{
    enum { COLUMNS = 128 };
    float g[OUTER_RUN * COLUMNS];
    const mn_gradient *to = &o->to;
    for (int64_t col = 0; col < o->n; col += COLUMNS) {
        const int64_t columns = mn_min(COLUMNS, o->n - col);
        const uint64_t met = outer_block(o, r, l, n, k, col, col + columns, g, COLUMNS, false);
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = (k + i) * to->ld + col;
            if (met >> i & 1)
                mark_moving(to, k + i);
            else if (is_resting(to, k + i, &(int64_t){0}, &o->n, 1))
                continue;
            adam(to->update, to->w + at, to->m + at, to->v + at, g + i * COLUMNS, columns);
        }
    }
}

static void outer(const mn_outer *o, int64_t r, int64_t l0, int64_t l1)
{
    for (int64_t l = l0; l < l1; l += OUTER_RUN) {
        const int64_t n = mn_min(OUTER_RUN, l1 - l), k = run_at(o->b_at, r, o->run) + l;
        if (o->to.update)
            outer_update(o, r, l, n, k);
        else
            outer_block(o, r, l, n, k, 0, o->n, o->to.g + k * o->to.ld, o->to.ld, o->to.add);
    }
}
