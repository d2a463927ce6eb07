/* test_allocations.c - after the first step or batch nothing is allocated any more, whatever the recipe */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "faults/faults.h"
#include "mn_net.h"

enum { MOST_RECIPES = 64, PER_CLASS = 12, RECORDS = 2 * PER_CLASS, BATCH = 6, REPEATS = 3, MOST_CLASSES = 8 };

/* Built-in names, and the paths of examples/recipes. Found before any case runs. */
static char *recipes[MOST_RECIPES];
static int n_recipes;

static void note_recipe(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    if (n_recipes == MOST_RECIPES || !(recipes[n_recipes] = malloc(size)))
        exit(1);
    snprintf(recipes[n_recipes++], size, "%s%s%s", folder, *folder ? "/" : "", name);
}

static void find_recipes(void)
{
    const char *folder = MN_SOURCE_ROOT "/examples/recipes";
    for (int32_t i = 0; i < mirnet_recipe_builtin_count(); i++)
        note_recipe("", mirnet_recipe_builtin_name(i));
    DIR *found = opendir(folder);
    for (struct dirent *entry; found && (entry = readdir(found));)
        if (strstr(entry->d_name, ".json"))
            note_recipe(folder, entry->d_name);
    if (found)
        closedir(found);
}

typedef struct fixture {
    const char *recipe;
    int32_t threads;
    mirnet_model *model;
    mirnet_dataset *data;
    int64_t outputs;
} fixture;

/* Every recipe with 1 and with 2 threads. */
static fixture set_up(int i)
{
    fixture f = {.recipe = recipes[i / 2], .threads = 1 + i % 2};
    mirnet_recipe *recipe;
    mn_ok(mirnet_recipe_load(&recipe, f.recipe));
    mn_ok(mirnet_recipe_set_number(recipe, "training.batch_size", BATCH));
    mn_ok(mirnet_model_create(&f.model, recipe));
    mirnet_recipe_destroy(recipe);
    mn_ok(mirnet_dataset_create(&f.data));
    mn_ok(mirnet_dataset_simulate(f.data, PER_CLASS, 1));
    f.outputs = mirnet_model_get_size(f.model, -1);
    ck_assert_int_le(f.outputs, MOST_CLASSES);
    return f;
}

static void tear_down(fixture *f)
{
    mirnet_dataset_destroy(f->data);
    mirnet_model_destroy(f->model);
}

/* In between only calls of the library, for mn_ok allocates itself. */
static void start_counting(void)
{
    mn_faults_set(MN_FAULT_MEMORY, 0, false, 0);
}

static int64_t stop_counting(void)
{
    int64_t n = mn_faults_count();
    mn_faults_reset();
    return n;
}

static void expect_none(const fixture *f, const char *what, int64_t n)
{
    ck_assert_msg(n == 0, "%s, %d threads: %d allocations in %s", f->recipe, f->threads, (int)n, what);
}

static mirnet_trainer *trainer_of(const fixture *f)
{
    mirnet_trainer *trainer;
    mn_ok(mirnet_trainer_create(&trainer, f->model));
    mn_ok(mirnet_trainer_set_threads(trainer, f->threads));
    return trainer;
}

/* Steps on batches of the caller's: the largest first, then smaller ones; gradients and figures too. */
START_TEST(steps_on_tensors)
{
    fixture f = set_up(_i);
    mirnet_trainer *trainer = trainer_of(&f);
    uint64_t seed = mn_seed();
    const int64_t size = mirnet_model_get_size(f.model, 0);
    float *x = mn_net_floats(BATCH * size), targets[BATCH * MOST_CLASSES];
    const float *inputs[] = {x};
    double loss, accuracy;
    mn_net_fill(&seed, x, BATCH * size, 0, 1);
    mn_net_fill_targets(&seed, targets, BATCH, f.outputs);
    start_counting();
    mirnet_status status = mirnet_trainer_step(trainer, inputs, targets, NULL, BATCH, &loss);
    ck_assert_int_gt(stop_counting(), 0); /* the plan */
    mn_ok(status);
    start_counting();
    for (int i = 0; i < REPEATS && status == MIRNET_OK; i++) {
        status = mirnet_trainer_step(trainer, inputs, targets, NULL, BATCH - i, &loss);
        if (status == MIRNET_OK)
            status = mirnet_trainer_run_gradient(trainer, inputs, targets, NULL, BATCH - i, 1, &loss, NULL);
        if (status == MIRNET_OK)
            status = mirnet_trainer_evaluate(trainer, inputs, targets, NULL, BATCH - i, &loss, &accuracy);
    }
    expect_none(&f, "later steps", stop_counting());
    mn_ok(status);
    free(x);
    mirnet_trainer_destroy(trainer);
    tear_down(&f);
}
END_TEST

