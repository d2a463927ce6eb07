/* fold.c - one fold of a cross-validation: the network, and the baselines on the same records */
/* SPDX-License-Identifier: MIT */
#include "fold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

int fold_open(fold *f, const fold_plan *plan)
{
    const size_t n = (size_t)plan->n_records;
    *f = (fold){.plan = plan};
    f->train = calloc(n, sizeof(*f->train));
    f->test = calloc(n, sizeof(*f->test));
    f->truth = calloc(n, sizeof(*f->truth));
    f->probabilities = calloc(n * (size_t)plan->n_classes, sizeof(*f->probabilities));
    if (!f->train || !f->test || !f->truth || !f->probabilities)
        return out_error("out of memory");
    if (mirnet_recipe_copy(&f->recipes[0], plan->recipe) != MIRNET_OK ||
        (plan->linear && mirnet_recipe_copy(&f->recipes[2], plan->linear) != MIRNET_OK))
        return out_library();
    return EXIT_OK;
}

void fold_close(fold *f)
{
    for (int i = 0; i < METHODS; i++)
        mirnet_recipe_destroy(f->recipes[i]);
    free(f->train);
    free(f->test);
    free(f->truth);
    free(f->probabilities);
}

static int has_failed_before(const fold *f)
{
    return atomic_load(f->failed) < f->number;
}

static int32_t show_step(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    fold *f = payload;
    progress_show(&f->progress, trainer, epoch, batch);
    return has_failed_before(f);
}

static int32_t check_step(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    (void)trainer, (void)epoch, (void)batch;
    return has_failed_before(payload);
}

/* Draws the records of both parts. Each fold draws all folds of its repeat anew: that takes next to no time. */
static mirnet_status divide(fold *f)
{
    const fold_plan *plan = f->plan;
    const int64_t repeat = f->number / plan->folds;
    const int32_t i = (int32_t)(f->number % plan->folds);
    mirnet_folds *folds = NULL;
    mirnet_status status = mirnet_folds_create(&folds, plan->classes, plan->groups, plan->n_records,
                                               (int32_t)plan->folds, plan->shuffle, (uint64_t)(plan->seed + repeat));
    if (status == MIRNET_OK)
        status = mirnet_folds_get_train(folds, i, f->train);
    if (status == MIRNET_OK)
        status = mirnet_folds_get_test(folds, i, f->test);
    if (status == MIRNET_OK) {
        f->n_train = mirnet_folds_get_train_size(folds, i);
        f->n_test = mirnet_folds_get_test_size(folds, i);
    }
    mirnet_folds_destroy(folds);
    for (int64_t t = 0; status == MIRNET_OK && t < f->n_test; t++)
        f->truth[t] = plan->classes[f->test[t]];
    return status;
}

/* Leaves the probabilities of the test records. */
static mirnet_status train_and_predict(fold *f, mirnet_recipe *recipe, mirnet_trainer_callback on_step,
                                       int64_t *out_epochs)
{
    const mirnet_dataset *dataset = f->plan->dataset;
    mirnet_model *model = NULL;
    mirnet_trainer *trainer = NULL;
    mirnet_predictor *predictor = NULL;
    mirnet_status status = mirnet_recipe_set_number(recipe, "training.seed", (double)(f->plan->seed + f->number));
    if (status == MIRNET_OK)
        status = mirnet_model_create(&model, recipe);
    if (status == MIRNET_OK)
        status = mirnet_trainer_create(&trainer, model);
    if (status == MIRNET_OK)
        status = mirnet_trainer_set_threads(trainer, f->threads);
    if (status == MIRNET_OK)
        status = mirnet_trainer_set_dataset(trainer, dataset, f->train, f->n_train);
    if (status == MIRNET_OK)
        status = mirnet_trainer_set_callback(trainer, on_step, f);
    if (status == MIRNET_OK)
        status = mirnet_trainer_run(trainer);
    if (status == MIRNET_OK)
        status = mirnet_trainer_get_count(trainer, "epochs", out_epochs);
    mirnet_trainer_destroy(trainer); /* before anything else takes memory */
    if (status == MIRNET_OK)
        status = mirnet_predictor_create(&predictor, model, f->threads);
    if (status == MIRNET_OK)
        status = mirnet_predictor_run_dataset(predictor, dataset, f->test, f->n_test, f->probabilities);
    mirnet_predictor_destroy(predictor);
    mirnet_model_destroy(model);
    return status;
}

