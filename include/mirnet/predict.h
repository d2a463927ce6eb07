/* predict.h - applying a model */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_PREDICT_H
#define MIRNET_PREDICT_H

#include <mirnet/common.h>
#include <mirnet/dataset.h>
#include <mirnet/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Predictor: a model plus a private workspace and threads. The model must outlive it and must not change meanwhile.
 * Owned by the caller; one thread at a time uses a predictor, but any number of predictors may share a model.
 * Results do not depend on the number of threads nor on how samples are grouped into calls, to the bit.
 */
typedef struct mirnet_predictor mirnet_predictor;

/* `threads` is 1..256. Errors: INVALID, NOMEM, SYSTEM. */
MIRNET_API mirnet_status mirnet_predictor_create(mirnet_predictor **out, const mirnet_model *model, int32_t threads);
MIRNET_API void mirnet_predictor_destroy(mirnet_predictor *predictor);

/* Applies the model to n samples. inputs[i] is input i: [n][size of input i], row-major, channels last; out is
 * [n][size of the output]. n = 0 is allowed. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_predictor_run(mirnet_predictor *predictor, const float *const *inputs, int64_t n,
                                              float *out);

/* The same for sequences, [n] texts, encoded by the model's own encoder. On an error out is unspecified.
 * Errors: INVALID, NOMEM, SHAPE (the model has several inputs, or the encoder does not fit its input; a sequence too
 * long), FORMAT. */
MIRNET_API mirnet_status mirnet_predictor_run_sequences(mirnet_predictor *predictor, const char *const *sequences,
                                                        int64_t n, float *out);

/* The same for records of a dataset: `records` is [n] record indices, or NULL for records 0..n-1. */
MIRNET_API mirnet_status mirnet_predictor_run_dataset(mirnet_predictor *predictor, const mirnet_dataset *dataset,
                                                      const int64_t *records, int64_t n, float *out);

#ifdef __cplusplus
}
#endif
#endif
