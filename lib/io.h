/* io.h - files in, and whole files out */
/* SPDX-License-Identifier: MIT */
#ifndef MN_IO_H
#define MN_IO_H

#include "buf.h"
#include "common.h"

/* Reads a whole file of at most `limit` bytes. *out_bytes has a NUL behind its *out_size bytes and is freed with
 * mn_free. Errors: IO with path and reason, FORMAT (larger than limit), NOMEM. */
mirnet_status mn_file_read(const char *path, size_t limit, char **out_bytes, size_t *out_size) MN_MUST_CHECK;

/* Bytes in order, from a file or from memory. */
typedef struct mn_source {
    const char *name;  /* for messages; borrowed */
    size_t left;       /* bytes that are still to come */
    const uint8_t *at; /* where they are in memory; NULL: in the file */
    int fd;            /* -1: memory */
    char *own;         /* the memory, if it is the source's */
} mn_source;

/* A file of at most `limit` bytes. A pipe or a device, whose size is not known beforehand, is read here and now.
 * Errors: as mn_file_read. */
mirnet_status mn_source_open(mn_source *out, const char *path, size_t limit) MN_MUST_CHECK;
/* Memory, which must outlive the source. */
mn_source mn_source_of(const void *bytes, size_t size, const char *name);
/* The next n bytes, n <= left. Errors: IO, also if the file has become shorter meanwhile. */
mirnet_status mn_source_read(mn_source *source, void *out, size_t n) MN_MUST_CHECK;
void mn_source_close(mn_source *source);

/*
 * A file that takes the place of an old one when it is whole: a temporary file in the same folder, fsync, rename, fsync
 * of the folder. A symbolic link is followed, permission bits of an old file are kept, a file that is not regular or
 * may not be written is refused. The old file stays as it was on any error, and no temporary file (.<16 hex
 * digits>.mirnet-tmp) is left; only if the sync of the folder fails, the last step, the new file is in place although
 * IO is returned. Errors: IO, NOMEM.
 */
typedef struct mn_file {
    const char *path; /* for messages; borrowed */
    mn_buf target, temporary;
    int mode;   /* permission bits of the old file; -1: there is none */
    int fd;     /* -1: closed */
    bool begun; /* there may be a temporary file */
    size_t used;
    uint8_t block[4096]; /* [used] small pieces, to be written together */
} mn_file;

mirnet_status mn_file_create(mn_file *out, const char *path) MN_MUST_CHECK;
mirnet_status mn_file_add(mn_file *file, const void *bytes, size_t n) MN_MUST_CHECK;
/* Puts it in place. To be destroyed afterwards in any case. */
mirnet_status mn_file_commit(mn_file *file) MN_MUST_CHECK;
/* What was not committed is gone. */
void mn_file_destroy(mn_file *file);

#endif
