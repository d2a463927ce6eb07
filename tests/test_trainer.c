/* test_trainer.c - the trainer's callback; cancelling, options, steps */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"
#include "mn_run.h"

enum {
    N = MN_RUN_RECORDS,
    INPUTS = MN_RUN_INPUTS,
    CLASSES = MN_RUN_CLASSES,
    BATCH = MN_RUN_BATCH,
    MOST_WEIGHTS = MN_RUN_WEIGHTS
};

/* -- The callback -------------------------------------------------------------------------------------------------- */

typedef struct calls {
    int64_t epoch, batch; /* of the last call */
    int64_t n, batches, stop_at;
    mn_run *r;
} calls;

static int32_t check_call(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    calls *c = payload;
    const bool first = c->n == 0, ended = c->batch == c->batches, starts = first || c->batch == 0;
    ck_assert_ptr_eq(trainer, c->r->trainer);
    ck_assert_int_eq(epoch, first ? 1 : c->epoch + (c->batch == 0));
    ck_assert_int_eq(batch, starts ? 1 : ended ? 0 : c->batch + 1);
    ck_assert_int_eq(mn_run_count(c->r, "epochs"), batch ? epoch - 1 : epoch);
    ck_assert_int_eq(mn_run_count(c->r, "steps"), batch ? (epoch - 1) * c->batches + batch : epoch * c->batches);
    if (batch)
        ck_assert(isfinite(mn_run_figure(c->r, "loss", 0)));
    c->epoch = epoch;
    c->batch = batch;
    return ++c->n == c->stop_at;
}

START_TEST(the_callback_is_called_after_each_batch_and_each_epoch)
{
    mn_run *r = mn_run_create(mn_run_net);
    calls c = {.r = r, .batches = 4};
    mn_run_set(r, "training.epochs", 3);
    mn_ok(mirnet_trainer_set_callback(r->trainer, check_call, &c));
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_int_eq(mn_run_count(r, "batches"), 4);
    ck_assert_int_eq(c.n, 3 * (4 + 1));
    mn_ok(mirnet_trainer_set_callback(r->trainer, NULL, NULL));
    mn_ok(mirnet_trainer_run_epoch(r->trainer, NULL));
    ck_assert_int_eq(c.n, 3 * (4 + 1));
    mn_run_destroy(r);
}
END_TEST

START_TEST(a_run_goes_on_where_it_was_cancelled)
{
    mn_run *want = mn_run_create(mn_run_net);
    mn_run_set(want, "training.epochs", 3);
    mn_ok(mirnet_trainer_run(want->trainer));
    for (int64_t place = 1; place <= 15; place++) {
        mn_run *r = mn_run_create(mn_run_net);
        calls c = {.r = r, .batches = 4, .stop_at = place};
        mn_run_set(r, "training.epochs", 3);
        mn_ok(mirnet_trainer_set_callback(r->trainer, check_call, &c));
        mn_fails(MIRNET_ERR_CANCELLED, mirnet_trainer_run(r->trainer));
        ck_assert_int_eq(c.n, place);
        mn_ok(mirnet_trainer_run(r->trainer));
        ck_assert_int_eq(c.n, 15);
        mn_run_same(r->model, want->model);
        for (int64_t epoch = 1; epoch <= 3; epoch++)
            for (int m = 0; m < 4; m++)
                ck_assert_double_eq(mn_run_figure(r, mn_run_monitors[m], epoch),
                                    mn_run_figure(want, mn_run_monitors[m], epoch));
        mn_run_destroy(r);
    }
    mn_run_destroy(want);
}
END_TEST

/* What the callback must not do gives STATE and changes nothing; what it may do changes nothing either. */
static int32_t try_everything(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    mn_run *r = payload;
    const float *inputs[] = {r->x};
    float out[N * CLASSES];
    double loss, accuracy;
    mirnet_predictor *predictor;
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run(trainer));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run_epoch(trainer, NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_step(trainer, inputs, r->targets, NULL, N, &loss));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run_gradient(trainer, inputs, r->targets, NULL, N, 0, &loss, NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_evaluate(trainer, inputs, r->targets, NULL, N, &loss, &accuracy));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_tensors(trainer, inputs, r->targets, NULL, N));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_validation_tensors(trainer, NULL, NULL, NULL, 0));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_threads(trainer, 2));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_number(trainer, "training.batch_size", 3));
    mn_ok(mirnet_model_save(r->model, mn_scratch_path("inside")));
    mn_ok(mirnet_predictor_create(&predictor, r->model, 2));
    mn_ok(mirnet_predictor_run(predictor, inputs, N, out));
    mirnet_predictor_destroy(predictor);
    mn_ok(mirnet_trainer_store(trainer));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_resume(trainer));
    if (epoch == 2 && batch == 0)
        mn_run_set(r, "training.epochs", 3); /* instead of all */
    return 0;
}

