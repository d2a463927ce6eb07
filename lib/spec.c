/* spec.c - a Keras model JSON as layers and the graph that connects them */
/* SPDX-License-Identifier: MIT */
#include "spec.h"

#include <stdio.h>

#include "mem.h"
#include "spec_fields.h"
#include "spec_graph.h"
#include "spec_layer.h"

static bool is_sequential(const mn_place *model)
{
    const char *word = json_string_value(json_object_get(model->value, "class_name"));
    return word && strcmp(word, "Sequential") == 0;
}

/* The list of layers: config/layers, or the config itself in a Sequential of Keras before 2.2.3. */
static mn_place layers_place(const mn_place *config)
{
    return json_is_array(config->value) ? *config : mn_place_key(config, "layers");
}

/*
 * hard_sigmoid and the training argument of calls mean something else since Keras 3. Its to_json() leaves out
 * keras_version, but writes the module of each class, and batch_shape where Keras 2 has batch_input_shape.
 */
static bool is_keras3(const mn_place *model, const mn_place *layers)
{
    const char *version = json_string_value(json_object_get(model->value, "keras_version"));
    if (version)
        return version[0] >= '3' && version[0] <= '9';
    if (!json_object_get(model->value, "module"))
        return false;
    for (size_t i = 0; i < json_array_size(layers->value); i++)
        if (json_object_get(json_object_get(json_array_get(layers->value, i), "config"), "batch_shape"))
            return true;
    return false;
}

static mirnet_status check_model(const mn_place *model)
{
    static const char *const keys[] = {"class_name",      "config",       "keras_version",  "backend", "module",
                                       "registered_name", "build_config", "compile_config", "name",    NULL};
    static const char *const config_keys[] = {"name",      "layers", "input_layers",      "output_layers",
                                              "trainable", "dtype",  "build_input_shape", NULL};
    MN_TRY(mn_place_object(model));
    mn_place class_name = mn_place_key(model, "class_name"), config = mn_place_key(model, "config");
    const char *word;
    MN_TRY(mn_place_string(&class_name, &word));
    if (strcmp(word, "Sequential") != 0 && strcmp(word, "Functional") != 0 && strcmp(word, "Model") != 0)
        return mn_place_fail(&class_name, MIRNET_ERR_UNSUPPORTED,
                             "model class '%.60s' is not supported, only Sequential, Functional and Model", word);
    MN_TRY(mn_place_keys(model, keys));
    if (!json_is_array(config.value))
        MN_TRY(mn_place_keys(&config, config_keys));
    mn_place layers = layers_place(&config);
    MN_TRY(mn_place_list(&layers));
    size_t n = json_array_size(layers.value);
    if (n < 1 || n >= MN_MAX_LAYERS)
        return mn_place_fail(&layers, MIRNET_ERR_FORMAT, "a model of %zu layers, expected 1 to %d", n,
                             MN_MAX_LAYERS - 1);
    return MIRNET_OK;
}

/* The next free name of this kind: "dense", then "dense_1"; inputs count from 1. `counts` has a number for each kind.
 * */
static void make_name(const json_t *names, mn_layer_kind kind, int *counts, char text[64])
{
    do {
        int n = counts[kind]++;
        if (n == 0 && kind != MN_INPUT_LAYER)
            snprintf(text, 64, "%s", mn_layer_kind_word(kind));
        else
            snprintf(text, 64, "%s_%d", mn_layer_kind_word(kind), n + (kind == MN_INPUT_LAYER));
    } while (json_object_get(names, text));
}

static mirnet_status add_name(json_t *names, const char *name, int64_t layer)
{
    return json_object_set_new(names, name, json_integer(layer)) == 0 ? MIRNET_OK : mn_fail_nomem(strlen(name));
}

