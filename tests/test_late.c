/* test_late.c - steps that are put off are made before anybody can tell */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"
#include "tensors.h"
#include "trainer.h"

enum { RECORDS = 60, EPOCHS = 3, BATCHES = 9, SAMPLES = 5, CLASSES = 2 };

/* Two layers whose products have few rows, behind ReLUs of which a part is silent for many batches. */
static mirnet_model *model_of(void)
{
    static const char head[] = "{\"encoder\": {\"length\": 164}, \"training\": {\"batch_size\": 6, \"epochs\": 3, "
                               "\"validation_split\": 0.1, \"learning_rate\": 0.01}, \"model\": ";
    static const char net[] =
        "InputLayer: 164, 4; Conv1D: 'filters': 64, 'kernel_size': 8, 'strides': 8, 'activation': 'relu';"
        "Reshape: 'target_shape': [1, -1]; LSTM: 'units': 21, 'activation': 'relu';"
        "wide = Dense: 'units': 37, 'activation': 'relu';"
        "Dropout: 'rate': 0.3; Dense: 'units': 2, 'activation': 'softmax';";
    mirnet_model *model = mn_net_create_recipe(head, net);
    float biases[64];
    uint64_t seed = mn_seed();
    mn_net_fill(&seed, biases, 64, -0.5, 0);
    mn_ok(mirnet_model_set_weight(model, mirnet_model_get_weight_name(model, 1), biases, 64));
    return model;
}

static mirnet_dataset *data_of(void)
{
    mirnet_dataset *data;
    mn_ok(mirnet_dataset_create(&data));
    mn_ok(mirnet_dataset_simulate(data, RECORDS / 2, 5));
    return data;
}

/* -- Who reads weights --------------------------------------------------------------------------------------------- */

static void copy_weights(float *out, const mirnet_model *model)
{
    for (int32_t i = 0; i < mirnet_model_weight_count(model); i++)
        mn_ok(mirnet_model_get_weight(model, mirnet_model_get_weight_name(model, i), out + model->params[i]->offset,
                                      mn_net_weight_size(model, i)));
}

static void predict(float *out, const mirnet_model *model)
{
    static const char *const sequences[SAMPLES] = {"ACGUACGGGCUAUAUGC", "GGGGCCCCUUUUAAAA", "CAGU", "UUGCAUCGAUGCAUCGAUAGC",
                                                   "AUAUAUCGCGCGAUAUAUCG"};
    mirnet_predictor *predictor;
    mn_ok(mirnet_predictor_create(&predictor, model, 1));
    mn_ok(mirnet_predictor_run_sequences(predictor, sequences, SAMPLES, out));
    mirnet_predictor_destroy(predictor);
}

static void evaluate(float *out, mirnet_model *model)
{
    mirnet_trainer *other;
    const int64_t size = mirnet_model_get_size(model, 0);
    float *x = mn_net_floats(SAMPLES * size), *targets = mn_net_floats(SAMPLES * CLASSES);
    uint64_t seed = mn_seed();
    double loss, accuracy;
    mn_net_fill(&seed, x, SAMPLES * size, 0, 1);
    mn_net_fill_targets(&seed, targets, SAMPLES, CLASSES);
    mn_ok(mirnet_trainer_create(&other, model));
    mn_ok(mirnet_trainer_evaluate(other, (const float *const[]){x}, targets, NULL, SAMPLES, &loss, &accuracy));
    mirnet_trainer_destroy(other);
    out[0] = (float)loss;
    free(x);
    free(targets);
}

static void copy_model(float *out, const mirnet_model *model)
{
    mirnet_model *copy;
    mn_ok(mirnet_model_copy(&copy, model));
    copy_weights(out, copy);
    mirnet_model_destroy(copy);
}

static void save(float *out, const mirnet_model *model)
{
    const char *path = mn_scratch_path("saved");
    mirnet_model *loaded;
    mn_ok(mirnet_model_save(model, path));
    mn_ok(mirnet_model_load(&loaded, path));
    copy_weights(out, loaded);
    mirnet_model_destroy(loaded);
}

