/* plan.h - a model made ready to run: one op a node, every buffer in place */
/* SPDX-License-Identifier: MIT */
#ifndef MN_PLAN_H
#define MN_PLAN_H

#include "layers/passes.h"
#include "model.h"

/* What a plan must be able to do. */
typedef enum mn_plan_use {
    MN_PLAN_FORWARD,     /* apply the model */
    MN_PLAN_WEIGHTS,     /* and find the gradients of its weights */
    MN_PLAN_WEIGHTS_INPUTS /* and of its inputs */
} mn_plan_use;

/* Seconds that a node's op took since somebody asked for times. */
typedef struct mn_op_times {
    double prepare, forward, backward;
} mn_op_times;

/*
 * Belongs to whoever created it and is used by one thread at a time; the model outlives it. Nothing is allocated after
 * mn_plan_create. The caller fills the input buffers, and for a backward pass the gradient of the output.
 */
typedef struct mn_plan {
    const mirnet_model *model;
    mn_plan_use use;
    int passes;
    const struct mn_plan *twin;
    mn_run run;      /* the caller sets weights, grads, batch, training, seed, step, samples before each pass */
    mn_op *ops;      /* [n_nodes] */
    bool *needs;     /* [n_nodes] a gradient flows through this node */
    mn_rows_read *reads; /* [n_nodes] of the ops that have a blank */
    int64_t *zeros;  /* [capacity] ids for a run that has none */
    bool knows_blank; /* the blanks' values are there, and the weights have not changed since */
    mn_op_times *times; /* [n_nodes] added to in every pass, for whoever set it; NULL: nobody asks */
} mn_plan;

/* Room for batches of up to `capacity` samples, with these savings (see layers/passes.h); `threads` may be NULL.
 * Errors: NOMEM. */
mirnet_status mn_plan_create(mn_plan **out, const mirnet_model *model, int64_t capacity, mn_plan_use use, int passes,
                             const mn_kernels *kernels, mn_threads *threads) MN_MUST_CHECK;
/* One more plan for the forward pass, for use by another thread: packed weights and tables are the first one's,
 * which is prepared before this one is used, and lives longer. */
mirnet_status mn_plan_create_twin(mn_plan **out, const mn_plan *first) MN_MUST_CHECK;
void mn_plan_destroy(mn_plan *plan);

/* Buffers for `capacity` samples: of an input, of the output, of the output's gradient, of an input's gradient. */
float *mn_plan_input(const mn_plan *plan, int32_t input);
const float *mn_plan_output(const mn_plan *plan);
float *mn_plan_output_grad(const mn_plan *plan);
const float *mn_plan_input_grad(const mn_plan *plan, int32_t input);
/* Whether the loss may leave the gradient before the final softmax there (probabilities minus targets). */
bool mn_plan_fuses_softmax(const mn_plan *plan);

/* So many samples, or fewer, are done faster by all threads together than by some of them each: 0 where nothing says
 * so. */
int64_t mn_plan_together(const mn_plan *plan);

/* The weights have changed since the last pass. */
void mn_plan_prepare(mn_plan *plan);
void mn_plan_forward(mn_plan *plan);
void mn_plan_backward(mn_plan *plan);
/* After a training step: what is not learned by gradient. */
void mn_plan_commit(mn_plan *plan, float *weights);

/* plan_links.c. Of a model in a plan for this use: whether a node's output is its input, maybe under another shape; */
bool mn_plan_is_view(const mirnet_model *model, mn_plan_use use, int32_t node);
/* the node whose buffer a node's output lies in: its own, but for views; */
int32_t mn_plan_origin(const mirnet_model *model, mn_plan_use use, int32_t node);
/* and how many nodes, other than views, read it; the model's output has one reader more. */
int32_t mn_plan_readers(const mirnet_model *model, mn_plan_use use, int32_t node);
/* Whose value an op of the plan works on, where that is one; -1: it has none or several, or is a view. */
int32_t mn_plan_source(const mn_plan *plan, int32_t node);
/* Settles who overwrites and who adds to a gradient; who alone reads a value; and, when all ops are open, who finds
 * what is not zero in one. */
void mn_plan_find_additions(mn_plan *plan);
void mn_plan_find_readers(mn_plan *plan);
void mn_plan_find_finders(mn_plan *plan);

/* plan_rows.c: whether a plan for prediction replaces a node, whose output then needs no memory. Marks the ops,
 * before they get buffers; makes what they need, when all are open. */
bool mn_plan_replaces(const mirnet_model *model, int32_t node);
void mn_plan_find_rows(mn_plan *plan);
mirnet_status mn_plan_open_rows(mn_plan *plan) MN_MUST_CHECK;

#endif
