/* cmd_train.c - mirnet train: fits a network and writes the model file */
/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "args.h"
#include "commands.h"
#include "data.h"
#include "out.h"
#include "progress.h"
#include "recipes.h"

typedef struct train {
    const char *recipe_path, *resume_path, *validation_path, *output;
    int64_t epochs, seed, save_every;
    arg_list settings;
    data_args data;

    mirnet_recipe *recipe; /* NULL when resuming */
    mirnet_model *model;
    mirnet_dataset *dataset, *validation;
    mirnet_trainer *trainer;
    progress progress;
    int save_status; /* of a save in between that failed */
} train;

static volatile sig_atomic_t interrupted;

/* The first Ctrl-C asks the callback to stop; a second one ends the program as usual. */
static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static void catch_interrupt(void)
{
    struct sigaction old, action = {.sa_handler = on_interrupt};
    action.sa_flags = (int)SA_RESETHAND | SA_RESTART;
    if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
}

static int set_note(mirnet_model *model, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int set_note(mirnet_model *model, const char *key, const char *format, ...)
{
    char text[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    return mirnet_model_set_note(model, key, text) == MIRNET_OK ? EXIT_OK : out_library();
}

/* "loss 0.1234, accuracy 0.9500, ..." of the last epoch. */
static int note_figures(train *t, int64_t epoch)
{
    static const char *const keys[] = {"loss", "accuracy", "val_loss", "val_accuracy"};
    char text[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        double value;
        if (mirnet_trainer_get_history(t->trainer, keys[i], epoch, &value) != MIRNET_OK)
            continue; /* no epoch is finished, or there are no validation data */
        int n = snprintf(text + used, sizeof(text) - used, "%s%s %.6f", used ? ", " : "", keys[i], value);
        used += n > 0 ? (size_t)n : 0;
    }
    return used ? set_note(t->model, "final_metrics", "%s", text) : EXIT_OK;
}

/* The model card. No date and no path: the same run writes the same bytes. */
static int write_card(train *t)
{
    char digest[65];
    int64_t epochs;
    if (mirnet_dataset_get_digest(t->dataset, digest) != MIRNET_OK ||
        mirnet_trainer_get_count(t->trainer, "epochs", &epochs) != MIRNET_OK)
        return out_library();
    char *counts = data_describe(t->dataset);
    if (!counts)
        return out_error("out of memory");
    int status = set_note(t->model, "training_data", "%s, sha256 %s", counts, digest);
    free(counts);
    if (status == EXIT_OK)
        status = set_note(t->model, "trained_with", "mirnet %s, %" PRId64 " epochs, seed %" PRId64, mirnet_version(),
                          epochs, t->seed);
    return status == EXIT_OK ? note_figures(t, epochs) : status;
}

static int save(train *t)
{
    int status = write_card(t);
    if (status != EXIT_OK)
        return status;
    if (mirnet_trainer_store(t->trainer) != MIRNET_OK || mirnet_model_save(t->model, t->output) != MIRNET_OK)
        return out_library();
    return EXIT_OK;
}

static int32_t on_step(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    train *t = payload;
    progress_show(&t->progress, trainer, epoch, batch);
    if (batch == 0 && t->save_every > 0 && epoch % t->save_every == 0 && epoch < t->progress.epochs) {
        progress_clear(&t->progress);
        t->save_status = save(t);
    }
    return interrupted || t->save_status != EXIT_OK;
}

/* The model: new from the recipe, or one that was interrupted. */
static int open_model(train *t, const args *a)
{
    if (t->resume_path) {
        if (mirnet_model_load(&t->model, t->resume_path) != MIRNET_OK)
            return out_library();
        if (!mirnet_model_has_state(t->model))
            return out_error("%s: holds no training state to resume", t->resume_path);
        double seed;
        if (mirnet_recipe_get_number(mirnet_model_get_recipe(t->model), "training.seed", &seed) != MIRNET_OK)
            return out_library();
        t->seed = (int64_t)seed;
        return EXIT_OK;
    }
    int status = recipe_open(&t->recipe, t->recipe_path, &t->settings, t->epochs, a->seed, &t->seed);
    if (status == EXIT_OK && mirnet_model_create(&t->model, t->recipe) != MIRNET_OK)
        return out_library();
    return status;
}

static int load_data(train *t, const args *a)
{
    int32_t n = t->recipe ? 0 : mirnet_model_class_count(t->model);
    const char **fixed = t->recipe ? recipe_classes(t->recipe, &n) : calloc((size_t)n + 1, sizeof(*fixed));
    if (!fixed)
        return out_error("out of memory");
    for (int32_t c = 0; !t->recipe && c < n; c++)
        fixed[c] = mirnet_model_get_class(t->model, c);
    int status = data_load(&t->dataset, a, &t->data, 0, fixed, n);
    free(fixed);
    if (status == EXIT_OK)
        status = data_check_classes(t->dataset);
    if (status == EXIT_OK && !a->quiet)
        status = data_report(t->dataset);
    if (status == EXIT_OK && t->validation_path)
        status = data_load_like(&t->validation, t->dataset, &t->data, t->validation_path);
    return status;
}

static int open_trainer(train *t, const args *a)
{
    if (mirnet_trainer_create(&t->trainer, t->model) != MIRNET_OK ||
        mirnet_trainer_set_threads(t->trainer, (int32_t)a->threads) != MIRNET_OK ||
        mirnet_trainer_set_dataset(t->trainer, t->dataset, NULL, mirnet_dataset_count(t->dataset)) != MIRNET_OK ||
        (t->validation && mirnet_trainer_set_validation_dataset(t->trainer, t->validation, NULL,
                                                                mirnet_dataset_count(t->validation)) != MIRNET_OK))
        return out_library();
    if (t->resume_path) {
        recipe_target target = {.trainer = t->trainer};
        int status = recipe_apply(target, &t->settings);
        if (status != EXIT_OK)
            return status;
        if (mirnet_trainer_resume(t->trainer) != MIRNET_OK ||
            (t->epochs >= 0 &&
             mirnet_trainer_set_number(t->trainer, "training.epochs", (double)t->epochs) != MIRNET_OK))
            return out_library();
    }
    return mirnet_trainer_set_callback(t->trainer, on_step, t) == MIRNET_OK ? EXIT_OK : out_library();
}

static int fit(train *t, const args *a)
{
    double epochs;
    int64_t before = 0, done = 0;
    if (mirnet_trainer_get_number(t->trainer, "training.epochs", &epochs) != MIRNET_OK ||
        mirnet_trainer_get_count(t->trainer, "epochs", &before) != MIRNET_OK)
        return out_library();
    progress_create(&t->progress, a->quiet, epochs - (double)before);
    t->progress.epochs = (int64_t)epochs;
    t->progress.done = -(double)before;
    catch_interrupt();
    mirnet_status status = mirnet_trainer_run(t->trainer);
    progress_clear(&t->progress);
    if (t->save_status != EXIT_OK)
        return t->save_status;
    if (status != MIRNET_OK && status != MIRNET_ERR_CANCELLED)
        return out_library();
    int saved = save(t);
    if (saved != EXIT_OK || mirnet_trainer_get_count(t->trainer, "epochs", &done) != MIRNET_OK)
        return saved != EXIT_OK ? saved : out_library();
    if (status == MIRNET_ERR_CANCELLED)
        return out_error("interrupted after %" PRId64 " whole epochs; %s can be resumed", done, t->output);
    if (!a->quiet)
        out_note("%s: %" PRId64 " epochs, %s", t->output, done, mirnet_model_get_note(t->model, "final_metrics"));
    return EXIT_OK;
}

static int run(train *t, const args *a)
{
    t->output = a->output;
    if (!t->output)
        return out_usage("train: option --output is missing: where the model goes");
    if (t->recipe_path && t->resume_path)
        return out_usage("train: --recipe and --resume exclude each other: a model brings its recipe");
    if (t->resume_path && a->seed >= 0)
        return out_usage("train: --seed and --resume exclude each other: a run goes on with its own seed");
    if (!t->recipe_path)
        t->recipe_path = "tasdelen2021";
    int status = data_check_given(a, &t->data, 0);
    if (status == EXIT_OK)
        status = out_check(t->output, 1);
    if (status == EXIT_OK)
        status = open_model(t, a);
    if (status == EXIT_OK)
        status = load_data(t, a);
    if (status == EXIT_OK)
        status = open_trainer(t, a);
    if (status != EXIT_OK)
        return status;
    if (!a->quiet)
        out_note("seed %" PRId64, t->seed);
    return fit(t, a);
}

static void destroy(train *t)
{
    mirnet_trainer_destroy(t->trainer);
    mirnet_dataset_destroy(t->validation);
    mirnet_dataset_destroy(t->dataset);
    mirnet_model_destroy(t->model);
    mirnet_recipe_destroy(t->recipe);
}

int cmd_train(int argc, char **argv)
{
    train t = {.epochs = -1};
    args a = {.name = "train",
              .operands_help = "DATA... -o MODEL",
              .max_operands = -1,
              .about = "Trains a network on labelled sequences: CSV or TSV of name,sequence,class, or\n"
                       "FASTA files given with --class. The model file holds all that predict needs,\n"
                       "and the state that --resume goes on from."};
    const arg_option options[] = {
        {"recipe", 'r', ARG_TEXT, &t.recipe_path, "R", "built-in name or file (default tasdelen2021)", 0, 0},
        {"resume", 0, ARG_TEXT, &t.resume_path, "MODEL", "go on with this model, on the same data", 0, 0},
        {"epochs", 'e', ARG_NUMBER, &t.epochs, "N", "epochs in all (default: the recipe's)", 1, 1000000},
        {"set", 0, ARG_LIST, &t.settings, "KEY=VALUE", "any option of mirnet summary --options", 0, 0},
        {"validation", 0, ARG_TEXT, &t.validation_path, "FILE", "validation data in place of a share of DATA", 0, 0},
        {"save-every", 0, ARG_NUMBER, &t.save_every, "N", "save after every N epochs too", 1, 1000000},
    };
    args_add(&a, options, sizeof(options) / sizeof(options[0]));
    data_args_add(&a, &t.data);
    args_add_common(&a, "tso");
    int status = args_read(&a, argc, argv);
    if (status == ARGS_GO) {
        status = run(&t, &a);
        args_report_usage(&a);
    }
    destroy(&t);
    args_free(&a);
    return status;
}
