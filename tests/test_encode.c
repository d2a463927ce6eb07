/* test_encode.c - every encoding of a sequence, letter by letter */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/dataset.h>
#include <mirnet/encode.h>

/* An encoder with these options, "key=word" under "encoder." separated by blanks. */
static mirnet_encoder *create(int64_t length, const char *options)
{
    mirnet_recipe *recipe;
    mirnet_encoder *encoder;
    char copy[200], key[100];
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021"));
    mn_ok(mirnet_recipe_set_number(recipe, "encoder.length", (double)length));
    snprintf(copy, sizeof(copy), "%s", options);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        *value = '\0';
        snprintf(key, sizeof(key), "encoder.%s", word);
        mn_ok(mirnet_recipe_set_text(recipe, key, value + 1));
    }
    mn_ok(mirnet_encoder_create(&encoder, recipe));
    mirnet_recipe_destroy(recipe);
    return encoder;
}

/* Rows as text: a row of four channels is the letter whose channel is 1, '.' if all are 0, '?' if it is anything else.
 * Rows of eight channels give two letters. The block is of just the right size, for sanitizers, and dirty before. */
static const char *encode(const mirnet_encoder *encoder, const char *sequence, const char *alphabet)
{
    static char text[1000];
    int64_t size = mirnet_encoder_get_size(encoder);
    float *out = malloc((size_t)size * sizeof(float));
    ck_assert_ptr_nonnull(out);
    memset(out, 0x7f, (size_t)size * sizeof(float));
    mn_ok(mirnet_encoder_run(encoder, sequence, strlen(sequence), NULL, out));
    char *to = text;
    for (int64_t i = 0; i < size; i += 4) {
        int hot = -1, others = 0;
        for (int k = 0; k < 4; k++)
            if (out[i + k] == 1.0f && hot < 0)
                hot = k;
            else
                others += out[i + k] != 0.0f;
        *to++ = others ? '?' : hot < 0 ? '.' : alphabet[hot];
    }
    *to = '\0';
    free(out);
    return text;
}

static void check(const char *options, int64_t length, const char *sequence, const char *expected)
{
    mirnet_encoder *encoder = create(length, options);
    ck_assert_str_eq(encode(encoder, sequence, "AUGC"), expected);
    mirnet_encoder_destroy(encoder);
}

START_TEST(letters_are_one_hot_in_the_order_augc)
{
    mirnet_encoder *encoder = create(5, "");
    float out[20];
    const float expected[20] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    mn_ok(mirnet_encoder_run(encoder, "AUGC", 4, NULL, out));
    mn_same("AUGC", out, expected, 20);
    mirnet_encoder_destroy(encoder);
}
END_TEST

START_TEST(case_and_t_make_no_difference)
{
    check("", 10, "acgutACGUT", "ACGUUACGUU");
}
END_TEST

START_TEST(the_standard_encoder_is_that_of_the_paper)
{
    mirnet_recipe *recipe;
    mirnet_encoder *encoder;
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021"));
    mn_ok(mirnet_encoder_create(&encoder, recipe));
    mirnet_recipe_destroy(recipe);
    ck_assert_int_eq(mirnet_encoder_get_length(encoder), 164);
    ck_assert_int_eq(mirnet_encoder_get_channels(encoder), 4);
    ck_assert_int_eq(mirnet_encoder_get_size(encoder), 656);
    const char *text = encode(encoder, "GUGN", "AUGC");
    ck_assert_uint_eq(strlen(text), 164);
    ck_assert_uint_eq(strspn(text + 3, "."), 161);
    ck_assert_mem_eq(text, "GUG", 3);
    mirnet_encoder_destroy(encoder);
}
END_TEST

START_TEST(every_alphabet_is_a_permutation)
{
    const char letters[] = "AUGC";
    int n = 0;
    for (int code = 0; code < 256; code++) {
        char alphabet[5] = {letters[code & 3], letters[code >> 2 & 3], letters[code >> 4 & 3], letters[code >> 6 & 3],
                            0};
        if (!strchr(alphabet, 'A') || !strchr(alphabet, 'U') || !strchr(alphabet, 'G') || !strchr(alphabet, 'C'))
            continue;
        char options[50];
        snprintf(options, sizeof(options), "alphabet=%s", alphabet);
        mirnet_encoder *encoder = create(8, options);
        ck_assert_str_eq(encode(encoder, "GATTACU", alphabet), "GAUUACU.");
        mirnet_encoder_destroy(encoder);
        n++;
    }
    ck_assert_int_eq(n, 24);
}
END_TEST

