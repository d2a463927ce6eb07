/* read_table.c - records of CSV (RFC 4180) and TSV */
/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include <inttypes.h>

#include "mem.h"

void mn_table_destroy(mn_table *table)
{
    mn_buf_destroy(&table->cells);
    mn_free(table->ends);
}

static mirnet_status end_field(mn_table *table)
{
    MN_TRY(mn_grow(&table->ends, &table->capacity, table->n + 1, sizeof(*table->ends)));
    table->ends[table->n++] = table->cells.size;
    return MIRNET_OK;
}

/*
 * A field in quotes from line[*at] on, which is behind the opening quote: "" stands for a quote, and the field may go
 * on over the end of a line. *at is then behind the closing quote.
 */
static mirnet_status take_quoted(mirnet_reader *reader, mn_line *line, size_t *at)
{
    mn_table *table = &reader->table;
    for (;;) {
        const char *text = line->text + *at;
        const char *quote = memchr(text, '"', line->size - *at);
        size_t n = quote ? (size_t)(quote - text) : line->size - *at;
        MN_TRY(mn_buf_add(&table->cells, text, n));
        *at += n;
        if (quote) {
            ++*at;
            if (*at == line->size || line->text[*at] != '"')
                return MIRNET_OK;
            MN_TRY(mn_buf_add(&table->cells, "\"", 1));
            ++*at;
            continue;
        }
        bool more;
        MN_TRY(mn_buf_add(&table->cells, "\n", 1));
        MN_TRY(mn_input_run(reader->input, line, &more));
        if (!more)
            return mn_reader_fail(reader, table->first_line, "a quoted field is not closed");
        *at = 0;
    }
}

/* Splits the next row into table->cells; blank lines are skipped. */
static mirnet_status read_row(mirnet_reader *reader, bool *more)
{
    mn_table *table = &reader->table;
    mn_line line;
    do
        MN_TRY(mn_input_run(reader->input, &line, more));
    while (*more && mn_is_blank(line.text, line.size));
    if (!*more)
        return MIRNET_OK;
    table->first_line = mn_input_get_line(reader->input);
    if (reader->format == MN_CSV_OR_TSV)
        reader->format = memchr(line.text, '\t', line.size) ? MN_TSV : MN_CSV;
    table->separator = reader->format == MN_TSV ? '\t' : ',';
    table->n = 0;
    mn_buf_reset(&table->cells);
    for (size_t at = 0;; at++) {
        if (at < line.size && line.text[at] == '"') {
            at++;
            MN_TRY(take_quoted(reader, &line, &at));
            if (at < line.size && line.text[at] != table->separator)
                return mn_reader_fail(reader, mn_input_get_line(reader->input), "text behind a closing quote");
        } else {
            const char *text = line.text + at, *end = memchr(text, table->separator, line.size - at);
            size_t n = end ? (size_t)(end - text) : line.size - at;
            MN_TRY(mn_buf_add(&table->cells, text, n));
            at += n;
        }
        MN_TRY(end_field(table));
        if (at == line.size)
            return MIRNET_OK;
    }
}

/* Field i of the row without the blanks around it. */
static const char *field(const mn_table *table, size_t i, size_t *out_size)
{
    size_t start = i ? table->ends[i - 1] : 0, end = table->ends[i];
    const char *text = mn_buf_text(&table->cells);
    while (start < end && (text[start] == ' ' || text[start] == '\t'))
        start++;
    while (end > start && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    *out_size = end - start;
    return text + start;
}

/* Without regard to the case of ASCII letters, in any locale. */
static bool is_word(const char *text, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++) {
        char a = text[i], b = word[i];
        if (a >= 'A' && a <= 'Z')
            a = (char)(a - 'A' + 'a');
        if (b >= 'A' && b <= 'Z')
            b = (char)(b - 'A' + 'a');
        if (a != b || !b)
            return false;
    }
    return word[n] == '\0';
}

/* The column of this name, -1 if there is none. A '#' in front of a header line is no part of it. */
static mirnet_status find_column(const mirnet_reader *reader, const char *name, int64_t *out)
{
    const mn_table *table = &reader->table;
    *out = -1;
    for (size_t i = 0; i < table->n; i++) {
        size_t n;
        const char *text = field(table, i, &n);
        if (i == 0 && n && text[0] == '#')
            text++, n--;
        if (!is_word(text, n, name))
            continue;
        if (*out >= 0)
            return mn_reader_fail(reader, table->first_line, "two columns are called '%.80s'", name);
        *out = (int64_t)i;
    }
    return MIRNET_OK;
}

