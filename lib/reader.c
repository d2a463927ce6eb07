/* reader.c - one record after another, whatever the format */
/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "iupac.h"
#include "mem.h"

static mirnet_status set_flag(bool *flag, const char *key, double value)
{
    MN_REQUIRE(value == 0 || value == 1, "option '%s': expected 0 or 1", key);
    *flag = value == 1;
    return MIRNET_OK;
}

mirnet_status mn_read_options_set(mn_read_options *options, const char *key, double value)
{
    if (strcmp(key, "lenient") == 0)
        return set_flag(&options->lenient, key, value);
    if (strcmp(key, "mask_lower") == 0)
        return set_flag(&options->mask_lower, key, value);
    if (strcmp(key, "keep_empty") == 0)
        return set_flag(&options->keep_empty, key, value);
    MN_REQUIRE(strcmp(key, "format") == 0,
               "unknown reading option '%s': expected lenient, mask_lower, keep_empty or format", key);
    for (int32_t format = MN_ANY; format <= MN_TSV; format++)
        if (value == format) {
            options->format = (mn_format)format;
            return MIRNET_OK;
        }
    return mn_fail(MIRNET_ERR_INVALID, "option 'format': expected an integer in 0..%d", (int)MN_TSV);
}

mirnet_status mn_reader_set_group_column(mirnet_reader *reader, const char *name)
{
    char *copy = mn_strdup(name);
    if (!copy)
        return MIRNET_ERR_NOMEM;
    mn_free(reader->group_column);
    reader->group_column = copy;
    return MIRNET_OK;
}

mirnet_status mn_reader_fail(const mirnet_reader *reader, int64_t line, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return mn_fail(MIRNET_ERR_FORMAT, "%s:%" PRId64 ": %s", mn_input_get_source(reader->input), line, text);
}

mirnet_status mn_reader_fail_at(const mirnet_reader *reader, int64_t line, mirnet_status status)
{
    if (status != MIRNET_ERR_FORMAT)
        return status;
    return mn_fail_within(status, "%s:%" PRId64, mn_input_get_source(reader->input), line);
}

/* The slow way, for text that has bytes which are no code. */
static mirnet_status add_lenient(mn_buf *sequence, const char *text, size_t n, const mn_read_options *options,
                                 const uint8_t *table, const char *record)
{
    size_t size = sequence->size;
    for (size_t i = 0; i < n; i++) {
        uint8_t letter = table[(uint8_t)text[i]];
        bool drop = text[i] == ' ' || text[i] == '\t' || (text[i] >= '0' && text[i] <= '9');
        if (letter) {
            sequence->data[size++] = (char)letter;
        } else if (!drop || !options->lenient) {
            char byte[32];
            return mn_fail(MIRNET_ERR_FORMAT, "record '%.80s': %s at position %zu is no nucleotide code%s", record,
                           mn_iupac_describe(text[i], byte), size + 1,
                           drop ? " (the option 'lenient' drops blanks and digits)" : "");
        }
    }
    sequence->size = size;
    sequence->data[size] = '\0';
    return MIRNET_OK;
}

mirnet_status mn_letters_add(mn_buf *sequence, const char *text, size_t n, const mn_read_options *options,
                             const char *record)
{
    const uint8_t *table = options->mask_lower ? mn_iupac_masked : mn_iupac_letter;
    size_t need;
    if (!mn_add(sequence->size, n, &need) || !mn_add(need, 1, &need))
        return mn_fail_nomem(SIZE_MAX);
    MN_TRY(mn_grow(&sequence->data, &sequence->capacity, need, 1));
    char *to = sequence->data + sequence->size;
    unsigned bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t letter = table[(uint8_t)text[i]];
        to[i] = (char)letter;
        bad |= letter == 0;
    }
    if (bad) {
        *to = '\0';
        return add_lenient(sequence, text, n, options, table, record);
    }
    sequence->size += n;
    to[n] = '\0';
    return MIRNET_OK;
}

