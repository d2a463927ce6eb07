/* data.c - labelled data from the command line */
/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

void data_args_add(args *a, data_args *d)
{
    const arg_option options[] = {
        {"class", 'c', ARG_LIST, &d->classes, "NAME=FILE", "records of FILE are of class NAME; repeat it", 0, 0},
        {"rename", 0, ARG_LIST, &d->renames, "FROM=TO", "call class FROM of the files TO", 0, 0},
        {"positive", 0, ARG_TEXT, &d->positive, "NAME", "the positive class", 0, 0},
        {"lenient", 0, ARG_FLAG, &d->lenient, NULL, "drop blanks and digits inside sequences", 0, 0},
        {"mask-lower", 0, ARG_FLAG, &d->mask_lower, NULL, "a lower-case base becomes N", 0, 0},
    };
    args_add(a, options, sizeof(options) / sizeof(options[0]));
}

static int set_reading(mirnet_dataset *dataset, const data_args *d)
{
    if (mirnet_dataset_set(dataset, "lenient", d->lenient) != MIRNET_OK ||
        mirnet_dataset_set(dataset, "mask_lower", d->mask_lower) != MIRNET_OK ||
        (d->group_column && mirnet_dataset_set_group_column(dataset, d->group_column) != MIRNET_OK))
        return out_library();
    for (int i = 0; i < d->renames.count; i++) {
        const char *to;
        char *from = args_split(d->renames.items[i], &to);
        if (!from)
            return out_usage("option --rename takes FROM=TO, not '%s'", d->renames.items[i]);
        mirnet_status status = mirnet_dataset_map_class(dataset, from, to);
        free(from);
        if (status != MIRNET_OK)
            return out_library();
    }
    return EXIT_OK;
}

static int load_class(mirnet_dataset *dataset, const char *text)
{
    const char *path;
    char *name = args_split(text, &path);
    if (!name)
        return out_usage("option --class takes NAME=FILE, not '%s'", text);
    mirnet_status status = mirnet_dataset_load(dataset, path, name);
    free(name);
    return status == MIRNET_OK ? EXIT_OK : out_library();
}

/* An empty set that reads as the options say, with these classes. */
static int create(mirnet_dataset **out, const data_args *d, const char *const *fixed, int32_t n_fixed)
{
    if (mirnet_dataset_create(out) != MIRNET_OK)
        return out_library();
    int status = set_reading(*out, d);
    if (status == EXIT_OK && n_fixed > 0 && mirnet_dataset_set_classes(*out, fixed, n_fixed) != MIRNET_OK)
        return out_library();
    return status;
}

static int load_all(mirnet_dataset *dataset, const args *a, const data_args *d, int first)
{
    for (int i = 0; i < d->classes.count; i++) {
        int status = load_class(dataset, d->classes.items[i]);
        if (status != EXIT_OK)
            return status;
    }
    for (int i = first; i < a->n_operands; i++)
        if (mirnet_dataset_load(dataset, a->operands[i], NULL) != MIRNET_OK)
            return out_library();
    if (d->positive && mirnet_dataset_set_positive(dataset, d->positive) != MIRNET_OK)
        return out_library();
    return EXIT_OK;
}

int data_check_given(const args *a, const data_args *d, int first)
{
    if (a->n_operands <= first && d->classes.count == 0)
        return out_usage("%s: no data: give a file, '-' for standard input, or --class NAME=FILE", a->name);
    return EXIT_OK;
}

int data_load(mirnet_dataset **out, const args *a, const data_args *d, int first, const char *const *fixed,
              int32_t n_fixed)
{
    *out = NULL;
    int status = create(out, d, fixed, n_fixed);
    return status == EXIT_OK ? load_all(*out, a, d, first) : status;
}

int data_load_like(mirnet_dataset **out, const mirnet_dataset *like, const data_args *d, const char *path)
{
    *out = NULL;
    int32_t n = mirnet_dataset_class_count(like);
    const char **names = calloc((size_t)n + 1, sizeof(*names));
    if (!names)
        return out_error("out of memory");
    for (int32_t c = 0; c < n; c++)
        names[c] = mirnet_dataset_get_class_name(like, c);
    int status = create(out, d, names, n);
    free(names);
    if (status == EXIT_OK && mirnet_dataset_load(*out, path, NULL) != MIRNET_OK)
        return out_library();
    return status;
}

int data_check_classes(const mirnet_dataset *dataset)
{
    int64_t records = mirnet_dataset_count(dataset), unlabelled = 0;
    if (mirnet_dataset_get_report(dataset, "unlabelled", &unlabelled) != MIRNET_OK)
        return out_library();
    if (unlabelled > 0)
        return out_error("%" PRId64 " of %" PRId64 " records have no class: see name,sequence,class in CSV, or --class",
                         unlabelled, records);
    int32_t used = 0, last = 0;
    for (int32_t c = 0; c < mirnet_dataset_class_count(dataset); c++)
        if (mirnet_dataset_get_class_size(dataset, c) > 0) {
            used++;
            last = c;
        }
    if (used < 2)
        return out_error("all %" PRId64 " records are of class '%s': at least two classes are needed", records,
                         used ? mirnet_dataset_get_class_name(dataset, last) : "");
    return EXIT_OK;
}

int data_report(const mirnet_dataset *dataset)
{
    static const char *const keys[] = {"min_length",         "max_length", "median_length",     "unique_sequences",
                                       "repeated_sequences", "conflicts",  "ambiguous_records", "duplicate_names"};
    enum { SHORTEST, LONGEST, MEDIAN, UNIQUE, REPEATED, CONFLICTS, AMBIGUOUS, NAMES, KEYS };
    int64_t n[KEYS];
    for (int i = 0; i < KEYS; i++)
        if (mirnet_dataset_get_report(dataset, keys[i], &n[i]) != MIRNET_OK)
            return out_library();
    char *counts = data_describe(dataset);
    if (!counts)
        return out_error("out of memory");
    out_note("%s, %" PRId64 "-%" PRId64 " nt (median %" PRId64 ")", counts, n[SHORTEST], n[LONGEST], n[MEDIAN]);
    free(counts);
    out_note("%" PRId64 " unique sequences, %" PRId64 " of them more than once, %" PRId64 " with more than one class",
             n[UNIQUE], n[REPEATED], n[CONFLICTS]);
    if (n[AMBIGUOUS] > 0)
        out_note("%" PRId64 " records have letters other than A, C, G, U", n[AMBIGUOUS]);
    if (n[NAMES] > 0)
        out_note("%" PRId64 " names are used again", n[NAMES]);
    return EXIT_OK;
}

char *data_describe(const mirnet_dataset *dataset)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return NULL;
    fprintf(f, "%" PRId64 " records (", mirnet_dataset_count(dataset));
    for (int32_t c = 0; c < mirnet_dataset_class_count(dataset); c++)
        fprintf(f, "%s%" PRId64 " %s", c ? ", " : "", mirnet_dataset_get_class_size(dataset, c),
                mirnet_dataset_get_class_name(dataset, c));
    fputc(')', f);
    if (ferror(f) || fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
