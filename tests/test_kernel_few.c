/* test_kernel_few.c - the kernels for few rows against plain loops in double, and steps made with the gradient */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mn_guarded.h"
#include "mn_kernels.h"
#include "mn_net.h"

enum { ROUNDS = 80 };

/* A plain W of which only the columns of one or two ranges may be read, few rows of X and D. */
typedef struct few_case {
    mn_few f;
    int64_t k;
    float *x, *w, *d;
} few_case;

static bool in_ranges(const mn_few *f, int64_t n)
{
    for (int32_t i = 0; i < f->ranges; i++)
        if (n >= f->from[i] && n < f->to[i])
            return true;
    return false;
}

static few_case any_few(void)
{
    const int64_t m = mn_draw(1, 20), n = mn_draw(1, 70), k = mn_draw(1, 70);
    const int64_t ldx = k + mn_draw(0, 3), ldw = n + mn_draw(0, 3);
    few_case c = {.k = k, .x = mn_net_floats(m * ldx), .w = mn_net_floats(k * ldw), .d = mn_net_floats(m * ldw)};
    c.f = (mn_few){.m = m, .ranges = 1, .to = {n}, .x = c.x, .ldx = ldx, .w = c.w, .ldw = ldw, .d = c.d, .ldd = ldw};
    if (mn_toss()) {
        c.f.ranges = 2;
        c.f.to[0] = mn_draw(0, n);
        c.f.from[1] = mn_draw(c.f.to[0], n);
        c.f.to[1] = n;
    }
    mn_net_fill(&mn_stream, c.x, m * ldx, -1, 1);
    mn_net_fill(&mn_stream, c.w, k * ldw, -1, 1);
    mn_net_fill(&mn_stream, c.d, m * ldw, -1, 1);
    for (int64_t j = 0; j < ldw; j++)
        for (int64_t i = 0; i < (k > m ? k : m) && !in_ranges(&c.f, j); i++) {
            if (i < k)
                c.w[i * ldw + j] = NAN;
            if (i < m)
                c.d[i * ldw + j] = NAN;
        }
    return c;
}

static void free_few(few_case *c)
{
    free(c->x);
    free(c->w);
    free(c->d);
}

START_TEST(few_rows_forward)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS; i++) {
        few_case c = any_few();
        const mn_few *f = &c.f;
        const int64_t ldy = f->ldw + mn_draw(0, 3), k0 = mn_draw(0, c.k - 1), k1 = mn_draw(k0 + 1, c.k);
        mn_guarded y = mn_guarded_create(f->m * ldy);
        bool *written = mn_flags(y.n, false);
        kernels->few_forward(f, k0, k1, y.at, ldy);
        for (int64_t a = 0; a < f->m; a++)
            for (int64_t b = 0; b < f->ldw; b++) {
                double sum = 0, magnitude = 0;
                for (int64_t j = k0; j < k1; j++) {
                    sum += (double)f->x[a * f->ldx + j] * (double)f->w[j * f->ldw + b];
                    magnitude += fabs((double)f->x[a * f->ldx + j] * (double)f->w[j * f->ldw + b]);
                }
                if (!in_ranges(f, b))
                    continue;
                written[a * ldy + b] = true;
                mn_within(fabs((double)y.at[a * ldy + b] - sum), mn_bound(k1 - k0, magnitude));
            }
        mn_guarded_check("few_forward", &y, written);
        free(written);
        mn_guarded_destroy(&y);
        free_few(&c);
    }
}
END_TEST

/* dX is what a product with the transposed matrix gives, whether it overwrites X, is added to, or stands alone. */
static void check_few_dx(const few_case *c, const mn_guarded *dx, const float *x, bool add)
{
    const mn_few *f = &c->f;
    bool *written = mn_flags(dx->n, false);
    for (int64_t a = 0; a < f->m; a++)
        for (int64_t k = 0; k < c->k; k++) {
            double sum = add ? (double)x[a * f->ldx + k] : 0, magnitude = fabs(sum);
            for (int64_t n = 0; n < f->ldw; n++)
                if (in_ranges(f, n)) {
                    sum += (double)f->d[a * f->ldd + n] * (double)f->w[k * f->ldw + n];
                    magnitude += fabs((double)f->d[a * f->ldd + n] * (double)f->w[k * f->ldw + n]);
                }
            written[a * f->ldx + k] = true;
            mn_within(fabs((double)dx->at[a * f->ldx + k] - sum), mn_bound(f->ldw, magnitude));
        }
    mn_guarded_check("few_back", dx, written);
    free(written);
}

