/* mn_run.c - a small training run */
/* SPDX-License-Identifier: MIT */
#include "mn_run.h"

#include <stdlib.h>

#include "mn_check.h"
#include "mn_net.h"

/* Everything that depends on the place in a run: dropout, batch statistics, momenta. */
const char mn_run_net[] =
    "InputLayer: 4; Dense: 'units': 5, 'activation': 'tanh'; BatchNormalization; "
    "Dropout: 'rate': 0.3; Dense: 'units': 3, 'activation': 'softmax', 'kernel_regularizer': 'l2';";
const char mn_run_no_dropout[] = "InputLayer: 4; Dense: 'units': 5, 'activation': 'tanh'; BatchNormalization; "
                                 "Dense: 'units': 3, 'activation': 'softmax', 'kernel_regularizer': 'l2';";

const char *const mn_run_monitors[4] = {"val_loss", "loss", "val_accuracy", "accuracy"};

void mn_run_set(const mn_run *r, const char *key, double value)
{
    mn_ok(mirnet_trainer_set_number(r->trainer, key, value));
}

void mn_run_set_text(const mn_run *r, const char *key, const char *value)
{
    mn_ok(mirnet_trainer_set_text(r->trainer, key, value));
}

int64_t mn_run_count(const mn_run *r, const char *key)
{
    int64_t n;
    mn_ok(mirnet_trainer_get_count(r->trainer, key, &n));
    return n;
}

double mn_run_figure(const mn_run *r, const char *key, int64_t epoch)
{
    double value;
    mn_ok(mirnet_trainer_get_history(r->trainer, key, epoch, &value));
    return value;
}

static void set_data(mn_run *r)
{
    const float *inputs[] = {r->x};
    mn_ok(mirnet_trainer_set_tensors(r->trainer, inputs, r->targets, NULL, MN_RUN_RECORDS));
}

mn_run *mn_run_create(const char *text)
{
    mn_run *r = calloc(1, sizeof(*r));
    uint64_t seed = mn_seed();
    ck_assert_ptr_nonnull(r);
    r->model = mn_net_create(text);
    mn_net_fill_weights(&seed, r->model);
    mn_net_fill(&seed, r->x, MN_RUN_RECORDS * MN_RUN_INPUTS, -1, 1);
    for (int i = 0; i < MN_RUN_RECORDS; i++)
        r->targets[i * MN_RUN_CLASSES + (int)mn_net_uniform(&seed, 0, MN_RUN_CLASSES - 0.01)] = 1;
    mn_ok(mirnet_trainer_create(&r->trainer, r->model));
    set_data(r);
    mn_run_set(r, "training.batch_size", MN_RUN_BATCH);
    mn_run_set(r, "training.epochs", MN_RUN_EPOCHS);
    mn_run_set(r, "training.validation_split", 0.3);
    mn_run_set(r, "training.learning_rate", 0.05);
    return r;
}

void mn_run_destroy(mn_run *r)
{
    mirnet_trainer_destroy(r->trainer);
    mirnet_model_destroy(r->model);
    free(r);
}

int64_t mn_run_weights(const mirnet_model *model, float out[MN_RUN_WEIGHTS])
{
    int64_t at = 0;
    for (int32_t i = 0; i < mirnet_model_weight_count(model); i++) {
        const char *name = mirnet_model_get_weight_name(model, i);
        const int64_t n = mn_net_weight_size(model, i);
        ck_assert_int_le(at + n, MN_RUN_WEIGHTS);
        mn_ok(mirnet_model_get_weight(model, name, out + at, n));
        at += n;
    }
    return at;
}

void mn_run_same(const mirnet_model *got, const mirnet_model *want)
{
    float a[MN_RUN_WEIGHTS], b[MN_RUN_WEIGHTS];
    const int64_t n = mn_run_weights(got, a);
    ck_assert_int_eq(mn_run_weights(want, b), n);
    mn_same("weights", a, b, (size_t)n);
}
