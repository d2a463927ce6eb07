/* test_passes.c - what the plan saves changes nothing: with each saving on and off, the same outputs and gradients */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"
#include "plan.h"

enum { BATCH = 5, NETS = 60 };

static int64_t draw(uint64_t *seed, int64_t low, int64_t high)
{
    int64_t n = low + (int64_t)mn_net_uniform(seed, 0, (double)(high - low + 1));
    return n > high ? high : n;
}

/* A stack of convolutions on a short sequence, with one of several ends. */
static void draw_net(uint64_t *seed, char *net, size_t size)
{
    static const char *const paddings[] = {"same", "valid", "same", "causal"};
    static const char *const functions[] = {"relu", "tanh", "linear", "elu"};
    static const char *const inputs[] = {"40, 3", "40, 4, 2", "1, 40, 4, 2"};
    static const char *const before[] = {
        "Conv1D: ", "Conv2D: ", "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {"};
    static const char *const after[] = {"", "", "}}"};
    static const char *const ends[][3] = {{"Flatten", "GlobalMaxPooling1D", "GlobalAveragePooling1D"},
                                          {"Flatten", "GlobalMaxPooling2D", "GlobalAveragePooling2D"},
                                          {"Flatten", "Flatten", "Flatten"}};
    const int64_t kind = draw(seed, 0, 2), layers = draw(seed, 1, 3);
    size_t at = (size_t)snprintf(net, size, "InputLayer: %s; ", inputs[kind]);
    for (int64_t i = 0; i < layers; i++) {
        const int64_t stride = draw(seed, 1, 3), dilation = stride == 1 ? draw(seed, 1, 2) : 1;
        const char *padding = paddings[draw(seed, 0, kind == 0 && stride == 1 ? 3 : 2)];
        char conv[300];
        if (kind == 0)
            snprintf(conv, sizeof(conv), "'filters': 5, 'kernel_size': %d, 'strides': %d, 'dilation_rate': %d, ",
                     (int)draw(seed, 1, 5), (int)stride, (int)dilation);
        else
            snprintf(conv, sizeof(conv), "'filters': 5, 'kernel_size': [%d, %d], 'strides': [%d, %d], ",
                     (int)draw(seed, 1, 5), (int)draw(seed, 1, 4), (int)stride, (int)draw(seed, 1, 2));
        const size_t used = strlen(conv);
        /* Wide enough for "valid" only in front. */
        snprintf(conv + used, sizeof(conv) - used, "'padding': '%s', 'activation': '%s'",
                 i > 0 && padding == paddings[1] ? "same" : padding, functions[draw(seed, 0, 3)]);
        at += (size_t)snprintf(net + at, size - at, "%s%s%s; ", before[kind], conv, after[kind]);
    }
    snprintf(net + at, size - at, "%s; Dense: 'units': 3, 'activation': 'softmax';", ends[kind][draw(seed, 0, 2)]);
}

/* Samples that end in zeros, of every length from none to all. */
static void fill_input(uint64_t *seed, const mirnet_model *model, float *x)
{
    const int64_t size = mirnet_model_get_size(model, 0);
    for (int64_t b = 0; b < BATCH; b++) {
        const int64_t length = b == 0 ? 0 : b == 1 ? size : draw(seed, 1, size);
        mn_net_fill(seed, x + b * size, length, -1, 1);
        memset(x + b * size + length, 0, (size_t)(size - length) * sizeof(*x));
    }
}

static mn_plan *run_plan(const mirnet_model *model, int passes, const float *x, const float *dy, float *grads)
{
    mn_plan *plan;
    mn_ok(mn_plan_create(&plan, model, BATCH + 1, MN_PLAN_WEIGHTS, passes, mn_kernels_get(), NULL));
    plan->run.weights = model->weights;
    plan->run.grads = grads;
    plan->run.batch = BATCH;
    plan->run.training = true;
    memcpy(mn_plan_input(plan, 0), x, (size_t)(BATCH * mirnet_model_get_size(model, 0)) * sizeof(*x));
    mn_plan_prepare(plan);
    mn_plan_forward(plan);
    memcpy(mn_plan_output_grad(plan), dy, (size_t)(BATCH * mirnet_model_get_size(model, -1)) * sizeof(*dy));
    mn_plan_backward(plan);
    return plan;
}

