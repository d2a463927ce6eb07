/* test_model.c - a network as a whole: shapes, names, weights, copies */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>

#include "mn_net.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static int64_t count_values(const mirnet_model *model, const char *name)
{
    int64_t dims[8], n = 1;
    int32_t rank;
    mn_ok(mirnet_model_get_weight_shape(model, name, dims, &rank));
    for (int32_t d = 0; d < rank; d++)
        n *= dims[d];
    return n;
}

/* Table 3 of Tasdelen & Sen (2021), but for two misprints there: 42 rows behind the second convolution and 512
 * parameters of the last layer. */
START_TEST(the_network_of_the_paper_has_its_shapes_and_parameters)
{
    static const struct {
        const char *class_name;
        int64_t dims[4], parameters;
        int32_t rank;
    } rows[] = {
        {"TimeDistributed", {1, 82, 2, 128}, 3200, 4},
        {"TimeDistributed", {1, 41, 1, 128}, 393344, 4},
        {"TimeDistributed", {1, 21, 1, 128}, 393344, 4},
        {"TimeDistributed", {1, 2688}, 0, 2},
        {"LSTM", {100}, 1115600, 1},
        {"Dense", {256}, 25856, 1},
        {"Dropout", {256}, 0, 1},
        {"Dense", {2}, 514, 1},
    };
    mirnet_model *model = mn_net_create_builtin("tasdelen2021");
    int32_t first = mirnet_model_layer_count(model) - COUNT(rows);
    ck_assert_int_ge(first, 0);
    for (int32_t i = 0; i < first; i++)
        ck_assert_str_eq(mirnet_model_get_layer_class(model, i), "InputLayer");
    for (int32_t i = 0; i < COUNT(rows); i++) {
        int64_t dims[8];
        int32_t rank;
        ck_assert_str_eq(mirnet_model_get_layer_class(model, first + i), rows[i].class_name);
        mn_ok(mirnet_model_get_layer_shape(model, first + i, dims, &rank));
        ck_assert_int_eq(rank, rows[i].rank);
        for (int32_t d = 0; d < rank; d++)
            ck_assert_int_eq(dims[d], rows[i].dims[d]);
        ck_assert_int_eq(mirnet_model_parameter_count(model, first + i), rows[i].parameters);
    }
    ck_assert_int_eq(mirnet_model_parameter_count(model, -1), 1931858);
    ck_assert_int_eq(mirnet_model_get_size(model, 0), 164 * 4);
    ck_assert_int_eq(mirnet_model_get_size(model, -1), 2);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(the_summary_shows_each_layer_and_the_total)
{
    mirnet_model *model = mn_net_create_builtin("tasdelen2021");
    const char *summary = mirnet_model_get_summary(model);
    static const char *const words[] = {"3200",    "393344",     "1115600",        "25856",      "514",
                                        "1931858", "82, 2, 128", "41, 1, 128",     "21, 1, 128", "2688",
                                        "lstm",    "dense_1",    "TimeDistributed"};
    ck_assert_ptr_nonnull(summary);
    /* Thousands may be marked. */
    char *plain = malloc(strlen(summary) + 1), *to = plain;
    ck_assert_ptr_nonnull(plain);
    for (const char *c = summary; *c; c++)
        if (*c != ',' || c[1] == ' ')
            *to++ = *c;
    *to = '\0';
    for (int i = 0; i < COUNT(words); i++)
        ck_assert_msg(strstr(plain, words[i]) != NULL, "%s is not in\n%s", words[i], summary);
    free(plain);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(every_builtin_recipe_makes_a_network_of_two_outputs)
{
    for (int32_t i = 0; i < mirnet_recipe_builtin_count(); i++) {
        mirnet_model *model = mn_net_create_builtin(mirnet_recipe_builtin_name(i));
        ck_assert_int_eq(mirnet_model_get_size(model, -1), 2);
        mirnet_model_destroy(model);
    }
}
END_TEST

START_TEST(weights_have_the_names_order_and_shapes_of_keras)
{
    static const struct {
        const char *name;
        int32_t rank;
        int64_t dims[4];
    } wanted[] = {
        {"c/kernel", 4, {3, 2, 1, 4}},
        {"c/bias", 1, {4}},
        {"n/gamma", 1, {4}},
        {"n/beta", 1, {4}},
        {"n/moving_mean", 1, {4}},
        {"n/moving_variance", 1, {4}},
        {"t/kernel", 2, {4, 3}},
        {"t/bias", 1, {3}},
        {"l/kernel", 2, {15, 8}},
        {"l/recurrent_kernel", 2, {2, 8}},
        {"l/bias", 1, {8}},
        {"g/kernel", 2, {2, 9}},
        {"g/recurrent_kernel", 2, {3, 9}},
        {"g/bias", 2, {2, 9}},
        {"h/kernel", 2, {3, 6}},
        {"h/recurrent_kernel", 2, {2, 6}},
        {"h/bias", 1, {6}},
        {"b/forward/kernel", 2, {2, 4}},
        {"b/forward/recurrent_kernel", 2, {1, 4}},
        {"b/forward/bias", 1, {4}},
        {"b/backward/kernel", 2, {2, 4}},
        {"b/backward/recurrent_kernel", 2, {1, 4}},
        {"b/backward/bias", 1, {4}},
        {"d/kernel", 2, {2, 2}},
    };
    mirnet_model *model =
        mn_net_create("InputLayer: 6, 5, 1; c = Conv2D: 'filters': 4, 'kernel_size': [3, 2], 'padding': 'same'; n = "
                      "BatchNormalization; "
                      "t = TimeDistributed: 'layer': {'class_name': 'Dense', 'config': {'units': 3}}; r = Reshape: "
                      "'target_shape': [6, 15]; "
                      "l = LSTM: 'units': 2, 'return_sequences': true; g = GRU: 'units': 3, 'return_sequences': true; "
                      "h = GRU: 'units': 2, 'reset_after': false, 'return_sequences': true; "
                      "b = Bidirectional: 'layer': {'class_name': 'LSTM', 'config': {'units': 1}}; "
                      "d = Dense: 'units': 2, 'use_bias': false, 'activation': 'softmax';");
    int64_t total = 0;
    ck_assert_int_eq(mirnet_model_weight_count(model), COUNT(wanted));
    for (int32_t i = 0; i < COUNT(wanted); i++) {
        int64_t dims[8];
        int32_t rank;
        ck_assert_str_eq(mirnet_model_get_weight_name(model, i), wanted[i].name);
        mn_ok(mirnet_model_get_weight_shape(model, wanted[i].name, dims, &rank));
        ck_assert_int_eq(rank, wanted[i].rank);
        for (int32_t d = 0; d < rank; d++)
            ck_assert_int_eq(dims[d], wanted[i].dims[d]);
        total += count_values(model, wanted[i].name);
    }
    ck_assert_int_eq(mirnet_model_parameter_count(model, -1), total);
    ck_assert_ptr_null(mirnet_model_get_weight_name(model, COUNT(wanted)));
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(inputs_are_known_by_name_and_shape)
{
    mirnet_model *model =
        mn_net_create("left = InputLayer: 6, 2; right = InputLayer: 3; a = Flatten(left); Concatenate(a, right); "
                      "Dense: 'units': 2, 'activation': 'softmax';");
    int64_t dims[8];
    int32_t rank;
    ck_assert_int_eq(mirnet_model_input_count(model), 2);
    ck_assert_str_eq(mirnet_model_get_input_name(model, 0), "left");
    ck_assert_str_eq(mirnet_model_get_input_name(model, 1), "right");
    ck_assert_ptr_null(mirnet_model_get_input_name(model, 2));
    mn_ok(mirnet_model_get_shape(model, 0, dims, &rank));
    ck_assert(rank == 2 && dims[0] == 6 && dims[1] == 2);
    ck_assert_int_eq(mirnet_model_get_size(model, 1), 3);
    ck_assert_int_eq(mirnet_model_get_size(model, 2), 0);
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_get_shape(model, 2, dims, &rank));
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(weights_can_be_read_and_written)
{
    mirnet_model *model = mn_net_create("InputLayer: 2; d = Dense: 'units': 3;");
    const float kernel[] = {1, 2, 3, 4, 5, 6};
    float got[6];
    mn_ok(mirnet_model_set_weight(model, "d/kernel", kernel, 6));
    mn_ok(mirnet_model_get_weight(model, "d/kernel", got, 6));
    mn_same("kernel", got, kernel, 6);
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_set_weight(model, "d/kernel", got, 5));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_get_weight(model, "d/bias", got, 6));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_set_weight(model, "d/beta", got, 6));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_get_weight(model, "kernel", got, 6));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weight(model, "d/kernel", NULL, 6));
    mirnet_model_destroy(model);
}
END_TEST

