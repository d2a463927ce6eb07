/* kernels_avx2.c - the kernels for AVX2 with FMA: 12 of 16 registers hold sums */
/* SPDX-License-Identifier: MIT */
#include "kernels/tables.h"

#include <immintrin.h>

/* The first n of 8 lanes. */
static inline __attribute__((always_inline)) __m256i lanes(int64_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

#define MN_LANES 8
#define MN_VECS 2
#define MN_TILE 6
#define MN_SKIP 7
#define MN_MULTIPLY_SUM(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define MN_SQRT(a) _mm256_sqrt_ps((__m256)(a))
#define MN_LOAD_SOME(p, n) _mm256_maskload_ps(p, lanes(n))
#define MN_STORE_SOME(p, n, v) _mm256_maskstore_ps(p, lanes(n), (__m256)(v))
/* The second operand is the result where one is NaN. */
#define MN_AT_LEAST(a, floor) _mm256_max_ps((__m256)(floor), (__m256)(a))
#define MN_AT_MOST(a, ceiling) _mm256_min_ps((__m256)(ceiling), (__m256)(a))
#define MN_NONZERO(v) _mm256_movemask_ps(_mm256_cmp_ps((__m256)(v), _mm256_setzero_ps(), _CMP_NEQ_UQ))
#define MN_TABLE mn_kernels_avx2
#define MN_TABLE_NAME "avx2"
#include "kernels/kernels_tmpl.h"
