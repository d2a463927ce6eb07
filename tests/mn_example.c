/* mn_example.c - networks drawn at random, numbers to put into them, and plans that are run on them */
/* SPDX-License-Identifier: MIT */
#include "mn_example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mn_check.h"
#include "mn_net.h"

enum { BATCH = MN_EXAMPLE_BATCH };

int64_t mn_example_draw(uint64_t *seed, int64_t low, int64_t high)
{
    int64_t n = low + (int64_t)mn_net_uniform(seed, 0, (double)(high - low + 1));
    return n > high ? high : n;
}

/* -- Networks ------------------------------------------------------------------------------------------------------ */

static const char *draw_function(uint64_t *seed, mn_numbers numbers)
{
    static const char *const functions[] = {"relu", "linear", "tanh", "elu"};
    return functions[mn_example_draw(seed, 0, numbers == MN_WHOLE ? 1 : 3)];
}

/* Of a convolution; `flat`: in one dimension. Only the first one is surely long enough for "valid". */
static const char *draw_padding(uint64_t *seed, bool flat, int64_t stride, bool first)
{
    static const char *const paddings[] = {"same", "valid", "same", "causal"};
    const char *padding = paddings[mn_example_draw(seed, 0, flat && stride == 1 ? 3 : 2)];
    return !first && padding == paddings[1] ? "same" : padding;
}

/* What stands behind the value that is flat now. A whole number behind a sum stays one without softmax. */
static const char *draw_head(uint64_t *seed, mn_numbers numbers)
{
    static const char *const heads[][2] = {
        {"Dense: 'units': 3, 'activation': 'softmax';",
         "Dense: 'units': 7, 'activation': 'relu'; Dense: 'units': 3, 'activation': 'softmax';"},
        {"Dense: 'units': 3;", "Dense: 'units': 7, 'activation': 'relu'; Dense: 'units': 3;"}};
    return heads[numbers == MN_WHOLE][mn_example_draw(seed, 0, 1)];
}

/* The config of a convolution, with kernels of up to `rows` rows. */
static void draw_conv(uint64_t *seed, char *conv, size_t size, bool flat, int64_t rows, bool first, mn_numbers numbers)
{
    const int64_t stride = mn_example_draw(seed, 1, 3), dilation = stride == 1 ? mn_example_draw(seed, 1, 2) : 1;
    const char *padding = draw_padding(seed, flat, stride, first), *function = draw_function(seed, numbers);
    const int64_t kernel = mn_example_draw(seed, 1, rows);
    size_t at;
    if (flat)
        at = (size_t)snprintf(conv, size, "'kernel_size': %d, 'strides': %d, 'dilation_rate': %d, ", (int)kernel,
                              (int)stride, (int)dilation);
    else
        at = (size_t)snprintf(conv, size, "'kernel_size': [%d, %d], 'strides': [%d, %d], ", (int)kernel,
                              (int)mn_example_draw(seed, 1, 4), (int)stride, (int)mn_example_draw(seed, 1, 2));
    snprintf(conv + at, size - at, "'filters': 5, 'padding': '%s', 'activation': '%s'", padding, function);
}

void mn_example_draw_net(uint64_t *seed, char net[MN_EXAMPLE_TEXT], mn_numbers numbers)
{
    static const char *const inputs[] = {"40, 3", "40, 4, 2", "1, 40, 4, 2"};
    static const char *const before[] = {
        "Conv1D: ", "Conv2D: ", "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {"};
    static const char *const after[] = {"", "", "}}"};
    static const char *const ends[][3] = {{"Flatten", "GlobalMaxPooling1D", "GlobalAveragePooling1D"},
                                          {"Flatten", "GlobalMaxPooling2D", "GlobalAveragePooling2D"},
                                          {"Flatten", "Flatten", "Flatten"}};
    const int64_t kind = mn_example_draw(seed, 0, 2), layers = mn_example_draw(seed, 1, 3);
    size_t at = (size_t)snprintf(net, MN_EXAMPLE_TEXT, "InputLayer: %s; ", inputs[kind]);
    for (int64_t i = 0; i < layers; i++) {
        char conv[300];
        draw_conv(seed, conv, sizeof(conv), kind == 0, 5, i == 0, numbers);
        at += (size_t)snprintf(net + at, MN_EXAMPLE_TEXT - at, "%s%s%s; ", before[kind], conv, after[kind]);
    }
    const char *end = ends[kind][mn_example_draw(seed, 0, numbers == MN_WHOLE ? 1 : 2)];
    snprintf(net + at, MN_EXAMPLE_TEXT - at, "%s; %s", end, draw_head(seed, numbers));
}

