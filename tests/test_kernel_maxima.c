/* test_kernel_maxima.c - the kernels that carry gradients back to the places of maxima, against plain loops */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <string.h>

#include "mn_kernels.h"
#include "mn_net.h"

enum { MOST = 70, GUARD = 20, ROWS = 7, APART = MOST + 3 };

static uint64_t seed;

/* A few values only, so that many are equal; y has one that is nowhere, and a NaN. */
static void draw(float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < ROWS * APART; i++)
        x[i] = (float)(int)mn_net_uniform(&seed, -2.5, 2.5);
    for (int64_t j = 0; j < n; j++)
        y[j] = j % 11 == 7 ? NAN : j % 13 == 9 ? 3 : (float)(int)mn_net_uniform(&seed, -2.5, 2.5);
    x[3] = NAN;
}

START_TEST(the_first_of_equals_is_found)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int64_t n = 1; n <= MOST; n++) {
        float x[ROWS * APART], y[MOST];
        int32_t got[MOST + GUARD];
        const int64_t m = 1 + n % ROWS, apart = n + n % 4;
        draw(x, y, n);
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
        float x[ROWS * APART], y[MOST], dy[MOST], got[ROWS * MOST + GUARD], want[ROWS * MOST + GUARD];
        const int64_t m = 1 + n % ROWS;
        const bool add = n % 2;
        draw(x, y, n);
        mn_net_fill(&seed, dy, n, -1, 1);
        mn_net_fill(&seed, got, ROWS * MOST + GUARD, -1, 1);
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
        mn_same("shares", got, want, ROWS * MOST + GUARD);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel_maxima");
    TCase *tc = tcase_create("maxima");
    int32_t tables = 0; /* every case runs once for each */
    while (mn_test_kernels_at(tables))
        tables++;
    seed = mn_seed();
    tcase_add_loop_test(tc, the_first_of_equals_is_found, 0, tables);
    tcase_add_loop_test(tc, equals_share_alike, 0, tables);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
