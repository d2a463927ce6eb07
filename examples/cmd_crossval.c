/* cmd_crossval.c - mirnet crossval: stratified k-fold cross-validation, with baselines on the same folds */
/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "args.h"
#include "commands.h"
#include "data.h"
#include "out.h"
#include "progress.h"
#include "recipes.h"
#include "report.h"

typedef struct crossval {
    const char *recipe_path, *groups_by, *json_path;
    int64_t folds, repeats, epochs, seed;
    int no_shuffle;
    arg_list settings;
    data_args data;

    mirnet_recipe *recipe, *linear;
    char *name;
    mirnet_dataset *dataset;
    int64_t n_records;
    int32_t n_classes;
    int32_t *classes;      /* [n_records] */
    int64_t *groups;       /* [n_records], NULL: none */
    int64_t *train, *test; /* [n_records] room for the indices of one fold */
    float *probabilities;  /* [n_records][n_classes] room for the results of one fold */
    report_row *rows[3];   /* [folds * repeats] of the network and the baselines */
    progress progress;
    out_file out;
} crossval;

static int32_t on_step(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    progress_show(payload, trainer, epoch, batch);
    return 0;
}

/* The classes of all records; the groups, if any are asked for. */
static int prepare_records(crossval *cv)
{
    cv->n_records = mirnet_dataset_count(cv->dataset);
    cv->n_classes = mirnet_dataset_class_count(cv->dataset);
    size_t n = (size_t)cv->n_records;
    cv->classes = calloc(n, sizeof(*cv->classes));
    cv->train = calloc(n, sizeof(*cv->train));
    cv->test = calloc(n, sizeof(*cv->test));
    cv->probabilities = calloc(n * (size_t)cv->n_classes, sizeof(*cv->probabilities));
    cv->groups = cv->groups_by ? calloc(n, sizeof(*cv->groups)) : NULL;
    int ok = cv->classes && cv->train && cv->test && cv->probabilities && (cv->groups || !cv->groups_by);
    for (int i = 0; i < 3; i++) {
        cv->rows[i] = calloc((size_t)(cv->folds * cv->repeats), sizeof(*cv->rows[i]));
        ok = ok && cv->rows[i];
    }
    if (!ok)
        return out_error("out of memory");
    int grouped = 0;
    for (int64_t i = 0; i < cv->n_records; i++) {
        cv->classes[i] = mirnet_dataset_get_class(cv->dataset, i);
        grouped |= mirnet_dataset_get_group(cv->dataset, i)[0] != '\0';
    }
    if (!cv->groups_by)
        return EXIT_OK;
    int identical = strcmp(cv->groups_by, "identical") == 0;
    if (!identical && !grouped)
        return out_error("no record has a group in column '%s'", cv->groups_by);
    if (mirnet_dataset_get_groups(cv->dataset, identical ? "identical" : "group", cv->groups) != MIRNET_OK)
        return out_library();
    return EXIT_OK;
}

/* The rule of the 3' splice site, with no training at all: an intron ends in CAG or UAG. */
static void apply_yag(const crossval *cv, int64_t n_test)
{
    memset(cv->probabilities, 0, (size_t)n_test * (size_t)cv->n_classes * sizeof(float));
    for (int64_t i = 0; i < n_test; i++) {
        const char *sequence = mirnet_dataset_get_sequence(cv->dataset, cv->test[i]);
        int64_t length = mirnet_dataset_get_length(cv->dataset, cv->test[i]);
        const char *end = length >= 3 ? sequence + length - 3 : "";
        int positive = strcmp(end, "CAG") == 0 || strcmp(end, "UAG") == 0;
        cv->probabilities[i * cv->n_classes + (positive ? 0 : 1)] = 1;
    }
}

static int score(const crossval *cv, int64_t n_test, report_row *row)
{
    int32_t *truth = calloc((size_t)n_test + 1, sizeof(*truth));
    mirnet_scores *scores = NULL;
    if (!truth)
        return out_error("out of memory");
    for (int64_t i = 0; i < n_test; i++)
        truth[i] = cv->classes[cv->test[i]];
    int status;
    if (mirnet_scores_create(&scores, cv->n_classes) != MIRNET_OK ||
        mirnet_scores_add(scores, truth, cv->probabilities, n_test) != MIRNET_OK)
        status = out_library();
    else
        status = report_row_fill(row, scores);
    mirnet_scores_destroy(scores);
    free(truth);
    return status;
}

