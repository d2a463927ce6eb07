/* test_resume.c - the same bits: for any number of threads, and for a run that was stopped anywhere and resumed */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"
#include "mn_net.h"

#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

/* Everything that could depend on where a run stands: dropout, batch statistics, shuffling, a validation split, early
 * stopping that keeps the best weights, a learning rate that is reduced. */
static const char recipe_json[] =
    "{\"encoder\": {\"length\": 164}, \"model\": {\"class_name\": \"Sequential\", \"config\": {\"layers\": ["
    "{\"class_name\": \"Conv1D\", \"config\": {\"filters\": 12, \"kernel_size\": 5, \"strides\": 3, \"activation\": "
    "\"relu\","
    " \"padding\": \"same\", \"batch_input_shape\": [null, 164, 4]}},"
    "{\"class_name\": \"BatchNormalization\", \"config\": {}},"
    "{\"class_name\": \"Bidirectional\", \"config\": {\"layer\": {\"class_name\": \"LSTM\", \"config\": {\"units\": 5,"
    " \"recurrent_dropout\": 0.2}}}},"
    "{\"class_name\": \"Dropout\", \"config\": {\"rate\": 0.3}},"
    "{\"class_name\": \"Dense\", \"config\": {\"units\": 2, \"activation\": \"softmax\", \"kernel_regularizer\": "
    "\"l2\"}}]}},"
    "\"training\": {\"batch_size\": 7, \"epochs\": 5, \"validation_split\": 0.2, \"learning_rate\": 0.02,"
    " \"early_stopping\": {\"monitor\": \"val_loss\", \"patience\": 3, \"restore_best\": true},"
    " \"reduce_lr\": {\"monitor\": \"loss\", \"patience\": 1, \"factor\": 0.5, \"min_delta\": 0.05}}}";

enum { EPOCHS = 5, RECORDS = 60 };

static mirnet_dataset *data_of(void)
{
    mirnet_dataset *data;
    mn_ok(mirnet_dataset_create(&data));
    mn_ok(mirnet_dataset_simulate(data, RECORDS / 2, 5));
    return data;
}

static mirnet_model *model_of(void)
{
    mirnet_recipe *recipe;
    mirnet_model *model;
    mn_ok(mirnet_recipe_create(&recipe, recipe_json, strlen(recipe_json), "recipe"));
    mn_ok(mirnet_model_create(&model, recipe));
    mirnet_recipe_destroy(recipe);
    return model;
}

static void same_weights(const mirnet_model *got, const mirnet_model *want)
{
    for (int32_t i = 0; i < mirnet_model_weight_count(want); i++) {
        const char *name = mirnet_model_get_weight_name(want, i);
        int64_t dims[8], n = 1;
        int32_t rank;
        mn_ok(mirnet_model_get_weight_shape(want, name, dims, &rank));
        for (int32_t d = 0; d < rank; d++)
            n *= dims[d];
        float *a = malloc((size_t)n * sizeof(*a)), *b = malloc((size_t)n * sizeof(*b));
        ck_assert(a && b);
        mn_ok(mirnet_model_get_weight(got, name, a, n));
        mn_ok(mirnet_model_get_weight(want, name, b, n));
        mn_same(name, a, b, (size_t)n);
        free(a);
        free(b);
    }
}

static void same_history(const mirnet_trainer *got, const mirnet_trainer *want)
{
    static const char *const keys[] = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"};
    int64_t a, b;
    mn_ok(mirnet_trainer_get_count(got, "epochs", &a));
    mn_ok(mirnet_trainer_get_count(want, "epochs", &b));
    ck_assert_int_eq(a, b);
    for (int64_t epoch = 1; epoch <= b; epoch++)
        for (int k = 0; k < 5; k++) {
            double x, y;
            mn_ok(mirnet_trainer_get_history(got, keys[k], epoch, &x));
            mn_ok(mirnet_trainer_get_history(want, keys[k], epoch, &y));
            ck_assert_msg(memcmp(&x, &y, sizeof(x)) == 0, "%s of epoch %d: %.17g, not %.17g", keys[k], (int)epoch, x,
                          y);
        }
}

