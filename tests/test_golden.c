/* test_golden.c - networks, gradients and Adam steps against reference vectors of another implementation */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <dirent.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>
#include <mirnet/predict.h>
#include <mirnet/train.h>

#include "mn_gradient.h"
#include "mn_kernels.h"
#include "mn_net.h"

static const double TOLERANCE = 1e-5;

static const char *const names[] = {
    "act_hardsigmoid",     "act_linear",           "act_relu6",
    "act_softplus",        "act_softsign",         "batchnorm_infer",
    "bilstm_ave",          "bilstm_concat",        "bilstm_mul",
    "bilstm_sum",          "conv1d_same",          "conv1d_same_s2",
    "conv1d_valid",        "conv2d_same_even",     "conv2d_same_s1",
    "conv2d_same_s2",      "conv2d_same_s3_k2",    "conv2d_valid_s1",
    "conv2d_valid_s3",     "conv2d_width1",        "dense_softmax",
    "embedding_lstm",      "functional_attention", "functional_concat",
    "functional_residual", "l2_regularized",       "lstm_backwards",
    "lstm_last",           "lstm_one_step",        "lstm_output_softmax",
    "lstm_sequences",      "masking_lstm",         "paper_cnn_lstm",
    "pool_avg1d_same",     "pool_avg2d_same",      "pool_globalavg1d",
    "pool_globalavg2d",    "pool_globalmax1d",     "pool_globalmax2d",
    "pool_max1d_same",     "pool_max1d_valid",     "pool_max2d_same",
    "pool_max2d_valid",    "reshape_permute",      "timedist_conv_lstm",
    "timedist_dense",
};

enum { CASES = sizeof(names) / sizeof(names[0]), MAX_INPUTS = 4 };

/*
 * Gradients of the reference that are not the derivatives of its own losses, as differences of those losses show.
 * TensorFlow.js divides the gradient of an average over a window by the window's size where Keras, and its own forward
 * pass, divide by the number of elements that are no padding; and it gives the whole gradient to each of several equal
 * maxima: the sequences of functional_concat are one-hot, so that windows of equal bases are equal. Of these cases the
 * output, the loss and the gradients behind the layer are compared with the reference, and all gradients with
 * differences.
 */
static const struct {
    const char *name, *weights; /* the weights in front of the layer begin with this */
} wrong_gradients[] = {
    {"functional_concat", "conv3/"},
    {"pool_avg1d_same", "conv1d_"},
    {"pool_avg2d_same", "conv2d_"},
};

enum { WRONG = sizeof(wrong_gradients) / sizeof(wrong_gradients[0]) };

/* The beginning of the weights' names whose reference gradient is wrong; NULL if all are right. */
static const char *find_wrong(const char *name)
{
    for (int i = 0; i < WRONG; i++)
        if (strcmp(name, wrong_gradients[i].name) == 0)
            return wrong_gradients[i].weights;
    return NULL;
}

/* A case at work: its network and tensors. */
typedef struct vectors {
    mirnet_model *model;
    mirnet_tensors *tensors; /* weights, input, output; and for most the training vectors */
    mirnet_tensors *train;   /* where the training vectors are: `tensors`, or a file of their own */
    const float *inputs[MAX_INPUTS];
    int64_t n; /* samples */
} vectors;

static const char *case_path(const char *name, const char *file)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", name, file);
    return mn_golden_path(path);
}

static int64_t count_values(const mirnet_tensors *tensors, const char *name)
{
    int64_t dims[8], n = 1;
    int32_t rank;
    mn_ok(mirnet_tensors_get_shape(tensors, name, dims, &rank));
    for (int32_t d = 0; d < rank; d++)
        n *= dims[d];
    return n;
}

static const float *get_values(const mirnet_tensors *tensors, const char *name)
{
    const float *values = mirnet_tensors_get(tensors, name);
    ck_assert_msg(values != NULL, "no tensor '%s'", name);
    return values;
}

static double get_number(const mirnet_tensors *tensors, const char *name)
{
    return (double)get_values(tensors, name)[0];
}

/* The training vectors were made with dropout off. */
static void switch_dropout_off(char *json)
{
    const char *rate = "\"rate\": 0.5";
    for (char *at = json; (at = strstr(at, rate)); at++)
        at[strlen(rate) - 1] = '0';
}

static void find_inputs(vectors *v)
{
    int32_t count = mirnet_model_input_count(v->model);
    ck_assert_int_le(count, MAX_INPUTS);
    for (int32_t i = 0; i < count; i++) {
        char name[256] = "input";
        if (count > 1)
            snprintf(name, sizeof(name), "input/%s", mirnet_model_get_input_name(v->model, i));
        v->inputs[i] = get_values(v->tensors, name);
        v->n = count_values(v->tensors, name) / mirnet_model_get_size(v->model, i);
    }
}

