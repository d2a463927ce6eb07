/* checkpoint.h - what a model file is made of */
/* SPDX-License-Identifier: MIT */
#ifndef MN_CHECKPOINT_H
#define MN_CHECKPOINT_H

#include <mirnet/file.h>

#include "common.h"

/*
 * doc/model-format.md describes the file. Tensors: the weights under their names, the training state's under "state/".
 * Notes: "format", "format_version", "library", "recipe", and where there are any "classes", "notes", "state".
 */
#define MN_FORMAT "mirnet"
#define MN_FORMAT_VERSION "1"
#define MN_STATE_PREFIX "state/"

enum { MN_MAX_CLASSES = 4096 }; /* in a file: comparing all names with each other must not take long */

#endif
