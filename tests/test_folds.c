/* test_folds.c - cross-validation: sizes, contents and refusals (tests/check_sklearn.py compares with scikit-learn) */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdlib.h>
#include <string.h>

#include <mirnet/folds.h>

enum { POSITIVES = 417, NEGATIVES = 707, ALL = POSITIVES + NEGATIVES };

/* The paper's set: 707 canonical (class 1) and 417 mirtron (class 0) records. */
static int32_t *paper_classes(bool canonical_first)
{
    int32_t *classes = malloc(ALL * sizeof(*classes));
    ck_assert_ptr_nonnull(classes);
    for (int i = 0; i < ALL; i++)
        classes[i] = canonical_first ? i < NEGATIVES : i >= POSITIVES;
    return classes;
}

static void check_test_set(const mirnet_folds *folds, int32_t f, const int64_t *want, int64_t n)
{
    int64_t got[64];
    ck_assert_int_eq(mirnet_folds_get_test_size(folds, f), n);
    mn_ok(mirnet_folds_get_test(folds, f, got));
    for (int64_t i = 0; i < n; i++)
        ck_assert_int_eq(got[i], want[i]);
}

/* Each record is tested once; train and test are ascending and complements. */
static void check_partition(const mirnet_folds *folds, int64_t n)
{
    int64_t *test = malloc((size_t)n * sizeof(*test)), *train = malloc((size_t)n * sizeof(*train)), total = 0;
    ck_assert(test && train);
    for (int32_t f = 0; f < mirnet_folds_count(folds); f++) {
        int64_t n_test = mirnet_folds_get_test_size(folds, f), n_train = mirnet_folds_get_train_size(folds, f);
        ck_assert_int_eq(n_test + n_train, n);
        mn_ok(mirnet_folds_get_test(folds, f, test));
        mn_ok(mirnet_folds_get_train(folds, f, train));
        for (int64_t i = 0, a = 0, b = 0; i < n; i++)
            if (a < n_test && test[a] == i) {
                ck_assert_int_eq(mirnet_folds_get_fold(folds, i), f);
                a++;
            } else {
                ck_assert_int_lt(b, n_train);
                ck_assert_int_eq(train[b], i);
                b++;
            }
        total += n_test;
    }
    ck_assert_int_eq(total, n);
    free(test);
    free(train);
}

static void count_positives(const mirnet_folds *folds, const int32_t *classes, int64_t n, int64_t *out)
{
    memset(out, 0, (size_t)mirnet_folds_count(folds) * sizeof(*out));
    for (int64_t i = 0; i < n; i++)
        out[mirnet_folds_get_fold(folds, i)] += classes[i] == 0;
}

/* Tasdelen and Sen (2021), Table 4: the class that comes first is dealt out first. */
START_TEST(the_folds_of_the_paper_have_its_sizes)
{
    static const int64_t want[5][2] = {{83, 142}, {83, 142}, {84, 141}, {84, 141}, {83, 141}};
    int32_t *classes = paper_classes(true);
    for (int32_t shuffle = 0; shuffle < 2; shuffle++) {
        mirnet_folds *folds = NULL;
        int64_t positives[5];
        mn_ok(mirnet_folds_create(&folds, classes, NULL, ALL, 5, shuffle, mn_seed()));
        ck_assert_int_eq(mirnet_folds_count(folds), 5);
        count_positives(folds, classes, ALL, positives);
        for (int32_t f = 0; f < 5; f++) {
            ck_assert_int_eq(positives[f], want[f][0]);
            ck_assert_int_eq(mirnet_folds_get_test_size(folds, f), want[f][0] + want[f][1]);
        }
        check_partition(folds, ALL);
        mirnet_folds_destroy(folds);
    }
    free(classes);
}
END_TEST

START_TEST(the_order_of_first_appearance_decides_the_sizes)
{
    static const int64_t want[5] = {84, 84, 83, 83, 83};
    int32_t *classes = paper_classes(false);
    mirnet_folds *folds = NULL;
    int64_t positives[5];
    mn_ok(mirnet_folds_create(&folds, classes, NULL, ALL, 5, 0, 0));
    count_positives(folds, classes, ALL, positives);
    for (int32_t f = 0; f < 5; f++)
        ck_assert_int_eq(positives[f], want[f]);
    mirnet_folds_destroy(folds);
    free(classes);
}
END_TEST

