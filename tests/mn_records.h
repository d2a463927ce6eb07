/* mn_records.h - what a reader makes of bytes, as text */
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

#endif
