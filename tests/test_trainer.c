/* test_trainer.c - early stopping and falling rates as Keras's callbacks; our callback; cancelling, options, steps */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"

enum { N = 36, INPUTS = 4, CLASSES = 3, EPOCHS = 24, BATCH = 8, MOST_WEIGHTS = 100 };

/* Everything that depends on the place in a run: dropout, batch statistics, momenta. */
static const char net[] = "InputLayer: 4; Dense: 'units': 5, 'activation': 'tanh'; BatchNormalization; "
                          "Dropout: 'rate': 0.3; Dense: 'units': 3, 'activation': 'softmax', 'kernel_regularizer': 'l2';";
static const char no_dropout[] = "InputLayer: 4; Dense: 'units': 5, 'activation': 'tanh'; BatchNormalization; "
                                 "Dense: 'units': 3, 'activation': 'softmax', 'kernel_regularizer': 'l2';";

typedef struct run {
    mirnet_model *model;
    mirnet_trainer *trainer;
    float x[N * INPUTS], targets[N * CLASSES];
} run;

static void set(const run *r, const char *key, double value)
{
    mn_ok(mirnet_trainer_set_number(r->trainer, key, value));
}

static void set_text(const run *r, const char *key, const char *value)
{
    mn_ok(mirnet_trainer_set_text(r->trainer, key, value));
}

static int64_t count(const run *r, const char *key)
{
    int64_t n;
    mn_ok(mirnet_trainer_get_count(r->trainer, key, &n));
    return n;
}

static double figure(const run *r, const char *key, int64_t epoch)
{
    double value;
    mn_ok(mirnet_trainer_get_history(r->trainer, key, epoch, &value));
    return value;
}

static void set_data(run *r)
{
    const float *inputs[] = {r->x};
    mn_ok(mirnet_trainer_set_tensors(r->trainer, inputs, r->targets, NULL, N));
}

static run *begin(const char *text)
{
    run *r = calloc(1, sizeof(*r));
    uint64_t seed = mn_seed();
    ck_assert_ptr_nonnull(r);
    r->model = mn_net_create(text);
    mn_net_fill_weights(&seed, r->model);
    mn_net_fill(&seed, r->x, N * INPUTS, -1, 1);
    for (int i = 0; i < N; i++)
        r->targets[i * CLASSES + (int)mn_net_uniform(&seed, 0, CLASSES - 0.01)] = 1;
    mn_ok(mirnet_trainer_create(&r->trainer, r->model));
    set_data(r);
    set(r, "training.batch_size", BATCH);
    set(r, "training.epochs", EPOCHS);
    set(r, "training.validation_split", 0.3);
    set(r, "training.learning_rate", 0.05);
    return r;
}

static void end(run *r)
{
    mirnet_trainer_destroy(r->trainer);
    mirnet_model_destroy(r->model);
    free(r);
}

static int64_t get_weights(const mirnet_model *model, float *out)
{
    int64_t at = 0;
    for (int32_t i = 0; i < mirnet_model_weight_count(model); i++) {
        const char *name = mirnet_model_get_weight_name(model, i);
        const int64_t n = mn_net_weight_size(model, i);
        ck_assert_int_le(at + n, MOST_WEIGHTS);
        mn_ok(mirnet_model_get_weight(model, name, out + at, n));
        at += n;
    }
    return at;
}

static void same_weights(const mirnet_model *got, const mirnet_model *want)
{
    float a[MOST_WEIGHTS], b[MOST_WEIGHTS];
    const int64_t n = get_weights(got, a);
    ck_assert_int_eq(get_weights(want, b), n);
    mn_same("weights", a, b, (size_t)n);
}

/* -- Early stopping
 * ------------------------------------------------------------------------------------------------- */

static const char *const monitors[] = {"val_loss", "loss", "val_accuracy", "accuracy"};

typedef struct rule {
    const char *monitor;
    int64_t patience, start;
    double min_delta;
} rule;

/* Keras's EarlyStopping.on_epoch_end, statement by statement, over a series of figures. Returns the epochs that are
 * trained; *best gets the best epoch, 1-based, 0: none. */
