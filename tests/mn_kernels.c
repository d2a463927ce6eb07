/* mn_kernels.c - every table of kernels that tests can run; the one in the shape of AVX-512 for CPUs without it */
/* SPDX-License-Identifier: MIT */
#include "mn_kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const mn_kernels mn_kernels_wide;

typedef float sixteen __attribute__((vector_size(64)));

/* 14 bits of 1 / sqrt(a). */
static sixteen root_estimate(sixteen a)
{
    for (int i = 0; i < 16; i++) {
        uint32_t bits;
        const float root = 1.0f / sqrtf(a[i]);
        memcpy(&bits, &root, sizeof(bits));
        bits &= UINT32_C(0xfffffc00);
        memcpy((float *)&a + i, &bits, sizeof(bits));
    }
    return a;
}

/* As in lib/kernels/x86/kernels_avx512.c. */
#define MN_LANES 16
#define MN_VECS 4
#define MN_TILE 6
#define MN_SKIP 2
#define MN_ROW_AT_ONCE 1
#define MN_MULTIPLY_SUM(a, b, c) ((a) * (b) + (c))
#define MN_ROOT_ESTIMATE(a) root_estimate(a)
#define MN_TABLE mn_kernels_wide
#define MN_TABLE_NAME "wide"
#include "kernels/kernels_tmpl.h"

static const mn_kernels *any_at(int32_t i)
{
    int32_t last = 0;
    while (mn_kernels_at(last))
        last++;
    return i == last ? &mn_kernels_wide : mn_kernels_at(i);
}

const mn_kernels *mn_test_kernels_at(int32_t i)
{
    const char *name = getenv("MIRNET_TEST_KERNELS");
    if (!name)
        return any_at(i);
    for (int32_t t = 0; i == 0 && any_at(t); t++)
        if (strcmp(any_at(t)->name, name) == 0)
            return any_at(t);
    return NULL;
}
