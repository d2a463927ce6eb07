/* test_reader.c - every format, every edge case and every error of the reader, exact texts */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <string.h>

#include <mirnet/dataset.h>

#include "mn_records.h"

typedef struct {
    const char *input, *expected;
} example;

static const char *read_text(const char *input, const char *options)
{
    return mn_records_read(input, strlen(input), options);
}

#define check_examples(examples, options)                                 \
    for (size_t i = 0; i < sizeof(examples) / sizeof((examples)[0]); i++) \
    ck_assert_str_eq(read_text((examples)[i].input, options), (examples)[i].expected)

START_TEST(fasta_is_read_as_written)
{
    const example examples[] = {
        {"", ""},
        {"\n \t\n", ""},
        {">a\nACGU\n", "a ACGU\n"},
        {">a\nACGU", "a ACGU\n"},
        {">a one two\nACGU\n>b\tx\nGG\n", "a ACGU\nb GG\n"},
        {">a\nAC\nG\nUACGU\n>b\nC\n", "a ACGUACGU\nb C\n"},
        {">a\r\nACGU\r\nAC\r\n>b\r\nGG", "a ACGUAC\nb GG\n"},
        {"\n\n>a\n\nAC\n\nGU\n \t\n>b\nGG\n\n", "a ACGU\nb GG\n"},
        {"\xef\xbb\xbf>a\nACGU\n", "a ACGU\n"},
        {"> a b\nACGU\n>\t b\nGG\n", "a ACGU\nb GG\n"},
        {">\nACGU\n>   \nGG\n>c\nA\n>\nC\n", "seq_1 ACGU\nseq_2 GG\nc A\nseq_4 C\n"},
        {";comment\n\n; another\n>a\nACGU\n", "a ACGU\n"},
        {">a\nACGU  \t\n", "a ACGU\n"},
        {">a\nACGU\n>a\nACGU\n", "a ACGU\na ACGU\n"},
        {">gi|1\x01gi|2\nACGU\n", "gi|1 ACGU\n"},
        {">a>b\nACGU\n", "a>b ACGU\n"},
    };
    check_examples(examples, "");
    check_examples(examples, "format=1");
}
END_TEST

START_TEST(letters_are_folded_to_the_codes_of_rna)
{
    ck_assert_str_eq(read_text(">a\nacgtuACGTU\n", ""), "a ACGUUACGUU\n");
    ck_assert_str_eq(read_text(">a\nRYSWKMBDHVNryswkmbdhvn\n", ""), "a RYSWKMBDHVNRYSWKMBDHVN\n");
    ck_assert_str_eq(read_text(">a\nACgtUrYn\n", "mask_lower"), "a ACNNUNYN\n");
}
END_TEST

START_TEST(every_byte_that_is_no_code_is_an_error)
{
    for (int byte = 1; byte < 256; byte++) {
        char input[] = ">a\nAC?GU\n";
        input[5] = (char)byte;
        bool code = byte < 128 && strchr("ACGTURYSWKMBDHVNacgturyswkmbdhvn", byte);
        bool line = byte == '\n' || byte == '\r';
        if (!line)
            ck_assert_msg((strchr(read_text(input, ""), '!') == NULL) == code, "byte 0x%02x", (unsigned)byte);
    }
}
END_TEST

