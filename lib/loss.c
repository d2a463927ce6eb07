/* loss.c - categorical cross-entropy, accuracy, and the layers' penalties */
/* SPDX-License-Identifier: MIT */
#include "loss.h"

#include <math.h>

static const double least = 1e-7;

static int64_t largest(const float *x, int64_t n)
{
    int64_t at = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[at])
            at = i;
    return at;
}

static double sum_of(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

double mn_cross_entropy(const float *p, const float *t, const float *w, int64_t n, int64_t classes, int64_t *out_hits)
{
    double total = 0;
    *out_hits = 0;
    for (int64_t b = 0; b < n; b++, p += classes, t += classes) {
        double sum = sum_of(p, classes), loss = 0;
        for (int64_t c = 0; c < classes; c++)
            if (t[c] != 0) {
                double q = p[c] / sum;
                /* Written so that a NaN stays one. */
                q = q < least ? least : q > 1 - least ? 1 - least : q;
                loss -= t[c] * log(q);
            }
        total += loss * (w ? w[b] : 1.0);
        *out_hits += largest(p, classes) == largest(t, classes);
    }
    return total;
}

/* With q = p / s: dL/dp_j = (g_j - sum over c of g_c q_c) / s, g_c = -t_c / q_c where q_c was not cut, else 0. */
static void back_through_ratio(float *dp, const float *p, const float *t, double weight, int64_t classes)
{
    double sum = sum_of(p, classes), dot = 0;
    for (int64_t c = 0; c < classes; c++) {
        double q = p[c] / sum;
        dot += q < least || q > 1 - least ? 0.0 : -t[c];
    }
    for (int64_t c = 0; c < classes; c++) {
        double q = p[c] / sum, g = q < least || q > 1 - least ? 0.0 : -t[c] / q;
        dp[c] = (float)(weight * (g - dot) / sum);
    }
}

void mn_cross_entropy_back(float *dp, const float *p, const float *t, const float *w, int64_t n, int64_t classes,
                           bool fused)
{
    for (int64_t b = 0; b < n; b++, dp += classes, p += classes, t += classes) {
        const double weight = (w ? w[b] : 1.0) / (double)n;
        if (!fused) {
            back_through_ratio(dp, p, t, weight, classes);
            continue;
        }
        const double mass = sum_of(t, classes);
        for (int64_t c = 0; c < classes; c++)
            dp[c] = (float)(weight * (p[c] * mass - t[c]));
    }
}

double mn_penalty(const float *w, size_t n, mn_regularizer reg)
{
    double absolute = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        absolute += fabs((double)w[i]);
        square += (double)w[i] * w[i];
    }
    return reg.l1 * absolute + reg.l2 * square;
}

void mn_penalty_back(float *g, const float *w, size_t n, mn_regularizer reg)
{
    const float l1 = (float)reg.l1, l2 = (float)(2 * reg.l2);
    for (size_t i = 0; i < n; i++)
        g[i] += l2 * w[i] + (w[i] > 0 ? l1 : w[i] < 0 ? -l1 : 0.0f);
}
