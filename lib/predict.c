/* predict.c - applying a model to blocks of samples, a block a thread */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <stdatomic.h>

#include <mirnet/predict.h>

#include "mem.h"
#include "plan.h"

/* Samples of a block: enough to use the weights well, few enough that the largest value of a block, in floats, stays
 * in a cache. Samples that are worth a thread of their own. And samples that are sorted by length, so that those of a
 * block end together. */
enum { LEAST = 4, ALONE = 2, MOST = 32, BLOCK_FLOATS = 1 << 18, WINDOW = 4096, MAX_THREADS = 256 };

struct mirnet_predictor {
    const mirnet_model *model;
    mirnet_encoder *encoder; /* its own, as the model's was; NULL: there was none */
    mn_threads *threads;
    int32_t n_plans; /* one for each thread */
    mn_plan **plans;
    int64_t block;
    int64_t together; /* so many samples, or fewer, all threads do together */
    int32_t *order;  /* [WINDOW] samples of a window, the longest first */
    int32_t *starts; /* [length of the encoder + 2] scratch of the sorting */
};

/* Where samples come from: the model's inputs as floats, or sequences. */
typedef struct source {
    const float *const *inputs;
    const char *const *sequences;
    const mirnet_dataset *dataset;
    const int64_t *records;
} source;

typedef struct job {
    mirnet_predictor *predictor;
    const source *from;
    int64_t first, n;     /* the samples of the window */
    int64_t block;        /* samples of a block, at most the predictor's */
    int64_t blocks;
    const int32_t *order; /* [n] NULL: as they come */
    bool dealt;           /* sorted samples go to the blocks in turn */
    float *out;
    _Atomic int64_t next;    /* block: whoever is free takes it, so that the longest are done first */
    _Atomic int64_t refused; /* the first sample that the encoder refused; INT64_MAX: none */
} job;

void mirnet_predictor_destroy(mirnet_predictor *predictor)
{
    if (!predictor)
        return;
    for (int32_t i = 0; predictor->plans && i < predictor->n_plans; i++)
        mn_plan_destroy(predictor->plans[i]);
    mn_free(predictor->plans);
    mn_free(predictor->order);
    mn_free(predictor->starts);
    mirnet_encoder_destroy(predictor->encoder);
    mn_threads_destroy(predictor->threads);
    mn_free(predictor);
}

static int64_t block_size(const mirnet_model *model)
{
    int64_t largest = 1;
    for (int32_t i = 0; i < model->n_nodes; i++)
        if (!mn_plan_replaces(model, i))
            largest = mn_max(largest, mn_shape_size(&model->nodes[i].out));
    return mn_max(LEAST, mn_min(MOST, BLOCK_FLOATS / largest));
}

static mirnet_status open_predictor(mirnet_predictor *predictor, int32_t threads)
{
    const mirnet_model *model = predictor->model;
    predictor->block = block_size(model);
    if (model->encoder) {
        MN_TRY(mirnet_encoder_create(&predictor->encoder, model->recipe));
        predictor->order = mn_calloc(WINDOW, sizeof(*predictor->order));
        predictor->starts =
            mn_calloc((size_t)mirnet_encoder_get_length(predictor->encoder) + 2, sizeof(*predictor->starts));
        if (!predictor->order || !predictor->starts)
            return MIRNET_ERR_NOMEM;
    }
    MN_TRY(mn_threads_create(&predictor->threads, threads));
    predictor->plans = mn_calloc((size_t)threads, sizeof(*predictor->plans));
    if (!predictor->plans)
        return MIRNET_ERR_NOMEM;
    predictor->n_plans = threads;
    mn_model_settle(model);
    for (int32_t i = 0; i < threads; i++) {
        mn_plan **plan = &predictor->plans[i];
        if (i == 0)
            MN_TRY(mn_plan_create(plan, model, predictor->block, MN_PLAN_FORWARD, mn_passes(), mn_kernels_get(),
                                  predictor->threads));
        else
            MN_TRY(mn_plan_create_twin(plan, predictor->plans[0]));
        (*plan)->run.weights = model->weights;
        (*plan)->run.threads = predictor->threads;
        mn_plan_prepare(*plan);
    }
    predictor->together = mn_plan_together(predictor->plans[0]);
    return MIRNET_OK;
}

