/* model.c - from a recipe to a network: layers on shapes, weights in one flat array */
/* SPDX-License-Identifier: MIT */
#include "model.h"

#include "init.h"
#include "mem.h"

void mirnet_model_destroy(mirnet_model *model)
{
    if (!model)
        return;
    for (int32_t i = 0; model->layers && i < model->n_layers; i++)
        mn_layer_destroy(&model->layers[i]);
    for (int32_t i = 0; model->classes && i < model->n_classes; i++)
        mn_free(model->classes[i]);
    for (size_t i = 0; i < model->n_notes; i++) {
        mn_free(model->notes[i].key);
        mn_free(model->notes[i].text);
    }
    mn_free(model->layers);
    mn_free(model->nodes);
    mn_free(model->params);
    mn_free(model->weights);
    mn_free(model->classes);
    mn_free(model->notes);
    mn_free(model->summary);
    mn_state_destroy(model->state);
    mirnet_encoder_destroy(model->encoder);
    mirnet_recipe_destroy(model->recipe);
    mn_free(model);
}

/* An input's shape; its one open dimension is what the encoder fills: (null, 164, 4, 1) gets 1 from 164 x 4. */
static mn_shape input_shape(const mirnet_model *model, const mn_layer_spec *spec)
{
    mn_shape shape = spec->input_shape;
    int32_t open = -1, n_open = 0;
    int64_t known = 1, encoded = mirnet_encoder_get_size(model->encoder);
    for (int32_t i = 0; i < shape.rank; i++) {
        if (shape.dim[i] < 0) {
            open = i;
            n_open++;
        } else if (known <= MN_MAX_SIZE) {
            known *= shape.dim[i];
        }
    }
    if (n_open == 1 && known > 0 && model->spec->n_inputs == 1 && encoded % known == 0)
        shape.dim[open] = encoded / known;
    return shape;
}

static bool any_masked(const mirnet_model *model, const mn_spec_node *from)
{
    for (int32_t i = 0; i < from->n_inputs; i++)
        if (model->nodes[from->inputs[i]].layer->masks)
            return true;
    return false;
}

/* A layer that is called again keeps the shapes of its first call. */
static mirnet_status check_shared(const mn_layer *layer, const mn_shape *in, int32_t n_in, bool masked)
{
    bool same = layer->n_in == n_in && layer->masked == masked;
    for (int32_t i = 0; same && i < n_in; i++)
        same = mn_shape_equal(&layer->in[i], &in[i]);
    if (!same)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "layer '%s' (%s): it is called again on inputs of other shapes",
                       layer->name, mn_layer_kind_name(layer->spec->kind));
    return MIRNET_OK;
}

static mirnet_status build_node(mirnet_model *model, int32_t index, mn_shape *in)
{
    const mn_spec_node *from = &model->spec->nodes[index];
    mn_layer *layer = &model->layers[from->layer];
    const mn_layer_spec *spec = &model->spec->layers[from->layer];
    const bool is_input = spec->kind == MN_INPUT_LAYER, masked = any_masked(model, from);
    const int32_t n_in = is_input ? 1 : from->n_inputs;
    if (is_input)
        in[0] = input_shape(model, spec);
    for (int32_t i = 0; i < from->n_inputs; i++)
        in[i] = model->nodes[from->inputs[i]].out;
    if (layer->cls)
        MN_TRY(check_shared(layer, in, n_in, masked));
    else
        MN_TRY(mn_layer_create(layer, spec, spec->name, from->layer, in, n_in, masked));
    model->nodes[index] = (mn_node){layer, from->n_inputs, from->inputs, layer->out};
    return MIRNET_OK;
}

static mirnet_status build_graph(mirnet_model *model)
{
    const mn_spec *spec = model->spec;
    model->layers = mn_calloc((size_t)spec->n_layers, sizeof(*model->layers));
    model->nodes = mn_calloc((size_t)spec->n_nodes, sizeof(*model->nodes));
    if (!model->layers || !model->nodes)
        return MIRNET_ERR_NOMEM;
    model->n_layers = spec->n_layers;
    model->n_nodes = spec->n_nodes;
    int32_t most = 1;
    for (int32_t i = 0; i < spec->n_nodes; i++)
        most = spec->nodes[i].n_inputs > most ? spec->nodes[i].n_inputs : most;
    mn_shape *in = mn_calloc((size_t)most, sizeof(*in));
    if (!in)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = MIRNET_OK;
    for (int32_t i = 0; i < spec->n_nodes && status == MIRNET_OK; i++)
        status = build_node(model, i, in);
    mn_free(in);
    return status;
}

