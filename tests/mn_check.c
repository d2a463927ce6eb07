/* mn_check.c - what the test programs share */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layers/passes.h"
#include "mn_kernels.h"

enum { PATH_SIZE = 1024 };

/* Made before the cases fork: they write into it, mn_check_main reads and removes it. */
static char scratch_root[PATH_SIZE];

/* The next of four static texts, so that a few paths can be used side by side. */
static char *path_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *path_text(const char *format, ...)
{
    static char texts[4][PATH_SIZE];
    static int next;
    char *text = texts[next++ % 4];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, PATH_SIZE, format, args);
    va_end(args);
    ck_assert_msg(n >= 0 && n < PATH_SIZE, "a path is too long");
    return text;
}

static void remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    if (folder) {
        char child[2 * PATH_SIZE];
        for (struct dirent *entry; (entry = readdir(folder));)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
                snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
                struct stat info;
                if (lstat(child, &info) == 0 && S_ISDIR(info.st_mode))
                    remove_tree(child);
                else
                    unlink(child);
            }
        closedir(folder);
    }
    rmdir(path);
}

static void make_scratch_root(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(scratch_root, sizeof(scratch_root), "%s/mirnet-test-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(scratch_root)) {
        perror(scratch_root);
        exit(1);
    }
}

/* Shows what was skipped and returns how many cases that were. */
static int report_skips(void)
{
    char path[PATH_SIZE + 8], line[1024];
    int n = 0;
    snprintf(path, sizeof(path), "%s/skips", scratch_root);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file)) {
        printf("skipped: %s", line);
        n++;
    }
    fclose(file);
    return n;
}

/* MIRNET_TEST_KERNELS names the table of kernels that the whole program uses; unset: the best one. */
static void choose_kernels(void)
{
    const char *name = getenv("MIRNET_TEST_KERNELS");
    if (name && !mn_test_kernels_at(0)) {
        fprintf(stderr, "MIRNET_TEST_KERNELS: this CPU has no kernels '%s'\n", name);
        exit(1);
    }
    if (name)
        mn_kernels_force(mn_test_kernels_at(0));
}

/* MIRNET_TEST_PASSES: the savings that plans make, as a number; unset: all. */
static void choose_passes(void)
{
    const char *text = getenv("MIRNET_TEST_PASSES");
    if (text)
        mn_passes_force(atoi(text));
}

int mn_check_main(Suite *suite)
{
    choose_kernels();
    choose_passes();
    make_scratch_root();
    printf("seed %llu\n", (unsigned long long)mn_seed());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner), run = srunner_ntests_run(runner), skipped = report_skips();
    srunner_free(runner);
    remove_tree(scratch_root);
    printf("%d passed, %d failed", run - failed - skipped, failed);
    printf(skipped ? ", %d skipped\n" : "\n", skipped);
    return failed != 0;
}

void mn_skip_note(const char *name, const char *format, ...)
{
    char path[PATH_SIZE + 8];
    snprintf(path, sizeof(path), "%s/skips", scratch_root);
    FILE *file = fopen(path, "a");
    ck_assert_msg(file != NULL, "%s cannot be written", path);
    /* Check makes "<case>_fn" of the name of a case. */
    size_t n = strlen(name);
    fprintf(file, "%.*s: ", (int)(n > 3 && strcmp(name + n - 3, "_fn") == 0 ? n - 3 : n), name);
    va_list args;
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fputc('\n', file);
    fclose(file);
}

void mn_fails_at(const char *file, int line, const char *text, const char *wanted_text, int32_t wanted, int32_t got)
{
    const char *message = mirnet_last_message();
    ck_assert_msg(got == wanted, "%s:%d: %s gave %s (%s), not %s", file, line, text, mirnet_status_name(got), message,
                  wanted_text);
    ck_assert_msg(message[0] && !strchr(message, '\n'), "%s:%d: %s: the message is not one line: \"%s\"", file, line,
                  text, message);
}

uint64_t mn_seed(void)
{
    const char *text = getenv("MIRNET_TEST_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

static const char *path_below(const char *variable, const char *standard, const char *name)
{
    const char *root = getenv(variable);
    const char *path = root ? path_text("%s/%s", root, name) : path_text("%s/%s/%s", MN_SOURCE_ROOT, standard, name);
    return mn_exists(path) ? path : NULL;
}

const char *mn_data_path(const char *name)
{
    return path_below("MIRNET_DATA", "../shared/data", name);
}

const char *mn_golden_path(const char *name)
{
    return path_below("MIRNET_GOLDEN", "../shared/golden", name);
}

const char *mn_test_path(const char *name)
{
    const char *path = path_text("%s/tests/data/%s", MN_SOURCE_ROOT, name);
    return mn_exists(path) ? path : NULL;
}

/* One entry of an array of floats or of doubles. */
typedef double (*entry)(const void *array, size_t i);

static double float_entry(const void *array, size_t i)
{
    return (double)((const float *)array)[i];
}

static double double_entry(const void *array, size_t i)
{
    return ((const double *)array)[i];
}

static void compare(const char *file, int line, const char *what, entry at, const void *got, const void *want, size_t n,
                    double tolerance)
{
    double largest = 0, worst = 0;
    size_t where = 0;
    for (size_t i = 0; i < n; i++) {
        double g = at(got, i), w = at(want, i);
        if (!isfinite(g) || !isfinite(w))
            ck_abort_msg("%s:%d: %s[%zu] is %g, not %g", file, line, what, i, g, w);
        largest = fabs(w) > largest ? fabs(w) : largest;
        if (fabs(g - w) > worst) {
            worst = fabs(g - w);
            where = i;
        }
    }
    if (worst > tolerance * largest)
        ck_abort_msg("%s:%d: %s[%zu] of %zu is %.9g, not %.9g: off by %.3g of the largest entry %.6g, allowed %.3g",
                     file, line, what, where, n, at(got, where), at(want, where), worst / largest, largest, tolerance);
}

void mn_close_double_at(const char *file, int line, const char *what, const double *got, const double *want, size_t n,
                        double tolerance)
{
    compare(file, line, what, double_entry, got, want, n, tolerance);
}

void mn_close_at(const char *file, int line, const char *what, const float *got, const float *want, size_t n,
                 double tolerance)
{
    compare(file, line, what, float_entry, got, want, n, tolerance);
}

void mn_same_at(const char *file, int line, const char *what, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof(float)) != 0)
            ck_abort_msg("%s:%d: %s[%zu] of %zu is %a, not the same bits as %a", file, line, what, i, n,
                         (double)got[i], (double)want[i]);
}

const char *mn_scratch_path(const char *name)
{
    char *folder = path_text("%s/%ld", scratch_root, (long)getpid());
    mkdir(folder, 0777);
    return path_text("%s/%s", folder, name);
}

const char *mn_scratch_folder(const char *name)
{
    static char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s", mn_scratch_path(name));
    ck_assert_int_eq(mkdir(path, 0777), 0);
    return path;
}

char *mn_read(const char *path, size_t *opt_out_size)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    ck_assert_int_ge(size, 0);
    rewind(file);
    char *bytes = malloc((size_t)size + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, (size_t)size, file), (size_t)size);
    bytes[size] = '\0';
    fclose(file);
    if (opt_out_size)
        *opt_out_size = (size_t)size;
    return bytes;
}

void mn_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "%s cannot be opened for writing", path);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

void mn_write_text(const char *path, const char *text)
{
    mn_write(path, text, strlen(text));
}

bool mn_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}