static int64_t keras_stops(const double *series, rule o, int64_t *best_epoch)
{
    const bool larger = strstr(o.monitor, "accuracy") != NULL;
    double best = larger ? -INFINITY : INFINITY;
    int64_t wait = 0;
    *best_epoch = 0;
    for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
        if (epoch < o.start)
            continue;
        wait++;
        if (larger ? series[epoch] - o.min_delta > best : series[epoch] + o.min_delta < best) {
            best = series[epoch];
            *best_epoch = epoch + 1;
            wait = 0;
            continue;
        }
        if (wait >= o.patience && epoch > 0)
            return epoch + 1;
    }
    return EPOCHS;
}

typedef struct kept {
    float weights[EPOCHS][MOST_WEIGHTS];
} kept;

static int32_t keep_weights(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    void **both = payload;
    (void)trainer;
    if (batch == 0)
        get_weights(both[1], ((kept *)both[0])->weights[epoch - 1]);
    return 0;
}

static void check_stop(const double *series, const kept *weights, rule o, bool restore)
{
    run *r = begin(net);
    int64_t best, epochs = keras_stops(series, o, &best);
    float got[MOST_WEIGHTS];
    set(r, "training.early_stopping", 1);
    set(r, "training.early_stopping_patience", (double)o.patience);
    set(r, "training.early_stopping_start_from_epoch", (double)o.start);
    set(r, "training.early_stopping_min_delta", o.min_delta);
    set(r, "training.early_stopping_restore_best", restore);
    set_text(r, "training.early_stopping_monitor", o.monitor);
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_msg(count(r, "epochs") == epochs && count(r, "best_epoch") == best,
                  "%s, patience %d, start %d, min_delta %g: %d epochs, best %d; not %d, %d", o.monitor, (int)o.patience,
                  (int)o.start, o.min_delta, (int)count(r, "epochs"), (int)count(r, "best_epoch"), (int)epochs, (int)best);
    ck_assert(count(r, "stopped") == (epochs < EPOCHS) || epochs == EPOCHS);
    const int64_t n = get_weights(r->model, got);
    mn_same("weights", got, weights->weights[(restore && best ? best : epochs) - 1], (size_t)n);
    mn_ok(mirnet_trainer_run(r->trainer)); /* nothing is left to do */
    ck_assert_int_eq(count(r, "epochs"), epochs);
    end(r);
}

START_TEST(early_stopping_follows_the_rule_of_keras)
{
    run *r = begin(net);
    kept *weights = calloc(1, sizeof(*weights));
    void *payload[] = {weights, r->model};
    double series[4][EPOCHS];
    int64_t best, stops = 0;
    mn_ok(mirnet_trainer_set_callback(r->trainer, keep_weights, payload));
    mn_ok(mirnet_trainer_run(r->trainer));
    for (int m = 0; m < 4; m++)
        for (int64_t epoch = 0; epoch < EPOCHS; epoch++)
            series[m][epoch] = figure(r, monitors[m], epoch + 1);
    for (int m = 0; m < 4; m++)
        for (int64_t patience = 0; patience < 5; patience += 1 + (patience > 1))
            for (int64_t start = 0; start < 6; start += 5)
                for (int delta = 0; delta < 2; delta++) {
                    const rule o = {monitors[m], patience, start, delta * 0.02};
                    stops += keras_stops(series[m], o, &best) < EPOCHS;
                    check_stop(series[m], weights, o, (patience + delta) % 2);
                }
    ck_assert_int_ge(stops, 20); /* else this shows nothing */
    free(weights);
    end(r);
}
END_TEST

START_TEST(a_single_epoch_says_when_early_stopping_asks_to_stop)
{
    run *r = begin(net);
    int32_t stop = -1;
    set(r, "training.early_stopping", 1);
    set(r, "training.early_stopping_min_delta", 100);
    set(r, "training.early_stopping_patience", 2);
    for (int epoch = 1; epoch <= 3; epoch++) {
        mn_ok(mirnet_trainer_run_epoch(r->trainer, &stop));
        ck_assert_int_eq(stop, epoch == 3);
        ck_assert_int_eq(count(r, "stopped"), epoch == 3);
        ck_assert_int_eq(count(r, "best_epoch"), 1);
    }
    end(r);
}
END_TEST

START_TEST(watching_what_is_not_there_is_refused)
{
    run *r = begin(net);
    set(r, "training.validation_split", 0);
    set(r, "training.early_stopping", 1);
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run(r->trainer));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run_epoch(r->trainer, NULL));
    ck_assert_int_eq(count(r, "steps"), 0);
    end(r);
}
END_TEST

