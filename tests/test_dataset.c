/* test_dataset.c - records, classes, report, groups, digest, simulation; the real data when they are there */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/dataset.h>

static mirnet_dataset *create(void)
{
    mirnet_dataset *dataset;
    mn_ok(mirnet_dataset_create(&dataset));
    return dataset;
}

static mirnet_status load_text(mirnet_dataset *dataset, const char *text, const char *opt_class)
{
    return mirnet_dataset_load_mem(dataset, text, strlen(text), "x.csv", opt_class);
}

static int64_t report(const mirnet_dataset *dataset, const char *key)
{
    int64_t value = -1;
    mn_ok(mirnet_dataset_get_report(dataset, key, &value));
    return value;
}

/* "name:size name:size", class 0 first. */
static const char *classes(const mirnet_dataset *dataset)
{
    static char text[1000];
    text[0] = '\0';
    for (int32_t c = 0; c < mirnet_dataset_class_count(dataset); c++)
        sprintf(text + strlen(text), "%s%s:%d", c ? " " : "", mirnet_dataset_get_class_name(dataset, c),
                (int)mirnet_dataset_get_class_size(dataset, c));
    return text;
}

/* The class names of the records in order. */
static const char *labels(const mirnet_dataset *dataset)
{
    static char text[1000];
    text[0] = '\0';
    for (int64_t i = 0; i < mirnet_dataset_count(dataset); i++) {
        const char *name = mirnet_dataset_get_class_name(dataset, mirnet_dataset_get_class(dataset, i));
        sprintf(text + strlen(text), "%s%s", i ? " " : "", name ? name : "-");
    }
    return text;
}

