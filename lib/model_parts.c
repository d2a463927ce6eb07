/* model_parts.c - a model's inputs, layers, weights, classes, notes and summary, by name and number */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <math.h>

#include "buf.h"
#include "mem.h"
#include "model.h"

static mirnet_status give_shape(const mn_shape *shape, int64_t *out_dims, int32_t *out_rank)
{
    MN_REQUIRE(out_dims, "out_dims is NULL");
    MN_REQUIRE(out_rank, "out_rank is NULL");
    *out_rank = shape->rank;
    memcpy(out_dims, shape->dim, (size_t)shape->rank * sizeof(*out_dims));
    return MIRNET_OK;
}

/* The node of an input, or of the output for -1; NULL if there is none. */
static const mn_node *port(const mirnet_model *model, int32_t input)
{
    if (!model || input < -1 || input >= model->spec->n_inputs)
        return NULL;
    return input < 0 ? mn_model_output(model) : &model->nodes[model->spec->inputs[input]];
}

static const mn_layer *layer_at(const mirnet_model *model, int32_t layer)
{
    return model && layer >= 0 && layer < model->n_layers ? &model->layers[layer] : NULL;
}

const mirnet_recipe *mirnet_model_get_recipe(const mirnet_model *model)
{
    return model ? model->recipe : NULL;
}

/* The encoder that the model's recipe would have with another text under this key. */
static mirnet_status create_encoder(mirnet_encoder **out, const mirnet_recipe *recipe, const char *key,
                                    const char *value)
{
    mirnet_recipe *changed = NULL;
    MN_TRY(mirnet_recipe_copy(&changed, recipe));
    mirnet_status status = mirnet_recipe_set_text(changed, key, value);
    if (status == MIRNET_OK)
        status = mirnet_encoder_create(out, changed);
    mirnet_recipe_destroy(changed);
    return status;
}

mirnet_status mirnet_model_set_text(mirnet_model *model, const char *key, const char *value)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(key, "key is NULL");
    MN_REQUIRE(strcmp(key, "encoder.long") == 0 || strcmp(key, "encoder.ambiguity") == 0,
               "option %.60s of a model cannot be changed; expected encoder.long or encoder.ambiguity", key);
    mirnet_encoder *encoder = NULL;
    MN_TRY(create_encoder(&encoder, model->recipe, key, value));
    mirnet_status status = mirnet_recipe_set_text(model->recipe, key, value);
    if (status != MIRNET_OK || !model->encoder) { /* no encoder: its output does not fit the model's input */
        mirnet_encoder_destroy(encoder);
        return status;
    }
    mirnet_encoder_destroy(model->encoder);
    model->encoder = encoder;
    return MIRNET_OK;
}

int32_t mirnet_model_input_count(const mirnet_model *model)
{
    return model ? model->spec->n_inputs : 0;
}

const char *mirnet_model_get_input_name(const mirnet_model *model, int32_t input)
{
    const mn_node *node = input < 0 ? NULL : port(model, input);
    return node ? node->layer->name : NULL;
}

mirnet_status mirnet_model_get_shape(const mirnet_model *model, int32_t input, int64_t *out_dims, int32_t *out_rank)
{
    MN_REQUIRE(model, "model is NULL");
    const mn_node *node = port(model, input);
    MN_REQUIRE(node, "input %d does not exist; expected 0..%d, or -1 for the output", input, model->spec->n_inputs - 1);
    return give_shape(&node->out, out_dims, out_rank);
}

int64_t mirnet_model_get_size(const mirnet_model *model, int32_t input)
{
    const mn_node *node = port(model, input);
    return node ? mn_shape_size(&node->out) : 0;
}

/* -- Layers -------------------------------------------------------------------------------------------------------- */

int32_t mirnet_model_layer_count(const mirnet_model *model)
{
    return model ? model->n_layers : 0;
}

const char *mirnet_model_get_layer_name(const mirnet_model *model, int32_t layer)
{
    const mn_layer *found = layer_at(model, layer);
    return found ? found->name : NULL;
}

const char *mirnet_model_get_layer_class(const mirnet_model *model, int32_t layer)
{
    const mn_layer *found = layer_at(model, layer);
    return found ? mn_layer_kind_name(found->spec->kind) : NULL;
}

