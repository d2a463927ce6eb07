/* spec.h - what a Keras model JSON says: layers and how they are connected, before any shape is computed */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SPEC_H
#define MN_SPEC_H

#include <jansson.h>

#include "common.h"

enum { MN_MAX_RANK = 8, MN_MAX_LAYERS = 4096, MN_MAX_SIZE = 1 << 30 /* of any dimension or product of them */ };

/* A shape without the batch axis. -1 is a dimension that the spec leaves open (null). */
typedef struct mn_shape {
    int32_t rank;
    int64_t dim[MN_MAX_RANK];
} mn_shape;

/* The product of the dimensions; 1 for rank 0. Shapes with open dimensions have none. */
int64_t mn_shape_size(const mn_shape *shape);
bool mn_shape_equal(const mn_shape *a, const mn_shape *b);
/* "(164, 4, 1)" into text[96]; returns text. */
const char *mn_shape_text(const mn_shape *shape, char text[96]);

typedef enum mn_layer_kind {
    MN_INPUT_LAYER,
    MN_DENSE,
    MN_ACTIVATION,
    MN_CONV1D,
    MN_CONV2D,
    MN_MAX_POOLING1D,
    MN_MAX_POOLING2D,
    MN_AVERAGE_POOLING1D,
    MN_AVERAGE_POOLING2D,
    MN_GLOBAL_MAX_POOLING1D,
    MN_GLOBAL_MAX_POOLING2D,
    MN_GLOBAL_AVERAGE_POOLING1D,
    MN_GLOBAL_AVERAGE_POOLING2D,
    MN_FLATTEN,
    MN_RESHAPE,
    MN_PERMUTE,
    MN_REPEAT_VECTOR,
    MN_DROPOUT,
    MN_SPATIAL_DROPOUT1D,
    MN_LSTM,
    MN_GRU,
    MN_BIDIRECTIONAL,
    MN_TIME_DISTRIBUTED,
    MN_MASKING,
    MN_EMBEDDING,
    MN_BATCH_NORMALIZATION,
    MN_CONCATENATE,
    MN_ADD,
    MN_MULTIPLY,
    MN_AVERAGE,
    MN_MAXIMUM,
    MN_LAYER_KINDS
} mn_layer_kind;

/* The class_name of a kind, as Keras spells it. */
const char *mn_layer_kind_name(mn_layer_kind kind);

typedef enum mn_activation {
    MN_LINEAR,
    MN_RELU,
    MN_ELU,
    MN_SELU,
    MN_SIGMOID,
    MN_HARD_SIGMOID,  /* Keras 1 and 2: clip(0.2 x + 0.5, 0, 1) */
    MN_HARD_SIGMOID3, /* Keras 3: clip(x / 6 + 0.5, 0, 1) */
    MN_TANH,
    MN_SOFTMAX,
    MN_SOFTPLUS,
    MN_SOFTSIGN,
    MN_RELU6,
    MN_EXPONENTIAL,
    MN_ACTIVATIONS
} mn_activation;

typedef enum mn_padding { MN_VALID, MN_SAME, MN_CAUSAL } mn_padding;

typedef enum mn_merge_mode { MN_MERGE_CONCAT, MN_MERGE_SUM, MN_MERGE_MUL, MN_MERGE_AVE } mn_merge_mode;

/* Glorot, He and LeCun are variance scaling with their scale, mode and distribution. */
typedef enum mn_initializer_kind {
    MN_INIT_CONSTANT,           /* a = value: Zeros and Ones too */
    MN_INIT_NORMAL,             /* a = mean, b = standard deviation */
    MN_INIT_TRUNCATED_NORMAL,   /* the same, redrawn outside 2 sd */
    MN_INIT_UNIFORM,            /* a = low, b = high */
    MN_INIT_VARIANCE_SCALING,   /* a = scale, mode and distribution below */
    MN_INIT_ORTHOGONAL,         /* a = gain */
    MN_INIT_IDENTITY            /* a = gain */
} mn_initializer_kind;

typedef enum mn_fan_mode { MN_FAN_IN, MN_FAN_OUT, MN_FAN_AVG } mn_fan_mode;
typedef enum mn_distribution { MN_TRUNCATED_NORMAL, MN_UNTRUNCATED_NORMAL, MN_UNIFORM } mn_distribution;

