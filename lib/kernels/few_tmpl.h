/* few_tmpl.h - products of few rows with a plain matrix, which is walked over once */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

/* Rows of W that stay in the first-level cache, as many again that are on their way, while panel after panel is read
 * from them; and rows that are done together on the way back. What lies so many rows ahead is asked for meanwhile:
 * no hardware sees a walk over panels coming. Behind the end of W it is somebody else's memory, or none, which is no
 * harm. */
enum { FEW_BLOCK = 8, FEW_BACK = 4, FEW_AHEAD = 4 };

/* Some rows of a slab, and those that are asked for behind them. */
typedef struct few_rows {
    int64_t n;
    int32_t k[MN_FEW_SLAB + FEW_BLOCK];
} few_rows;

/* The rows k0..k1 - 1 of W, of which there are at most MN_FEW_SLAB, that meet something in X; returns how many. A
 * row of W that only meets zeros adds nothing to Y, and not a bit changes where it is not read (see skip_tmpl.h). */
static int64_t rows_met(const mn_few *f, int64_t k0, int64_t k1, int32_t *rows)
{
    int64_t n = 0;
    for (int64_t k = k0; k < k1; k += 64) {
        const int64_t count = mn_min(64, k1 - k);
        uint64_t met = f->skips ? 0 : UINT64_MAX >> (64 - count), bits;
        for (int64_t i = 0; i < f->m && f->skips; i++) {
            find_nonzero(&bits, f->x + i * f->ldx + k, count);
            met |= bits;
        }
        for (; met; met &= met - 1)
            rows[n++] = (int32_t)(k + __builtin_ctzll(met));
    }
    return n;
}

/* `height` rows of X by `vecs` vectors of W's columns at col, over `count` rows of W. */
INLINE void few_tile(const mn_few *f, int64_t row, const int32_t *rows, int64_t count, int64_t col, float *y,
                     int64_t ldy, bool add, const int height, const int vecs, int64_t columns)
{
    const bool whole = columns >= vecs * LANES;
    const float *x[TILE];
    vec sum[TILE][VECS];
    UNROLL
    for (int i = 0; i < height; i++) {
        x[i] = f->x + (row + i) * f->ldx;
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const float *at = y + (row + i) * ldy + col + v * LANES;
            sum[i][v] = add ? load_up_to(at, whole, columns) : (vec){0};
        }
    }
    for (int64_t r = 0; r < count; r++) {
        const int64_t k = rows[r];
        const float *w = f->w + k * f->ldw + col;
        vec wv[VECS];
        fetch(f->w + rows[r + FEW_BLOCK] * f->ldw + col, vecs);
        UNROLL
        for (int v = 0; v < vecs; v++)
            wv[v] = load_up_to(w + v * LANES, whole, columns);
        UNROLL
        for (int i = 0; i < height; i++) {
            vec xv = splat(x[i][k]);
            UNROLL
            for (int v = 0; v < vecs; v++)
                sum[i][v] = multiply_sum(xv, wv[v], sum[i][v]);
        }
    }
    UNROLL
    for (int i = 0; i < height; i++)
        UNROLL
        for (int v = 0; v < vecs; v++) {
            float *at = y + (row + i) * ldy + col + v * LANES;
            store_up_to(at, sum[i][v], whole, columns);
        }
}

INLINE void few_panel(const mn_few *f, const int32_t *rows, int64_t count, int64_t col, float *y, int64_t ldy, bool add,
                      const int vecs, int64_t columns)
{
    int64_t row = 0;
    for (; row + TILE <= f->m; row += TILE)
        few_tile(f, row, rows, count, col, y, ldy, add, TILE, vecs, columns);
    for (; row + 2 <= f->m; row += 2)
        few_tile(f, row, rows, count, col, y, ldy, add, 2, vecs, columns);
    for (; row < f->m; row++)
        few_tile(f, row, rows, count, col, y, ldy, add, 1, vecs, columns);
}

static void few_full(const mn_few *f, const int32_t *rows, int64_t count, int64_t col, float *y, int64_t ldy, bool add)
{
    few_panel(f, rows, count, col, y, ldy, add, VECS, WIDTH);
}

static void few_narrow(const mn_few *f, const int32_t *rows, int64_t count, int64_t col, float *y, int64_t ldy,
                       bool add, int64_t columns)
{
    few_panel(f, rows, count, col, y, ldy, add, 1, columns);
}

