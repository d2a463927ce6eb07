/* predict_tensors.h - prediction from raw tensors, for models of any input */
/* SPDX-License-Identifier: MIT */
#ifndef PREDICT_TENSORS_H
#define PREDICT_TENSORS_H

#include <mirnet/mirnet.h>

/* Reads `input` (or `input/<name>` for each of several inputs), each [n] and the input's shape, from one safetensors
 * file and writes `output`, [n] and the output's shape, to another. Returns an exit status, after its message. */
int predict_tensors(mirnet_model *model, mirnet_predictor *predictor, const char *in_path, const char *out_path);

#endif
