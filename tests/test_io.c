/* test_io.c - whole files out: replaced or left alone, links, permissions, paths that are odd */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"

enum { BIG = 3 << 20 };

/* How many entries a folder has; a temporary file that was left shows here. */
static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    ck_assert_msg(folder != NULL, "%s cannot be opened", path);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return n;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void check_content(const char *path, const char *want)
{
    size_t size;
    char *text = mn_read(path, &size);
    ck_assert_uint_eq(size, strlen(want));
    ck_assert_str_eq(text, want);
    free(text);
}

/* A whole file at once. */
static mirnet_status write_file(const char *path, const void *bytes, size_t size)
{
    mn_file file;
    MN_TRY(mn_file_create(&file, path));
    mirnet_status status = mn_file_add(&file, bytes, size);
    if (status == MIRNET_OK)
        status = mn_file_commit(&file);
    mn_file_destroy(&file);
    return status;
}

START_TEST(pieces_of_any_size_make_a_file)
{
    enum { N = 100000 };
    const char *folder = mn_scratch_folder("folder"), *path = mn_scratch_path("folder/file");
    char *want = malloc(N);
    for (int i = 0; i < N; i++)
        want[i] = (char)(i * 7 + i / 251);
    static const size_t steps[] = {1, 8, 1000, 4095, 4096, 4097, 50000, N};
    for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
        mn_file file;
        size_t size;
        mn_ok(mn_file_create(&file, path));
        mn_ok(mn_file_add(&file, NULL, 0));
        for (size_t at = 0; at < N; at += steps[k])
            mn_ok(mn_file_add(&file, want + at, N - at < steps[k] ? N - at : steps[k]));
        mn_ok(mn_file_commit(&file));
        mn_file_destroy(&file);
        char *got = mn_read(path, &size);
        ck_assert_uint_eq(size, N);
        ck_assert_int_eq(memcmp(got, want, N), 0);
        free(got);
        ck_assert_int_eq(count_entries(folder), 1);
    }
    free(want);
}
END_TEST

START_TEST(what_is_not_committed_was_never_there)
{
    const char *folder = mn_scratch_folder("folder"), *path = mn_scratch_path("folder/file");
    mn_file file;
    mn_write_text(path, "old");
    mn_ok(mn_file_create(&file, path));
    ck_assert_int_eq(count_entries(folder), 2);
    mn_ok(mn_file_add(&file, "new", 3));
    check_content(path, "old");
    mn_file_destroy(&file);
    check_content(path, "old");
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(a_file_is_replaced_whole)
{
    const char *folder = mn_scratch_folder("folder"), *path = mn_scratch_path("folder/file");
    mn_ok(write_file(path, "first", 5));
    check_content(path, "first");
    mn_ok(write_file(path, "second one", 10));
    check_content(path, "second one");
    mn_ok(write_file(path, NULL, 0));
    check_content(path, "");
    char *big = malloc(BIG);
    for (int i = 0; i < BIG; i++)
        big[i] = (char)(i % 253);
    mn_ok(write_file(path, big, BIG));
    size_t size;
    char *back = mn_read(path, &size);
    ck_assert_uint_eq(size, BIG);
    ck_assert_int_eq(memcmp(back, big, BIG), 0);
    free(back);
    free(big);
    ck_assert_int_eq(count_entries(folder), 1);
}
END_TEST

START_TEST(a_bare_name_goes_into_the_working_folder)
{
    const char *folder = mn_scratch_folder("folder");
    ck_assert_int_eq(chdir(folder), 0);
    mn_ok(write_file("file", "text", 4));
    check_content("file", "text");
    ck_assert_int_eq(count_entries("."), 1);
}
END_TEST

START_TEST(an_open_reader_keeps_the_old_file)
{
    const char *path = mn_scratch_path("file");
    char text[8] = "";
    mn_write_text(path, "old");
    int fd = open(path, O_RDONLY);
    mn_ok(write_file(path, "new!", 4));
    ck_assert_int_eq(read(fd, text, sizeof(text)), 3);
    ck_assert_str_eq(text, "old");
    close(fd);
    check_content(path, "new!");
}
END_TEST

START_TEST(permission_bits_of_an_old_file_are_kept)
{
    const char *path = mn_scratch_path("file");
    const mode_t modes[] = {0600, 0640, 0644, 0666, 0755, 0777};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        mn_write_text(path, "old");
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        umask(i % 2 ? 077 : 022);
        mn_ok(write_file(path, "new", 3));
        ck_assert_uint_eq(mode_of(path), modes[i]);
    }
}
END_TEST

