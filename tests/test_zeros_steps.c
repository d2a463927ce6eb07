/* test_zeros_steps.c - training that passes zeros over has the bits of one that does not, in every table of kernels */
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

enum { STEPS = 6, SLAB = MN_FEW_SLAB };
enum { STORED, ADDED, AT_ONCE, NOWHERE };
enum { NO_DX, APART, IN_PLACE };
enum { ALWAYS, AT_FIRST, LATER, NOW_AND_THEN };

/* A plain matrix W that is trained for some steps. What is written lies behind one another in an arena, with guards
 * between: W and its moments, or a gradient; dX. */
typedef struct course {
    const mn_kernels *kernels;
    mn_few f; /* of both kinds of products: shapes and where dX goes */
    mn_update update;
    int64_t m, n, k, gradient, dx, part; /* part: floats of the arena between two guards */
    int *zero_when;                      /* [k] */
    bool *met;                           /* [k] something else than zero so far */
    bool *rests;                         /* [k] all moments are zero at first */
    float *x, *d;
    uint8_t *resting;
} course;

enum { ARENA = 4 };

static float *part_of(const course *c, float *arena, int64_t part)
{
    return arena + GUARD + part * (c->part + GUARD);
}

static bool in_ranges(const mn_few *f, int64_t n)
{
    for (int32_t i = 0; i < f->ranges; i++)
        if (n >= f->from[i] && n < f->to[i])
            return true;
    return false;
}

/* Moments of a row: none, all of them, or a single one somewhere. Those that are in no range are to be left alone. */
static void fill_moments(course *c, int64_t k, float *arena)
{
    float *m = part_of(c, arena, 1) + k * c->f.ldw, *v = part_of(c, arena, 2) + k * c->f.ldw;
    const int64_t kind = pick(0, 3), only = toss() ? c->n - 1 : pick(0, c->n - 1);
    const bool in_v = toss();
    c->rests[k] = true;
    for (int64_t i = 0; i < c->n; i++) {
        v[i] = fabsf(v[i]);
        if (!in_ranges(&c->f, i))
            continue;
        if (kind != 3 && (kind != 2 || i != only || in_v))
            m[i] = 0;
        if (kind != 3 && (kind != 2 || i != only || !in_v))
            v[i] = 0;
        c->rests[k] = c->rests[k] && m[i] == 0 && v[i] == 0;
    }
}

static mn_update any_update(void)
{
    const int64_t kind = pick(0, 7);
    return (mn_update){
        .rate = 0.01f, .beta_1 = 0.9f, .beta_2 = 0.99f, .epsilon = kind == 0 ? 0 : 1e-6f, .scale = 1,
        .decay = kind == 1 ? 0.01f : 0, .clip = kind == 2 ? 0.1f : 0,
    };
}

static course any_course(const mn_kernels *kernels, float **arena)
{
    course c = {.kernels = kernels, .m = pick(1, 150), .n = pick(1, 150), .k = pick(1, 200)};
    const int64_t ldw = c.n + pick(0, 20), ldx = c.k + pick(0, 3);
    c.update = any_update();
    c.gradient = pick(0, 2) ? AT_ONCE : pick(STORED, NOWHERE);
    c.dx = pick(NO_DX, IN_PLACE);
    c.f = (mn_few){.ranges = 1, .to = {c.n}, .ldx = ldx, .ldw = ldw, .ldd = ldw, .dx_add = toss(), .sloped = toss()};
    if (toss()) {
        c.f.ranges = 2;
        c.f.to[0] = pick(0, c.n);
        c.f.from[1] = pick(c.f.to[0], c.n);
        c.f.to[1] = c.n;
    }
    c.part = mn_max(c.k * ldw, c.m * ldx);
    c.zero_when = calloc((size_t)c.k, sizeof(*c.zero_when));
    c.met = calloc((size_t)c.k, sizeof(*c.met));
    c.rests = calloc((size_t)c.k, sizeof(*c.rests));
    c.resting = calloc((size_t)(c.k * ldw / 16 + 1), 1);
    ck_assert(c.zero_when && c.met && c.rests && c.resting);
    c.x = mn_net_floats(c.m * ldx);
    c.d = mn_net_floats(c.m * ldw);
    *arena = mn_net_floats(GUARD + ARENA * (c.part + GUARD));
    mn_net_fill(&seed, *arena, GUARD + ARENA * (c.part + GUARD), -1, 1);
    for (int64_t k = 0; k < c.k; k++) {
        c.zero_when[k] = (int)pick(ALWAYS, NOW_AND_THEN);
        fill_moments(&c, k, *arena);
    }
    return c;
}

