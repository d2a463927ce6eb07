/* mn_run.h - a small training run that depends on all that has a place in one: dropout, batch statistics, momenta */
/* SPDX-License-Identifier: MIT */
#ifndef MN_RUN_H
#define MN_RUN_H

#include <mirnet/mirnet.h>

enum {
    MN_RUN_RECORDS = 36,
    MN_RUN_INPUTS = 4,
    MN_RUN_CLASSES = 3,
    MN_RUN_EPOCHS = 24,
    MN_RUN_BATCH = 8,
    MN_RUN_WEIGHTS = 100 /* no model has more */
};

typedef struct mn_run {
    mirnet_model *model;
    mirnet_trainer *trainer;
    float x[MN_RUN_RECORDS * MN_RUN_INPUTS], targets[MN_RUN_RECORDS * MN_RUN_CLASSES];
} mn_run;

/* Networks for it (see mn_net.h), and what can be monitored. */
extern const char mn_run_net[], mn_run_no_dropout[];
extern const char *const mn_run_monitors[4];

/* A run of this network that has not begun: 24 epochs in batches of 8, three tenths for validation, rate 0.05. */
mn_run *mn_run_create(const char *net);
void mn_run_destroy(mn_run *r);

void mn_run_set(const mn_run *r, const char *key, double value);
void mn_run_set_text(const mn_run *r, const char *key, const char *value);
int64_t mn_run_count(const mn_run *r, const char *key);
double mn_run_figure(const mn_run *r, const char *key, int64_t epoch);

/* All weights of a model, one behind the other; returns how many these are. */
int64_t mn_run_weights(const mirnet_model *model, float out[MN_RUN_WEIGHTS]);
/* The same bits. */
void mn_run_same(const mirnet_model *got, const mirnet_model *want);

#endif
