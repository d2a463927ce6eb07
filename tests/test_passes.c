/* test_passes.c - what the plan saves changes nothing: with each saving on and off, the same outputs and gradients */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "mn_example.h"
#include "mn_net.h"

enum { BATCH = MN_EXAMPLE_BATCH, NETS = 60 };

/* Outputs and gradients are the same sums in another order. With `same`, outputs even to the bit. Gradients that
 * hang on a rounding are left to test_passes_exact.c. */
static void compare_training(const char *net, const mn_example *e, int passes, bool same)
{
    mn_plan *a = mn_example_run(e, MN_PLAN_WEIGHTS, passes, e->grads);
    mn_plan *b = mn_example_run(e, MN_PLAN_WEIGHTS, 0, e->plain_grads);
    const bool smooth = !mn_example_near_kink(a) && !mn_example_near_kink(b);
    if (same)
        mn_same(net, mn_plan_output(a), mn_plan_output(b), e->outputs);
    mn_close(net, mn_plan_output(a), mn_plan_output(b), e->outputs, 2e-6);
    for (int32_t i = 0; smooth && i < e->model->n_params; i++) {
        const mn_param *p = e->model->params[i];
        mn_close(p->name, e->grads + p->offset, e->plain_grads + p->offset, p->size, 2e-5);
    }
    mn_plan_destroy(a);
    mn_plan_destroy(b);
}

static void scale_weights(mirnet_model *model, float factor)
{
    for (int32_t i = 0; i < model->n_params; i++)
        for (size_t k = 0; k < model->params[i]->size; k++)
            model->weights[model->params[i]->offset + k] *= factor;
}

/* Nothing is left of the weights that were there before mn_plan_prepare. */
static void compare_new_weights(const mn_example *e, mn_plan *plan)
{
    scale_weights(e->model, 0.5f);
    mn_plan *fresh = mn_example_run(e, MN_PLAN_FORWARD, plan->passes, NULL);
    plan->run.batch = BATCH;
    memcpy(mn_plan_input(plan, 0), e->x, (size_t)(BATCH * mirnet_model_get_size(e->model, 0)) * sizeof(*e->x));
    mn_plan_prepare(plan);
    mn_plan_forward(plan);
    mn_same("new weights", mn_plan_output(plan), mn_plan_output(fresh), e->outputs);
    mn_plan_destroy(fresh);
    scale_weights(e->model, 2);
}

static void compare_prediction(const char *net, const mn_example *e, int passes)
{
    mn_plan *a = mn_example_run(e, MN_PLAN_FORWARD, passes, NULL);
    mn_plan *b = mn_example_run(e, MN_PLAN_FORWARD, 0, NULL), *twin;
    mn_close(net, mn_plan_output(a), mn_plan_output(b), e->outputs, 2e-6);
    /* What is kept from the first batch serves the second one as well. */
    float *first = mn_net_floats((int64_t)e->outputs);
    memcpy(first, mn_plan_output(a), e->outputs * sizeof(*first));
    mn_plan_forward(a);
    mn_same("again", mn_plan_output(a), first, e->outputs);
    /* And a second plan on the same weights. */
    mn_ok(mn_plan_create_twin(&twin, a));
    twin->run.batch = BATCH;
    memcpy(mn_plan_input(twin, 0), e->x, (size_t)(BATCH * mirnet_model_get_size(e->model, 0)) * sizeof(*e->x));
    mn_plan_prepare(twin);
    mn_plan_forward(twin);
    mn_same("twin", mn_plan_output(twin), first, e->outputs);
    /* A sample alone has the bits that it has among others. */
    const int64_t size = mirnet_model_get_size(e->model, 0), n = mirnet_model_get_size(e->model, -1);
    for (int64_t i = 0; i < BATCH; i++) {
        memcpy(mn_plan_input(a, 0), e->x + i * size, (size_t)size * sizeof(*e->x));
        a->run.batch = 1;
        mn_plan_forward(a);
        mn_same("alone", mn_plan_output(a), first + i * n, (size_t)n);
    }
    compare_new_weights(e, a);
    free(first);
    mn_plan_destroy(twin);
    mn_plan_destroy(a);
    mn_plan_destroy(b);
}

