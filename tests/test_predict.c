/* test_predict.c - predictions: the same bits however they are grouped, threaded and fed; sequences that are refused */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"

enum { N = 101, LENGTH = 24, CHANNELS = 4, INPUT = LENGTH * CHANNELS, OUTPUTS = 3, CALLERS = 8 };

static const char net[] =
    "InputLayer: 24, 4; Conv1D: 'filters': 7, 'kernel_size': 3, 'activation': 'relu'; BatchNormalization; "
    "Bidirectional: 'layer': {'class_name': 'LSTM', 'config': {'units': 5}}; Dropout: 'rate': 0.4; "
    "Dense: 'units': 3, 'activation': 'softmax';";

static const char two_inputs[] =
    "a = InputLayer: 5; b = InputLayer: 2, 3; c = Flatten(b); d = Concatenate(a, c); "
    "Dense(d): 'units': 6, 'activation': 'tanh'; Dense: 'units': 3, 'activation': 'softmax';";

/* The network above behind an encoder. */
static mirnet_model *model_of(const char *text)
{
    char *inner = mn_net_json(text), *json = malloc(strlen(inner) + 100);
    ck_assert_ptr_nonnull(json);
    sprintf(json, "{\"encoder\": {\"length\": %d}, \"model\": %s}", LENGTH, inner);
    mirnet_model *model = mn_net_create_json(json);
    uint64_t seed = mn_seed();
    mn_net_fill_weights(&seed, model);
    free(inner);
    free(json);
    return model;
}

static mirnet_predictor *predictor_of(const mirnet_model *model, int32_t threads)
{
    mirnet_predictor *predictor;
    mn_ok(mirnet_predictor_create(&predictor, model, threads));
    return predictor;
}

/* One sample at a time in one thread: what everything else is compared with. */
static void predict_singly(const mirnet_model *model, const float *x, int64_t n, float *out)
{
    mirnet_predictor *predictor = predictor_of(model, 1);
    for (int64_t i = 0; i < n; i++) {
        const float *inputs[] = {x + i * INPUT};
        mn_ok(mirnet_predictor_run(predictor, inputs, 1, out + i * OUTPUTS));
    }
    mirnet_predictor_destroy(predictor);
}

typedef struct fixture {
    mirnet_model *model;
    float x[N * INPUT], want[N * OUTPUTS], got[N * OUTPUTS];
} fixture;

static fixture *set_up(void)
{
    fixture *f = calloc(1, sizeof(*f));
    ck_assert_ptr_nonnull(f);
    uint64_t seed = mn_seed();
    f->model = model_of(net);
    mn_net_fill(&seed, f->x, N * INPUT, -1, 1);
    predict_singly(f->model, f->x, N, f->want);
    return f;
}

static void tear_down(fixture *f)
{
    mirnet_model_destroy(f->model);
    free(f);
}

START_TEST(samples_may_be_grouped_and_threaded_in_any_way)
{
    static const int32_t threads[] = {1, 2, 3, 4, 7, 8, 16};
    static const int64_t groups[] = {2, 7, 15, 16, 17, 33, 48, N};
    fixture *f = set_up();
    for (int t = 0; t < 7; t++) {
        mirnet_predictor *predictor = predictor_of(f->model, threads[t]);
        for (int g = 0; g < 8; g++) {
            memset(f->got, 0xFF, sizeof(f->got));
            for (int64_t i = 0, n; i < N; i += n) {
                n = groups[g] < N - i ? groups[g] : N - i;
                const float *inputs[] = {f->x + i * INPUT};
                mn_ok(mirnet_predictor_run(predictor, inputs, n, f->got + i * OUTPUTS));
            }
            mn_same("probabilities", f->got, f->want, N * OUTPUTS);
        }
        mirnet_predictor_destroy(predictor);
    }
    tear_down(f);
}
END_TEST

START_TEST(nothing_is_written_behind_the_output)
{
    fixture *f = set_up();
    mirnet_predictor *predictor = predictor_of(f->model, 3);
    for (int64_t n = 0; n < 40; n++) {
        const float *inputs[] = {f->x};
        for (int i = 0; i < N * OUTPUTS; i++)
            f->got[i] = -7;
        mn_ok(mirnet_predictor_run(predictor, inputs, n, f->got));
        mn_same("probabilities", f->got, f->want, (size_t)n * OUTPUTS);
        for (int64_t i = n * OUTPUTS; i < N * OUTPUTS; i++)
            ck_assert_msg(f->got[i] == -7.0f, "of %d samples place %d was written", (int)n, (int)i);
    }
    mirnet_predictor_destroy(predictor);
    tear_down(f);
}
END_TEST

