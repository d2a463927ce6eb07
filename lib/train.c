/* train.c - the trainer's life, settings, data and figures */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>

#include "mem.h"
#include "trainer.h"

enum { MAX_THREADS = 256 };

mirnet_status mirnet_trainer_create(mirnet_trainer **out, mirnet_model *model)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(model, "model is NULL");
    const mn_shape *output = &mn_model_output(model)->out;
    char text[96];
    if (output->rank != 1 || output->dim[0] < 2)
        return mn_fail(MIRNET_ERR_UNSUPPORTED,
                       "the model's output has shape %s; training needs (classes) with 2 or more",
                       mn_shape_text(output, text));
    mirnet_trainer *trainer = mn_calloc(1, sizeof(*trainer));
    if (!trainer)
        return MIRNET_ERR_NOMEM;
    trainer->model = model;
    *out = trainer;
    return MIRNET_OK;
}

void mirnet_trainer_destroy(mirnet_trainer *trainer)
{
    if (!trainer)
        return;
    mn_plan_destroy(trainer->plan);
    mn_threads_destroy(trainer->threads);
    mn_feed_destroy(&trainer->train);
    mn_feed_destroy(&trainer->given);
    mn_optim_close(&trainer->optim);
    mn_trainer_forget_division(trainer);
    mn_free(trainer->grads_block);
    mn_free(trainer->targets);
    mn_free(trainer->sample_weights);
    mn_free(trainer->ids);
    mn_free(trainer->history);
    mn_free(trainer->best);
    mn_free(trainer->last);
    mn_free(trainer);
}

mirnet_status mirnet_trainer_set_threads(mirnet_trainer *trainer, int32_t threads)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_REQUIRE(threads >= 1 && threads <= MAX_THREADS, "threads is %d; expected 1..%d", threads, MAX_THREADS);
    if (trainer->in_callback)
        return mn_fail(MIRNET_ERR_STATE, "threads cannot be set from the trainer's own callback");
    mn_threads *made;
    MN_TRY(mn_threads_create(&made, threads));
    mn_threads_destroy(trainer->threads);
    trainer->threads = made;
    if (trainer->plan)
        trainer->plan->run.threads = made;
    return MIRNET_OK;
}

/* -- Options ------------------------------------------------------------------------------------------------------- */

static mirnet_status check_key(const mirnet_trainer *trainer, const char *key)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_REQUIRE(key, "key is NULL");
    MN_REQUIRE(strncmp(key, "training.", 9) == 0, "option '%s' is not one of training's", key);
    if (trainer->begun && strcmp(key, "training.epochs") != 0 && strcmp(key, "training.learning_rate") != 0)
        return mn_fail(MIRNET_ERR_STATE, "option '%s' cannot be changed after the first step", key);
    return MIRNET_OK;
}

mirnet_status mirnet_trainer_set_number(mirnet_trainer *trainer, const char *key, double value)
{
    MN_TRY(check_key(trainer, key));
    MN_TRY(mirnet_recipe_set_number(trainer->model->recipe, key, value));
    if (strcmp(key, "training.learning_rate") == 0)
        trainer->rate = value;
    return MIRNET_OK;
}

mirnet_status mirnet_trainer_set_text(mirnet_trainer *trainer, const char *key, const char *value)
{
    MN_TRY(check_key(trainer, key));
    return mirnet_recipe_set_text(trainer->model->recipe, key, value);
}

mirnet_status mirnet_trainer_get_number(const mirnet_trainer *trainer, const char *key, double *out)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_REQUIRE(key, "key is NULL");
    MN_REQUIRE(out, "out is NULL");
    if (trainer->begun && strcmp(key, "training.learning_rate") == 0) {
        *out = trainer->rate;
        return MIRNET_OK;
    }
    return mirnet_recipe_get_number(trainer->model->recipe, key, out);
}

mirnet_status mirnet_trainer_set_callback(mirnet_trainer *trainer, mirnet_trainer_callback callback, void *payload)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    trainer->callback = callback;
    trainer->payload = payload;
    return MIRNET_OK;
}

/* -- Data ---------------------------------------------------------------------------------------------------------- */

/* A model that knows its classes must meet them again in the same order: else labels would change their meaning. */
static mirnet_status check_classes(const mirnet_model *model, const mirnet_dataset *dataset)
{
    for (int32_t c = 0; c < model->n_classes && c < mirnet_dataset_class_count(dataset); c++) {
        const char *name = mirnet_dataset_get_class_name(dataset, c);
        MN_REQUIRE(strcmp(name, model->classes[c]) == 0, "class %d of the data is '%s', the model's is '%s'", c, name,
                   model->classes[c]);
    }
    return MIRNET_OK;
}

static mirnet_status take_classes(mirnet_model *model, const mirnet_dataset *dataset)
{
    if (model->n_classes)
        return MIRNET_OK;
    const int32_t n = mirnet_dataset_class_count(dataset);
    const char **names = mn_calloc((size_t)n, sizeof(*names));
    if (!names)
        return MIRNET_ERR_NOMEM;
    for (int32_t c = 0; c < n; c++)
        names[c] = mirnet_dataset_get_class_name(dataset, c);
    mirnet_status status = mirnet_model_set_classes(model, names, n);
    mn_free(names);
    return status;
}

