/* mn_example.h - networks drawn at random, numbers to put into them, and plans that are run on them */
/* SPDX-License-Identifier: MIT */
#ifndef MN_EXAMPLE_H
#define MN_EXAMPLE_H

#include "plan.h"

enum { MN_EXAMPLE_BATCH = 5, MN_EXAMPLE_TEXT = 1500 };

/*
 * What an example is made of.
 *
 *     MN_LEVEL   numbers between others, with kernels that keep the size of what passes through them: a kernel that k values
 *                meet has the variance 1 / k. Each sum is then rounded by a few units in the last place of its layer's values,
 *                and no later layer makes that larger. With weights of one size, whatever k, values grow to hundreds, gates are
 *                differences of such, and rounding alone moves a probability by 1e-5; a lost row may move nothing any more.
 *     MN_WHOLE   weights, inputs and gradients of outputs -1, 0 or 1 (letters: or 1/2), layers that make neither curves nor means:
 *                every sum is exact, whatever its order, as long as it stays below 2^23
 */
typedef enum mn_numbers { MN_LEVEL, MN_WHOLE } mn_numbers;

typedef struct mn_example {
    mirnet_model *model;
    size_t outputs;
    float *x, *dy;              /* a batch, and the gradient of its outputs */
    float *grads, *plain_grads; /* room for the gradients of two plans */
} mn_example;

/* A whole number in low..high. */
int64_t mn_example_draw(uint64_t *seed, int64_t low, int64_t high);
/* A stack of convolutions on a short sequence, with one of several ends. */
void mn_example_draw_net(uint64_t *seed, char net[MN_EXAMPLE_TEXT], mn_numbers numbers);
/* Convolutions, perhaps pooled, and an end, on one-hot rows of 4. */
void mn_example_draw_letters_net(uint64_t *seed, char net[MN_EXAMPLE_TEXT], mn_numbers numbers);

/* Input with rows of one-hot letters of `row` floats, some of them zeros as for N, of every length from none to all;
 * the last sample has other numbers in a row. Or, with 0, samples that end in zeros. */
mn_example mn_example_create(const char *net, int64_t row, mn_numbers numbers, uint64_t *seed);
void mn_example_destroy(mn_example *e);
void mn_example_fill_weights(uint64_t *seed, mirnet_model *model, mn_numbers numbers);
/* A batch of one-hot letters as above. */
void mn_example_fill_letters(uint64_t *seed, const mirnet_model *model, float *x, int64_t row);

/* A plan after a pass over the example's batch, forward and, but with MN_PLAN_FORWARD, backward. */
mn_plan *mn_example_run(const mn_example *e, mn_plan_use use, int passes, float *grads);

/* Whether a gradient of this plan hangs on a rounding: a ReLU whose sum is as good as zero, or a maximum with
 * another value just below it. One plan may see it on the one side, and another one on the other. */
bool mn_example_near_kink(const mn_plan *plan);

#endif