/* Makes the steps of these rows that were put off. */
static void settle_met(const mn_few *f, const few_rows *met)
{
    const mn_gradient *to = &f->gradient;
    few_rows late;
    late.n = 0;
    for (int64_t i = 0; i < met->n; i++)
        if (steps_late(to, met->k[i]) > 0)
            late.k[late.n++] = met->k[i];
    for (int64_t i = 0; i < late.n; i++) {
        for (int32_t r = 0; r < f->ranges && i + 2 < late.n; r++)
            fetch_row(to, late.k[i + 2], f->from[r], f->to[r]);
        settle_row(to, late.k[i], f->from, f->to, f->ranges);
    }
}

static void few_forward(const mn_few *f, int64_t k0, int64_t k1, float *y, int64_t ldy)
{
    few_rows met;
    met.n = rows_met(f, k0, k1, met.k);
    settle_met(f, &met);
    for (int64_t i = 0; i < FEW_BLOCK; i++)
        met.k[met.n + i] = (int32_t)(k1 + i);
    int64_t at = 0;
    do { /* at least once: Y is written */
        const int64_t count = mn_min(FEW_BLOCK, met.n - at);
        for (int32_t i = 0; i < f->ranges; i++) {
            int64_t col = f->from[i];
            for (; col + WIDTH <= f->to[i]; col += WIDTH)
                few_full(f, met.k + at, count, col, y, ldy, at > 0);
            for (; col < f->to[i]; col += LANES)
                few_narrow(f, met.k + at, count, col, y, ldy, at > 0, mn_min(LANES, f->to[i] - col));
        }
        at += FEW_BLOCK;
    } while (at < met.n);
}

/* A vector of `count` rows of W, perhaps not whole, with `height` rows of D. */
INLINE void few_dots_vec(vec sum[2][TILE], const float *const *w, const float *d, int64_t ldd, int64_t n,
                         const int count, const int height, const bool whole, int64_t columns)
{
    vec wv[2];
    UNROLL
    for (int j = 0; j < count; j++)
        wv[j] = load_up_to(w[j] + n, whole, columns);
    UNROLL
    for (int i = 0; i < height; i++) {
        const vec dv = load_up_to(d + i * ldd + n, whole, columns);
        UNROLL
        for (int j = 0; j < count; j++)
            sum[j][i] = multiply_sum(dv, wv[j], sum[j][i]);
    }
}

/* `count` rows of W, two at most, with `height` rows of D: as many columns of dX. The sums are those of few_row. */
INLINE void few_dots(const mn_few *f, int64_t row, const int32_t *k, const int count, const int height)
{
    const float *w[2], *d = f->d + row * f->ldd;
    vec sum[2][TILE];
    UNROLL
    for (int j = 0; j < count; j++) {
        w[j] = f->w + k[j] * f->ldw;
        UNROLL
        for (int i = 0; i < height; i++)
            sum[j][i] = (vec){0};
    }
    for (int32_t r = 0; r < f->ranges; r++) {
        int64_t n = mn_min(f->to[r], whole_from(f->from[r]));
        if (n > f->from[r])
            few_dots_vec(sum, w, d, f->ldd, f->from[r], count, height, false, n - f->from[r]);
        for (; n + LANES <= f->to[r]; n += LANES)
            few_dots_vec(sum, w, d, f->ldd, n, count, height, true, LANES);
        if (n < f->to[r])
            few_dots_vec(sum, w, d, f->ldd, n, count, height, false, f->to[r] - n);
    }
    UNROLL
    for (int i = 0; i < height; i++)
        UNROLL
        for (int j = 0; j < count; j++) {
            float *dx = f->dx + (row + i) * f->ldx + k[j];
            *dx = (f->dx_add ? *dx : 0.0f) + sum_lanes(sum[j][i]);
        }
}

static void few_back_x(const mn_few *f, const int32_t *k, int64_t count)
{
    int64_t row = 0;
    for (; row + TILE <= f->m; row += TILE) {
        if (count == FEW_BACK) {
            few_dots(f, row, k, 2, TILE);
            few_dots(f, row, k + 2, 2, TILE);
        } else {
            for (int64_t j = 0; j < count; j++)
                few_dots(f, row, k + j, 1, TILE);
        }
    }
    for (; row < f->m; row++)
        for (int64_t j = 0; j < count; j++)
            few_dots(f, row, k + j, 1, 1);
}