START_TEST(the_callback_may_look_and_save_but_not_step)
{
    mn_run *r = mn_run_create(mn_run_net), *want = mn_run_create(mn_run_net);
    mn_run_set(want, "training.epochs", 3);
    mn_ok(mirnet_trainer_run(want->trainer));
    mn_ok(mirnet_trainer_set_callback(r->trainer, try_everything, r));
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_int_eq(mn_run_count(r, "epochs"), 3);
    mn_run_same(r->model, want->model);
    mn_run_destroy(r);
    mn_run_destroy(want);
}
END_TEST

static int32_t halve_rate(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    double rate;
    (void)epoch;
    (void)payload;
    mn_ok(mirnet_trainer_get_number(trainer, "training.learning_rate", &rate));
    if (batch == 0)
        mn_ok(mirnet_trainer_set_number(trainer, "training.learning_rate", rate / 2));
    return 0;
}

START_TEST(rate_and_epochs_can_be_changed_at_any_time_other_options_not)
{
    mn_run *r = mn_run_create(mn_run_net);
    mn_run_set(r, "training.epochs", 2);
    mn_ok(mirnet_trainer_set_callback(r->trainer, halve_rate, NULL));
    mn_ok(mirnet_trainer_run(r->trainer));
    mn_run_set(r, "training.epochs", 4);
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_int_eq(mn_run_count(r, "epochs"), 4);
    for (int64_t epoch = 1; epoch <= 4; epoch++)
        ck_assert_double_eq(mn_run_figure(r, "learning_rate", epoch), ldexp(0.05, 1 - (int)epoch));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_number(r->trainer, "training.batch_size", 4));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_number(r->trainer, "training.validation_split", 0.1));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_text(r->trainer, "training.optimizer", "sgd"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(r->trainer, "training.epochs", 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(r->trainer, "training.learning_rate", -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(r->trainer, "encoder.length", 10));
    mn_run_destroy(r);
}
END_TEST

/* -- Steps --------------------------------------------------------------------------------------------------------- */

START_TEST(steps_by_hand_give_the_bits_of_a_run)
{
    mn_run *fit = mn_run_create(mn_run_no_dropout), *steps = mn_run_create(mn_run_no_dropout);
    mn_run_set(fit, "training.shuffle", 0);
    mn_run_set(fit, "training.validation_split", 0);
    mn_run_set(fit, "training.epochs", 3);
    mn_run_set(steps, "training.batch_size", 1);
    mn_ok(mirnet_trainer_run(fit->trainer));
    for (int epoch = 1; epoch <= 3; epoch++) {
        double sum = 0, loss;
        for (int at = 0; at < N; at += BATCH) {
            const int n = at + BATCH < N ? BATCH : N - at;
            const float *inputs[] = {steps->x + at * INPUTS};
            mn_ok(mirnet_trainer_step(steps->trainer, inputs, steps->targets + at * CLASSES, NULL, n, &loss));
            sum += loss * n;
        }
        ck_assert_double_le(fabs(mn_run_figure(fit, "loss", epoch) - sum / N), 1e-12);
    }
    mn_run_same(steps->model, fit->model);
    ck_assert_int_eq(mn_run_count(steps, "steps"), mn_run_count(fit, "steps"));
    mn_run_destroy(fit);
    mn_run_destroy(steps);
}
END_TEST

START_TEST(a_dataset_gives_the_bits_of_its_tensors)
{
    static const char text[] =
        "{\"encoder\": {\"length\": 120, \"long\": \"truncate3\"}, \"training\": {\"epochs\": 3, "
        "\"batch_size\": 7, \"validation_split\": 0.25, \"class_weight\": \"balanced\"}, "
        "\"model\": %s}";
    char *inner = mn_net_json("InputLayer: 120, 4; Conv1D: 'filters': 3, 'kernel_size': 5, 'activation': 'relu'; "
                              "GlobalMaxPooling1D; Dropout: 'rate': 0.3; Dense: 'units': 2, 'activation': 'softmax';");
    char *json = malloc(strlen(inner) + sizeof(text));
    enum { RECORDS = 26, SIZE = 480 };
    mirnet_dataset *data;
    mirnet_encoder *encoder;
    mirnet_model *a, *b;
    mirnet_trainer *first, *second;
    float *x = mn_net_floats(RECORDS * SIZE), targets[RECORDS * 2] = {0};
    const float *inputs[] = {x};
    ck_assert_ptr_nonnull(json);
    sprintf(json, text, inner);
    a = mn_net_create_json(json);
    mn_ok(mirnet_model_copy(&b, a));
    mn_ok(mirnet_dataset_create(&data));
    mn_ok(mirnet_dataset_simulate(data, RECORDS / 2, 3));
    mn_ok(mirnet_encoder_create(&encoder, mirnet_model_get_recipe(a)));
    for (int64_t i = 0; i < RECORDS; i++) {
        mn_ok(mirnet_encoder_run(encoder, mirnet_dataset_get_sequence(data, i),
                                 (size_t)mirnet_dataset_get_length(data, i), NULL, x + i * SIZE));
        targets[i * 2 + mirnet_dataset_get_class(data, i)] = 1;
    }
    mn_ok(mirnet_trainer_create(&first, a));
    mn_ok(mirnet_trainer_create(&second, b));
    mn_ok(mirnet_trainer_set_dataset(first, data, NULL, RECORDS));
    mn_ok(mirnet_trainer_set_tensors(second, inputs, targets, NULL, RECORDS));
    mn_ok(mirnet_trainer_run(first));
    mn_ok(mirnet_trainer_run(second));
    mn_run_same(a, b);
    for (int m = 0; m < 4; m++) {
        double got, want;
        mn_ok(mirnet_trainer_get_history(first, mn_run_monitors[m], 3, &got));
        mn_ok(mirnet_trainer_get_history(second, mn_run_monitors[m], 3, &want));
        ck_assert_double_eq(got, want);
    }
    mirnet_trainer_destroy(first);
    mirnet_trainer_destroy(second);
    mirnet_encoder_destroy(encoder);
    mirnet_dataset_destroy(data);
    mirnet_model_destroy(a);
    mirnet_model_destroy(b);
    free(x);
    free(inner);
    free(json);
}
END_TEST

/* A step that meets a NaN leaves no trace: the next one is as if it had never been. */
START_TEST(a_loss_that_is_no_number_changes_nothing)
{
    mn_run *r = mn_run_create(mn_run_net), *want = mn_run_create(mn_run_net);
    const float *inputs[] = {r->x};
    float bad[N * INPUTS], before[MOST_WEIGHTS], after[MOST_WEIGHTS];
    const float *bad_inputs[] = {bad};
    double loss;
    memcpy(bad, r->x, sizeof(bad));
    bad[N * INPUTS - 1] = NAN;
    mn_ok(mirnet_trainer_step(r->trainer, inputs, r->targets, NULL, N, &loss));
    const int64_t n = mn_run_weights(r->model, before);
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_trainer_step(r->trainer, bad_inputs, r->targets, NULL, N, &loss));
    mn_run_weights(r->model, after);
    mn_same("weights", after, before, (size_t)n);
    ck_assert_int_eq(mn_run_count(r, "steps"), 1);
    mn_ok(mirnet_trainer_step(r->trainer, inputs, r->targets, NULL, N, &loss));
    mn_ok(mirnet_trainer_step(want->trainer, inputs, r->targets, NULL, N, &loss));
    mn_ok(mirnet_trainer_step(want->trainer, inputs, r->targets, NULL, N, &loss));
    mn_run_same(r->model, want->model);
    mn_run_destroy(r);
    mn_run_destroy(want);
}
END_TEST

