/* test_scores.c - figures, curves and summaries (tests/check_sklearn.py compares with scikit-learn and SciPy) */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/scores.h>

#define NEAR(got, want) ck_assert_double_eq_tol(got, want, 1e-12)

static mirnet_scores *create(int32_t n_classes)
{
    mirnet_scores *scores = NULL;
    mn_ok(mirnet_scores_create(&scores, n_classes));
    return scores;
}

static double get(const mirnet_scores *scores, const char *key)
{
    double value = -99;
    mn_ok(mirnet_scores_get(scores, key, &value));
    return value;
}

static double summarize(const double *values, int64_t n, const char *what)
{
    double value = -99;
    mn_ok(mirnet_scores_summarize(values, n, what, &value));
    return value;
}

/* Adds results of two classes whose second probability is the rest. */
static void add_pairs(mirnet_scores *scores, const int32_t *classes, const float *positive, int n)
{
    float probabilities[64];
    for (int i = 0; i < n; i++) {
        probabilities[2 * i] = positive[i];
        probabilities[2 * i + 1] = 1.0f - positive[i];
    }
    mn_ok(mirnet_scores_add(scores, classes, probabilities, n));
}

/* A figure as a table prints it: rounded to `digits` decimals. */
static void check_printed(double value, double printed, int digits)
{
    double scale = pow(10, digits);
    ck_assert_double_eq_tol(round(value * scale) / scale, printed, 1e-9);
}

/* Tasdelen and Sen (2021), Table 4, from its counts: positives, negatives, TP, TN of each fold. */
static const int64_t table4[5][4] = {
    {83, 142, 79, 133}, {83, 142, 76, 141}, {84, 141, 80, 130}, {84, 141, 78, 131}, {83, 141, 77, 135}};

static void add_table4(mirnet_scores *scores, int fold)
{
    const int64_t *row = table4[fold];
    mn_ok(mirnet_scores_add_counts(scores, row[2], row[0] - row[2], row[1] - row[3], row[3]));
}