static void compare(const char *net, int passes, uint64_t *seed)
{
    mn_example e = mn_example_create(net, 0, MN_LEVEL, seed);
    compare_training(net, &e, passes, !(passes & MN_PASS_ONE_HOT));
    compare_prediction(net, &e, passes);
    mn_example_destroy(&e);
}

START_TEST(blank_sharing_changes_nothing)
{
    char net[MN_EXAMPLE_TEXT];
    uint64_t seed = mn_seed() * 1000 + (uint64_t)_i;
    mn_example_draw_net(&seed, net, MN_LEVEL);
    compare(net, MN_PASS_BLANK, &seed);
}
END_TEST

START_TEST(blank_sharing_in_the_papers_network)
{
    uint64_t seed = mn_seed();
    compare("InputLayer: 1, 164, 4, 1;"
            "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
            "'strides': 2,"
            " 'padding': 'same', 'activation': 'relu'}};"
            "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
            "'strides': 2,"
            " 'padding': 'same', 'activation': 'relu'}};"
            "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
            "'strides': 2,"
            " 'padding': 'same', 'activation': 'relu'}};"
            "TimeDistributed: 'layer': {'class_name': 'Flatten', 'config': {}};"
            "LSTM: 'units': 10; Dense: 'units': 2, 'activation': 'softmax';",
            MN_PASSES, &seed);
}
END_TEST

/* Every saving alone, and all together, on rows of letters. */
static void compare_letters(const char *net, uint64_t *seed)
{
    static const int some[] = {MN_PASS_BLANK, MN_PASS_ONE_HOT, MN_PASS_ROWS, MN_PASS_BLANK | MN_PASS_TAIL,
                               MN_PASS_BLANK | MN_PASS_ONE_HOT, MN_PASS_BLANK | MN_PASS_ROWS, MN_PASSES};
    mn_example e = mn_example_create(net, 4, MN_LEVEL, seed);
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        compare_training(net, &e, some[i], false);
        compare_prediction(net, &e, some[i]);
    }
    mn_example_destroy(&e);
}

START_TEST(savings_change_nothing_on_letters)
{
    char net[MN_EXAMPLE_TEXT];
    uint64_t seed = mn_seed() * 1000 + (uint64_t)_i;
    mn_example_draw_letters_net(&seed, net, MN_LEVEL);
    compare_letters(net, &seed);
}
END_TEST

