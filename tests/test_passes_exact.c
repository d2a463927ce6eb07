/* test_passes_exact.c - where no sum is rounded, savings change not even the last bit */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>

#include "mn_example.h"
#include "mn_net.h"

/*
 * A saving leaves out zeros, shares what is equal and adds in another order. In exact arithmetic that changes nothing;
 * in float it changes roundings, so that test_passes.c must allow for some, and cannot tell a small error from them,
 * nor a gradient that jumps at a kink. Here every sum is one of whole numbers or halves, and exact, and nothing is
 * allowed.
 */
enum { BATCH = MN_EXAMPLE_BATCH, NETS = 60 };

/* Multiples of 1/2, and so small that no sum on the way to them can have come to 2^23, where 1/2 is rounded away. */
static bool all_whole(const float *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (rintf(2 * values[i]) != 2 * values[i] || fabsf(values[i]) > 0x1p18f)
            return false;
    return true;
}

static bool whole_forward(const mn_plan *plan)
{
    bool whole = true;
    for (int32_t i = 0; i < plan->model->n_nodes; i++)
        whole = whole && all_whole(plan->ops[i].y, BATCH * mn_out_size(&plan->ops[i]));
    return whole;
}

static bool whole_backward(const mn_plan *plan, const float *grads)
{
    bool whole = all_whole(grads, (int64_t)plan->model->size);
    for (int32_t i = 0; i < plan->model->n_nodes; i++)
        whole = whole && (!plan->ops[i].dy || all_whole(plan->ops[i].dy, BATCH * mn_out_size(&plan->ops[i])));
    return whole;
}

/* One saving or several against the plain plan for the same use. */
static void compare(const char *net, const mn_example *e, const mn_plan *plain, int passes, bool back)
{
    mn_plan *plan = mn_example_run(e, plain->use, passes, e->grads);
    mn_close(net, mn_plan_output(plan), mn_plan_output(plain), e->outputs, 0);
    for (int32_t i = 0; i < e->model->n_params && back; i++) {
        const mn_param *p = e->model->params[i];
        mn_close(p->name, e->grads + p->offset, e->plain_grads + p->offset, p->size, 0);
    }
    mn_plan_destroy(plan);
}

/* Every saving alone, with shared blanks, and left out, as far as the plain plan's numbers are whole; whether all
 * are. */
static bool compare_use(const char *net, const mn_example *e, mn_plan_use use)
{
    mn_plan *plain = mn_example_run(e, use, 0, e->plain_grads);
    const bool forward = whole_forward(plain);
    const bool back = forward && use != MN_PLAN_FORWARD && whole_backward(plain, e->plain_grads);
    for (int bit = 1; bit <= MN_PASSES && forward; bit <<= 1) {
        compare(net, e, plain, bit, back);
        compare(net, e, plain, MN_PASS_BLANK | bit, back);
        compare(net, e, plain, MN_PASSES & ~bit, back);
    }
    if (forward)
        compare(net, e, plain, MN_PASSES, back);
    mn_plan_destroy(plain);
    return use == MN_PLAN_FORWARD ? forward : back;
}

static bool compare_all(const char *net, int64_t row, uint64_t *seed)
{
    mn_example e = mn_example_create(net, row, MN_WHOLE, seed);
    const bool forward = compare_use(net, &e, MN_PLAN_FORWARD), back = compare_use(net, &e, MN_PLAN_WEIGHTS);
    mn_example_destroy(&e);
    return forward && back;
}

START_TEST(no_bit_changes_in_random_networks)
{
    char net[MN_EXAMPLE_TEXT];
    uint64_t seed = mn_seed() * 1000 + (uint64_t)_i;
    mn_example_draw_net(&seed, net, MN_WHOLE);
    compare_all(net, 0, &seed);
}
END_TEST

START_TEST(no_bit_changes_on_letters)
{
    char net[MN_EXAMPLE_TEXT];
    uint64_t seed = mn_seed() * 1000 + (uint64_t)_i;
    mn_example_draw_letters_net(&seed, net, MN_WHOLE);
    compare_all(net, 4, &seed);
}
END_TEST

/* Gates that keep whole numbers whole, and small enough for a few steps. */
#define WHOLE_GATES "'activation': 'relu6', 'recurrent_activation': 'relu6'"
#define SAME_RELU "'padding': 'same', 'activation': 'relu'"
#define PAPER_CONV \
    "TimeDistributed: 'layer': {'class_name': 'Conv2D', 'config': {'filters': 16, 'kernel_size': [6, 4], 'strides': 2, " \
    SAME_RELU "}}; "
#define SHORT_CONV "Conv1D: 'filters': 6, 'kernel_size': 4, 'strides': 3, 'padding': 'same'; "

