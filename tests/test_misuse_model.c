/* test_misuse_model.c - bad use of model, model file, predictor and trainer: the documented status, no crash */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <string.h>

#include <mirnet/file.h>
#include <mirnet/model.h>
#include <mirnet/predict.h>
#include <mirnet/train.h>

/* Four numbers in, two classes out; or sequences of four bases, one channel each. */
static const char SPEC[] =
    "{\"encoder\": {\"length\": 4}, \"training\": {\"batch_size\": 2, \"epochs\": 2, \"validation_split\": 0}, "
    "\"model\": {\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": ["
    "{\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\", \"batch_input_shape\": [null, 4, 4]}},"
    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"activation\": \"softmax\"}}]}}}";

static const float ROWS[2 * 16] = {1, 0, 0, 0, 1}, TARGETS[] = {1, 0, 0, 1};
static const float *const INPUTS[] = {ROWS}, *const NO_INPUTS[] = {NULL};

static mirnet_model *small_model(void)
{
    mirnet_recipe *recipe;
    mirnet_model *model;
    mn_ok(mirnet_recipe_create(&recipe, SPEC, strlen(SPEC), "spec"));
    mn_ok(mirnet_model_create(&model, recipe));
    mirnet_recipe_destroy(recipe);
    return model;
}

static mirnet_dataset *small_dataset(void)
{
    mirnet_dataset *dataset;
    mn_ok(mirnet_dataset_create(&dataset));
    mn_ok(mirnet_dataset_add(dataset, "a", "ACGU", NULL, "x", NULL));
    mn_ok(mirnet_dataset_add(dataset, "b", "GGCC", NULL, "y", NULL));
    mn_ok(mirnet_dataset_add(dataset, "c", "GGAA", NULL, NULL, NULL));
    mn_ok(mirnet_dataset_add(dataset, "long", "GGAAGGAA", NULL, "x", NULL));
    return dataset;
}

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
    mirnet_model *model = small_model(), *other = NULL;
    mirnet_recipe *recipe;
    mn_ok(mirnet_recipe_create(&recipe, SPEC, strlen(SPEC), "spec"));
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
    mirnet_model *model = small_model();
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
    mirnet_model *model = small_model();
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
    mirnet_model *model = small_model();
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
    mirnet_model *model = small_model();
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
    mirnet_model *model = small_model(), *other = NULL;
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

START_TEST(predictors_refuse_what_is_wrong)
{
    mirnet_model *model = small_model();
    mirnet_dataset *dataset = small_dataset();
    mirnet_predictor *predictor = NULL;
    const char *const one[] = {"ACGU"}, *const none[] = {NULL}, *const longer[] = {"ACGUA"}, *const odd[] = {"AC*U"};
    const int64_t beyond[] = {4}, below[] = {-1};
    float out[8];
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_create(NULL, model, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_create(&predictor, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_create(&predictor, model, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_create(&predictor, model, 257));
    ck_assert_ptr_null(predictor);
    mn_ok(mirnet_predictor_create(&predictor, model, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(NULL, INPUTS, 2, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(predictor, NULL, 2, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(predictor, NO_INPUTS, 2, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(predictor, INPUTS, -1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(predictor, INPUTS, 2, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_sequences(NULL, one, 1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_sequences(predictor, NULL, 1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_sequences(predictor, none, 1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_sequences(predictor, one, -1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_sequences(predictor, one, 1, NULL));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_predictor_run_sequences(predictor, longer, 1, out));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_predictor_run_sequences(predictor, odd, 1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(NULL, dataset, NULL, 1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, NULL, NULL, 1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, dataset, NULL, -1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, dataset, NULL, 5, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, dataset, beyond, 1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, dataset, below, 1, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, dataset, NULL, 1, NULL));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_predictor_run_dataset(predictor, dataset, NULL, 4, out));
    mn_ok(mirnet_predictor_run(predictor, INPUTS, 0, out));
    mn_ok(mirnet_predictor_run_sequences(predictor, one, 1, out));
    ck_assert_double_eq_tol((double)(out[0] + out[1]), 1.0, 1e-6);
    mirnet_predictor_destroy(predictor);
    mirnet_dataset_destroy(dataset);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(trainers_refuse_wrong_settings)
{
    mirnet_model *model = small_model();
    mirnet_trainer *trainer = NULL;
    double value = -7;
    int64_t count = -7;
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_create(NULL, model));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_create(&trainer, NULL));
    ck_assert_ptr_null(trainer);
    mn_ok(mirnet_trainer_create(&trainer, model));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_threads(NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_threads(trainer, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_threads(trainer, 257));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(NULL, "training.epochs", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(trainer, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(trainer, "training.nothing", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(trainer, "encoder.length", 5));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(trainer, "training.epochs", NAN));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_text(NULL, "training.optimizer", "adam"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_text(trainer, NULL, "adam"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_text(trainer, "training.optimizer", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_text(trainer, "training.optimizer", "madam"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_number(NULL, "training.epochs", &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_number(trainer, NULL, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_number(trainer, "nothing", &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_number(trainer, "training.epochs", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_callback(NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_count(NULL, "steps", &count));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_count(trainer, NULL, &count));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_count(trainer, "step", &count));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_count(trainer, "steps", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_history(NULL, "loss", 1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_history(trainer, NULL, 1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_history(trainer, "los", 1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_history(trainer, "loss", 1, NULL));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_trainer_get_history(trainer, "loss", 1, &value));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_trainer_get_history(trainer, "loss", -1, &value));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_trainer_get_history(trainer, "val_loss", 1, &value));
    ck_assert(value == -7);
    ck_assert_int_eq(count, -7);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(trainers_refuse_wrong_data)
{
    mirnet_model *model = small_model();
    mirnet_dataset *dataset = small_dataset();
    mirnet_trainer *t;
    const int64_t unlabelled[] = {0, 2}, beyond[] = {0, 4}, below[] = {-1}, too_long[] = {0, 3};
    const float nan_targets[] = {NAN, 0, 0, 1}, negative[] = {1, -1};
    int64_t samples = -7;
    mn_ok(mirnet_trainer_create(&t, model));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_dataset(NULL, dataset, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_dataset(t, NULL, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_dataset(t, dataset, NULL, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_dataset(t, dataset, NULL, 5));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_dataset(t, dataset, unlabelled, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_dataset(t, dataset, beyond, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_dataset(t, dataset, below, 1));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_trainer_set_dataset(t, dataset, too_long, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_tensors(NULL, INPUTS, TARGETS, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_tensors(t, NULL, TARGETS, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_tensors(t, NO_INPUTS, TARGETS, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_tensors(t, INPUTS, NULL, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_tensors(t, INPUTS, TARGETS, NULL, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_tensors(t, INPUTS, TARGETS, NULL, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_tensors(t, INPUTS, nan_targets, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_tensors(t, INPUTS, TARGETS, negative, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_validation_dataset(NULL, dataset, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_validation_dataset(t, NULL, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_validation_dataset(t, dataset, beyond, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_validation_dataset(t, dataset, NULL, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_validation_tensors(NULL, INPUTS, TARGETS, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_validation_tensors(t, NULL, TARGETS, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_validation_tensors(t, INPUTS, NULL, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_validation_tensors(t, INPUTS, TARGETS, NULL, -1));
    mn_ok(mirnet_trainer_get_count(t, "samples", &samples));
    ck_assert_int_eq(samples, 0);
    mirnet_trainer_destroy(t);
    mirnet_dataset_destroy(dataset);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(steps_refuse_what_is_wrong)
{
    mirnet_model *model = small_model();
    mirnet_trainer *t;
    float grads[32], before[32], after[32];
    double loss, accuracy;
    mn_ok(mirnet_trainer_create(&t, model));
    mn_ok(mirnet_model_get_weight(model, "d/kernel", before, 32));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_step(NULL, INPUTS, TARGETS, NULL, 2, &loss));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_step(t, NULL, TARGETS, NULL, 2, &loss));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_step(t, NO_INPUTS, TARGETS, NULL, 2, &loss));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_step(t, INPUTS, NULL, NULL, 2, &loss));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_step(t, INPUTS, TARGETS, NULL, 0, &loss));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run_gradient(NULL, INPUTS, TARGETS, NULL, 2, 0, &loss, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run_gradient(t, NULL, TARGETS, NULL, 2, 0, &loss, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run_gradient(t, INPUTS, NULL, NULL, 2, 0, &loss, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run_gradient(t, INPUTS, TARGETS, NULL, -1, 0, &loss, NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_get_gradient(t, "d/kernel", grads, 32));
    mn_ok(mirnet_trainer_run_gradient(t, INPUTS, TARGETS, NULL, 2, 0, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_gradient(NULL, "d/kernel", grads, 32));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_gradient(t, NULL, grads, 32));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_get_gradient(t, "d/kernel", NULL, 32));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_trainer_get_gradient(t, "kernel", grads, 32));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_trainer_get_gradient(t, "d/kernel", grads, 31));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_evaluate(NULL, INPUTS, TARGETS, NULL, 2, &loss, &accuracy));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_evaluate(t, NULL, TARGETS, NULL, 2, &loss, &accuracy));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_evaluate(t, INPUTS, NULL, NULL, 2, &loss, &accuracy));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_evaluate(t, INPUTS, TARGETS, NULL, 0, &loss, &accuracy));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_evaluate(t, INPUTS, TARGETS, NULL, 2, NULL, &accuracy));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_evaluate(t, INPUTS, TARGETS, NULL, 2, &loss, NULL));
    mn_ok(mirnet_model_get_weight(model, "d/kernel", after, 32));
    mn_same("weights", after, before, 32);
    mirnet_trainer_destroy(t);
    mirnet_model_destroy(model);
}
END_TEST

/* Tries what a callback may not do; then asks to stop. */
static int32_t meddle(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    (void)epoch, (void)batch;
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_step(trainer, INPUTS, TARGETS, NULL, 2, NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run(trainer));
    ++*(int *)payload;
    return 1;
}

START_TEST(calls_in_the_wrong_order_are_refused)
{
    mirnet_model *model = small_model();
    mirnet_trainer *t;
    int32_t stop;
    int calls = 0;
    mn_ok(mirnet_trainer_create(&t, model));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run(NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run_epoch(NULL, &stop));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_store(NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_resume(NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run(t));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run_epoch(t, &stop));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_resume(t));
    mn_ok(mirnet_trainer_set_tensors(t, INPUTS, TARGETS, NULL, 2));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_resume(t));
    mn_ok(mirnet_trainer_set_callback(t, meddle, &calls));
    mn_fails(MIRNET_ERR_CANCELLED, mirnet_trainer_run(t));
    ck_assert_int_eq(calls, 1);
    mn_ok(mirnet_trainer_set_callback(t, NULL, NULL));
    mn_ok(mirnet_trainer_store(t));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_resume(t));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_number(t, "training.batch_size", 1));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_text(t, "training.optimizer", "sgd"));
    mirnet_trainer_destroy(t);
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
    tcase_add_test(cases, predictors_refuse_what_is_wrong);
    tcase_add_test(cases, trainers_refuse_wrong_settings);
    tcase_add_test(cases, trainers_refuse_wrong_data);
    tcase_add_test(cases, steps_refuse_what_is_wrong);
    tcase_add_test(cases, calls_in_the_wrong_order_are_refused);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
