/* standalone.c - runs a fuzz target over files and folders, each file whole and cut short at every byte */
/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUT_LIMIT = 4096 /* larger files are run whole only */ };

static int passed, failed;

static void fail(const char *path, const char *what)
{
    printf("%s: %s\n", path, what);
    failed++;
}

/* From a block of exactly this size, so that AddressSanitizer sees a read beyond it. */
static void run_bytes(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_file(const char *path, size_t size)
{
    uint8_t *bytes = malloc(size ? size : 1);
    FILE *file = fopen(path, "rb");
    if (!bytes || !file || fread(bytes, 1, size, file) != size) {
        fail(path, "cannot be read");
    } else {
        /* If the target crashes, this is the last line that is seen. */
        printf("%s\n", path);
        fflush(stdout);
        for (size_t cut = 0; size <= CUT_LIMIT && cut < size; cut++)
            run_bytes(bytes, cut);
        run_bytes(bytes, size);
        passed++;
    }
    if (file)
        fclose(file);
    free(bytes);
}

static void run_path(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        fail(path, "is not there");
        return;
    }
    if (!S_ISDIR(info.st_mode)) {
        run_file(path, (size_t)info.st_size);
        return;
    }
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0) {
        fail(path, "cannot be listed");
        return;
    }
    for (int i = 0; i < n; i++) {
        char child[4096];
        snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            run_path(child);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    if (passed == 0)
        fail("no file", "nothing was run");
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