/* The gradient of `count` rows of W, `vecs` vectors of columns, from the x of these rows: [m][FEW_BACK]. Behind them
 * stand the rows whose turn is next. */
INLINE void few_gradient(const mn_few *f, const adam_step *step, const float *x, const int32_t *k, int64_t col,
                         const int vecs, int64_t columns, const int count)
{
    const bool whole = columns >= vecs * LANES;
    const mn_gradient *to = &f->gradient;
    vec sum[FEW_BACK][2];
    UNROLL
    for (int j = 0; j < count; j++)
        UNROLL
        for (int v = 0; v < vecs; v++)
            sum[j][v] = (vec){0};
    for (int64_t i = 0; i < f->m; i++) {
        vec dv[2];
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const float *d = f->d + i * f->ldd + col + v * LANES;
            dv[v] = load_up_to(d, whole, columns);
        }
        UNROLL
        for (int j = 0; j < count; j++) {
            vec xv = splat(x[i * FEW_BACK + j]);
            UNROLL
            for (int v = 0; v < vecs; v++)
                sum[j][v] = multiply_sum(xv, dv[v], sum[j][v]);
        }
    }
    UNROLL
    for (int j = 0; j < count; j++)
        UNROLL
        for (int v = 0; v < vecs; v++) {
            const int64_t at = k[j] * to->ld + col + v * LANES, ahead = k[j + FEW_AHEAD] * to->ld + col + v * LANES;
            if (to->update) {
                if (v * LANES % 16 == 0) {
                    __builtin_prefetch(to->w + ahead, 1);
                    __builtin_prefetch(to->m + ahead, 1);
                    __builtin_prefetch(to->v + ahead, 1);
                }
                update_vec(step, to, at, sum[j][v], whole, columns);
            } else {
                if (to->add)
                    sum[j][v] += load_up_to(to->g + at, whole, columns);
                store_up_to(to->g + at, sum[j][v], whole, columns);
            }
        }
}

INLINE void few_back_w(const mn_few *f, const adam_step *step, const float *x, const int32_t *k, const int count)
{
    for (int32_t i = 0; i < f->ranges; i++) {
        int64_t col = f->from[i];
        for (; col + 2 * LANES <= f->to[i]; col += 2 * LANES)
            few_gradient(f, step, x, k, col, 2, 2 * LANES, count);
        for (; col < f->to[i]; col += LANES)
            few_gradient(f, step, x, k, col, 1, mn_min(LANES, f->to[i] - col), count);
    }
}

#ifdef MN_ROW_AT_ONCE
/* A vector of row k of W, perhaps not whole, with all rows of X and D, which are `height`: what it adds to their dX,
 * its gradient and the step. Everything is read once. Row `ahead` is asked for meanwhile. */
INLINE void few_row_vec(const mn_few *f, const adam_step *step, const vec *x, int64_t k, int64_t ahead, int64_t n,
                        vec *dots, const int height, const bool whole, int64_t columns)
{
    const mn_gradient *to = &f->gradient;
    const vec w = load_up_to(f->w + k * f->ldw + n, whole, columns);
    vec g = {0};
    fetch_weights(to, ahead * to->ld + n);
    UNROLL
    for (int i = 0; i < height; i++) {
        const vec d = load_up_to(f->d + i * f->ldd + n, whole, columns);
        dots[i] = multiply_sum(d, w, dots[i]);
        g = multiply_sum(x[i], d, g);
    }
    update_vec(step, to, k * to->ld + n, g, whole, columns);
}

/* All of row k. */
INLINE void few_row(const mn_few *f, const adam_step *step, int64_t k, int64_t ahead, const int height)
{
    vec x[TILE], dots[TILE];
    UNROLL
    for (int i = 0; i < height; i++) {
        x[i] = splat(f->x[i * f->ldx + k]);
        dots[i] = (vec){0};
    }
    for (int32_t r = 0; r < f->ranges; r++) {
        int64_t n = mn_min(f->to[r], whole_from(f->from[r]));
        if (n > f->from[r])
            few_row_vec(f, step, x, k, ahead, f->from[r], dots, height, false, n - f->from[r]);
        for (; n + LANES <= f->to[r]; n += LANES)
            few_row_vec(f, step, x, k, ahead, n, dots, height, true, LANES);
        if (n < f->to[r])
            few_row_vec(f, step, x, k, ahead, n, dots, height, false, f->to[r] - n);
    }
    UNROLL
    for (int i = 0; i < height; i++) {
        float *dx = f->dx + i * f->ldx + k;
        *dx = (f->dx_add ? *dx : 0.0f) + sum_lanes(dots[i]);
    }
}

