/* sha256.h - SHA-256 (FIPS 180-4) */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SHA256_H
#define MN_SHA256_H

#include "common.h"

typedef struct mn_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
} mn_sha256;

void mn_sha256_reset(mn_sha256 *sha);
void mn_sha256_add(mn_sha256 *sha, const void *bytes, size_t n);
/* 64 hex digits and a NUL; the object must be reset before it is used again. */
void mn_sha256_get(mn_sha256 *sha, char out[65]);

#endif
