/* test_kernel_functions.c - the kernels' functions of single numbers against libm in double, and the Adam update */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mn_kernels.h"
#include "mn_net.h"

enum { MOST = 70, GUARD = 20, ROUNDS = 200 };

static uint64_t seed;

typedef void (*map)(float *y, const float *x, int64_t n);

/* Distance from the right number in units of the last place of a float there, subnormal floats included. */
static double ulps(float got, double want)
{
    if (isinf(got) || fabs(want) > (double)FLT_MAX)
        return isinf(got) && fabs(want) >= (double)FLT_MAX && (got > 0) == (want > 0) ? 0 : INFINITY;
    int exponent;
    frexp(want, &exponent);
    return fabs((double)got - want) / ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static float one(map f, float x)
{
    float y;
    f(&y, &x, 1);
    return y;
}

/* Every 997th float of low..high, many in a call. */
static double worst_of(map f, double (*want)(double), float low, float high, float *where)
{
    enum { STEP = 997 };
    double worst = 0;
    for (uint32_t bits = 0; bits < 0x7F800000u; bits += STEP * MOST)
        for (uint32_t sign = 0; sign < 2; sign++) {
            float x[MOST], y[MOST];
            for (uint32_t i = 0; i < MOST; i++) {
                const uint32_t number = (bits + i * STEP) | sign << 31;
                memcpy(&x[i], &number, sizeof(number));
            }
            f(y, x, MOST);
            for (int i = 0; i < MOST; i++) {
                if (!(x[i] >= low && x[i] <= high)) /* past the last float they are NaN */
                    continue;
                const double off = ulps(y[i], want((double)x[i]));
                if (!(off <= worst)) {
                    worst = off;
                    *where = x[i];
                }
            }
        }
    return worst;
}

static void check_function(const char *name, map f, double (*want)(double), float low, float high, double allowed)
{
    float where = 0;
    const double worst = worst_of(f, want, low, high, &where);
    ck_assert_msg(worst <= allowed, "%s(%.9g) is %.9g, off by %.3g units in the last place", name, (double)where,
                  (double)one(f, where), worst);
}

START_TEST(exp_is_right_to_the_last_place_or_the_one_before_it)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    check_function("exp", kernels->exp, exp, -87.3f, FLT_MAX, 1);
}
END_TEST

/* Of a subnormal result the last place is that of the smallest float. */
START_TEST(exp_goes_to_zero_gradually)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    check_function("exp", kernels->exp, exp, -FLT_MAX, -87.3f, 1);
}
END_TEST

/* 1 / (1 + e^-x): three roundings, and the error of e^-x where that is large. */
START_TEST(sigmoid_is_right_to_the_last_places)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    check_function("sigmoid", kernels->sigmoid, sigmoid, -87, FLT_MAX, 3);
}
END_TEST

START_TEST(tanh_is_right_to_the_last_places)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    check_function("tanh", kernels->tanh, tanh, -FLT_MAX, FLT_MAX, 3);
}
END_TEST

START_TEST(the_ends_of_the_range_are_exact)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    static const float least = 0x1p-149f;
    ck_assert(one(kernels->exp, 0) == 1 && one(kernels->exp, -0.0f) == 1 && one(kernels->exp, least) == 1);
    ck_assert(one(kernels->exp, 1e4f) == INFINITY && one(kernels->exp, INFINITY) == INFINITY);
    ck_assert(one(kernels->exp, -1e4f) == 0 && one(kernels->exp, -INFINITY) == 0);
    ck_assert(one(kernels->sigmoid, 0) == 0.5f && one(kernels->sigmoid, least) == 0.5f);
    ck_assert(one(kernels->sigmoid, 1e4f) == 1 && one(kernels->sigmoid, INFINITY) == 1);
    ck_assert(one(kernels->sigmoid, -1e4f) == 0 && one(kernels->sigmoid, -INFINITY) == 0);
    ck_assert(one(kernels->tanh, 0) == 0 && one(kernels->tanh, least) == least && one(kernels->tanh, -least) == -least);
    ck_assert(one(kernels->tanh, 1e4f) == 1 && one(kernels->tanh, INFINITY) == 1);
    ck_assert(one(kernels->tanh, -1e4f) == -1 && one(kernels->tanh, -INFINITY) == -1);
    ck_assert(one(kernels->relu, 1e4f) == 1e4f && one(kernels->relu, -1e4f) == 0 && one(kernels->relu, least) == least);
}
END_TEST

/* A NaN that became a number would hide from the loss that a training has gone astray. */
START_TEST(a_nan_stays_one_wherever_it_stands)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    const map maps[] = {kernels->exp, kernels->sigmoid, kernels->tanh, kernels->relu};
    for (int f = 0; f < 4; f++)
        for (int at = 0; at < MOST; at++) {
            float x[MOST] = {0}, y[MOST];
            x[at] = at % 2 ? NAN : -NAN;
            maps[f](y, x, MOST);
            for (int i = 0; i < MOST; i++)
                ck_assert_msg(!isnan(y[i]) == (i != at), "function %d: a NaN at %d gives %g at %d", f, at, (double)y[i],
                              i);
        }
}
END_TEST

