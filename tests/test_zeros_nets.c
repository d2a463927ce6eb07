/* test_zeros_nets.c - networks of ReLUs have the same bits whether zeros are passed over or not, resumed runs too */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"
#include "trainer.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { STEPS = 8, MANY = 60, SAMPLES = 70 };

/* -- Which kernels are called with what ---------------------------------------------------------------------------- */

/* Networks that are to show something have to get there. */
enum { GEMM = 1, PLAIN = 2, OUTER = 4, FEW = 8, SLOPED = 16, RESTS = 32 };

static const mn_kernels *kernels;
static atomic_int used;

static void gemm(const mn_gemm *g, int64_t row0, int64_t row1, int64_t col0, int64_t col1)
{
    if (g->nonzero)
        atomic_fetch_or(&used, g->ldb ? PLAIN | GEMM : GEMM);
    kernels->gemm(g, row0, row1, col0, col1);
}

static void outer(const mn_outer *o, int64_t r, int64_t l0, int64_t l1)
{
    if (o->nonzero)
        atomic_fetch_or(&used, OUTER);
    kernels->outer(o, r, l0, l1);
}

static void few_back(const mn_few *f, int64_t k0, int64_t k1)
{
    if (f->skips)
        atomic_fetch_or(&used, f->sloped && f->dx ? SLOPED | FEW : FEW);
    kernels->few_back(f, k0, k1);
}

/* Makes the library use them, around those that it would use. */
static void watch_kernels(mn_kernels *watched)
{
    kernels = mn_kernels_get();
    *watched = *kernels;
    watched->gemm = gemm;
    watched->outer = outer;
    watched->few_back = few_back;
    mn_kernels_force(watched);
    atomic_store(&used, 0);
}

/* -- Networks ------------------------------------------------------------------------------------------------------ */

/* Biases of ReLUs, which are told by their number: a quarter of the units is dead, others more often zero than not. And
 * all weights of a layer "still": whatever its function, it gives zeros. */
static void set_units(uint64_t *seed, mirnet_model *model)
{
    enum { UNITS = 64 };
    for (int32_t i = 0; i < mirnet_model_weight_count(model); i++) {
        const char *name = mirnet_model_get_weight_name(model, i);
        float values[UNITS], none[UNITS * UNITS] = {0};
        if (strstr(name, "still/"))
            mn_ok(mirnet_model_set_weight(model, name, none, mn_net_weight_size(model, i)));
        if (!strstr(name, "/bias") || strstr(name, "still/") || mn_net_weight_size(model, i) != UNITS)
            continue;
        mn_net_fill(seed, values, UNITS, -0.8, 0.3);
        for (int u = 0; u < UNITS; u += 4)
            values[u] = -50;
        mn_ok(mirnet_model_set_weight(model, name, values, UNITS));
    }
}

/* Inputs of a step. At first they are small, and units zero that will be alive later. Letters: rows of 4 floats. */
static void fill_inputs(uint64_t *seed, float *x, int64_t samples, int64_t size, bool letters, int step)
{
    memset(x, 0, (size_t)(samples * size) * sizeof(*x));
    for (int64_t i = 0; i < samples; i++) {
        float *sample = x + i * size;
        if (!letters) {
            mn_net_fill(seed, sample, step < 3 ? size / 2 : size, step < 3 ? -0.1 : -2, step < 3 ? 0.1 : 2);
            continue;
        }
        const int64_t length = (int64_t)mn_net_uniform(seed, 0, (double)(size / 4 + 1));
        for (int64_t row = 0; row < length && row < size / 4; row++)
            sample[row * 4 + (int64_t)mn_net_uniform(seed, 0, step < 3 ? 1.99 : 3.99)] = 1;
    }
}

/* All that a network leaves behind. */
typedef struct outcome {
    mirnet_model *model;
    float *moments[2], *outputs, *input_grads;
    int used;
} outcome;

typedef struct setting {
    const char *net;
    bool letters;
    const char *optimizer, *key; /* an option that is set, or NULL */
    double value;
    int uses;
} setting;

static void take_steps(mirnet_trainer *trainer, outcome *out, const setting *s, uint64_t *seed)
{
    static const int64_t batches[STEPS] = {20, MANY, MANY, 33, MANY, 7, MANY, 20};
    const int64_t size = mirnet_model_get_size(out->model, 0), classes = mirnet_model_get_size(out->model, -1);
    float *x = mn_net_floats(MANY * size), *targets = mn_net_floats(MANY * classes);
    const float *inputs[] = {x};
    for (int step = 0; step < STEPS; step++) {
        fill_inputs(seed, x, batches[step], size, s->letters, step);
        mn_net_fill_targets(seed, targets, batches[step], classes);
        mn_ok(mirnet_trainer_step(trainer, inputs, targets, NULL, batches[step], NULL));
    }
    for (int64_t at = 0; at < (int64_t)out->model->size; at++)
        if (trainer->optim.resting[at / 16] == MN_RESTS)
            out->used |= RESTS;
    for (int i = 0; i < 2; i++) {
        out->moments[i] = mn_net_floats((int64_t)out->model->size);
        if (trainer->optim.slots[i])
            memcpy(out->moments[i], trainer->optim.slots[i], out->model->size * sizeof(float));
    }
    out->input_grads = mn_net_floats(MANY * size);
    mn_ok(mirnet_trainer_run_gradient(trainer, inputs, targets, NULL, MANY, 1, NULL, (float *[]){out->input_grads}));
    free(x);
    free(targets);
}

