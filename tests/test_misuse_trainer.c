/* test_misuse_trainer.c - bad use of predictor and trainer: the documented status, no crash */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>

#include <mirnet/model.h>
#include <mirnet/predict.h>
#include <mirnet/train.h>

#include "mn_misuse.h"

static const float ROWS[2 * 16] = {1, 0, 0, 0, 1}, TARGETS[] = {1, 0, 0, 1};
static const float *const INPUTS[] = {ROWS}, *const NO_INPUTS[] = {NULL};

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

START_TEST(predictors_refuse_what_is_wrong)
{
    mirnet_model *model = mn_misuse_model();
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
    mirnet_model *model = mn_misuse_model();
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
    mirnet_model *model = mn_misuse_model();
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
    mirnet_model *model = mn_misuse_model();
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
    mirnet_model *model = mn_misuse_model();
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
    Suite *suite = suite_create("misuse_trainer");
    TCase *cases = tcase_create("misuse_trainer");
    tcase_add_test(cases, predictors_refuse_what_is_wrong);
    tcase_add_test(cases, trainers_refuse_wrong_settings);
    tcase_add_test(cases, trainers_refuse_wrong_data);
    tcase_add_test(cases, steps_refuse_what_is_wrong);
    tcase_add_test(cases, calls_in_the_wrong_order_are_refused);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
