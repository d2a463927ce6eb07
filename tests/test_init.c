/* test_init.c - first weights, as Keras draws them */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mn_net.h"

static int64_t count_values(const mirnet_model *model, const char *name)
{
    int64_t dims[8], n = 1;
    int32_t rank;
    mn_ok(mirnet_model_get_weight_shape(model, name, dims, &rank));
    for (int32_t d = 0; d < rank; d++)
        n *= dims[d];
    return n;
}

static float *get_weight(const mirnet_model *model, const char *name)
{
    int64_t n = count_values(model, name);
    float *values = mn_net_floats(n);
    mn_ok(mirnet_model_get_weight(model, name, values, n));
    return values;
}

typedef struct moments {
    double mean, sd, largest;
} moments;

static moments measure(const float *values, int64_t n)
{
    moments m = {0, 0, 0};
    for (int64_t i = 0; i < n; i++) {
        m.mean += (double)values[i] / (double)n;
        m.largest = fmax(m.largest, fabs((double)values[i]));
    }
    for (int64_t i = 0; i < n; i++)
        m.sd += ((double)values[i] - m.mean) * ((double)values[i] - m.mean) / (double)n;
    m.sd = sqrt(m.sd);
    return m;
}

/* A Dense kernel [200][100], which has 20,000 elements, drawn with an initializer; "" is the default. */
static moments measure_kernel(const char *initializer)
{
    char net[512];
    snprintf(net, sizeof(net), "InputLayer: 200; d = Dense: 'units': 100%s%s;",
             *initializer ? ", 'kernel_initializer': " : "", initializer);
    mirnet_model *model = mn_net_create(net);
    float *kernel = get_weight(model, "d/kernel"), *bias = get_weight(model, "d/bias");
    moments m = measure(kernel, 20000);
    for (int i = 0; i < 100; i++)
        ck_assert(bias[i] == 0);
    free(kernel);
    free(bias);
    mirnet_model_destroy(model);
    return m;
}

/* Bounds of 5 standard errors: of a mean sd / 141, of a standard deviation less than sd / 141. */
static void expect_moments(const char *initializer, double mean, double sd, double limit)
{
    moments m = measure_kernel(initializer);
    ck_assert_msg(fabs(m.mean - mean) < 5 * sd / 141, "%s: mean %g, not %g", initializer, m.mean, mean);
    ck_assert_msg(fabs(m.sd - sd) < 5 * sd / 141, "%s: standard deviation %g, not %g", initializer, m.sd, sd);
    ck_assert_msg(m.largest <= limit * (1 + 1e-6), "%s: largest %g, limit %g", initializer, m.largest, limit);
    if (limit < 5 * sd)
        ck_assert_msg(m.largest > 0.98 * limit, "%s: largest %g is far from the limit %g", initializer, m.largest,
                      limit);
}

/* The standard deviation of a standard normal variable that is cut at 2. */
static const double CUT = 0.8796256610342398;

START_TEST(initializers_draw_what_keras_says)
{
    double glorot = sqrt(6.0 / 300), he = sqrt(2.0 / 200), lecun = sqrt(1.0 / 200);
    expect_moments("", 0, glorot / sqrt(3), glorot);
    expect_moments("{'class_name': 'GlorotUniform', 'config': {'seed': null}}", 0, glorot / sqrt(3), glorot);
    expect_moments("{'class_name': 'GlorotNormal', 'config': {}}", 0, sqrt(2.0 / 300), 2 * sqrt(2.0 / 300) / CUT);
    expect_moments("{'class_name': 'HeNormal', 'config': {}}", 0, he, 2 * he / CUT);
    expect_moments("{'class_name': 'LecunUniform', 'config': {}}", 0, lecun, lecun * sqrt(3));
    expect_moments(
        "{'class_name': 'VarianceScaling', 'config': {'scale': 3.0, 'mode': 'fan_out', 'distribution': 'uniform'}}", 0,
        sqrt(3.0 / 100), sqrt(9.0 / 100));
    expect_moments("{'class_name': 'RandomNormal', 'config': {'mean': 1.0, 'stddev': 0.5}}", 1, 0.5, 1e9);
    expect_moments("{'class_name': 'TruncatedNormal', 'config': {'mean': 0.0, 'stddev': 0.5}}", 0, 0.5 * CUT, 1.0);
    expect_moments("{'class_name': 'RandomUniform', 'config': {'minval': -0.2, 'maxval': 0.2}}", 0, 0.2 / sqrt(3), 0.2);
}
END_TEST

START_TEST(a_convolution_counts_its_window_as_fans)
{
    mirnet_model *model = mn_net_create("InputLayer: 8, 4, 128; c = Conv2D: 'filters': 128, 'kernel_size': [6, 4];");
    double limit = sqrt(6.0 / (24 * 128 + 24 * 128));
    float *kernel = get_weight(model, "c/kernel");
    moments m = measure(kernel, 6 * 4 * 128 * 128);
    ck_assert(m.largest <= limit * (1 + 1e-6) && m.largest > 0.999 * limit);
    free(kernel);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(recurrent_kernels_are_orthogonal)
{
    mirnet_model *model = mn_net_create("InputLayer: 3, 5; l = LSTM: 'units': 13;");
    float *r = get_weight(model, "l/recurrent_kernel"); /* [13][52] */
    for (int i = 0; i < 13; i++)
        for (int k = 0; k < 13; k++) {
            double dot = 0;
            for (int j = 0; j < 52; j++)
                dot += (double)r[i * 52 + j] * (double)r[k * 52 + j];
            ck_assert_msg(fabs(dot - (i == k)) < 1e-6, "rows %d and %d: %g", i, k, dot);
        }
    free(r);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(the_forget_gate_starts_open)
{
    mirnet_model *model = mn_net_create("InputLayer: 3, 5; l = LSTM: 'units': 4, 'return_sequences': true; "
                                        "m = LSTM: 'units': 4, 'unit_forget_bias': false;");
    float *l = get_weight(model, "l/bias"), *m = get_weight(model, "m/bias");
    for (int i = 0; i < 16; i++) {
        ck_assert(l[i] == (i >= 4 && i < 8 ? 1 : 0));
        ck_assert(m[i] == 0);
    }
    free(l);
    free(m);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(layers_of_one_shape_start_with_different_weights)
{
    mirnet_model *model = mn_net_create("InputLayer: 8; a = Dense: 'units': 8; b = Dense: 'units': 8;");
    float *a = get_weight(model, "a/kernel"), *b = get_weight(model, "b/kernel");
    for (int i = 0; i < 64; i++)
        ck_assert(a[i] != b[i]);
    free(a);
    free(b);
    mirnet_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("init");
    TCase *tcase = tcase_create("init");
    tcase_add_test(tcase, initializers_draw_what_keras_says);
    tcase_add_test(tcase, a_convolution_counts_its_window_as_fans);
    tcase_add_test(tcase, recurrent_kernels_are_orthogonal);
    tcase_add_test(tcase, the_forget_gate_starts_open);
    tcase_add_test(tcase, layers_of_one_shape_start_with_different_weights);
    suite_add_tcase(suite, tcase);
    return mn_check_main(suite);
}