/* Forward to the bit: a copied row is the same sum. Gradients are summed in another order, so to rounding. */
static void compare(const char *net, int passes, uint64_t *seed)
{
    mirnet_model *model = mn_net_create(net);
    const size_t outputs = (size_t)(BATCH * mirnet_model_get_size(model, -1));
    float *x = mn_net_floats(BATCH * mirnet_model_get_size(model, 0)), *dy = mn_net_floats((int64_t)outputs);
    float *with = mn_net_floats((int64_t)model->size), *without = mn_net_floats((int64_t)model->size);
    mn_net_fill_weights(seed, model);
    fill_input(seed, model, x);
    mn_net_fill(seed, dy, (int64_t)outputs, -1, 1);
    mn_plan *a = run_plan(model, passes, x, dy, with), *b = run_plan(model, 0, x, dy, without);
    mn_same(net, mn_plan_output(a), mn_plan_output(b), outputs);
    for (int32_t i = 0; i < model->n_params; i++) {
        const mn_param *p = model->params[i];
        mn_close(p->name, with + p->offset, without + p->offset, p->size, 2e-5);
    }
    mn_plan_destroy(a);
    mn_plan_destroy(b);
    free(x);
    free(dy);
    free(with);
    free(without);
    mirnet_model_destroy(model);
}

START_TEST(blank_sharing_changes_nothing)
{
    char net[1500];
    uint64_t seed = mn_seed() + (uint64_t)_i;
    draw_net(&seed, net, sizeof(net));
    compare(net, MN_PASS_BLANK, &seed);
}
END_TEST

START_TEST(blank_sharing_in_the_papers_network)
{
    uint64_t seed = mn_seed();
    compare("InputLayer: 1, 164, 4, 1;"
            "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
            "'strides': 2,"
            " 'padding': 'same', 'activation': 'relu'}};"
            "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
            "'strides': 2,"
            " 'padding': 'same', 'activation': 'relu'}};"
            "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
            "'strides': 2,"
            " 'padding': 'same', 'activation': 'relu'}};"
            "TimeDistributed: 'layer': {'class_name': 'Flatten', 'config': {}};"
            "LSTM: 'units': 10; Dense: 'units': 2, 'activation': 'softmax';",
            MN_PASSES, &seed);
}
END_TEST

/* Several readers, an end in the middle, an input that is used twice. */
START_TEST(blank_sharing_stops_at_branches)
{
    uint64_t seed = mn_seed();
    compare(
        "i = InputLayer: 30, 4; a = Conv1D(i): 'filters': 6, 'kernel_size': 5, 'padding': 'same', 'activation': 'relu';"
        "b = Conv1D(i): 'filters': 6, 'kernel_size': 3, 'padding': 'same', 'activation': 'tanh';"
        "c = Conv1D(a): 'filters': 6, 'kernel_size': 3, 'padding': 'same'; d = Add(a, b, c);"
        "e = Conv1D(d): 'filters': 4, 'kernel_size': 4, 'strides': 2; GlobalMaxPooling1D(e);"
        "Dense: 'units': 3, 'activation': 'softmax';",
        MN_PASSES, &seed);
    compare("InputLayer: 30, 4; Conv1D: 'filters': 6, 'kernel_size': 5, 'padding': 'same', 'activation': 'relu';"
            "BatchNormalization; Conv1D: 'filters': 6, 'kernel_size': 3, 'strides': 2; Dropout: 'rate': 0.4; Flatten;"
            "Dense: 'units': 3, 'activation': 'softmax';",
            MN_PASSES, &seed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("passes");
    TCase *tc = tcase_create("blank");
    tcase_add_loop_test(tc, blank_sharing_changes_nothing, 0, NETS);
    tcase_add_test(tc, blank_sharing_in_the_papers_network);
    tcase_add_test(tc, blank_sharing_stops_at_branches);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
