/* test_model_threads.c - the same bits of predictions and training for any threads */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdlib.h>
#include <string.h>

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
static void check_prediction(mirnet_model *model, int64_t n)
{
    static const int64_t steps[] = {1, 2, 3, 5, 7, 1000};
    batch b = make_batch(model, n);
    float *want = predict(model, &b, 1, n);
    for (int t = 0; t < COUNT(thread_counts); t++)
        for (int s = 0; s < COUNT(steps); s++) {
            float *got = predict(model, &b, thread_counts[t], steps[s]);
            mn_same("prediction", got, want, (size_t)(n * b.outputs));
            free(got);
        }
    free(want);
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
    tcase_add_test(tcase, training_does_not_depend_on_threads);
    suite_add_tcase(suite, tcase);
    return mn_check_main(suite);
}
