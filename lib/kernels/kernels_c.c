/* kernels_c.c - the kernels in plain C: the reference, and what runs where there is nothing better */
/* SPDX-License-Identifier: MIT */
#include "kernels/tables.h"

#define MN_LANES 4
#define MN_VECS 2
#define MN_TILE 4
#define MN_SKIP 4
#define MN_MULTIPLY_SUM(a, b, c) ((a) * (b) + (c))
#define MN_TABLE mn_kernels_c
#define MN_TABLE_NAME "c"
#include "kernels/kernels_tmpl.h"
