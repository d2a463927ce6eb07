/* test_gradients.c - gradients of every layer and option, alone and in graphs, against finite differences */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include "mn_gradient.h"

typedef struct net_case {
    const char *net;
    int flags;
} net_case;

/* What most networks end with. */
#define HEAD "Flatten; Dense: 'units': 3, 'activation': 'softmax';"
#define DENSE(activation) "InputLayer: 5; Dense: 'units': 4, 'activation': '" activation "'; " HEAD

static const net_case dense_cases[] = {
    {DENSE("linear"), 0},
    {DENSE("relu"), 0},
    {DENSE("elu"), 0},
    {DENSE("selu"), 0},
    {DENSE("sigmoid"), 0},
    {DENSE("hard_sigmoid"), 0},
    {DENSE("tanh"), 0},
    {DENSE("softmax"), 0},
    {DENSE("softplus"), 0},
    {DENSE("softsign"), 0},
    {DENSE("relu6"), 0},
    {DENSE("exponential"), 0},
    {"InputLayer: 5; Dense: 'units': 4, 'use_bias': false; " HEAD, 0},
    {"InputLayer: 3, 4; Dense: 'units': 5, 'activation': 'tanh'; " HEAD, 0},
    {"InputLayer: 2, 3, 2; Dense: 'units': 3, 'activation': 'softmax'; " HEAD, 0},
    {"InputLayer: 1; Dense: 'units': 1, 'activation': 'tanh'; " HEAD, 0},
    {"InputLayer: 37; Dense: 'units': 19, 'activation': 'sigmoid'; Dense: 'units': 2, 'activation': 'softmax';", 0},
    {"InputLayer: 3, 4; Activation: 'activation': 'tanh'; " HEAD, 0},
    {"InputLayer: 3, 4; Activation: 'activation': 'softmax'; " HEAD, 0},
    {"InputLayer: 3, 4; Activation: 'activation': 'elu'; Dense: 'units': 2; Activation: 'activation': 'selu'; " HEAD,
     0},
    /* Outputs that are no softmax of a Dense layer: Keras divides them by their sum. */
    {"InputLayer: 5; Dense: 'units': 3, 'activation': 'sigmoid';", 0},
    {"InputLayer: 5; Dense: 'units': 3, 'activation': 'softplus';", 0},
    {"InputLayer: 5; Dense: 'units': 3; Activation: 'activation': 'softmax';", 0},
    {"InputLayer: 5; Dense: 'units': 3; Activation: 'activation': 'exponential';", 0},
    {"InputLayer: 3; Activation: 'activation': 'softmax';", 0},
};

#define CONV1D(shape, config) "InputLayer: " shape "; Conv1D: 'filters': 3, 'activation': 'tanh', " config "; " HEAD
#define CONV2D(shape, config) "InputLayer: " shape "; Conv2D: 'filters': 3, 'activation': 'tanh', " config "; " HEAD

