/* test_parallel.c - trainers and predictors with threads: the same bits for any number, idle handles, forks */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"

enum { PER_CLASS = 20, RECORDS = 2 * PER_CLASS, OUTPUTS = 2, EPOCHS = 2 };

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const int32_t thread_counts[] = {2, 3, 4, 7, 8, 16}; /* each compared with 1 */

#define ENCODER(length) "{\"encoder\": {\"length\": " #length "}, "
#define TRAINING "\"training\": {\"batch_size\": 6, \"validation_split\": 0.2}, \"model\": "
#define EACH(config) "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {" config "}}; "
#define CONV EACH("'filters': 24, 'kernel_size': [6, 4], 'strides': 2, 'padding': 'same', 'activation': 'relu'")
#define SIDE(height)                                                                                   \
    "c" #height " = Conv2D(x): 'filters': 20, 'kernel_size': [" #height ", 4], 'activation': 'relu'; " \
    "m" #height " = GlobalMaxPooling2D(c" #height "); "
#define LSTM(units, rest) "LSTM: 'units': " #units ", 'recurrent_dropout': 0.1" rest "; "
#define CLASSES "Dense: 'units': 2, 'activation': 'softmax';"

/* The kinds of networks that papers on hairpins use, small. */
static const struct {
    const char *name, *head, *net;
} nets[] = {
    {"convolutions and one LSTM step", ENCODER(164) TRAINING,
     "InputLayer: 1, 164, 4, 1; " CONV CONV CONV "TimeDistributed: 'layer': {'class_name': 'Flatten', 'config': {}}; "
     "LSTM: 'units': 20; Dense: 'units': 70, 'activation': 'relu'; Dropout: 'rate': 0.5; " CLASSES},
    {"convolutions side by side", ENCODER(164) TRAINING,
     "x = InputLayer: 164, 4, 1; " SIDE(3) SIDE(4)
         SIDE(5) "Concatenate(m3, m4, m5); BatchNormalization; "
                 "Dense: 'units': 66, 'activation': 'relu'; Dropout: 'rate': 0.5; " CLASSES},
    {"masked LSTMs", ENCODER(180) TRAINING,
     "InputLayer: 180, 4; Masking; " LSTM(17, ", 'return_sequences': true") LSTM(9, ", 'return_sequences': true")
         LSTM(2, "") "Activation: 'activation': 'softmax';"},
};

static mirnet_dataset *data_of(void)
{
    mirnet_dataset *data;
    mn_ok(mirnet_dataset_create(&data));
    mn_ok(mirnet_dataset_simulate(data, PER_CLASS, 3));
    return data;
}

static mirnet_model *model_of(int net)
{
    return mn_net_create_recipe(nets[net].head, nets[net].net);
}

/* What a run leaves: the weights, one behind the other, figures of each epoch, and probabilities. */
typedef struct outcome {
    float *weights;
    int64_t n_weights;
    double figures[EPOCHS][4];
    float of_dataset[RECORDS * OUTPUTS], one_by_one[RECORDS * OUTPUTS];
} outcome;

static void note_weights(outcome *o, const mirnet_model *model)
{
    int64_t at = 0;
    o->n_weights = mirnet_model_parameter_count(model, -1);
    o->weights = mn_net_floats(o->n_weights);
    for (int32_t i = 0; i < mirnet_model_weight_count(model); i++) {
        const char *name = mirnet_model_get_weight_name(model, i);
        const int64_t n = mn_net_weight_size(model, i);
        mn_ok(mirnet_model_get_weight(model, name, o->weights + at, n));
        at += n;
    }
    ck_assert_int_eq(at, o->n_weights);
}

static void note_figures(outcome *o, const mirnet_trainer *trainer)
{
    static const char *const keys[] = {"loss", "accuracy", "val_loss", "val_accuracy"};
    for (int epoch = 0; epoch < EPOCHS; epoch++)
        for (int k = 0; k < 4; k++)
            mn_ok(mirnet_trainer_get_history(trainer, keys[k], epoch + 1, &o->figures[epoch][k]));
}

