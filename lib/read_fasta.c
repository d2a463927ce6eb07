/* read_fasta.c - records of FASTA, RNAfold and FASTQ */
/* SPDX-License-Identifier: MIT */
#include "reader.h"

/* The next line that is not blank. */
static mirnet_status next_line(mirnet_reader *reader, mn_line *line, bool *more)
{
    do
        MN_TRY(mn_input_run(reader->input, line, more));
    while (*more && mn_is_blank(line->text, line->size));
    return MIRNET_OK;
}

static size_t without_end_blanks(const mn_line *line)
{
    size_t n = line->size;
    while (n && (line->text[n - 1] == ' ' || line->text[n - 1] == '\t'))
        n--;
    return n;
}

/* The name is the first word behind the mark; control characters end it as blanks do. */
static mirnet_status set_name(mirnet_reader *reader, const mn_line *line)
{
    size_t start = 1, end;
    while (start < line->size && (line->text[start] == ' ' || line->text[start] == '\t'))
        start++;
    for (end = start; end < line->size && (uint8_t)line->text[end] > ' ' && line->text[end] != 0x7f;)
        end++;
    return mn_reader_set_name(reader, line->text + start, end - start);
}

/* Goes to the next header line, which starts with `mark`, and takes its name. */
static mirnet_status read_header(mirnet_reader *reader, char mark, const char *format, bool *more)
{
    mn_line line;
    do
        MN_TRY(next_line(reader, &line, more));
    while (*more && line.text[0] == ';' && mark == '>' && reader->records == 0);
    if (!*more)
        return MIRNET_OK;
    if (line.text[0] != mark)
        return mn_reader_fail(reader, mn_input_get_line(reader->input),
                              reader->records ? "expected the '%c' of the next %s record"
                                              : "text before the first '%c' of %s",
                              mark, format);
    return set_name(reader, &line);
}

static mirnet_status add_letters(mirnet_reader *reader, const mn_line *line)
{
    mirnet_status status = mn_letters_add(&reader->sequence, line->text, without_end_blanks(line), &reader->options,
                                          mn_buf_text(&reader->name));
    return mn_reader_fail_at(reader, mn_input_get_line(reader->input), status);
}

static mirnet_status check_empty(const mirnet_reader *reader, int64_t line)
{
    mirnet_status status = mn_empty_check(reader->sequence.size, &reader->options, mn_buf_text(&reader->name));
    return mn_reader_fail_at(reader, line, status);
}

/* The length of the word in front, if the whole word is dot-bracket text; else 0. */
static size_t structure_size(const mn_line *line)
{
    size_t n = 0;
    while (n < line->size && mn_is_structure(line->text[n]))
        n++;
    return n == line->size || line->text[n] == ' ' || line->text[n] == '\t' ? n : 0;
}

/* What RNAfold puts behind a structure: nothing, or a number in parentheses, blanks allowed. */
static bool is_energy(const char *text, size_t n)
{
    size_t i = 0, end = n;
    while (i < end && (text[i] == ' ' || text[i] == '\t'))
        i++;
    while (end > i && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    if (i == end)
        return true;
    if (end - i < 3 || text[i] != '(' || text[end - 1] != ')')
        return false;
    bool digit = false;
    for (i++, end--; i < end; i++) {
        if (!strchr(" +-.eE0123456789", text[i]))
            return false;
        digit = digit || (text[i] >= '0' && text[i] <= '9');
    }
    return digit;
}

static mirnet_status take_structure(mirnet_reader *reader, const mn_line *line)
{
    const char *name = mn_buf_text(&reader->name);
    int64_t number = mn_input_get_line(reader->input);
    size_t n = structure_size(line);
    if (!n)
        return mn_reader_fail(reader, number, "record '%.80s': expected a dot-bracket line (RNAfold)", name);
    if (!is_energy(line->text + n, line->size - n))
        return mn_reader_fail(reader, number, "record '%.80s': expected '(energy)' behind the structure", name);
    mirnet_status status = mn_structure_check(line->text, n, reader->sequence.size, name);
    MN_TRY(mn_reader_fail_at(reader, number, status));
    return mn_buf_add(&reader->structure, line->text, n);
}

/* The rest of a FASTA record; the first one with a sequence shows whether this is RNAfold's text. */
static mirnet_status read_letters(mirnet_reader *reader)
{
    for (int64_t n_lines = 0;; n_lines++) {
        mn_line line;
        bool more;
        MN_TRY(next_line(reader, &line, &more));
        if (!more)
            return MIRNET_OK;
        if (line.text[0] == '>') {
            mn_input_unrun(reader->input);
            return MIRNET_OK;
        }
        if (reader->format == MN_FASTA_OR_RNAFOLD && n_lines == 1) {
            reader->format = structure_size(&line) ? MN_RNAFOLD : MN_FASTA;
            if (reader->format == MN_RNAFOLD)
                return take_structure(reader, &line);
        }
        MN_TRY(add_letters(reader, &line));
    }
}

static mirnet_status read_two_lines(mirnet_reader *reader)
{
    mn_line line;
    bool more;
    MN_TRY(next_line(reader, &line, &more));
    if (more && line.text[0] == '>')
        mn_input_unrun(reader->input);
    if (!more || line.text[0] == '>')
        return MIRNET_OK;
    MN_TRY(add_letters(reader, &line));
    MN_TRY(next_line(reader, &line, &more));
    if (!more)
        return mn_reader_fail(reader, mn_input_get_line(reader->input),
                              "record '%.80s': expected a dot-bracket line (RNAfold), not the end",
                              mn_buf_text(&reader->name));
    return take_structure(reader, &line);
}

mirnet_status mn_read_fasta(mirnet_reader *reader, bool *out_more)
{
    MN_TRY(read_header(reader, '>', reader->format == MN_RNAFOLD ? "RNAfold" : "FASTA", out_more));
    if (!*out_more)
        return MIRNET_OK;
    int64_t line = mn_input_get_line(reader->input);
    MN_TRY(reader->format == MN_RNAFOLD ? read_two_lines(reader) : read_letters(reader));
    if (reader->format == MN_FASTA_OR_RNAFOLD && reader->sequence.size)
        reader->format = MN_FASTA;
    return check_empty(reader, line);
}

/* As many quality characters as letters, whatever they are: '@' and '+' too. */
static mirnet_status skip_quality(mirnet_reader *reader, int64_t header)
{
    for (size_t n = 0; n < reader->sequence.size;) {
        mn_line line;
        bool more;
        MN_TRY(next_line(reader, &line, &more));
        n += more ? without_end_blanks(&line) : 0;
        if (!more || n > reader->sequence.size)
            return mn_reader_fail(reader, more ? mn_input_get_line(reader->input) : header,
                                  "record '%.80s': %zu letters but %zu quality characters%s",
                                  mn_buf_text(&reader->name), reader->sequence.size, n, more ? " so far" : "");
    }
    return MIRNET_OK;
}

mirnet_status mn_read_fastq(mirnet_reader *reader, bool *out_more)
{
    MN_TRY(read_header(reader, '@', "FASTQ", out_more));
    if (!*out_more)
        return MIRNET_OK;
    int64_t header = mn_input_get_line(reader->input);
    for (;;) {
        mn_line line;
        bool more;
        MN_TRY(next_line(reader, &line, &more));
        if (!more)
            return mn_reader_fail(reader, header, "record '%.80s': expected a '+' line, not the end",
                                  mn_buf_text(&reader->name));
        if (line.text[0] == '+')
            break;
        MN_TRY(add_letters(reader, &line));
    }
    MN_TRY(skip_quality(reader, header));
    return check_empty(reader, header);
}
