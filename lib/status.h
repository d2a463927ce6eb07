/* status.h - failing with a code and a message in one act */
/* SPDX-License-Identifier: MIT */
#ifndef MN_STATUS_H
#define MN_STATUS_H

#include <mirnet/common.h>

/* Sets the thread's message (printf style, one line, no prefix, cut at 500 bytes; control bytes become '?') and returns
 * `status`. */
mirnet_status mn_fail(mirnet_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a failed system call: appends ": " and the text of errno. Returns MIRNET_ERR_IO. */
mirnet_status mn_fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "out of memory" with the size that was asked for. Returns MIRNET_ERR_NOMEM. */
mirnet_status mn_fail_nomem(size_t bytes);

/* Puts text in front of the thread's message: callers who know where the failure happened. Returns `status`. */
mirnet_status mn_fail_within(mirnet_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
