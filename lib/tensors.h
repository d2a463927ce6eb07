/* tensors.h - named float tensors with text notes, and their form in a safetensors file */
/* SPDX-License-Identifier: MIT */
#ifndef MN_TENSORS_H
#define MN_TENSORS_H

#include <mirnet/file.h>

#include "common.h"
#include "spec.h"

typedef struct mn_tensor {
    char *name;
    mn_shape shape;
    size_t size;         /* floats */
    const float *values; /* NULL while a file's header is read and its data are not */
    float *own;          /* values, to be freed; NULL: they are borrowed */
} mn_tensor;

typedef struct mn_tensor_note {
    char *key, *text;
} mn_tensor_note;

/* Both arrays are in ascending order of the bytes of name and key. */
struct mirnet_tensors {
    size_t n_tensors, tensor_capacity;
    mn_tensor *tensors;
    size_t n_notes, note_capacity;
    mn_tensor_note *notes;
};

/* Well-formed UTF-8 (RFC 3629), since JSON holds nothing else. */
bool mn_is_utf8(const char *text);

/* NULL if there is none of that name. */
const mn_tensor *mn_tensors_find(const mirnet_tensors *tensors, const char *name);

/* Adds or replaces a tensor without copying the values. `opt_own` = values hands them over if this succeeds; NULL
 * borrows them, so that they must outlive the object. Errors: INVALID, NOMEM. */
mirnet_status mn_tensors_put(mirnet_tensors *tensors, const char *name, const int64_t *dims, int32_t rank,
                             const float *values, float *opt_own) MN_MUST_CHECK;

/* With own values, whether or not the original's are borrowed. */
mirnet_status mn_tensors_copy(mirnet_tensors **out, const mirnet_tensors *tensors) MN_MUST_CHECK;

/* The largest file that the loaders read. */
size_t mn_safetensors_limit(void);

#endif
