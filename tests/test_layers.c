/* test_layers.c - what layers do that no gradient shows: values by hand, dropout, moving averages, refusals */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/predict.h>
#include <mirnet/train.h>

#include "mn_net.h"

#define HEAD "Flatten; Dense: 'units': 3, 'activation': 'softmax';"
#define EACH(class, config) "TimeDistributed: 'layer': {'class_name': '" class "', 'config': {" config "}}; "
#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* The output for one sample, with weights as they are after creation unless given. */
static void expect_output(const char *net, const float *x, const char *opt_weight, const float *opt_values,
                          int64_t n_values, const float *want)
{
    mirnet_model *model = mn_net_create(net);
    mirnet_predictor *predictor;
    int64_t n = mirnet_model_get_size(model, -1);
    float *got = mn_net_floats(n);
    if (opt_weight)
        mn_ok(mirnet_model_set_weight(model, opt_weight, opt_values, n_values));
    mn_ok(mirnet_predictor_create(&predictor, model, 1));
    mn_ok(mirnet_predictor_run(predictor, &x, 1, got));
    mn_close(net, got, want, (size_t)n, 1e-6);
    free(got);
    mirnet_predictor_destroy(predictor);
    mirnet_model_destroy(model);
}

START_TEST(pooling_leaves_padding_out)
{
    const float x[] = {-1, -2, -3, -4, -5};
    expect_output("InputLayer: 5, 1; MaxPooling1D: 'pool_size': 2, 'padding': 'same';", x, NULL, NULL, 0,
                  (const float[]){-1, -3, -5});
    expect_output("InputLayer: 5, 1; AveragePooling1D: 'pool_size': 2, 'padding': 'same';", x, NULL, NULL, 0,
                  (const float[]){-1.5f, -3.5f, -5});
    expect_output("InputLayer: 5, 1; AveragePooling1D: 'pool_size': 3, 'strides': 1, 'padding': 'same';", x, NULL, NULL,
                  0, (const float[]){-1.5f, -2, -3, -4, -4.5f});
    expect_output("InputLayer: 5, 1; MaxPooling1D: 'pool_size': 2;", x, NULL, NULL, 0, (const float[]){-1, -3});
}
END_TEST

