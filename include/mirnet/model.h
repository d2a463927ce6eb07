/* model.h - a network: shapes, weights by name, summary */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_MODEL_H
#define MIRNET_MODEL_H

#include <mirnet/common.h>
#include <mirnet/encode.h>
#include <mirnet/recipe.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Model: the layers of a recipe with their weights, the recipe itself, the class names, a card of notes and, where a
 * trainer left one, a training state. All that prediction needs.
 * Owned by the caller. Any number of predictors in any threads may use a model while nobody changes it.
 *
 * Weights have the names and layouts of Keras: "conv2d/kernel" [kh][kw][in][out], "dense/kernel" [in][out],
 * "lstm/kernel" [in][4 * units] with gates i, f, c, o, "bidirectional/forward/kernel"...
 */
typedef struct mirnet_model mirnet_model;

/* Builds the network of a recipe and initialises its weights from option "training.seed", as Keras does by default. The
 * recipe is copied. Errors: INVALID, NOMEM, SHAPE, UNSUPPORTED, each naming the layer. */
MIRNET_API mirnet_status mirnet_model_create(mirnet_model **out, const mirnet_recipe *recipe);

/* An independent copy: weights, card, training state. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_model_copy(mirnet_model **out, const mirnet_model *model);
MIRNET_API void mirnet_model_destroy(mirnet_model *model);

/* Draws new weights from this seed. Drops a training state. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_model_reset(mirnet_model *model, uint64_t seed);

/* The model's recipe; belongs to the model. */
MIRNET_API const mirnet_recipe *mirnet_model_get_recipe(const mirnet_model *model);

/* Changes what the model's encoder does with odd sequences: `key` is "encoder.long" or "encoder.ambiguity". For
 * predictors and trainers that are created afterwards. Errors: INVALID (another key, not one of its words), NOMEM. */
MIRNET_API mirnet_status mirnet_model_set_text(mirnet_model *model, const char *key, const char *value);

/* Class names; 0 of them until they are set or trained. There are as many as outputs. Errors: INVALID, SHAPE, NOMEM. */
MIRNET_API mirnet_status mirnet_model_set_classes(mirnet_model *model, const char *const *names, int32_t n);
MIRNET_API int32_t mirnet_model_class_count(const mirnet_model *model);
MIRNET_API const char *mirnet_model_get_class(const mirnet_model *model, int32_t c);

/* Inputs and the output, without the batch axis. A shape goes to out_dims[8]; *out_rank of them are set.
 * Input index -1 is the output. Errors: INVALID. */
MIRNET_API int32_t mirnet_model_input_count(const mirnet_model *model);
MIRNET_API const char *mirnet_model_get_input_name(const mirnet_model *model, int32_t input);
MIRNET_API mirnet_status mirnet_model_get_shape(const mirnet_model *model, int32_t input, int64_t *out_dims,
                                                int32_t *out_rank);
/* Floats of one sample: the product of that shape; 0 if there is no such input. */
MIRNET_API int64_t mirnet_model_get_size(const mirnet_model *model, int32_t input);

/* Layers in the order of the recipe. Names and classes belong to the model; NULL if there is no such layer. */
MIRNET_API int32_t mirnet_model_layer_count(const mirnet_model *model);
MIRNET_API const char *mirnet_model_get_layer_name(const mirnet_model *model, int32_t layer);
MIRNET_API const char *mirnet_model_get_layer_class(const mirnet_model *model, int32_t layer);
MIRNET_API mirnet_status mirnet_model_get_layer_shape(const mirnet_model *model, int32_t layer, int64_t *out_dims,
                                                      int32_t *out_rank);
/* Parameters of a layer, or of all layers (-1), trainable or not. */
MIRNET_API int64_t mirnet_model_parameter_count(const mirnet_model *model, int32_t layer);

/* Weights, in the order of the layers. */
MIRNET_API int32_t mirnet_model_weight_count(const mirnet_model *model);
MIRNET_API const char *mirnet_model_get_weight_name(const mirnet_model *model, int32_t weight);
MIRNET_API mirnet_status mirnet_model_get_weight_shape(const mirnet_model *model, const char *name, int64_t *out_dims,
                                                       int32_t *out_rank);
/* Copies a weight out of or into the model; n is its number of floats. Errors: INVALID, NOT_FOUND, SHAPE (n differs),
 * NUMERIC (a value to be set is not finite). */
MIRNET_API mirnet_status mirnet_model_get_weight(const mirnet_model *model, const char *name, float *out, int64_t n);
MIRNET_API mirnet_status mirnet_model_set_weight(mirnet_model *model, const char *name, const float *values, int64_t n);

/* Notes that are saved with the model: the model card. Keys are free text. Setting NULL removes one.
 * Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_model_set_note(mirnet_model *model, const char *key, const char *text);
MIRNET_API int32_t mirnet_model_note_count(const mirnet_model *model);
MIRNET_API const char *mirnet_model_get_note_key(const mirnet_model *model, int32_t i);
/* NULL if there is none of that key. */
MIRNET_API const char *mirnet_model_get_note(const mirnet_model *model, const char *key);

/* Whether a training state is attached (see mirnet_trainer_store); and drops it. */
MIRNET_API int32_t mirnet_model_has_state(const mirnet_model *model);
MIRNET_API void mirnet_model_drop_state(mirnet_model *model);

/* A table for people: layer, class, output shape, parameters, total. Belongs to the model; NULL if memory runs out. */
MIRNET_API const char *mirnet_model_get_summary(mirnet_model *model);

#ifdef __cplusplus
}
#endif
#endif