static mirnet_tensors *make_tensors(const char *prefix, const float *kernel, const float *bias)
{
    mirnet_tensors *tensors;
    char name[64];
    mn_ok(mirnet_tensors_create(&tensors));
    snprintf(name, sizeof(name), "%sd/kernel", prefix);
    mn_ok(mirnet_tensors_set(tensors, name, (const int64_t[]){2, 3}, 2, kernel));
    snprintf(name, sizeof(name), "%sd/bias", prefix);
    mn_ok(mirnet_tensors_set(tensors, name, (const int64_t[]){3}, 1, bias));
    return tensors;
}

START_TEST(weights_are_taken_from_tensors_all_or_none)
{
    mirnet_model *model = mn_net_create("InputLayer: 2; d = Dense: 'units': 3;");
    const float kernel[] = {1, 2, 3, 4, 5, 6}, bias[] = {7, 8, 9}, bad[] = {7, NAN, 9};
    float *before = mn_net_weights(model), *after;
    mirnet_tensors *tensors = make_tensors("w/", kernel, bad);
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_model_set_weights(model, tensors, "w/"));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_set_weights(model, tensors, ""));
    mn_ok(mirnet_tensors_set(tensors, "w/d/bias", (const int64_t[]){1, 3}, 2, bias));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_set_weights(model, tensors, "w/"));
    mn_ok(mirnet_tensors_set(tensors, "w/d/bias", (const int64_t[]){3}, 1, bias));
    mn_ok(mirnet_tensors_set(tensors, "w/d/more", (const int64_t[]){3}, 1, bias));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_model_set_weights(model, tensors, "w/"));
    after = mn_net_weights(model);
    mn_same("weights", after, before, 9);
    mirnet_tensors_destroy(tensors);
    free(after);
    tensors = make_tensors("w/", kernel, bias);
    mn_ok(mirnet_tensors_set(tensors, "other", (const int64_t[]){3}, 1, bias)); /* without the prefix: left alone */
    mn_ok(mirnet_model_set_weights(model, tensors, "w/"));
    after = mn_net_weights(model);
    mn_same("kernel", after, kernel, 6);
    mn_same("bias", after + 6, bias, 3);
    mirnet_tensors_destroy(tensors);
    free(before);
    free(after);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(a_seed_decides_the_first_weights)
{
    mirnet_model *a = mn_net_create(mn_net_mixed), *b = mn_net_create(mn_net_mixed);
    int64_t n = mirnet_model_parameter_count(a, -1);
    mn_net_same_weights(a, b);
    float *before = mn_net_weights(a);
    mn_ok(mirnet_model_reset(a, 77));
    float *after = mn_net_weights(a);
    ck_assert(memcmp(before, after, (size_t)n * sizeof(float)) != 0);
    mn_ok(mirnet_model_reset(b, 77));
    mn_net_same_weights(a, b);
    free(before);
    free(after);
    mirnet_model_destroy(a);
    mirnet_model_destroy(b);
}
END_TEST