/* Kinds of all layers, their names (those of layers without one are NULL) and `names`: name to layer index. */
static mirnet_status read_heads(const mn_place *layers, json_t *names, mn_layer_kind *kinds, const char **given)
{
    for (size_t i = 0; i < json_array_size(layers->value); i++) {
        mn_place entry = mn_place_item(layers, i);
        MN_TRY(mn_spec_read_head(&entry, &kinds[i], &given[i]));
        if (!given[i])
            continue;
        if (json_object_get(names, given[i])) {
            entry.label = given[i];
            return mn_place_fail(&entry, MIRNET_ERR_FORMAT, "two layers have this name");
        }
        MN_TRY(add_name(names, given[i], (int64_t)i));
    }
    return MIRNET_OK;
}

static mirnet_status read_layers(mn_spec *spec, const mn_place *layers, json_t *names, bool keras3)
{
    size_t n = json_array_size(layers->value);
    mn_layer_kind *kinds = mn_calloc(n, sizeof(*kinds));
    const char **given = mn_calloc(n, sizeof(*given));
    int counts[MN_LAYER_KINDS] = {0};
    mirnet_status status = kinds && given ? read_heads(layers, names, kinds, given) : MIRNET_ERR_NOMEM;
    for (size_t i = 0; i < n && !status; i++) {
        char made[64];
        mn_place entry = mn_place_item(layers, i);
        if (!given[i]) {
            make_name(names, kinds[i], counts, made);
            status = add_name(names, made, (int64_t)i);
        }
        spec->n_layers = (int32_t)i + 1;
        if (!status)
            status = mn_spec_read_layer(&spec->layers[i], &entry, kinds[i], given[i] ? given[i] : made, keras3);
    }
    mn_free(given);
    mn_free(kinds);
    return status;
}

/* A Sequential without an InputLayer says its input's shape in the first layer, or beside the list of layers. */
static mirnet_status add_input(mn_spec *spec, const mn_place *model, const mn_place *layers, json_t *names)
{
    mn_place config = mn_place_key(model, "config"), build = mn_place_key(&config, "build_input_shape");
    mn_place build_config = mn_place_key(model, "build_config");
    mn_place build3 = mn_place_key(&build_config, "input_shape"), first_place = mn_place_item(layers, 0);
    const mn_layer_spec *first = &spec->layers[0];
    mn_layer_spec input = {.kind = MN_INPUT_LAYER, .trainable = true, .has_input_shape = true};
    first_place.label = first->name;
    if (first->has_input_shape)
        input.input_shape = first->input_shape;
    else if (!mn_place_empty(&build))
        MN_TRY(mn_spec_read_batch_shape(&build, &input.input_shape));
    else if (!mn_place_empty(&build3))
        MN_TRY(mn_spec_read_batch_shape(&build3, &input.input_shape));
    else
        return mn_place_fail(&first_place, MIRNET_ERR_FORMAT, "the first layer needs field 'batch_input_shape'");

    size_t room = strlen(first->name) + 32;
    input.name = mn_calloc(room, 1);
    if (!input.name)
        return MIRNET_ERR_NOMEM;
    snprintf(input.name, room, "%s_input", first->name);
    for (int i = 1; json_object_get(names, input.name); i++)
        snprintf(input.name, room, "%s_input_%d", first->name, i);
    memmove(spec->layers + 1, spec->layers, (size_t)spec->n_layers * sizeof(*spec->layers));
    spec->layers[0] = input;
    spec->n_layers++;
    return MIRNET_OK;
}

