/* test_io_read.c - whole files in: from files, pipes, devices and memory, at once or by pieces */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"

START_TEST(a_file_is_read_whole_with_a_nul_behind)
{
    const char *path = mn_scratch_path("file");
    char *bytes;
    size_t size;
    mn_write(path, "a\0b\n", 4);
    mn_ok(mn_file_read(path, 4, &bytes, &size));
    ck_assert_uint_eq(size, 4);
    ck_assert_mem_eq(bytes, "a\0b\n\0", 5);
    mn_free(bytes);
    mn_write(path, "", 0);
    mn_ok(mn_file_read(path, 0, &bytes, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(bytes[0], 0);
    mn_free(bytes);
}
END_TEST

START_TEST(a_file_larger_than_the_limit_is_refused)
{
    const char *path = mn_scratch_path("file");
    char *bytes = NULL;
    size_t size;
    mn_write_text(path, "12345");
    mn_fails(MIRNET_ERR_FORMAT, mn_file_read(path, 4, &bytes, &size));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "larger than 4 bytes"));
    mn_ok(mn_file_read(path, 5, &bytes, &size));
    mn_free(bytes);
    mn_ok(mn_file_read(path, SIZE_MAX, &bytes, &size));
    mn_free(bytes);
}
END_TEST

START_TEST(what_cannot_be_read_is_named_with_the_reason)
{
    char *bytes = NULL;
    size_t size;
    mn_fails(MIRNET_ERR_IO, mn_file_read(mn_scratch_path("none"), 10, &bytes, &size));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "none: cannot open: No such file"));
    mn_fails(MIRNET_ERR_IO, mn_file_read(mn_scratch_folder("folder"), 10, &bytes, &size));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "directory"));
    mn_fails(MIRNET_ERR_IO, mn_file_read("", 10, &bytes, &size));
    ck_assert_ptr_null(bytes);
}
END_TEST

/* Writes `size` bytes into a pipe from another process, in steps that are no power of two. */
static void feed_pipe(const char *path, const char *bytes, size_t size)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return;
    int fd = open(path, O_WRONLY);
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, bytes + done, size - done < 777 ? size - done : 777);
        if (n < 0)
            break;
        done += (size_t)n;
    }
    close(fd);
    _exit(0);
}

START_TEST(a_pipe_is_read_to_its_end)
{
    const char *path = mn_scratch_path("pipe");
    char *bytes, *want = malloc(100000);
    size_t size;
    for (int i = 0; i < 100000; i++)
        want[i] = (char)(i * 7 + i / 251);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    feed_pipe(path, want, 100000);
    mn_ok(mn_file_read(path, 100000, &bytes, &size));
    ck_assert_uint_eq(size, 100000);
    ck_assert_mem_eq(bytes, want, size);
    mn_free(bytes);
    wait(NULL);
    feed_pipe(path, want, 100000);
    mn_fails(MIRNET_ERR_FORMAT, mn_file_read(path, 99999, &bytes, &size));
    wait(NULL);
    free(want);
}
END_TEST

START_TEST(an_endless_device_ends_at_the_limit)
{
    char *bytes = NULL;
    size_t size;
    mn_fails(MIRNET_ERR_FORMAT, mn_file_read("/dev/zero", 100000, &bytes, &size));
    mn_ok(mn_file_read("/dev/null", 100000, &bytes, &size));
    ck_assert_uint_eq(size, 0);
    mn_free(bytes);
}
END_TEST

/* What a source gives in steps of n bytes. */
static void check_source(mn_source *source, const char *want, size_t size, size_t n)
{
    char piece[4096];
    ck_assert_uint_eq(source->left, size);
    for (size_t at = 0; at < size; at += n) {
        n = size - at < n ? size - at : n;
        mn_ok(mn_source_read(source, piece, n));
        ck_assert_mem_eq(piece, want + at, n);
    }
    ck_assert_uint_eq(source->left, 0);
    mn_ok(mn_source_read(source, piece, 0));
    mn_source_close(source);
}

START_TEST(a_source_gives_the_bytes_of_a_file_a_pipe_or_memory)
{
    enum { N = 20000 };
    const char *path = mn_scratch_path("file"), *pipe = mn_scratch_path("pipe");
    static char want[N];
    mn_source source;
    for (int i = 0; i < N; i++)
        want[i] = (char)(i * 7 + i / 251);
    mn_write(path, want, N);
    mn_ok(mn_source_open(&source, path, N));
    check_source(&source, want, N, 4096);
    source = mn_source_of(want, N, "memory");
    check_source(&source, want, N, 777);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    feed_pipe(pipe, want, N);
    mn_ok(mn_source_open(&source, pipe, N));
    wait(NULL);
    check_source(&source, want, N, 1);
    source = mn_source_of(NULL, 0, "memory");
    check_source(&source, want, 0, 1);
    mn_write(path, "", 0);
    mn_ok(mn_source_open(&source, path, N));
    check_source(&source, want, 0, 1);
    mn_fails(MIRNET_ERR_IO, mn_source_open(&source, mn_scratch_path("none"), N));
    mn_write(path, want, 5);
    mn_fails(MIRNET_ERR_FORMAT, mn_source_open(&source, path, 4));
}
END_TEST

START_TEST(a_file_that_becomes_shorter_while_it_is_read_is_an_error)
{
    const char *path = mn_scratch_path("file");
    char bytes[10];
    mn_source source;
    mn_write(path, "0123456789", 10);
    mn_ok(mn_source_open(&source, path, 10));
    mn_ok(mn_source_read(&source, bytes, 4));
    ck_assert_int_eq(truncate(path, 7), 0);
    mn_fails(MIRNET_ERR_IO, mn_source_read(&source, bytes, 6));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "file: it became shorter"));
    mn_source_close(&source);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_read");
    TCase *reading = tcase_create("reading"), *writing = tcase_create("writing");
    tcase_add_test(reading, a_file_is_read_whole_with_a_nul_behind);
    tcase_add_test(reading, a_file_larger_than_the_limit_is_refused);
    tcase_add_test(reading, what_cannot_be_read_is_named_with_the_reason);
    tcase_add_test(reading, a_pipe_is_read_to_its_end);
    tcase_add_test(reading, an_endless_device_ends_at_the_limit);
    tcase_add_test(reading, a_source_gives_the_bytes_of_a_file_a_pipe_or_memory);
    tcase_add_test(reading, a_file_that_becomes_shorter_while_it_is_read_is_an_error);
    suite_add_tcase(suite, reading);
    suite_add_tcase(suite, writing);
    return mn_check_main(suite);
}
