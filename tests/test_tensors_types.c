/* test_tensors_types.c - every type of number that tensors in safetensors files may have */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>

#include "dtype.h"
#include "mn_bytes.h"

/* A file with one tensor "x" of this dtype and shape. */
static mirnet_status load_one(mirnet_tensors **out, const char *dtype, const char *shape, const void *data, size_t size)
{
    char header[256];
    snprintf(header, sizeof(header), "{\"x\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[0,%zu]}}", dtype, shape,
             size);
    mn_bytes bytes = mn_bytes_make(header, data, size);
    mirnet_status status = mirnet_tensors_load_mem(out, bytes.data, bytes.size, "test");
    free(bytes.data);
    return status;
}

static void check_one(const char *dtype, const void *data, size_t size, const float *want, int n)
{
    mirnet_tensors *tensors;
    char shape[16];
    snprintf(shape, sizeof(shape), "%d", n);
    mn_ok(load_one(&tensors, dtype, shape, data, size));
    mn_same(dtype, mirnet_tensors_get(tensors, "x"), want, (size_t)n);
    mirnet_tensors_destroy(tensors);
}

START_TEST(double_precision_becomes_float)
{
    /* 1, -0.1, 1e-12, 1e300, NaN as IEEE 754 binary64, little-endian */
    const uint8_t data[] = {0,    0,    0,    0,    0,    0,    0xf0, 0x3f, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99,
                            0xb9, 0xbf, 0x11, 0xea, 0x2d, 0x81, 0x99, 0x97, 0x71, 0x3d, 0x9c, 0x75, 0,    0x88,
                            0x3c, 0xe4, 0x37, 0x7e, 0,    0,    0,    0,    0,    0,    0xf8, 0x7f};
    mirnet_tensors *tensors;
    mn_ok(load_one(&tensors, "F64", "5", data, sizeof(data)));
    const float *x = mirnet_tensors_get(tensors, "x");
    ck_assert(x[0] == 1.0f && x[1] == -0.1f);
    ck_assert(x[2] > 0.99e-12f && x[2] < 1.01e-12f);
    ck_assert(isinf(x[3]) && x[3] > 0);
    ck_assert(isnan(x[4]));
    mirnet_tensors_destroy(tensors);
}
END_TEST

START_TEST(every_half_precision_number_is_exact)
{
    uint8_t *data = malloc(2 * 65536);
    for (unsigned i = 0; i < 65536; i++) {
        data[2 * i] = (uint8_t)i;
        data[2 * i + 1] = (uint8_t)(i >> 8);
    }
    mirnet_tensors *tensors;
    mn_ok(load_one(&tensors, "F16", "65536", data, 2 * 65536));
    const float *x = mirnet_tensors_get(tensors, "x");
    for (int i = 0; i < 65536; i++) {
        int exponent = i >> 10 & 31, fraction = i & 1023;
        if (exponent == 31) {
            ck_assert(fraction ? isnan(x[i]) : isinf(x[i]));
        } else {
            double want = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
            ck_assert_msg((double)fabsf(x[i]) == want, "%04x: %.9g, expected %.9g", (unsigned)i, (double)x[i], want);
        }
        ck_assert_int_eq(signbit(x[i]) != 0, i >> 15);
    }
    mirnet_tensors_destroy(tensors);
    free(data);
}
END_TEST

START_TEST(brain_floats_integers_and_flags_become_floats)
{
    const uint8_t bf16[] = {0x80, 0x3f, 0x49, 0xc0, 0x00, 0x80, 0x80, 0x7f};
    const float bf16_want[] = {1.0f, -3.140625f, -0.0f, INFINITY};
    check_one("BF16", bf16, sizeof(bf16), bf16_want, 4);
    const uint8_t i64[] = {1, 0, 0, 0, 0, 0, 0, 0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                           0, 0, 0, 0, 0, 0, 0, 0x80, 1,    0,    0,    1,    0,    0,    0,    0};
    const float i64_want[] = {1.0f, -1.0f, -9223372036854775808.0f, 16777216.0f};
    check_one("I64", i64, sizeof(i64), i64_want, 4);
    const uint8_t i32[] = {2, 1, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0x80};
    const float i32_want[] = {258.0f, -2.0f, -2147483648.0f};
    check_one("I32", i32, sizeof(i32), i32_want, 3);
    const uint8_t u8[] = {0, 1, 127, 128, 255};
    const float u8_want[] = {0.0f, 1.0f, 127.0f, 128.0f, 255.0f};
    check_one("U8", u8, sizeof(u8), u8_want, 5);
    const float bool_want[] = {0.0f, 1.0f, 1.0f, 1.0f, 1.0f};
    check_one("BOOL", u8, sizeof(u8), bool_want, 5);
}
END_TEST

/* More bytes than the reader takes at a time: no number is lost where two pieces meet. */
START_TEST(large_tensors_of_any_type_are_read_whole)
{
    enum { N = 300001 };
    static const struct {
        const char *name;
        size_t size;
    } types[] = {{"I64", 8}, {"I32", 4}, {"U8", 1}};
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        const size_t size = types[t].size;
        uint8_t *data = calloc(N, size);
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < size && k < 3; k++)
                data[i * size + k] = (uint8_t)(i >> (8 * k));
        char shape[16];
        snprintf(shape, sizeof(shape), "%d", N);
        mirnet_tensors *tensors;
        mn_ok(load_one(&tensors, types[t].name, shape, data, N * size));
        const float *x = mirnet_tensors_get(tensors, "x");
        size_t right = 0;
        while (right < N && x[right] == (float)(size == 1 ? right & 255 : right))
            right++;
        ck_assert_msg(right == N, "%s: value %zu is wrong", types[t].name, right);
        mirnet_tensors_destroy(tensors);
        free(data);
    }
}
END_TEST

START_TEST(floats_are_written_in_little_endian)
{
    const float values[] = {1.0f, -2.5f, 0.0f};
    const uint8_t want[] = {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 0, 0, 0, 0};
    uint8_t got[sizeof(want)];
    mn_put_floats(got, values, 3);
    ck_assert_mem_eq(got, want, sizeof(want));
}
END_TEST

START_TEST(other_types_and_ranks_are_said_to_be_unsupported)
{
    static const char *const types[] = {"F8_E4M3", "I8", "I16", "U16", "U32", "U64", "f32", "", "F320"};
    mirnet_tensors *tensors = NULL;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        mn_fails(MIRNET_ERR_UNSUPPORTED, load_one(&tensors, types[i], "0", NULL, 0));
        ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "test: tensor 'x': dtype '"));
    }
    mn_ok(load_one(&tensors, "U8", "1,1,1,1,1,1,1,1", "\7", 1));
    mirnet_tensors_destroy(tensors);
    mn_fails(MIRNET_ERR_UNSUPPORTED, load_one(&tensors, "U8", "1,1,1,1,1,1,1,1,1", "\7", 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tensors_types");
    TCase *reading = tcase_create("reading"), *writing = tcase_create("writing"), *object = tcase_create("object");
    tcase_add_test(reading, double_precision_becomes_float);
    tcase_add_test(reading, every_half_precision_number_is_exact);
    tcase_add_test(reading, brain_floats_integers_and_flags_become_floats);
    tcase_add_test(reading, other_types_and_ranks_are_said_to_be_unsupported);
    tcase_add_test(reading, large_tensors_of_any_type_are_read_whole);
    tcase_add_test(reading, floats_are_written_in_little_endian);
    suite_add_tcase(suite, reading);
    suite_add_tcase(suite, writing);
    suite_add_tcase(suite, object);
    return mn_check_main(suite);
}
