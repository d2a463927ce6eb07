/* blank.c - rows that all samples share */
/* SPDX-License-Identifier: MIT */
#include "layers/blank.h"

#include "mem.h"

void mn_blank_destroy(mn_blank *blank)
{
    if (!blank)
        return;
    mn_free(blank->alike);
    mn_free(blank->kinds);
    mn_free(blank->extent);
    mn_free(blank->seen);
    mn_free(blank);
}

/* The kind of input row that tap t of output row o reads in the blank; -1: padding. */
static int64_t kind_read(const mn_blank *in, const mn_rows_read *read, int64_t o, int64_t t)
{
    const int64_t row = o * read->stride - read->before + t * read->dilation;
    return row >= 0 && row < read->in_rows ? in->alike[row] : -1;
}

static bool reads_alike(const mn_blank *in, const mn_rows_read *read, int64_t a, int64_t b)
{
    for (int64_t t = read->first; t < read->last; t++)
        if (kind_read(in, read, a, t) != kind_read(in, read, b, t))
            return false;
    return true;
}

static void find_kinds(mn_blank *blank, const mn_blank *in, const mn_rows_read *read)
{
    for (int64_t row = 0; row < blank->rows; row++) {
        /* Rows that are alike follow one another, so the last kind is tried first. */
        int64_t k = blank->n_kinds;
        while (k > 0 && in && !reads_alike(in, read, blank->kinds[k - 1], row))
            k--;
        if (k == 0)
            blank->kinds[blank->n_kinds++] = row;
        blank->alike[row] = k ? blank->kinds[k - 1] : row;
    }
}

mirnet_status mn_blank_create(mn_blank **out, const mn_blank *in, const mn_rows_read *read, int64_t rows, int64_t row,
                              int64_t capacity)
{
    mn_blank *blank = *out = mn_calloc(1, sizeof(*blank));
    if (!blank)
        return MIRNET_ERR_NOMEM;
    blank->rows = rows;
    blank->row = row;
    blank->alike = mn_calloc((size_t)rows, sizeof(*blank->alike));
    blank->kinds = mn_calloc((size_t)rows, sizeof(*blank->kinds));
    blank->extent = mn_calloc((size_t)capacity, sizeof(*blank->extent));
    blank->seen = mn_calloc((size_t)capacity, sizeof(*blank->seen));
    if (!blank->alike || !blank->kinds || !blank->extent || !blank->seen)
        return MIRNET_ERR_NOMEM;
    find_kinds(blank, in, read);
    return MIRNET_OK;
}

static bool is_zero(const float *row, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (row[i] != 0)
            return false;
    return true;
}

/* Up to the last one that is not zero. Most of the padding is passed over in steps of many floats. */
static int64_t rows_in_use(const float *sample, int64_t rows, int64_t row)
{
    static const float padding[64];
    const int64_t step = sizeof(padding) / sizeof(padding[0]);
    int64_t n = rows * row;
    while (n >= step && memcmp(sample + n - step, padding, sizeof(padding)) == 0)
        n -= step;
    for (rows = mn_ceil_div(n, row); rows > 0 && is_zero(sample + (rows - 1) * row, row); rows--)
        ;
    return rows;
}

void mn_blank_scan(mn_blank *blank, const float *x, int64_t batch)
{
    for (int64_t b = 0; b < batch; b++) {
        blank->extent[b] = rows_in_use(x + b * blank->rows * blank->row, blank->rows, blank->row);
        blank->seen[b] = blank->extent[b];
    }
}

void mn_blank_reach(mn_blank *out, mn_blank *in, const mn_rows_read *read, int64_t batch)
{
    for (int64_t b = 0; b < batch; b++) {
        /* The last output row whose first tap is in front of the extent; and the last input row that such a row
         * reads. */
        const int64_t front = in->extent[b] + read->before - read->first * read->dilation;
        const int64_t rows = front > 0 ? mn_min(mn_ceil_div(front, read->stride), out->rows) : 0;
        const int64_t end = (rows - 1) * read->stride - read->before + (read->last - 1) * read->dilation + 1;
        out->extent[b] = rows;
        out->seen[b] = rows;
        if (!read->from_blank)
            in->seen[b] = mn_max(in->seen[b], mn_min(rows > 0 ? end : 0, in->rows));
    }
}

void mn_blank_show_all(mn_blank *blank, int64_t batch)
{
    for (int64_t b = 0; b < batch; b++)
        blank->seen[b] = blank->rows;
}

/* n rows from row `from` on to row `to`, rows being counted through all samples. */
static void copy_rows(const mn_blank *blank, float *y, uint64_t *bits, int64_t to, int64_t from, int64_t n)
{
    const int64_t row = blank->row, words = row / 64;
    memcpy(y + to * row, y + from * row, (size_t)(n * row) * sizeof(*y));
    if (bits)
        memcpy(bits + to * words, bits + from * words, (size_t)(n * words) * sizeof(*bits));
}

void mn_blank_fill(const mn_blank *blank, float *y, uint64_t *bits, int64_t batch, int64_t capacity)
{
    const int64_t model = capacity * blank->rows;
    for (int64_t row = 0; blank->due > 0 && row < blank->rows; row++)
        if (blank->alike[row] != row)
            copy_rows(blank, y, bits, model + row, model + blank->alike[row], 1);
    for (int64_t b = 0; b < batch; b++) {
        const int64_t from = blank->extent[b];
        if (blank->seen[b] > from)
            copy_rows(blank, y, bits, b * blank->rows + from, model + from, blank->seen[b] - from);
    }
}

void mn_blank_clear(const mn_blank *blank, float *dy, int64_t capacity)
{
    for (int64_t k = 0; k < blank->n_kinds; k++)
        memset(dy + (capacity * blank->rows + blank->kinds[k]) * blank->row, 0, (size_t)blank->row * sizeof(float));
}

void mn_blank_collect(const mn_blank *blank, const mn_kernels *kernels, float *dy, int64_t batch, int64_t capacity)
{
    enum { COLUMNS = 128 };
    float sum[COLUMNS]; /* of one sample first: sums of sums lose fewer bits than one long sum */
    for (int64_t b = 0; b < batch; b++)
        for (int64_t row = blank->extent[b], end; row < blank->seen[b]; row = end) {
            for (end = row + 1; end < blank->seen[b] && blank->alike[end] == blank->alike[row]; end++)
                ;
            const float *from = dy + (b * blank->rows + row) * blank->row;
            float *to = dy + (capacity * blank->rows + blank->alike[row]) * blank->row;
            for (int64_t at = 0; at < blank->row; at += COLUMNS) {
                const int64_t n = mn_min(COLUMNS, blank->row - at);
                kernels->column_sums(sum, from + at, end - row, n, blank->row, false);
                kernels->add(to + at, sum, n);
            }
        }
}
