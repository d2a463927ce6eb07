/* loss.h - categorical cross-entropy, accuracy, and the layers' penalties */
/* SPDX-License-Identifier: MIT */
#ifndef MN_LOSS_H
#define MN_LOSS_H

#include "layers/layer.h"

/*
 * Categorical cross-entropy as Keras computes it from probabilities: with q = p / sum of p, cut to 1e-7 .. 1 - 1e-7,
 *     L = (1 / n) sum over samples b of w_b * (- sum over classes c of t_bc log q_bc)
 * p, t are [n][classes]; w is [n] or NULL for all 1.
 * Returns the sum of w_b L_b, not yet divided by n. *out_hits gets the number of rows whose largest p is where t's is.
 */
double mn_cross_entropy(const float *p, const float *t, const float *w, int64_t n, int64_t classes, int64_t *out_hits);

/* dp[n][classes] = dL/dp; or, with `fused`, the gradient before the softmax that made p: (w_b / n) (p sum of t - t),
 * as Keras takes it when a softmax stands before the loss. */
void mn_cross_entropy_back(float *dp, const float *p, const float *t, const float *w, int64_t n, int64_t classes,
                           bool fused);

/* The sum of l1 |w| + l2 w^2; and adds its gradient to g. */
double mn_penalty(const float *w, size_t n, mn_regularizer reg);
void mn_penalty_back(float *g, const float *w, size_t n, mn_regularizer reg);

#endif
