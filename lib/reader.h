/* reader.h - what the files that read records share: reader.c, read_fasta.c, read_table.c, dataset.c */
/* SPDX-License-Identifier: MIT */
#ifndef MN_READER_H
#define MN_READER_H

#include <mirnet/dataset.h>

#include "buf.h"
#include "common.h"
#include "input.h"

/* The numbers up to MN_TSV are those of the option "format". */
typedef enum mn_format {
    MN_ANY,
    MN_FASTA,
    MN_FASTQ,
    MN_RNAFOLD,
    MN_CSV,
    MN_TSV,
    MN_FASTA_OR_RNAFOLD, /* until the first record that has a sequence has been seen */
    MN_CSV_OR_TSV        /* until the first row has been seen */
} mn_format;

typedef struct mn_read_options {
    bool lenient, mask_lower, keep_empty;
    mn_format format;
} mn_read_options;

/* The columns that have a meaning. Group stands apart: any column may be its source. */
typedef enum mn_column { MN_NAME, MN_SEQUENCE, MN_CLASS, MN_STRUCTURE, MN_GROUP, MN_COLUMNS } mn_column;

/* A table's columns and its current row. */
typedef struct mn_table {
    char separator;
    int64_t first_line;     /* of the current row */
    size_t width;           /* fields of each row, 0 before the first */
    int64_t of[MN_COLUMNS]; /* index of the column that has the meaning, -1: none */
    mn_buf cells;           /* the fields of the row behind each other */
    size_t *ends;           /* [n] where each field ends in cells */
    size_t n, capacity;
} mn_table;

struct mirnet_reader {
    mn_input *input;
    mn_read_options options;
    char *group_column; /* NULL: "group", if there is one */
    mn_format format;
    int64_t records;
    mn_buf name, sequence, structure, class_name, group; /* the current record */
    mn_table table;
    bool started, ended;
    mirnet_status failed; /* what every further run answers */
    char message[512];    /* and what it says */
};

mirnet_status mn_read_options_set(mn_read_options *options, const char *key, double value) MN_MUST_CHECK;
/* A named group column must be there, the default one need not. */
mirnet_status mn_reader_set_group_column(mirnet_reader *reader, const char *name) MN_MUST_CHECK;

/* Appends letters to a sequence as the options say; `record` is its name for messages. Errors: NOMEM, FORMAT. */
mirnet_status mn_letters_add(mn_buf *sequence, const char *text, size_t n, const mn_read_options *options,
                             const char *record) MN_MUST_CHECK;

/* A sequence of n letters is not empty, unless the options accept that. Errors: FORMAT. */
mirnet_status mn_empty_check(size_t n, const mn_read_options *options, const char *record) MN_MUST_CHECK;

/* Dot-bracket text belongs to a sequence of n letters: as long, and its brackets close. Errors: FORMAT. */
mirnet_status mn_structure_check(const char *text, size_t size, size_t n, const char *record) MN_MUST_CHECK;

/* Is a byte part of dot-bracket text? */
bool mn_is_structure(char byte);

/* FORMAT with "source:line: " in front. The second puts that in front of a FORMAT message; other statuses pass. */
mirnet_status mn_reader_fail(const mirnet_reader *reader, int64_t line, const char *format, ...) MN_PRINTF(3, 4);
mirnet_status mn_reader_fail_at(const mirnet_reader *reader, int64_t line, mirnet_status status);

/* The name of the current record, "seq_N" if `text` is empty. */
mirnet_status mn_reader_set_name(mirnet_reader *reader, const char *text, size_t n) MN_MUST_CHECK;

/* Blanks only? No control characters? Names are printed into tables, so they must be one line without tabs. */
bool mn_is_blank(const char *text, size_t n);
bool mn_is_line(const char *text, size_t n);

/* One record of each format; the record's texts are empty before. */
mirnet_status mn_read_fasta(mirnet_reader *reader, bool *out_more) MN_MUST_CHECK;
mirnet_status mn_read_fastq(mirnet_reader *reader, bool *out_more) MN_MUST_CHECK;
mirnet_status mn_read_table(mirnet_reader *reader, bool *out_more) MN_MUST_CHECK;
void mn_table_destroy(mn_table *table);

#endif
