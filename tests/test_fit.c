/* test_fit.c - divisions, order, weights and history, each worked out a second time */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"

enum { MOST = 40, INPUTS = 4, CLASSES = 3, WEIGHTS = INPUTS * CLASSES + CLASSES };

static const char net[] = "InputLayer: 4; Dense: 'units': 3, 'activation': 'softmax', "
                          "'kernel_regularizer': {'class_name': 'L2', 'config': {'l2': 0.01}};";

static mirnet_trainer *trainer_of(mirnet_model *model)
{
    mirnet_trainer *trainer;
    mn_ok(mirnet_trainer_create(&trainer, model));
    return trainer;
}

static void set(mirnet_trainer *trainer, const char *key, double value)
{
    mn_ok(mirnet_trainer_set_number(trainer, key, value));
}

static int64_t count(const mirnet_trainer *trainer, const char *key)
{
    int64_t n;
    mn_ok(mirnet_trainer_get_count(trainer, key, &n));
    return n;
}

static double figure(const mirnet_trainer *trainer, const char *key, int64_t epoch)
{
    double value;
    mn_ok(mirnet_trainer_get_history(trainer, key, epoch, &value));
    return value;
}

/* -- Which samples ------------------------------------------------------------------------------------------------- */

/* A network of zeros that does not learn has the loss w log 3 for a sample of weight w. With weights of 1, 2, 4... a
 * sum of losses tells which samples are in it. */
typedef struct marked {
    mirnet_model *model;
    mirnet_trainer *trainer;
    float x[MOST * INPUTS], targets[MOST * CLASSES], weights[MOST];
} marked;

/* Classes in the proportion 5 : 3 : 2. */
static int class_of(int64_t i)
{
    return i % 10 < 5 ? 0 : i % 10 < 8 ? 1 : 2;
}

static marked *mark(int64_t n, double split, const char *from, double seed)
{
    marked *m = calloc(1, sizeof(*m));
    ck_assert_ptr_nonnull(m);
    const float *inputs[] = {m->x};
    float zeros[WEIGHTS] = {0};
    m->model = mn_net_create("InputLayer: 4; Dense: 'units': 3, 'activation': 'softmax';");
    mn_ok(mirnet_model_set_weight(m->model, mirnet_model_get_weight_name(m->model, 0), zeros, INPUTS * CLASSES));
    m->trainer = trainer_of(m->model);
    for (int64_t i = 0; i < n; i++) {
        m->targets[i * CLASSES + class_of(i)] = 1;
        m->weights[i] = ldexpf(1, (int)i);
    }
    mn_ok(mirnet_trainer_set_tensors(m->trainer, inputs, m->targets, m->weights, n));
    mn_ok(mirnet_trainer_set_text(m->trainer, "training.optimizer", "sgd"));
    mn_ok(mirnet_trainer_set_text(m->trainer, "training.validation_from", from));
    set(m->trainer, "training.learning_rate", 0);
    set(m->trainer, "training.validation_split", split);
    set(m->trainer, "training.seed", seed);
    set(m->trainer, "training.batch_size", 7);
    return m;
}

static void free_marked(marked *m)
{
    mirnet_trainer_destroy(m->trainer);
    mirnet_model_destroy(m->model);
    free(m);
}

static uint64_t decode(double mean_loss, int64_t n)
{
    const double sum = mean_loss * (double)n / log(3), whole = round(sum);
    ck_assert_double_le(fabs(sum - whole), 0.01);
    return (uint64_t)whole;
}

static int bits_in(uint64_t set_of)
{
    int n = 0;
    for (; set_of; set_of &= set_of - 1)
        n++;
    return n;
}

/* The samples of validation after an epoch; those of training must be all others. */
static uint64_t validated(const marked *m, int64_t n)
{
    mn_ok(mirnet_trainer_run_epoch(m->trainer, NULL));
    const int64_t n_val = count(m->trainer, "validation_samples"), n_train = count(m->trainer, "samples");
    const uint64_t all = (UINT64_C(1) << n) - 1, trained = decode(figure(m->trainer, "loss", 1), n_train);
    const uint64_t val = n_val ? decode(figure(m->trainer, "val_loss", 1), n_val) : 0;
    ck_assert_int_eq(n_val + n_train, n);
    ck_assert_int_eq(bits_in(val), n_val);
    ck_assert_uint_eq(val, all & ~trained);
    ck_assert_int_eq(count(m->trainer, "batches"), (n_train + 6) / 7);
    return val;
}

