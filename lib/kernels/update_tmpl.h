/* update_tmpl.h - steps of optimizers */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

/* The numbers of a step, each in all lanes. */
typedef struct adam_step {
    vec b1, b2, rest_1, rest_2, rate, epsilon, decay, scale, clip;
    bool scales, clips, decays; /* what is not asked for costs nothing */
} adam_step;

INLINE adam_step adam_of(const mn_update *u)
{
    return (adam_step){
        .b1 = splat(u->beta_1), .b2 = splat(u->beta_2), .rest_1 = splat(1.0f - u->beta_1),
        .rest_2 = splat(1.0f - u->beta_2), .rate = splat(u->rate), .epsilon = splat(u->epsilon),
        .decay = splat(u->decay), .scale = splat(u->scale), .clip = splat(u->clip),
        .scales = u->scale != 1.0f, .clips = u->clip > 0.0f, .decays = u->decay != 0.0f,
    };
}

/* m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= decay w; w -= rate m / (sqrt(v) + epsilon) */
INLINE vec adam_vec(const adam_step *s, vec w, vec *m, vec *v, vec g)
{
    if (s->scales)
        g *= s->scale;
    if (s->clips)
        g = at_least(at_most(g, s->clip), -s->clip);
    *m = multiply_sum(s->b1, *m, s->rest_1 * g);
    *v = multiply_sum(s->b2, *v, s->rest_2 * (g * g));
    if (s->decays)
        w = multiply_sum(-s->decay, w, w);
    return w - s->rate * *m / (quick_root(*v) + s->epsilon);
}

/* On a vector of the matrix that a gradient g is of, `n` floats of it unless it is whole. */
INLINE void update_vec(const adam_step *s, const mn_gradient *to, int64_t at, vec g, const bool whole, int64_t n)
{
    vec m = load_up_to(to->m + at, whole, n), v = load_up_to(to->v + at, whole, n);
    store_up_to(to->w + at, adam_vec(s, load_up_to(to->w + at, whole, n), &m, &v, g), whole, n);
    store_up_to(to->m + at, m, whole, n);
    store_up_to(to->v + at, v, whole, n);
}

static void adam(const mn_update *u, float *w, float *m, float *v, const float *g, int64_t n)
{
    const adam_step step = adam_of(u);
    const mn_gradient to = {.w = w, .m = m, .v = v};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        update_vec(&step, &to, i, load(g + i), true, LANES);
    if (i < n)
        update_vec(&step, &to, i, load_some(g + i, n - i), false, n - i);
}

/*
 * Rule: where a row's gradient is zero and both its moments are zero, Adam leaves all three as they are, so they are
 * not touched. Proof: m' = b1 0 + 0, v' = b2 0 + 0, w' = w - rate 0 / (0 + epsilon). Units of a ReLU that nothing in
 * the training data moves have many such rows behind them. It stops at weight decay, which moves every weight. A moment
 * of -0 counts as zero and keeps its sign, which nothing ever sees.
 */

static void mark_moving(const mn_gradient *to, int64_t k)
{
    if (to->resting)
        to->resting[mn_resting_at(to, k)] = MN_MOVES;
}

static bool is_zero(const float *x, int64_t n)
{
    uint64_t bits = 0;
    for (int64_t i = 0; i < n && !bits; i += 64)
        find_nonzero(&bits, x + i, mn_min(64, n - i));
    return !bits;
}

/* Of row k, whose gradient is zero, and the columns from[i]..end[i] - 1. */
static bool is_resting(const mn_gradient *to, int64_t k, const int64_t *from, const int64_t *end, int32_t ranges)
{
    if (!to->resting || to->update->decay != 0 || to->update->epsilon <= 0)
        return false;
    uint8_t *state = &to->resting[mn_resting_at(to, k)];
    if (*state == MN_UNKNOWN) {
        *state = MN_RESTS;
        for (int32_t i = 0; i < ranges; i++) {
            const int64_t at = k * to->ld + from[i], n = end[i] - from[i];
            if (!is_zero(to->m + at, n) || !is_zero(to->v + at, n))
                *state = MN_MOVES;
        }
    }
    return *state == MN_RESTS;
}

