/* test_dataset.c - records and where they come from: loading, options, groups; what is refused */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/dataset.h>

#include "mn_records.h"

START_TEST(records_are_held_in_the_order_in_which_they_came)
{
    mirnet_dataset *dataset = mn_records_create();
    ck_assert_int_eq(mirnet_dataset_count(dataset), 0);
    mn_ok(mn_records_load(dataset, "name,sequence,structure,class,group\na,acgt,(..),x,g\nb,GGN,,,\n", NULL));
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
    ck_assert_str_eq(mn_records_labels(dataset), "x - y -");
    ck_assert_str_eq(mn_records_classes(dataset), "x:1 y:1");
    ck_assert_int_eq(mirnet_dataset_get_class(dataset, 1), -1);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(texts_stay_where_they_are_while_the_set_grows)
{
    mirnet_dataset *dataset = mn_records_create();
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

START_TEST(a_load_is_all_or_nothing)
{
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mn_records_load(dataset, "a,A,FALSE\nb,C,TRUE\n", NULL));
    char before[65], after[65];
    mn_ok(mirnet_dataset_get_digest(dataset, before));
    const char *const bad[] = {
        "c,G,x\nd,GG,y\ne,!,z\n", "c,G,x\nd,GG,FALSE\ne\n", "", "\n\n", "name,sequence,class\n", "c,G,FALSE\nd,,x\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mn_fails(MIRNET_ERR_FORMAT, mn_records_load(dataset, bad[i], NULL));
        ck_assert_int_eq(mirnet_dataset_count(dataset), 2);
        ck_assert_str_eq(mn_records_classes(dataset), "TRUE:1 FALSE:1");
        ck_assert_str_eq(mn_records_labels(dataset), "FALSE TRUE");
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
    mn_fails(MIRNET_ERR_FORMAT, mn_records_load(dataset, text, NULL));
    ck_assert_str_eq(mirnet_last_message(), "x.csv:10001: record 'last': 'X' at position 1 is no nucleotide code");
    ck_assert_str_eq(mn_records_classes(dataset), "TRUE:1 FALSE:1");
    text[n] = '\0';
    mn_ok(mn_records_load(dataset, text, NULL));
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
    mirnet_dataset *dataset = mn_records_create();
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
    mirnet_dataset *dataset = mn_records_create();
    mn_fails(MIRNET_ERR_FORMAT, mn_records_load(dataset, "a,AC gu,x\n", NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "a", "", NULL, NULL, NULL));
    mn_ok(mirnet_dataset_set(dataset, "lenient", 1));
    mn_ok(mirnet_dataset_set(dataset, "mask_lower", 1));
    mn_ok(mirnet_dataset_set(dataset, "keep_empty", 1));
    mn_ok(mn_records_load(dataset, "a,AC gu,x\nb,,y\n", NULL));
    mn_ok(mirnet_dataset_add(dataset, "c", "1 Ac", NULL, NULL, NULL));
    ck_assert_str_eq(mirnet_dataset_get_sequence(dataset, 0), "ACNN");
    ck_assert_str_eq(mirnet_dataset_get_sequence(dataset, 1), "");
    ck_assert_str_eq(mirnet_dataset_get_sequence(dataset, 2), "AN");
    mn_ok(mirnet_dataset_set(dataset, "format", 1));
    mn_fails(MIRNET_ERR_FORMAT, mn_records_load(dataset, "a,A,x\n", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(dataset, "nonsense", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_set(dataset, "format", 7));
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(groups_come_from_a_column_of_choice)
{
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mirnet_dataset_set_group_column(dataset, "family"));
    mn_ok(mn_records_load(dataset, "name,sequence,family,group\na,A,f1,x\nb,C,,x\nc,G,f2,x\nd,G,f1,x\ne,U,,x\n", NULL));
    int64_t groups[6];
    const int64_t expected[] = {0, 1, 2, 0, 3}, identical[] = {0, 1, 2, 2, 3};
    mn_ok(mirnet_dataset_get_groups(dataset, "group", groups));
    ck_assert_mem_eq(groups, expected, sizeof(expected));
    mn_ok(mirnet_dataset_get_groups(dataset, "identical", groups));
    ck_assert_mem_eq(groups, identical, sizeof(identical));
    ck_assert_str_eq(mirnet_dataset_get_group(dataset, 0), "f1");
    /* A column that was asked for must be there. */
    mn_fails(MIRNET_ERR_FORMAT, mn_records_load(dataset, "name,sequence,group\na,A,x\n", NULL));
    ck_assert_str_eq(mirnet_last_message(), "x.csv:1: there is no column 'family' for the group");
    mn_fails(MIRNET_ERR_FORMAT, mn_records_load(dataset, "a,A,x\n", NULL));
    /* It may be a column that means something else as well. */
    mn_ok(mirnet_dataset_set_group_column(dataset, "Class"));
    mn_ok(mn_records_load(dataset, "name,sequence,class\na,A,x\n", NULL));
    ck_assert_str_eq(mirnet_dataset_get_group(dataset, 5), "x");
    ck_assert_str_eq(mn_records_classes(dataset), "x:1");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(records_that_are_wrong_are_not_added)
{
    mirnet_dataset *dataset = mn_records_create();
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

START_TEST(wrong_arguments_get_their_status)
{
    mirnet_dataset *dataset = mn_records_create();
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
    mirnet_dataset *dataset = mn_records_create();
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
    tcase_add_test(tcase, a_load_is_all_or_nothing);
    tcase_add_test(tcase, what_is_wrong_with_a_file_is_said);
    tcase_add_test(tcase, reading_options_hold_for_all_that_follows);
    tcase_add_test(tcase, groups_come_from_a_column_of_choice);
    tcase_add_test(tcase, records_that_are_wrong_are_not_added);
    tcase_add_test(tcase, wrong_arguments_get_their_status);
    tcase_add_test(tcase, what_is_not_there_is_null_or_nothing);
    return mn_check_main(suite);
}
