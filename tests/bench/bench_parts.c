/* bench_parts.c - where the time of a training step and of a prediction goes, layer by layer */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <mirnet/mirnet.h>

#include "flops.h"
#include "json.h"
#include "layers/passes.h"
#include "plan.h"
#include "trainer.h"

/*
 * usage: bench_parts [-p] [-r RECIPE] [-m MODEL] [-t THREADS] [-b BATCH] [-s SECONDS] [-x SAVING,...] [-j]
 *                    [DATA.csv...]
 *
 * Microseconds a training step of each layer: packing its weights, forward, backward; and what is left, which is the
 * update of the other weights, the encoding of sequences and the loss. Then the arithmetic of its products, and what
 * part that is of what the machine gives for one large product, measured before and after.
 *
 * -p    microseconds a sequence of a prediction, in blocks of BATCH sequences of about equal length; the threads share
 *       every block
 * -m    from the weights of a model file: how much is zero depends on them
 * -x    without these savings of layers/passes.h: blank, tail, rows, one_hot, dead_taps, one_step, at_once, zeros,
 *       late, or all
 * -j    a line of JSON
 *
 * Without DATA on 1,124 synthetic hairpins of the real lengths.
 */
enum {
    SIMULATED_PER_CLASS = 562,
    STEPS_AT_A_TIME = 200, /* the clock is read between epochs only */
    PREDICTED = 512,      /* sequences at most */
    USUAL_BLOCK = 32,
    MAX_THREADS = 256,
    MAX_BATCH = 4096
};

typedef struct bench {
    const char *recipe_name, *model_path;
    int32_t threads, batch; /* batch 0: the usual one */
    int32_t without;        /* savings that are off */
    double seconds;
    bool json, predict;
    mirnet_recipe *recipe;
    mirnet_dataset *data;
    mirnet_model *model;
} bench;

/* What is reported, of all steps or sequences together. */
typedef struct result {
    mn_op_times *times; /* [n_nodes] */
    double units, seconds;
    double flops; /* of one unit */
    double peak;  /* a second */
} result;

static void check(mirnet_status status)
{
    if (status != MIRNET_OK) {
        fprintf(stderr, "bench_parts: %s\n", mirnet_last_message());
        exit(1);
    }
}

