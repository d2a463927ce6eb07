/* spec_layer.c - one layer of a Keras JSON: its config checked field by field */
/* SPDX-License-Identifier: MIT */
#include "spec_layer.h"

#include "mem.h"
#include "spec_fields.h"
#include "spec_parts.h"

/* A layer's class and config while it is read. */
typedef struct reader {
    mn_layer_spec *layer;
    const mn_place *config;
    mn_layer_kind wrapper; /* the layer is inside; MN_LAYER_KINDS: none */
    bool keras3;
} reader;

static mirnet_status read_layer(mn_layer_spec *out, const mn_place *entry, mn_layer_kind kind, const char *name,
                                mn_layer_kind wrapper, bool keras3);

/* Members are set through offsets of the table. */
static void *member(const reader *r, const mn_field *field)
{
    return (char *)r->layer + field->offset;
}

static void set_defaults(mn_layer_spec *layer)
{
    static const mn_initializer glorot = {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_AVG, MN_UNIFORM};
    static const mn_initializer embeddings = {.kind = MN_INIT_UNIFORM, .a = -0.05, .b = 0.05};
    static const mn_initializer orthogonal = {.kind = MN_INIT_ORTHOGONAL, .a = 1};
    static const mn_initializer zeros = {.kind = MN_INIT_CONSTANT, .a = 0}, ones = {.kind = MN_INIT_CONSTANT, .a = 1};
    mn_layer_kind kind = layer->kind;
    bool normalizes = kind == MN_BATCH_NORMALIZATION;
    bool pools = kind >= MN_MAX_POOLING1D && kind <= MN_AVERAGE_POOLING2D;
    bool one_axis = kind == MN_MAX_POOLING1D || kind == MN_AVERAGE_POOLING1D;

    layer->trainable = true;
    layer->activation = kind == MN_LSTM || kind == MN_GRU ? MN_TANH : MN_LINEAR;
    layer->recurrent_activation = MN_SIGMOID;
    layer->use_bias = layer->unit_forget_bias = layer->reset_after = layer->center = layer->scale = true;
    for (int i = 0; i < 2; i++) {
        layer->kernel[i] = pools && !(one_axis && i == 1) ? 2 : 1;
        layer->strides[i] = pools ? 0 : 1; /* 0: as the pool */
        layer->dilation[i] = 1;
    }
    layer->momentum = 0.99;
    layer->epsilon = 1e-3;
    layer->axis = -1;
    layer->merge_mode = MN_MERGE_CONCAT;
    layer->kernel_init = normalizes ? ones : kind == MN_EMBEDDING ? embeddings : glorot;
    layer->recurrent_init = normalizes ? zeros : orthogonal;
    layer->bias_init = zeros;
    layer->variance_init = ones;
}

static mirnet_status read_dims(const mn_place *at, size_t skip, int64_t open, mn_shape *out)
{
    MN_TRY(mn_place_list(at));
    size_t n = json_array_size(at->value);
    if (n < skip + 1 || n > skip + MN_MAX_RANK)
        return mn_place_expected(at, "a list of 1 to 8 dimensions");
    mn_shape shape = {.rank = (int32_t)(n - skip)};
    int64_t size = 1;
    for (size_t i = 0; i < n; i++) {
        mn_place item = mn_place_item(at, i);
        int64_t dim = -1;
        bool written_open = json_integer_value(item.value) == -1;
        if (!mn_place_empty(&item) && !(open && i >= skip && written_open))
            MN_TRY(mn_place_integer(&item, 1, MN_MAX_SIZE, &dim));
        if (i < skip)
            continue;
        shape.dim[i - skip] = dim;
        size *= dim < 0 ? 1 : dim;
        if (size > MN_MAX_SIZE)
            return mn_place_fail(at, MIRNET_ERR_FORMAT, "more than %d elements", MN_MAX_SIZE);
    }
    *out = shape;
    return MIRNET_OK;
}

mirnet_status mn_spec_read_batch_shape(const mn_place *at, mn_shape *out)
{
    if (json_array_size(at->value) < 2)
        return mn_place_expected(at, "the batch axis (null) and 1 to 8 dimensions");
    return read_dims(at, 1, 0, out);
}

