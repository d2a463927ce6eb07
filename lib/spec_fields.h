/* spec_fields.h - the fields of each layer class */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SPEC_FIELDS_H
#define MN_SPEC_FIELDS_H

#include "spec.h"

typedef enum mn_field_kind {
    /* These set the member at `offset`. */
    MN_FIELD_FLAG,
    MN_FIELD_COUNT,
    MN_FIELD_REAL,
    MN_FIELD_RATE,
    MN_FIELD_SHARE,
    MN_FIELD_WINDOW1, /* 3 or [3] */
    MN_FIELD_WINDOW2, /* 3 or [3, 3] */
    MN_FIELD_PADDING,
    MN_FIELD_ACTIVATION,
    MN_FIELD_INITIALIZER,
    MN_FIELD_REGULARIZER,
    MN_FIELD_BATCH_SHAPE,
    MN_FIELD_SHAPE,
    MN_FIELD_LENGTH,
    MN_FIELD_TARGET,
    MN_FIELD_DIMS,
    MN_FIELD_AXIS,
    MN_FIELD_MERGE_MODE,
    MN_FIELD_LAYER,
    /* These have no member: any value, or only the one that changes nothing. */
    MN_FIELD_FREE,
    MN_FIELD_FALSE,
    MN_FIELD_ZERO_MASKED, /* false; any inside Bidirectional, which decides itself */
    MN_FIELD_NULL,
    MN_FIELD_ONE,
    MN_FIELD_CHANNELS_LAST,
    MN_FIELD_DTYPE,
    MN_FIELD_INPUT_DTYPE
} mn_field_kind;

typedef struct mn_field {
    const char *name;
    mn_field_kind kind;
    size_t offset;
    bool required;
} mn_field;

/* The field of this name of a class, older names included; NULL if it has none. */
const mn_field *mn_field_find(mn_layer_kind kind, const char *name);
/* The i-th field of a class without those that all classes have; NULL behind the last one. */
const mn_field *mn_field_get(mn_layer_kind kind, size_t i);

/* The kind of a class_name; MN_LAYER_KINDS if there is none. */
mn_layer_kind mn_layer_kind_find(const char *class_name);
/* What Keras calls a layer of this kind that has no name: "max_pooling2d". */
const char *mn_layer_kind_word(mn_layer_kind kind);
bool mn_layer_kind_merges(mn_layer_kind kind); /* takes several inputs */

#endif