/* Gives the columns their meaning by the first row; *out_header says whether that is all that it is for. */
static mirnet_status set_columns(mirnet_reader *reader, bool *out_header)
{
    static const char *const names[] = {"name", "sequence", "class", "structure"};
    mn_table *table = &reader->table;
    table->width = table->n;
    table->of[MN_GROUP] = -1;
    MN_TRY(find_column(reader, "sequence", &table->of[MN_SEQUENCE]));
    *out_header = table->of[MN_SEQUENCE] >= 0;
    for (int64_t i = 0; i < MN_GROUP; i++)
        if (*out_header)
            MN_TRY(find_column(reader, names[i], &table->of[i]));
        else
            table->of[i] = i < (int64_t)table->n ? i : -1;
    if (*out_header)
        MN_TRY(find_column(reader, reader->group_column ? reader->group_column : "group", &table->of[MN_GROUP]));
    if (reader->group_column && table->of[MN_GROUP] < 0)
        return mn_reader_fail(reader, table->first_line, "there is no column '%.80s' for the group",
                              reader->group_column);
    if (*out_header || (table->n >= 2 && table->n <= 4))
        return MIRNET_OK;
    if (table->n == 1 && reader->options.format == MN_ANY)
        return mn_reader_fail(reader, table->first_line, "expected '>' (FASTA), '@' (FASTQ) or name,sequence,class");
    return mn_reader_fail(reader, table->first_line,
                          "%zu columns and no header line with a column 'sequence': expected name,sequence,class or "
                          "name,sequence,class,structure",
                          table->n);
}

static mirnet_status copy_field(mirnet_reader *reader, mn_column column, const char *title, mn_buf *out)
{
    const mn_table *table = &reader->table;
    if (table->of[column] < 0)
        return MIRNET_OK;
    size_t n;
    const char *text = field(table, (size_t)table->of[column], &n);
    if (!mn_is_line(text, n))
        return mn_reader_fail(reader, table->first_line, "the %s holds a control character", title);
    return mn_buf_add(out, text, n);
}

static mirnet_status take_name(mirnet_reader *reader)
{
    MN_TRY(copy_field(reader, MN_NAME, "name", &reader->name));
    return reader->name.size ? MIRNET_OK : mn_reader_set_name(reader, "", 0);
}

static mirnet_status take_sequence(mirnet_reader *reader)
{
    const mn_table *table = &reader->table;
    const char *name = mn_buf_text(&reader->name);
    size_t n;
    const char *text = field(table, (size_t)table->of[MN_SEQUENCE], &n);
    mirnet_status status = mn_letters_add(&reader->sequence, text, n, &reader->options, name);
    MN_TRY(mn_reader_fail_at(reader, table->first_line, status));
    MN_TRY(mn_reader_fail_at(reader, table->first_line, mn_empty_check(reader->sequence.size, &reader->options, name)));
    if (table->of[MN_STRUCTURE] < 0)
        return MIRNET_OK;
    text = field(table, (size_t)table->of[MN_STRUCTURE], &n);
    if (!n)
        return MIRNET_OK;
    status = mn_structure_check(text, n, reader->sequence.size, name);
    MN_TRY(mn_reader_fail_at(reader, table->first_line, status));
    return mn_buf_add(&reader->structure, text, n);
}

mirnet_status mn_read_table(mirnet_reader *reader, bool *out_more)
{
    mn_table *table = &reader->table;
    MN_TRY(read_row(reader, out_more));
    if (*out_more && !table->width) {
        bool header;
        MN_TRY(set_columns(reader, &header));
        if (header)
            MN_TRY(read_row(reader, out_more));
    }
    if (!*out_more)
        return MIRNET_OK;
    if (table->n != table->width)
        return mn_reader_fail(reader, table->first_line, "%zu columns, but the first row has %zu", table->n,
                              table->width);
    MN_TRY(take_name(reader));
    MN_TRY(take_sequence(reader));
    MN_TRY(copy_field(reader, MN_CLASS, "class", &reader->class_name));
    return copy_field(reader, MN_GROUP, "group", &reader->group);
}
