/* stratify.c - dividing records into folds with like shares of every class */
/* SPDX-License-Identifier: MIT */
#include "stratify.h"

#include <math.h>
#include <stdlib.h>

#include "mem.h"

/* A record's class or group as a number 0..count-1. */
typedef struct labels {
    int64_t *rank; /* [n] */
    int64_t count;
} labels;

typedef struct keyed {
    int64_t key, index;
} keyed;

static int compare_keyed(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Ranks in ascending order of the key. */
static mirnet_status labels_create(labels *out, const int64_t *keys, int64_t n)
{
    keyed *items = mn_calloc((size_t)n, sizeof(*items));
    int64_t *rank = items ? mn_calloc((size_t)n, sizeof(*rank)) : NULL, last = 0;
    if (!rank) {
        mn_free(items);
        return MIRNET_ERR_NOMEM;
    }
    for (int64_t i = 0; i < n; i++)
        items[i] = (keyed){keys[i], i};
    qsort(items, (size_t)n, sizeof(*items), compare_keyed);
    for (int64_t i = 0; i < n; i++) {
        if (i > 0 && items[i].key != items[i - 1].key)
            last++;
        rank[items[i].index] = last;
    }
    mn_free(items);
    *out = (labels){rank, last + 1};
    return MIRNET_OK;
}

/* Renumbers classes by their first appearance: which of two names sorts first must not change the folds. */
static mirnet_status order_by_appearance(labels *classes, int64_t n)
{
    int64_t *number = mn_calloc((size_t)classes->count, sizeof(*number)), next = 0; /* 1-based, 0: not seen yet */
    if (!number)
        return MIRNET_ERR_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        int64_t *seen = &number[classes->rank[i]];
        if (*seen == 0)
            *seen = ++next;
        classes->rank[i] = *seen - 1;
    }
    mn_free(number);
    return MIRNET_OK;
}

static mirnet_status count_labels(int64_t **out, const labels *classes, int64_t n)
{
    int64_t *counts = mn_calloc((size_t)classes->count, sizeof(*counts));
    if (!counts)
        return MIRNET_ERR_NOMEM;
    for (int64_t i = 0; i < n; i++)
        counts[classes->rank[i]]++;
    *out = counts;
    return MIRNET_OK;
}

/* ---- without groups ---- */

/*
 * Deals out the records sorted by class, the p-th to fold p mod k: that fixes how many of each class a fold gets, and
 * no two test sets differ in size by more than one. Within a class the records take their folds in ascending order, or
 * shuffled.
 *
 * plan is [n], one entry for each record in order of class: start[c] is where class c begins. On return start[c] is
 * where class c + 1 begins.
 */
static void deal(int32_t *fold, const labels *classes, int64_t *start, int64_t *plan, int64_t n, int64_t k,
                 mn_rng *opt_rng)
{
    for (int64_t c = 0; c < classes->count; c++) {
        int64_t end = c + 1 < classes->count ? start[c + 1] : n, at = start[c];
        for (int64_t f = 0; f < k; f++) {
            /* The positions p in start..end-1 with p mod k = f. */
            int64_t first = start[c] + (f - start[c] % k + k) % k;
            for (int64_t p = first; p < end; p += k)
                plan[at++] = f;
        }
        if (opt_rng)
            mn_rng_shuffle(opt_rng, plan + start[c], end - start[c]);
    }
    for (int64_t i = 0; i < n; i++)
        fold[i] = (int32_t)plan[start[classes->rank[i]]++];
}

static mirnet_status check_class_sizes(const int64_t *counts, int64_t n_classes, int32_t k)
{
    int64_t largest = 0;
    for (int64_t c = 0; c < n_classes; c++)
        largest = mn_max(largest, counts[c]);
    MN_REQUIRE(largest >= k, "%d folds of classes that have at most %lld records each: use at most %lld", k,
               (long long)largest, (long long)largest);
    return MIRNET_OK;
}

static void counts_to_starts(int64_t *counts, int64_t n)
{
    int64_t start = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t count = counts[i];
        counts[i] = start;
        start += count;
    }
}

mirnet_status mn_stratify(int32_t *fold, const int64_t *class_of, int64_t n, int32_t k, mn_rng *opt_rng)
{
    labels classes = {0};
    int64_t *start = NULL, *plan = NULL;
    mirnet_status status = labels_create(&classes, class_of, n);
    if (status == MIRNET_OK)
        status = order_by_appearance(&classes, n);
    if (status == MIRNET_OK)
        status = count_labels(&start, &classes, n);
    if (status == MIRNET_OK)
        status = check_class_sizes(start, classes.count, k);
    if (status == MIRNET_OK && !(plan = mn_calloc((size_t)n, sizeof(*plan))))
        status = MIRNET_ERR_NOMEM;
    if (status == MIRNET_OK) {
        counts_to_starts(start, classes.count);
        deal(fold, &classes, start, plan, n, k, opt_rng);
    }
    mn_free(plan);
    mn_free(start);
    mn_free(classes.rank);
    return status;
}

