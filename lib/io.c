/* io.c - files in, and whole files out */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"

enum {
    MAX_LINKS = 40, /* symbolic links in a row, as in the kernel */
    MAX_LINK_SIZE = 4096,
    MAX_TRIES = 100,   /* names for a temporary file */
    MAX_STEP = 1 << 30 /* bytes in one read or write: fits ssize_t everywhere */
};

/* A pipe or a device has no size that could be checked beforehand, and /dev/zero never ends. */
static const size_t STREAM_LIMIT = (size_t)256 << 20;

/* close() without a second try: the descriptor is gone even if a signal came in between. */
static int close_once(int fd)
{
    int result = close(fd);
    return result < 0 && errno == EINTR ? 0 : result;
}

static int sync_file(int fd)
{
    int result;
    do
        result = fsync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

static int open_file(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* As much as there is up to n bytes: fewer only at the end of the file. -1 with errno on an error. */
static ssize_t read_some(int fd, char *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        size_t step = (size_t)mn_min((int64_t)(n - done), MAX_STEP);
        ssize_t got = read(fd, bytes + done, step);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* Reads to the end into a block that starts with room for the size the file claims and grows if there is more. */
static mirnet_status read_all(int fd, const char *path, size_t claimed, size_t limit, char **out_bytes,
                              size_t *out_size)
{
    char *bytes = NULL;
    size_t size = 0, capacity = 0;
    mirnet_status status = mn_grow(&bytes, &capacity, claimed + 1, 1);
    while (status == MIRNET_OK) {
        ssize_t got = read_some(fd, bytes + size, capacity - size);
        if (got < 0) {
            status = mn_fail_errno("%s: cannot read", path);
            break;
        }
        size += (size_t)got;
        if (size < capacity) { /* the end was reached, and there is a place for the NUL */
            if (size > limit)
                status = mn_fail(MIRNET_ERR_FORMAT, "%s: larger than %zu bytes", path, limit);
            break;
        }
        if (size > limit)
            status = mn_fail(MIRNET_ERR_FORMAT, "%s: larger than %zu bytes", path, limit);
        else
            status = mn_grow(&bytes, &capacity, size + 1, 1);
    }
    if (status != MIRNET_OK) {
        mn_free(bytes);
        return status;
    }
    bytes[size] = '\0';
    *out_bytes = bytes;
    *out_size = size;
    return MIRNET_OK;
}

/* Opens a file to read. *out_size is the size of a regular file, which is checked against the limit; 0: it is to be
 * read to its end to be known. */
static mirnet_status open_source(int *out_fd, const char *path, size_t limit, size_t *out_size)
{
    struct stat st;
    *out_size = 0;
    *out_fd = open_file(path, O_RDONLY, 0);
    if (*out_fd < 0)
        return mn_fail_errno("%s: cannot open", path);
    mirnet_status status = MIRNET_OK;
    if (fstat(*out_fd, &st) < 0)
        status = mn_fail_errno("%s: cannot read", path);
    else if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > limit)
        status = mn_fail(MIRNET_ERR_FORMAT, "%s: larger than %zu bytes", path, limit);
    else if (S_ISREG(st.st_mode))
        *out_size = (size_t)st.st_size;
    if (status != MIRNET_OK)
        close(*out_fd);
    return status;
}

/* All of a file that open_source has opened. */
static mirnet_status read_open(int fd, const char *path, size_t known, size_t limit, char **out_bytes, size_t *out_size)
{
    if (known > 0)
        return read_all(fd, path, known, limit, out_bytes, out_size);
    return read_all(fd, path, 4095, limit < STREAM_LIMIT ? limit : STREAM_LIMIT, out_bytes, out_size);
}

static size_t cap_limit(size_t limit)
{
    return limit < SIZE_MAX / 4 ? limit : SIZE_MAX / 4;
}

mirnet_status mn_file_read(const char *path, size_t limit, char **out_bytes, size_t *out_size)
{
    int fd;
    size_t known;
    limit = cap_limit(limit);
    MN_TRY(open_source(&fd, path, limit, &known));
    mirnet_status status = read_open(fd, path, known, limit, out_bytes, out_size);
    close(fd);
    return status;
}

/* ---- bytes in order ---- */

mn_source mn_source_of(const void *bytes, size_t size, const char *name)
{
    return (mn_source){.name = name, .left = size, .at = size ? bytes : (const void *)"", .fd = -1};
}

mirnet_status mn_source_open(mn_source *out, const char *path, size_t limit)
{
    int fd;
    size_t known;
    limit = cap_limit(limit);
    MN_TRY(open_source(&fd, path, limit, &known));
    if (known > 0) {
        *out = (mn_source){.name = path, .left = known, .fd = fd};
        return MIRNET_OK;
    }
    char *bytes;
    size_t size;
    mirnet_status status = read_open(fd, path, 0, limit, &bytes, &size);
    close(fd);
    if (status == MIRNET_OK) {
        *out = mn_source_of(bytes, size, path);
        out->own = bytes;
    }
    return status;
}

mirnet_status mn_source_read(mn_source *source, void *out, size_t n)
{
    if (source->at) {
        if (n)
            memcpy(out, source->at, n);
        source->at += n;
    } else {
        ssize_t got = read_some(source->fd, out, n);
        if (got < 0)
            return mn_fail_errno("%s: cannot read", source->name);
        if ((size_t)got < n)
            return mn_fail(MIRNET_ERR_IO, "%s: it became shorter while it was read", source->name);
    }
    source->left -= n;
    return MIRNET_OK;
}

void mn_source_close(mn_source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    mn_free(source->own);
}

/* ---- whole files out ---- */

/* The folder of a path with its '/', "" for a bare name. */
static size_t folder_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

/* The file that is really to be replaced: follows symbolic links, also one that points to nothing yet. */
static mirnet_status resolve(const char *path, mn_buf *out)
{
    char link[MAX_LINK_SIZE];
    MN_TRY(mn_buf_add_text(out, path));
    for (int i = 0; i < MAX_LINKS; i++) {
        ssize_t n = readlink(mn_buf_text(out), link, sizeof(link));
        if (n < 0) {
            if (errno == EINVAL || errno == ENOENT) /* not a link; nothing there yet */
                return MIRNET_OK;
            return mn_fail_errno("%s: cannot write", path);
        }
        if (n == MAX_LINK_SIZE) {
            errno = ENAMETOOLONG;
            return mn_fail_errno("%s: cannot write", path);
        }
        out->size = link[0] == '/' ? 0 : folder_size(mn_buf_text(out));
        MN_TRY(mn_buf_add(out, link, (size_t)n));
    }
    errno = ELOOP;
    return mn_fail_errno("%s: cannot write", path);
}

/* What stands under the path now: *out_mode is its permission bits, or -1 if there is nothing. A file that may not be
 * written is refused, although a rename could replace it. */
static mirnet_status check_target(const char *path, int *out_mode)
{
    struct stat st;
    *out_mode = -1;
    if (stat(path, &st) < 0)
        return errno == ENOENT ? MIRNET_OK : mn_fail_errno("%s: cannot write", path);
    if (S_ISDIR(st.st_mode))
        return mn_fail(MIRNET_ERR_IO, "%s: cannot write: it is a folder", path);
    if (!S_ISREG(st.st_mode))
        return mn_fail(MIRNET_ERR_IO, "%s: cannot write: it is not a regular file", path);
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
        return mn_fail_errno("%s: cannot write", path);
    *out_mode = (int)(st.st_mode & 07777);
    return MIRNET_OK;
}

/* Creates <folder>/.<16 hex digits>.mirnet-tmp. Unlike mkstemp, open() applies the umask to a new file's 0666. */
static mirnet_status create_temporary(const char *path, const char *target, int mode, mn_buf *out_name, int *out_fd)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        struct timespec now = {0, 0};
        clock_gettime(CLOCK_REALTIME, &now);
        uint32_t low = (uint32_t)now.tv_nsec ^ (uint32_t)now.tv_sec << 30 ^ (uint32_t)i;
        mn_buf_reset(out_name);
        MN_TRY(mn_buf_add(out_name, target, folder_size(target)));
        MN_TRY(mn_buf_printf(out_name, ".%08x%08x.mirnet-tmp", (unsigned)getpid(), (unsigned)low));
        int fd = open_file(mn_buf_text(out_name), O_WRONLY | O_CREAT | O_EXCL, mode < 0 ? 0666 : (mode_t)mode & 0777);
        if (fd >= 0) {
            *out_fd = fd;
            return MIRNET_OK;
        }
        if (errno != EEXIST)
            break;
    }
    mn_buf_reset(out_name);
    return mn_fail_errno("%s: cannot create a temporary file beside it", path);
}

