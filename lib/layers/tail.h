/* tail.h - products over a whole value of which all samples share the end */
/* SPDX-License-Identifier: MIT */
#ifndef MN_TAIL_H
#define MN_TAIL_H

#include "layers/layer.h"

/*
 * Rule: a layer that multiplies a flattened value by a matrix, y = b + x W, adds up what each row of the value gives.
 * The rows behind a sample's extent are those of the blank (see blank.h), so what they give is a sum that depends on
 * the extent alone: sums[e] = b + what rows e.. of the blank give. Only the rows in front are multiplied. Proof: the
 * same sum, with its last terms added up beforehand. It stops where weights change (training), and at layers that use
 * more than one row of x for an output sample.
 */
typedef struct mn_tail {
    int64_t rows, row, columns; /* of x; of y */
    float *sums;                /* [rows + 1][columns] */
    mn_row *at;                 /* [capacity] samples in the order of their extents, so that neighbours end together */
} mn_tail;

/* Errors: NOMEM. */
mirnet_status mn_tail_create(mn_tail **out, const mn_blank *in, int64_t columns, int64_t capacity) MN_MUST_CHECK;
void mn_tail_destroy(mn_tail *tail);

/* The products of a layer's forward pass, m, rows and runs still open: x in op->x[0], y with ldc floats a sample,
 * bias in the whole row `bias` or NULL. Column c of y is column c of the tail. */
void mn_tail_forward(mn_tail *tail, const mn_op *op, const mn_run *run, mn_gemm *products, int32_t count,
                     const float *bias);

#endif
