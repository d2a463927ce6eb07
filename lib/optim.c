/* optim.c - optimizers over flat arrays */
/* SPDX-License-Identifier: MIT */
#include "optim.h"

#include <math.h>

#include "layers/passes.h"
#include "mem.h"

/* Weights of a range at most, and of a part at least. */
enum { RANGE = 1 << 14, PART = 1 << 15 };

const char *mn_optim_slot_name(int32_t slot)
{
    static const char *const names[MN_SLOTS] = {"m", "v", "a"};
    return names[slot];
}

void mn_optim_close(mn_optim *optim)
{
    for (int i = 0; i < MN_SLOTS; i++)
        mn_free(optim->slots[i]);
    mn_free(optim->resting);
    mn_free(optim->ranges);
    mn_free(optim->parts);
    mn_free(optim->norms);
    mn_free(optim->scales);
    *optim = (mn_optim){0};
}

/* -- What is live -------------------------------------------------------------------------------------------------- */

/* Appends at..at + n - 1, joined to the last range where it touches; counts only while ranges is NULL. */
static void add_range(mn_optim *optim, size_t at, size_t n, int32_t param, size_t *count, mn_range *last)
{
    while (n > 0) {
        if (*count && last->param == param && last->at + last->n == at && last->n < RANGE) {
            size_t more = n < RANGE - last->n ? n : RANGE - last->n;
            last->n += more;
            at += more;
            n -= more;
        } else {
            *last = (mn_range){at, 0, param};
            ++*count;
        }
        if (optim->ranges)
            optim->ranges[*count - 1] = *last;
    }
}

static void add_param(mn_optim *optim, const mn_param *param, int32_t index, size_t *count, mn_range *last)
{
    const mn_live *live = &param->live;
    if (!param->trainable || (optim->at_once && param->at_once))
        return;
    /* Decay moves every weight, dead or not. */
    if (optim->kind == MN_ADAMW && optim->weight_decay > 0) {
        add_range(optim, param->offset, param->size, index, count, last);
        return;
    }
    for (int64_t p = live->first; p < live->last; p++)
        for (int32_t i = 0; i < live->n; i++)
            add_range(optim, param->offset + (size_t)(p * live->period + live->from[i]),
                      (size_t)(live->to[i] - live->from[i]), index, count, last);
}

static size_t add_params(mn_optim *optim, const mn_param *const *params, int32_t n_params)
{
    size_t count = 0;
    mn_range last = {0};
    for (int32_t i = 0; i < n_params; i++)
        add_param(optim, params[i], i, &count, &last);
    return count;
}

static mirnet_status find_ranges(mn_optim *optim, const mn_param *const *params, int32_t n_params)
{
    const size_t count = add_params(optim, params, n_params);
    optim->ranges = mn_calloc(count, sizeof(*optim->ranges));
    optim->parts = mn_calloc(count + 1, sizeof(*optim->parts));
    optim->norms = mn_calloc(count, sizeof(*optim->norms));
    optim->scales = mn_calloc((size_t)n_params, sizeof(*optim->scales));
    if (!optim->ranges || !optim->parts || !optim->norms || !optim->scales)
        return MIRNET_ERR_NOMEM;
    optim->n_ranges = add_params(optim, params, n_params);
    optim->n_params = n_params;
    size_t in_part = 0;
    for (size_t i = 0; i < count; i++) {
        in_part += optim->ranges[i].n;
        if (in_part >= PART || i + 1 == count) {
            optim->parts[++optim->n_parts] = i + 1;
            in_part = 0;
        }
    }
    return MIRNET_OK;
}