static int32_t count_from_the_first_batch(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    (void)trainer;
    if (epoch == 1 && batch == 1)
        start_counting();
    ++*(int *)payload;
    return 0;
}

START_TEST(epochs_on_a_dataset)
{
    fixture f = set_up(_i);
    mirnet_trainer *trainer = trainer_of(&f);
    int calls = 0;
    mn_ok(mirnet_trainer_set_number(trainer, "training.validation_split", 0.2));
    mn_ok(mirnet_trainer_set_number(trainer, "training.early_stopping", 1));
    mn_ok(mirnet_trainer_set_dataset(trainer, f.data, NULL, RECORDS));
    mn_ok(mirnet_trainer_set_callback(trainer, count_from_the_first_batch, &calls));
    mirnet_status status = MIRNET_OK;
    for (int i = 0; i < REPEATS && status == MIRNET_OK; i++)
        status = mirnet_trainer_run_epoch(trainer, NULL);
    expect_none(&f, "the batches after the first", stop_counting());
    mn_ok(status);
    ck_assert_int_ge(calls, REPEATS * 2);
    mirnet_trainer_destroy(trainer);
    tear_down(&f);
}
END_TEST

/* One after the other in every way of asking; more samples than a block holds, and fewer. */
START_TEST(predictions)
{
    fixture f = set_up(_i);
    mirnet_predictor *predictor;
    const char *sequences[RECORDS];
    float *x = mn_net_floats(RECORDS * mirnet_model_get_size(f.model, 0)), out[RECORDS * MOST_CLASSES];
    const float *inputs[] = {x};
    for (int64_t i = 0; i < RECORDS; i++)
        sequences[i] = mirnet_dataset_get_sequence(f.data, i);
    start_counting();
    mirnet_status status = mirnet_predictor_create(&predictor, f.model, f.threads);
    ck_assert_int_gt(stop_counting(), 0);
    mn_ok(status);
    mn_ok(mirnet_predictor_run_sequences(predictor, sequences, 1, out));
    start_counting();
    for (int64_t n = RECORDS; n > 0 && status == MIRNET_OK; n -= 9) {
        status = mirnet_predictor_run(predictor, inputs, n, out);
        if (status == MIRNET_OK)
            status = mirnet_predictor_run_sequences(predictor, sequences, n, out);
        if (status == MIRNET_OK)
            status = mirnet_predictor_run_dataset(predictor, f.data, NULL, n, out);
    }
    expect_none(&f, "predictions", stop_counting());
    mn_ok(status);
    free(x);
    mirnet_predictor_destroy(predictor);
    tear_down(&f);
}
END_TEST

int main(void)
{
    find_recipes();
    Suite *suite = suite_create("allocations");
    TCase *tc = tcase_create("nothing is allocated");
    tcase_add_loop_test(tc, steps_on_tensors, 0, 2 * n_recipes);
    tcase_add_loop_test(tc, epochs_on_a_dataset, 0, 2 * n_recipes);
    tcase_add_loop_test(tc, predictions, 0, 2 * n_recipes);
    suite_add_tcase(suite, tc);
    int status = mn_check_main(suite);
    while (n_recipes > 0)
        free(recipes[--n_recipes]);
    return status;
}