static mirnet_status check_data_call(const mirnet_trainer *trainer)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    if (trainer->in_callback)
        return mn_fail(MIRNET_ERR_STATE, "data cannot be set from the trainer's own callback");
    if (trainer->at > 0)
        return mn_fail(MIRNET_ERR_STATE, "data cannot be set in the middle of an epoch");
    return MIRNET_OK;
}

static mirnet_status set_dataset(mirnet_trainer *trainer, mn_feed *feed, const mirnet_dataset *dataset,
                                 const int64_t *records, int64_t n)
{
    MN_TRY(check_data_call(trainer));
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_TRY(check_classes(trainer->model, dataset));
    mn_feed made = {0};
    MN_TRY(mn_feed_set_dataset(&made, trainer->model, dataset, records, n));
    mirnet_status status = take_classes(trainer->model, dataset);
    if (status != MIRNET_OK) {
        mn_feed_destroy(&made);
        return status;
    }
    mn_feed_destroy(feed);
    *feed = made;
    mn_trainer_forget_division(trainer);
    return MIRNET_OK;
}

static mirnet_status set_tensors(mirnet_trainer *trainer, mn_feed *feed, const float *const *inputs,
                                 const float *targets, const float *opt_weights, int64_t n)
{
    MN_TRY(check_data_call(trainer));
    MN_TRY(mn_feed_set_tensors(feed, trainer->model, inputs, targets, opt_weights, n));
    mn_trainer_forget_division(trainer);
    return MIRNET_OK;
}

static mirnet_status take_back_validation(mirnet_trainer *trainer)
{
    MN_TRY(check_data_call(trainer));
    mn_feed_destroy(&trainer->given);
    mn_trainer_forget_division(trainer);
    return MIRNET_OK;
}

mirnet_status mirnet_trainer_set_dataset(mirnet_trainer *trainer, const mirnet_dataset *dataset,
                                         const int64_t *records, int64_t n)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    return set_dataset(trainer, &trainer->train, dataset, records, n);
}

mirnet_status mirnet_trainer_set_tensors(mirnet_trainer *trainer, const float *const *inputs, const float *targets,
                                         const float *opt_weights, int64_t n)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    return set_tensors(trainer, &trainer->train, inputs, targets, opt_weights, n);
}

mirnet_status mirnet_trainer_set_validation_dataset(mirnet_trainer *trainer, const mirnet_dataset *dataset,
                                                    const int64_t *records, int64_t n)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    return n == 0 ? take_back_validation(trainer) : set_dataset(trainer, &trainer->given, dataset, records, n);
}

mirnet_status mirnet_trainer_set_validation_tensors(mirnet_trainer *trainer, const float *const *inputs,
                                                    const float *targets, const float *opt_weights, int64_t n)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    return n == 0 ? take_back_validation(trainer)
                  : set_tensors(trainer, &trainer->given, inputs, targets, opt_weights, n);
}

/* -- Figures ------------------------------------------------------------------------------------------------------- */

mirnet_status mirnet_trainer_get_count(const mirnet_trainer *trainer, const char *key, int64_t *out)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_REQUIRE(key, "key is NULL");
    MN_REQUIRE(out, "out is NULL");
    const struct {
        const char *key;
        int64_t value;
    } counts[] = {
        {"epochs", trainer->epochs},
        {"steps", trainer->steps},
        {"batches", trainer->batch_size ? mn_ceil_div(trainer->n_train, trainer->batch_size) : 0},
        {"samples", trainer->train_at ? trainer->n_train : trainer->train.n},
        {"validation_samples", trainer->given.n ? trainer->given.n : trainer->n_val},
        {"best_epoch", trainer->best_epoch},
        {"stopped", trainer->stopped},
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (strcmp(key, counts[i].key) == 0) {
            *out = counts[i].value;
            return MIRNET_OK;
        }
    return mn_fail(MIRNET_ERR_INVALID, "there is no count '%s'", key);
}

static const char *const figure_names[MN_FIGURES] = {
    [MN_LOSS] = "loss",
    [MN_ACCURACY] = "accuracy",
    [MN_VAL_LOSS] = "val_loss",
    [MN_VAL_ACCURACY] = "val_accuracy",
    [MN_LEARNING_RATE] = "learning_rate",
};

mirnet_status mirnet_trainer_get_history(const mirnet_trainer *trainer, const char *key, int64_t epoch, double *out)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_REQUIRE(key, "key is NULL");
    MN_REQUIRE(out, "out is NULL");
    int figure = 0;
    while (figure < MN_FIGURES && strcmp(key, figure_names[figure]) != 0)
        figure++;
    MN_REQUIRE(figure < MN_FIGURES, "the history has no figure '%s'", key);
    double value = NAN;
    if (epoch == 0 && trainer->at > 0)
        value = figure == MN_LOSS            ? trainer->sum_loss / (double)trainer->at
                : figure == MN_ACCURACY      ? trainer->sum_hits / (double)trainer->at
                : figure == MN_LEARNING_RATE ? trainer->rate
                                             : NAN;
    else if (epoch >= 1 && (size_t)epoch <= trainer->n_history)
        value = trainer->history[epoch - 1].figure[figure];
    if (isnan(value))
        return mn_fail(MIRNET_ERR_NOT_FOUND, "there is no %s of epoch %lld", key, (long long)epoch);
    *out = value;
    return MIRNET_OK;
}