/* -- Learning rates
 * ------------------------------------------------------------------------------------------------- */

/* Keras's ReduceLROnPlateau.on_epoch_end, statement by statement, over the run's own series: it must tell its rates. */
static int check_rates(const run *r, const char *monitor, int64_t patience, int64_t cooldown, double min_delta,
                       double min_rate)
{
    const bool larger = strstr(monitor, "accuracy") != NULL;
    double best = larger ? -INFINITY : INFINITY, rate = 0.05;
    int64_t wait = 0, cooling = 0;
    int reductions = 0;
    for (int64_t epoch = 1; epoch <= EPOCHS; epoch++) {
        const double current = figure(r, monitor, epoch), got = figure(r, "learning_rate", epoch);
        ck_assert_msg(fabs(got - rate) <= 1e-12, "%s, patience %d, cooldown %d: rate %g in epoch %d, not %g", monitor,
                      (int)patience, (int)cooldown, got, (int)epoch, rate);
        if (cooling > 0) {
            cooling--;
            wait = 0;
        }
        if (larger ? current > best + min_delta : current < best - min_delta) {
            best = current;
            wait = 0;
        } else if (cooling <= 0) {
            wait++;
            if (wait >= patience && rate > min_rate) {
                rate = fmax(rate * 0.5, min_rate);
                cooling = cooldown;
                wait = 0;
                reductions++;
            }
        }
    }
    return reductions;
}

START_TEST(learning_rates_fall_by_the_rule_of_keras)
{
    int reductions = 0;
    for (int m = 0; m < 4; m++)
        for (int64_t patience = 1; patience < 5; patience += 2)
            for (int64_t cooldown = 0; cooldown < 5; cooldown += 2)
                for (int k = 0; k < 2; k++) {
                    const double min_delta = k ? 0.02 : 0, min_rate = k ? 0 : 0.01;
                    run *r = begin(net);
                    set(r, "training.reduce_lr", 1);
                    set_text(r, "training.reduce_lr_monitor", monitors[m]);
                    set(r, "training.reduce_lr_factor", 0.5);
                    set(r, "training.reduce_lr_patience", (double)patience);
                    set(r, "training.reduce_lr_cooldown", (double)cooldown);
                    set(r, "training.reduce_lr_min_delta", min_delta);
                    set(r, "training.reduce_lr_min_lr", min_rate);
                    mn_ok(mirnet_trainer_run(r->trainer));
                    reductions += check_rates(r, monitors[m], patience, cooldown, min_delta, min_rate);
                    end(r);
                }
    ck_assert_int_ge(reductions, 100); /* else this shows nothing */
}
END_TEST

/* -- The callback
 * --------------------------------------------------------------------------------------------------- */

typedef struct calls {
    int64_t epoch, batch; /* of the last call */
    int64_t n, batches, stop_at;
    run *r;
} calls;

static int32_t check_call(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    calls *c = payload;
    const bool first = c->n == 0, ended = c->batch == c->batches, starts = first || c->batch == 0;
    ck_assert_ptr_eq(trainer, c->r->trainer);
    ck_assert_int_eq(epoch, first ? 1 : c->epoch + (c->batch == 0));
    ck_assert_int_eq(batch, starts ? 1 : ended ? 0 : c->batch + 1);
    ck_assert_int_eq(count(c->r, "epochs"), batch ? epoch - 1 : epoch);
    ck_assert_int_eq(count(c->r, "steps"), batch ? (epoch - 1) * c->batches + batch : epoch * c->batches);
    if (batch)
        ck_assert(isfinite(figure(c->r, "loss", 0)));
    c->epoch = epoch;
    c->batch = batch;
    return ++c->n == c->stop_at;
}

START_TEST(the_callback_is_called_after_each_batch_and_each_epoch)
{
    run *r = begin(net);
    calls c = {.r = r, .batches = 4};
    set(r, "training.epochs", 3);
    mn_ok(mirnet_trainer_set_callback(r->trainer, check_call, &c));
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_int_eq(count(r, "batches"), 4);
    ck_assert_int_eq(c.n, 3 * (4 + 1));
    mn_ok(mirnet_trainer_set_callback(r->trainer, NULL, NULL));
    mn_ok(mirnet_trainer_run_epoch(r->trainer, NULL));
    ck_assert_int_eq(c.n, 3 * (4 + 1));
    end(r);
}
END_TEST

