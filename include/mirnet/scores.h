/* scores.h - how good predictions are */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_SCORES_H
#define MIRNET_SCORES_H

#include <mirnet/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Scores: true classes and predicted probabilities are added, figures come out. Class 0 is positive; with more than two
 * classes the figures are class 0 against the rest, "accuracy" over all classes.
 * Owned by the caller; one thread at a time changes it.
 *
 * Figures by key: "accuracy", "sensitivity", "specificity", "precision", "f1", "mcc" (Matthews 1975), "auroc" (area
 * under the ROC curve, ties count half), "aupr" (average precision, as scikit-learn's average_precision_score),
 * "log_loss" (natural logarithm, probabilities clipped at 1e-7), "tp", "fn", "fp", "tn", "count".
 * A ratio with nothing in its denominator is 0 (mcc too); auroc is 0.5 and aupr the share of positives when only one
 * class is there; all of them are 0 when nothing was added, auroc is 0.5. Never NaN.
 */
typedef struct mirnet_scores mirnet_scores;

/* n_classes >= 2. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_scores_create(mirnet_scores **out, int32_t n_classes);
MIRNET_API void mirnet_scores_destroy(mirnet_scores *scores);
MIRNET_API void mirnet_scores_reset(mirnet_scores *scores);

/* Adds n results: classes [n] true class indices, probabilities [n][n_classes]. The predicted class is the largest
 * probability, the first of equal ones. Errors: INVALID (class out of range), NUMERIC (a NaN), NOMEM; all or
 * nothing. */
MIRNET_API mirnet_status mirnet_scores_add(mirnet_scores *scores, const int32_t *classes, const float *probabilities,
                                           int64_t n);

/* Adds bare counts, e.g. of a published table; auroc, aupr and log_loss then do not see them. Two classes only.
 * Errors: INVALID (a negative count, more than two classes, a sum beyond 2^63 - 1). */
MIRNET_API mirnet_status mirnet_scores_add_counts(mirnet_scores *scores, int64_t tp, int64_t fn, int64_t fp,
                                                  int64_t tn);

/* Errors: INVALID (unknown key), NOMEM. */
MIRNET_API mirnet_status mirnet_scores_get(const mirnet_scores *scores, const char *key, double *out);

/* The figures' keys in the order above; NULL past the last. Static text. */
MIRNET_API const char *mirnet_scores_key(int32_t i);

/* Confusion matrix: out[n_classes][n_classes], row = true class, column = predicted class. */
MIRNET_API mirnet_status mirnet_scores_get_confusion(const mirnet_scores *scores, int64_t *out);

/* Points of the ROC curve (x = 1 - specificity, y = sensitivity) or of the precision-recall curve (x = recall,
 * y = precision), `curve` = "roc" or "pr", as scikit-learn draws them without dropping collinear points: ROC from
 * (0, 0) to (1, 1), precision-recall from recall 1 to (0, 1). With no negatives x, with no positives y of the ROC curve
 * is 0; recall is 1 with no positives. *inout_n is the room in out_x and out_y and then the number of points; with
 * out_x = NULL only the number is given. Errors: INVALID, SHAPE (too little room), NOMEM. */
MIRNET_API mirnet_status mirnet_scores_get_curve(const mirnet_scores *scores, const char *curve, double *out_x,
                                                 double *out_y, int64_t *inout_n);

/*
 * Summary of n values, e.g. one figure over folds. `what` is "mean", "median", "sd" (n - 1 in the denominator),
 * "normal_low", "normal_high" (mean -+ 1.96 sd / sqrt(n)), "t_low", "t_high" (the same with Student's t quantile for
 * n - 1 degrees of freedom, 95 %). For n = 1 sd is 0 and the intervals are the value itself. Errors: INVALID (n < 1,
 * unknown `what`), NUMERIC (a value, or the result, is not finite), NOMEM.
 */
MIRNET_API mirnet_status mirnet_scores_summarize(const double *values, int64_t n, const char *what, double *out);

#ifdef __cplusplus
}
#endif
#endif
