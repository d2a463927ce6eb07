/* test_recipe.c - recipes: built-in ones, options, JSON in and out */
/* SPDX-License-Identifier: MIT */
#include <mirnet/recipe.h>

#include "mn_check.h"
#include "mn_quoted.h"
#include "recipe.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MODEL MN_QUOTED_MODEL

static double number(const mirnet_recipe *recipe, const char *key)
{
    double value = NAN;
    mn_ok(mirnet_recipe_get_number(recipe, key, &value));
    return value;
}

static const char *text(const mirnet_recipe *recipe, const char *key)
{
    const char *value = NULL;
    mn_ok(mirnet_recipe_get_text(recipe, key, &value));
    return value;
}

START_TEST(built_in_recipes)
{
    ck_assert_int_eq(mirnet_recipe_builtin_count(), 3);
    ck_assert_ptr_null(mirnet_recipe_builtin_name(3));
    ck_assert_ptr_null(mirnet_recipe_builtin_json(-1));
    for (int32_t i = 0; i < mirnet_recipe_builtin_count(); i++) {
        mirnet_recipe *recipe = NULL;
        const char *json = mirnet_recipe_builtin_json(i);
        mn_ok(mirnet_recipe_load(&recipe, mirnet_recipe_builtin_name(i)));
        mirnet_recipe_destroy(recipe);
        mn_ok(mirnet_recipe_create(&recipe, json, strlen(json), "again"));
        mirnet_recipe_destroy(recipe);
    }
}
END_TEST

START_TEST(the_papers_recipe)
{
    mirnet_recipe *recipe = NULL;
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021"));
    ck_assert(number(recipe, "training.batch_size") == 6 && number(recipe, "training.epochs") == 30);
    ck_assert(number(recipe, "training.learning_rate") == 1e-3 && number(recipe, "training.validation_split") == 0.1);
    ck_assert(number(recipe, "training.epsilon") == 1e-7 && number(recipe, "encoder.length") == 164);
    ck_assert_str_eq(text(recipe, "training.optimizer"), "adam");
    ck_assert_int_eq(mirnet_recipe_class_count(recipe), 0);
    const mn_spec *spec = mn_recipe_get_spec(recipe);
    static const char *const names[] = {"time_distributed_input",
                                        "time_distributed",
                                        "time_distributed_1",
                                        "time_distributed_2",
                                        "time_distributed_3",
                                        "lstm",
                                        "dense",
                                        "dropout",
                                        "dense_1"};
    ck_assert_int_eq(spec->n_layers, 9);
    for (int i = 0; i < 9; i++)
        ck_assert_str_eq(spec->layers[i].name, names[i]);
    ck_assert_str_eq(mirnet_recipe_builtin_name(0), "tasdelen2021");
    ck_assert(spec->layers[1].inner[0]->units == 128 && spec->layers[1].inner[0]->kernel[0] == 6);
    mirnet_recipe_destroy(recipe);
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021-pool"));
    ck_assert_int_eq(mn_recipe_get_spec(recipe)->n_layers, 12);
    ck_assert_int_eq(mn_recipe_get_spec(recipe)->layers[2].inner[0]->kind, MN_MAX_POOLING2D);
    mirnet_recipe_destroy(recipe);
    mn_ok(mirnet_recipe_load(&recipe, "linear-ends"));
    ck_assert_str_eq(text(recipe, "encoder.align"), "both-ends");
    ck_assert_str_eq(text(recipe, "encoder.long"), "truncate");
    ck_assert(number(recipe, "encoder.length") == 8 && number(recipe, "training.validation_split") == 0);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(a_file_is_loaded_by_its_path)
{
    char *json = mn_quoted("{" MODEL ", 'training': {'epochs': 7}}");
    const char *path = mn_scratch_path("own.json");
    mirnet_recipe *recipe = NULL;
    mn_write_text(path, json);
    mn_ok(mirnet_recipe_load(&recipe, path));
    ck_assert(number(recipe, "training.epochs") == 7);
    mirnet_recipe_destroy(recipe);
    mn_write_text(path, "{\n\n]");
    mn_fails(MIRNET_ERR_FORMAT, mirnet_recipe_load(&recipe, path));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "own.json:3:1: "));
    mn_fails(MIRNET_ERR_NOT_FOUND, mirnet_recipe_load(&recipe, "no-such-recipe"));
    mn_fails(MIRNET_ERR_IO, mirnet_recipe_load(&recipe, "/"));
    free(json);
}
END_TEST