static const net_case conv_cases[] = {
    {CONV1D("7, 2", "'kernel_size': 3"), 0},
    {CONV1D("7, 2", "'kernel_size': 3, 'padding': 'same'"), 0},
    {CONV1D("7, 2", "'kernel_size': 3, 'padding': 'causal'"), 0},
    {CONV1D("8, 2", "'kernel_size': [4], 'padding': 'same', 'strides': [2]"), 0},
    {CONV1D("8, 2", "'kernel_size': 4, 'strides': 3"), 0},
    {CONV1D("9, 1", "'kernel_size': 2, 'strides': 3, 'padding': 'same'"), 0},
    {CONV1D("9, 2", "'kernel_size': 3, 'dilation_rate': 2"), 0},
    {CONV1D("9, 2", "'kernel_size': 3, 'dilation_rate': 3, 'padding': 'same'"), 0},
    {CONV1D("9, 2", "'kernel_size': 3, 'dilation_rate': 2, 'padding': 'causal'"), 0},
    {CONV1D("9, 2", "'kernel_size': 3, 'strides': 2, 'padding': 'causal'"), 0},
    {CONV1D("3, 2", "'kernel_size': 7, 'padding': 'same'"), 0},
    {CONV1D("3, 2", "'kernel_size': 6, 'padding': 'causal'"), 0},
    {CONV1D("1, 3", "'kernel_size': 1"), 0},
    {CONV1D("5, 3", "'kernel_size': 1, 'use_bias': false"), 0},
    {CONV1D("5, 3", "'kernel_size': 5, 'use_bias': false"), 0},
    {CONV2D("5, 4, 2", "'kernel_size': [3, 2]"), 0},
    {CONV2D("5, 4, 2", "'kernel_size': [3, 3], 'padding': 'same'"), 0},
    {CONV2D("5, 4, 1", "'kernel_size': [2, 4], 'padding': 'same'"), 0},
    {CONV2D("9, 4, 2", "'kernel_size': [6, 4], 'padding': 'same', 'strides': 2"), 0},
    {CONV2D("6, 5, 1", "'kernel_size': 2, 'strides': [3, 2]"), 0},
    {CONV2D("6, 5, 1", "'kernel_size': 2, 'strides': [2, 3], 'padding': 'same'"), 0},
    {CONV2D("7, 6, 1", "'kernel_size': 2, 'dilation_rate': [3, 2]"), 0},
    {CONV2D("5, 5, 2", "'kernel_size': 3, 'dilation_rate': 2, 'padding': 'same', 'use_bias': false"), 0},
    {CONV2D("4, 1, 2", "'kernel_size': [3, 4], 'padding': 'same'"), 0},
    {CONV2D("2, 2, 2", "'kernel_size': [6, 4], 'padding': 'same', 'strides': 2"), 0},
    {CONV2D("1, 1, 3", "'kernel_size': 1"), 0},
    /* A stack whose later kernels meet padding with most of their taps. */
    {"InputLayer: 12, 4, 1; Conv2D: 'filters': 3, 'kernel_size': [6, 4], 'strides': 2, 'padding': 'same', "
     "'activation': "
     "'tanh'; Conv2D: 'filters': 2, 'kernel_size': [6, 4], 'strides': 2, 'padding': 'same', 'activation': 'elu'; " HEAD,
     0},
    {"InputLayer: 8, 2; Conv1D: 'filters': 3, 'kernel_size': 3, 'activation': 'tanh'; Conv1D: 'filters': 2, "
     "'kernel_size': 2, 'strides': 2, 'activation': 'softmax'; " HEAD,
     0},
};

#define POOL1D(class, config) "InputLayer: 7, 3; " class ": " config "; " HEAD
#define POOL2D(class, config) "InputLayer: 7, 5, 2; " class ": " config "; " HEAD

static const net_case pooling_cases[] = {
    {POOL1D("MaxPooling1D", "'pool_size': 2"), MN_SPACED},
    {POOL1D("MaxPooling1D", "'pool_size': 3, 'strides': 2, 'padding': 'same'"), MN_SPACED},
    {POOL1D("MaxPooling1D", "'pool_size': 2, 'strides': 3"), MN_SPACED},
    {POOL1D("MaxPooling1D", "'pool_size': 4, 'strides': 1, 'padding': 'same'"), MN_SPACED},
    {POOL1D("AveragePooling1D", "'pool_size': 2"), 0},
    {POOL1D("AveragePooling1D", "'pool_size': 3, 'strides': 2, 'padding': 'same'"), 0},
    {POOL1D("AveragePooling1D", "'pool_size': 4, 'strides': 1, 'padding': 'same'"), 0},
    {POOL2D("MaxPooling2D", "'pool_size': 2"), MN_SPACED},
    {POOL2D("MaxPooling2D", "'pool_size': [3, 2], 'strides': [2, 1], 'padding': 'same'"), MN_SPACED},
    {POOL2D("MaxPooling2D", "'pool_size': [2, 3], 'strides': [3, 1]"), MN_SPACED},
    {POOL2D("AveragePooling2D", "'pool_size': 2"), 0},
    {POOL2D("AveragePooling2D", "'pool_size': [3, 2], 'strides': [2, 1], 'padding': 'same'"), 0},
    {POOL2D("AveragePooling2D", "'pool_size': [2, 3], 'strides': [3, 1]"), 0},
    {"InputLayer: 6, 3; GlobalMaxPooling1D; " HEAD, MN_SPACED},
    {"InputLayer: 6, 3; GlobalAveragePooling1D; " HEAD, 0},
    {"InputLayer: 1, 3; GlobalAveragePooling1D; " HEAD, 0},
    {"InputLayer: 4, 3, 2; GlobalMaxPooling2D; " HEAD, MN_SPACED},
    {"InputLayer: 4, 3, 2; GlobalAveragePooling2D; " HEAD, 0},
};

