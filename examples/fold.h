/* fold.h - one fold of a cross-validation: the network, and the baselines on the same records */
/* SPDX-License-Identifier: MIT */
#ifndef FOLD_H
#define FOLD_H

#include <stdatomic.h>

#include <mirnet/mirnet.h>

#include "beside.h"
#include "progress.h"
#include "report.h"

enum { METHODS = 3 }; /* the network, three_prime_yag, linear_ends */

/* What is to be done; the same for all folds, and only read. */
typedef struct fold_plan {
    const mirnet_recipe *recipe, *linear; /* linear NULL: without this baseline */
    const mirnet_dataset *dataset;
    int64_t n_records;
    int32_t n_classes;
    int32_t *classes; /* [n_records] */
    int64_t *groups;  /* [n_records], NULL: none */
    int64_t folds, repeats, seed;
    int shuffle;
} fold_plan;

/* One fold, with what it needs to itself while others run beside it. */
typedef struct fold {
    const fold_plan *plan;
    mirnet_recipe *recipes[METHODS]; /* copies, for each fold has seeds of its own; NULL: nothing to train */
    int64_t *train, *test;           /* [n_records] */
    int32_t *truth;                  /* [n_records] of the test records */
    float *probabilities;            /* [n_records][n_classes] of the test records */
    int64_t n_train, n_test;

    int64_t number; /* repeat * folds + fold, both from 0 */
    _Atomic int64_t *failed; /* the first fold that failed, INT64_MAX: none. Those behind it stop */
    int32_t threads;
    report_row *rows[METHODS]; /* where its figures go */
    progress progress;
    beside beside;
    char message[512]; /* what went wrong */
} fold;

/* An exit status; if it is not EXIT_OK, an error was printed. */
int fold_open(fold *f, const fold_plan *plan);
void fold_close(fold *f);

/* Runs fold->number; a beside_task, whose context is the fold. Prints no error, but leaves a message. */
int fold_run(void *context);

#endif
