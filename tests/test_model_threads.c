/* test_model_threads.c - the same bits of predictions and training for any threads */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mirnet/predict.h>
#include <mirnet/train.h>

#include "mn_net.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const int32_t thread_counts[] = {1, 2, 3, 4, 7, 8, 16};

typedef struct batch {
    float *inputs, *targets;
    const float *list[1];
    int64_t n, size, outputs;
} batch;

static batch make_batch(const mirnet_model *model, int64_t n)
{
    uint64_t seed = mn_seed();
    batch b = {.n = n, .size = mirnet_model_get_size(model, 0), .outputs = mirnet_model_get_size(model, -1)};
    b.list[0] = b.inputs = mn_net_floats(n * b.size);
    b.targets = mn_net_floats(n * b.outputs);
    mn_net_fill(&seed, b.inputs, n * b.size, -1, 1);
    mn_net_fill_targets(&seed, b.targets, n, b.outputs);
    return b;
}

static void free_batch(batch *b)
{
    free(b->inputs);
    free(b->targets);
}

static float *predict(const mirnet_model *model, const batch *b, int32_t threads, int64_t step)
{
    mirnet_predictor *predictor;
    float *out = mn_net_floats(b->n * b->outputs);
    mn_ok(mirnet_predictor_create(&predictor, model, threads));
    for (int64_t at = 0; at < b->n; at += step) {
        const float *inputs[] = {b->inputs + at * b->size};
        mn_ok(mirnet_predictor_run(predictor, inputs, at + step < b->n ? step : b->n - at, out + at * b->outputs));
    }
    mirnet_predictor_destroy(predictor);
    return out;
}

/* Predictions for any number of threads and any grouping into calls. */
static void check_batch(const mirnet_model *model, const batch *b)
{
    static const int64_t steps[] = {1, 2, 3, 5, 7, 1000};
    float *want = predict(model, b, 1, b->n);
    for (int t = 0; t < COUNT(thread_counts); t++)
        for (int s = 0; s < COUNT(steps); s++) {
            float *got = predict(model, b, thread_counts[t], steps[s]);
            mn_same("prediction", got, want, (size_t)(b->n * b->outputs));
            free(got);
        }
    free(want);
}

static void check_prediction(mirnet_model *model, int64_t n)
{
    batch b = make_batch(model, n);
    check_batch(model, &b);
    free_batch(&b);
    mirnet_model_destroy(model);
}

START_TEST(predictions_do_not_depend_on_threads_or_calls)
{
    uint64_t seed = mn_seed();
    mirnet_model *model = mn_net_create(mn_net_mixed);
    mn_net_fill_weights(&seed, model);
    check_prediction(model, 37);
    check_prediction(mn_net_create_builtin("tasdelen2021"), 11);
    check_prediction(mn_net_create_builtin("linear-ends"), 37);
}
END_TEST

#define SEQUENCES ", 'return_sequences': true; "

/* Layers that can work at the same time, and such as must wait for one another. */
static const char *const stacks[] = {
    "InputLayer: 29, 4; LSTM: 'units': 17" SEQUENCES "GRU: 'units': 16" SEQUENCES "LSTM: 'units': 5" SEQUENCES
    "GRU: 'units': 3;",
    "InputLayer: 29, 4; Masking; GRU: 'units': 70" SEQUENCES "LSTM: 'units': 9" SEQUENCES "GRU: 'units': 6" SEQUENCES
    "LSTM: 'units': 3;",
    "InputLayer: 29, 4; Masking; LSTM: 'units': 8" SEQUENCES "LSTM: 'units': 7" SEQUENCES,
    "InputLayer: 29, 4; LSTM: 'units': 8" SEQUENCES "LSTM: 'units': 7, 'go_backwards': true" SEQUENCES
    "LSTM: 'units': 6" SEQUENCES "LSTM: 'units': 3;",
    "InputLayer: 29, 4; a = LSTM: 'units': 8" SEQUENCES "b = LSTM: 'units': 8" SEQUENCES "Add(a, b); LSTM: 'units': 3;",
    "InputLayer: 29, 8; a = LSTM: 'units': 8" SEQUENCES "b = @a(a); GRU(b): 'units': 3;",
    "InputLayer: 24, 4; LSTM: 'units': 8" SEQUENCES "Reshape: 'target_shape': [24, 8]; LSTM: 'units': 8" SEQUENCES
    "Reshape: 'target_shape': [12, 16]; LSTM: 'units': 6" SEQUENCES "Dropout: 'rate': 0.5; LSTM: 'units': 3;",
    "InputLayer: 29, 4; LSTM: 'units': 8" SEQUENCES "LSTM: 'units': 8; Reshape: 'target_shape': [8, 1]; "
    "LSTM: 'units': 3;",
    "InputLayer: 29, 4; Masking; LSTM: 'units': 8, 'go_backwards': true" SEQUENCES "LSTM: 'units': 7" SEQUENCES
    "LSTM: 'units': 3;",
    "InputLayer: 29, 4; Masking; LSTM: 'units': 4, 'go_backwards': true" SEQUENCES "LSTM: 'units': 4" SEQUENCES
    "LSTM: 'units': 16;",
    "InputLayer: 29, 4; LSTM: 'units': 8" SEQUENCES "Bidirectional: 'layer': {'class_name': 'GRU', 'config': "
    "{'units': 5, 'return_sequences': true}}; GRU: 'units': 6" SEQUENCES "GRU: 'units': 3;",
};

