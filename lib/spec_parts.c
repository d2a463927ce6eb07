/* spec_parts.c - activations, initializers and regularizers of a layer's config */
/* SPDX-License-Identifier: MIT */
#include "spec_parts.h"

#define HUGE_NUMBER 1e30

/* A word, or the class_name of an object; *config is then the place of its config, empty for a word. */
static mirnet_status read_named(const mn_place *at, const char **name, mn_place *config)
{
    static const char *const keys[] = {"class_name", "config", "module", "registered_name", "shared_object_id", NULL};
    *config = mn_place_key(at, "config");
    if (json_is_string(at->value))
        return mn_place_string(at, name);
    if (!json_is_object(at->value))
        return mn_place_expected(at, "a word or an object with class_name");
    MN_TRY(mn_place_keys(at, keys));
    mn_place class_name = mn_place_key(at, "class_name");
    return mn_place_string(&class_name, name);
}

static const char *const activation_words[MN_ACTIVATIONS] = {
    [MN_LINEAR] = "linear",     [MN_RELU] = "relu",       [MN_ELU] = "elu",
    [MN_SELU] = "selu",         [MN_SIGMOID] = "sigmoid", [MN_HARD_SIGMOID] = "hard_sigmoid",
    [MN_TANH] = "tanh",         [MN_SOFTMAX] = "softmax", [MN_SOFTPLUS] = "softplus",
    [MN_SOFTSIGN] = "softsign", [MN_RELU6] = "relu6",     [MN_EXPONENTIAL] = "exponential",
};

mirnet_status mn_spec_read_activation(const mn_place *at, bool keras3, mn_activation *out)
{
    const char *name;
    mn_place config;
    MN_TRY(read_named(at, &name, &config));
    /* Keras 3: {"class_name": "function", "config": "relu"}. */
    if (mn_same_word(name, "function"))
        MN_TRY(mn_place_string(&config, &name));
    else if (!mn_place_empty(&config) && json_object_size(config.value) > 0)
        return mn_place_fail(&config, MIRNET_ERR_UNSUPPORTED, "activations with parameters are not supported");
    for (int i = 0; i < MN_ACTIVATIONS; i++)
        if (activation_words[i] && mn_same_word(name, activation_words[i])) {
            *out = i == MN_HARD_SIGMOID && keras3 ? MN_HARD_SIGMOID3 : (mn_activation)i;
            return MIRNET_OK;
        }
    return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "activation '%.60s' is not supported", name);
}

/* The initializers by name, with Keras's defaults and the names of a and b. Glorot, He and LeCun take no parameters. */
static const struct {
    const char *name;
    mn_initializer init;
    const char *a, *b;
} initializers[] = {
    {"zeros", {.kind = MN_INIT_CONSTANT, .a = 0}, NULL, NULL},
    {"zero", {.kind = MN_INIT_CONSTANT, .a = 0}, NULL, NULL},
    {"ones", {.kind = MN_INIT_CONSTANT, .a = 1}, NULL, NULL},
    {"one", {.kind = MN_INIT_CONSTANT, .a = 1}, NULL, NULL},
    {"constant", {.kind = MN_INIT_CONSTANT, .a = 0}, "value", NULL},
    {"random_normal", {.kind = MN_INIT_NORMAL, .a = 0, .b = 0.05}, "mean", "stddev"},
    {"normal", {.kind = MN_INIT_NORMAL, .a = 0, .b = 0.05}, "mean", "stddev"},
    {"random_uniform", {.kind = MN_INIT_UNIFORM, .a = -0.05, .b = 0.05}, "minval", "maxval"},
    {"uniform", {.kind = MN_INIT_UNIFORM, .a = -0.05, .b = 0.05}, "minval", "maxval"},
    {"truncated_normal", {.kind = MN_INIT_TRUNCATED_NORMAL, .a = 0, .b = 0.05}, "mean", "stddev"},
    {"variance_scaling", {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_IN, MN_TRUNCATED_NORMAL}, "scale", NULL},
    {"glorot_uniform", {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_AVG, MN_UNIFORM}, NULL, NULL},
    {"glorot_normal", {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_AVG, MN_TRUNCATED_NORMAL}, NULL, NULL},
    {"he_uniform", {MN_INIT_VARIANCE_SCALING, 2, 0, MN_FAN_IN, MN_UNIFORM}, NULL, NULL},
    {"he_normal", {MN_INIT_VARIANCE_SCALING, 2, 0, MN_FAN_IN, MN_TRUNCATED_NORMAL}, NULL, NULL},
    {"lecun_uniform", {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_IN, MN_UNIFORM}, NULL, NULL},
    {"lecun_normal", {MN_INIT_VARIANCE_SCALING, 1, 0, MN_FAN_IN, MN_TRUNCATED_NORMAL}, NULL, NULL},
    {"orthogonal", {.kind = MN_INIT_ORTHOGONAL, .a = 1}, "gain", NULL},
    {"identity", {.kind = MN_INIT_IDENTITY, .a = 1}, "gain", NULL},
    {"orthogonal_initializer", {.kind = MN_INIT_ORTHOGONAL, .a = 1}, "gain", NULL}, /* of early Keras 3 */
    {"identity_initializer", {.kind = MN_INIT_IDENTITY, .a = 1}, "gain", NULL},
};

