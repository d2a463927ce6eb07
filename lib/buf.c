/* buf.c - a growing run of bytes */
/* SPDX-License-Identifier: MIT */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "mem.h"

void mn_buf_destroy(mn_buf *buf)
{
    mn_free(buf->data);
    *buf = (mn_buf){0};
}

void mn_buf_reset(mn_buf *buf)
{
    buf->size = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

static mirnet_status reserve(mn_buf *buf, size_t n)
{
    size_t need;
    if (!mn_add(buf->size, n, &need) || !mn_add(need, 1, &need))
        return mn_fail_nomem(SIZE_MAX);
    return mn_grow(&buf->data, &buf->capacity, need, 1);
}

mirnet_status mn_buf_add(mn_buf *buf, const void *bytes, size_t n)
{
    MN_TRY(reserve(buf, n));
    if (n)
        memcpy(buf->data + buf->size, bytes, n);
    buf->size += n;
    buf->data[buf->size] = '\0';
    return MIRNET_OK;
}

mirnet_status mn_buf_add_text(mn_buf *buf, const char *text)
{
    return mn_buf_add(buf, text, strlen(text));
}

mirnet_status mn_buf_printf(mn_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    MN_REQUIRE(n >= 0, "text cannot be formatted");
    MN_TRY(reserve(buf, (size_t)n));
    va_start(args, format);
    vsnprintf(buf->data + buf->size, (size_t)n + 1, format, args);
    va_end(args);
    buf->size += (size_t)n;
    return MIRNET_OK;
}

const char *mn_buf_text(const mn_buf *buf)
{
    return buf->data ? buf->data : "";
}
