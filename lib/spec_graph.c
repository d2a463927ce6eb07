/* spec_graph.c - the connections of a Functional model, as Keras 2 and Keras 3 write them */
/* SPDX-License-Identifier: MIT */
#include "spec_graph.h"

#include "mem.h"
#include "spec_fields.h"

/* Nodes are first made in the order of the JSON, each layer's calls side by side, and sorted in the end. */
typedef struct graph {
    mn_spec *spec;
    const mn_place *config;
    const json_t *names;
    bool keras3;
    int32_t *first; /* [n_layers + 1] node of each layer's first call */
} graph;

/* A layer's object in the list, labelled with its name. */
static mn_place entry_place(const graph *g, const mn_place *layers, int32_t layer)
{
    mn_place entry = mn_place_item(layers, (size_t)layer);
    entry.label = g->spec->layers[layer].name;
    return entry;
}

/* An InputLayer is one node; another layer has a node for each time that it is called. */
static mirnet_status count_calls(const graph *g, const mn_place *layers, int32_t layer, int32_t *out)
{
    mn_place entry = entry_place(g, layers, layer), calls = mn_place_key(&entry, "inbound_nodes");
    size_t n = 0;
    if (!mn_place_empty(&calls)) {
        MN_TRY(mn_place_list(&calls));
        n = json_array_size(calls.value);
    }
    bool input = g->spec->layers[layer].kind == MN_INPUT_LAYER;
    if (input && n > 0)
        return mn_place_fail(&calls, MIRNET_ERR_FORMAT, "an InputLayer has no inputs");
    if (!input && n == 0)
        return mn_place_fail(&entry, MIRNET_ERR_FORMAT, "the layer is not connected: 'inbound_nodes' is empty");
    if (n + (size_t)g->first[layer] > MN_MAX_LAYERS)
        return mn_place_fail(&calls, MIRNET_ERR_FORMAT, "more than %d calls of layers", MN_MAX_LAYERS);
    *out = input ? 1 : (int32_t)n;
    return MIRNET_OK;
}

/* [name, call, output]: the node of a layer's call. Of one output each, only number 0 is there. */
static mirnet_status read_history(const graph *g, const mn_place *at, int32_t *out)
{
    MN_TRY(mn_place_list(at));
    if (json_array_size(at->value) < 3)
        return mn_place_expected(at, "[name, call, output]");
    mn_place name_place = mn_place_item(at, 0), call_place = mn_place_item(at, 1), output_place = mn_place_item(at, 2);
    const char *name;
    int64_t call, output;
    MN_TRY(mn_place_string(&name_place, &name));
    MN_TRY(mn_place_integer(&call_place, 0, MN_MAX_LAYERS, &call));
    MN_TRY(mn_place_integer(&output_place, 0, 0, &output));
    const json_t *index = json_object_get(g->names, name);
    if (!index)
        return mn_place_fail(&name_place, MIRNET_ERR_FORMAT, "there is no layer '%.60s'", name);
    int32_t layer = (int32_t)json_integer_value(index), calls = g->first[layer + 1] - g->first[layer];
    if (call >= calls)
        return mn_place_fail(&call_place, MIRNET_ERR_FORMAT, "layer '%.60s' has %d calls, numbered from 0", name,
                             (int)calls);
    *out = g->first[layer] + (int32_t)call;
    return MIRNET_OK;
}

/* Arguments of a call besides its inputs. Keras 3 writes `training` always and lets fit() and predict() decide. */
static mirnet_status check_arguments(const graph *g, const mn_place *at)
{
    if (mn_place_empty(at))
        return MIRNET_OK;
    MN_TRY(mn_place_object(at));
    for (void *i = json_object_iter(at->value); i; i = json_object_iter_next(at->value, i)) {
        mn_place argument = mn_place_key(at, json_object_iter_key(i));
        bool training = g->keras3 && strcmp(argument.key, "training") == 0 && json_is_boolean(argument.value);
        if (!json_is_null(argument.value) && !training)
            return mn_place_fail(&argument, MIRNET_ERR_UNSUPPORTED, "this argument of a call is not supported");
    }
    return MIRNET_OK;
}