static _Noreturn void usage(void)
{
    fprintf(stderr,
            "usage: bench_parts [-p] [-r RECIPE] [-m MODEL] [-t THREADS] [-b BATCH] [-s SECONDS] [-x SAVING,...] [-j] "
            "[DATA.csv ...]\n"
            "savings: blank, tail, rows, one_hot, dead_taps, one_step, at_once, zeros, late, all\n");
    exit(2);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Called on both sides of what is measured: the machine may change meanwhile. */
static void find_peak(result *r, mn_threads *threads)
{
    double peak;
    check(mn_flops_peak(&peak, mn_kernels_get(), threads));
    r->peak = peak > r->peak ? peak : r->peak;
}

static mn_op_times *new_times(const mirnet_model *model)
{
    mn_op_times *times = calloc((size_t)model->n_nodes, sizeof(*times));
    if (!times) {
        fprintf(stderr, "bench_parts: out of memory\n");
        exit(1);
    }
    return times;
}

/* -- Reports ------------------------------------------------------------------------------------------------------- */

static double rest_of(const bench *b, const result *r)
{
    double rest = r->seconds;
    for (int32_t i = 0; i < b->model->n_nodes; i++)
        rest -= r->times[i].prepare + r->times[i].forward + r->times[i].backward;
    return rest;
}

static void print_table(const bench *b, const result *r)
{
    const double us = 1e6 / r->units, rate = r->flops * r->units / r->seconds;
    printf("%-24s %10s %10s %10s\n", b->predict ? "us a sequence" : "us a step", "packing", "forward", "backward");
    for (int32_t i = 0; i < b->model->n_nodes; i++)
        if (r->times[i].forward > 0)
            printf("%-24s %10.1f %10.1f %10.1f\n", b->model->nodes[i].layer->name, r->times[i].prepare * us,
                   r->times[i].forward * us, r->times[i].backward * us);
    printf("%-24s %10.1f\n%-24s %10.1f\n", "all the rest", rest_of(b, r) * us, "all", r->seconds * us);
    printf("%.1f MFLOP, %.1f GFLOP/s: %.1f %% of %.1f GFLOP/s, a large product\n", r->flops * 1e-6, rate * 1e-9,
           100 * rate / r->peak, r->peak * 1e-9);
}

static void print_json(const bench *b, const result *r)
{
    const double us = 1e6 / r->units, rate = r->flops * r->units / r->seconds;
    json_t *parts = json_array();
    for (int32_t i = 0; i < b->model->n_nodes; i++)
        if (r->times[i].forward > 0)
            json_array_append_new(parts, json_pack("{s:s, s:f, s:f, s:f}", "name", b->model->nodes[i].layer->name,
                                                   "prepare_us", r->times[i].prepare * us, "forward_us",
                                                   r->times[i].forward * us, "backward_us", r->times[i].backward * us));
    json_t *all = json_pack("{s:s, s:i, s:i, s:f, s:f, s:o, s:f, s:f, s:f, s:f}", "what",
                            b->predict ? "predict" : "train", "threads", (int)b->threads, "batch", (int)b->batch, "us",
                            r->seconds * us, "rest_us", rest_of(b, r) * us, "parts", parts, "mflop", r->flops * 1e-6,
                            "gflops", rate * 1e-9, "peak_gflops", r->peak * 1e-9, "fraction", rate / r->peak);
    char *text = all ? json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    if (!text) {
        fprintf(stderr, "bench_parts: out of memory\n");
        exit(1);
    }
    puts(text);
    free(text);
    json_decref(all);
}

/* -- Training ------------------------------------------------------------------------------------------------------ */

static mirnet_trainer *new_trainer(bench *b)
{
    mirnet_trainer *trainer;
    double batch = b->batch;
    check(mirnet_trainer_create(&trainer, b->model));
    check(mirnet_trainer_set_threads(trainer, b->threads));
    check(mirnet_trainer_set_number(trainer, "training.validation_split", 0));
    check(mirnet_trainer_set_number(trainer, "training.early_stopping", 0));
    if (b->batch == 0)
        check(mirnet_recipe_get_number(b->recipe, "training.batch_size", &batch));
    b->batch = (int32_t)batch;
    check(mirnet_trainer_set_number(trainer, "training.batch_size", batch));
    const int64_t steps = mn_min(mirnet_dataset_count(b->data) / b->batch, STEPS_AT_A_TIME);
    if (steps < 1) {
        fprintf(stderr, "bench_parts: a batch of %d needs more records\n", (int)b->batch);
        exit(1);
    }
    check(mirnet_trainer_set_dataset(trainer, b->data, NULL, steps * b->batch));
    return trainer;
}

static void train(bench *b, result *r)
{
    mirnet_trainer *trainer = new_trainer(b);
    check(mirnet_trainer_run_epoch(trainer, NULL)); /* makes the plan */
    mn_plan *plan = trainer->plan;
    plan->run.kernels = mn_flops_kernels(mn_kernels_get());
    int64_t steps = trainer->steps;
    check(mirnet_trainer_run_epoch(trainer, NULL));
    r->flops = mn_flops_take() / (double)(trainer->steps - steps);
    find_peak(r, trainer->threads);
    plan->run.kernels = mn_kernels_get();
    plan->times = r->times;
    steps = trainer->steps;
    const double start = now();
    do {
        check(mirnet_trainer_run_epoch(trainer, NULL));
        r->seconds = now() - start;
    } while (r->seconds < b->seconds);
    r->units = (double)(trainer->steps - steps);
    find_peak(r, trainer->threads);
    mirnet_trainer_destroy(trainer);
}

/* -- Prediction ---------------------------------------------------------------------------------------------------- */

typedef struct sample {
    int64_t record, length;
} sample;

/* As the predictor sorts them. */
static int longest_first(const void *a, const void *b)
{
    const sample *x = a, *y = b;
    if (x->length != y->length)
        return x->length > y->length ? -1 : 1;
    return x->record < y->record ? -1 : 1;
}

/* Some of the records, from all over the data. */
static int64_t choose_samples(const bench *b, sample *samples)
{
    const int64_t records = mirnet_dataset_count(b->data), n = mn_min(PREDICTED, records);
    for (int64_t i = 0; i < n; i++) {
        const int64_t record = i * records / n;
        samples[i] = (sample){record, mirnet_dataset_get_length(b->data, record)};
    }
    qsort(samples, (size_t)n, sizeof(*samples), longest_first);
    return n;
}

static void predict_all(const bench *b, mn_plan *plan, const sample *samples, int64_t n)
{
    const int64_t size = mirnet_encoder_get_size(b->model->encoder);
    for (int64_t from = 0; from < n; from += plan->run.batch) {
        plan->run.batch = mn_min(b->batch, n - from);
        for (int64_t i = 0; i < plan->run.batch; i++)
            check(mirnet_encoder_run(b->model->encoder, mirnet_dataset_get_sequence(b->data, samples[from + i].record),
                                     (size_t)samples[from + i].length, NULL, mn_plan_input(plan, 0) + i * size));
        mn_plan_forward(plan);
    }
}

static void predict(bench *b, result *r)
{
    sample samples[PREDICTED];
    const int64_t n = choose_samples(b, samples);
    mn_threads *threads;
    mn_plan *plan;
    check(mn_model_check_encoder(b->model));
    check(mn_threads_create(&threads, b->threads));
    b->batch = b->batch > 0 ? b->batch : USUAL_BLOCK;
    check(mn_plan_create(&plan, b->model, b->batch, MN_PLAN_FORWARD, mn_passes(), mn_kernels_get(), threads));
    plan->run.weights = b->model->weights;
    mn_plan_prepare(plan);
    predict_all(b, plan, samples, n); /* fills the tables */
    plan->run.kernels = mn_flops_kernels(mn_kernels_get());
    predict_all(b, plan, samples, n);
    r->flops = mn_flops_take() / (double)n;
    find_peak(r, threads);
    plan->run.kernels = mn_kernels_get();
    plan->times = r->times;
    const double start = now();
    do {
        predict_all(b, plan, samples, n);
        r->units += (double)n;
        r->seconds = now() - start;
    } while (r->seconds < b->seconds);
    find_peak(r, threads);
    mn_plan_destroy(plan);
    mn_threads_destroy(threads);
}

/* -- Options ------------------------------------------------------------------------------------------------------- */

static int32_t read_number(const char *text, long most)
{
    char *end;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > most)
        usage();
    return (int32_t)value;
}

