/* test_spec_fields.c - the fields of layers in Keras model JSON: defaults, initializers, regularizers, activations */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"
#include "mn_quoted.h"
#include "spec.h"

#include <stdio.h>

/* One layer behind an input of this shape. The spec is the caller's. */
static mn_spec *spec_of_layer(const char *input, const char *class_name, const char *config)
{
    char text[4096];
    snprintf(text, sizeof(text),
             "{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'InputLayer', 'config': "
             "{'batch_input_shape': [null, %s]}}, {'class_name': '%s', 'config': {%s}}]}}",
             input, class_name, config);
    return mn_quoted_spec(text);
}

START_TEST(defaults_are_those_of_keras)
{
    mn_spec *spec = spec_of_layer("9, 3", "LSTM", "'units': 4, 'unit_forget_bias': null, 'activation': null");
    const mn_layer_spec *layer = &spec->layers[1];
    ck_assert(layer->activation == MN_TANH && layer->recurrent_activation == MN_SIGMOID && layer->unit_forget_bias);
    ck_assert(layer->use_bias && !layer->return_sequences && layer->trainable && layer->dropout == 0);
    ck_assert(layer->kernel_init.distribution == MN_UNIFORM && layer->kernel_init.mode == MN_FAN_AVG);
    ck_assert(layer->recurrent_init.kind == MN_INIT_ORTHOGONAL && layer->recurrent_init.a == 1);
    ck_assert(layer->bias_init.kind == MN_INIT_CONSTANT && layer->bias_init.a == 0);
    mn_spec_destroy(spec);
    spec = spec_of_layer("9, 3", "GRU", "'units': 4");
    ck_assert(spec->layers[1].reset_after && spec->layers[1].activation == MN_TANH);
    mn_spec_destroy(spec);
    spec = spec_of_layer("9, 3, 1", "MaxPooling2D", "");
    ck_assert(spec->layers[1].kernel[1] == 2 && spec->layers[1].strides[0] == 2 && spec->layers[1].padding == MN_VALID);
    mn_spec_destroy(spec);
    spec = spec_of_layer("9, 3", "AveragePooling1D", "'pool_size': 3, 'strides': null, 'padding': 'SAME'");
    ck_assert(spec->layers[1].kernel[0] == 3 && spec->layers[1].kernel[1] == 1 && spec->layers[1].strides[0] == 3);
    ck_assert(spec->layers[1].strides[1] == 1 && spec->layers[1].padding == MN_SAME);
    mn_spec_destroy(spec);
    spec = spec_of_layer("9, 3", "BatchNormalization", "");
    layer = &spec->layers[1];
    ck_assert(layer->momentum == 0.99 && layer->epsilon == 1e-3 && layer->center && layer->scale && layer->axis == -1);
    ck_assert(layer->kernel_init.a == 1 && layer->bias_init.a == 0 && layer->recurrent_init.a == 0 &&
              layer->recurrent_init.kind == MN_INIT_CONSTANT && layer->variance_init.a == 1);
    mn_spec_destroy(spec);
    spec = spec_of_layer("9", "Embedding", "'input_dim': 5, 'output_dim': 2, 'mask_zero': null");
    ck_assert(spec->layers[1].kernel_init.kind == MN_INIT_UNIFORM && spec->layers[1].kernel_init.a == -0.05);
    ck_assert(!spec->layers[1].mask_zero);
    mn_spec_destroy(spec);
    spec = spec_of_layer("9, 3", "Conv1D", "'filters': 2, 'kernel_size': 3, 'padding': 'causal', 'dilation_rate': 2");
    ck_assert(spec->layers[1].padding == MN_CAUSAL && spec->layers[1].dilation[0] == 2);
    ck_assert(spec->layers[1].activation == MN_LINEAR);
    mn_spec_destroy(spec);
    spec = spec_of_layer("9, 3", "BatchNormalization", "'axis': [2]");
    ck_assert_int_eq(spec->layers[1].axis, 2);
    mn_spec_destroy(spec);
}
END_TEST

