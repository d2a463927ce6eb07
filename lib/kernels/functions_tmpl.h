/* functions_tmpl.h - functions of many numbers, and the steps of optimizers */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

/* 1.5 * 2^23 + 127: what is added to it is rounded to an integer n, and the low bits are the exponent of 2^n. */
#define ROUNDER splat(12583039.0f)

/* x / ln 2 as such a sum. */
INLINE vec shifted_of(vec x)
{
    return multiply_sum(x, splat(1.44269504f), ROUNDER);
}

/* What is left of x above the multiple of ln 2 that `shifted` holds: at most ln 2 / 2. */
INLINE vec rest_of(vec x, vec shifted)
{
    vec whole = shifted - ROUNDER;
    vec r = multiply_sum(whole, splat(-0.693359375f), x);
    return multiply_sum(whole, splat(2.12194440e-4f), r);
}

/* 2^n for the n that `shifted` holds, -127 < n <= 128: infinity for the last one. */
INLINE vec two_to(vec shifted)
{
    return (vec)((ivec)shifted << 23);
}

/* e^x to 1 ulp: 2^n * e^r with n = round(x / ln 2), e^r by a polynomial of degree 7 (Cephes expf). The bounds give 0
 * and infinity; 2^n in two factors, since it is no float where e^x is close to them. */
INLINE vec exp_of(vec x)
{
    x = at_most(at_least(x, splat(-104.0f)), splat(89.0f));
    const vec shifted = shifted_of(x), r = rest_of(x, shifted);
    const ivec n = (ivec)shifted - (ivec)ROUNDER, half = n >> 1;
    vec p = splat(1.9875691500e-4f);
    p = multiply_sum(p, r, splat(1.3981999507e-3f));
    p = multiply_sum(p, r, splat(8.3334519073e-3f));
    p = multiply_sum(p, r, splat(4.1665795894e-2f));
    p = multiply_sum(p, r, splat(1.6666665459e-1f));
    p = multiply_sum(p, r, splat(5.0000001201e-1f));
    p = multiply_sum(p * r, r, r) + splat(1.0f);
    return p * (vec)((half + 127) << 23) * (vec)((n - half + 127) << 23);
}

/* e^r - 1 to 2e-8 of it, by a polynomial of degree 6 whose terms wait for one another as little as they can. */
INLINE vec exp_less_one(vec r)
{
    const vec square = r * r;
    vec high = multiply_sum(splat(8.3665475249e-3f), r, splat(4.1667200625e-2f));
    vec low = multiply_sum(splat(1.6666543484e-1f), r, splat(4.9999997020e-1f));
    high = multiply_sum(splat(1.3882516650e-3f), square, high);
    return multiply_sum(multiply_sum(high, square, low), square, r);
}

/* 1 / (1 + e^-x), with e^-x in one factor: where it is below the lower bound the sum is 1, and where it becomes
 * infinite too early the result is below FLT_MIN. */
INLINE vec sigmoid_of(vec x)
{
    x = at_most(at_least(-x, splat(-87.0f)), splat(89.0f));
    const vec shifted = shifted_of(x);
    const vec p = exp_less_one(rest_of(x, shifted)) + splat(1.0f);
    return splat(1.0f) / multiply_sum(p, two_to(shifted), splat(1.0f));
}

/* tanh x = m / (m + 2) with m = e^(2 x) - 1 = 2^n (e^r - 1) + (2^n - 1). */
INLINE vec tanh_of(vec x)
{
    x = at_most(at_least(x + x, splat(-20.0f)), splat(20.0f));
    const vec shifted = shifted_of(x), power = two_to(shifted);
    const vec m = multiply_sum(power, exp_less_one(rest_of(x, shifted)), power - splat(1.0f));
    return m / (m + splat(2.0f));
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

static void larger(float *y, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(y + i, larger_of(load(y + i), load(x + i)));
    if (i < n)
        store_some(y + i, larger_of(load_some(y + i, n - i), load_some(x + i, n - i)), n - i);
}

static void blend(float *restrict y, const float *restrict z, const float *restrict a, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = z[i] * y[i] + (1.0f - z[i]) * a[i];
}

/* c_new, of a vector of floats from `at` on or of `some` where that is fewer. */
INLINE void lstm_cell(const mn_lstm_row *r, int64_t at, int64_t some, const bool whole, const bool starts,
                      const bool keeps)
{
    const int64_t n = r->n;
    float *z = r->z + at;
    const vec i = sigmoid_of(load_up_to(z, whole, some)), g = tanh_of(load_up_to(z + 2 * n, whole, some));
    vec c = i * g;
    if (!starts) {
        const vec f = sigmoid_of(load_up_to(z + n, whole, some));
        c += f * load_up_to(r->c + at, whole, some);
        if (keeps)
            store_up_to(z + n, f, whole, some);
    }
    store_up_to(r->c_new + at, c, whole, some);
    if (!keeps)
        return;
    store_up_to(z, i, whole, some);
    store_up_to(z + 2 * n, g, whole, some);
}

INLINE void lstm_output(const mn_lstm_row *r, int64_t at, int64_t some, const bool whole, const bool keeps)
{
    float *z = r->z + 3 * r->n + at;
    const vec o = sigmoid_of(load_up_to(z, whole, some)), kept = tanh_of(load_up_to(r->c_new + at, whole, some));
    store_up_to(r->h_new + at, o * kept, whole, some);
    if (!keeps)
        return;
    store_up_to(z, o, whole, some);
    store_up_to(r->kept + at, kept, whole, some);
}

/* In two passes: in one, tanh would wait for c, and what the CPU looks ahead would not reach the next vector's c. */
INLINE void lstm_row(const mn_lstm_row *r, const bool starts, const bool keeps)
{
    const int64_t whole = r->n - r->n % LANES;
    for (int64_t at = 0; at < whole; at += LANES)
        lstm_cell(r, at, LANES, true, starts, keeps);
    if (whole < r->n)
        lstm_cell(r, whole, r->n - whole, false, starts, keeps);
    for (int64_t at = 0; at < whole; at += LANES)
        lstm_output(r, at, LANES, true, keeps);
    if (whole < r->n)
        lstm_output(r, whole, r->n - whole, false, keeps);
}

static void lstm(const mn_lstm_row *r)
{
    if (!r->c)
        lstm_row(r, true, r->kept);
    else if (r->kept)
        lstm_row(r, false, true);
    else
        lstm_row(r, false, false);
}

static int64_t find_nonzero(uint64_t *bits, const float *x, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i += 64) {
        const int64_t end = mn_min(64, n - i);
        uint64_t word = 0;
        int64_t l = 0;
        for (; l + LANES <= end; l += LANES)
            word |= nonzero_lanes(load(x + i + l)) << l;
        if (l < end)
            word |= nonzero_lanes(load_some(x + i + l, end - l)) << l;
        bits[i / 64] = word;
        count += __builtin_popcountll(word);
    }
    return count;
}

static int64_t count_bits(const uint64_t *bits, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += __builtin_popcountll(bits[i]);
    return count;
}
