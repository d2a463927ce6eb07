/* test_optim.c - each optimizer against its published formula, worked in double from the gradients that the trainer
 * reports */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "mn_net.h"

static const char net[] = "InputLayer: 5; Dense: 'units': 4, 'activation': 'tanh'; "
                          "Dense: 'units': 3, 'activation': 'softmax';";

enum { SAMPLES = 7, INPUTS = 5, OUTPUTS = 3, STEPS = 6, MAX_WEIGHTS = 64 };

/* The weights one after another, with where each tensor begins. */
typedef struct flat {
    int64_t n, tensors, start[8];
    double w[MAX_WEIGHTS], m[MAX_WEIGHTS], v[MAX_WEIGHTS], a[MAX_WEIGHTS], g[MAX_WEIGHTS];
} flat;

typedef struct options {
    const char *optimizer;
    double momentum, weight_decay, clipnorm, global_clipnorm, clipvalue;
    int nesterov, centered;
} options;

static const double rate = 0.05, b1 = 0.9, b2 = 0.999, epsilon = 1e-7, rho = 0.9;

static double norm_of(const flat *f, int64_t from, int64_t to)
{
    double sum = 0;
    for (int64_t i = from; i < to; i++)
        sum += f->g[i] * f->g[i];
    return sqrt(sum);
}

static void clip(flat *f, const options *o)
{
    double all = norm_of(f, 0, f->n);
    for (int64_t t = 0; t < f->tensors; t++) {
        double own = norm_of(f, f->start[t], f->start[t + 1]);
        for (int64_t i = f->start[t]; i < f->start[t + 1]; i++) {
            if (o->clipnorm > 0 && own > o->clipnorm)
                f->g[i] *= o->clipnorm / own;
            if (o->global_clipnorm > 0 && all > o->global_clipnorm)
                f->g[i] *= o->global_clipnorm / all;
            if (o->clipvalue > 0)
                f->g[i] = fmax(-o->clipvalue, fmin(o->clipvalue, f->g[i]));
        }
    }
}

/* One step of the formula as Keras 2.4 documents it. */
static void step(flat *f, const options *o, int t)
{
    clip(f, o);
    for (int64_t i = 0; i < f->n; i++) {
        double g = f->g[i];
        if (strncmp(o->optimizer, "adam", 4) == 0) {
            if (strcmp(o->optimizer, "adamw") == 0)
                f->w[i] -= rate * o->weight_decay * f->w[i];
            f->m[i] = b1 * f->m[i] + (1 - b1) * g;
            f->v[i] = b2 * f->v[i] + (1 - b2) * g * g;
            f->w[i] -= rate * sqrt(1 - pow(b2, t)) / (1 - pow(b1, t)) * f->m[i] / (sqrt(f->v[i]) + epsilon);
        } else if (strcmp(o->optimizer, "sgd") == 0) {
            f->m[i] = o->momentum * f->m[i] - rate * g;
            f->w[i] += o->nesterov ? o->momentum * f->m[i] - rate * g : f->m[i];
        } else {
            f->v[i] = rho * f->v[i] + (1 - rho) * g * g;
            f->a[i] = rho * f->a[i] + (1 - rho) * g;
            double spread = f->v[i] - (o->centered ? f->a[i] * f->a[i] : 0);
            if (o->momentum > 0) {
                f->m[i] = o->momentum * f->m[i] + rate * g / sqrt(spread + epsilon);
                f->w[i] -= f->m[i];
            } else {
                f->w[i] -= rate * g / (sqrt(spread) + epsilon);
            }
        }
    }
}

static void read_weights(const mirnet_model *model, flat *f, float *out)
{
    f->n = f->tensors = 0;
    for (int32_t i = 0; i < mirnet_model_weight_count(model); i++) {
        const char *name = mirnet_model_get_weight_name(model, i);
        const int64_t n = mn_net_weight_size(model, i);
        mn_ok(mirnet_model_get_weight(model, name, out + f->n, n));
        f->start[f->tensors++] = f->n;
        f->n += n;
    }
    f->start[f->tensors] = f->n;
}

static void read_gradients(const mirnet_model *model, const mirnet_trainer *trainer, flat *f)
{
    float g[MAX_WEIGHTS];
    for (int64_t t = 0; t < f->tensors; t++) {
        int64_t n = f->start[t + 1] - f->start[t];
        mn_ok(mirnet_trainer_get_gradient(trainer, mirnet_model_get_weight_name(model, (int32_t)t), g, n));
        for (int64_t i = 0; i < n; i++)
            f->g[f->start[t] + i] = (double)g[i];
    }
}