START_TEST(bare_keras_models_are_recipes)
{
    mirnet_recipe *recipe =
        mn_quoted_recipe("{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'LSTM', "
                         "'config': {'units': 2, 'batch_input_shape': [null, 77, 4]}}]}}");
    ck_assert(number(recipe, "encoder.length") == 77 && number(recipe, "training.epochs") == 1);
    ck_assert(number(recipe, "training.batch_size") == 32);
    mirnet_recipe_destroy(recipe);
    static const struct {
        const char *shape;
        double length;
        const char *align;
    } cases[] = {{"1, 90, 4, 1", 90, "left"}, {"90, 4, 1", 90, "left"}, {"12, 8", 12, "both-ends"},
                 {"90, 3", 164, "left"},      {"7", 164, "left"},       {"null, 4", 164, "left"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[512];
        snprintf(json, sizeof(json),
                 "{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Flatten', "
                 "'config': {'batch_input_shape': [null, %s]}}]}}",
                 cases[i].shape);
        recipe = mn_quoted_recipe(json);
        ck_assert_msg(number(recipe, "encoder.length") == cases[i].length, "%s", cases[i].shape);
        ck_assert_str_eq(text(recipe, "encoder.align"), cases[i].align);
        mirnet_recipe_destroy(recipe);
    }
    recipe = mn_quoted_recipe("{" MODEL ", 'encoder': {'length': 33}}");
    ck_assert(number(recipe, "encoder.length") == 33);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(training_section)
{
    mirnet_recipe *recipe = mn_quoted_training(
        "'optimizer': 'RMSprop', 'learning_rate': 0.01, 'rho': 0.8, 'shuffle': false, 'seed': 9007199254740992, "
        "'validation_from': 'last', 'early_stopping': {'monitor': 'val_acc', 'patience': 5, 'min_delta': 0.25, "
        "'restore_best_weights': true, 'mode': 'auto', 'verbose': 1, 'baseline': null}, 'ReduceLROnPlateau': "
        "{'monitor': 'loss', 'factor': 0.5, 'patience': 3, 'min_lr': 1e-6, 'mode': 'min', 'cooldown': 2}, "
        "'clipnorm': null, 'clipvalue': 0.5");
    ck_assert_str_eq(text(recipe, "training.optimizer"), "rmsprop");
    ck_assert(number(recipe, "training.rho") == 0.8 && number(recipe, "training.shuffle") == 0);
    ck_assert(number(recipe, "training.seed") == 9007199254740992.0);
    ck_assert(number(recipe, "training.early_stopping") == 1 && number(recipe, "training.reduce_lr") == 1);
    ck_assert_str_eq(text(recipe, "training.early_stopping_monitor"), "val_accuracy");
    ck_assert(number(recipe, "training.early_stopping_patience") == 5);
    ck_assert(number(recipe, "training.early_stopping_min_delta") == 0.25);
    ck_assert(number(recipe, "training.early_stopping_restore_best") == 1);
    ck_assert_str_eq(text(recipe, "training.reduce_lr_monitor"), "loss");
    ck_assert(number(recipe, "training.reduce_lr_factor") == 0.5 &&
              number(recipe, "training.reduce_lr_min_lr") == 1e-6);
    ck_assert(number(recipe, "training.reduce_lr_cooldown") == 2 && number(recipe, "training.clipvalue") == 0.5);
    ck_assert(number(recipe, "training.clipnorm") == 0);
    mirnet_recipe_destroy(recipe);
    recipe = mn_quoted_training("'early_stopping': null, 'reduce_lr': true, 'reduce_lr_patience': 4");
    ck_assert(number(recipe, "training.early_stopping") == 0 && number(recipe, "training.reduce_lr") == 1);
    ck_assert(number(recipe, "training.reduce_lr_patience") == 4);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(optimizers_as_keras_writes_them)
{
    /* Keras 2.4, then Keras 3. */
    mirnet_recipe *recipe = mn_quoted_training(
        "'optimizer': {'class_name': 'SGD', 'config': {'name': 'SGD', 'learning_rate': 0.05, 'decay': 0.0, 'momentum': "
        "0.9, 'nesterov': true}}, 'epochs': 3");
    ck_assert_str_eq(text(recipe, "training.optimizer"), "sgd");
    ck_assert(number(recipe, "training.momentum") == 0.9 && number(recipe, "training.nesterov") == 1);
    ck_assert(number(recipe, "training.learning_rate") == 0.05 && number(recipe, "training.epochs") == 3);
    mirnet_recipe_destroy(recipe);
    recipe = mn_quoted_training(
        "'learning_rate': 0.5, 'optimizer': {'module': 'keras.optimizers', 'class_name': 'AdamW', 'config': {'name': "
        "'adamw', 'learning_rate': 0.0010000000474974513, 'weight_decay': 0.01, 'clipnorm': null, 'global_clipnorm': "
        "1.5, 'clipvalue': null, 'use_ema': false, 'ema_momentum': 0.99, 'ema_overwrite_frequency': null, "
        "'loss_scale_factor': null, 'gradient_accumulation_steps': null, 'beta_1': 0.8, 'beta_2': 0.99, 'epsilon': "
        "1e-07, 'amsgrad': false}, 'registered_name': null}");
    ck_assert_str_eq(text(recipe, "training.optimizer"), "adamw");
    ck_assert(number(recipe, "training.weight_decay") == 0.01 && number(recipe, "training.global_clipnorm") == 1.5);
    ck_assert(number(recipe, "training.beta_1") == 0.8 && number(recipe, "training.learning_rate") == 0.5);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(classes_and_their_weights)
{
    mirnet_recipe *recipe =
        mn_quoted_recipe("{" MODEL ", 'classes': ['mirtron', 'canonical'], 'training': {'class_weight': "
                         "{'canonical': 2, 'mirtron': 1.5}}}");
    double weight;
    ck_assert_int_eq(mirnet_recipe_class_count(recipe), 2);
    ck_assert_str_eq(mirnet_recipe_get_class(recipe, 1), "canonical");
    ck_assert_ptr_null(mirnet_recipe_get_class(recipe, 2));
    ck_assert_str_eq(text(recipe, "training.class_weight"), "given");
    mn_ok(mirnet_recipe_get_class_weight(recipe, 0, &weight));
    ck_assert(weight == 1.5);
    mn_ok(mirnet_recipe_get_class_weight(recipe, 1, &weight));
    ck_assert(weight == 2);
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_class_weight(recipe, 2, &weight));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(recipe, 2, 1));
    mirnet_recipe_destroy(recipe);
    recipe = mn_quoted_training("'class_weight': 'balanced'");
    ck_assert_str_eq(text(recipe, "training.class_weight"), "balanced");
    mn_ok(mirnet_recipe_set_class_weight(recipe, 1, 0.25));
    ck_assert_str_eq(text(recipe, "training.class_weight"), "given");
    mn_ok(mirnet_recipe_get_class_weight(recipe, 0, &weight));
    ck_assert(weight == 1);
    mn_ok(mirnet_recipe_get_class_weight(recipe, 1, &weight));
    ck_assert(weight == 0.25);
    static const double bad[] = {-1, NAN, INFINITY};
    for (int i = 0; i < 3; i++)
        mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(recipe, 0, bad[i]));
    mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_class_weight(recipe, -1, 1));
    mirnet_recipe_destroy(recipe);
    recipe = mn_quoted_training("'class_weight': {'1': 3}");
    mn_ok(mirnet_recipe_get_class_weight(recipe, 1, &weight));
    ck_assert(weight == 3);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(every_option_keeps_its_bounds)
{
    mirnet_recipe *recipe = mn_quoted_recipe("{" MODEL ", 'encoder': {'length': 164}}");
    ck_assert_int_ge(mirnet_option_count(), 38);
    for (int32_t i = 0; i < mirnet_option_count(); i++) {
        const char *key = mirnet_option_key(i), *value = NULL;
        double min, max, standard, got;
        ck_assert(strncmp(key, "encoder.", 8) == 0 || strncmp(key, "training.", 9) == 0);
        ck_assert_ptr_nonnull(mirnet_option_help(i));
        if (mirnet_option_kind(i) >= 3) {
            mn_fails(MIRNET_ERR_INVALID, mirnet_option_bounds(i, &min, &max, &standard));
            mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, key, 1));
            mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_get_number(recipe, key, &got));
            mn_ok(mirnet_recipe_get_text(recipe, key, &value));
            ck_assert_str_eq(value, mirnet_option_default_text(i));
            mn_ok(mirnet_recipe_set_text(recipe, key, mirnet_option_default_text(i)));
            mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, key, "nonsense"));
            mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, key, ""));
            continue;
        }
        mn_ok(mirnet_option_bounds(i, &min, &max, &standard));
        ck_assert_str_eq(mirnet_option_words(i), "");
        ck_assert(number(recipe, key) == standard && min <= standard && standard <= max);
        mn_ok(mirnet_recipe_set_number(recipe, key, min));
        mn_ok(mirnet_recipe_set_number(recipe, key, max));
        mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, key, nextafter(max, INFINITY)));
        mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, key, nextafter(min, -INFINITY)));
        mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, key, NAN));
        if (mirnet_option_kind(i) != 0)
            mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_number(recipe, key, min + 0.5));
        mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, key, "1"));
        ck_assert(number(recipe, key) == max);
    }
    ck_assert_ptr_null(mirnet_option_key(-1));
    ck_assert_ptr_null(mirnet_option_key(mirnet_option_count()));
    ck_assert_ptr_null(mirnet_option_help(mirnet_option_count()));
    ck_assert_ptr_null(mirnet_option_words(-1));
    ck_assert_ptr_null(mirnet_option_default_text(-1));
    ck_assert_int_eq(mirnet_option_kind(-1), -1);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(every_word_is_accepted)
{
    mirnet_recipe *recipe = mn_quoted_training("");
    for (int32_t i = 0; i < mirnet_option_count(); i++)
        if (mirnet_option_kind(i) == 3) {
            char words[128], *word = words;
            snprintf(words, sizeof(words), "%s ", mirnet_option_words(i));
            for (char *end; (end = strchr(word, ' ')); word = end + 1) {
                *end = '\0';
                mn_ok(mirnet_recipe_set_text(recipe, mirnet_option_key(i), word));
                ck_assert_str_eq(text(recipe, mirnet_option_key(i)), word);
            }
            mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, mirnet_option_key(i), mirnet_option_words(i)));
        }
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(alphabets_are_permutations)
{
    static const char *const bad[] = {"", "AUG", "AUGG", "AUGCN", "ACGN", "ATUC"};
    mirnet_recipe *recipe = mn_quoted_training("");
    mn_ok(mirnet_recipe_set_text(recipe, "encoder.alphabet", "acgt"));
    ck_assert_str_eq(text(recipe, "encoder.alphabet"), "ACGU");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        mn_fails(MIRNET_ERR_INVALID, mirnet_recipe_set_text(recipe, "encoder.alphabet", bad[i]));
    ck_assert_str_eq(text(recipe, "encoder.alphabet"), "ACGU");
    mirnet_recipe_destroy(recipe);
}
END_TEST