/* In one call, which gives each thread whole blocks, and by single records, which makes threads share each product. */
static void note_predictions(outcome *o, mirnet_predictor *predictor, const mirnet_dataset *data)
{
    mn_ok(mirnet_predictor_run_dataset(predictor, data, NULL, RECORDS, o->of_dataset));
    for (int64_t i = 0; i < RECORDS; i++)
        mn_ok(mirnet_predictor_run_dataset(predictor, data, &i, 1, o->one_by_one + i * OUTPUTS));
}

static outcome *new_outcome(void)
{
    outcome *o = calloc(1, sizeof(*o));
    ck_assert_ptr_nonnull(o);
    return o;
}

static outcome *work(int net, const mirnet_dataset *data, int32_t threads)
{
    outcome *o = new_outcome();
    mirnet_model *model = model_of(net);
    mirnet_trainer *trainer = mn_net_trainer(model, data, threads);
    mirnet_predictor *predictor;
    for (int epoch = 0; epoch < EPOCHS; epoch++)
        mn_ok(mirnet_trainer_run_epoch(trainer, NULL));
    note_weights(o, model);
    note_figures(o, trainer);
    mn_ok(mirnet_predictor_create(&predictor, model, threads));
    note_predictions(o, predictor, data);
    mirnet_predictor_destroy(predictor);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    return o;
}

static void free_outcome(outcome *o)
{
    free(o->weights);
    free(o);
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    mirnet_dataset *data = data_of();
    outcome *want = work(_i, data, 1);
    mn_same("one by one", want->one_by_one, want->of_dataset, RECORDS * OUTPUTS);
    ck_assert(want->figures[0][0] != want->figures[1][0]); /* it learns */
    for (int t = 0; t < COUNT(thread_counts); t++) {
        outcome *got = work(_i, data, thread_counts[t]);
        mn_same(nets[_i].name, got->weights, want->weights, (size_t)want->n_weights);
        ck_assert_msg(memcmp(got->figures, want->figures, sizeof(got->figures)) == 0,
                      "%s: other figures with %d threads", nets[_i].name, thread_counts[t]);
        mn_same("of a dataset", got->of_dataset, want->of_dataset, RECORDS * OUTPUTS);
        mn_same("one by one", got->one_by_one, want->one_by_one, RECORDS * OUTPUTS);
        free_outcome(got);
    }
    free_outcome(want);
    mirnet_dataset_destroy(data);
}
END_TEST

/* -- Idle -----------------------------------------------------------------------------------------------------------*/

static void rest(long milliseconds)
{
    nanosleep(&(struct timespec){0, milliseconds * 1000000}, NULL);
}

