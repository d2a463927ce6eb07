/* test_tensors.c - tensors in memory, the bytes that are written of them, files made by hand or damaged */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>

#include "mn_bytes.h"

START_TEST(a_file_written_by_hand_is_read)
{
    const char *header = "{\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[4,12]},"
                         "\"__metadata__\":{\"who\":\"me\",\"\":\"\"},"
                         "\"a\":{\"data_offsets\":[0,4],\"shape\":[],\"dtype\":\"F32\"},"
                         "\"none\":{\"dtype\":\"F32\",\"shape\":[3,0,2],\"data_offsets\":[4,4]}}";
    const uint8_t data[12] = {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 0, 0, 0, 0x80}; /* 1, -2.5, -0 */
    const float b[] = {-2.5f, -0.0f};
    mn_bytes bytes = mn_bytes_make(header, data, sizeof(data));
    mirnet_tensors *tensors;
    int64_t dims[8];
    int32_t rank;
    mn_ok(mirnet_tensors_load_mem(&tensors, bytes.data, bytes.size, "test"));
    ck_assert_int_eq(mirnet_tensors_count(tensors), 3);
    ck_assert_str_eq(mirnet_tensors_get_name(tensors, 0), "a");
    ck_assert_str_eq(mirnet_tensors_get_name(tensors, 1), "b");
    ck_assert_str_eq(mirnet_tensors_get_name(tensors, 2), "none");
    mn_ok(mirnet_tensors_get_shape(tensors, "a", dims, &rank));
    ck_assert_int_eq(rank, 0);
    ck_assert(mirnet_tensors_get(tensors, "a")[0] == 1.0f);
    mn_ok(mirnet_tensors_get_shape(tensors, "b", dims, &rank));
    ck_assert(rank == 2 && dims[0] == 2 && dims[1] == 1);
    mn_same("b", mirnet_tensors_get(tensors, "b"), b, 2);
    mn_ok(mirnet_tensors_get_shape(tensors, "none", dims, &rank));
    ck_assert(rank == 3 && dims[0] == 3 && dims[1] == 0 && dims[2] == 2);
    ck_assert_ptr_nonnull(mirnet_tensors_get(tensors, "none"));
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "who"), "me");
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, ""), "");
    mirnet_tensors_destroy(tensors);
    free(bytes.data);
}
END_TEST

START_TEST(headers_that_other_writers_make_are_read)
{
    static const char *const headers[] = {
        "{}", "{}      ", " \n\t{}", "{\"__metadata__\":{}}", "{ \"__metadata__\" : { \"a\" : \"\\u00e9\\n\" } } ",
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        mirnet_tensors *tensors;
        mn_bytes bytes = mn_bytes_make(headers[i], NULL, 0);
        mn_ok(mirnet_tensors_load_mem(&tensors, bytes.data, bytes.size, "test"));
        ck_assert_int_eq(mirnet_tensors_count(tensors), 0);
        mirnet_tensors_destroy(tensors);
        free(bytes.data);
    }
}
END_TEST

/* The bytes that are written for these tensors; freed with free(). */
static char *save(const mirnet_tensors *tensors, size_t *out_size)
{
    const char *path = mn_scratch_path("x.safetensors");
    mn_ok(mirnet_tensors_save(tensors, path));
    return mn_read(path, out_size);
}

START_TEST(the_bytes_that_are_written_are_these)
{
    /* The digest was computed with another program: printf '\0\0\200\77\0\0\40\300' | sha256sum */
    const char *header = "{\"__metadata__\":{\"key\":\"a \\\"text\\\"\","
                         "\"sha256\":\"48943f7a0ea247f8e3c9386d0c5822fe181d323a9289980426638cc4e72a43e1\"},"
                         "\"a/x\":{\"data_offsets\":[0,4],\"dtype\":\"F32\",\"shape\":[]},"
                         "\"b\":{\"data_offsets\":[4,8],\"dtype\":\"F32\",\"shape\":[1,1]},"
                         "\"c\":{\"data_offsets\":[8,8],\"dtype\":\"F32\",\"shape\":[0]}}";
    const uint8_t data[8] = {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0};
    const float values[] = {1.0f, -2.5f};
    const int64_t dims[] = {1, 1}, zero = 0;
    mirnet_tensors *tensors;
    mn_ok(mirnet_tensors_create(&tensors));
    mn_ok(mirnet_tensors_set(tensors, "c", &zero, 1, NULL));
    mn_ok(mirnet_tensors_set(tensors, "b", dims, 2, &values[1]));
    mn_ok(mirnet_tensors_set(tensors, "a/x", NULL, 0, &values[0]));
    mn_ok(mirnet_tensors_set_note(tensors, "key", "a \"text\""));
    size_t size, n = strlen(header), padded = (n + 7) / 8 * 8;
    char *got = save(tensors, &size);
    ck_assert_uint_eq(size, 8 + padded + sizeof(data));
    ck_assert_uint_eq((uint8_t)got[0] + 256u * (uint8_t)got[1], padded);
    ck_assert_mem_eq(got + 2, "\0\0\0\0\0\0", 6);
    ck_assert_msg(memcmp(got + 8, header, n) == 0, "header: %.*s", (int)padded, got + 8);
    for (size_t i = n; i < padded; i++)
        ck_assert_int_eq(got[8 + i], ' ');
    ck_assert_mem_eq(got + 8 + padded, data, sizeof(data));
    free(got);
    mirnet_tensors_destroy(tensors);
}
END_TEST

