/* init.h - first values of weights, as Keras draws them */
/* SPDX-License-Identifier: MIT */
#ifndef MN_INIT_H
#define MN_INIT_H

#include "layers/layer.h"

/* Fills the weight [param->size] from stream `index` of the seed. Errors: NOMEM, UNSUPPORTED (identity of a weight
 * that is not a matrix). */
mirnet_status mn_init(float *out, const mn_param *param, uint64_t seed, uint32_t index) MN_MUST_CHECK;

#endif