typedef struct caller {
    const fixture *f;
    int32_t threads;
    int failed;
} caller;

static void *call_again_and_again(void *argument)
{
    caller *c = argument;
    float out[N * OUTPUTS];
    const float *inputs[] = {c->f->x};
    mirnet_predictor *predictor;
    c->failed = mirnet_predictor_create(&predictor, c->f->model, c->threads) != MIRNET_OK;
    for (int i = 0; i < 20 && !c->failed; i++)
        c->failed = mirnet_predictor_run(predictor, inputs, N, out) != MIRNET_OK ||
                    memcmp(out, c->f->want, sizeof(out)) != 0;
    mirnet_predictor_destroy(predictor);
    return NULL;
}

START_TEST(predictors_of_several_threads_share_a_model)
{
    fixture *f = set_up();
    pthread_t ids[CALLERS];
    caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){f, 1 + i % 3, 0};
        ck_assert_int_eq(pthread_create(&ids[i], NULL, call_again_and_again, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        ck_assert_int_eq(pthread_join(ids[i], NULL), 0);
        ck_assert_msg(!callers[i].failed, "caller %d got other numbers", i);
    }
    tear_down(f);
}
END_TEST

START_TEST(a_forked_child_may_use_the_predictor)
{
    fixture *f = set_up();
    mirnet_predictor *predictor = predictor_of(f->model, 4);
    const float *inputs[] = {f->x};
    mn_ok(mirnet_predictor_run(predictor, inputs, N, f->got));
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        memset(f->got, 0, sizeof(f->got));
        bool same = mirnet_predictor_run(predictor, inputs, N, f->got) == MIRNET_OK &&
                    memcmp(f->got, f->want, sizeof(f->want)) == 0;
        mirnet_predictor_destroy(predictor);
        _exit(same ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    mn_ok(mirnet_predictor_run(predictor, inputs, N, f->got));
    mn_same("probabilities", f->got, f->want, N * OUTPUTS);
    mirnet_predictor_destroy(predictor);
    tear_down(f);
}
END_TEST

/* Each input is read at its own stride: one sample at a time, with the pointers moved by hand, gives the same. */
START_TEST(a_network_may_have_several_inputs)
{
    mirnet_model *model = model_of(two_inputs);
    mirnet_predictor *one = predictor_of(model, 1), *many = predictor_of(model, 3);
    uint64_t seed = mn_seed();
    float a[N * 5], b[N * 6], want[N * 3], got[N * 3];
    const float *inputs[] = {a, b};
    mn_net_fill(&seed, a, N * 5, -1, 1);
    mn_net_fill(&seed, b, N * 6, -1, 1);
    for (int i = 0; i < N; i++) {
        const float *sample[] = {a + i * 5, b + i * 6};
        mn_ok(mirnet_predictor_run(one, sample, 1, want + i * 3));
        if (i > 0)
            ck_assert(memcmp(want + i * 3, want, 3 * sizeof(float)) != 0);
    }
    mn_ok(mirnet_predictor_run(many, inputs, N, got));
    mn_same("probabilities", got, want, N * 3);
    const char *sequences[] = {"AUGC"};
    mn_fails(MIRNET_ERR_SHAPE, mirnet_predictor_run_sequences(one, sequences, 1, got));
    const float *half[] = {a, NULL};
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(one, half, 1, got));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "inputs[1]"));
    mirnet_predictor_destroy(one);
    mirnet_predictor_destroy(many);
    mirnet_model_destroy(model);
}
END_TEST

/* -- Sequences ----------------------------------------------------------------------------------------------------- */

static mirnet_dataset *data_of(char sequences[N][LENGTH + 1])
{
    mirnet_dataset *data;
    uint64_t seed = mn_seed();
    mn_ok(mirnet_dataset_create(&data));
    for (int i = 0; i < N; i++) {
        int n = 1 + (int)mn_net_uniform(&seed, 0, LENGTH - 0.01);
        for (int k = 0; k < n; k++)
            sequences[i][k] = "ACGUN"[(int)mn_net_uniform(&seed, 0, 4.5)];
        sequences[i][n] = '\0';
        mn_ok(mirnet_dataset_add(data, "name", sequences[i], NULL, NULL, NULL));
    }
    return data;
}

