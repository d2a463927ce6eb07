/* textset.h - different texts, numbered in the order in which they came */
/* SPDX-License-Identifier: MIT */
#ifndef MN_TEXTSET_H
#define MN_TEXTSET_H

#include "common.h"

/* All zeros is a valid empty set. The texts stay their owner's and must outlive the set. */
typedef struct mn_textset {
    const char **texts; /* [n] */
    uint64_t *hashes;   /* [n] */
    size_t n, capacity, hash_capacity;
    size_t *slots; /* [n_slots], a power of two: number + 1, 0 where free */
    size_t n_slots;
} mn_textset;

void mn_textset_destroy(mn_textset *set);

/* The number of an equal text, or of this one, which is then new. Errors: NOMEM; the set is unchanged. */
mirnet_status mn_textset_add(mn_textset *set, const char *text, size_t *out) MN_MUST_CHECK;

/* The number of a text, n if it is not there. */
size_t mn_textset_find(const mn_textset *set, const char *text);

/* Takes the texts from number n on out again. */
void mn_textset_reset(mn_textset *set, size_t n);

#endif
