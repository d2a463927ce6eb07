/* test_base.c - status, version, buf and mem */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/version.h>

#include "buf.h"
#include "mem.h"

START_TEST(status_codes_have_names_and_texts)
{
    ck_assert_int_eq(mirnet_status_count(), 12);
    ck_assert_str_eq(mirnet_status_name(MIRNET_OK), "MIRNET_OK");
    ck_assert_str_eq(mirnet_status_name(MIRNET_ERR_SYSTEM), "MIRNET_ERR_SYSTEM");
    ck_assert_str_eq(mirnet_status_text(MIRNET_ERR_NOMEM), "out of memory");
    for (int32_t i = 0; i < mirnet_status_count(); i++)
        for (int32_t k = 0; k < i; k++)
            ck_assert_str_ne(mirnet_status_name(-i), mirnet_status_name(-k));
}
END_TEST

START_TEST(numbers_that_are_no_status_are_said_to_be_unknown)
{
    const int32_t odd[] = {1, 12, -12, -100, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        ck_assert_str_eq(mirnet_status_name(odd[i]), "MIRNET_ERR_UNKNOWN");
        ck_assert_str_eq(mirnet_status_text(odd[i]), "unknown status");
    }
}
END_TEST

START_TEST(a_message_is_one_clean_line)
{
    ck_assert_str_eq(mirnet_last_message(), "");
    ck_assert_int_eq(mn_fail(MIRNET_ERR_FORMAT, "a\nb\tc\x1b[0m %d", 7), MIRNET_ERR_FORMAT);
    ck_assert_str_eq(mirnet_last_message(), "a?b?c?[0m 7");
    ck_assert_int_eq(mn_fail_within(MIRNET_ERR_SHAPE, "layer '%s'", "x"), MIRNET_ERR_SHAPE);
    ck_assert_str_eq(mirnet_last_message(), "layer 'x': a?b?c?[0m 7");
}
END_TEST

START_TEST(a_long_message_is_cut)
{
    char text[2000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    mn_fail(MIRNET_ERR_IO, "%s", text);
    ck_assert_uint_eq(strlen(mirnet_last_message()), 500);
}
END_TEST

/* A path may be longer than a message: what went wrong is said all the same. */
START_TEST(a_long_message_keeps_its_reason)
{
    char text[2000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    errno = ENOENT;
    mn_fails(MIRNET_ERR_IO, mn_fail_errno("%s", text));
    ck_assert_uint_eq(strlen(mirnet_last_message()), 500);
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "xxx: No such file or directory"));
    mn_fail(MIRNET_ERR_FORMAT, "the reason");
    mn_fail_within(MIRNET_ERR_FORMAT, "%s", text);
    ck_assert_uint_eq(strlen(mirnet_last_message()), 500);
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "xxx: the reason"));
    mn_fail(MIRNET_ERR_FORMAT, "%s", text);
    mn_fail_within(MIRNET_ERR_FORMAT, "%s", "layer 'x'");
    ck_assert_uint_eq(strlen(mirnet_last_message()), 500);
    ck_assert_int_eq(strncmp(mirnet_last_message(), "layer 'x': xxx", 14), 0);
    mn_fail(MIRNET_ERR_FORMAT, "%s", text);
    mn_fail_within(MIRNET_ERR_FORMAT, "%s", text);
    ck_assert_uint_eq(strlen(mirnet_last_message()), 500);
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "xx: xx"));
}
END_TEST

START_TEST(a_failed_system_call_says_why_and_keeps_errno)
{
    errno = EACCES;
    ck_assert_int_eq(mn_fail_errno("file \"%s\"", "a\nb"), MIRNET_ERR_IO);
    ck_assert_str_eq(mirnet_last_message(), "file \"a?b\": Permission denied");
    ck_assert_int_eq(errno, EACCES);
}
END_TEST

