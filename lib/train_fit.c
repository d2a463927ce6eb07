/* train_fit.c - whole epochs: division of the data, order, history, early stopping */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>

#include "layers/passes.h"
#include "mem.h"
#include "rng.h"
#include "trainer.h"

/* -- Division ------------------------------------------------------------------------------------------------------ */

void mn_trainer_forget_division(mirnet_trainer *t)
{
    mn_free(t->train_at);
    mn_free(t->val_at);
    mn_free(t->order);
    mn_free(t->class_weights);
    t->train_at = t->val_at = t->order = NULL;
    t->class_weights = NULL;
    t->n_train = t->n_val = 0;
}

/* Marks n_val of the samples: the last ones, as Keras does, or drawn from all. */
static mirnet_status draw_validation(const mirnet_trainer *t, bool *taken, int64_t n_val, bool last)
{
    const int64_t n = t->train.n;
    int64_t *shuffled = mn_calloc((size_t)n, sizeof(*shuffled));
    if (!shuffled)
        return MIRNET_ERR_NOMEM;
    for (int64_t i = 0; i < n; i++)
        shuffled[i] = n - 1 - i;
    if (!last) {
        mn_rng rng = mn_rng_create(t->seed, MN_RNG_SPLIT, 0, 0);
        mn_rng_shuffle(&rng, shuffled, n);
    }
    for (int64_t i = 0; i < n_val; i++)
        taken[shuffled[i]] = true;
    mn_free(shuffled);
    return MIRNET_OK;
}

/* Marks n_val of the samples, from each class its share: sample k of a class of size s (in a drawn order) is ranked at
 * (k + 1/2) / s, and the n_val of the lowest rank are taken. */
typedef struct ranked {
    double rank;
    int64_t sample;
} ranked;

static bool is_behind(const ranked *a, const ranked *b)
{
    return a->rank > b->rank || (a->rank == b->rank && a->sample > b->sample);
}

static void sift(ranked *heap, int64_t at, int64_t n)
{
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && is_behind(&heap[child + 1], &heap[child]);
        if (!is_behind(&heap[child], &heap[at]))
            return;
        ranked kept = heap[at];
        heap[at] = heap[child];
        heap[child] = kept;
    }
}

static void sort_ranked(ranked *items, int64_t n)
{
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sift(items, i, n);
    for (int64_t end = n - 1; end > 0; end--) {
        ranked kept = items[0];
        items[0] = items[end];
        items[end] = kept;
        sift(items, 0, end);
    }
}

static mirnet_status draw_stratified(const mirnet_trainer *t, bool *taken, int64_t n_val, const int64_t *sizes)
{
    const int64_t n = t->train.n, outputs = mirnet_model_get_size(t->model, -1);
    int64_t *shuffled = mn_calloc((size_t)n, sizeof(*shuffled)), *seen = mn_calloc((size_t)outputs, sizeof(*seen));
    ranked *items = mn_calloc((size_t)n, sizeof(*items));
    if (shuffled && seen && items) {
        for (int64_t i = 0; i < n; i++)
            shuffled[i] = i;
        mn_rng rng = mn_rng_create(t->seed, MN_RNG_SPLIT, 0, 0);
        mn_rng_shuffle(&rng, shuffled, n);
        for (int64_t i = 0; i < n; i++) {
            const int32_t c = mn_feed_class(&t->train, t->model, shuffled[i]);
            items[i] = (ranked){((double)seen[c]++ + 0.5) / (double)sizes[c], shuffled[i]};
        }
        sort_ranked(items, n);
        for (int64_t i = 0; i < n_val; i++)
            taken[items[i].sample] = true;
    }
    mirnet_status status = shuffled && seen && items ? MIRNET_OK : MIRNET_ERR_NOMEM;
    mn_free(shuffled);
    mn_free(seen);
    mn_free(items);
    return status;
}

static mirnet_status draw(const mirnet_trainer *t, bool *taken, int64_t n_val)
{
    const char *from = mn_recipe_text(t->model->recipe, "training.validation_from");
    if (strcmp(from, "stratified") != 0)
        return draw_validation(t, taken, n_val, strcmp(from, "last") == 0);
    int64_t *sizes = mn_calloc((size_t)mirnet_model_get_size(t->model, -1), sizeof(*sizes));
    if (!sizes)
        return MIRNET_ERR_NOMEM;
    for (int64_t i = 0; i < t->train.n; i++)
        sizes[mn_feed_class(&t->train, t->model, i)]++;
    mirnet_status status = draw_stratified(t, taken, n_val, sizes);
    mn_free(sizes);
    return status;
}

