/* test_spec_refused.c - Keras model JSON that is refused: why, and at which place */
/* SPDX-License-Identifier: MIT */
#include "json.h"
#include "mn_check.h"
#include "mn_quoted.h"
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>

/* The text is refused with this status and a message that has both parts. */
static void refused(mirnet_status status, const char *text, const char *part, const char *other)
{
    mn_spec *spec;
    char *json = mn_quoted(text);
    mirnet_status got = mn_quoted_read(&spec, json);
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

int main(void)
{
    Suite *suite = suite_create("spec_refused");
    TCase *tc = tcase_create("spec_refused");
    tcase_add_test(tc, fields_that_change_the_result_are_named_with_their_place);
    tcase_add_test(tc, malformed_fields_are_named_with_their_place);
    tcase_add_test(tc, broken_graphs_are_refused);
    tcase_add_test(tc, places_inside_a_larger_document);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
