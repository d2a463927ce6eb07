/* mn_guarded.c - memory with guards, and what else tests of kernels share */
/* SPDX-License-Identifier: MIT */
#include "mn_guarded.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mn_check.h"
#include "mn_net.h"

uint64_t mn_stream;

int64_t mn_draw(int64_t low, int64_t high)
{
    return low + (int64_t)floor(((double)mn_net_uniform(&mn_stream, 0, 0.999999)) * (double)(high - low + 1));
}

bool mn_toss(void)
{
    return mn_draw(0, 1) == 1;
}

mn_guarded mn_guarded_create(int64_t n)
{
    mn_guarded f = {.n = n, .all = mn_net_floats(n + 2 * MN_GUARD), .copy = mn_net_floats(n + 2 * MN_GUARD)};
    mn_net_fill(&mn_stream, f.all, n + 2 * MN_GUARD, -1, 1);
    memcpy(f.copy, f.all, (size_t)(n + 2 * MN_GUARD) * sizeof(float));
    f.at = f.all + MN_GUARD - mn_draw(0, 7);
    return f;
}

float mn_guarded_before(const mn_guarded *f, int64_t i)
{
    return f->copy[f->at - f->all + i];
}

void mn_guarded_check(const char *what, const mn_guarded *f, const bool *written)
{
    for (int64_t i = 0; i < f->n + 2 * MN_GUARD; i++) {
        const int64_t place = i - (f->at - f->all);
        if (place >= 0 && place < f->n && written[place])
            continue;
        if (memcmp(&f->all[i], &f->copy[i], sizeof(float)) != 0)
            ck_abort_msg("%s wrote to place %d of %d", what, (int)place, (int)f->n);
    }
}

void mn_guarded_destroy(mn_guarded *f)
{
    free(f->all);
    free(f->copy);
}

bool *mn_flags(int64_t n, bool value)
{
    bool *made = malloc((size_t)(n > 0 ? n : 1));
    ck_assert_ptr_nonnull(made);
    memset(made, value, (size_t)n);
    return made;
}

double mn_bound(int64_t k, double magnitude)
{
    return (double)(k + 8) * (double)FLT_EPSILON * magnitude + 1e-37;
}

void mn_within(double error, double allowed)
{
    if (!(error <= allowed))
        ck_abort_msg("off by %g, allowed %g", error, allowed);
}