/* Stops a run at (epoch, batch), saves it, loads it in the place of another process and lets it finish. */
static void stop_and_resume(int64_t epoch, int64_t batch, const mirnet_model *want, const mirnet_trainer *finished,
                            const mirnet_dataset *data)
{
    mirnet_model *model = model_of(), *loaded;
    mirnet_trainer *trainer = mn_net_trainer(model, data, 1);
    int64_t place[] = {epoch, batch};
    const char *path = mn_scratch_path("stopped");
    mn_ok(mirnet_trainer_set_callback(trainer, mn_net_stop_at, place));
    mirnet_status status = mirnet_trainer_run(trainer);
    ck_assert_msg(status == MIRNET_ERR_CANCELLED, "stop at %d/%d: status %d", (int)epoch, (int)batch, status);
    mn_ok(mirnet_trainer_store(trainer));
    mn_ok(mirnet_model_save(model, path));
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);

    mn_ok(mirnet_model_load(&loaded, path));
    ck_assert_int_eq(mirnet_model_has_state(loaded), 1);
    trainer = mn_net_trainer(loaded, data, 2);
    mn_ok(mirnet_trainer_resume(trainer));
    mn_ok(mirnet_trainer_run(trainer));
    same_weights(loaded, want);
    same_history(trainer, finished);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(loaded);
}

START_TEST(a_run_stopped_after_any_epoch_resumes_with_the_same_bits)
{
    mirnet_dataset *data = data_of();
    mirnet_model *model = model_of();
    mirnet_trainer *trainer = mn_net_trainer(model, data, 1);
    int64_t epochs;
    mn_ok(mirnet_trainer_run(trainer));
    mn_ok(mirnet_trainer_get_count(trainer, "epochs", &epochs));
    for (int64_t epoch = 1; epoch < epochs; epoch++)
        stop_and_resume(epoch, 0, model, trainer, data);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    mirnet_dataset_destroy(data);
}
END_TEST

START_TEST(a_run_stopped_after_any_batch_resumes_with_the_same_bits)
{
    mirnet_dataset *data = data_of();
    mirnet_model *model = model_of();
    mirnet_trainer *trainer = mn_net_trainer(model, data, 1);
    int64_t batches;
    mn_ok(mirnet_trainer_run(trainer));
    mn_ok(mirnet_trainer_get_count(trainer, "batches", &batches));
    for (int64_t batch = 1; batch <= batches; batch++)
        stop_and_resume(2, batch, model, trainer, data);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    mirnet_dataset_destroy(data);
}
END_TEST

/* Two epochs in one run, or one epoch and then, after the best weights were put back and saved, another one. */
START_TEST(more_epochs_go_on_from_the_last_weights_not_from_the_best)
{
    mirnet_dataset *data = data_of();
    mirnet_model *want = model_of(), *model = model_of(), *loaded;
    mirnet_trainer *once = mn_net_trainer(want, data, 1), *first = mn_net_trainer(model, data, 1), *second;
    const char *path = mn_scratch_path("shorter");
    mn_ok(mirnet_trainer_run(once));
    mn_ok(mirnet_trainer_set_number(first, "training.epochs", EPOCHS - 1));
    mn_ok(mirnet_trainer_run(first));
    mn_ok(mirnet_trainer_store(first));
    mn_ok(mirnet_model_save(model, path));
    mn_ok(mirnet_model_load(&loaded, path));
    second = mn_net_trainer(loaded, data, 3);
    mn_ok(mirnet_trainer_resume(second));
    mn_ok(mirnet_trainer_set_number(second, "training.epochs", EPOCHS));
    mn_ok(mirnet_trainer_run(second));
    same_weights(loaded, want);
    same_history(second, once);
    mirnet_trainer_destroy(once);
    mirnet_trainer_destroy(first);
    mirnet_trainer_destroy(second);
    mirnet_model_destroy(want);
    mirnet_model_destroy(model);
    mirnet_model_destroy(loaded);
    mirnet_dataset_destroy(data);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static const int32_t threads[] = {1, 2, 3, 4, 7, 8, 16};
    mirnet_dataset *data = data_of();
    mirnet_model *want = NULL;
    float first[RECORDS * 2], out[RECORDS * 2];
    for (int i = 0; i < 7; i++) {
        mirnet_model *model = model_of();
        mirnet_trainer *trainer = mn_net_trainer(model, data, threads[i]);
        mirnet_predictor *predictor;
        mn_ok(mirnet_trainer_run(trainer));
        mirnet_trainer_destroy(trainer);
        mn_ok(mirnet_predictor_create(&predictor, model, threads[i]));
        mn_ok(mirnet_predictor_run_dataset(predictor, data, NULL, RECORDS, out));
        mirnet_predictor_destroy(predictor);
        if (!want) {
            want = model;
            memcpy(first, out, sizeof(out));
            continue;
        }
        same_weights(model, want);
        mn_same("probabilities", out, first, RECORDS * 2);
        mirnet_model_destroy(model);
    }
    mirnet_model_destroy(want);
    mirnet_dataset_destroy(data);
}
END_TEST

