/* spec_parts.h - the small values inside a layer's config: activations, initializers, regularizers */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SPEC_PARTS_H
#define MN_SPEC_PARTS_H

#include "place.h"
#include "spec.h"

/* Each is a word ("relu", "glorot_uniform", "l2") or an object {"class_name", "config"} as Keras 2 and Keras 3 write
 * it. *out is only set on success. Errors: FORMAT, UNSUPPORTED. */
mirnet_status mn_spec_read_activation(const mn_place *at, bool keras3, mn_activation *out) MN_MUST_CHECK;
mirnet_status mn_spec_read_initializer(const mn_place *at, mn_initializer *out) MN_MUST_CHECK;
mirnet_status mn_spec_read_regularizer(const mn_place *at, mn_regularizer *out) MN_MUST_CHECK;

#endif
