/* spec_fields.c - which fields each layer class has and which values it takes: the whole syntax as tables */
/* SPDX-License-Identifier: MIT */
#include "spec_fields.h"

#define AT(member) offsetof(mn_layer_spec, member)
#define END                           \
    {                                 \
        NULL, MN_FIELD_FREE, 0, false \
    }

static const mn_field common_fields[] = {
    {"name", MN_FIELD_FREE, 0, false},
    {"trainable", MN_FIELD_FLAG, AT(trainable), false},
    {"batch_input_shape", MN_FIELD_BATCH_SHAPE, AT(input_shape), false},
    {"batch_shape", MN_FIELD_BATCH_SHAPE, AT(input_shape), false},
    {"input_shape", MN_FIELD_SHAPE, AT(input_shape), false},
    {"dtype", MN_FIELD_DTYPE, 0, false},
    {"autocast", MN_FIELD_FREE, 0, false},
    {"dynamic", MN_FIELD_FALSE, 0, false},
    {"build_config", MN_FIELD_FREE, 0, false},
    {"quantization_config", MN_FIELD_NULL, 0, false},
    END,
};

static const mn_field input_fields[] = {
    {"shape", MN_FIELD_SHAPE, AT(input_shape), false},
    {"dtype", MN_FIELD_INPUT_DTYPE, 0, false},
    {"batch_size", MN_FIELD_FREE, 0, false},
    {"sparse", MN_FIELD_FREE, 0, false},
    {"ragged", MN_FIELD_FALSE, 0, false},
    {"optional", MN_FIELD_FALSE, 0, false},
    {"input_tensor", MN_FIELD_NULL, 0, false},
    {"type_spec", MN_FIELD_NULL, 0, false},
    END,
};

/* Dense, Conv1D, Conv2D, LSTM, GRU */
static const mn_field weight_fields[] = {
    {"activation", MN_FIELD_ACTIVATION, AT(activation), false},
    {"use_bias", MN_FIELD_FLAG, AT(use_bias), false},
    {"kernel_initializer", MN_FIELD_INITIALIZER, AT(kernel_init), false},
    {"bias_initializer", MN_FIELD_INITIALIZER, AT(bias_init), false},
    {"kernel_regularizer", MN_FIELD_REGULARIZER, AT(kernel_reg), false},
    {"bias_regularizer", MN_FIELD_REGULARIZER, AT(bias_reg), false},
    {"activity_regularizer", MN_FIELD_NULL, 0, false},
    {"kernel_constraint", MN_FIELD_NULL, 0, false},
    {"bias_constraint", MN_FIELD_NULL, 0, false},
    {"lora_rank", MN_FIELD_NULL, 0, false},
    END,
};

static const mn_field dense_fields[] = {{"units", MN_FIELD_COUNT, AT(units), true}, END};

static const mn_field activation_fields[] = {
    {"activation", MN_FIELD_ACTIVATION, AT(activation), true},
    END,
};

static const mn_field conv1d_fields[] = {
    {"filters", MN_FIELD_COUNT, AT(units), true},
    {"kernel_size", MN_FIELD_WINDOW1, AT(kernel), true},
    {"strides", MN_FIELD_WINDOW1, AT(strides), false},
    {"dilation_rate", MN_FIELD_WINDOW1, AT(dilation), false},
    {"padding", MN_FIELD_PADDING, AT(padding), false},
    {"data_format", MN_FIELD_CHANNELS_LAST, 0, false},
    {"groups", MN_FIELD_ONE, 0, false},
    END,
};

static const mn_field conv2d_fields[] = {
    {"filters", MN_FIELD_COUNT, AT(units), true},
    {"kernel_size", MN_FIELD_WINDOW2, AT(kernel), true},
    {"strides", MN_FIELD_WINDOW2, AT(strides), false},
    {"dilation_rate", MN_FIELD_WINDOW2, AT(dilation), false},
    {"padding", MN_FIELD_PADDING, AT(padding), false},
    {"data_format", MN_FIELD_CHANNELS_LAST, 0, false},
    {"groups", MN_FIELD_ONE, 0, false},
    END,
};

static const mn_field pool1d_fields[] = {
    {"pool_size", MN_FIELD_WINDOW1, AT(kernel), false},
    {"strides", MN_FIELD_WINDOW1, AT(strides), false},
    {"padding", MN_FIELD_PADDING, AT(padding), false},
    {"data_format", MN_FIELD_CHANNELS_LAST, 0, false},
    END,
};