static void free_course(course *c)
{
    free(c->zero_when);
    free(c->met);
    free(c->rests);
    free(c->resting);
    free(c->x);
    free(c->d);
}

/* X and D of a step. */
static void fill_step(course *c, int step)
{
    const double density = mn_density(&seed);
    mn_net_fill(&seed, c->d, c->m * c->f.ldd, -1, 1);
    for (int64_t k = 0; k < c->k; k++) {
        const int when = c->zero_when[k];
        const bool early = step < STEPS / 2;
        const bool zero = when == ALWAYS || (when == AT_FIRST && early) || (when == LATER && !early) ||
                          (when == NOW_AND_THEN && toss());
        for (int64_t i = 0; i < c->m; i++)
            c->x[i * c->f.ldx + k] = mn_sparse(&seed, zero ? 0 : density);
    }
}

static mn_gradient gradient_in(const course *c, float *arena, bool skips)
{
    mn_gradient to = {.ld = c->f.ldw, .add = c->gradient == ADDED};
    if (c->gradient == STORED || c->gradient == ADDED)
        to.g = part_of(c, arena, 0);
    if (c->gradient == AT_ONCE) {
        to.update = &c->update;
        to.w = part_of(c, arena, 0);
        to.m = part_of(c, arena, 1);
        to.v = part_of(c, arena, 2);
        to.resting = skips && c->f.ldw >= 16 ? c->resting : NULL;
    }
    return to;
}

/* The first m rows of X by a kernel for few of them. X is a copy in the arena where dX takes its place. */
static void few_step(const course *c, float *arena, int64_t m, const float *w, bool skips)
{
    mn_few f = c->f;
    f.m = m;
    f.x = c->x;
    f.d = c->d;
    f.w = c->gradient == AT_ONCE ? part_of(c, arena, 0) : w;
    f.skips = skips;
    f.sloped = skips && f.sloped;
    f.gradient = gradient_in(c, arena, skips);
    f.dx = c->dx == NO_DX ? NULL : part_of(c, arena, 3);
    for (int64_t i = 0; c->dx == APART && !f.dx_add && i < m * f.ldx; i++)
        f.dx[i] = NAN; /* all of it is written */
    if (c->dx == IN_PLACE) {
        memcpy(f.dx, c->x, (size_t)(m * f.ldx) * sizeof(float));
        f.x = f.dx;
    }
    const int64_t apart = toss() ? SLAB : pick(1, SLAB);
    for (int64_t k = 0; k < c->k; k += apart)
        c->kernels->few_back(&f, k, mn_min(c->k, k + apart));
}

static void outer_step(const course *c, float *arena, const uint64_t *bits)
{
    const int64_t runs = c->k % 2 ? 1 : 2;
    const mn_outer o = {.m = c->m, .n = c->n, .runs = runs, .run = c->k / runs, .x = c->x, .d = c->d, .lda = c->f.ldx,
                        .ldc = c->f.ldd, .nonzero = bits, .to = gradient_in(c, arena, bits != NULL)};
    for (int64_t r = 0; r < runs; r++)
        for (int64_t l = 0; l < o.run; l += 48)
            c->kernels->outer(&o, r, l, mn_min(o.run, l + 48));
}

/* Nobody wants dX where X is zero and has come out of a ReLU: it only has to be finite there, if W is. */
static void forgive_zeros(const course *c, float *got, float *want, int64_t m)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t k = 0; k < c->k; k++) {
            float *a = part_of(c, got, 3) + i * c->f.ldx + k, *b = part_of(c, want, 3) + i * c->f.ldx + k;
            if (c->x[i * c->f.ldx + k] != 0)
                continue;
            if (!isfinite(*a) && isfinite(*b))
                ck_abort_msg("dX is %g where X is zero", (double)*a);
            *a = *b;
        }
}

