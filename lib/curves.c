/* curves.c - what a score says when its threshold is moved: ROC and precision-recall */
/* SPDX-License-Identifier: MIT */
#include "curves.h"

#include <stdlib.h>

#include "mem.h"

static int compare_descending(const void *a, const void *b)
{
    const mn_scored *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

mirnet_status mn_curve_create(mn_curve *out, const mn_scored *items, int64_t n)
{
    mn_scored *sorted = mn_calloc((size_t)n, sizeof(*sorted));
    mn_step *steps = sorted ? mn_calloc((size_t)n + 1, sizeof(*steps)) : NULL;
    if (!steps) {
        mn_free(sorted);
        return MIRNET_ERR_NOMEM;
    }
    if (n > 0) {
        memcpy(sorted, items, (size_t)n * sizeof(*sorted));
        qsort(sorted, (size_t)n, sizeof(*sorted), compare_descending);
    }
    int64_t last = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || sorted[i].score < sorted[i - 1].score) {
            steps[last + 1] = steps[last];
            last++;
        }
        if (sorted[i].positive)
            steps[last].positives++;
        else
            steps[last].negatives++;
    }
    mn_free(sorted);
    *out = (mn_curve){steps, last + 1};
    return MIRNET_OK;
}

void mn_curve_destroy(mn_curve *curve)
{
    mn_free(curve->steps);
    *curve = (mn_curve){0};
}

static mn_step total(const mn_curve *curve)
{
    return curve->count ? curve->steps[curve->count - 1] : (mn_step){0};
}

/* What part of the whole; `otherwise` where there is no whole. */
static double share(int64_t part, int64_t whole, double otherwise)
{
    return whole ? (double)part / (double)whole : otherwise;
}

/* Of all pairs of a positive and a negative, the share in which the positive has the higher score; equal scores count
 * half: trapezoids under the steps. */
double mn_curve_auroc(const mn_curve *curve)
{
    mn_step all = total(curve);
    if (all.positives == 0 || all.negatives == 0)
        return 0.5;
    double twice = 0;
    for (int64_t i = 1; i < curve->count; i++) {
        const mn_step *from = &curve->steps[i - 1], *to = &curve->steps[i];
        twice += (double)(to->negatives - from->negatives) * (double)(to->positives + from->positives);
    }
    return twice / (2.0 * (double)all.positives * (double)all.negatives);
}

/* Average precision: the sum of precision_i (recall_i - recall_{i-1}), without interpolation. */
double mn_curve_aupr(const mn_curve *curve)
{
    mn_step all = total(curve);
    double sum = 0;
    for (int64_t i = 1; i < curve->count; i++) {
        const mn_step *from = &curve->steps[i - 1], *to = &curve->steps[i];
        sum += (double)(to->positives - from->positives) * share(to->positives, to->positives + to->negatives, 0);
    }
    return all.positives ? sum / (double)all.positives : 0;
}

void mn_curve_get_roc(const mn_curve *curve, double *out_x, double *out_y)
{
    mn_step all = total(curve);
    for (int64_t i = 0; i < curve->count; i++) {
        out_x[i] = share(curve->steps[i].negatives, all.negatives, 0);
        out_y[i] = share(curve->steps[i].positives, all.positives, 0);
    }
}

/* Recall falls from 1 to 0; the last point, with nothing above the threshold, has precision 1 by definition. */
void mn_curve_get_pr(const mn_curve *curve, double *out_x, double *out_y)
{
    mn_step all = total(curve);
    for (int64_t i = 0; i < curve->count; i++) {
        const mn_step *step = &curve->steps[curve->count - 1 - i];
        bool last = i == curve->count - 1;
        out_x[i] = last ? 0 : share(step->positives, all.positives, 1);
        out_y[i] = share(step->positives, step->positives + step->negatives, 1);
    }
}
