/* textset.c - different texts, numbered: a hash table with linear probing, at most half full */
/* SPDX-License-Identifier: MIT */
#include "textset.h"

#include "mem.h"

/* Eight bytes a step: multiply, fold the high half down (the mixer of MurmurHash3 at the end). */
static uint64_t hash_of(const char *text)
{
    size_t n = strlen(text);
    uint64_t hash = 0x9E3779B97F4A7C15u ^ n;
    for (; n >= 8; n -= 8, text += 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        hash = (hash ^ word) * 0xFF51AFD7ED558CCDu;
        hash ^= hash >> 32;
    }
    uint64_t word = 0;
    memcpy(&word, text, n);
    hash = (hash ^ word) * 0xFF51AFD7ED558CCDu;
    hash ^= hash >> 33;
    hash *= 0xC4CEB9FE1A85EC53u;
    return hash ^ hash >> 33;
}

void mn_textset_destroy(mn_textset *set)
{
    mn_free(set->texts);
    mn_free(set->hashes);
    mn_free(set->slots);
    *set = (mn_textset){0};
}

/* The slot of an equal text, or the free one where it belongs. */
static size_t slot_of(const mn_textset *set, const char *text, uint64_t hash)
{
    size_t slot = (size_t)hash & (set->n_slots - 1);
    for (; set->slots[slot]; slot = (slot + 1) & (set->n_slots - 1)) {
        size_t i = set->slots[slot] - 1;
        if (set->hashes[i] == hash && strcmp(set->texts[i], text) == 0)
            break;
    }
    return slot;
}

static void fill_slots(mn_textset *set)
{
    for (size_t i = 0; i < set->n; i++)
        set->slots[slot_of(set, set->texts[i], set->hashes[i])] = i + 1;
}

static mirnet_status grow_slots(mn_textset *set)
{
    if (set->n < set->n_slots / 2)
        return MIRNET_OK;
    size_t n;
    if (!mn_mul(set->n_slots ? set->n_slots : 8, 2, &n))
        return mn_fail_nomem(SIZE_MAX);
    size_t *slots = mn_calloc(n, sizeof(*slots));
    if (!slots)
        return MIRNET_ERR_NOMEM;
    mn_free(set->slots);
    set->slots = slots;
    set->n_slots = n;
    fill_slots(set);
    return MIRNET_OK;
}

mirnet_status mn_textset_add(mn_textset *set, const char *text, size_t *out)
{
    MN_TRY(grow_slots(set));
    MN_TRY(mn_grow(&set->texts, &set->capacity, set->n + 1, sizeof(*set->texts)));
    MN_TRY(mn_grow(&set->hashes, &set->hash_capacity, set->n + 1, sizeof(*set->hashes)));
    uint64_t hash = hash_of(text);
    size_t slot = slot_of(set, text, hash);
    if (!set->slots[slot]) {
        set->texts[set->n] = text;
        set->hashes[set->n] = hash;
        set->slots[slot] = ++set->n;
    }
    *out = set->slots[slot] - 1;
    return MIRNET_OK;
}

size_t mn_textset_find(const mn_textset *set, const char *text)
{
    size_t found = set->n_slots ? set->slots[slot_of(set, text, hash_of(text))] : 0;
    return found ? found - 1 : set->n;
}

void mn_textset_reset(mn_textset *set, size_t n)
{
    if (n >= set->n)
        return;
    set->n = n;
    memset(set->slots, 0, set->n_slots * sizeof(*set->slots));
    fill_slots(set);
}
