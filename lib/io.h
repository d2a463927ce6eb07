/* io.h - whole files in, whole files out */
/* SPDX-License-Identifier: MIT */
#ifndef MN_IO_H
#define MN_IO_H

#include "common.h"

/* Reads a whole file of at most `limit` bytes. *out_bytes has a NUL behind its *out_size bytes and is freed with mn_free.
 * Errors: IO with path and reason, FORMAT (larger than limit), NOMEM. */
mirnet_status mn_file_read(const char *path, size_t limit, char **out_bytes, size_t *out_size) MN_MUST_CHECK;

/* Replaces the file atomically: a temporary file in the same folder, fsync, rename, fsync of the folder. A symbolic link is
 * followed, permission bits of an old file are kept, a file that is not regular or may not be written is refused. The old
 * file stays as it was on any error, and no temporary file (.<16 hex digits>.mirnet-tmp) is left; only if the sync of the
 * folder fails, the last step, the new file is in place although IO is returned. Errors: IO, NOMEM. */
mirnet_status mn_file_write(const char *path, const void *bytes, size_t size) MN_MUST_CHECK;

#endif