/* ["conv", 0, 0, {}], or {"class_name": "__keras_tensor__", "config": {"keras_history": ["conv", 0, 0], ...}}. */
static mirnet_status read_tensor(const graph *g, const mn_place *at, int32_t *out)
{
    if (json_is_array(at->value)) {
        if (json_array_size(at->value) > 4)
            return mn_place_expected(at, "[name, call, output, arguments]");
        mn_place arguments = mn_place_item(at, 3);
        MN_TRY(check_arguments(g, &arguments));
        return read_history(g, at, out);
    }
    mn_place class_name = mn_place_key(at, "class_name"), config = mn_place_key(at, "config");
    mn_place history = mn_place_key(&config, "keras_history");
    const char *word = json_string_value(class_name.value);
    if (!word || strcmp(word, "__keras_tensor__") != 0)
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "only outputs of layers are supported as inputs");
    return read_history(g, &history, out);
}

/* The place of the tensors of one call: a single tensor, or a list of them. *out_single tells which. */
static mirnet_status find_tensors(const graph *g, const mn_place *call, mn_place *args, mn_place *out, bool *out_single)
{
    static const char *const keys[] = {"args", "kwargs", NULL};
    *out = *call;
    if (json_is_object(call->value)) {
        MN_TRY(mn_place_keys(call, keys));
        mn_place arguments = mn_place_key(call, "kwargs");
        *args = mn_place_key(call, "args");
        MN_TRY(check_arguments(g, &arguments));
        MN_TRY(mn_place_list(args));
        if (json_array_size(args->value) != 1)
            return mn_place_fail(args, MIRNET_ERR_UNSUPPORTED, "a call with %zu arguments is not supported, only one",
                                 json_array_size(args->value));
        *out = mn_place_item(args, 0);
    }
    /* A tensor of Keras 2 is itself a list, which begins with a name. */
    *out_single = json_is_object(out->value) || json_is_string(json_array_get(out->value, 0));
    if (*out_single || json_is_array(out->value))
        return MIRNET_OK;
    return mn_place_fail(out, MIRNET_ERR_UNSUPPORTED, "only outputs of layers are supported as inputs");
}

static mirnet_status read_call(const graph *g, const mn_place *call, mn_spec_node *node)
{
    mn_place args, tensors;
    bool single;
    MN_TRY(find_tensors(g, call, &args, &tensors, &single));
    size_t n = single ? 1 : json_array_size(tensors.value);
    mn_layer_kind kind = g->spec->layers[node->layer].kind;
    bool merges = mn_layer_kind_merges(kind);
    if (merges ? n < 2 : n != 1)
        return mn_place_fail(call, MIRNET_ERR_FORMAT, "%s is called on %zu inputs, expected %s",
                             mn_layer_kind_name(kind), n, merges ? "2 or more" : "1");
    node->inputs = mn_calloc(n, sizeof(*node->inputs));
    if (!node->inputs)
        return MIRNET_ERR_NOMEM;
    node->n_inputs = (int32_t)n;
    for (size_t i = 0; i < n; i++) {
        mn_place tensor = single ? tensors : mn_place_item(&tensors, i);
        MN_TRY(read_tensor(g, &tensor, &node->inputs[i]));
    }
    return MIRNET_OK;
}

static mirnet_status read_nodes(graph *g, const mn_place *layers)
{
    mn_spec *spec = g->spec;
    for (int32_t i = 0; i < spec->n_layers; i++) {
        int32_t calls = 0;
        MN_TRY(count_calls(g, layers, i, &calls));
        g->first[i + 1] = g->first[i] + calls;
    }
    int32_t n = g->first[spec->n_layers];
    spec->nodes = mn_calloc((size_t)n, sizeof(*spec->nodes));
    if (!spec->nodes)
        return MIRNET_ERR_NOMEM;
    spec->n_nodes = n;
    for (int32_t i = 0; i < spec->n_layers; i++) {
        mn_place entry = entry_place(g, layers, i), calls = mn_place_key(&entry, "inbound_nodes");
        for (int32_t k = g->first[i]; k < g->first[i + 1]; k++) {
            mn_place call = mn_place_item(&calls, (size_t)(k - g->first[i]));
            spec->nodes[k].layer = i;
            if (spec->layers[i].kind != MN_INPUT_LAYER)
                MN_TRY(read_call(g, &call, &spec->nodes[k]));
        }
    }
    return MIRNET_OK;
}

