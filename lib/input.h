/* input.h - lines from a file, standard input or memory, gzip unpacked */
/* SPDX-License-Identifier: MIT */
#ifndef MN_INPUT_H
#define MN_INPUT_H

#include "common.h"

typedef struct mn_input mn_input;

/* A line without its end. The bytes are valid until the next mn_input_run. */
typedef struct mn_line {
    const char *text; /* not NUL-terminated */
    size_t size;
} mn_line;

/* Opens `path`, "-" being standard input, or memory that must outlive the input. Errors: NOMEM, IO. */
mirnet_status mn_input_create(mn_input **out, const char *path) MN_MUST_CHECK;
mirnet_status mn_input_create_mem(mn_input **out, const void *bytes, size_t size, const char *source) MN_MUST_CHECK;
void mn_input_destroy(mn_input *input);

/*
 * The next line; *out_more = false at the end. Lines end with LF or CRLF, the last one may lack it; a byte order mark
 * in front of the first is skipped. Errors: NOMEM, IO (damaged or truncated gzip too), FORMAT (NUL, CR elsewhere).
 */
mirnet_status mn_input_run(mn_input *input, mn_line *out, bool *out_more) MN_MUST_CHECK;

/* Makes the line that mn_input_run has just given the next one again. */
void mn_input_unrun(mn_input *input);

/* The 1-based number of the line that was given last, and what messages call this input. */
int64_t mn_input_get_line(const mn_input *input);
const char *mn_input_get_source(const mn_input *input);

#endif
