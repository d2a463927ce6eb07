/* flops.h - counting the arithmetic of products, and what the machine gives for the best of them */
/* SPDX-License-Identifier: MIT */
#ifndef MN_FLOPS_H
#define MN_FLOPS_H

#include "kernels/kernels.h"
#include "threads.h"

/* The same functions, but the products count first, two operations for each multiplication and addition of elements
 * that exist: no padding of rows, columns or runs. One table at a time; any number of threads. */
const mn_kernels *mn_flops_kernels(const mn_kernels *kernels);

/* What has been counted since the last call. */
double mn_flops_take(void);

/* Operations a second of a product of two matrices of 1,024 x 1,024, packed, by these threads together: the best of
 * some tries, in about 0.1 s. Errors: NOMEM. */
mirnet_status mn_flops_peak(double *out, const mn_kernels *kernels, mn_threads *threads) MN_MUST_CHECK;

#endif
