/* scores.c - how good predictions are */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>

#include <mirnet/scores.h>

#include "curves.h"
#include "mem.h"

struct mirnet_scores {
    int32_t n_classes;
    int64_t *confusion; /* [n_classes][n_classes] row = true class, column = predicted class */
    int64_t count;      /* the sum of it */
    mn_scored *items;   /* [n_items] the results with probabilities: that of class 0, and whether it is the true one */
    size_t n_items, capacity;
    double loss; /* the sum over items */
};

/* In the order of the names below. */
typedef enum figure {
    ACCURACY,
    SENSITIVITY,
    SPECIFICITY,
    PRECISION,
    F1,
    MCC,
    AUROC,
    AUPR,
    LOG_LOSS,
    TP,
    FN,
    FP,
    TN,
    COUNT,
    FIGURE_COUNT
} figure;

static const char *const keys[FIGURE_COUNT] = {"accuracy", "sensitivity", "specificity", "precision", "f1",
                                               "mcc",      "auroc",       "aupr",        "log_loss",  "tp",
                                               "fn",       "fp",          "tn",          "count"};

/* Class 0 against the rest. */
typedef struct counts {
    int64_t tp, fn, fp, tn, correct;
} counts;

static counts count(const mirnet_scores *scores)
{
    int64_t n = scores->n_classes;
    counts sum = {.tp = scores->confusion[0]};
    for (int64_t c = 0; c < n; c++)
        sum.correct += scores->confusion[c * n + c];
    for (int64_t c = 1; c < n; c++) {
        sum.fn += scores->confusion[c];
        sum.fp += scores->confusion[c * n];
    }
    sum.tn = scores->count - sum.tp - sum.fn - sum.fp;
    return sum;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

/* Matthews (1975): (TP TN - FP FN) / sqrt((TP + FP) (TN + FN) (TP + FN) (TN + FP)). The factors are paired so that
 * perfect predictions give exactly 1. */
static double matthews(double tp, double fn, double fp, double tn)
{
    double predicted = (tp + fp) * (tn + fn), truth = (tp + fn) * (tn + fp);
    return ratio(tp * tn - fp * fn, sqrt(predicted * truth));
}

static double from_counts(const mirnet_scores *scores, figure which)
{
    counts n = count(scores);
    double tp = (double)n.tp, fn = (double)n.fn, fp = (double)n.fp, tn = (double)n.tn;
    switch (which) {
    case ACCURACY:
        return ratio((double)n.correct, (double)scores->count);
    case SENSITIVITY:
        return ratio(tp, tp + fn);
    case SPECIFICITY:
        return ratio(tn, tn + fp);
    case PRECISION:
        return ratio(tp, tp + fp);
    case F1:
        return ratio(2 * tp, 2 * tp + fp + fn);
    case MCC:
        return matthews(tp, fn, fp, tn);
    case LOG_LOSS:
        return ratio(scores->loss, (double)scores->n_items);
    case TP:
        return tp;
    case FN:
        return fn;
    case FP:
        return fp;
    case TN:
        return tn;
    default:
        return (double)scores->count;
    }
}

/* The first of the largest. */
static int32_t predicted_class(const float *probabilities, int32_t n_classes)
{
    int32_t best = 0;
    for (int32_t c = 1; c < n_classes; c++)
        if (probabilities[c] > probabilities[best])
            best = c;
    return best;
}

/* Categorical cross-entropy of one result, clipped as Keras does: -log of the true class's probability. */
static double log_loss(float probability)
{
    const double least = 1e-7;
    return -log(fmin(fmax((double)probability, least), 1 - least));
}

static mirnet_status check_results(const mirnet_scores *scores, const int32_t *classes, const float *probabilities,
                                   size_t n)
{
    size_t n_classes = (size_t)scores->n_classes;
    for (size_t i = 0; i < n; i++) {
        MN_REQUIRE(classes[i] >= 0 && classes[i] < scores->n_classes, "classes[%zu] is %d, not 0..%d", i, classes[i],
                   scores->n_classes - 1);
        for (size_t c = 0; c < n_classes; c++)
            if (isnan(probabilities[i * n_classes + c]))
                return mn_fail(MIRNET_ERR_NUMERIC, "probabilities[%zu][%zu] is not a number", i, c);
    }
    return MIRNET_OK;
}

mirnet_status mirnet_scores_create(mirnet_scores **out, int32_t n_classes)
{
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(n_classes >= 2, "n_classes is %d: at least 2 are needed", n_classes);
    size_t cells;
    if (!mn_mul((size_t)n_classes, (size_t)n_classes, &cells))
        return mn_fail_nomem(SIZE_MAX);
    mirnet_scores *scores = mn_calloc(1, sizeof(*scores));
    if (!scores)
        return MIRNET_ERR_NOMEM;
    scores->n_classes = n_classes;
    scores->confusion = mn_calloc(cells, sizeof(*scores->confusion));
    if (!scores->confusion) {
        mirnet_scores_destroy(scores);
        return MIRNET_ERR_NOMEM;
    }
    *out = scores;
    return MIRNET_OK;
}

void mirnet_scores_destroy(mirnet_scores *scores)
{
    if (!scores)
        return;
    mn_free(scores->confusion);
    mn_free(scores->items);
    mn_free(scores);
}

void mirnet_scores_reset(mirnet_scores *scores)
{
    if (!scores)
        return;
    memset(scores->confusion, 0, (size_t)scores->n_classes * (size_t)scores->n_classes * sizeof(*scores->confusion));
    scores->count = 0;
    scores->n_items = 0;
    scores->loss = 0;
}

mirnet_status mirnet_scores_add(mirnet_scores *scores, const int32_t *classes, const float *probabilities, int64_t n)
{
    MN_REQUIRE(scores, "scores is NULL");
    MN_REQUIRE(classes, "classes is NULL");
    MN_REQUIRE(probabilities, "probabilities is NULL");
    MN_REQUIRE(n >= 0, "n is %lld: it is not negative", (long long)n);
    MN_REQUIRE(n <= INT64_MAX - scores->count, "%lld more results are too many", (long long)n);
    MN_TRY(check_results(scores, classes, probabilities, (size_t)n));
    size_t need;
    if (!mn_add(scores->n_items, (size_t)n, &need))
        return mn_fail_nomem(SIZE_MAX);
    MN_TRY(mn_grow(&scores->items, &scores->capacity, need, sizeof(*scores->items)));
    for (int64_t i = 0; i < n; i++) {
        const float *row = probabilities + i * scores->n_classes;
        scores->confusion[(int64_t)classes[i] * scores->n_classes + predicted_class(row, scores->n_classes)]++;
        scores->items[scores->n_items++] = (mn_scored){row[0], classes[i] == 0};
        scores->loss += log_loss(row[classes[i]]);
    }
    scores->count += n;
    return MIRNET_OK;
}

mirnet_status mirnet_scores_add_counts(mirnet_scores *scores, int64_t tp, int64_t fn, int64_t fp, int64_t tn)
{
    const int64_t added[4] = {tp, fn, fp, tn}; /* the confusion matrix by row */
    MN_REQUIRE(scores, "scores is NULL");
    MN_REQUIRE(scores->n_classes == 2, "counts of %d classes: only two have tp, fn, fp, tn", scores->n_classes);
    int64_t sum = scores->count;
    for (int i = 0; i < 4; i++) {
        MN_REQUIRE(added[i] >= 0, "a count is %lld: it is not negative", (long long)added[i]);
        MN_REQUIRE(!__builtin_add_overflow(sum, added[i], &sum), "the counts are too large");
    }
    for (int i = 0; i < 4; i++)
        scores->confusion[i] += added[i];
    scores->count = sum;
    return MIRNET_OK;
}

mirnet_status mirnet_scores_get(const mirnet_scores *scores, const char *key, double *out)
{
    MN_REQUIRE(scores, "scores is NULL");
    MN_REQUIRE(key, "key is NULL");
    MN_REQUIRE(out, "out is NULL");
    int which = 0;
    while (which < FIGURE_COUNT && strcmp(key, keys[which]) != 0)
        which++;
    MN_REQUIRE(which < FIGURE_COUNT, "there is no figure \"%s\"", key);
    if (which != AUROC && which != AUPR) {
        *out = from_counts(scores, (figure)which);
        return MIRNET_OK;
    }
    mn_curve curve;
    MN_TRY(mn_curve_create(&curve, scores->items, (int64_t)scores->n_items));
    *out = which == AUROC ? mn_curve_auroc(&curve) : mn_curve_aupr(&curve);
    mn_curve_destroy(&curve);
    return MIRNET_OK;
}

const char *mirnet_scores_key(int32_t i)
{
    return i >= 0 && i < FIGURE_COUNT ? keys[i] : NULL;
}

mirnet_status mirnet_scores_get_confusion(const mirnet_scores *scores, int64_t *out)
{
    MN_REQUIRE(scores, "scores is NULL");
    MN_REQUIRE(out, "out is NULL");
    memcpy(out, scores->confusion, (size_t)scores->n_classes * (size_t)scores->n_classes * sizeof(*out));
    return MIRNET_OK;
}

mirnet_status mirnet_scores_get_curve(const mirnet_scores *scores, const char *curve, double *out_x, double *out_y,
                                      int64_t *inout_n)
{
    MN_REQUIRE(scores, "scores is NULL");
    MN_REQUIRE(curve, "curve is NULL");
    MN_REQUIRE(inout_n, "inout_n is NULL");
    MN_REQUIRE(!out_x || out_y, "out_y is NULL");
    bool roc = strcmp(curve, "roc") == 0;
    MN_REQUIRE(roc || strcmp(curve, "pr") == 0, "there is no curve \"%s\": roc or pr", curve);
    mn_curve points;
    MN_TRY(mn_curve_create(&points, scores->items, (int64_t)scores->n_items));
    int64_t n = points.count;
    if (out_x && *inout_n < n) {
        mn_curve_destroy(&points);
        return mn_fail(MIRNET_ERR_SHAPE, "the curve has %lld points, there is room for %lld", (long long)n,
                       (long long)*inout_n);
    }
    if (out_x && roc)
        mn_curve_get_roc(&points, out_x, out_y);
    else if (out_x)
        mn_curve_get_pr(&points, out_x, out_y);
    mn_curve_destroy(&points);
    *inout_n = n;
    return MIRNET_OK;
}