void mn_example_draw_letters_net(uint64_t *seed, char net[MN_EXAMPLE_TEXT], mn_numbers numbers)
{
    static const char *const ends[][4] = {{"Flatten; ", "GlobalMaxPooling1D; ", "GlobalAveragePooling1D; ", "GRU: 'units': 4; "},
                                          {"Flatten; ", "GlobalMaxPooling2D; ", "GlobalAveragePooling2D; ",
                                           "Reshape: 'target_shape': [1, -1]; LSTM: 'units': 5; "}};
    const bool flat = mn_example_draw(seed, 0, 1) == 0;
    const int64_t layers = mn_example_draw(seed, 1, 3);
    size_t at = (size_t)snprintf(net, MN_EXAMPLE_TEXT, "InputLayer: %s; ", flat ? "40, 4" : "40, 4, 1");
    for (int64_t i = 0; i < layers; i++) {
        char conv[300];
        draw_conv(seed, conv, sizeof(conv), flat, 6, i == 0, numbers);
        at += (size_t)snprintf(net + at, MN_EXAMPLE_TEXT - at, "%s: %s; ", flat ? "Conv1D" : "Conv2D", conv);
    }
    if (mn_example_draw(seed, 0, 1) == 0) {
        const char *kind = mn_example_draw(seed, 0, 1) || numbers == MN_WHOLE ? "Max" : "Average";
        at += (size_t)snprintf(net + at, MN_EXAMPLE_TEXT - at, "%sPooling%s: 'pool_size': 2, 'strides': %d, 'padding': 'same'; ",
                               kind, flat ? "1D" : "2D", (int)mn_example_draw(seed, 1, 2));
    }
    const char *end = ends[flat ? 0 : 1][mn_example_draw(seed, 0, numbers == MN_WHOLE ? 1 : 3)];
    snprintf(net + at, MN_EXAMPLE_TEXT - at, "%s%s", end, draw_head(seed, numbers));
}

/* -- Numbers ------------------------------------------------------------------------------------------------------- */

/* -1, 0 or 1, one in so many of them not 0. */
static void fill_whole(uint64_t *seed, float *values, int64_t n, int64_t one_in)
{
    for (int64_t i = 0; i < n; i++)
        values[i] = mn_example_draw(seed, 1, one_in) == 1 ? (float)(2 * mn_example_draw(seed, 0, 1) - 1) : 0.0f;
}

void mn_example_fill_weights(uint64_t *seed, mirnet_model *model, mn_numbers numbers)
{
    for (int32_t i = 0; i < model->n_params; i++) {
        const mn_param *p = model->params[i];
        const bool kernel = strstr(p->name, "kernel") != NULL;
        const int64_t n = (int64_t)p->size, met = kernel ? n / p->shape.dim[p->shape.rank - 1] : 1;
        const double limit = kernel ? sqrt(3.0 / (double)met) : 0.7;
        float *values = mn_net_floats(n);
        if (numbers == MN_WHOLE)
            fill_whole(seed, values, n, met > 24 ? 4 : 2);
        else if (strstr(p->name, "moving_variance"))
            mn_net_fill(seed, values, n, 0.5, 1.5);
        else
            mn_net_fill(seed, values, n, -limit, limit);
        mn_ok(mirnet_model_set_weight(model, p->name, values, n));
        free(values);
    }
}

void mn_example_fill_letters(uint64_t *seed, const mirnet_model *model, float *x, int64_t row)
{
    const int64_t size = mirnet_model_get_size(model, 0), rows = size / row;
    memset(x, 0, (size_t)(BATCH * size) * sizeof(*x));
    for (int64_t b = 0; b < BATCH; b++) {
        const int64_t length = b == 0 ? 0 : b == 1 ? rows : mn_example_draw(seed, 1, rows);
        for (int64_t i = 0; i < length; i++) {
            const int64_t letter = mn_example_draw(seed, 0, row + row / 4);
            if (letter < row)
                x[b * size + i * row + letter] = 1;
        }
        if (b == BATCH - 1)
            x[b * size + (length - 1) * row] = 0.5f;
    }
}