/* The text of sample i, where the source is not tensors. */
static const char *sequence_of(const source *from, int64_t i, size_t *out_length)
{
    if (from->sequences) {
        *out_length = strlen(from->sequences[i]);
        return from->sequences[i];
    }
    const int64_t record = from->records ? from->records[i] : i;
    *out_length = (size_t)mirnet_dataset_get_length(from->dataset, record);
    return mirnet_dataset_get_sequence(from->dataset, record);
}

static mirnet_status encode(const job *j, int64_t i, float *to)
{
    size_t length;
    const char *text = sequence_of(j->from, i, &length);
    return mirnet_encoder_run(j->predictor->encoder, text, length, NULL, to);
}

static int64_t samples_of(const job *j, int64_t block)
{
    return j->dealt ? mn_ceil_div(j->n - block, j->blocks) : mn_min(j->block, j->n - block * j->block);
}

/* The i-th sample of a block. */
static int64_t sample_at(const job *j, int64_t block, int64_t i)
{
    const int64_t place = j->dealt ? i * j->blocks + block : block * j->block + i;
    return j->first + (j->order ? j->order[place] : place);
}

/* Puts the n samples of a block into the plan's inputs; false if the encoder refuses one. It looks at all of them,
 * and so do all blocks of a window, so that the first one is found in whatever order they are. */
static bool fill(job *j, const mn_plan *plan, int64_t block, int64_t n)
{
    const mirnet_model *model = plan->model;
    bool good = true;
    for (int32_t k = 0; j->from->inputs && k < model->spec->n_inputs; k++) {
        const int64_t size = mirnet_model_get_size(model, k);
        memcpy(mn_plan_input(plan, k), j->from->inputs[k] + sample_at(j, block, 0) * size,
               (size_t)(n * size) * sizeof(float));
    }
    for (int64_t i = 0; !j->from->inputs && i < n; i++) {
        const int64_t sample = sample_at(j, block, i);
        if (encode(j, sample, mn_plan_input(plan, 0) + i * mirnet_encoder_get_size(j->predictor->encoder)) == MIRNET_OK)
            continue;
        int64_t first = atomic_load(&j->refused);
        while (sample < first && !atomic_compare_exchange_weak(&j->refused, &first, sample))
            ;
        good = false;
    }
    return good;
}

static void run_block(job *j, mn_plan *plan, int64_t block)
{
    const int64_t size = mirnet_model_get_size(plan->model, -1), n = samples_of(j, block);
    if (!fill(j, plan, block, n))
        return;
    plan->run.batch = n;
    mn_plan_forward(plan);
    for (int64_t i = 0; i < n; i++)
        memcpy(j->out + sample_at(j, block, i) * size, mn_plan_output(plan) + i * size, (size_t)size * sizeof(float));
}

static void block_part(void *context, int64_t part, int32_t worker)
{
    job *j = context;
    (void)part;
    run_block(j, j->predictor->plans[worker], atomic_fetch_add(&j->next, 1));
}

/* Counts lengths, and puts the samples of the window in their order, the longest first, equal ones as they come. */
static void sort_window(job *j)
{
    const mirnet_predictor *predictor = j->predictor;
    const int64_t longest = mirnet_encoder_get_length(predictor->encoder);
    int32_t *starts = predictor->starts;
    size_t length;
    memset(starts, 0, (size_t)(longest + 2) * sizeof(*starts));
    for (int64_t i = 0; i < j->n; i++) {
        (void)sequence_of(j->from, j->first + i, &length);
        starts[longest - (int64_t)mn_min((int64_t)length, longest) + 1]++;
    }
    for (int64_t i = 1; i <= longest; i++)
        starts[i] += starts[i - 1];
    for (int64_t i = 0; i < j->n; i++) {
        (void)sequence_of(j->from, j->first + i, &length);
        predictor->order[starts[longest - (int64_t)mn_min((int64_t)length, longest)]++] = (int32_t)i;
    }
    j->order = predictor->order;
}

/* Many samples: each thread does whole blocks, as many as the others. Few: the threads share the work inside each
 * block. The bits are the same. */