static double read_seconds(const char *text)
{
    char *end;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= 3600))
        usage();
    return seconds;
}

/* "rows,tail" as bits. */
static int32_t read_savings(const char *text)
{
    static const struct {
        const char *name;
        int32_t bits;
    } savings[] = {
        {"blank", MN_PASS_BLANK},     {"tail", MN_PASS_TAIL},           {"rows", MN_PASS_ROWS},
        {"one_hot", MN_PASS_ONE_HOT}, {"dead_taps", MN_PASS_DEAD_TAPS}, {"one_step", MN_PASS_ONE_STEP},
        {"at_once", MN_PASS_AT_ONCE}, {"zeros", MN_PASS_ZEROS},         {"late", MN_PASS_LATE},
        {"all", MN_PASSES},
    };
    enum { SAVINGS = sizeof(savings) / sizeof(savings[0]) };
    int32_t bits = 0;
    for (;; text++) {
        const size_t length = strcspn(text, ",");
        int i = 0;
        while (i < SAVINGS && (strlen(savings[i].name) != length || strncmp(savings[i].name, text, length) != 0))
            i++;
        if (i == SAVINGS)
            usage();
        bits |= savings[i].bits;
        text += length;
        if (*text == '\0')
            return bits;
    }
}

static void read_options(bench *b, int argc, char **argv)
{
    for (int c; (c = getopt(argc, argv, "pr:m:t:b:s:x:j")) != -1;) {
        switch (c) {
        case 'p':
            b->predict = true;
            break;
        case 'r':
            b->recipe_name = optarg;
            break;
        case 'm':
            b->model_path = optarg;
            break;
        case 't':
            b->threads = read_number(optarg, MAX_THREADS);
            break;
        case 'b':
            b->batch = read_number(optarg, MAX_BATCH);
            break;
        case 's':
            b->seconds = read_seconds(optarg);
            break;
        case 'x':
            b->without = read_savings(optarg);
            break;
        case 'j':
            b->json = true;
            break;
        default:
            usage();
        }
    }
}

int main(int argc, char **argv)
{
    bench b = {.recipe_name = "tasdelen2021", .threads = 1, .seconds = 1};
    read_options(&b, argc, argv);
    check(mirnet_recipe_load(&b.recipe, b.recipe_name));
    mn_passes_force(MN_PASSES & ~b.without);
    if (b.model_path)
        check(mirnet_model_load_stateless(&b.model, b.model_path));
    else
        check(mirnet_model_create(&b.model, b.recipe));
    check(mirnet_dataset_create(&b.data));
    for (int i = optind; i < argc; i++)
        check(mirnet_dataset_load(b.data, argv[i], NULL));
    if (optind == argc)
        check(mirnet_dataset_simulate(b.data, SIMULATED_PER_CLASS, 1));
    result r = {.times = new_times(b.model)};
    (b.predict ? predict : train)(&b, &r);
    (b.json ? print_json : print_table)(&b, &r);
    free(r.times);
    mirnet_dataset_destroy(b.data);
    mirnet_model_destroy(b.model);
    mirnet_recipe_destroy(b.recipe);
    return 0;
}