START_TEST(sequences_datasets_and_tensors_give_the_same_bits)
{
    mirnet_model *model = model_of(net);
    mirnet_encoder *encoder;
    char text[N][LENGTH + 1];
    const char *sequences[N];
    float *x = mn_net_floats(N * INPUT), want[N * OUTPUTS], got[N * OUTPUTS];
    mirnet_dataset *data = data_of(text);
    mn_ok(mirnet_encoder_create(&encoder, mirnet_model_get_recipe(model)));
    for (int i = 0; i < N; i++) {
        sequences[i] = text[i];
        mn_ok(mirnet_encoder_run(encoder, text[i], strlen(text[i]), NULL, x + i * INPUT));
    }
    predict_singly(model, x, N, want);
    for (int32_t threads = 1; threads < 5; threads += 3) {
        mirnet_predictor *predictor = predictor_of(model, threads);
        int64_t records[N];
        mn_ok(mirnet_predictor_run_sequences(predictor, sequences, N, got));
        mn_same("of sequences", got, want, N * OUTPUTS);
        mn_ok(mirnet_predictor_run_dataset(predictor, data, NULL, N, got));
        mn_same("of a dataset", got, want, N * OUTPUTS);
        for (int i = 0; i < N; i++)
            records[i] = i * 37 % N;
        mn_ok(mirnet_predictor_run_dataset(predictor, data, records, N, got));
        for (int i = 0; i < N; i++)
            mn_same("of some records", got + i * OUTPUTS, want + records[i] * OUTPUTS, OUTPUTS);
        mirnet_predictor_destroy(predictor);
    }
    free(x);
    mirnet_encoder_destroy(encoder);
    mirnet_dataset_destroy(data);
    mirnet_model_destroy(model);
}
END_TEST

/* More than are sorted by length at a time. */
START_TEST(a_long_list_gets_the_same_bits)
{
    enum { MANY = 10000 };
    mirnet_model *model = model_of(net);
    char text[N][LENGTH + 1];
    mirnet_dataset *data = data_of(text);
    int64_t *records = calloc(MANY, sizeof(*records));
    float want[N * OUTPUTS], *got = mn_net_floats(MANY * OUTPUTS);
    ck_assert_ptr_nonnull(records);
    for (int i = 0; i < MANY; i++)
        records[i] = i * 37 % N;
    for (int32_t threads = 1; threads < 5; threads += 3) {
        mirnet_predictor *predictor = predictor_of(model, threads);
        mn_ok(mirnet_predictor_run_dataset(predictor, data, NULL, N, want));
        mn_ok(mirnet_predictor_run_dataset(predictor, data, records, MANY, got));
        for (int i = 0; i < MANY; i++)
            mn_same("of many records", got + i * OUTPUTS, want + records[i] * OUTPUTS, OUTPUTS);
        mirnet_predictor_destroy(predictor);
    }
    free(got);
    free(records);
    mirnet_dataset_destroy(data);
    mirnet_model_destroy(model);
}
END_TEST