/* Expected: scikit-learn 1.2.1, StratifiedKFold(3). */
START_TEST(records_are_those_of_stratified_k_fold)
{
    static const int32_t classes[13] = {2, 0, 0, 1, 2, 2, 0, 1, 0, 2, 0, 0, 1};
    static const int64_t want[3][5] = {{0, 1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
    mirnet_folds *folds = NULL;
    mn_ok(mirnet_folds_create(&folds, classes, NULL, 13, 3, 0, 0));
    check_test_set(folds, 0, want[0], 5);
    check_test_set(folds, 1, want[1], 4);
    check_test_set(folds, 2, want[2], 4);
    check_partition(folds, 13);
    mirnet_folds_destroy(folds);
}
END_TEST

/* Expected: scikit-learn 1.2.1, StratifiedGroupKFold(3). */
START_TEST(groups_are_those_of_stratified_group_k_fold)
{
    static const int32_t classes[13] = {2, 0, 0, 1, 2, 2, 0, 1, 0, 2, 0, 0, 1};
    static const int64_t groups[13] = {5, 5, -3, -3, 9, 9, 9, 1, 1, 7, 7, 0, 0};
    static const int64_t want[3][5] = {{4, 5, 6, 7, 8}, {0, 1, 2, 3}, {9, 10, 11, 12}};
    mirnet_folds *folds = NULL;
    mn_ok(mirnet_folds_create(&folds, classes, groups, 13, 3, 0, 0));
    check_test_set(folds, 0, want[0], 5);
    check_test_set(folds, 1, want[1], 4);
    check_test_set(folds, 2, want[2], 4);
    check_partition(folds, 13);
    mirnet_folds_destroy(folds);
}
END_TEST

START_TEST(shuffling_follows_the_seed)
{
    int32_t *classes = paper_classes(true);
    mirnet_folds *folds[4] = {0};
    mn_ok(mirnet_folds_create(&folds[0], classes, NULL, ALL, 5, 0, 7));
    mn_ok(mirnet_folds_create(&folds[1], classes, NULL, ALL, 5, 1, 7));
    mn_ok(mirnet_folds_create(&folds[2], classes, NULL, ALL, 5, 1, 7));
    mn_ok(mirnet_folds_create(&folds[3], classes, NULL, ALL, 5, 1, 8));
    int64_t moved[4] = {0};
    for (int64_t i = 0; i < ALL; i++)
        for (int k = 0; k < 4; k++)
            moved[k] += mirnet_folds_get_fold(folds[k], i) != mirnet_folds_get_fold(folds[1], i);
    ck_assert_int_gt(moved[0], ALL / 2);
    ck_assert_int_eq(moved[2], 0);
    ck_assert_int_gt(moved[3], ALL / 2);
    for (int k = 0; k < 4; k++)
        mirnet_folds_destroy(folds[k]);
    free(classes);
}
END_TEST

/* 300 records of 60 groups, many seeds: no group on both sides, no fold much larger than another. */
START_TEST(shuffled_groups_stay_together)
{
    int32_t classes[300];
    int64_t groups[300];
    for (int i = 0; i < 300; i++) {
        groups[i] = (i * 37) % 60 - 30;
        classes[i] = (i * 37) % 60 < 20;
    }
    int64_t moved = 0;
    mirnet_folds *first = NULL;
    mn_ok(mirnet_folds_create(&first, classes, groups, 300, 5, 1, mn_seed() + 1000));
    for (uint64_t seed = 0; seed < 200; seed++) {
        mirnet_folds *folds = NULL;
        int32_t fold_of[60];
        memset(fold_of, -1, sizeof(fold_of));
        mn_ok(mirnet_folds_create(&folds, classes, groups, 300, 5, 1, mn_seed() + seed));
        for (int i = 0; i < 300; i++) {
            int32_t *fold = &fold_of[groups[i] + 30], got = mirnet_folds_get_fold(folds, i);
            ck_assert(*fold == -1 || *fold == got);
            *fold = got;
            moved += got != mirnet_folds_get_fold(first, i);
        }
        for (int32_t f = 0; f < 5; f++)
            ck_assert_int_eq(mirnet_folds_get_test_size(folds, f), 60);
        check_partition(folds, 300);
        mirnet_folds_destroy(folds);
    }
    ck_assert_int_gt(moved, 200 * 150);
    mirnet_folds_destroy(first);
}
END_TEST

START_TEST(a_group_each_and_one_class_are_fine)
{
    int32_t classes[7] = {3, 3, 3, 3, 3, 3, 3};
    int64_t groups[7] = {INT64_MAX, INT64_MIN, 0, 5, -5, 6, 7};
    mirnet_folds *folds = NULL;
    mn_ok(mirnet_folds_create(&folds, classes, groups, 7, 7, 0, 0));
    for (int32_t f = 0; f < 7; f++)
        ck_assert_int_eq(mirnet_folds_get_test_size(folds, f), 1);
    check_partition(folds, 7);
    mirnet_folds_destroy(folds);
    mn_ok(mirnet_folds_create(&folds, classes, NULL, 7, 7, 1, 0));
    check_partition(folds, 7);
    mirnet_folds_destroy(folds);
}
END_TEST

START_TEST(impossible_divisions_are_refused)
{
    static const int32_t classes[6] = {0, 0, 1, 1, 0, 1}, negative[6] = {0, 0, 1, -1, 0, 1};
    static const int32_t single[5] = {1, 4, 0, 3, 2};
    static const int64_t groups[6] = {1, 1, 2, 2, 1, 2}, each[5] = {0, 1, 2, 3, 4};
    mirnet_folds *folds = NULL;
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(NULL, classes, NULL, 6, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, NULL, NULL, 6, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 6, 1, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 6, INT32_MIN, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 6, 7, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, -1, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 0, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, negative, NULL, 6, 2, 0, 0));
    /* Both classes have 3 records. */
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 6, 4, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, groups, 6, 3, 0, 0));
    /* scikit-learn's greedy rule, asked for this, tests nothing in fold 2. */
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, single, each, 5, 5, 0, 0));
    ck_assert_ptr_null(folds);
}
END_TEST

