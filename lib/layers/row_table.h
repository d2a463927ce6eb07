/* row_table.h - two convolutions over letters as sums of rows that are looked up */
/* SPDX-License-Identifier: MIT */
#ifndef MN_ROW_TABLE_H
#define MN_ROW_TABLE_H

#include "layers/layer.h"

/*
 * Rule: in one-hot input a row is a letter: all zeros, or a single 1. A row of the first convolution is then a function
 * of the few letters under its kernel, its word; and the second convolution, linear before its activation, is a sum
 * over the rows of its kernel of what each word's row gives through that row. These products are made once for each
 * word that occurs, kept, and added up where they are needed. Proof: the same numbers are multiplied and added; only
 * whole products take the place of the sums that they are. An entry is the same sum whoever makes it and whether it is
 * kept, so results depend on nothing but the sample. It stops where the table has no room for all words of letters
 * (made again and again, rows cost more than the two products), where the rows of a sample that are not kept would take
 * much room, where they are dilated, the second convolution sees other rows than the first one makes (behind a
 * Reshape), or the first one has other readers. Rows that are no letters, and words with padding for which there is no
 * more room, go through the same products without being kept.
 */
typedef struct mn_row_table mn_row_table; /* the kept rows: shared by all plans of a predictor */
typedef struct mn_row_work mn_row_work;   /* what one plan needs to use them */

/* Whether the rule applies to these two layers, Conv1D or Conv2D, the first one directly behind an input. */
bool mn_row_table_fits(const mn_layer *first, const mn_layer *second);

/* `first` and `second` are the convolutions' own ops, open. `twin`: the work of another plan on the same weights,
 * which owns the table and lives longer; NULL: make one. Errors: NOMEM. */
mirnet_status mn_row_work_create(mn_row_work **out, const mn_op *first, const mn_op *second, const mn_row_work *twin,
                                 const mn_run *run) MN_MUST_CHECK;
void mn_row_work_destroy(mn_row_work *work);

/* The weights have changed: forget all rows. */
void mn_row_work_reset(mn_row_work *work);

/* second->y, before its activation but for relu, from first->x[0]; as far as second->blank says, see blank.h. */
void mn_row_work_forward(mn_row_work *work, const mn_op *first, const mn_op *second, const mn_run *run);

#endif