/* How many samples Keras trains on: int(floor(n * (1 - split))), worked out by CPython. */
static const struct {
    int64_t n, train;
    double split;
} divisions[] = {{40, 40, 0},  {40, 32, 0.2}, {40, 37, 0.07}, {39, 27, 0.3}, {10, 9, 0.1}, {40, 7, 0.8},
                 {40, 3, 0.9}, {25, 10, 0.56}, {40, 39, 0.01}, {7, 4, 0.33}, {33, 1, 0.999}};

enum { DIVISIONS = sizeof(divisions) / sizeof(divisions[0]) };

START_TEST(the_last_samples_are_kept_as_keras_keeps_them)
{
    for (int i = 0; i < DIVISIONS; i++) {
        const int64_t n = divisions[i].n, train = divisions[i].train;
        marked *m = mark(n, divisions[i].split, "last", 1);
        ck_assert_uint_eq(validated(m, n), (UINT64_C(1) << n) - (UINT64_C(1) << train));
        free_marked(m);
    }
}
END_TEST

START_TEST(random_samples_are_kept_by_the_seed)
{
    uint64_t first = 0, together = 0;
    for (int seed = 1; seed <= 20; seed++) {
        marked *m = mark(MOST, 0.2, "random", seed), *again = mark(MOST, 0.2, "random", seed);
        const uint64_t val = validated(m, MOST);
        ck_assert_int_eq(bits_in(val), 8);
        ck_assert_uint_eq(validated(again, MOST), val);
        ck_assert(seed == 1 || val != first);
        first = val;
        together |= val;
        free_marked(m);
        free_marked(again);
    }
    ck_assert_int_ge(bits_in(together), MOST - 2);
}
END_TEST

START_TEST(stratified_samples_keep_the_shares_of_the_classes)
{
    static const double splits[] = {0.05, 0.1, 0.2, 0.25, 0.5, 0.75};
    uint64_t together = 0;
    for (int i = 0; i < 6; i++)
        for (int seed = 1; seed <= 25; seed++) {
            marked *m = mark(MOST, splits[i], "stratified", seed);
            const uint64_t val = validated(m, MOST);
            int found[CLASSES] = {0};
            for (int s = 0; s < MOST; s++)
                found[class_of(s)] += (int)(val >> s & 1);
            ck_assert_double_le(fabs(found[0] - bits_in(val) * 0.5), 0.999);
            ck_assert_double_le(fabs(found[1] - bits_in(val) * 0.3), 0.999);
            ck_assert_double_le(fabs(found[2] - bits_in(val) * 0.2), 0.999);
            together |= splits[i] < 0.3 ? val : 0;
            free_marked(m);
        }
    ck_assert_int_ge(bits_in(together), MOST - 2);
}
END_TEST

START_TEST(given_validation_data_leave_all_samples_to_training)
{
    marked *m = mark(MOST, 0.5, "last", 1);
    const float *inputs[] = {m->x};
    mn_ok(mirnet_trainer_set_validation_tensors(m->trainer, inputs, m->targets, m->weights, 3));
    mn_ok(mirnet_trainer_run_epoch(m->trainer, NULL));
    ck_assert_int_eq(count(m->trainer, "samples"), MOST);
    ck_assert_int_eq(count(m->trainer, "validation_samples"), 3);
    ck_assert_uint_eq(decode(figure(m->trainer, "val_loss", 1), 3), 7);
    ck_assert_uint_eq(decode(figure(m->trainer, "loss", 1), MOST), (UINT64_C(1) << MOST) - 1);
    mn_ok(mirnet_trainer_set_validation_tensors(m->trainer, NULL, NULL, NULL, 0));
    mn_ok(mirnet_trainer_run_epoch(m->trainer, NULL));
    ck_assert_int_eq(count(m->trainer, "validation_samples"), MOST / 2);
    ck_assert_uint_eq(decode(figure(m->trainer, "val_loss", 2), MOST / 2) >> MOST / 2, (1 << MOST / 2) - 1);
    free_marked(m);
}
END_TEST