START_TEST(equal_tensors_give_equal_bytes_in_any_order)
{
    static const char *const names[] = {"b", "a", "\xc3\xa9", "a/b", "A", "ab", "a b", "a\"b", "a\\", "\x01"};
    enum { N = sizeof(names) / sizeof(names[0]) };
    char *first = NULL;
    size_t first_size = 0;
    for (int turn = 0; turn < N; turn++) {
        mirnet_tensors *tensors;
        mn_ok(mirnet_tensors_create(&tensors));
        for (int k = 0; k < N; k++) {
            int i = (turn + 3 * k) % N;
            const float value = (float)i;
            mn_ok(mirnet_tensors_set(tensors, names[i], NULL, 0, &value));
            mn_ok(mirnet_tensors_set_note(tensors, names[i], names[(i + 1) % N]));
        }
        size_t size;
        char *bytes = save(tensors, &size);
        if (!first) {
            first = bytes;
            first_size = size;
        } else {
            ck_assert_uint_eq(size, first_size);
            ck_assert_int_eq(memcmp(bytes, first, size), 0);
            free(bytes);
        }
        mirnet_tensors_destroy(tensors);
    }
    free(first);
}
END_TEST

START_TEST(what_is_saved_comes_back_to_the_bit)
{
    enum { N = 10000 }; /* more than the writer's chunk */
    float *values = malloc(N * sizeof(*values));
    uint32_t bits = 0x7fc01234; /* a NaN with a payload, then anything */
    for (int i = 0; i < N; i++, bits = bits * 1664525u + 1013904223u)
        memcpy(&values[i], &bits, sizeof(bits));
    const int64_t dims[] = {100, 1, 100};
    mirnet_tensors *tensors, *back;
    mn_ok(mirnet_tensors_create(&tensors));
    mn_ok(mirnet_tensors_set(tensors, "many", dims, 3, values));
    mn_ok(mirnet_tensors_set(tensors, "one", NULL, 0, values));
    mn_ok(mirnet_tensors_set_note(tensors, "text", "\xe2\x82\xac \"\\\n\t\x7f / \xf0\x9f\xa7\xac"));
    mn_ok(mirnet_tensors_save(tensors, mn_scratch_path("x")));
    mn_ok(mirnet_tensors_load(&back, mn_scratch_path("x")));
    mn_same("many", mirnet_tensors_get(back, "many"), values, N);
    mn_same("one", mirnet_tensors_get(back, "one"), values, 1);
    ck_assert_str_eq(mirnet_tensors_get_note(back, "text"), mirnet_tensors_get_note(tensors, "text"));
    ck_assert_ptr_null(mirnet_tensors_get_note(back, "sha256"));
    int64_t got[8];
    int32_t rank;
    mn_ok(mirnet_tensors_get_shape(back, "many", got, &rank));
    ck_assert(rank == 3 && got[0] == 100 && got[1] == 1 && got[2] == 100);
    mirnet_tensors_destroy(tensors);
    mirnet_tensors_destroy(back);
    free(values);
}
END_TEST

START_TEST(a_tensor_is_replaced_and_a_failed_set_changes_nothing)
{
    const float one[] = {1.0f, 2.0f, 3.0f}, two[] = {4.0f};
    const int64_t three = 3, single = 1, negative = -1;
    mirnet_tensors *tensors;
    mn_ok(mirnet_tensors_create(&tensors));
    mn_ok(mirnet_tensors_set(tensors, "x", &three, 1, one));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "x", &negative, 1, two));
    mn_same("x", mirnet_tensors_get(tensors, "x"), one, 3);
    mn_ok(mirnet_tensors_set(tensors, "x", &single, 1, two));
    mn_same("x", mirnet_tensors_get(tensors, "x"), two, 1);
    ck_assert_int_eq(mirnet_tensors_count(tensors), 1);
    mirnet_tensors_destroy(tensors);
}
END_TEST