static void set_up(vectors *v, const char *name, bool dropout)
{
    char *json = mn_read(case_path(name, "model.json"), NULL);
    if (!dropout)
        switch_dropout_off(json);
    v->model = mn_net_create_json(json);
    free(json);
    mn_ok(mirnet_tensors_load(&v->tensors, case_path(name, "tensors.safetensors")));
    v->train = v->tensors;
    if (case_path(name, "train.safetensors"))
        mn_ok(mirnet_tensors_load(&v->train, case_path(name, "train.safetensors")));
    mn_ok(mirnet_model_set_weights(v->model, v->tensors, "weights/"));
    find_inputs(v);
}

static void tear_down(vectors *v)
{
    if (v->train != v->tensors)
        mirnet_tensors_destroy(v->train);
    mirnet_tensors_destroy(v->tensors);
    mirnet_model_destroy(v->model);
}

static void check_output(const vectors *v, const char *name, const float *want)
{
    int64_t n = v->n * mirnet_model_get_size(v->model, -1);
    float *got = mn_net_floats(n);
    mirnet_predictor *predictor;
    mn_ok(mirnet_predictor_create(&predictor, v->model, 2));
    mn_ok(mirnet_predictor_run(predictor, v->inputs, v->n, got));
    mirnet_predictor_destroy(predictor);
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)got[i] - (double)want[i]) <= TOLERANCE, "%s: output[%lld] is %.9g, not %.9g", name,
                      (long long)i, (double)got[i], (double)want[i]);
    free(got);
}

static double norm(const float *a, const float *opt_b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)a[i] - (opt_b ? (double)opt_b[i] : 0);
        sum += d * d;
    }
    return sqrt(sum);
}

static double largest_of(const float *values, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)values[i]));
    return largest;
}

/* Weights after steps of Adam, which divides a gradient by its own size: where it is next to nothing beside the
 * others of its tensor, their rounding is a large part of it, and moves the weight by that part of the learning
 * rate. Only with the kernels for NEON has that ever been more than the bound of all other figures: they alone are
 * allowed it. */
static void check_moved(const vectors *v, const char *weight, const float *got, const float *want, int64_t n)
{
    char name[300];
    snprintf(name, sizeof(name), "grad/%s", weight);
    const float *gradient = mirnet_tensors_get(v->train, name);
    const double rate = get_number(v->train, "adam/learning_rate"), allowed = TOLERANCE * largest_of(want, n);
    const bool neon = strcmp(mn_kernels_name(), "neon") == 0;
    const double rounding = gradient ? (double)FLT_EPSILON * largest_of(gradient, n) : 0;
    for (int64_t i = 0; i < n; i++) {
        const double size = gradient ? fabs((double)gradient[i]) : 0;
        const double moved = neon && size > 0 ? rate * fmin(1, rounding / size) : 0;
        ck_assert_msg(fabs((double)got[i] - (double)want[i]) <= allowed + moved,
                      "%s[%lld] is %.9g after the steps, not %.9g: allowed %.3g + %.3g", weight, (long long)i,
                      (double)got[i], (double)want[i], allowed, moved);
    }
}

/* A whole tensor, or its norm where only that is in the file. Returns how many there were to compare with. */
static int check_tensor(const vectors *v, const char *whole, const char *norm_of, const char *weight, const float *got,
                        const float *opt_before, int64_t n)
{
    int found = 0;
    char name[300];
    snprintf(name, sizeof(name), "%s/%s", whole, weight);
    const float *want_all = mirnet_tensors_get(v->train, name);
    if (want_all) {
        ck_assert_int_eq(count_values(v->train, name), n);
        if (strcmp(whole, "adam") == 0)
            check_moved(v, weight, got, want_all, n);
        else
            mn_close(name, got, want_all, (size_t)n, TOLERANCE);
        found++;
    }
    snprintf(name, sizeof(name), "%s/%s", norm_of, weight);
    if (mirnet_tensors_get(v->train, name)) {
        double length = norm(got, opt_before, n), want = get_number(v->train, name);
        mn_close_double(name, &length, &want, 1, TOLERANCE);
        found++;
    }
    return found;
}

/* The largest entry of all gradients of the reference. */
static double largest_gradient(const vectors *v)
{
    double largest = 0;
    for (int32_t i = 0; i < mirnet_tensors_count(v->train); i++) {
        const char *name = mirnet_tensors_get_name(v->train, i);
        if (strncmp(name, "grad/", 5) == 0)
            largest = fmax(largest, largest_of(mirnet_tensors_get(v->train, name), count_values(v->train, name)));
    }
    return largest;
}

/* A gradient that is zero in exact arithmetic, such as that of one bias in front of a softmax over the steps, is noise
 * of the rounding in the reference; it must be no more here. */
static bool is_noise(const vectors *v, const char *weight, const float *got, int64_t n)
{
    char name[300];
    snprintf(name, sizeof(name), "grad/%s", weight);
    const float *want = mirnet_tensors_get(v->train, name);
    double noise = 1e-6 * largest_gradient(v);
    if (!want || largest_of(want, n) > noise || largest_of(want, n) == 0)
        return false;
    ck_assert_msg(largest_of(got, n) <= noise, "%s is not zero", name);
    return true;
}

