/* test_kernel_rows.c - the kernels that add rows up, look for maxima of columns and share gradients among them */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <string.h>

#include "mn_kernels.h"
#include "mn_net.h"

enum { MOST = 140, GUARD = 20, HEIGHT = 7, STEP = MOST + 3 };

static uint64_t seed;

/* The same sums one after the other have the same bits. */
START_TEST(rows_that_letters_pick_are_added_in_order)
{
    enum { PLACES = 9, TAPS = 5, LETTERS = 4, APART = 3 };
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int64_t n = 1; n <= MOST; n++) {
        float table[TAPS * LETTERS * MOST], bias[MOST], got[PLACES * (MOST + 1)], want[PLACES * (MOST + 1)];
        uint8_t codes[PLACES * APART + TAPS * 2];
        mn_net_fill(&seed, table, TAPS * LETTERS * MOST, -1, 1);
        mn_net_fill(&seed, bias, MOST, -1, 1);
        mn_net_fill(&seed, got, PLACES * (MOST + 1), -1, 1);
        for (size_t i = 0; i < sizeof(codes); i++)
            codes[i] = (uint8_t)mn_net_uniform(&seed, 0, LETTERS - 0.01);
        memcpy(want, got, sizeof(got));
        const mn_pick pick = {
            .m = n % PLACES, .n = n, .taps = n % (TAPS + 1), .codes = codes, .step = n % (APART + 1), .gap = n % 3,
            .table = table, .ldt = LETTERS * n, .y = got, .ldy = n + n % 2, .bias = n % 4 ? bias : NULL, .relu = n % 5 < 2,
        };
        kernels->pick_rows(&pick);
        for (int64_t m = 0; m < pick.m; m++)
            for (int64_t j = 0; j < n; j++) {
                float sum = pick.bias ? bias[j] : 0;
                for (int64_t i = 0; i < pick.taps; i++)
                    sum += table[(i * LETTERS + codes[m * pick.step + i * pick.gap]) * n + j];
                want[m * pick.ldy + j] = pick.relu && sum < 0 ? 0 : sum;
            }
        mn_same("rows that are picked", got, want, PLACES * (MOST + 1));
    }
}
END_TEST

/* So are rows that lie anywhere, wherever in them the sum begins; rows to come make no difference. */
START_TEST(rows_are_added_in_order)
{
    enum { ROWS = 7, APART = MOST + GUARD };
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int64_t n = 1; n <= MOST; n++) {
        float table[ROWS * APART], bias[MOST], got[MOST + GUARD], want[MOST + GUARD];
        const float *rows[ROWS];
        mn_net_fill(&seed, table, ROWS * APART, -1, 1);
        mn_net_fill(&seed, bias, MOST, -1, 1);
        mn_net_fill(&seed, got, MOST + GUARD, -1, 1);
        for (int64_t i = 0; i < ROWS; i++)
            rows[i] = table + (i * 3 + n) % ROWS * APART;
        memcpy(want, got, sizeof(got));
        const mn_sum sum = {
            .rows = rows, .count = n % (ROWS + 1), .at = n % GUARD, .n = n, .bias = n % 4 ? bias : NULL,
            .add = n % 3 == 0, .relu = n % 5 < 2, .later = rows + n % 2, .later_count = n % ROWS,
        };
        kernels->sum_rows(got, &sum);
        for (int64_t j = 0; j < n; j++) {
            float one = sum.count > 0 ? rows[0][sum.at + j] : 0;
            one += sum.bias ? bias[j] : 0;
            one += sum.add ? want[j] : 0;
            for (int64_t i = 1; i < sum.count; i++)
                one += rows[i][sum.at + j];
            want[j] = sum.relu && one < 0 ? 0 : one;
        }
        mn_same("rows that are added up", got, want, MOST + GUARD);
    }
}
END_TEST

