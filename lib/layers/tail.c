/* tail.c - products over a whole value of which all samples share the end */
/* SPDX-License-Identifier: MIT */
#include "layers/tail.h"

#include "mem.h"

void mn_tail_destroy(mn_tail *tail)
{
    if (!tail)
        return;
    mn_free(tail->sums);
    mn_free(tail->at);
    mn_free(tail);
}

mirnet_status mn_tail_create(mn_tail **out, const mn_blank *in, int64_t columns, int64_t capacity)
{
    mn_tail *tail = *out = mn_calloc(1, sizeof(*tail));
    if (!tail)
        return MIRNET_ERR_NOMEM;
    *tail = (mn_tail){.rows = in->rows, .row = in->row, .columns = columns};
    tail->sums = mn_floats((size_t)((in->rows + 1) * columns));
    tail->at = mn_calloc((size_t)capacity, sizeof(*tail->at));
    return tail->sums && tail->at ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

/* From the last row of the blank to its first one. */
static void add_up(mn_tail *tail, const mn_op *op, const mn_run *run, const mn_gemm *products, int32_t count,
                   const float *bias)
{
    const size_t bytes = (size_t)tail->columns * sizeof(float);
    float *last = tail->sums + tail->rows * tail->columns;
    memset(last, 0, bytes);
    if (bias)
        memcpy(last, bias, bytes);
    for (int64_t e = tail->rows - 1; e >= 0; e--) {
        float *sum = tail->sums + e * tail->columns;
        memcpy(sum, sum + tail->columns, bytes);
        for (int32_t i = 0; i < count; i++) {
            const int64_t at = products[i].y - products[0].y, k = e * tail->row;
            mn_gemm one = products[i];
            one.m = one.runs = 1;
            one.run = tail->row;
            one.nonzero = NULL;
            one.x = op->x[0] + (run->capacity * tail->rows + e) * tail->row;
            one.y = sum + at;
            one.b_at = &k;
            one.add = true;
            one.relu = false; /* not before the whole sum is there */
            mn_gemm_run(run, &one, 1);
        }
    }
}

void mn_tail_forward(mn_tail *tail, const mn_op *op, const mn_run *run, mn_gemm *products, int32_t count,
                     const float *bias)
{
    const int64_t *extent = op->blank_in->extent, ldc = products[0].ldc;
    if (op->blank_in->due > 0)
        add_up(tail, op, run, products, count, bias);
    for (int64_t b = 0; b < run->batch; b++) {
        int64_t place = b;
        for (; place > 0 && tail->at[place - 1].last > extent[b]; place--)
            tail->at[place] = tail->at[place - 1];
        tail->at[place] = (mn_row){b * tail->rows * tail->row, b * ldc, 0, (int32_t)extent[b]};
        memcpy(products[0].y + b * ldc, tail->sums + extent[b] * tail->columns, (size_t)tail->columns * sizeof(float));
    }
    for (int32_t i = 0; i < count; i++) {
        products[i].m = run->batch;
        products[i].rows = tail->at;
        products[i].runs = tail->rows;
        products[i].run = tail->row;
        products[i].add = true;
    }
    mn_gemm_run(run, products, count);
}