START_TEST(padding_is_behind_in_front_or_both)
{
    check("align=left", 6, "ACG", "ACG...");
    check("align=right", 6, "ACG", "...ACG");
    /* Eight channels: the left-aligned letter, then the right-aligned one. */
    check("align=both-ends", 6, "ACGU", "A.C.GAUC.G.U");
    check("align=left", 3, "ACG", "ACG");
    check("align=right", 3, "ACG", "ACG");
    check("align=both-ends", 3, "ACG", "AACCGG");
    check("align=left", 3, "", "...");
    check("align=right", 3, "", "...");
    check("align=both-ends", 2, "", "....");
    check("align=left", 1, "G", "G");
    mirnet_encoder *encoder = create(6, "align=both-ends");
    ck_assert_int_eq(mirnet_encoder_get_channels(encoder), 8);
    ck_assert_int_eq(mirnet_encoder_get_size(encoder), 48);
    mirnet_encoder_destroy(encoder);
}
END_TEST

START_TEST(long_sequences_are_cut_where_asked)
{
    check("long=truncate5", 3, "AACCGGU", "GGU");
    check("long=truncate3", 3, "AACCGGU", "AAC");
    check("long=truncate", 3, "AACCGGU", "AAC");
    check("align=right long=truncate5", 3, "AACCGGU", "GGU");
    check("align=right long=truncate3", 3, "AACCGGU", "AAC");
    check("align=right long=truncate", 3, "AACCGGU", "GGU");
    check("align=both-ends long=truncate5", 3, "AACCGGU", "GGGGUU");
    check("align=both-ends long=truncate3", 3, "AACCGGU", "AAAACC");
    check("align=both-ends long=truncate", 3, "AACCGGU", "AGAGCU");
    check("long=truncate5", 7, "AACCGGU", "AACCGGU");
    check("align=right long=truncate3", 8, "AACCGGU", ".AACCGGU");
}
END_TEST

START_TEST(a_sequence_that_is_too_long_is_an_error_unless_told)
{
    mirnet_encoder *encoder = create(3, "");
    float out[12];
    mn_ok(mirnet_encoder_run(encoder, "ACG", 3, NULL, out));
    mn_fails(MIRNET_ERR_SHAPE, mirnet_encoder_run(encoder, "ACGU", 4, NULL, out));
    ck_assert_str_eq(mirnet_last_message(), "the sequence has 4 letters, the encoder 3 positions (see option "
                                            "'encoder.long')");
    mirnet_encoder_destroy(encoder);
}
END_TEST

/* Which bases each IUPAC code stands for, as its definition says it. */
static const struct {
    char code;
    const char *bases;
} codes[] = {{'R', "AG"},  {'Y', "CU"},  {'S', "GC"},  {'W', "AU"},  {'K', "GU"},  {'M', "AC"},
             {'B', "CGU"}, {'D', "AGU"}, {'H', "ACU"}, {'V', "ACG"}, {'N', "ACGU"}};

START_TEST(ambiguous_letters_are_zero_or_shares_or_errors)
{
    mirnet_encoder *zero = create(2, "ambiguity=zero"), *fraction = create(2, "ambiguity=fraction"),
                   *error = create(2, "ambiguity=error");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        for (int lower = 0; lower < 2; lower++) {
            char text[] = {'A', (char)(codes[i].code | (lower ? 0x20 : 0)), 0};
            float out[8], expected[8] = {1, 0, 0, 0};
            mn_ok(mirnet_encoder_run(zero, text, 2, NULL, out));
            mn_same("zero", out, expected, 8);
            for (int k = 0; k < 4; k++)
                if (strchr(codes[i].bases, "AUGC"[k]))
                    expected[4 + k] = 1.0f / (float)strlen(codes[i].bases);
            mn_ok(mirnet_encoder_run(fraction, text, 2, NULL, out));
            mn_same("fraction", out, expected, 8);
            mn_fails(MIRNET_ERR_FORMAT, mirnet_encoder_run(error, text, 2, NULL, out));
        }
    float out[8];
    mn_fails(MIRNET_ERR_FORMAT, mirnet_encoder_run(error, "AN", 2, NULL, out));
    ck_assert_str_eq(mirnet_last_message(), "'N' at position 2 is ambiguous (option 'encoder.ambiguity' is 'error')");
    mirnet_encoder_destroy(zero);
    mirnet_encoder_destroy(fraction);
    mirnet_encoder_destroy(error);
}
END_TEST

