/* recipe.h - a whole method in one object: encoder, classes, network, training */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_RECIPE_H
#define MIRNET_RECIPE_H

#include <mirnet/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Recipe: a JSON object {"name", "source", "encoder": {...}, "classes": [...], "model": <Keras model JSON>,
 * "training": {...}}; every part but the model is optional. A bare Keras model JSON (what model.to_json() writes) is a
 * recipe too. See doc/spec-format.md. Built-in recipes have names: "tasdelen2021", "tasdelen2021-pool", "linear-ends".
 * Owned by the caller; many threads may read it while none changes it.
 */
typedef struct mirnet_recipe mirnet_recipe;

/* From JSON text of `size` bytes; `source` names it in messages. Errors: INVALID, NOMEM, FORMAT (source:line:column:),
 * UNSUPPORTED (a layer or field that would change the result, named). */
MIRNET_API mirnet_status mirnet_recipe_create(mirnet_recipe **out, const char *json, size_t size, const char *source);

/* A built-in recipe by name, or the file of that path. Errors: as above, and NOT_FOUND, IO. */
MIRNET_API mirnet_status mirnet_recipe_load(mirnet_recipe **out, const char *name_or_path);
MIRNET_API void mirnet_recipe_destroy(mirnet_recipe *recipe);

/* An independent copy, also of a model's recipe. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_recipe_copy(mirnet_recipe **out, const mirnet_recipe *recipe);

/* The built-in ones. NULL if there is no such one. */
MIRNET_API int32_t mirnet_recipe_builtin_count(void);
MIRNET_API const char *mirnet_recipe_builtin_name(int32_t i);
MIRNET_API const char *mirnet_recipe_builtin_json(int32_t i);

/*
 * Options: scalars and words under keys such as "training.batch_size" or "encoder.align". The table of all of them
 * can be asked for below; `mirnet summary --options` prints it. A number option takes a double (flags: 0 or 1), a word
 * option takes one of its words. Errors: INVALID (unknown key, out of bounds, not one of the words), NOMEM.
 */
MIRNET_API mirnet_status mirnet_recipe_set_number(mirnet_recipe *recipe, const char *key, double value);
MIRNET_API mirnet_status mirnet_recipe_set_text(mirnet_recipe *recipe, const char *key, const char *value);
MIRNET_API mirnet_status mirnet_recipe_get_number(const mirnet_recipe *recipe, const char *key, double *out);
/* The text belongs to the recipe and is valid until it changes. */
MIRNET_API mirnet_status mirnet_recipe_get_text(const mirnet_recipe *recipe, const char *key, const char **out);

/* The table of options, 0 <= i < count; NULL or INVALID outside it. kind: 0 real, 1 integer, 2 flag, 3 word, 4 text. */
MIRNET_API int32_t mirnet_option_count(void);
MIRNET_API const char *mirnet_option_key(int32_t i);
MIRNET_API int32_t mirnet_option_kind(int32_t i);
MIRNET_API const char *mirnet_option_help(int32_t i);
/* The words that a word option takes, separated by blanks; "" for the others. */
MIRNET_API const char *mirnet_option_words(int32_t i);
/* The default of a word or text option; "" for the others. */
MIRNET_API const char *mirnet_option_default_text(int32_t i);
/* Bounds, inclusive, and default of a number option. */
MIRNET_API mirnet_status mirnet_option_bounds(int32_t i, double *out_min, double *out_max, double *out_default);

/* Class names that the recipe fixes, 0 where it takes them as found. Class 0 is the positive class. */
MIRNET_API int32_t mirnet_recipe_class_count(const mirnet_recipe *recipe);
MIRNET_API const char *mirnet_recipe_get_class(const mirnet_recipe *recipe, int32_t c);
MIRNET_API mirnet_status mirnet_recipe_set_classes(mirnet_recipe *recipe, const char *const *names, int32_t n);

/* Weight of class c in the loss; 1 by default. Used when "training.class_weight" is "given". Setting one selects it. */
MIRNET_API mirnet_status mirnet_recipe_set_class_weight(mirnet_recipe *recipe, int32_t c, double weight);
MIRNET_API mirnet_status mirnet_recipe_get_class_weight(const mirnet_recipe *recipe, int32_t c, double *out);

/* The recipe as JSON text, as it stands now. Belongs to the recipe, valid until it changes; NULL if memory runs out. */
MIRNET_API const char *mirnet_recipe_get_json(mirnet_recipe *recipe);

#ifdef __cplusplus
}
#endif
#endif