START_TEST(the_means_of_the_papers_table_4)
{
    static const struct {
        const char *key;
        double printed;
    } cases[] = {{"accuracy", .943}, {"sensitivity", .935}, {"specificity", .948}, {"f1", .925}, {"mcc", .880}};
    mirnet_scores *scores = create(2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double folds[5];
        for (int f = 0; f < 5; f++) {
            mirnet_scores_reset(scores);
            add_table4(scores, f);
            folds[f] = get(scores, cases[i].key);
        }
        check_printed(summarize(folds, 5, "mean"), cases[i].printed, 3);
    }
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(the_pooled_counts_of_the_papers_table_4)
{
    mirnet_scores *scores = create(2);
    for (int f = 0; f < 5; f++)
        add_table4(scores, f);
    ck_assert(get(scores, "count") == 1124 && get(scores, "tp") == 390 && get(scores, "fn") == 27);
    ck_assert(get(scores, "fp") == 37 && get(scores, "tn") == 670);
    check_printed(get(scores, "accuracy"), .9431, 4);
    int64_t confusion[4];
    mn_ok(mirnet_scores_get_confusion(scores, confusion));
    ck_assert(confusion[0] == 390 && confusion[1] == 27 && confusion[2] == 37 && confusion[3] == 670);
    /* Counts have no scores. */
    ck_assert(get(scores, "auroc") == 0.5 && get(scores, "aupr") == 0 && get(scores, "log_loss") == 0);
    mirnet_scores_destroy(scores);
}
END_TEST

/* The abstract's "95 % CI +-0.014" is the standard deviation; the interval is +-0.012, or +-0.017 with Student's t. */
START_TEST(the_interval_of_the_papers_abstract_is_its_deviation)
{
    mirnet_scores *scores = create(2);
    double folds[5];
    for (int f = 0; f < 5; f++) {
        mirnet_scores_reset(scores);
        add_table4(scores, f);
        folds[f] = get(scores, "accuracy");
    }
    double mean = summarize(folds, 5, "mean");
    NEAR(mean, 0.943063492063492112); /* this and the next two: NumPy and SciPy */
    check_printed(summarize(folds, 5, "sd"), .014, 3);
    NEAR(summarize(folds, 5, "sd"), 0.013827255538132112);
    NEAR(mean - summarize(folds, 5, "normal_low"), 0.012120123863605343);
    NEAR(summarize(folds, 5, "normal_high") - mean, 0.012120123863605343);
    ck_assert_double_eq_tol(mean - summarize(folds, 5, "t_low"), 0.017168805, 1e-9);
    ck_assert_double_eq_tol(summarize(folds, 5, "t_high") - mean, 0.017168805, 1e-9);
    NEAR(summarize(folds, 5, "median"), 212.0 / 225);
    mirnet_scores_destroy(scores);
}
END_TEST

static const int32_t tied_classes[10] = {0, 1, 1, 0, 0, 1, 0, 1, 1, 0};
static const float tied_scores[10] = {.9f, .8f, .9f, .4f, .3f, .3f, .3f, .1f, .6f, .7f};

/* Expected: scikit-learn 1.2.1. */
START_TEST(figures_of_tied_scores)
{
    mirnet_scores *scores = create(2);
    add_pairs(scores, tied_classes, tied_scores, 10);
    NEAR(get(scores, "auroc"), 0.5);
    NEAR(get(scores, "aupr"), 0.5222222222222221);
    NEAR(get(scores, "mcc"), -0.2);
    NEAR(get(scores, "f1"), 0.4);
    NEAR(get(scores, "precision"), 0.4);
    NEAR(get(scores, "sensitivity"), 0.4);
    NEAR(get(scores, "specificity"), 0.4);
    NEAR(get(scores, "accuracy"), 0.4);
    ck_assert_double_eq_tol(get(scores, "log_loss"), 0.9076620997021447, 1e-7); /* float32 probabilities */
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(points_of_curves_of_tied_scores)
{
    static const double roc_x[8] = {0, .2, .4, .4, .6, .6, .8, 1}, roc_y[8] = {0, .2, .2, .4, .4, .6, 1, 1};
    static const double pr_x[8] = {1, 1, .6, .4, .4, .2, .2, 0}, pr_y[8] = {.5, 5.0 / 9, .5, .4, .5, 1.0 / 3, .5, 1};
    mirnet_scores *scores = create(2);
    add_pairs(scores, tied_classes, tied_scores, 10);
    double x[9], y[9];
    int64_t n = -1;
    mn_ok(mirnet_scores_get_curve(scores, "roc", NULL, NULL, &n));
    ck_assert_int_eq(n, 8);
    n = 9;
    mn_ok(mirnet_scores_get_curve(scores, "roc", x, y, &n));
    ck_assert_int_eq(n, 8);
    mn_close_double("ROC x", x, roc_x, 8, 1e-12);
    mn_close_double("ROC y", y, roc_y, 8, 1e-12);
    mn_ok(mirnet_scores_get_curve(scores, "pr", x, y, &n));
    ck_assert_int_eq(n, 8);
    mn_close_double("recall", x, pr_x, 8, 1e-12);
    mn_close_double("precision", y, pr_y, 8, 1e-12);
    n = 7;
    x[0] = -1;
    mn_fails(MIRNET_ERR_SHAPE, mirnet_scores_get_curve(scores, "roc", x, y, &n));
    ck_assert(n == 7 && x[0] == -1);
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(perfect_and_reversed_predictions)
{
    static const int32_t classes[4] = {0, 0, 0, 1};
    static const float good[4] = {1, .9f, .8f, 0}, bad[4] = {0, .1f, .2f, 1};
    mirnet_scores *scores = create(2);
    add_pairs(scores, classes, good, 4);
    ck_assert(get(scores, "mcc") == 1 && get(scores, "auroc") == 1 && get(scores, "aupr") == 1);
    ck_assert(get(scores, "f1") == 1 && get(scores, "accuracy") == 1);
    mirnet_scores_reset(scores);
    add_pairs(scores, classes, bad, 4);
    ck_assert(get(scores, "mcc") == -1 && get(scores, "auroc") == 0 && get(scores, "f1") == 0);
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(mcc_never_leaves_its_range)
{
    mirnet_scores *scores = create(2);
    for (int64_t i = 1; i < 3000; i++) {
        mirnet_scores_reset(scores);
        mn_ok(mirnet_scores_add_counts(scores, i * i * i, 0, 0, 7 * i + 1));
        ck_assert(get(scores, "mcc") == 1);
        mirnet_scores_reset(scores);
        mn_ok(mirnet_scores_add_counts(scores, 0, i * i, 3 * i * i * i, 0));
        ck_assert(get(scores, "mcc") == -1);
    }
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(nothing_added_gives_defined_figures)
{
    mirnet_scores *scores = create(3);
    for (int32_t i = 0; mirnet_scores_key(i); i++) {
        const char *key = mirnet_scores_key(i);
        ck_assert_double_eq(get(scores, key), strcmp(key, "auroc") == 0 ? 0.5 : 0);
    }
    double x, y;
    int64_t n = 1;
    mn_ok(mirnet_scores_get_curve(scores, "roc", &x, &y, &n));
    ck_assert(n == 1 && x == 0 && y == 0);
    mn_ok(mirnet_scores_get_curve(scores, "pr", &x, &y, &n));
    ck_assert(n == 1 && x == 0 && y == 1);
    mn_ok(mirnet_scores_add(scores, &(int32_t){0}, &(float){0}, 0));
    ck_assert_double_eq(get(scores, "count"), 0);
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(one_class_gives_defined_figures)
{
    static const int32_t positives[3] = {0, 0, 0}, negatives[3] = {1, 1, 1};
    static const float values[3] = {.25f, .5f, .75f};
    mirnet_scores *scores = create(2);
    add_pairs(scores, positives, values, 3);
    NEAR(get(scores, "sensitivity"), 2.0 / 3); /* at .5 both are equal: the first class */
    ck_assert(get(scores, "specificity") == 0 && get(scores, "precision") == 1 && get(scores, "mcc") == 0);
    ck_assert(get(scores, "auroc") == 0.5 && get(scores, "aupr") == 1);
    mirnet_scores_reset(scores);
    add_pairs(scores, negatives, values, 3);
    NEAR(get(scores, "specificity"), 1.0 / 3);
    ck_assert(get(scores, "sensitivity") == 0 && get(scores, "precision") == 0 && get(scores, "f1") == 0);
    ck_assert(get(scores, "mcc") == 0 && get(scores, "auroc") == 0.5 && get(scores, "aupr") == 0);
    double x[4], y[4];
    int64_t n = 4;
    mn_ok(mirnet_scores_get_curve(scores, "roc", x, y, &n));
    for (int i = 0; i < 4; i++)
        ck_assert(y[i] == 0 && fabs(x[i] - i / 3.0) < 1e-15);
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(with_three_classes_the_first_is_against_the_rest)
{
    static const int32_t classes[5] = {0, 1, 2, 2, 1};
    static const float probabilities[5][3] = {
        {.5f, .25f, .25f}, {.5f, .25f, .25f}, {0, 0, 1}, {.25f, .5f, .25f}, {.25f, .375f, .375f}};
    static const int64_t want[9] = {1, 0, 0, 1, 1, 0, 0, 1, 1};
    mirnet_scores *scores = create(3);
    int64_t confusion[9];
    mn_ok(mirnet_scores_add(scores, classes, probabilities[0], 2));
    mn_ok(mirnet_scores_add(scores, classes + 2, probabilities[2], 3));
    mn_ok(mirnet_scores_get_confusion(scores, confusion));
    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(confusion[i], want[i]);
    NEAR(get(scores, "accuracy"), 0.6);
    ck_assert(get(scores, "tp") == 1 && get(scores, "fn") == 0 && get(scores, "fp") == 1 && get(scores, "tn") == 3);
    NEAR(get(scores, "auroc"), 3.5 / 4);
    NEAR(get(scores, "log_loss"), -(log(.5) + 2 * log(.25) + log(1 - 1e-7) + log(.375)) / 5);
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(scores, 1, 1, 1, 1));
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(probabilities_are_clipped_in_the_loss)
{
    static const int32_t classes[2] = {0, 0};
    static const float values[2] = {0, 1};
    mirnet_scores *scores = create(2);
    add_pairs(scores, classes, values, 1);
    NEAR(get(scores, "log_loss"), -log(1e-7));
    add_pairs(scores, classes + 1, values + 1, 1);
    NEAR(get(scores, "log_loss"), -(log(1e-7) + log(1 - 1e-7)) / 2);
    mirnet_scores_destroy(scores);
}
END_TEST

/* Everything is as it was before: counts, curve, loss. */
START_TEST(a_refused_addition_adds_nothing)
{
    static const int32_t good[3] = {0, 1, 0}, low[3] = {0, 1, -1}, high[3] = {0, 1, 2};
    static const float values[6] = {.5f, .5f, .25f, .75f, 1, 0}, broken[6] = {.5f, .5f, .25f, .75f, 1, NAN};
    mirnet_scores *scores = create(2);
    mn_ok(mirnet_scores_add(scores, good, values, 3));
    double before = get(scores, "log_loss");
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, low, values, 3));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, high, values, 3));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_scores_add(scores, good, broken, 3));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, good, values, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(scores, 1, 1, -1, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(scores, 1, 1, 1, INT64_MAX - 5));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(scores, INT64_MAX, INT64_MAX, 1, 1));
    ck_assert(get(scores, "count") == 3 && get(scores, "log_loss") == before);
    int64_t n = 0;
    mn_ok(mirnet_scores_get_curve(scores, "pr", NULL, NULL, &n));
    ck_assert_int_eq(n, 4);
    mn_ok(mirnet_scores_add_counts(scores, 0, 0, 0, INT64_MAX - 3));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, good, values, 1));
    mirnet_scores_destroy(scores);
}
END_TEST

