/* mem.h - checked allocation */
/* SPDX-License-Identifier: MIT */
#ifndef MN_MEM_H
#define MN_MEM_H

#include "common.h"

/* n items of `size` bytes, zeroed; NULL with the thread's message set if n * size overflows or memory is out. n = 0
 * gives a pointer that can be freed. */
void *mn_calloc(size_t n, size_t size) MN_MUST_CHECK;

/* Changes a block to n items; the old block stays valid if this fails (NULL). New bytes are not set. */
void *mn_realloc(void *block, size_t n, size_t size) MN_MUST_CHECK;

/* n zeroed floats on a 64-byte boundary, with 64 bytes of slack behind them; freed with mn_free. */
float *mn_floats(size_t n) MN_MUST_CHECK;

/* The same, not set to anything: memory that is never touched costs nothing. */
float *mn_floats_raw(size_t n) MN_MUST_CHECK;

/* n zeroed floats on a 64-byte boundary, with 64 bytes of slack, of which pages that are never touched take no memory;
 * *out_block is what to free. */
float *mn_floats_sparse(size_t n, void **out_block) MN_MUST_CHECK;

/* A copy of a text, or of its first n bytes with a NUL behind them. */
char *mn_strdup(const char *text) MN_MUST_CHECK;
char *mn_strndup(const char *text, size_t n) MN_MUST_CHECK;

/* Room for at least `need` items in a growing array: doubles *capacity. Array unchanged on failure. */
mirnet_status mn_grow(void *array, size_t *capacity, size_t need, size_t size) MN_MUST_CHECK;

/* free(), for any block of this file; NULL is fine. */
void mn_free(void *block);

#endif