/* Rows of W one by one, where there are so few rows of X that a row's sums fit into registers. */
static void few_rows_at_once(const mn_few *f, const adam_step *step, const few_rows *taken)
{
    for (int64_t i = 0; i < taken->n; i++) {
        const int64_t k = taken->k[i], ahead = taken->k[i + FEW_AHEAD];
        switch (f->m) {
#if MN_TILE > 5
        case 6: few_row(f, step, k, ahead, 6); break;
        case 5: few_row(f, step, k, ahead, 5); break;
#endif
        case 4: few_row(f, step, k, ahead, 4); break;
        case 3: few_row(f, step, k, ahead, 3); break;
        case 2: few_row(f, step, k, ahead, 2); break;
        default: few_row(f, step, k, ahead, 1); break;
        }
    }
}
#endif

/* Whether nothing is left to do for row k of W, which only meets zeros, than the step of a gradient of zero. */
static bool only_fades(const mn_few *f, int64_t k)
{
    if ((f->dx && !f->sloped) || !f->gradient.update)
        return false;
    for (int64_t i = 0; f->dx && !f->dx_add && i < f->m; i++)
        f->dx[i * f->ldx + k] = 0;
    return true;
}

/* Sorts the rows k0..k1 - 1 into those that are taken like all others and those that only fade. */
static void sort_rows(const mn_few *f, int64_t k0, int64_t k1, few_rows *taken, few_rows *fading)
{
    few_rows met;
    met.n = rows_met(f, k0, k1, met.k);
    met.k[met.n] = -1;
    taken->n = fading->n = 0;
    for (int64_t k = k0, i = 0; k < k1; k++) {
        const bool zero = met.k[i] != k;
        i += !zero;
        if (!zero)
            mark_moving(&f->gradient, k);
        if (zero && only_fades(f, k)) {
            if (!is_resting(&f->gradient, k, f->from, f->to, f->ranges))
                fading->k[fading->n++] = (int32_t)k;
        } else {
            taken->k[taken->n++] = (int32_t)k;
        }
    }
    /* What is asked for behind the last one: the slab behind this one. */
    for (int64_t i = 0; i < FEW_AHEAD; i++) {
        taken->k[taken->n + i] = (int32_t)(k1 + i);
        fading->k[fading->n + i] = (int32_t)(k1 + i);
    }
}

/* The step of a row reads its old weights first, for dX. */
static void few_back(const mn_few *f, int64_t k0, int64_t k1)
{
    float x[MN_FEW_ROWS * FEW_BACK];
    few_rows taken, fading;
    const mn_gradient *to = &f->gradient;
    const adam_step step = to->update ? adam_of(to->update) : (adam_step){0};
    sort_rows(f, k0, k1, &taken, &fading);
    for (int64_t i = 0; i < fading.n; i++) {
        for (int32_t r = 0; r < f->ranges && !to->rates; r++)
            fetch_row(to, fading.k[i + 2], f->from[r], f->to[r]);
        fade_row(to, fading.k[i], f->from, f->to, f->ranges);
    }
#ifdef MN_ROW_AT_ONCE
    if (f->dx && to->update && f->m <= TILE) {
        few_rows_at_once(f, &step, &taken);
        return;
    }
#endif
    for (int64_t at = 0; at < taken.n; at += FEW_BACK) {
        const int32_t *k = taken.k + at;
        const int64_t count = mn_min(FEW_BACK, taken.n - at);
        for (int64_t i = 0; i < f->m; i++)
            for (int64_t j = 0; j < count; j++)
                x[i * FEW_BACK + j] = f->x[i * f->ldx + k[j]];
        if (f->dx)
            few_back_x(f, k, count);
        if (count == FEW_BACK && (to->g || to->update))
            few_back_w(f, &step, x, k, FEW_BACK);
        else
            for (int64_t j = 0; j < count && (to->g || to->update); j++)
                few_back_w(f, &step, x + j, k + j, 1);
    }
}
