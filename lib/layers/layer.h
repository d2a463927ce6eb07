/* layer.h - what a layer is to the rest of the library: a table of functions over shapes, weights and buffers */
/* SPDX-License-Identifier: MIT */
#ifndef MN_LAYER_H
#define MN_LAYER_H

#include "common.h"
#include "kernels/kernels.h"
#include "layers/blank.h"
#include "spec.h"
#include "threads.h"

typedef struct mn_layer mn_layer;
typedef struct mn_layer_class mn_layer_class;
typedef struct mn_op mn_op;
struct mn_row_work;
struct mn_rnn_chain;

/* Which elements of a weight can ever have a gradient: in each of the periods first..last - 1, from[i]..to[i] - 1
 * for the n intervals. The others never meet data (kernel taps over padding, the forget gate of an LSTM of one
 * step): they keep their values, and training passes them over. */
typedef struct mn_live {
    int64_t period, first, last;
    int32_t n;
    int64_t from[2], to[2];
} mn_live;

typedef struct mn_param {
    char *name; /* full: "lstm/kernel" */
    mn_shape shape;
    size_t offset, size; /* in the model's flat array */
    mn_initializer init;
    int64_t ones_from, ones_to; /* elements that start as 1 whatever init says: an LSTM's forget bias */
    mn_regularizer reg;
    bool trainable; /* has a gradient; moving averages have none */
    bool at_once;   /* in a pass with run->step_now the layer updates it where its gradient is made, which is stored
                       nowhere. Its layer says so if it can; the model says no if something else adds to the gradient */
    mn_live live;
} mn_param;

/* A layer built on the shapes of its inputs. Immutable afterwards: every plan of the model uses the same one. */
struct mn_layer {
    const mn_layer_class *cls;
    const mn_layer_spec *spec;
    char *name;    /* the prefix of its weights' names: the wrapper's for an inner layer */
    int32_t index; /* in the model: part of the key of its random numbers; an inner layer has its wrapper's */
    int32_t n_in;
    mn_shape *in;  /* [n_in] of one sample */
    mn_shape out;
    bool masked;   /* an input carries a mask [batch][steps] */
    bool masks;    /* its output carries one */
    bool view;     /* its output is its input, maybe under another shape: nothing to do */
    int32_t n_params;
    mn_param *params; /* its own; inner layers have theirs */
    mn_layer *inner[2];
};

/* An optimizer's step that is made while gradients are: see at_once. Arrays are laid out as the weights. */
typedef struct mn_step {
    mn_update update;
    float *w, *m, *v;
    uint8_t *resting;   /* see mn_gradient */
    const float *rates; /* see mn_gradient */
} mn_step;

/* What one pass over a batch needs besides the buffers. */
typedef struct mn_run {
    const mn_kernels *kernels;
    mn_threads *threads;    /* NULL: the caller's thread alone */
    int passes;             /* the savings that the plan makes, see passes.h */
    int64_t capacity;       /* the largest batch that buffers are made for */
    int64_t batch;
    const float *weights;   /* the model's flat array */
    float *grads;           /* the same layout; NULL when no backward pass follows */
    const mn_step *step_now; /* NULL: all gradients are stored in grads */
    bool training;          /* dropout is on, batch statistics are used */
    uint64_t seed, step;    /* key of the dropout masks of this batch, with the layer's index and the sample */
    const int64_t *samples; /* [batch] ids of the samples for that key */
} mn_run;

/*
 * A layer at work in a plan: its buffers for one place in the graph. Row-major, channels last, the sample first.
 * Buffers from mn_floats: 64-byte aligned, with slack.
 */