static const mn_field pool2d_fields[] = {
    {"pool_size", MN_FIELD_WINDOW2, AT(kernel), false},
    {"strides", MN_FIELD_WINDOW2, AT(strides), false},
    {"padding", MN_FIELD_PADDING, AT(padding), false},
    {"data_format", MN_FIELD_CHANNELS_LAST, 0, false},
    END,
};

static const mn_field global_pool_fields[] = {
    {"data_format", MN_FIELD_CHANNELS_LAST, 0, false},
    {"keepdims", MN_FIELD_FALSE, 0, false},
    END,
};

static const mn_field flatten_fields[] = {
    {"data_format", MN_FIELD_CHANNELS_LAST, 0, false},
    END,
};

static const mn_field reshape_fields[] = {
    {"target_shape", MN_FIELD_TARGET, AT(target), true},
    END,
};

static const mn_field permute_fields[] = {{"dims", MN_FIELD_DIMS, AT(target), true}, END};

static const mn_field repeat_fields[] = {{"n", MN_FIELD_COUNT, AT(units), true}, END};

static const mn_field dropout_fields[] = {
    {"rate", MN_FIELD_RATE, AT(rate), true},
    {"noise_shape", MN_FIELD_NULL, 0, false},
    {"seed", MN_FIELD_FREE, 0, false},
    END,
};

static const mn_field recurrent_fields[] = {
    {"units", MN_FIELD_COUNT, AT(units), true},
    {"recurrent_activation", MN_FIELD_ACTIVATION, AT(recurrent_activation), false},
    {"recurrent_initializer", MN_FIELD_INITIALIZER, AT(recurrent_init), false},
    {"recurrent_regularizer", MN_FIELD_REGULARIZER, AT(recurrent_reg), false},
    {"recurrent_constraint", MN_FIELD_NULL, 0, false},
    {"dropout", MN_FIELD_RATE, AT(dropout), false},
    {"recurrent_dropout", MN_FIELD_RATE, AT(recurrent_dropout), false},
    {"return_sequences", MN_FIELD_FLAG, AT(return_sequences), false},
    {"go_backwards", MN_FIELD_FLAG, AT(go_backwards), false},
    {"return_state", MN_FIELD_FALSE, 0, false},
    {"stateful", MN_FIELD_FALSE, 0, false},
    {"time_major", MN_FIELD_FALSE, 0, false},
    {"zero_output_for_mask", MN_FIELD_ZERO_MASKED, 0, false},
    {"implementation", MN_FIELD_FREE, 0, false},
    {"unroll", MN_FIELD_FREE, 0, false},
    {"use_cudnn", MN_FIELD_FREE, 0, false},
    {"seed", MN_FIELD_FREE, 0, false},
    {"input_length", MN_FIELD_FREE, 0, false},
    END,
};

static const mn_field lstm_fields[] = {
    {"unit_forget_bias", MN_FIELD_FLAG, AT(unit_forget_bias), false},
    END,
};

static const mn_field gru_fields[] = {
    {"reset_after", MN_FIELD_FLAG, AT(reset_after), false},
    END,
};

static const mn_field wrapper_fields[] = {{"layer", MN_FIELD_LAYER, AT(inner[0]), true}, END};

static const mn_field bidirectional_fields[] = {
    {"backward_layer", MN_FIELD_LAYER, AT(inner[1]), false},
    {"merge_mode", MN_FIELD_MERGE_MODE, AT(merge_mode), false},
    {"stateful", MN_FIELD_FALSE, 0, false},
    {"return_state", MN_FIELD_FALSE, 0, false},
    END,
};

static const mn_field masking_fields[] = {
    {"mask_value", MN_FIELD_REAL, AT(mask_value), false},
    END,
};

static const mn_field embedding_fields[] = {
    {"input_dim", MN_FIELD_COUNT, AT(input_dim), true},
    {"output_dim", MN_FIELD_COUNT, AT(units), true},
    {"embeddings_initializer", MN_FIELD_INITIALIZER, AT(kernel_init), false},
    {"embeddings_regularizer", MN_FIELD_REGULARIZER, AT(kernel_reg), false},
    {"embeddings_constraint", MN_FIELD_NULL, 0, false},
    {"activity_regularizer", MN_FIELD_NULL, 0, false},
    {"mask_zero", MN_FIELD_FLAG, AT(mask_zero), false},
    {"input_length", MN_FIELD_LENGTH, AT(input_shape), false},
    {"sparse", MN_FIELD_FREE, 0, false},
    {"lora_rank", MN_FIELD_NULL, 0, false},
    END,
};

