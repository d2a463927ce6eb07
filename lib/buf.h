/* buf.h - a growing run of bytes, always with a NUL behind it */
/* SPDX-License-Identifier: MIT */
#ifndef MN_BUF_H
#define MN_BUF_H

#include "common.h"

/* All zeros is a valid empty buffer. */
typedef struct mn_buf {
    char *data; /* NULL while nothing was ever added */
    size_t size, capacity;
} mn_buf;

void mn_buf_destroy(mn_buf *buf);
/* Empties it and keeps the memory. */
void mn_buf_reset(mn_buf *buf);
/* bytes, text and the arguments are not part of the buffer. Errors: NOMEM; the buffer is then unchanged. */
mirnet_status mn_buf_add(mn_buf *buf, const void *bytes, size_t n) MN_MUST_CHECK;
mirnet_status mn_buf_add_text(mn_buf *buf, const char *text) MN_MUST_CHECK;
/* Decimal points follow the locale: no %e, %f or %g for files. */
mirnet_status mn_buf_printf(mn_buf *buf, const char *format, ...) MN_PRINTF(2, 3) MN_MUST_CHECK;
/* The text, "" while empty. */
const char *mn_buf_text(const mn_buf *buf);

#endif