/* The trainer's moments, as its state has them. */
static void store(float *out, mirnet_trainer *trainer)
{
    mn_ok(mirnet_trainer_store(trainer));
    const mirnet_tensors *tensors = trainer->model->state->tensors;
    size_t at = 0;
    for (size_t i = 0; i < tensors->n_tensors && at + tensors->tensors[i].size <= trainer->model->size; i++) {
        memcpy(out + at, tensors->tensors[i].values, tensors->tensors[i].size * sizeof(float));
        at += tensors->tensors[i].size;
    }
    ck_assert_uint_gt(at, 0);
    mirnet_model_drop_state(trainer->model);
}

/* Behind it weights are those of another run: they were written to, but not all of them. */
static void write(mirnet_model *model, int64_t batch)
{
    float bias[64], values[21 * 37];
    uint64_t seed = (uint64_t)batch;
    mn_net_fill(&seed, bias, 64, -0.5, 0);
    mn_net_fill(&seed, values, 21 * 37, -0.3, 0.3);
    mn_ok(mirnet_model_set_weight(model, mirnet_model_get_weight_name(model, 1), bias, 64));
    mn_ok(mirnet_model_set_weight(model, "wide/kernel", values, 21 * 37));
}

enum { NOTHING, WEIGHTS, PREDICTION, EVALUATION, COPY, FILE_OF_IT, STORED, WRITTEN, READERS };

static void look(float *out, int reader, mirnet_trainer *trainer, int64_t batch)
{
    mirnet_model *model = trainer->model;
    switch (reader) {
    case WEIGHTS: copy_weights(out, model); break;
    case PREDICTION: predict(out, model); break;
    case EVALUATION: evaluate(out, model); break;
    case COPY: copy_model(out, model); break;
    case FILE_OF_IT: save(out, model); break;
    case STORED: store(out, trainer); break;
    case WRITTEN: write(model, batch); break;
    default: break;
    }
}

/* -- Runs ---------------------------------------------------------------------------------------------------------- */

/* Looks at the weights behind every `each`-th batch. */
typedef struct watcher {
    int reader;
    int64_t each, looks, late, stop;
    float *seen[EPOCHS * BATCHES];
} watcher;

static int64_t count_late(const mirnet_trainer *t)
{
    int64_t late = 0;
    for (size_t i = 0; i <= t->optim.size / 16; i++)
        late += t->optim.resting[i] > MN_MOVES;
    return late;
}

static int32_t watch(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    watcher *w = payload;
    const int64_t at = (epoch - 1) * BATCHES + batch;
    if (batch == 0) {
        ck_assert_int_eq(count_late(trainer), 0);
        return 0;
    }
    w->late += count_late(trainer);
    if (at % w->each == 0 && w->looks < EPOCHS * BATCHES) {
        float *seen = w->seen[w->looks++] = mn_net_floats((int64_t)trainer->model->size);
        look(seen, w->reader, trainer, at);
        if (w->reader != NOTHING && w->reader != WRITTEN)
            ck_assert_int_eq(count_late(trainer), 0);
    }
    return at == w->stop;
}

static mirnet_trainer *train(watcher *w, const mirnet_dataset *data, int passes, int32_t threads)
{
    mn_passes_force(passes);
    mirnet_trainer *trainer = mn_net_trainer(model_of(), data, threads);
    mn_ok(mirnet_trainer_set_callback(trainer, watch, w));
    const mirnet_status status = mirnet_trainer_run(trainer);
    ck_assert_int_eq(status, w->stop ? MIRNET_ERR_CANCELLED : MIRNET_OK);
    ck_assert_int_eq(count_late(trainer), 0);
    mn_passes_force(MN_PASSES);
    return trainer;
}

