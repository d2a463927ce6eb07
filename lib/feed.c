/* feed.c - training samples, wherever they lie */
/* SPDX-License-Identifier: MIT */
#include "feed.h"

#include <math.h>

#include "mem.h"

void mn_feed_destroy(mn_feed *feed)
{
    mirnet_encoder_destroy(feed->encoder);
    mn_free(feed->records);
    mn_free(feed->own_inputs);
    *feed = (mn_feed){0};
}

static mirnet_status check_records(const mirnet_encoder *encoder, const mirnet_dataset *dataset,
                                   const int64_t *records, int64_t n)
{
    const int64_t count = mirnet_dataset_count(dataset);
    float *row = mn_floats((size_t)mirnet_encoder_get_size(encoder));
    if (!row)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = MIRNET_OK;
    for (int64_t i = 0; i < n && status == MIRNET_OK; i++) {
        const int64_t record = records ? records[i] : i;
        if (record < 0 || record >= count)
            status = mn_fail(MIRNET_ERR_INVALID, "record %lld does not exist; the dataset has %lld", (long long)record,
                             (long long)count);
        else if (mirnet_dataset_get_class(dataset, record) < 0)
            status = mn_fail(MIRNET_ERR_INVALID, "record %lld ('%s') has no class", (long long)record + 1,
                             mirnet_dataset_get_name(dataset, record));
        else
            status = mirnet_encoder_run(encoder, mirnet_dataset_get_sequence(dataset, record),
                                        (size_t)mirnet_dataset_get_length(dataset, record), NULL, row);
        if (status == MIRNET_ERR_FORMAT || status == MIRNET_ERR_SHAPE)
            mn_fail_within(status, "record %lld ('%s')", (long long)record + 1,
                           mirnet_dataset_get_name(dataset, record));
    }
    mn_free(row);
    return status;
}

mirnet_status mn_feed_set_dataset(mn_feed *feed, const mirnet_model *model, const mirnet_dataset *dataset,
                                  const int64_t *records, int64_t n)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(n >= 1 && n <= INT64_MAX / (int64_t)sizeof(int64_t), "n is %lld; expected 1 or more", (long long)n);
    MN_TRY(mn_model_check_encoder(model));
    const int64_t outputs = mn_shape_size(&mn_model_output(model)->out);
    if (mirnet_dataset_class_count(dataset) != outputs)
        return mn_fail(MIRNET_ERR_SHAPE, "the data have %d classes, the model has %lld outputs",
                       mirnet_dataset_class_count(dataset), (long long)outputs);
    mn_feed made = {.n = n, .dataset = dataset};
    MN_TRY(mirnet_encoder_create(&made.encoder, model->recipe));
    mirnet_status status = check_records(made.encoder, dataset, records, n);
    if (status == MIRNET_OK && !(made.records = mn_calloc((size_t)n, sizeof(*made.records))))
        status = MIRNET_ERR_NOMEM;
    if (status != MIRNET_OK) {
        mn_feed_destroy(&made);
        return status;
    }
    for (int64_t i = 0; i < n; i++)
        made.records[i] = records ? records[i] : i;
    mn_feed_destroy(feed);
    *feed = made;
    return MIRNET_OK;
}

mirnet_status mn_feed_borrow_tensors(mn_feed *out, const mirnet_model *model, const float *const *inputs,
                                     const float *targets, const float *weights, int64_t n)
{
    const int32_t n_inputs = model->spec->n_inputs;
    MN_REQUIRE(inputs, "inputs is NULL");
    MN_REQUIRE(targets, "targets is NULL");
    MN_REQUIRE(n >= 1, "n is %lld; expected 1 or more", (long long)n);
    for (int32_t i = 0; i < n_inputs; i++)
        MN_REQUIRE(inputs[i], "inputs[%d] is NULL", i);
    const int64_t outputs = mn_shape_size(&mn_model_output(model)->out);
    for (int64_t i = 0; i < n * outputs; i++)
        MN_REQUIRE(isfinite(targets[i]), "target %lld of sample %lld is not finite", (long long)(i % outputs),
                   (long long)(i / outputs));
    for (int64_t i = 0; i < n && weights; i++)
        MN_REQUIRE(isfinite(weights[i]) && weights[i] >= 0, "weight of sample %lld is not a number of 0 or more",
                   (long long)i);
    *out = (mn_feed){.n = n, .inputs = inputs, .targets = targets, .weights = weights};
    return MIRNET_OK;
}

mirnet_status mn_feed_set_tensors(mn_feed *feed, const mirnet_model *model, const float *const *inputs,
                                  const float *targets, const float *weights, int64_t n)
{
    const size_t n_inputs = (size_t)model->spec->n_inputs;
    mn_feed made;
    MN_TRY(mn_feed_borrow_tensors(&made, model, inputs, targets, weights, n));
    made.inputs = made.own_inputs = mn_calloc(n_inputs, sizeof(*made.own_inputs));
    if (!made.own_inputs)
        return MIRNET_ERR_NOMEM;
    memcpy(made.own_inputs, inputs, n_inputs * sizeof(*inputs));
    mn_feed_destroy(feed);
    *feed = made;
    return MIRNET_OK;
}

int32_t mn_feed_class(const mn_feed *feed, const mirnet_model *model, int64_t i)
{
    if (feed->dataset)
        return mirnet_dataset_get_class(feed->dataset, feed->records[i]);
    const int64_t outputs = mn_shape_size(&mn_model_output(model)->out);
    const float *target = feed->targets + i * outputs;
    int32_t best = 0;
    for (int32_t c = 1; c < outputs; c++)
        if (target[c] > target[best])
            best = c;
    return best;
}

void mn_feed_get(const mn_feed *feed, const mn_plan *plan, int64_t i, int64_t row, float *target, float *weight)
{
    const mirnet_model *model = plan->model;
    const int64_t outputs = mn_shape_size(&mn_model_output(model)->out);
    if (feed->dataset) {
        const int64_t record = feed->records[i];
        /* Cannot fail: the record was encoded once when it was set. */
        (void)mirnet_encoder_run(feed->encoder, mirnet_dataset_get_sequence(feed->dataset, record),
                                 (size_t)mirnet_dataset_get_length(feed->dataset, record), NULL,
                                 mn_plan_input(plan, 0) + row * mirnet_encoder_get_size(feed->encoder));
        memset(target, 0, (size_t)outputs * sizeof(*target));
        target[mirnet_dataset_get_class(feed->dataset, record)] = 1;
        *weight = 1;
        return;
    }
    for (int32_t k = 0; k < model->spec->n_inputs; k++) {
        const int64_t size = mirnet_model_get_size(model, k);
        memcpy(mn_plan_input(plan, k) + row * size, feed->inputs[k] + i * size, (size_t)size * sizeof(float));
    }
    memcpy(target, feed->targets + i * outputs, (size_t)outputs * sizeof(*target));
    *weight = feed->weights ? feed->weights[i] : 1;
}