struct mn_op {
    const mn_layer *layer;
    int32_t n_in;
    float **x;            /* [n_in] inputs: [batch][size of in[i]] */
    float *y;             /* output: [batch][size of out] */
    float **dx;           /* [n_in] gradients of the inputs; dx[i] is NULL where nobody wants it */
    bool *dx_add;         /* [n_in] dx[i] already holds another reader's share: add to it, else overwrite. Inputs are
                             served in order, so that of two equal ones the second adds */
    float *dy;            /* gradient of the output; backward may use it as scratch */
    bool grad_add;        /* this layer's weights got a gradient from a later call already: add, else overwrite */
    bool skip_activation; /* dy is already the gradient before the softmax: the loss is fused with it */
    uint8_t **mask;       /* [n_in] [batch][steps], 1 = real; NULL: no mask */
    uint8_t *mask_out;    /* the same for the output, written by forward where layer->masks */
    mn_blank *blank_in;   /* what is blank in x[0]; NULL: every row of every sample is there */
    mn_blank *blank;      /* what may be left blank in y, where the layer's class can; NULL: every row must be made */
    bool view;            /* y is x[0], dy is dx[0], mask_out is mask[0]: nothing to do */
    bool unread;          /* nobody reads the rows of y that mask_out leaves out: they need not be written */
    void *state;          /* the layer's own: packed weights, what forward keeps for backward */
    const mn_op *twin;    /* the same op of another plan on the same weights, which lives longer: open borrows what is
                             packed from it. Forward only; NULL: none */
    bool sloped;          /* x[0] comes out of a ReLU, whose slope dx[0] is multiplied by: it may be anything finite
                             where x[0] is zero */
    bool one_hot;         /* x[0] is an input: its rows may be letters, see one_hot.h */
    bool replaced;        /* nobody reads y: another op does this one's work, and forward is not called */
    struct mn_nonzero *nonzero_x; /* of x[0], whose zeros forward passes over, set by open; NULL: it does not */
    bool finds_nonzero;           /* forward can find on the way what is not zero in y, set by open */
    struct mn_nonzero *nonzero_y; /* where it is to leave that: nonzero_x of the op that reads y; NULL: nobody asks */
    mn_op *row_first;     /* of a convolution whose rows are looked up, see row_table.h: the one whose place it takes */
    struct mn_row_work *row_work;
    mn_op *reader;        /* the op that alone reads y, in a plan that has no backward pass; NULL: not one */
    struct mn_rnn_chain *chain; /* recurrent layers that can work at once with this one, see rnn_chain.c; NULL: none */
};

/*
 * build     reads layer->spec, in, masked; sets out, masks and view, adds the parameters. Errors: SHAPE, UNSUPPORTED,
 * NOMEM,
 *           without the layer's name (the caller puts it in front).
 * open      makes op->state for run->capacity samples; op's buffers are set. `backward` says whether one will follow.
 *           May be NULL. close frees it, half-made or not.
 * prepare   the weights have changed: pack what is packed. May be NULL. forward   y from x. Must not depend on other
 * samples of the batch, but for batch statistics in training. backward  dx and the weights' gradients from dy. Called
 * after forward on the same batch. commit    after a step: writes what is not learned by gradient (moving averages).
 * May be NULL. None of the last four may allocate or fail.
 */
struct mn_layer_class {
    mirnet_status (*build)(mn_layer *layer);
    mirnet_status (*open)(mn_op *op, const mn_run *run, bool backward);
    void (*close)(mn_op *op);
    void (*prepare)(mn_op *op, const mn_run *run);
    void (*forward)(mn_op *op, const mn_run *run);
    void (*backward)(mn_op *op, const mn_run *run);
    void (*commit)(mn_op *op, const mn_run *run, float *weights);
    /* Whether the layer works row by row along its first axis of more than one element, each output row from the
     * rows that *out says, and honours op->blank. NULL: it does not. */
    bool (*rows_read)(const mn_layer *layer, mn_rows_read *out);
    bool fuses_softmax; /* backward honours skip_activation */
    bool only_trains;   /* y = x[0] where nothing is trained: nothing to do in a plan that has no backward pass */
    bool forward_only;  /* rows_read holds for the forward pass of a plan that has no other */
    /* Whether forward honours op->blank_in, whose values have so many rows, by not looking behind the extents, in a
     * plan that has no backward pass. NULL: it does not. */
    bool (*shares_tail)(const mn_layer *layer, int64_t rows);
};

