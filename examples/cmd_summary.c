/* cmd_summary.c - mirnet summary: layers, shapes and parameters; the model card; the tables of options and recipes */
/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "args.h"
#include "commands.h"
#include "out.h"
#include "recipes.h"

typedef struct summary {
    const char *json_path;
    int list_options, list_recipes;
    mirnet_recipe *recipe; /* NULL for a model file */
    mirnet_model *model;
    out_file out;
} summary;

/* As Keras shows a shape: the batch axis first, which is null. */
static json_t *shape_json(const int64_t *dims, int32_t rank)
{
    json_t *shape = json_pack("[n]");
    for (int32_t i = 0; i < rank; i++)
        json_array_append_new(shape, json_integer(dims[i]));
    return shape;
}

static json_t *card_json(const mirnet_model *model)
{
    json_t *card = json_object();
    for (int32_t i = 0; i < mirnet_model_note_count(model); i++) {
        const char *key = mirnet_model_get_note_key(model, i);
        json_object_set_new(card, key, json_string(mirnet_model_get_note(model, key)));
    }
    return card;
}

/* Inputs have a list of their own: layers are those that compute. */
static json_t *inputs_json(const mirnet_model *model)
{
    json_t *inputs = json_array();
    for (int32_t i = 0; i < mirnet_model_input_count(model); i++) {
        int64_t dims[8];
        int32_t rank = 0;
        (void)mirnet_model_get_shape(model, i, dims, &rank);
        json_array_append_new(inputs, json_pack("{s:s, s:o}", "name", mirnet_model_get_input_name(model, i), "shape",
                                                shape_json(dims, rank)));
    }
    return inputs;
}

static json_t *layers_json(const mirnet_model *model)
{
    json_t *layers = json_array();
    for (int32_t i = 0; i < mirnet_model_layer_count(model); i++) {
        const char *class_name = mirnet_model_get_layer_class(model, i);
        int64_t dims[8];
        int32_t rank = 0;
        if (strcmp(class_name, "InputLayer") == 0)
            continue;
        (void)mirnet_model_get_layer_shape(model, i, dims, &rank);
        json_t *layer = json_pack("{s:s, s:s, s:o, s:I}", "name", mirnet_model_get_layer_name(model, i), "class_name",
                                  class_name, "output_shape", shape_json(dims, rank), "params",
                                  (json_int_t)mirnet_model_parameter_count(model, i));
        if (json_array_append_new(layers, layer) != 0) {
            json_decref(layers);
            return NULL;
        }
    }
    return layers;
}

static json_t *classes_json(const mirnet_model *model)
{
    json_t *classes = json_array();
    for (int32_t c = 0; c < mirnet_model_class_count(model); c++)
        json_array_append_new(classes, json_string(mirnet_model_get_class(model, c)));
    return classes;
}

static json_t *make_json(const mirnet_model *model)
{
    return json_pack("{s:o, s:o, s:I, s:o, s:o}", "inputs", inputs_json(model), "layers", layers_json(model),
                     "total_params", (json_int_t)mirnet_model_parameter_count(model, -1), "classes",
                     classes_json(model), "card", card_json(model));
}

static int print_text(summary *s)
{
    const char *table = mirnet_model_get_summary(s->model);
    if (!table)
        return out_library();
    size_t n = strlen(table);
    out_printf(&s->out, "%s%s", table, n && table[n - 1] == '\n' ? "" : "\n");
    int32_t n_classes = mirnet_model_class_count(s->model);
    for (int32_t c = 0; c < n_classes; c++)
        out_printf(&s->out, "%s%s%s", c ? ", " : "\nclasses: ", mirnet_model_get_class(s->model, c),
                   c == n_classes - 1 ? "\n" : "");
    for (int32_t i = 0; i < mirnet_model_note_count(s->model); i++) {
        const char *key = mirnet_model_get_note_key(s->model, i);
        out_printf(&s->out, "%s: %s\n", key, mirnet_model_get_note(s->model, key));
    }
    return out_close(&s->out);
}

static void print_option(out_file *out, int32_t i)
{
    enum { REAL, INTEGER, FLAG };
    double low = 0, high = 0, otherwise = 0;
    char range[96] = "";
    int32_t kind = mirnet_option_kind(i);
    if (kind <= FLAG && mirnet_option_bounds(i, &low, &high, &otherwise) == MIRNET_OK)
        snprintf(range, sizeof(range), "%.9g..%.9g", low, high);
    out_printf(out, "%s\t%s\t", mirnet_option_key(i), kind <= FLAG ? range : mirnet_option_words(i));
    if (kind <= FLAG)
        out_printf(out, "%.9g", otherwise);
    else
        out_printf(out, "%s", mirnet_option_default_text(i));
    out_printf(out, "\t%s\n", mirnet_option_help(i));
}

static int print_lists(summary *s)
{
    if (s->list_options) {
        out_printf(&s->out, "#key\tvalues\tdefault\tmeaning\n");
        for (int32_t i = 0; i < mirnet_option_count(); i++)
            print_option(&s->out, i);
    }
    for (int32_t i = 0; s->list_recipes && i < mirnet_recipe_builtin_count(); i++)
        out_printf(&s->out, "%s\n", mirnet_recipe_builtin_name(i));
    return out_close(&s->out);
}

/* A built-in recipe, or a file: what it is, its content says. */
static int open_model(summary *s, const char *name)
{
    static const arg_list none = {NULL, 0};
    if (!recipe_is_builtin(name) && recipe_is_model_file(name))
        return mirnet_model_load(&s->model, name) == MIRNET_OK ? EXIT_OK : out_library();
    int status = recipe_open(&s->recipe, name, &none, -1, -1, NULL);
    if (status == EXIT_OK && mirnet_model_create(&s->model, s->recipe) != MIRNET_OK)
        return out_library();
    return status;
}

static int run(summary *s, const args *a)
{
    int lists = s->list_options || s->list_recipes;
    if (!lists && a->n_operands == 0)
        return out_usage("summary: an operand is missing: a recipe's name or file, or a model file");
    int status = lists ? EXIT_OK : open_model(s, a->operands[0]);
    if (status == EXIT_OK && !lists && s->json_path) {
        status = out_save_json(s->json_path, make_json(s->model));
        if (strcmp(s->json_path, "-") == 0 && !a->output)
            return status;
    }
    if (status == EXIT_OK)
        status = out_open(&s->out, a->output);
    if (status != EXIT_OK)
        return status;
    return lists ? print_lists(s) : print_text(s);
}

int cmd_summary(int argc, char **argv)
{
    summary s = {.json_path = NULL};
    args a = {.name = "summary",
              .operands_help = "RECIPE|MODEL",
              .max_operands = 1,
              .about = "Prints layers, output shapes and parameter counts of a built-in recipe, a\n"
                       "recipe or Keras JSON file, or a model file, and a model's card."};
    const arg_option options[] = {
        {"json", 0, ARG_TEXT, &s.json_path, "FILE", "the same as JSON ('-': standard output)", 0, 0},
        {"options", 0, ARG_FLAG, &s.list_options, NULL, "list all options of recipes", 0, 0},
        {"recipes", 0, ARG_FLAG, &s.list_recipes, NULL, "list the built-in recipes", 0, 0},
    };
    args_add(&a, options, sizeof(options) / sizeof(options[0]));
    args_add_common(&a, "o");
    int status = args_read(&a, argc, argv);
    if (status == ARGS_GO)
        status = run(&s, &a);
    out_discard(&s.out);
    mirnet_model_destroy(s.model);
    mirnet_recipe_destroy(s.recipe);
    args_free(&a);
    return status;
}
