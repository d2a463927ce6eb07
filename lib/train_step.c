/* train_step.c - one batch: forward, loss, backward, update */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>

#include "loss.h"
#include "mem.h"
#include "trainer.h"

static mn_optimizer optimizer_of(const char *name)
{
    return strcmp(name, "adamw") == 0     ? MN_ADAMW
           : strcmp(name, "sgd") == 0     ? MN_SGD
           : strcmp(name, "rmsprop") == 0 ? MN_RMSPROP
                                          : MN_ADAM;
}

static mn_watch watch_of(const mirnet_recipe *recipe, bool on, const char *monitor, double min_delta, double patience)
{
    static const char *const names[] = {"loss", "accuracy", "val_loss", "val_accuracy"};
    mn_watch watch = {.on = on, .min_delta = min_delta, .patience = (int64_t)patience};
    for (int i = 0; i < 4; i++)
        if (strcmp(mn_recipe_text(recipe, monitor), names[i]) == 0)
            watch.monitor = (mn_figure)i;
    watch.best = watch.monitor == MN_ACCURACY || watch.monitor == MN_VAL_ACCURACY ? -INFINITY : INFINITY;
    return watch;
}

static void read_options(mirnet_trainer *t)
{
    const mirnet_recipe *r = t->model->recipe;
    t->seed = (uint64_t)mn_recipe_number(r, "training.seed");
    t->batch_size = (int64_t)mn_recipe_number(r, "training.batch_size");
    t->shuffle = mn_recipe_number(r, "training.shuffle") != 0;
    t->optim = (mn_optim){
        .kind = optimizer_of(mn_recipe_text(r, "training.optimizer")),
        .beta_1 = mn_recipe_number(r, "training.beta_1"),
        .beta_2 = mn_recipe_number(r, "training.beta_2"),
        .epsilon = mn_recipe_number(r, "training.epsilon"),
        .weight_decay = mn_recipe_number(r, "training.weight_decay"),
        .momentum = mn_recipe_number(r, "training.momentum"),
        .rho = mn_recipe_number(r, "training.rho"),
        .nesterov = mn_recipe_number(r, "training.nesterov") != 0,
        .centered = mn_recipe_number(r, "training.centered") != 0,
        .clip_norm = mn_recipe_number(r, "training.clipnorm"),
        .clip_global_norm = mn_recipe_number(r, "training.global_clipnorm"),
        .clip_value = mn_recipe_number(r, "training.clipvalue"),
    };
    t->early = watch_of(r, mn_recipe_number(r, "training.early_stopping") != 0, "training.early_stopping_monitor",
                        mn_recipe_number(r, "training.early_stopping_min_delta"),
                        mn_recipe_number(r, "training.early_stopping_patience"));
    t->early_start = (int64_t)mn_recipe_number(r, "training.early_stopping_start_from_epoch");
    t->restore_best = t->early.on && mn_recipe_number(r, "training.early_stopping_restore_best") != 0;
    t->plateau = watch_of(r, mn_recipe_number(r, "training.reduce_lr") != 0, "training.reduce_lr_monitor",
                          mn_recipe_number(r, "training.reduce_lr_min_delta"),
                          mn_recipe_number(r, "training.reduce_lr_patience"));
    t->plateau_factor = mn_recipe_number(r, "training.reduce_lr_factor");
    t->plateau_min = mn_recipe_number(r, "training.reduce_lr_min_lr");
    t->plateau_cooldown = (int64_t)mn_recipe_number(r, "training.reduce_lr_cooldown");
    t->rate = mn_recipe_number(r, "training.learning_rate");
}