START_TEST(a_new_file_obeys_the_umask)
{
    const mode_t masks[] = {0, 022, 027, 077};
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        char name[16];
        snprintf(name, sizeof(name), "file%zu", i);
        umask(masks[i]);
        mn_ok(write_file(mn_scratch_path(name), "new", 3));
        ck_assert_uint_eq(mode_of(mn_scratch_path(name)), 0666 & ~masks[i]);
        ck_assert_uint_eq(umask(masks[i]), masks[i]);
    }
}
END_TEST

/* A link to `to` under the name `from`; returns its path. */
static const char *make_link(const char *to, const char *from)
{
    const char *path = mn_scratch_path(from);
    ck_assert_int_eq(symlink(to, path), 0);
    return path;
}

START_TEST(a_symbolic_link_stays_and_its_target_is_replaced)
{
    mn_scratch_folder("there");
    const char *target = mn_scratch_path("there/file"), *link = make_link("there/file", "link");
    struct stat st;
    mn_write_text(target, "old");
    mn_ok(write_file(link, "new", 3));
    check_content(target, "new");
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(count_entries(mn_scratch_path("there")), 1);
}
END_TEST

START_TEST(links_are_followed_one_after_another_and_to_new_files)
{
    mn_scratch_folder("there");
    make_link("there/second", "first");
    make_link(mn_scratch_path("third"), "there/second");
    mn_ok(write_file(mn_scratch_path("first"), "new", 3));
    check_content(mn_scratch_path("third"), "new");
    ck_assert_int_eq(count_entries(mn_scratch_path("there")), 1);
}
END_TEST

START_TEST(links_in_a_circle_are_an_error)
{
    make_link("b", "a");
    make_link("a", "b");
    mn_fails(MIRNET_ERR_IO, write_file(mn_scratch_path("a"), "new", 3));
    make_link("c", "c");
    mn_fails(MIRNET_ERR_IO, write_file(mn_scratch_path("c"), "new", 3));
}
END_TEST

/* The write fails, its message holds `word`, and the folder is as it was. */
static void check_refused(const char *path, const char *folder, const char *word)
{
    int before = folder ? count_entries(folder) : 0;
    mn_fails(MIRNET_ERR_IO, write_file(path, "new", 3));
    ck_assert_msg(strstr(mirnet_last_message(), word) != NULL, "'%s' is not in: %s", word, mirnet_last_message());
    if (folder)
        ck_assert_int_eq(count_entries(folder), before);
}

START_TEST(what_is_no_regular_file_is_refused)
{
    const char *folder = mn_scratch_folder("folder"), *pipe = mn_scratch_path("folder/pipe");
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    check_refused(folder, folder, "it is a folder");
    check_refused(pipe, folder, "not a regular file");
    check_refused(make_link("folder/pipe", "link"), folder, "not a regular file");
    check_refused("/dev/full", NULL, "not a regular file");
    check_refused("/dev/null", NULL, "not a regular file");
}
END_TEST

START_TEST(odd_paths_fail_cleanly)
{
    const char *folder = mn_scratch_folder("folder");
    char *path = malloc(5000);
    check_refused("", NULL, "cannot");
    check_refused(mn_scratch_path("folder/"), folder, "cannot");
    check_refused(mn_scratch_path("none/file"), folder, "No such file");
    mn_write_text(mn_scratch_path("file"), "x");
    check_refused(mn_scratch_path("file/below"), folder, "Not a directory");
    check_refused(mn_scratch_path("folder/new/"), folder, "cannot");
    snprintf(path, 5000, "%s/", folder);
    memset(path + strlen(path), 'x', 300);
    path[strlen(folder) + 301] = '\0';
    check_refused(path, folder, "too long");
    memset(path, 'y', 4999);
    path[4999] = '\0';
    check_refused(path, folder, "too long");
    free(path);
}
END_TEST

