/* bench_model.c - how long a training step and a prediction of a network take */
/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mirnet/mirnet.h>

/*
 * usage: bench_model [-r RECIPE] [-m MODEL] [-w train|predict|all] [-t THREADS,...] [-b BATCH,...] [-s SECONDS] [-j]
 *                    [DATA.csv...]
 *
 * Each figure is the mean over a window of SECONDS, after a warm-up. Training takes the batch size of the recipe,
 * unless only training is asked for (-w train -b). -m starts from the weights of a model file: how much of a network's
 * values is zero, and with that how long it takes, depends on them. -j prints a line of JSON for each figure. Without
 * DATA on 1,124 synthetic hairpins of the real lengths. Short and quiet, so that compare.py can call it again and again
 * between the measurements of other programs.
 */
enum { MAX_LIST = 16, MAX_BATCH = 4096, SIMULATED_PER_CLASS = 562, STEPS_AT_A_TIME = 200 };

typedef struct list {
    int32_t count;
    int32_t items[MAX_LIST];
} list;

typedef struct bench {
    const char *recipe_name, *model_path;
    int train, predict, json;
    double seconds;
    list threads, batches;
    mirnet_recipe *recipe;
    mirnet_dataset *data;
} bench;

static void check(mirnet_status status)
{
    if (status != MIRNET_OK) {
        fprintf(stderr, "bench_model: %s\n", mirnet_last_message());
        exit(1);
    }
}

static _Noreturn void usage(void)
{
    fprintf(stderr,
            "usage: bench_model [-r RECIPE] [-m MODEL] [-w train|predict|all] [-t THREADS,...] [-b BATCH,...] "
            "[-s SECONDS] [-j] [DATA.csv ...]\n");
    exit(2);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* "1,6,32" as numbers from 1 to `most`. */
static list read_list(const char *text, long most)
{
    list l = {0, {0}};
    char *end;
    do {
        long value = strtol(text, &end, 10);
        if (end == text || value < 1 || value > most || l.count == MAX_LIST)
            usage();
        l.items[l.count++] = (int32_t)value;
        text = end + 1;
    } while (*end == ',');
    if (*end != '\0')
        usage();
    return l;
}

static double read_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= 3600))
        usage();
    return seconds;
}

static mirnet_model *new_model(const bench *b)
{
    mirnet_model *model;
    if (b->model_path)
        check(mirnet_model_load_stateless(&model, b->model_path));
    else
        check(mirnet_model_create(&model, b->recipe));
    return model;
}

/*
 * Seconds of one step. Epochs of a few steps, for the clock is read between epochs only; the first one, which also
 * makes the plan, does not count.
 */
static double train(const bench *b, int32_t threads, int32_t batch, int64_t *out_steps)
{
    mirnet_model *model = new_model(b);
    mirnet_trainer *trainer;
    check(mirnet_trainer_create(&trainer, model));
    check(mirnet_trainer_set_threads(trainer, threads));
    check(mirnet_trainer_set_number(trainer, "training.validation_split", 0));
    check(mirnet_trainer_set_number(trainer, "training.early_stopping", 0));
    check(mirnet_trainer_set_number(trainer, "training.batch_size", batch));
    int64_t whole = mirnet_dataset_count(b->data) / batch;
    int64_t steps = whole < STEPS_AT_A_TIME ? whole : STEPS_AT_A_TIME;
    if (steps < 1) {
        fprintf(stderr, "bench_model: a batch of %" PRId32 " needs more records\n", batch);
        exit(1);
    }
    check(mirnet_trainer_set_dataset(trainer, b->data, NULL, steps * batch));
    check(mirnet_trainer_run_epoch(trainer, NULL));
    double taken, start = now();
    *out_steps = 0;
    do {
        check(mirnet_trainer_run_epoch(trainer, NULL));
        *out_steps += steps;
        taken = now() - start;
    } while (taken < b->seconds);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    return taken / (double)*out_steps;
}

/* Sequences a second, text to probabilities, in whole batches. The first pass over the data, which also makes the
 * tables, does not count. */