/* The class of the mirtrons: the one that has such a name, or else the positive one. */
static int32_t mirtron_class(const mirnet_dataset *dataset)
{
    static const char *const names[] = {"mirtron", "TRUE", "true", "1", "yes", "positive"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (int32_t c = 0; c < mirnet_dataset_class_count(dataset); c++)
            if (strcmp(mirnet_dataset_get_class_name(dataset, c), names[i]) == 0)
                return c;
    return 0;
}

/* The rule of the 3' splice site, with no training at all: an intron, and so a mirtron, ends in CAG or UAG. */
static void apply_yag(fold *f)
{
    const int32_t n_classes = f->plan->n_classes, mirtron = mirtron_class(f->plan->dataset);
    memset(f->probabilities, 0, (size_t)f->n_test * (size_t)n_classes * sizeof(float));
    for (int64_t i = 0; i < f->n_test; i++) {
        const char *sequence = mirnet_dataset_get_sequence(f->plan->dataset, f->test[i]);
        int64_t length = mirnet_dataset_get_length(f->plan->dataset, f->test[i]);
        const char *end = length >= 3 ? sequence + length - 3 : "";
        int ends_so = strcmp(end, "CAG") == 0 || strcmp(end, "UAG") == 0;
        f->probabilities[i * n_classes + (ends_so ? mirtron : mirtron == 0)] = 1;
    }
}

static mirnet_status score(const fold *f, report_row *row)
{
    mirnet_scores *scores = NULL;
    mirnet_status status = mirnet_scores_create(&scores, f->plan->n_classes);
    if (status == MIRNET_OK)
        status = mirnet_scores_add(scores, f->truth, f->probabilities, f->n_test);
    if (status == MIRNET_OK)
        status = report_row_fill(row, scores);
    mirnet_scores_destroy(scores);
    return status;
}

static void write_label(fold *f)
{
    const fold_plan *plan = f->plan;
    char *label = f->progress.label;
    const size_t room = sizeof(f->progress.label);
    const int64_t repeat = f->number / plan->folds + 1, i = f->number % plan->folds + 1;
    if (plan->repeats > 1)
        snprintf(label, room, "repeat %" PRId64 "/%" PRId64 " fold %" PRId64 "/%" PRId64 " ", repeat, plan->repeats, i,
                 plan->folds);
    else
        snprintf(label, room, "fold %" PRId64 "/%" PRId64 " ", i, plan->folds);
}

static mirnet_status run(fold *f)
{
    for (int m = 0; m < METHODS; m++)
        *f->rows[m] = (report_row){.repeat = f->number / f->plan->folds + 1, .fold = f->number % f->plan->folds + 1};
    write_label(f);
    mirnet_status status = divide(f);
    if (status == MIRNET_OK)
        status = train_and_predict(f, f->recipes[0], show_step, &f->rows[0]->epochs);
    progress_clear(&f->progress);
    if (status == MIRNET_OK)
        status = score(f, f->rows[0]);
    if (status == MIRNET_OK) {
        apply_yag(f);
        status = score(f, f->rows[1]);
    }
    if (status == MIRNET_OK && f->recipes[2])
        status = train_and_predict(f, f->recipes[2], check_step, &f->rows[2]->epochs);
    if (status == MIRNET_OK && f->recipes[2])
        status = score(f, f->rows[2]);
    return status;
}

int fold_run(void *context)
{
    fold *f = context;
    if (run(f) == MIRNET_OK)
        return EXIT_OK;
    snprintf(f->message, sizeof(f->message), "%s", mirnet_last_message());
    int64_t first = atomic_load(f->failed);
    while (f->number < first && !atomic_compare_exchange_weak(f->failed, &first, f->number))
        ;
    return EXIT_FAILED;
}