/* Whichever thread meets it, and though others are met earlier by the clock: the first one in the list is named. */
START_TEST(the_first_sequence_that_is_refused_is_named)
{
    static const char longer[] = "ACGUACGUACGUACGUACGUACGUA";
    static const int places[] = {0, 3, 16, 50, N - 1};
    mirnet_model *model = model_of(net);
    for (int32_t threads = 1; threads <= 16; threads += 5)
        for (int p = 0; p < 5; p++) {
            mirnet_predictor *predictor = predictor_of(model, threads);
            const char *sequences[N];
            char wanted[32];
            float got[N * OUTPUTS];
            for (int i = 0; i < N; i++)
                sequences[i] = i < places[p] ? "ACGU" : i == places[p] ? longer : "AC-U";
            snprintf(wanted, sizeof(wanted), "sequence %d:", places[p] + 1);
            mn_fails(MIRNET_ERR_SHAPE, mirnet_predictor_run_sequences(predictor, sequences, N, got));
            ck_assert_msg(strstr(mirnet_last_message(), wanted) && strstr(mirnet_last_message(), "25 letters"), "%s",
                          mirnet_last_message());
            sequences[places[p]] = "ACXU!";
            mn_fails(MIRNET_ERR_FORMAT, mirnet_predictor_run_sequences(predictor, sequences, N, got));
            ck_assert_msg(strstr(mirnet_last_message(), wanted), "%s", mirnet_last_message());
            mn_ok(mirnet_predictor_run_sequences(predictor, sequences, places[p], got));
            /* Shorter than all others that are refused. */
            for (int i = places[p]; i < N; i++)
                sequences[i] = i == places[p] ? "X" : i % 2 ? longer : "ACGUX";
            mn_fails(MIRNET_ERR_FORMAT, mirnet_predictor_run_sequences(predictor, sequences, N, got));
            ck_assert_msg(strstr(mirnet_last_message(), wanted), "%s", mirnet_last_message());
            mirnet_predictor_destroy(predictor);
        }
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    fixture *f = set_up();
    mirnet_predictor *predictor = predictor_of(f->model, 2), *none = predictor;
    mirnet_dataset *data;
    const float *inputs[] = {f->x};
    const char *sequences[] = {"ACGU", NULL};
    static const int64_t records[] = {0, 1}, negative[] = {-1};
    mn_ok(mirnet_dataset_create(&data));
    mn_ok(mirnet_dataset_add(data, "one", "ACGU", NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_create(NULL, f->model, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_create(&none, NULL, 1));
    ck_assert_ptr_null(none);
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_create(&none, f->model, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_create(&none, f->model, 257));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(NULL, inputs, 1, f->got));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(predictor, NULL, 1, f->got));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(predictor, inputs, 1, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run(predictor, inputs, -1, f->got));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_sequences(predictor, sequences, 2, f->got));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "sequences[1]"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, data, records, 2, f->got));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, data, negative, 1, f->got));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, data, NULL, 2, f->got));
    mn_fails(MIRNET_ERR_INVALID, mirnet_predictor_run_dataset(predictor, NULL, NULL, 1, f->got));
    mn_ok(mirnet_predictor_run(predictor, NULL, 0, NULL));
    mn_ok(mirnet_predictor_run_sequences(predictor, NULL, 0, NULL));
    mn_ok(mirnet_predictor_run_dataset(predictor, data, NULL, 0, NULL));
    mirnet_predictor_destroy(NULL);
    mirnet_predictor_destroy(predictor);
    mirnet_dataset_destroy(data);
    tear_down(f);
}
END_TEST

/* Through every function and layer that could take a NaN for a number: it must show in the output. */
START_TEST(a_nan_in_the_input_shows_in_the_output)
{
    static const struct {
        const char *before, *after; /* the name of a function */
    } nets[] = {
        {"InputLayer: 6, 3; Conv1D: 'filters': 4, 'kernel_size': 2, 'activation': '", "'; GlobalMaxPooling1D; "},
        {"InputLayer: 6, 3; Conv1D: 'filters': 4, 'kernel_size': 1, 'activation': '",
         "'; MaxPooling1D: 'pool_size': 3; Flatten; "},
        {"InputLayer: 6, 3; LSTM: 'units': 4, 'activation': '", "'; "},
        {"InputLayer: 6, 3; GRU: 'units': 4, 'recurrent_activation': '", "'; "},
        {"i = InputLayer: 6, 3; a = Dense(i): 'units': 2, 'activation': '",
         "'; b = Dense(i): 'units': 2; m = Maximum(b, a); Flatten; "},
    };
    static const char *const functions[] = {"relu",     "sigmoid", "tanh", "hard_sigmoid", "softplus",
                                            "softsign", "elu",     "selu", "exponential"};
    for (int k = 0; k < 5; k++)
        for (int a = 0; a < 9; a++) {
            char text[512];
            int length = snprintf(text, sizeof(text), "%s%s%sDense: 'units': 3, 'activation': 'softmax';", nets[k].before,
                                  functions[a], nets[k].after);
            ck_assert_int_lt(length, (int)sizeof(text));
            mirnet_model *model = mn_net_create(text);
            mirnet_predictor *predictor = predictor_of(model, 1);
            for (int at = 0; at < 18; at++) {
                float x[18] = {0}, out[3];
                const float *inputs[] = {x};
                mn_ok(mirnet_predictor_run(predictor, inputs, 1, out));
                ck_assert(!isnan(out[0]));
                x[at] = NAN;
                mn_ok(mirnet_predictor_run(predictor, inputs, 1, out));
                ck_assert_msg(isnan(out[0]) && isnan(out[1]) && isnan(out[2]), "%s with a NaN at %d gives %g", text, at,
                              (double)out[0]);
            }
            mirnet_predictor_destroy(predictor);
            mirnet_model_destroy(model);
        }
}
END_TEST