static const mn_field batch_norm_fields[] = {
    {"axis", MN_FIELD_AXIS, AT(axis), false},
    {"momentum", MN_FIELD_SHARE, AT(momentum), false},
    {"epsilon", MN_FIELD_SHARE, AT(epsilon), false},
    {"center", MN_FIELD_FLAG, AT(center), false},
    {"scale", MN_FIELD_FLAG, AT(scale), false},
    {"gamma_initializer", MN_FIELD_INITIALIZER, AT(kernel_init), false},
    {"beta_initializer", MN_FIELD_INITIALIZER, AT(bias_init), false},
    {"moving_mean_initializer", MN_FIELD_INITIALIZER, AT(recurrent_init), false},
    {"moving_variance_initializer", MN_FIELD_INITIALIZER, AT(variance_init), false},
    {"gamma_regularizer", MN_FIELD_REGULARIZER, AT(kernel_reg), false},
    {"beta_regularizer", MN_FIELD_REGULARIZER, AT(bias_reg), false},
    {"gamma_constraint", MN_FIELD_NULL, 0, false},
    {"beta_constraint", MN_FIELD_NULL, 0, false},
    {"renorm", MN_FIELD_FALSE, 0, false},
    {"virtual_batch_size", MN_FIELD_NULL, 0, false},
    {"adjustment", MN_FIELD_NULL, 0, false},
    {"synchronized", MN_FIELD_FALSE, 0, false},
    {"fused", MN_FIELD_FREE, 0, false},
    END,
};

static const mn_field concatenate_fields[] = {
    {"axis", MN_FIELD_AXIS, AT(axis), false},
    END,
};

static const struct {
    const char *name, *word;
    const mn_field *fields[3];
} classes[MN_LAYER_KINDS] = {
    [MN_INPUT_LAYER] = {"InputLayer", "input", {input_fields}},
    [MN_DENSE] = {"Dense", "dense", {dense_fields, weight_fields}},
    [MN_ACTIVATION] = {"Activation", "activation", {activation_fields}},
    [MN_CONV1D] = {"Conv1D", "conv1d", {conv1d_fields, weight_fields}},
    [MN_CONV2D] = {"Conv2D", "conv2d", {conv2d_fields, weight_fields}},
    [MN_MAX_POOLING1D] = {"MaxPooling1D", "max_pooling1d", {pool1d_fields}},
    [MN_MAX_POOLING2D] = {"MaxPooling2D", "max_pooling2d", {pool2d_fields}},
    [MN_AVERAGE_POOLING1D] = {"AveragePooling1D", "average_pooling1d", {pool1d_fields}},
    [MN_AVERAGE_POOLING2D] = {"AveragePooling2D", "average_pooling2d", {pool2d_fields}},
    [MN_GLOBAL_MAX_POOLING1D] = {"GlobalMaxPooling1D", "global_max_pooling1d", {global_pool_fields}},
    [MN_GLOBAL_MAX_POOLING2D] = {"GlobalMaxPooling2D", "global_max_pooling2d", {global_pool_fields}},
    [MN_GLOBAL_AVERAGE_POOLING1D] = {"GlobalAveragePooling1D", "global_average_pooling1d", {global_pool_fields}},
    [MN_GLOBAL_AVERAGE_POOLING2D] = {"GlobalAveragePooling2D", "global_average_pooling2d", {global_pool_fields}},
    [MN_FLATTEN] = {"Flatten", "flatten", {flatten_fields}},
    [MN_RESHAPE] = {"Reshape", "reshape", {reshape_fields}},
    [MN_PERMUTE] = {"Permute", "permute", {permute_fields}},
    [MN_REPEAT_VECTOR] = {"RepeatVector", "repeat_vector", {repeat_fields}},
    [MN_DROPOUT] = {"Dropout", "dropout", {dropout_fields}},
    [MN_SPATIAL_DROPOUT1D] = {"SpatialDropout1D", "spatial_dropout1d", {dropout_fields}},
    [MN_LSTM] = {"LSTM", "lstm", {recurrent_fields, weight_fields, lstm_fields}},
    [MN_GRU] = {"GRU", "gru", {recurrent_fields, weight_fields, gru_fields}},
    [MN_BIDIRECTIONAL] = {"Bidirectional", "bidirectional", {wrapper_fields, bidirectional_fields}},
    [MN_TIME_DISTRIBUTED] = {"TimeDistributed", "time_distributed", {wrapper_fields}},
    [MN_MASKING] = {"Masking", "masking", {masking_fields}},
    [MN_EMBEDDING] = {"Embedding", "embedding", {embedding_fields}},
    [MN_BATCH_NORMALIZATION] = {"BatchNormalization", "batch_normalization", {batch_norm_fields}},
    [MN_CONCATENATE] = {"Concatenate", "concatenate", {concatenate_fields}},
    [MN_ADD] = {"Add", "add", {NULL}},
    [MN_MULTIPLY] = {"Multiply", "multiply", {NULL}},
    [MN_AVERAGE] = {"Average", "average", {NULL}},
    [MN_MAXIMUM] = {"Maximum", "maximum", {NULL}},
};

