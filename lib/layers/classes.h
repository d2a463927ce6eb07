/* classes.h - the layer classes, one per file of this folder or two where they are twins */
/* SPDX-License-Identifier: MIT */
#ifndef MN_CLASSES_H
#define MN_CLASSES_H

#include "layers/layer.h"

extern const mn_layer_class mn_input, mn_dense, mn_activation_layer, mn_conv;
extern const mn_layer_class mn_pooling, mn_global_pooling;
extern const mn_layer_class mn_flatten, mn_reshape, mn_permute, mn_repeat_vector;
extern const mn_layer_class mn_dropout, mn_spatial_dropout;
extern const mn_layer_class mn_lstm, mn_gru, mn_bidirectional, mn_time_distributed;
extern const mn_layer_class mn_masking, mn_embedding, mn_batch_normalization;
extern const mn_layer_class mn_concatenate, mn_merge;

#endif