START_TEST(a_message_may_quote_the_last_one)
{
    mn_fail(MIRNET_ERR_FORMAT, "inner");
    mn_fail(MIRNET_ERR_INVALID, "outer (%s)", mirnet_last_message());
    ck_assert_str_eq(mirnet_last_message(), "outer (inner)");
    mn_fail_within(MIRNET_ERR_INVALID, "again %s", mirnet_last_message());
    ck_assert_str_eq(mirnet_last_message(), "again outer (inner): outer (inner)");
}
END_TEST

static void *fail_elsewhere(void *unused)
{
    bool empty = mirnet_last_message()[0] == '\0';
    mn_fail(MIRNET_ERR_IO, "another thread");
    return empty ? unused : NULL;
}

START_TEST(each_thread_has_its_own_message)
{
    pthread_t thread;
    int here;
    void *result = NULL;
    mn_fail(MIRNET_ERR_IO, "this thread");
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, &here), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, &here);
    ck_assert_str_eq(mirnet_last_message(), "this thread");
}
END_TEST

START_TEST(the_version_is_that_of_the_header)
{
    ck_assert_str_eq(mirnet_version(), "0.1.0");
    ck_assert_int_eq(mirnet_version_number(), 1000);
    ck_assert_int_eq(mirnet_soversion(), 0);
    ck_assert_ptr_nonnull(strstr(mirnet_build_info(), "jansson"));
    ck_assert_ptr_null(strchr(mirnet_build_info(), '\n'));
}
END_TEST

