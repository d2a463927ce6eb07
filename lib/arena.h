/* arena.h - many small texts in few blocks, given back together */
/* SPDX-License-Identifier: MIT */
#ifndef MN_ARENA_H
#define MN_ARENA_H

#include "common.h"

typedef struct mn_arena_block {
    char *data;
    size_t used, size;
} mn_arena_block;

/* All zeros is a valid empty arena. A text stays where it is until it is given back. */
typedef struct mn_arena {
    mn_arena_block *blocks;
    size_t n, capacity;
} mn_arena;

/* What an arena holds at a moment. */
typedef struct mn_arena_mark {
    size_t n, used;
} mn_arena_mark;

void mn_arena_destroy(mn_arena *arena);

/* A copy of n bytes with a NUL behind them; NULL if memory is out. */
const char *mn_arena_add(mn_arena *arena, const char *text, size_t n) MN_MUST_CHECK;

/* Gives back everything that was added after the mark. */
mn_arena_mark mn_arena_get_mark(const mn_arena *arena);
void mn_arena_reset(mn_arena *arena, mn_arena_mark mark);

#endif