START_TEST(errors_of_fasta_say_where_and_what)
{
    const example examples[] = {
        {">a\nACXU\n", "! MIRNET_ERR_FORMAT x.fa:2: record 'a': 'X' at position 3 is no nucleotide code"},
        {">a\nACGU\n>b\nACGU\nAC-U\n",
         "a ACGU\n! MIRNET_ERR_FORMAT x.fa:5: record 'b': gap character '-' at position 7 is no nucleotide code"},
        {">a\nA.\n", "! MIRNET_ERR_FORMAT x.fa:2: record 'a': gap character '.' at position 2 is no nucleotide code"},
        {">a\nA*\n", "! MIRNET_ERR_FORMAT x.fa:2: record 'a': gap character '*' at position 2 is no nucleotide code"},
        {">a\nAC GU\n",
         "! MIRNET_ERR_FORMAT x.fa:2: record 'a': a blank at position 3 is no nucleotide code (the option "
         "'lenient' drops blanks and digits)"},
        {">a\n1 ACGU\n", "! MIRNET_ERR_FORMAT x.fa:2: record 'a': '1' at position 1 is no nucleotide code (the option "
                         "'lenient' drops blanks and digits)"},
        {">a\nAC\xc3\xa4\n", "! MIRNET_ERR_FORMAT x.fa:2: record 'a': byte 0xc3 at position 3 is no nucleotide code"},
        {">a\n;c\n", "! MIRNET_ERR_FORMAT x.fa:2: record 'a': ';' at position 1 is no nucleotide code"},
        {">a\nACGU\n>b\n\n>c\nA\n", "a ACGU\n! MIRNET_ERR_FORMAT x.fa:3: record 'b' has no sequence (the option "
                                    "'keep_empty' accepts that)"},
        {">a\nACGU\n>b", "a ACGU\n! MIRNET_ERR_FORMAT x.fa:3: record 'b' has no sequence (the option 'keep_empty' "
                         "accepts that)"},
        {">", "! MIRNET_ERR_FORMAT x.fa:1: record 'seq_1' has no sequence (the option 'keep_empty' accepts that)"},
        {"\n>a\nAC\rGU\n", "! MIRNET_ERR_FORMAT x.fa:3: CR without LF: lines must end with LF or CRLF"},
        {">a\rACGU\r>b\rGG\r", "! MIRNET_ERR_FORMAT x.fa:1: CR without LF: lines must end with LF or CRLF"},
        {">a\nACGU\r", "! MIRNET_ERR_FORMAT x.fa:2: CR without LF: lines must end with LF or CRLF"},
        {">a\nACGU\r\r\n", "! MIRNET_ERR_FORMAT x.fa:2: CR without LF: lines must end with LF or CRLF"},
    };
    check_examples(examples, "format=1");
    const example before[] = {
        {"ACGU\n>a\nACGU\n", "! MIRNET_ERR_FORMAT x.fa:1: text before the first '>' of FASTA"},
        {"\n;\n  >a\nACGU\n", "! MIRNET_ERR_FORMAT x.fa:3: text before the first '>' of FASTA"},
        {"@a\nACGU\n+\nIIII\n", "! MIRNET_ERR_FORMAT x.fa:1: text before the first '>' of FASTA"},
    };
    check_examples(before, "format=1");
    ck_assert_str_eq(read_text("hello\n>a\nACGU\n", ""),
                     "! MIRNET_ERR_FORMAT x.fa:1: expected '>' (FASTA), '@' (FASTQ) or name,sequence,class");
    ck_assert_str_eq(mn_records_read(">a\nAC\0GU\n", 9, ""),
                     "! MIRNET_ERR_FORMAT x.fa:2: NUL byte: this is not a text file");
    ck_assert_str_eq(mn_records_read(">a\0\nACGU\n", 9, ""),
                     "! MIRNET_ERR_FORMAT x.fa:1: NUL byte: this is not a text file");
}
END_TEST

START_TEST(lenient_drops_blanks_and_digits_only)
{
    const example examples[] = {
        {">a\n   1 ACGU acgu\n 11 GG\t1\n", "a ACGUACGUGG\n"},
        {">a\n123\n>b\nA\n", "! MIRNET_ERR_FORMAT x.fa:1: record 'a' has no sequence (the option 'keep_empty' accepts "
                             "that)"},
        {">a\n1 AC-U\n",
         "! MIRNET_ERR_FORMAT x.fa:2: record 'a': gap character '-' at position 3 is no nucleotide code"},
        {"a,1 ACGU,x\n", "a ACGU - x\n"},
    };
    check_examples(examples, "lenient");
}
END_TEST

START_TEST(keep_empty_keeps_records_without_a_sequence)
{
    const example examples[] = {
        {">a\n>b\n\n>c\nAC\n>d", "a -\nb -\nc AC\nd -\n"},
        {">a\n>b\nACGU\n(..)\n>c\n", "a -\nb ACGU (..)\nc -\n"},
        {"@a\n+\n@b\n\n+\n\n@c\nA\n+\n@\n", "a -\nb -\nc A\n"},
        {"a,,x\nb,AC,y\n", "a - - x\nb AC - y\n"},
    };
    check_examples(examples, "keep_empty");
}
END_TEST