mirnet_status mirnet_model_get_layer_shape(const mirnet_model *model, int32_t layer, int64_t *out_dims,
                                           int32_t *out_rank)
{
    MN_REQUIRE(model, "model is NULL");
    const mn_layer *found = layer_at(model, layer);
    MN_REQUIRE(found, "layer %d does not exist; expected 0..%d", layer, model->n_layers - 1);
    return give_shape(&found->out, out_dims, out_rank);
}

static int64_t count_in(const mn_layer *layer)
{
    int64_t count = 0;
    for (int32_t i = 0; i < layer->n_params; i++)
        count += (int64_t)layer->params[i].size;
    for (int i = 0; i < 2; i++)
        if (layer->inner[i])
            count += count_in(layer->inner[i]);
    return count;
}

int64_t mirnet_model_parameter_count(const mirnet_model *model, int32_t layer)
{
    if (model && layer == -1)
        return (int64_t)model->size;
    const mn_layer *found = layer_at(model, layer);
    return found ? count_in(found) : 0;
}

/* -- Weights ------------------------------------------------------------------------------------------------------- */

int32_t mirnet_model_weight_count(const mirnet_model *model)
{
    return model ? model->n_params : 0;
}

const char *mirnet_model_get_weight_name(const mirnet_model *model, int32_t weight)
{
    return model && weight >= 0 && weight < model->n_params ? model->params[weight]->name : NULL;
}

static mirnet_status find(const mn_param **out, const mirnet_model *model, const char *name)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(name, "name is NULL");
    *out = mn_model_find(model, name);
    if (!*out)
        return mn_fail(MIRNET_ERR_NOT_FOUND, "weight '%s' does not exist in this model", name);
    return MIRNET_OK;
}

static mirnet_status find_sized(const mn_param **out, const mirnet_model *model, const char *name, int64_t n)
{
    MN_TRY(find(out, model, name));
    if (n < 0 || (size_t)n != (*out)->size)
        return mn_fail(MIRNET_ERR_SHAPE, "weight '%s' has %zu elements, not %lld", name, (*out)->size, (long long)n);
    return MIRNET_OK;
}

mirnet_status mirnet_model_get_weight_shape(const mirnet_model *model, const char *name, int64_t *out_dims,
                                            int32_t *out_rank)
{
    const mn_param *param;
    MN_TRY(find(&param, model, name));
    return give_shape(&param->shape, out_dims, out_rank);
}

mirnet_status mirnet_model_get_weight(const mirnet_model *model, const char *name, float *out, int64_t n)
{
    const mn_param *param;
    MN_REQUIRE(out, "out is NULL");
    MN_TRY(find_sized(&param, model, name, n));
    mn_model_settle(model);
    memcpy(out, model->weights + param->offset, param->size * sizeof(*out));
    return MIRNET_OK;
}

mirnet_status mn_model_check_weight(const char *name, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return mn_fail(MIRNET_ERR_NUMERIC, "weight '%s': value %zu is not finite", name, i);
    return MIRNET_OK;
}

mirnet_status mirnet_model_set_weight(mirnet_model *model, const char *name, const float *values, int64_t n)
{
    const mn_param *param;
    MN_REQUIRE(values, "values is NULL");
    MN_TRY(find_sized(&param, model, name, n));
    MN_TRY(mn_model_check_weight(name, values, param->size));
    mn_model_settle(model);
    memcpy(model->weights + param->offset, values, param->size * sizeof(*values));
    return MIRNET_OK;
}

/* -- Classes and notes --------------------------------------------------------------------------------------------- */

static void destroy_names(char **names, int32_t n)
{
    for (int32_t i = 0; names && i < n; i++)
        mn_free(names[i]);
    mn_free(names);
}

mirnet_status mirnet_model_set_classes(mirnet_model *model, const char *const *names, int32_t n)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(names, "names is NULL");
    const int64_t outputs = mirnet_model_get_size(model, -1);
    if (n != outputs)
        return mn_fail(MIRNET_ERR_SHAPE, "%d classes were given for a model with %lld outputs", n, (long long)outputs);
    for (int32_t i = 0; i < n; i++) {
        MN_REQUIRE(names[i] && names[i][0], "class %d has no name", i);
        for (int32_t j = 0; j < i; j++)
            MN_REQUIRE(strcmp(names[i], names[j]) != 0, "class name '%s' is given twice", names[i]);
    }
    char **copies = mn_calloc((size_t)n, sizeof(*copies));
    bool made = copies != NULL;
    for (int32_t i = 0; i < n && made; i++)
        made = (copies[i] = mn_strdup(names[i])) != NULL;
    if (!made) {
        destroy_names(copies, n);
        return MIRNET_ERR_NOMEM;
    }
    destroy_names(model->classes, model->n_classes);
    model->classes = copies;
    model->n_classes = n;
    return MIRNET_OK;
}

