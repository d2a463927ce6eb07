/* recipes.h - recipes and models by name, and options for them */
/* SPDX-License-Identifier: MIT */
#ifndef RECIPES_H
#define RECIPES_H

#include <mirnet/mirnet.h>

#include "args.h"

/* Where "key=value" goes: a recipe, or a trainer that resumes. One of the two is NULL. */
typedef struct recipe_target {
    mirnet_recipe *recipe;
    mirnet_trainer *trainer;
} recipe_target;

/* Applies settings "key=value" in order. Returns an exit status, after its message. */
int recipe_apply(recipe_target target, const arg_list *settings);

/* Loads a recipe by built-in name or path, then applies the settings, "training.epochs" and "training.seed" (-1: as the
 * recipe says). *out_seed (or NULL) is the seed that holds. */
int recipe_open(mirnet_recipe **out, const char *name_or_path, const arg_list *settings, int64_t epochs, int64_t seed,
                int64_t *out_seed);

/* The recipe's "name", or `otherwise`; a new string. NULL: out of memory. */
char *recipe_name(mirnet_recipe *recipe, const char *otherwise);

/* The class names that the recipe fixes, as a new array of *out_n; NULL with *out_n = -1: out of memory. */
const char **recipe_classes(const mirnet_recipe *recipe, int32_t *out_n);

int recipe_is_builtin(const char *name);

/* Whether the file begins as a safetensors file does: eight bytes of header length, then '{'. */
int recipe_is_model_file(const char *path);

#endif
