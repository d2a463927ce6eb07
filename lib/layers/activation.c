/* activation.c - activation functions, and the Activation layer */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>

#include "layers/classes.h"

/* Floats of a part. */
enum { CHUNK = 8192 };

/* Of selu (Klambauer et al. 2017). */
static const float selu_alpha = 1.6732632423543772f, selu_scale = 1.0507009873554805f;

/* A NaN stays one: it must reach the loss, where it is noticed. */
static float cut(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static float apply(mn_activation f, float x)
{
    switch (f) {
    case MN_ELU: return x > 0 ? x : expm1f(x);
    case MN_SELU: return selu_scale * (x > 0 ? x : selu_alpha * expm1f(x));
    case MN_HARD_SIGMOID: return cut(0.2f * x + 0.5f, 0, 1);
    case MN_HARD_SIGMOID3: return cut(x / 6.0f + 0.5f, 0, 1);
    case MN_SOFTPLUS: return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
    case MN_SOFTSIGN: return x / (1.0f + fabsf(x));
    case MN_RELU6: return cut(x, 0, 6);
    default: return x;
    }
}

/* f'(x) told from y = f(x): each of these functions can be, for its derivative is a function of its value. */
static float slope(mn_activation f, float y)
{
    switch (f) {
    case MN_ELU: return y > 0 ? 1.0f : y + 1.0f;
    case MN_SELU: return y > 0 ? selu_scale : y + selu_scale * selu_alpha;
    case MN_HARD_SIGMOID: return y > 0 && y < 1 ? 0.2f : 0.0f;
    case MN_HARD_SIGMOID3: return y > 0 && y < 1 ? 1.0f / 6.0f : 0.0f;
    case MN_SOFTPLUS: return -expm1f(-y);                             /* sigmoid(x) = 1 - e^-y */
    case MN_SOFTSIGN: return (1.0f - fabsf(y)) * (1.0f - fabsf(y));   /* 1 / (1 + |x|)^2 */
    case MN_RELU6: return y > 0 && y < 6 ? 1.0f : 0.0f;
    case MN_EXPONENTIAL: return y;
    default: return 1.0f;
    }
}

/* y_i = e^(x_i - max x) / sum over j of e^(x_j - max x) */
static void softmax(const mn_kernels *kernels, float *y, const float *x, int64_t rows, int64_t cols)
{
    for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
        float top = x[0], sum = 0;
        for (int64_t i = 1; i < cols; i++)
            top = x[i] > top ? x[i] : top;
        for (int64_t i = 0; i < cols; i++)
            y[i] = x[i] - top;
        kernels->exp(y, y, cols);
        for (int64_t i = 0; i < cols; i++)
            sum += y[i];
        for (int64_t i = 0; i < cols; i++)
            y[i] /= sum;
    }
}

/* dx_i = y_i (d_i - sum over j of d_j y_j) */
static void softmax_back(float *d, const float *y, int64_t rows, int64_t cols)
{
    for (int64_t r = 0; r < rows; r++, d += cols, y += cols) {
        float dot = 0;
        for (int64_t i = 0; i < cols; i++)
            dot += d[i] * y[i];
        for (int64_t i = 0; i < cols; i++)
            d[i] = y[i] * (d[i] - dot);
    }
}

void mn_activate_part(const mn_kernels *kernels, mn_activation f, float *y, const float *x, int64_t rows, int64_t cols)
{
    const int64_t n = rows * cols;
    switch (f) {
    case MN_RELU: kernels->relu(y, x, n); break;
    case MN_SIGMOID: kernels->sigmoid(y, x, n); break;
    case MN_TANH: kernels->tanh(y, x, n); break;
    case MN_EXPONENTIAL: kernels->exp(y, x, n); break;
    case MN_SOFTMAX: softmax(kernels, y, x, rows, cols); break;
    case MN_LINEAR:
        if (y != x)
            memcpy(y, x, (size_t)n * sizeof(float));
        break;
    default:
        for (int64_t i = 0; i < n; i++)
            y[i] = apply(f, x[i]);
    }
}

void mn_activate_back_part(const mn_kernels *kernels, mn_activation f, float *d, const float *y, int64_t rows,
                           int64_t cols)
{
    const int64_t n = rows * cols;
    switch (f) {
    case MN_LINEAR: break;
    case MN_RELU: kernels->relu_back(d, y, n); break;
    case MN_SIGMOID: kernels->sigmoid_back(d, y, n); break;
    case MN_TANH: kernels->tanh_back(d, y, n); break;
    case MN_SOFTMAX: softmax_back(d, y, rows, cols); break;
    default:
        for (int64_t i = 0; i < n; i++)
            d[i] *= slope(f, y[i]);
    }
}

typedef struct activate_job {
    const mn_kernels *kernels;
    mn_activation f;
    float *to;         /* y forward, d backward */
    const float *from; /* x forward, y backward */
    int64_t rows, cols, per_part;
    bool back;
} activate_job;

static void activate_part(void *context, int64_t part, int32_t worker)
{
    const activate_job *job = context;
    const int64_t row = part * job->per_part, rows = mn_min(job->per_part, job->rows - row), at = row * job->cols;
    (void)worker;
    if (job->back)
        mn_activate_back_part(job->kernels, job->f, job->to + at, job->from + at, rows, job->cols);
    else
        mn_activate_part(job->kernels, job->f, job->to + at, job->from + at, rows, job->cols);
}

static void run_job(const mn_run *run, activate_job job)
{
    if (job.rows == 0 || job.cols == 0)
        return;
    job.per_part = mn_max(1, CHUNK / job.cols);
    mn_parallel(run, activate_part, &job, mn_ceil_div(job.rows, job.per_part));
}

void mn_activate(const mn_run *run, mn_activation f, float *y, const float *x, int64_t rows, int64_t cols)
{
    if (f != MN_LINEAR || x != y)
        run_job(run, (activate_job){run->kernels, f, y, x, rows, cols, 0, false});
}

void mn_activate_back(const mn_run *run, mn_activation f, float *d, const float *y, int64_t rows, int64_t cols)
{
    if (f != MN_LINEAR)
        run_job(run, (activate_job){run->kernels, f, d, y, rows, cols, 0, true});
}

/* -- The layer ----------------------------------------------------------------------------------------------------- */

static mirnet_status build(mn_layer *layer)
{
    layer->out = layer->in[0];
    layer->masks = layer->masked;
    return MIRNET_OK;
}

static int64_t last_axis(const mn_layer *layer)
{
    return layer->out.rank ? layer->out.dim[layer->out.rank - 1] : 1;
}

static void forward(mn_op *op, const mn_run *run)
{
    const int64_t n = run->batch * mn_out_size(op), cols = last_axis(op->layer);
    mn_activate(run, op->layer->spec->activation, op->y, op->x[0], n / cols, cols);
    if (op->mask_out)
        memcpy(op->mask_out, op->mask[0], (size_t)(run->batch * op->layer->in[0].dim[0]));
}

static void backward(mn_op *op, const mn_run *run)
{
    const int64_t n = run->batch * mn_out_size(op), cols = last_axis(op->layer);
    if (!op->dx[0])
        return;
    if (!op->skip_activation)
        mn_activate_back(run, op->layer->spec->activation, op->dy, op->y, n / cols, cols);
    if (op->dx_add[0])
        run->kernels->add(op->dx[0], op->dy, n);
    else
        memcpy(op->dx[0], op->dy, (size_t)n * sizeof(float));
}

const mn_layer_class mn_activation_layer = {
    .build = build,
    .forward = forward,
    .backward = backward,
    .fuses_softmax = true,
};
