/* curves.h - what a score says when its threshold is moved: ROC and precision-recall */
/* SPDX-License-Identifier: MIT */
#ifndef MN_CURVES_H
#define MN_CURVES_H

#include "common.h"

typedef struct mn_scored {
    float score; /* not NaN */
    int32_t positive;
} mn_scored;

/* How many positives and negatives have at least a score: first none, then one step for each distinct score,
 * descending. */
typedef struct mn_step {
    int64_t positives, negatives;
} mn_step;

/* All zeros is valid: nothing was scored. */
typedef struct mn_curve {
    mn_step *steps;
    int64_t count;
} mn_curve;

mirnet_status mn_curve_create(mn_curve *out, const mn_scored *items, int64_t n) MN_MUST_CHECK;
void mn_curve_destroy(mn_curve *curve);

double mn_curve_auroc(const mn_curve *curve);
double mn_curve_aupr(const mn_curve *curve);
/* Both write curve->count points. */
void mn_curve_get_roc(const mn_curve *curve, double *out_x, double *out_y);
void mn_curve_get_pr(const mn_curve *curve, double *out_x, double *out_y);

#endif
