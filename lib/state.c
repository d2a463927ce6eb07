/* state.c - a training state at rest */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "mem.h"
#include "state.h"
#include "tensors.h"

void mn_state_destroy(mn_state *state)
{
    if (!state)
        return;
    mn_free(state->json);
    mirnet_tensors_destroy(state->tensors);
    mn_free(state);
}

mirnet_status mn_state_copy(mn_state **out, const mn_state *state)
{
    mn_state *copy = mn_calloc(1, sizeof(*copy));
    if (!copy)
        return MIRNET_ERR_NOMEM;
    copy->json = mn_strdup(state->json);
    mirnet_status status = copy->json ? mn_tensors_copy(&copy->tensors, state->tensors) : MIRNET_ERR_NOMEM;
    if (status != MIRNET_OK) {
        mn_state_destroy(copy);
        return status;
    }
    *out = copy;
    return MIRNET_OK;
}
