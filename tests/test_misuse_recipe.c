/* test_misuse_recipe.c - bad use of recipes, options and tensors: the documented status, no crash */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <string.h>

#include <mirnet/file.h>
#include <mirnet/recipe.h>

static const char SPEC[] =
    "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": ["
    "{\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\", \"batch_input_shape\": [null, 164, 4]}},"
    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"activation\": \"softmax\"}}]}}";

static mirnet_recipe *small_recipe(void)
{
    mirnet_recipe *recipe;
    mn_ok(mirnet_recipe_create(&recipe, SPEC, strlen(SPEC), "spec"));
    return recipe;
}

START_TEST(destroying_nothing_is_fine)
{
    mirnet_recipe_destroy(NULL);
    mirnet_tensors_destroy(NULL);
}
END_TEST

START_TEST(recipes_are_made_of_json)
{
    mirnet_recipe *recipe = NULL;
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_create(NULL, SPEC, strlen(SPEC), "spec"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_create(&recipe, NULL, 5, "spec"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_create(&recipe, SPEC, strlen(SPEC), NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_recipe_create(&recipe, "", 0, "spec"));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_recipe_create(&recipe, "{}", 2, "spec"));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_recipe_create(&recipe, SPEC, strlen(SPEC) - 1, "spec"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_load(NULL, "linear-ends"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_load(&recipe, NULL));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_recipe_load(&recipe, mn_scratch_path("missing.json")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_copy(&recipe, NULL));
    ck_assert_ptr_null(recipe);
    recipe = small_recipe();
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_copy(NULL, recipe));
    mirnet_recipe_destroy(recipe);
    int32_t n = mirnet_recipe_builtin_count();
    for (int32_t i = -1; i <= n; i += n + 1) {
        ck_assert_ptr_null(mirnet_recipe_builtin_name(i));
        ck_assert_ptr_null(mirnet_recipe_builtin_json(i));
    }
}
END_TEST

START_TEST(recipes_refuse_wrong_options)
{
    mirnet_recipe *recipe = small_recipe();
    double number = -7;
    const char *text = "kept";
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(NULL, "training.epochs", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, "training.epoch", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, "training.epochs", -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, "training.epochs", 1.5));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, "training.epochs", NAN));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, "training.learning_rate", INFINITY));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, "encoder.align", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(NULL, "encoder.align", "left"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, NULL, "left"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, "encoder.align", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, "encoder.align", "middle"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, "encoder.alphabet", "AUGG"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, "training.epochs", "3"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_number(NULL, "training.epochs", &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_number(recipe, NULL, &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_number(recipe, "nothing", &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_number(recipe, "encoder.align", &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_number(recipe, "training.epochs", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_text(NULL, "encoder.align", &text));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_text(recipe, NULL, &text));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_text(recipe, "nothing", &text));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_text(recipe, "encoder.align", NULL));
    ck_assert(number == -7);
    ck_assert_str_eq(text, "kept");
    mn_ok(mirnet_recipe_get_text(recipe, "encoder.align", &text));
    ck_assert_str_eq(text, "left");
    ck_assert_ptr_null(mirnet_recipe_get_json(NULL));
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(recipes_refuse_wrong_classes)
{
    mirnet_recipe *recipe = small_recipe();
    const char *const names[] = {"x", "y"}, *const twice[] = {"x", "x"}, *const hole[] = {"x", NULL};
    double weight = -7;
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(NULL, names, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, names, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, twice, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, hole, 2));
    ck_assert_int_eq(mirnet_recipe_class_count(recipe), 0);
    ck_assert_int_eq(mirnet_recipe_class_count(NULL), 0);
    mn_ok(mirnet_recipe_set_classes(recipe, names, 2));
    ck_assert_ptr_null(mirnet_recipe_get_class(NULL, 0));
    ck_assert_ptr_null(mirnet_recipe_get_class(recipe, -1));
    ck_assert_ptr_null(mirnet_recipe_get_class(recipe, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(NULL, 0, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(recipe, -1, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(recipe, 2, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(recipe, 0, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(recipe, 0, NAN));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_class_weight(NULL, 0, &weight));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_class_weight(recipe, 2, &weight));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_class_weight(recipe, 0, NULL));
    ck_assert(weight == -7);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(options_that_are_not_there_are_nothing)
{
    int32_t n = mirnet_option_count();
    double low, high, standard;
    ck_assert_int_gt(n, 0);
    const int32_t bad[] = {-1, n, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_null(mirnet_option_key(bad[i]));
        ck_assert_int_lt(mirnet_option_kind(bad[i]), 0);
        ck_assert_ptr_null(mirnet_option_help(bad[i]));
        ck_assert_ptr_null(mirnet_option_words(bad[i]));
        ck_assert_ptr_null(mirnet_option_default_text(bad[i]));
        mn_fails(MIRNET_ERR_INVALID, mirnet_option_bounds(bad[i], &low, &high, &standard));
    }
    mn_fails(MIRNET_ERR_INVALID, mirnet_option_bounds(0, NULL, &high, &standard));
    mn_fails(MIRNET_ERR_INVALID, mirnet_option_bounds(0, &low, NULL, &standard));
    mn_fails(MIRNET_ERR_INVALID, mirnet_option_bounds(0, &low, &high, NULL));
}
END_TEST

START_TEST(tensors_refuse_what_is_wrong)
{
    mirnet_tensors *tensors = NULL, *other = NULL;
    const float values[] = {1, 2};
    const int64_t two[] = {2}, negative[] = {-2}, huge[] = {INT64_MAX, INT64_MAX};
    const int64_t deep[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    int64_t dims[8];
    int32_t rank;
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_create(NULL));
    mn_ok(mirnet_tensors_create(&tensors));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(NULL, "a", two, 1, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, NULL, two, 1, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "", two, 1, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "\xff", two, 1, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "a", NULL, 1, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "a", two, -1, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "a", deep, 9, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "a", negative, 1, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "a", huge, 2, values));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "a", two, 1, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set_note(NULL, "k", "t"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set_note(tensors, NULL, "t"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set_note(tensors, "k", "\xc3("));
    ck_assert_int_eq(mirnet_tensors_count(tensors), 0);
    ck_assert_int_eq(mirnet_tensors_count(NULL), 0);
    ck_assert_ptr_null(mirnet_tensors_get_name(tensors, 0));
    ck_assert_ptr_null(mirnet_tensors_get_name(tensors, -1));
    ck_assert_ptr_null(mirnet_tensors_get_name(NULL, 0));
    ck_assert_ptr_null(mirnet_tensors_get(tensors, "a"));
    ck_assert_ptr_null(mirnet_tensors_get(tensors, NULL));
    ck_assert_ptr_null(mirnet_tensors_get(NULL, "a"));
    ck_assert_ptr_null(mirnet_tensors_get_note(tensors, "k"));
    ck_assert_ptr_null(mirnet_tensors_get_note(tensors, NULL));
    ck_assert_ptr_null(mirnet_tensors_get_note(NULL, "k"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_get_shape(NULL, "a", dims, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_get_shape(tensors, NULL, dims, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_get_shape(tensors, "a", NULL, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_get_shape(tensors, "a", dims, NULL));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_tensors_get_shape(tensors, "a", dims, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load(&other, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_tensors_load(&other, mn_scratch_path("missing.safetensors")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load_mem(NULL, "x", 1, "text"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load_mem(&other, NULL, 1, "text"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load_mem(&other, "x", 1, NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_tensors_load_mem(&other, "x", 1, "text"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_save(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_save(tensors, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_tensors_save(tensors, mn_scratch_path("no/such/folder")));
    ck_assert_ptr_null(other);
    mirnet_tensors_destroy(tensors);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("misuse_recipe");
    TCase *cases = tcase_create("misuse_recipe");
    tcase_add_test(cases, destroying_nothing_is_fine);
    tcase_add_test(cases, recipes_are_made_of_json);
    tcase_add_test(cases, recipes_refuse_wrong_options);
    tcase_add_test(cases, recipes_refuse_wrong_classes);
    tcase_add_test(cases, options_that_are_not_there_are_nothing);
    tcase_add_test(cases, tensors_refuse_what_is_wrong);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
