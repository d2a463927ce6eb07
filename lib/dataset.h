/* dataset.h - what dataset.c, dataset_report.c and simulate.c share */
/* SPDX-License-Identifier: MIT */
#ifndef MN_DATASET_H
#define MN_DATASET_H

#include <mirnet/dataset.h>

#include "arena.h"
#include "common.h"
#include "reader.h"
#include "textset.h"

/* The texts are the arena's, or "". */
typedef struct mn_record {
    const char *name, *sequence, *structure, *group;
    int64_t length;
    int32_t found; /* number of its class in the order in which classes were found; -1: none */
} mn_record;

struct mirnet_dataset {
    mn_arena texts;
    mn_record *records;
    size_t n, capacity;

    mn_textset classes; /* as found */
    int64_t *class_sizes;
    size_t class_capacity;
    int32_t positive;    /* of the found classes, the one that is class 0; the others follow in their order */
    bool positive_given; /* by set_classes or set_positive; else the rule for sets of two applies */
    bool classes_given;

    mn_read_options options;
    char *group_column;  /* NULL: the default */
    mn_textset map_from; /* class map_from.texts[i] of the input is called map_to[i] */
    const char **map_to;
    size_t map_capacity;
};

/* What a dataset holds at a moment, and going back to it. */
typedef struct mn_dataset_mark {
    mn_arena_mark texts;
    size_t n, n_classes;
} mn_dataset_mark;

mn_dataset_mark mn_dataset_get_mark(const mirnet_dataset *dataset);
void mn_dataset_reset(mirnet_dataset *dataset, mn_dataset_mark mark);

/* The public index of a found class, and back. */
int32_t mn_dataset_class_of(const mirnet_dataset *dataset, int32_t found);
int32_t mn_dataset_found_of(const mirnet_dataset *dataset, int32_t c);

#endif
