/* out.h - what the program writes: messages on standard error, results that are whole or not there at all */
/* SPDX-License-Identifier: MIT */
#ifndef OUT_H
#define OUT_H

#include <jansson.h>
#include <stdio.h>

/* How the program ends. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* One line "mirnet: ..." on standard error. out_error returns EXIT_FAILED, out_usage EXIT_USAGE, and out_library says
 * what the library said last and returns EXIT_FAILED. */
void out_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
int out_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int out_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
int out_library(void);

/*
 * A result on its way: to standard output (path NULL or "-"), or to a temporary file in the folder of `path` that takes
 * that name when it is complete. Devices and pipes are written to directly. All zeros is a valid closed result.
 */
typedef struct out_file {
    FILE *file;
    const char *path; /* as the user wrote it; NULL: standard output */
    char *target;     /* the file to replace, symbolic links followed; NULL when written directly */
    char *temporary;
    int slot;  /* of the list of files that a signal removes */
    int error; /* errno of the first write that failed, 0: none */
} out_file;

/* Each returns an exit status, after its message. A reader that went away (EPIPE) is EXIT_FAILED without a message. */
int out_open(out_file *out, const char *path);
int out_write(out_file *out, const void *bytes, size_t n);
int out_printf(out_file *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int out_json(out_file *out, const json_t *value, size_t flags);
/* Completes the result: only now is it under its name. */
int out_close(out_file *out);
/* Forgets an unfinished result; nothing happens to a closed one. */
void out_discard(out_file *out);

/* Whether `path` could be written: creates a temporary file beside it and removes it. Says so before hours of work.
 * `only_files`: a device or a pipe will not do. */
int out_check(const char *path, int only_files);

/* Takes the JSON value over and writes it to `path` at once; NULL is "out of memory". */
int out_save_json(const char *path, json_t *value);

/* Unfinished results are removed when a signal ends the program; a closed pipe becomes an error of the write. */
void out_catch_signals(void);

#endif