/* "balanced" as in scikit-learn: n / (classes * size of the class), over the samples that are trained on. */
static void find_class_weights(mirnet_trainer *t)
{
    const int64_t outputs = mirnet_model_get_size(t->model, -1);
    const char *kind = mn_recipe_text(t->model->recipe, "training.class_weight");
    int64_t present = 0;
    for (int64_t c = 0; c < outputs; c++)
        t->class_weights[c] = strcmp(kind, "balanced") == 0 ? 0 : 1;
    if (strcmp(kind, "given") == 0)
        for (int32_t c = 0; c < outputs; c++)
            if (mirnet_recipe_get_class_weight(t->model->recipe, c, &t->class_weights[c]) != MIRNET_OK)
                t->class_weights[c] = 1;
    if (strcmp(kind, "balanced") != 0)
        return;
    for (int64_t i = 0; i < t->n_train; i++)
        t->class_weights[mn_feed_class(&t->train, t->model, t->train_at[i])]++;
    for (int64_t c = 0; c < outputs; c++)
        present += t->class_weights[c] > 0;
    for (int64_t c = 0; c < outputs; c++)
        if (t->class_weights[c] > 0)
            t->class_weights[c] = (double)t->n_train / ((double)present * t->class_weights[c]);
}

static mirnet_status divide(mirnet_trainer *t)
{
    const int64_t n = t->train.n;
    const double split = t->given.n ? 0 : mn_recipe_number(t->model->recipe, "training.validation_split");
    /* As Keras: the first floor(n (1 - split)) are trained on; at least one is. */
    const int64_t n_train = mn_max(1, (int64_t)floor((double)n * (1 - split)));
    t->train_at = mn_calloc((size_t)n, sizeof(*t->train_at));
    t->val_at = mn_calloc((size_t)n, sizeof(*t->val_at));
    t->order = mn_calloc((size_t)n, sizeof(*t->order));
    t->class_weights = mn_calloc((size_t)mirnet_model_get_size(t->model, -1), sizeof(*t->class_weights));
    bool *taken = mn_calloc((size_t)n, sizeof(*taken));
    mirnet_status status =
        t->train_at && t->val_at && t->order && t->class_weights && taken ? MIRNET_OK : MIRNET_ERR_NOMEM;
    if (status == MIRNET_OK && n_train < n)
        status = draw(t, taken, n - n_train);
    for (int64_t i = 0; i < n && status == MIRNET_OK; i++) {
        if (taken[i])
            t->val_at[t->n_val++] = i;
        else
            t->train_at[t->n_train++] = i;
    }
    mn_free(taken);
    if (status == MIRNET_OK)
        find_class_weights(t);
    return status;
}

mirnet_status mn_trainer_divide(mirnet_trainer *t)
{
    if (t->train_at)
        return MIRNET_OK;
    mirnet_status status = divide(t);
    if (status != MIRNET_OK)
        mn_trainer_forget_division(t);
    return status;
}

bool mn_trainer_has_validation(const mirnet_trainer *t)
{
    return t->given.n > 0 || t->n_val > 0;
}

void mn_trainer_set_order(mirnet_trainer *t)
{
    memcpy(t->order, t->train_at, (size_t)t->n_train * sizeof(*t->order));
    if (t->shuffle) {
        mn_rng rng = mn_rng_create(t->seed, MN_RNG_SHUFFLE, 0, (uint64_t)t->epochs);
        mn_rng_shuffle(&rng, t->order, t->n_train);
    }
}

/* -- Epochs -------------------------------------------------------------------------------------------------------- */

static mirnet_status check_watch(const mirnet_trainer *t, const mn_watch *watch, const char *what)
{
    if (watch->on && (watch->monitor == MN_VAL_LOSS || watch->monitor == MN_VAL_ACCURACY) &&
        !mn_trainer_has_validation(t))
        return mn_fail(MIRNET_ERR_INVALID, "%s watches validation data, but there are none: set a validation split",
                       what);
    return MIRNET_OK;
}