/* -- Runs of numbers ----------------------------------------------------------------------------------------------- */

typedef enum which {
    SIGMOID_BACK,
    TANH_BACK,
    RELU_BACK,
    ADD,
    MULTIPLY,
    MULTIPLY_ADD,
    BLEND,
    SCALE,
    EXP,
    SIGMOID,
    TANH,
    RELU,
    ALL
} which;

static void call(const mn_kernels *kernels, which f, float *y, const float *a, const float *b, int64_t n)
{
    switch (f) {
    case SIGMOID_BACK: kernels->sigmoid_back(y, a, n); break;
    case TANH_BACK: kernels->tanh_back(y, a, n); break;
    case RELU_BACK: kernels->relu_back(y, a, n); break;
    case ADD: kernels->add(y, a, n); break;
    case MULTIPLY: kernels->multiply(y, a, n); break;
    case MULTIPLY_ADD: kernels->multiply_add(y, a, b, n); break;
    case BLEND: kernels->blend(y, a, b, n); break;
    case SCALE: kernels->scale(y, 0.7f, n); break;
    case EXP: kernels->exp(y, a, n); break;
    case SIGMOID: kernels->sigmoid(y, a, n); break;
    case TANH: kernels->tanh(y, a, n); break;
    default: kernels->relu(y, a, n);
    }
}

/* What comes out, and how large the numbers are that are rounded on the way. */
static double reference(which f, double y, double a, double b, double *out_size)
{
    *out_size = fabs(y);
    switch (f) {
    case SIGMOID_BACK: return y * a * (1 - a);
    case TANH_BACK: *out_size = fabs(y) * (1 + a * a); return y * (1 - a * a);
    case RELU_BACK: *out_size = 0; return a > 0 ? y : 0;
    case ADD: *out_size += fabs(a); return y + a;
    case MULTIPLY: return y * a;
    case MULTIPLY_ADD: *out_size += fabs(a * b); return y + a * b;
    case BLEND: *out_size += fabs(y * a) + 2 * fabs(b); return a * y + (1 - a) * b;
    case SCALE: return y * (double)0.7f;
    case EXP: *out_size = exp(a); return exp(a);
    case SIGMOID: *out_size = 1; return sigmoid(a);
    case TANH: *out_size = 1; return tanh(a);
    default: *out_size = 0; return fmax(a, 0);
    }
}

static void check_run(const mn_kernels *kernels, which f, int64_t n, int64_t offset)
{
    float room[MOST + 2 * GUARD], start[MOST + 2 * GUARD], cut[MOST], a[MOST + 1], b[MOST + 1], *y = room + GUARD + offset;
    mn_net_fill(&seed, start, MOST + 2 * GUARD, -2, 2);
    mn_net_fill(&seed, a, MOST + 1, -1, 1);
    mn_net_fill(&seed, b, MOST + 1, -1, 1);
    memcpy(room, start, sizeof(room));
    call(kernels, f, y, a + 1, b + 1, n);
    for (int64_t i = 0; i < n; i++) {
        double size, want = reference(f, (double)start[GUARD + offset + i], (double)a[i + 1], (double)b[i + 1], &size);
        ck_assert_msg(fabs((double)y[i] - want) <= 3 * (double)FLT_EPSILON * size, "function %d, %d of %d: %.9g, not %.9g",
                      (int)f, (int)i, (int)n, (double)y[i], want);
    }
    for (int64_t i = 0; i < MOST + 2 * GUARD; i++)
        if (i < GUARD + offset || i >= GUARD + offset + n)
            ck_assert_msg(memcmp(&room[i], &start[i], sizeof(float)) == 0, "function %d of %d wrote to %d", (int)f, (int)n,
                          (int)(i - GUARD - offset));
    memcpy(cut, start + GUARD + offset, (size_t)n * sizeof(float));
    const int64_t half = n / 3;
    call(kernels, f, cut, a + 1, b + 1, half);
    call(kernels, f, cut + half, a + 1 + half, b + 1 + half, n - half);
    mn_same("in two pieces", cut, y, (size_t)n);
}

START_TEST(runs_of_any_length_at_any_place)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int f = 0; f < ALL; f++)
        for (int64_t n = 0; n <= MOST; n++)
            check_run(kernels, (which)f, n, n % 5);
}
END_TEST

