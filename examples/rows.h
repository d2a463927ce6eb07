/* rows.h - predictions as lines of text */
/* SPDX-License-Identifier: MIT */
#ifndef ROWS_H
#define ROWS_H

#include <mirnet/mirnet.h>

#include "out.h"

/* The lines "##..." that tell where the rows come from; `command` is the line as the user gave it. */
void rows_header(out_file *out, const mirnet_model *model, const char *model_path, int argc, char **argv);

/* "#name length p_<class>... class" */
void rows_columns(out_file *out, const mirnet_model *model, int32_t n_classes);

/* One record: probabilities [n_classes] in %.9g, which a float survives; NULL writes NA. */
void rows_text(out_file *out, const mirnet_model *model, int32_t n_classes, const char *name, size_t length,
               const float *probabilities);

/* The same as one line of JSON; NULL writes null. */
void rows_json(out_file *out, const mirnet_model *model, int32_t n_classes, const char *name, size_t length,
               const float *probabilities);

#endif
