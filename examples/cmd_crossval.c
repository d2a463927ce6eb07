/* cmd_crossval.c - mirnet crossval: stratified k-fold cross-validation, with baselines on the same folds */
/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "args.h"
#include "commands.h"
#include "data.h"
#include "fold.h"
#include "out.h"
#include "recipes.h"

typedef struct crossval {
    const char *recipe_path, *groups_by, *json_path;
    int64_t folds, repeats, epochs, seed;
    int no_shuffle;
    arg_list settings;
    data_args data;

    mirnet_recipe *recipe, *linear;
    char *name;
    mirnet_dataset *dataset;
    fold_plan plan;
    report_row *rows[METHODS]; /* [folds * repeats] of the network and the baselines */
    int64_t n_lanes;
    fold *lanes; /* [n_lanes] folds that go on side by side */
    out_file out;
} crossval;

/* The classes of all records; the groups, if any are asked for. */
static int prepare_records(crossval *cv)
{
    cv->plan = (fold_plan){
        .recipe = cv->recipe, .linear = cv->linear, .dataset = cv->dataset, .folds = cv->folds, .repeats = cv->repeats,
        .n_records = mirnet_dataset_count(cv->dataset), .n_classes = mirnet_dataset_class_count(cv->dataset),
        .seed = cv->seed, .shuffle = !cv->no_shuffle,
    };
    fold_plan *plan = &cv->plan;
    plan->classes = calloc((size_t)plan->n_records, sizeof(*plan->classes));
    plan->groups = cv->groups_by ? calloc((size_t)plan->n_records, sizeof(*plan->groups)) : NULL;
    if (!plan->classes || (cv->groups_by && !plan->groups))
        return out_error("out of memory");
    int grouped = 0;
    for (int64_t i = 0; i < plan->n_records; i++) {
        plan->classes[i] = mirnet_dataset_get_class(cv->dataset, i);
        grouped |= mirnet_dataset_get_group(cv->dataset, i)[0] != '\0';
    }
    if (!cv->groups_by)
        return EXIT_OK;
    int identical = strcmp(cv->groups_by, "identical") == 0;
    if (!identical && !grouped)
        return out_error("no record has a group in column '%s'", cv->groups_by);
    if (mirnet_dataset_get_groups(cv->dataset, identical ? "identical" : "group", plan->groups) != MIRNET_OK)
        return out_library();
    return EXIT_OK;
}

/* As many folds side by side as there are threads: they need not wait for one another, as the threads of one fold do
 * several times a step. */
static int prepare_lanes(crossval *cv, int64_t threads)
{
    const int64_t all = cv->folds * cv->repeats;
    for (int i = 0; i < METHODS; i++) {
        cv->rows[i] = calloc((size_t)all, sizeof(*cv->rows[i]));
        if (!cv->rows[i])
            return out_error("out of memory");
    }
    cv->lanes = calloc((size_t)(threads < all ? threads : all), sizeof(*cv->lanes));
    if (!cv->lanes)
        return out_error("out of memory");
    int status = EXIT_OK;
    while (status == EXIT_OK && cv->n_lanes < threads && cv->n_lanes < all)
        status = fold_open(&cv->lanes[cv->n_lanes++], &cv->plan);
    return status;
}

/* The folds first..first + n - 1, one a lane, with about as many threads each. An error ends those behind it too, and
 * the first one is reported, as if they had run one after the other. */
static int run_beside(crossval *cv, int64_t threads, const progress *p, int64_t first, int64_t n)
{
    _Atomic int64_t failed = INT64_MAX;
    for (int64_t i = 0; i < n; i++) {
        fold *f = &cv->lanes[i];
        f->number = first + i;
        f->failed = &failed;
        f->threads = (int32_t)((threads + n - 1 - i) / n);
        for (int m = 0; m < METHODS; m++)
            f->rows[m] = &cv->rows[m][f->number];
        f->progress = *p;
        f->progress.done = (double)(first * p->epochs);
        f->progress.beside = n - 1;
        f->progress.quiet |= p->live && i > 0; /* one line on a terminal */
    }
    for (int64_t i = 1; i < n; i++)
        beside_start(&cv->lanes[i].beside, 1, fold_run, &cv->lanes[i]);
    beside_start(&cv->lanes[0].beside, 0, fold_run, &cv->lanes[0]);
    for (int64_t i = 0; i < n; i++)
        (void)beside_wait(&cv->lanes[i].beside);
    return failed == INT64_MAX ? EXIT_OK : out_error("%s", cv->lanes[failed - first].message);
}

static int run_folds(crossval *cv, const args *a)
{
    const int64_t all = cv->folds * cv->repeats;
    double epochs;
    if (mirnet_recipe_get_number(cv->recipe, "training.epochs", &epochs) != MIRNET_OK)
        return out_library();
    progress p;
    progress_create(&p, a->quiet, epochs * (double)all);
    p.epochs = (int64_t)epochs;
    int status = EXIT_OK;
    for (int64_t done = 0, n; done < all && status == EXIT_OK; done += n) {
        n = all - done < cv->n_lanes ? all - done : cv->n_lanes;
        status = run_beside(cv, a->threads, &p, done, n);
    }
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
    if (status == EXIT_OK)
        status = prepare_lanes(cv, a->threads);
    if (status != EXIT_OK)
        return status;
    if (!a->quiet)
        out_note("seed %" PRId64, cv->seed);
    status = run_folds(cv, a);
    return status == EXIT_OK ? write_report(cv, a) : status;
}

static void destroy(crossval *cv)
{
    out_discard(&cv->out);
    for (int64_t i = 0; i < cv->n_lanes; i++)
        fold_close(&cv->lanes[i]);
    free(cv->lanes);
    for (int i = 0; i < METHODS; i++)
        free(cv->rows[i]);
    free(cv->plan.groups);
    free(cv->plan.classes);
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
