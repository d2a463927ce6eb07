/* row_table.c - two convolutions over letters as sums of rows that are looked up */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <stdatomic.h>

#include "layers/conv.h"
#include "layers/letters.h"
#include "layers/row_table.h"
#include "mem.h"

enum {
    MAX_WORDS = 1 << 20,      /* numbers that a word can have */
    TABLE_FLOATS = 5 << 20,   /* of kept rows, 20 MiB: all that real sequences have, in the paper's network */
    MISSES = 96,              /* rows that are made together */
    AHEAD = 3                 /* rows that entries are asked for before they are added up */
};

/*
 * An entry belongs to a word and a residue: row o of the first convolution meets the kernel rows i of the second one for which
 * o + before - i is a multiple of its stride. `state` of an entry: 0 nobody has it; -(row + 1) somebody makes it; row + 1 it
 * is there.
 */
struct mn_row_table {
    int64_t words, residues, letters, word; /* words = letters ^ word */
    int64_t entry;                          /* floats of a row: [kernel rows of the residue][out_width][filters] */
    int64_t capacity;                       /* rows */
    float *rows;                            /* [capacity][entry], memory that is not touched until rows come in */
    _Atomic int64_t used;
    _Atomic int32_t *state; /* [words][residues] */
    int32_t *maker;         /* [capacity] the worker that makes it */
    _Atomic int32_t workers;
};

typedef struct miss {
    _Atomic int32_t *state; /* NULL: not kept */
    int32_t row;
    float *to;
} miss;

struct mn_row_work {
    mn_row_table *table;
    bool owner;
    int32_t worker;
    int64_t spare; /* a row that was claimed for nothing; -1: none */

    uint8_t *letters;     /* [in_height] of one sample */
    const float **entries; /* [capacity + 1][rows of the first convolution] */
    float *own;           /* [own_rows][entry] what is not kept */
    int64_t own_rows, own_used;

    int64_t *n_missing;   /* [residues] */
    miss *missing;        /* [residues][MISSES] */
    float *words;         /* [MISSES][word][floats of an input row] of one residue after the other: [residues] of them */
    float *first, *made;  /* [MISSES] rows of the first convolution; entries */
    mn_row *at_word, *at_entry; /* [MISSES] */
    int64_t *a_at;        /* [most runs of a group] */
};

/* letters ^ word, or MAX_WORDS + 1 if it is more than that. */
static int64_t count_words(int64_t letters, int64_t word)
{
    int64_t n = 1;
    for (int64_t i = 0; i < word && n <= MAX_WORDS; i++)
        n *= letters;
    return mn_min(n, MAX_WORDS + 1);
}

static int64_t row_floats(const conv_shape *s)
{
    return s->width * s->channels;
}

