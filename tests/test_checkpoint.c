/* test_checkpoint.c - models to files and back */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>
#include <mirnet/predict.h>
#include <mirnet/version.h>

#include "mem.h"
#include "mn_net.h"
#include "model.h"
#include "state.h"

static const char NET[] =
    "{\"name\":\"caf\\u00e9\",\"model\":{\"class_name\":\"Sequential\",\"config\":{\"layers\":["
    "{\"class_name\":\"Bidirectional\",\"config\":{\"name\":\"both\",\"batch_input_shape\":[null,5,3],"
    "\"layer\":{\"class_name\":\"LSTM\",\"config\":{\"units\":4}}}},"
    "{\"class_name\":\"BatchNormalization\",\"config\":{\"name\":\"norm\"}},"
    "{\"class_name\":\"Dense\",\"config\":{\"name\":\"out\",\"units\":2,\"activation\":\"softmax\"}}]}}}";

/* A state with two tensors, as a trainer might leave it. */
static void attach_state(mirnet_model *model, const char *tensor_name)
{
    const float values[] = {1.5f, NAN, -INFINITY};
    const int64_t dims[] = {1, 3};
    mn_state *state = mn_calloc(1, sizeof(*state));
    ck_assert_ptr_nonnull(state);
    state->json = mn_strdup("{\"epochs\":3,\"losses\":[0.5,0.25]}");
    mn_ok(mirnet_tensors_create(&state->tensors));
    mn_ok(mirnet_tensors_set(state->tensors, tensor_name, dims, 2, values));
    mn_ok(mirnet_tensors_set(state->tensors, "best/out/bias", NULL, 0, values));
    model->state = state;
}

static char *save_mem(const mirnet_model *model, size_t *out_size)
{
    mn_ok(mirnet_model_save_mem(model, NULL, 0, out_size));
    char *bytes = malloc(*out_size);
    mn_ok(mirnet_model_save_mem(model, bytes, *out_size, out_size));
    return bytes;
}

static mirnet_model *reload(const mirnet_model *model)
{
    size_t size;
    char *bytes = save_mem(model, &size);
    mirnet_model *back;
    mn_ok(mirnet_model_load_mem(&back, bytes, size, "memory"));
    free(bytes);
    return back;
}

START_TEST(a_model_comes_back_whole)
{
    static const char *const classes[] = {"mirtron", "canonical \xe2\x82\xac"};
    const float input[15] = {0.1f, -0.2f, 0.3f, 1.0f, 0.0f, 0.5f};
    const float *const inputs[] = {input};
    float before[2], after[2];
    const char *path = mn_scratch_path("model");
    mirnet_model *model = mn_net_create_json(NET), *back;
    mirnet_predictor *predictor;
    mn_ok(mirnet_model_set_classes(model, classes, 2));
    mn_ok(mirnet_model_set_note(model, "z", "last \"first\"\n"));
    mn_ok(mirnet_model_set_note(model, "a", ""));
    mn_ok(mirnet_model_save(model, path));
    mn_ok(mirnet_model_load(&back, path));
    mn_net_same_weights(model, back);
    ck_assert_int_eq(mirnet_model_class_count(back), 2);
    ck_assert_str_eq(mirnet_model_get_class(back, 0), classes[0]);
    ck_assert_str_eq(mirnet_model_get_class(back, 1), classes[1]);
    ck_assert_int_eq(mirnet_model_note_count(back), 2);
    ck_assert_str_eq(mirnet_model_get_note_key(back, 0), "z");
    ck_assert_str_eq(mirnet_model_get_note(back, "z"), "last \"first\"\n");
    ck_assert_str_eq(mirnet_model_get_note(back, "a"), "");
    ck_assert_int_eq(mirnet_model_has_state(back), 0);
    ck_assert_str_eq(mirnet_recipe_get_json(back->recipe), mirnet_recipe_get_json(model->recipe));
    mn_ok(mirnet_predictor_create(&predictor, model, 1));
    mn_ok(mirnet_predictor_run(predictor, inputs, 1, before));
    mirnet_predictor_destroy(predictor);
    mn_ok(mirnet_predictor_create(&predictor, back, 1));
    mn_ok(mirnet_predictor_run(predictor, inputs, 1, after));
    mirnet_predictor_destroy(predictor);
    mn_same("prediction", after, before, 2);
    mirnet_model_destroy(model);
    mirnet_model_destroy(back);
}
END_TEST