static void same_runs(mirnet_trainer *got, mirnet_trainer *want)
{
    const size_t size = want->model->size;
    mn_same("weights", got->model->weights, want->model->weights, size);
    for (int i = 0; i < 2; i++)
        mn_same("moments", got->optim.slots[i], want->optim.slots[i], size);
}

static void destroy(mirnet_trainer *trainer)
{
    mirnet_model *model = trainer->model;
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
}

static void compare(int reader, int64_t each, int64_t stop, int32_t threads)
{
    mirnet_dataset *data = data_of();
    watcher late = {.reader = reader, .each = each, .stop = stop}, at_once = late;
    mirnet_trainer *got = train(&late, data, MN_PASSES, threads);
    mirnet_trainer *want = train(&at_once, data, MN_PASSES & ~MN_PASS_LATE, 1);
    ck_assert_int_gt(late.late, stop == 1 ? -1 : 0); /* rows that have never met anything rest */
    ck_assert_int_eq(at_once.late, 0);
    ck_assert_int_eq(late.looks, at_once.looks);
    for (int64_t i = 0; i < late.looks; i++) {
        mn_same("what was seen", late.seen[i], at_once.seen[i], want->model->size);
        free(late.seen[i]);
        free(at_once.seen[i]);
    }
    same_runs(got, want);
    destroy(got);
    destroy(want);
    mirnet_dataset_destroy(data);
}

START_TEST(callbacks_see_what_they_should)
{
    compare(_i, 1, 0, 1);
    compare(_i, 4, 0, 3);
}
END_TEST

START_TEST(a_run_that_stops_has_nothing_put_off)
{
    for (int64_t stop = 1; stop <= EPOCHS * BATCHES; stop += 5)
        compare(NOTHING, 1, stop, 2);
}
END_TEST

/* The learning rate of a step is that of its time, not of the time when it is made. */
START_TEST(rates_are_those_of_their_steps)
{
    mirnet_dataset *data = data_of();
    mirnet_trainer *trainers[2];
    for (int i = 0; i < 2; i++) {
        mn_passes_force(i ? MN_PASSES & ~MN_PASS_LATE : MN_PASSES);
        trainers[i] = mn_net_trainer(model_of(), data, 1);
        mn_ok(mirnet_trainer_set_number(trainers[i], "training.reduce_lr", 1));
        mn_ok(mirnet_trainer_set_text(trainers[i], "training.reduce_lr_monitor", "loss"));
        mn_ok(mirnet_trainer_set_number(trainers[i], "training.reduce_lr_patience", 1));
        mn_ok(mirnet_trainer_set_number(trainers[i], "training.reduce_lr_min_delta", 100));
        mn_ok(mirnet_trainer_set_number(trainers[i], "training.reduce_lr_min_lr", 0));
        for (int epoch = 0; epoch < 2 * EPOCHS; epoch++)
            mn_ok(mirnet_trainer_run_epoch(trainers[i], NULL));
    }
    mn_passes_force(MN_PASSES);
    double rates[2];
    mn_ok(mirnet_trainer_get_history(trainers[0], "learning_rate", 1, &rates[0]));
    mn_ok(mirnet_trainer_get_history(trainers[0], "learning_rate", 2 * EPOCHS, &rates[1]));
    ck_assert_double_lt(rates[1], rates[0]);
    same_runs(trainers[0], trainers[1]);
    destroy(trainers[0]);
    destroy(trainers[1]);
    mirnet_dataset_destroy(data);
}
END_TEST

/* Another trainer B on the model of trainer A, which works in A's callback. */
typedef struct other {
    int how;
    mirnet_trainer *b;
    float *seen; /* weights behind it */
} other;

static int32_t work_in_callback(mirnet_trainer *a, int64_t epoch, int64_t batch, void *payload)
{
    static const float x[164 * 4] = {1, 0, 0, 0, 0, 1}, targets[] = {1, 0};
    static const float *const inputs[] = {x};
    other *o = payload;
    if (epoch != 1 || batch != 7)
        return 0;
    if (o->how == 0)
        mn_ok(mirnet_trainer_step(o->b, inputs, targets, NULL, 1, NULL));
    else if (o->how == 1)
        mn_ok(mirnet_trainer_run(o->b));
    else
        mn_ok(mirnet_trainer_run_epoch(o->b, NULL));
    copy_weights(o->seen, a->model);
    return 0;
}