static const net_case shape_cases[] = {
    {"InputLayer: 6, 2; Dense: 'units': 4; Reshape: 'target_shape': [3, -1]; LSTM: 'units': 2; " HEAD, 0},
    {"InputLayer: 6; Reshape: 'target_shape': [3, 2]; Conv1D: 'filters': 2, 'kernel_size': 2; " HEAD, 0},
    {"InputLayer: 2, 3, 4; Permute: 'dims': [3, 1, 2]; Dense: 'units': 2, 'activation': 'tanh'; " HEAD, 0},
    {"InputLayer: 2, 3, 2, 2; Permute: 'dims': [4, 2, 1, 3]; Dense: 'units': 2, 'activation': 'tanh'; " HEAD, 0},
    {"InputLayer: 5, 1; Permute: 'dims': [2, 1]; Dense: 'units': 2, 'activation': 'tanh'; " HEAD, 0},
    {"InputLayer: 3; RepeatVector: 'n': 4; LSTM: 'units': 2; " HEAD, 0},
    {"InputLayer: 3; RepeatVector: 'n': 1; " HEAD, 0},
    {"InputLayer: 4; Dense: 'units': 6; Reshape: 'target_shape': [2, 3]; Flatten; Flatten; Reshape: 'target_shape': "
     "[3, 2]; " HEAD,
     0},
    /* One layer's output read through several views. */
    {"InputLayer: 6; d = Dense: 'units': 6, 'activation': 'tanh'; a = Reshape(d): 'target_shape': [2, 3]; b = "
     "Reshape(d): "
     "'target_shape': [3, 2]; c = Permute(b): 'dims': [2, 1]; e = Flatten(c); f = Flatten(a); Add(e, f, d); " HEAD,
     0},
};

#define LSTM(shape, config) "InputLayer: " shape "; LSTM: 'units': 3, " config "; " HEAD
#define GRU(shape, config) "InputLayer: " shape "; GRU: 'units': 3, " config "; " HEAD
#define BOTH(layer, config, mode)                                                                                \
    "InputLayer: 4, 2; Bidirectional: 'merge_mode': '" mode "', 'layer': {'class_name': '" layer "', 'config': " \
    "{'units': 3, " config "}}; " HEAD

