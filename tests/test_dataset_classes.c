/* test_dataset_classes.c - the classes of a set: their order, their names, which one is positive */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdio.h>

#include <mirnet/dataset.h>

#include "mn_records.h"

START_TEST(classes_come_in_order_of_appearance)
{
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mn_records_load(dataset, "a,A,z\nb,A,x\nc,A,y\nd,A,z\n", NULL));
    ck_assert_str_eq(mn_records_classes(dataset), "z:2 x:1 y:1");
    ck_assert_str_eq(mn_records_labels(dataset), "z x y z");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(in_a_set_of_two_the_positive_name_comes_first)
{
    const char *const names[] = {"TRUE", "true", "1", "yes", "positive", "mirtron"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        mirnet_dataset *dataset = mn_records_create();
        char text[100], expected[100];
        sprintf(text, "a,A,other\nb,C,%s\nc,G,other\n", names[i]);
        sprintf(expected, "%s:1 other:2", names[i]);
        mn_ok(mn_records_load(dataset, text, NULL));
        ck_assert_str_eq(mn_records_classes(dataset), expected);
        ck_assert_int_eq(mirnet_dataset_get_class(dataset, 0), 1);
        ck_assert_int_eq(mirnet_dataset_get_class(dataset, 1), 0);
        mirnet_dataset_destroy(dataset);
    }
    const char *const others[] = {"True", "TRUE ish", "Mirtron", "pos", "2", "Yes"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        mirnet_dataset *dataset = mn_records_create();
        char text[100];
        sprintf(text, "a,A,other\nb,C,%s\n", others[i]);
        mn_ok(mn_records_load(dataset, text, NULL));
        ck_assert_str_eq(mirnet_dataset_get_class_name(dataset, 0), "other");
        mirnet_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(the_rule_for_two_classes_is_asked_again_as_records_come)
{
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mn_records_load(dataset, "a,A,FALSE\n", NULL));
    ck_assert_str_eq(mn_records_classes(dataset), "FALSE:1");
    mn_ok(mn_records_load(dataset, "b,A,TRUE\n", NULL));
    ck_assert_str_eq(mn_records_classes(dataset), "TRUE:1 FALSE:1");
    mn_ok(mn_records_load(dataset, "c,A,MAYBE\n", NULL));
    ck_assert_str_eq(mn_records_classes(dataset), "FALSE:1 TRUE:1 MAYBE:1");
    ck_assert_str_eq(mn_records_labels(dataset), "FALSE TRUE MAYBE");
    mirnet_dataset_destroy(dataset);
    dataset = mn_records_create();
    mn_ok(mn_records_load(dataset, "a,A,1\nb,A,TRUE\n", NULL));
    ck_assert_str_eq(mn_records_classes(dataset), "1:1 TRUE:1");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(set_positive_moves_a_class_to_the_front_for_good)
{
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mn_records_load(dataset, "a,A,FALSE\nb,A,TRUE\n", NULL));
    mn_ok(mirnet_dataset_set_positive(dataset, "FALSE"));
    ck_assert_str_eq(mn_records_classes(dataset), "FALSE:1 TRUE:1");
    mn_ok(mn_records_load(dataset, "c,A,x\nd,A,y\n", NULL));
    mn_ok(mirnet_dataset_set_positive(dataset, "x"));
    ck_assert_str_eq(mn_records_classes(dataset), "x:1 FALSE:1 TRUE:1 y:1");
    ck_assert_str_eq(mn_records_labels(dataset), "FALSE TRUE x y");
    mn_ok(mirnet_dataset_set_positive(dataset, "TRUE"));
    ck_assert_str_eq(mn_records_classes(dataset), "TRUE:1 FALSE:1 x:1 y:1");
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_dataset_set_positive(dataset, "z"));
    ck_assert_str_eq(mirnet_last_message(), "there is no class 'z'");
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_dataset_set_positive(dataset, ""));
    ck_assert_str_eq(mn_records_classes(dataset), "TRUE:1 FALSE:1 x:1 y:1");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(classes_of_the_input_can_be_called_otherwise)
{
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mirnet_dataset_map_class(dataset, "TRUE", "nonsense"));
    mn_ok(mirnet_dataset_map_class(dataset, "TRUE", "mirtron"));
    mn_ok(mirnet_dataset_map_class(dataset, "FALSE", "canonical"));
    mn_ok(mirnet_dataset_map_class(dataset, "NO", "canonical"));
    mn_ok(mirnet_dataset_map_class(dataset, "mirtron", "TRUE"));
    mn_ok(mn_records_load(dataset, "a,A,FALSE\nb,A, TRUE \nc,A,NO\nd,A,canonical\ne,A,\n", "TRUE"));
    ck_assert_str_eq(mn_records_labels(dataset), "canonical mirtron canonical canonical mirtron");
    ck_assert_str_eq(mn_records_classes(dataset), "mirtron:2 canonical:3");
    mn_fails(MIRNET_ERR_STATE, mirnet_dataset_map_class(dataset, "a", "b"));
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(set_classes_fixes_names_and_order)
{
    const char *const names[] = {"b", "a", "c"};
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mirnet_dataset_set_classes(dataset, names, 3));
    mn_ok(mirnet_dataset_set_classes(dataset, names, 2));
    ck_assert_str_eq(mn_records_classes(dataset), "b:0 a:0");
    mn_ok(mn_records_load(dataset, "x,A,a\ny,A,\n", NULL));
    ck_assert_str_eq(mn_records_classes(dataset), "b:0 a:1");
    ck_assert_str_eq(mn_records_labels(dataset), "a -");
    mn_fails(MIRNET_ERR_FORMAT, mn_records_load(dataset, "x,A,a\nz,A,c\n", NULL));
    ck_assert_str_eq(mirnet_last_message(),
                     "x.csv:2: record 'z': class 'c' is none of 'b' and the others that were set");
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_add(dataset, "z", "A", NULL, "c", NULL));
    mn_fails(MIRNET_ERR_STATE, mirnet_dataset_set_classes(dataset, names, 3));
    ck_assert_str_eq(mn_records_classes(dataset), "b:0 a:1");
    ck_assert_int_eq(mirnet_dataset_count(dataset), 2);
    mirnet_dataset_destroy(dataset);

    /* The order that was set outweighs the rule for positive names. */
    const char *const fixed[] = {"FALSE", "TRUE"};
    dataset = mn_records_create();
    mn_ok(mirnet_dataset_set_classes(dataset, fixed, 2));
    mn_ok(mn_records_load(dataset, "x,A,TRUE\n", NULL));
    ck_assert_str_eq(mn_records_classes(dataset), "FALSE:0 TRUE:1");
    mn_ok(mirnet_dataset_set_positive(dataset, "TRUE"));
    ck_assert_str_eq(mn_records_classes(dataset), "TRUE:1 FALSE:0");
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(files_without_classes_take_the_class_given)
{
    mirnet_dataset *dataset = mn_records_create();
    const char *path = mn_scratch_path("a.fa");
    mn_write_text(path, ">a\nACGU\n>b\nGG\n");
    mn_ok(mirnet_dataset_load(dataset, path, "canonical"));
    mn_ok(mn_records_load(dataset, ">c\nAA\n", "mirtron"));
    mn_ok(mn_records_load(dataset, "d,CC,canonical\ne,CC,\n", "mirtron"));
    mn_ok(mn_records_load(dataset, ">f\nAA\n", NULL));
    ck_assert_str_eq(mn_records_labels(dataset), "canonical canonical mirtron canonical mirtron -");
    ck_assert_str_eq(mn_records_classes(dataset), "mirtron:2 canonical:3");
    ck_assert_int_eq(mn_records_report(dataset, "unlabelled"), 1);
    mirnet_dataset_destroy(dataset);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset_classes");
    TCase *tcase = tcase_create("dataset_classes");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, classes_come_in_order_of_appearance);
    tcase_add_test(tcase, in_a_set_of_two_the_positive_name_comes_first);
    tcase_add_test(tcase, the_rule_for_two_classes_is_asked_again_as_records_come);
    tcase_add_test(tcase, set_positive_moves_a_class_to_the_front_for_good);
    tcase_add_test(tcase, classes_of_the_input_can_be_called_otherwise);
    tcase_add_test(tcase, set_classes_fixes_names_and_order);
    tcase_add_test(tcase, files_without_classes_take_the_class_given);
    return mn_check_main(suite);
}