mirnet_status mn_empty_check(size_t n, const mn_read_options *options, const char *record)
{
    if (n || options->keep_empty)
        return MIRNET_OK;
    return mn_fail(MIRNET_ERR_FORMAT, "record '%.80s' has no sequence (the option 'keep_empty' accepts that)", record);
}

/* 1: unpaired; of brackets, the even numbers open and the next odd one closes. */
static const uint8_t brackets[256] = {
    ['.'] = 1, ['('] = 2, [')'] = 3, ['['] = 4, [']'] = 5, ['{'] = 6, ['}'] = 7, ['<'] = 8, ['>'] = 9,
};

bool mn_is_structure(char byte)
{
    return brackets[(uint8_t)byte] != 0;
}

mirnet_status mn_structure_check(const char *text, size_t size, size_t n, const char *record)
{
    size_t open[5] = {0}; /* by half the number of the bracket */
    if (size != n)
        return mn_fail(MIRNET_ERR_FORMAT, "record '%.80s': the structure has %zu characters, the sequence %zu", record,
                       size, n);
    for (size_t i = 0; i < size; i++) {
        char byte[32];
        uint8_t bracket = brackets[(uint8_t)text[i]];
        if (!bracket)
            return mn_fail(MIRNET_ERR_FORMAT, "record '%.80s': %s at position %zu is no dot-bracket character", record,
                           mn_iupac_describe(text[i], byte), i + 1);
        if (bracket % 2 == 0)
            open[bracket / 2]++;
        else if (bracket > 1 && open[bracket / 2]-- == 0)
            return mn_fail(MIRNET_ERR_FORMAT, "record '%.80s': '%c' at position %zu closes no bracket", record, text[i],
                           i + 1);
    }
    for (size_t kind = 1; kind < 5; kind++)
        if (open[kind])
            return mn_fail(MIRNET_ERR_FORMAT, "record '%.80s': the structure leaves %zu '%c' open", record, open[kind],
                           ".([{<"[kind]);
    return MIRNET_OK;
}

mirnet_status mn_reader_set_name(mirnet_reader *reader, const char *text, size_t n)
{
    return n ? mn_buf_add(&reader->name, text, n) : mn_buf_printf(&reader->name, "seq_%" PRId64, reader->records + 1);
}

bool mn_is_blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] != ' ' && text[i] != '\t')
            return false;
    return true;
}

bool mn_is_line(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return true;
}

static void clear(mirnet_reader *reader)
{
    mn_buf_reset(&reader->name);
    mn_buf_reset(&reader->sequence);
    mn_buf_reset(&reader->structure);
    mn_buf_reset(&reader->class_name);
    mn_buf_reset(&reader->group);
}

/* The format by the first line that is neither blank nor a ';' comment. */
static mirnet_status detect(mirnet_reader *reader)
{
    reader->format = reader->options.format;
    bool more = true;
    while (reader->format == MN_ANY) {
        mn_line line;
        MN_TRY(mn_input_run(reader->input, &line, &more));
        if (!more)
            return MIRNET_OK;
        if (mn_is_blank(line.text, line.size) || line.text[0] == ';')
            continue;
        char first = line.text[0];
        reader->format = first == '>' ? MN_FASTA_OR_RNAFOLD : first == '@' ? MN_FASTQ : MN_CSV_OR_TSV;
        mn_input_unrun(reader->input);
    }
    return MIRNET_OK;
}

static mirnet_status read_record(mirnet_reader *reader, bool *more)
{
    if (!reader->started) {
        MN_TRY(detect(reader));
        reader->started = true;
    }
    switch (reader->format) {
    case MN_FASTA:
    case MN_RNAFOLD:
    case MN_FASTA_OR_RNAFOLD:
        return mn_read_fasta(reader, more);
    case MN_FASTQ:
        return mn_read_fastq(reader, more);
    case MN_CSV:
    case MN_TSV:
    case MN_CSV_OR_TSV:
        return mn_read_table(reader, more);
    case MN_ANY: /* nothing but blanks */
        break;
    }
    *more = false;
    return MIRNET_OK;
}