/* Names that older versions of Keras wrote, and the ones that stand for them now. */
typedef struct old_name {
    const char *name, *now;
} old_name;

static const old_name old_classes[] = {
    {"MaxPool1D", "MaxPooling1D"},
    {"MaxPool2D", "MaxPooling2D"},
    {"AvgPool1D", "AveragePooling1D"},
    {"AvgPool2D", "AveragePooling2D"},
    {"GlobalMaxPool1D", "GlobalMaxPooling1D"},
    {"GlobalMaxPool2D", "GlobalMaxPooling2D"},
    {"GlobalAvgPool1D", "GlobalAveragePooling1D"},
    {"GlobalAvgPool2D", "GlobalAveragePooling2D"},
    {"Convolution1D", "Conv1D"},
    {"Convolution2D", "Conv2D"},
    {"BatchNormalizationV1", "BatchNormalization"},
    {"BatchNormalizationV2", "BatchNormalization"},
};

static const old_name old_fields[] = {
    {"output_dim", "units"},
    {"nb_filter", "filters"},
    {"filter_length", "kernel_size"},
    {"pool_length", "pool_size"},
    {"border_mode", "padding"},
    {"subsample", "strides"},
    {"bias", "use_bias"},
    {"p", "rate"},
    {"inner_activation", "recurrent_activation"},
};

static const mn_field *find_in(const mn_field *fields, const char *name)
{
    for (; fields && fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

const mn_field *mn_field_find(mn_layer_kind kind, const char *name)
{
    const mn_field *found = NULL;
    for (int i = 0; i < 3 && !found; i++)
        found = find_in(classes[kind].fields[i], name);
    if (!found)
        found = find_in(common_fields, name);
    for (size_t i = 0; i < sizeof(old_fields) / sizeof(old_fields[0]) && !found; i++)
        if (strcmp(old_fields[i].name, name) == 0)
            return mn_field_find(kind, old_fields[i].now);
    return found;
}

const mn_field *mn_field_get(mn_layer_kind kind, size_t i)
{
    for (int group = 0; group < 3; group++)
        for (const mn_field *field = classes[kind].fields[group]; field && field->name; field++)
            if (i-- == 0)
                return field;
    return NULL;
}

mn_layer_kind mn_layer_kind_find(const char *class_name)
{
    for (size_t i = 0; i < sizeof(old_classes) / sizeof(old_classes[0]); i++)
        if (strcmp(old_classes[i].name, class_name) == 0)
            class_name = old_classes[i].now;
    int kind = 0;
    while (kind < MN_LAYER_KINDS && strcmp(classes[kind].name, class_name) != 0)
        kind++;
    return (mn_layer_kind)kind;
}

const char *mn_layer_kind_name(mn_layer_kind kind)
{
    return classes[kind].name;
}

const char *mn_layer_kind_word(mn_layer_kind kind)
{
    return classes[kind].word;
}

bool mn_layer_kind_merges(mn_layer_kind kind)
{
    return kind == MN_CONCATENATE || kind == MN_ADD || kind == MN_MULTIPLY || kind == MN_AVERAGE || kind == MN_MAXIMUM;
}
