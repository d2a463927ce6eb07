/* rnn.h - what LSTM and GRU share: products over all steps, the walk through time, masks, dropout */
/* SPDX-License-Identifier: MIT */
#ifndef MN_RNN_H
#define MN_RNN_H

#include "layers/layer.h"
#include "layers/tail.h"

typedef struct mn_rnn mn_rnn;
typedef struct mn_rnn_step mn_rnn_step;

/* Steps that are made together where z streams, at most; a power of two. And slots that walk together at most. */
enum { MN_RNN_CHUNK = 8, MN_RNN_WALK = 32 };

enum { MN_RNN_KERNEL, MN_RNN_RECURRENT, MN_RNN_BIAS }; /* parameters */

/* Whether a layer of this kind is one of them. */
static inline bool mn_is_rnn(mn_layer_kind kind)
{
    return kind == MN_LSTM || kind == MN_GRU;
}

/*
 * A kind of cell: what happens in one step of a few samples. Where some of these do not take the step, see
 * mn_rnn_is_passed, `forward` leaves their states alone; what else it computes of them, and all that `backward` does,
 * is thrown away.
 *
 * forward         z holds x K + b of this step, unless it joins; makes the gates of it, fills `kept`, writes the new
 *                 state to mn_rnn_next. Nobody reads gates and `kept` where z streams.
 * backward        from d, the gradient of the state behind the step (left unchanged): replaces the gates in z by the
 *                 gradient before their activation, and writes the gradient of the state before the step to `fresh`.
 * recurrent_grad  the gradient of the recurrent kernel, from what `backward` left.
 */
typedef struct mn_cell {
    int32_t gates;  /* blocks of `units` columns in the kernel */
    int32_t states; /* 1: h; 2: h and c */
    bool joins;     /* `forward` can do so where x K and h R are only needed together */
    int32_t split;  /* so many gates are the first product with the recurrent kernel; the others, if any, the second */
    void (*forward)(const mn_rnn_step *step);
    void (*backward)(const mn_rnn_step *step);
    void (*recurrent_grad)(const mn_op *op, const mn_run *run);
} mn_cell;

/*
 * op->state of an LSTM or GRU. A "slot" is a place for one sample: with a backward pass there is one for each sample of
 * the batch and everything is kept for all steps; without, a few samples at a time go through, and only z has all
 * steps. Arrays are in the order of time, whatever direction the layer walks in.
 */
struct mn_rnn {
    const mn_cell *cell;
    int64_t in, units, steps, columns; /* columns = gates * units */
    int64_t slots;
    int64_t slot_stride, step_stride; /* of state, h_dropped and kept, see mn_rnn_at */
    bool streams;                     /* no backward pass follows: x K is made for a few steps at a time, and
                                         forgotten */
    bool joins;                       /* where it streams: x K + h R is one product, of a row that holds x and h */
    int64_t chunk;                    /* so many: a power of two */
    int64_t z_slot, z_step;           /* of z */
    bool idle;                        /* gate 1 has no effect in the first step, where the state is zero */

    /* The columns of the kernel that have an effect, in blocks of equal width: all in one block, or, where there is but
     * one step, one block for each gate but the idle one. */
    int32_t blocks;
    int64_t block_n, block_at[4];
    mn_live live;     /* the same columns as ranges */

    /* For a wrapper, which sets them behind open. */
    int64_t ldy;      /* floats from one row of y, and dy, to the next */
    bool reversed;    /* the rows of y are in the opposite order */
    bool zero_masked; /* the output of a masked step is zero; else it is that of the step before */
    int32_t use;      /* of its first dropout mask; the next one's is 1 more */

    float *kernel, *kernel_t;             /* packed: [blocks] products [in][block_n]; the transpose [columns][in] */
    float *recurrent[2], *recurrent_t[2]; /* packed, as the cell splits it, and transposed */
    float *scratch;                       /* in training, for few rows */
    mn_nonzero nonzero;                   /* of x, where the product is made of all steps at once; without bits: not
                                             looked for */
    mn_tail *tail;                        /* where op->blank_in is set */
    mn_row *real;                         /* [slots][steps] rows of x and z whose step is not masked; NULL: all there,
                                             and z in the order of x */
    float *joined_kernel;                 /* packed [in + units][columns]: K above R, in place of both, where it
                                             joins */
    float *bias;                          /* [columns] sum of what is added to z before the gates */

    /*
     * Where op->blank_in is set and there are many steps. Rule: behind a sample's extent x is the blank (see blank.h),
     * so x K + b of these steps is made once for all samples; and a layer that goes backwards meets them first, so that
     * its state behind each is made once as well. Proof: the same numbers from the same numbers. It stops where weights
     * change (training), and at masks.
     */
    float *blank_z;   /* [steps][columns] x K + b of the blank */
    float *after[2];  /* [steps][units] where the layer goes backwards: the states behind step t of the blank; else
                         NULL */

    float *z;         /* [slots][steps][columns] x K + b, then gates, then their gradient; where it streams
                         [MN_RNN_CHUNK][slots][columns]; where it joins [slots][columns] x K + h R + b */
    float *state[2];  /* [slots][steps][units] before each step: h, and c of an LSTM */
    float *joined;    /* [slots][in + units] x and h of the step, where it joins: state[0] lies in it */
    float *h_dropped; /* [slots][steps][units] h with recurrent dropout; NULL without */
    float *kept;      /* [slots][steps][units] for the cell */
    float *fresh[2];  /* [slots][units] the states behind the last step, or their gradients before one; what a cell of
                         one state has no use for is its scratch */
    float *d[2];      /* [slots][units] gradient of the state */
    float *row;       /* [slots][columns] scratch */
    float *x_dropped; /* [slots][steps][in] x with dropout; NULL without */
    float *x_factors, *h_factors; /* [slots][in], [slots][units] */
};