static const char *const networks[] = {
    "InputLayer: 1, 164, 4, 1; " PAPER_CONV PAPER_CONV PAPER_CONV "Flatten; Dense: 'units': 2;",
    "InputLayer: 20, 4; Flatten; Dense: 'units': 30, 'activation': 'relu'; Dense: 'units': 3, 'activation': 'relu6';",
    "InputLayer: 30, 4; Conv1D: 'filters': 70, 'kernel_size': 3, " SAME_RELU "; Conv1D: 'filters': 130, 'kernel_size': 3, "
    SAME_RELU "; Flatten; Dense: 'units': 67, 'activation': 'relu'; Dense: 'units': 3;",
    "InputLayer: 40, 4; Conv1D: 'filters': 8, 'kernel_size': 5, 'padding': 'causal', 'dilation_rate': 2;"
    "Conv1D: 'filters': 6, 'kernel_size': 4, 'activation': 'relu'; Flatten; Dense: 'units': 20, 'activation': 'relu';"
    "Dense: 'units': 3;",
    "InputLayer: 32, 4, 3; Conv2D: 'filters': 5, 'kernel_size': 3, 'dilation_rate': 2, " SAME_RELU ";"
    "Conv2D: 'filters': 5, 'kernel_size': 3, 'dilation_rate': [2, 1], 'padding': 'same', 'use_bias': false; Flatten;"
    "Dense: 'units': 3, 'activation': 'relu';",
    "InputLayer: 32, 4; Conv1D: 'filters': 6, 'kernel_size': 3, 'padding': 'same'; MaxPooling1D: 'pool_size': 3, "
    "'strides': 2, 'padding': 'same'; Conv1D: 'filters': 6, 'kernel_size': 5, " SAME_RELU "; Flatten; Dense: 'units': 3;",
    "InputLayer: 20, 4; Conv1D: 'filters': 8, 'kernel_size': 3, 'padding': 'same'; Reshape: 'target_shape': [10, 16];"
    "Conv1D: 'filters': 5, 'kernel_size': 4; Flatten; Dense: 'units': 3;",
    "InputLayer: 32, 4; Conv1D: 'filters': 6, 'kernel_size': 3, " SAME_RELU "; Dropout: 'rate': 0.5;"
    "Conv1D: 'filters': 6, 'kernel_size': 3, " SAME_RELU "; Permute: 'dims': [2, 1]; Flatten; Dense: 'units': 3;",
    /* Several readers, an end in the middle, a layer that is called twice. */
    "i = InputLayer: 30, 4; a = Conv1D(i): 'filters': 6, 'kernel_size': 5, " SAME_RELU "; b = Conv1D(i): 'filters': 6, "
    "'kernel_size': 3, 'padding': 'same'; c = Conv1D(a): 'filters': 6, 'kernel_size': 3, 'padding': 'same'; d = Add(a, b, c);"
    "Conv1D(d): 'filters': 4, 'kernel_size': 4, 'strides': 2; Flatten; Dense: 'units': 3;",
    "i = InputLayer: 32, 4; a = Conv1D(i): 'filters': 6, 'kernel_size': 3, " SAME_RELU "; b = Flatten(a); c = Dense(b): "
    "'units': 3, 'activation': 'relu'; d = Flatten(i); e = Dense(d): 'units': 3, 'activation': 'relu'; Add(c, e);",
    "i = InputLayer: 32, 4; a = Conv1D(i): 'filters': 4, 'kernel_size': 3, " SAME_RELU "; b = @a(a); Flatten(b);"
    "Dense: 'units': 3;",
    /* One step, and many. */
    "InputLayer: 40, 4, 1; Conv2D: 'filters': 6, 'kernel_size': [6, 4], 'strides': 2, " SAME_RELU ";"
    "Reshape: 'target_shape': [1, -1]; LSTM: 'units': 5, 'activation': 'linear', 'recurrent_activation': 'relu6';"
    "Dense: 'units': 3;",
    "InputLayer: 40, 4; " SHORT_CONV "Reshape: 'target_shape': [1, -1]; GRU: 'units': 5, " WHOLE_GATES "; Dense: 'units': 3;",
    "InputLayer: 20, 4; " SHORT_CONV "LSTM: 'units': 2, 'go_backwards': true, 'return_sequences': true, " WHOLE_GATES ";"
    "GRU: 'units': 2, " WHOLE_GATES "; Dense: 'units': 3;",
    "InputLayer: 20, 4; " SHORT_CONV "Bidirectional: 'layer': {'class_name': 'GRU', 'config': {'units': 2, " WHOLE_GATES
    "}}; Dense: 'units': 3;",
    "InputLayer: 20, 4; Masking; LSTM: 'units': 2, 'return_sequences': true, " WHOLE_GATES "; GRU: 'units': 2, "
    "'reset_after': false, " WHOLE_GATES "; Dense: 'units': 3;",
};

enum { NETWORKS = sizeof(networks) / sizeof(networks[0]) };

/* With numbers drawn again until all are whole: some grow too large. */
START_TEST(no_bit_changes_in_networks)
{
    uint64_t seed = mn_seed() * 1000 + (uint64_t)_i;
    for (int64_t row = 0; row <= 4; row += 4) {
        int tries = 1;
        while (!compare_all(networks[_i], row, &seed))
            ck_assert_msg(tries++ < 40, "%s: something was rounded every time", networks[_i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("passes exact");
    TCase *tc = tcase_create("exact");
    tcase_add_loop_test(tc, no_bit_changes_in_random_networks, 0, NETS);
    tcase_add_loop_test(tc, no_bit_changes_on_letters, 0, NETS);
    tcase_add_loop_test(tc, no_bit_changes_in_networks, 0, NETWORKS);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