/* write() until all is written. */
static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, (size_t)mn_min((int64_t)size, MAX_STEP));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : EIO;
            return -1;
        }
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* What is left to write, up to and including close; the descriptor is closed in any case. */
static mirnet_status finish(mn_file *file)
{
    const int fd = file->fd;
    bool ok = write_all(fd, file->block, file->used) == 0 && (file->mode < 0 || fchmod(fd, (mode_t)file->mode) == 0) &&
              sync_file(fd) == 0;
    int error = errno;
    file->fd = -1;
    if (close_once(fd) < 0 && ok) {
        ok = false;
        error = errno;
    }
    errno = error;
    return ok ? MIRNET_OK : mn_fail_errno("%s: cannot write", file->path);
}

/* The folder's descriptor, to be had before the rename so that little can fail after it; -1 where the folder may not be
 * read and so cannot be synced. */
static mirnet_status open_folder(const char *path, const char *target, int *out_fd)
{
    size_t n = folder_size(target);
    char *folder = n ? mn_strndup(target, n) : mn_strdup(".");
    if (!folder)
        return MIRNET_ERR_NOMEM;
    *out_fd = open_file(folder, O_RDONLY | O_DIRECTORY, 0);
    int error = errno;
    mn_free(folder);
    errno = error;
    return *out_fd >= 0 || error == EACCES ? MIRNET_OK : mn_fail_errno("%s: cannot open its folder", path);
}

