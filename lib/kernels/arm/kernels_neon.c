/* kernels_neon.c - the kernels for 64-bit ARM: 24 of 32 registers hold sums, and each load feeds 2.4 of them */
/* SPDX-License-Identifier: MIT */
#include "kernels/tables.h"

#include <arm_neon.h>

#define MN_LANES 4
#define MN_VECS 4
#define MN_TILE 6
#define MN_SKIP 3
#define MN_MULTIPLY_SUM(a, b, c) ((vec)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define MN_SQRT(a) vsqrtq_f32((float32x4_t)(a))
#define MN_TABLE mn_kernels_neon
#define MN_TABLE_NAME "neon"
#include "kernels/kernels_tmpl.h"