static double processor_seconds(void)
{
    struct timespec now;
    ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Six helpers that went on spinning would use 0.3 s of each processor. */
START_TEST(handles_left_alone_use_no_processor)
{
    mirnet_dataset *data = data_of();
    mirnet_model *model = model_of(_i);
    mirnet_trainer *trainer = mn_net_trainer(model, data, 4);
    mirnet_predictor *predictor;
    float out[RECORDS * OUTPUTS];
    mn_ok(mirnet_trainer_run_epoch(trainer, NULL));
    mn_ok(mirnet_predictor_create(&predictor, model, 4));
    mn_ok(mirnet_predictor_run_dataset(predictor, data, NULL, RECORDS, out));
    double before = processor_seconds();
    rest(300);
    double used = processor_seconds() - before;
    ck_assert_msg(used < 0.03, "%.3f s of 0.3 s", used);
    mirnet_predictor_destroy(predictor);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    mirnet_dataset_destroy(data);
}
END_TEST

/* -- Forks ----------------------------------------------------------------------------------------------------------*/

/* Forks in the callback of the last epoch, after this batch (0: all); the helpers spin, or sleep after a nap. */
typedef struct forking {
    long nap; /* milliseconds */
    int64_t batch;
    pid_t child; /* -1: not yet; 0: this is it */
} forking;

static int32_t fork_here(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    forking *f = payload;
    (void)trainer;
    if (epoch != EPOCHS || batch != f->batch)
        return 0;
    rest(f->nap);
    f->child = fork();
    ck_assert_int_ge(f->child, 0);
    return 0;
}

static bool same_outcome(const outcome *got, const outcome *want)
{
    return memcmp(got->weights, want->weights, (size_t)want->n_weights * sizeof(float)) == 0 &&
           memcmp(got->figures, want->figures, sizeof(want->figures)) == 0 &&
           memcmp(got->of_dataset, want->of_dataset, sizeof(want->of_dataset)) == 0 &&
           memcmp(got->one_by_one, want->one_by_one, sizeof(want->one_by_one)) == 0;
}

static void expect_success(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child got other bits");
}

/* Trains with four threads and forks on the way; parent and child end with the same bits as a process that did not. */
static void fork_on_the_way(int net, const mirnet_dataset *data, const outcome *want, long nap, int64_t batch)
{
    mirnet_model *model = model_of(net);
    mirnet_trainer *trainer = mn_net_trainer(model, data, 4);
    mirnet_predictor *predictor;
    forking f = {nap, batch, -1};
    outcome *o = new_outcome();
    mn_ok(mirnet_trainer_set_callback(trainer, fork_here, &f));
    for (int epoch = 0; epoch < EPOCHS; epoch++)
        mn_ok(mirnet_trainer_run_epoch(trainer, NULL));
    ck_assert_int_ge(f.child, 0);
    note_weights(o, model);
    note_figures(o, trainer);
    mn_ok(mirnet_predictor_create(&predictor, model, f.child ? 4 : 1));
    note_predictions(o, predictor, data);
    mirnet_predictor_destroy(predictor);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    const bool same = same_outcome(o, want);
    free_outcome(o);
    if (f.child == 0)
        _exit(same ? 0 : 1);
    expect_success(f.child);
    ck_assert_msg(same, "the parent got other bits");
}

START_TEST(a_fork_in_the_middle_of_training_leaves_both_with_the_right_bits)
{
    mirnet_dataset *data = data_of();
    outcome *want = work(_i, data, 1);
    for (long nap = 0; nap <= 5; nap += 5)
        for (int64_t batch = 0; batch < 3; batch++)
            fork_on_the_way(_i, data, want, nap, batch);
    free_outcome(want);
    mirnet_dataset_destroy(data);
}
END_TEST

START_TEST(a_fork_between_predictions_leaves_both_with_the_right_bits)
{
    mirnet_dataset *data = data_of();
    outcome *want = new_outcome(), *got = new_outcome();
    mirnet_model *model = model_of(_i);
    mirnet_predictor *predictor;
    mn_ok(mirnet_predictor_create(&predictor, model, 1));
    note_predictions(want, predictor, data);
    mirnet_predictor_destroy(predictor);
    mn_ok(mirnet_predictor_create(&predictor, model, 4));
    for (int repeat = 0; repeat < 6; repeat++) {
        note_predictions(got, predictor, data);
        rest(repeat % 2 * 5); /* the helpers spin, or are asleep */
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        memset(got, 0, sizeof(*got));
        note_predictions(got, predictor, data);
        if (child == 0) {
            mirnet_predictor_destroy(predictor);
            _exit(memcmp(got, want, sizeof(*got)) == 0 ? 0 : 1);
        }
        expect_success(child);
        ck_assert_msg(memcmp(got, want, sizeof(*got)) == 0, "the parent got other bits");
    }
    mirnet_predictor_destroy(predictor);
    mirnet_model_destroy(model);
    free_outcome(want);
    free_outcome(got);
    mirnet_dataset_destroy(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parallel");
    TCase *tc = tcase_create("parallel");
    tcase_add_loop_test(tc, any_number_of_threads_gives_the_same_bits, 0, COUNT(nets));
    tcase_add_loop_test(tc, handles_left_alone_use_no_processor, 0, COUNT(nets));
    tcase_add_loop_test(tc, a_fork_in_the_middle_of_training_leaves_both_with_the_right_bits, 0, COUNT(nets));
    tcase_add_loop_test(tc, a_fork_between_predictions_leaves_both_with_the_right_bits, 0, COUNT(nets));
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