static void run_window(job *j)
{
    mirnet_predictor *predictor = j->predictor;
    const int64_t rounds = mn_ceil_div(j->n, predictor->n_plans * predictor->block);
    j->block = mn_min(predictor->block, mn_max(ALONE, mn_ceil_div(j->n, predictor->n_plans * rounds)));
    const bool whole = mn_ceil_div(j->n, j->block) >= predictor->n_plans &&
                       j->n > predictor->together;
    if (!whole)
        j->block = mn_min(predictor->block, j->n);
    j->blocks = mn_ceil_div(j->n, j->block);
    if (j->blocks > 1 && !j->from->inputs)
        sort_window(j);
    j->dealt = j->order && j->blocks == predictor->n_plans;
    for (int32_t i = 0; i < predictor->n_plans; i++)
        predictor->plans[i]->run.threads = whole ? NULL : predictor->threads;
    atomic_store(&j->next, 0);
    if (whole)
        mn_threads_run(predictor->threads, block_part, j, j->blocks);
    for (int64_t b = 0; b < j->blocks && !whole; b++)
        run_block(j, predictor->plans[0], b);
}

static mirnet_status run(mirnet_predictor *predictor, const source *from, int64_t n, float *out)
{
    job j = {.predictor = predictor, .from = from, .out = out, .refused = INT64_MAX};
    const uint64_t mode = mn_denormals_flush();
    for (; j.first < n && atomic_load(&j.refused) == INT64_MAX; j.first += WINDOW) {
        j.n = mn_min(WINDOW, n - j.first);
        j.order = NULL;
        run_window(&j);
    }
    mn_denormals_restore(mode);
    const int64_t refused = atomic_load(&j.refused);
    if (refused == INT64_MAX)
        return MIRNET_OK;
    /* Messages belong to threads: the caller's gets it by asking again. */
    mirnet_status status = encode(&j, refused, mn_plan_input(predictor->plans[0], 0));
    return mn_fail_within(status, "sequence %lld", (long long)refused + 1);
}

/* -- Public -------------------------------------------------------------------------------------------------------- */

mirnet_status mirnet_predictor_create(mirnet_predictor **out, const mirnet_model *model, int32_t threads)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(threads >= 1 && threads <= MAX_THREADS, "threads is %d; expected 1..%d", threads, MAX_THREADS);
    mirnet_predictor *predictor = mn_calloc(1, sizeof(*predictor));
    if (!predictor)
        return MIRNET_ERR_NOMEM;
    predictor->model = model;
    mirnet_status status = open_predictor(predictor, threads);
    if (status != MIRNET_OK) {
        mirnet_predictor_destroy(predictor);
        return status;
    }
    *out = predictor;
    return MIRNET_OK;
}

static mirnet_status check(const mirnet_predictor *predictor, const void *data, const char *name, int64_t n,
                           const float *out)
{
    MN_REQUIRE(predictor, "predictor is NULL");
    MN_REQUIRE(n >= 0, "n is %lld; expected 0 or more", (long long)n);
    MN_REQUIRE(data || n == 0, "%s is NULL", name);
    MN_REQUIRE(out || n == 0, "out is NULL");
    return MIRNET_OK;
}

mirnet_status mirnet_predictor_run(mirnet_predictor *predictor, const float *const *inputs, int64_t n, float *out)
{
    MN_TRY(check(predictor, inputs, "inputs", n, out));
    for (int32_t i = 0; i < predictor->model->spec->n_inputs && n > 0; i++)
        MN_REQUIRE(inputs[i], "inputs[%d] is NULL", i);
    return run(predictor, &(source){.inputs = inputs}, n, out);
}

mirnet_status mirnet_predictor_run_sequences(mirnet_predictor *predictor, const char *const *sequences, int64_t n,
                                             float *out)
{
    MN_TRY(check(predictor, sequences, "sequences", n, out));
    MN_TRY(mn_model_check_encoder(predictor->model));
    for (int64_t i = 0; i < n; i++)
        MN_REQUIRE(sequences[i], "sequences[%lld] is NULL", (long long)i);
    return run(predictor, &(source){.sequences = sequences}, n, out);
}

mirnet_status mirnet_predictor_run_dataset(mirnet_predictor *predictor, const mirnet_dataset *dataset,
                                           const int64_t *records, int64_t n, float *out)
{
    MN_TRY(check(predictor, dataset, "dataset", n, out));
    MN_TRY(mn_model_check_encoder(predictor->model));
    const int64_t count = mirnet_dataset_count(dataset);
    for (int64_t i = 0; i < n; i++) {
        const int64_t record = records ? records[i] : i;
        MN_REQUIRE(record >= 0 && record < count, "record %lld does not exist; the dataset has %lld", (long long)record,
                   (long long)count);
    }
    return run(predictor, &(source){.dataset = dataset, .records = records}, n, out);
}