START_TEST(getters_refuse_what_is_not_there)
{
    static const int32_t classes[4] = {0, 0, 1, 1};
    mirnet_folds *folds = NULL;
    int64_t out[4] = {9, 9, 9, 9};
    mn_ok(mirnet_folds_create(&folds, classes, NULL, 4, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_test(folds, 2, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_test(folds, -1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_test(folds, 0, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_test(NULL, 0, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_train(folds, 2, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_train(NULL, 0, out));
    ck_assert_int_eq(out[0], 9);
    ck_assert_int_eq(mirnet_folds_get_test_size(folds, 2), 0);
    ck_assert_int_eq(mirnet_folds_get_train_size(folds, -1), 0);
    ck_assert_int_eq(mirnet_folds_get_test_size(NULL, 0), 0);
    ck_assert_int_eq(mirnet_folds_get_train_size(NULL, 0), 0);
    ck_assert_int_eq(mirnet_folds_get_fold(folds, 4), -1);
    ck_assert_int_eq(mirnet_folds_get_fold(folds, -1), -1);
    ck_assert_int_eq(mirnet_folds_get_fold(NULL, 0), -1);
    ck_assert_int_eq(mirnet_folds_count(NULL), 0);
    mirnet_folds_destroy(folds);
    mirnet_folds_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("folds");
    TCase *cases = tcase_create("folds");
    tcase_add_test(cases, the_folds_of_the_paper_have_its_sizes);
    tcase_add_test(cases, the_order_of_first_appearance_decides_the_sizes);
    tcase_add_test(cases, records_are_those_of_stratified_k_fold);
    tcase_add_test(cases, groups_are_those_of_stratified_group_k_fold);
    tcase_add_test(cases, shuffling_follows_the_seed);
    tcase_add_test(cases, shuffled_groups_stay_together);
    tcase_add_test(cases, a_group_each_and_one_class_are_fine);
    tcase_add_test(cases, impossible_divisions_are_refused);
    tcase_add_test(cases, getters_refuse_what_is_not_there);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
