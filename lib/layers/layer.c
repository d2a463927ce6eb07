/* layer.c - building a layer: shapes, parameters, names */
/* SPDX-License-Identifier: MIT */
#include "layers/layer.h"

#include <stdio.h>

#include "layers/classes.h"
#include "mem.h"

mirnet_status mn_layer_add_param(mn_layer *layer, mn_param **out, const char *name, const int64_t *dims, int32_t rank,
                                 mn_initializer init, mn_regularizer reg)
{
    mn_shape shape = {.rank = rank};
    size_t size = 1;
    for (int32_t i = 0; i < rank; i++) {
        shape.dim[i] = dims[i];
        if (!mn_mul(size, (size_t)dims[i], &size) || size > MN_MAX_SIZE)
            return mn_fail(MIRNET_ERR_SHAPE, "weight '%s' has more than %d elements", name, (int)MN_MAX_SIZE);
    }
    mn_param *params = mn_realloc(layer->params, (size_t)layer->n_params + 1, sizeof(*params));
    if (!params)
        return MIRNET_ERR_NOMEM;
    layer->params = params;
    size_t length = strlen(layer->name) + 1 + strlen(name) + 1;
    char *full = mn_calloc(length, 1);
    if (!full)
        return MIRNET_ERR_NOMEM;
    snprintf(full, length, "%s/%s", layer->name, name);
    mn_param *param = &params[layer->n_params++];
    *param = (mn_param){
        .name = full,
        .shape = shape,
        .size = size,
        .init = init,
        .reg = reg,
        .trainable = layer->spec->trainable,
        .live = {.period = (int64_t)size, .first = 0, .last = 1, .n = 1, .to = {(int64_t)size}},
    };
    if (out)
        *out = param;
    return MIRNET_OK;
}

static mirnet_status check_inputs(const mn_shape *in, int32_t n_in)
{
    for (int32_t i = 0; i < n_in; i++)
        for (int32_t d = 0; d < in[i].rank; d++)
            if (in[i].dim[d] < 1)
                return mn_fail(MIRNET_ERR_SHAPE, "dimension %d of its input is open (null): give every size", d + 1);
    return MIRNET_OK;
}

static mirnet_status check_output(const mn_layer *layer)
{
    size_t size = 1;
    for (int32_t d = 0; d < layer->out.rank; d++)
        if (layer->out.dim[d] < 1 || !mn_mul(size, (size_t)layer->out.dim[d], &size) || size > MN_MAX_SIZE) {
            char text[96];
            return mn_fail(MIRNET_ERR_SHAPE, "its output shape %s is empty or has more than %d elements",
                           mn_shape_text(&layer->out, text), (int)MN_MAX_SIZE);
        }
    return MIRNET_OK;
}

static mirnet_status build(mn_layer *layer, const mn_layer_spec *spec, const char *name, int32_t index,
                           const mn_shape *in, int32_t n_in, bool masked)
{
    *layer = (mn_layer){.cls = mn_layer_class_get(spec->kind), .spec = spec, .index = index, .n_in = n_in,
                        .masked = masked};
    layer->name = mn_strdup(name);
    layer->in = mn_calloc((size_t)n_in, sizeof(*layer->in));
    if (!layer->name || !layer->in)
        return MIRNET_ERR_NOMEM;
    if (n_in)
        memcpy(layer->in, in, (size_t)n_in * sizeof(*in));
    MN_TRY(check_inputs(in, n_in));
    MN_TRY(layer->cls->build(layer));
    return check_output(layer);
}

mirnet_status mn_layer_create(mn_layer *layer, const mn_layer_spec *spec, const char *name, int32_t index,
                              const mn_shape *in, int32_t n_in, bool masked)
{
    mirnet_status status = build(layer, spec, name, index, in, n_in, masked);
    if (status == MIRNET_OK)
        return MIRNET_OK;
    mn_layer_destroy(layer);
    if (status == MIRNET_ERR_NOMEM)
        return status;
    return mn_fail_within(status, "layer '%s' (%s)", spec->name, mn_layer_kind_name(spec->kind));
}

void mn_layer_destroy(mn_layer *layer)
{
    for (int32_t i = 0; i < layer->n_params; i++)
        mn_free(layer->params[i].name);
    mn_free(layer->params);
    mn_free(layer->in);
    mn_free(layer->name);
    for (int i = 0; i < 2; i++)
        if (layer->inner[i]) {
            mn_layer_destroy(layer->inner[i]);
            mn_free(layer->inner[i]);
        }
    *layer = (mn_layer){0};
}

int64_t mn_window(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, mn_padding padding,
                  int64_t *out_before)
{
    const int64_t reach = (kernel - 1) * dilation + 1;
    *out_before = 0;
    if (padding == MN_VALID)
        return size < reach ? 0 : (size - reach) / stride + 1;
    const int64_t out = mn_ceil_div(size, stride);
    /* As TensorFlow: "same" puts the odd one behind; "causal" puts all in front, counted without the stride. */
    if (padding == MN_CAUSAL)
        *out_before = reach - 1;
    else
        *out_before = mn_max(0, (out - 1) * stride + reach - size) / 2;
    return out;
}

/* -- InputLayer: its output is a buffer that the caller fills ------------------------------------------------------ */

static mirnet_status input_build(mn_layer *layer)
{
    layer->out = layer->in[0];
    return MIRNET_OK;
}

const mn_layer_class mn_input = {.build = input_build};
