/* kernels_avx512.c - the kernels for AVX-512: 24 of 32 registers hold sums */
/* SPDX-License-Identifier: MIT */
#include "kernels/tables.h"

#include <immintrin.h>

/* The first n of 16 lanes. */
static inline __attribute__((always_inline)) __mmask16 lanes(int64_t n)
{
    return (__mmask16)((1u << n) - 1);
}

#define MN_LANES 16
#define MN_VECS 4
#define MN_TILE 6
#define MN_SKIP 2
#define MN_ROW_AT_ONCE 1
#define MN_KEEP(v) __asm__("" : "+v"(v))
#define MN_MULTIPLY_SUM(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define MN_SQRT(a) _mm512_sqrt_ps((__m512)(a))
#define MN_ROOT_ESTIMATE(a) _mm512_rsqrt14_ps((__m512)(a))
#define MN_LOAD_SOME(p, n) _mm512_maskz_loadu_ps(lanes(n), p)
#define MN_STORE_SOME(p, n, v) _mm512_mask_storeu_ps(p, lanes(n), (__m512)(v))
/* The second operand is the result where one is NaN. */
#define MN_AT_LEAST(a, floor) _mm512_max_ps((__m512)(floor), (__m512)(a))
#define MN_AT_MOST(a, ceiling) _mm512_min_ps((__m512)(ceiling), (__m512)(a))
#define MN_NONZERO(v) _mm512_cmp_ps_mask((__m512)(v), _mm512_setzero_ps(), _CMP_NEQ_UQ)
/* Halves are added, then their halves, and so on. */
#define MN_SUM_LANES(v) _mm512_reduce_add_ps((__m512)(v))
#define MN_TABLE mn_kernels_avx512
#define MN_TABLE_NAME "avx512"
#include "kernels/kernels_tmpl.h"