/* Steps of a gradient of zero on a vector of weights; their learning rates, the last one first. */
INLINE void fade_vec(adam_step *step, const mn_gradient *to, int64_t at, const float *rates, int64_t steps,
                     const bool whole, int64_t n)
{
    vec w = load_up_to(to->w + at, whole, n), m = load_up_to(to->m + at, whole, n);
    vec v = load_up_to(to->v + at, whole, n);
    for (int64_t s = steps; s-- > 0;) {
        step->rate = splat(rates[s]);
        w = adam_vec(step, w, &m, &v, (vec){0});
    }
    store_up_to(to->w + at, w, whole, n);
    store_up_to(to->m + at, m, whole, n);
    store_up_to(to->v + at, v, whole, n);
}

/* Where whole vectors begin that lie as a row's first one does: on the borders of cache lines, if rows do. */
INLINE int64_t whole_from(int64_t column)
{
    return (column + LANES - 1) / LANES * LANES;
}

/* The same on columns of row k. */
static void fade(const mn_gradient *to, int64_t k, int64_t from, int64_t end, const float *rates, int64_t steps)
{
    adam_step step = adam_of(to->update);
    int64_t n = mn_min(end, whole_from(from));
    if (n > from)
        fade_vec(&step, to, k * to->ld + from, rates, steps, false, n - from);
    for (; n + LANES <= end; n += LANES)
        fade_vec(&step, to, k * to->ld + n, rates, steps, true, LANES);
    if (n < end)
        fade_vec(&step, to, k * to->ld + n, rates, steps, false, end - n);
}

/* Asks for the cache lines of a step at this place. */
INLINE void fetch_weights(const mn_gradient *to, int64_t at)
{
    __builtin_prefetch(to->w + at, 1);
    __builtin_prefetch(to->m + at, 1);
    __builtin_prefetch(to->v + at, 1);
}

/* What `fade` will need. */
static void fetch_row(const mn_gradient *to, int64_t k, int64_t from, int64_t end)
{
    for (int64_t n = from; n < end; n += 16)
        fetch_weights(to, k * to->ld + n);
}

/*
 * Rule: the step of a row whose gradient is zero is put off until the row is needed: because it meets something again,
 * because MN_LATE steps have come together, or because somebody reads the weights. Then w, m and v are read and written
 * once for all of them. Proof: nothing else touches the row meanwhile, and the steps are the same ones in the same
 * order. It stops where weights are read behind every step: then there are no `rates`.
 */

static int64_t steps_late(const mn_gradient *to, int64_t k)
{
    return to->resting ? to->resting[mn_resting_at(to, k)] - MN_MOVES : 0;
}

/* The steps of row k that were put off. */
static void settle_row(const mn_gradient *to, int64_t k, const int64_t *from, const int64_t *end, int32_t ranges)
{
    const int64_t late = steps_late(to, k);
    if (late <= 0)
        return;
    for (int32_t i = 0; i < ranges; i++)
        fade(to, k, from[i], end[i], to->rates, late);
    mark_moving(to, k);
}

static void settle(const mn_gradient *to, int64_t k0, int64_t k1, const int64_t *from, const int64_t *end,
                   int32_t ranges)
{
    for (int64_t k = k0; k < k1; k++)
        settle_row(to, k, from, end, ranges);
}

/* The step of row k, whose gradient is zero: now or later. */
static void fade_row(const mn_gradient *to, int64_t k, const int64_t *from, const int64_t *end, int32_t ranges)
{
    const int64_t late = mn_max(0, steps_late(to, k));
    if (to->rates && late < MN_LATE) {
        to->resting[mn_resting_at(to, k)] = (uint8_t)(MN_MOVES + late + 1);
        return;
    }
    settle_row(to, k, from, end, ranges);
    for (int32_t i = 0; i < ranges; i++)
        fade(to, k, from[i], end[i], &to->update->rate, 1);
}