/* Samples that end early, or begin late, as a Masking layer sees them; some do neither. */
START_TEST(recurrent_layers_may_work_at_once)
{
    uint64_t seed = mn_seed();
    mirnet_model *model = mn_net_create(stacks[_i]);
    mn_net_fill_weights(&seed, model);
    batch b = make_batch(model, 11);
    for (int64_t i = 0; i < b.n; i++) {
        const int64_t size = i % 3 ? (int64_t)mn_net_uniform(&seed, 0, 24.9) * 4 : 0;
        memset(b.inputs + i * b.size + (i % 3 == 1 ? 0 : b.size - size), 0, (size_t)size * sizeof(float));
    }
    check_batch(model, &b);
    free_batch(&b);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(a_forked_child_has_recurrent_layers_one_by_one)
{
    uint64_t seed = mn_seed();
    mirnet_predictor *predictor;
    mirnet_model *model = mn_net_create(stacks[0]);
    mn_net_fill_weights(&seed, model);
    batch b = make_batch(model, 1);
    float *want = predict(model, &b, 1, 1), got[3];
    mn_ok(mirnet_predictor_create(&predictor, model, 3));
    mn_ok(mirnet_predictor_run(predictor, b.list, 1, got));
    mn_same("in the parent", got, want, COUNT(got));
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        memset(got, 0, sizeof(got));
        bool same = mirnet_predictor_run(predictor, b.list, 1, got) == MIRNET_OK &&
                    memcmp(got, want, sizeof(got)) == 0;
        mirnet_predictor_destroy(predictor);
        _exit(same ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    mirnet_predictor_destroy(predictor);
    free(want);
    free_batch(&b);
    mirnet_model_destroy(model);
}
END_TEST

/* The weights after some steps, and the gradient of inputs and weights before them. */
static float *train(mirnet_model *model, const batch *b, int32_t threads, int steps, float *input_grads, double *losses)
{
    mirnet_trainer *trainer;
    mn_ok(mirnet_trainer_create(&trainer, model));
    mn_ok(mirnet_trainer_set_threads(trainer, threads));
    mn_ok(mirnet_trainer_run_gradient(trainer, b->list, b->targets, NULL, b->n, 1, losses, &input_grads));
    for (int i = 0; i < steps; i++)
        mn_ok(mirnet_trainer_step(trainer, b->list, b->targets, NULL, b->n, losses + 1 + i));
    mirnet_trainer_destroy(trainer);
    return mn_net_weights(model);
}

static void check_training(mirnet_model *model, int64_t n, int steps)
{
    batch b = make_batch(model, n);
    float *want = NULL, *grads[2] = {mn_net_floats(n * b.size), mn_net_floats(n * b.size)};
    double losses[2][8] = {{0}};
    for (int t = 0; t < COUNT(thread_counts); t++) {
        mirnet_model *copy;
        mn_ok(mirnet_model_copy(&copy, model));
        float *got = train(copy, &b, thread_counts[t], steps, grads[t > 0], losses[t > 0]);
        if (t > 0) {
            mn_same("weights", got, want, (size_t)mirnet_model_parameter_count(model, -1));
            mn_same("input gradients", grads[1], grads[0], (size_t)(n * b.size));
            ck_assert_int_eq(memcmp(losses[1], losses[0], sizeof(losses[0])), 0);
            free(got);
        } else {
            want = got;
        }
        mirnet_model_destroy(copy);
    }
    free(want);
    free(grads[0]);
    free(grads[1]);
    free_batch(&b);
    mirnet_model_destroy(model);
}

START_TEST(training_does_not_depend_on_threads)
{
    check_training(mn_net_create(mn_net_mixed), 23, 4);
    check_training(mn_net_create_builtin("tasdelen2021"), 6, 2);
    check_training(mn_net_create_builtin("tasdelen2021-pool"), 2, 1);
    check_training(mn_net_create_builtin("linear-ends"), 30, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model_threads");
    TCase *tcase = tcase_create("model_threads");
    tcase_add_test(tcase, predictions_do_not_depend_on_threads_or_calls);
    tcase_add_loop_test(tcase, recurrent_layers_may_work_at_once, 0, COUNT(stacks));
    tcase_add_test(tcase, a_forked_child_has_recurrent_layers_one_by_one);
    tcase_add_test(tcase, training_does_not_depend_on_threads);
    suite_add_tcase(suite, tcase);
    return mn_check_main(suite);
}
