/* encode.c - a sequence as one-hot rows */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <inttypes.h>

#include <mirnet/encode.h>

#include "iupac.h"
#include "mem.h"

enum { BASES = 4, MAX_LENGTH = (1 << 30) / (2 * BASES) };

typedef enum mn_align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_BOTH } mn_align;
typedef enum mn_long { LONG_ERROR, LONG_TRUNCATE5, LONG_TRUNCATE3, LONG_TRUNCATE } mn_long;
typedef enum mn_ambiguity { AMBIGUITY_ZERO, AMBIGUITY_FRACTION, AMBIGUITY_ERROR } mn_ambiguity;

struct mirnet_encoder {
    int64_t length, channels;
    mn_align align;
    mn_long longer;
    float rows[256][BASES]; /* what each byte becomes */
    uint8_t refused[256];   /* 1: not a code; 2: a code that is ambiguous where that is an error */
};

/* `words` are the words of the option in the order of the enum. */
static mirnet_status get_word(const mirnet_recipe *recipe, const char *key, const char *const *words, int32_t n,
                              int32_t *out)
{
    const char *text;
    MN_TRY(mirnet_recipe_get_text(recipe, key, &text));
    for (int32_t i = 0; i < n; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return MIRNET_OK;
        }
    return mn_fail(MIRNET_ERR_INVALID, "option '%s': '%.40s' is none of its words", key, text);
}

/* channel[k] = the channel of base bit 1 << k. */
static mirnet_status get_alphabet(const mirnet_recipe *recipe, int32_t channel[BASES])
{
    const char *text;
    MN_TRY(mirnet_recipe_get_text(recipe, "encoder.alphabet", &text));
    int32_t seen = 0;
    for (int32_t i = 0; i < BASES && text[i]; i++) {
        uint8_t base = mn_iupac_bases[mn_iupac_letter[(uint8_t)text[i]]];
        for (int32_t k = 0; k < BASES; k++)
            if (base == 1 << k)
                channel[k] = i;
        if (base & (base - 1))
            break;
        seen |= base;
    }
    MN_REQUIRE(seen == 15 && strlen(text) == BASES,
               "option 'encoder.alphabet': '%.40s' is not the letters A, U, G, C in some order", text);
    return MIRNET_OK;
}

static void fill_tables(mirnet_encoder *encoder, const int32_t channel[BASES], mn_ambiguity ambiguity)
{
    for (int32_t byte = 0; byte < 256; byte++) {
        uint8_t bases = mn_iupac_bases[mn_iupac_letter[byte]];
        int32_t n = 0;
        for (int32_t k = 0; k < BASES; k++)
            n += bases >> k & 1;
        if (n == 0)
            encoder->refused[byte] = 1;
        else if (n > 1 && ambiguity == AMBIGUITY_ERROR)
            encoder->refused[byte] = 2;
        else if (n == 1 || ambiguity == AMBIGUITY_FRACTION)
            for (int32_t k = 0; k < BASES; k++)
                if (bases >> k & 1)
                    encoder->rows[byte][channel[k]] = 1.0f / (float)n;
    }
}

static mirnet_status configure(mirnet_encoder *encoder, const mirnet_recipe *recipe)
{
    static const char *const aligns[] = {"left", "right", "both-ends"};
    static const char *const longs[] = {"error", "truncate5", "truncate3", "truncate"};
    static const char *const ambiguities[] = {"zero", "fraction", "error"};
    double length;
    int32_t align = 0, longer = 0, ambiguity = 0, channel[BASES] = {0};
    MN_TRY(mirnet_recipe_get_number(recipe, "encoder.length", &length));
    MN_REQUIRE(length >= 1 && length <= MAX_LENGTH, "option 'encoder.length': expected 1..%d", (int)MAX_LENGTH);
    MN_TRY(get_word(recipe, "encoder.align", aligns, 3, &align));
    MN_TRY(get_word(recipe, "encoder.long", longs, 4, &longer));
    MN_TRY(get_word(recipe, "encoder.ambiguity", ambiguities, 3, &ambiguity));
    MN_TRY(get_alphabet(recipe, channel));
    encoder->length = (int64_t)length;
    encoder->align = (mn_align)align;
    encoder->longer = (mn_long)longer;
    encoder->channels = align == ALIGN_BOTH ? 2 * BASES : BASES;
    fill_tables(encoder, channel, (mn_ambiguity)ambiguity);
    return MIRNET_OK;
}

