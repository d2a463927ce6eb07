/* test_misuse_model.c - bad use of model and model file: the documented status, no crash */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <string.h>

#include <mirnet/file.h>
#include <mirnet/model.h>
#include <mirnet/predict.h>
#include <mirnet/train.h>

#include "mn_misuse.h"

START_TEST(destroying_nothing_is_fine)
{
    mirnet_model_destroy(NULL);
    mirnet_model_drop_state(NULL);
    mirnet_predictor_destroy(NULL);
    mirnet_trainer_destroy(NULL);
}
END_TEST

START_TEST(models_are_made_of_recipes)
{
    mirnet_model *model = mn_misuse_model(), *other = NULL;
    mirnet_recipe *recipe;
    mn_ok(mirnet_recipe_create(&recipe, MN_MISUSE_RECIPE, strlen(MN_MISUSE_RECIPE), "spec"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_create(NULL, recipe));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_create(&other, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_copy(NULL, model));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_copy(&other, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_reset(NULL, 1));
    ck_assert_ptr_null(other);
    ck_assert_ptr_null(mirnet_model_get_recipe(NULL));
    ck_assert_ptr_null(mirnet_model_get_summary(NULL));
    ck_assert_int_eq(mirnet_model_has_state(NULL), 0);
    mirnet_recipe_destroy(recipe);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(models_refuse_wrong_settings)
{
    mirnet_model *model = mn_misuse_model();
    const char *const names[] = {"x", "y"}, *const twice[] = {"x", "x"}, *const hole[] = {"x", NULL};
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_text(NULL, "encoder.long", "error"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_text(model, NULL, "error"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_text(model, "encoder.long", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_text(model, "encoder.long", "crop"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_text(model, "encoder.align", "left"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_classes(NULL, names, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_classes(model, NULL, 2));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_set_classes(model, names, 1));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_set_classes(model, names, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_classes(model, twice, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_classes(model, hole, 2));
    ck_assert_int_eq(mirnet_model_class_count(model), 0);
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_note(NULL, "k", "t"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_note(model, NULL, "t"));
    ck_assert_int_eq(mirnet_model_note_count(model), 0);
    ck_assert_int_eq(mirnet_model_note_count(NULL), 0);
    ck_assert_ptr_null(mirnet_model_get_note_key(model, 0));
    ck_assert_ptr_null(mirnet_model_get_note_key(model, -1));
    ck_assert_ptr_null(mirnet_model_get_note_key(NULL, 0));
    ck_assert_ptr_null(mirnet_model_get_note(model, "k"));
    ck_assert_ptr_null(mirnet_model_get_note(model, NULL));
    ck_assert_ptr_null(mirnet_model_get_note(NULL, "k"));
    mirnet_model_destroy(model);
}
END_TEST

/* Everything that asks a model for class, layer or weight i, of which there is none. */
static void ask_for_nothing(const mirnet_model *model, int32_t i)
{
    int64_t dims[8];
    int32_t rank;
    ck_assert_ptr_null(mirnet_model_get_class(model, i));
    ck_assert_ptr_null(mirnet_model_get_input_name(model, i));
    ck_assert_ptr_null(mirnet_model_get_layer_name(model, i));
    ck_assert_ptr_null(mirnet_model_get_layer_class(model, i));
    ck_assert_ptr_null(mirnet_model_get_weight_name(model, i));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_layer_shape(model, i, dims, &rank));
    if (i != -1 || !model) { /* -1 is the output, and all layers */
        mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_shape(model, i, dims, &rank));
        ck_assert_int_eq(mirnet_model_get_size(model, i), 0);
        ck_assert_int_eq(mirnet_model_parameter_count(model, i), 0);
    }
}

START_TEST(parts_that_are_not_there_are_nothing)
{
    mirnet_model *model = mn_misuse_model();
    int64_t dims[8];
    int32_t rank;
    ask_for_nothing(NULL, 0);
    ask_for_nothing(NULL, -1);
    ask_for_nothing(model, -1);
    ask_for_nothing(model, -2);
    ask_for_nothing(model, 5);
    ask_for_nothing(model, INT32_MAX);
    ask_for_nothing(model, INT32_MIN);
    ck_assert_int_eq(mirnet_model_class_count(NULL), 0);
    ck_assert_int_eq(mirnet_model_input_count(NULL), 0);
    ck_assert_int_eq(mirnet_model_layer_count(NULL), 0);
    ck_assert_int_eq(mirnet_model_weight_count(NULL), 0);
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_shape(model, 0, NULL, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_shape(model, 0, dims, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_layer_shape(model, 0, NULL, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_layer_shape(model, 0, dims, NULL));
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(weights_are_asked_for_by_name_and_size)
{
    mirnet_model *model = mn_misuse_model();
    int64_t dims[8];
    int32_t rank;
    float values[32] = {7};
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_weight_shape(NULL, "d/bias", dims, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_weight_shape(model, NULL, dims, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_weight_shape(model, "d/bias", NULL, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_weight_shape(model, "d/bias", dims, NULL));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_get_weight_shape(model, "d/kern", dims, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_weight(NULL, "d/bias", values, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_weight(model, NULL, values, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_weight(model, "d/bias", NULL, 2));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_get_weight(model, "bias", values, 2));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_get_weight(model, "d/bias", values, 3));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_get_weight(model, "d/bias", values, -2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weight(NULL, "d/bias", values, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weight(model, NULL, values, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weight(model, "d/bias", NULL, 2));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_set_weight(model, "", values, 2));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_set_weight(model, "d/bias", values, 1));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_model_set_weight(model, "d/bias", (const float[]){0, NAN}, 2));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_model_set_weight(model, "d/bias", (const float[]){-INFINITY, 0}, 2));
    ck_assert(values[0] == 7);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(weights_from_tensors_must_fit)
{
    mirnet_model *model = mn_misuse_model();
    mirnet_tensors *tensors;
    const float zeros[32] = {0}, bad[2] = {NAN, 0};
    const int64_t two[] = {2}, kernel[] = {16, 2}, turned[] = {2, 16};
    float before[32], after[32];
    mn_ok(mirnet_model_get_weight(model, "d/kernel", before, 32));
    mn_ok(mirnet_tensors_create(&tensors));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weights(NULL, tensors, ""));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weights(model, NULL, ""));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weights(model, tensors, NULL));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_set_weights(model, tensors, ""));
    mn_ok(mirnet_tensors_set(tensors, "d/kernel", kernel, 2, zeros));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_set_weights(model, tensors, ""));
    mn_ok(mirnet_tensors_set(tensors, "d/bias", two, 1, bad));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_model_set_weights(model, tensors, ""));
    mn_ok(mirnet_tensors_set(tensors, "d/bias", two, 1, zeros));
    mn_ok(mirnet_tensors_set(tensors, "d/kernel", turned, 2, zeros));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_set_weights(model, tensors, ""));
    mn_ok(mirnet_tensors_set(tensors, "d/kernel", kernel, 2, zeros));
    mn_ok(mirnet_tensors_set(tensors, "d/gamma", two, 1, zeros));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_set_weights(model, tensors, ""));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_set_weights(model, tensors, "weights/"));
    mn_ok(mirnet_model_get_weight(model, "d/kernel", after, 32));
    mn_same("weights", after, before, 32);
    mirnet_tensors_destroy(tensors);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(model_files_refuse_what_is_wrong)
{
    mirnet_model *model = mn_misuse_model(), *other = NULL;
    char room[8] = "kept";
    size_t size = 0;
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_save(NULL, mn_scratch_path("m")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_save(model, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_model_save(model, mn_scratch_path("no/such/folder")));
    mn_fails(MIRNET_ERR_IO, mirnet_model_save(model, ""));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_save_mem(NULL, NULL, 0, &size));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_save_mem(model, NULL, 0, NULL));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_save_mem(model, room, sizeof(room), &size));
    ck_assert_uint_gt(size, sizeof(room));
    ck_assert_str_eq(room, "kept");
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load(NULL, "m"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load(&other, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_model_load(&other, mn_scratch_path("missing")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load_stateless(NULL, "m"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load_stateless(&other, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_model_load_stateless(&other, mn_scratch_path("missing")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load_mem(NULL, "x", 1, "text"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load_mem(&other, NULL, 1, "text"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load_mem(&other, "x", 1, NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_mem(&other, "", 0, "text"));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_mem(&other, "x", 1, "text"));
    ck_assert_ptr_null(other);
    mirnet_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("misuse_model");
    TCase *cases = tcase_create("misuse_model");
    tcase_add_test(cases, destroying_nothing_is_fine);
    tcase_add_test(cases, models_are_made_of_recipes);
    tcase_add_test(cases, models_refuse_wrong_settings);
    tcase_add_test(cases, parts_that_are_not_there_are_nothing);
    tcase_add_test(cases, weights_are_asked_for_by_name_and_size);
    tcase_add_test(cases, weights_from_tensors_must_fit);
    tcase_add_test(cases, model_files_refuse_what_is_wrong);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
