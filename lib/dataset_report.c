/* dataset_report.c - what is odd about the records of a dataset, their groups and their digest */
/* SPDX-License-Identifier: MIT */
#include "dataset.h"

#include <stdlib.h>

#include "mem.h"
#include "sha256.h"

/* Numbers the records by sequence: out[i] = number of record i's sequence in `set`, by first appearance. */
static mirnet_status number_sequences(const mirnet_dataset *dataset, mn_textset *set, size_t *out)
{
    for (size_t i = 0; i < dataset->n; i++)
        MN_TRY(mn_textset_add(set, dataset->records[i].sequence, &out[i]));
    return MIRNET_OK;
}

static mirnet_status count_unique(const mirnet_dataset *dataset, bool names, int64_t *out)
{
    mn_textset set = {0};
    mirnet_status status = MIRNET_OK;
    for (size_t i = 0, number; i < dataset->n && status == MIRNET_OK; i++)
        status = mn_textset_add(&set, names ? dataset->records[i].name : dataset->records[i].sequence, &number);
    *out = (int64_t)set.n;
    mn_textset_destroy(&set);
    return status;
}

static mirnet_status unique_sequences(const mirnet_dataset *dataset, int64_t *out)
{
    return count_unique(dataset, false, out);
}

static mirnet_status duplicate_records(const mirnet_dataset *dataset, int64_t *out)
{
    int64_t unique;
    MN_TRY(count_unique(dataset, false, &unique));
    *out = (int64_t)dataset->n - unique;
    return MIRNET_OK;
}

static mirnet_status duplicate_names(const mirnet_dataset *dataset, int64_t *out)
{
    int64_t unique;
    MN_TRY(count_unique(dataset, true, &unique));
    *out = (int64_t)dataset->n - unique;
    return MIRNET_OK;
}

/* Per sequence: how often it occurs, the first class that it has, whether it has another too. */
typedef struct mn_tally {
    int64_t count;
    int32_t found;
    bool conflict;
} mn_tally;

static mirnet_status tally(const mirnet_dataset *dataset, int64_t *out_repeated, int64_t *out_conflicts)
{
    mn_textset set = {0};
    size_t *numbers = mn_calloc(dataset->n, sizeof(*numbers));
    mn_tally *tallies = mn_calloc(dataset->n, sizeof(*tallies));
    mirnet_status status = numbers && tallies ? number_sequences(dataset, &set, numbers) : MIRNET_ERR_NOMEM;
    int64_t repeated = 0, conflicts = 0;
    for (size_t i = 0; i < dataset->n && status == MIRNET_OK; i++) {
        mn_tally *t = &tallies[numbers[i]];
        int32_t found = dataset->records[i].found;
        if (t->count++ == 0 || t->found < 0)
            t->found = found;
        repeated += t->count == 2;
        if (found >= 0 && found != t->found && !t->conflict) {
            t->conflict = true;
            conflicts++;
        }
    }
    *out_repeated = repeated;
    *out_conflicts = conflicts;
    mn_textset_destroy(&set);
    mn_free(numbers);
    mn_free(tallies);
    return status;
}

static mirnet_status repeated_sequences(const mirnet_dataset *dataset, int64_t *out)
{
    int64_t conflicts;
    return tally(dataset, out, &conflicts);
}

static mirnet_status conflicts(const mirnet_dataset *dataset, int64_t *out)
{
    int64_t repeated;
    return tally(dataset, &repeated, out);
}

static mirnet_status records(const mirnet_dataset *dataset, int64_t *out)
{
    *out = (int64_t)dataset->n;
    return MIRNET_OK;
}

static mirnet_status unlabelled(const mirnet_dataset *dataset, int64_t *out)
{
    int64_t n = 0;
    for (size_t i = 0; i < dataset->n; i++)
        n += dataset->records[i].found < 0;
    *out = n;
    return MIRNET_OK;
}

static mirnet_status min_length(const mirnet_dataset *dataset, int64_t *out)
{
    int64_t length = dataset->n ? dataset->records[0].length : 0;
    for (size_t i = 1; i < dataset->n; i++)
        length = mn_min(length, dataset->records[i].length);
    *out = length;
    return MIRNET_OK;
}

