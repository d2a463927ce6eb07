/* report.c - the figures of cross-validation as text and as JSON */
/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "data.h"

const char *const report_keys[FIGURES] = {"accuracy", "sensitivity", "specificity", "f1", "mcc", "auroc", "aupr"};

mirnet_status report_row_fill(report_row *row, const mirnet_scores *scores)
{
    static const char *const count_keys[] = {"tp", "fn", "fp", "tn"};
    int64_t *const counts[] = {&row->tp, &row->fn, &row->fp, &row->tn};
    for (int i = 0; i < 4; i++) {
        double value;
        const mirnet_status status = mirnet_scores_get(scores, count_keys[i], &value);
        if (status != MIRNET_OK)
            return status;
        *counts[i] = (int64_t)value;
    }
    mirnet_status status = MIRNET_OK;
    for (int i = 0; i < FIGURES && status == MIRNET_OK; i++)
        status = mirnet_scores_get(scores, report_keys[i], &row->figures[i]);
    return status;
}

json_t *report_figures_json(const double figures[FIGURES])
{
    json_t *object = json_object();
    for (int i = 0; i < FIGURES; i++)
        if (json_object_set_new(object, report_keys[i], json_real(figures[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

/* Each figure over all rows, e.g. its "mean". False: memory is out, or a figure is not finite. */
static int summarize(const report_row *rows, int64_t n, const char *what, double out[FIGURES])
{
    double *column = calloc((size_t)n, sizeof(*column));
    int ok = column != NULL;
    for (int i = 0; ok && i < FIGURES; i++) {
        for (int64_t r = 0; r < n; r++)
            column[r] = rows[r].figures[i];
        ok = mirnet_scores_summarize(column, n, what, &out[i]) == MIRNET_OK;
    }
    free(column);
    return ok;
}

static json_t *summary_json(const report *r, const report_row *rows, const char *what)
{
    double figures[FIGURES];
    return summarize(rows, r->n, what, figures) ? report_figures_json(figures) : NULL;
}

static json_t *interval_json(const report *r, const char *low_what, const char *high_what)
{
    double low[FIGURES], high[FIGURES];
    if (!summarize(r->rows, r->n, low_what, low) || !summarize(r->rows, r->n, high_what, high))
        return NULL;
    json_t *object = json_object();
    for (int i = 0; i < FIGURES; i++)
        if (json_object_set_new(object, report_keys[i], json_pack("[f, f]", low[i], high[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *row_json(const report_row *row)
{
    json_t *object = json_pack("{s:I, s:I}", "repeat", (json_int_t)row->repeat, "fold", (json_int_t)row->fold);
    json_t *figures = report_figures_json(row->figures);
    json_t *counts = json_pack("{s:I, s:I, s:I, s:I, s:I}", "tp", (json_int_t)row->tp, "fn", (json_int_t)row->fn, "fp",
                               (json_int_t)row->fp, "tn", (json_int_t)row->tn, "epochs", (json_int_t)row->epochs);
    int bad = json_object_update(object, figures) != 0 || json_object_update(object, counts) != 0;
    json_decref(figures);
    json_decref(counts);
    if (!bad)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *rows_json(const report *r)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < r->n; i++)
        if (json_array_append_new(list, row_json(&r->rows[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *baselines_json(const report *r)
{
    json_t *object = json_object();
    for (int i = 0; i < r->n_baselines; i++) {
        json_t *mean = summary_json(r, r->baselines[i].rows, "mean");
        if (json_object_set_new(object, r->baselines[i].name, mean) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *classes_json(const mirnet_dataset *dataset)
{
    json_t *object = json_object();
    for (int32_t c = 0; c < mirnet_dataset_class_count(dataset); c++)
        if (json_object_set_new(object, mirnet_dataset_get_class_name(dataset, c),
                                json_integer(mirnet_dataset_get_class_size(dataset, c))) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

json_t *report_json(const report *r)
{
    int64_t unique, duplicates, conflicts;
    char digest[65];
    if (mirnet_dataset_get_report(r->dataset, "unique_sequences", &unique) != MIRNET_OK ||
        mirnet_dataset_get_report(r->dataset, "duplicate_records", &duplicates) != MIRNET_OK ||
        mirnet_dataset_get_report(r->dataset, "conflicts", &conflicts) != MIRNET_OK ||
        mirnet_dataset_get_digest(r->dataset, digest) != MIRNET_OK)
        return NULL;
    json_t *about = json_pack("{s:s, s:s, s:I, s:I, s:I, s:b, s:s, s:I, s:o, s:I, s:I, s:I, s:s}", "version",
                              mirnet_version(), "recipe", r->recipe, "seed", (json_int_t)r->seed, "k",
                              (json_int_t)r->folds, "repeats", (json_int_t)r->repeats, "shuffle", r->shuffle, "groups",
                              r->groups, "records", (json_int_t)mirnet_dataset_count(r->dataset), "classes",
                              classes_json(r->dataset), "unique_sequences", (json_int_t)unique, "duplicates",
                              (json_int_t)duplicates, "conflicts", (json_int_t)conflicts, "data_sha256", digest);
    json_t *results =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "folds", rows_json(r), "mean",
                  summary_json(r, r->rows, "mean"), "median", summary_json(r, r->rows, "median"), "sd",
                  summary_json(r, r->rows, "sd"), "ci95", interval_json(r, "t_low", "t_high"), "ci95_normal",
                  interval_json(r, "normal_low", "normal_high"), "baselines", baselines_json(r));
    int bad = !about || !results || json_object_update(about, results) != 0;
    json_decref(results);
    if (!bad)
        return about;
    json_decref(about);
    return NULL;
}

static void figures_text(out_file *out, const char *name, const double figures[FIGURES])
{
    out_printf(out, "%-16s", name);
    for (int i = 0; i < FIGURES; i++)
        out_printf(out, " %7.4f", figures[i]);
}

static void summary_text(const report *r, out_file *out, const char *name, const report_row *rows, const char *what)
{
    double figures[FIGURES];
    if (!summarize(rows, r->n, what, figures))
        return;
    figures_text(out, name, figures);
    out_printf(out, "\n");
}

static void rows_text(const report *r, out_file *out)
{
    for (int64_t i = 0; i < r->n; i++) {
        const report_row *row = &r->rows[i];
        char name[64];
        if (r->repeats > 1)
            snprintf(name, sizeof(name), "%" PRId64 " (repeat %" PRId64 ")", row->fold, row->repeat);
        else
            snprintf(name, sizeof(name), "%" PRId64, row->fold);
        figures_text(out, name, row->figures);
        const int64_t counts[] = {row->tp, row->fn, row->fp, row->tn, row->epochs};
        for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
            out_printf(out, " %6" PRId64, counts[k]);
        out_printf(out, "\n");
    }
}

void report_text(const report *r, out_file *out)
{
    /* The paper's column heads, in the order of report_keys. */
    static const char *const heads[FIGURES] = {"Acc", "Sen", "Spe", "F1", "MCC", "AUROC", "AUPR"};
    char *counts = data_describe(r->dataset);
    out_printf(out, "%s, %" PRId64 " folds, %" PRId64 " repeat%s, groups %s, seed %" PRId64 "\n%s; positive is %s\n\n",
               r->recipe, r->folds, r->repeats, r->repeats == 1 ? "" : "s", r->groups, r->seed, counts ? counts : "",
               mirnet_dataset_get_class_name(r->dataset, 0));
    free(counts);
    out_printf(out, "%-16s", "fold");
    for (int i = 0; i < FIGURES; i++)
        out_printf(out, " %7s", heads[i]);
    out_printf(out, " %6s %6s %6s %6s %6s\n", "TP", "FN", "FP", "TN", "epochs");
    rows_text(r, out);
    summary_text(r, out, "mean", r->rows, "mean");
    summary_text(r, out, "median", r->rows, "median");
    summary_text(r, out, "sd", r->rows, "sd");
    summary_text(r, out, "95 % CI low", r->rows, "t_low");
    summary_text(r, out, "95 % CI high", r->rows, "t_high");
    out_printf(out, "\nmean of the baselines on the same folds\n");
    for (int i = 0; i < r->n_baselines; i++)
        summary_text(r, out, r->baselines[i].name, r->baselines[i].rows, "mean");
}