/* Puts the finished temporary file in the target's place. */
static mirnet_status replace(const char *path, const char *temporary, const char *target)
{
    int folder = -1;
    MN_TRY(open_folder(path, target, &folder));
    mirnet_status status = MIRNET_OK;
    if (rename(temporary, target) < 0)
        status = mn_fail_errno("%s: cannot write", path);
    else if (folder >= 0 && sync_file(folder) < 0 && errno != EINVAL) /* EINVAL: this file system cannot */
        status = mn_fail_errno("%s: written, but its folder cannot be synced", path);
    if (folder >= 0)
        close_once(folder);
    return status;
}

mirnet_status mn_file_create(mn_file *out, const char *path)
{
    out->path = path;
    out->target = out->temporary = (mn_buf){0};
    out->fd = -1;
    out->begun = false;
    out->used = 0;
    mirnet_status status = check_target(path, &out->mode);
    if (status == MIRNET_OK)
        status = resolve(path, &out->target);
    if (status == MIRNET_OK)
        status = create_temporary(path, mn_buf_text(&out->target), out->mode, &out->temporary, &out->fd);
    out->begun = status == MIRNET_OK;
    if (status != MIRNET_OK)
        mn_file_destroy(out);
    return status;
}

mirnet_status mn_file_add(mn_file *file, const void *bytes, size_t n)
{
    if (n > sizeof(file->block) - file->used) {
        if (write_all(file->fd, file->block, file->used) < 0)
            return mn_fail_errno("%s: cannot write", file->path);
        file->used = 0;
    }
    if (n >= sizeof(file->block))
        return write_all(file->fd, bytes, n) == 0 ? MIRNET_OK : mn_fail_errno("%s: cannot write", file->path);
    if (n)
        memcpy(file->block + file->used, bytes, n);
    file->used += n;
    return MIRNET_OK;
}

mirnet_status mn_file_commit(mn_file *file)
{
    MN_TRY(finish(file));
    MN_TRY(replace(file->path, mn_buf_text(&file->temporary), mn_buf_text(&file->target)));
    file->begun = false;
    return MIRNET_OK;
}

void mn_file_destroy(mn_file *file)
{
    if (file->fd >= 0)
        close_once(file->fd);
    if (file->begun)
        unlink(mn_buf_text(&file->temporary)); /* there is none any more if the rename was done */
    mn_buf_destroy(&file->target);
    mn_buf_destroy(&file->temporary);
}
