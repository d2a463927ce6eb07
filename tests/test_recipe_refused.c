/* test_recipe_refused.c - recipes that are refused: why, and at which place */
/* SPDX-License-Identifier: MIT */
#include <mirnet/recipe.h>

#include "mn_check.h"
#include "mn_quoted.h"

#include <stdlib.h>

#define MODEL MN_QUOTED_MODEL

static void refused(mirnet_status status, const char *text, const char *message)
{
    mirnet_recipe *recipe = NULL;
    char *json = mn_quoted(text);
    mirnet_status got = mirnet_recipe_create(&recipe, json, strlen(json), "r.json");
    ck_assert_msg(got == status, "%s gave %s (%s), not %s", text, mirnet_status_name(got), mirnet_last_message(),
                  mirnet_status_name(status));
    ck_assert_ptr_null(recipe);
    ck_assert_msg(strncmp(mirnet_last_message(), message, strlen(message)) == 0, "%s gave \"%s\", not \"%s\"", text,
                  mirnet_last_message(), message);
    free(json);
}

START_TEST(class_names_are_checked)
{
    mirnet_recipe *recipe = mn_quoted_training("");
    const char *good[] = {"a", "b", "\xc3\xa9t\xc3\xa9"}, *same[] = {"a", "a"}, *empty[] = {"a", ""};
    const char *tab[] = {"a", "b\tc"}, *broken[] = {"a", "\xc3"}, *overlong[] = {"a", "\xc0\xaf"},
               *null[] = {"a", NULL};
    const char *surrogate[] = {"a", "\xed\xa0\x80"};
    mn_ok(mirnet_recipe_set_classes(recipe, good, 3));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, same, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, empty, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, tab, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, broken, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, overlong, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, surrogate, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, null, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, NULL, 2));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, good, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(recipe, good, -1));
    ck_assert_int_eq(mirnet_recipe_class_count(recipe), 3);
    ck_assert_str_eq(mirnet_recipe_get_class(recipe, 2), good[2]);
    mn_ok(mirnet_recipe_set_classes(recipe, NULL, 0));
    ck_assert_int_eq(mirnet_recipe_class_count(recipe), 0);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(mistakes_are_named_with_their_place)
{
    static const struct {
        mirnet_status status;
        const char *text, *message;
    } cases[] = {
        {MIRNET_ERR_FORMAT, "{}", "r.json:1:1: a recipe needs \"model\""},
        {MIRNET_ERR_FORMAT, "[]", "r.json:1:1: expected an object, not []"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n 'modle': 1}", "r.json:2:11: 'modle': unknown key"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n 'name': 1}", "r.json:2:10: 'name': expected a text, not 1"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n 'encoder': {'length': 0}}",
         "r.json:2:24: 'encoder/length': option encoder.length: expected an integer from 1 to 1000000, not 0"},
        {MIRNET_ERR_FORMAT, "{" MODEL ", 'encoder': {'lenght': 3}}", "r.json:1:"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'encoder': {'align': 'middle'}}", "r.json:2:22: 'encoder/align': option"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'encoder': {'alphabet': 'ACGX'}}", "r.json:2:25: 'encoder/alphabet': option"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'encoder': []}", "r.json:2:12: 'encoder': expected an object"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'epochs': 2.5}}", "r.json:2:24: 'training/epochs': "},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'epochs': '2'}}", "r.json:2:24: 'training/epochs': expected a"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'shuffle': 'no'}}", "r.json:2:25: 'training/shuffle': expected"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'optimizer': 'lion'}}", "r.json:2:27: 'training/optimizer': "},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'epoch': 2}}", "r.json:2:23: 'training/epoch': unknown key"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'early_stopping': {'patince': 2}}}",
         "r.json:2:44: 'training/early_stopping/patince': unknown key"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'early_stopping': 'on'}}", "r.json:2:32: 'training/early_stopp"},
        {MIRNET_ERR_UNSUPPORTED, "{" MODEL ",\n'training': {'early_stopping': {'mode': 'max'}}}", "r.json:2:41: "},
        {MIRNET_ERR_UNSUPPORTED, "{" MODEL ",\n'training': {'early_stopping': {'baseline': 1}}}", "r.json:2:45: "},
        {MIRNET_ERR_UNSUPPORTED,
         "{" MODEL ", 'training': {'optimizer': {'class_name': 'Adam', 'config': {'amsgrad': "
         "true}}}}",
         "r.json:1:"},
        {MIRNET_ERR_UNSUPPORTED,
         "{" MODEL ", 'training': {'optimizer': {'class_name': 'Adam', 'config': "
         "{'weight_decay': 0.1}}}}",
         "r.json:1:"},
        {MIRNET_ERR_UNSUPPORTED,
         "{" MODEL ", 'training': {'optimizer': {'class_name': 'SGD', 'config': "
         "{'learning_rate': {'class_name': 'ExponentialDecay'}}}}}",
         "r.json:1:"},
        {MIRNET_ERR_FORMAT, "{" MODEL ", 'training': {'optimizer': {'class_name': 'SGD', 'config': {'lrr': 1}}}}",
         "r.json:1:"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'classes': ['a']}", "r.json:2:12: 'classes': 1 classes"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'classes': ['a', 'a']}", "r.json:2:12: 'classes': two classes"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'classes': ['a', 2]}", "r.json:2:18: 'classes/1': expected a text"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'class_weight': {'a': 2}}}", "r.json:2:36: 'training/class_we"},
        {MIRNET_ERR_FORMAT, "{" MODEL ",\n'training': {'class_weight': {'0': -2}}}", "r.json:2:36: "},
        {MIRNET_ERR_UNSUPPORTED,
         "{'model': {'class_name': 'Sequential', 'config': {'layers': [\n{'class_name': "
         "'Lambda', 'config': {'name': 'f'}}]}}}",
         "r.json:2:1: layer 'f': layer class 'Lambda'"},
        {MIRNET_ERR_FORMAT, "{'model': 5}", "r.json:1:11: 'model': expected an object, not 5"},
        {MIRNET_ERR_FORMAT, "{'model': {}, 'model': {}}", "r.json:1:"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(cases[i].status, cases[i].text, cases[i].message);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    mirnet_recipe *recipe = mn_quoted_training("");
    double value;
    const char *word;
    mirnet_recipe *out = NULL;
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_create(NULL, "{}", 2, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_create(&out, NULL, 2, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_create(&out, "{}", 2, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_load(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_load(&out, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(NULL, "training.epochs", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, NULL, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, "training.nothing", 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(NULL, "encoder.align", "left"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, "encoder.align", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_number(NULL, "training.epochs", &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_number(recipe, "training.epochs", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_text(recipe, "training.epochs", &word));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_text(recipe, "encoder.align", NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_classes(NULL, NULL, 0));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(NULL, 0, 1));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_class_weight(NULL, 0, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_class_weight(recipe, -1, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_option_bounds(-1, &value, &value, &value));
    mn_fails(MIRNET_ERR_INVALID, mirnet_option_bounds(1, NULL, &value, &value));
    ck_assert_ptr_null(mirnet_recipe_get_json(NULL));
    ck_assert_ptr_null(mirnet_recipe_get_class(NULL, 0));
    ck_assert_int_eq(mirnet_recipe_class_count(NULL), 0);
    mirnet_recipe_destroy(NULL);
    mirnet_recipe_destroy(recipe);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe_refused");
    TCase *tc = tcase_create("recipe_refused");
    tcase_add_test(tc, class_names_are_checked);
    tcase_add_test(tc, mistakes_are_named_with_their_place);
    tcase_add_test(tc, wrong_arguments_are_refused);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
