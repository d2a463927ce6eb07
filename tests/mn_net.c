/* mn_net.c - small networks in a short notation */
/* SPDX-License-Identifier: MIT */
#include "mn_net.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "mn_check.h"

enum { MAX_STATEMENTS = 64, MAX_NAME = 64 };

const char mn_net_mixed[] =
    "x = InputLayer: 9, 4; a = Conv1D(x): 'filters': 6, 'kernel_size': 3, 'padding': 'same', 'activation': 'relu'; "
    "b = BatchNormalization(a); c = SpatialDropout1D(b): 'rate': 0.2; d = LSTM(c): 'units': 5, 'return_sequences': "
    "true, "
    "'dropout': 0.1, 'recurrent_dropout': 0.1; e = GRU(d): 'units': 3, 'return_sequences': true; "
    "f = Bidirectional(e): 'layer': {'class_name': 'LSTM', 'config': {'units': 4}}; g = GlobalMaxPooling1D(a); "
    "h = Concatenate(f, g); i = Dense(h): 'units': 40, 'activation': 'tanh', 'kernel_regularizer': {'class_name': "
    "'L1L2', "
    "'config': {'l1': 0.0, 'l2': 0.01}}; j = Dropout(i): 'rate': 0.3; Dense(j): 'units': 3, 'activation': 'softmax';";

/* A statement: which layer it calls, for which time. */
typedef struct call {
    char name[MAX_NAME];
    json_t *layer; /* borrowed from the list of layers */
    int node;
} call;

typedef struct net {
    json_t *layers, *inputs;
    call calls[MAX_STATEMENTS];
    int n;
} net;

static call *find_call(net *n, const char *name)
{
    for (int i = 0; i < n->n; i++)
        if (strcmp(n->calls[i].name, name) == 0)
            return &n->calls[i];
    ck_abort_msg("net: there is no statement '%s'", name);
    return NULL;
}

/* Cuts the blanks off both ends. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    for (size_t n = strlen(text); n > 0 && isspace((unsigned char)text[n - 1]); n--)
        text[n - 1] = '\0';
    return text;
}

/* Cuts the text behind the first `mark` off and returns it; NULL if there is no mark. */
static char *split(char *text, char mark)
{
    char *at = strchr(text, mark);
    if (!at)
        return NULL;
    *at = '\0';
    return trim(at + 1);
}

static json_t *make_config(const char *class_name, const char *text, const char *name)
{
    size_t size = (text ? strlen(text) : 0) + 64;
    char *json = malloc(size);
    ck_assert_ptr_nonnull(json);
    if (strcmp(class_name, "InputLayer") == 0)
        snprintf(json, size, "{\"batch_input_shape\": [null, %s]}", text);
    else
        snprintf(json, size, "{%s}", text ? text : "");
    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_error_t error;
    json_t *config = json_loads(json, 0, &error);
    ck_assert_msg(config != NULL, "net: %s: %s", json, error.text);
    free(json);
    json_object_set_new(config, "name", json_string(name));
    return config;
}

static void add_layer(net *n, call *c, const char *class_name, const char *config)
{
    c->layer = json_pack("{s:s, s:s, s:o, s:[]}", "class_name", class_name, "name", c->name, "config",
                         make_config(class_name, config, c->name), "inbound_nodes");
    ck_assert_ptr_nonnull(c->layer);
    json_array_append_new(n->layers, c->layer);
    if (strcmp(class_name, "InputLayer") == 0)
        json_array_append_new(n->inputs, json_pack("[s, i, i]", c->name, 0, 0));
}

static void connect(net *n, call *c, char *inputs)
{
    json_t *node = json_array();
    while (inputs) {
        char *rest = split(inputs, ',');
        call *from = find_call(n, trim(inputs));
        json_array_append_new(
            node, json_pack("[o, i, i, {}]", json_copy(json_object_get(from->layer, "name")), from->node, 0));
        inputs = rest;
    }
    json_array_append_new(json_object_get(c->layer, "inbound_nodes"), node);
}

