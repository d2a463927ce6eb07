/* test_spec.c - Keras model JSON of all spellings: what it means, and what is refused with which place */
/* SPDX-License-Identifier: MIT */
#include "json.h"
#include "mn_check.h"
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>

static mirnet_status create(mn_spec **out, const char *text)
{
    json_t *json = NULL;
    *out = NULL;
    mirnet_status status = mn_json_read(&json, text, strlen(text), "m.json");
    if (!status)
        status = mn_spec_create(out, json, text, strlen(text), "", "m.json");
    json_decref(json);
    return status;
}

/* Texts are written with ' for ". */
static char *quoted(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    ck_assert_ptr_nonnull(copy);
    strcpy(copy, text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

static mn_spec *spec_of(const char *text)
{
    mn_spec *spec;
    char *json = quoted(text);
    mn_ok(create(&spec, json));
    free(json);
    return spec;
}

/* One layer behind an input of this shape. The spec is the caller's. */
static mn_spec *spec_of_layer(const char *input, const char *class_name, const char *config)
{
    char text[4096];
    snprintf(text, sizeof(text),
             "{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'InputLayer', 'config': "
             "{'batch_input_shape': [null, %s]}}, {'class_name': '%s', 'config': {%s}}]}}",
             input, class_name, config);
    return spec_of(text);
}

/* The text is refused with this status and a message that has both parts. */
static void refused(mirnet_status status, const char *text, const char *part, const char *other)
{
    mn_spec *spec;
    char *json = quoted(text);
    mirnet_status got = create(&spec, json);
    ck_assert_msg(got == status, "%s gave %s (%s), not %s", text, mirnet_status_name(got), mirnet_last_message(),
                  mirnet_status_name(status));
    ck_assert_ptr_null(spec);
    ck_assert_msg(strstr(mirnet_last_message(), part) && strstr(mirnet_last_message(), other),
                  "%s gave \"%s\" without \"%s\" or \"%s\"", text, mirnet_last_message(), part, other);
    ck_assert_msg(strncmp(mirnet_last_message(), "m.json:", 7) == 0, "no place: %s", mirnet_last_message());
    free(json);
}

/* A layer called x in line 3 whose config stands in line 4. */
static void refused_layer(mirnet_status status, const char *class_name, const char *config, const char *part)
{
    char text[4096];
    snprintf(text, sizeof(text),
             "{'class_name': 'Sequential', 'config': {'layers': [\n{'class_name': 'InputLayer', 'config': "
             "{'batch_input_shape': [null, 12, 4]}},\n{'class_name': '%s', 'config': {'name': 'x'%s\n%s}}]}}",
             class_name, *config ? "," : "", config);
    refused(status, text, "layer 'x", part);
}

/* ---- golden and hand-written documents ---- */

START_TEST(golden_models_are_accepted)
{
    static const char *const names[] = {
        "act_hardsigmoid",     "act_relu6",        "batchnorm_infer",  "bilstm_ave",           "bilstm_concat",
        "conv1d_same_s2",      "conv2d_valid_s3",  "embedding_lstm",   "functional_attention", "functional_concat",
        "functional_residual", "l2_regularized",   "lstm_backwards",   "masking_lstm",         "paper_cnn_lstm",
        "pool_avg2d_same",     "pool_globalavg2d", "pool_max1d_valid", "reshape_permute",      "timedist_conv_lstm",
        "timedist_dense"};
    if (!mn_golden_path("."))
        mn_skip("the golden vectors are not there");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/model.json", names[i]);
        char *text = mn_read(mn_golden_path(path), NULL);
        mn_spec *spec;
        mn_ok(create(&spec, text));
        ck_assert_int_eq(spec->n_inputs, 1);
        ck_assert_int_eq(spec->output, spec->n_nodes - 1);
        mn_spec_destroy(spec);
        free(text);
    }
}
END_TEST

START_TEST(keras2_sequential)
{
    mn_spec *spec = spec_of(
        "{'class_name': 'Sequential', 'config': {'name': 'seq', 'layers': ["
        "{'class_name': 'InputLayer', 'config': {'batch_input_shape': [null, 20, 4], 'dtype': 'float32', 'sparse': "
        "false, 'ragged': false, 'name': 'conv1d_input'}},"
        "{'class_name': 'Conv1D', 'config': {'name': 'conv1d', 'trainable': true, 'batch_input_shape': [null, 20, 4], "
        "'dtype': 'float32', 'filters': 8, 'kernel_size': [5], 'strides': [2], 'padding': 'same', 'data_format': "
        "'channels_last', 'dilation_rate': [1], 'groups': 1, 'activation': 'relu', 'use_bias': false, "
        "'kernel_initializer': {'class_name': 'HeNormal', 'config': {'seed': 7}}, 'bias_initializer': {'class_name': "
        "'Zeros', 'config': {}}, 'kernel_regularizer': {'class_name': 'L2', 'config': {'l2': 0.009999999776482582}}, "
        "'bias_regularizer': null, 'activity_regularizer': null, 'kernel_constraint': null, 'bias_constraint': null}},"
        "{'class_name': 'GRU', 'config': {'name': 'gru', 'trainable': false, 'dtype': 'float32', 'return_sequences': "
        "false, 'return_state': false, 'go_backwards': true, 'stateful': false, 'unroll': false, 'time_major': false, "
        "'units': 6, 'activation': 'tanh', 'recurrent_activation': 'hard_sigmoid', 'use_bias': true, "
        "'kernel_initializer': 'glorot_uniform', 'recurrent_initializer': {'class_name': 'Orthogonal', 'config': "
        "{'gain': 2.0, 'seed': null}}, 'dropout': 0.2, 'recurrent_dropout': 0.25, 'implementation': 2, 'reset_after': "
        "false}},"
        "{'class_name': 'Dense', 'config': {'name': 'dense', 'units': 2, 'activation': 'softmax'}}]}, 'keras_version': "
        "'2.4.0', 'backend': 'tensorflow'}");
    ck_assert_str_eq(spec->name, "seq");
    ck_assert_int_eq(spec->n_layers, 4);
    ck_assert_int_eq(spec->n_nodes, 4);
    const mn_layer_spec *conv = &spec->layers[1], *gru = &spec->layers[2];
    ck_assert_str_eq(spec->layers[0].name, "conv1d_input");
    ck_assert(spec->layers[0].input_shape.rank == 2 && spec->layers[0].input_shape.dim[0] == 20);
    ck_assert(conv->kind == MN_CONV1D && conv->units == 8 && conv->kernel[0] == 5 && conv->kernel[1] == 1);
    ck_assert(conv->strides[0] == 2 && conv->strides[1] == 1 && conv->padding == MN_SAME && !conv->use_bias);
    ck_assert(conv->activation == MN_RELU && conv->trainable && conv->has_input_shape);
    ck_assert(conv->kernel_init.kind == MN_INIT_VARIANCE_SCALING && conv->kernel_init.a == 2);
    ck_assert(conv->kernel_init.mode == MN_FAN_IN && conv->kernel_init.distribution == MN_TRUNCATED_NORMAL);
    ck_assert(conv->kernel_reg.l2 == 0.009999999776482582 && conv->kernel_reg.l1 == 0);
    ck_assert(gru->kind == MN_GRU && !gru->trainable && gru->go_backwards && !gru->reset_after);
    ck_assert(gru->recurrent_activation == MN_HARD_SIGMOID && gru->recurrent_init.a == 2);
    ck_assert(gru->dropout == 0.2 && gru->recurrent_dropout == 0.25);
    ck_assert(spec->nodes[3].n_inputs == 1 && spec->nodes[3].inputs[0] == 2);
    mn_spec_destroy(spec);
}
END_TEST

/* What Keras 3 writes for Sequential([Input((8, 4)), Bidirectional(LSTM(3, ...), merge_mode='sum'), Dense(2)]). */
START_TEST(keras3_sequential)
{
    mn_spec *spec = spec_of(
        "{'module': 'keras', 'class_name': 'Sequential', 'config': {'name': 'sequential', 'trainable': true, 'dtype': "
        "{'module': 'keras', 'class_name': 'DTypePolicy', 'config': {'name': 'float32'}, 'registered_name': null}, "
        "'layers': [{'module': 'keras.layers', 'class_name': 'InputLayer', 'config': {'batch_shape': [null, 8, 4], "
        "'dtype': 'float32', 'sparse': false, 'ragged': false, 'name': 'input_layer'}, 'registered_name': null}, "
        "{'module': 'keras.layers', 'class_name': 'Bidirectional', 'config': {'name': 'bidirectional', 'trainable': "
        "true, 'dtype': {'module': 'keras', 'class_name': 'DTypePolicy', 'config': {'name': 'float32'}, "
        "'registered_name': null}, 'merge_mode': 'sum', 'layer': {'module': 'keras.layers', 'class_name': 'LSTM', "
        "'config': {'name': 'forward_lstm', 'units': 3, 'recurrent_activation': 'hard_sigmoid', 'use_bias': true, "
        "'kernel_initializer': {'module': 'keras.initializers', 'class_name': 'GlorotUniform', 'config': {'seed': null}"
        ", 'registered_name': null}, 'seed': null, 'zero_output_for_mask': true}, 'registered_name': null}, "
        "'backward_layer': {'module': 'keras.layers', 'class_name': 'LSTM', 'config': {'name': 'backward_lstm', "
        "'units': 3, 'recurrent_activation': 'hard_sigmoid', 'go_backwards': true}, 'registered_name': null}}, "
        "'registered_name': null, 'build_config': {'input_shape': [null, 8, 4]}}, {'module': 'keras.layers', "
        "'class_name': 'Dense', 'config': {'name': 'dense', 'units': 2, 'activation': {'module': 'keras.activations', "
        "'class_name': 'function', 'config': 'softmax', 'registered_name': 'softmax'}, 'quantization_config': null}, "
        "'registered_name': null}], 'build_input_shape': [null, 8, 4]}, 'registered_name': null, 'build_config': "
        "{'input_shape': [null, 8, 4]}, 'compile_config': {'optimizer': 'adam'}}");
    const mn_layer_spec *both = &spec->layers[1];
    ck_assert_int_eq(spec->n_layers, 3);
    ck_assert(both->kind == MN_BIDIRECTIONAL && both->merge_mode == MN_MERGE_SUM);
    ck_assert(both->inner[0]->recurrent_activation == MN_HARD_SIGMOID3 && !both->inner[0]->go_backwards);
    ck_assert(both->inner[1]->recurrent_activation == MN_HARD_SIGMOID3 && both->inner[1]->go_backwards);
    ck_assert(spec->layers[2].activation == MN_SOFTMAX);
    mn_spec_destroy(spec);
}
END_TEST

/* Two inputs, a shared layer, a merge; layers stand in an order that is not that of computation. */
#define SHARED                                                                                                        \
    "{'class_name': 'Functional', 'config': {'name': 'two', 'layers': ["                                              \
    "{'class_name': 'Dense', 'config': {'name': 'out', 'units': 2}, 'name': 'out', 'inbound_nodes': [[['cat', 0, 0, " \
    "{}]]]},"                                                                                                         \
    "{'class_name': 'InputLayer', 'config': {'batch_input_shape': [null, 5], 'name': 'a'}, 'name': 'a', "             \
    "'inbound_nodes': []},"                                                                                           \
    "{'class_name': 'InputLayer', 'config': {'batch_input_shape': [null, 5], 'name': 'b'}, 'name': 'b', "             \
    "'inbound_nodes': []},"                                                                                           \
    "{'class_name': 'Concatenate', 'config': {'name': 'cat', 'axis': 1}, 'name': 'cat', 'inbound_nodes': [[['h', 1, " \
    "0, {}], ['h', 0, 0, {}], ['a', 0, 0, {}]]]},"                                                                    \
    "{'class_name': 'Dense', 'config': {'name': 'h', 'units': 3}, 'name': 'h', 'inbound_nodes': [[['a', 0, 0, {}]], " \
    "[['b', 0, 0, {'training': null}]]]}"                                                                             \
    "], 'input_layers': [['b', 0, 0], ['a', 0, 0]], 'output_layers': [['out', 0, 0]]}}"

START_TEST(keras2_functional_with_shared_layer)
{
    mn_spec *spec = spec_of(SHARED);
    ck_assert_int_eq(spec->n_layers, 5);
    ck_assert_int_eq(spec->n_nodes, 6);
    static const char *const order[] = {"a", "b", "h", "h", "cat", "out"};
    for (int i = 0; i < 6; i++)
        ck_assert_str_eq(spec->layers[spec->nodes[i].layer].name, order[i]);
    ck_assert(spec->n_inputs == 2 && spec->inputs[0] == 1 && spec->inputs[1] == 0 && spec->output == 5);
    const mn_spec_node *cat = &spec->nodes[4];
    ck_assert(cat->n_inputs == 3 && cat->inputs[0] == 3 && cat->inputs[1] == 2 && cat->inputs[2] == 0);
    ck_assert(spec->nodes[2].inputs[0] == 0 && spec->nodes[3].inputs[0] == 1);
    ck_assert_int_eq(spec->layers[3].axis, 1);
    mn_spec_destroy(spec);
}
END_TEST

#define TENSOR(name)                                                                                             \
    "{'class_name': '__keras_tensor__', 'config': {'shape': [null, 6, 4], 'dtype': 'float32', 'keras_history': " \
    "['" name "', 0, 0]}}"

START_TEST(keras3_functional)
{
    mn_spec *spec = spec_of(
        "{'module': 'keras.src.models.functional', 'class_name': 'Functional', 'config': {'name': 'functional', "
        "'trainable': true, 'layers': [{'module': 'keras.layers', 'class_name': 'InputLayer', 'config': {'batch_shape':"
        " [null, 6, 4], 'dtype': 'float32', 'sparse': false, 'ragged': false, 'optional': false, 'name': 'x'}, "
        "'registered_name': null, 'name': 'x', 'inbound_nodes': []}, {'module': 'keras.layers', 'class_name': "
        "'Dropout', 'config': {'name': 'drop', 'trainable': true, 'rate': 0.5, 'seed': 3, 'noise_shape': null}, "
        "'registered_name': null, 'build_config': {'input_shape': [null, 6, 4]}, 'name': 'drop', 'inbound_nodes': "
        "[{'args': [" TENSOR("x") "], 'kwargs': {'training': false}}]}, {'module': 'keras.layers', 'class_name': 'Add',"
                                  " 'config': {'name': 'add', 'dtype': 'float32'}, 'registered_name': null, 'name': "
                                  "'add', 'inbound_nodes': "
                                  "[{'args': [[" TENSOR("x") ", " TENSOR(
                                      "drop") "]], 'kwargs': {}}]}, {'module': 'keras.layers', 'class_name': "
                                              "'Activation', 'config': {'name': 'act', 'activation': 'hard_sigmoid'}, "
                                              "'registered_name': null, 'name': "
                                              "'act', 'inbound_nodes': [{'args': [" TENSOR(
                                                  "add") "], 'kwargs': {'mask': null}}]}], 'input_layers': "
                                                         "['x', 0, 0], 'output_layers': [['act', 0, 0]]}, "
                                                         "'registered_name': 'Functional'}");
    ck_assert_int_eq(spec->n_nodes, 4);
    ck_assert(spec->nodes[2].n_inputs == 2 && spec->nodes[2].inputs[0] == 0 && spec->nodes[2].inputs[1] == 1);
    ck_assert(spec->layers[3].activation == MN_HARD_SIGMOID3);
    ck_assert(spec->n_inputs == 1 && spec->output == 3);
    mn_spec_destroy(spec);
}
END_TEST

START_TEST(short_hand_written_forms)
{
    /* No names, no input_layers, no output_layers. */
    mn_spec *spec = spec_of(
        "{'class_name': 'Model', 'config': {'layers': [{'class_name': 'InputLayer', 'config': {'shape': [7, 2]}},"
        "{'class_name': 'Flatten', 'inbound_nodes': [['input_1', 0, 0]]},"
        "{'class_name': 'Dense', 'config': {'units': 2}, 'inbound_nodes': [[['flatten', 0, 0]]]}]}}");
    ck_assert_str_eq(spec->name, "model");
    ck_assert_str_eq(spec->layers[2].name, "dense");
    ck_assert(spec->n_inputs == 1 && spec->output == 2);
    mn_spec_destroy(spec);
    /* The config of an old Sequential is the list. */
    spec = spec_of("{'class_name': 'Sequential', 'config': [{'class_name': 'Dense', 'config': {'output_dim': 3, "
                   "'batch_input_shape': [32, 5]}}]}");
    ck_assert_int_eq(spec->layers[1].units, 3);
    ck_assert_str_eq(spec->layers[0].name, "dense_input");
    mn_spec_destroy(spec);
    /* The shape beside the layers. */
    spec = spec_of("{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Dense', 'config': {'units': 3}}]"
                   ", 'build_input_shape': [null, 9]}}");
    ck_assert(spec->layers[0].kind == MN_INPUT_LAYER && spec->layers[0].input_shape.dim[0] == 9);
    mn_spec_destroy(spec);
    /* An Embedding's input_length; open dimensions. */
    spec = spec_of("{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Embedding', 'config': "
                   "{'input_dim': 6, 'output_dim': 4, 'input_length': 9}}]}}");
    ck_assert(spec->layers[0].input_shape.rank == 1 && spec->layers[0].input_shape.dim[0] == 9);
    ck_assert(spec->layers[1].units == 4 && spec->layers[1].input_dim == 6);
    mn_spec_destroy(spec);
    spec = spec_of("{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'LSTM', 'config': {'units': 2, "
                   "'batch_input_shape': [null, null, 4]}}]}}");
    ck_assert(spec->layers[0].input_shape.dim[0] == -1 && spec->layers[0].input_shape.dim[1] == 4);
    mn_spec_destroy(spec);
}
END_TEST

START_TEST(missing_names_are_those_of_keras)
{
    mn_spec *spec = spec_of("{'class_name': 'Sequential', 'config': {'layers': ["
                            "{'class_name': 'Conv2D', 'config': {'filters': 1, 'kernel_size': 1, 'input_shape': [4, 4, "
                            "1]}}, {'class_name': 'MaxPooling2D'}, {'class_name': 'Conv2D', 'config': {'filters': 1, "
                            "'kernel_size': 1}}, {'class_name': 'GlobalAveragePooling2D'}, {'class_name': 'Dense', "
                            "'config': {'units': 1, 'name': 'dense_1'}}, {'class_name': 'Dense', 'config': {'units': "
                            "1}}, {'class_name': 'Dense', 'config': {'units': 1}}]}}");
    static const char *const names[] = {
        "conv2d_input", "conv2d", "max_pooling2d", "conv2d_1", "global_average_pooling2d",
        "dense_1",      "dense",  "dense_2"};
    for (int i = 0; i < 8; i++)
        ck_assert_str_eq(spec->layers[i].name, names[i]);
    ck_assert_str_eq(spec->name, "sequential");
    mn_spec_destroy(spec);
}
END_TEST

/* ---- fields ---- */

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
    spec = spec_of("{'class_name': 'Sequential', 'keras_version': '3.4.1', 'config': {'layers': [{'class_name': "
                   "'Activation', 'config': {'activation': 'hard_sigmoid', 'batch_input_shape': [null, 2]}}]}}");
    ck_assert(spec->layers[1].activation == MN_HARD_SIGMOID3);
    mn_spec_destroy(spec);
}
END_TEST

