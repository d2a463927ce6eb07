/* mirnet.h - the whole API, and the whole job in one page */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_H
#define MIRNET_H

/*
 * Sequences go into a dataset, a recipe says which network and how to train it, a model holds the weights, a trainer
 * changes them, a predictor applies them. Every call that can fail returns a status, 0 being success, and leaves a
 * message. This program does it all; with data of your own, mirnet_dataset_load takes the place of
 * mirnet_dataset_simulate.
 *
 *     #include <mirnet/mirnet.h>
 *     #include <stdio.h>
 *
 *     static mirnet_status train(mirnet_trainer *trainer, const mirnet_dataset *data)
 *     {
 *         mirnet_status status = mirnet_trainer_set_dataset(trainer, data, NULL, mirnet_dataset_count(data));
 *         return status ? status : mirnet_trainer_run(trainer);
 *     }
 *
 *     int main(void)
 *     {
 *         mirnet_dataset *data = NULL;
 *         mirnet_recipe *recipe = NULL;
 *         mirnet_model *model = NULL;
 *         mirnet_trainer *trainer = NULL;
 *         mirnet_predictor *predictor = NULL;
 *         const char *hairpin = "GUGAGUGGGAGGCCAGGGCACGGGGUUGCACUGACUCUCCCUCCCUGCCCCUAG";
 *         float p[2];
 *         int bad = mirnet_dataset_create(&data) || mirnet_dataset_simulate(data, 200, 1) || // or mirnet_dataset_load
 *                   mirnet_recipe_load(&recipe, "linear-ends") || // or "tasdelen2021", a file
 *                   mirnet_recipe_set_number(recipe, "training.epochs", 10) ||
 *                   mirnet_model_create(&model, recipe) ||
 *                   mirnet_trainer_create(&trainer, model) || train(trainer, data) ||
 *                   mirnet_model_save(model, "hairpins.safetensors") || // weights, recipe, classes
 *                   mirnet_predictor_create(&predictor, model, 1) ||
 *                   mirnet_predictor_run_sequences(predictor, &hairpin, 1, p);
 *         if (bad)
 *             fprintf(stderr, "%s\n", mirnet_last_message());
 *         else
 *             printf("%s %.3f, %s %.3f\n", mirnet_model_get_class(model, 0), (double)p[0],
 *                    mirnet_model_get_class(model, 1), (double)p[1]);
 *         mirnet_predictor_destroy(predictor); // users before what they use; NULL is fine
 *         mirnet_trainer_destroy(trainer);
 *         mirnet_model_destroy(model);
 *         mirnet_recipe_destroy(recipe);
 *         mirnet_dataset_destroy(data);
 *         return bad;
 *     }
 */

#include <mirnet/common.h>
#include <mirnet/dataset.h>
#include <mirnet/encode.h>
#include <mirnet/file.h>
#include <mirnet/folds.h>
#include <mirnet/model.h>
#include <mirnet/predict.h>
#include <mirnet/recipe.h>
#include <mirnet/scores.h>
#include <mirnet/train.h>
#include <mirnet/version.h>

#endif