/* The class of a kind (registry.c). */
const mn_layer_class *mn_layer_class_get(mn_layer_kind kind);

/* Builds a layer and its inner ones. `name` is the prefix of the weights' names. Errors name the layer. */
mirnet_status mn_layer_create(mn_layer *layer, const mn_layer_spec *spec, const char *name, int32_t index,
                              const mn_shape *in, int32_t n_in, bool masked) MN_MUST_CHECK;
void mn_layer_destroy(mn_layer *layer);

/* For build: appends a parameter (all of it live, trainable as the spec says). *out may be NULL; it is valid until
 * the next one is added. */
mirnet_status mn_layer_add_param(mn_layer *layer, mn_param **out, const char *name, const int64_t *dims, int32_t rank,
                                 mn_initializer init, mn_regularizer reg) MN_MUST_CHECK;

/* Weights and gradient of the layer's i-th parameter in this run. */
static inline const float *mn_weight(const mn_layer *layer, const mn_run *run, int32_t i)
{
    return run->weights + layer->params[i].offset;
}

static inline float *mn_grad(const mn_layer *layer, const mn_run *run, int32_t i)
{
    return run->grads + layer->params[i].offset;
}

/* A step that is made at once, on the matrix at `place` of all weights, ld floats a row. Of its rows something can be
 * known if it is a whole parameter; see kernels.h. */
static inline mn_gradient mn_step_on(const mn_step *step, size_t place, int64_t ld, bool whole)
{
    const bool known = whole && ld >= 16;
    return (mn_gradient){.ld = ld, .update = &step->update, .w = step->w + place, .m = step->m + place,
                         .v = step->v + place, .resting = known ? step->resting + place / 16 : NULL,
                         .rates = known ? step->rates : NULL};
}

/* Where the gradient of the matrix goes that begins `at` floats behind the start of the i-th parameter, ld floats a
 * row. */
static inline mn_gradient mn_gradient_of(const mn_op *op, const mn_run *run, int32_t i, int64_t at, int64_t ld)
{
    const mn_param *param = &op->layer->params[i];
    const size_t place = param->offset + (size_t)at;
    const mn_step *step = run->step_now;
    if (step && param->at_once) {
        mn_gradient to = mn_step_on(step, place, ld, at == 0);
        to.shared = run->threads != NULL;
        return to;
    }
    return (mn_gradient){.g = run->grads + place, .ld = ld, .add = op->grad_add};
}

/* The same on the way forward, for steps that were put off: nothing unless a step follows. */
static inline mn_gradient mn_late_of(const mn_op *op, const mn_run *run, int32_t i, int64_t ld)
{
    return run->step_now && op->layer->params[i].at_once ? mn_gradient_of(op, run, i, 0, ld) : (mn_gradient){0};
}

static inline int64_t mn_in_size(const mn_op *op, int32_t i)
{
    return mn_shape_size(&op->layer->in[i]);
}

static inline int64_t mn_out_size(const mn_op *op)
{
    return mn_shape_size(&op->layer->out);
}

/* The larger of two numbers, NaN if one of them is NaN: it must reach the loss, where it is noticed. */
static inline float mn_larger(float a, float b)
{
    return b > a || b != b ? b : a;
}

/* mn_threads_run on the run's threads. */
static inline void mn_parallel(const mn_run *run, mn_task task, void *context, int64_t parts)
{
    mn_threads_run(run->threads, task, context, parts);
}

/*
 * Which floats of a value are not zero, for products that pass zeros over (products.c). `seen`: so many rows of `row`
 * floats of each sample are looked at; NULL: all of them. `blank`: and the blank behind the last one.
 */
typedef struct mn_nonzero {
    uint64_t *bits;  /* one for each float of a value of capacity + 1 samples */
    int64_t *counts; /* [capacity + 1] */
    int64_t size;    /* of a sample: a multiple of 64 */
    bool found;      /* who makes the value sets the bits */
} mn_nonzero;

