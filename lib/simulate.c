/* simulate.c - synthetic hairpins of two classes, for trying things out */
/* SPDX-License-Identifier: MIT */
#include "dataset.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "rng.h"

/*
 * A hairpin is a 5' arm of random letters, a loop, and a 3' arm that pairs with the 5' arm but for some mismatches.
 * Mirtrons are whole introns: they are shorter, start with GU and a G-rich stretch, and end with a pyrimidine tract
 * and (C|U)AG. TROUBLE is the share of hairpins that carry the ends of the other class, so that no rule gets all of
 * them right.
 */
enum { SHORTEST = 48, LONGEST = 164 };

static const double TROUBLE = 0.05;

typedef struct mn_hairpin {
    char sequence[LONGEST + 1], structure[LONGEST + 1];
    int32_t length, loop;
} mn_hairpin;

static char draw_letter(mn_rng *rng, double a, double u, double g)
{
    double p = mn_rng_uniform(rng);
    return p < a ? 'A' : p < a + u ? 'U' : p < a + u + g ? 'G' : 'C';
}

static char partner(char letter)
{
    return letter == 'A' ? 'U' : letter == 'U' ? 'A' : letter == 'G' ? 'C' : 'G';
}

static bool pairs(char a, char b)
{
    return partner(a) == b || (a == 'G' && b == 'U') || (a == 'U' && b == 'G');
}

static void draw_stem(mn_rng *rng, mn_hairpin *hairpin, double mean, double sd)
{
    double length = mean + sd * mn_rng_normal(rng);
    hairpin->length = length < SHORTEST ? SHORTEST : length > LONGEST ? LONGEST : (int32_t)length;
    hairpin->loop = 4 + (int32_t)mn_rng_below(rng, 12);
    hairpin->loop += (hairpin->length - hairpin->loop) % 2;
    int32_t arm = (hairpin->length - hairpin->loop) / 2;
    for (int32_t i = 0; i < hairpin->length; i++)
        hairpin->sequence[i] = draw_letter(rng, 0.24, 0.28, 0.26);
    for (int32_t i = 0; i < arm; i++)
        if (mn_rng_uniform(rng) > 0.15)
            hairpin->sequence[hairpin->length - 1 - i] = partner(hairpin->sequence[i]);
}

/* The ends of an intron, each letter of them with some freedom. */
static void draw_ends(mn_rng *rng, mn_hairpin *hairpin)
{
    char *five = hairpin->sequence, *three = hairpin->sequence + hairpin->length;
    int32_t tract = 8 + (int32_t)mn_rng_below(rng, 7);
    five[0] = 'G';
    five[1] = mn_rng_uniform(rng) < 0.95 ? 'U' : 'C';
    for (int32_t i = 2; i < 8; i++)
        if (mn_rng_uniform(rng) < 0.7)
            five[i] = draw_letter(rng, 0.2, 0.1, 0.65);
    for (int32_t i = 4; i < tract + 4; i++)
        if (mn_rng_uniform(rng) < 0.75)
            three[-i] = draw_letter(rng, 0.07, 0.43, 0.09);
    three[-3] = mn_rng_uniform(rng) < 0.7 ? 'C' : 'U';
    three[-2] = 'A';
    three[-1] = 'G';
}

static void draw_structure(mn_hairpin *hairpin)
{
    int32_t n = hairpin->length, arm = (n - hairpin->loop) / 2;
    memset(hairpin->structure, '.', (size_t)n);
    for (int32_t i = 0; i < arm; i++)
        if (pairs(hairpin->sequence[i], hairpin->sequence[n - 1 - i])) {
            hairpin->structure[i] = '(';
            hairpin->structure[n - 1 - i] = ')';
        }
    hairpin->structure[n] = hairpin->sequence[n] = '\0';
}

static mirnet_status add_hairpin(mirnet_dataset *dataset, bool mirtron, int64_t i, uint64_t seed)
{
    mn_rng rng = mn_rng_create(seed, MN_RNG_SIMULATE, mirtron, (uint64_t)i);
    mn_hairpin hairpin;
    draw_stem(&rng, &hairpin, mirtron ? 74 : 86, mirtron ? 13 : 14);
    if ((mn_rng_uniform(&rng) < TROUBLE) != mirtron)
        draw_ends(&rng, &hairpin);
    draw_structure(&hairpin);
    char name[48];
    snprintf(name, sizeof(name), "sim_%s_%" PRId64, mirtron ? "mirtron" : "canonical", i + 1);
    return mirnet_dataset_add(dataset, name, hairpin.sequence, hairpin.structure, mirtron ? "mirtron" : "canonical",
                              NULL);
}

mirnet_status mirnet_dataset_simulate(mirnet_dataset *dataset, int64_t n_per_class, uint64_t seed)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(n_per_class >= 1, "n_per_class is %" PRId64 ": expected at least 1", n_per_class);
    mn_dataset_mark mark = mn_dataset_get_mark(dataset);
    mirnet_status status = MIRNET_OK;
    /* The classes take turns, so that any leading or trailing part of the set has both. */
    for (int64_t i = 0; i < n_per_class && status == MIRNET_OK; i++) {
        status = add_hairpin(dataset, true, i, seed);
        if (status == MIRNET_OK)
            status = add_hairpin(dataset, false, i, seed);
    }
    if (status != MIRNET_OK)
        mn_dataset_reset(dataset, mark);
    return status;
}
