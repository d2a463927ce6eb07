/* recipe.h - the library's own view of a recipe */
/* SPDX-License-Identifier: MIT */
#ifndef MN_RECIPE_H
#define MN_RECIPE_H

#include <mirnet/recipe.h>

#include "spec.h"

/* Belongs to the recipe. */
const mn_spec *mn_recipe_get_spec(const mirnet_recipe *recipe);
/* The value of an option that is known to exist; the table's default where the recipe is silent. */
double mn_recipe_number(const mirnet_recipe *recipe, const char *key);
const char *mn_recipe_text(const mirnet_recipe *recipe, const char *key);

#endif
