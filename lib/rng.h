/* rng.h - random numbers as a function of a key and a counter: Philox4x32-10 (Salmon et al. 2011) */
/* SPDX-License-Identifier: MIT */
#ifndef MN_RNG_H
#define MN_RNG_H

#include "common.h"

/* What a stream of random numbers is for: part of its key, so that no two uses share numbers. Pinned. */
typedef enum mn_rng_use {
    MN_RNG_INIT = 1,
    MN_RNG_SHUFFLE = 2,
    MN_RNG_DROPOUT = 3,
    MN_RNG_SPLIT = 4,
    MN_RNG_FOLDS = 5,
    MN_RNG_SIMULATE = 6
} mn_rng_use;

/* The generator itself: 128 bits of counter and 64 of key give 128 random bits. */
void mn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* MN_PHILOX_BLOCKS of them, for counters that only differ in their first word, which counts up: side by side, for each
 * round of one block waits for the one before. */
enum { MN_PHILOX_BLOCKS = 8 };
void mn_philox_blocks(const uint32_t counter[4], const uint32_t key[2], uint32_t out[MN_PHILOX_BLOCKS][4]);

/* A stream: the numbers of (seed, use, a, b) in order. A plain value; copying it forks it. */
typedef struct mn_rng {
    uint32_t key[2], counter[4], block[4];
    int32_t used; /* of block, 4: none is left */
} mn_rng;

/* a (its lowest 24 bits count) and b separate streams of one use, e.g. epoch and layer. A stream has 2^34 words;
 * then it starts again. */
mn_rng mn_rng_create(uint64_t seed, mn_rng_use use, uint32_t a, uint64_t b);
uint32_t mn_rng_u32(mn_rng *rng);
/* Uniform in [0, 1) with 53 bits; standard normal (Box-Muller); uniform in 0..n-1 without bias, n >= 1. */
double mn_rng_uniform(mn_rng *rng);
double mn_rng_normal(mn_rng *rng);
uint64_t mn_rng_below(mn_rng *rng, uint64_t n);
/* Fisher-Yates. */
void mn_rng_shuffle(mn_rng *rng, int64_t *items, int64_t n);

#endif