START_TEST(a_frozen_model_freezes_its_layers)
{
    mn_spec *spec = spec_of("{'class_name': 'Sequential', 'config': {'trainable': false, 'layers': [{'class_name': "
                            "'Dense', 'config': {'units': 2, 'trainable': true, 'input_shape': [3]}}]}}");
    ck_assert(!spec->layers[1].trainable);
    mn_spec_destroy(spec);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(fields_that_change_the_result_are_named_with_their_place)
{
    static const struct {
        const char *class_name, *config, *field;
    } cases[] = {
        {"Conv1D", "'filters': 2, 'kernel_size': 3, 'data_format': 'channels_first'", "m.json:4:48"},
        {"Conv1D", "'filters': 2, 'kernel_size': 3, 'data_format': 'channels_first'", "field 'data_format'"},
        {"Conv1D", "'filters': 2, 'kernel_size': 3, 'groups': 2", "field 'groups'"},
        {"Conv1D", "'filters': 2, 'kernel_size': 3, 'strides': 2, 'dilation_rate': 2", "dilation_rate"},
        {"Conv1D", "'filters': 2, 'kernel_size': 3, 'padding': 'full'", "field 'padding'"},
        {"Conv2D", "'filters': 2, 'kernel_size': 3, 'padding': 'causal'", "field 'padding'"},
        {"LSTM", "'units': 2, 'stateful': true", "field 'stateful'"},
        {"LSTM", "'units': 2, 'return_state': true", "field 'return_state'"},
        {"LSTM", "'units': 2, 'time_major': true", "field 'time_major'"},
        {"LSTM", "'units': 2, 'zero_output_for_mask': true", "field 'zero_output_for_mask'"},
        {"Dense", "'units': 2, 'activity_regularizer': 'l2'", "field 'activity_regularizer'"},
        {"Dense", "'units': 2, 'kernel_constraint': {'class_name': 'MaxNorm', 'config': {}}", "'kernel_constraint'"},
        {"Dense", "'units': 2, 'dtype': 'float64'", "field 'dtype'"},
        {"Dense", "'units': 2, 'dtype': {'class_name': 'DTypePolicy', 'config': {'name': 'mixed_float16'}}", "'dtype'"},
        {"Dense", "'units': 2, 'activation': 'gelu'", "field 'activation'"},
        {"Dense", "'units': 2, 'activation': {'class_name': 'LeakyReLU', 'config': {'alpha': 0.1}}", "'activation"},
        {"Dense", "'units': 2, 'kernel_initializer': 'magic'", "field 'kernel_initializer'"},
        {"Dense", "'units': 2, 'kernel_regularizer': 'magic'", "field 'kernel_regularizer'"},
        {"Dense", "'units': 2, 'unit': 3", "field 'unit'"},
        {"Dropout", "'rate': 0.5, 'noise_shape': [null, 1]", "field 'noise_shape'"},
        {"GlobalMaxPooling1D", "'keepdims': true", "field 'keepdims'"},
        {"BatchNormalization", "'renorm': true", "field 'renorm'"},
        {"BatchNormalization", "'axis': -2", "field 'axis'"},
        {"Bidirectional", "'merge_mode': null, 'layer': {'class_name': 'LSTM', 'config': {'units': 2}}", "merge_mode"},
        {"Bidirectional", "'layer': {'class_name': 'Dense', 'config': {'units': 2}}", "Dense inside Bidirectional"},
        {"TimeDistributed", "'layer': {'class_name': 'TimeDistributed', 'config': {}}", "TimeDistributed inside"},
        {"TimeDistributed", "'layer': {'class_name': 'Add', 'config': {}}", "Add inside"},
        {"TimeDistributed", "'layer': {'class_name': 'Dense', 'config': {'units': 2, 'dtype': 'float16'}}", "x/dense"},
        {"TimeDistributed", "'layer': {'class_name': 'Sequential', 'config': {'layers': []}}", "a model as a layer"},
        {"Lambda", "'function': 'abc'", "Lambda"},
        {"Sequential", "'layers': []", "a model as a layer"},
        {"Attention", "", "layer class 'Attention'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused_layer(MIRNET_ERR_UNSUPPORTED, cases[i].class_name, cases[i].config, cases[i].field);
}
END_TEST

START_TEST(malformed_fields_are_named_with_their_place)
{
    static const struct {
        const char *class_name, *config, *part;
    } cases[] = {
        {"Dense", "'units': 2.5", "m.json:4:10"},
        {"Dense", "'units': 2.5", "field 'units': expected an integer from 1 to 1073741824, not 2.5"},
        {"Dense", "'units': 0", "field 'units'"},
        {"Dense", "'units': -3", "field 'units'"},
        {"Dense", "'units': 4294967298", "field 'units'"},
        {"Dense", "'units': 1e300", "field 'units'"},
        {"Dense", "'units': '2'", "not \"2\""},
        {"Dense", "'units': true", "not true"},
        {"Dense", "'units': [2]", "not [2]"},
        {"Dense", "'units': null", "Dense needs field 'units'"},
        {"Dense", "'use_bias': true", "Dense needs field 'units'"},
        {"Dense", "'units': 2, 'use_bias': 1", "field 'use_bias'"},
        {"Dense", "'units': 2, 'output_dim': 2", "stands for 'units'"},
        {"Dense", "'units': 2, 'batch_input_shape': [null]", "field 'batch_input_shape'"},
        {"Dense", "'units': 2, 'batch_input_shape': [null, 0]", "field 'batch_input_shape/1'"},
        {"Dense", "'units': 2, 'batch_input_shape': [null, 40000, 40000]", "field 'batch_input_shape'"},
        {"Dense", "'units': 2, 'batch_input_shape': [null, 1, 1, 1, 1, 1, 1, 1, 1, 1]", "'batch_input_shape'"},
        {"Dense", "'units': 2, 'kernel_initializer': {'class_name': 'RandomNormal', 'config': {'mean': 'x'}}",
         "field 'kernel_initializer/config/mean'"},
        {"Dense", "'units': 2, 'kernel_initializer': {'class_name': 'Zeros', 'config': {'value': 1}}",
         "field 'kernel_initializer/config/value': unknown key"},
        {"Dense", "'units': 2, 'kernel_initializer': {'class_name': 'RandomUniform', 'config': {'minval': 1}}",
         "minval is above maxval"},
        {"Dense", "'units': 2, 'kernel_regularizer': {'class_name': 'L2', 'config': {'l2': -1}}", "config/l2'"},
        {"Dense", "'units': 2, 'kernel_regularizer': 3", "field 'kernel_regularizer'"},
        {"Dropout", "'rate': 1", "field 'rate'"},
        {"Dropout", "'rate': -0.1", "field 'rate'"},
        {"Dropout", "", "Dropout needs field 'rate'"},
        {"Activation", "", "Activation needs field 'activation'"},
        {"Conv2D", "'filters': 2, 'kernel_size': [3]", "field 'kernel_size'"},
        {"Conv1D", "'filters': 2, 'kernel_size': [3, 3]", "field 'kernel_size'"},
        {"Conv1D", "'filters': 2, 'kernel_size': [0]", "field 'kernel_size/0'"},
        {"Reshape", "'target_shape': [-1, -1]", "field 'target_shape'"},
        {"Reshape", "'target_shape': []", "field 'target_shape'"},
        {"Reshape", "'target_shape': [-2]", "field 'target_shape/0'"},
        {"Permute", "'dims': [2, 2]", "field 'dims'"},
        {"Permute", "'dims': [0, 1]", "field 'dims/0'"},
        {"Permute", "'dims': [1, 3]", "field 'dims'"},
        {"Bidirectional",
         "'layer': {'class_name': 'LSTM', 'config': {'units': 2}}, 'backward_layer': {'class_name': "
         "'LSTM', 'config': {'units': 2}}",
         "field 'backward_layer'"},
        {"Bidirectional", "'merge_mode': 'max', 'layer': {'class_name': 'LSTM', 'config': {'units': 2}}", "merge_mode"},
        {"Bidirectional", "", "Bidirectional needs field 'layer'"},
        {"TimeDistributed", "'layer': {'class_name': 'Dense', 'config': {'units': 0}}", "layer 'x/dense'"},
        {"TimeDistributed", "'layer': 7", "field 'layer'"},
        {"InputLayer", "'batch_input_shape': [null, 2]", "not the first layer"},
        {"Add", "", "several inputs"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused_layer(MIRNET_ERR_FORMAT, cases[i].class_name, cases[i].config, cases[i].part);
}
END_TEST

#define INPUT "{'class_name': 'InputLayer', 'config': {'batch_input_shape': [null, 3], 'name': 'a'}}"
#define MODEL(layers) "{'class_name': 'Model', 'config': {'layers': [" layers "]}}"
#define DENSE(name, inbound) \
    "{'class_name': 'Dense', 'config': {'name': '" name "', 'units': 3}, 'inbound_nodes': " inbound "}"

START_TEST(broken_graphs_are_refused)
{
    static const struct {
        mirnet_status status;
        const char *text, *part, *other;
    } cases[] = {
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "[[['b', 0, 0, {}]]]")), "no layer 'b'", "layer 'd'"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "[[['a', 1, 0, {}]]]")), "1 calls", "layer 'd'"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "[[['a', 0, 1, {}]]]")), "from 0 to 0", "inbound_nodes/0/0/2"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "[[['a', -1, 0, {}]]]")), "layer 'd'", "inbound_nodes/0/0/1"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "[]")), "not connected", "layer 'd'"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "7")), "expected a list", "layer 'd'"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "[[['a', 0, 0], ['a', 0, 0]]]")), "2 inputs", "expected 1"},
        {MIRNET_ERR_UNSUPPORTED, MODEL(INPUT ", " DENSE("d", "[[['a', 0, 0, {'training': true}]]]")), "training",
         "'d'"},
        {MIRNET_ERR_UNSUPPORTED, MODEL(INPUT ", " DENSE("d", "[{'args': [1.5], 'kwargs': {}}]")), "", "layer 'd'"},
        {MIRNET_ERR_UNSUPPORTED, MODEL(INPUT ", " DENSE("d", "[{'args': [], 'kwargs': {}}]")), "0 arguments", "'d'"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "[[['e', 0, 0]]]") ", " DENSE("e", "[[['d', 0, 0]]]")),
         "its own output", "layer '"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("d", "[[['d', 0, 0]]]")), "its own output", "layer 'd'"},
        {MIRNET_ERR_UNSUPPORTED, MODEL(INPUT ", " DENSE("d", "[[['a', 0, 0]]]") ", " DENSE("e", "[[['a', 0, 0]]]")),
         "2 outputs", ""},
        {MIRNET_ERR_FORMAT,
         MODEL(INPUT ", {'class_name': 'Add', 'config': {'name': 's'}, 'inbound_nodes': [[['a', 0, "
                     "0]]]}"),
         "Add is called on 1 inputs", "layer 's'"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " INPUT), "two layers", "layer 'a'"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("", "[[['a', 0, 0]]]")), "empty", "'/'"},
        {MIRNET_ERR_FORMAT, MODEL(INPUT ", " DENSE("b/c", "[[['a', 0, 0]]]")), "layer 'b/c'", "'/'"},
        {MIRNET_ERR_FORMAT,
         "{'class_name': 'Model', 'config': {'layers': [" INPUT
         ", " DENSE("d", "[[['a', 0, 0]]]") ", " DENSE("e", "[[['a', 0, 0]]]") "], 'output_layers': [['d', 0, 0]]}}",
         "does not depend", "layer 'e'"},
        {MIRNET_ERR_FORMAT,
         "{'class_name': 'Model', 'config': {'layers': [" INPUT
         ", " DENSE("d", "[[['a', 0, 0]]]") ", {'class_name': 'InputLayer', 'config': {'batch_shape': [null, 2], "
                                            "'name': 'z'}}], 'output_layers': "
                                            "['d', 0, 0]}}",
         "does not depend", "layer 'z'"},
        {MIRNET_ERR_FORMAT,
         "{'class_name': 'Model', 'config': {'layers': [" INPUT
         ", " DENSE("d", "[[['a', 0, 0]]]") "], 'input_layers': [['d', 0, 0]]}}",
         "not an InputLayer", "config/input_layers"},
        {MIRNET_ERR_FORMAT,
         "{'class_name': 'Model', 'config': {'layers': [" INPUT
         ", " DENSE("d", "[[['a', 0, 0]]]") "], 'input_layers': [['a', 0, 0], ['a', 0, 0]]}}",
         "there twice", "config/input_layers"},
        {MIRNET_ERR_UNSUPPORTED,
         "{'class_name': 'Model', 'config': {'layers': [" INPUT
         ", " DENSE("d", "[[['a', 0, 0]]]") "], 'output_layers': [['d', 0, 0], ['a', 0, 0]]}}",
         "2 outputs", "config"},
        {MIRNET_ERR_FORMAT, MODEL(""), "0 layers", "config/layers"},
        {MIRNET_ERR_FORMAT,
         "{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Dense', 'config': "
         "{'units': 2, 'name': 'q'}}]}}",
         "batch_input_shape", "layer 'q'"},
        {MIRNET_ERR_FORMAT, "{'class_name': 'Sequential', 'config': {'layers': [], 'layer': 1}}", "unknown key",
         "config/layer"},
        {MIRNET_ERR_FORMAT, "{'class_name': 'Sequential', 'confg': {}}", "unknown key", "'confg'"},
        {MIRNET_ERR_FORMAT, "{'class_name': 'Sequential'}", "'config'", "expected an object"},
        {MIRNET_ERR_UNSUPPORTED, "{'class_name': 'MyModel', 'config': {}}", "MyModel", "class_name"},
        {MIRNET_ERR_FORMAT, "[]", "expected an object", ""},
        {MIRNET_ERR_FORMAT, "{'class_name': 'Sequential', 'config': {'layers': [7]}}", "config/layers/0", ""},
        {MIRNET_ERR_FORMAT, "{'class_name': 'Sequential', 'config': {'layers': [{'config': {}}]}}", "class_name", ""},
        {MIRNET_ERR_FORMAT,
         "{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Dense', 'name': 'p', "
         "'config': {'name': 'q', 'units': 1}}]}}",
         "also called 'p'", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(cases[i].status, cases[i].text, cases[i].part, cases[i].other);
}
END_TEST

START_TEST(places_inside_a_larger_document)
{
    const char *text = "{\"model\":\n {\"class_name\": \"Sequential\", \"config\": {\"layers\": [\n"
                       "  {\"class_name\": \"Dense\", \"config\": {\"units\": \"x\"}}]}}}";
    json_t *json = NULL;
    mn_spec *spec = NULL;
    mn_ok(mn_json_read(&json, text, strlen(text), "r.json"));
    mn_fails(MIRNET_ERR_FORMAT,
             mn_spec_create(&spec, json_object_get(json, "model"), text, strlen(text), "model", "r.json"));
    ck_assert_str_eq(mirnet_last_message(), "r.json:3:47: layer 'dense': field 'units': expected an integer from 1 to "
                                            "1073741824, not \"x\"");
    json_decref(json);
}
END_TEST

START_TEST(long_chains_in_any_order_are_sorted)
{
    enum { N = 1500 };
    size_t room = N * 160 + 1000, used = 0;
    char *text = malloc(room);
    ck_assert_ptr_nonnull(text);
    used += (size_t)snprintf(text, room, "{\"class_name\": \"Model\", \"config\": {\"layers\": [");
    for (int i = N; i >= 1; i--)
        used += (size_t)snprintf(text + used, room - used,
                                 "{\"class_name\": \"Flatten\", \"name\": \"l%d\", \"inbound_nodes\": [[[\"l%d\", 0, "
                                 "0, {}]]]}, ",
                                 i, i - 1);
    snprintf(text + used, room - used,
             "{\"class_name\": \"InputLayer\", \"name\": \"l0\", \"config\": {\"shape\": [2]}}]}}");
    mn_spec *spec;
    mn_ok(create(&spec, text));
    ck_assert_int_eq(spec->n_nodes, N + 1);
    for (int i = 1; i <= N; i++)
        ck_assert_int_eq(spec->nodes[i].inputs[0], i - 1);
    mn_spec_destroy(spec);
    free(text);
}
END_TEST

START_TEST(shapes)
{
    mn_shape shape = {.rank = 3, .dim = {164, 4, 1}}, other = shape;
    char text[96];
    ck_assert_int_eq(mn_shape_size(&shape), 656);
    ck_assert_str_eq(mn_shape_text(&shape, text), "(164, 4, 1)");
    ck_assert(mn_shape_equal(&shape, &other));
    other.dim[2] = 2;
    ck_assert(!mn_shape_equal(&shape, &other));
    other = (mn_shape){.rank = 0};
    ck_assert_int_eq(mn_shape_size(&other), 1);
    ck_assert_str_eq(mn_shape_text(&other, text), "()");
    other = (mn_shape){.rank = 2, .dim = {-1, 4}};
    ck_assert_str_eq(mn_shape_text(&other, text), "(None, 4)");
    other.rank = MN_MAX_RANK;
    for (int i = 0; i < MN_MAX_RANK; i++)
        other.dim[i] = MN_MAX_SIZE;
    ck_assert_uint_lt(strlen(mn_shape_text(&other, text)), 96);
    for (int i = 0; i < MN_LAYER_KINDS; i++)
        ck_assert_ptr_nonnull(mn_layer_kind_name((mn_layer_kind)i));
    ck_assert_str_eq(mn_layer_kind_name(MN_GLOBAL_AVERAGE_POOLING2D), "GlobalAveragePooling2D");
    mn_spec_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spec");
    TCase *tc = tcase_create("spec");
    tcase_add_test(tc, golden_models_are_accepted);
    tcase_add_test(tc, keras2_sequential);
    tcase_add_test(tc, keras3_sequential);
    tcase_add_test(tc, keras2_functional_with_shared_layer);
    tcase_add_test(tc, keras3_functional);
    tcase_add_test(tc, short_hand_written_forms);
    tcase_add_test(tc, missing_names_are_those_of_keras);
    tcase_add_test(tc, defaults_are_those_of_keras);
    tcase_add_test(tc, wrappers_hold_their_layers);
    tcase_add_test(tc, initializers);
    tcase_add_test(tc, regularizers);
    tcase_add_test(tc, activations);
    tcase_add_test(tc, a_frozen_model_freezes_its_layers);
    tcase_add_test(tc, fields_that_change_the_result_are_named_with_their_place);
    tcase_add_test(tc, malformed_fields_are_named_with_their_place);
    tcase_add_test(tc, broken_graphs_are_refused);
    tcase_add_test(tc, places_inside_a_larger_document);
    tcase_add_test(tc, long_chains_in_any_order_are_sorted);
    tcase_add_test(tc, shapes);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