START_TEST(a_letter_that_is_no_code_is_an_error_with_its_position)
{
    mirnet_encoder *encoder = create(4, "long=truncate3");
    float out[16];
    for (int byte = 0; byte < 256; byte++) {
        const char text[] = {'A', 'C', (char)byte};
        bool code = byte && byte < 128 && strchr("ACGTURYSWKMBDHVNacgturyswkmbdhvn", byte);
        mirnet_status status = mirnet_encoder_run(encoder, text, 3, NULL, out);
        ck_assert_msg(status == (code ? MIRNET_OK : MIRNET_ERR_FORMAT), "byte 0x%02x", (unsigned)byte);
    }
    mn_fails(MIRNET_ERR_FORMAT, mirnet_encoder_run(encoder, "AC-G", 4, NULL, out));
    ck_assert_str_eq(mirnet_last_message(), "gap character '-' at position 3 is no nucleotide code");
    /* In the part that is cut off too. */
    mn_fails(MIRNET_ERR_FORMAT, mirnet_encoder_run(encoder, "ACGUACX", 7, NULL, out));
    ck_assert_str_eq(mirnet_last_message(), "'X' at position 7 is no nucleotide code");
    mirnet_encoder_destroy(encoder);
}
END_TEST

START_TEST(only_n_letters_are_read)
{
    mirnet_encoder *encoder = create(4, "");
    float out[16];
    const char letters[] = {'G', 'U'}; /* nothing behind them */
    const float expected[16] = {0, 0, 1, 0, 0, 1};
    mn_ok(mirnet_encoder_run(encoder, letters, 2, "()", out));
    mn_same("GU", out, expected, 16);
    mirnet_encoder_destroy(encoder);
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused)
{
    mirnet_recipe *recipe;
    mirnet_encoder *encoder = NULL;
    const char *const alphabets[] = {"AUG", "AUGG", "AUGCA", "AUGN", "", "ACGX", "ARGC"};
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021"));
    for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
        /* The recipe may refuse it already. */
        if (mirnet_recipe_set_text(recipe, "encoder.alphabet", alphabets[i]) == MIRNET_OK)
            mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_create(&encoder, recipe));
    }
    ck_assert_ptr_null(encoder);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(real_sequences_are_encoded_letter_by_letter)
{
    const char *path = mn_data_path("mirtron/putative_mirtrons_set.csv");
    if (!path)
        mn_skip("the mirtron data are not there");
    mirnet_dataset *dataset;
    mirnet_encoder *encoder = create(164, "");
    mn_ok(mirnet_dataset_create(&dataset));
    mn_ok(mirnet_dataset_load(dataset, path, NULL));
    for (int64_t i = 0; i < mirnet_dataset_count(dataset); i++) {
        const char *sequence = mirnet_dataset_get_sequence(dataset, i), *text = encode(encoder, sequence, "AUGC");
        ck_assert_mem_eq(text, sequence, strlen(sequence));
        ck_assert_uint_eq(strspn(text + strlen(sequence), "."), 164 - strlen(sequence));
    }
    mirnet_encoder_destroy(encoder);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(wrong_arguments_get_their_status)
{
    mirnet_recipe *recipe;
    mirnet_encoder *encoder = NULL;
    float out[8];
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_create(NULL, recipe));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_create(&encoder, NULL));
    ck_assert_ptr_null(encoder);
    mirnet_recipe_destroy(recipe);
    encoder = create(2, "long=truncate");
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_run(NULL, "A", 1, NULL, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_run(encoder, NULL, 1, NULL, out));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_run(encoder, "A", 1, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_encoder_run(encoder, "A", SIZE_MAX, NULL, out));
    ck_assert_int_eq(mirnet_encoder_get_length(NULL), 0);
    ck_assert_int_eq(mirnet_encoder_get_channels(NULL), 0);
    ck_assert_int_eq(mirnet_encoder_get_size(NULL), 0);
    mirnet_encoder_destroy(encoder);
    mirnet_encoder_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("encode");
    TCase *tcase = tcase_create("encode");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, letters_are_one_hot_in_the_order_augc);
    tcase_add_test(tcase, case_and_t_make_no_difference);
    tcase_add_test(tcase, the_standard_encoder_is_that_of_the_paper);
    tcase_add_test(tcase, every_alphabet_is_a_permutation);
    tcase_add_test(tcase, padding_is_behind_in_front_or_both);
    tcase_add_test(tcase, long_sequences_are_cut_where_asked);
    tcase_add_test(tcase, a_sequence_that_is_too_long_is_an_error_unless_told);
    tcase_add_test(tcase, ambiguous_letters_are_zero_or_shares_or_errors);
    tcase_add_test(tcase, a_letter_that_is_no_code_is_an_error_with_its_position);
    tcase_add_test(tcase, only_n_letters_are_read);
    tcase_add_test(tcase, options_that_make_no_sense_are_refused);
    tcase_add_test(tcase, real_sequences_are_encoded_letter_by_letter);
    tcase_add_test(tcase, wrong_arguments_get_their_status);
    return mn_check_main(suite);
}
