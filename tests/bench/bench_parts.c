/* bench_parts.c - where the time of a training step and of a prediction goes, layer by layer */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <mirnet/mirnet.h>

#include "plan.h"
#include "trainer.h"

/*
 * usage: bench_parts [-p] [-r RECIPE] [-t THREADS] [-b BATCH] [-s SECONDS] [-x PASSES] [-j] [DATA.csv...]
 *
 * Microseconds a training step of each layer: packing its weights, forward, backward; and what is left, which is the
 * update of the other weights, the encoding of sequences and the loss. With -p microseconds a sequence of a prediction,
 * and with -x only some of the plan's savings (their sum, see plan.h). Without DATA on 1,124 synthetic hairpins of the real
 * lengths. -j prints JSON.
 */
typedef struct bench {
    const char *recipe_name;
    int32_t threads, batch, passes;
    double seconds;
    bool json, predict;
} bench;

static void check(mirnet_status status)
{
    if (status != MIRNET_OK) {
        fprintf(stderr, "bench_parts: %s\n", mirnet_last_message());
        exit(1);
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static mn_op_times *new_times(const mirnet_model *model)
{
    mn_op_times *times = calloc((size_t)model->n_nodes, sizeof(*times));
    if (!times)
        exit(1);
    return times;
}

static void print_line(const bench *b, const char *name, const mn_op_times *times, double factor)
{
    const double us[] = {times->prepare * factor, times->forward * factor, times->backward * factor};
    if (b->json)
        printf("{\"part\": \"%s\", \"prepare\": %.1f, \"forward\": %.1f, \"backward\": %.1f}\n", name, us[0], us[1], us[2]);
    else
        printf("%-24s %10.1f %10.1f %10.1f\n", name, us[0], us[1], us[2]);
}

static void report(const bench *b, const mirnet_model *model, const mn_op_times *times, double seconds, double steps)
{
    const double us = 1e6 / steps;
    double rest = seconds;
    if (!b->json)
        printf("%-24s %10s %10s %10s\n", b->predict ? "us a sequence" : "us a step", "packing", "forward", "backward");
    for (int32_t i = 0; i < model->n_nodes; i++) {
        rest -= times[i].prepare + times[i].forward + times[i].backward;
        if (times[i].forward > 0)
            print_line(b, model->nodes[i].layer->name, &times[i], us);
    }
    if (b->json)
        printf("{\"part\": \"rest\", \"us\": %.1f}\n{\"part\": \"all\", \"us\": %.1f}\n", rest * us, seconds * us);
    else
        printf("%-24s %10.1f\n%-24s %10.1f\n", "all the rest", rest * us, "all", seconds * us);
}

static void train(const bench *b, const mirnet_recipe *recipe, const mirnet_dataset *data)
{
    mirnet_model *model;
    mirnet_trainer *trainer;
    check(mirnet_model_create(&model, recipe));
    check(mirnet_trainer_create(&trainer, model));
    check(mirnet_trainer_set_threads(trainer, b->threads));
    check(mirnet_trainer_set_number(trainer, "training.validation_split", 0));
    check(mirnet_trainer_set_number(trainer, "training.early_stopping", 0));
    if (b->batch > 0)
        check(mirnet_trainer_set_number(trainer, "training.batch_size", b->batch));
    check(mirnet_trainer_set_dataset(trainer, data, NULL, mirnet_dataset_count(data)));
    check(mirnet_trainer_run_epoch(trainer, NULL));
    mn_op_times *times = trainer->plan->times = new_times(model);
    const int64_t steps = trainer->steps;
    double taken, start = now();
    do {
        check(mirnet_trainer_run_epoch(trainer, NULL));
        taken = now() - start;
    } while (taken < b->seconds);
    report(b, model, times, taken, (double)(trainer->steps - steps));
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    free(times);
}

/* One pass over the data in blocks; the sequences that were done. */
static int64_t pass(const bench *b, mn_plan *plan, const mirnet_model *model, const mirnet_dataset *data)
{
    const int64_t count = mirnet_dataset_count(data), size = mirnet_encoder_get_size(model->encoder);
    int64_t done = 0;
    for (int64_t from = 0; from + b->batch <= count; from += b->batch, done += b->batch) {
        for (int64_t i = 0; i < b->batch; i++)
            check(mirnet_encoder_run(model->encoder, mirnet_dataset_get_sequence(data, from + i),
                                     (size_t)mirnet_dataset_get_length(data, from + i), NULL,
                                     mn_plan_input(plan, 0) + i * size));
        plan->run.batch = b->batch;
        mn_plan_forward(plan);
    }
    return done;
}

static void predict(const bench *b, const mirnet_recipe *recipe, const mirnet_dataset *data)
{
    mirnet_model *model;
    mn_threads *threads;
    mn_plan *plan;
    check(mirnet_model_create(&model, recipe));
    check(mn_threads_create(&threads, b->threads));
    check(mn_plan_create(&plan, model, b->batch, MN_PLAN_FORWARD, b->passes, mn_kernels_get(), threads));
    plan->run.weights = model->weights;
    mn_plan_prepare(plan);
    (void)pass(b, plan, model, data);
    plan->times = new_times(model);
    int64_t done = 0;
    double taken, start = now();
    do {
        done += pass(b, plan, model, data);
        taken = now() - start;
    } while (taken < b->seconds);
    report(b, model, plan->times, taken, (double)done);
    free(plan->times);
    mn_plan_destroy(plan);
    mn_threads_destroy(threads);
    mirnet_model_destroy(model);
}

int main(int argc, char **argv)
{
    bench b = {.recipe_name = "tasdelen2021", .threads = 1, .passes = MN_PASSES, .seconds = 1};
    for (int c; (c = getopt(argc, argv, "pr:t:b:s:x:j")) != -1;) {
        if (c == 'p')
            b.predict = true;
        else if (c == 'x')
            b.passes = atoi(optarg);
        else if (c == 'r')
            b.recipe_name = optarg;
        else if (c == 't')
            b.threads = atoi(optarg);
        else if (c == 'b')
            b.batch = atoi(optarg);
        else if (c == 's')
            b.seconds = atof(optarg);
        else if (c == 'j')
            b.json = true;
        else
            return 2;
    }
    mirnet_recipe *recipe;
    mirnet_dataset *data;
    check(mirnet_recipe_load(&recipe, b.recipe_name));
    check(mirnet_dataset_create(&data));
    for (int i = optind; i < argc; i++)
        check(mirnet_dataset_load(data, argv[i], NULL));
    if (optind == argc)
        check(mirnet_dataset_simulate(data, 562, 1));
    if (b.predict && b.batch <= 0)
        b.batch = 16;
    if (b.predict)
        predict(&b, recipe, data);
    else
        train(&b, recipe, data);
    mirnet_dataset_destroy(data);
    mirnet_recipe_destroy(recipe);
    return 0;
}
