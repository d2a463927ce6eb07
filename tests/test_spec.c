/* test_spec.c - Keras model JSON of all spellings: what it means */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"
#include "mn_quoted.h"
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>

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
        mn_ok(mn_quoted_read(&spec, text));
        ck_assert_int_eq(spec->n_inputs, 1);
        ck_assert_int_eq(spec->output, spec->n_nodes - 1);
        mn_spec_destroy(spec);
        free(text);
    }
}
END_TEST

START_TEST(keras2_sequential)
{
    mn_spec *spec = mn_quoted_spec(
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
    mn_spec *spec = mn_quoted_spec(
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
    mn_spec *spec = mn_quoted_spec(SHARED);
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
    mn_spec *spec = mn_quoted_spec(
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
    mn_spec *spec = mn_quoted_spec(
        "{'class_name': 'Model', 'config': {'layers': [{'class_name': 'InputLayer', 'config': {'shape': [7, 2]}},"
        "{'class_name': 'Flatten', 'inbound_nodes': [['input_1', 0, 0]]},"
        "{'class_name': 'Dense', 'config': {'units': 2}, 'inbound_nodes': [[['flatten', 0, 0]]]}]}}");
    ck_assert_str_eq(spec->name, "model");
    ck_assert_str_eq(spec->layers[2].name, "dense");
    ck_assert(spec->n_inputs == 1 && spec->output == 2);
    mn_spec_destroy(spec);
    /* The config of an old Sequential is the list. */
    spec = mn_quoted_spec("{'class_name': 'Sequential', 'config': [{'class_name': 'Dense', 'config': {'output_dim': 3, "
                          "'batch_input_shape': [32, 5]}}]}");
    ck_assert_int_eq(spec->layers[1].units, 3);
    ck_assert_str_eq(spec->layers[0].name, "dense_input");
    mn_spec_destroy(spec);
    /* The shape beside the layers. */
    spec = mn_quoted_spec(
        "{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Dense', 'config': {'units': 3}}]"
        ", 'build_input_shape': [null, 9]}}");
    ck_assert(spec->layers[0].kind == MN_INPUT_LAYER && spec->layers[0].input_shape.dim[0] == 9);
    mn_spec_destroy(spec);
    /* An Embedding's input_length; open dimensions. */
    spec = mn_quoted_spec("{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Embedding', 'config': "
                          "{'input_dim': 6, 'output_dim': 4, 'input_length': 9}}]}}");
    ck_assert(spec->layers[0].input_shape.rank == 1 && spec->layers[0].input_shape.dim[0] == 9);
    ck_assert(spec->layers[1].units == 4 && spec->layers[1].input_dim == 6);
    mn_spec_destroy(spec);
    spec = mn_quoted_spec(
        "{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'LSTM', 'config': {'units': 2, "
        "'batch_input_shape': [null, null, 4]}}]}}");
    ck_assert(spec->layers[0].input_shape.dim[0] == -1 && spec->layers[0].input_shape.dim[1] == 4);
    mn_spec_destroy(spec);
}
END_TEST

START_TEST(missing_names_are_those_of_keras)
{
    mn_spec *spec =
        mn_quoted_spec("{'class_name': 'Sequential', 'config': {'layers': ["
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
    mn_ok(mn_quoted_read(&spec, text));
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
    tcase_add_test(tc, long_chains_in_any_order_are_sorted);
    tcase_add_test(tc, shapes);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