/* Reshape: at most one dimension is open. */
static mirnet_status read_target(const mn_place *at, mn_shape *out)
{
    MN_TRY(read_dims(at, 0, 1, out));
    int n_open = 0;
    for (int32_t i = 0; i < out->rank; i++)
        n_open += out->dim[i] < 0;
    return n_open <= 1 ? MIRNET_OK : mn_place_expected(at, "at most one -1");
}

/* Permute: each of 1..n once. */
static mirnet_status read_permutation(const mn_place *at, mn_shape *out)
{
    MN_TRY(read_dims(at, 0, 0, out));
    unsigned seen = 0;
    for (int32_t i = 0; i < out->rank; i++)
        if (out->dim[i] >= 1 && out->dim[i] <= out->rank)
            seen |= 1u << (out->dim[i] - 1);
    return seen == (1u << out->rank) - 1 ? MIRNET_OK : mn_place_expected(at, "a permutation of 1, 2...");
}

static mirnet_status read_window(const mn_place *at, size_t axes, int64_t out[2])
{
    int64_t value[2] = {1, 1};
    if (!json_is_array(at->value)) {
        MN_TRY(mn_place_integer(at, 1, MN_MAX_SIZE, &value[0]));
        value[1] = axes == 2 ? value[0] : 1;
    } else {
        size_t n = json_array_size(at->value);
        if (n != axes)
            return mn_place_expected(at, axes == 2 ? "an integer or two of them" : "an integer or a list of one");
        for (size_t i = 0; i < n; i++) {
            mn_place item = mn_place_item(at, i);
            MN_TRY(mn_place_integer(&item, 1, MN_MAX_SIZE, &value[i]));
        }
    }
    memcpy(out, value, sizeof(value));
    return MIRNET_OK;
}

static mirnet_status read_padding(const reader *r, const mn_place *at, mn_padding *out)
{
    bool causal = r->layer->kind == MN_CONV1D;
    const char *word;
    MN_TRY(mn_place_string(at, &word));
    if (mn_same_word(word, "valid"))
        *out = MN_VALID;
    else if (mn_same_word(word, "same"))
        *out = MN_SAME;
    else if (causal && mn_same_word(word, "causal"))
        *out = MN_CAUSAL;
    else
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "'%.60s' is not supported, only valid%s same%s", word,
                             causal ? "," : " and", causal ? " and causal" : "");
    return MIRNET_OK;
}

/* 3, -1, or, for BatchNormalization, a list of one such number. */
static mirnet_status read_axis(const reader *r, const mn_place *at, int32_t *out)
{
    bool listed = r->layer->kind == MN_BATCH_NORMALIZATION && json_array_size(at->value) == 1;
    mn_place item = mn_place_item(at, 0);
    const mn_place *from = listed ? &item : at;
    int64_t axis;
    MN_TRY(mn_place_integer(from, -MN_MAX_RANK, MN_MAX_RANK, &axis));
    if (axis == 0)
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "axis 0, the batch, is not supported");
    if (r->layer->kind == MN_BATCH_NORMALIZATION && axis < -1)
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "only the last axis is supported");
    *out = (int32_t)axis;
    return MIRNET_OK;
}

static mirnet_status read_merge_mode(const mn_place *at, mn_merge_mode *out)
{
    static const char *const words[] = {"concat", "sum", "mul", "ave"};
    if (json_is_null(at->value))
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "null (two outputs) is not supported");
    const char *word;
    MN_TRY(mn_place_string(at, &word));
    for (int i = 0; i < 4; i++)
        if (mn_same_word(word, words[i])) {
            *out = (mn_merge_mode)i;
            return MIRNET_OK;
        }
    return mn_place_expected(at, "concat, sum, mul or ave");
}

/* "float32", or a policy of that name: {"class_name": "DTypePolicy", "config": {"name": "float32"}}. */
static mirnet_status read_dtype(const mn_place *at, bool of_input)
{
    const char *name = json_string_value(at->value);
    if (json_is_object(at->value))
        name = json_string_value(json_object_get(json_object_get(at->value, "config"), "name"));
    if (!name)
        return mn_place_expected(at, "a type or a policy with a name");
    bool integer = mn_same_word(name, "int32") || mn_same_word(name, "int64");
    if (mn_same_word(name, "float32") || (of_input && integer))
        return MIRNET_OK;
    return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "'%.60s' is not supported, only float32", name);
}