static const net_case recurrent_cases[] = {
    {LSTM("4, 2", "'return_sequences': false"), 0},
    {LSTM("4, 2", "'return_sequences': true"), 0},
    {LSTM("4, 2", "'go_backwards': true"), 0},
    {LSTM("4, 2", "'go_backwards': true, 'return_sequences': true"), 0},
    {LSTM("1, 3", "'return_sequences': false"), 0},
    {LSTM("1, 3", "'return_sequences': true, 'go_backwards': true"), 0},
    {LSTM("3, 2", "'use_bias': false"), 0},
    {LSTM("3, 2", "'activation': 'relu', 'recurrent_activation': 'hard_sigmoid'"), 0},
    {LSTM("3, 2", "'activation': 'softsign', 'recurrent_activation': 'tanh'"), 0},
    {LSTM("3, 2", "'activation': 'linear', 'recurrent_activation': 'linear'"), 0},
    {LSTM("3, 2", "'activation': 'elu', 'recurrent_activation': 'softmax'"), 0},
    {LSTM("9, 1", "'return_sequences': false"), 0},
    {"InputLayer: 3, 2; LSTM: 'units': 3, 'activation': 'softmax';", 0},
    {"InputLayer: 3, 5; LSTM: 'units': 17, 'return_sequences': true; LSTM: 'units': 2; " HEAD, 0},
    {GRU("4, 2", "'reset_after': true"), 0},
    {GRU("4, 2", "'reset_after': false"), 0},
    {GRU("4, 2", "'reset_after': true, 'return_sequences': true"), 0},
    {GRU("4, 2", "'reset_after': false, 'return_sequences': true, 'go_backwards': true"), 0},
    {GRU("1, 3", "'reset_after': true"), 0},
    {GRU("1, 3", "'reset_after': false"), 0},
    {GRU("3, 2", "'use_bias': false, 'reset_after': true"), 0},
    {GRU("3, 2", "'use_bias': false, 'reset_after': false"), 0},
    {GRU("3, 2", "'activation': 'softsign', 'recurrent_activation': 'hard_sigmoid', 'reset_after': true"), 0},
    {GRU("3, 2", "'activation': 'elu', 'recurrent_activation': 'tanh', 'reset_after': false"), 0},
    {GRU("3, 5", "'reset_after': true"), 0},
    {BOTH("LSTM", "'return_sequences': true", "concat"), 0},
    {BOTH("LSTM", "'return_sequences': true", "sum"), 0},
    {BOTH("LSTM", "'return_sequences': true", "mul"), 0},
    {BOTH("LSTM", "'return_sequences': true", "ave"), 0},
    {BOTH("LSTM", "'return_sequences': false", "concat"), 0},
    {BOTH("LSTM", "'return_sequences': false", "mul"), 0},
    {BOTH("LSTM", "'return_sequences': false, 'go_backwards': true", "sum"), 0},
    {BOTH("GRU", "'return_sequences': true", "concat"), 0},
    {BOTH("GRU", "'return_sequences': false", "ave"), 0},
    {BOTH("GRU", "'reset_after': false", "mul"), 0},
    {"InputLayer: 1, 2; Bidirectional: 'layer': {'class_name': 'LSTM', 'config': {'units': 3}}; " HEAD, 0},
};

#define EACH(class, config) "TimeDistributed: 'layer': {'class_name': '" class "', 'config': {" config "}}; "

static const net_case time_distributed_cases[] = {
    {"InputLayer: 4, 3; " EACH("Dense", "'units': 2, 'activation': 'tanh'") "LSTM: 'units': 2; " HEAD, 0},
    {"InputLayer: 1, 3; " EACH("Dense", "'units': 2, 'activation': 'tanh'") HEAD, 0},
    {"InputLayer: 3, 5, 3, 1; " EACH("Conv2D", "'filters': 2, 'kernel_size': [3, 2], 'strides': 2, 'padding': 'same'")
         EACH("Flatten", "") "LSTM: 'units': 2; " HEAD,
     0},
    {"InputLayer: 1, 6, 4, 1; " EACH("Conv2D", "'filters': 2, 'kernel_size': [6, 4], 'strides': 2, 'padding': 'same', "
                                               "'activation': 'tanh'")
         EACH("Flatten", "") "LSTM: 'units': 2; Dense: 'units': 4; " HEAD,
     0},
    {"InputLayer: 2, 6, 2; " EACH("MaxPooling1D", "'pool_size': 2") EACH("Conv1D", "'filters': 4, 'kernel_size': 2")
         EACH("Reshape", "'target_shape': [4, -1]") EACH("Permute", "'dims': [2, 1]") HEAD,
     MN_SPACED},
    {"InputLayer: 2, 3, 2; " EACH("LSTM", "'units': 2, 'return_sequences': true") EACH("GlobalAveragePooling1D", "")
         HEAD,
     0},
    {"InputLayer: 2, 3, 2; " EACH("Activation", "'activation': 'softmax'") EACH("BatchNormalization", "") HEAD, 0},
    {"InputLayer: 3, 4; " EACH("BatchNormalization", "") EACH("Dense", "'units': 2") HEAD, MN_TRAINING},
    {"InputLayer: 3, 4; " EACH("Dropout", "'rate': 0.4") EACH("Dense", "'units': 2") HEAD, MN_TRAINING},
    {"InputLayer: 2, 3; " EACH("RepeatVector", "'n': 2") EACH("Dense", "'units': 2") HEAD, 0},
    {"InputLayer: 2, 3; " EACH("Embedding", "'input_dim': 6, 'output_dim': 2") HEAD, MN_INDICES},
};