START_TEST(a_name_of_full_length_works)
{
    const char *folder = mn_scratch_folder("folder");
    char path[2048];
    snprintf(path, sizeof(path), "%s/", folder);
    size_t n = strlen(path);
    memset(path + n, 'x', 255);
    path[n + 255] = '\0';
    mn_ok(write_file(path, "new", 3));
    check_content(path, "new");
}
END_TEST

/* Goes into the folder, whose path others may not be able to walk, and gives up root's right to write everywhere. */
static void enter_as_nobody(const char *folder)
{
    ck_assert_int_eq(chdir(folder), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
}

static void become_oneself(void)
{
    ck_assert_int_eq(seteuid(getuid()), 0);
}

START_TEST(a_folder_without_write_permission_is_an_error)
{
    const char *folder = mn_scratch_folder("folder");
    mn_write_text(mn_scratch_path("folder/file"), "old");
    ck_assert_int_eq(chmod(mn_scratch_path("folder/file"), 0666), 0);
    ck_assert_int_eq(chmod(folder, 0555), 0);
    enter_as_nobody(folder);
    check_refused("file", ".", "Permission denied");
    check_refused("new", ".", "Permission denied");
    check_content("file", "old");
    become_oneself();
}
END_TEST

START_TEST(a_file_without_write_permission_is_left_alone)
{
    const char *folder = mn_scratch_folder("folder");
    mn_write_text(mn_scratch_path("folder/file"), "old");
    ck_assert_int_eq(chmod(mn_scratch_path("folder/file"), 0444), 0);
    ck_assert_int_eq(chmod(folder, 0777), 0);
    enter_as_nobody(folder);
    check_refused("file", ".", "Permission denied");
    check_content("file", "old");
    mn_ok(write_file("new", "new", 3));
    become_oneself();
}
END_TEST

START_TEST(a_folder_that_may_not_be_listed_can_still_be_written)
{
    const char *folder = mn_scratch_folder("folder");
    ck_assert_int_eq(chmod(folder, 0333), 0);
    enter_as_nobody(folder);
    mn_ok(write_file("new", "new", 3));
    check_content("new", "new");
    become_oneself();
    ck_assert_int_eq(count_entries("."), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io");
    TCase *reading = tcase_create("reading"), *writing = tcase_create("writing");
    tcase_add_test(writing, pieces_of_any_size_make_a_file);
    tcase_add_test(writing, what_is_not_committed_was_never_there);
    tcase_add_test(writing, a_file_is_replaced_whole);
    tcase_add_test(writing, a_bare_name_goes_into_the_working_folder);
    tcase_add_test(writing, an_open_reader_keeps_the_old_file);
    tcase_add_test(writing, permission_bits_of_an_old_file_are_kept);
    tcase_add_test(writing, a_new_file_obeys_the_umask);
    tcase_add_test(writing, a_symbolic_link_stays_and_its_target_is_replaced);
    tcase_add_test(writing, links_are_followed_one_after_another_and_to_new_files);
    tcase_add_test(writing, links_in_a_circle_are_an_error);
    tcase_add_test(writing, what_is_no_regular_file_is_refused);
    tcase_add_test(writing, odd_paths_fail_cleanly);
    tcase_add_test(writing, a_name_of_full_length_works);
    tcase_add_test(writing, a_folder_without_write_permission_is_an_error);
    tcase_add_test(writing, a_file_without_write_permission_is_left_alone);
    tcase_add_test(writing, a_folder_that_may_not_be_listed_can_still_be_written);
    suite_add_tcase(suite, reading);
    suite_add_tcase(suite, writing);
    return mn_check_main(suite);
}