START_TEST(savings_in_networks_on_letters)
{
    static const char *const nets[] = {
        "InputLayer: 1, 60, 4, 1;"
        "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
        "'strides': 2, 'padding': 'same', 'activation': 'relu'}};"
        "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
        "'strides': 2, 'padding': 'same', 'activation': 'relu'}};"
        "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], "
        "'strides': 2, 'padding': 'same', 'activation': 'relu'}};"
        "TimeDistributed: 'layer': {'class_name': 'Flatten', 'config': {}};"
        "LSTM: 'units': 10; Dense: 'units': 2, 'activation': 'softmax';",
        "i = InputLayer: 40, 4, 1; a = Conv2D(i): 'filters': 6, 'kernel_size': [3, 4]; g = GlobalMaxPooling2D(a);"
        "b = Conv2D(i): 'filters': 6, 'kernel_size': [5, 4]; h = GlobalMaxPooling2D(b); Concatenate(g, h);"
        "Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 40, 4, 1; Conv2D: 'filters': 9, 'kernel_size': [6, 4], 'padding': 'same', 'activation': 'relu';"
        "MaxPooling2D: 'pool_size': [40, 1]; Flatten; Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 40, 4; Conv1D: 'filters': 6, 'kernel_size': 8, 'padding': 'same', 'activation': 'relu';"
        "MaxPooling1D: 'pool_size': 4; Bidirectional: 'layer': {'class_name': 'LSTM', 'config': {'units': 4}};"
        "Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 40, 4; Bidirectional: 'layer': {'class_name': 'GRU', 'config': {'units': 4, 'return_sequences': true}};"
        "LSTM: 'units': 5; Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 40, 4; Conv1D: 'filters': 8, 'kernel_size': 3, 'padding': 'same', 'activation': 'relu';"
        "LSTM: 'units': 9, 'go_backwards': true, 'return_sequences': true; GRU: 'units': 5, 'reset_after': false;"
        "Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 40, 4; Masking; LSTM: 'units': 6, 'return_sequences': true; GRU: 'units': 5; Dense: 'units': 2, "
        "'activation': 'softmax';",
        /* Windows of all columns, and of some. */
        "InputLayer: 40, 4, 1; Conv2D: 'filters': 9, 'kernel_size': [6, 4], 'padding': 'same', 'activation': 'relu';"
        "MaxPooling2D: 'pool_size': [7, 4], 'strides': [3, 1]; Flatten; Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 40, 4, 1; Conv2D: 'filters': 70, 'kernel_size': [6, 4], 'padding': 'same', 'activation': 'relu';"
        "MaxPooling2D: 'pool_size': [5, 2], 'padding': 'same'; Flatten; Dense: 'units': 3, 'activation': 'softmax';",
        /* Rows that a Reshape cuts anew, or leaves as they are. */
        "InputLayer: 20, 4, 1; Conv2D: 'filters': 8, 'kernel_size': [3, 4], 'padding': 'same'; Reshape: 'target_shape': [80, 8];"
        "Conv1D: 'filters': 5, 'kernel_size': 4; Flatten; Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 20, 4; Conv1D: 'filters': 8, 'kernel_size': 3, 'padding': 'same'; Reshape: 'target_shape': [10, 16];"
        "Conv1D: 'filters': 5, 'kernel_size': 4; Flatten; Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 20, 4; Conv1D: 'filters': 8, 'kernel_size': 3, 'padding': 'same'; Reshape: 'target_shape': [1, 20, 8];"
        "Conv2D: 'filters': 5, 'kernel_size': [1, 4]; Flatten; Dense: 'units': 3, 'activation': 'softmax';",
        "InputLayer: 20, 4, 1; Conv2D: 'filters': 8, 'kernel_size': [3, 4]; Reshape: 'target_shape': [18, 8];"
        "Conv1D: 'filters': 5, 'kernel_size': 4; Flatten; Dense: 'units': 3, 'activation': 'softmax';",
        /* A kernel of many rows. */
        "InputLayer: 90, 4; Conv1D: 'filters': 6, 'kernel_size': 3, 'padding': 'same', 'activation': 'relu';"
        "Conv1D: 'filters': 5, 'kernel_size': 140, 'strides': 3, 'padding': 'same', 'activation': 'relu'; Flatten;"
        "Dense: 'units': 3, 'activation': 'softmax';",
    };
    uint64_t seed = mn_seed() * 1000 + (uint64_t)_i;
    compare_letters(nets[_i], &seed);
}
END_TEST

START_TEST(rows_that_are_no_letters_are_taken_as_they_are)
{
    static const char *const nets[] = {
        "InputLayer: 20, 4; Conv1D: 'filters': 6, 'kernel_size': 3, 'padding': 'same'; Flatten; Dense: 'units': 3;",
        "InputLayer: 20, 4; Conv1D: 'filters': 6, 'kernel_size': 3, 'padding': 'same', 'activation': 'tanh';"
        "Conv1D: 'filters': 5, 'kernel_size': 4; Flatten; Dense: 'units': 3;",
    };
    static const float rows[][4] = {
        {0, 0, 0, 0}, {0, 0, 1, 0},  {1, 1, 0, 0}, {0, 0, 1, 1}, {1, 0, 1, 0}, {0, 1, 0, 1},  {1, 0, 0, 1}, {0, 1, 1, 0},
        {2, 0, 0, 0}, {0, -1, 0, 0}, {1, 2, 0, 0}, {0, 0, 2, 1}, {2, 0, 1, 0}, {1, 0, -1, 0}, {1, 1, 1, 1}, {0, 0, 0, 0.5f},
    };
    uint64_t seed = mn_seed();
    mn_example e = mn_example_create(nets[_i], 4, MN_LEVEL, &seed);
    const int64_t size = mirnet_model_get_size(e.model, 0);
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        for (int64_t b = 0; b < BATCH; b++)
            memcpy(e.x + b * size + 4 * b, rows[k], sizeof(rows[k]));
        compare_prediction(nets[_i], &e, MN_PASSES);
    }
    mn_example_destroy(&e);
}
END_TEST