/* Names the first letter that is refused. */
static mirnet_status refuse(const mirnet_encoder *encoder, const char *sequence, size_t n)
{
    static const char *const reasons[] = {"", "is no nucleotide code",
                                          "is ambiguous (option 'encoder.ambiguity' is 'error')"};
    char byte[32];
    size_t i = 0;
    while (i + 1 < n && !encoder->refused[(uint8_t)sequence[i]])
        i++;
    return mn_fail(MIRNET_ERR_FORMAT, "%s at position %zu %s", mn_iupac_describe(sequence[i], byte), i + 1,
                   reasons[encoder->refused[(uint8_t)sequence[i]]]);
}

static void put_rows(const mirnet_encoder *encoder, const char *letters, int64_t n, float *out)
{
    for (int64_t i = 0; i < n; i++, out += encoder->channels)
        memcpy(out, encoder->rows[(uint8_t)letters[i]], sizeof(encoder->rows[0]));
}

/* One alignment, into the first 4 channels of the rows from `out` on. */
static void put_aligned(const mirnet_encoder *encoder, const char *sequence, int64_t n, bool right, float *out)
{
    int64_t length = encoder->length, kept = mn_min(n, length);
    bool keep_end = encoder->longer == LONG_TRUNCATE5 || (encoder->longer == LONG_TRUNCATE && right);
    const char *letters = keep_end ? sequence + (n - kept) : sequence;
    put_rows(encoder, letters, kept, right ? out + (length - kept) * encoder->channels : out);
}

mirnet_status mirnet_encoder_create(mirnet_encoder **out, const mirnet_recipe *recipe)
{
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(recipe, "recipe is NULL");
    mirnet_encoder *encoder = mn_calloc(1, sizeof(*encoder));
    if (!encoder)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = configure(encoder, recipe);
    if (status != MIRNET_OK) {
        mirnet_encoder_destroy(encoder);
        return status;
    }
    *out = encoder;
    return MIRNET_OK;
}

void mirnet_encoder_destroy(mirnet_encoder *encoder)
{
    mn_free(encoder);
}

int64_t mirnet_encoder_get_length(const mirnet_encoder *encoder)
{
    return encoder ? encoder->length : 0;
}

int64_t mirnet_encoder_get_channels(const mirnet_encoder *encoder)
{
    return encoder ? encoder->channels : 0;
}

int64_t mirnet_encoder_get_size(const mirnet_encoder *encoder)
{
    return encoder ? encoder->length * encoder->channels : 0;
}

mirnet_status mirnet_encoder_run(const mirnet_encoder *encoder, const char *sequence, size_t n,
                                 const char *opt_structure, float *out)
{
    (void)opt_structure;
    MN_REQUIRE(encoder, "encoder is NULL");
    MN_REQUIRE(sequence, "sequence is NULL");
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(n <= INT64_MAX, "n is %zu: that is more than any sequence has", n);
    if (n > (size_t)encoder->length && encoder->longer == LONG_ERROR)
        return mn_fail(MIRNET_ERR_SHAPE,
                       "the sequence has %zu letters, the encoder %" PRId64 " positions (see option 'encoder.long')", n,
                       encoder->length);
    unsigned refused = 0;
    for (size_t i = 0; i < n; i++)
        refused |= encoder->refused[(uint8_t)sequence[i]];
    if (refused)
        return refuse(encoder, sequence, n);
    memset(out, 0, (size_t)mirnet_encoder_get_size(encoder) * sizeof(*out));
    put_aligned(encoder, sequence, (int64_t)n, encoder->align == ALIGN_RIGHT, out);
    if (encoder->align == ALIGN_BOTH)
        put_aligned(encoder, sequence, (int64_t)n, true, out + BASES);
    return MIRNET_OK;
}