static const net_case mask_cases[] = {
    {"InputLayer: 5, 2; Masking; LSTM: 'units': 3; " HEAD, MN_ZEROS},
    {"InputLayer: 5, 2; Masking; LSTM: 'units': 3, 'return_sequences': true; LSTM: 'units': 2; " HEAD, MN_ZEROS},
    {"InputLayer: 5, 2; Masking; LSTM: 'units': 3, 'go_backwards': true; " HEAD, MN_ZEROS},
    {"InputLayer: 1, 2; Masking; LSTM: 'units': 3; " HEAD, MN_ZEROS},
    {"InputLayer: 5, 2; Masking; GRU: 'units': 3; " HEAD, MN_ZEROS},
    {"InputLayer: 5, 2; Masking; GRU: 'units': 3, 'reset_after': false, 'return_sequences': true; "
     "GlobalAveragePooling1D; " HEAD,
     MN_ZEROS},
    {"InputLayer: 5, 2; Masking; Bidirectional: 'layer': {'class_name': 'LSTM', 'config': {'units': 2}}; " HEAD,
     MN_ZEROS},
    {"InputLayer: 5, 2; Masking; Bidirectional: 'merge_mode': 'sum', 'layer': {'class_name': 'GRU', 'config': "
     "{'units': 2, "
     "'return_sequences': true}}; LSTM: 'units': 2; " HEAD,
     MN_ZEROS},
    {"InputLayer: 5, 2; Masking; " EACH("Dense", "'units': 3, 'activation': 'tanh'") "LSTM: 'units': 2; " HEAD,
     MN_ZEROS},
    {"InputLayer: 5, 2; Masking; Dense: 'units': 3, 'activation': 'tanh'; GlobalAveragePooling1D; " HEAD, MN_ZEROS},
    {"InputLayer: 5, 2; Masking; Activation: 'activation': 'tanh'; BatchNormalization; GRU: 'units': 2; " HEAD,
     MN_ZEROS},
    {"InputLayer: 5, 2; Masking; Dropout: 'rate': 0.3; SpatialDropout1D: 'rate': 0.3; LSTM: 'units': 2; " HEAD,
     MN_ZEROS | MN_TRAINING},
    {"InputLayer: 5, 2; Masking; Dropout: 'rate': 0; LSTM: 'units': 2; " HEAD, MN_ZEROS},
    {"InputLayer: 5, 2; Masking; BatchNormalization; GlobalAveragePooling1D; " HEAD, MN_ZEROS | MN_TRAINING},
    {"InputLayer: 5, 2; Masking: 'mask_value': 0.25; LSTM: 'units': 3; " HEAD, 0},
    {"x = InputLayer: 5, 2; y = InputLayer: 5, 2; a = Masking(x); b = Masking(y); Add(a, b); "
     "GlobalAveragePooling1D; " HEAD,
     MN_ZEROS},
    {"free = InputLayer: 5, 2; y = InputLayer: 5, 2; b = Masking(y); Multiply(free, b); LSTM: 'units': 2; " HEAD,
     MN_ZEROS},
    {"x = InputLayer: 5, 2; y = InputLayer: 5, 3; a = Masking(x); b = Masking(y); Concatenate(a, b); LSTM: 'units': "
     "2; " HEAD,
     MN_ZEROS},
    {"x = InputLayer: 5, 2; y = InputLayer: 3, 2; a = Masking(x); b = Masking(y); Concatenate(a, b): 'axis': 1; LSTM: "
     "'units': 2; " HEAD,
     MN_ZEROS},
    {"InputLayer: 5; Embedding: 'input_dim': 6, 'output_dim': 3, 'mask_zero': true; LSTM: 'units': 2; " HEAD,
     MN_INDICES},
    {"InputLayer: 5; Embedding: 'input_dim': 6, 'output_dim': 3, 'mask_zero': true; GlobalAveragePooling1D; " HEAD,
     MN_INDICES},
};

