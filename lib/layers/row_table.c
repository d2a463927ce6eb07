/* row_table.c - two convolutions over letters as sums of rows that are looked up: the rows */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/letters.h"
#include "layers/row_work.h"
#include "mem.h"

enum {
    MAX_WORDS = 1 << 20,    /* numbers that a word can have */
    TABLE_FLOATS = 5 << 20, /* of kept rows, 20 MiB: all that real sequences have, in the paper's network */
    OWN_FLOATS = 1 << 20,   /* of rows that are not kept, in each plan */
};

/* letters ^ word, or MAX_WORDS + 1 if it is more than that. */
static int64_t count_words(int64_t letters, int64_t word)
{
    int64_t n = 1;
    for (int64_t i = 0; i < word && n <= MAX_WORDS; i++)
        n *= letters;
    return mn_min(n, MAX_WORDS + 1);
}

/* Floats of an entry: what a row gives through the kernel rows of the second convolution that it meets. */
static int64_t entry_floats(const conv_shape *b)
{
    return mn_ceil_div(mn_conv_taps(b, 0), b->stride[0]) * b->out_width * b->filters;
}

static int64_t own_rows(const conv_shape *a)
{
    return mn_max(2 * a->out_height, MN_ROW_MISSES);
}

bool mn_row_table_fits(const mn_layer *first, const mn_layer *second)
{
    const conv_shape a = mn_conv_shape(first), b = mn_conv_shape(second);
    const bool whole = a.out_height == b.height && a.out_width * a.filters == mn_row_floats(&b); /* rows stay rows */
    const int64_t letters = mn_row_floats(&a), word = mn_conv_taps(&a, 0);
    if (!whole || a.dilation[0] != 1 || b.dilation[0] != 1 || word == 0 || mn_conv_taps(&b, 0) == 0 ||
        letters >= MN_NO_LETTER - 1 || count_words(letters + 1, word) > MAX_WORDS / b.stride[0])
        return false;
    return count_words(letters, word) * b.stride[0] <= TABLE_FLOATS / entry_floats(&b) &&
           own_rows(&a) <= OWN_FLOATS / entry_floats(&b);
}

void mn_row_work_destroy(mn_row_work *work)
{
    if (!work)
        return;
    if (work->owner && work->table) {
        mn_free(work->table->rows);
        mn_free(work->table->state);
        mn_free(work->table->maker);
        mn_free(work->table);
    }
    mn_free(work->letters);
    mn_free(work->numbers);
    mn_free(work->entries);
    mn_free(work->part_at);
    mn_free(work->own);
    mn_free(work->n_missing);
    mn_free(work->missing);
    mn_free(work->words);
    mn_free(work->first);
    mn_free(work->made);
    mn_free(work->at_word);
    mn_free(work->at_entry);
    mn_free(work->a_at);
    mn_free(work);
}

static mirnet_status make_table(mn_row_work *work, const conv_shape *a, const conv_shape *b)
{
    mn_row_table *t = work->table = mn_calloc(1, sizeof(*t));
    if (!t)
        return MIRNET_ERR_NOMEM;
    t->letters = mn_row_floats(a) + 1;
    t->word = mn_conv_taps(a, 0);
    t->words = count_words(t->letters, t->word);
    t->residues = b->stride[0];
    t->entry = entry_floats(b);
    t->capacity = mn_min(t->words * t->residues, TABLE_FLOATS / t->entry);
    t->rows = mn_floats_raw((size_t)(t->capacity * t->entry));
    t->state = mn_calloc((size_t)(t->words * t->residues), sizeof(*t->state));
    t->maker = mn_calloc((size_t)t->capacity + 1, sizeof(*t->maker));
    if (!t->rows || !t->state || !t->maker)
        return MIRNET_ERR_NOMEM;
    return MIRNET_OK;
}