/* The sample of each step: what it adds to the running sum. */
typedef struct order {
    double sum;
    int n, samples[2 * MOST];
} order;

static int32_t note_sample(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    order *o = payload;
    (void)epoch;
    if (batch == 0)
        return 0;
    const double sum = figure(trainer, "loss", 0) * (double)batch;
    const uint64_t seen = decode(sum - (batch > 1 ? o->sum : 0), 1);
    o->sum = sum;
    ck_assert_int_eq(bits_in(seen), 1);
    for (int i = 0; i < MOST; i++)
        if (seen >> i == 1)
            o->samples[o->n++] = i;
    return 0;
}

static order order_of(bool shuffle, double seed)
{
    marked *m = mark(MOST, 0, "last", seed);
    order o = {0};
    set(m->trainer, "training.batch_size", 1);
    set(m->trainer, "training.shuffle", shuffle);
    mn_ok(mirnet_trainer_set_callback(m->trainer, note_sample, &o));
    mn_ok(mirnet_trainer_run_epoch(m->trainer, NULL));
    mn_ok(mirnet_trainer_run_epoch(m->trainer, NULL));
    ck_assert_int_eq(o.n, 2 * MOST);
    free_marked(m);
    return o;
}

START_TEST(every_epoch_has_its_own_order_by_the_seed)
{
    order a = order_of(true, 5), again = order_of(true, 5), other = order_of(true, 6), plain = order_of(false, 5);
    uint64_t seen[2] = {0, 0};
    for (int i = 0; i < 2 * MOST; i++)
        seen[i / MOST] |= UINT64_C(1) << a.samples[i];
    ck_assert_uint_eq(seen[0], (UINT64_C(1) << MOST) - 1);
    ck_assert_uint_eq(seen[1], (UINT64_C(1) << MOST) - 1);
    ck_assert_int_eq(memcmp(a.samples, again.samples, sizeof(a.samples)), 0);
    ck_assert_int_ne(memcmp(a.samples, other.samples, sizeof(a.samples)), 0);
    ck_assert_int_ne(memcmp(a.samples, a.samples + MOST, sizeof(a.samples) / 2), 0);
    for (int i = 0; i < 2 * MOST; i++)
        ck_assert_int_eq(plain.samples[i], i % MOST);
}
END_TEST

/* -- Weights of samples and classes -------------------------------------------------------------------------------- */

/* Class weights count in training, not in validation nor evaluation; sample weights count in all. */
START_TEST(balanced_weights_are_those_of_scikit_learn)
{
    marked *m = mark(MOST, 0.25, "last", 1);
    const float *inputs[] = {m->x};
    double sum = 0, all = 0, loss, accuracy;
    int sizes[CLASSES] = {0};
    mn_ok(mirnet_trainer_set_text(m->trainer, "training.class_weight", "balanced"));
    mn_ok(mirnet_trainer_run_epoch(m->trainer, NULL));
    for (int i = 0; i < 30; i++)
        sizes[class_of(i)]++;
    for (int i = 0; i < 30; i++)
        sum += 30.0 / (CLASSES * sizes[class_of(i)]) * (double)m->weights[i];
    loss = figure(m->trainer, "loss", 1) * 30 / log(3);
    ck_assert_double_le(fabs(loss - sum), 1e-6 * sum);
    ck_assert_uint_eq(decode(figure(m->trainer, "val_loss", 1), 10), ((UINT64_C(1) << 10) - 1) << 30);
    for (int i = 0; i < MOST; i++)
        all += (double)m->weights[i];
    mn_ok(mirnet_trainer_evaluate(m->trainer, inputs, m->targets, m->weights, MOST, &loss, &accuracy));
    ck_assert_double_le(fabs(loss * MOST / log(3) - all), 1e-9 * all);
    ck_assert_double_le(fabs(accuracy - 0.5), 1e-12); /* of equal probabilities the first class is chosen */
    free_marked(m);
}
END_TEST