START_TEST(a_function_may_write_where_it_reads)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int f = EXP; f < ALL; f++) {
        float x[MOST], y[MOST];
        mn_net_fill(&seed, x, MOST, -3, 3);
        call(kernels, (which)f, y, x, NULL, MOST);
        call(kernels, (which)f, x, x, NULL, MOST);
        mn_same("in place", x, y, MOST);
    }
}
END_TEST

START_TEST(relu_stops_gradients_at_zero_and_below)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    float y[4] = {0, -0.0f, 0x1p-149f, 2}, d[4] = {5, 5, 5, 5};
    kernels->relu_back(d, y, 4);
    ck_assert(d[0] == 0 && d[1] == 0 && d[2] == 5 && d[3] == 5);
}
END_TEST

/* -- LSTM ---------------------------------------------------------------------------------------------------------- */

typedef struct lstm_floats {
    float z[4 * MOST + GUARD], c[MOST + GUARD], h[MOST + GUARD], kept[MOST + GUARD];
} lstm_floats;

/* The same by the other kernels, which round at the same places. */
static void lstm_by_parts(const mn_kernels *kernels, lstm_floats *l, int64_t n, bool starts, bool keeps)
{
    float gates[4 * MOST], c[MOST], h[MOST];
    memcpy(gates, l->z, (size_t)(4 * n) * sizeof(float));
    if (!starts)
        kernels->sigmoid(gates + n, gates + n, n);
    kernels->sigmoid(gates, gates, n);
    kernels->tanh(gates + 2 * n, gates + 2 * n, n);
    kernels->sigmoid(gates + 3 * n, gates + 3 * n, n);
    memcpy(c, gates, (size_t)n * sizeof(float));
    kernels->multiply(c, gates + 2 * n, n);
    if (!starts)
        kernels->multiply_add(c, gates + n, l->c, n);
    memcpy(l->c, c, (size_t)n * sizeof(float));
    kernels->tanh(c, c, n);
    memcpy(h, c, (size_t)n * sizeof(float));
    kernels->multiply(h, gates + 3 * n, n);
    memcpy(l->h, h, (size_t)n * sizeof(float));
    if (!keeps)
        return;
    memcpy(l->z, gates, (size_t)(4 * n) * sizeof(float));
    memcpy(l->kept, c, (size_t)n * sizeof(float));
}

START_TEST(a_step_of_an_lstm_is_that_of_its_parts_and_writes_nothing_else)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int round = 0; round < 4 * MOST; round++) {
        const bool starts = round & 1, keeps = round & 2;
        const int64_t n = 1 + round / 4;
        lstm_floats got, want;
        mn_net_fill(&seed, got.z, sizeof(got) / sizeof(float), -3, 3);
        if (starts)
            for (int64_t i = 0; i < n; i++)
                got.z[n + i] = NAN;
        memcpy(&want, &got, sizeof(want));
        lstm_by_parts(kernels, &want, n, starts, keeps);
        kernels->lstm(&(mn_lstm_row){
            .n = n, .z = got.z, .c = starts ? NULL : got.c, .c_new = got.c, .h_new = got.h,
            .kept = keeps ? got.kept : NULL,
        });
        ck_assert_msg(memcmp(&got, &want, sizeof(got)) == 0, "%d units, round %d", (int)n, round);
    }
}
END_TEST

/* -- Adam ---------------------------------------------------------------------------------------------------------- */

typedef struct weights {
    float w[MOST + GUARD], m[MOST + GUARD], v[MOST + GUARD];
} weights;

static void check_adam(const mn_update *u, const weights *from, const weights *to, const float *g, int64_t n)
{
    for (int64_t i = 0; i < MOST + GUARD; i++) {
        if (i >= n) {
            ck_assert(to->w[i] == from->w[i] && to->m[i] == from->m[i] && to->v[i] == from->v[i]);
            continue;
        }
        double gi = (double)g[i] * (double)u->scale;
        if (u->clip > 0)
            gi = fmax(-(double)u->clip, fmin((double)u->clip, gi));
        const double m = (double)u->beta_1 * (double)from->m[i] + (1 - (double)u->beta_1) * gi;
        const double v = (double)u->beta_2 * (double)from->v[i] + (1 - (double)u->beta_2) * gi * gi;
        const double step = (double)u->rate * m / (sqrt(v) + (double)u->epsilon);
        const double w = (double)from->w[i] * (1 - (double)u->decay) - step, eps = (double)FLT_EPSILON;
        ck_assert_double_le(fabs((double)to->m[i] - m), 3 * eps * (fabs((double)from->m[i]) + fabs(gi)));
        ck_assert_double_le(fabs((double)to->v[i] - v), 4 * eps * v);
        ck_assert_double_le(fabs((double)to->w[i] - w),
                            3 * eps * (fabs((double)from->w[i]) + fabs(step)) +
                                8 * eps * (double)u->rate * (fabs((double)from->m[i]) + fabs(gi)) / sqrt(v));
    }
}