START_TEST(a_copy_lives_alone)
{
    mirnet_model *model = mn_net_create(mn_net_mixed), *copy;
    uint64_t seed = mn_seed();
    mn_net_fill_weights(&seed, model);
    mn_ok(mirnet_model_set_note(model, "key", "text"));
    mn_ok(mirnet_model_copy(&copy, model));
    mn_net_same_weights(model, copy);
    ck_assert_str_eq(mirnet_model_get_note(copy, "key"), "text");
    float *before = mn_net_weights(copy);
    mn_ok(mirnet_model_reset(model, 5));
    mirnet_model_destroy(model);
    float *after = mn_net_weights(copy);
    mn_same("weights of the copy", after, before, (size_t)mirnet_model_parameter_count(copy, -1));
    ck_assert_ptr_nonnull(mirnet_model_get_summary(copy));
    free(before);
    free(after);
    mirnet_model_destroy(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *tcase = tcase_create("model");
    tcase_add_test(tcase, the_network_of_the_paper_has_its_shapes_and_parameters);
    tcase_add_test(tcase, the_summary_shows_each_layer_and_the_total);
    tcase_add_test(tcase, every_builtin_recipe_makes_a_network_of_two_outputs);
    tcase_add_test(tcase, weights_have_the_names_order_and_shapes_of_keras);
    tcase_add_test(tcase, inputs_are_known_by_name_and_shape);
    tcase_add_test(tcase, a_seed_decides_the_first_weights);
    tcase_add_test(tcase, weights_can_be_read_and_written);
    tcase_add_test(tcase, weights_are_taken_from_tensors_all_or_none);
    tcase_add_test(tcase, a_copy_lives_alone);
    suite_add_tcase(suite, tcase);
    return mn_check_main(suite);
}