static outcome run(const setting *s, int passes, int32_t threads)
{
    outcome out = {0};
    uint64_t seed = mn_seed();
    mn_kernels watched;
    mirnet_trainer *trainer;
    mirnet_predictor *predictor;
    mn_passes_force(passes);
    watch_kernels(&watched);
    out.model = mn_net_create(s->net);
    mn_net_fill_weights(&seed, out.model);
    set_units(&seed, out.model);
    mn_ok(mirnet_trainer_create(&trainer, out.model));
    mn_ok(mirnet_trainer_set_threads(trainer, threads));
    if (s->optimizer)
        mn_ok(mirnet_trainer_set_text(trainer, "training.optimizer", s->optimizer));
    if (s->key)
        mn_ok(mirnet_trainer_set_number(trainer, s->key, s->value));
    take_steps(trainer, &out, s, &seed);
    mirnet_trainer_destroy(trainer);

    const int64_t size = mirnet_model_get_size(out.model, 0);
    float *x = mn_net_floats(SAMPLES * size);
    const float *inputs[] = {x};
    out.outputs = mn_net_floats(SAMPLES * mirnet_model_get_size(out.model, -1));
    fill_inputs(&seed, x, SAMPLES, size, s->letters, STEPS);
    mn_ok(mirnet_predictor_create(&predictor, out.model, threads));
    mn_ok(mirnet_predictor_run(predictor, inputs, SAMPLES, out.outputs));
    mirnet_predictor_destroy(predictor);
    free(x);
    mn_kernels_force(kernels);
    out.used |= atomic_load(&used);
    return out;
}

static void free_outcome(outcome *o)
{
    mirnet_model_destroy(o->model);
    free(o->moments[0]);
    free(o->moments[1]);
    free(o->outputs);
    free(o->input_grads);
}

static void same_outcome(const outcome *got, const outcome *want)
{
    const mirnet_model *model = want->model;
    for (int32_t i = 0; i < model->n_params; i++) {
        const mn_param *p = model->params[i];
        mn_same(p->name, got->model->weights + p->offset, model->weights + p->offset, p->size);
        mn_same(p->name, got->moments[0] + p->offset, want->moments[0] + p->offset, p->size);
        mn_same(p->name, got->moments[1] + p->offset, want->moments[1] + p->offset, p->size);
    }
    const int64_t inputs = MANY * mirnet_model_get_size(model, 0), outputs = SAMPLES * mirnet_model_get_size(model, -1);
    mn_same("gradients of inputs", got->input_grads, want->input_grads, (size_t)inputs);
    mn_same("outputs", got->outputs, want->outputs, (size_t)outputs);
}

static void compare(const setting *s)
{
    outcome want = run(s, MN_PASSES & ~MN_PASS_ZEROS, 1);
    ck_assert_int_eq(want.used, 0);
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        outcome got = run(s, MN_PASSES, threads), plain = run(s, MN_PASSES & ~MN_PASS_ZEROS, threads);
        same_outcome(&plain, &want);
        same_outcome(&got, &want);
        ck_assert_msg((got.used & s->uses) == s->uses, "paths taken: %d, not all of %d", got.used, s->uses);
        free_outcome(&got);
        free_outcome(&plain);
    }
    free_outcome(&want);
}

#define RELU(units) "Dense: 'units': " #units ", 'activation': 'relu'; "
#define CLASSES "Dense: 'units': 3, 'activation': 'softmax';"
#define SAME "'padding': 'same', 'activation': 'relu'"
#define KERNEL(size, strides) "'kernel_size': " size ", 'strides': " strides ", " SAME
#define CONV_2D(filters, size, strides) "Conv2D: 'filters': " #filters ", " KERNEL(size, strides) "; "
#define CONV_1D(filters, rest) "Conv1D: 'filters': " #filters ", " SAME ", " rest "; "
#define EACH(class, config) "TimeDistributed: 'layer': {'class_name': '" class "', 'config': {" config "}}; "
#define EACH_CONV EACH("Conv2D", "'filters': 64, " KERNEL("[4, 4]", "2"))
#define EACH_RELU EACH("Dense", "'units': 64, 'activation': 'relu'")

