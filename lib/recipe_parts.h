/* recipe_parts.h - inside a recipe: what its files share */
/* SPDX-License-Identifier: MIT */
#ifndef MN_RECIPE_PARTS_H
#define MN_RECIPE_PARTS_H

#include "options.h"
#include "recipe.h"

enum { MN_MAX_CLASSES = 4096 };

struct mirnet_recipe {
    char *name, *source, *description; /* NULL: not said */
    double numbers[MN_OPTION_COUNT];   /* of number options */
    char *texts[MN_OPTION_COUNT];      /* of the others; NULL: the default */
    int32_t n_classes;                 /* 0: not fixed */
    char **classes;
    int32_t n_weights; /* 0: none were given; classes behind it weigh 1 */
    double *weights;
    char *model; /* Keras model JSON, compact */
    mn_spec *spec;
    char *json; /* made on demand; NULL once something has changed */
};

/* A recipe of defaults without a model; NULL if memory is out. */
mirnet_recipe *mn_recipe_new(void) MN_MUST_CHECK;

/* The text that a word or text option has. */
const char *mn_recipe_option_text(const mirnet_recipe *recipe, int32_t option);

/* Unchecked values into options. Errors: NOMEM. */
mirnet_status mn_recipe_put_text(mirnet_recipe *recipe, int32_t option, const char *text) MN_MUST_CHECK;

/* Checked. Errors: INVALID, NOMEM. */
mirnet_status mn_recipe_put_classes(mirnet_recipe *recipe, const char *const *names, int32_t n) MN_MUST_CHECK;
mirnet_status mn_recipe_put_weight(mirnet_recipe *recipe, int32_t c, double weight) MN_MUST_CHECK;

/* Fills a new recipe from JSON text (recipe_read.c). Errors: FORMAT, UNSUPPORTED, NOMEM. */
mirnet_status mn_recipe_read(mirnet_recipe *recipe, const char *text, size_t size, const char *source) MN_MUST_CHECK;
/* The recipe as JSON (recipe_write.c); NULL if memory is out. */
char *mn_recipe_write(const mirnet_recipe *recipe) MN_MUST_CHECK;

/* The recipes of lib/recipes, made into C by embed.py. */
typedef struct mn_builtin {
    const char *name, *json;
} mn_builtin;
extern const mn_builtin mn_builtins[];
extern const int32_t mn_builtin_count;

#endif
