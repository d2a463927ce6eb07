/* passes.h - the savings that a plan makes, and switches for tests */
/* SPDX-License-Identifier: MIT */
#ifndef MN_PASSES_H
#define MN_PASSES_H

/*
 * Each changes nothing but rounding. Its file says the rule, why it is exact, and where it stops.
 *
 *     BLANK      rows behind the ends of sequences are shared                        blank.h
 *     TAIL       and what they add to a product, or a pool, over the whole sequence  tail.h    prediction
 *                and the steps of a recurrent layer on them, where it meets them first   rnn.h  prediction
 *     ROWS       two convolutions over letters are looked up                         row_table.h   prediction
 *     ONE_HOT    convolutions of letters pick rows of the kernel and add             one_hot.h
 *     DEAD_TAPS  taps of a kernel that only ever meet padding are left out           conv.c
 *     ONE_STEP   gates of a recurrent layer that act on a state of zeros are left out    rnn.c
 *     ZEROS      products pass over zeros, which is what a ReLU makes most of        kernels/skip_tmpl.h
 *     AT_ONCE    weights are updated where their gradient is made                    layer.h   training
 *     LATE       updates of what meets only zeros are put off                        kernels/update_tmpl.h  training
 */
enum {
    MN_PASS_BLANK = 1,
    MN_PASS_TAIL = 2,
    MN_PASS_ROWS = 4,
    MN_PASS_ONE_HOT = 8,
    MN_PASS_DEAD_TAPS = 16,
    MN_PASS_ONE_STEP = 32,
    MN_PASS_AT_ONCE = 64,
    MN_PASS_ZEROS = 128,
    MN_PASS_LATE = 256,
    MN_PASSES = 511
};

/* Those that are made. All, but in tests: forcing is for them alone, before any model is made and while nothing
 * runs. */
int mn_passes(void);
void mn_passes_force(int passes);

#endif
