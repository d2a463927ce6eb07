/* mn_quoted.h - documents that tests write with ' for ": networks and recipes */
/* SPDX-License-Identifier: MIT */
#ifndef MN_QUOTED_H
#define MN_QUOTED_H

#include "spec.h"

/* The text with every ' a "; free() it. */
char *mn_quoted(const char *text);

/* The spec of Keras model JSON that has its " already, in messages "m.json". NULL after a failure. */
mirnet_status mn_quoted_read(mn_spec **out, const char *json);
/* The spec of a text with '; the case fails if that fails. */
mn_spec *mn_quoted_spec(const char *text);

#endif