/* input_layers and output_layers: [["a", 0, 0], ["b", 0, 0]], or ["a", 0, 0] where there is one. */
static mirnet_status read_ends(const graph *g, const mn_place *at, int32_t **out, int32_t *out_n)
{
    MN_TRY(mn_place_list(at));
    bool single = json_is_string(json_array_get(at->value, 0));
    size_t n = single ? 1 : json_array_size(at->value);
    if (n < 1 || n > (size_t)g->spec->n_nodes)
        return mn_place_fail(at, MIRNET_ERR_FORMAT, "%zu layers, expected 1 to %d", n, (int)g->spec->n_nodes);
    *out = mn_calloc(n, sizeof(**out));
    if (!*out)
        return MIRNET_ERR_NOMEM;
    *out_n = (int32_t)n;
    for (size_t i = 0; i < n; i++) {
        mn_place item = single ? *at : mn_place_item(at, i);
        MN_TRY(read_history(g, &item, &(*out)[i]));
    }
    return MIRNET_OK;
}

/* The model's inputs: every InputLayer once, in the order that input_layers gives, or else that of the layers. */
static mirnet_status read_inputs(const graph *g)
{
    mn_spec *spec = g->spec;
    mn_place at = mn_place_key(g->config, "input_layers");
    int32_t n_layers = 0;
    for (int32_t i = 0; i < spec->n_layers; i++)
        n_layers += spec->layers[i].kind == MN_INPUT_LAYER;
    if (mn_place_empty(&at)) {
        spec->inputs = mn_calloc((size_t)n_layers, sizeof(*spec->inputs));
        if (!spec->inputs)
            return MIRNET_ERR_NOMEM;
        for (int32_t i = 0; i < spec->n_layers; i++)
            if (spec->layers[i].kind == MN_INPUT_LAYER)
                spec->inputs[spec->n_inputs++] = g->first[i];
    } else {
        MN_TRY(read_ends(g, &at, &spec->inputs, &spec->n_inputs));
    }
    for (int32_t i = 0; i < spec->n_inputs; i++) {
        const mn_layer_spec *layer = &spec->layers[spec->nodes[spec->inputs[i]].layer];
        if (layer->kind != MN_INPUT_LAYER)
            return mn_place_fail(&at, MIRNET_ERR_FORMAT, "'%.60s' is not an InputLayer", layer->name);
        for (int32_t k = 0; k < i; k++)
            if (spec->inputs[k] == spec->inputs[i])
                return mn_place_fail(&at, MIRNET_ERR_FORMAT, "'%.60s' is there twice", layer->name);
    }
    if (n_layers == 0)
        return mn_place_fail(g->config, MIRNET_ERR_FORMAT, "a model without an InputLayer");
    if (spec->n_inputs != n_layers)
        return mn_place_fail(&at, MIRNET_ERR_FORMAT, "%d of the %d layers of class InputLayer are inputs of the model",
                             (int)spec->n_inputs, (int)n_layers);
    return MIRNET_OK;
}

/* The one output: named, or else the one node that nobody reads. */
static mirnet_status read_output(const graph *g, bool *is_read)
{
    mn_spec *spec = g->spec;
    mn_place at = mn_place_key(g->config, "output_layers");
    int32_t *outputs = NULL, n = 0;
    mirnet_status status = MIRNET_OK;
    if (!mn_place_empty(&at)) {
        status = read_ends(g, &at, &outputs, &n);
        spec->output = status ? 0 : outputs[0];
        mn_free(outputs);
    } else {
        for (int32_t i = 0; i < spec->n_nodes; i++)
            for (int32_t k = 0; k < spec->nodes[i].n_inputs; k++)
                is_read[spec->nodes[i].inputs[k]] = true;
        for (int32_t i = 0; i < spec->n_nodes; i++)
            if (!is_read[i] && n++ == 0)
                spec->output = i;
    }
    if (!status && n != 1)
        return mn_place_fail(&at, n ? MIRNET_ERR_UNSUPPORTED : MIRNET_ERR_FORMAT,
                             "a model with %d outputs is not supported, only one", (int)n);
    return status;
}

/* A cycle is met by walking from any node that could not be placed to an input of its that could not be placed either.
 * */
