/* test_rng.c - the random numbers: known answers, streams, distributions */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <string.h>

#include "rng.h"

enum { N = 100000 };

/* Known answers of the Random123 distribution (kat_vectors, philox4x32-10). */
START_TEST(philox_gives_the_known_answers)
{
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t got[4];
        mn_philox(cases[i].counter, cases[i].key, got);
        ck_assert_int_eq(memcmp(got, cases[i].want, sizeof(got)), 0);
    }
}
END_TEST

/* The first word of the counter may run over; the others stay. */
START_TEST(blocks_side_by_side_are_those_one_by_one)
{
    uint32_t counter[4] = {0xfffffffd, 5, 0xffffffff, 7};
    const uint32_t key[2] = {0x89abcdef, 0x01234567};
    uint32_t got[MN_PHILOX_BLOCKS][4];
    mn_philox_blocks(counter, key, got);
    for (int i = 0; i < MN_PHILOX_BLOCKS; i++, counter[0]++) {
        uint32_t want[4];
        mn_philox(counter, key, want);
        ck_assert_int_eq(memcmp(got[i], want, sizeof(want)), 0);
    }
}
END_TEST

/* The key is the seed, the counter (running, b low, b high, use and a): pinned, since results hang on it. */
START_TEST(a_stream_is_philox_of_its_seed_use_a_and_b)
{
    mn_rng rng = mn_rng_create(0x0123456789abcdefu, MN_RNG_DROPOUT, 7, 0x1122334455667788u);
    for (uint32_t block = 0; block < 5; block++) {
        const uint32_t counter[4] = {block, 0x55667788, 0x11223344, 0x03000007}, key[2] = {0x89abcdef, 0x01234567};
        uint32_t want[4];
        mn_philox(counter, key, want);
        for (int i = 0; i < 4; i++)
            ck_assert_uint_eq(mn_rng_u32(&rng), want[i]);
    }
}
END_TEST

START_TEST(streams_differ_by_seed_use_a_and_b)
{
    mn_rng same[2] = {mn_rng_create(1, MN_RNG_INIT, 2, 3), mn_rng_create(1, MN_RNG_INIT, 2, 3)};
    mn_rng others[6] = {mn_rng_create(2, MN_RNG_INIT, 2, 3),    mn_rng_create(1 + (1ull << 32), MN_RNG_INIT, 2, 3),
                        mn_rng_create(1, MN_RNG_SHUFFLE, 2, 3), mn_rng_create(1, MN_RNG_INIT, 3, 3),
                        mn_rng_create(1, MN_RNG_INIT, 2, 4),    mn_rng_create(1, MN_RNG_INIT, 2, 3 + (1ull << 32))};
    uint32_t first = mn_rng_u32(&same[0]);
    ck_assert_uint_eq(mn_rng_u32(&same[1]), first);
    for (int i = 0; i < 6; i++)
        ck_assert_uint_ne(mn_rng_u32(&others[i]), first);
}
END_TEST

START_TEST(a_copy_of_a_stream_goes_the_same_way)
{
    mn_rng rng = mn_rng_create(mn_seed(), MN_RNG_SPLIT, 0, 0);
    for (int i = 0; i < 3; i++)
        mn_rng_u32(&rng);
    mn_rng copy = rng;
    for (int i = 0; i < 20; i++)
        ck_assert_uint_eq(mn_rng_u32(&rng), mn_rng_u32(&copy));
}
END_TEST

/* Pearson's statistic of n counts that should be equal. */
static double chi_square(const int64_t *counts, int n, double total)
{
    double sum = 0, want = total / n;
    for (int i = 0; i < n; i++)
        sum += ((double)counts[i] - want) * ((double)counts[i] - want) / want;
    return sum;
}

/* The bound in the next three is the 1 - 1e-6 quantile of chi-square: scipy.stats.chi2.isf(1e-6, df). */
START_TEST(uniform_numbers_fill_100_cells_evenly)
{
    mn_rng rng = mn_rng_create(mn_seed(), MN_RNG_INIT, 0, 0);
    int64_t counts[100] = {0};
    double low_bits = 0;
    for (int i = 0; i < N; i++) {
        double x = mn_rng_uniform(&rng), scaled = x * 0x1p+53;
        ck_assert(x >= 0 && x < 1);
        ck_assert((double)(int64_t)scaled == scaled);
        low_bits += (double)((int64_t)scaled & 1);
        counts[(int)(x * 100)]++;
    }
    ck_assert_double_lt(chi_square(counts, 100, N), 180.8);
    ck_assert_double_eq_tol(low_bits / N, 0.5, 5 * 0.5 / 316.2);
}
END_TEST