/* The JSON of a recipe makes the same recipe, and its JSON is the same text. */
static void round_trips(mirnet_recipe *recipe)
{
    const char *json = mirnet_recipe_get_json(recipe);
    mirnet_recipe *again = NULL, *copy = NULL;
    ck_assert_ptr_nonnull(json);
    mn_ok(mirnet_recipe_create(&again, json, strlen(json), "again"));
    mn_ok(mirnet_recipe_copy(&copy, recipe));
    ck_assert_str_eq(mirnet_recipe_get_json(again), json);
    ck_assert_str_eq(mirnet_recipe_get_json(copy), json);
    for (int32_t i = 0; i < mirnet_option_count(); i++) {
        const char *key = mirnet_option_key(i);
        if (mirnet_option_kind(i) < 3)
            ck_assert_msg(number(again, key) == number(recipe, key), "%s", key);
        else
            ck_assert_str_eq(text(again, key), text(recipe, key));
    }
    ck_assert_int_eq(mn_recipe_get_spec(copy)->n_nodes, mn_recipe_get_spec(recipe)->n_nodes);
    mirnet_recipe_destroy(again);
    mirnet_recipe_destroy(copy);
}

START_TEST(json_round_trips)
{
    for (int32_t i = 0; i < mirnet_recipe_builtin_count(); i++) {
        mirnet_recipe *recipe = NULL;
        mn_ok(mirnet_recipe_load(&recipe, mirnet_recipe_builtin_name(i)));
        round_trips(recipe);
        mirnet_recipe_destroy(recipe);
    }
    mirnet_recipe *recipe =
        mn_quoted_recipe("{'name': 'n\\n\\u00e9', 'source': 's', 'description': 'd', 'classes': ['a', 'b'], " MODEL
                         ", 'training': {'learning_rate': 0.30000000000000004, 'seed': 12345678901}}");
    static const char *const keys[] = {"training.early_stopping_patience", "training.reduce_lr_patience",
                                       "training.early_stopping_restore_best", "training.nesterov"};
    for (int i = 0; i < 4; i++)
        mn_ok(mirnet_recipe_set_number(recipe, keys[i], 1));
    mn_ok(mirnet_recipe_set_number(recipe, "training.reduce_lr_factor", 1.0 / 3));
    mn_ok(mirnet_recipe_set_class_weight(recipe, 1, 0.1));
    mn_ok(mirnet_recipe_set_text(recipe, "training.class_weight", "balanced"));
    round_trips(recipe);
    ck_assert_str_eq(text(recipe, "training.class_weight"), "balanced");
    char *before = mn_quoted(mirnet_recipe_get_json(recipe));
    mn_ok(mirnet_recipe_set_number(recipe, "training.epochs", 9));
    ck_assert_str_ne(mirnet_recipe_get_json(recipe), before);
    ck_assert_ptr_nonnull(strstr(mirnet_recipe_get_json(recipe), "\"epochs\":9,"));
    free(before);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(json_does_not_depend_on_the_locale)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    bool found = false;
    for (size_t i = 0; i < 4 && !found; i++)
        found = setlocale(LC_ALL, names[i]) != NULL;
    if (!found)
        mn_skip("no locale with a decimal comma");
    mirnet_recipe *recipe = mn_quoted_training("'learning_rate': 0.25");
    ck_assert(number(recipe, "training.learning_rate") == 0.25);
    ck_assert_ptr_nonnull(strstr(mirnet_recipe_get_json(recipe), "\"learning_rate\":0.25,"));
    round_trips(recipe);
    mirnet_recipe_destroy(recipe);
}
END_TEST

START_TEST(internal_getters)
{
    mirnet_recipe *recipe = mn_quoted_training("'epochs': 4");
    ck_assert(mn_recipe_number(recipe, "training.epochs") == 4);
    ck_assert_str_eq(mn_recipe_text(recipe, "encoder.long"), "error");
    mirnet_recipe_destroy(recipe);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe");
    TCase *tc = tcase_create("recipe");
    tcase_add_test(tc, built_in_recipes);
    tcase_add_test(tc, the_papers_recipe);
    tcase_add_test(tc, a_file_is_loaded_by_its_path);
    tcase_add_test(tc, bare_keras_models_are_recipes);
    tcase_add_test(tc, training_section);
    tcase_add_test(tc, optimizers_as_keras_writes_them);
    tcase_add_test(tc, classes_and_their_weights);
    tcase_add_test(tc, every_option_keeps_its_bounds);
    tcase_add_test(tc, every_word_is_accepted);
    tcase_add_test(tc, alphabets_are_permutations);
    tcase_add_test(tc, json_round_trips);
    tcase_add_test(tc, json_does_not_depend_on_the_locale);
    tcase_add_test(tc, internal_getters);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