START_TEST(notes_are_set_replaced_and_taken_away)
{
    mirnet_tensors *tensors;
    mn_ok(mirnet_tensors_create(&tensors));
    ck_assert_ptr_null(mirnet_tensors_get_note(tensors, "a"));
    mn_ok(mirnet_tensors_set_note(tensors, "b", "2"));
    mn_ok(mirnet_tensors_set_note(tensors, "a", "1"));
    mn_ok(mirnet_tensors_set_note(tensors, "c", "3"));
    mn_ok(mirnet_tensors_set_note(tensors, "b", "two"));
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "a"), "1");
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "b"), "two");
    mn_ok(mirnet_tensors_set_note(tensors, "a", NULL));
    mn_ok(mirnet_tensors_set_note(tensors, "a", NULL));
    ck_assert_ptr_null(mirnet_tensors_get_note(tensors, "a"));
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "b"), "two");
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "c"), "3");
    mirnet_tensors_destroy(tensors);
}
END_TEST

START_TEST(only_utf8_is_taken)
{
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "a\xc3",
                                      "\xe2\x82",
                                      "\xe2(\xac"};
    static const char *const good[] = {"\x7f",         "\xc2\x80",         "\xe0\xa0\x80",    "\xed\x9f\xbf",
                                       "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    const float value = 0.0f;
    mirnet_tensors *tensors;
    mn_ok(mirnet_tensors_create(&tensors));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, bad[i], NULL, 0, &value));
        mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set_note(tensors, bad[i], "text"));
        mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set_note(tensors, "key", bad[i]));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        mn_ok(mirnet_tensors_set(tensors, good[i], NULL, 0, &value));
        mn_ok(mirnet_tensors_set_note(tensors, good[i], good[i]));
    }
    mn_ok(mirnet_tensors_save(tensors, mn_scratch_path("x")));
    mirnet_tensors_destroy(tensors);
    mn_ok(mirnet_tensors_load(&tensors, mn_scratch_path("x")));
    ck_assert_int_eq(mirnet_tensors_count(tensors), sizeof(good) / sizeof(good[0]));
    mirnet_tensors_destroy(tensors);
}
END_TEST

