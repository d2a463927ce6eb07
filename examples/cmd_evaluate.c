/* cmd_evaluate.c - mirnet evaluate: a model against labelled data */
/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "args.h"
#include "commands.h"
#include "data.h"
#include "out.h"

typedef struct evaluation {
    const char *json_path;
    data_args data;
    mirnet_model *model;
    mirnet_dataset *dataset;
    mirnet_predictor *predictor;
    mirnet_scores *scores;
    int32_t n_classes;
    int64_t *confusion; /* [n_classes][n_classes] */
    out_file out;
} evaluation;

static int is_count(const char *key)
{
    static const char *const counts[] = {"tp", "fn", "fp", "tn", "count"};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (strcmp(key, counts[i]) == 0)
            return 1;
    return 0;
}

static json_t *confusion_json(const evaluation *e)
{
    json_t *rows = json_array();
    for (int32_t c = 0; c < e->n_classes; c++) {
        json_t *row = json_array();
        for (int32_t p = 0; p < e->n_classes; p++)
            json_array_append_new(row, json_integer(e->confusion[c * e->n_classes + p]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *make_json(const evaluation *e)
{
    json_t *object = json_pack("{s:s}", "version", mirnet_version()), *classes = json_array();
    int bad = !object || !classes;
    for (int32_t i = 0; mirnet_scores_key(i); i++) {
        const char *key = mirnet_scores_key(i);
        double value;
        if (mirnet_scores_get(e->scores, key, &value) != MIRNET_OK)
            value = 0;
        json_t *number = is_count(key) ? json_integer((json_int_t)value) : json_real(value);
        bad |= json_object_set_new(object, key, number) != 0;
    }
    for (int32_t c = 0; c < e->n_classes; c++)
        bad |= json_array_append_new(classes, json_string(mirnet_model_get_class(e->model, c))) != 0;
    bad |= json_object_set_new(object, "classes", classes) != 0;
    bad |= json_object_set_new(object, "confusion", confusion_json(e)) != 0;
    if (!bad)
        return object;
    json_decref(object);
    return NULL;
}

static int print_text(evaluation *e)
{
    for (int32_t i = 0; mirnet_scores_key(i); i++) {
        const char *key = mirnet_scores_key(i);
        double value;
        if (mirnet_scores_get(e->scores, key, &value) != MIRNET_OK)
            return out_library();
        if (is_count(key))
            out_printf(&e->out, "%-12s %10" PRId64 "\n", key, (int64_t)value);
        else
            out_printf(&e->out, "%-12s %10.4f\n", key, value);
    }
    out_printf(&e->out, "\n%-24s", "class \\ predicted as");
    for (int32_t c = 0; c < e->n_classes; c++)
        out_printf(&e->out, " %12s", mirnet_model_get_class(e->model, c));
    out_printf(&e->out, "\n");
    for (int32_t c = 0; c < e->n_classes; c++) {
        out_printf(&e->out, "%-24s", mirnet_model_get_class(e->model, c));
        for (int32_t p = 0; p < e->n_classes; p++)
            out_printf(&e->out, " %12" PRId64, e->confusion[c * e->n_classes + p]);
        out_printf(&e->out, "\n");
    }
    return out_close(&e->out);
}

static int load_all(evaluation *e, const args *a)
{
    if (mirnet_model_load_stateless(&e->model, a->operands[0]) != MIRNET_OK)
        return out_library();
    e->n_classes = mirnet_model_class_count(e->model);
    if (e->n_classes < 2)
        return out_error("%s: the model has no class names: nothing to compare labels with", a->operands[0]);
    const char **names = calloc((size_t)e->n_classes, sizeof(*names));
    if (!names)
        return out_error("out of memory");
    for (int32_t c = 0; c < e->n_classes; c++)
        names[c] = mirnet_model_get_class(e->model, c);
    int status = data_load(&e->dataset, a, &e->data, 1, names, e->n_classes);
    free(names);
    int64_t unlabelled = 0;
    if (status == EXIT_OK && mirnet_dataset_get_report(e->dataset, "unlabelled", &unlabelled) != MIRNET_OK)
        return out_library();
    if (unlabelled > 0)
        return out_error("%" PRId64 " records have no class", unlabelled);
    return status == EXIT_OK && !a->quiet ? data_report(e->dataset) : status;
}

/* Predicts everything and fills the scores; probabilities are [n][n_classes]. */
static int score(evaluation *e, int32_t threads, float *probabilities, int32_t *truth)
{
    int64_t n = mirnet_dataset_count(e->dataset);
    for (int64_t i = 0; i < n; i++)
        truth[i] = mirnet_dataset_get_class(e->dataset, i);
    if (mirnet_predictor_create(&e->predictor, e->model, threads) != MIRNET_OK ||
        mirnet_predictor_run_dataset(e->predictor, e->dataset, NULL, n, probabilities) != MIRNET_OK ||
        mirnet_scores_create(&e->scores, e->n_classes) != MIRNET_OK ||
        mirnet_scores_add(e->scores, truth, probabilities, n) != MIRNET_OK ||
        mirnet_scores_get_confusion(e->scores, e->confusion) != MIRNET_OK)
        return out_library();
    return EXIT_OK;
}

static int run(evaluation *e, const args *a)
{
    int status = data_check_given(a, &e->data, 1);
    if (status == EXIT_OK)
        status = load_all(e, a);
    if (status == EXIT_OK)
        status = out_open(&e->out, a->output);
    if (status != EXIT_OK)
        return status;
    size_t n = (size_t)mirnet_dataset_count(e->dataset), k = (size_t)e->n_classes;
    float *probabilities = calloc(n * k, sizeof(*probabilities));
    int32_t *truth = calloc(n, sizeof(*truth));
    e->confusion = calloc(k * k, sizeof(*e->confusion));
    if (probabilities && truth && e->confusion)
        status = score(e, (int32_t)a->threads, probabilities, truth);
    else
        status = out_error("out of memory");
    free(truth);
    free(probabilities);
    if (status == EXIT_OK && e->json_path)
        status = out_save_json(e->json_path, make_json(e));
    if (status != EXIT_OK || (e->json_path && strcmp(e->json_path, "-") == 0 && !a->output))
        return status;
    return print_text(e);
}

int cmd_evaluate(int argc, char **argv)
{
    evaluation e = {.json_path = NULL};
    args a = {.name = "evaluate",
              .operands_help = "MODEL DATA...",
              .min_operands = 1,
              .max_operands = -1,
              .about = "Applies a model to labelled sequences and prints how good it is."};
    const arg_option options[] = {
        {"json", 0, ARG_TEXT, &e.json_path, "FILE", "the same as JSON ('-': standard output)", 0, 0},
    };
    args_add(&a, options, sizeof(options) / sizeof(options[0]));
    data_args_add(&a, &e.data);
    args_add_common(&a, "to");
    int status = args_read(&a, argc, argv);
    if (status == ARGS_GO) {
        status = run(&e, &a);
        args_report_usage(&a);
    }
    out_discard(&e.out);
    free(e.confusion);
    mirnet_scores_destroy(e.scores);
    mirnet_predictor_destroy(e.predictor);
    mirnet_dataset_destroy(e.dataset);
    mirnet_model_destroy(e.model);
    args_free(&a);
    return status;
}