/* Fields that may only have the value that changes nothing. */
static mirnet_status read_fixed(const reader *r, const mn_place *at, const mn_field *field)
{
    switch (field->kind) {
    case MN_FIELD_ZERO_MASKED:
    case MN_FIELD_FALSE:
        if (!json_is_false(at->value) && !(field->kind == MN_FIELD_ZERO_MASKED && r->wrapper == MN_BIDIRECTIONAL))
            return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "not supported, only false");
        return MIRNET_OK;
    case MN_FIELD_NULL:
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "not supported, only null");
    case MN_FIELD_ONE:
        if (!json_is_number(at->value) || json_number_value(at->value) != 1)
            return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "not supported, only 1");
        return MIRNET_OK;
    case MN_FIELD_CHANNELS_LAST:
        if (!json_is_string(at->value) || !mn_same_word(json_string_value(at->value), "channels_last"))
            return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "not supported, only channels_last");
        return MIRNET_OK;
    case MN_FIELD_DTYPE:
    case MN_FIELD_INPUT_DTYPE:
        return read_dtype(at, field->kind == MN_FIELD_INPUT_DTYPE);
    default:
        return MIRNET_OK;
    }
}

/* The layer inside a wrapper. Its name shows nowhere but in messages. */
static mirnet_status read_inner(const reader *r, const mn_place *entry, mn_layer_spec **out)
{
    mn_layer_kind kind;
    const char *name;
    MN_TRY(mn_spec_read_head(entry, &kind, &name));
    bool recurrent = kind == MN_LSTM || kind == MN_GRU;
    bool wraps = kind == MN_TIME_DISTRIBUTED || kind == MN_BIDIRECTIONAL || kind == MN_INPUT_LAYER;
    if (r->layer->kind == MN_BIDIRECTIONAL ? !recurrent : wraps || mn_layer_kind_merges(kind))
        return mn_place_fail(entry, MIRNET_ERR_UNSUPPORTED, "%s inside %s is not supported", mn_layer_kind_name(kind),
                             mn_layer_kind_name(r->layer->kind));
    *out = mn_calloc(1, sizeof(**out));
    if (!*out)
        return MIRNET_ERR_NOMEM;
    return read_layer(*out, entry, kind, name ? name : mn_layer_kind_word(kind), r->layer->kind, r->keras3);
}

static mirnet_status read_shape(const reader *r, const mn_place *at, const mn_field *field)
{
    mn_shape shape = {.rank = 1};
    if (field->kind == MN_FIELD_LENGTH)
        MN_TRY(mn_place_integer(at, 1, MN_MAX_SIZE, &shape.dim[0]));
    else if (field->kind == MN_FIELD_BATCH_SHAPE)
        MN_TRY(mn_spec_read_batch_shape(at, &shape));
    else
        MN_TRY(read_dims(at, 0, 0, &shape));
    if (field->kind == MN_FIELD_LENGTH && r->layer->has_input_shape)
        return MIRNET_OK;
    r->layer->input_shape = shape;
    r->layer->has_input_shape = true;
    return MIRNET_OK;
}

