/* registry.c - from a kind of layer to its class */
/* SPDX-License-Identifier: MIT */
#include "layers/classes.h"

static const mn_layer_class *const classes[MN_LAYER_KINDS] = {
    [MN_INPUT_LAYER] = &mn_input,
    [MN_DENSE] = &mn_dense,
    [MN_ACTIVATION] = &mn_activation_layer,
    [MN_CONV1D] = &mn_conv,
    [MN_CONV2D] = &mn_conv,
    [MN_MAX_POOLING1D] = &mn_pooling,
    [MN_MAX_POOLING2D] = &mn_pooling,
    [MN_AVERAGE_POOLING1D] = &mn_pooling,
    [MN_AVERAGE_POOLING2D] = &mn_pooling,
    [MN_GLOBAL_MAX_POOLING1D] = &mn_global_pooling,
    [MN_GLOBAL_MAX_POOLING2D] = &mn_global_pooling,
    [MN_GLOBAL_AVERAGE_POOLING1D] = &mn_global_pooling,
    [MN_GLOBAL_AVERAGE_POOLING2D] = &mn_global_pooling,
    [MN_FLATTEN] = &mn_flatten,
    [MN_RESHAPE] = &mn_reshape,
    [MN_PERMUTE] = &mn_permute,
    [MN_REPEAT_VECTOR] = &mn_repeat_vector,
    [MN_DROPOUT] = &mn_dropout,
    [MN_SPATIAL_DROPOUT1D] = &mn_spatial_dropout,
    [MN_LSTM] = &mn_lstm,
    [MN_GRU] = &mn_gru,
    [MN_BIDIRECTIONAL] = &mn_bidirectional,
    [MN_TIME_DISTRIBUTED] = &mn_time_distributed,
    [MN_MASKING] = &mn_masking,
    [MN_EMBEDDING] = &mn_embedding,
    [MN_BATCH_NORMALIZATION] = &mn_batch_normalization,
    [MN_CONCATENATE] = &mn_concatenate,
    [MN_ADD] = &mn_merge,
    [MN_MULTIPLY] = &mn_merge,
    [MN_AVERAGE] = &mn_merge,
    [MN_MAXIMUM] = &mn_merge,
};

const mn_layer_class *mn_layer_class_get(mn_layer_kind kind)
{
    return classes[kind];
}
