/* dataset.h - sequences: reading them, holding them, saying what is odd about them */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_DATASET_H
#define MIRNET_DATASET_H

#include <mirnet/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Formats, told apart by content, never by file name; gzip is unpacked by its magic bytes:
 *   FASTA, FASTQ        name = first word of the header line
 *   RNAfold             FASTA-like records of three lines: >name, sequence, structure with an optional energy in ()
 *   CSV, TSV            name,sequence,class[,structure]; a header line (with a column called `sequence`) is optional
 *                       and may name the columns name, sequence, class, structure, group in any order; other columns
 *                       are left alone
 * Sequences are kept in upper case, T written as U. Letters are the IUPAC nucleotide codes; gap characters are errors.
 *
 * Reading options (mirnet_reader_set, mirnet_dataset_set), all 0 by default:
 *   "lenient"      1: blanks and digits inside sequence lines are dropped
 *   "mask_lower"   1: a lower-case base becomes N
 *   "keep_empty"   1: a record without a sequence is kept, length 0; else it is an error
 *   "format"       0 any, 1 FASTA, 2 FASTQ, 3 RNAfold, 4 CSV, 5 TSV
 */

/*
 * Reader: one record after another from a file of any size, in bounded memory.
 * Owned by the caller; used by one thread at a time.
 */
typedef struct mirnet_reader mirnet_reader;

/* Opens `path`; "-" is standard input. Errors: INVALID, NOMEM, IO. */
MIRNET_API mirnet_status mirnet_reader_create(mirnet_reader **out, const char *path);

/* Reads from memory instead; the bytes must live as long as the reader. `source` names them in messages. */
MIRNET_API mirnet_status mirnet_reader_create_mem(mirnet_reader **out, const void *bytes, size_t size,
                                                  const char *source);
MIRNET_API void mirnet_reader_destroy(mirnet_reader *reader);

/* Sets a reading option; before the first record only (STATE otherwise). Errors: INVALID. */
MIRNET_API mirnet_status mirnet_reader_set(mirnet_reader *reader, const char *key, double value);

/* Moves to the next record: *out_more = 1, or 0 at the end of the input. Errors: NOMEM, IO (truncated gzip included),
 * FORMAT with source, line and what was expected; after an error the reader stays at it. */
MIRNET_API mirnet_status mirnet_reader_run(mirnet_reader *reader, int32_t *out_more);

/* The current record: "" where there is none, NULL for a NULL reader. Valid until the next mirnet_reader_run. */
MIRNET_API const char *mirnet_reader_get_name(const mirnet_reader *reader);
MIRNET_API const char *mirnet_reader_get_sequence(const mirnet_reader *reader);
MIRNET_API const char *mirnet_reader_get_structure(const mirnet_reader *reader);
MIRNET_API const char *mirnet_reader_get_class(const mirnet_reader *reader);
MIRNET_API const char *mirnet_reader_get_group(const mirnet_reader *reader);
MIRNET_API size_t mirnet_reader_get_length(const mirnet_reader *reader);

/*
 * Dataset: records in memory, in the order in which they came, each with name, sequence, structure or "", class or
 * none, group or "". Owned by the caller; many threads may read it while none changes it.
 * Record indices run from 0 to count - 1, class indices from 0 to class_count - 1. Class 0 is the positive class.
 */
typedef struct mirnet_dataset mirnet_dataset;

MIRNET_API mirnet_status mirnet_dataset_create(mirnet_dataset **out);
MIRNET_API void mirnet_dataset_destroy(mirnet_dataset *dataset);

/* Sets a reading option for the loads that follow (see above). */
MIRNET_API mirnet_status mirnet_dataset_set(mirnet_dataset *dataset, const char *key, double value);

/* Names the column of CSV/TSV input that holds the group (default "group"). Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_dataset_set_group_column(mirnet_dataset *dataset, const char *name);

/* Calls class `from` of the input `to` from here on, e.g. "TRUE" to "mirtron". Before the records are loaded.
 * Errors: INVALID, STATE, NOMEM. */
MIRNET_API mirnet_status mirnet_dataset_map_class(mirnet_dataset *dataset, const char *from, const char *to);

