/* model.h - a network that is built: layers with shapes, weights in one flat array */
/* SPDX-License-Identifier: MIT */
#ifndef MN_MODEL_H
#define MN_MODEL_H

#include <mirnet/encode.h>
#include <mirnet/model.h>

#include "layers/layer.h"
#include "recipe.h"
#include "state.h"

/* A layer called on the outputs of earlier nodes. */
typedef struct mn_node {
    const mn_layer *layer;
    int32_t n_inputs;
    const int32_t *inputs; /* node indices */
    mn_shape out;          /* of one sample */
} mn_node;

typedef struct mn_note {
    char *key, *text;
} mn_note;

struct mirnet_trainer;

struct mirnet_model {
    mirnet_recipe *recipe;
    const mn_spec *spec; /* the recipe's */
    mirnet_encoder *encoder; /* NULL: it does not fit the model's input */
    int32_t n_layers;
    mn_layer *layers; /* as in spec; a wrapper's parameters include its inner layers' */
    int32_t n_nodes;
    mn_node *nodes;

    int32_t n_params;
    const mn_param **params; /* [n_params] all parameters in the order of the layers */
    size_t size;             /* floats in weights */
    float *weights;          /* params[i] is at weights + params[i]->offset, in Keras layout */

    int32_t n_classes; /* 0: not known yet */
    char **classes;
    size_t n_notes;
    mn_note *notes;
    mn_state *state; /* NULL: none */
    char *summary;   /* made on demand */

    /* While a callback runs: the trainer that called it may have put steps off. Who reads or writes weights calls
     * mn_model_settle first. NULL: weights are what they should be. */
    void (*settle)(struct mirnet_trainer *trainer);
    struct mirnet_trainer *trainer;
};

static inline void mn_model_settle(const mirnet_model *model)
{
    if (model->settle)
        model->settle(model->trainer);
}

/* As mirnet_model_create, but all weights are 0, and more than max_size of them are refused (SHAPE) before memory is
 * taken: for loaders, which know how many a file holds. */
mirnet_status mn_model_create_blank(mirnet_model **out, const mirnet_recipe *recipe, size_t max_size) MN_MUST_CHECK;

/* Why sequences cannot be encoded for this model: SHAPE and a message; OK if they can. */
mirnet_status mn_model_check_encoder(const mirnet_model *model);

/* The model's last node: its output. */
static inline const mn_node *mn_model_output(const mirnet_model *model)
{
    return &model->nodes[model->spec->output];
}

/* The parameter of this full name ("lstm/kernel"); NULL if there is none. */
const mn_param *mn_model_find(const mirnet_model *model, const char *name);

/* NUMERIC if one of n values for this weight is not finite: such a model could be saved, but not be loaded. */
mirnet_status mn_model_check_weight(const char *name, const float *values, size_t n) MN_MUST_CHECK;

#endif