START_TEST(wrappers_hold_their_layers)
{
    mn_spec *spec = spec_of_layer("3, 9, 3, 1", "TimeDistributed",
                                  "'layer': {'class_name': 'Conv2D', 'config': {'filters': 2, 'kernel_size': [3, 2]}}");
    const mn_layer_spec *inner = spec->layers[1].inner[0];
    ck_assert(inner->kind == MN_CONV2D && inner->kernel[0] == 3 && inner->kernel[1] == 2 && !spec->layers[1].inner[1]);
    ck_assert_str_eq(inner->name, "conv2d");
    mn_spec_destroy(spec);
    spec = spec_of_layer("9, 3", "Bidirectional",
                         "'merge_mode': 'ave', 'layer': {'class_name': 'GRU', 'config': {'units': 3, 'go_backwards': "
                         "true, 'return_sequences': true}}");
    const mn_layer_spec *both = &spec->layers[1];
    ck_assert(both->merge_mode == MN_MERGE_AVE && both->inner[0]->go_backwards && !both->inner[1]->go_backwards);
    ck_assert(both->inner[1]->units == 3 && both->inner[1]->return_sequences);
    mn_spec_destroy(spec);
}
END_TEST

static mn_initializer initializer_of(const char *json)
{
    char config[512];
    snprintf(config, sizeof(config), "'units': 1, 'kernel_initializer': %s", json);
    mn_spec *spec = spec_of_layer("3", "Dense", config);
    mn_initializer init = spec->layers[1].kernel_init;
    mn_spec_destroy(spec);
    return init;
}

