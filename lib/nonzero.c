/* nonzero.c - where values are not zero, in parallel */
/* SPDX-License-Identifier: MIT */
#include "layers/layer.h"
#include "mem.h"

/* Products pass zeros over (kernels/skip_tmpl.h) where at most so many of 16 floats are something else. */
enum { WORTH = 9 };

/* Samples do not share a word of bits, nor end within one. */
bool mn_nonzero_fits(int64_t size)
{
    return size % 64 == 0;
}

mirnet_status mn_nonzero_create(mn_nonzero *out, int64_t size, int64_t capacity)
{
    out->size = size;
    out->bits = mn_calloc((size_t)((capacity + 1) * size / 64), sizeof(*out->bits));
    out->counts = mn_calloc((size_t)capacity + 1, sizeof(*out->counts));
    return out->bits && out->counts ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

void mn_nonzero_destroy(mn_nonzero *nonzero)
{
    mn_free(nonzero->bits);
    mn_free(nonzero->counts);
    *nonzero = (mn_nonzero){0};
}

typedef struct find_job {
    const mn_nonzero *nonzero;
    const mn_run *run;
    const float *x;
    const int64_t *seen;
    int64_t row;
} find_job;

static int64_t floats_of(const find_job *job, int64_t part)
{
    return job->seen && part < job->run->batch ? job->seen[part] * job->row : job->nonzero->size;
}

static void find_part(void *context, int64_t part, int32_t worker)
{
    const find_job *job = context;
    const int64_t at = (part < job->run->batch ? part : job->run->capacity) * job->nonzero->size;
    (void)worker;
    job->nonzero->counts[part] =
        job->run->kernels->find_nonzero(job->nonzero->bits + at / 64, job->x + at, floats_of(job, part));
}

/* Those of a sample begin and end with a word. */
static int64_t count_found(const find_job *job, int64_t sample)
{
    const int64_t word = sample * job->nonzero->size / 64;
    return job->run->kernels->count_bits(job->nonzero->bits + word, floats_of(job, sample) / 64);
}

const uint64_t *mn_nonzero_find(mn_nonzero *nonzero, const mn_run *run, const float *x, const int64_t *seen,
                                int64_t row, bool blank)
{
    find_job job = {nonzero, run, x, seen, row};
    int64_t all = 0, count = 0;
    if (!nonzero->found)
        mn_parallel(run, find_part, &job, run->batch + blank);
    for (int64_t i = 0; i < run->batch; i++) {
        all += floats_of(&job, i);
        count += nonzero->found ? count_found(&job, i) : nonzero->counts[i];
    }
    return count * 16 <= all * WORTH ? nonzero->bits : NULL;
}