static mirnet_status make_work(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run)
{
    const conv_state *sa = first->state, *sb = second->state;
    const conv_shape *a = &sa->shape, *b = &sb->shape;
    const mn_row_table *t = work->table;
    const size_t residues = (size_t)b->stride[0];
    int64_t runs = 1;
    for (int64_t i = 0; i < sb->forward.count; i++)
        runs = mn_max(runs, sb->forward.groups[i].runs);
    work->own_rows = own_rows(a);
    work->pad = a->kernel[0];
    work->letters = mn_calloc((size_t)(a->height + 2 * work->pad), 1);
    work->numbers = mn_calloc((size_t)a->out_height, sizeof(*work->numbers));
    work->part_at = mn_calloc((size_t)b->kernel[0], sizeof(*work->part_at));
    work->entries = mn_calloc((size_t)((run->capacity + 1) * a->out_height), sizeof(*work->entries));
    work->own = mn_floats((size_t)(work->own_rows * t->entry));
    work->n_missing = mn_calloc(residues, sizeof(*work->n_missing));
    work->missing = mn_calloc(residues * MN_ROW_MISSES, sizeof(*work->missing));
    work->words = mn_floats(residues * MN_ROW_MISSES * (size_t)(t->word * mn_row_floats(a)));
    work->first = mn_floats(MN_ROW_MISSES * (size_t)(a->out_width * a->filters));
    work->made = mn_floats(MN_ROW_MISSES * (size_t)t->entry);
    work->at_word = mn_calloc(MN_ROW_MISSES, sizeof(*work->at_word));
    work->at_entry = mn_calloc(MN_ROW_MISSES, sizeof(*work->at_entry));
    work->a_at = mn_calloc((size_t)runs, sizeof(*work->a_at));
    if (!work->letters || !work->numbers || !work->part_at || !work->entries || !work->own || !work->n_missing ||
        !work->missing || !work->words || !work->first || !work->made || !work->at_word || !work->at_entry ||
        !work->a_at)
        return MIRNET_ERR_NOMEM;
    for (int64_t i = b->tap_first[0] + b->stride[0]; i < b->tap_last[0]; i++)
        work->part_at[i] = work->part_at[i - b->stride[0]] + b->out_width * b->filters;
    return MIRNET_OK;
}

mirnet_status mn_row_work_create(mn_row_work **out, const mn_op *first, const mn_op *second, const mn_row_work *twin,
                                 const mn_run *run)
{
    const conv_state *sa = first->state, *sb = second->state;
    mn_row_work *work = *out = mn_calloc(1, sizeof(*work));
    if (!work)
        return MIRNET_ERR_NOMEM;
    work->owner = !twin;
    work->spare = -1;
    if (twin)
        work->table = twin->table;
    else
        MN_TRY(make_table(work, &sa->shape, &sb->shape));
    work->worker = atomic_fetch_add(&work->table->workers, 1);
    return make_work(work, first, second, run);
}

void mn_row_work_reset(mn_row_work *work)
{
    mn_row_table *t = work->table;
    work->spare = -1;
    if (!work->owner)
        return;
    for (int64_t i = 0; i < t->words * t->residues; i++)
        atomic_store_explicit(&t->state[i], 0, memory_order_relaxed);
    atomic_store(&t->used, 0);
}

/* -- Making rows --------------------------------------------------------------------------------------------------- */