static double predict(const bench *b, mirnet_predictor *predictor, int32_t batch, float *out)
{
    const int64_t count = mirnet_dataset_count(b->data), size = batch < count ? batch : count;
    const int64_t batches = count / size;
    int64_t records[MAX_BATCH], done = 0;
    double taken, start = now();
    for (int64_t k = 0;; k = (k + 1) % batches) {
        if (done == batches)
            start = now();
        for (int64_t i = 0; i < size; i++)
            records[i] = k * size + i;
        check(mirnet_predictor_run_dataset(predictor, b->data, records, size, out));
        taken = now() - start;
        if (++done > batches && taken >= b->seconds)
            return (double)((done - batches) * size) / taken;
    }
}

static void train_all(const bench *b)
{
    double own;
    list batches = b->batches;
    check(mirnet_recipe_get_number(b->recipe, "training.batch_size", &own));
    if (b->predict || batches.count == 0)
        batches = (list){1, {(int32_t)own}};
    for (int32_t t = 0; t < b->threads.count; t++)
        for (int32_t i = 0; i < batches.count; i++) {
            int64_t steps;
            double ms = 1e3 * train(b, b->threads.items[t], batches.items[i], &steps);
            printf(b->json ? "{\"what\": \"train\", \"threads\": %" PRId32 ", \"batch\": %" PRId32
                             ", \"ms_per_step\": %.6g}\n"
                           : "threads %" PRId32 ", batch %4" PRId32 ": %9.4g ms a training step\n",
                   b->threads.items[t], batches.items[i], ms);
        }
}

static void predict_all(const bench *b)
{
    static const list usual = {4, {1, 6, 32, 128}};
    const list batches = b->batches.count > 0 ? b->batches : usual;
    mirnet_model *model = new_model(b);
    float *out = malloc((size_t)(MAX_BATCH * mirnet_model_get_size(model, -1)) * sizeof(*out));
    if (!out) {
        fprintf(stderr, "bench_model: out of memory\n");
        exit(1);
    }
    for (int32_t t = 0; t < b->threads.count; t++) {
        mirnet_predictor *predictor;
        check(mirnet_predictor_create(&predictor, model, b->threads.items[t]));
        for (int32_t i = 0; i < batches.count; i++)
            printf(b->json ? "{\"what\": \"predict\", \"threads\": %" PRId32 ", \"batch\": %" PRId32
                             ", \"per_second\": %.6g}\n"
                           : "threads %" PRId32 ", batch %4" PRId32 ": %9.0f sequences a second\n",
                   b->threads.items[t], batches.items[i], predict(b, predictor, batches.items[i], out));
        mirnet_predictor_destroy(predictor);
    }
    free(out);
    mirnet_model_destroy(model);
}

static void read_options(bench *b, int argc, char **argv)
{
    const char *what = "all";
    for (int c; (c = getopt(argc, argv, "r:m:w:t:b:s:j")) != -1;) {
        switch (c) {
        case 'r':
            b->recipe_name = optarg;
            break;
        case 'm':
            b->model_path = optarg;
            break;
        case 'w':
            what = optarg;
            break;
        case 't':
            b->threads = read_list(optarg, 256);
            break;
        case 'b':
            b->batches = read_list(optarg, MAX_BATCH);
            break;
        case 's':
            b->seconds = read_seconds(optarg);
            break;
        case 'j':
            b->json = 1;
            break;
        default:
            usage();
        }
    }
    b->train = strcmp(what, "predict") != 0;
    b->predict = strcmp(what, "train") != 0;
    if (b->train && b->predict && strcmp(what, "all") != 0)
        usage();
}

int main(int argc, char **argv)
{
    bench b = {.recipe_name = "tasdelen2021", .seconds = 1, .threads = {2, {1, 2}}};
    read_options(&b, argc, argv);
    check(mirnet_recipe_load(&b.recipe, b.recipe_name));
    check(mirnet_dataset_create(&b.data));
    for (int i = optind; i < argc; i++)
        check(mirnet_dataset_load(b.data, argv[i], NULL));
    if (optind == argc)
        check(mirnet_dataset_simulate(b.data, SIMULATED_PER_CLASS, 1));
    if (!b.json)
        printf("%s\n", mirnet_build_info());
    if (b.train)
        train_all(&b);
    if (b.predict)
        predict_all(&b);
    mirnet_dataset_destroy(b.data);
    mirnet_recipe_destroy(b.recipe);
    return 0;
}
