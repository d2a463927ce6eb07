/* json.h - reading JSON with places for messages; the only user of jansson together with the files that it serves */
/* SPDX-License-Identifier: MIT */
#ifndef MN_JSON_H
#define MN_JSON_H

#include <jansson.h>

#include "common.h"

/* Parses one JSON value of at most 16 MiB: duplicate keys and anything behind the value are errors. *out is a new
 * reference. Errors: FORMAT "source:line:column: ...", NOMEM. */
mirnet_status mn_json_read(json_t **out, const char *text, size_t size, const char *source) MN_MUST_CHECK;

/* Line and column (1-based) in a text that mn_json_read has accepted, of the value at `path`: keys and array indices
 * separated by '/', e.g. "config/layers/3/config/padding"; a key that is not there gives its parent's place. */
void mn_json_locate(const char *text, size_t size, const char *path, int *out_line, int *out_column);

/* The value as compact text with sorted keys if `sorted`; NULL if memory is out. Freed with mn_free. */
char *mn_json_text(json_t *value, bool sorted) MN_MUST_CHECK;

/* A finite number as JSON writes a real one: as few digits as give it back exactly, a point in any locale. */
void mn_json_number(double value, char text[32]);

#endif
