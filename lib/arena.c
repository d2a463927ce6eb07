/* arena.c - many small texts in few blocks */
/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include "mem.h"

enum { SMALLEST_BLOCK = 1 << 12, LARGEST_BLOCK = 1 << 20 };

mn_arena_mark mn_arena_get_mark(const mn_arena *arena)
{
    return (mn_arena_mark){arena->n, arena->n ? arena->blocks[arena->n - 1].used : 0};
}

void mn_arena_reset(mn_arena *arena, mn_arena_mark mark)
{
    while (arena->n > mark.n)
        mn_free(arena->blocks[--arena->n].data);
    if (arena->n)
        arena->blocks[arena->n - 1].used = mark.used;
}

void mn_arena_destroy(mn_arena *arena)
{
    mn_arena_reset(arena, (mn_arena_mark){0});
    mn_free(arena->blocks);
    *arena = (mn_arena){0};
}

/* Blocks grow with the arena, so that a small set takes little and a large one has few. */
static mirnet_status add_block(mn_arena *arena, size_t need)
{
    MN_TRY(mn_grow(&arena->blocks, &arena->capacity, arena->n + 1, sizeof(*arena->blocks)));
    size_t size = arena->n < 8 ? (size_t)SMALLEST_BLOCK << arena->n : LARGEST_BLOCK;
    if (size < need)
        size = need;
    char *data = mn_realloc(NULL, size, 1);
    if (!data)
        return MIRNET_ERR_NOMEM;
    arena->blocks[arena->n++] = (mn_arena_block){data, 0, size};
    return MIRNET_OK;
}

const char *mn_arena_add(mn_arena *arena, const char *text, size_t n)
{
    size_t need;
    if (!mn_add(n, 1, &need)) {
        mn_fail_nomem(SIZE_MAX);
        return NULL;
    }
    mn_arena_block *last = arena->n ? &arena->blocks[arena->n - 1] : NULL;
    if (!last || last->size - last->used < need) {
        if (add_block(arena, need) != MIRNET_OK)
            return NULL;
        last = &arena->blocks[arena->n - 1];
    }
    char *copy = last->data + last->used;
    if (n)
        memcpy(copy, text, n);
    copy[n] = '\0';
    last->used += need;
    return copy;
}
