/* common.h - what every file of the library includes first */
/* SPDX-License-Identifier: MIT */
#ifndef MN_COMMON_H
#define MN_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mirnet/common.h>

#include "status.h"

#define MN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MN_MUST_CHECK __attribute__((warn_unused_result))

/* Returns early with the status of a call that failed; the message is the callee's. */
#define MN_TRY(call)                   \
    do {                               \
        mirnet_status mn_try_ = (call); \
        if (mn_try_ != MIRNET_OK)      \
            return mn_try_;            \
    } while (0)

/* A caller's mistake: returns MIRNET_ERR_INVALID and says what was expected. */
#define MN_REQUIRE(condition, ...)                          \
    do {                                                    \
        if (!(condition))                                   \
            return mn_fail(MIRNET_ERR_INVALID, __VA_ARGS__); \
    } while (0)

static inline int64_t mn_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t mn_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The number of blocks of size b that cover a. */
static inline int64_t mn_ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b > 0);
}

/* False if a * b or a + b overflows; *out is then unset. */
static inline bool mn_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool mn_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

#endif
