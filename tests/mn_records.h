/* mn_records.h - records from text, and what a reader or a set makes of them as text */
/* SPDX-License-Identifier: MIT */
#ifndef MN_RECORDS_H
#define MN_RECORDS_H

#include <mirnet/dataset.h>

/*
 * What a reader says, as text: a line "name sequence [structure] [class] [group]" for each record, "-" for a text that
 * is empty where a later one is not, and at the end of a failed run "! STATUS message". Static text, of the last call.
 */
/* Reads to the end or to the first error, which must then stay. Takes the reader over. */
const char *mn_records_show(mirnet_reader *reader);
/* The same of bytes called "x.fa". `options` are keys that are set to 1, or "format=N", separated by blanks. */
const char *mn_records_read(const void *bytes, size_t size, const char *options);

/* An empty set; and the records of a text called "x.csv" into one. */
mirnet_dataset *mn_records_create(void);
mirnet_status mn_records_load(mirnet_dataset *dataset, const char *text, const char *opt_class);
/* A figure of the set's report. */
int64_t mn_records_report(const mirnet_dataset *dataset, const char *key);
/* "name:size name:size", class 0 first; and the class names of the records in order. Static texts. */
const char *mn_records_classes(const mirnet_dataset *dataset);
const char *mn_records_labels(const mirnet_dataset *dataset);

#endif
