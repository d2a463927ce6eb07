/* test_reader_sources.c - where a reader's bytes come from: gzip, long files, pipes, standard input, nowhere */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <mirnet/dataset.h>

#include "mn_records.h"

/* A gzip member, appended at bytes[size]; returns the new size. */
static size_t pack(const char *text, size_t n, unsigned char *bytes, size_t size, size_t capacity)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    unsigned char *copy = malloc(n + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, n);
    z.next_in = copy;
    z.avail_in = (unsigned)n;
    z.next_out = bytes + size;
    z.avail_out = (unsigned)(capacity - size);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    size += z.total_out;
    deflateEnd(&z);
    free(copy);
    return size;
}

START_TEST(gzip_of_one_or_many_members_is_unpacked)
{
    unsigned char bytes[2000];
    size_t size = pack("\xef\xbb\xbf>a\nAC", 8, bytes, 0, sizeof(bytes));
    ck_assert_str_eq(mn_records_read(bytes, size, ""), "a AC\n");
    size = pack("GU\n", 3, bytes, size, sizeof(bytes));
    size = pack("", 0, bytes, size, sizeof(bytes));
    size = pack(">b\nGG\n", 6, bytes, size, sizeof(bytes));
    ck_assert_str_eq(mn_records_read(bytes, size, ""), "a ACGU\nb GG\n");
    memset(bytes + size, 0, 100);
    ck_assert_str_eq(mn_records_read(bytes, size + 100, ""), "a ACGU\nb GG\n");
    bytes[size] = 'x';
    ck_assert_str_eq(mn_records_read(bytes, size + 1, ""),
                     "a ACGU\n! MIRNET_ERR_IO x.fa: there are other bytes behind the end of the gzip data");
    const char *path = mn_scratch_path("no-suffix");
    mn_write(path, bytes, size);
    mirnet_reader *reader;
    mn_ok(mirnet_reader_create(&reader, path));
    ck_assert_str_eq(mn_records_show(reader), "a ACGU\nb GG\n");
    size = pack("", 0, bytes, 0, sizeof(bytes));
    ck_assert_str_eq(mn_records_read(bytes, size, ""), "");
}
END_TEST

START_TEST(truncated_gzip_is_an_io_error_at_every_length)
{
    unsigned char bytes[2000];
    size_t first = pack(">a\nACGU\n", 8, bytes, 0, sizeof(bytes));
    size_t size = pack(">b\nGG\n", 6, bytes, first, sizeof(bytes));
    for (size_t cut = 2; cut < size; cut++) {
        const char *text = mn_records_read(bytes, cut, "");
        if (cut == first)
            ck_assert_str_eq(text, "a ACGU\n");
        else
            ck_assert_msg(strstr(text, "! MIRNET_ERR_IO x.fa: the gzip data end too early; the file is truncated"),
                          "cut at %zu: %s", cut, text);
    }
}
END_TEST

START_TEST(damaged_gzip_is_an_io_error)
{
    unsigned char bytes[2000];
    size_t size = pack(">a\nACGU\n", 8, bytes, 0, sizeof(bytes));
    bytes[size - 5] ^= 1; /* in the checksum or the length */
    ck_assert_ptr_nonnull(strstr(mn_records_read(bytes, size, ""), "! MIRNET_ERR_IO x.fa: the gzip data are damaged"));
    bytes[size - 5] ^= 1;
    bytes[2] = 9; /* the method */
    ck_assert_str_eq(mn_records_read(bytes, size, ""),
                     "! MIRNET_ERR_IO x.fa: the gzip data are damaged: unknown compression "
                     "method");
}
END_TEST

