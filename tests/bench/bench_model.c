/* bench_model.c - how long a training step and a prediction of the paper's network take */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <mirnet/mirnet.h>

/*
 * usage: bench_model [RECIPE [DATA.csv ...]]
 * Without DATA on synthetic hairpins of the real lengths. Each figure is the best of ROUNDS, for other programs only ever
 * make it worse.
 */
enum { ROUNDS = 5, STEPS = 60, THREADS = 2 };

static void check(mirnet_status status)
{
    if (status != MIRNET_OK) {
        fprintf(stderr, "bench_model: %s\n", mirnet_last_message());
        exit(1);
    }
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double train(const mirnet_recipe *recipe, const mirnet_dataset *data, int32_t threads)
{
    mirnet_model *model;
    mirnet_trainer *trainer;
    double batch, best = 1e9;
    check(mirnet_model_create(&model, recipe));
    check(mirnet_trainer_create(&trainer, model));
    check(mirnet_trainer_set_threads(trainer, threads));
    check(mirnet_trainer_set_number(trainer, "training.validation_split", 0));
    check(mirnet_trainer_get_number(trainer, "training.batch_size", &batch));
    int64_t n = STEPS * (int64_t)batch, count = mirnet_dataset_count(data);
    n = n < count ? n : count / (int64_t)batch * (int64_t)batch;
    check(mirnet_trainer_set_dataset(trainer, data, NULL, n));
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        check(mirnet_trainer_run_epoch(trainer, NULL));
        double taken = (seconds() - start) * batch / (double)n;
        best = taken < best ? taken : best;
    }
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    return best;
}

static double predict(mirnet_predictor *predictor, const mirnet_dataset *data, int64_t batch, float *out)
{
    const int64_t n = mirnet_dataset_count(data);
    int64_t records[128];
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        for (int64_t from = 0; from < n; from += batch) {
            int64_t size = n - from < batch ? n - from : batch;
            for (int64_t i = 0; i < size; i++)
                records[i] = from + i;
            check(mirnet_predictor_run_dataset(predictor, data, records, size, out));
        }
        double taken = (seconds() - start) / (double)n;
        best = taken < best ? taken : best;
    }
    return 1 / best;
}

int main(int argc, char **argv)
{
    static const int64_t batches[] = {1, 6, 32, 128};
    mirnet_recipe *recipe;
    mirnet_dataset *data;
    mirnet_model *model;
    check(mirnet_recipe_load(&recipe, argc > 1 ? argv[1] : "tasdelen2021"));
    check(mirnet_dataset_create(&data));
    for (int i = 2; i < argc; i++)
        check(mirnet_dataset_load(data, argv[i], NULL));
    if (argc <= 2)
        check(mirnet_dataset_simulate(data, 562, 1));
    check(mirnet_model_create(&model, recipe));
    float *out = malloc((size_t)(128 * mirnet_model_get_size(model, -1)) * sizeof(*out));
    if (!out)
        return 1;
    printf("%s\n", mirnet_build_info());
    for (int32_t threads = 1; threads <= THREADS; threads++)
        printf("threads %d: %8.3f ms per training step\n", threads, 1e3 * train(recipe, data, threads));
    for (int32_t threads = 1; threads <= THREADS; threads++) {
        mirnet_predictor *predictor;
        check(mirnet_predictor_create(&predictor, model, threads));
        for (int b = 0; b < 4; b++)
            printf("threads %d: %8.0f sequences per second in batches of %d\n", threads,
                   predict(predictor, data, batches[b], out), (int)batches[b]);
        mirnet_predictor_destroy(predictor);
    }
    free(out);
    mirnet_model_destroy(model);
    mirnet_dataset_destroy(data);
    mirnet_recipe_destroy(recipe);
    return 0;
}