static mirnet_status make_slot(mn_optim *optim, int slot)
{
    optim->slots[slot] = mn_floats(optim->size);
    return optim->slots[slot] ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

mirnet_status mn_optim_open(mn_optim *optim, const mn_param *const *params, int32_t n_params, size_t size)
{
    const bool adam = optim->kind == MN_ADAM || optim->kind == MN_ADAMW;
    optim->size = size;
    const bool decays = optim->kind == MN_ADAMW && optim->weight_decay > 0;
    optim->at_once =
        (mn_passes() & MN_PASS_AT_ONCE) && adam && !decays && optim->clip_norm <= 0 && optim->clip_global_norm <= 0;
    MN_TRY(find_ranges(optim, params, n_params));
    optim->resting = mn_calloc(size / 16 + 1, 1);
    if (!optim->resting)
        return MIRNET_ERR_NOMEM;
    if (adam || optim->momentum > 0)
        MN_TRY(make_slot(optim, 0));
    if (adam || optim->kind == MN_RMSPROP)
        MN_TRY(make_slot(optim, 1));
    if (optim->kind == MN_RMSPROP && optim->centered)
        MN_TRY(make_slot(optim, 2));
    return MIRNET_OK;
}

/* -- Steps --------------------------------------------------------------------------------------------------------- */

typedef struct step_job {
    mn_optim *optim;
    const mn_run *run;
    float *weights;
    const float *grads;
    mn_update update; /* scale is each weight's own */
} step_job;

static float cut(float g, const mn_update *u)
{
    g *= u->scale;
    return u->clip > 0 ? (g > u->clip ? u->clip : g < -u->clip ? -u->clip : g) : g;
}

static void sgd(const mn_optim *optim, const mn_update *u, float *w, float *m, const float *g, size_t n)
{
    const float momentum = u->beta_1;
    for (size_t i = 0; i < n; i++) {
        const float step = u->rate * cut(g[i], u);
        if (!m) {
            w[i] -= step;
            continue;
        }
        m[i] = momentum * m[i] - step;
        w[i] += optim->nesterov ? momentum * m[i] - step : m[i];
    }
}

static void rmsprop(const mn_update *u, float *w, float *m, float *v, float *a, const float *g, size_t n)
{
    const float rho = u->beta_2;
    for (size_t i = 0; i < n; i++) {
        const float gi = cut(g[i], u);
        v[i] = rho * v[i] + (1 - rho) * gi * gi;
        float spread = v[i];
        if (a) {
            a[i] = rho * a[i] + (1 - rho) * gi;
            spread = fmaxf(v[i] - a[i] * a[i], 0.0f);
        }
        if (!m) {
            w[i] -= u->rate * gi / (sqrtf(spread) + u->epsilon);
            continue;
        }
        m[i] = u->beta_1 * m[i] + u->rate * gi / sqrtf(spread + u->epsilon);
        w[i] -= m[i];
    }
}

static void step_part(void *context, int64_t part, int32_t worker)
{
    const step_job *job = context;
    mn_optim *optim = job->optim;
    (void)worker;
    for (size_t r = optim->parts[part]; r < optim->parts[part + 1]; r++) {
        const mn_range *range = &optim->ranges[r];
        float *s[MN_SLOTS];
        for (int i = 0; i < MN_SLOTS; i++)
            s[i] = optim->slots[i] ? optim->slots[i] + range->at : NULL;
        float *w = job->weights + range->at;
        const float *g = job->grads + range->at;
        mn_update update = job->update;
        update.scale = optim->scales[range->param];
        if (optim->kind == MN_SGD)
            sgd(optim, &update, w, s[0], g, range->n);
        else if (optim->kind == MN_RMSPROP)
            rmsprop(&update, w, s[0], s[1], s[2], g, range->n);
        else
            job->run->kernels->adam(&update, w, s[0], s[1], g, (int64_t)range->n);
    }
}

static void norm_part(void *context, int64_t part, int32_t worker)
{
    const step_job *job = context;
    (void)worker;
    for (size_t r = job->optim->parts[part]; r < job->optim->parts[part + 1]; r++) {
        const mn_range *range = &job->optim->ranges[r];
        double sum = 0;
        for (size_t i = 0; i < range->n; i++)
            sum += (double)job->grads[range->at + i] * job->grads[range->at + i];
        job->optim->norms[r] = sum;
    }
}

static float factor(double norm, double limit)
{
    return norm > limit ? (float)(limit / norm) : 1.0f;
}

/* Clipping by norm, as one factor for each weight. Sums are taken in the order of the ranges. */
static void find_scales(step_job *job)
{
    mn_optim *optim = job->optim;
    for (int32_t i = 0; i < optim->n_params; i++)
        optim->scales[i] = 1;
    if (optim->clip_norm <= 0 && optim->clip_global_norm <= 0)
        return;
    mn_parallel(job->run, norm_part, job, (int64_t)optim->n_parts);
    double total = 0;
    for (size_t r = 0; r < optim->n_ranges; r++)
        total += optim->norms[r];
    for (int32_t i = 0; i < optim->n_params && optim->clip_global_norm > 0; i++)
        optim->scales[i] = factor(sqrt(total), optim->clip_global_norm);
    for (size_t r = 0; r < optim->n_ranges && optim->clip_norm > 0;) {
        const int32_t param = optim->ranges[r].param;
        double sum = 0;
        for (; r < optim->n_ranges && optim->ranges[r].param == param; r++)
            sum += optim->norms[r];
        optim->scales[param] = factor(sqrt(sum), optim->clip_norm);
    }
}

mn_update mn_optim_update(const mn_optim *optim, double rate, int64_t step)
{
    const bool adam = optim->kind == MN_ADAM || optim->kind == MN_ADAMW;
    const double b1 = optim->beta_1, b2 = optim->beta_2, t = (double)step;
    return (mn_update){
        .rate = (float)(adam ? rate * sqrt(1 - pow(b2, t)) / (1 - pow(b1, t)) : rate),
        .beta_1 = (float)(adam ? b1 : optim->momentum),
        .beta_2 = (float)(adam ? b2 : optim->rho),
        .epsilon = (float)optim->epsilon,
        .decay = (float)(optim->kind == MN_ADAMW ? rate * optim->weight_decay : 0),
        .scale = 1,
        .clip = (float)optim->clip_value,
    };
}

void mn_optim_step(mn_optim *optim, const mn_run *run, float *weights, const float *grads, double rate, int64_t step)
{
    step_job job = {.optim = optim, .run = run, .weights = weights, .grads = grads,
                    .update = mn_optim_update(optim, rate, step)};
    find_scales(&job);
    mn_parallel(run, step_part, &job, (int64_t)optim->n_parts);
}

/* Only rows of whole matrices are put off, see mn_gradient_of. */
void mn_optim_settle(const mn_optim *optim, const mn_kernels *kernels, const mn_step *step,
                     const mn_param *const *params)
{
    for (int32_t i = 0; i < optim->n_params; i++) {
        const mn_param *p = params[i];
        const mn_live *live = &p->live;
        const int64_t ld = p->shape.dim[p->shape.rank - 1], all_from = 0;
        if (!p->at_once || p->shape.rank != 2)
            continue;
        const mn_gradient to = mn_step_on(step, p->offset, ld, true);
        const bool columns = live->period == ld;
        kernels->settle(&to, 0, p->shape.dim[0], columns ? live->from : &all_from, columns ? live->to : &ld,
                        columns ? live->n : 1);
    }
}