START_TEST(fastq_is_read_and_its_quality_ignored)
{
    const example examples[] = {
        {"@a x\nACGT\n+\nIIII\n@b\nGG\n+b\n@+\n", "a ACGU\nb GG\n"},
        {"@a\r\nAC\r\nGT\r\n+\r\n@@\r\n@@\r\n@b\r\nG\r\n+\r\n>", "a ACGU\nb G\n"},
        {"\n@\nA\n+\n!\n\n@\nC\n+\n!", "seq_1 A\nseq_2 C\n"},
    };
    check_examples(examples, "");
    check_examples(examples, "format=2");
    const example errors[] = {
        {"@a\nACGT\n+\nIII\n@b\nGG\n+\nII\n",
         "! MIRNET_ERR_FORMAT x.fa:5: record 'a': 4 letters but 5 quality characters so far"},
        {"@a\nACGT\n+\nII\n", "! MIRNET_ERR_FORMAT x.fa:1: record 'a': 4 letters but 2 quality characters"},
        {"@a\nACGT\n", "! MIRNET_ERR_FORMAT x.fa:1: record 'a': expected a '+' line, not the end"},
        {"@a\nACGT\n+\nIIII\nACGT\n", "a ACGU\n! MIRNET_ERR_FORMAT x.fa:5: expected the '@' of the next FASTQ record"},
        {"@a\n+\n\n", "! MIRNET_ERR_FORMAT x.fa:1: record 'a' has no sequence (the option 'keep_empty' accepts that)"},
        {"@a\nAC.T\n+\nIIII\n",
         "! MIRNET_ERR_FORMAT x.fa:2: record 'a': gap character '.' at position 3 is no nucleotide code"},
    };
    check_examples(errors, "");
    ck_assert_str_eq(read_text(">a\nACGT\n", "format=2"),
                     "! MIRNET_ERR_FORMAT x.fa:1: text before the first '@' of FASTQ");
}
END_TEST

START_TEST(rnafold_is_told_by_the_third_line)
{
    const example examples[] = {
        {">a\nGGGAAACCC\n(((...))) ( -1.20)\n", "a GGGAAACCC (((...)))\n"},
        {">a x\nGGGAAACCC\n(((...))) (-12.20)\n>b\nACGU\n.... (  0.00)\n", "a GGGAAACCC (((...)))\nb ACGU ....\n"},
        {">a\nGGGAAACCC\n(((...)))\n>b\nACGU\n....", "a GGGAAACCC (((...)))\nb ACGU ....\n"},
        {">a\r\nACGU\r\n....\r\n\r\n>b\r\nGC\r\n()\t(1e-1)\r\n", "a ACGU ....\nb GC ()\n"},
        {">a\nACGUACGUAC\n([{<..>}])\n", "a ACGUACGUAC ([{<..>}])\n"},
        {">a\nAAAA\n([)]\n", "a AAAA ([)]\n"},
    };
    check_examples(examples, "");
    check_examples(examples, "format=3");
}
END_TEST

START_TEST(errors_of_rnafold_say_where_and_what)
{
    const example examples[] = {
        {">a\nGGGAAACCC\n(((...))\n", "! MIRNET_ERR_FORMAT x.fa:3: record 'a': the structure has 8 characters, the "
                                      "sequence 9"},
        {">a\nACGU\n((.)\n", "! MIRNET_ERR_FORMAT x.fa:3: record 'a': the structure leaves 1 '(' open"},
        {">a\nACGU\n.)(.\n", "! MIRNET_ERR_FORMAT x.fa:3: record 'a': ')' at position 2 closes no bracket"},
        {">a\nACGU\n.[(]\n", "! MIRNET_ERR_FORMAT x.fa:3: record 'a': the structure leaves 1 '(' open"},
        {">a\nACGU\n(..) -1.2\n", "! MIRNET_ERR_FORMAT x.fa:3: record 'a': expected '(energy)' behind the structure"},
        {">a\nACGU\n(..) ()\n", "! MIRNET_ERR_FORMAT x.fa:3: record 'a': expected '(energy)' behind the structure"},
        {">a\nACGU\n(..) (abc)\n", "! MIRNET_ERR_FORMAT x.fa:3: record 'a': expected '(energy)' behind the structure"},
        {">a\nACGU\n(..)\n>b\nACGU\nACGU\n",
         "a ACGU (..)\n! MIRNET_ERR_FORMAT x.fa:6: record 'b': expected a dot-bracket line (RNAfold)"},
        {">a\nACGU\n(..)\n>b\nACGU\n",
         "a ACGU (..)\n! MIRNET_ERR_FORMAT x.fa:5: record 'b': expected a dot-bracket line (RNAfold), not the end"},
        {">a\nACGU\n(..)\n>b\n>c\nACGU\n....\n", "a ACGU (..)\n! MIRNET_ERR_FORMAT x.fa:4: record 'b' has no sequence "
                                                 "(the option 'keep_empty' accepts that)"},
        {">a\nACGU\n(..)\n(..)\n",
         "a ACGU (..)\n! MIRNET_ERR_FORMAT x.fa:4: expected the '>' of the next RNAfold record"},
    };
    check_examples(examples, "");
    check_examples(examples, "format=3");
    /* In plain FASTA a structure line is a line of letters that are none. */
    ck_assert_str_eq(read_text(">a\nACGU\n(..)\n", "format=1"),
                     "! MIRNET_ERR_FORMAT x.fa:3: record 'a': '(' at position 5 is no nucleotide code");
    ck_assert_str_eq(read_text(">a\nACGU\n>b\nACGU\n(..)\n", ""),
                     "a ACGU\n! MIRNET_ERR_FORMAT x.fa:5: record 'b': '(' at position 5 is no nucleotide code");
    ck_assert_str_eq(read_text(">a\nACGU\n", "format=3"), "! MIRNET_ERR_FORMAT x.fa:2: record 'a': expected a "
                                                          "dot-bracket line (RNAfold), not the end");
}
END_TEST

