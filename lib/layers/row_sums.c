/* row_sums.c - two convolutions over letters as sums of rows that are looked up: the sums */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/letters.h"
#include "layers/row_work.h"

enum {
    TAPS = 64, /* kernel rows of a sum that are listed at a time */
    AHEAD = 2, /* rows of sums that entries are asked for before they are added up */
    PIECES = 4 /* of a sample, where there are few samples for the threads to share */
};

typedef struct add_job {
    const mn_row_work *work;
    const mn_op *first, *second;
    const mn_run *run;
    int64_t from, to; /* samples */
    int64_t pieces;   /* that a sample's rows are cut into */
} add_job;

/* What kernel rows tap.. of the second convolution, TAPS at most, add to its row p; returns how many meet data. */
static int64_t list_parts(const float **parts, const add_job *j, int64_t sample, int64_t p, int64_t tap)
{
    const conv_state *sb = j->second->state;
    const conv_shape *s = &sb->shape;
    const int64_t top = p * s->stride[0] - s->before[0], from = mn_max(tap, -top);
    const int64_t to = mn_min(mn_min(tap + TAPS, s->tap_last[0]), s->height - top);
    const float *const *entries = j->work->entries + sample * s->height;
    const int64_t *part_at = j->work->part_at;
    int64_t n = 0;
    for (int64_t i = from; i < to; i++)
        parts[n++] = entries[top + i] + part_at[i];
    return n;
}

/* Row p of a sample: bias + sum over the kernel's rows. What row q of sample `next` will add up is asked for meanwhile,
 * unless q is negative. */
static void add_up(const add_job *j, int64_t sample, int64_t p, int64_t next, int64_t q)
{
    const conv_state *sb = j->second->state;
    const conv_shape *s = &sb->shape;
    const mn_layer_spec *spec = j->second->layer->spec;
    const float *bias = spec->use_bias ? mn_weight(j->second->layer, j->run, MN_CONV_BIAS) : NULL;
    const float *parts[TAPS], *later[TAPS];
    float *y = j->second->y + (sample * s->out_height + p) * s->out_width * s->filters;
    for (int64_t tap = s->tap_first[0]; tap < s->tap_last[0]; tap += TAPS) {
        const bool begins = tap == s->tap_first[0], ends = tap + TAPS >= s->tap_last[0];
        mn_sum sum = {
            .rows = parts, .count = list_parts(parts, j, sample, p, tap), .n = s->filters, .bias = begins ? bias : NULL,
            .add = !begins, .relu = ends && spec->activation == MN_RELU,
            .later = later, .later_count = q < 0 ? 0 : list_parts(later, j, next, q, tap),
        };
        for (int64_t ox = 0; ox < s->out_width; ox++, sum.at += s->filters)
            j->run->kernels->sum_rows(y + sum.at, &sum);
    }
    if (j->second->nonzero_y)
        j->run->kernels->find_nonzero(j->second->nonzero_y->bits + (y - j->second->y) / 64, y,
                                      s->out_width * s->filters);
}

static int64_t rows_of(const add_job *j, int64_t sample)
{
    const conv_state *sb = j->second->state;
    return j->second->blank ? j->second->blank->extent[sample] : sb->shape.out_height;
}

static void add_part(void *context, int64_t part, int32_t worker)
{
    const add_job *j = context;
    const int64_t sample = j->from + part / j->pieces, piece = part % j->pieces, rows = rows_of(j, sample);
    (void)worker;
    for (int64_t p = rows * piece / j->pieces; p < rows * (piece + 1) / j->pieces; p++) {
        /* Behind the last row the next sample begins. */
        const bool here = p + AHEAD < rows;
        const int64_t next = here ? sample : sample + 1, q = here ? p + AHEAD : p + AHEAD - rows;
        add_up(j, sample, p, next, next < j->to && q < rows_of(j, next) ? q : -1);
    }
}

/* The blank is all zeros, and only its kinds of rows are wanted. */
static void add_blank(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run)
{
    const conv_state *sa = first->state, *sb = second->state;
    const conv_shape *s = &sb->shape;
    const mn_blank *blank = second->blank;
    const add_job job = {work, first, second, run, 0, 0, 1};
    memset(work->letters, 0, (size_t)(sa->shape.height + 2 * work->pad));
    for (int64_t k = 0; k < blank->due; k++) {
        const int64_t top = blank->kinds[k] * s->stride[0] - s->before[0];
        work->own_used = 0;
        mn_row_work_find(work, first, second, run, run->capacity, top + s->tap_first[0], top + s->tap_last[0]);
        mn_row_work_make(work, first, second, run);
        add_up(&job, run->capacity, blank->kinds[k], 0, -1);
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
            (void)mn_read_letters(work->letters + work->pad, first->x[0] + to * a->height * mn_row_floats(a),
                                  in ? in->extent[to] : a->height, a->height, mn_row_floats(a));
            const int64_t last = (rows - 1) * b->stride[0] - b->before[0] + b->tap_last[0];
            mn_row_work_find(work, first, second, run, to, 0, last);
        }
        mn_row_work_make(work, first, second, run);
        add_job job = {work, first, second, run, from, to, run->threads && to - from < PIECES ? PIECES : 1};
        mn_parallel(run, add_part, &job, (to - from) * job.pieces);
    }
    if (blank && blank->due > 0)
        add_blank(work, first, second, run);
}
