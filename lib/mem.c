/* mem.c - checked allocation: the only callers of malloc in the library */
/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* madvise */
#include "mem.h"

#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

/* Blocks of this size lie on huge pages where the system has them: a step walks over all weights, and would miss in the
 * table of small pages again and again. */
enum { HUGE_PAGE = 1 << 21 };

void *mn_calloc(size_t n, size_t size)
{
    size_t bytes;
    if (!mn_mul(n, size, &bytes)) {
        mn_fail_nomem(SIZE_MAX);
        return NULL;
    }
    void *block = calloc(bytes ? bytes : 1, 1);
    if (!block)
        mn_fail_nomem(bytes);
    return block;
}

void *mn_realloc(void *block, size_t n, size_t size)
{
    size_t bytes;
    if (!mn_mul(n, size, &bytes)) {
        mn_fail_nomem(SIZE_MAX);
        return NULL;
    }
    void *grown = realloc(block, bytes ? bytes : 1);
    if (!grown)
        mn_fail_nomem(bytes);
    return grown;
}

float *mn_floats_raw(size_t n)
{
    size_t bytes;
    if (!mn_mul(n, sizeof(float), &bytes) || !mn_add(bytes, 2 * 64 - 1, &bytes)) {
        mn_fail_nomem(SIZE_MAX);
        return NULL;
    }
    const size_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : 64;
    bytes &= ~(size_t)63;
    void *block = NULL;
    if (posix_memalign(&block, alignment, bytes) != 0) {
        mn_fail_nomem(bytes);
        return NULL;
    }
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (bytes >= HUGE_PAGE)
        (void)madvise(block, bytes & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE);
#endif
    return block;
}

float *mn_floats(size_t n)
{
    float *block = mn_floats_raw(n);
    if (block)
        memset(block, 0, n * sizeof(float) + 64);
    return block;
}

float *mn_floats_sparse(size_t n, void **out_block)
{
    enum { ALIGN = 64 / sizeof(float) };
    float *block = NULL;
    if (mn_add(n, 2 * ALIGN, &n))
        block = mn_calloc(n, sizeof(*block)); /* unlike posix_memalign, which leaves zeroing to its caller */
    else
        mn_fail_nomem(SIZE_MAX);
    *out_block = block;
    return block ? block + (ALIGN - (uintptr_t)block / sizeof(float) % ALIGN) % ALIGN : NULL;
}

char *mn_strndup(const char *text, size_t n)
{
    size_t bytes;
    if (!mn_add(n, 1, &bytes)) {
        mn_fail_nomem(SIZE_MAX);
        return NULL;
    }
    char *copy = mn_calloc(bytes, 1);
    if (copy && n)
        memcpy(copy, text, n);
    return copy;
}

char *mn_strdup(const char *text)
{
    return mn_strndup(text, strlen(text));
}

mirnet_status mn_grow(void *array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return MIRNET_OK;
    size_t wanted = *capacity ? *capacity : 8;
    while (wanted < need)
        if (!mn_mul(wanted, 2, &wanted))
            return mn_fail_nomem(SIZE_MAX);
    void *block;
    memcpy(&block, array, sizeof(block));
    block = mn_realloc(block, wanted, size);
    if (!block)
        return MIRNET_ERR_NOMEM;
    memcpy(array, &block, sizeof(block));
    *capacity = wanted;
    return MIRNET_OK;
}

void mn_free(void *block)
{
    free(block);
}