/* Fixes names and order of the classes, [n] texts; a record of another class is then a FORMAT error. Without this call
 * classes are taken as found, in the order of first appearance, except that in a set of two the one called
 * TRUE, true, 1, yes, positive or mirtron becomes class 0. Errors: INVALID, STATE (records are there), NOMEM. */
MIRNET_API mirnet_status mirnet_dataset_set_classes(mirnet_dataset *dataset, const char *const *names, int32_t n);

/* Makes the class of this name class 0. Errors: INVALID, NOT_FOUND. */
MIRNET_API mirnet_status mirnet_dataset_set_positive(mirnet_dataset *dataset, const char *name);

/* Appends all records of a file ("-" is standard input), or of memory. `opt_class` (or NULL) is the class of records
 * that carry none. All or nothing. Errors as mirnet_reader_run, and FORMAT for an empty input. */
MIRNET_API mirnet_status mirnet_dataset_load(mirnet_dataset *dataset, const char *path, const char *opt_class);
MIRNET_API mirnet_status mirnet_dataset_load_mem(mirnet_dataset *dataset, const void *bytes, size_t size,
                                                 const char *source, const char *opt_class);

/* Appends one record; structure, class and group may be NULL. Errors: INVALID, FORMAT (a letter that is no base),
 * NOMEM. */
MIRNET_API mirnet_status mirnet_dataset_add(mirnet_dataset *dataset, const char *name, const char *sequence,
                                            const char *structure, const char *class_name, const char *group);

/* Appends a synthetic set: n hairpins of class "mirtron" and n of class "canonical", names sim_*; equal seeds give
 * equal sets. For trying things out; it says nothing about biology. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_dataset_simulate(mirnet_dataset *dataset, int64_t n_per_class, uint64_t seed);

MIRNET_API int64_t mirnet_dataset_count(const mirnet_dataset *dataset);
/* The texts of record i: NULL if there is no such record. They live as long as the dataset. */
MIRNET_API const char *mirnet_dataset_get_name(const mirnet_dataset *dataset, int64_t i);
MIRNET_API const char *mirnet_dataset_get_sequence(const mirnet_dataset *dataset, int64_t i);
MIRNET_API const char *mirnet_dataset_get_structure(const mirnet_dataset *dataset, int64_t i);
MIRNET_API const char *mirnet_dataset_get_group(const mirnet_dataset *dataset, int64_t i);
/* Length in nucleotides; 0 if there is no such record. */
MIRNET_API int64_t mirnet_dataset_get_length(const mirnet_dataset *dataset, int64_t i);
/* Class index of record i; -1: none. */
MIRNET_API int32_t mirnet_dataset_get_class(const mirnet_dataset *dataset, int64_t i);
MIRNET_API int32_t mirnet_dataset_class_count(const mirnet_dataset *dataset);
/* NULL if there is no such class. Valid until the dataset changes. */
MIRNET_API const char *mirnet_dataset_get_class_name(const mirnet_dataset *dataset, int32_t c);
/* How many records class c has. */
MIRNET_API int64_t mirnet_dataset_get_class_size(const mirnet_dataset *dataset, int32_t c);

/*
 * What is odd about the records. Keys: "records", "unique_sequences", "duplicate_records" (records - unique),
 * "repeated_sequences" (sequences that occur more than once), "conflicts" (sequences that occur with more than one
 * class), "duplicate_names", "unlabelled", "min_length", "max_length", "median_length", "ambiguous_records" (with a
 * letter other than A, C, G, U). Errors: INVALID (unknown key), NOMEM.
 */
MIRNET_API mirnet_status mirnet_dataset_get_report(const mirnet_dataset *dataset, const char *key, int64_t *out);

/* Numbers each record's group, [count], 0-based in order of first appearance. `by` is "identical" (equal sequences) or
 * "group" (equal group texts; a record without one is a group of its own). Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_dataset_get_groups(const mirnet_dataset *dataset, const char *by, int64_t *out_groups);

/* SHA-256 over the records' sequences and classes in order, as 64 hex digits and a NUL into out[65]: names what a model
 * was trained on. Errors: INVALID. */
MIRNET_API mirnet_status mirnet_dataset_get_digest(const mirnet_dataset *dataset, char *out);

#ifdef __cplusplus
}
#endif
#endif
