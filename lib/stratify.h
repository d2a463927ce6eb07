/* stratify.h - dividing records into folds with like shares of every class */
/* SPDX-License-Identifier: MIT */
#ifndef MN_STRATIFY_H
#define MN_STRATIFY_H

#include "common.h"
#include "rng.h"

/* fold [n] gets the number 0..k-1 of the fold that tests each record; n >= k >= 2. Without opt_rng nothing is shuffled.
 * The first is StratifiedKFold of scikit-learn, the second its StratifiedGroupKFold, which keeps the records of a group
 * together. Errors: INVALID (every class smaller than k; fewer groups than k), NOMEM. */
mirnet_status mn_stratify(int32_t *fold, const int64_t *class_of, int64_t n, int32_t k, mn_rng *opt_rng) MN_MUST_CHECK;
mirnet_status mn_stratify_groups(int32_t *fold, const int64_t *class_of, const int64_t *group_of, int64_t n, int32_t k,
                                 mn_rng *opt_rng) MN_MUST_CHECK;

#endif