static mirnet_status stop(mirnet_reader *reader, mirnet_status status)
{
    clear(reader);
    reader->failed = status;
    snprintf(reader->message, sizeof(reader->message), "%s", mirnet_last_message());
    return status;
}

static mirnet_status create(mirnet_reader **out)
{
    *out = mn_calloc(1, sizeof(**out));
    return *out ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

/* Hands the new reader over if its input could be opened. */
static mirnet_status give(mirnet_reader **out, mirnet_reader *reader, mirnet_status status)
{
    if (status == MIRNET_OK)
        *out = reader;
    else
        mirnet_reader_destroy(reader);
    return status;
}

mirnet_status mirnet_reader_create(mirnet_reader **out, const char *path)
{
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(path, "path is NULL");
    mirnet_reader *reader;
    MN_TRY(create(&reader));
    return give(out, reader, mn_input_create(&reader->input, path));
}

mirnet_status mirnet_reader_create_mem(mirnet_reader **out, const void *bytes, size_t size, const char *source)
{
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(bytes || !size, "bytes is NULL");
    MN_REQUIRE(source, "source is NULL");
    mirnet_reader *reader;
    MN_TRY(create(&reader));
    return give(out, reader, mn_input_create_mem(&reader->input, bytes, size, source));
}

void mirnet_reader_destroy(mirnet_reader *reader)
{
    if (!reader)
        return;
    mn_input_destroy(reader->input);
    mn_buf_destroy(&reader->name);
    mn_buf_destroy(&reader->sequence);
    mn_buf_destroy(&reader->structure);
    mn_buf_destroy(&reader->class_name);
    mn_buf_destroy(&reader->group);
    mn_table_destroy(&reader->table);
    mn_free(reader->group_column);
    mn_free(reader);
}

mirnet_status mirnet_reader_set(mirnet_reader *reader, const char *key, double value)
{
    MN_REQUIRE(reader, "reader is NULL");
    MN_REQUIRE(key, "key is NULL");
    if (reader->started || reader->failed)
        return mn_fail(MIRNET_ERR_STATE, "option '%s': reading has begun", key);
    return mn_read_options_set(&reader->options, key, value);
}

mirnet_status mirnet_reader_run(mirnet_reader *reader, int32_t *out_more)
{
    MN_REQUIRE(reader, "reader is NULL");
    MN_REQUIRE(out_more, "out_more is NULL");
    if (reader->failed)
        return mn_fail(reader->failed, "%s", reader->message);
    clear(reader);
    bool more = false;
    if (!reader->ended) {
        mirnet_status status = read_record(reader, &more);
        if (status != MIRNET_OK)
            return stop(reader, status);
    }
    reader->ended = !more;
    reader->records += more;
    *out_more = more;
    return MIRNET_OK;
}

const char *mirnet_reader_get_name(const mirnet_reader *reader)
{
    return reader ? mn_buf_text(&reader->name) : NULL;
}

const char *mirnet_reader_get_sequence(const mirnet_reader *reader)
{
    return reader ? mn_buf_text(&reader->sequence) : NULL;
}

const char *mirnet_reader_get_structure(const mirnet_reader *reader)
{
    return reader ? mn_buf_text(&reader->structure) : NULL;
}

const char *mirnet_reader_get_class(const mirnet_reader *reader)
{
    return reader ? mn_buf_text(&reader->class_name) : NULL;
}

const char *mirnet_reader_get_group(const mirnet_reader *reader)
{
    return reader ? mn_buf_text(&reader->group) : NULL;
}

size_t mirnet_reader_get_length(const mirnet_reader *reader)
{
    return reader ? reader->sequence.size : 0;
}
