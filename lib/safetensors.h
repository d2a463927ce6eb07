/* safetensors.h - safetensors files: a header and then the data, read and written without a second copy of either */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SAFETENSORS_H
#define MN_SAFETENSORS_H

#include "common.h"
#include "io.h"
#include "tensors.h"

enum {
    MN_LENGTH_SIZE = 8,       /* bytes in front of the header */
    MN_MAX_HEADER = 16 << 20, /* what this library reads: some 200,000 tensors */
    MN_DIGEST_SIZE = 65
};

#define MN_METADATA "__metadata__"
#define MN_DIGEST "sha256"

/* A file whose header is read and whose data are to come. */
typedef struct mn_safetensors mn_safetensors;

/* Reads the header, verifies all of it, and adds its tensors, without values, and its notes to an empty object. The
 * source must outlive *out. What was added before an error is to be destroyed with the object.
 * Errors: NOMEM, IO, FORMAT, UNSUPPORTED. */
mirnet_status mn_safetensors_open(mn_safetensors **out, mn_source *source, mirnet_tensors *tensors) MN_MUST_CHECK;
/* Reads and verifies the data, once. Those of the object's tensor i become floats at places[i], which has room for its
 * `size`; NULL: they are verified all the same. After an error nothing there may be used.
 * Errors: IO, FORMAT (the digest). */
mirnet_status mn_safetensors_run(mn_safetensors *file, float *const *places) MN_MUST_CHECK;
void mn_safetensors_destroy(mn_safetensors *file);

/* Equal tensors and notes give equal bytes. Errors: NOMEM, IO, INVALID (the header would be larger than the reader
 * accepts). */
mirnet_status mn_safetensors_save(const mirnet_tensors *tensors, const char *path) MN_MUST_CHECK;
/* Into memory, if it is enough; *out_size is what is needed. Errors: NOMEM, INVALID. */
mirnet_status mn_safetensors_save_mem(const mirnet_tensors *tensors, void *opt_out, size_t capacity,
                                      size_t *out_size) MN_MUST_CHECK;

#endif
