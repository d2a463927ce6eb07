/* file.h - model files, and tensors in safetensors files */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_FILE_H
#define MIRNET_FILE_H

#include <mirnet/common.h>
#include <mirnet/model.h>
#include <mirnet/recipe.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A model file is one safetensors file: weights under their names, a training state if one is attached, and in
 * __metadata__ the recipe, the class names, the card and a digest of the data. doc/model-format.md describes it.
 *
 * Saving writes a temporary file in the same folder, syncs it and renames it, so that `path` holds the old model or the
 * new one, never a mixture; a symbolic link is followed, the old file's permission bits are kept. Errors: INVALID,
 * NOMEM, IO, NUMERIC (a weight is not finite: the file could not be read again).
 */
MIRNET_API mirnet_status mirnet_model_save(const mirnet_model *model, const char *path);

/* Into memory: *out_size is the number of bytes needed; they are written to `out` if `capacity` is enough (SHAPE if it
 * is not; out = NULL only asks). */
MIRNET_API mirnet_status mirnet_model_save_mem(const mirnet_model *model, void *out, size_t capacity, size_t *out_size);

/* Everything in the file is verified before it is used; nothing is executed, no other file is opened. Errors: INVALID,
 * NOMEM, IO, FORMAT (not a model file, or damaged), UNSUPPORTED (a newer format, an unknown layer), SHAPE (weights that
 * do not fit the recipe), NUMERIC (a weight that is not finite). */
MIRNET_API mirnet_status mirnet_model_load(mirnet_model **out, const char *path);
MIRNET_API mirnet_status mirnet_model_load_mem(mirnet_model **out, const void *bytes, size_t size, const char *source);

/* The same as mirnet_model_load and then mirnet_model_drop_state, for a model that is to predict: the training state is
 * verified with the rest of the file, but takes no memory. */
MIRNET_API mirnet_status mirnet_model_load_stateless(mirnet_model **out, const char *path);

/*
 * Tensors: a safetensors file in memory, for weights made elsewhere and for raw inputs and outputs.
 * Owned by the caller; many threads may read it while none changes it.
 */
typedef struct mirnet_tensors mirnet_tensors;

MIRNET_API mirnet_status mirnet_tensors_create(mirnet_tensors **out);
MIRNET_API void mirnet_tensors_destroy(mirnet_tensors *tensors);
/* F32, F64, F16, BF16, I64, I32, U8 and BOOL tensors are read, as floats; others are UNSUPPORTED. Errors: as
 * mirnet_model_load. */
MIRNET_API mirnet_status mirnet_tensors_load(mirnet_tensors **out, const char *path);
MIRNET_API mirnet_status mirnet_tensors_load_mem(mirnet_tensors **out, const void *bytes, size_t size,
                                                 const char *source);
/* Writes float32, atomically as mirnet_model_save. */
MIRNET_API mirnet_status mirnet_tensors_save(const mirnet_tensors *tensors, const char *path);

MIRNET_API int32_t mirnet_tensors_count(const mirnet_tensors *tensors);
/* Names in ascending order of bytes; NULL if there is no such tensor. */
MIRNET_API const char *mirnet_tensors_get_name(const mirnet_tensors *tensors, int32_t i);
/* out_dims has room for 8; a tensor of a higher rank is UNSUPPORTED when it is read. Errors: INVALID, NOT_FOUND. */
MIRNET_API mirnet_status mirnet_tensors_get_shape(const mirnet_tensors *tensors, const char *name, int64_t *out_dims,
                                                  int32_t *out_rank);
/* The values, row-major; NULL if there is no such tensor. Valid until the tensors change. */
MIRNET_API const float *mirnet_tensors_get(const mirnet_tensors *tensors, const char *name);
/* Adds or replaces a tensor; the values are copied. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_tensors_set(mirnet_tensors *tensors, const char *name, const int64_t *dims,
                                            int32_t rank, const float *values);
/* Text metadata; NULL if there is none of that key. Setting NULL removes one. "sha256" is the file's own: it is checked
 * when a file is read and written anew. Errors: INVALID (not UTF-8), NOMEM. */
MIRNET_API const char *mirnet_tensors_get_note(const mirnet_tensors *tensors, const char *key);
MIRNET_API mirnet_status mirnet_tensors_set_note(mirnet_tensors *tensors, const char *key, const char *text);

/* Puts every tensor into the weight of its name. Each weight must be there, once and in its shape; `prefix` (e.g.
 * "weights/", or "") stands before every name, tensors without it are left alone. All or nothing.
 * Errors: INVALID, NOT_FOUND (a weight is missing, or a name fits none), SHAPE, NUMERIC (not finite). */
MIRNET_API mirnet_status mirnet_model_set_weights(mirnet_model *model, const mirnet_tensors *tensors,
                                                  const char *prefix);

#ifdef __cplusplus
}
#endif
#endif
