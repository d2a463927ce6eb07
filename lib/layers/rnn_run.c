/* rnn_run.c - recurrent layers at work: all steps' products at once, then each sample's walk through time */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/passes.h"
#include "layers/rnn.h"

/* Samples that walk together: enough to use what a product reads, few enough to give every thread some. No sum
 * depends on who walks with whom. And rows of x K that are made at a time where z streams. */
enum { WALK = 6, WALK_FEW = 3, WALK_STREAM = 16, WALK_ONE_STEP = MN_RNN_WALK, STREAM_ROWS = 64 };

/* A walk over the samples in all slots, in parts of a few. */
typedef struct walk {
    const mn_op *op;
    const mn_run *run;
    int64_t sample; /* in slot 0 */
    int64_t count, per_part;
} walk;

static bool drops_h(const mn_rnn *r, const mn_run *run)
{
    return run->training && r->h_dropped;
}

static int64_t time_of(const mn_op *op, int64_t k)
{
    const mn_rnn *r = op->state;
    return op->layer->spec->go_backwards ? r->steps - 1 - k : k;
}

static bool is_masked(const mn_rnn_step *s, int64_t slot)
{
    return s->op->layer->masked && !s->op->mask[0][(s->sample + slot) * s->rnn->steps + s->t];
}

/* Whether x of this step is the blank's. */
static bool is_blank(const mn_rnn_step *s, int64_t slot)
{
    const int64_t sample = s->sample + slot;
    return s->rnn->blank_z && sample < s->run->capacity && s->t >= s->op->blank_in->extent[sample];
}

bool mn_rnn_is_passed(const mn_rnn_step *s, int64_t slot)
{
    return is_masked(s, slot) || (s->rnn->after[0] && is_blank(s, slot));
}

/* The step without the samples at both ends that do not take it: a batch that is sorted by length ends one by one. */
static mn_rnn_step taken(const mn_rnn_step *s)
{
    mn_rnn_step step = *s;
    while (step.from < step.to && mn_rnn_is_passed(&step, step.from))
        step.from++;
    while (step.from < step.to && mn_rnn_is_passed(&step, step.to - 1))
        step.to--;
    return step;
}

/* The row of y, or dy, that belongs to this step of a sample; NULL: none does. */
static float *row_of(const mn_rnn_step *s, float *y, int64_t slot)
{
    const mn_rnn *r = s->rnn;
    const int64_t sample = s->sample + slot;
    if (s->op->layer->spec->return_sequences)
        return y + (sample * r->steps + (r->reversed ? r->steps - 1 - s->k : s->k)) * r->ldy;
    return s->k == r->steps - 1 ? y + sample * r->ldy : NULL;
}

float *mn_rnn_next(const mn_rnn_step *s, int32_t i, int64_t slot)
{
    const mn_rnn *r = s->rnn;
    if (r->streams || s->k + 1 < r->steps)
        return r->state[i] + mn_rnn_at(r, slot, time_of(s->op, s->k + 1));
    return r->fresh[i] + slot * r->units;
}

static size_t unit_bytes(const mn_rnn *r)
{
    return (size_t)r->units * sizeof(float);
}

static mn_rnn_step step_of(const walk *w, int64_t part)
{
    const mn_rnn *r = w->op->state;
    const int64_t from = part * w->per_part;
    return (mn_rnn_step){
        .op = w->op, .run = w->run, .rnn = r, .from = from, .to = mn_min(from + w->per_part, w->count),
        .sample = w->sample,
    };
}

static void run_walk(const mn_op *op, const mn_run *run, int64_t sample, int64_t count, mn_task task)
{
    mn_rnn *r = op->state;
    int64_t together = r->streams ? WALK_STREAM : WALK;
    if (r->steps == 1)
        together = WALK_ONE_STEP;
    else if (run->threads)
        together = mn_max(1, mn_min(count / 2, count < 4 * WALK ? WALK_FEW : WALK));
    if (r->streams)
        for (r->chunk = r->joins ? 1 : MN_RNN_CHUNK; r->chunk > 1 && r->chunk * together > STREAM_ROWS; r->chunk /= 2)
            ;
    walk w = {op, run, sample, count, together};
    mn_parallel(run, task, &w, mn_ceil_div(count, w.per_part));
}

void mn_rnn_product(const mn_rnn_step *s, mn_gemm product)
{
    product.m = s->to - s->from;
    product.runs = 1;
    product.k_packed = product.run;
    s->run->kernels->gemm(&product, 0, product.m, 0, product.n);
}