static const setting nets[] = {
    {"InputLayer: 60, 4, 1; " CONV_2D(64, "[6, 4]", "2") CONV_2D(64, "[6, 4]", "2") CONV_2D(64, "[6, 4]", "2")
     "Reshape: 'target_shape': [1, -1]; LSTM: 'units': 10; " CLASSES,
     .letters = true, .uses = GEMM | PLAIN | OUTER | FEW | SLOPED | RESTS},
    {"InputLayer: 64; " RELU(64) RELU(64) RELU(64) CLASSES, .uses = GEMM | OUTER | FEW | SLOPED | RESTS},
    /* Several columns, and rows that begin within a word of bits. */
    {"InputLayer: 12, 4, 2; " CONV_2D(48, "[3, 3]", "1") CONV_2D(64, "[3, 2]", "[2, 1]") CONV_2D(64, "3", "2")
     "GlobalMaxPooling2D; " CLASSES,
     .uses = GEMM | PLAIN | OUTER},
    {"InputLayer: 3, 16, 4, 1; " EACH_CONV EACH_CONV EACH("Flatten", "")
     "LSTM: 'units': 10, 'return_sequences': true; " EACH_RELU EACH_RELU "GRU: 'units': 9; " CLASSES,
     .uses = GEMM | PLAIN | OUTER | FEW},
    /* ReLUs with two readers, one of them an Add, and with three, two of which take few rows. */
    {"InputLayer: 64; a = " RELU(64) "b = Dense(a): 'units': 64; c = Add(a, b);"
     "d = Dense(c): 'units': 64, 'activation': 'relu'; e = Dense(d): 'units': 64;"
     "f = Dense(d): 'units': 64, 'activation': 'tanh'; g = Multiply(e, f); h = Add(g, d); " CLASSES,
     .uses = GEMM | OUTER | FEW | SLOPED},
    /* Something between a ReLU and who reads it. */
    {"InputLayer: 64; " RELU(64) "Dropout: 'rate': 0.4; " RELU(64) "BatchNormalization; " RELU(64)
     "Activation: 'activation': 'tanh'; Reshape: 'target_shape': [4, 16]; SpatialDropout1D: 'rate': 0.3; "
     "Conv1D: 'filters': 64, 'kernel_size': 2, 'activation': 'relu'; Flatten; " RELU(64) CLASSES,
     .uses = GEMM | OUTER | FEW},
    /* A ReLU of its own, read through a view by a recurrent layer that takes few rows in small batches. */
    {"InputLayer: 64; Dense: 'units': 64; Activation: 'activation': 'relu'; Reshape: 'target_shape': [2, 32]; "
     "LSTM: 'units': 20; " CLASSES,
     .uses = FEW | SLOPED},
    {"InputLayer: 40, 4; " CONV_1D(64, "'kernel_size': 8, 'strides': 4") "MaxPooling1D: 'pool_size': 2; "
     "Bidirectional: 'layer': {'class_name': 'LSTM', 'config': {'units': 8, 'dropout': 0.2, 'return_sequences': true}};"
     "GRU: 'units': 6; " RELU(64) CLASSES,
     .letters = true, .uses = FEW | SLOPED},
    {"InputLayer: 40, 4; " CONV_1D(64, "'kernel_size': 8, 'strides': 2")
     CONV_1D(64, "'kernel_size': 5, 'dilation_rate': 2")
     "Bidirectional: 'layer': {'class_name': 'GRU', 'config': {'units': 8}}; " CLASSES,
     .letters = true, .uses = GEMM | PLAIN | OUTER},
    {"InputLayer: 40, 4; " CONV_1D(64, "'kernel_size': 6, 'strides': 3")
     CONV_1D(64, "'kernel_size': 4, 'strides': 2") "Flatten; " RELU(64) RELU(64) CLASSES,
     .letters = true, .uses = GEMM | PLAIN | OUTER | FEW | SLOPED | RESTS},
    /* Zeros of a function that has a slope there. */
    {"InputLayer: 64; still = Dense: 'units': 64, 'activation': 'elu'; " RELU(64) CLASSES, .uses = GEMM | OUTER | FEW},
    /* A layer that is called twice, and one that does not learn. */
    {"InputLayer: 64; a = " RELU(64) "b = @a(a);"
     "c = Dense(b): 'units': 64, 'activation': 'relu', 'trainable': false; " RELU(64) CLASSES,
     .uses = GEMM | OUTER | FEW | SLOPED},
};

START_TEST(networks_have_the_same_bits)
{
    compare(&nets[_i]);
}
END_TEST

