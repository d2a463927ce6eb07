/* place.h - a value of a JSON document and where it stands: checked reading, messages that name the place */
/* SPDX-License-Identifier: MIT */
#ifndef MN_PLACE_H
#define MN_PLACE_H

#include "json.h"

typedef struct mn_document {
    const char *text;
    size_t size;
    const char *source;
} mn_document;

/*
 * A plain value on the stack, linked to the place around it; texts are only made when something is wrong. Messages read
 * "source:line:column: layer 'lstm': field 'kernel_initializer/config/gain': expected ..., not ...", where the layer is
 * that of the nearest places around it with a label, and without a layer: "source:line:column: 'training/epochs': ...".
 */
typedef struct mn_place mn_place;
struct mn_place {
    const mn_document *document;
    const mn_place *up; /* NULL at the top */
    const char *key;    /* in the object above; at the top: a path; NULL: `index` counts */
    size_t index;       /* in the list above */
    const char *label;  /* the layer that this is; NULL: none */
    json_t *value;      /* only read; NULL: nothing is there */
};

mn_place mn_place_top(const mn_document *document, const char *path, const json_t *value);
mn_place mn_place_key(const mn_place *up, const char *key);
mn_place mn_place_item(const mn_place *up, size_t index);

/* Nothing, or null: a field that has its default. */
bool mn_place_empty(const mn_place *at);

/* Fails with place and message. */
mirnet_status mn_place_fail(const mn_place *at, mirnet_status status, const char *format, ...) MN_PRINTF(3, 4);
/* FORMAT "expected <what>, not <the value>". */
mirnet_status mn_place_expected(const mn_place *at, const char *what);

/* Checked reading; FORMAT errors. Whole numbers may be written as 6.0; bounds are inclusive. */
mirnet_status mn_place_integer(const mn_place *at, int64_t min, int64_t max, int64_t *out) MN_MUST_CHECK;
mirnet_status mn_place_number(const mn_place *at, double min, double max, double *out) MN_MUST_CHECK;
mirnet_status mn_place_flag(const mn_place *at, bool *out) MN_MUST_CHECK;
mirnet_status mn_place_string(const mn_place *at, const char **out) MN_MUST_CHECK;
mirnet_status mn_place_object(const mn_place *at) MN_MUST_CHECK;
mirnet_status mn_place_list(const mn_place *at) MN_MUST_CHECK;
/* Every key of the object must be one of `keys`, which ends with NULL. */
mirnet_status mn_place_keys(const mn_place *at, const char *const *keys) MN_MUST_CHECK;

/* The same word but for case and underscores: "GlorotUniform" and "glorot_uniform". */
bool mn_same_word(const char *a, const char *b);

#endif