START_TEST(any_reader_of_safetensors_finds_these_names)
{
    static const char *const classes[] = {"a", "b"};
    mirnet_model *model = mn_net_create_json(NET);
    mirnet_tensors *tensors;
    const char *path = mn_scratch_path("model");
    int64_t dims[8];
    int32_t rank;
    mn_ok(mirnet_model_set_classes(model, classes, 2));
    mn_ok(mirnet_model_set_note(model, "data", "none"));
    attach_state(model, "adam/m/out/kernel");
    mn_ok(mirnet_model_save(model, path));
    mn_ok(mirnet_tensors_load(&tensors, path));
    static const char *const names[] = {
        "both/backward/bias",
        "both/backward/kernel",
        "both/backward/recurrent_kernel",
        "both/forward/bias",
        "both/forward/kernel",
        "both/forward/recurrent_kernel",
        "norm/beta",
        "norm/gamma",
        "norm/moving_mean",
        "norm/moving_variance",
        "out/bias",
        "out/kernel",
        "state/adam/m/out/kernel",
        "state/best/out/bias",
    };
    ck_assert_int_eq(mirnet_tensors_count(tensors), sizeof(names) / sizeof(names[0]));
    for (int32_t i = 0; i < mirnet_tensors_count(tensors); i++)
        ck_assert_str_eq(mirnet_tensors_get_name(tensors, i), names[i]);
    mn_ok(mirnet_tensors_get_shape(tensors, "both/forward/kernel", dims, &rank));
    ck_assert(rank == 2 && dims[0] == 3 && dims[1] == 16);
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "format"), "mirnet");
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "format_version"), "1");
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "library"), mirnet_version());
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "classes"), "[\"a\",\"b\"]");
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "notes"), "{\"data\":\"none\"}");
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "state"), "{\"epochs\":3,\"losses\":[0.5,0.25]}");
    ck_assert_str_eq(mirnet_tensors_get_note(tensors, "recipe"), mirnet_recipe_get_json(model->recipe));
    mirnet_tensors_destroy(tensors);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(equal_models_give_equal_files)
{
    mirnet_model *model = mn_net_create_json(NET), *copy;
    mn_ok(mirnet_model_set_note(model, "key", "text"));
    attach_state(model, "adam/m/out/kernel");
    mn_ok(mirnet_model_copy(&copy, model));
    mirnet_model *back = reload(model);
    size_t size, copy_size, back_size, file_size;
    char *bytes = save_mem(model, &size), *copy_bytes = save_mem(copy, &copy_size),
         *back_bytes = save_mem(back, &back_size);
    mn_ok(mirnet_model_save(model, mn_scratch_path("model")));
    char *file_bytes = mn_read(mn_scratch_path("model"), &file_size);
    ck_assert(size == copy_size && size == back_size && size == file_size);
    ck_assert_int_eq(memcmp(bytes, copy_bytes, size), 0);
    ck_assert_int_eq(memcmp(bytes, back_bytes, size), 0);
    ck_assert_int_eq(memcmp(bytes, file_bytes, size), 0);
    free(bytes);
    free(copy_bytes);
    free(back_bytes);
    free(file_bytes);
    mirnet_model_destroy(model);
    mirnet_model_destroy(copy);
    mirnet_model_destroy(back);
}
END_TEST