/* How many convolutions of a network are looked up. */
static int32_t count_tables(const char *net)
{
    mn_plan *plan;
    int32_t n = 0;
    mirnet_model *model = mn_net_create(net);
    mn_ok(mn_plan_create(&plan, model, 4, MN_PLAN_FORWARD, MN_PASSES, mn_kernels_get(), NULL));
    for (int32_t i = 0; i < model->n_nodes; i++)
        n += plan->ops[i].row_first != NULL;
    mn_plan_destroy(plan);
    mirnet_model_destroy(model);
    return n;
}

/* Rows that are made again and again cost more than products do, and those that are not kept cost memory. */
START_TEST(a_table_is_made_where_it_has_room_for_all_words)
{
    ck_assert_int_eq(count_tables("InputLayer: 164, 4; Conv1D: 'filters': 8, 'kernel_size': 6; Conv1D: 'filters': 64,"
                                  "'kernel_size': 20; Flatten; Dense: 'units': 2;"), 1);
    ck_assert_int_eq(count_tables("InputLayer: 164, 4; Conv1D: 'filters': 8, 'kernel_size': 6; Conv1D: 'filters': 64,"
                                  "'kernel_size': 21; Flatten; Dense: 'units': 2;"), 0);
    ck_assert_int_eq(count_tables("InputLayer: 164, 4; Conv1D: 'filters': 8, 'kernel_size': 8; Conv1D: 'filters': 64,"
                                  "'kernel_size': 8; Flatten; Dense: 'units': 2;"), 0);
    ck_assert_int_eq(count_tables("InputLayer: 500, 4; Conv1D: 'filters': 8, 'kernel_size': 4; Conv1D: 'filters': 64,"
                                  "'kernel_size': 16; Flatten; Dense: 'units': 2;"), 1);
    ck_assert_int_eq(count_tables("InputLayer: 600, 4; Conv1D: 'filters': 8, 'kernel_size': 4; Conv1D: 'filters': 64,"
                                  "'kernel_size': 16; Flatten; Dense: 'units': 2;"), 0);
}
END_TEST

/* More words than the table has rows for, met by several threads at once: what is kept, what is made again and what
 * is made by two at a time are the same numbers. Only words with padding among their letters can be too many. */
START_TEST(a_full_table_changes_nothing)
{
    enum { SAMPLES = 100, ROWS = 110 };
    uint64_t seed = mn_seed();
    int64_t letter;
    mirnet_model *model = mn_net_create(
        "InputLayer: 110, 4; Conv1D: 'filters': 2, 'kernel_size': 5, 'padding': 'same', 'activation': 'tanh';"
        "Conv1D: 'filters': 128, 'kernel_size': 37, 'padding': 'same', 'activation': 'relu'; GlobalAveragePooling1D;"
        "Dense: 'units': 3, 'activation': 'softmax';");
    float *x = mn_net_floats(SAMPLES * ROWS * 4), *first = mn_net_floats(SAMPLES * 3), *again = mn_net_floats(SAMPLES * 3);
    mn_example_fill_weights(&seed, model, MN_LEVEL);
    for (int64_t i = 0; i < SAMPLES * ROWS; i++)
        if ((letter = mn_example_draw(&seed, 0, 4)) < 4)
            x[i * 4 + letter] = 1;
    const float *inputs[] = {x};
    mirnet_predictor *predictor;
    mn_passes_force(MN_PASSES & ~MN_PASS_ROWS);
    mn_ok(mirnet_predictor_create(&predictor, model, 1));
    mn_ok(mirnet_predictor_run(predictor, inputs, SAMPLES, first));
    mirnet_predictor_destroy(predictor);
    mn_passes_force(MN_PASSES);
    for (int32_t threads = 1; threads <= 4; threads++) {
        mn_ok(mirnet_predictor_create(&predictor, model, threads));
        for (int i = 0; i < 2; i++) {
            mn_ok(mirnet_predictor_run(predictor, inputs, SAMPLES, again));
            mn_close("probabilities", again, first, SAMPLES * 3, 2e-6);
            if (threads > 1 || i > 0)
                mn_same("probabilities of the table", again, first, SAMPLES * 3);
            memcpy(first, again, SAMPLES * 3 * sizeof(*first));
        }
        for (int64_t i = 0; i < 4; i++) { /* threads that share one sample */
            const float *one[] = {x + i * ROWS * 4};
            mn_ok(mirnet_predictor_run(predictor, one, 1, again));
            mn_same("probabilities of one", again, first + i * 3, 3);
        }
        mirnet_predictor_destroy(predictor);
    }
    mirnet_model_destroy(model);
    free(x);
    free(first);
    free(again);
}
END_TEST