/* False: such values are not looked at. */
bool mn_nonzero_fits(int64_t size);
mirnet_status mn_nonzero_create(mn_nonzero *out, int64_t size, int64_t capacity) MN_MUST_CHECK;
void mn_nonzero_destroy(mn_nonzero *nonzero);
/* Looks at x. The bits, or NULL where there are too few zeros to be worth it. */
const uint64_t *mn_nonzero_find(mn_nonzero *nonzero, const mn_run *run, const float *x, const int64_t *seen,
                                int64_t row, bool blank);

/* Products in parallel, cut into blocks that depend on the shapes alone (products.c). */
void mn_gemm_run(const mn_run *run, const mn_gemm *gemms, int64_t count); /* several products at once, of equal n */
void mn_outer_run(const mn_run *run, const mn_outer *outer);
/* Y [m][.] = bias + X W, and the way back, for few rows and W of k rows (few.c). `scratch` has mn_few_scratch
 * floats, with as many columns as the last range ends at. */
size_t mn_few_scratch(int64_t m, int64_t k, int64_t columns);
void mn_few_forward_run(const mn_run *run, const mn_few *few, int64_t k, float *y, int64_t ldy, const float *bias,
                        float *scratch);
void mn_few_back_run(const mn_run *run, const mn_few *few, int64_t k);
/* out[n] (+)= sum over the m rows of d[m][n]. */
void mn_column_sums_run(const mn_run *run, float *out, const float *d, int64_t m, int64_t n, bool add);
/* Packs a plain row-major [k][n] matrix (or its transpose, for src [n][k]) in parallel. */
void mn_pack_run(const mn_run *run, float *packed, const float *src, int64_t k, int64_t n, int64_t lds,
                 bool transposed);
/* y = f(x), elementwise or over rows of `cols` (softmax), in parallel; x may be y (activation.c). */
void mn_activate(const mn_run *run, mn_activation f, float *y, const float *x, int64_t rows, int64_t cols);
/* d *= f'(.), told from the outputs y. */
void mn_activate_back(const mn_run *run, mn_activation f, float *d, const float *y, int64_t rows, int64_t cols);
/* The same without threads, for use inside a part. */
void mn_activate_part(const mn_kernels *kernels, mn_activation f, float *y, const float *x, int64_t rows, int64_t cols);
void mn_activate_back_part(const mn_kernels *kernels, mn_activation f, float *d, const float *y, int64_t rows,
                           int64_t cols);

/* The op that a TimeDistributed, which is open, wraps; any other op itself. */
mn_op *mn_inner_op(mn_op *op);
/* The same of a layer. */
static inline const mn_layer *mn_inner_layer(const mn_layer *layer)
{
    return layer->spec->kind == MN_TIME_DISTRIBUTED ? layer->inner[0] : layer;
}

/* For build of a layer that takes no masks: UNSUPPORTED if one comes in. */
mirnet_status mn_refuse_mask(const mn_layer *layer) MN_MUST_CHECK;
/* For forward of a layer whose output has the steps of its input: hands the mask on where layer->masks. */
void mn_pass_mask(const mn_op *op, const mn_run *run);

/* task on samples from..to - 1 of the batch, in parallel; `work` is about how many floats a sample touches
 * (samples.c). */
typedef void (*mn_sample_task)(const mn_op *op, const mn_run *run, int64_t from, int64_t to);
void mn_each_sample(const mn_op *op, const mn_run *run, mn_sample_task task, int64_t work);

/* Dropout masks of run->training: the factor (0 or 1 / (1 - rate)) of elements 0..n - 1 of sample s (row of the
 * batch); `use` tells several masks of one layer apart. A function of (seed, step, layer, sample, use, element)
 * alone (dropout.c). */
void mn_dropout_factors(const mn_layer *layer, const mn_run *run, int64_t sample, int32_t use, double rate, float *out,
                        int64_t n);

/* Output length of a window over one axis, and the padding in front (Keras "valid", "same", "causal"). A length
 * below 1 is an error for the caller to report. */
int64_t mn_window(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, mn_padding padding,
                  int64_t *out_before);

#endif
