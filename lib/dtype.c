/* dtype.c - numbers as they stand in files: little-endian, of several types */
/* SPDX-License-Identifier: MIT */
#include "dtype.h"

uint64_t mn_get_le(const uint8_t *bytes, int n)
{
    uint64_t value = 0;
    for (int i = n - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

void mn_put_le(uint8_t *bytes, uint64_t value, int n)
{
    for (int i = 0; i < n; i++, value >>= 8)
        bytes[i] = (uint8_t)value;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static float get_f32(const uint8_t *bytes)
{
    return float_of((uint32_t)mn_get_le(bytes, 4));
}

static float get_f64(const uint8_t *bytes)
{
    uint64_t bits = mn_get_le(bytes, 8);
    double value;
    memcpy(&value, &bits, sizeof(value));
    return (float)value;
}

/* IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction. */
static float get_f16(const uint8_t *bytes)
{
    uint32_t bits = (uint32_t)mn_get_le(bytes, 2);
    uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    if (exponent == 31) /* infinities, NaN */
        return float_of(sign | 0x7f800000 | fraction << 13);
    if (exponent > 0)
        return float_of(sign | (exponent + 127 - 15) << 23 | fraction << 13);
    float value = (float)fraction * 0x1p-24f; /* zero and subnormals: exact */
    return sign ? -value : value;
}

/* The upper half of a float. */
static float get_bf16(const uint8_t *bytes)
{
    return float_of((uint32_t)mn_get_le(bytes, 2) << 16);
}

static float get_i64(const uint8_t *bytes)
{
    return (float)(int64_t)mn_get_le(bytes, 8);
}

static float get_i32(const uint8_t *bytes)
{
    return (float)(int32_t)(uint32_t)mn_get_le(bytes, 4);
}

static float get_u8(const uint8_t *bytes)
{
    return (float)bytes[0];
}

static float get_bool(const uint8_t *bytes)
{
    return bytes[0] ? 1.0f : 0.0f;
}

static const mn_dtype dtypes[] = {
    {"F32", 4, get_f32}, {"F64", 8, get_f64}, {"F16", 2, get_f16}, {"BF16", 2, get_bf16},
    {"I64", 8, get_i64}, {"I32", 4, get_i32}, {"U8", 1, get_u8},   {"BOOL", 1, get_bool},
};

const mn_dtype *mn_dtype_find(const char *name)
{
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return &dtypes[i];
    return NULL;
}

bool mn_dtype_is_native(const mn_dtype *type)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && type->get == get_f32;
}

void mn_put_floats(uint8_t *bytes, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof(bits));
        mn_put_le(bytes + 4 * i, bits, 4);
    }
}