START_TEST(numbers_below_n_are_equally_frequent)
{
    mn_rng rng = mn_rng_create(mn_seed(), MN_RNG_SHUFFLE, 0, 0);
    int64_t counts[11] = {0}, thirds[3] = {0};
    for (int i = 0; i < N; i++) {
        uint64_t small = mn_rng_below(&rng, 11);
        ck_assert_uint_lt(small, 11);
        counts[small]++;
        /* With n = 3/4 of 2^64 a plain remainder would favour the first third two to one. */
        uint64_t third = 1ull << 62, large = mn_rng_below(&rng, 3 * third);
        ck_assert_uint_lt(large, 3 * third);
        thirds[large / third]++;
    }
    ck_assert_double_lt(chi_square(counts, 11, N), 46.87);
    ck_assert_double_lt(chi_square(thirds, 3, N), 27.64);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(mn_rng_below(&rng, 1), 0);
}
END_TEST

START_TEST(every_order_of_four_items_is_equally_frequent)
{
    mn_rng rng = mn_rng_create(mn_seed(), MN_RNG_SHUFFLE, 1, 0);
    int64_t counts[256] = {0}, orders[24];
    for (int i = 0; i < N; i++) {
        int64_t items[4] = {0, 1, 2, 3};
        mn_rng_shuffle(&rng, items, 4);
        counts[items[0] * 64 + items[1] * 16 + items[2] * 4 + items[3]]++;
    }
    int n = 0;
    for (int i = 0; i < 256; i++)
        if (counts[i]) {
            ck_assert_int_lt(n, 24);
            orders[n++] = counts[i];
        }
    ck_assert_int_eq(n, 24);
    ck_assert_double_lt(chi_square(orders, 24, N), 70.56);
}
END_TEST

START_TEST(a_shuffle_keeps_every_item)
{
    int64_t items[100], seen[100] = {0}, moved = 0;
    for (int64_t i = 0; i < 100; i++)
        items[i] = i;
    mn_rng rng = mn_rng_create(mn_seed(), MN_RNG_SHUFFLE, 0, 0);
    mn_rng_shuffle(&rng, items, 0);
    mn_rng_shuffle(&rng, items, 1);
    for (int64_t i = 0; i < 100; i++)
        ck_assert_int_eq(items[i], i);
    mn_rng_shuffle(&rng, items, 100);
    for (int64_t i = 0; i < 100; i++) {
        seen[items[i]]++;
        moved += items[i] != i;
    }
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(seen[i], 1);
    ck_assert_int_gt(moved, 80);
}
END_TEST

/* Mean, variance, skewness, kurtosis within five standard errors; shares beyond 1, 2 and 3 as tables have them. */
START_TEST(normal_numbers_have_the_right_moments_and_tails)
{
    mn_rng rng = mn_rng_create(mn_seed(), MN_RNG_INIT, 0, 1);
    double sum[5] = {0}, beyond[4] = {0};
    for (int i = 0; i < N; i++) {
        double x = mn_rng_normal(&rng), power = 1;
        for (int k = 1; k <= 4; k++)
            sum[k] += power *= x;
        for (int k = 1; k <= 3; k++)
            beyond[k] += x > k || x < -k;
    }
    const double root = 316.2;
    ck_assert_double_eq_tol(sum[1] / N, 0.0, 5 * 1.0 / root);
    ck_assert_double_eq_tol(sum[2] / N, 1.0, 5 * 1.41421 / root);
    ck_assert_double_eq_tol(sum[3] / N, 0.0, 5 * 3.87298 / root);
    ck_assert_double_eq_tol(sum[4] / N, 3.0, 5 * 9.79796 / root);
    ck_assert_double_eq_tol(beyond[1] / N, 0.317311, 5 * 0.465431 / root);
    ck_assert_double_eq_tol(beyond[2] / N, 0.045500, 5 * 0.208398 / root);
    ck_assert_double_eq_tol(beyond[3] / N, 0.002700, 5 * 0.051889 / root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rng");
    TCase *cases = tcase_create("rng");
    tcase_add_test(cases, philox_gives_the_known_answers);
    tcase_add_test(cases, blocks_side_by_side_are_those_one_by_one);
    tcase_add_test(cases, a_stream_is_philox_of_its_seed_use_a_and_b);
    tcase_add_test(cases, streams_differ_by_seed_use_a_and_b);
    tcase_add_test(cases, a_copy_of_a_stream_goes_the_same_way);
    tcase_add_test(cases, uniform_numbers_fill_100_cells_evenly);
    tcase_add_test(cases, numbers_below_n_are_equally_frequent);
    tcase_add_test(cases, every_order_of_four_items_is_equally_frequent);
    tcase_add_test(cases, a_shuffle_keeps_every_item);
    tcase_add_test(cases, normal_numbers_have_the_right_moments_and_tails);
    suite_add_tcase(suite, cases);
    return mn_check_main(suite);
}
