/* letters.h - one-hot rows as letters */
/* SPDX-License-Identifier: MIT */
#ifndef MN_LETTERS_H
#define MN_LETTERS_H

#include "common.h"

/* A row that is neither all zeros nor a single 1; so rows have fewer floats than this. */
enum { MN_NO_LETTER = 255 };

/* The letter of a row: 0, or i + 1 for a 1 at place i. */
static inline uint8_t mn_read_letter(const float *x, int64_t n)
{
    const uint32_t one = 0x3F800000; /* 1.0f. A -0.0 is no letter, which is as right as any */
    uint32_t letter = 0, ones = 0, others = 0, bits;
    for (int64_t i = 0; i < n; i++) {
        memcpy(&bits, x + i, sizeof(bits));
        letter += bits == one ? (uint32_t)i + 1 : 0;
        ones += bits == one;
        others += bits != one && bits != 0;
    }
    return others == 0 && ones <= 1 ? (uint8_t)letter : MN_NO_LETTER;
}

/* The same of the four bases, two floats at a time. */
static inline uint8_t mn_read_base(const float *x)
{
    const float left[2] = {1, 0}, right[2] = {0, 1};
    uint64_t l, r, a, b;
    memcpy(&l, left, sizeof(l));
    memcpy(&r, right, sizeof(r));
    memcpy(&a, x, sizeof(a));
    memcpy(&b, x + 2, sizeof(b));
    const bool known_a = (a == 0) | (a == l) | (a == r), known_b = (b == 0) | (b == l) | (b == r);
    const bool good = known_a & known_b & ((a == 0) | (b == 0));
    return good ? (uint8_t)((a == l) + 2 * (a == r) + 3 * (b == l) + 4 * (b == r)) : MN_NO_LETTER;
}

/* out[i] for row i of x, n floats each: 0 for zeros, i + 1 for a 1 at place i. Rows from `rows` to `all` - 1 are
 * zeros and not looked at. Whether all are letters. */
static inline bool mn_read_letters(uint8_t *out, const float *x, int64_t rows, int64_t all, int64_t n)
{
    bool good = true;
    memset(out + rows, 0, (size_t)(all - rows));
    for (int64_t row = 0; row < rows; row++, x += n) {
        out[row] = n == 4 ? mn_read_base(x) : mn_read_letter(x, n);
        good = good && out[row] != MN_NO_LETTER;
    }
    return good;
}

#endif