START_TEST(initializers)
{
    static const struct {
        const char *json;
        mn_initializer init;
    } cases[] = {
        {"'zeros'", {.kind = MN_INIT_CONSTANT, .a = 0}},
        {"'Ones'", {.kind = MN_INIT_CONSTANT, .a = 1}},
        {"{'class_name': 'Constant', 'config': {'value': 0.1}}", {.kind = MN_INIT_CONSTANT, .a = 0.1}},
        {"'glorot_uniform'", {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_AVG, MN_UNIFORM}},
        {"'GlorotNormal'", {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_AVG, MN_TRUNCATED_NORMAL}},
        {"'he_uniform'", {MN_INIT_VARIANCE_SCALING, 2, 0, MN_FAN_IN, MN_UNIFORM}},
        {"'lecun_normal'", {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_IN, MN_TRUNCATED_NORMAL}},
        {"{'class_name': 'VarianceScaling', 'config': {'scale': 3, 'mode': 'fan_out', 'distribution': 'normal'}}",
         {MN_INIT_VARIANCE_SCALING, 3, 0, MN_FAN_OUT, MN_TRUNCATED_NORMAL}},
        {"{'class_name': 'VarianceScaling', 'config': {'distribution': 'untruncated_normal', 'dtype': 'float32'}}",
         {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_IN, MN_UNTRUNCATED_NORMAL}},
        {"{'class_name': 'RandomNormal', 'config': {'mean': 1, 'stddev': 0.5, 'seed': null}}",
         {.kind = MN_INIT_NORMAL, .a = 1, .b = 0.5}},
        {"{'class_name': 'TruncatedNormal', 'config': {}}", {.kind = MN_INIT_TRUNCATED_NORMAL, .a = 0, .b = 0.05}},
        {"{'class_name': 'RandomUniform', 'config': {'minval': -1, 'maxval': 2}}",
         {.kind = MN_INIT_UNIFORM, .a = -1, .b = 2}},
        {"{'class_name': 'OrthogonalInitializer', 'config': {'gain': 2}}", {.kind = MN_INIT_ORTHOGONAL, .a = 2}},
        {"{'module': 'keras.initializers', 'class_name': 'Orthogonal', 'config': {'gain': 1.5}, 'registered_name': "
         "null}",
         {.kind = MN_INIT_ORTHOGONAL, .a = 1.5}},
        {"'identity'", {.kind = MN_INIT_IDENTITY, .a = 1}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mn_initializer got = initializer_of(cases[i].json), want = cases[i].init;
        ck_assert_msg(got.kind == want.kind && got.a == want.a && got.b == want.b, "%s", cases[i].json);
        ck_assert_msg(got.mode == want.mode && got.distribution == want.distribution, "%s", cases[i].json);
    }
}
END_TEST

START_TEST(regularizers)
{
    static const struct {
        const char *json;
        double l1, l2;
    } cases[] = {
        {"null", 0, 0},
        {"'l2'", 0, 0.01},
        {"'l1'", 0.01, 0},
        {"'l1_l2'", 0.01, 0.01},
        {"{'class_name': 'L1', 'config': {'l1': 0.5}}", 0.5, 0},
        {"{'class_name': 'L2', 'config': {}}", 0, 0.01},
        {"{'class_name': 'L1L2', 'config': {'l1': 0, 'l2': 0.1}}", 0, 0.1},
        {"{'class_name': 'L1L2', 'config': {'l2': 1e-7}}", 0, 1e-7},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char config[256];
        snprintf(config, sizeof(config), "'units': 1, 'bias_regularizer': %s", cases[i].json);
        mn_spec *spec = spec_of_layer("3", "Dense", config);
        ck_assert_msg(spec->layers[1].bias_reg.l1 == cases[i].l1 && spec->layers[1].bias_reg.l2 == cases[i].l2, "%s",
                      cases[i].json);
        mn_spec_destroy(spec);
    }
}
END_TEST

START_TEST(activations)
{
    static const char *const words[MN_ACTIVATIONS] = {"linear",       "relu",  "elu",        "selu",    "sigmoid",
                                                      "hard_sigmoid", NULL,    "tanh",       "softmax", "softplus",
                                                      "softsign",     "relu6", "exponential"};
    for (int i = 0; i < MN_ACTIVATIONS; i++) {
        char config[64];
        if (!words[i])
            continue;
        snprintf(config, sizeof(config), "'activation': '%s'", words[i]);
        mn_spec *spec = spec_of_layer("3", "Activation", config);
        ck_assert_int_eq((int)spec->layers[1].activation, i);
        mn_spec_destroy(spec);
    }
    mn_spec *spec = spec_of_layer("3", "Activation", "'activation': {'class_name': 'HardSigmoid', 'config': {}}");
    ck_assert(spec->layers[1].activation == MN_HARD_SIGMOID);
    mn_spec_destroy(spec);
    spec = mn_quoted_spec("{'class_name': 'Sequential', 'keras_version': '3.4.1', 'config': {'layers': [{'class_name': "
                          "'Activation', 'config': {'activation': 'hard_sigmoid', 'batch_input_shape': [null, 2]}}]}}");
    ck_assert(spec->layers[1].activation == MN_HARD_SIGMOID3);
    mn_spec_destroy(spec);
}
END_TEST

START_TEST(a_frozen_model_freezes_its_layers)
{
    mn_spec *spec =
        mn_quoted_spec("{'class_name': 'Sequential', 'config': {'trainable': false, 'layers': [{'class_name': "
                       "'Dense', 'config': {'units': 2, 'trainable': true, 'input_shape': [3]}}]}}");
    ck_assert(!spec->layers[1].trainable);
    mn_spec_destroy(spec);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spec_fields");
    TCase *tc = tcase_create("spec_fields");
    tcase_add_test(tc, defaults_are_those_of_keras);
    tcase_add_test(tc, wrappers_hold_their_layers);
    tcase_add_test(tc, initializers);
    tcase_add_test(tc, regularizers);
    tcase_add_test(tc, activations);
    tcase_add_test(tc, a_frozen_model_freezes_its_layers);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
