/* out.c - messages, and results that are whole or not there at all */
/* SPDX-License-Identifier: MIT */
/* realpath() is X/Open. */
#define _XOPEN_SOURCE 700

#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mirnet/mirnet.h>

enum { MAX_PENDING = 4 };

/* Temporary files that a signal handler removes. */
static char *volatile pending[MAX_PENDING];

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof(text), format, args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "mirnet: %s\n", text);
}

void out_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

int out_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    return EXIT_FAILED;
}

int out_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    return EXIT_USAGE;
}

int out_library(void)
{
    return out_error("%s", mirnet_last_message());
}

static void remove_pending(int signal_number)
{
    for (int i = 0; i < MAX_PENDING; i++)
        if (pending[i])
            unlink(pending[i]);
    /* The handler was reset when it was entered: this ends the program as if it had never been there. */
    raise(signal_number);
}

void out_catch_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, clean = {.sa_handler = remove_pending};
    clean.sa_flags = (int)SA_RESETHAND;
    sigaction(SIGPIPE, &ignore, NULL);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction old;
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) /* nohup stays in force */
            sigaction(signals[i], &clean, NULL);
    }
}

static int report(const out_file *out, int error)
{
    if (error == EPIPE)
        return EXIT_FAILED;
    return out_error("%s: %s", out->path ? out->path : "standard output", strerror(error));
}

static int slot_take(char *path)
{
    for (int i = 0; i < MAX_PENDING; i++)
        if (!pending[i]) {
            pending[i] = path;
            return i;
        }
    return -1;
}

static void slot_give(out_file *out)
{
    if (out->slot >= 0)
        pending[out->slot] = NULL;
    out->slot = -1;
}

/* The name behind all symbolic links, or the path itself where there is no file yet. NULL: errno tells. */
static char *resolve(const char *path)
{
    char *real = realpath(path, NULL);
    return real || errno != ENOENT ? real : strdup(path);
}

/* Creates the temporary file beside the target; an old file's permission bits are kept. */
static int open_temporary(out_file *out, const struct stat *old)
{
    size_t room = strlen(out->target) + 32;
    out->temporary = malloc(room);
    if (!out->temporary)
        return -1;
    for (int attempt = 0; attempt < 100; attempt++) {
        snprintf(out->temporary, room, "%s.%ld.%d.tmp", out->target, (long)getpid(), attempt);
        int fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            out->slot = slot_take(out->temporary);
            if (old)
                (void)fchmod(fd, old->st_mode & 0777);
            return fd;
        }
        if (errno != EEXIST)
            break;
    }
    return -1;
}

int out_open(out_file *out, const char *path)
{
    *out = (out_file){.slot = -1};
    if (!path || strcmp(path, "-") == 0) {
        out->file = stdout;
        return EXIT_OK;
    }
    out->path = path;
    struct stat old;
    int exists = stat(path, &old) == 0, fd;
    if (exists && !S_ISREG(old.st_mode)) {
        fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        out->target = resolve(path);
        fd = out->target ? open_temporary(out, exists ? &old : NULL) : -1;
    }
    if (fd >= 0)
        out->file = fdopen(fd, "w");
    if (out->file)
        return EXIT_OK;
    int status = report(out, errno);
    if (fd >= 0) {
        close(fd);
        if (out->temporary)
            unlink(out->temporary);
    }
    slot_give(out);
    free(out->temporary);
    free(out->target);
    *out = (out_file){.slot = -1};
    return status;
}

static int failed(out_file *out)
{
    if (!out->error)
        out->error = errno ? errno : EIO;
    return EXIT_FAILED;
}

int out_write(out_file *out, const void *bytes, size_t n)
{
    if (out->error || fwrite(bytes, 1, n, out->file) != n)
        return failed(out);
    return EXIT_OK;
}

int out_printf(out_file *out, const char *format, ...)
{
    if (out->error)
        return EXIT_FAILED;
    va_list args;
    va_start(args, format);
    int n = vfprintf(out->file, format, args);
    va_end(args);
    return n < 0 ? failed(out) : EXIT_OK;
}

static int write_chunk(const char *bytes, size_t n, void *payload)
{
    return out_write(payload, bytes, n) == EXIT_OK ? 0 : -1;
}

int out_json(out_file *out, const json_t *value, size_t flags)
{
    if (!value || json_dump_callback(value, write_chunk, out, flags) != 0) {
        if (!out->error)
            out->error = ENOMEM;
        return EXIT_FAILED;
    }
    return out_write(out, "\n", 1);
}

int out_close(out_file *out)
{
    if (!out->file)
        return EXIT_OK;
    if (fflush(out->file) != 0)
        failed(out);
    if (out->temporary && !out->error && fsync(fileno(out->file)) != 0)
        failed(out);
    if (out->file != stdout && fclose(out->file) != 0) /* there may be more to come on standard output */
        failed(out);
    out->file = NULL;
    if (out->temporary && !out->error && rename(out->temporary, out->target) != 0)
        failed(out);
    int status = out->error ? report(out, out->error) : EXIT_OK;
    if (status != EXIT_OK && out->temporary)
        unlink(out->temporary);
    slot_give(out);
    free(out->temporary);
    free(out->target);
    *out = (out_file){.slot = -1};
    return status;
}

void out_discard(out_file *out)
{
    if (!out->file)
        return;
    if (out->temporary) {
        fclose(out->file);
        unlink(out->temporary);
        slot_give(out);
    } else {
        fflush(out->file);
        if (out->file != stdout)
            fclose(out->file);
    }
    free(out->temporary);
    free(out->target);
    *out = (out_file){.slot = -1};
}

int out_check(const char *path, int only_files)
{
    out_file out;
    struct stat old;
    if (only_files && stat(path, &old) == 0 && !S_ISREG(old.st_mode))
        return out_error("%s: not a regular file", path);
    int status = out_open(&out, path);
    if (status == EXIT_OK)
        out_discard(&out);
    return status;
}

int out_save_json(const char *path, json_t *value)
{
    if (!value)
        return out_error("out of memory");
    out_file out;
    int status = out_open(&out, path);
    if (status == EXIT_OK) {
        out_json(&out, value, JSON_INDENT(2));
        status = out_close(&out);
    }
    json_decref(value);
    return status;
}