START_TEST(csv_without_a_header_has_its_columns_in_order)
{
    const example examples[] = {
        {"a,ACGU,x\nb,gg,y\n", "a ACGU - x\nb GG - y\n"},
        {"a,ACGU,x,(..)\nb,GG,y,\n", "a ACGU (..) x\nb GG - y\n"},
        {"a,ACGU\nb,GG\n", "a ACGU\nb GG\n"},
        {"a,ACGU,x\r\n\r\nb,GG,y", "a ACGU - x\nb GG - y\n"},
        {"\xef\xbb\xbf"
         "a,ACGU,x\n",
         "a ACGU - x\n"},
        {"b,GG,x\n a , ACGU ,\t TRUE \n", "b GG - x\na ACGU - TRUE\n"},
        {",ACGU,x\n ,GG,\n", "seq_1 ACGU - x\nseq_2 GG\n"},
        {"a b c,ACGU,two words\n", "a b c ACGU - two words\n"},
        {"; note\na,ACGU,x\n", "a ACGU - x\n"},
        {"a,ACGU,\n", "a ACGU\n"},
    };
    check_examples(examples, "");
}
END_TEST

START_TEST(a_header_line_names_the_columns)
{
    const example examples[] = {
        {"name,sequence,class\na,ACGU,x\n", "a ACGU - x\n"},
        {"Class,SEQUENCE,Name\nx,ACGU,a\n", "a ACGU - x\n"},
        {"sequence\nACGU\nGG\n", "seq_1 ACGU\nseq_2 GG\n"},
        {"name,sequence,structure,class\na,ACGU,(..),x\n", "a ACGU (..) x\n"},
        {"mfe,name,sequence,x,class,group\n-1,a,ACGU,?,x,g1\n-2,b,GG,\x01,y,\n", "a ACGU - x g1\nb GG - y\n"},
        {"#name,sequence,class\na,ACGU,x\n", "a ACGU - x\n"},
        {" name , sequence , class \na,ACGU,x\n", "a ACGU - x\n"},
        {"\"name\",\"sequence\",\"class\"\n\"a\",\"ACGU\",\"x\"\n", "a ACGU - x\n"},
        {"name,sequence,class\n", ""},
        {"name,sequence,sequences\na,ACGU,x\n", "a ACGU\n"},
    };
    check_examples(examples, "");
}
END_TEST