static const net_case training_cases[] = {
    {"InputLayer: 6; Dropout: 'rate': 0.5; Dense: 'units': 4, 'activation': 'tanh'; Dropout: 'rate': 0.2; " HEAD,
     MN_TRAINING},
    {"InputLayer: 4, 3; SpatialDropout1D: 'rate': 0.4; LSTM: 'units': 3; " HEAD, MN_TRAINING},
    {"InputLayer: 4, 3; LSTM: 'units': 3, 'dropout': 0.4; " HEAD, MN_TRAINING},
    {"InputLayer: 4, 3; LSTM: 'units': 3, 'recurrent_dropout': 0.4; " HEAD, MN_TRAINING},
    {"InputLayer: 4, 3; LSTM: 'units': 3, 'dropout': 0.3, 'recurrent_dropout': 0.3, 'return_sequences': true; " HEAD,
     MN_TRAINING},
    {"InputLayer: 1, 3; LSTM: 'units': 3, 'dropout': 0.3, 'recurrent_dropout': 0.3; " HEAD, MN_TRAINING},
    {"InputLayer: 4, 3; GRU: 'units': 3, 'dropout': 0.3, 'recurrent_dropout': 0.3; " HEAD, MN_TRAINING},
    {"InputLayer: 4, 3; GRU: 'units': 3, 'dropout': 0.3, 'recurrent_dropout': 0.3, 'reset_after': false; " HEAD,
     MN_TRAINING},
    {"InputLayer: 4, 3; Bidirectional: 'layer': {'class_name': 'LSTM', 'config': {'units': 2, 'dropout': 0.3, "
     "'recurrent_dropout': 0.3}}; " HEAD,
     MN_TRAINING},
    {"InputLayer: 4, 3; Masking; LSTM: 'units': 3, 'dropout': 0.3, 'recurrent_dropout': 0.3; " HEAD,
     MN_TRAINING | MN_ZEROS},
    {"InputLayer: 5; BatchNormalization; " HEAD, 0},
    {"InputLayer: 5; BatchNormalization; " HEAD, MN_TRAINING},
    {"InputLayer: 4, 3; BatchNormalization: 'scale': false; " HEAD, MN_TRAINING},
    {"InputLayer: 4, 3; BatchNormalization: 'center': false, 'epsilon': 0.1; " HEAD, MN_TRAINING},
    {"InputLayer: 3, 2, 2; BatchNormalization; " HEAD, MN_TRAINING},
    {"InputLayer: 3, 2; BatchNormalization: 'center': false, 'scale': false; " HEAD, 0},
    {"InputLayer: 4, 3; BatchNormalization: 'trainable': false; Dense: 'units': 2; " HEAD, MN_TRAINING},
    {"InputLayer: 6, 2; Conv1D: 'filters': 18, 'kernel_size': 2; BatchNormalization; Activation: 'activation': "
     "'tanh'; " HEAD,
     MN_TRAINING},
};