START_TEST(given_weights_multiply_those_of_the_samples)
{
    static const float x[4 * INPUTS] = {0}, weights[] = {1, 2, 0.5f, 0};
    static const float targets[] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0};
    const float *inputs[] = {x};
    char *inner = mn_net_json(net), *json = malloc(strlen(inner) + 100);
    mirnet_recipe *recipe;
    mirnet_model *model;
    float zeros[WEIGHTS] = {0};
    ck_assert_ptr_nonnull(json);
    strcat(strcat(strcpy(json, "{\"model\": "), inner), "}");
    mn_ok(mirnet_recipe_create(&recipe, json, strlen(json), "net"));
    mn_ok(mirnet_recipe_set_class_weight(recipe, 1, 5));
    mn_ok(mirnet_recipe_set_class_weight(recipe, 2, 8));
    mn_ok(mirnet_model_create(&model, recipe));
    mn_ok(mirnet_model_set_weight(model, mirnet_model_get_weight_name(model, 0), zeros, INPUTS * CLASSES));
    mirnet_trainer *trainer = trainer_of(model);
    mn_ok(mirnet_trainer_set_tensors(trainer, inputs, targets, weights, 4));
    mn_ok(mirnet_trainer_run_epoch(trainer, NULL));
    /* (1 * 1 + 5 * 2 + 8 * 0.5 + 1 * 0) / 4 */
    ck_assert_double_le(fabs(figure(trainer, "loss", 1) - 3.75 * log(3)), 1e-6);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    mirnet_recipe_destroy(recipe);
    free(inner);
    free(json);
}
END_TEST

/* -- History, worked out in double --------------------------------------------------------------------------------- */

typedef struct regression {
    double w[INPUTS][CLASSES], b[CLASSES];
} regression;

static double penalty_of(const regression *r)
{
    double sum = 0;
    for (int i = 0; i < INPUTS; i++)
        for (int c = 0; c < CLASSES; c++)
            sum += 0.01 * r->w[i][c] * r->w[i][c];
    return sum;
}

/* Sum of the losses of n samples, hits, and in `gradient` (or NULL) the gradient of their mean with the penalty's. */
static double losses(const regression *r, const float *x, const float *t, int64_t n, int64_t *hits, regression *gradient)
{
    double total = 0;
    for (int64_t s = 0; s < n; s++, x += INPUTS, t += CLASSES) {
        double p[CLASSES], sum = 0;
        int best = 0, wanted = 0;
        for (int c = 0; c < CLASSES; c++) {
            p[c] = r->b[c];
            for (int i = 0; i < INPUTS; i++)
                p[c] += (double)x[i] * r->w[i][c];
            p[c] = exp(p[c]);
            sum += p[c];
        }
        for (int c = 0; c < CLASSES; c++) {
            p[c] /= sum;
            best = p[c] > p[best] ? c : best;
            wanted = t[c] > t[wanted] ? c : wanted;
            total -= (double)t[c] * log(p[c]);
        }
        *hits += best == wanted;
        for (int c = 0; c < CLASSES && gradient; c++) {
            const double d = (p[c] - (double)t[c]) / (double)n;
            gradient->b[c] += d;
            for (int i = 0; i < INPUTS; i++)
                gradient->w[i][c] += d * (double)x[i];
        }
    }
    for (int i = 0; i < INPUTS && gradient; i++)
        for (int c = 0; c < CLASSES; c++)
            gradient->w[i][c] += 0.02 * r->w[i][c];
    return total;
}

static void learn(regression *r, const regression *gradient, double rate)
{
    for (int c = 0; c < CLASSES; c++) {
        r->b[c] -= rate * gradient->b[c];
        for (int i = 0; i < INPUTS; i++)
            r->w[i][c] -= rate * gradient->w[i][c];
    }
}