/* A row that has met something moves; another one rests if nothing is in its moments. Returns how many rest. */
static int64_t check_resting(const course *c)
{
    const bool possible = c->gradient == AT_ONCE && c->f.ldw >= 16 && c->update.decay == 0 && c->update.epsilon > 0;
    int64_t resting = 0;
    for (int64_t k = 0; k < c->k && c->gradient == AT_ONCE && c->f.ldw >= 16; k++) {
        const uint8_t state = c->resting[k * c->f.ldw / 16];
        resting += state == MN_RESTS;
        const uint8_t want = c->met[k] || !c->rests[k] ? MN_MOVES : MN_RESTS;
        const bool unknown = state == MN_UNKNOWN && !c->met[k];
        if (!unknown && (state != want || (!possible && !c->met[k])))
            ck_abort_msg("row %d of %d: state %d", (int)k, (int)c->k, state);
    }
    return resting;
}

/* Steps with any number of rows, one kind of product or the other, as a Dense layer takes them. */
static int64_t take_course(const mn_kernels *kernels)
{
    float *want, *got, *w;
    course c = any_course(kernels, &want);
    const int64_t all = GUARD + ARENA * (c.part + GUARD), room = c.m;
    got = mn_copy(want, all);
    w = mn_copy(part_of(&c, want, 0), c.part);
    for (int step = 0; step < STEPS; step++) {
        fill_step(&c, step);
        c.m = pick(1, toss() ? mn_min(room, MN_FEW_ROWS) : room);
        const bool few = c.gradient == NOWHERE || c.f.ranges > 1 || (c.m <= MN_FEW_ROWS && toss());
        c.m = few ? mn_min(c.m, MN_FEW_ROWS) : c.m;
        for (int64_t i = 0; i < c.m * c.k; i++)
            c.met[i % c.k] |= c.x[i / c.k * c.f.ldx + i % c.k] != 0;
        uint64_t *bits = mn_bits(kernels, c.x, room * c.f.ldx);
        if (few) {
            few_step(&c, want, c.m, w, false);
            few_step(&c, got, c.m, w, true);
        } else {
            outer_step(&c, want, NULL);
            outer_step(&c, got, bits);
        }
        if (few && c.dx != NO_DX && c.f.sloped)
            forgive_zeros(&c, got, want, c.m);
        mn_same("weights, moments and dX", got, want, (size_t)all);
        free(bits);
    }
    const int64_t resting = check_resting(&c);
    free(want);
    free(got);
    free(w);
    free_course(&c);
    return resting;
}

START_TEST(steps_that_pass_zeros_over)
{
    int64_t resting = 0;
    for (int i = 0; i < 2 * ROUNDS; i++)
        resting += take_course(mn_test_kernels_at(_i));
    ck_assert_int_gt(resting, 0);
}
END_TEST

START_TEST(few_rows_that_pass_zeros_over)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS; i++) {
        float *arena, *w;
        course c = any_course(kernels, &arena);
        const int64_t m = mn_min(c.m, MN_FEW_ROWS), ldy = c.n + pick(0, 3), k0 = pick(0, c.k - 1);
        const int64_t k1 = mn_min(c.k, pick(k0 + 1, k0 + SLAB));
        float *want = mn_net_floats(m * ldy + 2 * GUARD), *got;
        mn_net_fill(&seed, want, m * ldy + 2 * GUARD, -1, 1);
        got = mn_copy(want, m * ldy + 2 * GUARD);
        w = part_of(&c, arena, 0);
        fill_step(&c, (int)pick(0, STEPS - 1));
        c.f.m = m;
        c.f.x = c.x;
        c.f.w = w;
        kernels->few_forward(&c.f, k0, k1, want + GUARD, ldy);
        c.f.skips = true;
        kernels->few_forward(&c.f, k0, k1, got + GUARD, ldy);
        mn_same("few_forward", got, want, (size_t)(m * ldy + 2 * GUARD));
        free(want);
        free(got);
        free(arena);
        free_course(&c);
    }
}
END_TEST

