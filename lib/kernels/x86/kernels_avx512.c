/* kernels_avx512.c - the kernels for AVX-512: 24 of 32 registers hold sums */
/* SPDX-License-Identifier: MIT */
#include "kernels/tables.h"

#include <immintrin.h>

#define MN_LANES 16
#define MN_VECS 4
#define MN_TILE 6
#define MN_MULTIPLY_SUM(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define MN_TABLE mn_kernels_avx512
#define MN_TABLE_NAME "avx512"
#include "kernels/kernels_tmpl.h"