START_TEST(elements_move_as_in_keras)
{
    const float x[] = {0, 1, 2, 3, 4, 5};
    expect_output("InputLayer: 2, 3; Permute: 'dims': [2, 1];", x, NULL, NULL, 0, (const float[]){0, 3, 1, 4, 2, 5});
    expect_output("InputLayer: 3, 2, 1; Permute: 'dims': [3, 2, 1];", x, NULL, NULL, 0,
                  (const float[]){0, 2, 4, 1, 3, 5});
    expect_output("InputLayer: 6; RepeatVector: 'n': 2;", x, NULL, NULL, 0,
                  (const float[]){0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5});
    expect_output("x = InputLayer: 2, 3; Concatenate(x, x): 'axis': 1;", x, NULL, NULL, 0,
                  (const float[]){0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5});
    expect_output("x = InputLayer: 2, 3; Concatenate(x, x): 'axis': -1;", x, NULL, NULL, 0,
                  (const float[]){0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
}
END_TEST

START_TEST(masks_hide_steps)
{
    /* Step 1 holds the mask value in all features, step 2 in one only. */
    const float x[] = {1, 2, 7, 7, 7, 4};
    expect_output("InputLayer: 3, 2; Masking: 'mask_value': 7.0; GlobalAveragePooling1D;", x, NULL, NULL, 0,
                  (const float[]){4, 3});
    expect_output("InputLayer: 3, 2; Masking: 'mask_value': 7.0;", x, NULL, NULL, 0, (const float[]){1, 2, 0, 0, 7, 4});
}
END_TEST

/* Rows that a mask hides need not be written where nobody reads them. A predictor that has seen a sample without
 * masked steps must give what a new one gives. */
START_TEST(what_was_there_before_shows_in_no_masked_step)
{
    enum { STEPS = 7, MOST = 64 };
#define OVER_TIME "'units': 3, 'return_sequences': true"
    static const char *const nets[] = {
        "InputLayer: 7, 1; Masking: 'mask_value': 7.0; LSTM: " OVER_TIME "; LSTM: 'units': 2;",
        "InputLayer: 7, 1; Masking: 'mask_value': 7.0; LSTM: " OVER_TIME "; GRU: " OVER_TIME ";",
        "InputLayer: 7, 1; Masking: 'mask_value': 7.0; GRU: " OVER_TIME ", 'go_backwards': true; LSTM: " OVER_TIME ";",
        "InputLayer: 7, 1; Masking: 'mask_value': 7.0; LSTM: " OVER_TIME "; Bidirectional: 'layer': {'class_name': 'LSTM', "
        "'config': {" OVER_TIME "}};",
        "x = InputLayer: 7, 1; m = Masking(x): 'mask_value': 7.0; a = LSTM(m): " OVER_TIME "; b = LSTM(a): " OVER_TIME
        "; Add(a, b);",
        "x = InputLayer: 7, 1; m = Masking(x): 'mask_value': 7.0; a = LSTM(m): " OVER_TIME "; Concatenate(m, a);",
    };
#undef OVER_TIME
    const float all[STEPS] = {1, -2, 3, -4, 5, -6, 8}, some[STEPS] = {7, 2, 7, 4, 1, 7, 7};
    for (int i = 0; i < COUNT(nets); i++) {
        float got[MOST], want[MOST];
        mirnet_model *model = mn_net_create(nets[i]);
        const int64_t n = mirnet_model_get_size(model, -1);
        ck_assert(n <= MOST);
        for (int old = 0; old < 2; old++) {
            mirnet_predictor *predictor;
            mn_ok(mirnet_predictor_create(&predictor, model, 1));
            if (old)
                mn_ok(mirnet_predictor_run(predictor, &(const float *){all}, 1, got));
            mn_ok(mirnet_predictor_run(predictor, &(const float *){some}, 1, old ? got : want));
            mirnet_predictor_destroy(predictor);
        }
        mn_same(nets[i], got, want, (size_t)n);
        mirnet_model_destroy(model);
    }
}
END_TEST

START_TEST(masks_pass_through)
{
    static const char *const layers[] = {
        "Activation: 'activation': 'relu'; ",
        "Dense: 'units': 2, 'kernel_initializer': {'class_name': 'Identity', 'config': {}}; ",
        "Dropout: 'rate': 0.5; ",
        "Dropout: 'rate': 0.0; ",
        "SpatialDropout1D: 'rate': 0.5; ",
        "BatchNormalization: 'epsilon': 1e-9; ",
        EACH("Activation", "'activation': 'relu'"),
        EACH("Flatten", ""),
    };
    const float x[] = {1, 2, 7, 7, 3, 4};
    for (int i = 0; i < COUNT(layers); i++) {
        char net[400];
        snprintf(net, sizeof(net), "InputLayer: 3, 2; Masking: 'mask_value': 7.0; %sGlobalAveragePooling1D;",
                 layers[i]);
        expect_output(net, x, NULL, NULL, 0, (const float[]){2, 3});
    }
}
END_TEST

START_TEST(masks_meet)
{
    const float x[] = {1, 7, 9, 4};
    /* A step is real where it is in both: steps 0 and 3. */
    expect_output(
        "x = InputLayer: 4, 1; a = Masking(x): 'mask_value': 7.0; b = Masking(x): 'mask_value': 9.0; Add(a, b); "
        "GlobalAveragePooling1D;",
        x, NULL, NULL, 0, (const float[]){5});
    expect_output("x = InputLayer: 4, 1; a = Masking(x): 'mask_value': 7.0; b = Masking(x): 'mask_value': 9.0; "
                  "Concatenate(b, a); GlobalAveragePooling1D;",
                  x, NULL, NULL, 0, (const float[]){2.5f, 2.5f});
    expect_output("x = InputLayer: 4, 1; a = Masking(x): 'mask_value': 7.0; Multiply(x, a); GlobalAveragePooling1D;", x,
                  NULL, NULL, 0, (const float[]){(1 + 81 + 16) / 3.0f});
    /* One behind the other: 1, 9, 4 and all four. */
    expect_output("x = InputLayer: 4, 1; a = Masking(x): 'mask_value': 7.0; Concatenate(a, x): 'axis': 1; "
                  "GlobalAveragePooling1D;",
                  x, NULL, NULL, 0, (const float[]){(14 + 21) / 7.0f});
    expect_output("x = InputLayer: 4, 1; a = Masking(x): 'mask_value': 7.0; Concatenate(x, a): 'axis': -2; "
                  "GlobalAveragePooling1D;",
                  x, NULL, NULL, 0, (const float[]){(14 + 21) / 7.0f});
}
END_TEST

START_TEST(an_index_without_a_vector_gives_zeros)
{
    const float x[] = {0, 2, 3, -1, NAN, 1e30f, -1e30f, INFINITY, 1.75f}, table[] = {10, 11, 20, 21, 30, 31};
    expect_output("InputLayer: 9; Embedding: 'input_dim': 3, 'output_dim': 2;", x, "layer_1/embeddings", table, 6,
                  (const float[]){10, 11, 30, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 21});
}
END_TEST

/* The factors by which dropout changes the inputs of a Dense layer, from its gradients: dW[i][j] = x[i] f[i] db[j]. */
static void get_factors(mirnet_trainer *trainer, const float *x, int64_t n, const char *kernel, const char *bias,
                        float *f)
{
    const float target[] = {1, 0};
    float db[2], *dw = mn_net_floats(2 * n);
    mn_ok(mirnet_trainer_run_gradient(trainer, &x, target, NULL, 1, 1, NULL, NULL));
    mn_ok(mirnet_trainer_get_gradient(trainer, kernel, dw, 2 * n));
    mn_ok(mirnet_trainer_get_gradient(trainer, bias, db, 2));
    for (int64_t i = 0; i < n; i++)
        f[i] = dw[2 * i] / (x[i] * db[0]);
    free(dw);
}

enum { WIDE = 2000 };

START_TEST(dropout_drops_its_share_and_scales_the_rest)
{
    mirnet_model *model =
        mn_net_create("InputLayer: 2000; Dropout: 'rate': 0.3; Dense: 'units': 2, 'activation': 'softmax';");
    mirnet_trainer *trainer;
    uint64_t seed = mn_seed();
    float *x = mn_net_floats(WIDE), *f = mn_net_floats(WIDE), *again = mn_net_floats(WIDE);
    const float *inputs = x;
    int dropped = 0, same = 0;
    mn_net_fill(&seed, x, WIDE, 0.5, 1);
    mn_ok(mirnet_trainer_create(&trainer, model));
    get_factors(trainer, x, WIDE, "layer_2/kernel", "layer_2/bias", f);
    for (int i = 0; i < WIDE; i++) {
        ck_assert(f[i] == 0 || fabs((double)f[i] - 1 / 0.7) < 1e-4);
        dropped += f[i] == 0;
    }
    ck_assert_int_ge(dropped, 600 - 103); /* 5 standard deviations */
    ck_assert_int_le(dropped, 600 + 103);
    /* The same step has the same mask, the next one another. */
    get_factors(trainer, x, WIDE, "layer_2/kernel", "layer_2/bias", again);
    mn_same("factors", again, f, WIDE);
    mn_ok(mirnet_trainer_step(trainer, &inputs, (const float[]){1, 0}, NULL, 1, NULL));
    get_factors(trainer, x, WIDE, "layer_2/kernel", "layer_2/bias", again);
    for (int i = 0; i < WIDE; i++)
        same += (again[i] == 0) == (f[i] == 0);
    ck_assert_int_lt(same, 1400); /* 58 % are expected */
    free(x), free(f), free(again);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
}
END_TEST

/* Channels of the input gradient that are zero, as bits, for each sample and step. */
static void get_dropped(const char *net, int64_t n, int64_t steps, int channels, uint64_t *out)
{
    mirnet_model *model = mn_net_create(net);
    mirnet_trainer *trainer;
    uint64_t seed = mn_seed();
    int64_t rows = n * steps;
    float *x = mn_net_floats(rows * channels), *dx = mn_net_floats(rows * channels), *targets = mn_net_floats(n * 2);
    const float *inputs = x;
    mn_net_fill(&seed, x, rows * channels, 0.5, 1);
    mn_net_fill_weights(&seed, model);
    mn_net_fill_targets(&seed, targets, n, 2);
    mn_ok(mirnet_trainer_create(&trainer, model));
    mn_ok(mirnet_trainer_run_gradient(trainer, &inputs, targets, NULL, n, 1, NULL, &dx));
    for (int64_t r = 0; r < rows; r++) {
        out[r] = 0;
        for (int c = 0; c < channels; c++)
            out[r] |= (uint64_t)(dx[r * channels + c] == 0) << c;
    }
    free(x), free(dx), free(targets);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
}

#define TWO "Flatten; Dense: 'units': 2, 'activation': 'softmax';"

START_TEST(spatial_dropout_drops_whole_channels)
{
    uint64_t dropped[6];
    get_dropped("InputLayer: 3, 60; SpatialDropout1D: 'rate': 0.5; " TWO, 2, 3, 60, dropped);
    ck_assert_uint_eq(dropped[0], dropped[1]);
    ck_assert_uint_eq(dropped[0], dropped[2]);
    ck_assert_uint_eq(dropped[3], dropped[5]);
    ck_assert_uint_ne(dropped[0], dropped[3]); /* another sample */
    ck_assert_uint_ne(dropped[0], 0);
}
END_TEST

START_TEST(dropout_inside_time_distributed_differs_from_step_to_step)
{
    uint64_t dropped[6];
    get_dropped("InputLayer: 3, 60; " EACH("Dropout", "'rate': 0.5") TWO, 2, 3, 60, dropped);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++)
            ck_assert_uint_ne(dropped[i], dropped[k]);
}
END_TEST

START_TEST(dropout_layers_of_a_network_differ)
{
    /* Both drop about half: were the masks the same, no channel would survive one of them alone. */
    uint64_t one[1], two[1];
    get_dropped("InputLayer: 1, 60; Dropout: 'rate': 0.5; " TWO, 1, 1, 60, one);
    get_dropped("InputLayer: 1, 60; Dropout: 'rate': 0.5; Dropout: 'rate': 0.5; " TWO, 1, 1, 60, two);
    ck_assert_uint_ne(one[0], two[0]);
}
END_TEST

/* Moving averages after one step on a batch of four samples with one channel each, or images of two rows. */
static void check_moving(const char *net, const float *x, int64_t n, double mean, double variance)
{
    mirnet_model *model = mn_net_create(net);
    mirnet_trainer *trainer;
    const float targets[] = {1, 0, 1, 0, 1, 0, 1, 0};
    float got;
    mn_ok(mirnet_trainer_create(&trainer, model));
    mn_ok(mirnet_trainer_run_gradient(trainer, &x, targets, NULL, n, 1, NULL, NULL));
    mn_ok(mirnet_model_get_weight(model, "layer_1/moving_mean", &got, 1));
    ck_assert(got == 0); /* a gradient alone changes nothing */
    mn_ok(mirnet_trainer_step(trainer, &x, targets, NULL, n, NULL));
    mn_ok(mirnet_model_get_weight(model, "layer_1/moving_mean", &got, 1));
    mn_close("moving_mean", &got, (const float[]){(float)(0.1 * mean)}, 1, 1e-5);
    mn_ok(mirnet_model_get_weight(model, "layer_1/moving_variance", &got, 1));
    mn_close("moving_variance", &got, (const float[]){(float)(0.9 + 0.1 * variance)}, 1, 1e-5);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
}

START_TEST(moving_averages_follow_the_batches)
{
    const float x[] = {1, 2, 4, 9}; /* mean 4, sum of squares around it 38 */
    check_moving("InputLayer: 1; BatchNormalization: 'momentum': 0.9; " TWO, x, 4, 4, 38.0 / 4);
    check_moving("InputLayer: 2, 1; BatchNormalization: 'momentum': 0.9; " TWO, x, 2, 4, 38.0 / 4);
    check_moving("InputLayer: 2, 1, 1; BatchNormalization: 'momentum': 0.9; " TWO, x, 2, 4, 38.0 / 3);
}
END_TEST

/* Of equal elements of a window the first has the gradient; the maxima of a whole sample share it. */
START_TEST(equal_maxima_are_treated_as_in_tensorflow)
{
    static const struct {
        const char *net;
        double share[3];
    } cases[] = {
        {"InputLayer: 3, 1; MaxPooling1D: 'pool_size': 3; " TWO, {0, 1, 0}},
        {"InputLayer: 3, 1, 1; MaxPooling2D: 'pool_size': [3, 1]; " TWO, {0, 1, 0}},
        {"InputLayer: 3, 1; GlobalMaxPooling1D; " TWO, {0, 0.5, 0.5}},
        {"InputLayer: 3, 1, 1; GlobalMaxPooling2D; " TWO, {0, 0.5, 0.5}},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        uint64_t seed = mn_seed();
        mirnet_model *model = mn_net_create(cases[i].net);
        mirnet_trainer *trainer;
        const float x[] = {1, 2, 2}, *inputs = x;
        float dx[3], *grads = dx;
        mn_net_fill_weights(&seed, model);
        mn_ok(mirnet_trainer_create(&trainer, model));
        mn_ok(mirnet_trainer_run_gradient(trainer, &inputs, (const float[]){1, 0}, NULL, 1, 0, NULL, &grads));
        const double all = (double)dx[0] + (double)dx[1] + (double)dx[2];
        ck_assert(fabs(all) > 1e-3);
        for (int k = 0; k < 3; k++)
            ck_assert(fabs((double)dx[k] / all - cases[i].share[k]) < 1e-6);
        mirnet_trainer_destroy(trainer);
        mirnet_model_destroy(model);
    }
}
END_TEST

/* Networks that cannot be built: with the status, and words that the message must have. */
typedef struct bad_net {
    const char *net;
    mirnet_status status;
    const char *words;
} bad_net;

static const bad_net bad_nets[] = {
    {"InputLayer: 5; Conv1D: 'filters': 2, 'kernel_size': 2; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 5, 2; Conv1D: 'filters': 2, 'kernel_size': 6; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 5, 2; Conv2D: 'filters': 2, 'kernel_size': 2; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 5; MaxPooling1D: 'pool_size': 2; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 5, 2; MaxPooling1D: 'pool_size': 6; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 5, 2; AveragePooling2D: 'pool_size': 2; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 5; GlobalMaxPooling1D; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 5, 2; GlobalAveragePooling2D; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; Reshape: 'target_shape': [4, -1]; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; Reshape: 'target_shape': [4, 2]; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; Reshape: 'target_shape': [2]; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; Reshape: 'target_shape': [1073741824, 1073741824, 1073741824, -1]; " HEAD, MIRNET_ERR_FORMAT,
     "layer_1"},
    {"InputLayer: 6, 2; Permute: 'dims': [2, 1, 3]; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6, 2; Permute: 'dims': [2, 3]; " HEAD, MIRNET_ERR_FORMAT, "layer_1"},
    {"InputLayer: 6, 2; RepeatVector: 'n': 3; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; RepeatVector: 'n': 1073741824; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; LSTM: 'units': 3; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; GRU: 'units': 3; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; Masking; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; SpatialDropout1D: 'rate': 0.5; " HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6; " EACH("Dense", "'units': 2") HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6, 3; " EACH("Conv1D", "'filters': 2, 'kernel_size': 2") HEAD, MIRNET_ERR_SHAPE, "layer_1"},
    {"InputLayer: 6, 3, 2; " EACH("Masking", "") HEAD, MIRNET_ERR_UNSUPPORTED, "layer_1"},
    {"InputLayer: 6, 3; Embedding: 'input_dim': 4, 'output_dim': 2, 'mask_zero': true; " HEAD, MIRNET_ERR_UNSUPPORTED,
     "layer_1"},
    {"x = InputLayer: 6, 3; y = InputLayer: 5, 3; both = Concatenate(x, y); " HEAD, MIRNET_ERR_SHAPE, "both"},
    {"x = InputLayer: 6, 3; y = InputLayer: 5; both = Concatenate(x, y): 'axis': 1; " HEAD, MIRNET_ERR_SHAPE, "both"},
    {"x = InputLayer: 6; y = InputLayer: 6; both = Concatenate(x, y): 'axis': 2; " HEAD, MIRNET_ERR_SHAPE, "both"},
    {"x = InputLayer: 6; y = InputLayer: 6; both = Concatenate(x, y): 'axis': -2; " HEAD, MIRNET_ERR_SHAPE, "both"},
    {"x = InputLayer: 6; y = InputLayer: 5; both = Add(x, y); " HEAD, MIRNET_ERR_SHAPE, "both"},
    {"x = InputLayer: 6, 1; y = InputLayer: 6, 3; both = Multiply(x, y); " HEAD, MIRNET_ERR_SHAPE, "both"},
    {"x = InputLayer: 6; y = InputLayer: 1, 6; both = Maximum(x, y); " HEAD, MIRNET_ERR_SHAPE, "both"},
    {"x = InputLayer: 5, 2; y = InputLayer: 4, 2; a = Conv1D(x): 'filters': 2, 'kernel_size': 3; b = @a(y); c = "
     "Flatten(a); "
     "d = Flatten(b); Concatenate(c, d); " HEAD,
     MIRNET_ERR_UNSUPPORTED, "'a'"},
    {"InputLayer: 6, 2; Masking; Conv1D: 'filters': 2, 'kernel_size': 2; " HEAD, MIRNET_ERR_UNSUPPORTED, "layer_2"},
    {"InputLayer: 6, 2; Masking; MaxPooling1D; " HEAD, MIRNET_ERR_UNSUPPORTED, "layer_2"},
    {"InputLayer: 6, 2; Masking; GlobalMaxPooling1D; " HEAD, MIRNET_ERR_UNSUPPORTED, "layer_2"},
    {"InputLayer: 6, 2; Masking; Permute: 'dims': [2, 1]; " HEAD, MIRNET_ERR_UNSUPPORTED, "layer_2"},
    {"InputLayer: 6, 2; Masking; Dense: 'units': 2; Reshape: 'target_shape': [12]; " HEAD, MIRNET_ERR_UNSUPPORTED,
     "layer_3"},
    {"InputLayer: 6, 2; Masking; " HEAD, MIRNET_ERR_UNSUPPORTED, "layer_2"},
};

START_TEST(a_network_that_does_not_fit_is_refused_by_name)
{
    const bad_net *bad = &bad_nets[_i];
    char *json = mn_net_json(bad->net);
    mirnet_recipe *recipe = NULL;
    mirnet_model *model = NULL;
    mirnet_status status = mirnet_recipe_create(&recipe, json, strlen(json), "net");
    if (status == MIRNET_OK)
        status = mirnet_model_create(&model, recipe);
    ck_assert_msg(status == bad->status, "%s: %s: %s", bad->net, mirnet_status_name(status), mirnet_last_message());
    ck_assert_msg(strstr(mirnet_last_message(), bad->words) != NULL, "%s: \"%s\" does not say '%s'", bad->net,
                  mirnet_last_message(), bad->words);
    ck_assert_ptr_null(model);
    mirnet_recipe_destroy(recipe);
    free(json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layers");
    TCase *values = tcase_create("values"), *bad = tcase_create("bad");
    tcase_add_test(values, pooling_leaves_padding_out);
    tcase_add_test(values, elements_move_as_in_keras);
    tcase_add_test(values, masks_hide_steps);
    tcase_add_test(values, what_was_there_before_shows_in_no_masked_step);
    tcase_add_test(values, masks_pass_through);
    tcase_add_test(values, masks_meet);
    tcase_add_test(values, an_index_without_a_vector_gives_zeros);
    tcase_add_test(values, dropout_drops_its_share_and_scales_the_rest);
    tcase_add_test(values, spatial_dropout_drops_whole_channels);
    tcase_add_test(values, dropout_inside_time_distributed_differs_from_step_to_step);
    tcase_add_test(values, dropout_layers_of_a_network_differ);
    tcase_add_test(values, moving_averages_follow_the_batches);
    tcase_add_test(values, equal_maxima_are_treated_as_in_tensorflow);
    tcase_add_loop_test(bad, a_network_that_does_not_fit_is_refused_by_name, 0, COUNT(bad_nets));
    suite_add_tcase(suite, values);
    suite_add_tcase(suite, bad);
    return mn_check_main(suite);
}