/* ---- with groups ---- */

/* Everything that the greedy assignment works on; matrices by row. */
typedef struct greedy {
    int64_t n_groups, n_classes, k;
    int64_t *class_sizes; /* [n_classes] */
    double *group_counts; /* [n_groups][n_classes] records of a class in a group */
    double *fold_counts;  /* [k][n_classes] so far */
    double *shares;       /* [k][n_classes] fold_counts / class_sizes */
    double *deviations;   /* [n_classes] */
    double *squares;      /* [max(k, n_classes)] */
    int64_t *order;       /* [n_groups] */
    int32_t *fold;        /* [n_groups] */
} greedy;

static void greedy_destroy(greedy *work)
{
    mn_free(work->class_sizes);
    mn_free(work->group_counts);
    mn_free(work->fold_counts);
    mn_free(work->shares);
    mn_free(work->deviations);
    mn_free(work->squares);
    mn_free(work->order);
    mn_free(work->fold);
}

static mirnet_status matrix_create(double **out, int64_t rows, int64_t columns)
{
    size_t count;
    if (!mn_mul((size_t)rows, (size_t)columns, &count))
        return mn_fail_nomem(SIZE_MAX);
    *out = mn_calloc(count, sizeof(**out));
    return *out ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

static mirnet_status greedy_create(greedy *work, const labels *classes, const labels *groups, int64_t n, int32_t k)
{
    work->n_groups = groups->count;
    work->n_classes = classes->count;
    work->k = k;
    MN_TRY(count_labels(&work->class_sizes, classes, n));
    MN_TRY(matrix_create(&work->group_counts, groups->count, classes->count));
    MN_TRY(matrix_create(&work->fold_counts, k, classes->count));
    MN_TRY(matrix_create(&work->shares, k, classes->count));
    MN_TRY(matrix_create(&work->deviations, 1, classes->count));
    MN_TRY(matrix_create(&work->squares, 1, mn_max(k, classes->count)));
    if (!(work->order = mn_calloc((size_t)groups->count, sizeof(*work->order))) ||
        !(work->fold = mn_calloc((size_t)groups->count, sizeof(*work->fold))))
        return MIRNET_ERR_NOMEM;
    for (int64_t i = 0; i < n; i++)
        work->group_counts[groups->rank[i] * classes->count + classes->rank[i]] += 1;
    return MIRNET_OK;
}

/*
 * The sum of a run of numbers in the order in which NumPy adds them: one by one below 8, in 8 interleaved partial sums
 * up to 128, in halves above. Many groups and folds are equally good but for rounding, so that equal folds need equal
 * rounding.
 */
static double sum_run(const double *x, int64_t n)
{
    if (n < 8) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += x[i];
        return sum;
    }
    if (n > 128) {
        int64_t half = n / 2 - n / 2 % 8;
        return sum_run(x, half) + sum_run(x + half, n - half);
    }
    double part[8];
    memcpy(part, x, sizeof(part));
    for (int64_t i = 8; i < n - n % 8; i++)
        part[i % 8] += x[i];
    double sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for (int64_t i = n - n % 8; i < n; i++)
        sum += x[i];
    return sum;
}

/* The standard deviation (n in the denominator) of a run; room is [n]. */
static double deviation_of_run(const double *x, int64_t n, double *room)
{
    double mean = sum_run(x, n) / (double)n;
    for (int64_t i = 0; i < n; i++)
        room[i] = (x[i] - mean) * (x[i] - mean);
    return sqrt(sum_run(room, n) / (double)n);
}

/* The same of column c of shares. NumPy adds the rows of a matrix one by one, unless it has a single column. */
static double deviation_of_shares(const greedy *work, int64_t c)
{
    int64_t k = work->k, step = work->n_classes;
    if (step == 1)
        return deviation_of_run(work->shares, k, work->squares);
    double sum = 0, squares = 0;
    for (int64_t f = 0; f < k; f++)
        sum += work->shares[f * step + c];
    double mean = sum / (double)k;
    for (int64_t f = 0; f < k; f++) {
        double from_mean = work->shares[f * step + c] - mean, square = from_mean * from_mean;
        squares += square;
    }
    return sqrt(squares / (double)k);
}