static void check_few_gradient(const few_case *c, const mn_guarded *g, const float *x, bool add)
{
    const mn_few *f = &c->f;
    bool *written = mn_flags(g->n, false);
    for (int64_t k = 0; k < c->k; k++)
        for (int64_t n = 0; n < f->ldw; n++) {
            const int64_t at = k * f->gradient.ld + n;
            double sum = add ? (double)mn_guarded_before(g, at) : 0, magnitude = fabs(sum);
            for (int64_t a = 0; a < f->m && in_ranges(f, n); a++) {
                sum += (double)x[a * f->ldx + k] * (double)f->d[a * f->ldd + n];
                magnitude += fabs((double)x[a * f->ldx + k] * (double)f->d[a * f->ldd + n]);
            }
            if (!in_ranges(f, n))
                continue;
            written[at] = true;
            mn_within(fabs((double)g->at[at] - sum), mn_bound(f->m, magnitude));
        }
    mn_guarded_check("few_back's gradient", g, written);
    free(written);
}

START_TEST(few_rows_back)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    for (int i = 0; i < ROUNDS; i++) {
        few_case c = any_few();
        const int64_t size = c.f.m * c.f.ldx;
        const bool in_place = mn_toss();
        mn_guarded dx = mn_guarded_create(size), g = mn_guarded_create(c.k * c.f.ldw);
        float *x = mn_net_floats(size); /* what X, or what is added to, was before */
        memcpy(x, in_place ? c.x : dx.at, (size_t)size * sizeof(float));
        if (in_place) {
            memcpy(dx.at, c.x, (size_t)size * sizeof(float));
            memcpy(dx.copy + (dx.at - dx.all), c.x, (size_t)size * sizeof(float));
            c.f.x = dx.at;
        }
        c.f.dx = dx.at;
        c.f.dx_add = mn_toss();
        c.f.gradient = (mn_gradient){.g = g.at, .ld = c.f.ldw, .add = mn_toss()};
        for (int64_t from = 0, to; from < c.k; from = to) {
            to = mn_min(c.k, from + mn_draw(1, 30));
            kernels->few_back(&c.f, from, to);
        }
        check_few_dx(&c, &dx, x, c.f.dx_add);
        check_few_gradient(&c, &g, c.x, c.f.gradient.add);
        free(x);
        mn_guarded_destroy(&dx);
        mn_guarded_destroy(&g);
        free_few(&c);
    }
}
END_TEST

/* A step that is made at once has the bits of a gradient that is stored and a step behind it, and so has dX. */
START_TEST(steps_made_with_the_gradient)
{
    const mn_kernels *kernels = mn_test_kernels_at(_i);
    const mn_update u = {.rate = 0.01f, .beta_1 = 0.9f, .beta_2 = 0.99f, .epsilon = 1e-6f, .scale = 1,
                         .clip = _i % 2 ? 0.5f : 0};
    for (int i = 0; i < ROUNDS; i++) {
        few_case c = any_few();
        const int64_t n = c.f.ldw, size = c.k * n;
        float *a = mn_net_floats(3 * size), *b = mn_net_floats(3 * size), *g = mn_net_floats(size);
        float *dx = mn_net_floats(2 * c.f.m * c.f.ldx), *dx_at_once = dx + c.f.m * c.f.ldx;
        const bool back = mn_toss();
        mn_net_fill(&mn_stream, a, 3 * size, 0, 1);
        memcpy(b, a, (size_t)(3 * size) * sizeof(float));
        c.f.gradient = (mn_gradient){.g = g, .ld = n};
        const bool few = mn_toss();
        const mn_outer o = {.m = c.f.m, .n = c.f.to[0], .runs = 1, .run = c.k, .x = c.x, .d = c.d,
                            .lda = c.f.ldx, .ldc = n};
        mn_outer stored = o, at_once = o;
        stored.to = c.f.gradient;
        at_once.to = (mn_gradient){.ld = n, .update = &u, .w = b, .m = b + size, .v = b + 2 * size};
        c.f.dx = back ? dx : NULL;
        if (few)
            kernels->few_back(&c.f, 0, c.k);
        else
            kernels->outer(&stored, 0, 0, c.k);
        for (int64_t k = 0; k < c.k; k++)
            for (int32_t r = 0; r < (few ? c.f.ranges : 1); r++) {
                const int64_t at = k * n + c.f.from[r];
                kernels->adam(&u, a + at, a + size + at, a + 2 * size + at, g + at, c.f.to[r] - c.f.from[r]);
            }
        c.f.gradient = at_once.to;
        c.f.dx = back ? dx_at_once : NULL;
        if (few)
            kernels->few_back(&c.f, 0, c.k);
        else
            kernels->outer(&at_once, 0, 0, c.k);
        mn_same("weights and moments", b, a, (size_t)(3 * size));
        mn_same("dX", dx_at_once, dx, (size_t)(c.f.m * c.f.ldx));
        free(dx);
        free(a);
        free(b);
        free(g);
        free_few(&c);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel_few");
    TCase *tc = tcase_create("few");
    int32_t tables = 0; /* every case runs once for each */
    while (mn_test_kernels_at(tables))
        tables++;
    mn_stream = mn_seed();
    tcase_add_loop_test(tc, few_rows_forward, 0, tables);
    tcase_add_loop_test(tc, few_rows_back, 0, tables);
    tcase_add_loop_test(tc, steps_made_with_the_gradient, 0, tables);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