/* Samples that end in zeros, of every length from none to all. */
static void fill_input(uint64_t *seed, const mirnet_model *model, float *x, mn_numbers numbers)
{
    const int64_t size = mirnet_model_get_size(model, 0);
    for (int64_t b = 0; b < BATCH; b++) {
        const int64_t length = b == 0 ? 0 : b == 1 ? size : mn_example_draw(seed, 1, size);
        if (numbers == MN_WHOLE)
            fill_whole(seed, x + b * size, length, 2);
        else
            mn_net_fill(seed, x + b * size, length, -1, 1);
        memset(x + b * size + length, 0, (size_t)(size - length) * sizeof(*x));
    }
}

mn_example mn_example_create(const char *net, int64_t row, mn_numbers numbers, uint64_t *seed)
{
    mn_example e = {.model = mn_net_create(net)};
    e.outputs = (size_t)(BATCH * mirnet_model_get_size(e.model, -1));
    e.x = mn_net_floats(BATCH * mirnet_model_get_size(e.model, 0));
    e.dy = mn_net_floats((int64_t)e.outputs);
    e.grads = mn_net_floats((int64_t)e.model->size);
    e.plain_grads = mn_net_floats((int64_t)e.model->size);
    mn_example_fill_weights(seed, e.model, numbers);
    if (row > 0)
        mn_example_fill_letters(seed, e.model, e.x, row);
    else
        fill_input(seed, e.model, e.x, numbers);
    if (numbers == MN_WHOLE)
        fill_whole(seed, e.dy, (int64_t)e.outputs, 2);
    else
        mn_net_fill(seed, e.dy, (int64_t)e.outputs, -1, 1);
    return e;
}

void mn_example_destroy(mn_example *e)
{
    mirnet_model_destroy(e->model);
    free(e->x);
    free(e->dy);
    free(e->grads);
    free(e->plain_grads);
}

/* -- Plans --------------------------------------------------------------------------------------------------------- */

mn_plan *mn_example_run(const mn_example *e, mn_plan_use use, int passes, float *grads)
{
    mn_plan *plan;
    mn_ok(mn_plan_create(&plan, e->model, BATCH + 1, use, passes, mn_kernels_get(), NULL));
    plan->run.weights = e->model->weights;
    plan->run.grads = grads;
    plan->run.batch = BATCH;
    plan->run.training = use != MN_PLAN_FORWARD;
    memcpy(mn_plan_input(plan, 0), e->x, (size_t)(BATCH * mirnet_model_get_size(e->model, 0)) * sizeof(*e->x));
    mn_plan_prepare(plan);
    mn_plan_forward(plan);
    if (use == MN_PLAN_FORWARD)
        return plan;
    memcpy(mn_plan_output_grad(plan), e->dy, e->outputs * sizeof(*e->dy));
    mn_plan_backward(plan);
    return plan;
}

/* As far as rounding may move a value of this op: 32 units in the last place of the largest one. */
static float margin_of(const float *y, int64_t n)
{
    float largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fabsf(y[i]) > largest ? fabsf(y[i]) : largest;
    return largest * 0x1p-19f;
}

/* A value that a ReLU has let through, just so. */
static bool near_zero(const mn_op *op)
{
    const int64_t n = BATCH * mn_out_size(op);
    const float margin = margin_of(op->y, n);
    for (int64_t i = 0; i < n; i++)
        if (op->y[i] > 0 && op->y[i] < margin)
            return true;
    return false;
}

/* Somewhere in the channel of a maximum, a value that differs from it, but hardly. */
static bool near_tie(const mn_op *op)
{
    const int64_t in = mn_in_size(op, 0), out = mn_out_size(op), channels = op->layer->out.dim[op->layer->out.rank - 1];
    const float margin = margin_of(op->y, BATCH * out);
    for (int64_t i = 0; i < BATCH * out; i++) {
        const float *x = op->x[0] + i / out * in + i % channels;
        for (int64_t j = 0; j < in; j += channels)
            if (x[j] != op->y[i] && fabsf(x[j] - op->y[i]) < margin)
                return true;
    }
    return false;
}

bool mn_example_near_kink(const mn_plan *plan)
{
    for (int32_t i = 0; i < plan->model->n_nodes; i++) {
        const mn_op *op = &plan->ops[i];
        const mn_layer *layer = op->layer->inner[0] ? op->layer->inner[0] : op->layer;
        const mn_layer_kind kind = layer->spec->kind;
        if (layer->spec->activation == MN_RELU && near_zero(op))
            return true;
        if ((kind == MN_MAX_POOLING1D || kind == MN_MAX_POOLING2D || kind == MN_GLOBAL_MAX_POOLING1D ||
             kind == MN_GLOBAL_MAX_POOLING2D) && near_tie(op))
            return true;
    }
    return false;
}
