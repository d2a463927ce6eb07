/* sha256_arm.c - SHA-256 with the SHA instructions of 64-bit ARM */
/* SPDX-License-Identifier: MIT */
#include "sha256.h"

#include <arm_neon.h>

/* W of four rounds from those of the sixteen rounds before (6.2.2, step 1). */
static inline uint32x4_t next(uint32x4_t w0, uint32x4_t w1, uint32x4_t w2, uint32x4_t w3)
{
    return vsha256su1q_u32(vsha256su0q_u32(w0, w1), w2, w3);
}

/* Four rounds. */
static inline void rounds(uint32x4_t *abcd, uint32x4_t *efgh, uint32x4_t w, const uint32_t *constants)
{
    const uint32x4_t kw = vaddq_u32(w, vld1q_u32(constants)), old = *abcd;
    *abcd = vsha256hq_u32(*abcd, *efgh, kw);
    *efgh = vsha256h2q_u32(*efgh, old, kw);
}

static inline uint32x4_t load(const uint8_t *bytes)
{
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(bytes)));
}

void mn_sha256_run_arm(uint32_t state[8], const uint8_t *blocks, size_t n)
{
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    for (; n > 0; n--, blocks += 64) {
        const uint32x4_t abcd0 = abcd, efgh0 = efgh;
        uint32x4_t w0 = load(blocks), w1 = load(blocks + 16), w2 = load(blocks + 32), w3 = load(blocks + 48);
        for (const uint32_t *k = mn_sha256_constants;; k += 16) {
            rounds(&abcd, &efgh, w0, k);
            rounds(&abcd, &efgh, w1, k + 4);
            rounds(&abcd, &efgh, w2, k + 8);
            rounds(&abcd, &efgh, w3, k + 12);
            if (k == mn_sha256_constants + 48)
                break;
            w0 = next(w0, w1, w2, w3);
            w1 = next(w1, w2, w3, w0);
            w2 = next(w2, w3, w0, w1);
            w3 = next(w3, w0, w1, w2);
        }
        abcd = vaddq_u32(abcd, abcd0);
        efgh = vaddq_u32(efgh, efgh0);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}