static mirnet_status read_field(const reader *r, const mn_place *at, const mn_field *field)
{
    void *to = member(r, field);
    switch (field->kind) {
    case MN_FIELD_FLAG:
        return mn_place_flag(at, to);
    case MN_FIELD_COUNT:
        return mn_place_integer(at, 1, MN_MAX_SIZE, to);
    case MN_FIELD_REAL:
        return mn_place_number(at, -1e30, 1e30, to);
    case MN_FIELD_RATE:
        return json_number_value(at->value) == 1 ? mn_place_expected(at, "a number below 1")
                                                 : mn_place_number(at, 0, 1, to);
    case MN_FIELD_SHARE:
        return mn_place_number(at, 0, 1, to);
    case MN_FIELD_WINDOW1:
        return read_window(at, 1, to);
    case MN_FIELD_WINDOW2:
        return read_window(at, 2, to);
    case MN_FIELD_PADDING:
        return read_padding(r, at, to);
    case MN_FIELD_ACTIVATION:
        return mn_spec_read_activation(at, r->keras3, to);
    case MN_FIELD_INITIALIZER:
        return mn_spec_read_initializer(at, to);
    case MN_FIELD_REGULARIZER:
        return mn_spec_read_regularizer(at, to);
    case MN_FIELD_BATCH_SHAPE:
    case MN_FIELD_SHAPE:
    case MN_FIELD_LENGTH:
        return read_shape(r, at, field);
    case MN_FIELD_TARGET:
        return read_target(at, to);
    case MN_FIELD_DIMS:
        return read_permutation(at, to);
    case MN_FIELD_AXIS:
        return read_axis(r, at, to);
    case MN_FIELD_MERGE_MODE:
        return read_merge_mode(at, to);
    case MN_FIELD_LAYER:
        return read_inner(r, at, to);
    default:
        return read_fixed(r, at, field);
    }
}

/* Every key of the config, against the table of the class. null is the default, but for merge_mode, where it has a
 * meaning. */
static mirnet_status read_config(const reader *r)
{
    mn_layer_kind kind = r->layer->kind;
    const mn_field *seen[64];
    size_t n_seen = 0;
    json_t *config = r->config->value;
    for (void *i = json_object_iter(config); i; i = json_object_iter_next(config, i)) {
        mn_place at = mn_place_key(r->config, json_object_iter_key(i));
        const mn_field *field = mn_field_find(kind, at.key);
        if (!field)
            return mn_place_fail(&at, MIRNET_ERR_UNSUPPORTED, "%s has no such field here", mn_layer_kind_name(kind));
        if (json_is_null(at.value) && field->kind != MN_FIELD_MERGE_MODE)
            continue;
        for (size_t k = 0; k < n_seen; k++)
            if (seen[k] == field)
                return mn_place_fail(&at, MIRNET_ERR_FORMAT, "stands for '%s', which is there too", field->name);
        if (n_seen < sizeof(seen) / sizeof(seen[0]))
            seen[n_seen++] = field;
        MN_TRY(read_field(r, &at, field));
    }
    const mn_field *field;
    for (size_t i = 0; (field = mn_field_get(kind, i)); i++) {
        bool found = !field->required;
        for (size_t k = 0; k < n_seen; k++)
            found |= seen[k] == field;
        if (!found)
            return mn_place_fail(r->config, MIRNET_ERR_FORMAT, "%s needs field '%s'", mn_layer_kind_name(kind),
                                 field->name);
    }
    return MIRNET_OK;
}

/* The backward layer is the forward one with its direction turned, or one of its own that must run the other way. */
static mirnet_status finish_bidirectional(const reader *r)
{
    mn_layer_spec *layer = r->layer;
    mn_place forward_entry = mn_place_key(r->config, "layer");
    if (!layer->inner[1]) {
        MN_TRY(read_inner(r, &forward_entry, &layer->inner[1]));
        layer->inner[1]->go_backwards = !layer->inner[0]->go_backwards;
    }
    const mn_layer_spec *forward = layer->inner[0], *backward = layer->inner[1];
    mn_place at = mn_place_key(r->config, "backward_layer");
    if (forward->go_backwards == backward->go_backwards)
        return mn_place_fail(&at, MIRNET_ERR_FORMAT, "go_backwards must differ from that of the forward layer");
    if (forward->return_sequences != backward->return_sequences)
        return mn_place_fail(&at, MIRNET_ERR_FORMAT, "return_sequences must be that of the forward layer");
    if (forward->units != backward->units && layer->merge_mode != MN_MERGE_CONCAT)
        return mn_place_fail(&at, MIRNET_ERR_FORMAT, "units must be those of the forward layer");
    if (!layer->has_input_shape && forward->has_input_shape) {
        layer->input_shape = forward->input_shape;
        layer->has_input_shape = true;
    }
    return MIRNET_OK;
}

