/* fuzz_encode.c - any letters through every kind of encoder */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include <mirnet/encode.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void set(mirnet_recipe *recipe, const char *key, const char *const *words, int which)
{
    require(mirnet_recipe_set_text(recipe, key, words[which]) == MIRNET_OK);
}

/* Byte 0 chooses the words, byte 1 the length. */
static mirnet_encoder *create(int choice, int length)
{
    static const char *const aligns[] = {"left", "right", "both-ends"};
    static const char *const ambiguities[] = {"zero", "fraction", "error"};
    static const char *const longs[] = {"error", "truncate5", "truncate3", "truncate"};
    static const char *const alphabets[] = {"AUGC", "ACGU", "CGUA", "UAGC", "GCAU", "CUAG", "GUCA"};
    static mirnet_recipe *recipe;
    mirnet_encoder *encoder;
    if (!recipe)
        require(mirnet_recipe_load(&recipe, "tasdelen2021") == MIRNET_OK);
    set(recipe, "encoder.align", aligns, choice % 3);
    set(recipe, "encoder.ambiguity", ambiguities, choice / 3 % 3);
    set(recipe, "encoder.long", longs, choice / 9 % 4);
    set(recipe, "encoder.alphabet", alphabets, choice / 36 % 7);
    require(mirnet_recipe_set_number(recipe, "encoder.length", length) == MIRNET_OK);
    require(mirnet_encoder_create(&encoder, recipe) == MIRNET_OK);
    return encoder;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    mirnet_encoder *encoder = create(data[0], data[1] + 1);
    int64_t n = mirnet_encoder_get_size(encoder);
    float *out = malloc((size_t)n * sizeof(float));
    require(out != NULL);
    mirnet_status status = mirnet_encoder_run(encoder, (const char *)data + 2, size - 2, NULL, out);
    require(status == MIRNET_OK || status == MIRNET_ERR_FORMAT || status == MIRNET_ERR_SHAPE);
    /* Each alignment of each position is a row of zeros or of shares that make one. */
    for (int64_t i = 0; i < n && status == MIRNET_OK; i += 4) {
        float sum = out[i] + out[i + 1] + out[i + 2] + out[i + 3];
        require(sum == 0 || (sum > 0.999f && sum < 1.001f));
    }
    free(out);
    mirnet_encoder_destroy(encoder);
    return 0;
}