START_TEST(a_run_goes_on_where_it_was_cancelled)
{
    run *want = begin(net);
    set(want, "training.epochs", 3);
    mn_ok(mirnet_trainer_run(want->trainer));
    for (int64_t place = 1; place <= 15; place++) {
        run *r = begin(net);
        calls c = {.r = r, .batches = 4, .stop_at = place};
        set(r, "training.epochs", 3);
        mn_ok(mirnet_trainer_set_callback(r->trainer, check_call, &c));
        mn_fails(MIRNET_ERR_CANCELLED, mirnet_trainer_run(r->trainer));
        ck_assert_int_eq(c.n, place);
        mn_ok(mirnet_trainer_run(r->trainer));
        ck_assert_int_eq(c.n, 15);
        same_weights(r->model, want->model);
        for (int64_t epoch = 1; epoch <= 3; epoch++)
            for (int m = 0; m < 4; m++)
                ck_assert_double_eq(figure(r, monitors[m], epoch), figure(want, monitors[m], epoch));
        end(r);
    }
    end(want);
}
END_TEST

/* What the callback must not do gives STATE and changes nothing; what it may do changes nothing either. */
static int32_t try_everything(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    run *r = payload;
    const float *inputs[] = {r->x};
    float out[N * CLASSES];
    double loss, accuracy;
    mirnet_predictor *predictor;
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run(trainer));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run_epoch(trainer, NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_step(trainer, inputs, r->targets, NULL, N, &loss));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_run_gradient(trainer, inputs, r->targets, NULL, N, 0, &loss, NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_evaluate(trainer, inputs, r->targets, NULL, N, &loss, &accuracy));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_tensors(trainer, inputs, r->targets, NULL, N));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_validation_tensors(trainer, NULL, NULL, NULL, 0));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_threads(trainer, 2));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_number(trainer, "training.batch_size", 3));
    mn_ok(mirnet_model_save(r->model, mn_scratch_path("inside")));
    mn_ok(mirnet_predictor_create(&predictor, r->model, 2));
    mn_ok(mirnet_predictor_run(predictor, inputs, N, out));
    mirnet_predictor_destroy(predictor);
    mn_ok(mirnet_trainer_store(trainer));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_resume(trainer));
    if (epoch == 2 && batch == 0)
        set(r, "training.epochs", 3); /* instead of all */
    return 0;
}

START_TEST(the_callback_may_look_and_save_but_not_step)
{
    run *r = begin(net), *want = begin(net);
    set(want, "training.epochs", 3);
    mn_ok(mirnet_trainer_run(want->trainer));
    mn_ok(mirnet_trainer_set_callback(r->trainer, try_everything, r));
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_int_eq(count(r, "epochs"), 3);
    same_weights(r->model, want->model);
    end(r);
    end(want);
}
END_TEST

static int32_t halve_rate(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    double rate;
    (void)epoch;
    (void)payload;
    mn_ok(mirnet_trainer_get_number(trainer, "training.learning_rate", &rate));
    if (batch == 0)
        mn_ok(mirnet_trainer_set_number(trainer, "training.learning_rate", rate / 2));
    return 0;
}

