/* test_random_nets.c - gradients of networks drawn at random, against finite differences */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mn_gradient.h"
#include "mn_net.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { TEXT = 4096 };

static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char *text, const char *format, ...)
{
    va_list args;
    size_t used = strlen(text);
    va_start(args, format);
    vsnprintf(text + used, TEXT - used, format, args);
    va_end(args);
}

static int pick(uint64_t *seed, int n)
{
    return (int)mn_net_uniform(seed, 0, n - 1e-3);
}

static const char *pick_word(uint64_t *seed, const char *const *words, int n)
{
    return words[pick(seed, n)];
}

/* Those without kinks, which test_gradients.c looks after. */
static const char *pick_activation(uint64_t *seed)
{
    static const char *const words[] = {"linear", "tanh", "sigmoid", "elu", "softsign", "softplus"};
    return pick_word(seed, words, COUNT(words));
}

/* A layer on (steps, channels); *steps is kept up to date where that is needed to stay above a window. */
static void append_sequence_layer(char *net, uint64_t *seed, int *steps)
{
    static const char *const modes[] = {"sum", "mul", "ave", "concat"};
    switch (pick(seed, 7)) {
    case 0:
        append(
            net,
            "Conv1D: 'filters': %d, 'kernel_size': %d, 'padding': 'causal', 'dilation_rate': %d, 'activation': '%s'; ",
            1 + pick(seed, 4), 1 + pick(seed, 4), 1 + pick(seed, 2), pick_activation(seed));
        break;
    case 1: {
        int stride = 1 + pick(seed, 2);
        append(net, "Conv1D: 'filters': %d, 'kernel_size': %d, 'padding': 'same', 'strides': %d, 'activation': '%s'; ",
               1 + pick(seed, 4), 1 + pick(seed, 5), stride, pick_activation(seed));
        *steps = (*steps + stride - 1) / stride;
        break;
    }
    case 2:
        append(net, "%s: 'units': %d, 'return_sequences': true, 'go_backwards': %s; ", pick(seed, 2) ? "LSTM" : "GRU",
               1 + pick(seed, 4), pick(seed, 2) ? "true" : "false");
        break;
    case 3:
        append(net,
               "Bidirectional: 'merge_mode': '%s', 'layer': {'class_name': 'LSTM', 'config': {'units': %d, "
               "'return_sequences': true}}; ",
               pick_word(seed, modes, COUNT(modes)), 1 + pick(seed, 3));
        break;
    case 4:
        append(net, "AveragePooling1D: 'pool_size': 2, 'padding': 'same'; ");
        *steps = (*steps + 1) / 2;
        break;
    case 5:
        append(net, "TimeDistributed: 'layer': {'class_name': 'Dense', 'config': {'units': %d, 'activation': '%s'}}; ",
               1 + pick(seed, 4), pick_activation(seed));
        break;
    default:
        append(net, "BatchNormalization; Dropout: 'rate': 0.25; ");
        break;
    }
}

static void append_image_layer(char *net, uint64_t *seed)
{
    if (pick(seed, 3) == 0)
        append(net, "AveragePooling2D: 'pool_size': [%d, %d], 'strides': [%d, 1], 'padding': 'same'; ",
               1 + pick(seed, 3), 1 + pick(seed, 2), 1 + pick(seed, 2));
    else
        append(net,
               "Conv2D: 'filters': %d, 'kernel_size': [%d, %d], 'strides': [%d, %d], 'padding': 'same', "
               "'use_bias': %s, 'activation': '%s'; ",
               1 + pick(seed, 4), 1 + pick(seed, 6), 1 + pick(seed, 4), 1 + pick(seed, 2), 1 + pick(seed, 2),
               pick(seed, 2) ? "true" : "false", pick_activation(seed));
}

START_TEST(gradients_of_random_networks)
{
    char net[TEXT] = "";
    uint64_t seed = mn_seed() * 1000 + (uint64_t)_i;
    int depth = 1 + pick(&seed, 3), training = pick(&seed, 2);
    if (pick(&seed, 3) > 0) {
        int steps = 1 + pick(&seed, 9);
        append(net, "InputLayer: %d, %d; ", steps, 1 + pick(&seed, 4));
        if (pick(&seed, 4) == 0)
            append(net, "MaxPooling1D: 'pool_size': 2, 'strides': 1, 'padding': 'same'; ");
        for (int i = 0; i < depth; i++)
            append_sequence_layer(net, &seed, &steps);
        if (pick(&seed, 2))
            append(net, "%s: 'units': %d; ", pick(&seed, 2) ? "LSTM" : "GRU", 1 + pick(&seed, 4));
    } else {
        append(net, "InputLayer: %d, %d, %d; ", 1 + pick(&seed, 8), 1 + pick(&seed, 4), 1 + pick(&seed, 2));
        if (pick(&seed, 4) == 0)
            append(net, "MaxPooling2D: 'pool_size': [2, 3], 'strides': [2, 1], 'padding': 'same'; ");
        for (int i = 0; i < depth; i++)
            append_image_layer(net, &seed);
        if (pick(&seed, 2))
            append(net, "GlobalAveragePooling2D; ");
    }
    append(net, "Flatten; Dense: 'units': %d, 'activation': 'softmax';", 2 + pick(&seed, 2));
    mn_gradient_check(net, 1 + pick(&seed, 4), MN_SPACED | (training ? MN_TRAINING : 0), seed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random nets");
    TCase *tcase = tcase_create("random nets");
    tcase_add_loop_test(tcase, gradients_of_random_networks, 0, 60);
    suite_add_tcase(suite, tcase);
    return mn_check_main(suite);
}