START_TEST(quoting_follows_rfc_4180)
{
    const example examples[] = {
        {"\"a, b\",ACGU,x\n", "a, b ACGU - x\n"},
        {"\"a \"\"b\"\"\",ACGU,x\n", "a \"b\" ACGU - x\n"},
        {"\"\",\"ACGU\",\"x\"\n", "seq_1 ACGU - x\n"},
        {"\"\"\"\",ACGU,x\n", "\" ACGU - x\n"},
        {"a\"b\",ACGU,x\n", "a\"b\" ACGU - x\n"},
        {"name,sequence,note\na,ACGU,\"two\r\nlines, \"\"quoted\"\"\n\n\"\nb,GG,\"\"\n", "a ACGU\nb GG\n"},
        {"a,\"ACGU\",\"x\"", "a ACGU - x\n"},
        {"a,ACGU,\"\"", "a ACGU\n"},
        {"\"a\tb c\"\n", "! MIRNET_ERR_FORMAT x.fa:1: expected '>' (FASTA), '@' (FASTQ) or name,sequence,class"},
    };
    check_examples(examples, "");
    const example errors[] = {
        {"a,ACGU,x\n\"b,GG,y\nc,AA,x\n", "a ACGU - x\n! MIRNET_ERR_FORMAT x.fa:2: a quoted field is not closed"},
        {"\"a\" ,ACGU,x\n", "! MIRNET_ERR_FORMAT x.fa:1: text behind a closing quote"},
        {"\"a\"b,ACGU,x\n", "! MIRNET_ERR_FORMAT x.fa:1: text behind a closing quote"},
        {"\"a\nb\",ACGU,x\n", "! MIRNET_ERR_FORMAT x.fa:1: the name holds a control character"},
        {"a,ACGU,\"x\ny\"\n", "! MIRNET_ERR_FORMAT x.fa:1: the class holds a control character"},
    };
    check_examples(errors, "");
}
END_TEST

START_TEST(tsv_is_told_by_a_tab_in_the_first_line)
{
    const example examples[] = {
        {"a\tACGU\tx\nb\tGG\ty\n", "a ACGU - x\nb GG - y\n"},
        {"name\tclass\tsequence\tgroup\na, b\tx\tACGU\tg\n", "a, b ACGU - x g\n"},
        {"a\tACGU\t x \t(..)\n", "a ACGU (..) x\n"},
        {"\"a\"\t\"ACGU\"\t\"x\"\n", "a ACGU - x\n"},
        {"a\tACGU\tx\nb,GG,y\n", "a ACGU - x\n! MIRNET_ERR_FORMAT x.fa:2: 1 columns, but the first row has 3"},
    };
    check_examples(examples, "");
    ck_assert_str_eq(read_text("a\tb,ACGU,x\n", "format=4"), "! MIRNET_ERR_FORMAT x.fa:1: the name holds a control "
                                                             "character");
    ck_assert_str_eq(read_text("a,b\tACGU\tx\n", "format=5"), "a,b ACGU - x\n");
    ck_assert_str_eq(read_text(">a\tACGU\tx\n", "format=5"), ">a ACGU - x\n");
    ck_assert_str_eq(read_text("@a,ACGU,x\n", "format=4"), "@a ACGU - x\n");
}
END_TEST

START_TEST(errors_of_tables_say_where_and_what)
{
    const example examples[] = {
        {"a,ACGU,x\nb,GG\n", "a ACGU - x\n! MIRNET_ERR_FORMAT x.fa:2: 2 columns, but the first row has 3"},
        {"name,sequence\na,ACGU,x\n", "! MIRNET_ERR_FORMAT x.fa:2: 3 columns, but the first row has 2"},
        {"a,ACGU,x,....,5\n", "! MIRNET_ERR_FORMAT x.fa:1: 5 columns and no header line with a column 'sequence': "
                              "expected name,sequence,class or name,sequence,class,structure"},
        {"sequence,name,Sequence\n", "! MIRNET_ERR_FORMAT x.fa:1: two columns are called 'sequence'"},
        {"sequence,class,class\n", "! MIRNET_ERR_FORMAT x.fa:1: two columns are called 'class'"},
        {"a,AC-U,x\n", "! MIRNET_ERR_FORMAT x.fa:1: record 'a': gap character '-' at position 3 is no nucleotide code"},
        {"a,AC GU,x\n",
         "! MIRNET_ERR_FORMAT x.fa:1: record 'a': a blank at position 3 is no nucleotide code (the option "
         "'lenient' drops blanks and digits)"},
        {"a,,x\n", "! MIRNET_ERR_FORMAT x.fa:1: record 'a' has no sequence (the option 'keep_empty' accepts that)"},
        {"a,ACGU,x,(.)\n", "! MIRNET_ERR_FORMAT x.fa:1: record 'a': the structure has 3 characters, the sequence 4"},
        {"a,ACGU,x,(-.)\n",
         "! MIRNET_ERR_FORMAT x.fa:1: record 'a': gap character '-' at position 2 is no dot-bracket character"},
        {"a,ACGU,x\nb,GG\ry,z\n",
         "a ACGU - x\n! MIRNET_ERR_FORMAT x.fa:2: CR without LF: lines must end with LF or CRLF"},
        {"name,length,p_mirtron\nb,20,0.5\n",
         "! MIRNET_ERR_FORMAT x.fa:1: record 'name': 'l' at position 1 is no nucleotide code"},
    };
    check_examples(examples, "");
    ck_assert_str_eq(read_text("ACGU\n", "format=4"),
                     "! MIRNET_ERR_FORMAT x.fa:1: 1 columns and no header line with a column 'sequence': "
                     "expected name,sequence,class or name,sequence,class,structure");
}
END_TEST