static void add_statement(net *n, char *text)
{
    ck_assert_msg(n->n < MAX_STATEMENTS, "net: too many statements");
    call *c = &n->calls[n->n];
    char *config = split(text, ':'), *right = split(text, '='), *name = right ? trim(text) : NULL;
    char *class_name = trim(right ? right : text), *inputs = split(class_name, '(');
    class_name = trim(class_name);
    if (inputs)
        split(inputs, ')');
    *c = (call){0};
    if (name)
        snprintf(c->name, sizeof(c->name), "%s", name);
    else
        snprintf(c->name, sizeof(c->name), "layer_%d", n->n);
    if (*class_name == '@') {
        const call *earlier = find_call(n, class_name + 1);
        c->layer = earlier->layer;
        c->node = (int)json_array_size(json_object_get(c->layer, "inbound_nodes"));
    } else {
        add_layer(n, c, class_name, config);
    }
    if (strcmp(class_name, "InputLayer") != 0)
        connect(n, c, inputs ? inputs : n->calls[n->n - 1].name);
    n->n++;
}

char *mn_net_json(const char *text)
{
    net n = {.layers = json_array(), .inputs = json_array()};
    char *copy = malloc(strlen(text) + 1), *at = copy;
    ck_assert_ptr_nonnull(copy);
    strcpy(copy, text);
    for (char *end; (end = strchr(at, ';')); at = end + 1) {
        *end = '\0';
        add_statement(&n, trim(at));
    }
    ck_assert_msg(*trim(at) == '\0', "net: \"%s\" has no ';' behind it", at);
    const call *last = &n.calls[n.n - 1];
    json_t *model = json_pack("{s:s, s:{s:s, s:o, s:o, s:[[O, i, i]]}}", "class_name", "Functional", "config", "name",
                              "net", "layers", n.layers, "input_layers", n.inputs, "output_layers",
                              json_object_get(last->layer, "name"), last->node, 0);
    ck_assert_ptr_nonnull(model);
    char *json = json_dumps(model, JSON_INDENT(1));
    ck_assert_ptr_nonnull(json);
    json_decref(model);
    free(copy);
    return json;
}

mirnet_model *mn_net_create_json(const char *json)
{
    mirnet_recipe *recipe;
    mirnet_model *model;
    mn_ok(mirnet_recipe_create(&recipe, json, strlen(json), "net"));
    mn_ok(mirnet_model_create(&model, recipe));
    mirnet_recipe_destroy(recipe);
    return model;
}

mirnet_model *mn_net_create_dense(const char *layer)
{
    char json[512];
    snprintf(json, sizeof(json),
             "{\"class_name\":\"Sequential\",\"config\":{\"layers\":[{\"class_name\":\"Dense\",\"config\":"
             "{\"name\":\"%s\",\"units\":2,\"batch_input_shape\":[null,3]}}]}}",
             layer);
    return mn_net_create_json(json);
}

mirnet_model *mn_net_create_recipe(const char *head, const char *text)
{
    char *inner = mn_net_json(text), *json = malloc(strlen(inner) + strlen(head) + 2);
    ck_assert_ptr_nonnull(json);
    strcat(strcat(strcpy(json, head), inner), "}");
    mirnet_model *model = mn_net_create_json(json);
    free(inner);
    free(json);
    return model;
}

mirnet_trainer *mn_net_trainer(mirnet_model *model, const mirnet_dataset *data, int32_t threads)
{
    mirnet_trainer *trainer;
    mn_ok(mirnet_trainer_create(&trainer, model));
    mn_ok(mirnet_trainer_set_threads(trainer, threads));
    mn_ok(mirnet_trainer_set_dataset(trainer, data, NULL, mirnet_dataset_count(data)));
    return trainer;
}

