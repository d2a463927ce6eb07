/* optim.h - optimizers over flat arrays, and what is live in them */
/* SPDX-License-Identifier: MIT */
#ifndef MN_OPTIM_H
#define MN_OPTIM_H

#include "layers/layer.h"

/*
 * With g the gradient and t = 1, 2, ... the step (Keras 2.4's forms):
 *   Adam     m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)
 *   AdamW    w -= lr decay w, then Adam
 *   SGD      m = momentum m - lr g; w += m (Nesterov: w += momentum m - lr g); without momentum w -= lr g
 *   RMSprop  v = rho v + (1 - rho) g^2; centered: a = rho a + (1 - rho) g, s = v - a^2, else s = v;
 *            w -= lr g / (sqrt(s) + eps); with momentum m = momentum m + lr g / sqrt(s + eps), w -= m
 */
typedef enum mn_optimizer { MN_ADAM, MN_ADAMW, MN_SGD, MN_RMSPROP } mn_optimizer;

enum { MN_SLOTS = 3 };

/* A run of weights that are trained, a piece of parameter `param`. */
typedef struct mn_range {
    size_t at, n;
    int32_t param;
} mn_range;

typedef struct mn_optim {
    mn_optimizer kind;
    double beta_1, beta_2, epsilon, weight_decay, momentum, rho;
    bool nesterov, centered;
    double clip_norm, clip_global_norm, clip_value; /* 0: off. Per weight, over all weights, per element */

    bool at_once;           /* parameters that are updated where their gradient is made are not in the ranges: Adam, and
                               nothing that must see all gradients first */
    size_t size;            /* of the flat arrays */
    float *slots[MN_SLOTS]; /* m, v, a; NULL where this optimizer has none */
    uint8_t *resting;       /* [size / 16 + 1] see mn_gradient; zero where nothing is known of the slots */
    size_t n_ranges;
    mn_range *ranges;       /* ascending; each at most a part's size */
    size_t n_parts;
    size_t *parts;          /* [n_parts + 1] first range of each part */
    double *norms;          /* [n_ranges] sums of squares */
    float *scales;          /* [n_params] what clipping by norm leaves of each gradient */
    int32_t n_params;
} mn_optim;

/* The names under which slots are saved: "m", "v", "a". */
const char *mn_optim_slot_name(int32_t slot);

/* Finds the live ranges of the parameters and makes the slots; the settings are set before. Errors: NOMEM. */
mirnet_status mn_optim_open(mn_optim *optim, const mn_param *const *params, int32_t n_params,
                            size_t size) MN_MUST_CHECK;
void mn_optim_close(mn_optim *optim);

/* The numbers of a step with learning rate `rate`: step is 1 for the first one. */
mn_update mn_optim_update(const mn_optim *optim, double rate, int64_t step);
/* Makes the steps of the parameters outside the ranges that were put off; `step` is the last one. */
void mn_optim_settle(const mn_optim *optim, const mn_kernels *kernels, const mn_step *step,
                     const mn_param *const *params);
/* A step on all ranges. */
void mn_optim_step(mn_optim *optim, const mn_run *run, float *weights, const float *grads, double rate, int64_t step);

#endif