bool mn_row_table_fits(const mn_layer *first, const mn_layer *second)
{
    const conv_shape a = mn_conv_shape(first), b = mn_conv_shape(second);
    const bool whole = a.out_height == b.height && a.out_width * a.filters == row_floats(&b); /* rows stay rows */
    return whole && a.dilation[0] == 1 && b.dilation[0] == 1 && mn_conv_taps(&a, 0) > 0 && mn_conv_taps(&b, 0) > 0 &&
           row_floats(&a) < MN_NO_LETTER - 1 &&
           count_words(row_floats(&a) + 1, mn_conv_taps(&a, 0)) <= MAX_WORDS / b.stride[0];
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
    mn_free(work->entries);
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
    t->letters = row_floats(a) + 1;
    t->word = mn_conv_taps(a, 0);
    t->words = count_words(t->letters, t->word);
    t->residues = b->stride[0];
    t->entry = mn_ceil_div(mn_conv_taps(b, 0), b->stride[0]) * b->out_width * b->filters;
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
    work->own_rows = mn_max(2 * a->out_height, MISSES);
    work->letters = mn_calloc((size_t)a->height, 1);
    work->entries = mn_calloc((size_t)((run->capacity + 1) * a->out_height), sizeof(*work->entries));
    work->own = mn_floats((size_t)(work->own_rows * t->entry));
    work->n_missing = mn_calloc(residues, sizeof(*work->n_missing));
    work->missing = mn_calloc(residues * MISSES, sizeof(*work->missing));
    work->words = mn_floats(residues * MISSES * (size_t)(t->word * row_floats(a)));
    work->first = mn_floats(MISSES * (size_t)(a->out_width * a->filters));
    work->made = mn_floats(MISSES * (size_t)t->entry);
    work->at_word = mn_calloc(MISSES, sizeof(*work->at_word));
    work->at_entry = mn_calloc(MISSES, sizeof(*work->at_entry));
    work->a_at = mn_calloc((size_t)runs, sizeof(*work->a_at));
    return work->letters && work->entries && work->own && work->n_missing && work->missing && work->words && work->first &&
                   work->made && work->at_word && work->at_entry && work->a_at
               ? MIRNET_OK
               : MIRNET_ERR_NOMEM;
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

/* -- Making rows ---------------------------------------------------------------------------------------------------- */

/* Rows of the first convolution for the words of one residue. */
static void make_first(const mn_row_work *work, const mn_op *op, const mn_run *run, const float *words, int64_t count)
{
    conv_state *state = op->state;
    const conv_shape *s = &state->shape;
    const mn_layer_spec *spec = op->layer->spec;
    const int64_t word = work->table->word * row_floats(s), line = s->out_width * s->filters;
    for (int64_t ox = 0; ox < state->forward.count; ox++) {
        const conv_group *g = &state->forward.groups[ox];
        for (int64_t m = 0; m < count; m++)
            work->at_word[m] = (mn_row){m * word - s->tap_first[0] * row_floats(s), m * line + ox * s->filters, 0,
                                        (int32_t)g->runs};
        mn_gemm product = {
            .m = count, .n = s->filters, .runs = g->runs, .run = g->run, .x = words, .y = work->first, .rows = work->at_word,
            .a_at = g->a_at, .b_at = g->packed_at, .b = state->packed,
            .k_packed = mn_conv_taps(s, 0) * mn_conv_taps(s, 1) * s->channels,
            .bias = spec->use_bias ? mn_weight(op->layer, run, MN_CONV_BIAS) : NULL, .relu = spec->activation == MN_RELU,
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
            for (int64_t m = 0; m < count; m++)
                work->at_entry[m] = (mn_row){m * line, m * work->table->entry + at + ox * s->filters, 0, (int32_t)per_tap};
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
    const int64_t count = work->n_missing[residue], word = t->word * row_floats(&sa->shape);
    make_first(work, first, run, work->words + residue * MISSES * word, count);
    make_entries(work, second, run, residue, count);
    for (int64_t m = 0; m < count; m++) {
        const miss *it = &work->missing[residue * MISSES + m];
        memcpy(it->to, work->made + m * t->entry, (size_t)t->entry * sizeof(float));
        if (it->state)
            atomic_store_explicit(it->state, it->row + 1, memory_order_release);
    }
    work->n_missing[residue] = 0;
}

/* -- Looking up ----------------------------------------------------------------------------------------------------- */

/* The number of the word under row o of the first convolution; -1: it has none. */
static int64_t word_at(const mn_row_work *work, const conv_shape *s, int64_t o)
{
    const int64_t start = o * s->stride[0] - s->before[0] + s->tap_first[0];
    int64_t word = 0;
    for (int64_t i = 0; i < work->table->word; i++) {
        const int64_t row = start + i;
        const uint8_t letter = row >= 0 && row < s->height ? work->letters[row] : 0;
        if (letter == MN_NO_LETTER)
            return -1;
        word = word * work->table->letters + letter;
    }
    return word;
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

/* The entry for row o; if it must be made, it is noted as missing, and its place is where it will be. */
static const float *find_entry(mn_row_work *work, const conv_shape *a, const float *x, int64_t o, int64_t residue)
{
    mn_row_table *t = work->table;
    const int64_t word = word_at(work, a, o);
    miss it = {0};
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
    const int64_t n = row_floats(a), start = o * a->stride[0] - a->before[0] + a->tap_first[0];
    const int64_t at = residue * MISSES + work->n_missing[residue]++;
    float *to = work->words + at * t->word * n;
    for (int64_t i = 0; i < t->word; i++, to += n)
        if (start + i >= 0 && start + i < a->height)
            memcpy(to, x + (start + i) * n, (size_t)n * sizeof(float));
        else
            memset(to, 0, (size_t)n * sizeof(float));
    work->missing[at] = it;
    return it.to;
}

/* Entries of the rows from..to - 1 of a sample; with no more than `own_rows` of them. */
static void find_entries(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run, int64_t sample,
                         int64_t from, int64_t to)
{
    const conv_state *sa = first->state, *sb = second->state;
    const conv_shape *a = &sa->shape, *b = &sb->shape;
    const float *x = first->x[0] + sample * a->height * row_floats(a);
    for (int64_t o = mn_max(from, 0); o < mn_min(to, a->out_height); o++) {
        const int64_t residue = (o + b->before[0]) % b->stride[0];
        work->entries[sample * a->out_height + o] = find_entry(work, a, x, o, residue);
        if (work->n_missing[residue] == MISSES)
            make_rows(work, first, second, run, residue);
    }
}

static void make_all(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run)
{
    const conv_state *sb = second->state;
    for (int64_t r = 0; r < sb->shape.stride[0]; r++)
        if (work->n_missing[r] > 0)
            make_rows(work, first, second, run, r);
}

/* -- Adding up ------------------------------------------------------------------------------------------------------ */

/* Row p of the second convolution: bias + sum over its kernel's rows of their entries. */
static void add_up(const mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run, int64_t sample,
                   int64_t p)
{
    enum { ROWS = 64 };
    const conv_state *sa = first->state, *sb = second->state;
    const conv_shape *s = &sb->shape;
    const mn_layer_spec *spec = second->layer->spec;
    const float *const *entries = work->entries + sample * sa->shape.out_height, *rows[ROWS];
    const float *bias = spec->use_bias ? mn_weight(second->layer, run, MN_CONV_BIAS) : NULL;
    const int64_t out = s->out_width * s->filters;
    float *y = second->y + (sample * s->out_height + p) * out;
    int64_t n = 0, done = 0;
    for (int64_t i = s->tap_first[0]; i <= s->tap_last[0]; i++) {
        const int64_t o = p * s->stride[0] - s->before[0] + i;
        if (i < s->tap_last[0] && o >= 0 && o < s->height) {
            /* Which of its residue's kernel rows this one is. */
            const int64_t residue = i % s->stride[0];
            const int64_t before = (s->tap_first[0] + s->stride[0] - 1 - residue) / s->stride[0];
            rows[n++] = entries[o] + (i / s->stride[0] - before) * out;
        }
        if (n < ROWS && i < s->tap_last[0])
            continue;
        for (int64_t ox = 0; ox < s->out_width; ox++)
            run->kernels->sum_rows(y + ox * s->filters, rows, n, ox * s->filters, done ? NULL : bias, s->filters, done > 0,
                                   spec->activation == MN_RELU && i == s->tap_last[0]);
        done += n;
        n = 0;
    }
}

/* Asks for the entries that row p is the first one to use: they lie anywhere in the table. */
static void fetch(const mn_row_work *work, const mn_op *first, const conv_shape *s, int64_t sample, int64_t p, int64_t end)
{
    const conv_state *sa = first->state;
    const int64_t to = p * s->stride[0] - s->before[0] + s->tap_last[0];
    for (int64_t o = mn_max(0, to - s->stride[0]); p < end && o < mn_min(to, s->height); o++) {
        const float *entry = work->entries[sample * sa->shape.out_height + o];
        for (int64_t i = 0; i < work->table->entry; i += 16)
            __builtin_prefetch(entry + i);
    }
}

typedef struct add_job {
    const mn_row_work *work;
    const mn_op *first, *second;
    const mn_run *run;
    int64_t from;
} add_job;

static void add_part(void *context, int64_t part, int32_t worker)
{
    const add_job *job = context;
    const conv_state *sb = job->second->state;
    const mn_blank *blank = job->second->blank;
    const int64_t sample = job->from + part, end = blank ? blank->extent[sample] : sb->shape.out_height;
    (void)worker;
    for (int64_t p = 0; p < end; p++) {
        fetch(job->work, job->first, &sb->shape, sample, p + AHEAD, end);
        add_up(job->work, job->first, job->second, job->run, sample, p);
    }
}

/* The blank is all zeros, and only its kinds of rows are wanted. */
static void add_blank(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run)
{
    const conv_state *sa = first->state, *sb = second->state;
    const conv_shape *s = &sb->shape;
    const mn_blank *blank = second->blank;
    memset(work->letters, 0, (size_t)sa->shape.height);
    for (int64_t k = 0; k < blank->n_kinds; k++) {
        const int64_t top = blank->kinds[k] * s->stride[0] - s->before[0];
        work->own_used = 0;
        find_entries(work, first, second, run, run->capacity, top + s->tap_first[0], top + s->tap_last[0]);
        make_all(work, first, second, run);
        add_up(work, first, second, run, run->capacity, blank->kinds[k]);
    }
}

void mn_row_work_forward(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run)
{
    const conv_state *sa = first->state, *sb = second->state;
    const conv_shape *a = &sa->shape, *b = &sb->shape;
    const mn_blank *blank = second->blank, *in = first->blank_in;
    for (int64_t from = 0, to; from < run->batch; from = to) {
        work->own_used = 0;
        for (to = from; to < run->batch && work->own_used + a->out_height <= work->own_rows; to++) {
            const int64_t rows = blank ? blank->extent[to] : b->out_height;
            (void)mn_read_letters(work->letters, first->x[0] + to * a->height * row_floats(a),
                                  in ? in->extent[to] : a->height, a->height, row_floats(a));
            find_entries(work, first, second, run, to, 0, (rows - 1) * b->stride[0] - b->before[0] + b->tap_last[0]);
        }
        make_all(work, first, second, run);
        add_job job = {work, first, second, run, from};
        mn_parallel(run, add_part, &job, to - from);
    }
    if (blank)
        add_blank(work, first, second, run);
}
