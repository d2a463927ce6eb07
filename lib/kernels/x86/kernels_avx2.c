/* kernels_avx2.c - the kernels for AVX2 with FMA: 12 of 16 registers hold sums */
/* SPDX-License-Identifier: MIT */
#include "kernels/tables.h"

#include <immintrin.h>

#define MN_LANES 8
#define MN_VECS 2
#define MN_TILE 6
#define MN_MULTIPLY_SUM(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define MN_TABLE mn_kernels_avx2
#define MN_TABLE_NAME "avx2"
#include "kernels/kernels_tmpl.h"