/* What one field alone does not tell. */
static mirnet_status finish(const reader *r)
{
    mn_layer_spec *layer = r->layer;
    for (int i = 0; i < 2; i++)
        if (layer->strides[i] == 0)
            layer->strides[i] = layer->kernel[i];
    bool strided = layer->strides[0] > 1 || layer->strides[1] > 1;
    bool dilated = layer->dilation[0] > 1 || layer->dilation[1] > 1;
    if ((layer->kind == MN_CONV1D || layer->kind == MN_CONV2D) && strided && dilated)
        return mn_place_fail(r->config, MIRNET_ERR_UNSUPPORTED, "strides and dilation_rate cannot both be above 1");
    if (layer->kind == MN_INPUT_LAYER && !layer->has_input_shape)
        return mn_place_fail(r->config, MIRNET_ERR_FORMAT, "InputLayer needs field 'batch_input_shape'");
    return layer->kind == MN_BIDIRECTIONAL ? finish_bidirectional(r) : MIRNET_OK;
}

mirnet_status mn_spec_read_head(const mn_place *entry, mn_layer_kind *out_kind, const char **out_name)
{
    static const char *const keys[] = {
        "class_name",       "config",         "name", "inbound_nodes", "module", "registered_name", "build_config",
        "shared_object_id", "compile_config", NULL};
    MN_TRY(mn_place_object(entry));
    mn_place class_name = mn_place_key(entry, "class_name"), config = mn_place_key(entry, "config");
    mn_place own_name = mn_place_key(entry, "name"), config_name = mn_place_key(&config, "name");
    const char *word, *name = NULL, *again = NULL;
    MN_TRY(mn_place_string(&class_name, &word));
    if (!mn_place_empty(&own_name))
        MN_TRY(mn_place_string(&own_name, &name));
    if (json_is_object(config.value) && !mn_place_empty(&config_name))
        MN_TRY(mn_place_string(&config_name, &again));
    if (name && again && strcmp(name, again) != 0)
        return mn_place_fail(&config_name, MIRNET_ERR_FORMAT, "the layer is also called '%.60s'", name);
    if (!name)
        name = again;

    mn_place named = *entry;
    named.label = name ? name : word;
    if (name && (!*name || strchr(name, '/')))
        return mn_place_fail(&named, MIRNET_ERR_FORMAT, "a layer's name must not be empty or have a '/'");
    mn_layer_kind kind = mn_layer_kind_find(word);
    if (strcmp(word, "Sequential") == 0 || strcmp(word, "Functional") == 0 || strcmp(word, "Model") == 0)
        return mn_place_fail(&named, MIRNET_ERR_UNSUPPORTED, "a model as a layer (%s) is not supported", word);
    if (kind == MN_LAYER_KINDS)
        return mn_place_fail(&named, MIRNET_ERR_UNSUPPORTED, "layer class '%.60s' is not supported", word);
    MN_TRY(mn_place_keys(&named, keys));
    *out_kind = kind;
    *out_name = name;
    return MIRNET_OK;
}

static mirnet_status read_layer(mn_layer_spec *out, const mn_place *entry, mn_layer_kind kind, const char *name,
                                mn_layer_kind wrapper, bool keras3)
{
    mn_place config = mn_place_key(entry, "config");
    config.label = name;
    out->kind = kind;
    set_defaults(out);
    out->name = mn_strdup(name);
    if (!out->name)
        return MIRNET_ERR_NOMEM;
    if (!mn_place_empty(&config))
        MN_TRY(mn_place_object(&config));
    reader r = {.layer = out, .config = &config, .wrapper = wrapper, .keras3 = keras3};
    MN_TRY(read_config(&r));
    return finish(&r);
}

mirnet_status mn_spec_read_layer(mn_layer_spec *out, const mn_place *entry, mn_layer_kind kind, const char *name,
                                 bool keras3)
{
    return read_layer(out, entry, kind, name, MN_LAYER_KINDS, keras3);
}

void mn_layer_spec_clear(mn_layer_spec *layer)
{
    for (int i = 0; i < 2; i++)
        if (layer->inner[i]) {
            mn_layer_spec_clear(layer->inner[i]);
            mn_free(layer->inner[i]);
        }
    mn_free(layer->name);
    *layer = (mn_layer_spec){0};
}
