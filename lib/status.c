/* status.c - status codes and the thread's last message */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_SIZE = 501 };

static _Thread_local char last_message[MESSAGE_SIZE];

static const struct {
    const char *name, *text;
} codes[] = {
    {"MIRNET_OK", "ok"},
    {"MIRNET_ERR_INVALID", "invalid argument"},
    {"MIRNET_ERR_NOMEM", "out of memory"},
    {"MIRNET_ERR_IO", "input or output failed"},
    {"MIRNET_ERR_FORMAT", "malformed data"},
    {"MIRNET_ERR_UNSUPPORTED", "not supported"},
    {"MIRNET_ERR_SHAPE", "shapes do not fit"},
    {"MIRNET_ERR_STATE", "not allowed at this point"},
    {"MIRNET_ERR_CANCELLED", "cancelled"},
    {"MIRNET_ERR_NOT_FOUND", "not found"},
    {"MIRNET_ERR_NUMERIC", "not a finite number"},
    {"MIRNET_ERR_SYSTEM", "the system refused a resource"},
};

enum { CODE_COUNT = sizeof(codes) / sizeof(codes[0]) };

static int index_of(mirnet_status status)
{
    return status <= 0 && status > -CODE_COUNT ? -status : -1;
}

const char *mirnet_status_text(mirnet_status status)
{
    int i = index_of(status);
    return i < 0 ? "unknown status" : codes[i].text;
}

const char *mirnet_status_name(mirnet_status status)
{
    int i = index_of(status);
    return i < 0 ? "MIRNET_ERR_UNKNOWN" : codes[i].name;
}

int32_t mirnet_status_count(void)
{
    return CODE_COUNT;
}

const char *mirnet_last_message(void)
{
    return last_message;
}

/* One line, whatever a file's name or a sequence's letters put into it. */
static void clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static void set_message(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static void set_message(const char *format, va_list args)
{
    /* By way of a copy: the arguments may hold the message itself. */
    char text[MESSAGE_SIZE] = "";
    vsnprintf(text, sizeof(text), format, args);
    clean(text);
    memcpy(last_message, text, sizeof(text));
}

/* Puts ": " and the reason behind the message; the message is cut, down to half of the room, so that the reason is
 * seen. */
static void append_reason(const char *reason)
{
    size_t used = strlen(last_message), length = strlen(reason) + 2, half = MESSAGE_SIZE / 2;
    size_t left = length < MESSAGE_SIZE - half ? MESSAGE_SIZE - 1 - length : half;
    used = used < left ? used : left;
    length = length < MESSAGE_SIZE - used ? length : MESSAGE_SIZE - 1 - used;
    memcpy(last_message + used, ": ", 2);
    memcpy(last_message + used + 2, reason, length - 2);
    last_message[used + length] = '\0';
}

mirnet_status mn_fail(mirnet_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_message(format, args);
    va_end(args);
    return status;
}

mirnet_status mn_fail_errno(const char *format, ...)
{
    int error = errno;
    va_list args;
    va_start(args, format);
    set_message(format, args);
    va_end(args);
    char reason[128];
    if (strerror_r(error, reason, sizeof(reason)) != 0)
        snprintf(reason, sizeof(reason), "error %d", error);
    append_reason(reason);
    errno = error;
    return MIRNET_ERR_IO;
}

mirnet_status mn_fail_nomem(size_t bytes)
{
    return mn_fail(MIRNET_ERR_NOMEM, "out of memory: %zu bytes", bytes);
}

mirnet_status mn_fail_within(mirnet_status status, const char *format, ...)
{
    char inner[MESSAGE_SIZE];
    memcpy(inner, last_message, sizeof(inner));
    va_list args;
    va_start(args, format);
    set_message(format, args);
    va_end(args);
    append_reason(inner);
    return status;
}