/* Parameters of a layer and of those inside it, in order; with `list` NULL they are only counted. */
static int32_t collect(mn_layer *layer, const mn_param **list, size_t *size)
{
    int32_t n = layer->n_params;
    for (int32_t i = 0; i < layer->n_params && list; i++) {
        layer->params[i].offset = *size;
        *size += layer->params[i].size;
        list[i] = &layer->params[i];
    }
    for (int i = 0; i < 2; i++)
        if (layer->inner[i])
            n += collect(layer->inner[i], list ? list + n : NULL, size);
    return n;
}

/* Only what nothing else adds to can be updated where its gradient is made: see at_once. */
static void settle_updates(mn_layer *layer, int32_t calls)
{
    for (int32_t i = 0; i < layer->n_params; i++) {
        mn_param *p = &layer->params[i];
        p->at_once = p->at_once && p->trainable && calls == 1 && p->reg.l1 == 0 && p->reg.l2 == 0;
    }
    for (int i = 0; i < 2; i++)
        if (layer->inner[i])
            settle_updates(layer->inner[i], calls);
}

static mirnet_status collect_params(mirnet_model *model, size_t max_size)
{
    for (int32_t i = 0; i < model->n_layers; i++) {
        int32_t calls = 0;
        for (int32_t k = 0; k < model->n_nodes; k++)
            calls += model->nodes[k].layer == &model->layers[i];
        settle_updates(&model->layers[i], calls);
    }
    for (int32_t i = 0; i < model->n_layers; i++)
        model->n_params += collect(&model->layers[i], NULL, NULL);
    model->params = mn_calloc((size_t)model->n_params, sizeof(*model->params));
    if (!model->params)
        return MIRNET_ERR_NOMEM;
    for (int32_t i = 0, at = 0; i < model->n_layers; i++)
        at += collect(&model->layers[i], model->params + at, &model->size);
    if (model->size > max_size)
        return mn_fail(MIRNET_ERR_SHAPE, "the network has %zu weights, more than the %zu values that are there",
                       model->size, max_size);
    model->weights = mn_floats(model->size);
    return model->weights ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

/* Whether the encoder's [length][channels] is the model's one input: the same sizes but for axes of size 1, or
 * flattened. */
static bool encoder_fits(const mirnet_model *model)
{
    if (model->spec->n_inputs != 1)
        return false;
    const mn_shape *shape = &model->nodes[model->spec->inputs[0]].out;
    const int64_t wanted[] = {mirnet_encoder_get_length(model->encoder), mirnet_encoder_get_channels(model->encoder)};
    if (mn_shape_size(shape) != wanted[0] * wanted[1])
        return false;
    if (shape->rank == 1)
        return true;
    for (int32_t i = 0, at = 0; i < shape->rank; i++) {
        while (at < 2 && wanted[at] == 1)
            at++;
        if (shape->dim[i] != 1 && (at >= 2 || shape->dim[i] != wanted[at++]))
            return false;
    }
    return true;
}

static mirnet_status build(mirnet_model *model, const mirnet_recipe *recipe, size_t max_size)
{
    MN_TRY(mirnet_recipe_copy(&model->recipe, recipe));
    model->spec = mn_recipe_get_spec(model->recipe);
    MN_TRY(mirnet_encoder_create(&model->encoder, model->recipe));
    MN_TRY(build_graph(model));
    MN_TRY(collect_params(model, max_size));
    if (!encoder_fits(model)) {
        mirnet_encoder_destroy(model->encoder);
        model->encoder = NULL;
    }
    int32_t n = mirnet_recipe_class_count(recipe);
    for (int32_t i = 0; i < n; i++)
        if (!mirnet_recipe_get_class(recipe, i))
            return mn_fail(MIRNET_ERR_INVALID, "class %d of the recipe has no name", i);
    const char *names[256];
    if (n > 256)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "the recipe has %d classes; at most 256 are possible", n);
    for (int32_t i = 0; i < n; i++)
        names[i] = mirnet_recipe_get_class(recipe, i);
    return n ? mirnet_model_set_classes(model, names, n) : MIRNET_OK;
}