START_TEST(adam_is_its_formula_and_does_not_depend_on_the_pieces)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int round = 0; round < ROUNDS; round++) {
        const int64_t n = round % (MOST + 1), half = n / 3;
        const mn_update u = {
            .rate = 0.01f, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-7f, .decay = round % 2 ? 0.004f : 0,
            .scale = round % 3 ? 1 : 0.25f, .clip = round % 5 ? 0 : 0.2f,
        };
        weights from, to, cut;
        float g[MOST];
        mn_net_fill(&seed, from.w, MOST + GUARD, -1, 1);
        mn_net_fill(&seed, from.m, MOST + GUARD, -1, 1);
        mn_net_fill(&seed, from.v, MOST + GUARD, 0.01, 1);
        mn_net_fill(&seed, g, MOST, -1, 1);
        to = cut = from;
        kernels->adam(&u, to.w, to.m, to.v, g, n);
        check_adam(&u, &from, &to, g, n);
        kernels->adam(&u, cut.w, cut.m, cut.v, g, half);
        kernels->adam(&u, cut.w + half, cut.m + half, cut.v + half, g + half, n - half);
        mn_same("w in two pieces", cut.w, to.w, MOST + GUARD);
        mn_same("m in two pieces", cut.m, to.m, MOST + GUARD);
        mn_same("v in two pieces", cut.v, to.v, MOST + GUARD);
    }
}
END_TEST

/* A root is made from an estimate where that is faster: at both ends of the range it must not leave it. */
START_TEST(a_step_of_adam_holds_at_the_ends_of_the_range)
{
    static const float vs[] = {0, 1e-42f, FLT_MIN, 1e-30f, 1e-14f, 1, 1e14f, 1e30f, 0.9f * FLT_MAX};
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    const mn_update u = {.rate = 1, .beta_1 = 1, .beta_2 = 1, .epsilon = 1e-7f, .scale = 1};
    for (size_t i = 0; i < sizeof(vs) / sizeof(vs[0]); i++)
        for (int64_t n = 1; n <= 33; n += 16) {
            float w[33] = {0}, m[33], v[33], g[33] = {0};
            for (int64_t j = 0; j < n; j++) {
                m[j] = 0.5f * (sqrtf(vs[i]) + u.epsilon);
                v[j] = vs[i];
            }
            kernels->adam(&u, w, m, v, g, n);
            for (int64_t j = 0; j < n; j++)
                ck_assert_msg(fabsf(w[j] + 0.5f) <= 4 * FLT_EPSILON, "%s: a step of %a with v = %a; expected -0.5",
                              kernels->name, (double)w[j], (double)vs[i]);
        }
}
END_TEST

/* NaN and infinity in a gradient must reach the weights, where they are noticed, or leave them alone. */
START_TEST(adam_hides_no_nan)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    const mn_update u = {.rate = 0.1f, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-7f, .scale = 1};
    float w[17] = {0}, m[17] = {0}, v[17] = {0}, g[17] = {0};
    g[3] = g[16] = NAN;
    kernels->adam(&u, w, m, v, g, 17);
    for (int i = 0; i < 17; i++)
        ck_assert_msg(isnan(w[i]) == (i == 3 || i == 16), "%s: w[%d] is %a", kernels->name, i, (double)w[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel_functions");
    TCase *tc = tcase_create("functions");
    int32_t tables = 0; /* every case runs once for each */
    while (mn_test_kernels_at(tables))
        tables++;
    seed = mn_seed();
    tcase_add_loop_test(tc, exp_is_right_to_the_last_place_or_the_one_before_it, 0, tables);
    tcase_add_loop_test(tc, exp_goes_to_zero_gradually, 0, tables);
    tcase_add_loop_test(tc, sigmoid_is_right_to_the_last_places, 0, tables);
    tcase_add_loop_test(tc, tanh_is_right_to_the_last_places, 0, tables);
    tcase_add_loop_test(tc, the_ends_of_the_range_are_exact, 0, tables);
    tcase_add_loop_test(tc, a_nan_stays_one_wherever_it_stands, 0, tables);
    tcase_add_loop_test(tc, runs_of_any_length_at_any_place, 0, tables);
    tcase_add_loop_test(tc, a_function_may_write_where_it_reads, 0, tables);
    tcase_add_loop_test(tc, relu_stops_gradients_at_zero_and_below, 0, tables);
    tcase_add_loop_test(tc, a_step_of_an_lstm_is_that_of_its_parts_and_writes_nothing_else, 0, tables);
    tcase_add_loop_test(tc, adam_is_its_formula_and_does_not_depend_on_the_pieces, 0, tables);
    tcase_add_loop_test(tc, a_step_of_adam_holds_at_the_ends_of_the_range, 0, tables);
    tcase_add_loop_test(tc, adam_hides_no_nan, 0, tables);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
