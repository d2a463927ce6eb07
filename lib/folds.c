/* folds.c - cross-validation: who is tested when */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <mirnet/folds.h>

#include "mem.h"
#include "rng.h"
#include "stratify.h"

struct mirnet_folds {
    int64_t n;
    int32_t k;
    int32_t *fold;  /* [n] which fold tests a record */
    int64_t *sizes; /* [k] of the test sets */
};

/* A copy with wider numbers. */
static mirnet_status widen_classes(int64_t **out, const int32_t *classes, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        MN_REQUIRE(classes[i] >= 0, "classes[%lld] is %d: a class is not negative", (long long)i, classes[i]);
    int64_t *wide = mn_calloc((size_t)n, sizeof(*wide));
    if (!wide)
        return MIRNET_ERR_NOMEM;
    for (int64_t i = 0; i < n; i++)
        wide[i] = classes[i];
    *out = wide;
    return MIRNET_OK;
}

static mirnet_status assign(mirnet_folds *folds, const int32_t *classes, const int64_t *opt_groups, mn_rng *opt_rng)
{
    int64_t *wide = NULL;
    MN_TRY(widen_classes(&wide, classes, folds->n));
    mirnet_status status = opt_groups ? mn_stratify_groups(folds->fold, wide, opt_groups, folds->n, folds->k, opt_rng)
                                      : mn_stratify(folds->fold, wide, folds->n, folds->k, opt_rng);
    mn_free(wide);
    if (status != MIRNET_OK)
        return status;
    for (int64_t i = 0; i < folds->n; i++)
        folds->sizes[folds->fold[i]]++;
    /* Nothing can be said of a fold that tests nothing; only groups can lead to it. */
    for (int32_t f = 0; f < folds->k; f++)
        MN_REQUIRE(folds->sizes[f] > 0, "%d folds of these groups would leave fold %d empty: use fewer", folds->k, f);
    return MIRNET_OK;
}

mirnet_status mirnet_folds_create(mirnet_folds **out, const int32_t *classes, const int64_t *opt_groups, int64_t n,
                                  int32_t k, int32_t shuffle, uint64_t seed)
{
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(classes, "classes is NULL");
    MN_REQUIRE(k >= 2, "k is %d: at least 2 folds are needed", k);
    MN_REQUIRE(k <= n, "%d folds of %lld records: use at most one for each record", k, (long long)n);
    mirnet_folds *folds = mn_calloc(1, sizeof(*folds));
    if (!folds)
        return MIRNET_ERR_NOMEM;
    folds->n = n;
    folds->k = k;
    folds->fold = mn_calloc((size_t)n, sizeof(*folds->fold));
    folds->sizes = folds->fold ? mn_calloc((size_t)k, sizeof(*folds->sizes)) : NULL;
    mn_rng rng = mn_rng_create(seed, MN_RNG_FOLDS, 0, 0);
    mirnet_status status = folds->sizes ? assign(folds, classes, opt_groups, shuffle ? &rng : NULL) : MIRNET_ERR_NOMEM;
    if (status != MIRNET_OK) {
        mirnet_folds_destroy(folds);
        return status;
    }
    *out = folds;
    return MIRNET_OK;
}

void mirnet_folds_destroy(mirnet_folds *folds)
{
    if (!folds)
        return;
    mn_free(folds->fold);
    mn_free(folds->sizes);
    mn_free(folds);
}

int32_t mirnet_folds_count(const mirnet_folds *folds)
{
    return folds ? folds->k : 0;
}

int64_t mirnet_folds_get_test_size(const mirnet_folds *folds, int32_t fold)
{
    return folds && fold >= 0 && fold < folds->k ? folds->sizes[fold] : 0;
}

int64_t mirnet_folds_get_train_size(const mirnet_folds *folds, int32_t fold)
{
    return folds && fold >= 0 && fold < folds->k ? folds->n - folds->sizes[fold] : 0;
}

/* The records that fold f tests, or those that it does not. */
static mirnet_status get_records(const mirnet_folds *folds, int32_t fold, bool tested, int64_t *out)
{
    MN_REQUIRE(folds, "folds is NULL");
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(fold >= 0 && fold < folds->k, "fold %d of %d", fold, folds->k);
    for (int64_t i = 0; i < folds->n; i++)
        if ((folds->fold[i] == fold) == tested)
            *out++ = i;
    return MIRNET_OK;
}

mirnet_status mirnet_folds_get_test(const mirnet_folds *folds, int32_t fold, int64_t *out)
{
    return get_records(folds, fold, true, out);
}

mirnet_status mirnet_folds_get_train(const mirnet_folds *folds, int32_t fold, int64_t *out)
{
    return get_records(folds, fold, false, out);
}

int32_t mirnet_folds_get_fold(const mirnet_folds *folds, int64_t i)
{
    return folds && i >= 0 && i < folds->n ? folds->fold[i] : -1;
}