/* Weights after some steps with Adam: what is updated where its gradient is made has the bits of what is updated
 * later. */
static void train_some(const char *net, int passes, uint64_t seed, mirnet_model **out)
{
    mirnet_trainer *trainer;
    mn_passes_force(passes);
    *out = mn_net_create(net);
    mn_net_fill_weights(&seed, *out);
    const int64_t size = mirnet_model_get_size(*out, 0), outputs = mirnet_model_get_size(*out, -1);
    float *x = mn_net_floats(BATCH * size), *targets = mn_net_floats(BATCH * outputs);
    const float *inputs[] = {x};
    mn_ok(mirnet_trainer_create(&trainer, *out));
    for (int i = 0; i < 4; i++) {
        mn_example_fill_letters(&seed, *out, x, 4);
        mn_net_fill_targets(&seed, targets, BATCH, outputs);
        mn_ok(mirnet_trainer_step(trainer, inputs, targets, NULL, i == 2 ? BATCH - 2 : BATCH, NULL));
    }
    mirnet_trainer_destroy(trainer);
    free(x);
    free(targets);
}

START_TEST(updates_at_once_have_the_bits_of_later_ones)
{
    static const char *const nets[] = {
        "InputLayer: 40, 4, 1; Conv2D: 'filters': 9, 'kernel_size': [6, 4], 'strides': 2, 'padding': 'same', 'activation': "
        "'relu'; Conv2D: 'filters': 20, 'kernel_size': [6, 4], 'strides': 2, 'padding': 'same', 'activation': 'relu';"
        "Reshape: 'target_shape': [1, -1]; LSTM: 'units': 10; Dropout: 'rate': 0.3; Dense: 'units': 3, 'activation': "
        "'softmax';",
        "InputLayer: 40, 4; Conv1D: 'filters': 6, 'kernel_size': 8, 'padding': 'same', 'activation': 'relu';"
        "MaxPooling1D: 'pool_size': 4; Bidirectional: 'layer': {'class_name': 'LSTM', 'config': {'units': 4}};"
        "a = Dense: 'units': 5; Dense(a): 'units': 3, 'activation': 'softmax', 'kernel_regularizer': {'class_name': 'L2', "
        "'config': {'l2': 0.01}};",
        ("InputLayer: 40, 4; Masking; GRU: 'units': 6, 'return_sequences': true, 'dropout': 0.2; GRU: 'units': 5;"
         "a = Dense: 'units': 5; b = @a(a); Dense(b): 'units': 2, 'activation': 'softmax';"),
    };
    mirnet_model *at_once, *later;
    train_some(nets[_i], MN_PASSES, mn_seed(), &at_once);
    train_some(nets[_i], MN_PASSES & ~MN_PASS_AT_ONCE, mn_seed(), &later);
    mn_same("weights", at_once->weights, later->weights, at_once->size);
    mirnet_model_destroy(at_once);
    mirnet_model_destroy(later);
}
END_TEST