/* Inside, numbers below FLT_MIN are zero; the caller's own arithmetic keeps them. */
START_TEST(the_callers_small_numbers_are_left_alone)
{
    mirnet_model *model = mn_net_create("InputLayer: 6, 3; Flatten; Dense: 'units': 2;");
    mirnet_trainer *trainer;
    mirnet_predictor *predictor = predictor_of(model, 2);
    float x[18] = {1}, out[2];
    const float *inputs[] = {x}, targets[2] = {1, 0};
    volatile float small = FLT_MIN;
    mn_ok(mirnet_trainer_create(&trainer, model));
    mn_ok(mirnet_predictor_run(predictor, inputs, 1, out));
    ck_assert(small / 4 > 0);
    mn_ok(mirnet_trainer_step(trainer, inputs, targets, NULL, 1, NULL));
    ck_assert(small / 4 > 0);
    mirnet_trainer_destroy(trainer);
    mirnet_predictor_destroy(predictor);
    mirnet_model_destroy(model);
}
END_TEST

/* What mirnet_model_set_text changes holds for what is created afterwards. */
START_TEST(a_predictor_and_a_trainer_keep_their_encoder)
{
    static const char *const sequences[] = {"GUGAGUGGGA", "CCAG"};
    mirnet_model *model = mn_net_create_recipe(
        "{\"encoder\": {\"length\": 8, \"long\": \"truncate\"}, \"training\": {\"epochs\": 1}, \"model\": ",
        "InputLayer: 8, 4; Flatten; Dense: 'units': 2, 'activation': 'softmax';");
    mirnet_predictor *before, *after;
    mirnet_trainer *trainer;
    mirnet_dataset *data;
    float first[4], again[4];
    mn_ok(mirnet_dataset_create(&data));
    mn_ok(mirnet_dataset_add(data, "a", sequences[0], NULL, "x", NULL));
    mn_ok(mirnet_dataset_add(data, "b", sequences[1], NULL, "y", NULL));
    mn_ok(mirnet_predictor_create(&before, model, 1));
    mn_ok(mirnet_predictor_run_sequences(before, sequences, 2, first));
    mn_ok(mirnet_trainer_create(&trainer, model));
    mn_ok(mirnet_trainer_set_dataset(trainer, data, NULL, 2));
    mn_ok(mirnet_model_set_text(model, "encoder.long", "error"));
    mn_ok(mirnet_predictor_run_sequences(before, sequences, 2, again));
    mn_same("probabilities", again, first, 4);
    mn_ok(mirnet_predictor_create(&after, model, 1));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_predictor_run_sequences(after, sequences, 2, again));
    mn_ok(mirnet_trainer_run(trainer));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_trainer_set_dataset(trainer, data, NULL, 2));
    mirnet_trainer_destroy(trainer);
    mirnet_predictor_destroy(before);
    mirnet_predictor_destroy(after);
    mirnet_dataset_destroy(data);
    mirnet_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("predict");
    TCase *tc = tcase_create("bits");
    tcase_add_test(tc, samples_may_be_grouped_and_threaded_in_any_way);
    tcase_add_test(tc, nothing_is_written_behind_the_output);
    tcase_add_test(tc, predictors_of_several_threads_share_a_model);
    tcase_add_test(tc, a_forked_child_may_use_the_predictor);
    tcase_add_test(tc, a_network_may_have_several_inputs);
    tcase_add_test(tc, sequences_datasets_and_tensors_give_the_same_bits);
    tcase_add_test(tc, a_long_list_gets_the_same_bits);
    tcase_add_test(tc, the_first_sequence_that_is_refused_is_named);
    tcase_add_test(tc, wrong_arguments_are_refused);
    tcase_add_test(tc, a_predictor_and_a_trainer_keep_their_encoder);
    tcase_add_test(tc, a_nan_in_the_input_shows_in_the_output);
    tcase_add_test(tc, the_callers_small_numbers_are_left_alone);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
