/* blank.h - rows that all samples share: what a network computes behind the end of a sequence */
/* SPDX-License-Identifier: MIT */
#ifndef MN_BLANK_H
#define MN_BLANK_H

#include "common.h"

#include "kernels/kernels.h"

/*
 * Rule: an output row of a convolution whose window holds only padding zeros depends on the weights alone. It equals
 * the same row of a sample that is all zeros, the blank. So of each sample only the rows in front of its `extent` are
 * computed; the rows behind it are copied from the blank, whose rows are of few kinds (all inner ones are alike) and
 * are computed once a batch, or once for all where the weights stay as they are. Proof: by induction over the layers.
 * An input row behind the last nonzero one is zero, as in the blank; an output row whose window meets only rows that
 * agree with the blank's, at the same places, agrees with it too. Backward, the rows behind the extents are one row
 * that was used many times: its gradient is the sum of theirs, and it is carried back through the blank once for all
 * samples. It stops at the first layer that does not work row by row, or has more than one reader: there the rows are
 * copied out.
 *
 * A value here is the output of an op, seen as [rows][row]. The blank is the sample behind the last one, number
 * `capacity`.
 */
typedef struct mn_blank {
    int64_t rows, row;  /* rows of a sample, floats of a row */
    int64_t *alike;     /* [rows] the first row of the blank that is equal to this one */
    int64_t n_kinds;
    int64_t *kinds;     /* [n_kinds] those first rows, ascending */
    int64_t due;        /* kinds that this forward pass has to compute: all of them, or none if they are there */
    int64_t *extent;    /* [capacity] rows of each sample that are computed */
    int64_t *seen;      /* [capacity] rows of each sample that its reader looks at: extent..seen - 1 are copies */
} mn_blank;

/* Where row `row` of a sample of x is to be read, for a reader that does not look behind the extents; without a
 * blank, in the sample. */
static inline const float *mn_blank_row(const mn_blank *blank, const float *x, int64_t sample, int64_t row,
                                        int64_t rows, int64_t floats, int64_t capacity)
{
    const bool own = !blank || sample == capacity || row < blank->extent[sample];
    return x + (own ? sample * rows + row : capacity * rows + blank->alike[row]) * floats;
}

/* Which input rows an output row o reads: o * stride - before + t * dilation for first <= t < last, where they
 * exist. */
typedef struct mn_rows_read {
    int64_t in_rows, out_rows, first, last, stride, dilation, before;
    bool from_blank; /* those behind the extent are read in the blank, by mn_blank_row: no copies are wanted */
} mn_rows_read;

/* Errors: NOMEM. `in` NULL: an input, all of whose rows are alike in the blank. */
mirnet_status mn_blank_create(mn_blank **out, const mn_blank *in, const mn_rows_read *read, int64_t rows, int64_t row,
                              int64_t capacity) MN_MUST_CHECK;
void mn_blank_destroy(mn_blank *blank);

/* The extents of an input: up to the last row that is not zero. */
void mn_blank_scan(mn_blank *blank, const float *x, int64_t batch);
/* The extents of a value from those of the one that it is computed from, and which rows of that one are seen. */
void mn_blank_reach(mn_blank *out, mn_blank *in, const mn_rows_read *read, int64_t batch);
/* All rows are seen: the reader knows nothing of blanks. */
void mn_blank_show_all(mn_blank *blank, int64_t batch);

/* Forward, when the extents' rows and the kinds that are due are there: the blank's other rows, the samples' copies.
 * And the same in `bits`, one for each float of y, whose rows are of whole words then; NULL: there are none. */
void mn_blank_fill(const mn_blank *blank, float *y, uint64_t *bits, int64_t batch, int64_t capacity);
/* Backward: clears the gradients of the blank's kinds; and adds to them those of the copies. */
void mn_blank_clear(const mn_blank *blank, float *dy, int64_t capacity);
void mn_blank_collect(const mn_blank *blank, const mn_kernels *kernels, float *dy, int64_t batch, int64_t capacity);

#endif