START_TEST(the_best_weights_stay_when_the_next_step_fails)
{
    mn_run *r = mn_run_create(mn_run_net);
    float bad[N * INPUTS], before[MOST_WEIGHTS], after[MOST_WEIGHTS];
    const float *bad_inputs[] = {bad};
    for (int i = 0; i < N * INPUTS; i++)
        bad[i] = NAN;
    mn_run_set(r, "training.early_stopping", 1);
    mn_run_set(r, "training.early_stopping_min_delta", 100);
    mn_run_set(r, "training.early_stopping_patience", 3);
    mn_run_set(r, "training.early_stopping_restore_best", 1);
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_int_eq(mn_run_count(r, "best_epoch"), 1);
    const int64_t n = mn_run_weights(r->model, before);
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_trainer_step(r->trainer, bad_inputs, r->targets, NULL, N, NULL));
    mn_run_weights(r->model, after);
    mn_same("weights", after, before, (size_t)n);
    mn_run_destroy(r);
}
END_TEST

/* A larger batch in between makes more room; the figures of the run must not feel it. */
START_TEST(a_large_batch_in_between_does_not_change_a_run)
{
    mn_run *r = mn_run_create(mn_run_net), *want = mn_run_create(mn_run_net);
    const float *inputs[] = {r->x};
    double loss, accuracy;
    mn_run_set(r, "training.epochs", 4);
    mn_run_set(want, "training.epochs", 4);
    mn_ok(mirnet_trainer_run_epoch(r->trainer, NULL));
    mn_ok(mirnet_trainer_evaluate(r->trainer, inputs, r->targets, NULL, N, &loss, &accuracy));
    mn_ok(mirnet_trainer_run_gradient(r->trainer, inputs, r->targets, NULL, N, 1, &loss, NULL));
    mn_ok(mirnet_trainer_run(r->trainer));
    mn_ok(mirnet_trainer_run(want->trainer));
    mn_run_same(r->model, want->model);
    for (int64_t epoch = 1; epoch <= 4; epoch++)
        for (int m = 0; m < 4; m++)
            ck_assert_double_eq(mn_run_figure(r, mn_run_monitors[m], epoch),
                                mn_run_figure(want, mn_run_monitors[m], epoch));
    mn_run_destroy(r);
    mn_run_destroy(want);
}
END_TEST

