/* test_misuse.c - bad use of datasets, encoders, folds and scores: the documented status, no crash */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <string.h>

#include <mirnet/dataset.h>
#include <mirnet/encode.h>
#include <mirnet/folds.h>
#include <mirnet/recipe.h>
#include <mirnet/scores.h>

static mirnet_dataset *small_dataset(void)
{
    mirnet_dataset *dataset;
    mn_ok(mirnet_dataset_create(&dataset));
    mn_ok(mirnet_dataset_add(dataset, "a", "ACGU", NULL, "x", NULL));
    mn_ok(mirnet_dataset_add(dataset, "b", "GGCC", NULL, "y", NULL));
    return dataset;
}

START_TEST(destroying_nothing_is_fine)
{
    mirnet_reader_destroy(NULL);
    mirnet_dataset_destroy(NULL);
    mirnet_encoder_destroy(NULL);
    mirnet_folds_destroy(NULL);
    mirnet_scores_destroy(NULL);
    mirnet_scores_reset(NULL);
}
END_TEST

START_TEST(readers_are_made_of_something)
{
    mirnet_reader *reader = NULL;
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create(&reader, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_reader_create(&reader, mn_scratch_path("missing.fa")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create_mem(NULL, ">a\nA\n", 5, "text"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create_mem(&reader, NULL, 5, "text"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create_mem(&reader, ">a\nA\n", 5, NULL));
    ck_assert_ptr_null(reader);
}
END_TEST

START_TEST(readers_refuse_what_is_wrong)
{
    mirnet_reader *reader;
    int32_t more = 7;
    mn_ok(mirnet_reader_create_mem(&reader, ">a\nACGU\n", 8, "text"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(NULL, "lenient", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "lenien", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "lenient", 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "lenient", NAN));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "mask_lower", -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "keep_empty", 0.5));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "format", 6));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "format", INFINITY));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_run(NULL, &more));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_run(reader, NULL));
    mn_ok(mirnet_reader_run(reader, &more));
    ck_assert_int_eq(more, 1);
    mn_fails(MIRNET_ERR_STATE, mirnet_reader_set(reader, "lenient", 1));
    mn_ok(mirnet_reader_run(reader, &more));
    mn_ok(mirnet_reader_run(reader, &more));
    ck_assert_int_eq(more, 0);
    ck_assert_str_eq(mirnet_reader_get_name(reader), "");
    mirnet_reader_destroy(reader);
}
END_TEST

START_TEST(no_reader_has_no_record)
{
    ck_assert_ptr_null(mirnet_reader_get_name(NULL));
    ck_assert_ptr_null(mirnet_reader_get_sequence(NULL));
    ck_assert_ptr_null(mirnet_reader_get_structure(NULL));
    ck_assert_ptr_null(mirnet_reader_get_class(NULL));
    ck_assert_ptr_null(mirnet_reader_get_group(NULL));
    ck_assert_uint_eq(mirnet_reader_get_length(NULL), 0);
}
END_TEST