static void set_options(mirnet_trainer *trainer, const options *o)
{
    mn_ok(mirnet_trainer_set_text(trainer, "training.optimizer", o->optimizer));
    mn_ok(mirnet_trainer_set_number(trainer, "training.learning_rate", rate));
    mn_ok(mirnet_trainer_set_number(trainer, "training.momentum", o->momentum));
    mn_ok(mirnet_trainer_set_number(trainer, "training.nesterov", o->nesterov));
    mn_ok(mirnet_trainer_set_number(trainer, "training.centered", o->centered));
    mn_ok(mirnet_trainer_set_number(trainer, "training.weight_decay", o->weight_decay));
    mn_ok(mirnet_trainer_set_number(trainer, "training.clipnorm", o->clipnorm));
    mn_ok(mirnet_trainer_set_number(trainer, "training.global_clipnorm", o->global_clipnorm));
    mn_ok(mirnet_trainer_set_number(trainer, "training.clipvalue", o->clipvalue));
}

static void follow(options o)
{
    mirnet_model *model = mn_net_create(net);
    mirnet_trainer *trainer;
    uint64_t seed = mn_seed();
    float x[SAMPLES * INPUTS], y[SAMPLES * OUTPUTS], got[MAX_WEIGHTS], want[MAX_WEIGHTS];
    const float *inputs[] = {x};
    flat f = {0};
    mn_net_fill(&seed, x, SAMPLES * INPUTS, -1, 1);
    mn_net_fill_targets(&seed, y, SAMPLES, OUTPUTS);
    mn_net_fill_weights(&seed, model);
    mn_ok(mirnet_trainer_create(&trainer, model));
    set_options(trainer, &o);
    read_weights(model, &f, got);
    for (int64_t i = 0; i < f.n; i++)
        f.w[i] = (double)got[i];
    for (int t = 1; t <= STEPS; t++) {
        mn_ok(mirnet_trainer_run_gradient(trainer, inputs, y, NULL, SAMPLES, 1, NULL, NULL));
        read_gradients(model, trainer, &f);
        mn_ok(mirnet_trainer_step(trainer, inputs, y, NULL, SAMPLES, NULL));
        step(&f, &o, t);
        read_weights(model, &f, got);
        for (int64_t i = 0; i < f.n; i++)
            want[i] = (float)f.w[i];
        mn_close("weights", got, want, (size_t)f.n, 1e-5);
    }
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
}

START_TEST(adam_follows_its_formula)
{
    follow((options){.optimizer = "adam"});
}
END_TEST

START_TEST(adamw_decays_before_the_step)
{
    follow((options){.optimizer = "adamw", .weight_decay = 0.2});
}
END_TEST

START_TEST(sgd_follows_its_formula)
{
    follow((options){.optimizer = "sgd"});
}
END_TEST

START_TEST(sgd_with_momentum_and_nesterov)
{
    follow((options){.optimizer = "sgd", .momentum = 0.8});
    follow((options){.optimizer = "sgd", .momentum = 0.8, .nesterov = 1});
}
END_TEST

START_TEST(rmsprop_follows_its_formula)
{
    follow((options){.optimizer = "rmsprop"});
    follow((options){.optimizer = "rmsprop", .momentum = 0.5});
    follow((options){.optimizer = "rmsprop", .centered = 1});
    follow((options){.optimizer = "rmsprop", .centered = 1, .momentum = 0.5});
}
END_TEST

START_TEST(gradients_are_clipped_by_norm_of_each_weight)
{
    follow((options){.optimizer = "sgd", .clipnorm = 0.05});
    follow((options){.optimizer = "adam", .clipnorm = 0.01});
}
END_TEST

START_TEST(gradients_are_clipped_by_norm_of_all_weights)
{
    follow((options){.optimizer = "sgd", .global_clipnorm = 0.05});
    follow((options){.optimizer = "rmsprop", .global_clipnorm = 0.02});
}
END_TEST

START_TEST(gradients_are_clipped_by_value)
{
    follow((options){.optimizer = "sgd", .clipvalue = 0.01});
    follow((options){.optimizer = "adam", .clipvalue = 0.005});
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optim");
    TCase *tc = tcase_create("formulas");
    tcase_add_test(tc, adam_follows_its_formula);
    tcase_add_test(tc, adamw_decays_before_the_step);
    tcase_add_test(tc, sgd_follows_its_formula);
    tcase_add_test(tc, sgd_with_momentum_and_nesterov);
    tcase_add_test(tc, rmsprop_follows_its_formula);
    tcase_add_test(tc, gradients_are_clipped_by_norm_of_each_weight);
    tcase_add_test(tc, gradients_are_clipped_by_norm_of_all_weights);
    tcase_add_test(tc, gradients_are_clipped_by_value);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
