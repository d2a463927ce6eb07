/* common.h - status codes and the last message */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_COMMON_H
#define MIRNET_COMMON_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MIRNET_API __attribute__((visibility("default")))
#else
#define MIRNET_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Every fallible call returns one of these: 0 or a negative number. The numbers are pinned; new ones are appended.
 * After a failure the object that was to be changed is as it was before the call, unless the call says otherwise,
 * and mirnet_last_message() tells what went wrong, where, and what was expected.
 */
typedef int32_t mirnet_status;

enum {
    MIRNET_OK = 0,
    MIRNET_ERR_INVALID = -1,     /* an argument is wrong: NULL, out of bounds, unknown key */
    MIRNET_ERR_NOMEM = -2,       /* memory ran out */
    MIRNET_ERR_IO = -3,          /* the system could not read or write */
    MIRNET_ERR_FORMAT = -4,      /* data or text is malformed */
    MIRNET_ERR_UNSUPPORTED = -5, /* well formed, but this library does not do it */
    MIRNET_ERR_SHAPE = -6,       /* shapes or sizes do not fit each other */
    MIRNET_ERR_STATE = -7,       /* the call is not allowed at this point */
    MIRNET_ERR_CANCELLED = -8,   /* a callback asked to stop */
    MIRNET_ERR_NOT_FOUND = -9,   /* there is nothing of that name */
    MIRNET_ERR_NUMERIC = -10,    /* a number is not finite where it must be */
    MIRNET_ERR_SYSTEM = -11      /* the system refused a thread or another resource */
};

/* What a status means in a few words, e.g. "out of memory". Static text; never NULL. */
MIRNET_API const char *mirnet_status_text(mirnet_status status);

/* Its name, e.g. "MIRNET_ERR_NOMEM"; "MIRNET_ERR_UNKNOWN" for a number that is none. Static text. */
MIRNET_API const char *mirnet_status_name(mirnet_status status);

/* How many codes there are: they run from 0 down to -(count - 1). */
MIRNET_API int32_t mirnet_status_count(void);

/* The message of the last call that failed in this thread: one line, no newline; "" before the first failure.
 * Belongs to the library; valid until the next failing call of the same thread. */
MIRNET_API const char *mirnet_last_message(void);

#ifdef __cplusplus
}
#endif
#endif
