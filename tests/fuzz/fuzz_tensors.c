/* fuzz_tensors.c - any bytes as a safetensors file: refused with a message, or read, written and read again */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>

#include "safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

/* Every value can be read, and the names ascend. */
static void check_tensors(const mirnet_tensors *tensors, size_t file_size)
{
    size_t total = 0;
    for (int32_t i = 0; i < mirnet_tensors_count(tensors); i++) {
        const char *name = mirnet_tensors_get_name(tensors, i);
        int64_t dims[8];
        int32_t rank;
        size_t n = 1;
        check(i == 0 || strcmp(mirnet_tensors_get_name(tensors, i - 1), name) < 0);
        check(mirnet_tensors_get_shape(tensors, name, dims, &rank) == MIRNET_OK && rank >= 0 && rank <= 8);
        for (int32_t k = 0; k < rank; k++)
            n *= (size_t)dims[k];
        volatile float sum = 0.0f;
        for (size_t k = 0; k < n; k++)
            sum = sum + mirnet_tensors_get(tensors, name)[k];
        total += n;
    }
    check(total <= file_size);
}

/* The bytes that are written for these tensors; freed with free(). */
static void *save(const mirnet_tensors *tensors, size_t *out_size)
{
    check(mn_safetensors_save_mem(tensors, NULL, 0, out_size) == MIRNET_OK);
    void *bytes = malloc(*out_size);
    check(bytes && mn_safetensors_save_mem(tensors, bytes, *out_size, out_size) == MIRNET_OK);
    return bytes;
}

static void check_round(const mirnet_tensors *tensors)
{
    mirnet_tensors *again;
    size_t size, size_again;
    void *bytes = save(tensors, &size);
    check(mirnet_tensors_load_mem(&again, bytes, size, "again") == MIRNET_OK);
    void *bytes_again = save(again, &size_again);
    check(size == size_again && memcmp(bytes, bytes_again, size) == 0);
    mirnet_tensors_destroy(again);
    free(bytes_again);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mirnet_tensors *tensors = NULL;
    mirnet_status status = mirnet_tensors_load_mem(&tensors, data, size, "fuzz");
    if (status == MIRNET_OK) {
        check_tensors(tensors, size);
        check_round(tensors);
    } else {
        check(!tensors && mirnet_last_message()[0]);
        check(status == MIRNET_ERR_FORMAT || status == MIRNET_ERR_UNSUPPORTED);
    }
    mirnet_tensors_destroy(tensors);
    return 0;
}