/* What a step does depends on its batch, not on how much there is room for. */
START_TEST(a_larger_batch_before_changes_no_bit)
{
    enum { MANY = 60 };
    const char *net = "InputLayer: 20, 4; Conv1D: 'filters': 6, 'kernel_size': 5; Reshape: 'target_shape': [1, -1];"
                      "LSTM: 'units': 9; Dense: 'units': 20, 'activation': 'tanh'; Dense: 'units': 3, 'activation': 'softmax';";
    mirnet_model *models[2];
    uint64_t seed = mn_seed();
    float *x = mn_net_floats(MANY * 80), *targets = mn_net_floats(MANY * 3), *grads = mn_net_floats(MANY * 80);
    float *const input_grads[] = {grads};
    const float *inputs[] = {x};
    double loss, accuracy;
    mn_net_fill(&seed, x, MANY * 80, -1, 1);
    mn_net_fill_targets(&seed, targets, MANY, 3);
    for (int i = 0; i < 2; i++) {
        uint64_t weights_seed = mn_seed() + 7;
        mirnet_trainer *trainer;
        models[i] = mn_net_create(net);
        mn_net_fill_weights(&weights_seed, models[i]);
        mn_ok(mirnet_trainer_create(&trainer, models[i]));
        mn_ok(mirnet_trainer_step(trainer, inputs, targets, NULL, BATCH, &loss));
        if (i > 0) {
            mn_ok(mirnet_trainer_evaluate(trainer, inputs, targets, NULL, MANY, &loss, &accuracy));
            mn_ok(mirnet_trainer_run_gradient(trainer, inputs, targets, NULL, MANY, 1, &loss, input_grads));
        }
        mn_ok(mirnet_trainer_step(trainer, inputs, targets, NULL, BATCH, &loss));
        mirnet_trainer_destroy(trainer);
    }
    mn_same("weights", models[1]->weights, models[0]->weights, models[0]->size);
    mirnet_model_destroy(models[0]);
    mirnet_model_destroy(models[1]);
    free(x);
    free(targets);
    free(grads);
}
END_TEST

/* Several readers, an end in the middle, an input that is used twice. */
START_TEST(blank_sharing_stops_at_branches)
{
    uint64_t seed = mn_seed();
    compare(
        "i = InputLayer: 30, 4; a = Conv1D(i): 'filters': 6, 'kernel_size': 5, 'padding': 'same', 'activation': 'relu';"
        "b = Conv1D(i): 'filters': 6, 'kernel_size': 3, 'padding': 'same', 'activation': 'tanh';"
        "c = Conv1D(a): 'filters': 6, 'kernel_size': 3, 'padding': 'same'; d = Add(a, b, c);"
        "e = Conv1D(d): 'filters': 4, 'kernel_size': 4, 'strides': 2; GlobalMaxPooling1D(e);"
        "Dense: 'units': 3, 'activation': 'softmax';",
        MN_PASSES, &seed);
    compare("InputLayer: 30, 4; Conv1D: 'filters': 6, 'kernel_size': 5, 'padding': 'same', 'activation': 'relu';"
            "BatchNormalization; Conv1D: 'filters': 6, 'kernel_size': 3, 'strides': 2; Dropout: 'rate': 0.4; Flatten;"
            "Dense: 'units': 3, 'activation': 'softmax';",
            MN_PASSES, &seed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("passes");
    TCase *tc = tcase_create("blank");
    tcase_add_loop_test(tc, blank_sharing_changes_nothing, 0, NETS);
    tcase_add_test(tc, blank_sharing_in_the_papers_network);
    tcase_add_test(tc, blank_sharing_stops_at_branches);
    tcase_add_loop_test(tc, savings_change_nothing_on_letters, 0, NETS);
    tcase_add_loop_test(tc, savings_in_networks_on_letters, 0, 14);
    tcase_add_loop_test(tc, rows_that_are_no_letters_are_taken_as_they_are, 0, 2);
    tcase_add_test(tc, a_larger_batch_before_changes_no_bit);
    tcase_add_test(tc, a_table_is_made_where_it_has_room_for_all_words);
    tcase_add_test(tc, a_full_table_changes_nothing);
    tcase_add_loop_test(tc, updates_at_once_have_the_bits_of_later_ones, 0, 3);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