START_TEST(rate_and_epochs_can_be_changed_at_any_time_other_options_not)
{
    run *r = begin(net);
    set(r, "training.epochs", 2);
    mn_ok(mirnet_trainer_set_callback(r->trainer, halve_rate, NULL));
    mn_ok(mirnet_trainer_run(r->trainer));
    set(r, "training.epochs", 4);
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_int_eq(count(r, "epochs"), 4);
    for (int64_t epoch = 1; epoch <= 4; epoch++)
        ck_assert_double_eq(figure(r, "learning_rate", epoch), ldexp(0.05, 1 - (int)epoch));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_number(r->trainer, "training.batch_size", 4));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_number(r->trainer, "training.validation_split", 0.1));
    mn_fails(MIRNET_ERR_STATE, mirnet_trainer_set_text(r->trainer, "training.optimizer", "sgd"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(r->trainer, "training.epochs", 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(r->trainer, "training.learning_rate", -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_set_number(r->trainer, "encoder.length", 10));
    end(r);
}
END_TEST

/* -- Steps
 * ---------------------------------------------------------------------------------------------------------- */

START_TEST(steps_by_hand_give_the_bits_of_a_run)
{
    run *fit = begin(no_dropout), *steps = begin(no_dropout);
    set(fit, "training.shuffle", 0);
    set(fit, "training.validation_split", 0);
    set(fit, "training.epochs", 3);
    set(steps, "training.batch_size", 1);
    mn_ok(mirnet_trainer_run(fit->trainer));
    for (int epoch = 1; epoch <= 3; epoch++) {
        double sum = 0, loss;
        for (int at = 0; at < N; at += BATCH) {
            const int n = at + BATCH < N ? BATCH : N - at;
            const float *inputs[] = {steps->x + at * INPUTS};
            mn_ok(mirnet_trainer_step(steps->trainer, inputs, steps->targets + at * CLASSES, NULL, n, &loss));
            sum += loss * n;
        }
        ck_assert_double_le(fabs(figure(fit, "loss", epoch) - sum / N), 1e-12);
    }
    same_weights(steps->model, fit->model);
    ck_assert_int_eq(count(steps, "steps"), count(fit, "steps"));
    end(fit);
    end(steps);
}
END_TEST

START_TEST(a_dataset_gives_the_bits_of_its_tensors)
{
    static const char text[] = "{\"encoder\": {\"length\": 120, \"long\": \"truncate3\"}, \"training\": {\"epochs\": 3, "
                               "\"batch_size\": 7, \"validation_split\": 0.25, \"class_weight\": \"balanced\"}, "
                               "\"model\": %s}";
    char *inner = mn_net_json("InputLayer: 120, 4; Conv1D: 'filters': 3, 'kernel_size': 5, 'activation': 'relu'; "
                              "GlobalMaxPooling1D; Dropout: 'rate': 0.3; Dense: 'units': 2, 'activation': 'softmax';");
    char *json = malloc(strlen(inner) + sizeof(text));
    enum { RECORDS = 26, SIZE = 480 };
    mirnet_dataset *data;
    mirnet_encoder *encoder;
    mirnet_model *a, *b;
    mirnet_trainer *first, *second;
    float *x = mn_net_floats(RECORDS * SIZE), targets[RECORDS * 2] = {0};
    const float *inputs[] = {x};
    ck_assert_ptr_nonnull(json);
    sprintf(json, text, inner);
    a = mn_net_create_json(json);
    mn_ok(mirnet_model_copy(&b, a));
    mn_ok(mirnet_dataset_create(&data));
    mn_ok(mirnet_dataset_simulate(data, RECORDS / 2, 3));
    mn_ok(mirnet_encoder_create(&encoder, mirnet_model_get_recipe(a)));
    for (int64_t i = 0; i < RECORDS; i++) {
        mn_ok(mirnet_encoder_run(encoder, mirnet_dataset_get_sequence(data, i), (size_t)mirnet_dataset_get_length(data, i),
                                 NULL, x + i * SIZE));
        targets[i * 2 + mirnet_dataset_get_class(data, i)] = 1;
    }
    mn_ok(mirnet_trainer_create(&first, a));
    mn_ok(mirnet_trainer_create(&second, b));
    mn_ok(mirnet_trainer_set_dataset(first, data, NULL, RECORDS));
    mn_ok(mirnet_trainer_set_tensors(second, inputs, targets, NULL, RECORDS));
    mn_ok(mirnet_trainer_run(first));
    mn_ok(mirnet_trainer_run(second));
    same_weights(a, b);
    for (int m = 0; m < 4; m++) {
        double got, want;
        mn_ok(mirnet_trainer_get_history(first, monitors[m], 3, &got));
        mn_ok(mirnet_trainer_get_history(second, monitors[m], 3, &want));
        ck_assert_double_eq(got, want);
    }
    mirnet_trainer_destroy(first);
    mirnet_trainer_destroy(second);
    mirnet_encoder_destroy(encoder);
    mirnet_dataset_destroy(data);
    mirnet_model_destroy(a);
    mirnet_model_destroy(b);
    free(x);
    free(inner);
    free(json);
}
END_TEST

/* A step that meets a NaN leaves no trace: the next one is as if it had never been. */
START_TEST(a_loss_that_is_no_number_changes_nothing)
{
    run *r = begin(net), *want = begin(net);
    const float *inputs[] = {r->x};
    float bad[N * INPUTS], before[MOST_WEIGHTS], after[MOST_WEIGHTS];
    const float *bad_inputs[] = {bad};
    double loss;
    memcpy(bad, r->x, sizeof(bad));
    bad[N * INPUTS - 1] = NAN;
    mn_ok(mirnet_trainer_step(r->trainer, inputs, r->targets, NULL, N, &loss));
    const int64_t n = get_weights(r->model, before);
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_trainer_step(r->trainer, bad_inputs, r->targets, NULL, N, &loss));
    get_weights(r->model, after);
    mn_same("weights", after, before, (size_t)n);
    ck_assert_int_eq(count(r, "steps"), 1);
    mn_ok(mirnet_trainer_step(r->trainer, inputs, r->targets, NULL, N, &loss));
    mn_ok(mirnet_trainer_step(want->trainer, inputs, r->targets, NULL, N, &loss));
    mn_ok(mirnet_trainer_step(want->trainer, inputs, r->targets, NULL, N, &loss));
    same_weights(r->model, want->model);
    end(r);
    end(want);
}
END_TEST

START_TEST(the_best_weights_stay_when_the_next_step_fails)
{
    run *r = begin(net);
    float bad[N * INPUTS], before[MOST_WEIGHTS], after[MOST_WEIGHTS];
    const float *bad_inputs[] = {bad};
    for (int i = 0; i < N * INPUTS; i++)
        bad[i] = NAN;
    set(r, "training.early_stopping", 1);
    set(r, "training.early_stopping_min_delta", 100);
    set(r, "training.early_stopping_patience", 3);
    set(r, "training.early_stopping_restore_best", 1);
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_int_eq(count(r, "best_epoch"), 1);
    const int64_t n = get_weights(r->model, before);
    mn_fails(MIRNET_ERR_NUMERIC, mirnet_trainer_step(r->trainer, bad_inputs, r->targets, NULL, N, NULL));
    get_weights(r->model, after);
    mn_same("weights", after, before, (size_t)n);
    end(r);
}
END_TEST

/* A larger batch in between makes more room; the figures of the run must not feel it. */
START_TEST(a_large_batch_in_between_does_not_change_a_run)
{
    run *r = begin(net), *want = begin(net);
    const float *inputs[] = {r->x};
    double loss, accuracy;
    set(r, "training.epochs", 4);
    set(want, "training.epochs", 4);
    mn_ok(mirnet_trainer_run_epoch(r->trainer, NULL));
    mn_ok(mirnet_trainer_evaluate(r->trainer, inputs, r->targets, NULL, N, &loss, &accuracy));
    mn_ok(mirnet_trainer_run_gradient(r->trainer, inputs, r->targets, NULL, N, 1, &loss, NULL));
    mn_ok(mirnet_trainer_run(r->trainer));
    mn_ok(mirnet_trainer_run(want->trainer));
    same_weights(r->model, want->model);
    for (int64_t epoch = 1; epoch <= 4; epoch++)
        for (int m = 0; m < 4; m++)
            ck_assert_double_eq(figure(r, monitors[m], epoch), figure(want, monitors[m], epoch));
    end(r);
    end(want);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer");
    TCase *tc = tcase_create("trainer");
    tcase_add_test(tc, early_stopping_follows_the_rule_of_keras);
    tcase_add_test(tc, a_single_epoch_says_when_early_stopping_asks_to_stop);
    tcase_add_test(tc, watching_what_is_not_there_is_refused);
    tcase_add_test(tc, learning_rates_fall_by_the_rule_of_keras);
    tcase_add_test(tc, the_callback_is_called_after_each_batch_and_each_epoch);
    tcase_add_test(tc, a_run_goes_on_where_it_was_cancelled);
    tcase_add_test(tc, the_callback_may_look_and_save_but_not_step);
    tcase_add_test(tc, rate_and_epochs_can_be_changed_at_any_time_other_options_not);
    tcase_add_test(tc, steps_by_hand_give_the_bits_of_a_run);
    tcase_add_test(tc, a_dataset_gives_the_bits_of_its_tensors);
    tcase_add_test(tc, a_loss_that_is_no_number_changes_nothing);
    tcase_add_test(tc, the_best_weights_stay_when_the_next_step_fails);
    tcase_add_test(tc, a_large_batch_in_between_does_not_change_a_run);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
