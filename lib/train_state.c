/* train_state.c - a trainer's state into a model and out of it */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>
#include <stdio.h>

#include "json.h"
#include "mem.h"
#include "trainer.h"

/*
 * The state's JSON: {"version": 1, "samples", "steps", "epochs", "at", "sum_loss", "sum_hits", "rate", "best_epoch",
 * "cooldown", "stopped", "early": [best, wait], "plateau": [best, wait], "history": [[loss, accuracy, val_loss,
 * val_accuracy, learning_rate], ...]}; what is not finite is null. Its tensors, each for all weights: "m/<weight>",
 * "v/<weight>", "a/<weight>" as the optimizer has slots, "best/<weight>" and "last/<weight>" if there are such.
 */
enum { VERSION = 1 };

/* -- Store --------------------------------------------------------------------------------------------------------- */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *pack_history(const mirnet_trainer *t)
{
    json_t *history = json_array();
    for (size_t i = 0; history && i < t->n_history; i++) {
        json_t *row = json_array();
        bool made = row != NULL;
        for (int f = 0; f < MN_FIGURES && made; f++)
            made = json_array_append_new(row, number(t->history[i].figure[f])) == 0;
        if (!made || json_array_append(history, row) != 0) {
            json_decref(history);
            history = NULL;
        }
        json_decref(row);
    }
    return history;
}

static json_t *pack_watch(const mn_watch *watch)
{
    return json_pack("[o, I]", number(watch->best), (json_int_t)watch->wait);
}

static mirnet_status pack_json(const mirnet_trainer *t, char **out)
{
    json_t *json = json_pack(
        "{s:i, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:b, s:o, s:o, s:o}", "version", VERSION, "samples",
        (json_int_t)t->n_train, "steps", (json_int_t)t->steps, "epochs", (json_int_t)t->epochs, "at", (json_int_t)t->at,
        "sum_loss", number(t->sum_loss), "sum_hits", number(t->sum_hits), "rate", number(t->rate), "best_epoch",
        (json_int_t)t->best_epoch, "cooldown", (json_int_t)t->cooldown, "stopped", t->stopped, "early",
        pack_watch(&t->early), "plateau", pack_watch(&t->plateau), "history", pack_history(t));
    if (!json)
        return mn_fail(MIRNET_ERR_NOMEM, "out of memory while the training state was written");
    *out = mn_json_text(json, true);
    json_decref(json);
    return *out ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

/* The full name of one tensor of the state; freed by the caller. */
static char *tensor_name(const char *prefix, const mn_param *param)
{
    const size_t size = strlen(prefix) + 1 + strlen(param->name) + 1;
    char *name = mn_calloc(size, 1);
    if (name)
        snprintf(name, size, "%s/%s", prefix, param->name);
    return name;
}

static mirnet_status pack_array(const mirnet_trainer *t, mirnet_tensors *tensors, const char *prefix,
                                const float *array)
{
    for (int32_t i = 0; i < t->model->n_params && array; i++) {
        const mn_param *p = t->model->params[i];
        char *name = tensor_name(prefix, p);
        if (!name)
            return MIRNET_ERR_NOMEM;
        mirnet_status status = mirnet_tensors_set(tensors, name, p->shape.dim, p->shape.rank, array + p->offset);
        mn_free(name);
        MN_TRY(status);
    }
    return MIRNET_OK;
}

static mirnet_status pack(const mirnet_trainer *t, mn_state *state)
{
    MN_TRY(pack_json(t, &state->json));
    MN_TRY(mirnet_tensors_create(&state->tensors));
    for (int32_t s = 0; s < MN_SLOTS; s++)
        MN_TRY(pack_array(t, state->tensors, mn_optim_slot_name(s), t->optim.slots[s]));
    if (t->best_epoch > 0)
        MN_TRY(pack_array(t, state->tensors, "best", t->best));
    return pack_array(t, state->tensors, "last", t->last);
}

mirnet_status mirnet_trainer_store(mirnet_trainer *trainer)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    MN_TRY(mn_trainer_begin(trainer));
    mn_trainer_settle(trainer);
    mn_state *state = mn_calloc(1, sizeof(*state));
    if (!state)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = pack(trainer, state);
    if (status != MIRNET_OK) {
        mn_state_destroy(state);
        return status;
    }
    mn_state_destroy(trainer->model->state);
    trainer->model->state = state;
    return MIRNET_OK;
}

