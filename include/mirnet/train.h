/* train.h - fitting a model: whole runs, epochs, or single steps */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_TRAIN_H
#define MIRNET_TRAIN_H

#include <mirnet/common.h>
#include <mirnet/dataset.h>
#include <mirnet/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Trainer: changes the weights of one model. Takes the "training." options of the model's recipe; they can be changed
 * on the trainer before the first step. The loss is categorical cross-entropy as in Keras (probabilities clipped at
 * 1e-7) plus the layers' L1 and L2 terms; the optimizers are Keras's (Kingma & Ba 2015 for Adam, Loshchilov & Hutter
 * 2019 for AdamW, Tieleman & Hinton 2012 for RMSprop). Owned by the caller; used by one thread at a time; the model
 * must outlive it and nobody else may use the model during a call. Weights after a number of steps depend on the data,
 * the options and the seed, never on the number of threads.
 */
typedef struct mirnet_trainer mirnet_trainer;

/* Errors: INVALID, NOMEM, UNSUPPORTED. */
MIRNET_API mirnet_status mirnet_trainer_create(mirnet_trainer **out, mirnet_model *model);
MIRNET_API void mirnet_trainer_destroy(mirnet_trainer *trainer);

/* Threads, 1..256; 1 at first. Errors: INVALID, NOMEM, SYSTEM. */
MIRNET_API mirnet_status mirnet_trainer_set_threads(mirnet_trainer *trainer, int32_t threads);

/* Options under their recipe keys, e.g. "training.epochs"; the model's recipe follows. "training.epochs" and
 * "training.learning_rate" can be changed at any time, the others before the first step (STATE). Errors: INVALID. */
MIRNET_API mirnet_status mirnet_trainer_set_number(mirnet_trainer *trainer, const char *key, double value);
MIRNET_API mirnet_status mirnet_trainer_set_text(mirnet_trainer *trainer, const char *key, const char *value);
MIRNET_API mirnet_status mirnet_trainer_get_number(const mirnet_trainer *trainer, const char *key, double *out);

/*
 * Training data: records of a dataset ([n] indices, or NULL for 0..n-1), or float tensors. They are borrowed: they must
 * live and stay as they are until the trainer is destroyed or gets other data. Classes of the dataset must be as many
 * as the model's outputs; the model takes over their names. Errors: INVALID (an unlabelled record, an index out of
 * range), SHAPE, NOMEM, FORMAT (a sequence the encoder refuses).
 */
MIRNET_API mirnet_status mirnet_trainer_set_dataset(mirnet_trainer *trainer, const mirnet_dataset *dataset,
                                                    const int64_t *records, int64_t n);
/* inputs[i] is [n][size of input i]; targets is [n][outputs], each row a distribution (one-hot as a rule);
 * opt_weights is [n] sample weights, or NULL for all 1. */
MIRNET_API mirnet_status mirnet_trainer_set_tensors(mirnet_trainer *trainer, const float *const *inputs,
                                                    const float *targets, const float *opt_weights, int64_t n);
/* Validation data, given outright; "training.validation_split" then has no effect. n = 0 takes them back. */
MIRNET_API mirnet_status mirnet_trainer_set_validation_dataset(mirnet_trainer *trainer, const mirnet_dataset *dataset,
                                                               const int64_t *records, int64_t n);
MIRNET_API mirnet_status mirnet_trainer_set_validation_tensors(mirnet_trainer *trainer, const float *const *inputs,
                                                               const float *targets, const float *opt_weights,
                                                               int64_t n);

/*
 * Called after every batch (`batch` = 1..batches) and after every epoch (`batch` = 0), in the thread that trains.
 * Progress is read with mirnet_trainer_get_history and mirnet_trainer_get_count; the callback may also save the model
 * or predict with it, in that thread, but not step the trainer. Return 0 to go on; anything else stops: the running call returns
 * CANCELLED.
 */