typedef struct mn_initializer {
    mn_initializer_kind kind;
    double a, b;
    mn_fan_mode mode;
    mn_distribution distribution;
} mn_initializer;

/* l1 * sum |w| + l2 * sum w^2, added to the loss. */
typedef struct mn_regularizer {
    double l1, l2;
} mn_regularizer;

/*
 * One layer: its class and the fields of its config, each at its Keras default where the JSON is silent. A field has a
 * meaning for the classes that are named beside it.
 */
typedef struct mn_layer_spec mn_layer_spec;
struct mn_layer_spec {
    mn_layer_kind kind;
    char *name; /* unique in the model; for the inner layer of a wrapper its own, which no weight name shows */
    bool trainable;
    bool has_input_shape; /* batch_input_shape, batch_shape or input_shape was given */
    mn_shape input_shape;

    mn_activation activation;           /* Dense, Activation, Conv, LSTM, GRU */
    mn_activation recurrent_activation; /* LSTM, GRU */
    bool use_bias;                      /* Dense, Conv, LSTM, GRU */
    int64_t units;                      /* Dense, LSTM, GRU: units. Conv: filters. RepeatVector: n. Embedding:
                                           output_dim */
    int64_t input_dim;                  /* Embedding */

    int64_t kernel[2], strides[2], dilation[2]; /* Conv: kernel_size...; pooling: pool_size, strides. 1-D: [1] is 1 */
    mn_padding padding;                         /* Conv, pooling */

    double rate;                       /* Dropout, SpatialDropout1D: the share that is dropped */
    double dropout, recurrent_dropout; /* LSTM, GRU */
    bool return_sequences, go_backwards;
    bool unit_forget_bias; /* LSTM */
    bool reset_after;      /* GRU */

    double momentum, epsilon; /* BatchNormalization, always over the last axis */
    bool center, scale;

    double mask_value; /* Masking */
    bool mask_zero;    /* Embedding */

    mn_shape target; /* Reshape: target_shape with at most one -1; Permute: dims, 1-based */
    int32_t axis;    /* Concatenate: as in the JSON, negative ones from the end, the batch axis being 0;
                        BatchNormalization: -1, or a number that must be that of the last axis */

    mn_merge_mode merge_mode; /* Bidirectional */

    mn_initializer kernel_init;    /* also embeddings and gamma */
    mn_initializer recurrent_init; /* also moving_mean */
    mn_initializer bias_init;      /* also beta */
    mn_initializer variance_init;  /* moving_variance */
    mn_regularizer kernel_reg, recurrent_reg, bias_reg; /* also embeddings, gamma: kernel; beta: bias */

    mn_layer_spec *inner[2]; /* TimeDistributed: [0]; Bidirectional: [0] forward, [1] backward (go_backwards already
                                flipped). NULL for the others */
};

/* A call of a layer on the outputs of earlier nodes. A layer that is called twice (shared) has two nodes. */
typedef struct mn_spec_node {
    int32_t layer;   /* index into layers */
    int32_t n_inputs; /* 0 for an InputLayer */
    int32_t *inputs; /* [n_inputs] node indices, all smaller than this node's own */
} mn_spec_node;

/* A Sequential model gets an InputLayer node in front if it has none. */
typedef struct mn_spec {
    char *name;
    int32_t n_layers;
    mn_layer_spec *layers;
    int32_t n_nodes; /* in an order in which inputs come before their users */
    mn_spec_node *nodes;
    int32_t n_inputs;
    int32_t *inputs; /* [n_inputs] nodes of the model's inputs, in the model's order */
    int32_t output;  /* node of the one output */
} mn_spec;

/* Reads a Keras model JSON object. `text`, `size` and `source` are the document in which `model` stands at `path`
 * (for messages, see mn_json_locate). Errors: FORMAT, UNSUPPORTED, NOMEM: "source:line:column: layer 'x': field 'y':
 * ...". */
mirnet_status mn_spec_create(mn_spec **out, const json_t *model, const char *text, size_t size, const char *path,
                             const char *source) MN_MUST_CHECK;
void mn_spec_destroy(mn_spec *spec);

#endif
