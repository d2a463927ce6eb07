/* fuzz_model.c - any bytes as a model file: refused with a message, or a model that predicts, saves and loads again */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>
#include <mirnet/predict.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SMALL = 1 << 14, FEW = 32 };

static void check(int condition)
{
    if (!condition)
        abort();
}

static int64_t layer_size(const mirnet_model *model, int32_t layer)
{
    int64_t dims[8], size = 1;
    int32_t rank;
    check(mirnet_model_get_layer_shape(model, layer, dims, &rank) == MIRNET_OK);
    for (int32_t i = 0; i < rank; i++)
        size *= dims[i];
    return size;
}

/* A recipe of a few bytes may ask for a long computation. */
static int is_small(const mirnet_model *model)
{
    int small = mirnet_model_layer_count(model) <= FEW && mirnet_model_parameter_count(model, -1) <= SMALL;
    for (int32_t i = 0; small && i < mirnet_model_layer_count(model); i++)
        small = layer_size(model, i) <= SMALL;
    for (int32_t i = 0; small && i < mirnet_model_input_count(model); i++)
        small = mirnet_model_get_size(model, i) <= SMALL;
    return small;
}

static void predict(const mirnet_model *model)
{
    static const float zeros[SMALL];
    static float out[SMALL];
    const int32_t n = mirnet_model_input_count(model);
    const float **inputs = malloc((size_t)n * sizeof(*inputs));
    mirnet_predictor *predictor = NULL;
    check(inputs != NULL);
    for (int32_t i = 0; i < n; i++)
        inputs[i] = zeros;
    if (mirnet_predictor_create(&predictor, model, 1) == MIRNET_OK)
        check(mirnet_predictor_run(predictor, inputs, 1, out) == MIRNET_OK);
    mirnet_predictor_destroy(predictor);
    free(inputs);
}

static void save_and_load(const mirnet_model *model)
{
    size_t size, again_size;
    mirnet_model *again;
    check(mirnet_model_save_mem(model, NULL, 0, &size) == MIRNET_OK);
    uint8_t *bytes = malloc(2 * size);
    check(bytes != NULL);
    check(mirnet_model_save_mem(model, bytes, size, &size) == MIRNET_OK);
    check(mirnet_model_load_mem(&again, bytes, size, "again") == MIRNET_OK);
    check(mirnet_model_save_mem(again, bytes + size, size, &again_size) == MIRNET_OK);
    check(size == again_size && memcmp(bytes, bytes + size, size) == 0);
    mirnet_model_destroy(again);
    free(bytes);
}

static void run(const uint8_t *data, size_t size)
{
    mirnet_model *model = NULL;
    mirnet_status status = mirnet_model_load_mem(&model, data, size, "fuzz");
    if (status == MIRNET_OK) {
        if (is_small(model)) {
            predict(model);
            save_and_load(model);
        }
    } else {
        check(!model && mirnet_last_message()[0]);
        check(status == MIRNET_ERR_FORMAT || status == MIRNET_ERR_UNSUPPORTED || status == MIRNET_ERR_SHAPE ||
              status == MIRNET_ERR_NUMERIC);
    }
    mirnet_model_destroy(model);
}

/* The bytes as they are, and with the header's length set to where its last brace is: a fuzzer that changes the
 * header seldom puts the length right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size);
    size_t end = size;
    while (end > 8 && data[end - 1] != '}')
        end--;
    uint8_t *copy = malloc(size ? size : 1);
    check(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    if (end > 8) {
        uint64_t length = end - 8;
        for (int i = 0; i < 8; i++)
            copy[i] = (uint8_t)(length >> 8 * i);
        run(copy, size);
    }
    free(copy);
    return 0;
}