static int32_t go_on(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    (void)trainer, (void)epoch, (void)batch, (void)payload;
    return 0;
}

/* B stands where its next call writes weights before it runs anything: 0 it has restored the best ones, and keeps the
 * last for a step; 1 it has only to restore them; 2 it has only to end an epoch, with a callback of its own. */
static void prepare(other *o)
{
    int64_t stop[2] = {2, 0};
    if (o->how < 2) {
        mn_ok(mirnet_trainer_set_number(o->b, "training.early_stopping", 1));
        mn_ok(mirnet_trainer_set_text(o->b, "training.early_stopping_monitor", "accuracy"));
        mn_ok(mirnet_trainer_set_number(o->b, "training.early_stopping_patience", 3));
        mn_ok(mirnet_trainer_set_number(o->b, "training.early_stopping_min_delta", 2));
        mn_ok(mirnet_trainer_set_number(o->b, "training.early_stopping_restore_best", 1));
    }
    mn_ok(mirnet_trainer_set_number(o->b, "training.epochs", o->how == 0 ? 20 : 2));
    if (o->how == 0) {
        mn_ok(mirnet_trainer_run(o->b));
        return;
    }
    if (o->how == 2) {
        mn_ok(mirnet_trainer_set_number(o->b, "training.validation_split", 0)); /* no pass at the epoch's end */
        stop[0] = 1;
        stop[1] = RECORDS / 6;
    }
    mn_ok(mirnet_trainer_set_callback(o->b, mn_net_stop_at, stop));
    mn_fails(MIRNET_ERR_CANCELLED, mirnet_trainer_run(o->b));
    mn_ok(mirnet_trainer_set_callback(o->b, o->how == 2 ? go_on : NULL, NULL));
}

START_TEST(another_trainer_begins_behind_all_steps)
{
    mirnet_dataset *data = data_of();
    float *seen[2], *ends[2];
    size_t size = 0;
    for (int i = 0; i < 2; i++) {
        mn_passes_force(i ? MN_PASSES & ~MN_PASS_LATE : MN_PASSES);
        mirnet_model *model = model_of();
        size = model->size;
        seen[i] = mn_net_floats((int64_t)size);
        ends[i] = mn_net_floats((int64_t)size);
        other o = {_i, mn_net_trainer(model, data, 1), seen[i]};
        prepare(&o);
        mirnet_trainer *a = mn_net_trainer(model, data, 1);
        mn_ok(mirnet_trainer_set_number(a, "training.early_stopping", 0));
        mn_ok(mirnet_trainer_set_number(a, "training.epochs", 2));
        mn_ok(mirnet_trainer_set_callback(a, work_in_callback, &o));
        mn_ok(mirnet_trainer_run(a));
        copy_weights(ends[i], model);
        mirnet_trainer_destroy(o.b);
        mirnet_trainer_destroy(a);
        mirnet_model_destroy(model);
    }
    mn_passes_force(MN_PASSES);
    mn_same("weights in the callback", seen[0], seen[1], size);
    mn_same("weights at the end", ends[0], ends[1], size);
    for (int i = 0; i < 2; i++) {
        free(seen[i]);
        free(ends[i]);
    }
    mirnet_dataset_destroy(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("late");
    TCase *tc = tcase_create("networks");
    tcase_add_loop_test(tc, callbacks_see_what_they_should, 0, READERS);
    tcase_add_test(tc, a_run_that_stops_has_nothing_put_off);
    tcase_add_test(tc, rates_are_those_of_their_steps);
    tcase_add_loop_test(tc, another_trainer_begins_behind_all_steps, 0, 3);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
