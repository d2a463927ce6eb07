/* test_dataset_report.c - report and digest: of a few records, of the real data when they are there, of simulations */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <string.h>

#include <mirnet/dataset.h>

#include "mn_records.h"

START_TEST(the_report_counts_what_is_odd)
{
    mirnet_dataset *dataset = mn_records_create();
    const char *const keys[] = {"records",    "unique_sequences", "duplicate_records", "repeated_sequences",
                                "conflicts",  "duplicate_names",  "unlabelled",        "min_length",
                                "max_length", "median_length",    "ambiguous_records"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        ck_assert_int_eq(mn_records_report(dataset, keys[i]), 0);
    mn_ok(mn_records_load(dataset,
                          "a,ACGU,x\nb,acgt,y\nc,ACGU,x\n" /* one sequence three times, in conflict */
                          "d,GGGGGG,x\nd,GGGGGG,\n"        /* twice, one without a class: no conflict */
                          "d,A,\ne,NN,\nf,ACGUACGUR,\n",
                          NULL));
    const int64_t expected[] = {8, 5, 3, 2, 1, 2, 4, 1, 9, 4, 2};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        ck_assert_msg(mn_records_report(dataset, keys[i]) == expected[i], "%s is %lld", keys[i],
                      (long long)mn_records_report(dataset, keys[i]));
    mn_ok(mirnet_dataset_add(dataset, "g", "AC", NULL, NULL, NULL));
    ck_assert_int_eq(mn_records_report(dataset, "median_length"), 4);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_sequence_without_a_class_first_can_be_in_conflict_later)
{
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mn_records_load(dataset, "a,ACGU,\nb,ACGU,x\n", NULL));
    ck_assert_int_eq(mn_records_report(dataset, "conflicts"), 0);
    mn_ok(mn_records_load(dataset, "c,ACGU,y\nd,ACGU,z\n", NULL));
    ck_assert_int_eq(mn_records_report(dataset, "conflicts"), 1);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_median_of_an_even_number_is_between_the_middle_two)
{
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mn_records_load(dataset, ">a\nA\n>b\nAAAAAAAAAA\n>c\nAAA\n>d\nAAAAAA\n", NULL));
    ck_assert_int_eq(mn_records_report(dataset, "median_length"), 4); /* (3 + 6) / 2, rounded down */
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_digest_is_sha256_of_sequences_and_classes)
{
    /* printf 'ACGU\tx\nGGN\t\n' | sha256sum */
    const char *const expected = "a17ecafabf4451edbe43f39dc3b1818caa38897a2160d3e3554d0ba19579006d";
    const char *const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    mirnet_dataset *dataset = mn_records_create();
    char digest[65];
    mn_ok(mirnet_dataset_get_digest(dataset, digest));
    ck_assert_str_eq(digest, nothing);
    mn_ok(mn_records_load(dataset, "a,acgt,x\nb,GGN,\n", NULL));
    mn_ok(mirnet_dataset_get_digest(dataset, digest));
    ck_assert_str_eq(digest, expected);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_paper_s_data_have_the_known_oddities)
{
    const char *one = mn_data_path("mirtron/miRBase_set.csv"), *two = mn_data_path("mirtron/putative_mirtrons_set.csv");
    if (!one || !two)
        mn_skip("the mirtron data are not there");
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mirnet_dataset_load(dataset, one, NULL));
    mn_ok(mirnet_dataset_load(dataset, two, NULL));
    ck_assert_int_eq(mn_records_report(dataset, "records"), 1124);
    ck_assert_int_eq(mn_records_report(dataset, "unique_sequences"), 1101);
    ck_assert_int_eq(mn_records_report(dataset, "duplicate_records"), 23);
    ck_assert_int_eq(mn_records_report(dataset, "repeated_sequences"), 14);
    ck_assert_int_eq(mn_records_report(dataset, "conflicts"), 2);
    ck_assert_int_eq(mn_records_report(dataset, "duplicate_names"), 0);
    ck_assert_int_eq(mn_records_report(dataset, "unlabelled"), 0);
    ck_assert_int_eq(mn_records_report(dataset, "min_length"), 48);
    ck_assert_int_eq(mn_records_report(dataset, "max_length"), 164);
    ck_assert_int_eq(mn_records_report(dataset, "median_length"), 76);
    ck_assert_int_eq(mn_records_report(dataset, "ambiguous_records"), 0);
    ck_assert_str_eq(mn_records_classes(dataset), "TRUE:417 FALSE:707");
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
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mirnet_dataset_load(dataset, path, NULL));
    ck_assert_int_eq(mn_records_report(dataset, "records"), 3762);
    ck_assert_int_eq(mn_records_report(dataset, "unique_sequences"), 3709);
    ck_assert_int_eq(mn_records_report(dataset, "min_length"), 41);
    ck_assert_int_eq(mn_records_report(dataset, "max_length"), 180);
    ck_assert_int_eq(mn_records_report(dataset, "median_length"), 82);
    ck_assert_str_eq(mn_records_classes(dataset), "TRUE:1881 FALSE:1881");
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
    mirnet_dataset *a = mn_records_create(), *b = mn_records_create(), *c = mn_records_create();
    mn_ok(mirnet_dataset_simulate(a, 50, 7));
    mn_ok(mirnet_dataset_simulate(b, 80, 7));
    mn_ok(mirnet_dataset_simulate(c, 50, 8));
    ck_assert_int_eq(mirnet_dataset_count(a), 100);
    ck_assert_str_eq(mn_records_classes(a), "mirtron:50 canonical:50");
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
    mirnet_dataset *dataset = mn_records_create();
    mn_ok(mirnet_dataset_simulate(dataset, 2000, mn_seed()));
    int correct = 0;
    for (int64_t i = 0; i < 4000; i++)
        correct += ends_in_yag(mirnet_dataset_get_sequence(dataset, i)) == (mirnet_dataset_get_class(dataset, i) == 0);
    ck_assert_int_gt(correct, 3600);
    ck_assert_int_lt(correct, 3880);
    ck_assert_int_ge(mn_records_report(dataset, "min_length"), 48);
    ck_assert_int_le(mn_records_report(dataset, "max_length"), 164);
    ck_assert_int_eq(mn_records_report(dataset, "duplicate_records"), 0);
    ck_assert_int_eq(mn_records_report(dataset, "duplicate_names"), 0);
    ck_assert_int_eq(mn_records_report(dataset, "ambiguous_records"), 0);
    mirnet_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_simulation_that_fails_adds_nothing)
{
    const char *const names[] = {"mirtron", "other"};
    mirnet_dataset *dataset = mn_records_create();
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_simulate(dataset, 0, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_simulate(dataset, -1, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_dataset_simulate(NULL, 1, 1));
    mn_ok(mirnet_dataset_set_classes(dataset, names, 2));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_dataset_simulate(dataset, 10, 1));
    ck_assert_int_eq(mirnet_dataset_count(dataset), 0);
    ck_assert_str_eq(mn_records_classes(dataset), "mirtron:0 other:0");
    mirnet_dataset_destroy(dataset);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset_report");
    TCase *tcase = tcase_create("dataset_report");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, the_report_counts_what_is_odd);
    tcase_add_test(tcase, a_sequence_without_a_class_first_can_be_in_conflict_later);
    tcase_add_test(tcase, the_median_of_an_even_number_is_between_the_middle_two);
    tcase_add_test(tcase, the_digest_is_sha256_of_sequences_and_classes);
    tcase_add_test(tcase, the_paper_s_data_have_the_known_oddities);
    tcase_add_test(tcase, real_structures_are_read_with_their_sequences);
    tcase_add_test(tcase, simulated_sets_are_alike_for_like_seeds);
    tcase_add_test(tcase, simulated_classes_can_be_told_apart_but_not_by_one_rule);
    tcase_add_test(tcase, a_simulation_that_fails_adds_nothing);
    return mn_check_main(suite);
}