START_TEST(bad_arguments_get_their_status)
{
    const float value = 1.0f;
    const int64_t dims[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, huge[] = {INT64_C(1) << 47, INT64_C(1) << 47};
    int64_t out_dims[8];
    int32_t rank;
    mirnet_tensors *tensors, *none = NULL;
    mn_ok(mirnet_tensors_create(&tensors));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_create(NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load(&none, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_tensors_load(&none, mn_scratch_path("none")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load_mem(NULL, "", 0, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load_mem(&none, NULL, 8, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_load_mem(&none, "", 0, NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_tensors_load_mem(&none, NULL, 0, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_save(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_save(tensors, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_tensors_save(tensors, mn_scratch_path("none/x")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(NULL, "x", dims, 1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, NULL, dims, 1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "", dims, 1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "__metadata__", dims, 1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "x", NULL, 1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "x", dims, 1, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "x", dims, -1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "x", dims, 9, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set(tensors, "x", huge, 2, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set_note(NULL, "a", "b"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set_note(tensors, NULL, "b"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_set_note(tensors, "sha256", "b"));
    ck_assert_int_eq(mirnet_tensors_count(tensors), 0);
    mn_ok(mirnet_tensors_set(tensors, "x", dims, 8, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_get_shape(NULL, "x", out_dims, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_get_shape(tensors, NULL, out_dims, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_get_shape(tensors, "x", NULL, &rank));
    mn_fails(MIRNET_ERR_INVALID, mirnet_tensors_get_shape(tensors, "x", out_dims, NULL));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_tensors_get_shape(tensors, "y", out_dims, &rank));
    mn_ok(mirnet_tensors_get_shape(tensors, "x", out_dims, &rank));
    ck_assert_int_eq(rank, 8);
    ck_assert_ptr_null(mirnet_tensors_get(tensors, "y"));
    ck_assert_ptr_null(mirnet_tensors_get(tensors, NULL));
    ck_assert_ptr_null(mirnet_tensors_get(NULL, "x"));
    ck_assert_ptr_null(mirnet_tensors_get_note(NULL, "x"));
    ck_assert_ptr_null(mirnet_tensors_get_note(tensors, NULL));
    ck_assert_ptr_null(mirnet_tensors_get_name(tensors, -1));
    ck_assert_ptr_null(mirnet_tensors_get_name(tensors, 1));
    ck_assert_ptr_null(mirnet_tensors_get_name(NULL, 0));
    ck_assert_int_eq(mirnet_tensors_count(NULL), 0);
    ck_assert_ptr_null(none);
    mirnet_tensors_destroy(tensors);
    mirnet_tensors_destroy(NULL);
}
END_TEST

/* A small file of the library's own. */
static mn_bytes make_small(void)
{
    const float values[] = {0.5f, -1.0f, 3.0f};
    const int64_t three = 3;
    mirnet_tensors *tensors;
    mn_bytes bytes;
    mn_ok(mirnet_tensors_create(&tensors));
    mn_ok(mirnet_tensors_set(tensors, "x", &three, 1, values));
    mn_ok(mirnet_tensors_set(tensors, "y", NULL, 0, values));
    mn_ok(mirnet_tensors_set_note(tensors, "key", "text"));
    bytes.data = (uint8_t *)save(tensors, &bytes.size);
    mirnet_tensors_destroy(tensors);
    return bytes;
}

START_TEST(a_file_cut_anywhere_is_refused)
{
    mn_bytes bytes = make_small();
    mirnet_tensors *tensors = NULL;
    for (size_t n = 0; n < bytes.size; n++) {
        uint8_t *cut = malloc(n ? n : 1);
        memcpy(cut, bytes.data, n);
        mn_fails(MIRNET_ERR_FORMAT, mirnet_tensors_load_mem(&tensors, cut, n, "cut"));
        free(cut);
    }
    ck_assert_ptr_null(tensors);
    free(bytes.data);
}
END_TEST

START_TEST(every_flipped_bit_of_the_data_is_found)
{
    mn_bytes bytes = make_small();
    mirnet_tensors *tensors = NULL;
    for (size_t bit = 8 * (bytes.size - 16); bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        mn_fails(MIRNET_ERR_FORMAT, mirnet_tensors_load_mem(&tensors, bytes.data, bytes.size, "flipped"));
        ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "flipped: the data are damaged"));
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    mn_ok(mirnet_tensors_load_mem(&tensors, bytes.data, bytes.size, "whole"));
    mirnet_tensors_destroy(tensors);
    free(bytes.data);
}
END_TEST

START_TEST(a_flipped_bit_of_the_header_is_refused_or_only_renames)
{
    mn_bytes bytes = make_small();
    for (size_t bit = 0; bit < 8 * (bytes.size - 16); bit++) {
        mirnet_tensors *tensors = NULL;
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        mirnet_status status = mirnet_tensors_load_mem(&tensors, bytes.data, bytes.size, "flipped");
        ck_assert(status == MIRNET_OK || status == MIRNET_ERR_FORMAT || status == MIRNET_ERR_UNSUPPORTED);
        if (status == MIRNET_OK) {
            ck_assert_int_eq(mirnet_tensors_count(tensors), 2);
            ck_assert_ptr_nonnull(mirnet_tensors_get(tensors, mirnet_tensors_get_name(tensors, 1)));
        }
        mirnet_tensors_destroy(tensors);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes.data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tensors");
    TCase *reading = tcase_create("reading"), *writing = tcase_create("writing"), *object = tcase_create("object");
    tcase_add_test(reading, a_file_written_by_hand_is_read);
    tcase_add_test(reading, headers_that_other_writers_make_are_read);
    tcase_add_test(reading, a_file_cut_anywhere_is_refused);
    tcase_add_test(reading, every_flipped_bit_of_the_data_is_found);
    tcase_add_test(reading, a_flipped_bit_of_the_header_is_refused_or_only_renames);
    tcase_add_test(writing, the_bytes_that_are_written_are_these);
    tcase_add_test(writing, equal_tensors_give_equal_bytes_in_any_order);
    tcase_add_test(writing, what_is_saved_comes_back_to_the_bit);
    tcase_add_test(object, a_tensor_is_replaced_and_a_failed_set_changes_nothing);
    tcase_add_test(object, notes_are_set_replaced_and_taken_away);
    tcase_add_test(object, only_utf8_is_taken);
    tcase_add_test(object, bad_arguments_get_their_status);
    suite_add_tcase(suite, reading);
    suite_add_tcase(suite, writing);
    suite_add_tcase(suite, object);
    return mn_check_main(suite);
}
