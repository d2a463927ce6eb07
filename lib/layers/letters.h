/* letters.h - one-hot rows as letters */
/* SPDX-License-Identifier: MIT */
#ifndef MN_LETTERS_H
#define MN_LETTERS_H

#include "common.h"

/* A row that is neither all zeros nor a single 1; so rows have fewer floats than this. */
enum { MN_NO_LETTER = 255 };

/* out[i] for row i of x, n floats each: 0 for zeros, i + 1 for a 1 at place i. Rows from `rows` to `all` - 1 are zeros and not
 * looked at. Whether all are letters. */
static inline bool mn_read_letters(uint8_t *out, const float *x, int64_t rows, int64_t all, int64_t n)
{
    bool good = true;
    memset(out + rows, 0, (size_t)(all - rows));
    for (int64_t row = 0; row < rows; row++, x += n) {
        uint8_t letter = 0;
        for (int64_t i = 0; i < n; i++)
            if (x[i] != 0.0f)
                letter = x[i] == 1.0f && letter == 0 ? (uint8_t)(i + 1) : MN_NO_LETTER;
        out[row] = letter;
        good = good && letter != MN_NO_LETTER;
    }
    return good;
}

#endif