mirnet_status mn_model_create_blank(mirnet_model **out, const mirnet_recipe *recipe, size_t max_size)
{
    mirnet_model *model = mn_calloc(1, sizeof(*model));
    if (!model)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = build(model, recipe, max_size);
    if (status != MIRNET_OK) {
        mirnet_model_destroy(model);
        return status;
    }
    *out = model;
    return MIRNET_OK;
}

mirnet_status mn_model_check_encoder(const mirnet_model *model)
{
    if (model->encoder)
        return MIRNET_OK;
    char text[96];
    if (model->spec->n_inputs != 1)
        return mn_fail(MIRNET_ERR_SHAPE, "the model has %d inputs; sequences can be encoded for one",
                       model->spec->n_inputs);
    return mn_fail(MIRNET_ERR_SHAPE, "the encoder's %g positions do not fit the model's input of shape %s",
                   mn_recipe_number(model->recipe, "encoder.length"),
                   mn_shape_text(&model->nodes[model->spec->inputs[0]].out, text));
}

const mn_param *mn_model_find(const mirnet_model *model, const char *name)
{
    for (int32_t i = 0; i < model->n_params; i++)
        if (strcmp(model->params[i]->name, name) == 0)
            return model->params[i];
    return NULL;
}

/* -- Public -------------------------------------------------------------------------------------------------------- */

mirnet_status mirnet_model_create(mirnet_model **out, const mirnet_recipe *recipe)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(recipe, "recipe is NULL");
    mirnet_model *model;
    MN_TRY(mn_model_create_blank(&model, recipe, SIZE_MAX));
    mirnet_status status = mirnet_model_reset(model, (uint64_t)mn_recipe_number(model->recipe, "training.seed"));
    if (status != MIRNET_OK) {
        mirnet_model_destroy(model);
        return status;
    }
    *out = model;
    return MIRNET_OK;
}

static mirnet_status copy_into(mirnet_model *copy, const mirnet_model *model)
{
    mn_model_settle(model);
    memcpy(copy->weights, model->weights, model->size * sizeof(float));
    if (model->n_classes)
        MN_TRY(mirnet_model_set_classes(copy, (const char *const *)model->classes, model->n_classes));
    for (size_t i = 0; i < model->n_notes; i++)
        MN_TRY(mirnet_model_set_note(copy, model->notes[i].key, model->notes[i].text));
    if (model->state)
        MN_TRY(mn_state_copy(&copy->state, model->state));
    return MIRNET_OK;
}

mirnet_status mirnet_model_copy(mirnet_model **out, const mirnet_model *model)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(model, "model is NULL");
    mirnet_model *copy;
    MN_TRY(mn_model_create_blank(&copy, model->recipe, SIZE_MAX));
    mirnet_status status = copy_into(copy, model);
    if (status != MIRNET_OK) {
        mirnet_model_destroy(copy);
        return status;
    }
    *out = copy;
    return MIRNET_OK;
}

mirnet_status mirnet_model_reset(mirnet_model *model, uint64_t seed)
{
    MN_REQUIRE(model, "model is NULL");
    float *fresh = mn_floats(model->size);
    if (!fresh)
        return MIRNET_ERR_NOMEM;
    for (int32_t i = 0; i < model->n_params; i++) {
        mirnet_status status = mn_init(fresh + model->params[i]->offset, model->params[i], seed, (uint32_t)i);
        if (status != MIRNET_OK) {
            mn_free(fresh);
            return status;
        }
    }
    mn_model_settle(model);
    mn_free(model->weights);
    model->weights = fresh;
    mirnet_model_drop_state(model);
    return MIRNET_OK;
}

int32_t mirnet_model_has_state(const mirnet_model *model)
{
    return model && model->state ? 1 : 0;
}

void mirnet_model_drop_state(mirnet_model *model)
{
    if (model) {
        mn_state_destroy(model->state);
        model->state = NULL;
    }
}
