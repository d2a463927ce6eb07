/* passes.c - switches of the plan's savings, for tests */
/* SPDX-License-Identifier: MIT */
#include "layers/passes.h"

#include <stdatomic.h>

static _Atomic int left_out;

int mn_passes(void)
{
    return MN_PASSES & ~atomic_load_explicit(&left_out, memory_order_relaxed);
}

void mn_passes_force(int passes)
{
    atomic_store(&left_out, MN_PASSES & ~passes);
}