static const net_case graph_cases[] = {
    {"InputLayer: 5; Embedding: 'input_dim': 6, 'output_dim': 3; LSTM: 'units': 2; " HEAD, MN_INDICES},
    {"InputLayer: 2, 3; Embedding: 'input_dim': 6, 'output_dim': 2; " HEAD, MN_INDICES},
    {"x = InputLayer: 4, 2; a = Dense(x): 'units': 3; b = Dense(x): 'units': 2; Concatenate(a, b, x); " HEAD, 0},
    {"x = InputLayer: 4, 2; y = InputLayer: 3, 2; Concatenate(x, y): 'axis': 1; LSTM: 'units': 2; " HEAD, 0},
    {"x = InputLayer: 3, 4, 2; y = InputLayer: 3, 1, 2; Concatenate(x, y): 'axis': -2; " HEAD, 0},
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'activation': 'tanh'; Add(x, a); " HEAD, 0},
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'activation': 'tanh'; Multiply(x, a); " HEAD, 0},
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'activation': 'tanh'; b = Dense(x): 'units': 4; Multiply(x, a, "
     "b); " HEAD,
     0},
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'activation': 'tanh'; b = Dense(x): 'units': 4; Average(x, a, "
     "b); " HEAD,
     0},
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'activation': 'tanh'; b = Dense(x): 'units': 4; Maximum(x, a, "
     "b); " HEAD,
     0},
    {"x = InputLayer: 4; a = Dense(x): 'units': 3, 'activation': 'tanh'; b = RepeatVector(a): 'n': 2; c = Flatten(b); "
     "Concatenate(a, c); " HEAD,
     0},
    /* The same input twice. */
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'activation': 'tanh'; b = Multiply(a, a); Add(b, b, x); " HEAD, 0},
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'activation': 'tanh'; Concatenate(a, x, a); " HEAD, 0},
    /* Layers that are called twice. */
    {"x = InputLayer: 4; y = InputLayer: 4; a = Dense(x): 'units': 3, 'activation': 'tanh'; b = @a(y); Multiply(a, "
     "b); " HEAD,
     0},
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'activation': 'tanh'; b = @a(a); c = @a(b); Add(a, c); " HEAD, 0},
    {"x = InputLayer: 5, 2; y = InputLayer: 5, 2; a = LSTM(x): 'units': 2; b = @a(y); Concatenate(a, b); " HEAD, 0},
    {"x = InputLayer: 5, 2; y = InputLayer: 5, 2; a = GRU(x): 'units': 2; b = @a(y); Concatenate(a, b); " HEAD, 0},
    {"x = InputLayer: 5, 2; y = InputLayer: 5, 2; a = Conv1D(x): 'filters': 2, 'kernel_size': 3; b = @a(y); c = "
     "Flatten(a); "
     "d = Flatten(b); Concatenate(c, d); " HEAD,
     0},
    {"x = InputLayer: 5; y = InputLayer: 5; a = Embedding(x): 'input_dim': 6, 'output_dim': 2; b = @a(y); Multiply(a, "
     "b); " HEAD,
     MN_INDICES},
    {"x = InputLayer: 3; y = InputLayer: 3; a = BatchNormalization(x); b = @a(y); Multiply(a, b); " HEAD, MN_TRAINING},
    {"x = InputLayer: 4, 2; y = InputLayer: 4, 2; a = Bidirectional(x): 'layer': {'class_name': 'LSTM', 'config': "
     "{'units': "
     "2}}; b = @a(y); Add(a, b); " HEAD,
     0},
    {"x = InputLayer: 2, 3; y = InputLayer: 2, 3; a = TimeDistributed(x): 'layer': {'class_name': 'Dense', 'config': "
     "{'units': 2}}; b = @a(y); Multiply(a, b); " HEAD,
     0},
    /* Attention over steps. */
    {"x = InputLayer: 4, 3; a = TimeDistributed(x): 'layer': {'class_name': 'Dense', 'config': {'units': 1}}; b = "
     "Flatten(a); "
     "c = Activation(b): 'activation': 'softmax'; d = RepeatVector(c): 'n': 3; e = Permute(d): 'dims': [2, 1]; "
     "Multiply(x, e); " HEAD,
     0},
    /* An output in the middle of a chain is read by two, one of them through a view. */
    {"x = InputLayer: 2, 3; a = Dense(x): 'units': 3, 'activation': 'tanh'; b = Flatten(a); c = Dense(b): 'units': 2; "
     "d = "
     "GlobalAveragePooling1D(a); Concatenate(b, c, d); " HEAD,
     0},
};

#define REG(l1, l2) "{'class_name': 'L1L2', 'config': {'l1': " l1 ", 'l2': " l2 "}}"

