/* fuzz_spec.c - any bytes as a recipe: refused with a message, or a recipe whose JSON gives the same recipe again */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <mirnet/recipe.h>

#include "recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The promises of spec.h: nodes in order, every index in range, no dimension too large. */
static void check_spec(const mn_spec *spec)
{
    for (int32_t i = 0; i < spec->n_nodes; i++) {
        const mn_spec_node *node = &spec->nodes[i];
        if (node->layer < 0 || node->layer >= spec->n_layers)
            abort();
        for (int32_t k = 0; k < node->n_inputs; k++)
            if (node->inputs[k] < 0 || node->inputs[k] >= i)
                abort();
    }
    for (int32_t i = 0; i < spec->n_layers; i++) {
        const mn_layer_spec *layer = &spec->layers[i];
        if (!layer->name || !layer->name[0] || layer->units < 0 || layer->units > MN_MAX_SIZE)
            abort();
        if (layer->has_input_shape && (layer->input_shape.rank < 1 || layer->input_shape.rank > MN_MAX_RANK))
            abort();
        if ((layer->kind == MN_TIME_DISTRIBUTED || layer->kind == MN_BIDIRECTIONAL) && !layer->inner[0])
            abort();
    }
    if (spec->output < 0 || spec->output >= spec->n_nodes || spec->n_inputs < 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mirnet_recipe *recipe = NULL, *again = NULL;
    mirnet_status status = mirnet_recipe_create(&recipe, (const char *)data, size, "fuzz");
    if (status) {
        if (recipe || !mirnet_last_message()[0] || (status != MIRNET_ERR_FORMAT && status != MIRNET_ERR_UNSUPPORTED))
            abort();
        return 0;
    }
    check_spec(mn_recipe_get_spec(recipe));
    const char *json = mirnet_recipe_get_json(recipe);
    if (!json || mirnet_recipe_create(&again, json, strlen(json), "again") != MIRNET_OK)
        abort();
    if (strcmp(mirnet_recipe_get_json(again), json) != 0)
        abort();
    mirnet_recipe_destroy(again);
    mirnet_recipe_destroy(recipe);
    return 0;
}
