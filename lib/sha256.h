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

/* 6.2.2 of the standard: takes n blocks of 64 bytes into the state. */
typedef void (*mn_sha256_run)(uint32_t state[8], const uint8_t *blocks, size_t n);

void mn_sha256_run_c(uint32_t state[8], const uint8_t *blocks, size_t n);
void mn_sha256_run_x86(uint32_t state[8], const uint8_t *blocks, size_t n);
void mn_sha256_run_arm(uint32_t state[8], const uint8_t *blocks, size_t n);
extern const uint32_t mn_sha256_constants[64];

/* What this CPU can run, the last one being the fastest: the i-th, NULL if there are no more. */
mn_sha256_run mn_sha256_at(int32_t i);
/* For tests: use this one from now on; NULL: the fastest again. */
void mn_sha256_force(mn_sha256_run run);

void mn_sha256_reset(mn_sha256 *sha);
void mn_sha256_add(mn_sha256 *sha, const void *bytes, size_t n);
/* 64 hex digits and a NUL; the object must be reset before it is used again. */
void mn_sha256_get(mn_sha256 *sha, char out[65]);

#endif