START_TEST(a_buffer_grows_and_keeps_a_nul_behind)
{
    mn_buf buf = {0};
    ck_assert_str_eq(mn_buf_text(&buf), "");
    for (int i = 0; i < 1000; i++)
        mn_ok(mn_buf_printf(&buf, "%03d", i));
    ck_assert_uint_eq(buf.size, 3000);
    ck_assert_uint_eq(strlen(buf.data), 3000);
    ck_assert_int_eq(memcmp(buf.data + 3 * 567, "567", 3), 0);
    mn_buf_reset(&buf);
    ck_assert_str_eq(mn_buf_text(&buf), "");
    mn_ok(mn_buf_add(&buf, "a\0b", 3));
    ck_assert_uint_eq(buf.size, 3);
    mn_buf_destroy(&buf);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    ck_assert_ptr_null(mn_calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(mn_realloc(NULL, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(mn_floats(SIZE_MAX / 4));
    ck_assert_ptr_null(mn_floats(SIZE_MAX / 2));
    void *block = &block;
    ck_assert_ptr_null(mn_floats_sparse(SIZE_MAX, &block));
    ck_assert_ptr_null(block);
    ck_assert_ptr_null(mn_floats_sparse(SIZE_MAX / 4, &block));
    ck_assert_ptr_null(mn_strndup("text", SIZE_MAX));
    size_t product = 0;
    ck_assert(!mn_mul(SIZE_MAX / 2 + 1, 2, &product) && mn_mul(SIZE_MAX / 2, 2, &product));
    ck_assert(!mn_add(SIZE_MAX, 1, &product) && mn_add(SIZE_MAX - 1, 1, &product));
    ck_assert_int_eq(mn_ceil_div(INT64_MAX, 2), INT64_MAX / 2 + 1);
    mn_buf buf = {0};
    mn_ok(mn_buf_add_text(&buf, "kept"));
    mn_fails(MIRNET_ERR_NOMEM, mn_buf_add(&buf, "x", SIZE_MAX - 2));
    ck_assert_str_eq(mn_buf_text(&buf), "kept");
    mn_buf_destroy(&buf);
}
END_TEST

START_TEST(floats_are_aligned_and_zero)
{
    for (size_t n = 0; n < 40; n++) {
        float *floats = mn_floats(n);
        ck_assert_uint_eq((uintptr_t)floats % 64, 0);
        for (size_t i = 0; i < n + 16; i++)
            ck_assert(floats[i] == 0.0f);
        mn_free(floats);
        void *block;
        floats = mn_floats_sparse(n, &block);
        ck_assert_uint_eq((uintptr_t)floats % 64, 0);
        for (size_t i = 0; i < n + 16; i++)
            ck_assert(floats[i] == 0.0f);
        mn_free(block);
    }
}
END_TEST

START_TEST(a_failed_growth_changes_nothing)
{
    int64_t *array = NULL;
    size_t capacity = 0;
    mn_ok(mn_grow(&array, &capacity, 3, sizeof(*array)));
    ck_assert_uint_eq(capacity, 8);
    array[7] = 42;
    int64_t *before = array;
    mn_ok(mn_grow(&array, &capacity, 8, sizeof(*array)));
    ck_assert_ptr_eq(array, before);
    mn_fails(MIRNET_ERR_NOMEM, mn_grow(&array, &capacity, SIZE_MAX, sizeof(*array)));
    mn_fails(MIRNET_ERR_NOMEM, mn_grow(&array, &capacity, SIZE_MAX / 4, sizeof(*array)));
    ck_assert_ptr_eq(array, before);
    ck_assert_uint_eq(capacity, 8);
    mn_ok(mn_grow(&array, &capacity, 100, sizeof(*array)));
    ck_assert_uint_eq(capacity, 128);
    ck_assert_int_eq(array[7], 42);
    mn_free(array);
}
END_TEST

START_TEST(blocks_of_no_items_and_copies_of_texts)
{
    void *none = mn_calloc(0, 8), *still = mn_realloc(NULL, 0, 8);
    ck_assert(none && still);
    mn_free(none);
    mn_free(still);
    mn_free(NULL);
    char *whole = mn_strdup("hairpin"), *part = mn_strndup("hairpin", 4), *empty = mn_strndup(NULL, 0);
    ck_assert_str_eq(whole, "hairpin");
    ck_assert_str_eq(part, "hair");
    ck_assert_str_eq(empty, "");
    mn_free(whole);
    mn_free(part);
    mn_free(empty);
}
END_TEST

START_TEST(nothing_added_to_a_buffer_is_the_empty_text)
{
    mn_buf buf = {0};
    mn_buf_reset(&buf);
    mn_ok(mn_buf_add(&buf, NULL, 0));
    ck_assert_str_eq(buf.data, "");
    ck_assert_uint_eq(buf.size, 0);
    mn_ok(mn_buf_printf(&buf, "%s", ""));
    ck_assert_uint_eq(buf.size, 0);
    mn_buf_destroy(&buf);
    ck_assert_ptr_null(buf.data);
    ck_assert_uint_eq(buf.capacity, 0);
    mn_buf_destroy(&buf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *cases = tcase_create("base");
    tcase_add_test(cases, status_codes_have_names_and_texts);
    tcase_add_test(cases, numbers_that_are_no_status_are_said_to_be_unknown);
    tcase_add_test(cases, a_message_is_one_clean_line);
    tcase_add_test(cases, a_long_message_is_cut);
    tcase_add_test(cases, a_long_message_keeps_its_reason);
    tcase_add_test(cases, a_failed_system_call_says_why_and_keeps_errno);
    tcase_add_test(cases, a_message_may_quote_the_last_one);
    tcase_add_test(cases, each_thread_has_its_own_message);
    tcase_add_test(cases, the_version_is_that_of_the_header);
    tcase_add_test(cases, a_buffer_grows_and_keeps_a_nul_behind);
    tcase_add_test(cases, sizes_that_overflow_are_refused);
    tcase_add_test(cases, floats_are_aligned_and_zero);
    tcase_add_test(cases, a_failed_growth_changes_nothing);
    tcase_add_test(cases, blocks_of_no_items_and_copies_of_texts);
    tcase_add_test(cases, nothing_added_to_a_buffer_is_the_empty_text);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