START_TEST(lines_and_files_longer_than_any_buffer_are_whole)
{
    enum { N = 300000 };
    char *input = malloc(3 * N + 100);
    ck_assert_ptr_nonnull(input);
    size_t n = (size_t)sprintf(input, ">long\n");
    for (size_t i = 0; i < N; i++)
        input[n++] = "ACGU"[i * i % 7 % 4];
    n += (size_t)sprintf(input + n, "\n>next\n");
    for (size_t i = 0; i < N; i++) {
        input[n++] = "GCUA"[i % 4];
        if (i % 61 == 60)
            input[n++] = '\n';
    }
    const char *path = mn_scratch_path("long.fa");
    mn_write(path, input, n);
    mirnet_reader *reader;
    int32_t more;
    mn_ok(mirnet_reader_create(&reader, path));
    mn_ok(mirnet_reader_run(reader, &more));
    ck_assert_str_eq(mirnet_reader_get_name(reader), "long");
    ck_assert_uint_eq(mirnet_reader_get_length(reader), N);
    ck_assert(memcmp(mirnet_reader_get_sequence(reader), input + 6, N) == 0);
    mn_ok(mirnet_reader_run(reader, &more));
    ck_assert_str_eq(mirnet_reader_get_name(reader), "next");
    ck_assert_uint_eq(mirnet_reader_get_length(reader), N);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(mirnet_reader_get_sequence(reader)[i], "GCUA"[i % 4]);
    mn_ok(mirnet_reader_run(reader, &more));
    ck_assert_int_eq(more, 0);
    mirnet_reader_destroy(reader);
    free(input);
}
END_TEST

/* One byte a read: a record's text must not depend on where the reads fall. */
START_TEST(a_slow_pipe_on_standard_input_is_read_whole)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    const char input[] = "\xef\xbb\xbf>a\r\nACGU\r\nGG\r\n>b\r\nAA";
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        for (size_t i = 0; i < sizeof(input) - 1; i++) {
            struct timespec delay = {0, 1000000};
            if (write(ends[1], &input[i], 1) != 1)
                _exit(1);
            nanosleep(&delay, NULL);
        }
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_eq(dup2(ends[0], 0), 0);
    close(ends[0]);
    mirnet_reader *reader;
    mn_ok(mirnet_reader_create(&reader, "-"));
    ck_assert_str_eq(mn_records_show(reader), "a ACGUGG\nb AA\n");
    /* The caller's standard input is still open. */
    char byte;
    ck_assert_int_eq(read(0, &byte, 1), 0);
}
END_TEST

START_TEST(standard_input_is_named_in_messages)
{
    mirnet_reader *reader;
    const char *path = mn_scratch_path("in");
    mn_write_text(path, ">a\nX\n");
    ck_assert_ptr_nonnull(freopen(path, "r", stdin));
    mn_ok(mirnet_reader_create(&reader, "-"));
    ck_assert_str_eq(mn_records_show(reader),
                     "! MIRNET_ERR_FORMAT standard input:2: record 'a': 'X' at position 1 is no nucleotide "
                     "code");
    fclose(stdin);
    mn_fails(MIRNET_ERR_IO, mirnet_reader_create(&reader, "-"));
    ck_assert_str_eq(mirnet_last_message(), "standard input: cannot open: Bad file descriptor");
}
END_TEST

START_TEST(files_that_cannot_be_read_are_io_errors)
{
    mirnet_reader *reader = NULL;
    mn_fails(MIRNET_ERR_IO, mirnet_reader_create(&reader, "/nowhere/x.fa"));
    ck_assert_str_eq(mirnet_last_message(), "/nowhere/x.fa: cannot open: No such file or directory");
    mn_fails(MIRNET_ERR_IO, mirnet_reader_create(&reader, ""));
    ck_assert_ptr_null(reader);
    mn_ok(mirnet_reader_create(&reader, "/"));
    ck_assert_str_eq(mn_records_show(reader), "! MIRNET_ERR_IO /: cannot read: Is a directory");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reader_sources");
    TCase *tcase = tcase_create("reader_sources");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, gzip_of_one_or_many_members_is_unpacked);
    tcase_add_test(tcase, truncated_gzip_is_an_io_error_at_every_length);
    tcase_add_test(tcase, damaged_gzip_is_an_io_error);
    tcase_add_test(tcase, lines_and_files_longer_than_any_buffer_are_whole);
    tcase_add_test(tcase, a_slow_pipe_on_standard_input_is_read_whole);
    tcase_add_test(tcase, standard_input_is_named_in_messages);
    tcase_add_test(tcase, files_that_cannot_be_read_are_io_errors);
    return mn_check_main(suite);
}
