/* folds.h - cross-validation: who is tested when */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_FOLDS_H
#define MIRNET_FOLDS_H

#include <mirnet/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Folds: a division of n records into k test sets. Immutable; any number of threads may read it. Owned by the caller.
 *
 * Stratified k-fold as scikit-learn's StratifiedKFold (0.22 and later): how many records of each class go to each
 * fold is the same, and without shuffling also which. With groups, as its StratifiedGroupKFold (1.0 and later): no
 * group is in two folds. Shuffling draws from the seed with this library's own generator.
 */
typedef struct mirnet_folds mirnet_folds;

/* classes is [n], any non-negative numbers; opt_groups is [n] or NULL. k >= 2.
 * Errors: INVALID (k < 2, k > n, k > the groups, groups that would leave a fold empty, a negative class; with no groups
 * also: every class smaller than k), NOMEM. */
MIRNET_API mirnet_status mirnet_folds_create(mirnet_folds **out, const int32_t *classes, const int64_t *opt_groups,
                                             int64_t n, int32_t k, int32_t shuffle, uint64_t seed);
MIRNET_API void mirnet_folds_destroy(mirnet_folds *folds);

MIRNET_API int32_t mirnet_folds_count(const mirnet_folds *folds);
/* Sizes of fold f's test and training sets; 0 if there is no such fold. */
MIRNET_API int64_t mirnet_folds_get_test_size(const mirnet_folds *folds, int32_t fold);
MIRNET_API int64_t mirnet_folds_get_train_size(const mirnet_folds *folds, int32_t fold);
/* Record indices in ascending order into the caller's array of that size. Errors: INVALID. */
MIRNET_API mirnet_status mirnet_folds_get_test(const mirnet_folds *folds, int32_t fold, int64_t *out);
MIRNET_API mirnet_status mirnet_folds_get_train(const mirnet_folds *folds, int32_t fold, int64_t *out);
/* Which fold tests record i; -1 if there is no such record. */
MIRNET_API int32_t mirnet_folds_get_fold(const mirnet_folds *folds, int64_t i);

#ifdef __cplusplus
}
#endif
#endif
