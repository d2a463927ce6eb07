/* mn_quoted.h - documents that tests write with ' for ": networks and recipes */
/* SPDX-License-Identifier: MIT */
#ifndef MN_QUOTED_H
#define MN_QUOTED_H

#include <mirnet/recipe.h>

#include "spec.h"

/* A member of a recipe: a small model. */
#define MN_QUOTED_MODEL                                                                                \
    "'model': {'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Flatten', 'config': " \
    "{'batch_input_shape': [null, 20, 4]}}, {'class_name': 'Dense', 'config': {'units': 2}}]}}"

/* The text with every ' a "; free() it. */
char *mn_quoted(const char *text);

/* The spec of Keras model JSON that has its " already, in messages "m.json". NULL after a failure. */
mirnet_status mn_quoted_read(mn_spec **out, const char *json);
/* The spec of a text with '; the case fails if that fails. */
mn_spec *mn_quoted_spec(const char *text);

/* The recipe of a text with ', and that of the small model with these members of "training". */
mirnet_recipe *mn_quoted_recipe(const char *text);
mirnet_recipe *mn_quoted_training(const char *training);

#endif