/* Trains on cv->train and leaves the probabilities of cv->test. A NULL progress is silent. */
static mirnet_status train_and_predict(crossval *cv, mirnet_recipe *recipe, int64_t seed, int32_t threads,
                                       int64_t n_train, int64_t n_test, progress *p, int64_t *out_epochs)
{
    mirnet_model *model = NULL;
    mirnet_trainer *trainer = NULL;
    mirnet_predictor *predictor = NULL;
    mirnet_status status = mirnet_recipe_set_number(recipe, "training.seed", (double)seed);
    if (status == MIRNET_OK)
        status = mirnet_model_create(&model, recipe);
    if (status == MIRNET_OK)
        status = mirnet_trainer_create(&trainer, model);
    if (status == MIRNET_OK)
        status = mirnet_trainer_set_threads(trainer, threads);
    if (status == MIRNET_OK)
        status = mirnet_trainer_set_dataset(trainer, cv->dataset, cv->train, n_train);
    if (status == MIRNET_OK && p)
        status = mirnet_trainer_set_callback(trainer, on_step, p);
    if (status == MIRNET_OK)
        status = mirnet_trainer_run(trainer);
    if (status == MIRNET_OK)
        status = mirnet_trainer_get_count(trainer, "epochs", out_epochs);
    mirnet_trainer_destroy(trainer); /* before anything else takes memory */
    if (status == MIRNET_OK)
        status = mirnet_predictor_create(&predictor, model, threads);
    if (status == MIRNET_OK)
        status = mirnet_predictor_run_dataset(predictor, cv->dataset, cv->test, n_test, cv->probabilities);
    mirnet_predictor_destroy(predictor);
    mirnet_model_destroy(model);
    return status;
}

/* Fold f of repeat r, both 0-based: the network and the baselines, each into its row. */
static int run_fold(crossval *cv, const args *a, const mirnet_folds *folds, int64_t r, int32_t f)
{
    int64_t n_train = mirnet_folds_get_train_size(folds, f), n_test = mirnet_folds_get_test_size(folds, f);
    if (mirnet_folds_get_train(folds, f, cv->train) != MIRNET_OK ||
        mirnet_folds_get_test(folds, f, cv->test) != MIRNET_OK)
        return out_library();
    int64_t i = r * cv->folds + f, seed = cv->seed + i;
    int32_t threads = (int32_t)a->threads;
    for (int m = 0; m < 3; m++)
        cv->rows[m][i] = (report_row){.repeat = r + 1, .fold = f + 1};

    if (cv->repeats > 1)
        snprintf(cv->progress.label, sizeof(cv->progress.label), "repeat %" PRId64 "/%" PRId64 " fold %d/%" PRId64 " ",
                 r + 1, cv->repeats, f + 1, cv->folds);
    else
        snprintf(cv->progress.label, sizeof(cv->progress.label), "fold %d/%" PRId64 " ", f + 1, cv->folds);
    cv->progress.done = (double)(i * cv->progress.epochs);
    mirnet_status trained =
        train_and_predict(cv, cv->recipe, seed, threads, n_train, n_test, &cv->progress, &cv->rows[0][i].epochs);
    progress_clear(&cv->progress);
    if (trained != MIRNET_OK)
        return out_library();
    int status = score(cv, n_test, &cv->rows[0][i]);
    if (status != EXIT_OK)
        return status;

    apply_yag(cv, n_test);
    status = score(cv, n_test, &cv->rows[1][i]);
    if (status != EXIT_OK || !cv->linear)
        return status;
    trained = train_and_predict(cv, cv->linear, seed, threads, n_train, n_test, NULL, &cv->rows[2][i].epochs);
    return trained == MIRNET_OK ? score(cv, n_test, &cv->rows[2][i]) : out_library();
}

static int run_repeat(crossval *cv, const args *a, int64_t r)
{
    mirnet_folds *folds = NULL;
    if (mirnet_folds_create(&folds, cv->classes, cv->groups, cv->n_records, (int32_t)cv->folds, !cv->no_shuffle,
                            (uint64_t)(cv->seed + r)) != MIRNET_OK)
        return out_library();
    int status = EXIT_OK;
    for (int32_t f = 0; status == EXIT_OK && f < cv->folds; f++)
        status = run_fold(cv, a, folds, r, f);
    mirnet_folds_destroy(folds);
    return status;
}

static int write_report(crossval *cv, const args *a)
{
    report r = {.recipe = cv->name,
                .groups = cv->groups_by ? cv->groups_by : "none",
                .seed = cv->seed,
                .folds = cv->folds,
                .repeats = cv->repeats,
                .shuffle = !cv->no_shuffle,
                .dataset = cv->dataset,
                .n = cv->folds * cv->repeats,
                .rows = cv->rows[0]};
    r.baselines[r.n_baselines++] = (report_method){"three_prime_yag", cv->rows[1]};
    if (cv->linear)
        r.baselines[r.n_baselines++] = (report_method){"linear_ends", cv->rows[2]};
    if (cv->json_path) {
        int status = out_save_json(cv->json_path, report_json(&r));
        if (status != EXIT_OK)
            return status;
    }
    if (cv->json_path && strcmp(cv->json_path, "-") == 0 && !a->output)
        return EXIT_OK;
    report_text(&r, &cv->out);
    return out_close(&cv->out);
}