START_TEST(optimizers_have_the_same_bits)
{
    static const setting options[] = {
        {.optimizer = "adam", .key = "training.clipvalue", .value = 0.001, .uses = RESTS},
        {.optimizer = "adam", .key = "training.epsilon", .value = 1e-30, .uses = RESTS},
        {.optimizer = "adam", .key = "training.global_clipnorm", .value = 0.5},
        {.optimizer = "adamw", .key = "training.weight_decay", .value = 0.1},
        {.optimizer = "adamw", .key = "training.weight_decay", .value = 0, .uses = RESTS},
        {.optimizer = "rmsprop"},
        {.optimizer = "sgd", .key = "training.momentum", .value = 0.9},
    };
    setting s = options[_i];
    s.net = nets[1].net;
    compare(&s);
}
END_TEST

/* -- Runs that are resumed ----------------------------------------------------------------------------------------- */

enum { RECORDS = 60, BATCH = 7 };

static mirnet_model *model_of(void)
{
    static const char head[] = "{\"encoder\": {\"length\": 164}, \"training\": {\"batch_size\": 7, \"epochs\": 3, "
                               "\"validation_split\": 0.2, \"learning_rate\": 0.02}, \"model\": ";
    static const char net[] =
        "InputLayer: 164, 4; " CONV_1D(64, "'kernel_size': 8, 'strides': 8")
        CONV_1D(64, "'kernel_size': 4, 'strides': 4") "Flatten; " RELU(64) "Dropout: 'rate': 0.3; " RELU(64)
        "Dense: 'units': 2, 'activation': 'softmax';";
    uint64_t seed = mn_seed();
    mirnet_model *model = mn_net_create_recipe(head, net);
    set_units(&seed, model);
    return model;
}

static void same_run(const mirnet_trainer *got, const mirnet_trainer *want)
{
    const size_t size = want->model->size;
    mn_same("weights", got->model->weights, want->model->weights, size);
    for (int i = 0; i < 2; i++)
        mn_same("moments", got->optim.slots[i], want->optim.slots[i], size);
}

/* Half the run, then the rest in the place of another process. What was known there of other moments is forgotten. */
static void stop_and_resume(const mirnet_dataset *data, const mirnet_trainer *want, int64_t epoch, int64_t batch)
{
    mirnet_model *model = model_of(), *loaded;
    mirnet_trainer *trainer = mn_net_trainer(model, data, 1);
    int64_t place[] = {epoch, batch};
    const char *path = mn_scratch_path("stopped");
    mn_ok(mirnet_trainer_set_callback(trainer, mn_net_stop_at, place));
    ck_assert_int_eq(mirnet_trainer_run(trainer), MIRNET_ERR_CANCELLED);
    mn_ok(mirnet_trainer_store(trainer));
    mn_ok(mirnet_model_save(model, path));
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);

    mn_ok(mirnet_model_load(&loaded, path));
    trainer = mn_net_trainer(loaded, data, 3);
    mn_ok(mn_trainer_begin(trainer));
    memset(trainer->optim.resting, MN_RESTS, trainer->optim.size / 16 + 1);
    mn_ok(mirnet_trainer_resume(trainer));
    mn_ok(mirnet_trainer_run(trainer));
    same_run(trainer, want);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(loaded);
}

START_TEST(a_resumed_run_with_dead_units_has_the_same_bits)
{
    mirnet_dataset *data;
    mn_ok(mirnet_dataset_create(&data));
    mn_ok(mirnet_dataset_simulate(data, RECORDS / 2, 5));
    mirnet_model *models[2];
    mirnet_trainer *trainers[2]; /* with all savings, and without this one */
    for (int i = 0; i < 2; i++) {
        mn_passes_force(i ? MN_PASSES & ~MN_PASS_ZEROS : MN_PASSES);
        models[i] = model_of();
        trainers[i] = mn_net_trainer(models[i], data, 1);
        mn_ok(mirnet_trainer_run(trainers[i]));
    }
    same_run(trainers[1], trainers[0]);
    int64_t resting = 0;
    for (size_t i = 0; i <= trainers[0]->optim.size / 16; i++)
        resting += trainers[0]->optim.resting[i] == MN_RESTS;
    ck_assert_int_gt(resting, 0);
    mn_passes_force(MN_PASSES);
    for (int64_t place = 0; place < 2 * BATCH; place += 3)
        stop_and_resume(data, trainers[0], 1 + place / BATCH, place % BATCH);
    for (int i = 0; i < 2; i++) {
        mirnet_trainer_destroy(trainers[i]);
        mirnet_model_destroy(models[i]);
    }
    mirnet_dataset_destroy(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zeros_nets");
    TCase *tc = tcase_create("bits");
    tcase_add_loop_test(tc, networks_have_the_same_bits, 0, COUNT(nets));
    tcase_add_loop_test(tc, optimizers_have_the_same_bits, 0, 7);
    tcase_add_test(tc, a_resumed_run_with_dead_units_has_the_same_bits);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