/* How unevenly the classes are spread over the folds if fold f had the group's records too. */
static double spread_with(greedy *work, int64_t f, const double *group)
{
    double *shares = work->shares + f * work->n_classes;
    const double *counts = work->fold_counts + f * work->n_classes;
    for (int64_t c = 0; c < work->n_classes; c++)
        shares[c] = (counts[c] + group[c]) / (double)work->class_sizes[c];
    for (int64_t c = 0; c < work->n_classes; c++)
        work->deviations[c] = deviation_of_shares(work, c);
    for (int64_t c = 0; c < work->n_classes; c++)
        shares[c] = counts[c] / (double)work->class_sizes[c];
    return sum_run(work->deviations, work->n_classes) / (double)work->n_classes;
}

/* The fold that leaves the classes spread most evenly; of nearly equal ones that with the fewest records. */
static int32_t find_fold(greedy *work, const double *group)
{
    int64_t best = 0;
    double best_spread = INFINITY, best_size = INFINITY;
    for (int64_t f = 0; f < work->k; f++) {
        double spread = spread_with(work, f, group);
        double size = sum_run(work->fold_counts + f * work->n_classes, work->n_classes);
        bool near = fabs(spread - best_spread) <= 1e-8 + 1e-5 * fabs(best_spread);
        if (spread < best_spread || (near && size < best_size)) {
            best = f;
            best_spread = spread;
            best_size = size;
        }
    }
    return (int32_t)best;
}

typedef struct weighed {
    double deviation;
    int64_t position, group;
} weighed;

/* Descending, in the given order where equal. */
static int compare_weighed(const void *a, const void *b)
{
    const weighed *x = a, *y = b;
    if (x->deviation > y->deviation || x->deviation < y->deviation)
        return x->deviation > y->deviation ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* Groups whose records are mostly of one class first: they are the hardest to balance later. */
static mirnet_status order_groups(greedy *work, mn_rng *opt_rng)
{
    weighed *items = mn_calloc((size_t)work->n_groups, sizeof(*items));
    if (!items)
        return MIRNET_ERR_NOMEM;
    for (int64_t g = 0; g < work->n_groups; g++)
        work->order[g] = g;
    if (opt_rng)
        mn_rng_shuffle(opt_rng, work->order, work->n_groups);
    for (int64_t i = 0; i < work->n_groups; i++) {
        const double *counts = work->group_counts + work->order[i] * work->n_classes;
        items[i] = (weighed){deviation_of_run(counts, work->n_classes, work->squares), i, work->order[i]};
    }
    qsort(items, (size_t)work->n_groups, sizeof(*items), compare_weighed);
    for (int64_t i = 0; i < work->n_groups; i++)
        work->order[i] = items[i].group;
    mn_free(items);
    return MIRNET_OK;
}

static void assign_groups(greedy *work)
{
    for (int64_t i = 0; i < work->n_groups; i++) {
        const double *group = work->group_counts + work->order[i] * work->n_classes;
        int32_t f = find_fold(work, group);
        work->fold[work->order[i]] = f;
        for (int64_t c = 0; c < work->n_classes; c++) {
            int64_t cell = f * work->n_classes + c;
            work->fold_counts[cell] += group[c];
            work->shares[cell] = work->fold_counts[cell] / (double)work->class_sizes[c];
        }
    }
}

static mirnet_status check_group_count(int64_t n_groups, int32_t k)
{
    MN_REQUIRE(n_groups >= k, "%d folds of %lld groups: a group cannot be divided", k, (long long)n_groups);
    return MIRNET_OK;
}

mirnet_status mn_stratify_groups(int32_t *fold, const int64_t *class_of, const int64_t *group_of, int64_t n, int32_t k,
                                 mn_rng *opt_rng)
{
    labels classes = {0}, groups = {0};
    greedy work = {0};
    mirnet_status status = labels_create(&classes, class_of, n);
    if (status == MIRNET_OK)
        status = labels_create(&groups, group_of, n);
    if (status == MIRNET_OK)
        status = check_group_count(groups.count, k);
    if (status == MIRNET_OK)
        status = greedy_create(&work, &classes, &groups, n, k);
    if (status == MIRNET_OK)
        status = order_groups(&work, opt_rng);
    if (status == MIRNET_OK) {
        assign_groups(&work);
        for (int64_t i = 0; i < n; i++)
            fold[i] = work.fold[groups.rank[i]];
    }
    greedy_destroy(&work);
    mn_free(groups.rank);
    mn_free(classes.rank);
    return status;
}
