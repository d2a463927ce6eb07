/* dtype.h - numbers as they stand in files: little-endian, of several types */
/* SPDX-License-Identifier: MIT */
#ifndef MN_DTYPE_H
#define MN_DTYPE_H

#include "common.h"

/* n bytes, 1..8, whatever the byte order of the machine. */
uint64_t mn_get_le(const uint8_t *bytes, int n);
void mn_put_le(uint8_t *bytes, uint64_t value, int n);

/* A type of safetensors, its bytes, and how one of its numbers becomes a float. */
typedef struct mn_dtype {
    const char *name;
    size_t size;
    float (*get)(const uint8_t *bytes);
} mn_dtype;

/* "F32", "F64", "F16", "BF16", "I64", "I32", "U8", "BOOL"; NULL for any other name. */
const mn_dtype *mn_dtype_find(const char *name);

/* Whether numbers of this type are, byte by byte, this machine's floats. */
bool mn_dtype_is_native(const mn_dtype *type);
/* n floats as F32. */
void mn_put_floats(uint8_t *bytes, const float *values, size_t n);

#endif