static mirnet_status fail_cycle(const graph *g, const mn_place *layers, const int32_t *place)
{
    const mn_spec *spec = g->spec;
    int32_t node = 0;
    while (place[node] >= 0)
        node++;
    for (int32_t step = 0; step < spec->n_nodes; step++) {
        int32_t i = 0;
        while (place[spec->nodes[node].inputs[i]] >= 0)
            i++;
        node = spec->nodes[node].inputs[i];
    }
    mn_place entry = entry_place(g, layers, spec->nodes[node].layer);
    return mn_place_fail(&entry, MIRNET_ERR_FORMAT, "the layer's input depends on its own output");
}

static bool is_ready(const mn_spec_node *node, const int32_t *place)
{
    for (int32_t i = 0; i < node->n_inputs; i++)
        if (place[node->inputs[i]] < 0)
            return false;
    return true;
}

/* Inputs before their readers, else in the order of the JSON: place[old] = new. */
static mirnet_status sort_nodes(const graph *g, const mn_place *layers, int32_t *place)
{
    const mn_spec *spec = g->spec;
    int32_t n_placed = 0;
    for (int32_t i = 0; i < spec->n_nodes; i++)
        place[i] = -1;
    for (int32_t before = -1; before < n_placed;) {
        before = n_placed;
        for (int32_t i = 0; i < spec->n_nodes; i++)
            if (place[i] < 0 && is_ready(&spec->nodes[i], place))
                place[i] = n_placed++;
    }
    return n_placed == spec->n_nodes ? MIRNET_OK : fail_cycle(g, layers, place);
}

static void apply_order(mn_spec *spec, const int32_t *place, mn_spec_node *sorted)
{
    for (int32_t i = 0; i < spec->n_nodes; i++) {
        mn_spec_node *node = &spec->nodes[i];
        for (int32_t k = 0; k < node->n_inputs; k++)
            node->inputs[k] = place[node->inputs[k]];
        sorted[place[i]] = *node;
    }
    memcpy(spec->nodes, sorted, (size_t)spec->n_nodes * sizeof(*sorted));
    for (int32_t i = 0; i < spec->n_inputs; i++)
        spec->inputs[i] = place[spec->inputs[i]];
    spec->output = place[spec->output];
}

/* Everything must lead to the output: what does not is a mistake in the JSON. The nodes are sorted. */
static mirnet_status check_used(const graph *g, const mn_place *layers, bool *used)
{
    const mn_spec *spec = g->spec;
    memset(used, 0, (size_t)spec->n_nodes * sizeof(*used));
    used[spec->output] = true;
    for (int32_t i = spec->n_nodes - 1; i >= 0; i--)
        for (int32_t k = 0; k < spec->nodes[i].n_inputs && used[i]; k++)
            used[spec->nodes[i].inputs[k]] = true;
    for (int32_t i = 0; i < spec->n_nodes; i++)
        if (!used[i]) {
            mn_place entry = entry_place(g, layers, spec->nodes[i].layer);
            return mn_place_fail(&entry, MIRNET_ERR_FORMAT, "the model's output does not depend on this layer");
        }
    return MIRNET_OK;
}

static mirnet_status sort_graph(const graph *g, const mn_place *layers)
{
    size_t n = (size_t)g->spec->n_nodes;
    int32_t *place = mn_calloc(n, sizeof(*place));
    mn_spec_node *sorted = mn_calloc(n, sizeof(*sorted));
    bool *flags = mn_calloc(n, sizeof(*flags));
    mirnet_status status = place && sorted && flags ? sort_nodes(g, layers, place) : MIRNET_ERR_NOMEM;
    if (!status)
        status = read_inputs(g);
    if (!status)
        status = read_output(g, flags);
    if (!status) {
        apply_order(g->spec, place, sorted);
        status = check_used(g, layers, flags);
    }
    mn_free(flags);
    mn_free(sorted);
    mn_free(place);
    return status;
}

mirnet_status mn_spec_read_graph(mn_spec *spec, const mn_place *config, const json_t *names, bool keras3)
{
    mn_place layers = mn_place_key(config, "layers");
    graph g = {.spec = spec, .config = config, .names = names, .keras3 = keras3};
    g.first = mn_calloc((size_t)spec->n_layers + 1, sizeof(*g.first));
    mirnet_status status = g.first ? read_nodes(&g, &layers) : MIRNET_ERR_NOMEM;
    if (!status)
        status = sort_graph(&g, &layers);
    mn_free(g.first);
    return status;
}
