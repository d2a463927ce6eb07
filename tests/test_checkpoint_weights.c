/* test_checkpoint_weights.c - weights from tensors; what saving and loading refuse */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <string.h>

#include <mirnet/file.h>

#include "mn_net.h"

/* Weights w/<name> of a dense layer, numbers from 0 on. */
static mirnet_tensors *make_weights(void)
{
    const float values[] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f};
    const int64_t dims[] = {3, 2}, two = 2;
    mirnet_tensors *tensors;
    mn_ok(mirnet_tensors_create(&tensors));
    mn_ok(mirnet_tensors_set(tensors, "w/dense/kernel", dims, 2, values));
    mn_ok(mirnet_tensors_set(tensors, "w/dense/bias", &two, 1, values));
    mn_ok(mirnet_tensors_set(tensors, "input", &two, 1, values));
    return tensors;
}

START_TEST(weights_are_taken_from_tensors_of_a_prefix)
{
    const float want[] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f};
    float got[6];
    mirnet_model *model = mn_net_create_dense("dense");
    mirnet_tensors *tensors = make_weights();
    mn_ok(mirnet_model_set_weights(model, tensors, "w/"));
    mn_ok(mirnet_model_get_weight(model, "dense/kernel", got, 6));
    mn_same("kernel", got, want, 6);
    mn_ok(mirnet_model_get_weight(model, "dense/bias", got, 2));
    mn_same("bias", got, want, 2);
    mirnet_tensors_destroy(tensors);
    mirnet_model_destroy(model);
}
END_TEST

/* Fails so, names `word`, and no weight of the model has changed. */
static void check_unfit(mirnet_tensors *tensors, const char *prefix, mirnet_status status, const char *word)
{
    mirnet_model *model = mn_net_create_dense("dense"), *old = mn_net_create_dense("dense");
    mn_fails(status, mirnet_model_set_weights(model, tensors, prefix));
    ck_assert_msg(strstr(mirnet_last_message(), word) != NULL, "'%s' is not in: %s", word, mirnet_last_message());
    mn_net_same_weights(model, old);
    mirnet_tensors_destroy(tensors);
    mirnet_model_destroy(model);
    mirnet_model_destroy(old);
}

START_TEST(weights_that_do_not_fit_change_nothing)
{
    const float values[] = {0.0f, INFINITY, 2.0f, 3.0f, 4.0f, 5.0f};
    const int64_t turned[] = {2, 3}, three = 3, two = 2;
    check_unfit(make_weights(), "", MIRNET_ERR_NOT_FOUND, "'dense/kernel' is missing");
    check_unfit(make_weights(), "v/", MIRNET_ERR_NOT_FOUND, "'v/dense/kernel' is missing");
    mirnet_tensors *tensors = make_weights();
    mn_ok(mirnet_tensors_set(tensors, "w/dense/gamma", &two, 1, values));
    check_unfit(tensors, "w/", MIRNET_ERR_NOT_FOUND, "'w/dense/gamma' is no weight");
    tensors = make_weights();
    mn_ok(mirnet_tensors_set(tensors, "w/dense/kernel", turned, 2, values));
    check_unfit(tensors, "w/", MIRNET_ERR_SHAPE, "(2, 3), expected (3, 2)");
    tensors = make_weights();
    mn_ok(mirnet_tensors_set(tensors, "w/dense/bias", &three, 1, values));
    check_unfit(tensors, "w/", MIRNET_ERR_SHAPE, "w/dense/bias");
    tensors = make_weights();
    mn_ok(mirnet_tensors_set(tensors, "w/dense/bias", &two, 1, values));
    check_unfit(tensors, "w/", MIRNET_ERR_NUMERIC, "w/dense/bias': value 1 is not finite");
}
END_TEST

START_TEST(bad_arguments_get_their_status)
{
    size_t size;
    mirnet_model *model = mn_net_create_dense("dense"), *none = NULL;
    mirnet_tensors *tensors = make_weights();
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_save(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_save(model, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_save_mem(NULL, NULL, 0, &size));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_save_mem(model, NULL, 0, NULL));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load(NULL, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load(&none, NULL));
    mn_fails(MIRNET_ERR_IO, mirnet_model_load(&none, mn_scratch_path("none")));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load_mem(NULL, "", 0, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load_mem(&none, NULL, 9, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_load_mem(&none, "", 0, NULL));
    mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_mem(&none, "", 0, "x"));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weights(NULL, tensors, ""));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weights(model, NULL, ""));
    mn_fails(MIRNET_ERR_INVALID, mirnet_model_set_weights(model, tensors, NULL));
    ck_assert_ptr_null(none);
    mirnet_tensors_destroy(tensors);
    mirnet_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint_weights");
    TCase *weights = tcase_create("weights");
    tcase_add_test(weights, weights_are_taken_from_tensors_of_a_prefix);
    tcase_add_test(weights, weights_that_do_not_fit_change_nothing);
    tcase_add_test(weights, bad_arguments_get_their_status);
    suite_add_tcase(suite, weights);
    return mn_check_main(suite);
}