START_TEST(records_are_held_in_the_order_in_which_they_came)
{
    mirnet_dataset *dataset = create();
    ck_assert_int_eq(mirnet_dataset_count(dataset), 0);
    mn_ok(load_text(dataset, "name,sequence,structure,class,group\na,acgt,(..),x,g\nb,GGN,,,\n", NULL));
    mn_ok(mirnet_dataset_add(dataset, "c", "uuu", NULL, "y", "h"));
    mn_ok(mirnet_dataset_add(dataset, "d", "AC", "()", NULL, NULL));
    ck_assert_int_eq(mirnet_dataset_count(dataset), 4);
    const char *expected[][5] = {{"a", "ACGU", "(..)", "x", "g"},
                                 {"b", "GGN", "", "-", ""},
                                 {"c", "UUU", "", "y", "h"},
                                 {"d", "AC", "()", "-", ""}};
    for (int64_t i = 0; i < 4; i++) {
        ck_assert_str_eq(mirnet_dataset_get_name(dataset, i), expected[i][0]);
        ck_assert_str_eq(mirnet_dataset_get_sequence(dataset, i), expected[i][1]);
        ck_assert_str_eq(mirnet_dataset_get_structure(dataset, i), expected[i][2]);
        ck_assert_str_eq(mirnet_dataset_get_group(dataset, i), expected[i][4]);
        ck_assert_int_eq(mirnet_dataset_get_length(dataset, i), (int64_t)strlen(expected[i][1]));
    }
    ck_assert_str_eq(labels(dataset), "x - y -");
    ck_assert_str_eq(classes(dataset), "x:1 y:1");
    ck_assert_int_eq(mirnet_dataset_get_class(dataset, 1), -1);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(texts_stay_where_they_are_while_the_set_grows)
{
    mirnet_dataset *dataset = create();
    mn_ok(mirnet_dataset_add(dataset, "first", "ACGU", "(())", "x", "g"));
    const char *name = mirnet_dataset_get_name(dataset, 0), *sequence = mirnet_dataset_get_sequence(dataset, 0);
    char long_text[5001];
    memset(long_text, 'A', 5000);
    long_text[5000] = '\0';
    for (int i = 0; i < 2000; i++)
        mn_ok(mirnet_dataset_add(dataset, "n", i % 100 ? "GGAUCC" : long_text, NULL, "x", NULL));
    ck_assert_ptr_eq(name, mirnet_dataset_get_name(dataset, 0));
    ck_assert_ptr_eq(sequence, mirnet_dataset_get_sequence(dataset, 0));
    ck_assert_str_eq(name, "first");
    ck_assert_str_eq(sequence, "ACGU");
    ck_assert_int_eq(mirnet_dataset_get_length(dataset, 2000), 6);
    ck_assert_int_eq(mirnet_dataset_get_length(dataset, 1901), 5000);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(classes_come_in_order_of_appearance)
{
    mirnet_dataset *dataset = create();
    mn_ok(load_text(dataset, "a,A,z\nb,A,x\nc,A,y\nd,A,z\n", NULL));
    ck_assert_str_eq(classes(dataset), "z:2 x:1 y:1");
    ck_assert_str_eq(labels(dataset), "z x y z");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(in_a_set_of_two_the_positive_name_comes_first)
{
    const char *const names[] = {"TRUE", "true", "1", "yes", "positive", "mirtron"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        mirnet_dataset *dataset = create();
        char text[100], expected[100];
        sprintf(text, "a,A,other\nb,C,%s\nc,G,other\n", names[i]);
        sprintf(expected, "%s:1 other:2", names[i]);
        mn_ok(load_text(dataset, text, NULL));
        ck_assert_str_eq(classes(dataset), expected);
        ck_assert_int_eq(mirnet_dataset_get_class(dataset, 0), 1);
        ck_assert_int_eq(mirnet_dataset_get_class(dataset, 1), 0);
        mirnet_dataset_destroy(dataset);
    }
    const char *const others[] = {"True", "TRUE ish", "Mirtron", "pos", "2", "Yes"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        mirnet_dataset *dataset = create();
        char text[100];
        sprintf(text, "a,A,other\nb,C,%s\n", others[i]);
        mn_ok(load_text(dataset, text, NULL));
        ck_assert_str_eq(mirnet_dataset_get_class_name(dataset, 0), "other");
        mirnet_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(the_rule_for_two_classes_is_asked_again_as_records_come)
{
    mirnet_dataset *dataset = create();
    mn_ok(load_text(dataset, "a,A,FALSE\n", NULL));
    ck_assert_str_eq(classes(dataset), "FALSE:1");
    mn_ok(load_text(dataset, "b,A,TRUE\n", NULL));
    ck_assert_str_eq(classes(dataset), "TRUE:1 FALSE:1");
    mn_ok(load_text(dataset, "c,A,MAYBE\n", NULL));
    ck_assert_str_eq(classes(dataset), "FALSE:1 TRUE:1 MAYBE:1");
    ck_assert_str_eq(labels(dataset), "FALSE TRUE MAYBE");
    mirnet_dataset_destroy(dataset);
    dataset = create();
    mn_ok(load_text(dataset, "a,A,1\nb,A,TRUE\n", NULL));
    ck_assert_str_eq(classes(dataset), "1:1 TRUE:1");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(set_positive_moves_a_class_to_the_front_for_good)
{
    mirnet_dataset *dataset = create();
    mn_ok(load_text(dataset, "a,A,FALSE\nb,A,TRUE\n", NULL));
    mn_ok(mirnet_dataset_set_positive(dataset, "FALSE"));
    ck_assert_str_eq(classes(dataset), "FALSE:1 TRUE:1");
    mn_ok(load_text(dataset, "c,A,x\nd,A,y\n", NULL));
    mn_ok(mirnet_dataset_set_positive(dataset, "x"));
    ck_assert_str_eq(classes(dataset), "x:1 FALSE:1 TRUE:1 y:1");
    ck_assert_str_eq(labels(dataset), "FALSE TRUE x y");
    mn_ok(mirnet_dataset_set_positive(dataset, "TRUE"));
    ck_assert_str_eq(classes(dataset), "TRUE:1 FALSE:1 x:1 y:1");
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_dataset_set_positive(dataset, "z"));
    ck_assert_str_eq(mirnet_last_message(), "there is no class 'z'");
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_dataset_set_positive(dataset, ""));
    ck_assert_str_eq(classes(dataset), "TRUE:1 FALSE:1 x:1 y:1");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(classes_of_the_input_can_be_called_otherwise)
{
    mirnet_dataset *dataset = create();
    mn_ok(mirnet_dataset_map_class(dataset, "TRUE", "nonsense"));
    mn_ok(mirnet_dataset_map_class(dataset, "TRUE", "mirtron"));
    mn_ok(mirnet_dataset_map_class(dataset, "FALSE", "canonical"));
    mn_ok(mirnet_dataset_map_class(dataset, "NO", "canonical"));
    mn_ok(mirnet_dataset_map_class(dataset, "mirtron", "TRUE"));
    mn_ok(load_text(dataset, "a,A,FALSE\nb,A, TRUE \nc,A,NO\nd,A,canonical\ne,A,\n", "TRUE"));
    ck_assert_str_eq(labels(dataset), "canonical mirtron canonical canonical mirtron");
    ck_assert_str_eq(classes(dataset), "mirtron:2 canonical:3");
    mn_fails(MIRNET_ERR_STATE, mirnet_dataset_map_class(dataset, "a", "b"));
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(set_classes_fixes_names_and_order)
{
    const char *const names[] = {"b", "a", "c"};
    mirnet_dataset *dataset = create();
    mn_ok(mirnet_dataset_set_classes(dataset, names, 3));
    mn_ok(mirnet_dataset_set_classes(dataset, names, 2));
    ck_assert_str_eq(classes(dataset), "b:0 a:0");
    mn_ok(load_text(dataset, "x,A,a\ny,A,\n", NULL));
    ck_assert_str_eq(classes(dataset), "b:0 a:1");
    ck_assert_str_eq(labels(dataset), "a -");
    mn_fails(MIRNET_ERR_FORMAT, load_text(dataset, "x,A,a\nz,A,c\n", NULL));
    ck_assert_str_eq(mirnet_last_message(),
                     "x.csv:2: record 'z': class 'c' is none of 'b' and the others that were set");
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "z", "A", NULL, "c", NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_dataset_set_classes(dataset, names, 3));
    ck_assert_str_eq(classes(dataset), "b:0 a:1");
    ck_assert_int_eq(mirnet_dataset_count(dataset), 2);
    mirnet_dataset_destroy(dataset);

    /* The order that was set outweighs the rule for positive names. */
    const char *const fixed[] = {"FALSE", "TRUE"};
    dataset = create();
    mn_ok(mirnet_dataset_set_classes(dataset, fixed, 2));
    mn_ok(load_text(dataset, "x,A,TRUE\n", NULL));
    ck_assert_str_eq(classes(dataset), "FALSE:0 TRUE:1");
    mn_ok(mirnet_dataset_set_positive(dataset, "TRUE"));
    ck_assert_str_eq(classes(dataset), "TRUE:1 FALSE:0");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(files_without_classes_take_the_class_given)
{
    mirnet_dataset *dataset = create();
    const char *path = mn_scratch_path("a.fa");
    mn_write_text(path, ">a\nACGU\n>b\nGG\n");
    mn_ok(mirnet_dataset_load(dataset, path, "canonical"));
    mn_ok(load_text(dataset, ">c\nAA\n", "mirtron"));
    mn_ok(load_text(dataset, "d,CC,canonical\ne,CC,\n", "mirtron"));
    mn_ok(load_text(dataset, ">f\nAA\n", NULL));
    ck_assert_str_eq(labels(dataset), "canonical canonical mirtron canonical mirtron -");
    ck_assert_str_eq(classes(dataset), "mirtron:2 canonical:3");
    ck_assert_int_eq(report(dataset, "unlabelled"), 1);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_load_is_all_or_nothing)
{
    mirnet_dataset *dataset = create();
    mn_ok(load_text(dataset, "a,A,FALSE\nb,C,TRUE\n", NULL));
    char before[65], after[65];
    mn_ok(mirnet_dataset_get_digest(dataset, before));
    const char *const bad[] = {
        "c,G,x\nd,GG,y\ne,!,z\n", "c,G,x\nd,GG,FALSE\ne\n", "", "\n\n", "name,sequence,class\n", "c,G,FALSE\nd,,x\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mn_fails(MIRNET_ERR_FORMAT, load_text(dataset, bad[i], NULL));
        ck_assert_int_eq(mirnet_dataset_count(dataset), 2);
        ck_assert_str_eq(classes(dataset), "TRUE:1 FALSE:1");
        ck_assert_str_eq(labels(dataset), "FALSE TRUE");
        mn_ok(mirnet_dataset_get_digest(dataset, after));
        ck_assert_str_eq(before, after);
    }
    /* Many records before the one that is wrong: more than a block of texts and several growths. */
    char *text = malloc(400000);
    ck_assert_ptr_nonnull(text);
    size_t n = 0;
    for (int i = 0; i < 10000; i++)
        n += (size_t)sprintf(text + n, "record_%d,ACGUACGU,class_%d\n", i, i);
    sprintf(text + n, "last,X,y\n");
    mn_fails(MIRNET_ERR_FORMAT, load_text(dataset, text, NULL));
    ck_assert_str_eq(mirnet_last_message(), "x.csv:10001: record 'last': 'X' at position 1 is no nucleotide code");
    ck_assert_str_eq(classes(dataset), "TRUE:1 FALSE:1");
    text[n] = '\0';
    mn_ok(load_text(dataset, text, NULL));
    ck_assert_int_eq(mirnet_dataset_count(dataset), 10002);
    ck_assert_int_eq(mirnet_dataset_class_count(dataset), 10002);
    ck_assert_str_eq(mirnet_dataset_get_class_name(dataset, mirnet_dataset_get_class(dataset, 10001)), "class_9999");
    ck_assert_int_eq(mirnet_dataset_get_class(dataset, 10001), 10001);
    free(text);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(what_is_wrong_with_a_file_is_said)
{
    mirnet_dataset *dataset = create();
    mn_fails(MIRNET_ERR_IO, mirnet_dataset_load(dataset, "/nowhere/x.csv", NULL));
    ck_assert_str_eq(mirnet_last_message(), "/nowhere/x.csv: cannot open: No such file or directory");
    const char *path = mn_scratch_path("empty");
    mn_write_text(path, "");
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_load(dataset, path, NULL));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "/empty: there are no records"));
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(reading_options_hold_for_all_that_follows)
{
    mirnet_dataset *dataset = create();
    mn_fails(MIRNET_ERR_FORMAT, load_text(dataset, "a,AC gu,x\n", NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "a", "", NULL, NULL, NULL));
    mn_ok(mirnet_dataset_set(dataset, "lenient", 1));
    mn_ok(mirnet_dataset_set(dataset, "mask_lower", 1));
    mn_ok(mirnet_dataset_set(dataset, "keep_empty", 1));
    mn_ok(load_text(dataset, "a,AC gu,x\nb,,y\n", NULL));
    mn_ok(mirnet_dataset_add(dataset, "c", "1 Ac", NULL, NULL, NULL));
    ck_assert_str_eq(mirnet_dataset_get_sequence(dataset, 0), "ACNN");
    ck_assert_str_eq(mirnet_dataset_get_sequence(dataset, 1), "");
    ck_assert_str_eq(mirnet_dataset_get_sequence(dataset, 2), "AN");
    mn_ok(mirnet_dataset_set(dataset, "format", 1));
    mn_fails(MIRNET_ERR_FORMAT, load_text(dataset, "a,A,x\n", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(dataset, "nonsense", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(dataset, "format", 7));
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(groups_come_from_a_column_of_choice)
{
    mirnet_dataset *dataset = create();
    mn_ok(mirnet_dataset_set_group_column(dataset, "family"));
    mn_ok(load_text(dataset, "name,sequence,family,group\na,A,f1,x\nb,C,,x\nc,G,f2,x\nd,G,f1,x\ne,U,,x\n", NULL));
    int64_t groups[6];
    const int64_t expected[] = {0, 1, 2, 0, 3}, identical[] = {0, 1, 2, 2, 3};
    mn_ok(mirnet_dataset_get_groups(dataset, "group", groups));
    ck_assert_mem_eq(groups, expected, sizeof(expected));
    mn_ok(mirnet_dataset_get_groups(dataset, "identical", groups));
    ck_assert_mem_eq(groups, identical, sizeof(identical));
    ck_assert_str_eq(mirnet_dataset_get_group(dataset, 0), "f1");
    /* A column that was asked for must be there. */
    mn_fails(MIRNET_ERR_FORMAT, load_text(dataset, "name,sequence,group\na,A,x\n", NULL));
    ck_assert_str_eq(mirnet_last_message(), "x.csv:1: there is no column 'family' for the group");
    mn_fails(MIRNET_ERR_FORMAT, load_text(dataset, "a,A,x\n", NULL));
    /* It may be a column that means something else as well. */
    mn_ok(mirnet_dataset_set_group_column(dataset, "Class"));
    mn_ok(load_text(dataset, "name,sequence,class\na,A,x\n", NULL));
    ck_assert_str_eq(mirnet_dataset_get_group(dataset, 5), "x");
    ck_assert_str_eq(classes(dataset), "x:1");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_report_counts_what_is_odd)
{
    mirnet_dataset *dataset = create();
    const char *const keys[] = {"records",    "unique_sequences", "duplicate_records", "repeated_sequences",
                                "conflicts",  "duplicate_names",  "unlabelled",        "min_length",
                                "max_length", "median_length",    "ambiguous_records"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        ck_assert_int_eq(report(dataset, keys[i]), 0);
    mn_ok(load_text(dataset,
                    "a,ACGU,x\nb,acgt,y\nc,ACGU,x\n" /* one sequence three times, in conflict */
                    "d,GGGGGG,x\nd,GGGGGG,\n"        /* twice, one without a class: no conflict */
                    "d,A,\ne,NN,\nf,ACGUACGUR,\n",
                    NULL));
    const int64_t expected[] = {8, 5, 3, 2, 1, 2, 4, 1, 9, 4, 2};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        ck_assert_msg(report(dataset, keys[i]) == expected[i], "%s is %lld", keys[i],
                      (long long)report(dataset, keys[i]));
    mn_ok(mirnet_dataset_add(dataset, "g", "AC", NULL, NULL, NULL));
    ck_assert_int_eq(report(dataset, "median_length"), 4);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_sequence_without_a_class_first_can_be_in_conflict_later)
{
    mirnet_dataset *dataset = create();
    mn_ok(load_text(dataset, "a,ACGU,\nb,ACGU,x\n", NULL));
    ck_assert_int_eq(report(dataset, "conflicts"), 0);
    mn_ok(load_text(dataset, "c,ACGU,y\nd,ACGU,z\n", NULL));
    ck_assert_int_eq(report(dataset, "conflicts"), 1);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_median_of_an_even_number_is_between_the_middle_two)
{
    mirnet_dataset *dataset = create();
    mn_ok(load_text(dataset, ">a\nA\n>b\nAAAAAAAAAA\n>c\nAAA\n>d\nAAAAAA\n", NULL));
    ck_assert_int_eq(report(dataset, "median_length"), 4); /* (3 + 6) / 2, rounded down */
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_digest_is_sha256_of_sequences_and_classes)
{
    /* printf 'ACGU\tx\nGGN\t\n' | sha256sum */
    const char *const expected = "a17ecafabf4451edbe43f39dc3b1818caa38897a2160d3e3554d0ba19579006d";
    const char *const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    mirnet_dataset *dataset = create();
    char digest[65];
    mn_ok(mirnet_dataset_get_digest(dataset, digest));
    ck_assert_str_eq(digest, nothing);
    mn_ok(load_text(dataset, "a,acgt,x\nb,GGN,\n", NULL));
    mn_ok(mirnet_dataset_get_digest(dataset, digest));
    ck_assert_str_eq(digest, expected);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(records_that_are_wrong_are_not_added)
{
    mirnet_dataset *dataset = create();
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "a", "ACXGU", NULL, "x", NULL));
    ck_assert_str_eq(mirnet_last_message(), "record 'a': 'X' at position 3 is no nucleotide code");
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "a", "", NULL, "x", NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "a", "ACGU", "(.)", "x", NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "a", "ACGU", "(..(", "x", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(dataset, "a\tb", "ACGU", NULL, "x", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(dataset, "a", "ACGU", NULL, "x\n", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(dataset, "a", "ACGU", NULL, "x", "\x7f"));
    ck_assert_int_eq(mirnet_dataset_count(dataset), 0);
    ck_assert_int_eq(mirnet_dataset_class_count(dataset), 0);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_paper_s_data_have_the_known_oddities)
{
    const char *one = mn_data_path("mirtron/miRBase_set.csv"), *two = mn_data_path("mirtron/putative_mirtrons_set.csv");
    if (!one || !two)
        mn_skip("the mirtron data are not there");
    mirnet_dataset *dataset = create();
    mn_ok(mirnet_dataset_load(dataset, one, NULL));
    mn_ok(mirnet_dataset_load(dataset, two, NULL));
    ck_assert_int_eq(report(dataset, "records"), 1124);
    ck_assert_int_eq(report(dataset, "unique_sequences"), 1101);
    ck_assert_int_eq(report(dataset, "duplicate_records"), 23);
    ck_assert_int_eq(report(dataset, "repeated_sequences"), 14);
    ck_assert_int_eq(report(dataset, "conflicts"), 2);
    ck_assert_int_eq(report(dataset, "duplicate_names"), 0);
    ck_assert_int_eq(report(dataset, "unlabelled"), 0);
    ck_assert_int_eq(report(dataset, "min_length"), 48);
    ck_assert_int_eq(report(dataset, "max_length"), 164);
    ck_assert_int_eq(report(dataset, "median_length"), 76);
    ck_assert_int_eq(report(dataset, "ambiguous_records"), 0);
    ck_assert_str_eq(classes(dataset), "TRUE:417 FALSE:707");
    int64_t groups[1124], sum = 0;
    mn_ok(mirnet_dataset_get_groups(dataset, "identical", groups));
    for (int64_t i = 0; i < 1124; i++)
        sum += i * groups[i];
    ck_assert_int_eq(sum, 464477475); /* by Python: dict.setdefault over the sequences */
    char digest[65];
    mn_ok(mirnet_dataset_get_digest(dataset, digest));
    /* by Python: hashlib over the rows, upper case, T as U */
    ck_assert_str_eq(digest, "0c4146ff48e65af3c963d488c3390431dc92e1cc8848a12127e27ba497305060");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(real_structures_are_read_with_their_sequences)
{
    const char *path = mn_data_path("premirna/human_precursors.csv");
    if (!path)
        mn_skip("the precursor data are not there");
    mirnet_dataset *dataset = create();
    mn_ok(mirnet_dataset_load(dataset, path, NULL));
    ck_assert_int_eq(report(dataset, "records"), 3762);
    ck_assert_int_eq(report(dataset, "unique_sequences"), 3709);
    ck_assert_int_eq(report(dataset, "min_length"), 41);
    ck_assert_int_eq(report(dataset, "max_length"), 180);
    ck_assert_int_eq(report(dataset, "median_length"), 82);
    ck_assert_str_eq(classes(dataset), "TRUE:1881 FALSE:1881");
    for (int64_t i = 0; i < 3762; i++)
        ck_assert_uint_eq(strlen(mirnet_dataset_get_structure(dataset, i)),
                          (size_t)mirnet_dataset_get_length(dataset, i));
    mirnet_dataset_destroy(dataset);
}
END_TEST

static bool ends_in_yag(const char *sequence)
{
    size_t n = strlen(sequence);
    return n > 3 && (strcmp(sequence + n - 3, "CAG") == 0 || strcmp(sequence + n - 3, "UAG") == 0);
}

START_TEST(simulated_sets_are_alike_for_like_seeds)
{
    mirnet_dataset *a = create(), *b = create(), *c = create();
    mn_ok(mirnet_dataset_simulate(a, 50, 7));
    mn_ok(mirnet_dataset_simulate(b, 80, 7));
    mn_ok(mirnet_dataset_simulate(c, 50, 8));
    ck_assert_int_eq(mirnet_dataset_count(a), 100);
    ck_assert_str_eq(classes(a), "mirtron:50 canonical:50");
    int differ = 0;
    for (int64_t i = 0; i < 100; i++) {
        ck_assert_str_eq(mirnet_dataset_get_name(a, i), mirnet_dataset_get_name(b, i));
        ck_assert_str_eq(mirnet_dataset_get_sequence(a, i), mirnet_dataset_get_sequence(b, i));
        differ += strcmp(mirnet_dataset_get_sequence(a, i), mirnet_dataset_get_sequence(c, i)) != 0;
        ck_assert(strncmp(mirnet_dataset_get_name(a, i), "sim_", 4) == 0);
    }
    ck_assert_int_eq(differ, 100);
    mirnet_dataset_destroy(a);
    mirnet_dataset_destroy(b);
    mirnet_dataset_destroy(c);
}
END_TEST

START_TEST(simulated_classes_can_be_told_apart_but_not_by_one_rule)
{
    mirnet_dataset *dataset = create();
    mn_ok(mirnet_dataset_simulate(dataset, 2000, mn_seed()));
    int correct = 0;
    for (int64_t i = 0; i < 4000; i++)
        correct += ends_in_yag(mirnet_dataset_get_sequence(dataset, i)) == (mirnet_dataset_get_class(dataset, i) == 0);
    ck_assert_int_gt(correct, 3600);
    ck_assert_int_lt(correct, 3880);
    ck_assert_int_ge(report(dataset, "min_length"), 48);
    ck_assert_int_le(report(dataset, "max_length"), 164);
    ck_assert_int_eq(report(dataset, "duplicate_records"), 0);
    ck_assert_int_eq(report(dataset, "duplicate_names"), 0);
    ck_assert_int_eq(report(dataset, "ambiguous_records"), 0);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_simulation_that_fails_adds_nothing)
{
    const char *const names[] = {"mirtron", "other"};
    mirnet_dataset *dataset = create();
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_simulate(dataset, 0, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_simulate(dataset, -1, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_simulate(NULL, 1, 1));
    mn_ok(mirnet_dataset_set_classes(dataset, names, 2));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_simulate(dataset, 10, 1));
    ck_assert_int_eq(mirnet_dataset_count(dataset), 0);
    ck_assert_str_eq(classes(dataset), "mirtron:0 other:0");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(wrong_arguments_get_their_status)
{
    mirnet_dataset *dataset = create();
    int64_t number;
    char digest[65];
    const char *const names[] = {"a", NULL, "a", ""};
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_create(NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(NULL, "lenient", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(dataset, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_group_column(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_group_column(dataset, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_group_column(dataset, ""));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_map_class(NULL, "x", "y"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_map_class(dataset, NULL, "y"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_map_class(dataset, "", "y"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_map_class(dataset, "x", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_map_class(dataset, "x", ""));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(NULL, names, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, names, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, names, -1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, names, 2));
    ck_assert_str_eq(mirnet_last_message(), "names[1] is NULL");
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, names + 2, 2));
    ck_assert_int_eq(mirnet_dataset_class_count(dataset), 0);
    const char *const twice[] = {"a", "b", "a"};
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_classes(dataset, twice, 3));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_positive(NULL, "a"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set_positive(dataset, NULL));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_dataset_set_positive(dataset, "a"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load(NULL, "x", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load(dataset, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load(dataset, "x", ""));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load_mem(NULL, ">a\nA", 4, "x", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load_mem(dataset, NULL, 4, "x", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load_mem(dataset, ">a\nA", 4, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_load_mem(dataset, ">a\nA", 4, "x", ""));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_load_mem(dataset, NULL, 0, "x", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(NULL, "a", "A", NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(dataset, NULL, "A", NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_add(dataset, "a", NULL, NULL, NULL, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_report(NULL, "records", &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_report(dataset, NULL, &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_report(dataset, "records", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_report(dataset, "nonsense", &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_groups(NULL, "group", &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_groups(dataset, NULL, &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_groups(dataset, "group", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_groups(dataset, "name", &number));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_digest(NULL, digest));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_get_digest(dataset, NULL));
    ck_assert_int_eq(mirnet_dataset_count(dataset), 0);
    mirnet_dataset_destroy(dataset);
    mirnet_dataset_destroy(NULL);
}
END_TEST

START_TEST(what_is_not_there_is_null_or_nothing)
{
    mirnet_dataset *dataset = create();
    mn_ok(mirnet_dataset_add(dataset, "a", "ACGU", NULL, "x", NULL));
    const int64_t outside[] = {-1, 1, INT64_MAX, INT64_MIN};
    for (size_t k = 0; k < 4; k++) {
        int64_t i = outside[k];
        ck_assert_ptr_null(mirnet_dataset_get_name(dataset, i));
        ck_assert_ptr_null(mirnet_dataset_get_sequence(dataset, i));
        ck_assert_ptr_null(mirnet_dataset_get_structure(dataset, i));
        ck_assert_ptr_null(mirnet_dataset_get_group(dataset, i));
        ck_assert_int_eq(mirnet_dataset_get_length(dataset, i), 0);
        ck_assert_int_eq(mirnet_dataset_get_class(dataset, i), -1);
    }
    const int32_t no_class[] = {-1, 1, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < 4; k++) {
        ck_assert_ptr_null(mirnet_dataset_get_class_name(dataset, no_class[k]));
        ck_assert_int_eq(mirnet_dataset_get_class_size(dataset, no_class[k]), 0);
    }
    ck_assert_int_eq(mirnet_dataset_count(NULL), 0);
    ck_assert_int_eq(mirnet_dataset_class_count(NULL), 0);
    ck_assert_ptr_null(mirnet_dataset_get_name(NULL, 0));
    ck_assert_ptr_null(mirnet_dataset_get_sequence(NULL, 0));
    ck_assert_ptr_null(mirnet_dataset_get_structure(NULL, 0));
    ck_assert_ptr_null(mirnet_dataset_get_group(NULL, 0));
    ck_assert_int_eq(mirnet_dataset_get_length(NULL, 0), 0);
    ck_assert_int_eq(mirnet_dataset_get_class(NULL, 0), -1);
    ck_assert_ptr_null(mirnet_dataset_get_class_name(NULL, 0));
    ck_assert_int_eq(mirnet_dataset_get_class_size(NULL, 0), 0);
    mirnet_dataset_destroy(dataset);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *tcase = tcase_create("dataset");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, records_are_held_in_the_order_in_which_they_came);
    tcase_add_test(tcase, texts_stay_where_they_are_while_the_set_grows);
    tcase_add_test(tcase, classes_come_in_order_of_appearance);
    tcase_add_test(tcase, in_a_set_of_two_the_positive_name_comes_first);
    tcase_add_test(tcase, the_rule_for_two_classes_is_asked_again_as_records_come);
    tcase_add_test(tcase, set_positive_moves_a_class_to_the_front_for_good);
    tcase_add_test(tcase, classes_of_the_input_can_be_called_otherwise);
    tcase_add_test(tcase, set_classes_fixes_names_and_order);
    tcase_add_test(tcase, files_without_classes_take_the_class_given);
    tcase_add_test(tcase, a_load_is_all_or_nothing);
    tcase_add_test(tcase, what_is_wrong_with_a_file_is_said);
    tcase_add_test(tcase, reading_options_hold_for_all_that_follows);
    tcase_add_test(tcase, groups_come_from_a_column_of_choice);
    tcase_add_test(tcase, the_report_counts_what_is_odd);
    tcase_add_test(tcase, a_sequence_without_a_class_first_can_be_in_conflict_later);
    tcase_add_test(tcase, the_median_of_an_even_number_is_between_the_middle_two);
    tcase_add_test(tcase, the_digest_is_sha256_of_sequences_and_classes);
    tcase_add_test(tcase, records_that_are_wrong_are_not_added);
    tcase_add_test(tcase, the_paper_s_data_have_the_known_oddities);
    tcase_add_test(tcase, real_structures_are_read_with_their_sequences);
    tcase_add_test(tcase, simulated_sets_are_alike_for_like_seeds);
    tcase_add_test(tcase, simulated_classes_can_be_told_apart_but_not_by_one_rule);
    tcase_add_test(tcase, a_simulation_that_fails_adds_nothing);
    tcase_add_test(tcase, wrong_arguments_get_their_status);
    tcase_add_test(tcase, what_is_not_there_is_null_or_nothing);
    return mn_check_main(suite);
}