/* Rows of the first convolution for the words of one residue. */
static void make_first(const mn_row_work *work, const mn_op *op, const mn_run *run, const float *words, int64_t count)
{
    conv_state *state = op->state;
    const conv_shape *s = &state->shape;
    const mn_layer_spec *spec = op->layer->spec;
    const int64_t word = work->table->word * mn_row_floats(s), line = s->out_width * s->filters;
    for (int64_t ox = 0; ox < state->forward.count; ox++) {
        const conv_group *g = &state->forward.groups[ox];
        for (int64_t m = 0; m < count; m++)
            work->at_word[m] = (mn_row){m * word - s->tap_first[0] * mn_row_floats(s), m * line + ox * s->filters, 0,
                                        (int32_t)g->runs};
        mn_gemm product = {
            .m = count, .n = s->filters, .runs = g->runs, .run = g->run, .x = words, .y = work->first,
            .rows = work->at_word, .a_at = g->a_at, .b_at = g->packed_at, .b = state->packed,
            .k_packed = mn_conv_taps(s, 0) * mn_conv_taps(s, 1) * s->channels,
            .bias = spec->use_bias ? mn_weight(op->layer, run, MN_CONV_BIAS) : NULL,
            .relu = spec->activation == MN_RELU,
        };
        mn_gemm_run(run, &product, 1);
    }
    if (spec->activation != MN_RELU)
        mn_activate(run, spec->activation, work->first, work->first, count * s->out_width, s->filters);
}

/* What they give through each kernel row of the second one that a residue meets. */
static void make_entries(const mn_row_work *work, const mn_op *op, const mn_run *run, int64_t residue, int64_t count)
{
    const conv_state *state = op->state;
    const conv_shape *s = &state->shape;
    const int64_t line = s->width * s->channels, out = s->out_width * s->filters;
    int64_t at = 0;
    for (int64_t i = s->tap_first[0]; i < s->tap_last[0]; i++) {
        if (i % s->stride[0] != residue)
            continue;
        for (int64_t ox = 0; ox < state->forward.count; ox++) {
            const conv_group *g = &state->forward.groups[ox];
            const int64_t per_tap = g->runs / mn_conv_taps(s, 0), r = (i - s->tap_first[0]) * per_tap;
            for (int64_t j = 0; j < per_tap; j++)
                work->a_at[j] = g->a_at[r + j] - i * line;
            const int64_t to = at + ox * s->filters;
            for (int64_t m = 0; m < count; m++)
                work->at_entry[m] = (mn_row){m * line, m * work->table->entry + to, 0, (int32_t)per_tap};
            mn_gemm product = {
                .m = count, .n = s->filters, .runs = per_tap, .run = g->run, .x = work->first, .y = work->made,
                .rows = work->at_entry, .a_at = work->a_at, .b_at = g->packed_at + r, .b = state->packed,
                .k_packed = mn_conv_taps(s, 0) * mn_conv_taps(s, 1) * s->channels,
            };
            mn_gemm_run(run, &product, 1);
        }
        at += out;
    }
}

/* Makes what is missing of one residue, and lets everybody use it. */
static void make_rows(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run, int64_t residue)
{
    const mn_row_table *t = work->table;
    const conv_state *sa = first->state;
    const int64_t count = work->n_missing[residue], word = t->word * mn_row_floats(&sa->shape);
    make_first(work, first, run, work->words + residue * MN_ROW_MISSES * word, count);
    make_entries(work, second, run, residue, count);
    for (int64_t m = 0; m < count; m++) {
        const mn_row_miss *it = &work->missing[residue * MN_ROW_MISSES + m];
        memcpy(it->to, work->made + m * t->entry, (size_t)t->entry * sizeof(float));
        if (it->state)
            atomic_store_explicit(it->state, it->row + 1, memory_order_release);
    }
    work->n_missing[residue] = 0;
}

/* -- Looking up ---------------------------------------------------------------------------------------------------- */

/* Numbers the words under the rows from..to - 1 of the first convolution. */
static void number_words(mn_row_work *work, const conv_shape *s, int64_t from, int64_t to)
{
    const int64_t letters = work->table->letters, length = work->table->word;
    const uint8_t *start = work->letters + work->pad - s->before[0] + s->tap_first[0];
    for (int64_t o = from; o < to; o++) {
        const uint8_t *at = start + o * s->stride[0];
        int64_t word = 0;
        bool whole = true;
        for (int64_t i = 0; i < length; i++) {
            word = word * letters + at[i];
            whole = whole && at[i] != MN_NO_LETTER;
        }
        work->numbers[o] = whole ? (int32_t)word : -1;
    }
}

