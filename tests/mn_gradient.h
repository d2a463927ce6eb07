/* mn_gradient.h - gradients against finite differences, through the public API */
/* SPDX-License-Identifier: MIT */
#ifndef MN_GRADIENT_H
#define MN_GRADIENT_H

#include <stdint.h>

#include <mirnet/model.h>

enum {
    MN_TRAINING = 1, /* training mode: dropout, batch statistics */
    MN_ZEROS = 2,    /* some steps of the inputs are exactly zero, as for Masking, but for an input named "free"; they
                        must have no gradient */
    MN_INDICES = 4,  /* the inputs are whole numbers 0..5, which have no gradient */
    MN_SPACED = 8    /* inputs of a channel lie 0.1 apart or more, so that no difference moves a maximum elsewhere */
};

/* Builds a network (mn_net.h) with random weights, inputs, targets and sample weights for a batch of n, and compares
 * the gradient of each weight and each input, element by element. */
void mn_gradient_check(const char *net, int64_t n, int flags, uint64_t seed);
/* The same for the weights of a model as it stands, with one input, in inference mode. */
void mn_gradient_check_weights(const char *what, mirnet_model *model, const float *input, const float *targets,
                               int64_t n);

#endif