/* Samples in the slots from..to - 1 at time t. */
struct mn_rnn_step {
    const mn_op *op;
    const mn_run *run;
    const mn_rnn *rnn;
    int64_t from, to;
    int64_t sample; /* row in the batch of the sample in slot 0 */
    int64_t k, t;   /* t is the k-th time in the direction of the walk */
    int64_t end;    /* of the walk: one behind the last step that anybody takes */
};

/* The place of a slot and time in z, and in the arrays of `units` columns. */
static inline float *mn_rnn_z(const mn_rnn *r, int64_t slot, int64_t t)
{
    return r->z + slot * r->z_slot + (r->streams ? t & (r->chunk - 1) : t) * r->z_step;
}

static inline int64_t mn_rnn_at(const mn_rnn *r, int64_t slot, int64_t t)
{
    return slot * r->slot_stride + t * r->step_stride;
}

/* Where the state i behind the step goes: into the place of that before the next step, which is the same place unless
 * all steps are kept. */
float *mn_rnn_next(const mn_rnn_step *step, int32_t i, int64_t slot);

/* Whether the step is masked, or one of the blank whose end is known. */
bool mn_rnn_is_passed(const mn_rnn_step *step, int64_t slot);

/* h before each step as the recurrent kernel meets it. */
static inline float *mn_rnn_h(const mn_rnn *r, const mn_run *run)
{
    return run->training && r->h_dropped ? r->h_dropped : r->state[0];
}

static inline bool mn_rnn_drops_x(const mn_rnn *r, const mn_run *run)
{
    return run->training && r->x_dropped;
}

/* y = a * b, elementwise; y is neither. */
static inline void mn_rnn_times(const mn_rnn_step *step, float *y, const float *a, const float *b)
{
    memcpy(y, a, (size_t)step->rnn->units * sizeof(float));
    step->run->kernels->multiply(y, b, step->rnn->units);
}

/* f over `gates` neighbours at z; or the gradient d before f, told from its outputs there. */
static inline void mn_rnn_gates(const mn_rnn_step *step, mn_activation f, float *z, int64_t gates)
{
    mn_activate_part(step->run->kernels, f, z, z, gates, step->rnn->units);
}

static inline void mn_rnn_gates_back(const mn_rnn_step *step, mn_activation f, float *d, const float *y, int64_t gates)
{
    mn_activate_back_part(step->run->kernels, f, d, y, gates, step->rnn->units);
}

/* The product for the samples of the step; y, ldc, x, lda, n, run, b, bias and add are given. */
void mn_rnn_product(const mn_rnn_step *step, mn_gemm product);
/* fresh[0] (+)= gradient of h from `d`, the gradient of the product with part `part` of the recurrent kernel; ldd
 * floats from one sample to the next. */
void mn_rnn_product_back(const mn_rnn_step *step, int32_t part, const float *d, int64_t ldd, bool add);
/* A walk forward: what comes before the first step, after which `end` is known; and the steps from k to to - 1, as far
 * as there are any. Who has come to the end also writes y of the steps behind it. */
void mn_rnn_begin(mn_rnn_step *step);
void mn_rnn_walk(mn_rnn_step *step, int64_t to);
/* From the gradient of the dropped h to that of h, in fresh[0]. */
void mn_rnn_undrop(const mn_rnn_step *step);

/* In training, with few rows the kernel stays plain and is walked over: see is_few in dense.c. */
static inline bool mn_rnn_few(const mn_rnn *r, const mn_run *run)
{
    return r->scratch && run->batch * r->steps <= MN_FEW_ROWS;
}

/* The kernel as one that is walked over, with x or its dropped form. */
mn_few mn_rnn_few_of(const mn_op *op, const mn_run *run, const float *x);
/* What is left to do where z holds the gradient of every step (rnn_grads.c). */
void mn_rnn_grads(const mn_op *op, const mn_run *run);

/* Several layers at once (rnn_chain.c). For open: makes a chain of this one and those that read it one behind the
 * other, if there are any and threads for them. How many samples it takes; 0 where there is none. For forward: whether
 * it takes this batch, in which case all is done in the call for its first layer. For close. */
mirnet_status mn_rnn_chain_create(mn_op *first, const mn_run *run) MN_MUST_CHECK;
int64_t mn_rnn_chain_samples(const mn_op *op);
bool mn_rnn_chain_forward(mn_op *op, const mn_run *run);
void mn_rnn_chain_destroy(mn_op *op);

/* The functions of a layer class; build and open know the cell. */
mirnet_status mn_rnn_build(mn_layer *layer, const mn_cell *cell) MN_MUST_CHECK;
mirnet_status mn_rnn_open(mn_op *op, const mn_run *run, bool backward, const mn_cell *cell) MN_MUST_CHECK;
void mn_rnn_close(mn_op *op);
void mn_rnn_prepare(mn_op *op, const mn_run *run);
void mn_rnn_forward(mn_op *op, const mn_run *run);
bool mn_rnn_shares_tail(const mn_layer *layer, int64_t rows);
void mn_rnn_backward(mn_op *op, const mn_run *run);

#endif
