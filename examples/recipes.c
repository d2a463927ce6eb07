/* recipes.c - recipes and models by name, and options for them */
/* SPDX-License-Identifier: MIT */
#include "recipes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

enum { KIND_FLAG = 2, KIND_WORD = 3 }; /* see mirnet_option_kind */

static int32_t find_option(const char *key)
{
    for (int32_t i = 0; i < mirnet_option_count(); i++)
        if (strcmp(mirnet_option_key(i), key) == 0)
            return i;
    return -1;
}

static int set_number(recipe_target target, const char *key, double value)
{
    mirnet_status status = target.recipe ? mirnet_recipe_set_number(target.recipe, key, value)
                                         : mirnet_trainer_set_number(target.trainer, key, value);
    return status == MIRNET_OK ? EXIT_OK : out_usage("%s", mirnet_last_message());
}

static int set_text(recipe_target target, const char *key, const char *value)
{
    mirnet_status status = target.recipe ? mirnet_recipe_set_text(target.recipe, key, value)
                                         : mirnet_trainer_set_text(target.trainer, key, value);
    return status == MIRNET_OK ? EXIT_OK : out_usage("%s", mirnet_last_message());
}

static int apply(recipe_target target, const char *key, const char *text)
{
    int32_t option = find_option(key);
    if (option < 0)
        return out_usage("option --set: there is no '%s' (see mirnet summary --options)", key);
    int32_t kind = mirnet_option_kind(option);
    if (kind >= KIND_WORD)
        return set_text(target, key, text);
    if (kind == KIND_FLAG && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return set_number(target, key, text[0] == 't');
    char *end = NULL;
    double value = strtod(text, &end); /* the program never leaves the C locale */
    if (end == text || *end != '\0')
        return out_usage("option --set: '%s' takes a number, not '%s'", key, text);
    return set_number(target, key, value);
}

int recipe_apply(recipe_target target, const arg_list *settings)
{
    for (int i = 0; i < settings->count; i++) {
        const char *value;
        char *key = args_split(settings->items[i], &value);
        if (!key)
            return out_usage("option --set takes KEY=VALUE, not '%s'", settings->items[i]);
        int status = apply(target, key, value);
        free(key);
        if (status != EXIT_OK)
            return status;
    }
    return EXIT_OK;
}

static int configure(mirnet_recipe *recipe, const arg_list *settings, int64_t epochs, int64_t seed, int64_t *out_seed)
{
    recipe_target target = {.recipe = recipe};
    int status = recipe_apply(target, settings);
    if (status == EXIT_OK && epochs >= 0)
        status = set_number(target, "training.epochs", (double)epochs);
    if (status == EXIT_OK && seed >= 0)
        status = set_number(target, "training.seed", (double)seed);
    double value;
    if (status != EXIT_OK || !out_seed)
        return status;
    if (mirnet_recipe_get_number(recipe, "training.seed", &value) != MIRNET_OK)
        return out_library();
    *out_seed = (int64_t)value;
    return EXIT_OK;
}

int recipe_open(mirnet_recipe **out, const char *name_or_path, const arg_list *settings, int64_t epochs, int64_t seed,
                int64_t *out_seed)
{
    *out = NULL;
    mirnet_recipe *recipe = NULL;
    if (mirnet_recipe_load(&recipe, name_or_path) != MIRNET_OK)
        return out_library();
    int status = configure(recipe, settings, epochs, seed, out_seed);
    if (status == EXIT_OK)
        *out = recipe;
    else
        mirnet_recipe_destroy(recipe);
    return status;
}

char *recipe_name(mirnet_recipe *recipe, const char *otherwise)
{
    const char *text = mirnet_recipe_get_json(recipe);
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(json, "name"));
    char *copy = strdup(name && *name ? name : otherwise);
    json_decref(json);
    return copy;
}

const char **recipe_classes(const mirnet_recipe *recipe, int32_t *out_n)
{
    int32_t n = mirnet_recipe_class_count(recipe);
    const char **names = calloc((size_t)n + 1, sizeof(*names));
    for (int32_t c = 0; names && c < n; c++)
        names[c] = mirnet_recipe_get_class(recipe, c);
    *out_n = names ? n : -1;
    return names;
}

int recipe_is_builtin(const char *name)
{
    for (int32_t i = 0; i < mirnet_recipe_builtin_count(); i++)
        if (strcmp(mirnet_recipe_builtin_name(i), name) == 0)
            return 1;
    return 0;
}

int recipe_is_model_file(const char *path)
{
    unsigned char head[9];
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0; /* whoever opens it next says why not */
    size_t n = fread(head, 1, sizeof(head), f);
    fclose(f);
    /* A length of at most 100,000,000 has zeros in its upper half, which no text has. */
    return n == sizeof(head) && head[8] == '{' && !(head[4] | head[5] | head[6] | head[7]);
}
