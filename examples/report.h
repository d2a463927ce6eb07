/* report.h - the figures of cross-validation as text (the form of Table 4 of Tasdelen & Sen 2021) and as JSON */
/* SPDX-License-Identifier: MIT */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>
#include <mirnet/mirnet.h>

#include "out.h"

enum { FIGURES = 7 };

/* The figures of every report, in this order: keys of mirnet_scores_get and of the JSON. */
extern const char *const report_keys[FIGURES];

/* One test set's result. */
typedef struct report_row {
    int64_t repeat, fold; /* 1-based */
    int64_t tp, fn, fp, tn;
    int64_t epochs; /* of training */
    double figures[FIGURES];
} report_row;

/* Fills in counts and figures. Returns an exit status, after its message. */
mirnet_status report_row_fill(report_row *row, const mirnet_scores *scores);

/* {key: figure, ...} of all figures; NULL: out of memory. */
json_t *report_figures_json(const double figures[FIGURES]);

/* A method measured on the same folds: rows are [n]. */
typedef struct report_method {
    const char *name; /* a JSON key */
    report_row *rows;
} report_method;

/* All that is known about a cross-validation. */
typedef struct report {
    const char *recipe, *groups; /* groups: "none", "identical" or a column's name */
    int64_t seed, folds, repeats;
    int shuffle;
    const mirnet_dataset *dataset;
    int64_t n; /* folds * repeats */
    report_row *rows;
    report_method baselines[2];
    int n_baselines;
} report;

void report_text(const report *r, out_file *out);
/* NULL: out of memory, or a message that was printed already. */
json_t *report_json(const report *r);

#endif
