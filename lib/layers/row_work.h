/* row_work.h - what row_table.c and row_sums.c share */
/* SPDX-License-Identifier: MIT */
#ifndef MN_ROW_WORK_H
#define MN_ROW_WORK_H

#include <stdatomic.h>

#include "layers/conv.h"
#include "layers/row_table.h"

enum { MN_ROW_MISSES = 96 }; /* rows that are made together */

/*
 * An entry belongs to a word and a residue: row o of the first convolution meets the kernel rows i of the second one
 * for which o + before - i is a multiple of its stride. `state` of an entry: 0 nobody has it; -(row + 1) somebody makes
 * it; row + 1 it is there.
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

typedef struct mn_row_miss {
    _Atomic int32_t *state; /* NULL: not kept */
    int32_t row;
    float *to;
} mn_row_miss;

struct mn_row_work {
    mn_row_table *table;
    bool owner;
    int32_t worker;
    int64_t spare; /* a row that was claimed for nothing; -1: none */

    uint8_t *letters; /* [pad][in_height][pad] of one sample, among zeros */
    int64_t pad;
    int32_t *numbers;      /* [rows of the first convolution] of the words under them; -1: no word */
    const float **entries; /* [capacity + 1][rows of the first convolution] */
    int64_t *part_at;      /* [kernel rows of the second convolution] where each lies in its residue's entries */
    float *own;            /* [own_rows][entry] what is not kept */
    int64_t own_rows, own_used;

    int64_t *n_missing;         /* [residues] */
    mn_row_miss *missing;       /* [residues][MN_ROW_MISSES] */
    float *words;               /* [residues][MN_ROW_MISSES][word][floats of an input row] */
    float *first, *made;        /* [MN_ROW_MISSES] rows of the first convolution; entries */
    mn_row *at_word, *at_entry; /* [MN_ROW_MISSES] */
    int64_t *a_at;              /* [most runs of a group] */
};

/* Floats of a row of a convolution's input: of a letter, where that is one-hot. */
static inline int64_t mn_row_floats(const conv_shape *s)
{
    return s->width * s->channels;
}

/* Finds the entries of rows from..to - 1 of the first convolution of a sample, no more than `own_rows` of them. Some
 * are only noted as missing: they are there behind mn_row_work_make. */
void mn_row_work_find(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run, int64_t sample,
                      int64_t from, int64_t to);
void mn_row_work_make(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run);

#endif
