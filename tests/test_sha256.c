/* test_sha256.c - SHA-256 against published digests */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <string.h>

#include "sha256.h"

/* Every case runs once with each way to compute it that this CPU has. */
static int runs(void)
{
    int n = 0;
    while (mn_sha256_at(n))
        n++;
    return n;
}

static void check_digest(const void *bytes, size_t n, const char *want)
{
    mn_sha256 sha;
    char got[65];
    mn_sha256_reset(&sha);
    mn_sha256_add(&sha, bytes, n);
    mn_sha256_get(&sha, got);
    ck_assert_str_eq(got, want);
}

/* NIST, "SHA256" example values and CAVP short messages. */
START_TEST(the_examples_of_the_standard)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
         "nopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    mn_sha256_force(mn_sha256_at(_i));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_digest(cases[i].text, strlen(cases[i].text), cases[i].want);
    check_digest("\xbd", 1, "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
    check_digest("\xc9\x8c\x8e\x55", 4, "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504");
}
END_TEST

START_TEST(a_million_letters_a)
{
    mn_sha256 sha;
    char piece[1000], got[65];
    mn_sha256_force(mn_sha256_at(_i));
    memset(piece, 'a', sizeof(piece));
    mn_sha256_reset(&sha);
    for (int i = 0; i < 1000; i++)
        mn_sha256_add(&sha, piece, sizeof(piece));
    mn_sha256_get(&sha, got);
    ck_assert_str_eq(got, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

/* NIST, additional examples: zero bytes about the sizes at which the padding takes another block. */
START_TEST(sizes_about_the_end_of_a_block)
{
    static const char zeros[1000];
    mn_sha256_force(mn_sha256_at(_i));
    check_digest(zeros, 55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7");
    check_digest(zeros, 56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb");
    check_digest(zeros, 57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785");
    check_digest(zeros, 64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
    check_digest(zeros, 1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53");
}
END_TEST

START_TEST(pieces_give_the_digest_of_the_whole)
{
    uint8_t bytes[300];
    mn_sha256_force(mn_sha256_at(_i));
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    mn_sha256 sha;
    char whole[65], got[65];
    for (size_t n = 0; n <= sizeof(bytes); n += 3) {
        mn_sha256_reset(&sha);
        mn_sha256_add(&sha, bytes, n);
        mn_sha256_get(&sha, whole);
        for (size_t piece = 1; piece < 140; piece += 9) {
            mn_sha256_reset(&sha);
            for (size_t at = 0; at < n; at += piece)
                mn_sha256_add(&sha, bytes + at, n - at < piece ? n - at : piece);
            mn_sha256_add(&sha, NULL, 0);
            mn_sha256_get(&sha, got);
            ck_assert_str_eq(got, whole);
        }
    }
}
END_TEST

/* The state after any number of blocks at any address, from any state before. */
START_TEST(all_ways_give_the_state_of_plain_c)
{
    enum { BLOCKS = 9 };
    static uint8_t bytes[64 * BLOCKS + 64];
    uint32_t state[8], bits = 1;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)((bits = bits * 1664525u + 1013904223u) >> 24);
    for (size_t offset = 0; offset < 64; offset++)
        for (size_t n = 0; n <= BLOCKS; n++) {
            uint32_t want[8];
            for (int i = 0; i < 8; i++)
                want[i] = state[i] = bits = bits * 1664525u + 1013904223u;
            mn_sha256_run_c(want, bytes + offset, n);
            mn_sha256_at(_i)(state, bytes + offset, n);
            ck_assert_mem_eq(state, want, sizeof(want));
        }
}
END_TEST

START_TEST(the_fastest_is_taken_by_itself)
{
    mn_sha256_force(NULL);
    check_digest("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ck_assert(mn_sha256_at(runs()) == NULL);
    ck_assert(mn_sha256_at(0) == mn_sha256_run_c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sha256");
    TCase *cases = tcase_create("sha256");
    tcase_add_loop_test(cases, the_examples_of_the_standard, 0, runs());
    tcase_add_loop_test(cases, a_million_letters_a, 0, runs());
    tcase_add_loop_test(cases, sizes_about_the_end_of_a_block, 0, runs());
    tcase_add_loop_test(cases, pieces_give_the_digest_of_the_whole, 0, runs());
    tcase_add_loop_test(cases, all_ways_give_the_state_of_plain_c, 0, runs());
    tcase_add_test(cases, the_fastest_is_taken_by_itself);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
