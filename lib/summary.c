/* summary.c - a figure over several runs: mean, median, deviation, intervals */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>
#include <stdlib.h>

#include <mirnet/scores.h>

#include "mem.h"

static const double pi = 3.14159265358979323846;

/*
 * P(|T| <= t) of Student's t with n degrees of freedom, as a function of a = atan(t / sqrt(n)). Abramowitz and Stegun
 * (1964), 26.7.3 and 26.7.4, with c = cos a:
 *   n odd:  2/pi (a + sin a (c + 2/3 c^3 + (2 4)/(3 5) c^5 + ... up to c^(n-2)))
 *   n even: sin a (1 + 1/2 c^2 + (1 3)/(2 4) c^4 + ... up to c^(n-2))
 */
static double student_within(double a, int n)
{
    double c = cos(a), term = n % 2 ? c : 1, sum = 0;
    for (int power = n % 2; power <= n - 2; power += 2) {
        sum += term;
        term *= c * c * (power + 1) / (power + 2);
    }
    return n % 2 ? 2 / pi * (a + sin(a) * sum) : sin(a) * sum;
}

/* The t with P(|T| <= t) = 0.95, n >= 1. */
static double student_quantile(int64_t n)
{
    if (n > 1000) {
        /* Abramowitz and Stegun 26.7.5: an expansion in 1/n about the normal quantile. */
        const double z = 1.959963984540054, z2 = z * z;
        double g1 = (z2 + 1) * z / 4, g2 = ((5 * z2 + 16) * z2 + 3) * z / 96;
        double g3 = (((3 * z2 + 19) * z2 + 17) * z2 - 15) * z / 384;
        double g4 = ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) * z / 92160, v = (double)n;
        return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v;
    }
    double low = 0, high = pi / 2;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (student_within(middle, (int)n) < 0.95)
            low = middle;
        else
            high = middle;
    }
    return sqrt((double)n) * tan(low);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static mirnet_status median(const double *values, int64_t n, double *out)
{
    double *sorted = mn_calloc((size_t)n, sizeof(*sorted));
    if (!sorted)
        return MIRNET_ERR_NOMEM;
    memcpy(sorted, values, (size_t)n * sizeof(*sorted));
    qsort(sorted, (size_t)n, sizeof(*sorted), compare_doubles);
    *out = n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
    mn_free(sorted);
    return MIRNET_OK;
}

static double mean(const double *values, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

static double deviation(const double *values, int64_t n)
{
    double center = mean(values, n), squares = 0;
    for (int64_t i = 0; i < n; i++)
        squares += (values[i] - center) * (values[i] - center);
    return n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
}

mirnet_status mirnet_scores_summarize(const double *values, int64_t n, const char *what, double *out)
{
    MN_REQUIRE(values, "values is NULL");
    MN_REQUIRE(what, "what is NULL");
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(n >= 1, "%lld values: at least one is needed", (long long)n);
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return mn_fail(MIRNET_ERR_NUMERIC, "values[%lld] is not a finite number", (long long)i);
    double result = mean(values, n), error = deviation(values, n) / sqrt((double)n);
    if (strcmp(what, "median") == 0)
        MN_TRY(median(values, n, &result));
    else if (strcmp(what, "sd") == 0)
        result = deviation(values, n);
    else if (strcmp(what, "normal_low") == 0)
        result -= 1.96 * error;
    else if (strcmp(what, "normal_high") == 0)
        result += 1.96 * error;
    else if (strcmp(what, "t_low") == 0)
        result -= n > 1 ? student_quantile(n - 1) * error : 0;
    else if (strcmp(what, "t_high") == 0)
        result += n > 1 ? student_quantile(n - 1) * error : 0;
    else
        MN_REQUIRE(strcmp(what, "mean") == 0,
                   "no summary \"%s\": mean, median, sd, normal_low, normal_high, t_low or t_high", what);
    if (!isfinite(result))
        return mn_fail(MIRNET_ERR_NUMERIC, "the %s of these values is beyond the range of a double", what);
    *out = result;
    return MIRNET_OK;
}
