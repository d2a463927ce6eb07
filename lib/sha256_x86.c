/* sha256_x86.c - SHA-256 with the SHA instructions of x86 */
/* SPDX-License-Identifier: MIT */
#include "sha256.h"

#include <immintrin.h>

/* W of four rounds, the first one in the lowest lane, from those of the sixteen rounds before (6.2.2, step 1). */
static inline __m128i next(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4)), w3);
}

/* Four rounds. Two of them make the new a, b, e, f of the old; the old a, b, e, f are then c, d, g, h. */
static inline void rounds(__m128i *abef, __m128i *cdgh, __m128i w, const uint32_t *constants)
{
    const __m128i kw = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)constants));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, kw);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(kw, 0x0e));
}

static inline __m128i load(const uint8_t *bytes)
{
    const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)bytes), big_endian);
}

void mn_sha256_run_x86(uint32_t state[8], const uint8_t *blocks, size_t n)
{
    /* The instructions want a, b, e, f and c, d, g, h, the first of them in the highest lane. */
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
    for (; n > 0; n--, blocks += 64) {
        const __m128i abef0 = abef, cdgh0 = cdgh;
        __m128i w0 = load(blocks), w1 = load(blocks + 16), w2 = load(blocks + 32), w3 = load(blocks + 48);
        for (const uint32_t *k = mn_sha256_constants;; k += 16) {
            rounds(&abef, &cdgh, w0, k);
            rounds(&abef, &cdgh, w1, k + 4);
            rounds(&abef, &cdgh, w2, k + 8);
            rounds(&abef, &cdgh, w3, k + 12);
            if (k == mn_sha256_constants + 48)
                break;
            w0 = next(w0, w1, w2, w3);
            w1 = next(w1, w2, w3, w0);
            w2 = next(w2, w3, w0, w1);
            w3 = next(w3, w0, w1, w2);
        }
        abef = _mm_add_epi32(abef, abef0);
        cdgh = _mm_add_epi32(cdgh, cdgh0);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}
