/* spec_layer.h - one layer of a Keras JSON */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SPEC_LAYER_H
#define MN_SPEC_LAYER_H

#include "place.h"
#include "spec.h"

/* Class and name of a layer's object {"class_name", "config", ...}; *out_name is NULL if it says none, and belongs to
 * the JSON. Errors: FORMAT, UNSUPPORTED. */
mirnet_status mn_spec_read_head(const mn_place *entry, mn_layer_kind *out_kind, const char **out_name) MN_MUST_CHECK;

/* Reads the config of a layer whose class and name are known. *out is zeros before; mn_layer_spec_clear frees what is
 * in it, after an error too. */
mirnet_status mn_spec_read_layer(mn_layer_spec *out, const mn_place *entry, mn_layer_kind kind, const char *name,
                                 bool keras3) MN_MUST_CHECK;
void mn_layer_spec_clear(mn_layer_spec *layer);

/* [null, 164, 4] with the batch axis in front. */
mirnet_status mn_spec_read_batch_shape(const mn_place *at, mn_shape *out) MN_MUST_CHECK;

#endif