static mirnet_status begin(mirnet_trainer *t)
{
    read_options(t);
    MN_TRY(mn_optim_open(&t->optim, t->model->params, t->model->n_params, t->model->size));
    /* Most of it is never touched where weights are updated at once. */
    t->grads = mn_floats_sparse(t->model->size, &t->grads_block);
    return t->grads ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

mirnet_status mn_trainer_begin(mirnet_trainer *t)
{
    mn_model_settle(t->model); /* another trainer's, whose callback this may be in */
    if (t->begun)
        return MIRNET_OK;
    mirnet_status status = begin(t);
    if (status != MIRNET_OK) {
        mn_optim_close(&t->optim);
        mn_free(t->grads_block);
        t->grads_block = t->grads = NULL;
        return status;
    }
    t->begun = true;
    return MIRNET_OK;
}

mirnet_status mn_trainer_reserve(mirnet_trainer *t, int64_t capacity, mn_plan_use use)
{
    capacity = mn_max(capacity, t->batch_size);
    if (t->plan && t->plan->run.capacity >= capacity && t->plan->use == use)
        return MIRNET_OK;
    const size_t rows = (size_t)capacity, outputs = (size_t)mn_shape_size(&mn_model_output(t->model)->out);
    mn_plan *plan;
    MN_TRY(mn_plan_create(&plan, t->model, capacity, use, mn_passes(), mn_kernels_get(), t->threads));
    float *targets = mn_floats(rows * outputs), *weights = mn_floats(rows);
    int64_t *ids = mn_calloc(rows, sizeof(*ids));
    if (!targets || !weights || !ids) {
        mn_plan_destroy(plan);
        mn_free(targets);
        mn_free(weights);
        mn_free(ids);
        return MIRNET_ERR_NOMEM;
    }
    mn_plan_destroy(t->plan);
    mn_free(t->targets);
    mn_free(t->sample_weights);
    mn_free(t->ids);
    t->plan = plan;
    t->targets = targets;
    t->sample_weights = weights;
    t->ids = ids;
    return MIRNET_OK;
}

/* The layers' penalties, and their share of the gradient. */
static double penalties(mirnet_trainer *t, bool gradient)
{
    double total = 0;
    for (int32_t i = 0; i < t->model->n_params; i++) {
        const mn_param *p = t->model->params[i];
        if (p->reg.l1 == 0 && p->reg.l2 == 0)
            continue;
        total += mn_penalty(t->model->weights + p->offset, p->size, p->reg);
        if (gradient)
            mn_penalty_back(t->grads + p->offset, t->model->weights + p->offset, p->size, p->reg);
    }
    return total;
}

mirnet_status mn_trainer_pass(mirnet_trainer *t, int64_t n, bool training, mn_purpose purpose, double *out_loss,
                              int64_t *out_hits)
{
    const bool gradient = purpose != MN_FOR_LOSS;
    mn_plan *plan = t->plan;
    const int64_t outputs = mn_shape_size(&mn_model_output(t->model)->out);
    const bool puts_off = t->puts_off && purpose == MN_FOR_STEP && t->optim.at_once;
    mn_model_settle(t->model); /* another trainer's */
    /* Whether layers put steps off depends on the batch's size. */
    if (!puts_off || n != t->late_n)
        mn_trainer_settle(t);
    t->late_n = puts_off ? n : 0;
    plan->run.threads = t->threads;
    plan->run.weights = t->model->weights;
    plan->run.grads = gradient ? t->grads : NULL;
    t->step_now = (mn_step){mn_optim_update(&t->optim, t->rate, t->steps + 1), t->model->weights, t->optim.slots[0],
                            t->optim.slots[1], t->optim.resting, puts_off ? t->rates : NULL};
    plan->run.step_now = purpose == MN_FOR_STEP && t->optim.at_once ? &t->step_now : NULL;
    plan->run.training = training;
    plan->run.batch = n;
    plan->run.seed = t->seed;
    plan->run.step = (uint64_t)t->steps;
    plan->run.samples = t->ids;
    const uint64_t mode = mn_denormals_flush();
    mn_plan_prepare(plan);
    mn_plan_forward(plan);
    mn_denormals_restore(mode);
    *out_loss = mn_cross_entropy(mn_plan_output(plan), t->targets, t->sample_weights, n, outputs, out_hits);
    if (!isfinite(*out_loss))
        return mn_fail(MIRNET_ERR_NUMERIC, "the loss is not a finite number in step %lld: a smaller learning rate, or "
                       "clipping, may help", (long long)t->steps + 1);
    if (gradient && mn_plan_output_grad(plan)) { /* NULL: there are no weights, and nobody asks for the input's */
        mn_cross_entropy_back(mn_plan_output_grad(plan), mn_plan_output(plan), t->targets, t->sample_weights, n,
                              outputs, mn_plan_fuses_softmax(plan));
        (void)mn_denormals_flush();
        mn_plan_backward(plan);
        mn_denormals_restore(mode);
    }
    t->penalty = penalties(t, gradient);
    return MIRNET_OK;
}

void mn_trainer_update(mirnet_trainer *t)
{
    t->steps++;
    const uint64_t mode = mn_denormals_flush();
    mn_optim_step(&t->optim, &t->plan->run, t->model->weights, t->grads, t->rate, t->steps);
    mn_plan_commit(t->plan, t->model->weights);
    mn_denormals_restore(mode);
    memmove(t->rates + 1, t->rates, (MN_LATE - 1) * sizeof(*t->rates));
    t->rates[0] = t->step_now.update.rate;
}

void mn_trainer_settle(mirnet_trainer *t)
{
    if (t->late_n == 0)
        return;
    t->late_n = 0;
    const uint64_t mode = mn_denormals_flush();
    mn_optim_settle(&t->optim, t->plan->run.kernels, &t->step_now, t->model->params);
    mn_denormals_restore(mode);
}

void mn_trainer_swap_last(mirnet_trainer *t)
{
    for (size_t i = 0; i < t->model->size && t->last; i++) {
        const float kept = t->model->weights[i];
        t->model->weights[i] = t->last[i];
        t->last[i] = kept;
    }
}

void mn_trainer_unrestore(mirnet_trainer *t)
{
    mn_trainer_swap_last(t);
    mn_free(t->last);
    t->last = NULL;
}

/* -- Public -------------------------------------------------------------------------------------------------------- */

/* Everything that can fail is done before anything changes. */
static mirnet_status load_batch(mirnet_trainer *t, const float *const *inputs, const float *targets,
                                const float *weights, int64_t n, mn_plan_use use)
{
    MN_REQUIRE(t, "trainer is NULL");
    if (t->in_callback)
        return mn_fail(MIRNET_ERR_STATE, "the trainer cannot be stepped from its own callback");
    mn_feed batch;
    MN_TRY(mn_feed_borrow_tensors(&batch, t->model, inputs, targets, weights, n));
    mirnet_status status = mn_trainer_begin(t);
    if (status == MIRNET_OK)
        status = mn_trainer_reserve(t, n, use);
    for (int64_t i = 0; i < n && status == MIRNET_OK; i++) {
        mn_feed_get(&batch, t->plan, i, i, t->targets + i * mirnet_model_get_size(t->model, -1),
                    &t->sample_weights[i]);
        t->ids[i] = i;
    }
    return status;
}

mirnet_status mirnet_trainer_step(mirnet_trainer *t, const float *const *inputs, const float *targets,
                                  const float *opt_weights, int64_t n, double *opt_out_loss)
{
    MN_TRY(load_batch(t, inputs, targets, opt_weights, n, MN_PLAN_WEIGHTS));
    double loss;
    int64_t hits;
    t->has_gradient = false;
    mn_trainer_swap_last(t);
    mirnet_status status = mn_trainer_pass(t, n, true, MN_FOR_STEP, &loss, &hits);
    mn_trainer_swap_last(t);
    MN_TRY(status);
    mn_trainer_unrestore(t);
    if (opt_out_loss)
        *opt_out_loss = loss / (double)n + t->penalty;
    mn_trainer_update(t);
    return MIRNET_OK;
}

mirnet_status mirnet_trainer_run_gradient(mirnet_trainer *t, const float *const *inputs, const float *targets,
                                          const float *opt_weights, int64_t n, int32_t training, double *opt_out_loss,
                                          float *const *opt_input_grads)
{
    MN_TRY(load_batch(t, inputs, targets, opt_weights, n, opt_input_grads ? MN_PLAN_WEIGHTS_INPUTS : MN_PLAN_WEIGHTS));
    double loss;
    int64_t hits;
    t->has_gradient = false;
    MN_TRY(mn_trainer_pass(t, n, training != 0, MN_FOR_GRADIENTS, &loss, &hits));
    t->has_gradient = true;
    if (opt_out_loss)
        *opt_out_loss = loss / (double)n + t->penalty;
    for (int32_t i = 0; i < t->model->spec->n_inputs && opt_input_grads; i++)
        if (opt_input_grads[i])
            memcpy(opt_input_grads[i], mn_plan_input_grad(t->plan, i),
                   (size_t)(n * mirnet_model_get_size(t->model, i)) * sizeof(float));
    return MIRNET_OK;
}

mirnet_status mirnet_trainer_get_gradient(const mirnet_trainer *trainer, const char *name, float *out, int64_t n)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_REQUIRE(name, "name is NULL");
    MN_REQUIRE(out, "out is NULL");
    if (!trainer->has_gradient)
        return mn_fail(MIRNET_ERR_STATE, "there is no gradient: call mirnet_trainer_run_gradient first");
    const mn_param *param = mn_model_find(trainer->model, name);
    if (!param)
        return mn_fail(MIRNET_ERR_NOT_FOUND, "weight '%s' does not exist in this model", name);
    if (n < 0 || (size_t)n != param->size)
        return mn_fail(MIRNET_ERR_SHAPE, "weight '%s' has %zu elements, not %lld", name, param->size, (long long)n);
    memcpy(out, trainer->grads + param->offset, param->size * sizeof(*out));
    return MIRNET_OK;
}

mirnet_status mirnet_trainer_evaluate(mirnet_trainer *t, const float *const *inputs, const float *targets,
                                      const float *opt_weights, int64_t n, double *out_loss, double *out_accuracy)
{
    MN_REQUIRE(out_loss, "out_loss is NULL");
    MN_REQUIRE(out_accuracy, "out_accuracy is NULL");
    MN_TRY(load_batch(t, inputs, targets, opt_weights, n, MN_PLAN_WEIGHTS));
    double loss;
    int64_t hits;
    MN_TRY(mn_trainer_pass(t, n, false, MN_FOR_LOSS, &loss, &hits));
    *out_loss = loss / (double)n + t->penalty;
    *out_accuracy = (double)hits / (double)n;
    return MIRNET_OK;
}
