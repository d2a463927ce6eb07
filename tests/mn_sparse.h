/* mn_sparse.h - numbers of which many are zero, for the tests of what passes zeros over */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SPARSE_H
#define MN_SPARSE_H

#include "mn_kernels.h"

/* How many of some numbers are not zero: none, all, hardly any, or anything. */
double mn_density(uint64_t *seed);
/* A number in -1..1 with this probability, else a zero of either sign. */
float mn_sparse(uint64_t *seed, double density);

/* What find_nonzero says of n floats, and not a word more than there are bits; and a copy of them. free() both. */
uint64_t *mn_bits(const mn_kernels *kernels, const float *x, int64_t n);
float *mn_copy(const float *x, int64_t n);

#endif