static mirnet_status ready(mirnet_trainer *t)
{
    if (t->train.n == 0)
        return mn_fail(MIRNET_ERR_STATE, "the trainer has no data: set a dataset or tensors first");
    if (t->in_callback)
        return mn_fail(MIRNET_ERR_STATE, "the trainer cannot be run from its own callback");
    MN_TRY(mn_trainer_begin(t));
    MN_TRY(mn_trainer_divide(t));
    MN_TRY(check_watch(t, &t->early, "early stopping"));
    MN_TRY(check_watch(t, &t->plateau, "reduce_lr"));
    MN_TRY(mn_trainer_reserve(t, t->batch_size, MN_PLAN_WEIGHTS));
    if (t->restore_best && !t->best) {
        t->best = mn_floats(t->model->size);
        if (!t->best)
            return MIRNET_ERR_NOMEM;
    }
    return mn_grow(&t->history, &t->history_room, t->n_history + 1, sizeof(*t->history));
}

static mirnet_status call_back(mirnet_trainer *t, int64_t epoch, int64_t batch)
{
    if (!t->callback)
        return MIRNET_OK;
    t->in_callback = true;
    t->model->settle = mn_trainer_settle;
    t->model->trainer = t;
    const int32_t stop = t->callback(t, epoch, batch, t->payload);
    t->model->settle = NULL;
    t->in_callback = false;
    if (stop)
        return mn_fail(MIRNET_ERR_CANCELLED, "the callback stopped training in epoch %lld", (long long)epoch);
    return MIRNET_OK;
}

/* Puts samples of a feed into the plan; training samples get their class's weight. */
static void fill(mirnet_trainer *t, const mn_feed *feed, const int64_t *at, int64_t n, bool training)
{
    const int64_t outputs = mirnet_model_get_size(t->model, -1);
    for (int64_t i = 0; i < n; i++) {
        mn_feed_get(feed, t->plan, at[i], i, t->targets + i * outputs, &t->sample_weights[i]);
        if (training)
            t->sample_weights[i] *= (float)t->class_weights[mn_feed_class(feed, t->model, at[i])];
        t->ids[i] = at[i];
    }
}

static mirnet_status train_batch(mirnet_trainer *t)
{
    const int64_t n = mn_min(t->batch_size, t->n_train - t->at);
    double loss;
    int64_t hits;
    fill(t, &t->train, t->order + t->at, n, true);
    MN_TRY(mn_trainer_pass(t, n, true, MN_FOR_STEP, &loss, &hits));
    mn_trainer_update(t);
    t->at += n;
    t->sum_loss += loss + t->penalty * (double)n;
    t->sum_hits += (double)hits;
    return MIRNET_OK;
}

static mirnet_status validate(mirnet_trainer *t, mn_history_row *row)
{
    const mn_feed *feed = t->given.n ? &t->given : &t->train;
    const int64_t total = t->given.n ? t->given.n : t->n_val;
    double sum = 0, all_hits = 0;
    row->figure[MN_VAL_LOSS] = row->figure[MN_VAL_ACCURACY] = NAN;
    if (total == 0)
        return MIRNET_OK;
    /* By the batch size, not by the room that a larger batch may have left: sums depend on how they are cut. */
    for (int64_t from = 0; from < total; from += t->batch_size) {
        const int64_t n = mn_min(t->batch_size, total - from);
        double loss;
        int64_t hits;
        if (t->given.n) {
            for (int64_t i = 0; i < n; i++)
                t->ids[i] = from + i;
            fill(t, feed, t->ids, n, false);
        } else {
            fill(t, feed, t->val_at + from, n, false);
        }
        MN_TRY(mn_trainer_pass(t, n, false, MN_FOR_LOSS, &loss, &hits));
        sum += loss;
        all_hits += (double)hits;
    }
    row->figure[MN_VAL_LOSS] = sum / (double)total + t->penalty;
    row->figure[MN_VAL_ACCURACY] = all_hits / (double)total;
    return MIRNET_OK;
}

