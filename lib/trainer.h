/* trainer.h - what a trainer holds; shared by train.c, train_step.c, train_fit.c and train_state.c */
/* SPDX-License-Identifier: MIT */
#ifndef MN_TRAINER_H
#define MN_TRAINER_H

#include <mirnet/train.h>

#include "feed.h"
#include "optim.h"

/* One line of the history. Without validation data its two figures are NaN. */
typedef enum mn_figure {
    MN_LOSS,
    MN_ACCURACY,
    MN_VAL_LOSS,
    MN_VAL_ACCURACY,
    MN_LEARNING_RATE,
    MN_FIGURES
} mn_figure;

typedef struct mn_history_row {
    double figure[MN_FIGURES];
} mn_history_row;

/* Watches a figure: has it become better, and how long ago? */
typedef struct mn_watch {
    bool on;
    mn_figure monitor; /* accuracies are better when higher, losses when lower */
    double min_delta;
    int64_t patience;
    double best; /* +-infinity at first */
    int64_t wait;
} mn_watch;

struct mirnet_trainer {
    mirnet_model *model;
    mn_threads *threads;
    mirnet_trainer_callback callback;
    void *payload;
    bool in_callback;

    mn_feed train, given; /* `given`: validation data that were set outright */

    /* From the options, when training begins. */
    bool begun;
    uint64_t seed;
    int64_t batch_size;
    bool shuffle;
    mn_optim optim;
    mn_watch early, plateau;
    int64_t early_start; /* the first epoch that early stopping looks at */
    bool restore_best;
    double plateau_factor, plateau_min;
    int64_t plateau_cooldown;

    /* Working memory. */
    mn_plan *plan;
    mn_step step_now;      /* of the running pass */
    bool puts_off;         /* steps of rows whose gradient is zero, see lib/kernels/update_tmpl.h */
    int64_t late_n;        /* the batch size of the passes that did; 0: nothing is put off */
    float rates[MN_LATE];  /* of the last steps, the last one first */
    float *grads;          /* as the model's weights */
    void *grads_block;     /* that they lie in */
    bool has_gradient;     /* grads hold those of the last mirnet_trainer_run_gradient */
    float *targets;        /* [capacity][outputs] */
    float *sample_weights; /* [capacity] */
    int64_t *ids;          /* [capacity] */

    /* The division of the training data; made when the first epoch begins. */
    int64_t n_train, n_val;
    int64_t *train_at, *val_at; /* samples of `train` in ascending order */
    int64_t *order;             /* train_at in the order of this epoch */
    double *class_weights;      /* [outputs] */

    /* Where training stands. */
    double rate;
    int64_t steps, epochs;
    int64_t at;                  /* samples of the running epoch that are done */
    double sum_loss, sum_hits;   /* over these samples */
    double penalty;              /* the layers' terms, of the last batch */
    size_t n_history, history_room;
    mn_history_row *history;
    int64_t best_epoch, cooldown;
    bool stopped;
    float *best; /* weights of the best epoch; NULL while there is none */
    float *last; /* weights of the last epoch, while the model has the best ones; else NULL */
};

/* train_step.c: one batch. */
mirnet_status mn_trainer_begin(mirnet_trainer *t) MN_MUST_CHECK;
mirnet_status mn_trainer_reserve(mirnet_trainer *t, int64_t capacity, mn_plan_use use) MN_MUST_CHECK;
/* What a pass is for: the loss alone, gradients too (in t->grads), or a step that mn_trainer_update will end, with
 * most of the weights updated on the way. */
typedef enum mn_purpose { MN_FOR_LOSS, MN_FOR_GRADIENTS, MN_FOR_STEP } mn_purpose;

/* Loss of the batch in the plan's inputs, t->targets and t->sample_weights, as a sum over samples, and hits;
 * penalties go to t->penalty. Errors: NUMERIC, before any weight has changed. */
mirnet_status mn_trainer_pass(mirnet_trainer *t, int64_t n, bool training, mn_purpose purpose, double *out_loss,
                              int64_t *out_hits) MN_MUST_CHECK;
/* Behind a pass for a step: moves the other weights along their gradients. */
void mn_trainer_update(mirnet_trainer *t);
/* Makes the steps that were put off. Before anybody reads or writes the weights or the optimizer's slots. */
void mn_trainer_settle(mirnet_trainer *t);
/* Exchanges the model's weights and `last`, if there is such. */
void mn_trainer_swap_last(mirnet_trainer *t);
/* Puts the weights of the last epoch back if the best ones are in the model. */
void mn_trainer_unrestore(mirnet_trainer *t);

/* train_fit.c */
mirnet_status mn_trainer_divide(mirnet_trainer *t) MN_MUST_CHECK;
void mn_trainer_forget_division(mirnet_trainer *t);
bool mn_trainer_has_validation(const mirnet_trainer *t);
/* The order of the samples in the running epoch. */
void mn_trainer_set_order(mirnet_trainer *t);

#endif
