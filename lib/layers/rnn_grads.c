/* rnn_grads.c - recurrent layers: the gradients of their weights and of x, behind the walk back through time */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/rnn.h"

typedef struct sums_job {
    const mn_kernels *kernels;
    float *out;
    const float *d;
    int64_t rows, units, ldd;
    bool add;
} sums_job;

static void sums_part(void *context, int64_t part, int32_t worker)
{
    const sums_job *j = context;
    const int64_t at = part * j->units;
    (void)worker;
    j->kernels->column_sums(j->out + at, j->d + at, j->rows, j->units, j->ldd, j->add);
}

static void bias_grad(const mn_op *op, const mn_run *run)
{
    const mn_rnn *r = op->state;
    float *grad = mn_grad(op->layer, run, MN_RNN_BIAS);
    sums_job j = {run->kernels, NULL, NULL, run->batch * r->steps, r->units, r->columns, op->grad_add};
    for (int32_t i = 0; i < r->blocks; i++) {
        j.out = grad + r->block_at[i];
        j.d = r->z + r->block_at[i];
        mn_parallel(run, sums_part, &j, r->block_n / r->units);
    }
    if (op->layer->params[MN_RNN_BIAS].shape.rank == 1)
        return;
    /* The recurrent bias: the gradient before the gates of the second product is in `kept`. */
    j.out = grad + r->columns;
    j.d = r->z;
    mn_parallel(run, sums_part, &j, r->cell->split);
    j.out += r->cell->split * r->units;
    j.d = r->kept;
    j.ldd = r->units;
    mn_parallel(run, sums_part, &j, 1);
}

/* dR is the cell's affair. */
static void other_grads(const mn_op *op, const mn_run *run)
{
    const mn_layer *layer = op->layer;
    const mn_rnn *r = op->state;
    const mn_param *recurrent = &layer->params[MN_RNN_RECURRENT];
    if (recurrent->trainable && r->steps > 1)
        r->cell->recurrent_grad(op, run);
    else if (recurrent->trainable && recurrent->live.n > 0 && !op->grad_add)
        memset(mn_grad(layer, run, MN_RNN_RECURRENT), 0, recurrent->size * sizeof(float));
    if (layer->spec->use_bias && layer->params[MN_RNN_BIAS].trainable)
        bias_grad(op, run);
}

/* dK = x^T dz; dx (+)= dz K^T over the columns that have an effect. dx may be x. */
static void kernel_grads(const mn_op *op, const mn_run *run, const float *x, float *dx, bool add)
{
    const mn_rnn *r = op->state;
    const bool trainable = op->layer->params[MN_RNN_KERNEL].trainable;
    const int64_t rows = run->batch * r->steps;
    if (mn_rnn_few(r, run)) {
        mn_few few = mn_rnn_few_of(op, run, x);
        few.dx = dx;
        few.dx_add = add;
        few.sloped = op->sloped && x == op->x[0];
        if (trainable)
            few.gradient = mn_gradient_of(op, run, MN_RNN_KERNEL, 0, r->columns);
        mn_few_back_run(run, &few, r->in);
        return;
    }
    for (int32_t i = 0; trainable && i < r->blocks; i++) {
        mn_outer outer = {
            .m = rows, .n = r->block_n, .runs = 1, .run = r->in, .x = x, .lda = r->in,
            .d = r->z + r->block_at[i], .ldc = r->columns,
            .to = mn_gradient_of(op, run, MN_RNN_KERNEL, r->block_at[i], r->columns),
        };
        mn_outer_run(run, &outer);
    }
    if (!dx)
        return;
    mn_gemm product = {
        .m = rows, .n = r->in, .runs = r->blocks, .run = r->block_n, .x = r->z, .lda = r->columns, .y = dx,
        .ldc = r->in, .a_at = r->block_at, .b_at = r->block_at, .b = r->kernel_t, .k_packed = r->columns,
        .add = add,
    };
    mn_gemm_run(run, &product, 1);
}

/* x_dropped holds the gradient of the dropped x: dx (+)= that times the mask. */
static void undrop_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    const mn_rnn *r = op->state;
    for (int64_t s = from; s < to; s++)
        for (int64_t t = 0; t < r->steps; t++) {
            const int64_t at = (s * r->steps + t) * r->in;
            float *dx = op->dx[0] + at;
            if (!op->dx_add[0])
                memset(dx, 0, (size_t)r->in * sizeof(float));
            run->kernels->multiply_add(dx, r->x_dropped + at, r->x_factors + s * r->in, r->in);
        }
}

void mn_rnn_grads(const mn_op *op, const mn_run *run)
{
    const mn_rnn *r = op->state;
    other_grads(op, run);
    if (!mn_rnn_drops_x(r, run)) {
        kernel_grads(op, run, op->x[0], op->dx[0], op->dx_add[0]);
        return;
    }
    kernel_grads(op, run, r->x_dropped, op->dx[0] ? r->x_dropped : NULL, false);
    if (op->dx[0])
        mn_each_sample(op, run, undrop_samples, r->steps * r->in);
}