/* -- Resume -------------------------------------------------------------------------------------------------------- */

/* What is read before anything in the trainer changes. */
typedef struct resumed {
    json_int_t samples, steps, epochs, at, best_epoch, cooldown, early_wait, plateau_wait;
    double sum_loss, sum_hits, rate, early_best, plateau_best;
    int stopped;
    size_t n_history;
    mn_history_row *history;
    float *slots[MN_SLOTS], *best, *last;
} resumed;

static void destroy_resumed(resumed *r)
{
    for (int s = 0; s < MN_SLOTS; s++)
        mn_free(r->slots[s]);
    mn_free(r->best);
    mn_free(r->last);
    mn_free(r->history);
}

static double value_of(const json_t *json, double when_null)
{
    return json_is_number(json) ? json_number_value(json) : when_null;
}

static mirnet_status read_history(resumed *r, const json_t *rows)
{
    r->n_history = json_array_size(rows);
    r->history = mn_calloc(r->n_history, sizeof(*r->history));
    if (!r->history)
        return MIRNET_ERR_NOMEM;
    for (size_t i = 0; i < r->n_history; i++) {
        const json_t *row = json_array_get(rows, i);
        if (json_array_size(row) != MN_FIGURES)
            return mn_fail(MIRNET_ERR_FORMAT, "training state: line %zu of the history does not have %d numbers", i + 1,
                           MN_FIGURES);
        for (size_t f = 0; f < MN_FIGURES; f++)
            r->history[i].figure[f] = value_of(json_array_get(row, f), NAN);
    }
    return MIRNET_OK;
}

static mirnet_status read_json(const mirnet_trainer *t, resumed *r, json_t *json)
{
    json_t *early_best, *plateau_best, *history, *rate, *sum_loss, *sum_hits;
    int version;
    json_error_t error;
    if (json_unpack_ex(json, &error, 0,
                       "{s:i, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:b, s:[o, I], s:[o, I], s:o}", "version",
                       &version, "samples", &r->samples, "steps", &r->steps, "epochs", &r->epochs, "at", &r->at,
                       "sum_loss", &sum_loss, "sum_hits", &sum_hits, "rate", &rate, "best_epoch", &r->best_epoch,
                       "cooldown", &r->cooldown, "stopped", &r->stopped, "early", &early_best, &r->early_wait,
                       "plateau", &plateau_best, &r->plateau_wait, "history", &history) != 0) {
        if (json_error_code(&error) == json_error_out_of_memory)
            return mn_fail(MIRNET_ERR_NOMEM, "out of memory while the training state was read");
        return mn_fail(MIRNET_ERR_FORMAT, "training state: a field is missing or of another kind than expected");
    }
    if (version != VERSION)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "training state: version %d; this library reads %d", version, VERSION);
    r->early_best = value_of(early_best, t->early.best);
    r->plateau_best = value_of(plateau_best, t->plateau.best);
    r->rate = value_of(rate, -1);
    r->sum_loss = value_of(sum_loss, 0);
    r->sum_hits = value_of(sum_hits, 0);
    MN_TRY(read_history(r, history));
    const bool sane = r->samples >= 0 && r->steps >= 0 && r->epochs >= 0 && r->at >= 0 && r->at <= r->samples &&
                      (uint64_t)r->epochs == r->n_history && r->best_epoch >= 0 && r->best_epoch <= r->epochs &&
                      r->cooldown >= 0 && r->early_wait >= 0 && r->plateau_wait >= 0 && r->rate >= 0;
    if (!sane)
        return mn_fail(MIRNET_ERR_FORMAT, "training state: its counters contradict each other");
    if (r->samples != t->n_train)
        return mn_fail(MIRNET_ERR_SHAPE, "training state: it belongs to %lld training samples, there are %lld",
                       (long long)r->samples, (long long)t->n_train);
    return MIRNET_OK;
}

static bool same_shape(const mirnet_tensors *tensors, const char *name, const mn_shape *shape)
{
    int64_t dims[MN_MAX_RANK];
    int32_t rank;
    return mirnet_tensors_get_shape(tensors, name, dims, &rank) == MIRNET_OK && rank == shape->rank &&
           memcmp(dims, shape->dim, (size_t)rank * sizeof(*dims)) == 0;
}