START_TEST(a_training_state_is_kept_to_the_bit)
{
    const float want[] = {1.5f, NAN, -INFINITY};
    mirnet_model *model = mn_net_create_json(NET);
    attach_state(model, "adam/m/out/kernel");
    mirnet_model *back = reload(model);
    ck_assert_int_eq(mirnet_model_has_state(back), 1);
    ck_assert_str_eq(back->state->json, "{\"epochs\":3,\"losses\":[0.5,0.25]}");
    ck_assert_int_eq(mirnet_tensors_count(back->state->tensors), 2);
    mn_same("state", mirnet_tensors_get(back->state->tensors, "adam/m/out/kernel"), want, 3);
    mn_same("state", mirnet_tensors_get(back->state->tensors, "best/out/bias"), want, 1);
    mirnet_model_drop_state(back);
    mirnet_model *without = reload(back);
    ck_assert_int_eq(mirnet_model_has_state(without), 0);
    mirnet_model_destroy(without);
    mirnet_model_destroy(back);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(without_its_state_a_model_is_what_dropping_leaves)
{
    mirnet_model *model = mn_net_create_json(NET), *back;
    attach_state(model, "adam/m/out/kernel");
    mn_ok(mirnet_model_save(model, mn_scratch_path("model")));
    mn_ok(mirnet_model_load_stateless(&back, mn_scratch_path("model")));
    ck_assert_int_eq(mirnet_model_has_state(back), 0);
    mn_net_same_weights(model, back);
    mirnet_model_drop_state(model);
    size_t size, size_back;
    char *want = save_mem(model, &size), *got = save_mem(back, &size_back);
    ck_assert_uint_eq(size, size_back);
    ck_assert_int_eq(memcmp(want, got, size), 0);
    free(got);
    free(want);
    mirnet_model_destroy(back);
    mirnet_model_destroy(model);
}
END_TEST

/* Any byte of the data, the state's too, with or without keeping the state. */
START_TEST(damaged_data_give_no_model)
{
    const char *path = mn_scratch_path("model");
    mirnet_model *model = mn_net_create_json(NET), *back = NULL;
    attach_state(model, "adam/m/out/kernel");
    size_t size;
    char *bytes = save_mem(model, &size);
    const size_t data = 8 + ((uint8_t)bytes[0] | (size_t)(uint8_t)bytes[1] << 8);
    for (size_t i = data; i < size; i++) {
        bytes[i] ^= 1;
        mn_write(path, bytes, size);
        mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load(&back, path));
        mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_stateless(&back, path));
        mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_mem(&back, bytes, size, "memory"));
        ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "damaged"));
        ck_assert_ptr_null(back);
        bytes[i] ^= 1;
    }
    free(bytes);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(a_layer_may_be_called_state)
{
    mirnet_model *model = mn_net_create_dense("state");
    mirnet_model *back = reload(model);
    mn_net_same_weights(model, back);
    ck_assert_int_eq(mirnet_model_has_state(back), 0);
    mirnet_model_destroy(back);
    attach_state(model, "adam/m/state/kernel");
    back = reload(model);
    mn_net_same_weights(model, back);
    ck_assert_int_eq(mirnet_tensors_count(back->state->tensors), 2);
    mirnet_model_destroy(back);
    mirnet_model_drop_state(model);
    attach_state(model, "kernel"); /* state/kernel twice */
    size_t size;
    mn_fails(MIRNET_ERR_UNSUPPORTED, mirnet_model_save_mem(model, NULL, 0, &size));
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(the_papers_model_comes_back_whole)
{
    mirnet_recipe *recipe;
    mirnet_model *model, *back;
    mn_ok(mirnet_recipe_load(&recipe, "tasdelen2021"));
    mn_ok(mirnet_model_create(&model, recipe));
    ck_assert_int_eq(mirnet_model_parameter_count(model, -1), 1931858);
    mn_ok(mirnet_model_save(model, mn_scratch_path("model")));
    mn_ok(mirnet_model_load(&back, mn_scratch_path("model")));
    mn_net_same_weights(model, back);
    mirnet_recipe_destroy(recipe);
    mirnet_model_destroy(model);
    mirnet_model_destroy(back);
}
END_TEST

START_TEST(saving_to_memory_says_how_much_it_needs)
{
    mirnet_model *model = mn_net_create_dense("dense");
    size_t size = 0, again = 0;
    mn_ok(mirnet_model_save_mem(model, NULL, 0, &size));
    char *bytes = malloc(size + 1);
    memset(bytes, '#', size + 1);
    mn_fails(MIRNET_ERR_SHAPE, mirnet_model_save_mem(model, bytes, size - 1, &again));
    ck_assert_uint_eq(again, size);
    for (size_t i = 0; i <= size; i++)
        ck_assert_int_eq(bytes[i], '#');
    mn_ok(mirnet_model_save_mem(model, bytes, size + 1, &again));
    ck_assert_uint_eq(again, size);
    ck_assert_int_eq(bytes[size], '#');
    free(bytes);
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(what_json_cannot_hold_is_refused)
{
    static const char *const classes[] = {"a", "b\xff"};
    size_t size;
    mirnet_model *model = mn_net_create_dense("dense");
    if (mirnet_model_set_classes(model, classes, 2) == MIRNET_OK)
        mn_fails(MIRNET_ERR_INVALID, mirnet_model_save_mem(model, NULL, 0, &size));
    mirnet_model_destroy(model);
    model = mn_net_create_dense("dense");
    if (mirnet_model_set_note(model, "key", "\xc3") == MIRNET_OK)
        mn_fails(MIRNET_ERR_INVALID, mirnet_model_save_mem(model, NULL, 0, &size));
    mirnet_model_destroy(model);
}
END_TEST

START_TEST(a_save_that_fails_leaves_the_old_file)
{
    const char *path = mn_scratch_path("model");
    mirnet_model *model = mn_net_create_dense("dense");
    mn_write_text(path, "old");
    attach_state(model, "x");
    mn_fails(MIRNET_ERR_IO, mirnet_model_save(model, mn_scratch_path("none/model")));
    mn_fails(MIRNET_ERR_IO, mirnet_model_save(model, "/dev/full"));
    mirnet_model_drop_state(model);
    mirnet_model_destroy(model);
    model = mn_net_create_dense("state");
    attach_state(model, "kernel");
    mn_fails(MIRNET_ERR_UNSUPPORTED, mirnet_model_save(model, path));
    char *text = mn_read(path, NULL);
    ck_assert_str_eq(text, "old");
    free(text);
    mirnet_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *files = tcase_create("files");
    tcase_add_test(files, a_model_comes_back_whole);
    tcase_add_test(files, any_reader_of_safetensors_finds_these_names);
    tcase_add_test(files, equal_models_give_equal_files);
    tcase_add_test(files, a_training_state_is_kept_to_the_bit);
    tcase_add_test(files, without_its_state_a_model_is_what_dropping_leaves);
    tcase_add_test(files, damaged_data_give_no_model);
    tcase_add_test(files, a_layer_may_be_called_state);
    tcase_add_test(files, the_papers_model_comes_back_whole);
    tcase_add_test(files, saving_to_memory_says_how_much_it_needs);
    tcase_add_test(files, what_json_cannot_hold_is_refused);
    tcase_add_test(files, a_save_that_fails_leaves_the_old_file);
    suite_add_tcase(suite, files);
    return mn_check_main(suite);
}
