/* state.h - a training state at rest: what a trainer leaves with a model and a model file keeps */
/* SPDX-License-Identifier: MIT */
#ifndef MN_STATE_H
#define MN_STATE_H

#include <mirnet/file.h>

#include "common.h"

/* `json` is an object of counters and history, in the trainer's own form. `tensors` are float tensors by name: one
 * for each optimizer slot of each weight ("adam/m/<weight>"), "best/<weight>"... Names and shapes are the trainer's
 * to check. */
typedef struct mn_state {
    char *json;
    mirnet_tensors *tensors;
} mn_state;

void mn_state_destroy(mn_state *state);
mirnet_status mn_state_copy(mn_state **out, const mn_state *state) MN_MUST_CHECK;

#endif
