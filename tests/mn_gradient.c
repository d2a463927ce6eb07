/* mn_gradient.c - gradients against finite differences, through the public API */
/* SPDX-License-Identifier: MIT */
#include "mn_gradient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/train.h>

#include "mn_check.h"
#include "mn_net.h"

/*
 * The derivative of the loss L along one number x is taken from losses at distances h and 2h,
 *
 *     D(h) = (8 (L(x + h) - L(x - h)) - (L(x + 2h) - L(x - 2h))) / 12h,
 *
 * whose own error is of the order h^4. The losses come from float32 networks, so they are known to a few 1e-7 (NOISE),
 * and the quotient to NOISE / h. A gradient must agree within 2e-3 of the largest entry of its tensor, plus that.
 *
 * ReLU and its like, maxima and |w| have kinks. A point is taken for smooth if D(h) and D(h / 2) agree and the second
 * differences at h / 2 and h are in the ratio 1 : 4, as those of a kink at the point itself are not; h is 0.02, or
 * halved up to three times until that is so. Where it never is the entry is left out; no more than one in ten of a
 * network may be.
 */
static const double UNIT = 0.00125, TOLERANCE = 2e-3, NOISE = 4e-7;

enum { MAX_INPUTS = 4 };

/* What is differentiated. */
typedef struct bench {
    const char *net;
    mirnet_model *model;
    mirnet_trainer *trainer;
    const float *inputs[MAX_INPUTS];
    const float *targets, *weights; /* of the samples; weights may be NULL */
    int64_t n;
    int flags;
    int64_t entries, kinks;
} bench;

/* Its data where they are drawn at random. */
typedef struct data {
    float *inputs[MAX_INPUTS], *gradients[MAX_INPUTS], *targets, *weights;
} data;

static void zero_steps(const mirnet_model *model, int32_t input, float *values, int64_t n, uint64_t *seed)
{
    int64_t dims[8];
    int32_t rank;
    mn_ok(mirnet_model_get_shape(model, input, dims, &rank));
    int64_t width = mirnet_model_get_size(model, input) / dims[0];
    for (int64_t t = 0; t < n * dims[0]; t++)
        if (mn_net_uniform(seed, 0, 1) < 0.4f)
            memset(values + t * width, 0, (size_t)width * sizeof(float));
}

/* Each channel of a sample gets a grid of numbers in random order. */
static void space_channels(const mirnet_model *model, int32_t input, float *values, int64_t n, uint64_t *seed)
{
    int64_t dims[8];
    int32_t rank;
    mn_ok(mirnet_model_get_shape(model, input, dims, &rank));
    int64_t channels = dims[rank - 1], places = mirnet_model_get_size(model, input) / channels;
    for (int64_t s = 0; s < n; s++)
        for (int64_t c = 0; c < channels; c++) {
            float *at = values + s * places * channels + c;
            for (int64_t i = 0; i < places; i++) {
                int64_t k = (int64_t)mn_net_uniform(seed, 0, (double)i + 0.999);
                at[i * channels] = at[k * channels];
                at[k * channels] = 0.11f * ((float)i - (float)(places - 1) / 2) + mn_net_uniform(seed, 0, 0.01);
            }
        }
}

static float *draw_input(const mirnet_model *model, int32_t input, int64_t n, int flags, uint64_t *seed)
{
    int64_t size = n * mirnet_model_get_size(model, input);
    float *values = mn_net_floats(size);
    mn_net_fill(seed, values, size, -1.5, 1.5);
    for (int64_t e = 0; (flags & MN_INDICES) && e < size; e++)
        values[e] = (float)(int)mn_net_uniform(seed, 0, 5.999);
    if ((flags & MN_ZEROS) && strcmp(mirnet_model_get_input_name(model, input), "free") != 0)
        zero_steps(model, input, values, n, seed);
    if (flags & MN_SPACED)
        space_channels(model, input, values, n, seed);
    return values;
}

static void set_up(bench *b, data *d, const char *net, int64_t n, int flags, uint64_t seed)
{
    *b = (bench){.net = net, .model = mn_net_create(net), .n = n, .flags = flags};
    mn_net_fill_weights(&seed, b->model);
    *d = (data){.weights = mn_net_floats(n)};
    ck_assert_int_le(mirnet_model_input_count(b->model), MAX_INPUTS);
    for (int32_t i = 0; i < mirnet_model_input_count(b->model); i++) {
        b->inputs[i] = d->inputs[i] = draw_input(b->model, i, n, flags, &seed);
        d->gradients[i] = mn_net_floats(n * mirnet_model_get_size(b->model, i));
    }
    int64_t outputs = mirnet_model_get_size(b->model, -1);
    b->targets = d->targets = mn_net_floats(n * outputs);
    b->weights = d->weights;
    mn_net_fill_targets(&seed, d->targets, n, outputs);
    mn_net_fill(&seed, d->weights, n, 0.5, 1.5);
    mn_ok(mirnet_trainer_create(&b->trainer, b->model));
}

static void tear_down(bench *b, data *d)
{
    for (int i = 0; i < MAX_INPUTS; i++) {
        free(d->inputs[i]);
        free(d->gradients[i]);
    }
    free(d->targets);
    free(d->weights);
    mirnet_trainer_destroy(b->trainer);
    mirnet_model_destroy(b->model);
}

static double get_loss(const bench *b, float *const *opt_input_grads)
{
    double loss;
    mn_ok(mirnet_trainer_run_gradient(b->trainer, b->inputs, b->targets, b->weights, b->n,
                                      (b->flags & MN_TRAINING) != 0, &loss, opt_input_grads));
    return loss;
}