START_TEST(keys_are_those_of_the_header)
{
    static const char *const want[] = {"accuracy", "sensitivity", "specificity", "precision", "f1", "mcc", "auroc",
                                       "aupr",     "log_loss",    "tp",          "fn",        "fp", "tn",  "count"};
    for (int32_t i = 0; i < 14; i++)
        ck_assert_str_eq(mirnet_scores_key(i), want[i]);
    ck_assert_ptr_null(mirnet_scores_key(14));
    ck_assert_ptr_null(mirnet_scores_key(-1));
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    mirnet_scores *scores = NULL;
    double value = 7;
    int64_t n = 1;
    float probabilities[2] = {0, 1};
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_create(NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_create(&scores, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_create(&scores, -5));
    ck_assert_ptr_null(scores);
    scores = create(2);
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(NULL, &(int32_t){0}, probabilities, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, NULL, probabilities, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, &(int32_t){0}, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(NULL, 1, 1, 1, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get(NULL, "f1", &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get(scores, NULL, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get(scores, "f1", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get(scores, "F1", &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_confusion(NULL, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_confusion(scores, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(NULL, "roc", NULL, NULL, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(scores, NULL, NULL, NULL, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(scores, "auc", NULL, NULL, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(scores, "roc", &value, NULL, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(scores, "roc", NULL, NULL, NULL));
    ck_assert(value == 7 && n == 1);
    mirnet_scores_reset(NULL);
    mirnet_scores_destroy(NULL);
    mirnet_scores_destroy(scores);
}
END_TEST

/* Half the width of the t interval of these values is the quantile times sqrt(2/2) = 1. Quantiles: Student's own closed
 * forms for 1 and 2 degrees of freedom, t tables (NIST/SEMATECH e-Handbook 1.3.6.7.2) beyond. */
START_TEST(the_t_interval_uses_students_quantile)
{
    static const struct {
        int n;
        double quantile, tolerance;
    } cases[] = {{2, 12.706204736174698, 1e-11},
                 {3, 4.302652729749464, 1e-11},
                 {5, 2.776, 5e-4},
                 {6, 2.571, 5e-4},
                 {11, 2.228, 5e-4},
                 {31, 2.042, 5e-4},
                 {101, 1.984, 5e-4},
                 {1001, 1.962, 5e-4},
                 {100001, 1.960, 5e-4}};
    double *values = malloc(100001 * sizeof(*values));
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int n = cases[i].n;
        for (int k = 0; k < n; k++)
            values[k] = k % 2 ? 1 : -1;
        double mean = summarize(values, n, "mean"), error = summarize(values, n, "sd") / sqrt(n);
        double quantile = (summarize(values, n, "t_high") - mean) / error;
        ck_assert_double_eq_tol(quantile, cases[i].quantile, cases[i].tolerance);
        ck_assert_double_eq_tol((mean - summarize(values, n, "t_low")) / error, quantile, 1e-9);
    }
    free(values);
}
END_TEST

START_TEST(summaries_of_few_values)
{
    static const char *const whats[] = {"mean", "median", "normal_low", "normal_high", "t_low", "t_high"};
    const double one = 0.75, four[4] = {9, 1, 4, 2};
    for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++)
        ck_assert_double_eq(summarize(&one, 1, whats[i]), 0.75);
    ck_assert_double_eq(summarize(&one, 1, "sd"), 0);
    ck_assert_double_eq(summarize(four, 4, "mean"), 4);
    ck_assert_double_eq(summarize(four, 4, "median"), 3);
    ck_assert_double_eq(summarize(four, 3, "median"), 4);
    NEAR(summarize(four, 4, "sd"), sqrt(38.0 / 3));
}
END_TEST

START_TEST(summaries_refuse_what_has_none)
{
    const double values[3] = {1, 2, 3}, infinite[2] = {1, INFINITY}, unknown[2] = {NAN, 1}, huge[2] = {1e308, 1e308};
    double out = 7;
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(values, 0, "mean", &out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(values, -1, "mean", &out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(NULL, 3, "mean", &out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(values, 3, NULL, &out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(values, 3, "mode", &out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(values, 3, "mean", NULL));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_scores_summarize(infinite, 2, "median", &out));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_scores_summarize(unknown, 2, "mean", &out));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_scores_summarize(huge, 2, "mean", &out));
    ck_assert_double_eq(out, 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scores");
    TCase *cases = tcase_create("scores");
    tcase_add_test(cases, the_means_of_the_papers_table_4);
    tcase_add_test(cases, the_pooled_counts_of_the_papers_table_4);
    tcase_add_test(cases, the_interval_of_the_papers_abstract_is_its_deviation);
    tcase_add_test(cases, figures_of_tied_scores);
    tcase_add_test(cases, points_of_curves_of_tied_scores);
    tcase_add_test(cases, perfect_and_reversed_predictions);
    tcase_add_test(cases, mcc_never_leaves_its_range);
    tcase_add_test(cases, nothing_added_gives_defined_figures);
    tcase_add_test(cases, one_class_gives_defined_figures);
    tcase_add_test(cases, with_three_classes_the_first_is_against_the_rest);
    tcase_add_test(cases, probabilities_are_clipped_in_the_loss);
    tcase_add_test(cases, a_refused_addition_adds_nothing);
    tcase_add_test(cases, keys_are_those_of_the_header);
    tcase_add_test(cases, wrong_arguments_are_refused);
    tcase_add_test(cases, the_t_interval_uses_students_quantile);
    tcase_add_test(cases, summaries_of_few_values);
    tcase_add_test(cases, summaries_refuse_what_has_none);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
