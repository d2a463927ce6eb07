/* kernels_tmpl.h - the kernels, written once over a vector of MN_LANES floats; compiled once per instruction set */
/* SPDX-License-Identifier: MIT */

/*
 * The file that includes this one defines MN_LANES (floats in a vector), MN_VECS (vectors in a panel's row), MN_TILE
 * (rows of C that are computed at a time: MN_TILE * MN_VECS accumulators live in registers), MN_SKIP (panels of one
 * row, the same: MN_SKIP * MN_VECS is 8, 12 or 14), MN_MULTIPLY_SUM(a, b, c) (a * b + c of vectors), MN_TABLE and
 * MN_TABLE_NAME; and, where there are instructions for it, MN_SQRT(a), MN_AT_LEAST(a, floor), MN_AT_MOST(a, ceiling),
 * MN_LOAD_SOME(p, n), MN_STORE_SOME(p, n, v), MN_NONZERO(v) (a bit for each lane), MN_SUM_LANES(v) and
 * MN_ROOT_ESTIMATE(a) (1 / sqrt(a), 14 bits of it). MN_ROW_AT_ONCE says that a row's gradient, step and dX for MN_TILE
 * rows of X fit into registers together.
 */
#include <float.h>
#include <math.h>

#include "kernels/kernels.h"

#define LANES MN_LANES
#define VECS MN_VECS
#define TILE MN_TILE
#define WIDTH (LANES * VECS)
#define INLINE static inline __attribute__((always_inline))

/* Unrolled loops keep sums in registers. Instrumented code would only grow, beyond what compilers bear. */
#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) || \
    HAS_FEATURE(thread_sanitizer) || HAS_FEATURE(undefined_behavior_sanitizer)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef float vec_at __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));

/* clang-format off: each needs those in front of it */
#include "kernels/vec_tmpl.h"
#include "kernels/functions_tmpl.h"
#include "kernels/gemm_tmpl.h"
#include "kernels/update_tmpl.h"
#include "kernels/outer_tmpl.h"
#include "kernels/rows_tmpl.h"
#include "kernels/few_tmpl.h"
/* clang-format on */

const mn_kernels MN_TABLE = {
    .name = MN_TABLE_NAME,
    .width = WIDTH,
    .gemm = gemm,
    .outer = outer,
    .few_forward = few_forward,
    .few_back = few_back,
    .settle = settle,
    .column_sums = column_sums,
    .column_max = column_max,
    .first_equal = first_equal,
    .share_equal = share_equal,
    .sum_rows = sum_rows,
    .pick_rows = pick_rows,
    .add_to_rows = add_to_rows,
    .find_nonzero = find_nonzero,
    .count_bits = count_bits,
    .exp = exp_map,
    .sigmoid = sigmoid_map,
    .tanh = tanh_map,
    .relu = relu_map,
    .sigmoid_back = sigmoid_back,
    .tanh_back = tanh_back,
    .relu_back = relu_back,
    .add = add,
    .multiply = multiply,
    .multiply_add = multiply_add,
    .scale = scale,
    .larger = larger,
    .blend = blend,
    .lstm = lstm,
    .adam = adam,
};
