/* feed.h - training samples, wherever they lie: a dataset's records or the caller's tensors */
/* SPDX-License-Identifier: MIT */
#ifndef MN_FEED_H
#define MN_FEED_H

#include <mirnet/dataset.h>

#include "plan.h"

/* All zeros is an empty feed. What it points at is borrowed but for what is its own. */
typedef struct mn_feed {
    int64_t n;
    const mirnet_dataset *dataset; /* NULL: tensors */
    mirnet_encoder *encoder;       /* own, as the model's was when the dataset was set */
    int64_t *records;              /* [n] own copy */
    const float *const *inputs;    /* [inputs of the model] */
    const float **own_inputs;      /* a copy of these pointers, or NULL where the caller's list is enough */
    const float *targets, *weights;
} mn_feed;

/* Checks everything that can be wrong with a sample, so that reading it later cannot fail. The old feed stays as it
 * was on an error. Errors: INVALID, SHAPE, FORMAT, NOMEM. */
mirnet_status mn_feed_set_dataset(mn_feed *feed, const mirnet_model *model, const mirnet_dataset *dataset,
                                  const int64_t *records, int64_t n) MN_MUST_CHECK;
mirnet_status mn_feed_set_tensors(mn_feed *feed, const mirnet_model *model, const float *const *inputs,
                                  const float *targets, const float *weights, int64_t n) MN_MUST_CHECK;
/* The same for one call, without a copy of the list of inputs: nothing is allocated, nothing to be destroyed. */
mirnet_status mn_feed_borrow_tensors(mn_feed *out, const mirnet_model *model, const float *const *inputs,
                                     const float *targets, const float *weights, int64_t n) MN_MUST_CHECK;
void mn_feed_destroy(mn_feed *feed);

/* The class of sample i: the record's, or the largest target. */
int32_t mn_feed_class(const mn_feed *feed, const mirnet_model *model, int64_t i);

/* Puts sample i into row `row` of the plan's inputs, its target into target[outputs], its weight into *weight. */
void mn_feed_get(const mn_feed *feed, const mn_plan *plan, int64_t i, int64_t row, float *target, float *weight);

#endif