int32_t mn_net_stop_at(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    const int64_t *place = payload;
    (void)trainer;
    return epoch == place[0] && batch == place[1];
}

mirnet_model *mn_net_create(const char *text)
{
    char *json = mn_net_json(text);
    mirnet_model *model = mn_net_create_json(json);
    free(json);
    return model;
}

mirnet_model *mn_net_create_builtin(const char *name)
{
    mirnet_recipe *recipe;
    mirnet_model *model;
    mn_ok(mirnet_recipe_load(&recipe, name));
    mn_ok(mirnet_model_create(&model, recipe));
    mirnet_recipe_destroy(recipe);
    return model;
}

/* SplitMix64. */
float mn_net_uniform(uint64_t *state, double low, double high)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (float)(low + (high - low) * ((double)(z >> 11) * 0x1p-53));
}

void mn_net_fill(uint64_t *state, float *values, int64_t n, double low, double high)
{
    for (int64_t i = 0; i < n; i++)
        values[i] = mn_net_uniform(state, low, high);
}

void mn_net_fill_targets(uint64_t *state, float *targets, int64_t n, int64_t k)
{
    mn_net_fill(state, targets, n * k, 0.1, 1);
    for (int64_t i = 0; i < n; i++) {
        float sum = 0;
        for (int64_t j = 0; j < k; j++)
            sum += targets[i * k + j];
        for (int64_t j = 0; j < k; j++)
            targets[i * k + j] /= sum;
    }
}

int64_t mn_net_weight_size(const mirnet_model *model, int32_t i)
{
    int64_t dims[8], n = 1;
    int32_t rank;
    mn_ok(mirnet_model_get_weight_shape(model, mirnet_model_get_weight_name(model, i), dims, &rank));
    for (int32_t d = 0; d < rank; d++)
        n *= dims[d];
    return n;
}

float *mn_net_weights(const mirnet_model *model)
{
    float *all = mn_net_floats(mirnet_model_parameter_count(model, -1)), *at = all;
    for (int32_t i = 0; i < mirnet_model_weight_count(model); i++) {
        const int64_t n = mn_net_weight_size(model, i);
        mn_ok(mirnet_model_get_weight(model, mirnet_model_get_weight_name(model, i), at, n));
        at += n;
    }
    return all;
}

void mn_net_same_weights(const mirnet_model *a, const mirnet_model *b)
{
    float *of_a = mn_net_weights(a), *of_b = mn_net_weights(b), *at_a = of_a, *at_b = of_b;
    ck_assert_int_eq(mirnet_model_weight_count(a), mirnet_model_weight_count(b));
    for (int32_t i = 0; i < mirnet_model_weight_count(a); i++) {
        const char *name = mirnet_model_get_weight_name(a, i);
        const int64_t n = mn_net_weight_size(a, i);
        ck_assert_str_eq(name, mirnet_model_get_weight_name(b, i));
        ck_assert_int_eq(n, mn_net_weight_size(b, i));
        mn_same(name, at_a, at_b, (size_t)n);
        at_a += n;
        at_b += n;
    }
    free(of_a);
    free(of_b);
}

void mn_net_fill_weights(uint64_t *state, mirnet_model *model)
{
    for (int32_t i = 0; i < mirnet_model_weight_count(model); i++) {
        const char *name = mirnet_model_get_weight_name(model, i);
        const int64_t n = mn_net_weight_size(model, i);
        float *values = mn_net_floats(n);
        bool positive = strstr(name, "moving_variance") != NULL;
        mn_net_fill(state, values, n, positive ? 0.5 : -0.7, positive ? 1.5 : 0.7);
        mn_ok(mirnet_model_set_weight(model, name, values, n));
        free(values);
    }
}

float *mn_net_floats(int64_t n)
{
    float *values = calloc((size_t)(n > 0 ? n : 1), sizeof(float));
    ck_assert_ptr_nonnull(values);
    return values;
}