static void check_epoch(const mirnet_trainer *trainer, regression *r, const float *x, const float *t, int64_t epoch)
{
    enum { TRAIN = 27, VAL = MOST - TRAIN, BATCH = 5 };
    double loss = 0, hits = 0, want[4], got[4];
    int64_t found;
    for (int64_t at = 0; at < TRAIN; at += BATCH) {
        const int64_t n = at + BATCH < TRAIN ? BATCH : TRAIN - at;
        regression gradient = {0};
        found = 0;
        loss += losses(r, x + at * INPUTS, t + at * CLASSES, n, &found, &gradient) + penalty_of(r) * (double)n;
        hits += (double)found;
        learn(r, &gradient, 0.1);
    }
    want[0] = loss / TRAIN;
    want[1] = hits / TRAIN;
    found = 0;
    want[2] = losses(r, x + TRAIN * INPUTS, t + TRAIN * CLASSES, VAL, &found, NULL) / VAL + penalty_of(r);
    want[3] = (double)found / VAL;
    got[0] = figure(trainer, "loss", epoch);
    got[1] = figure(trainer, "accuracy", epoch);
    got[2] = figure(trainer, "val_loss", epoch);
    got[3] = figure(trainer, "val_accuracy", epoch);
    for (int i = 0; i < 4; i++)
        mn_close_double("history", &got[i], &want[i], 1, 2e-6);
    ck_assert_double_eq(figure(trainer, "learning_rate", epoch), 0.1);
}

START_TEST(the_history_is_that_of_the_same_training_in_double)
{
    mirnet_model *model = mn_net_create(net);
    mirnet_trainer *trainer = trainer_of(model);
    uint64_t seed = mn_seed();
    float x[MOST * INPUTS], t[MOST * CLASSES] = {0}, w[INPUTS * CLASSES];
    const float *inputs[] = {x};
    regression r = {0};
    double loss, accuracy;
    int64_t hits = 0;
    mn_net_fill(&seed, x, MOST * INPUTS, -1, 1);
    for (int i = 0; i < MOST; i++)
        t[i * CLASSES + class_of(i)] = 1;
    mn_ok(mirnet_model_get_weight(model, mirnet_model_get_weight_name(model, 0), w, INPUTS * CLASSES));
    for (int i = 0; i < INPUTS * CLASSES; i++)
        r.w[i / CLASSES][i % CLASSES] = (double)w[i];
    mn_ok(mirnet_trainer_set_text(trainer, "training.optimizer", "sgd"));
    mn_ok(mirnet_trainer_set_text(trainer, "training.validation_from", "last"));
    set(trainer, "training.learning_rate", 0.1);
    set(trainer, "training.validation_split", 0.325);
    set(trainer, "training.shuffle", 0);
    set(trainer, "training.batch_size", 5);
    set(trainer, "training.epochs", 8);
    mn_ok(mirnet_trainer_set_tensors(trainer, inputs, t, NULL, MOST));
    mn_ok(mirnet_trainer_run(trainer));
    for (int64_t epoch = 1; epoch <= 8; epoch++)
        check_epoch(trainer, &r, x, t, epoch);
    mn_ok(mirnet_trainer_evaluate(trainer, inputs, t, NULL, MOST, &loss, &accuracy));
    double want = losses(&r, x, t, MOST, &hits, NULL) / MOST + penalty_of(&r);
    mn_close_double("loss", &loss, &want, 1, 2e-6);
    ck_assert_double_eq(accuracy, (double)hits / MOST);
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_trainer_get_history(trainer, "loss", 9, &loss));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_trainer_get_history(trainer, "loss", 0, &loss));
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit");
    TCase *tc = tcase_create("fit");
    tcase_add_test(tc, the_last_samples_are_kept_as_keras_keeps_them);
    tcase_add_test(tc, random_samples_are_kept_by_the_seed);
    tcase_add_test(tc, stratified_samples_keep_the_shares_of_the_classes);
    tcase_add_test(tc, given_validation_data_leave_all_samples_to_training);
    tcase_add_test(tc, every_epoch_has_its_own_order_by_the_seed);
    tcase_add_test(tc, balanced_weights_are_those_of_scikit_learn);
    tcase_add_test(tc, given_weights_multiply_those_of_the_samples);
    tcase_add_test(tc, the_history_is_that_of_the_same_training_in_double);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