/* Without an epsilon, weights that meet nothing but zeros become 0 / 0, which no loss shows. A file of them could not be
 * read again. */
START_TEST(a_model_that_could_not_be_read_again_is_not_saved)
{
    enum { IN = 32, SAMPLES = 6 };
    mirnet_model *model = mn_net_create("InputLayer: 32; Dense: 'units': 16; Dense: 'units': 2, 'activation': 'softmax';");
    mirnet_trainer *trainer;
    float x[SAMPLES * IN] = {0}, targets[SAMPLES * 2] = {0};
    const float *inputs[] = {x};
    size_t size = 77;
    for (int i = 0; i < SAMPLES; i++) {
        mn_net_fill(&(uint64_t){(uint64_t)i}, x + i * IN, IN / 2, 0.5, 1);
        targets[i * 2 + i % 2] = 1;
    }
    mn_ok(mirnet_trainer_create(&trainer, model));
    mn_ok(mirnet_model_save_mem(model, NULL, 0, &size));
    mn_ok(mirnet_trainer_set_number(trainer, "training.epsilon", 0));
    mn_ok(mirnet_trainer_step(trainer, inputs, targets, NULL, SAMPLES, NULL));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_model_save_mem(model, NULL, 0, &size));
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_model_save(model, "not_finite.safetensors"));
    ck_assert_int_ne(access("not_finite.safetensors", F_OK), 0);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer");
    TCase *tc = tcase_create("trainer");
    tcase_add_test(tc, the_callback_is_called_after_each_batch_and_each_epoch);
    tcase_add_test(tc, a_run_goes_on_where_it_was_cancelled);
    tcase_add_test(tc, the_callback_may_look_and_save_but_not_step);
    tcase_add_test(tc, rate_and_epochs_can_be_changed_at_any_time_other_options_not);
    tcase_add_test(tc, steps_by_hand_give_the_bits_of_a_run);
    tcase_add_test(tc, a_dataset_gives_the_bits_of_its_tensors);
    tcase_add_test(tc, a_loss_that_is_no_number_changes_nothing);
    tcase_add_test(tc, the_best_weights_stay_when_the_next_step_fails);
    tcase_add_test(tc, a_large_batch_in_between_does_not_change_a_run);
    tcase_add_test(tc, a_model_that_could_not_be_read_again_is_not_saved);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