START_TEST(datasets_refuse_wrong_settings)
{
    mirnet_dataset *dataset = NULL;
    const char *const names[] = {"x", "y"}, *const twice[] = {"x", "x"}, *const hole[] = {"x", NULL};
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_create(NULL));
    mn_ok(mirnet_dataset_create(&dataset));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(NULL, "lenient", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(dataset, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(dataset, "nothing", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(dataset, "format", -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_group_column(NULL, "g"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_group_column(dataset, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_map_class(NULL, "a", "b"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_map_class(dataset, NULL, "b"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_map_class(dataset, "a", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(NULL, names, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, names, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, names, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, twice, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, hole, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_positive(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_positive(dataset, NULL));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_dataset_set_positive(dataset, "x"));
    ck_assert_int_eq(mirnet_dataset_class_count(dataset), 0);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(datasets_refuse_wrong_records)
{
    mirnet_dataset *dataset = small_dataset();
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load(NULL, "x", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load(dataset, NULL, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_dataset_load(dataset, mn_scratch_path("missing.csv"), NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load_mem(NULL, ">a\nA\n", 5, "text", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load_mem(dataset, NULL, 5, "text", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load_mem(dataset, ">a\nA\n", 5, NULL, NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_load_mem(dataset, "", 0, "text", NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_load_mem(dataset, ">a\nAC\n>b\nA!\n", 12, "text", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(NULL, "c", "ACGU", NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(dataset, NULL, "ACGU", NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(dataset, "c", NULL, NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "c", "AC-U", NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "c", "ACGU", "(((", NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_simulate(NULL, 5, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_simulate(dataset, -5, 1));
    mn_fails(MIRNET_ERR_STATE, mirnet_dataset_map_class(dataset, "x", "z"));
    mn_fails(MIRNET_ERR_STATE, mirnet_dataset_set_classes(dataset, (const char *const[]){"x", "y"}, 2));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_dataset_set_positive(dataset, "z"));
    ck_assert_int_eq(mirnet_dataset_count(dataset), 2);
    ck_assert_str_eq(mirnet_dataset_get_class_name(dataset, 0), "x");
    mirnet_dataset_destroy(dataset);
}
END_TEST

/* Everything that asks dataset `dataset` for record or class `i`, of which there is none. */
static void ask_for_nothing(const mirnet_dataset *dataset, int64_t i)
{
    ck_assert_ptr_null(mirnet_dataset_get_name(dataset, i));
    ck_assert_ptr_null(mirnet_dataset_get_sequence(dataset, i));
    ck_assert_ptr_null(mirnet_dataset_get_structure(dataset, i));
    ck_assert_ptr_null(mirnet_dataset_get_group(dataset, i));
    ck_assert_int_eq(mirnet_dataset_get_length(dataset, i), 0);
    ck_assert_int_eq(mirnet_dataset_get_class(dataset, i), -1);
    int32_t c = i > INT32_MAX ? INT32_MAX : i < INT32_MIN ? INT32_MIN : (int32_t)i;
    ck_assert_ptr_null(mirnet_dataset_get_class_name(dataset, c));
    ck_assert_int_eq(mirnet_dataset_get_class_size(dataset, c), 0);
}

START_TEST(records_that_are_not_there_are_nothing)
{
    mirnet_dataset *dataset = small_dataset();
    ck_assert_int_eq(mirnet_dataset_count(NULL), 0);
    ck_assert_int_eq(mirnet_dataset_class_count(NULL), 0);
    ask_for_nothing(NULL, 0);
    ask_for_nothing(dataset, -1);
    ask_for_nothing(dataset, 2);
    ask_for_nothing(dataset, INT64_MAX);
    ask_for_nothing(dataset, INT64_MIN);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(questions_about_a_dataset_need_room_for_the_answer)
{
    mirnet_dataset *dataset = small_dataset();
    int64_t out[2] = {-7, -7};
    char digest[65] = "";
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_report(NULL, "records", out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_report(dataset, NULL, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_report(dataset, "record", out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_report(dataset, "records", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_groups(NULL, "identical", out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_groups(dataset, NULL, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_groups(dataset, "similar", out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_groups(dataset, "identical", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_digest(NULL, digest));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_digest(dataset, NULL));
    ck_assert_int_eq(out[0], -7);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(encoders_refuse_what_is_wrong)
{
    mirnet_recipe *recipe;
    mirnet_encoder *encoder = NULL;
    float out[164 * 4];
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_create(NULL, recipe));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_create(&encoder, NULL));
    ck_assert_ptr_null(encoder);
    mn_ok(mirnet_encoder_create(&encoder, recipe));
    char longer[166];
    memset(longer, 'A', 165);
    longer[165] = '\0';
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_run(NULL, "ACGU", 4, NULL, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_run(encoder, NULL, 4, NULL, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_run(encoder, "ACGU", 4, NULL, NULL));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_encoder_run(encoder, longer, 165, NULL, out));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_encoder_run(encoder, "AC*U", 4, NULL, out));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_encoder_run(encoder, "A\0GU", 4, NULL, out));
    ck_assert_int_eq(mirnet_encoder_get_length(NULL), 0);
    ck_assert_int_eq(mirnet_encoder_get_channels(NULL), 0);
    ck_assert_int_eq(mirnet_encoder_get_size(NULL), 0);
    mirnet_encoder_destroy(encoder);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(folds_refuse_what_is_wrong)
{
    const int32_t classes[] = {0, 1, 0, 1}, negative[] = {0, -1, 0, 1};
    const int64_t one_group[] = {5, 5, 5, 5};
    int64_t out[4] = {-7, -7, -7, -7};
    mirnet_folds *folds = NULL;
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(NULL, classes, NULL, 4, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, NULL, NULL, 4, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 0, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, -1, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 4, 1, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 4, -2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, NULL, 4, 5, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, negative, NULL, 4, 2, 0, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_create(&folds, classes, one_group, 4, 2, 0, 0));
    ck_assert_ptr_null(folds);
    ck_assert_int_eq(mirnet_folds_count(NULL), 0);
    ck_assert_int_eq(mirnet_folds_get_test_size(NULL, 0), 0);
    ck_assert_int_eq(mirnet_folds_get_train_size(NULL, 0), 0);
    ck_assert_int_eq(mirnet_folds_get_fold(NULL, 0), -1);
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_test(NULL, 0, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_train(NULL, 0, out));
    mn_ok(mirnet_folds_create(&folds, classes, NULL, 4, 2, 0, 0));
    for (int32_t bad = -1; bad <= 2; bad += 3) {
        ck_assert_int_eq(mirnet_folds_get_test_size(folds, bad), 0);
        ck_assert_int_eq(mirnet_folds_get_train_size(folds, bad), 0);
        mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_test(folds, bad, out));
        mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_train(folds, bad, out));
    }
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_test(folds, 0, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_folds_get_train(folds, 0, NULL));
    ck_assert_int_eq(mirnet_folds_get_fold(folds, -1), -1);
    ck_assert_int_eq(mirnet_folds_get_fold(folds, 4), -1);
    ck_assert_int_eq(out[0], -7);
    mirnet_folds_destroy(folds);
}
END_TEST

START_TEST(scores_refuse_wrong_results)
{
    mirnet_scores *scores = NULL, *three;
    const int32_t classes[] = {0, 1}, beyond[] = {0, 2}, below[] = {-1, 0};
    const float p[] = {0.9f, 0.1f, 0.2f, 0.8f}, nan_p[] = {0.9f, 0.1f, NAN, 0.8f};
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_create(NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_create(&scores, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_create(&scores, -1));
    ck_assert_ptr_null(scores);
    mn_ok(mirnet_scores_create(&scores, 2));
    mn_ok(mirnet_scores_create(&three, 3));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(NULL, classes, p, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, NULL, p, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, classes, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, classes, p, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, beyond, p, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add(scores, below, p, 2));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_scores_add(scores, classes, nan_p, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(NULL, 1, 1, 1, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(scores, 1, -1, 1, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(scores, INT64_MAX, 1, 1, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_add_counts(three, 1, 1, 1, 1));
    double count = -7;
    mn_ok(mirnet_scores_get(scores, "count", &count));
    ck_assert(count == 0);
    mirnet_scores_destroy(scores);
    mirnet_scores_destroy(three);
}
END_TEST

START_TEST(scores_refuse_wrong_questions)
{
    mirnet_scores *scores;
    double x[4] = {-7, -7, -7, -7}, y[4];
    int64_t n = 1, confusion[4];
    mn_ok(mirnet_scores_create(&scores, 2));
    mn_ok(mirnet_scores_add(scores, (const int32_t[]){0, 1}, (const float[]){0.9f, 0.1f, 0.2f, 0.8f}, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get(NULL, "f1", x));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get(scores, NULL, x));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get(scores, "f2", x));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get(scores, "f1", NULL));
    ck_assert_ptr_null(mirnet_scores_key(-1));
    ck_assert_ptr_null(mirnet_scores_key(INT32_MAX));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_confusion(NULL, confusion));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_confusion(scores, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(NULL, "roc", x, y, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(scores, NULL, x, y, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(scores, "det", x, y, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(scores, "roc", x, NULL, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_get_curve(scores, "roc", x, y, NULL));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_scores_get_curve(scores, "roc", x, y, &n));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(NULL, 1, "mean", x));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(y, 0, "mean", x));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize(y, -1, "mean", x));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize((const double[]){1}, 1, NULL, x));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize((const double[]){1}, 1, "mode", x));
    mn_fails(MIRNET_ERR_INVALID, mirnet_scores_summarize((const double[]){1}, 1, "mean", NULL));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_scores_summarize((const double[]){INFINITY}, 1, "mean", x));
    ck_assert(x[0] == -7);
    mirnet_scores_destroy(scores);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("misuse");
    TCase *cases = tcase_create("misuse");
    tcase_add_test(cases, destroying_nothing_is_fine);
    tcase_add_test(cases, readers_are_made_of_something);
    tcase_add_test(cases, readers_refuse_what_is_wrong);
    tcase_add_test(cases, no_reader_has_no_record);
    tcase_add_test(cases, datasets_refuse_wrong_settings);
    tcase_add_test(cases, datasets_refuse_wrong_records);
    tcase_add_test(cases, records_that_are_not_there_are_nothing);
    tcase_add_test(cases, questions_about_a_dataset_need_room_for_the_answer);
    tcase_add_test(cases, encoders_refuse_what_is_wrong);
    tcase_add_test(cases, folds_refuse_what_is_wrong);
    tcase_add_test(cases, scores_refuse_wrong_results);
    tcase_add_test(cases, scores_refuse_wrong_questions);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
