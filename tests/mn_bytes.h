/* mn_bytes.h - safetensors files made by hand, byte by byte, without the library's writer */
/* SPDX-License-Identifier: MIT */
#ifndef MN_BYTES_H
#define MN_BYTES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct mn_bytes {
    uint8_t *data; /* of exactly this size, so that AddressSanitizer sees a read beyond it; freed with free() */
    size_t size;
} mn_bytes;

/* 8 bytes of length, a header of n bytes, the data. The length need not be true. */
static inline mn_bytes mn_bytes_raw(uint64_t length, const void *header, size_t n, const void *data, size_t data_size)
{
    mn_bytes bytes = {malloc(8 + n + data_size), 8 + n + data_size};
    if (!bytes.data)
        abort();
    for (int i = 0; i < 8; i++)
        bytes.data[i] = (uint8_t)(length >> 8 * i);
    if (n)
        memcpy(bytes.data + 8, header, n);
    if (data_size)
        memcpy(bytes.data + 8 + n, data, data_size);
    return bytes;
}

static inline mn_bytes mn_bytes_make(const char *header, const void *data, size_t data_size)
{
    return mn_bytes_raw(strlen(header), header, strlen(header), data, data_size);
}

#endif