void mn_rnn_product_back(const mn_rnn_step *s, int32_t part, const float *d, int64_t ldd, bool add)
{
    const mn_rnn *r = s->rnn;
    const int64_t split = r->cell->split * r->units;
    mn_rnn_product(s, (mn_gemm){
        .n = r->units, .run = part ? r->columns - split : split, .x = d, .lda = ldd,
        .y = r->fresh[0] + s->from * r->units, .ldc = r->units, .b = r->recurrent_t[part], .add = add,
    });
}

void mn_rnn_undrop(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    if (drops_h(r, s->run))
        s->run->kernels->multiply(r->fresh[0] + s->from * r->units, r->h_factors + s->from * r->units,
                                  (s->to - s->from) * r->units);
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

/* One mask per sample, the same in all steps, for x and for h: those of Gal and Ghahramani 2016. */
static void drop_samples(const mn_op *op, const mn_run *run, int64_t from, int64_t to)
{
    const mn_rnn *r = op->state;
    const mn_layer_spec *spec = op->layer->spec;
    for (int64_t s = from; s < to; s++) {
        if (r->h_dropped)
            mn_dropout_factors(op->layer, run, s, r->use + 1, spec->recurrent_dropout, r->h_factors + s * r->units,
                               r->units);
        if (!r->x_dropped)
            continue;
        mn_dropout_factors(op->layer, run, s, r->use, spec->dropout, r->x_factors + s * r->in, r->in);
        float *dropped = r->x_dropped + s * r->steps * r->in;
        memcpy(dropped, op->x[0] + s * r->steps * r->in, (size_t)(r->steps * r->in) * sizeof(float));
        for (int64_t t = 0; t < r->steps; t++)
            run->kernels->multiply(dropped + t * r->in, r->x_factors + s * r->in, r->in);
    }
}

mn_few mn_rnn_few_of(const mn_op *op, const mn_run *run, const float *x)
{
    const mn_rnn *r = op->state;
    return (mn_few){
        .m = run->batch * r->steps, .ranges = r->live.n, .from = {r->live.from[0], r->live.from[1]},
        .to = {r->live.to[0], r->live.to[1]}, .x = x, .ldx = r->in, .w = mn_weight(op->layer, run, MN_RNN_KERNEL),
        .ldw = r->columns, .d = r->z, .ldd = r->columns,
        .skips = run->passes & MN_PASS_ZEROS,
    };
}

/* Lists the rows of x and z whose steps are not masked. */
static int64_t find_real(const mn_op *op, int64_t sample, int64_t count)
{
    const mn_rnn *r = op->state;
    const uint8_t *mask = op->mask[0] + sample * r->steps;
    int64_t n = 0;
    for (int64_t i = 0; i < count * r->steps; i++)
        if (mask[i])
            r->real[n++] = (mn_row){.a = i * r->in, .c = i * r->columns, .first = 0, .last = 1};
    return n;
}

/* z = x K + b for all steps of the samples in the slots. */
static void run_inputs(const mn_op *op, const mn_run *run, int64_t sample, int64_t count)
{
    mn_rnn *r = op->state;
    const int64_t packed = (int64_t)mn_packed_size(run->kernels, r->in, r->block_n);
    const float *x = mn_rnn_drops_x(r, run) ? r->x_dropped : op->x[0] + sample * r->steps * r->in;
    const bool biased = op->layer->spec->use_bias;
    if (mn_rnn_few(r, run)) {
        mn_few few = mn_rnn_few_of(op, run, x);
        few.gradient = mn_late_of(op, run, MN_RNN_KERNEL, r->columns);
        mn_few_forward_run(run, &few, r->in, r->z, r->columns, biased ? r->bias : NULL, r->scratch);
        return;
    }
    const uint64_t *bits = NULL;
    if (r->nonzero.bits && x == op->x[0])
        bits = mn_nonzero_find(&r->nonzero, run, x, op->blank_in ? op->blank_in->extent : NULL,
                               op->blank_in ? op->blank_in->row : 0, false);
    mn_gemm products[4];
    for (int32_t i = 0; i < r->blocks; i++)
        products[i] = (mn_gemm){
            .m = count * r->steps, .n = r->block_n, .runs = 1, .run = r->in, .x = x, .lda = r->in,
            .y = r->z + r->block_at[i], .ldc = r->columns, .nonzero = bits, .b = r->kernel + i * packed,
            .k_packed = r->in, .bias = biased && !r->tail ? r->bias + r->block_at[i] : NULL,
        };
    if (op->layer->masked) {
        const int64_t m = find_real(op, sample, count);
        for (int32_t i = 0; i < r->blocks; i++) {
            products[i].rows = r->real;
            products[i].m = m;
        }
    }
    if (r->tail)
        mn_tail_forward(r->tail, op, run, products, r->blocks, biased ? r->bias : NULL);
    else
        mn_gemm_run(run, products, r->blocks);
}

/* A masked step keeps the state. Hands the state on to the output. */
static void settle(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    const size_t bytes = unit_bytes(r);
    for (int64_t slot = s->from; slot < s->to; slot++) {
        const bool masked = is_masked(s, slot);
        for (int32_t i = 0; i < r->cell->states; i++) {
            const float *from = NULL;
            if (masked && !r->streams)
                from = r->state[i] + mn_rnn_at(r, slot, s->t);
            else if (r->after[i] && is_blank(s, slot))
                from = r->after[i] + s->t * r->units;
            if (from)
                memcpy(mn_rnn_next(s, i, slot), from, bytes);
        }
        float *y = masked && s->op->unread ? NULL : row_of(s, s->op->y, slot);
        if (y && masked && r->zero_masked)
            memset(y, 0, bytes);
        else if (y)
            memcpy(y, mn_rnn_next(s, 0, slot), bytes);
    }
}

static void drop_states(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    for (int64_t slot = s->from; slot < s->to; slot++) {
        const int64_t at = mn_rnn_at(r, slot, s->t);
        mn_rnn_times(s, r->h_dropped + at, r->state[0] + at, r->h_factors + slot * r->units);
    }
}

/* z = x K + b for the next steps of the samples that walk together. */
static void stream_inputs(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    const mn_op *op = s->op;
    mn_row rows[MN_RNN_WALK * MN_RNN_CHUNK];
    mn_rnn_step at = *s;
    int64_t m = 0;
    for (at.k = s->k; at.k < mn_min(s->k + r->chunk, r->steps); at.k++) {
        at.t = time_of(op, at.k);
        const mn_rnn_step step = taken(&at);
        for (int64_t slot = step.from; slot < step.to; slot++) {
            float *z = mn_rnn_z(r, slot, at.t);
            if (is_blank(&step, slot))
                memcpy(z, r->blank_z + op->blank_in->alike[at.t] * r->columns, (size_t)r->columns * sizeof(float));
            else if (!is_masked(&step, slot))
                rows[m++] = (mn_row){.a = ((s->sample + slot) * r->steps + at.t) * r->in, .c = z - r->z, .first = 0,
                                     .last = 1};
        }
    }
    const mn_gemm product = {
        .m = m, .n = r->columns, .runs = 1, .run = r->in, .x = op->x[0], .y = r->z, .rows = rows, .b = r->kernel,
        .k_packed = r->in, .bias = op->layer->spec->use_bias ? r->bias : NULL,
    };
    s->run->kernels->gemm(&product, 0, m, 0, r->columns);
}

/* One behind the last step that anybody takes, where it streams. */
static int64_t end_of(const mn_rnn_step *s)
{
    mn_rnn_step step = *s;
    for (step.k = s->rnn->steps; s->rnn->streams && s->op->layer->masked && step.k > 0; step.k--) {
        step.t = time_of(s->op, step.k - 1);
        for (int64_t slot = s->from; slot < s->to; slot++)
            if (!is_masked(&step, slot))
                return step.k;
    }
    return step.k;
}

/* What is left to do behind the last step: y of the steps from there on. */
static void settle_rest(mn_rnn_step *s)
{
    const bool last_only = s->op->unread || !s->op->layer->spec->return_sequences;
    for (s->k = last_only ? mn_max(s->k, s->rnn->steps - 1) : s->k; s->k < s->rnn->steps; s->k++) {
        s->t = time_of(s->op, s->k);
        settle(s);
    }
}

void mn_rnn_begin(mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    for (int64_t slot = s->from; slot < s->to; slot++)
        for (int32_t i = 0; i < r->cell->states; i++)
            memset(r->state[i] + mn_rnn_at(r, slot, time_of(s->op, 0)), 0, unit_bytes(r));
    s->k = 0;
    s->end = end_of(s);
}

void mn_rnn_walk(mn_rnn_step *s, int64_t to)
{
    const mn_rnn *r = s->rnn;
    for (to = mn_min(to, s->end); s->k < to; s->k++) {
        s->t = time_of(s->op, s->k);
        if (r->streams && !r->joins && s->k % r->chunk == 0)
            stream_inputs(s);
        if (s->k > 0 && drops_h(r, s->run))
            drop_states(s);
        const mn_rnn_step step = taken(s);
        if (step.from < step.to)
            r->cell->forward(&step);
        settle(s);
    }
    if (s->k == s->end)
        settle_rest(s);
}

static void forward_part(void *context, int64_t part, int32_t worker)
{
    (void)worker;
    mn_rnn_step s = step_of(context, part);
    mn_rnn_begin(&s);
    mn_rnn_walk(&s, s.end);
}

/* The blank walks through slot 0. */
static void walk_blank(const mn_op *op, const mn_run *run)
{
    mn_rnn *r = op->state;
    mn_rnn_step s = {.op = op, .run = run, .rnn = r, .from = 0, .to = 1, .sample = run->capacity};
    r->chunk = 1;
    for (int32_t i = 0; i < r->cell->states; i++)
        memset(r->state[i] + mn_rnn_at(r, 0, time_of(op, 0)), 0, unit_bytes(r));
    for (s.k = 0; s.k < r->steps; s.k++) {
        s.t = time_of(op, s.k);
        stream_inputs(&s);
        memcpy(r->blank_z + s.t * r->columns, mn_rnn_z(r, 0, s.t), (size_t)r->columns * sizeof(float));
        if (!r->after[0])
            continue;
        r->cell->forward(&s);
        for (int32_t i = 0; i < r->cell->states; i++)
            memcpy(r->after[i] + s.t * r->units, mn_rnn_next(&s, i, 0), unit_bytes(r));
    }
}

void mn_rnn_forward(mn_op *op, const mn_run *run)
{
    const mn_rnn *r = op->state;
    if (r->blank_z && op->blank_in->due > 0)
        walk_blank(op, run);
    if (mn_rnn_chain_forward(op, run))
        return;
    if (mn_rnn_drops_x(r, run) || drops_h(r, run))
        mn_each_sample(op, run, drop_samples, r->steps * r->in);
    for (int64_t sample = 0; sample < run->batch; sample += r->slots) {
        const int64_t count = mn_min(r->slots, run->batch - sample);
        if (!r->streams)
            run_inputs(op, run, sample, count);
        run_walk(op, run, sample, count, forward_part);
    }
    mn_pass_mask(op, run);
}

/* -- Backward ------------------------------------------------------------------------------------------------------ */

/* d is the gradient of the state behind step k: adds what reaches it through the output of that step. */
static void add_output(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    for (int64_t slot = s->from; slot < s->to; slot++) {
        const float *dy = row_of(s, s->op->dy, slot);
        if (dy && !(r->zero_masked && is_masked(s, slot)))
            s->run->kernels->add(r->d[0] + slot * r->units, dy, r->units);
    }
}

/* d becomes the gradient before the step. A masked one has passed it through and met no weight. */
static void settle_back(const mn_rnn_step *s)
{
    const mn_rnn *r = s->rnn;
    for (int64_t slot = s->from; slot < s->to; slot++)
        if (is_masked(s, slot)) {
            memset(mn_rnn_z(r, slot, s->t), 0, (size_t)r->columns * sizeof(float));
            memset(r->kept + mn_rnn_at(r, slot, s->t), 0, unit_bytes(r));
        } else {
            for (int32_t i = 0; i < r->cell->states; i++)
                memcpy(r->d[i] + slot * r->units, r->fresh[i] + slot * r->units, unit_bytes(r));
        }
}

static void backward_part(void *context, int64_t part, int32_t worker)
{
    (void)worker;
    mn_rnn_step s = step_of(context, part);
    const mn_rnn *r = s.rnn;
    for (int32_t i = 0; i < r->cell->states; i++)
        memset(r->d[i] + s.from * r->units, 0, (size_t)(s.to - s.from) * unit_bytes(r));
    for (s.k = r->steps - 1; s.k >= 0; s.k--) {
        s.t = time_of(s.op, s.k);
        add_output(&s);
        const mn_rnn_step step = taken(&s);
        if (step.from < step.to)
            r->cell->backward(&step);
        settle_back(&s);
    }
}

void mn_rnn_backward(mn_op *op, const mn_run *run)
{
    run_walk(op, run, 0, run->batch, backward_part);
    mn_rnn_grads(op, run);
}