typedef int32_t (*mirnet_trainer_callback)(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload);
MIRNET_API mirnet_status mirnet_trainer_set_callback(mirnet_trainer *trainer, mirnet_trainer_callback callback,
                                                     void *payload);

/* Trains up to option "training.epochs" or until early stopping; goes on from where the trainer stands.
 * With restore_best the weights of the best epoch are put back at the end; a run that goes on afterwards goes on from
 * those of the last epoch, as if nothing had been put back.
 * Errors: STATE (no data), CANCELLED, NUMERIC (the loss is not finite), NOMEM, SHAPE, FORMAT. */
MIRNET_API mirnet_status mirnet_trainer_run(mirnet_trainer *trainer);

/* One epoch, whatever "training.epochs" says. *opt_out_stop (or NULL) = 1 when early stopping asks to stop, else 0. */
MIRNET_API mirnet_status mirnet_trainer_run_epoch(mirnet_trainer *trainer, int32_t *opt_out_stop);

/* One step on one batch of the caller's; independent of the data set above. *opt_out_loss (or NULL) is the loss before
 * the step. Errors: INVALID, NOMEM, NUMERIC (weights are then unchanged). */
MIRNET_API mirnet_status mirnet_trainer_step(mirnet_trainer *trainer, const float *const *inputs, const float *targets,
                                             const float *opt_weights, int64_t n, double *opt_out_loss);

/* Loss and gradients of one batch, weights unchanged. Training mode as in a step (dropout of the coming step
 * included) if `training` is 1, else inference mode. opt_input_grads (or NULL): [inputs] buffers [n][size of input
 * i], each may be NULL. The weights' gradients are then read with mirnet_trainer_get_gradient. Errors as
 * mirnet_trainer_step. */
MIRNET_API mirnet_status mirnet_trainer_run_gradient(mirnet_trainer *trainer, const float *const *inputs,
                                                     const float *targets, const float *opt_weights, int64_t n,
                                                     int32_t training, double *opt_out_loss,
                                                     float *const *opt_input_grads);
/* Gradient of a weight by name, n floats, from the last mirnet_trainer_run_gradient. Errors: INVALID, NOT_FOUND, SHAPE,
 * STATE. */
MIRNET_API mirnet_status mirnet_trainer_get_gradient(const mirnet_trainer *trainer, const char *name, float *out,
                                                     int64_t n);

/* Loss and accuracy in inference mode on float tensors. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_trainer_evaluate(mirnet_trainer *trainer, const float *const *inputs,
                                                 const float *targets, const float *opt_weights, int64_t n,
                                                 double *out_loss, double *out_accuracy);

/* Counts: "epochs" (done), "steps" (done), "batches" (an epoch has), "samples" (in training), "validation_samples",
 * "best_epoch" (1-based, 0: none), "stopped" (1: early stopping ended the run). Errors: INVALID. */
MIRNET_API mirnet_status mirnet_trainer_get_count(const mirnet_trainer *trainer, const char *key, int64_t *out);

/* History: `key` is "loss", "accuracy", "val_loss", "val_accuracy" or "learning_rate", epoch is 1-based; epoch 0 is the
 * running value within the current epoch. Errors: INVALID, NOT_FOUND (no such epoch, or no validation data). */
MIRNET_API mirnet_status mirnet_trainer_get_history(const mirnet_trainer *trainer, const char *key, int64_t epoch,
                                                    double *out);

/* Attaches a snapshot of the training state (optimizer, counters, history, best weights) to the model, so that
 * saving the model saves it too; and takes up the state attached to the model, before the first step and after the
 * data are set. A resumed run goes on with the same bits as one that was never interrupted, at the end of any epoch.
 * Errors: STATE (nothing attached; steps were made), FORMAT, SHAPE (the state does not fit), NOMEM. */
MIRNET_API mirnet_status mirnet_trainer_store(mirnet_trainer *trainer);
MIRNET_API mirnet_status mirnet_trainer_resume(mirnet_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