START_TEST(the_papers_network_gives_the_same_bits_for_any_number_of_threads)
{
    static const int32_t threads[] = {1, 2, 3, 4, 7, 8, 16};
    mirnet_dataset *data = data_of();
    mirnet_recipe *recipe;
    mirnet_model *want = NULL;
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021"));
    mn_ok(mirnet_recipe_set_number(recipe, "training.epochs", 1));
    for (int i = 0; i < 7; i++) {
        mirnet_model *model;
        mn_ok(mirnet_model_create(&model, recipe));
        mirnet_trainer *trainer = mn_net_trainer(model, data, threads[i]);
        mn_ok(mirnet_trainer_run(trainer));
        mirnet_trainer_destroy(trainer);
        if (want)
            same_weights(model, want);
        else
            want = model;
        if (want != model)
            mirnet_model_destroy(model);
    }
    mirnet_model_destroy(want);
    mirnet_recipe_destroy(recipe);
    mirnet_dataset_destroy(data);
}
END_TEST

START_TEST(a_state_of_other_data_or_another_optimizer_is_refused)
{
    mirnet_dataset *data = data_of();
    mirnet_model *model = model_of();
    mirnet_trainer *trainer = mn_net_trainer(model, data, 1), *other;
    mn_ok(mirnet_trainer_run_epoch(trainer, NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_resume(trainer));
    mn_ok(mirnet_trainer_store(trainer));
    mirnet_trainer_destroy(trainer);

    mn_ok(mirnet_trainer_create(&other, model));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_resume(other));
    mn_ok(mirnet_trainer_set_dataset(other, data, NULL, RECORDS - 10));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_trainer_resume(other));
    mirnet_trainer_destroy(other);

    other = mn_net_trainer(model, data, 1);
    mn_ok(mirnet_trainer_set_text(other, "training.optimizer", "sgd"));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_trainer_resume(other));
    mirnet_trainer_destroy(other);

    mirnet_model_drop_state(model);
    other = mn_net_trainer(model, data, 1);
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_resume(other));
    mirnet_trainer_destroy(other);
    mirnet_model_destroy(model);
    mirnet_dataset_destroy(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resume");
    TCase *tc = tcase_create("bits");
    tcase_add_test(tc, a_run_stopped_after_any_epoch_resumes_with_the_same_bits);
    tcase_add_test(tc, a_run_stopped_after_any_batch_resumes_with_the_same_bits);
    tcase_add_test(tc, more_epochs_go_on_from_the_last_weights_not_from_the_best);
    tcase_add_test(tc, any_number_of_threads_gives_the_same_bits);
    tcase_add_test(tc, the_papers_network_gives_the_same_bits_for_any_number_of_threads);
    tcase_add_test(tc, a_state_of_other_data_or_another_optimizer_is_refused);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