static bool is_better(const mn_watch *watch, double value)
{
    if (watch->monitor == MN_ACCURACY || watch->monitor == MN_VAL_ACCURACY)
        return value > watch->best + watch->min_delta;
    return value < watch->best - watch->min_delta;
}

/* As Keras's EarlyStopping. */
static void watch_early(mirnet_trainer *t, const mn_history_row *row)
{
    mn_watch *watch = &t->early;
    if (!watch->on || t->epochs <= t->early_start)
        return;
    const double value = row->figure[watch->monitor];
    if (is_better(watch, value)) {
        watch->best = value;
        watch->wait = 0;
        t->best_epoch = t->epochs;
        if (t->restore_best)
            memcpy(t->best, t->model->weights, t->model->size * sizeof(float));
    } else if (++watch->wait >= watch->patience) {
        t->stopped = true;
    }
}

/* As Keras's ReduceLROnPlateau. */
static void watch_plateau(mirnet_trainer *t, const mn_history_row *row)
{
    mn_watch *watch = &t->plateau;
    if (!watch->on)
        return;
    const double value = row->figure[watch->monitor];
    if (t->cooldown > 0) {
        t->cooldown--;
        watch->wait = 0;
    }
    if (is_better(watch, value)) {
        watch->best = value;
        watch->wait = 0;
    } else if (t->cooldown == 0 && ++watch->wait >= watch->patience) {
        t->rate = fmin(t->rate, fmax(t->rate * t->plateau_factor, t->plateau_min));
        t->cooldown = t->plateau_cooldown;
        watch->wait = 0;
    }
}

static mirnet_status end_epoch(mirnet_trainer *t)
{
    mn_history_row row;
    row.figure[MN_LOSS] = t->sum_loss / (double)t->n_train;
    row.figure[MN_ACCURACY] = t->sum_hits / (double)t->n_train;
    row.figure[MN_LEARNING_RATE] = t->rate;
    MN_TRY(validate(t, &row));
    t->history[t->n_history++] = row;
    t->epochs++;
    t->at = 0;
    watch_early(t, &row);
    watch_plateau(t, &row);
    return call_back(t, t->epochs, 0);
}

/* Leaves the best epoch's weights in the model and keeps the last ones for a run that goes on. */
static mirnet_status restore(mirnet_trainer *t)
{
    if (!t->restore_best || !t->best || t->best_epoch == 0 || t->last || t->best_epoch == t->epochs)
        return MIRNET_OK;
    float *last = mn_floats(t->model->size);
    if (!last)
        return MIRNET_ERR_NOMEM;
    memcpy(last, t->model->weights, t->model->size * sizeof(float));
    memcpy(t->model->weights, t->best, t->model->size * sizeof(float));
    t->last = last;
    return MIRNET_OK;
}

static mirnet_status run_batches(mirnet_trainer *t)
{
    while (t->at < t->n_train) {
        MN_TRY(train_batch(t));
        MN_TRY(call_back(t, t->epochs + 1, mn_ceil_div(t->at, t->batch_size)));
    }
    return MIRNET_OK;
}

static mirnet_status run_epoch(mirnet_trainer *t)
{
    MN_TRY(ready(t));
    mn_trainer_unrestore(t);
    t->has_gradient = false;
    mn_trainer_set_order(t);
    if (t->at == 0)
        t->sum_loss = t->sum_hits = 0;
    t->puts_off = mn_passes() & MN_PASS_LATE;
    mirnet_status status = run_batches(t);
    t->puts_off = false;
    mn_trainer_settle(t);
    return status == MIRNET_OK ? end_epoch(t) : status;
}

/* -- Public -------------------------------------------------------------------------------------------------------- */

mirnet_status mirnet_trainer_run_epoch(mirnet_trainer *trainer, int32_t *opt_out_stop)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_TRY(run_epoch(trainer));
    if (opt_out_stop)
        *opt_out_stop = trainer->stopped;
    return MIRNET_OK;
}

mirnet_status mirnet_trainer_run(mirnet_trainer *trainer)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_TRY(ready(trainer));
    /* Asked for anew each time: a callback may change it. */
    while ((double)trainer->epochs < mn_recipe_number(trainer->model->recipe, "training.epochs") && !trainer->stopped)
        MN_TRY(run_epoch(trainer));
    return restore(trainer);
}
