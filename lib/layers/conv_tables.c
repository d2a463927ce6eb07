/* conv_tables.c - where a convolution's operands lie */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/conv.h"
#include "mem.h"

int64_t mn_conv_taps(const conv_shape *s, int axis)
{
    return s->tap_last[axis] - s->tap_first[axis];
}

void mn_conv_table_destroy(conv_table *table)
{
    for (int64_t i = 0; table->groups && i < table->count; i++) {
        mn_free(table->groups[i].rows);
        mn_free(table->groups[i].active);
        mn_free(table->groups[i].a_at);
        mn_free(table->groups[i].packed_at);
        mn_free(table->groups[i].kernel_at);
    }
    mn_free(table->groups);
    *table = (conv_table){0};
}

static mirnet_status make_room(conv_group *g, int64_t capacity)
{
    g->rows = mn_calloc((size_t)g->rows_per_sample, sizeof(*g->rows));
    g->active = mn_calloc((size_t)((capacity + 1) * g->rows_per_sample), sizeof(*g->active));
    g->a_at = mn_calloc((size_t)g->runs, sizeof(*g->a_at));
    g->packed_at = mn_calloc((size_t)g->runs, sizeof(*g->packed_at));
    g->kernel_at = mn_calloc((size_t)g->runs, sizeof(*g->kernel_at));
    return g->rows && g->active && g->a_at && g->packed_at && g->kernel_at ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

/* Row of the packed kernel where live tap (i, j) begins, for blocks of `depth` rows a tap. */
static int64_t packed_row(const conv_shape *s, int64_t i, int64_t j, int64_t depth)
{
    return ((i - s->tap_first[0]) * mn_conv_taps(s, 1) + (j - s->tap_first[1])) * depth;
}

/*
 * Output column ox: tap (i, j) of output row oy meets input row oy * stride - before + i * dilation and the column made
 * alike. Without dilation the taps j of one i that meet data are one run of floats, for channels come last.
 */
static mirnet_status forward_group(conv_group *g, const conv_shape *s, int64_t capacity, int64_t ox)
{
    const int64_t line = s->width * s->channels, left = ox * s->stride[1] - s->before[1];
    int64_t j0 = s->tap_first[1], j1 = s->tap_last[1];
    while (j0 < j1 && left + j0 * s->dilation[1] < 0)
        j0++;
    while (j1 > j0 && left + (j1 - 1) * s->dilation[1] >= s->width)
        j1--;
    const int64_t joined = s->dilation[1] == 1 ? mn_max(1, j1 - j0) : 1, per_tap = mn_ceil_div(j1 - j0, joined);
    g->runs = mn_conv_taps(s, 0) * per_tap;
    g->run = (j1 > j0 ? joined : 0) * s->channels;
    g->rows_per_sample = s->out_height;
    MN_TRY(make_room(g, capacity));
    for (int64_t r = 0; r < g->runs; r++) {
        int64_t i = s->tap_first[0] + r / per_tap, j = j0 + r % per_tap;
        g->a_at[r] = i * s->dilation[0] * line + (left + j * s->dilation[1]) * s->channels;
        g->packed_at[r] = packed_row(s, i, j, s->channels);
        g->kernel_at[r] = (i * s->kernel[1] + j) * s->channels;
    }
    for (int64_t oy = 0; oy < s->out_height; oy++) {
        int64_t top = oy * s->stride[0] - s->before[0], i0 = s->tap_first[0], i1 = s->tap_last[0];
        while (i0 < i1 && top + i0 * s->dilation[0] < 0)
            i0++;
        while (i1 > i0 && top + (i1 - 1) * s->dilation[0] >= s->height)
            i1--;
        g->rows[oy] = (mn_row){
            .a = top * line,
            .c = (oy * s->out_width + ox) * s->filters,
            .first = (int32_t)((i0 - s->tap_first[0]) * per_tap),
            .last = (int32_t)((i1 - s->tap_first[0]) * per_tap),
        };
    }
    return MIRNET_OK;
}

mirnet_status mn_conv_forward_table(conv_table *out, const conv_shape *s, int64_t capacity)
{
    out->groups = mn_calloc((size_t)s->out_width, sizeof(*out->groups));
    if (!out->groups)
        return MIRNET_ERR_NOMEM;
    out->count = s->out_width;
    for (int64_t ox = 0; ox < s->out_width; ox++)
        MN_TRY(forward_group(&out->groups[ox], s, capacity, ox));
    return MIRNET_OK;
}

/* The output index that tap t of input index p belongs to; false if the stride passes it over or it is outside. */
static bool output_of(const conv_shape *s, int axis, int64_t p, int64_t t, int64_t *out)
{
    const int64_t place = p + s->before[axis] - t * s->dilation[axis];
    *out = place / s->stride[axis];
    return place >= 0 && place % s->stride[axis] == 0 && *out < (axis ? s->out_width : s->out_height);
}

/*
 * Input column ix and the input rows iy with (iy + before) mod stride = residue. Their taps i are those with
 * i * dilation mod stride = residue, and with iy + before = q * stride + residue tap i belongs to output row
 * q - (i * dilation - residue) / stride: a fixed distance from q, so all these rows share their runs.
 */
static mirnet_status backward_group(conv_group *g, const conv_shape *s, int64_t capacity, int64_t residue, int64_t ix)
{
    const int64_t line = s->out_width * s->filters, stride = s->stride[0], dilation = s->dilation[0];
    int64_t n_j = 0, n_i = 0, ox;
    for (int64_t j = s->tap_first[1]; j < s->tap_last[1]; j++)
        n_j += output_of(s, 1, ix, j, &ox);
    for (int64_t i = s->tap_first[0]; i < s->tap_last[0]; i++)
        n_i += i * dilation % stride == residue;
    const int64_t iy0 = (residue - s->before[0] % stride + stride) % stride;
    g->runs = n_i * n_j;
    g->run = s->filters;
    g->rows_per_sample = s->height > iy0 ? mn_ceil_div(s->height - iy0, stride) : 0;
    MN_TRY(make_room(g, capacity));
    int64_t r = 0;
    for (int64_t i = s->tap_first[0]; i < s->tap_last[0]; i++)
        for (int64_t j = s->tap_first[1]; i * dilation % stride == residue && j < s->tap_last[1]; j++)
            if (output_of(s, 1, ix, j, &ox)) {
                g->a_at[r] = -(i * dilation - residue) / stride * line + ox * s->filters;
                g->packed_at[r++] = packed_row(s, i, j, s->filters);
            }
    for (int64_t k = 0; k < g->rows_per_sample; k++) {
        int64_t iy = iy0 + k * stride, q = (iy + s->before[0]) / stride, at = 0, first = n_i, last = 0, oy;
        for (int64_t i = s->tap_first[0]; i < s->tap_last[0]; i++)
            if (i * dilation % stride == residue) {
                if (output_of(s, 0, iy, i, &oy)) {
                    first = mn_min(first, at);
                    last = at + 1;
                }
                at++;
            }
        g->rows[k] = (mn_row){
            .a = q * line,
            .c = (iy * s->width + ix) * s->channels,
            .first = (int32_t)(mn_min(first, last) * n_j),
            .last = (int32_t)(last * n_j),
        };
    }
    return MIRNET_OK;
}

mirnet_status mn_conv_backward_table(conv_table *out, const conv_shape *s, int64_t capacity)
{
    out->groups = mn_calloc((size_t)(s->stride[0] * s->width), sizeof(*out->groups));
    if (!out->groups)
        return MIRNET_ERR_NOMEM;
    out->count = s->stride[0] * s->width;
    for (int64_t i = 0; i < out->count; i++)
        MN_TRY(backward_group(&out->groups[i], s, capacity, i / s->width, i % s->width));
    return MIRNET_OK;
}

static mn_row shifted(mn_row row, int64_t a, int64_t c)
{
    row.a += a;
    row.c += c;
    return row;
}

void mn_conv_set_forward_rows(conv_table *table, const conv_shape *s, const mn_blank *out, int64_t batch,
                              int64_t capacity, const bool *only)
{
    const int64_t in_size = s->height * s->width * s->channels, out_size = s->out_height * s->out_width * s->filters;
    for (int64_t i = 0; i < table->count; i++) {
        conv_group *g = &table->groups[i];
        g->m = 0;
        for (int64_t b = 0; b < batch; b++)
            for (int64_t oy = 0, end = out ? out->extent[b] : g->rows_per_sample; (!only || only[b]) && oy < end; oy++)
                g->active[g->m++] = shifted(g->rows[oy], b * in_size, b * out_size);
        for (int64_t k = 0; out && !only && k < out->due; k++)
            g->active[g->m++] = shifted(g->rows[out->kinds[k]], capacity * in_size, capacity * out_size);
    }
}

void mn_conv_set_backward_rows(conv_table *table, const conv_shape *s, const mn_blank *in, const mn_blank *out,
                               int64_t batch)
{
    const int64_t in_size = s->height * s->width * s->channels, out_size = s->out_height * s->out_width * s->filters;
    const int64_t in_line = s->width * s->channels, out_line = s->out_width * s->filters;
    for (int64_t i = 0; i < table->count; i++) {
        conv_group *g = &table->groups[i];
        g->m = 0;
        for (int64_t b = 0; b < batch; b++)
            for (int64_t k = 0; k < g->rows_per_sample; k++) {
                mn_row row = g->rows[k];
                if (in && row.c / in_line >= in->seen[b])
                    break;
                /* Taps come with falling output rows: those behind the extent are the first ones. */
                while (out && row.first < row.last && (row.a + g->a_at[row.first]) / out_line >= out->extent[b])
                    row.first++;
                g->active[g->m++] = shifted(row, b * out_size, b * in_size);
            }
    }
}