/* One of n words to its index. */
static mirnet_status read_word(const mn_place *at, const char *const *words, int n, int *out)
{
    const char *word;
    MN_TRY(mn_place_string(at, &word));
    for (int i = 0; i < n; i++)
        if (mn_same_word(word, words[i])) {
            *out = i;
            return MIRNET_OK;
        }
    return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "'%.60s' is not supported", word);
}

static mirnet_status read_scaling(const mn_place *config, mn_initializer *init)
{
    static const char *const modes[] = {"fan_in", "fan_out", "fan_avg"};
    /* "normal" is truncated, too: the older name. */
    static const char *const distributions[] = {"truncated_normal", "untruncated_normal", "uniform", "normal"};
    mn_place mode = mn_place_key(config, "mode"), distribution = mn_place_key(config, "distribution");
    int i = (int)init->mode;
    if (!mn_place_empty(&mode))
        MN_TRY(read_word(&mode, modes, 3, &i));
    init->mode = (mn_fan_mode)i;
    i = (int)init->distribution;
    if (!mn_place_empty(&distribution))
        MN_TRY(read_word(&distribution, distributions, 4, &i));
    init->distribution = i == 3 ? MN_TRUNCATED_NORMAL : (mn_distribution)i;
    return MIRNET_OK;
}

static mirnet_status read_parameter(const mn_place *config, const char *key, double *out)
{
    if (!key)
        return MIRNET_OK;
    mn_place at = mn_place_key(config, key);
    if (mn_place_empty(&at))
        return MIRNET_OK;
    bool positive = strcmp(key, "stddev") == 0 || strcmp(key, "scale") == 0;
    return mn_place_number(&at, positive ? 0 : -HUGE_NUMBER, HUGE_NUMBER, out);
}

mirnet_status mn_spec_read_initializer(const mn_place *at, mn_initializer *out)
{
    const char *name;
    mn_place config;
    MN_TRY(read_named(at, &name, &config));
    size_t n = sizeof(initializers) / sizeof(initializers[0]), i = 0;
    while (i < n && !mn_same_word(name, initializers[i].name))
        i++;
    if (i == n)
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "initializer '%.60s' is not supported", name);
    mn_initializer init = initializers[i].init;
    if (!mn_place_empty(&config)) {
        bool scaling = strcmp(initializers[i].name, "variance_scaling") == 0;
        const char *keys[6] = {"seed", "dtype", initializers[i].a, initializers[i].b};
        if (scaling) { /* has one parameter of its own: keys[2] */
            keys[3] = "mode";
            keys[4] = "distribution";
        }
        MN_TRY(mn_place_keys(&config, keys));
        MN_TRY(read_parameter(&config, initializers[i].a, &init.a));
        MN_TRY(read_parameter(&config, initializers[i].b, &init.b));
        if (scaling)
            MN_TRY(read_scaling(&config, &init));
    }
    if (init.kind == MN_INIT_UNIFORM && init.a > init.b)
        return mn_place_fail(at, MIRNET_ERR_FORMAT, "minval is above maxval");
    *out = init;
    return MIRNET_OK;
}

mirnet_status mn_spec_read_regularizer(const mn_place *at, mn_regularizer *out)
{
    static const char *const keys[] = {"l1", "l2", NULL};
    const char *name;
    mn_place config;
    MN_TRY(read_named(at, &name, &config));
    bool l1 = mn_same_word(name, "l1"), l2 = mn_same_word(name, "l2"), both = mn_same_word(name, "l1l2");
    if (!l1 && !l2 && !both)
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "regularizer '%.60s' is not supported", name);
    /* As a word, and for L1 and L2 alone, 0.01; an L1L2 object has none of what it does not name. */
    double standard = both && json_is_object(at->value) ? 0 : 0.01;
    mn_regularizer reg = {.l1 = l1 || both ? standard : 0, .l2 = l2 || both ? standard : 0};
    if (!mn_place_empty(&config)) {
        MN_TRY(mn_place_keys(&config, keys));
        mn_place at_l1 = mn_place_key(&config, "l1"), at_l2 = mn_place_key(&config, "l2");
        if (!mn_place_empty(&at_l1))
            MN_TRY(mn_place_number(&at_l1, 0, HUGE_NUMBER, &reg.l1));
        if (!mn_place_empty(&at_l2))
            MN_TRY(mn_place_number(&at_l2, 0, HUGE_NUMBER, &reg.l2));
    }
    *out = reg;
    return MIRNET_OK;
}
