/* conv.h - a convolution as products on rows of its input, where they lie */
/* SPDX-License-Identifier: MIT */
#ifndef MN_CONV_H
#define MN_CONV_H

#include "layers/layer.h"

/* Sizes of a convolution; Conv1D is Conv2D of width 1. */
typedef struct conv_shape {
    int64_t height, width, channels;             /* input */
    int64_t out_height, out_width, filters;      /* output */
    int64_t kernel[2], stride[2], dilation[2];   /* [0] along the height, [1] along the width */
    int64_t before[2];                           /* padding in front */
    int64_t tap_first[2], tap_last[2];           /* live taps: those that meet data for some output; the others only
                                                    ever meet padding */
} conv_shape;

/* Products that share their runs: all outputs of one column, or all inputs of one column and one residue of the
 * stride. */
typedef struct conv_group {
    int64_t runs, run;
    int64_t rows_per_sample;
    mn_row *rows;       /* [rows_per_sample] of the first sample */
    int64_t m;
    mn_row *active;     /* [m of (capacity + 1) * rows_per_sample] the rows of this batch */
    int64_t *a_at;      /* [runs] */
    int64_t *packed_at; /* [runs] row of the packed kernel */
    int64_t *kernel_at; /* [runs] row of the kernel in Keras layout; NULL backward */
} conv_group;

typedef struct conv_table {
    int64_t count;
    conv_group *groups;
} conv_table;

enum { MN_CONV_KERNEL, MN_CONV_BIAS }; /* parameters */

/* op->state of a Conv1D or Conv2D. */
typedef struct conv_state {
    conv_shape shape;
    conv_table forward, backward;
    struct mn_one_hot *hot; /* where op->one_hot is set */
    mn_gemm *gemms;    /* [the larger count of the two tables] */
    float *blank_dx;   /* [taps][out_width][kinds of y][channels] what the blank's rows give back to its input */
    float *packed;     /* live taps of the kernel: [taps][channels] rows of [filters] */
    bool packs_late;   /* in forward, and only if x is not passed over by its zeros: then the kernel is read as it is */
    mn_nonzero nonzero_x, nonzero_dy; /* without bits: not looked for */
    const uint64_t *bits_x, *bits_dy; /* what was found in this batch; NULL: nothing of use */
    float *transposed; /* the same taps: [taps][filters] rows of [channels] */
} conv_state;

/* Does something to rows of y, or of dy, that lie one behind the other. */
typedef void (*mn_conv_task)(const mn_op *op, const mn_run *run, int64_t at, int64_t rows);
/* task on all that was made, in parallel: of each sample what lies in front of its extent, and each kind of the
 * blank's rows. */
void mn_conv_each_block(const mn_op *op, const mn_run *run, mn_conv_task task);

void mn_conv_backward(mn_op *op, const mn_run *run);

/* Live taps along both axes, and their product with the channels: the K of the packed kernel. */
int64_t mn_conv_taps(const conv_shape *s, int axis);

/* Sizes of a built Conv1D or Conv2D, live taps included. */
conv_shape mn_conv_shape(const mn_layer *layer);

/* Rows of x for y = conv(x), and rows of dy for dx. Errors: NOMEM. */
mirnet_status mn_conv_forward_table(conv_table *out, const conv_shape *s, int64_t capacity) MN_MUST_CHECK;
mirnet_status mn_conv_backward_table(conv_table *out, const conv_shape *s, int64_t capacity) MN_MUST_CHECK;
void mn_conv_table_destroy(conv_table *table);

/*
 * The rows of a batch. Forward: of each sample the rows in front of its extent, then one of each kind of the blank (see
 * blank.h). Backward: the input rows that are seen, each from the output rows in front of the extent. Without blanks:
 * all. With `only`, of the samples that it marks.
 */
void mn_conv_set_forward_rows(conv_table *table, const conv_shape *s, const mn_blank *out, int64_t batch,
                              int64_t capacity, const bool *only);
void mn_conv_set_backward_rows(conv_table *table, const conv_shape *s, const mn_blank *in, const mn_blank *out,
                               int64_t batch);

#endif
