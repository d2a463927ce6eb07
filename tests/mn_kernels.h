/* mn_kernels.h - every table of kernels that tests can run */
/* SPDX-License-Identifier: MIT */
#ifndef MN_TEST_KERNELS_H
#define MN_TEST_KERNELS_H

#include "kernels/kernels.h"

/* The tables of mn_kernels_at, and one more, "wide": the loops in the shape that AVX-512 gives them (16 lanes,
 * panels of 64 columns), made of whatever vectors this CPU has. NULL past the last. With MIRNET_TEST_KERNELS only
 * the one that it names. */
const mn_kernels *mn_test_kernels_at(int32_t i);

#endif
