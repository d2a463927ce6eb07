/* mn_sparse.c - numbers of which many are zero */
/* SPDX-License-Identifier: MIT */
#include "mn_sparse.h"

#include <stdlib.h>
#include <string.h>

#include "mn_check.h"
#include "mn_example.h"
#include "mn_net.h"

double mn_density(uint64_t *seed)
{
    const int64_t kind = mn_example_draw(seed, 0, 5);
    return kind == 0 ? 0 : kind == 1 ? 1 : kind == 2 ? 0.02 : (double)mn_net_uniform(seed, 0, 1);
}

float mn_sparse(uint64_t *seed, double density)
{
    if ((double)mn_net_uniform(seed, 0, 1) < density)
        return mn_net_uniform(seed, -1, 1);
    return mn_example_draw(seed, 0, 1) ? 0.0f : -0.0f;
}

uint64_t *mn_bits(const mn_kernels *kernels, const float *x, int64_t n)
{
    uint64_t *bits = malloc((size_t)mn_ceil_div(n, 64) * sizeof(*bits));
    ck_assert_ptr_nonnull(bits);
    kernels->find_nonzero(bits, x, n);
    return bits;
}

float *mn_copy(const float *x, int64_t n)
{
    float *made = mn_net_floats(n);
    memcpy(made, x, (size_t)n * sizeof(*made));
    return made;
}