static const net_case regularizer_cases[] = {
    {"InputLayer: 4; Dense: 'units': 3, 'kernel_regularizer': " REG("0.0", "0.1") ", 'bias_regularizer': " REG(
         "0.02", "0.03") "; " HEAD,
     0},
    {"InputLayer: 4, 2; Conv1D: 'filters': 2, 'kernel_size': 3, 'kernel_regularizer': " REG("0.05", "0.1") "; " HEAD,
     0},
    {"InputLayer: 3, 2; LSTM: 'units': 2, 'kernel_regularizer': " REG("0.01", "0.1") ", 'recurrent_regularizer': " REG(
         "0.0", "0.2") ", 'bias_regularizer': " REG("0.03", "0.0") "; " HEAD,
     0},
    {"InputLayer: 1, 2; LSTM: 'units': 2, 'kernel_regularizer': " REG("0.01", "0.1") ", 'recurrent_regularizer': " REG(
         "0.0", "0.2") ", 'bias_regularizer': " REG("0.03", "0.1") "; " HEAD,
     0},
    {"InputLayer: 5, 4, 1; Conv2D: 'filters': 2, 'kernel_size': [6, 4], 'padding': 'same', 'strides': 4, "
     "'kernel_regularizer': " REG("0.0", "0.1") "; " HEAD,
     0},
    {"InputLayer: 3, 2; GRU: 'units': 2, 'kernel_regularizer': " REG("0.0", "0.1") ", 'recurrent_regularizer': " REG(
         "0.0", "0.2") ", 'bias_regularizer': " REG("0.0", "0.1") "; " HEAD,
     0},
    {"InputLayer: 4; Embedding: 'input_dim': 6, 'output_dim': 2, 'embeddings_regularizer': " REG("0.0",
                                                                                                 "0.1") "; " HEAD,
     MN_INDICES},
    {"InputLayer: 4; BatchNormalization: 'gamma_regularizer': " REG("0.0", "0.1") ", 'beta_regularizer': " REG(
         "0.0", "0.2") "; " HEAD,
     MN_TRAINING},
    {"x = InputLayer: 4; a = Dense(x): 'units': 4, 'kernel_regularizer': " REG("0.0",
                                                                               "0.1") "; b = @a(a); Add(a, b); " HEAD,
     0},
    {"InputLayer: 3, 4; TimeDistributed: 'layer': {'class_name': 'Dense', 'config': {'units': 2, "
     "'kernel_regularizer': " REG("0.0", "0.1") "}}; " HEAD,
     0},
};

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))
/* A batch of one, and one of three. */
static void check_case(const net_case *c)
{
    mn_gradient_check(c->net, 1, c->flags, mn_seed() * 1000 + 1);
    mn_gradient_check(c->net, 3, c->flags, mn_seed() * 1000 + 2);
}

#define GRADIENT_TEST(name, table) \
    START_TEST(name)               \
    {                              \
        check_case(&(table)[_i]);  \
    }                              \
    END_TEST

GRADIENT_TEST(gradients_of_dense_layers_and_activations, dense_cases)
GRADIENT_TEST(gradients_of_convolutions, conv_cases)
GRADIENT_TEST(gradients_of_pooling, pooling_cases)
GRADIENT_TEST(gradients_of_layers_that_move_elements, shape_cases)
GRADIENT_TEST(gradients_of_recurrent_layers, recurrent_cases)
GRADIENT_TEST(gradients_of_layers_applied_to_every_step, time_distributed_cases)
GRADIENT_TEST(gradients_under_masks, mask_cases)
GRADIENT_TEST(gradients_in_training_mode, training_cases)
GRADIENT_TEST(gradients_of_graphs, graph_cases)
GRADIENT_TEST(gradients_with_regularizers, regularizer_cases)

int main(void)
{
    Suite *suite = suite_create("gradients");
    TCase *tcase = tcase_create("gradients");
    tcase_add_loop_test(tcase, gradients_of_dense_layers_and_activations, 0, COUNT(dense_cases));
    tcase_add_loop_test(tcase, gradients_of_convolutions, 0, COUNT(conv_cases));
    tcase_add_loop_test(tcase, gradients_of_pooling, 0, COUNT(pooling_cases));
    tcase_add_loop_test(tcase, gradients_of_layers_that_move_elements, 0, COUNT(shape_cases));
    tcase_add_loop_test(tcase, gradients_of_recurrent_layers, 0, COUNT(recurrent_cases));
    tcase_add_loop_test(tcase, gradients_of_layers_applied_to_every_step, 0, COUNT(time_distributed_cases));
    tcase_add_loop_test(tcase, gradients_under_masks, 0, COUNT(mask_cases));
    tcase_add_loop_test(tcase, gradients_in_training_mode, 0, COUNT(training_cases));
    tcase_add_loop_test(tcase, gradients_of_graphs, 0, COUNT(graph_cases));
    tcase_add_loop_test(tcase, gradients_with_regularizers, 0, COUNT(regularizer_cases));
    suite_add_tcase(suite, tcase);
    return mn_check_main(suite);
}