/* Each layer feeds the next one. */
static mirnet_status chain_layers(mn_spec *spec, const mn_place *layers, int32_t shift)
{
    spec->nodes = mn_calloc((size_t)spec->n_layers, sizeof(*spec->nodes));
    spec->inputs = mn_calloc(1, sizeof(*spec->inputs));
    if (!spec->nodes || !spec->inputs)
        return MIRNET_ERR_NOMEM;
    spec->n_inputs = 1;
    for (int32_t i = 0; i < spec->n_layers; i++) {
        mn_spec_node *node = &spec->nodes[i];
        node->layer = i;
        spec->n_nodes = i + 1;
        mn_place entry = mn_place_item(layers, (size_t)mn_max(i - shift, 0));
        entry.label = spec->layers[i].name;
        if (i == 0)
            continue;
        if (spec->layers[i].kind == MN_INPUT_LAYER)
            return mn_place_fail(&entry, MIRNET_ERR_FORMAT, "an InputLayer that is not the first layer");
        if (mn_layer_kind_merges(spec->layers[i].kind))
            return mn_place_fail(&entry, MIRNET_ERR_FORMAT, "%s takes several inputs, a Sequential model gives one",
                                 mn_layer_kind_name(spec->layers[i].kind));
        node->inputs = mn_calloc(1, sizeof(*node->inputs));
        if (!node->inputs)
            return MIRNET_ERR_NOMEM;
        node->n_inputs = 1;
        node->inputs[0] = i - 1;
    }
    spec->output = spec->n_nodes - 1;
    return MIRNET_OK;
}

/* trainable: false of a model freezes all its layers. */
static mirnet_status read_trainable(mn_spec *spec, const mn_place *config)
{
    mn_place at = mn_place_key(config, "trainable");
    bool trainable = true;
    if (!mn_place_empty(&at))
        MN_TRY(mn_place_flag(&at, &trainable));
    for (int32_t i = 0; i < spec->n_layers && !trainable; i++)
        spec->layers[i].trainable = false;
    return MIRNET_OK;
}

static mirnet_status read_model(mn_spec *spec, const mn_place *model, json_t *names)
{
    mn_place config = mn_place_key(model, "config"), name = mn_place_key(&config, "name");
    mn_place layers = layers_place(&config);
    bool sequential = is_sequential(model), keras3 = is_keras3(model, &layers);
    const char *text = sequential ? "sequential" : "model";
    if (!mn_place_empty(&name))
        MN_TRY(mn_place_string(&name, &text));
    spec->name = mn_strdup(text);
    spec->layers = mn_calloc(json_array_size(layers.value) + 1, sizeof(*spec->layers));
    if (!spec->name || !spec->layers)
        return MIRNET_ERR_NOMEM;
    MN_TRY(read_layers(spec, &layers, names, keras3));
    MN_TRY(read_trainable(spec, &config));
    if (!sequential)
        return mn_spec_read_graph(spec, &config, names, keras3);
    bool given = spec->layers[0].kind == MN_INPUT_LAYER;
    if (!given)
        MN_TRY(add_input(spec, model, &layers, names));
    return chain_layers(spec, &layers, given ? 0 : 1);
}

mirnet_status mn_spec_create(mn_spec **out, const json_t *model, const char *text, size_t size, const char *path,
                             const char *source)
{
    mn_document document = {.text = text, .size = size, .source = source};
    mn_place at = mn_place_top(&document, path, model);
    MN_TRY(check_model(&at));
    mn_spec *spec = mn_calloc(1, sizeof(*spec));
    json_t *names = json_object();
    mirnet_status status = MIRNET_ERR_NOMEM;
    if (!names)
        mn_fail_nomem(sizeof(*spec));
    if (spec && names)
        status = read_model(spec, &at, names);
    json_decref(names);
    if (status) {
        mn_spec_destroy(spec);
        return status;
    }
    *out = spec;
    return MIRNET_OK;
}

void mn_spec_destroy(mn_spec *spec)
{
    if (!spec)
        return;
    for (int32_t i = 0; i < spec->n_layers && spec->layers; i++)
        mn_layer_spec_clear(&spec->layers[i]);
    for (int32_t i = 0; i < spec->n_nodes && spec->nodes; i++)
        mn_free(spec->nodes[i].inputs);
    mn_free(spec->layers);
    mn_free(spec->nodes);
    mn_free(spec->inputs);
    mn_free(spec->name);
    mn_free(spec);
}