int32_t mirnet_model_class_count(const mirnet_model *model)
{
    return model ? model->n_classes : 0;
}

const char *mirnet_model_get_class(const mirnet_model *model, int32_t c)
{
    return model && c >= 0 && c < model->n_classes ? model->classes[c] : NULL;
}

static mn_note *find_note(const mirnet_model *model, const char *key)
{
    for (size_t i = 0; i < model->n_notes; i++)
        if (strcmp(model->notes[i].key, key) == 0)
            return &model->notes[i];
    return NULL;
}

static void remove_note(mirnet_model *model, mn_note *note)
{
    mn_free(note->key);
    mn_free(note->text);
    model->n_notes--;
    memmove(note, note + 1, (size_t)(model->notes + model->n_notes - note) * sizeof(*note));
}

static mirnet_status add_note(mirnet_model *model, const char *key, char *text)
{
    mn_note *notes = mn_realloc(model->notes, model->n_notes + 1, sizeof(*notes));
    if (!notes)
        return MIRNET_ERR_NOMEM;
    model->notes = notes;
    char *copy = mn_strdup(key);
    if (!copy)
        return MIRNET_ERR_NOMEM;
    notes[model->n_notes++] = (mn_note){copy, text};
    return MIRNET_OK;
}

mirnet_status mirnet_model_set_note(mirnet_model *model, const char *key, const char *text)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(key && key[0], "key is NULL or empty");
    mn_note *note = find_note(model, key);
    if (!text) {
        if (note)
            remove_note(model, note);
        return MIRNET_OK;
    }
    char *copy = mn_strdup(text);
    if (!copy)
        return MIRNET_ERR_NOMEM;
    if (note) {
        mn_free(note->text);
        note->text = copy;
        return MIRNET_OK;
    }
    mirnet_status status = add_note(model, key, copy);
    if (status != MIRNET_OK)
        mn_free(copy);
    return status;
}

int32_t mirnet_model_note_count(const mirnet_model *model)
{
    return model ? (int32_t)model->n_notes : 0;
}

const char *mirnet_model_get_note_key(const mirnet_model *model, int32_t i)
{
    return model && i >= 0 && (size_t)i < model->n_notes ? model->notes[i].key : NULL;
}

const char *mirnet_model_get_note(const mirnet_model *model, const char *key)
{
    const mn_note *note = model && key ? find_note(model, key) : NULL;
    return note ? note->text : NULL;
}

/* -- Summary ------------------------------------------------------------------------------------------------------- */

static mirnet_status write_summary(mn_buf *buf, const mirnet_model *model)
{
    char text[96];
    MN_TRY(mn_buf_printf(buf, "%-32s %-24s %-24s %12s\n", "layer", "class", "output shape", "parameters"));
    for (int32_t i = 0; i < model->n_layers; i++) {
        const mn_layer *layer = &model->layers[i];
        const mn_layer_spec *inner = layer->spec->inner[0];
        mn_buf class_name = {0};
        mirnet_status status = inner ? mn_buf_printf(&class_name, "%s(%s)", mn_layer_kind_name(layer->spec->kind),
                                                     mn_layer_kind_name(inner->kind))
                                     : mn_buf_add_text(&class_name, mn_layer_kind_name(layer->spec->kind));
        if (status == MIRNET_OK)
            status = mn_buf_printf(buf, "%-32s %-24s %-24s %12lld\n", layer->name, mn_buf_text(&class_name),
                                   mn_shape_text(&layer->out, text), (long long)count_in(layer));
        mn_buf_destroy(&class_name);
        MN_TRY(status);
    }
    return mn_buf_printf(buf, "%-32s %-24s %-24s %12lld\n", "total", "", "", (long long)model->size);
}

const char *mirnet_model_get_summary(mirnet_model *model)
{
    if (!model)
        return NULL;
    mn_buf buf = {0};
    if (write_summary(&buf, model) != MIRNET_OK) {
        mn_buf_destroy(&buf);
        return NULL;
    }
    mn_free(model->summary);
    return model->summary = buf.data;
}