/* A row of the table for an entry that nobody has; -1 if there is none, or somebody else was faster. */
static int64_t claim(mn_row_work *work, _Atomic int32_t *state)
{
    mn_row_table *t = work->table;
    int64_t row = work->spare;
    if (row < 0 && atomic_load_explicit(&t->used, memory_order_relaxed) < t->capacity)
        row = atomic_fetch_add(&t->used, 1);
    if (row < 0 || row >= t->capacity)
        return -1;
    t->maker[row] = work->worker;
    int32_t nobody = 0;
    const bool mine = atomic_compare_exchange_strong(state, &nobody, (int32_t)-(row + 1));
    work->spare = mine ? -1 : row;
    return mine ? row : -1;
}

/* The place of an entry that was not there a moment ago; if it must be made here, it is noted as missing. */
static const float *find_place(mn_row_work *work, const conv_shape *a, const float *x, int64_t o, int64_t residue)
{
    mn_row_table *t = work->table;
    const int64_t word = work->numbers[o];
    mn_row_miss it = {0};
    if (word >= 0) {
        it.state = &t->state[word * t->residues + residue];
        const int32_t row = atomic_load_explicit(it.state, memory_order_acquire);
        if (row > 0)
            return t->rows + (row - 1) * t->entry;
        if (row < 0 && t->maker[-row - 1] == work->worker)
            return t->rows + (-row - 1) * t->entry;
        const int64_t claimed = row == 0 ? claim(work, it.state) : -1;
        if (claimed >= 0) {
            it.row = (int32_t)claimed;
            it.to = t->rows + claimed * t->entry;
        } else {
            it.state = NULL;
        }
    }
    if (!it.state)
        it.to = work->own + work->own_used++ * t->entry;
    const int64_t n = mn_row_floats(a), start = o * a->stride[0] - a->before[0] + a->tap_first[0];
    const int64_t at = residue * MN_ROW_MISSES + work->n_missing[residue]++;
    float *to = work->words + at * t->word * n;
    for (int64_t i = 0; i < t->word; i++, to += n)
        if (start + i >= 0 && start + i < a->height)
            memcpy(to, x + (start + i) * n, (size_t)n * sizeof(float));
        else
            memset(to, 0, (size_t)n * sizeof(float));
    work->missing[at] = it;
    return it.to;
}

void mn_row_work_find(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run, int64_t sample,
                      int64_t from, int64_t to)
{
    const conv_state *sa = first->state, *sb = second->state;
    const conv_shape *a = &sa->shape, *b = &sb->shape;
    const mn_row_table *t = work->table;
    const float *x = first->x[0] + sample * a->height * mn_row_floats(a);
    const float **entries = work->entries + sample * a->out_height;
    from = mn_max(from, 0);
    to = mn_min(to, a->out_height);
    number_words(work, a, from, to);
    /* States lie anywhere: with little else to do here, the processor reads those of many rows at once. */
    for (int64_t o = from, residue = (from + b->before[0]) % b->stride[0]; o < to; o++) {
        const int64_t word = work->numbers[o];
        const int32_t row =
            word < 0 ? 0 : atomic_load_explicit(&t->state[word * t->residues + residue], memory_order_acquire);
        entries[o] = row > 0 ? t->rows + (row - 1) * t->entry : find_place(work, a, x, o, residue);
        if (work->n_missing[residue] == MN_ROW_MISSES)
            make_rows(work, first, second, run, residue);
        residue = residue + 1 < t->residues ? residue + 1 : 0;
    }
}

void mn_row_work_make(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run)
{
    const conv_state *sb = second->state;
    for (int64_t r = 0; r < sb->shape.stride[0]; r++)
        if (work->n_missing[r] > 0)
            make_rows(work, first, second, run, r);
}
