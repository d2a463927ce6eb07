/* sha256.c - SHA-256 (FIPS 180-4) */
/* SPDX-License-Identifier: MIT */
#include "sha256.h"

#if defined(MN_HAVE_X86_SHA)
#include <cpuid.h>
#endif
#include <stdatomic.h>
#if defined(MN_HAVE_ARM_SHA)
#include <sys/auxv.h>
#endif

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const uint32_t mn_sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* 6.2.2, steps 1 to 4, on one block of 64 bytes. */
static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
               block[4 * t + 3];
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t++) {
        uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + mn_sha256_constants[t] + w[t];
        uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void mn_sha256_run_c(uint32_t state[8], const uint8_t *blocks, size_t n)
{
    for (; n > 0; n--, blocks += 64)
        compress(state, blocks);
}

static bool can_run(mn_sha256_run run)
{
#if defined(MN_HAVE_X86_SHA)
    if (run == mn_sha256_run_x86) {
        unsigned a, b, c, d, b7;
        const unsigned ssse3_and_sse41 = 1u << 9 | 1u << 19, sha = 1u << 29;
        return __get_cpuid_count(7, 0, &a, &b7, &c, &d) && __get_cpuid(1, &a, &b, &c, &d) && b7 & sha &&
               (c & ssse3_and_sse41) == ssse3_and_sse41;
    }
#endif
#if defined(MN_HAVE_ARM_SHA)
    if (run == mn_sha256_run_arm)
        return getauxval(AT_HWCAP) & 1 << 6; /* HWCAP_SHA2 */
#endif
    return run == mn_sha256_run_c;
}

/* From the plainest to the best. */
static const mn_sha256_run runs[] = {
    mn_sha256_run_c,
#if defined(MN_HAVE_X86_SHA)
    mn_sha256_run_x86,
#endif
#if defined(MN_HAVE_ARM_SHA)
    mn_sha256_run_arm,
#endif
};

mn_sha256_run mn_sha256_at(int32_t i)
{
    for (size_t k = 0; k < sizeof(runs) / sizeof(runs[0]); k++)
        if (can_run(runs[k]) && i-- == 0)
            return runs[k];
    return NULL;
}

/* The choice, made on first use; every thread would make the same one. */
static _Atomic mn_sha256_run chosen;

static mn_sha256_run get_run(void)
{
    mn_sha256_run run = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!run) {
        for (int32_t i = 0; mn_sha256_at(i); i++)
            run = mn_sha256_at(i);
        atomic_store_explicit(&chosen, run, memory_order_relaxed);
    }
    return run;
}

void mn_sha256_force(mn_sha256_run run)
{
    atomic_store_explicit(&chosen, run, memory_order_relaxed);
}

void mn_sha256_reset(mn_sha256 *sha)
{
    *sha = (mn_sha256){
        .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void mn_sha256_add(mn_sha256 *sha, const void *bytes, size_t n)
{
    const mn_sha256_run run = get_run();
    const uint8_t *at = bytes;
    const size_t used = (size_t)(sha->size % 64);
    sha->size += n;
    if (used > 0) { /* fills the block that was begun */
        const size_t taken = n < 64 - used ? n : 64 - used;
        if (taken)
            memcpy(sha->block + used, at, taken);
        if (used + taken < 64)
            return;
        run(sha->state, sha->block, 1);
        at += taken;
        n -= taken;
    }
    if (n >= 64)
        run(sha->state, at, n / 64);
    if (n % 64)
        memcpy(sha->block, at + n / 64 * 64, n % 64);
}

void mn_sha256_get(mn_sha256 *sha, char out[65])
{
    static const char digits[] = "0123456789abcdef";
    static const uint8_t padding[64] = {0x80};
    /* 5.1.1: a one bit, zeros up to 56 bytes modulo 64, the length in bits as a big-endian 64-bit number. */
    uint64_t bits = sha->size * 8;
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    size_t used = (size_t)(sha->size % 64);
    mn_sha256_add(sha, padding, used < 56 ? 56 - used : 120 - used);
    mn_sha256_add(sha, length, sizeof(length));
    for (int i = 0; i < 64; i++)
        out[i] = digits[sha->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    out[64] = '\0';
}