/* The loss with values[at] moved: `weight` is the name of the weight that `values` are, NULL for an input. */
static double loss_at(const bench *b, const char *weight, float *values, int64_t n, int64_t at, double x)
{
    values[at] = (float)x;
    if (weight)
        mn_ok(mirnet_model_set_weight(b->model, weight, values, n));
    return get_loss(b, NULL);
}

enum { POINTS = 13, LEVELS = 5 };

/* The losses with values[at] moved by these many units. */
static const int offsets[POINTS] = {-32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32};

static void get_losses(const bench *b, const char *weight, float *values, int64_t n, int64_t at, double *losses)
{
    const float kept = values[at];
    for (int i = 0; i < POINTS; i++)
        losses[i] = loss_at(b, weight, values, n, at, (double)kept + offsets[i] * UNIT);
    values[at] = kept;
    if (weight)
        mn_ok(mirnet_model_set_weight(b->model, weight, values, n));
}

/* D(h) for h of 1, 2, 4... units: level 0, 1, 2... */
static double derive(const double *losses, int level)
{
    const double *l = losses + POINTS / 2;
    int near = level + 1, far = level + 2;
    return (8 * (l[near] - l[-near]) - (l[far] - l[-far])) / (12 * UNIT * (1 << level));
}

/* Whether the loss is smooth for D at this level and the one below. */
static bool is_smooth(const double *losses, int level, double largest)
{
    const double *l = losses + POINTS / 2;
    const double h = UNIT * (1 << level);
    double bend = l[level] + l[-level] - 2 * l[0], wide = l[level + 1] + l[-level - 1] - 2 * l[0];
    return fabs(derive(losses, level) - derive(losses, level - 1)) < TOLERANCE / 2 * largest + NOISE / h &&
           fabs(wide - 4 * bend) < 5 * NOISE + TOLERANCE * h * largest;
}

/* Whether a gradient agrees with the losses around the point; *out is the derivative. At a kink there is none to agree
 * with. */
static bool agrees(bench *b, const double *losses, double gradient, double largest, double *out)
{
    for (int level = LEVELS - 1; level > 0; level--) {
        *out = derive(losses, level);
        if (is_smooth(losses, level, largest))
            return fabs(gradient - *out) <= TOLERANCE * largest + NOISE / (UNIT * (1 << level));
    }
    b->kinks++;
    return true;
}

static void check_tensor(bench *b, const char *weight, float *values, const float *gradient, int64_t n)
{
    double largest = 0, derivative, losses[POINTS];
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)gradient[i]));
    for (int64_t i = 0; i < n; i++) {
        const double got = (double)gradient[i];
        if (!weight && ((b->flags & MN_INDICES) || ((b->flags & MN_ZEROS) && values[i] == 0))) {
            ck_assert_msg(got == 0, "%s: the gradient of masked input [%lld] is %g", b->net, (long long)i, got);
            continue;
        }
        b->entries++;
        get_losses(b, weight, values, n, i, losses);
        ck_assert_msg(agrees(b, losses, got, largest, &derivative),
                      "%s: batch of %lld: gradient of %s[%lld] is %.7g, by differences %.7g; largest of %lld: %.7g",
                      b->net, (long long)b->n, weight ? weight : "the input", (long long)i, got, derivative,
                      (long long)n, largest);
    }
}

static void check_weight(bench *b, const char *name)
{
    int64_t dims[8], n = 1;
    int32_t rank;
    if (strstr(name, "/moving_"))
        return;
    mn_ok(mirnet_model_get_weight_shape(b->model, name, dims, &rank));
    for (int32_t d = 0; d < rank; d++)
        n *= dims[d];
    float *values = mn_net_floats(n), *gradient = mn_net_floats(n);
    mn_ok(mirnet_model_get_weight(b->model, name, values, n));
    get_loss(b, NULL);
    mn_ok(mirnet_trainer_get_gradient(b->trainer, name, gradient, n));
    check_tensor(b, name, values, gradient, n);
    free(values);
    free(gradient);
}

static void check_weights(bench *b)
{
    for (int32_t i = 0; i < mirnet_model_weight_count(b->model); i++)
        check_weight(b, mirnet_model_get_weight_name(b->model, i));
}

static void check_kinks(const bench *b)
{
    ck_assert_msg(b->kinks * 10 <= b->entries, "%s: %lld of %lld entries are at kinks", b->net, (long long)b->kinks,
                  (long long)b->entries);
}

void mn_gradient_check(const char *net, int64_t n, int flags, uint64_t seed)
{
    bench b;
    data d;
    set_up(&b, &d, net, n, flags, seed);
    check_weights(&b);
    get_loss(&b, d.gradients);
    for (int32_t i = 0; i < mirnet_model_input_count(b.model); i++)
        check_tensor(&b, NULL, d.inputs[i], d.gradients[i], n * mirnet_model_get_size(b.model, i));
    check_kinks(&b);
    tear_down(&b, &d);
}

void mn_gradient_check_weights(const char *what, mirnet_model *model, const float *input, const float *targets,
                               int64_t n)
{
    bench b = {.net = what, .model = model, .inputs = {input}, .targets = targets, .n = n};
    mn_ok(mirnet_trainer_create(&b.trainer, model));
    check_weights(&b);
    check_kinks(&b);
    mirnet_trainer_destroy(b.trainer);
}