/* The tensors of one prefix as a flat array; *used counts them. NULL if there is none of them. */
static mirnet_status read_array(const mirnet_trainer *t, const char *prefix, float **out, int32_t *used)
{
    const mirnet_tensors *tensors = t->model->state->tensors;
    float *array = mn_floats(t->model->size);
    if (!array)
        return MIRNET_ERR_NOMEM;
    *out = array;
    int32_t found = 0;
    for (int32_t i = 0; i < t->model->n_params; i++) {
        const mn_param *p = t->model->params[i];
        char *name = tensor_name(prefix, p);
        if (!name)
            return MIRNET_ERR_NOMEM;
        const bool fits = same_shape(tensors, name, &p->shape);
        if (fits)
            memcpy(array + p->offset, mirnet_tensors_get(tensors, name), p->size * sizeof(float));
        mn_free(name);
        found += fits;
    }
    *used += found;
    if (found == t->model->n_params)
        return MIRNET_OK;
    mn_free(array);
    *out = NULL;
    if (found)
        return mn_fail(MIRNET_ERR_SHAPE, "training state: %d of the %d tensors '%s/...' do not fit the weights",
                       t->model->n_params - found, t->model->n_params, prefix);
    return MIRNET_OK;
}

static mirnet_status read_tensors(const mirnet_trainer *t, resumed *r)
{
    int32_t used = 0;
    for (int32_t s = 0; s < MN_SLOTS; s++) {
        if (!t->optim.slots[s])
            continue;
        MN_TRY(read_array(t, mn_optim_slot_name(s), &r->slots[s], &used));
        if (!r->slots[s])
            return mn_fail(MIRNET_ERR_SHAPE, "training state: the optimizer's tensors '%s/...' are missing",
                           mn_optim_slot_name(s));
    }
    MN_TRY(read_array(t, "best", &r->best, &used));
    MN_TRY(read_array(t, "last", &r->last, &used));
    if (used != mirnet_tensors_count(t->model->state->tensors))
        return mn_fail(MIRNET_ERR_SHAPE, "training state: %d of its tensors belong to another model or optimizer",
                       mirnet_tensors_count(t->model->state->tensors) - used);
    return MIRNET_OK;
}

static mirnet_status read_state(const mirnet_trainer *t, resumed *r)
{
    const char *text = t->model->state->json;
    json_t *json;
    MN_TRY(mn_json_read(&json, text, strlen(text), "training state"));
    mirnet_status status = read_json(t, r, json);
    json_decref(json);
    MN_TRY(status);
    return read_tensors(t, r);
}

static void swap(float **a, float **b)
{
    float *kept = *a;
    *a = *b;
    *b = kept;
}

/* Nothing here can fail. What the trainer had goes into r and is freed with it. */
static void take(mirnet_trainer *t, resumed *r)
{
    for (int s = 0; s < MN_SLOTS; s++)
        swap(&t->optim.slots[s], &r->slots[s]);
    memset(t->optim.resting, 0, t->optim.size / 16 + 1);
    if (r->best || r->best_epoch == 0)
        swap(&t->best, &r->best);
    swap(&t->last, &r->last);
    mn_history_row *kept = t->history;
    t->history = r->history;
    r->history = kept;
    t->n_history = r->n_history;
    t->history_room = r->n_history;
    t->steps = r->steps;
    t->epochs = r->epochs;
    t->at = r->at;
    t->sum_loss = r->sum_loss;
    t->sum_hits = r->sum_hits;
    t->rate = r->rate;
    t->best_epoch = r->best_epoch;
    t->cooldown = r->cooldown;
    t->stopped = r->stopped;
    t->early.best = r->early_best;
    t->early.wait = r->early_wait;
    t->plateau.best = r->plateau_best;
    t->plateau.wait = r->plateau_wait;
}

mirnet_status mirnet_trainer_resume(mirnet_trainer *trainer)
{
    MN_REQUIRE(trainer, "trainer is NULL");
    if (!trainer->model->state)
        return mn_fail(MIRNET_ERR_STATE, "the model has no training state to resume from");
    if (trainer->steps > 0)
        return mn_fail(MIRNET_ERR_STATE, "the trainer has made steps already; resume before the first one");
    if (trainer->train.n == 0)
        return mn_fail(MIRNET_ERR_STATE, "the trainer has no data: set them before resuming");
    MN_TRY(mn_trainer_begin(trainer));
    MN_TRY(mn_trainer_divide(trainer));
    resumed r = {0};
    mirnet_status status = read_state(trainer, &r);
    if (status == MIRNET_OK)
        take(trainer, &r);
    destroy_resumed(&r);
    return status;
}
