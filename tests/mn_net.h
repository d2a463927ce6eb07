/* mn_net.h - small networks in a short notation, numbers to fill them with, trainers of them */
/* SPDX-License-Identifier: MIT */
#ifndef MN_NET_H
#define MN_NET_H

#include <mirnet/dataset.h>
#include <mirnet/model.h>
#include <mirnet/train.h>

/*
 * A network as statements that end with ';':
 *
 *     [name =] Class [(input, ...)] [: config] ;      a layer, called on the outputs of these statements
 *     name = @layer (input, ...) ;                    the layer of an earlier statement, called again
 *
 * `config` is the inside of the Keras config object, with ' for ". Without inputs a layer follows the statement before.
 * An InputLayer takes its shape alone: "InputLayer: 5, 3". The last statement is the output. For example
 *
 *     "InputLayer: 8, 4; a = Dense: 'units': 4; b = @a(a); Add(a, b); Flatten; Dense: 'units': 3;"
 */

/* A network with most kinds of layers, for what holds of any network. */
extern const char mn_net_mixed[];

/* The Keras JSON of a Functional model; free() it. */
char *mn_net_json(const char *net);
/* The model of it, built through a recipe; the case fails if that fails. */
mirnet_model *mn_net_create(const char *net);
/* The same for any JSON that a recipe may be made from. */
mirnet_model *mn_net_create_json(const char *json);
/* One dense layer of this name, 3 inputs, 2 outputs. */
mirnet_model *mn_net_create_dense(const char *layer);
/* The model of a recipe that is built in. */
mirnet_model *mn_net_create_builtin(const char *name);
/* The model of a recipe: `head` is its JSON up to the model, which is that of a network in the notation above. */
mirnet_model *mn_net_create_recipe(const char *head, const char *text);

/* A trainer on all records. */
mirnet_trainer *mn_net_trainer(mirnet_model *model, const mirnet_dataset *data, int32_t threads);
/* A callback that stops at payload[0], the epoch, and payload[1], the batch: two int64_t. */
int32_t mn_net_stop_at(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload);

/* Elements of the i-th weight of a model. */
int64_t mn_net_weight_size(const mirnet_model *model, int32_t i);
/* All weights one behind the other; free() them. */
float *mn_net_weights(const mirnet_model *model);
/* The same names and bits. */
void mn_net_same_weights(const mirnet_model *a, const mirnet_model *b);

/* Numbers of a stream, uniform in low..high; *state is its place. */
float mn_net_uniform(uint64_t *state, double low, double high);
void mn_net_fill(uint64_t *state, float *values, int64_t n, double low, double high);
/* n rows of k positive numbers that add up to 1. */
void mn_net_fill_targets(uint64_t *state, float *targets, int64_t n, int64_t k);
/* Draws all weights of a model from a range that keeps its functions lively; moving variances are positive. */
void mn_net_fill_weights(uint64_t *state, mirnet_model *model);

/* n floats, zero; the case fails if memory is out. */
float *mn_net_floats(int64_t n);

#endif