START_TEST(the_largest_of_a_column_is_nan_if_one_is)
{
    enum { ROWS = 7 };
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int64_t n = 1; n <= MOST; n++) {
        float d[ROWS * MOST], got[MOST + GUARD], want[MOST + GUARD];
        const int64_t m = 1 + n % ROWS;
        mn_net_fill(&seed, d, ROWS * MOST, -1, 1);
        mn_net_fill(&seed, got, MOST + GUARD, -1, 1);
        d[(n / 2 % m) * n + n / 3] = NAN;
        memcpy(want, got, sizeof(got));
        for (int64_t j = 0; j < n; j++) {
            want[j] = d[j];
            for (int64_t i = 1; i < m; i++)
                want[j] = d[i * n + j] > want[j] || isnan(d[i * n + j]) ? d[i * n + j] : want[j];
        }
        kernels->column_max(got, d, m, n, n);
        mn_same("the largest of a column", got, want, MOST + GUARD);
    }
}
END_TEST

/* A few values only, so that many are equal; y has one that is nowhere, and a NaN. */
static void draw_equals(float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < HEIGHT * STEP; i++)
        x[i] = (float)(int)mn_net_uniform(&seed, -2.5, 2.5);
    for (int64_t j = 0; j < n; j++)
        y[j] = j % 11 == 7 ? NAN : j % 13 == 9 ? 3 : (float)(int)mn_net_uniform(&seed, -2.5, 2.5);
    x[3] = NAN;
}

START_TEST(the_first_of_equals_is_found)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int64_t n = 1; n <= MOST; n++) {
        float x[HEIGHT * STEP], y[MOST];
        int32_t got[MOST + GUARD];
        const int64_t m = 1 + n % HEIGHT, apart = n + n % 4;
        draw_equals(x, y, n);
        memset(got, 85, sizeof(got));
        kernels->first_equal(got, x, y, m, n, apart);
        for (int64_t j = 0; j < n; j++) {
            int32_t want = 0;
            while (want < m && !(x[want * apart + j] == y[j]))
                want++;
            ck_assert_int_eq(got[j], want < m ? want : -1);
        }
        for (int64_t j = n; j < MOST + GUARD; j++)
            ck_assert_int_eq(got[j], 85 * 0x1010101);
    }
}
END_TEST

START_TEST(equals_share_alike)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int64_t n = 1; n <= MOST; n++) {
        float x[HEIGHT * STEP], y[MOST], dy[MOST], got[HEIGHT * MOST + GUARD], want[HEIGHT * MOST + GUARD];
        const int64_t m = 1 + n % HEIGHT;
        const bool add = n % 2;
        draw_equals(x, y, n);
        mn_net_fill(&seed, dy, n, -1, 1);
        mn_net_fill(&seed, got, HEIGHT * MOST + GUARD, -1, 1);
        memcpy(want, got, sizeof(want));
        for (int64_t j = 0; j < n; j++) {
            int64_t count = 0;
            for (int64_t i = 0; i < m; i++)
                count += x[i * n + j] == y[j];
            for (int64_t i = 0; i < m; i++) {
                const float share = x[i * n + j] == y[j] ? dy[j] / (float)count : 0;
                want[i * n + j] = add ? want[i * n + j] + share : share;
            }
        }
        kernels->share_equal(got, x, y, dy, m, n, add);
        mn_same("shares", got, want, HEIGHT * MOST + GUARD);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel_rows");
    TCase *tc = tcase_create("rows");
    int32_t tables = 0; /* every case runs once for each */
    while (mn_test_kernels_at(tables))
        tables++;
    seed = mn_seed();
    tcase_add_loop_test(tc, rows_that_letters_pick_are_added_in_order, 0, tables);
    tcase_add_loop_test(tc, rows_are_added_in_order, 0, tables);
    tcase_add_loop_test(tc, the_largest_of_a_column_is_nan_if_one_is, 0, tables);
    tcase_add_loop_test(tc, the_first_of_equals_is_found, 0, tables);
    tcase_add_loop_test(tc, equals_share_alike, 0, tables);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