static int load_all(crossval *cv, const args *a)
{
    static const arg_list none = {NULL, 0};
    int status = recipe_open(&cv->recipe, cv->recipe_path, &cv->settings, cv->epochs, a->seed, &cv->seed);
    if (status != EXIT_OK)
        return status;
    cv->name = recipe_name(cv->recipe, cv->recipe_path);
    int32_t n_fixed;
    const char **fixed = recipe_classes(cv->recipe, &n_fixed);
    if (!fixed || !cv->name) {
        free(fixed);
        return out_error("out of memory");
    }
    status = data_load(&cv->dataset, a, &cv->data, 0, fixed, n_fixed);
    free(fixed);
    if (status == EXIT_OK)
        status = data_check_classes(cv->dataset);
    if (status == EXIT_OK && mirnet_dataset_count(cv->dataset) < cv->folds)
        return out_error("%" PRId64 " records are too few for %" PRId64 " folds", mirnet_dataset_count(cv->dataset),
                         cv->folds);
    if (status == EXIT_OK && !a->quiet)
        status = data_report(cv->dataset);
    if (status == EXIT_OK && mirnet_dataset_class_count(cv->dataset) == 2)
        return recipe_open(&cv->linear, "linear-ends", &none, -1, -1, NULL);
    if (status == EXIT_OK)
        out_note("baseline linear_ends is left out: it knows two classes only");
    return status;
}

static int run(crossval *cv, const args *a)
{
    if (cv->groups_by && strcmp(cv->groups_by, "identical") != 0)
        cv->data.group_column = cv->groups_by;
    int status = data_check_given(a, &cv->data, 0);
    if (status == EXIT_OK && cv->json_path)
        status = out_check(cv->json_path, 0);
    if (status == EXIT_OK)
        status = load_all(cv, a);
    if (status == EXIT_OK)
        status = prepare_records(cv);
    if (status == EXIT_OK)
        status = out_open(&cv->out, a->output);
    double epochs;
    if (status == EXIT_OK && mirnet_recipe_get_number(cv->recipe, "training.epochs", &epochs) != MIRNET_OK)
        status = out_library();
    if (status != EXIT_OK)
        return status;
    if (!a->quiet)
        out_note("seed %" PRId64, cv->seed);
    progress_create(&cv->progress, a->quiet, epochs * (double)(cv->folds * cv->repeats));
    cv->progress.epochs = (int64_t)epochs;
    for (int64_t r = 0; status == EXIT_OK && r < cv->repeats; r++)
        status = run_repeat(cv, a, r);
    return status == EXIT_OK ? write_report(cv, a) : status;
}

static void destroy(crossval *cv)
{
    out_discard(&cv->out);
    for (int i = 0; i < 3; i++)
        free(cv->rows[i]);
    free(cv->probabilities);
    free(cv->test);
    free(cv->train);
    free(cv->groups);
    free(cv->classes);
    free(cv->name);
    mirnet_dataset_destroy(cv->dataset);
    mirnet_recipe_destroy(cv->linear);
    mirnet_recipe_destroy(cv->recipe);
}

int cmd_crossval(int argc, char **argv)
{
    crossval cv = {.recipe_path = "tasdelen2021", .folds = 5, .repeats = 1, .epochs = -1};
    args a = {.name = "crossval",
              .operands_help = "DATA...",
              .max_operands = -1,
              .about = "Stratified k-fold cross-validation. Prints the figures of every fold, their\n"
                       "mean, median, standard deviation and 95 % confidence interval (Student's t),\n"
                       "and two baselines on the same folds: the rule that a mirtron ends in CAG or\n"
                       "UAG, and softmax regression on 8 nt at each end."};
    const arg_option options[] = {
        {"recipe", 'r', ARG_TEXT, &cv.recipe_path, "R", "built-in name or file (default tasdelen2021)", 0, 0},
        {"folds", 'k', ARG_NUMBER, &cv.folds, "K", "folds (default 5)", 2, 10000},
        {"repeats", 0, ARG_NUMBER, &cv.repeats, "N", "repeat with other folds and seeds (default 1)", 1, 10000},
        {"groups", 'g', ARG_TEXT, &cv.groups_by, "BY", "keep together: identical (sequences), or a column", 0, 0},
        {"no-shuffle", 0, ARG_FLAG, &cv.no_shuffle, NULL, "folds in the order of the records", 0, 0},
        {"epochs", 'e', ARG_NUMBER, &cv.epochs, "N", "epochs (default: the recipe's)", 1, 1000000},
        {"set", 0, ARG_LIST, &cv.settings, "KEY=VALUE", "any option of mirnet summary --options", 0, 0},
        {"json", 0, ARG_TEXT, &cv.json_path, "FILE", "the same as JSON ('-': standard output)", 0, 0},
    };
    args_add(&a, options, sizeof(options) / sizeof(options[0]));
    data_args_add(&a, &cv.data);
    args_add_common(&a, "tso");
    int status = args_read(&a, argc, argv);
    if (status == ARGS_GO) {
        status = run(&cv, &a);
        args_report_usage(&a);
    }
    destroy(&cv);
    args_free(&a);
    return status;
}