static void check_gradient(const vectors *v, const char *opt_wrong)
{
    mirnet_trainer *trainer;
    double loss, want = get_number(v->train, mirnet_tensors_get(v->train, "loss") ? "loss" : "loss/1");
    mn_ok(mirnet_trainer_create(&trainer, v->model));
    mn_ok(mirnet_trainer_run_gradient(trainer, v->inputs, get_values(v->train, "target"), NULL, v->n, 0, &loss, NULL));
    mn_close_double("loss", &loss, &want, 1, TOLERANCE);
    for (int32_t i = 0; i < mirnet_model_weight_count(v->model); i++) {
        const char *weight = mirnet_model_get_weight_name(v->model, i);
        char name[300];
        if (opt_wrong && strncmp(weight, opt_wrong, strlen(opt_wrong)) == 0)
            continue;
        snprintf(name, sizeof(name), "weights/%s", weight);
        int64_t n = count_values(v->tensors, name);
        float *got = mn_net_floats(n);
        mn_ok(mirnet_trainer_get_gradient(trainer, weight, got, n));
        if (!is_noise(v, weight, got, n))
            ck_assert_msg(check_tensor(v, "grad", "grad_norm", weight, got, NULL, n) > 0, "no gradient of %s", weight);
        free(got);
    }
    mirnet_trainer_destroy(trainer);
}

static void check_steps(const vectors *v)
{
    mirnet_trainer *trainer;
    int steps = (int)get_number(v->train, "adam/steps");
    ck_assert_int_ge(steps, 1);
    mn_ok(mirnet_trainer_create(&trainer, v->model));
    mn_ok(mirnet_trainer_set_number(trainer, "training.learning_rate", get_number(v->train, "adam/learning_rate")));
    for (int k = 1; k <= steps; k++) {
        char name[32];
        double loss;
        snprintf(name, sizeof(name), "loss/%d", k);
        double want = get_number(v->train, name);
        mn_ok(mirnet_trainer_step(trainer, v->inputs, get_values(v->train, "target"), NULL, v->n, &loss));
        mn_close_double(name, &loss, &want, 1, TOLERANCE);
    }
    mirnet_trainer_destroy(trainer);
    for (int32_t i = 0; i < mirnet_model_weight_count(v->model); i++) {
        const char *weight = mirnet_model_get_weight_name(v->model, i);
        char name[300];
        snprintf(name, sizeof(name), "weights/%s", weight);
        int64_t n = count_values(v->tensors, name);
        float *got = mn_net_floats(n);
        mn_ok(mirnet_model_get_weight(v->model, weight, got, n));
        int found = check_tensor(v, "adam", "adam_change_norm", weight, got, mirnet_tensors_get(v->tensors, name), n);
        ck_assert_msg(found > 0, "no weights %s after the steps", weight);
        free(got);
    }
    if (mirnet_tensors_get(v->train, "output_after"))
        check_output(v, "output_after", mirnet_tensors_get(v->train, "output_after"));
}

static void check_case(const char *name)
{
    vectors v = {0};
    set_up(&v, name, true);
    check_output(&v, name, get_values(v.tensors, "output"));
    const char *wrong = find_wrong(name);
    bool trains = mirnet_tensors_get(v.train, "target") != NULL;
    if (trains)
        check_gradient(&v, wrong);
    tear_down(&v);
    if (trains && !wrong) {
        set_up(&v, name, false);
        check_steps(&v);
        tear_down(&v);
    }
}

/* Every case, with every table of kernels. */
START_TEST(agrees_with_the_reference)
{
    const char *name = names[_i];
    if (!mn_golden_path("README.md"))
        mn_skip("%s: the reference vectors are not there (MIRNET_GOLDEN)", name);
    for (int32_t k = 0; mn_test_kernels_at(k); k++) {
        mn_kernels_force(mn_test_kernels_at(k));
        check_case(name);
    }
    mn_kernels_force(NULL);
}
END_TEST

START_TEST(where_the_reference_is_wrong_gradients_are_derivatives)
{
    const char *name = wrong_gradients[_i].name;
    vectors v = {0};
    if (!mn_golden_path("README.md"))
        mn_skip("%s: the reference vectors are not there (MIRNET_GOLDEN)", name);
    set_up(&v, name, true);
    mn_gradient_check_weights(name, v.model, v.inputs[0], get_values(v.train, "target"), v.n);
    tear_down(&v);
}
END_TEST

START_TEST(no_reference_is_left_out)
{
    const char *path = mn_golden_path(".");
    if (!path)
        mn_skip("the reference vectors are not there (MIRNET_GOLDEN)");
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        bool known = !case_path(entry->d_name, "model.json");
        for (int i = 0; i < CASES; i++)
            known = known || strcmp(names[i], entry->d_name) == 0;
        ck_assert_msg(known, "%s is not tested", entry->d_name);
    }
    closedir(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden");
    TCase *tcase = tcase_create("golden");
    tcase_add_loop_test(tcase, agrees_with_the_reference, 0, CASES);
    tcase_add_loop_test(tcase, where_the_reference_is_wrong_gradients_are_derivatives, 0, WRONG);
    tcase_add_test(tcase, no_reference_is_left_out);
    suite_add_tcase(suite, tcase);
    return mn_check_main(suite);
}
