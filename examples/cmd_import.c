/* cmd_import.c - mirnet import: a model file from a Keras model JSON and its weights */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "args.h"
#include "commands.h"
#include "out.h"
#include "recipes.h"

typedef struct importing {
    const char *classes; /* "a,b" */
    arg_list settings;
    mirnet_recipe *recipe;
    mirnet_model *model;
    mirnet_tensors *weights;
} importing;

/* Class names from "a,b,c", or those that the recipe fixes. */
static int set_classes(importing *m)
{
    int32_t n = 0;
    char *text = NULL;
    const char **names;
    if (m->classes) {
        text = strdup(m->classes);
        names = text ? calloc(strlen(text) + 1, sizeof(*names)) : NULL;
        for (char *word = names ? text : NULL, *comma; word; word = comma) {
            comma = strchr(word, ',');
            if (comma)
                *comma++ = '\0';
            names[n++] = word;
        }
    } else {
        names = recipe_classes(m->recipe, &n);
    }
    int status = EXIT_OK;
    if (!names)
        status = out_error("out of memory");
    else if (n > 0 && mirnet_model_set_classes(m->model, names, n) != MIRNET_OK)
        status = out_library();
    free(names);
    free(text);
    return status;
}

/* Weights are called "dense/kernel", or, among other tensors, "weights/dense/kernel". */
static const char *find_prefix(const mirnet_tensors *tensors)
{
    static const char prefix[] = "weights/";
    for (int32_t i = 0; i < mirnet_tensors_count(tensors); i++)
        if (strncmp(mirnet_tensors_get_name(tensors, i), prefix, sizeof(prefix) - 1) == 0)
            return prefix;
    return "";
}

static int run(importing *m, const args *a)
{
    if (!a->output)
        return out_usage("import: option --output is missing: where the model goes");
    int status = recipe_open(&m->recipe, a->operands[0], &m->settings, -1, -1, NULL);
    if (status != EXIT_OK)
        return status;
    if (mirnet_model_create(&m->model, m->recipe) != MIRNET_OK ||
        mirnet_tensors_load(&m->weights, a->operands[1]) != MIRNET_OK ||
        mirnet_model_set_weights(m->model, m->weights, find_prefix(m->weights)) != MIRNET_OK)
        return out_library();
    status = set_classes(m);
    if (status == EXIT_OK && mirnet_model_save(m->model, a->output) != MIRNET_OK)
        return out_library();
    return status;
}

int cmd_import(int argc, char **argv)
{
    importing m = {.classes = NULL};
    args a = {.name = "import",
              .operands_help = "SPEC WEIGHTS -o MODEL",
              .min_operands = 2,
              .max_operands = 2,
              .about = "Makes a model file from a Keras model JSON (or a recipe) and a safetensors\n"
                       "file of its weights, named <layer>/<weight> in Keras layout; the names may\n"
                       "begin with weights/."};
    const arg_option options[] = {
        {"classes", 0, ARG_TEXT, &m.classes, "A,B,...", "class names, the positive one first", 0, 0},
        {"set", 0, ARG_LIST, &m.settings, "KEY=VALUE", "any option of mirnet summary --options", 0, 0},
    };
    args_add(&a, options, sizeof(options) / sizeof(options[0]));
    args_add_common(&a, "o");
    int status = args_read(&a, argc, argv);
    if (status == ARGS_GO) {
        status = run(&m, &a);
        args_report_usage(&a);
    }
    mirnet_tensors_destroy(m.weights);
    mirnet_model_destroy(m.model);
    mirnet_recipe_destroy(m.recipe);
    args_free(&a);
    return status;
}
