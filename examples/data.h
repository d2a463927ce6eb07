/* data.h - labelled data from the command line */
/* SPDX-License-Identifier: MIT */
#ifndef DATA_H
#define DATA_H

#include <mirnet/mirnet.h>

#include "args.h"

/* The options of commands that take DATA. */
typedef struct data_args {
    arg_list classes; /* NAME=FILE */
    arg_list renames; /* FROM=TO */
    const char *positive;
    const char *group_column; /* NULL: the default one; set by the command */
    int lenient, mask_lower;
} data_args;

void data_args_add(args *a, data_args *d);

/* Whether the line names any data, in operands from `first` on or with --class. Returns an exit status, after its
 * message. */
int data_check_given(const args *a, const data_args *d, int first);

/* Reads all files (operands from `first` on, and --class) as one set. `fixed` are the class names that a recipe or a
 * model demands, in order; n_fixed 0 takes them as found. Returns an exit status, after its message; *out is the
 * caller's to destroy in any case. */
int data_load(mirnet_dataset **out, const args *a, const data_args *d, int first, const char *const *fixed,
              int32_t n_fixed);

/* Reads one more file with the classes of `like` and the same reading options. */
int data_load_like(mirnet_dataset **out, const mirnet_dataset *like, const data_args *d, const char *path);

/* Every record must have a class, and there must be at least two classes with records. */
int data_check_classes(const mirnet_dataset *dataset);

/* Says what is in the set, duplicates and label conflicts included. */
int data_report(const mirnet_dataset *dataset);

/* "1124 records (417 mirtron, 707 canonical)" as a new string; NULL: out of memory. */
char *data_describe(const mirnet_dataset *dataset);

#endif
