/* tables.h - the tables that exist, each compiled with its own flags */
/* SPDX-License-Identifier: MIT */
#ifndef MN_TABLES_H
#define MN_TABLES_H

#include "kernels/kernels.h"

extern const mn_kernels mn_kernels_c;
#if defined(MN_HAVE_X86_KERNELS)
extern const mn_kernels mn_kernels_avx2;
extern const mn_kernels mn_kernels_avx512;
#endif
#if defined(MN_HAVE_ARM_KERNELS)
extern const mn_kernels mn_kernels_neon;
#endif

#endif
