/* faults.c - stands between the process and the C library and lets the n-th call fail */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic int fault_kind;
static _Atomic int64_t fault_n, n_calls, n_failed, n_blocks, n_files;
static _Atomic int fault_error;
static _Atomic bool fault_persistent;

void mn_faults_set(mn_fault_kind kind, int64_t n, bool persistent, int error)
{
    fault_kind = MN_FAULT_NONE;
    n_calls = 0;
    n_failed = 0;
    fault_n = n;
    fault_persistent = persistent;
    fault_error = error;
    fault_kind = kind;
}

int64_t mn_faults_reset(void)
{
    fault_kind = MN_FAULT_NONE;
    return n_failed;
}

int64_t mn_faults_count(void)
{
    return n_calls;
}

int64_t mn_faults_blocks(void)
{
    return n_blocks;
}

int64_t mn_faults_files(void)
{
    return n_files;
}

/* Counts a call; true if it is to fail, with errno set. */
static bool fails(int kind)
{
    if (fault_kind != kind)
        return false;
    int64_t i = ++n_calls;
    if (fault_n == 0 || i < fault_n || (i > fault_n && !fault_persistent))
        return false;
    n_failed++;
    errno = fault_error;
    return true;
}

/* For the calls that a signal does not interrupt and that cannot be short. */
static bool fails_outright(void)
{
    return fault_error != EINTR && fault_error != MN_FAULT_SHORT && fails(MN_FAULT_IO);
}

/* For those that it does. */
static bool fails_or_stops(void)
{
    return fault_error != MN_FAULT_SHORT && fails(MN_FAULT_IO);
}

/*
 * The next definition of a symbol. dlsym may allocate and free itself: its blocks come from a small store of our own
 * and are never given back.
 */
static _Alignas(64) char store[16384];
static _Atomic size_t store_used;
static _Thread_local volatile int resolving; /* volatile: dlsym is declared not to call back, but it does */

static bool in_store(const void *block)
{
    return (const char *)block >= store && (const char *)block < store + sizeof(store);
}

static void *take_from_store(size_t n)
{
    size_t at = atomic_fetch_add(&store_used, (n + 63) & ~(size_t)63);
    return at + n <= sizeof(store) ? store + at : NULL;
}

static void resolve(const char *name, void *out_function)
{
    resolving++;
    void *symbol = dlsym(RTLD_NEXT, name);
    resolving--;
    if (!symbol)
        abort();
    memcpy(out_function, &symbol, sizeof(symbol));
}

/* Declares `next`, the function of the same name that would have been called. */
#define NEXT(type, name, ...)         \
    static type (*next)(__VA_ARGS__); \
    if (!next)                        \
    resolve(#name, &next)

/* ---- memory ---- */

static void *count_block(void *block)
{
    if (block)
        n_blocks++;
    return block;
}

void *malloc(size_t size)
{
    if (resolving)
        return take_from_store(size);
    NEXT(void *, malloc, size_t);
    return fails(MN_FAULT_MEMORY) ? NULL : count_block(next(size));
}

void *calloc(size_t n, size_t size)
{
    if (resolving)
        return take_from_store(n * size);
    NEXT(void *, calloc, size_t, size_t);
    return fails(MN_FAULT_MEMORY) ? NULL : count_block(next(n, size));
}

void *realloc(void *block, size_t size)
{
    NEXT(void *, realloc, void *, size_t);
    if (fails(MN_FAULT_MEMORY))
        return NULL;
    if (in_store(block)) {
        void *moved = malloc(size);
        size_t most = (size_t)(store + sizeof(store) - (char *)block);
        return moved ? memcpy(moved, block, size < most ? size : most) : NULL;
    }
    void *grown = next(block, size);
    return block ? grown : count_block(grown);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    NEXT(void *, aligned_alloc, size_t, size_t);
    return fails(MN_FAULT_MEMORY) ? NULL : count_block(next(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    NEXT(int, posix_memalign, void **, size_t, size_t);
    if (fails(MN_FAULT_MEMORY))
        return ENOMEM;
    int error = next(out, alignment, size);
    if (!error)
        n_blocks++;
    return error;
}

void free(void *block)
{
    if (!block || in_store(block) || resolving)
        return;
    NEXT(void, free, void *);
    n_blocks--;
    next(block);
}

/* ---- files ---- */

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    NEXT(int, open, const char *, int, ...);
    if (fails_or_stops())
        return -1;
    int fd = next(path, flags, mode);
    n_files += fd >= 0;
    return fd;
}

int close(int fd)
{
    NEXT(int, close, int);
    bool failed = fails_or_stops();
    int error = errno, result = next(fd); /* the descriptor is gone even if close fails */
    n_files -= result == 0;
    errno = failed ? error : errno;
    return failed ? -1 : result;
}

ssize_t read(int fd, void *bytes, size_t n)
{
    NEXT(ssize_t, read, int, void *, size_t);
    if (fails(MN_FAULT_IO)) {
        if (fault_error != MN_FAULT_SHORT)
            return -1;
        n = n > 0 ? 1 : 0;
    }
    return next(fd, bytes, n);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    NEXT(ssize_t, write, int, const void *, size_t);
    if (fails(MN_FAULT_IO)) {
        if (fault_error != MN_FAULT_SHORT)
            return -1;
        n = n > 0 ? 1 : 0;
    }
    return next(fd, bytes, n);
}

/* Not passed on while counting: thousands of runs need not wait for a disk. */
int fsync(int fd)
{
    NEXT(int, fsync, int);
    if (fault_kind == MN_FAULT_NONE)
        return next(fd);
    return fails_or_stops() ? -1 : 0;
}

int rename(const char *from, const char *to)
{
    NEXT(int, rename, const char *, const char *);
    return fails_outright() ? -1 : next(from, to);
}

int stat(const char *restrict path, struct stat *restrict out)
{
    NEXT(int, stat, const char *, struct stat *);
    return fails_outright() ? -1 : next(path, out);
}

int lstat(const char *restrict path, struct stat *restrict out)
{
    NEXT(int, lstat, const char *, struct stat *);
    return fails_outright() ? -1 : next(path, out);
}

int fstat(int fd, struct stat *out)
{
    NEXT(int, fstat, int, struct stat *);
    return fails_outright() ? -1 : next(fd, out);
}

ssize_t readlink(const char *restrict path, char *restrict out, size_t n)
{
    NEXT(ssize_t, readlink, const char *, char *, size_t);
    return fails_outright() ? -1 : next(path, out, n);
}

int fchmod(int fd, mode_t mode)
{
    NEXT(int, fchmod, int, mode_t);
    return fails_outright() ? -1 : next(fd, mode);
}

int faccessat(int folder, const char *path, int mode, int flags)
{
    NEXT(int, faccessat, int, const char *, int, int);
    return fails_outright() ? -1 : next(folder, path, mode, flags);
}

/* ---- threads ---- */

int pthread_create(pthread_t *restrict out, const pthread_attr_t *restrict attributes, void *(*run)(void *),
                   void *restrict argument)
{
    NEXT(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    return fails(MN_FAULT_THREAD) ? fault_error : next(out, attributes, run, argument);
}
