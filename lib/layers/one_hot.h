/* one_hot.h - a convolution of one-hot rows: kernel rows picked and added up */
/* SPDX-License-Identifier: MIT */
#ifndef MN_ONE_HOT_H
#define MN_ONE_HOT_H

#include "layers/conv.h"

/*
 * Rule: where rows of the input are letters (all zeros, or a single 1), a row of the output is the bias plus one row of
 * the kernel for each letter under it; and backward, each row of the kernel's gradient is the sum of dy over the places
 * where it was picked. Proof: the products that are left out have a factor zero, those that are not have a factor one.
 * It stops at samples with other rows, which go through the usual products, and behind layers that are no input.
 */
typedef struct mn_one_hot {
    int64_t letters;  /* floats of a row, and one for zeros */
    int64_t *kernel_at; /* [live taps along the height][out_width][letters] where the row of the kernel is, and 1; 0:
                           none */
    bool owner;       /* of the table */
    float *table;     /* the same for the forward pass: these rows, of zeros where there is none */
    int64_t line;     /* height, and the padding on both sides, which reads as zeros */
    uint8_t *codes;   /* [capacity][line] */
    bool *plain;      /* [capacity] samples that are not made of letters alone */
} mn_one_hot;

/* Errors: NOMEM. With a twin, which lives longer, the table is the twin's. */
mirnet_status mn_one_hot_create(mn_one_hot **out, const conv_shape *s, int64_t capacity,
                                const mn_one_hot *twin) MN_MUST_CHECK;
void mn_one_hot_destroy(mn_one_hot *hot);
/* The weights have changed. Not for a twin. */
void mn_one_hot_prepare(mn_one_hot *hot, const conv_shape *s, const float *kernel);
/* Whether it is for these sizes. */
bool mn_one_hot_fits(const conv_shape *s);

/* Reads the batch; returns how many samples are plain. */
int64_t mn_one_hot_read(mn_one_hot *hot, const mn_op *op, const mn_run *run);
/* The rows of y of all other samples, and of the blank, relu included. */
void mn_one_hot_forward(const mn_one_hot *hot, const mn_op *op, const mn_run *run);
/* Adds the other samples' part of the kernel's gradient to g. */
void mn_one_hot_backward(const mn_one_hot *hot, const mn_op *op, const mn_run *run, float *g);

#endif