/* Forward, then back, of a step; with `rates` the steps of rows that meet nothing are put off. */
static void take_step(const course *c, float *arena, float *y, const float *rates)
{
    mn_few f = c->f;
    f.m = c->m;
    f.x = c->x;
    f.d = c->d;
    f.w = part_of(c, arena, 0);
    f.skips = true;
    f.gradient = gradient_in(c, arena, rates != NULL);
    f.gradient.rates = f.gradient.resting ? rates : NULL;
    f.dx = c->dx == NO_DX ? NULL : part_of(c, arena, 3);
    for (int64_t k = 0; k < c->k; k += SLAB)
        c->kernels->few_forward(&f, k, mn_min(c->k, k + SLAB), y + k / SLAB * c->m * c->n, c->n);
    for (int64_t k = 0; k < c->k; k += SLAB)
        c->kernels->few_back(&f, k, mn_min(c->k, k + SLAB));
}

static int64_t count_late(const course *c)
{
    int64_t late = 0;
    for (int64_t k = 0; k < c->k && c->f.ldw >= 16; k++)
        late += c->resting[k * c->f.ldw / 16] > MN_MOVES;
    return late;
}

/* More steps than may be put off, at any learning rates. Now and then somebody wants to see the weights. */
static int64_t put_steps_off(const mn_kernels *kernels)
{
    enum { MANY = 2 * MN_LATE + 7 };
    float *want, *got, rates[MN_LATE] = {0};
    course c = any_course(kernels, &want);
    const int64_t all = GUARD + ARENA * (c.part + GUARD), often = pick(1, MANY);
    int64_t late = 0;
    c.gradient = AT_ONCE;
    c.dx = c.dx == IN_PLACE ? NO_DX : c.dx;
    c.m = mn_min(c.m, MN_FEW_ROWS);
    c.f.sloped = c.dx != NO_DX;
    got = mn_copy(want, all);
    const int64_t sums = mn_ceil_div(c.k, SLAB) * c.m * c.n;
    float *y = mn_net_floats(sums), *want_y = mn_net_floats(sums);
    for (int step = 0; step < MANY; step++) {
        fill_step(&c, step);
        c.update.rate = mn_net_uniform(&seed, 0.0001, 0.01);
        take_step(&c, want, want_y, NULL);
        take_step(&c, got, y, rates);
        mn_same("Y", y, want_y, (size_t)sums);
        memmove(rates + 1, rates, (MN_LATE - 1) * sizeof(*rates));
        rates[0] = c.update.rate;
        late += count_late(&c);
        if (pick(1, often) > 1 && step + 1 < MANY)
            continue;
        mn_gradient to = gradient_in(&c, got, true);
        to.rates = rates;
        const int64_t half = pick(0, c.k);
        kernels->settle(&to, half, c.k, c.f.from, c.f.to, c.f.ranges);
        kernels->settle(&to, 0, half, c.f.from, c.f.to, c.f.ranges);
        ck_assert_int_eq(count_late(&c), 0);
        mn_same("weights, moments and dX", got, want, (size_t)all);
    }
    free(want);
    free(got);
    free(y);
    free(want_y);
    free_course(&c);
    return late;
}

START_TEST(steps_that_are_put_off)
{
    int64_t late = 0;
    for (int i = 0; i < ROUNDS / 4; i++)
        late += put_steps_off(mn_test_kernels_at(_i));
    ck_assert_int_gt(late, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zeros_steps");
    TCase *tc = tcase_create("steps");
    int32_t tables = 0; /* every case runs once for each */
    while (mn_test_kernels_at(tables))
        tables++;
    seed = mn_seed();
    tcase_add_loop_test(tc, few_rows_that_pass_zeros_over, 0, tables);
    tcase_add_loop_test(tc, steps_that_pass_zeros_over, 0, tables);
    tcase_add_loop_test(tc, steps_that_are_put_off, 0, tables);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