START_TEST(options_are_checked_and_closed_once_reading_began)
{
    mirnet_reader *reader;
    int32_t more;
    mn_ok(mirnet_reader_create_mem(&reader, ">a\nA\n", 5, "x.fa"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "nonsense", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "lenient", 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "lenient", 0.5));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "keep_empty", -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "mask_lower", NAN));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "format", 6));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "format", -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "format", 1.5));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "format", INFINITY));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, "format", NAN));
    mn_ok(mirnet_reader_set(reader, "format", 1));
    mn_ok(mirnet_reader_set(reader, "lenient", 1));
    mn_ok(mirnet_reader_set(reader, "lenient", 0));
    mn_ok(mirnet_reader_run(reader, &more));
    ck_assert_int_eq(more, 1);
    mn_fails(MIRNET_ERR_STATE, mirnet_reader_set(reader, "lenient", 1));
    mirnet_reader_destroy(reader);
}
END_TEST

START_TEST(wrong_arguments_get_their_status)
{
    mirnet_reader *reader = NULL;
    int32_t more;
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create(&reader, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create_mem(NULL, "x", 1, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create_mem(&reader, NULL, 1, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_create_mem(&reader, "x", 1, NULL));
    ck_assert_ptr_null(reader);
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(NULL, "lenient", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_run(NULL, &more));
    mirnet_reader_destroy(NULL);
    ck_assert_ptr_null(mirnet_reader_get_name(NULL));
    ck_assert_ptr_null(mirnet_reader_get_sequence(NULL));
    ck_assert_ptr_null(mirnet_reader_get_structure(NULL));
    ck_assert_ptr_null(mirnet_reader_get_class(NULL));
    ck_assert_ptr_null(mirnet_reader_get_group(NULL));
    ck_assert_uint_eq(mirnet_reader_get_length(NULL), 0);
    mn_ok(mirnet_reader_create_mem(&reader, NULL, 0, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_set(reader, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_reader_run(reader, NULL));
    /* Before the first run there is no record, and a caller's mistake does not end the reading. */
    ck_assert_str_eq(mirnet_reader_get_name(reader), "");
    ck_assert_str_eq(mirnet_reader_get_group(reader), "");
    ck_assert_str_eq(mn_records_show(reader), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reader");
    TCase *tcase = tcase_create("reader");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, fasta_is_read_as_written);
    tcase_add_test(tcase, letters_are_folded_to_the_codes_of_rna);
    tcase_add_test(tcase, every_byte_that_is_no_code_is_an_error);
    tcase_add_test(tcase, errors_of_fasta_say_where_and_what);
    tcase_add_test(tcase, lenient_drops_blanks_and_digits_only);
    tcase_add_test(tcase, keep_empty_keeps_records_without_a_sequence);
    tcase_add_test(tcase, fastq_is_read_and_its_quality_ignored);
    tcase_add_test(tcase, rnafold_is_told_by_the_third_line);
    tcase_add_test(tcase, errors_of_rnafold_say_where_and_what);
    tcase_add_test(tcase, csv_without_a_header_has_its_columns_in_order);
    tcase_add_test(tcase, a_header_line_names_the_columns);
    tcase_add_test(tcase, quoting_follows_rfc_4180);
    tcase_add_test(tcase, tsv_is_told_by_a_tab_in_the_first_line);
    tcase_add_test(tcase, errors_of_tables_say_where_and_what);
    tcase_add_test(tcase, options_are_checked_and_closed_once_reading_began);
    tcase_add_test(tcase, wrong_arguments_get_their_status);
    return mn_check_main(suite);
}
