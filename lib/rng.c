/* rng.c - Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw: SC 2011) */
/* SPDX-License-Identifier: MIT */
#include "rng.h"

#include <math.h>

static inline void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t (*out)[4], const int blocks)
{
    uint32_t k0 = key[0], k1 = key[1];
    for (int b = 0; b < blocks; b++) {
        memcpy(out[b], counter, sizeof(out[b]));
        out[b][0] += (uint32_t)b;
    }
    for (int round = 0; round < 10; round++) {
        for (int b = 0; b < blocks; b++) {
            uint32_t *c = out[b];
            const uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
            c[0] = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
            c[2] = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
            c[1] = (uint32_t)p1;
            c[3] = (uint32_t)p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

void mn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t block[1][4];
    philox(counter, key, block, 1);
    memcpy(out, block, sizeof(block));
}

void mn_philox_blocks(const uint32_t counter[4], const uint32_t key[2], uint32_t out[MN_PHILOX_BLOCKS][4])
{
    philox(counter, key, out, MN_PHILOX_BLOCKS);
}

mn_rng mn_rng_create(uint64_t seed, mn_rng_use use, uint32_t a, uint64_t b)
{
    /* Counter word 0 runs; `use` shares word 3 with a, which stays below 2^24: epochs and layers do. */
    mn_rng rng = {.key = {(uint32_t)seed, (uint32_t)(seed >> 32)}, .used = 4};
    rng.counter[1] = (uint32_t)b;
    rng.counter[2] = (uint32_t)(b >> 32);
    rng.counter[3] = (uint32_t)use << 24 | (a & 0xFFFFFFu);
    return rng;
}

uint32_t mn_rng_u32(mn_rng *rng)
{
    if (rng->used == 4) {
        mn_philox(rng->counter, rng->key, rng->block);
        rng->counter[0]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

double mn_rng_uniform(mn_rng *rng)
{
    uint32_t high = mn_rng_u32(rng), low = mn_rng_u32(rng);
    return (double)((uint64_t)(high >> 5) << 26 | low >> 6) * 0x1p-53;
}

double mn_rng_normal(mn_rng *rng)
{
    double u = 1.0 - mn_rng_uniform(rng), v = mn_rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

uint64_t mn_rng_below(mn_rng *rng, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, draw;
    do {
        /* Two statements: the order of the draws must not be the compiler's choice. */
        uint32_t high = mn_rng_u32(rng), low = mn_rng_u32(rng);
        draw = (uint64_t)high << 32 | low;
    } while (draw >= limit);
    return draw % n;
}

void mn_rng_shuffle(mn_rng *rng, int64_t *items, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)mn_rng_below(rng, (uint64_t)i + 1), kept = items[i];
        items[i] = items[j];
        items[j] = kept;
    }
}