static mirnet_status max_length(const mirnet_dataset *dataset, int64_t *out)
{
    int64_t length = 0;
    for (size_t i = 0; i < dataset->n; i++)
        length = mn_max(length, dataset->records[i].length);
    *out = length;
    return MIRNET_OK;
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Of an even number, the mean of the middle two, rounded down. */
static mirnet_status median_length(const mirnet_dataset *dataset, int64_t *out)
{
    size_t n = dataset->n;
    int64_t *lengths = mn_calloc(n, sizeof(*lengths));
    if (!lengths)
        return MIRNET_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        lengths[i] = dataset->records[i].length;
    qsort(lengths, n, sizeof(*lengths), compare);
    *out = n ? lengths[(n - 1) / 2] + (lengths[n / 2] - lengths[(n - 1) / 2]) / 2 : 0;
    mn_free(lengths);
    return MIRNET_OK;
}

static mirnet_status ambiguous_records(const mirnet_dataset *dataset, int64_t *out)
{
    int64_t n = 0;
    for (size_t i = 0; i < dataset->n; i++)
        n += dataset->records[i].sequence[strspn(dataset->records[i].sequence, "ACGU")] != '\0';
    *out = n;
    return MIRNET_OK;
}

mirnet_status mirnet_dataset_get_report(const mirnet_dataset *dataset, const char *key, int64_t *out)
{
    static const struct {
        const char *key;
        mirnet_status (*get)(const mirnet_dataset *dataset, int64_t *out);
    } entries[] = {
        {"records", records},
        {"unique_sequences", unique_sequences},
        {"duplicate_records", duplicate_records},
        {"repeated_sequences", repeated_sequences},
        {"conflicts", conflicts},
        {"duplicate_names", duplicate_names},
        {"unlabelled", unlabelled},
        {"min_length", min_length},
        {"max_length", max_length},
        {"median_length", median_length},
        {"ambiguous_records", ambiguous_records},
    };
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(key, "key is NULL");
    MN_REQUIRE(out, "out is NULL");
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        if (strcmp(key, entries[i].key) == 0)
            return entries[i].get(dataset, out);
    return mn_fail(MIRNET_ERR_INVALID, "unknown report key '%.80s'", key);
}

/* out_groups[i] = number of text i among the different ones; an empty text is different from every other. */
static mirnet_status number_groups(const mirnet_dataset *dataset, bool by_sequence, int64_t *out_groups)
{
    mn_textset set = {0};
    int64_t *group_of = mn_calloc(dataset->n, sizeof(*group_of));
    mirnet_status status = group_of ? MIRNET_OK : MIRNET_ERR_NOMEM;
    int64_t n_groups = 0;
    for (size_t i = 0; i < dataset->n && status == MIRNET_OK; i++) {
        const mn_record *record = &dataset->records[i];
        const char *text = by_sequence ? record->sequence : record->group;
        size_t n = set.n, number;
        if (!by_sequence && !*text) {
            out_groups[i] = n_groups++;
            continue;
        }
        status = mn_textset_add(&set, text, &number);
        if (status != MIRNET_OK)
            break;
        if (set.n > n)
            group_of[number] = n_groups++;
        out_groups[i] = group_of[number];
    }
    mn_textset_destroy(&set);
    mn_free(group_of);
    return status;
}

mirnet_status mirnet_dataset_get_groups(const mirnet_dataset *dataset, const char *by, int64_t *out_groups)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(by, "by is NULL");
    MN_REQUIRE(out_groups, "out_groups is NULL");
    bool by_sequence = strcmp(by, "identical") == 0;
    MN_REQUIRE(by_sequence || strcmp(by, "group") == 0, "unknown grouping '%.80s': expected identical or group", by);
    return number_groups(dataset, by_sequence, out_groups);
}

/* The digest of the text "sequence<TAB>class<LF>" of each record. */
mirnet_status mirnet_dataset_get_digest(const mirnet_dataset *dataset, char *out)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(out, "out is NULL");
    mn_sha256 sha;
    mn_sha256_reset(&sha);
    for (size_t i = 0; i < dataset->n; i++) {
        const mn_record *record = &dataset->records[i];
        const char *name = record->found < 0 ? "" : dataset->classes.texts[record->found];
        mn_sha256_add(&sha, record->sequence, (size_t)record->length);
        mn_sha256_add(&sha, "\t", 1);
        mn_sha256_add(&sha, name, strlen(name));
        mn_sha256_add(&sha, "\n", 1);
    }
    mn_sha256_get(&sha, out);
    return MIRNET_OK;
}
