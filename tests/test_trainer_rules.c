/* test_trainer_rules.c - early stopping and falling rates as Keras's callbacks */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "mn_run.h"

enum { EPOCHS = MN_RUN_EPOCHS, MOST_WEIGHTS = MN_RUN_WEIGHTS };

/* -- Early stopping ------------------------------------------------------------------------------------------------ */

typedef struct rule {
    const char *monitor;
    int64_t patience, start;
    double min_delta;
} rule;

/* Keras's EarlyStopping.on_epoch_end, statement by statement, over a series of figures. Returns the epochs that are
 * trained; *best gets the best epoch, 1-based, 0: none. */
static int64_t keras_stops(const double *series, rule o, int64_t *best_epoch)
{
    const bool larger = strstr(o.monitor, "accuracy") != NULL;
    double best = larger ? -INFINITY : INFINITY;
    int64_t wait = 0;
    *best_epoch = 0;
    for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
        if (epoch < o.start)
            continue;
        wait++;
        if (larger ? series[epoch] - o.min_delta > best : series[epoch] + o.min_delta < best) {
            best = series[epoch];
            *best_epoch = epoch + 1;
            wait = 0;
            continue;
        }
        if (wait >= o.patience && epoch > 0)
            return epoch + 1;
    }
    return EPOCHS;
}

typedef struct kept {
    float weights[EPOCHS][MOST_WEIGHTS];
} kept;

static int32_t keep_weights(mirnet_trainer *trainer, int64_t epoch, int64_t batch, void *payload)
{
    void **both = payload;
    (void)trainer;
    if (batch == 0)
        mn_run_weights(both[1], ((kept *)both[0])->weights[epoch - 1]);
    return 0;
}

static void check_stop(const double *series, const kept *weights, rule o, bool restore)
{
    mn_run *r = mn_run_create(mn_run_net);
    int64_t best, epochs = keras_stops(series, o, &best);
    float got[MOST_WEIGHTS];
    mn_run_set(r, "training.early_stopping", 1);
    mn_run_set(r, "training.early_stopping_patience", (double)o.patience);
    mn_run_set(r, "training.early_stopping_start_from_epoch", (double)o.start);
    mn_run_set(r, "training.early_stopping_min_delta", o.min_delta);
    mn_run_set(r, "training.early_stopping_restore_best", restore);
    mn_run_set_text(r, "training.early_stopping_monitor", o.monitor);
    mn_ok(mirnet_trainer_run(r->trainer));
    ck_assert_msg(mn_run_count(r, "epochs") == epochs && mn_run_count(r, "best_epoch") == best,
                  "%s, patience %d, start %d, min_delta %g: %d epochs, best %d; not %d, %d", o.monitor, (int)o.patience,
                  (int)o.start, o.min_delta, (int)mn_run_count(r, "epochs"), (int)mn_run_count(r, "best_epoch"),
                  (int)epochs, (int)best);
    ck_assert(mn_run_count(r, "stopped") == (epochs < EPOCHS) || epochs == EPOCHS);
    const int64_t n = mn_run_weights(r->model, got);
    mn_same("weights", got, weights->weights[(restore && best ? best : epochs) - 1], (size_t)n);
    mn_ok(mirnet_trainer_run(r->trainer)); /* nothing is left to do */
    ck_assert_int_eq(mn_run_count(r, "epochs"), epochs);
    mn_run_destroy(r);
}

START_TEST(early_stopping_follows_the_rule_of_keras)
{
    mn_run *r = mn_run_create(mn_run_net);
    kept *weights = calloc(1, sizeof(*weights));
    void *payload[] = {weights, r->model};
    double series[4][EPOCHS];
    int64_t best, stops = 0;
    mn_ok(mirnet_trainer_set_callback(r->trainer, keep_weights, payload));
    mn_ok(mirnet_trainer_run(r->trainer));
    for (int m = 0; m < 4; m++)
        for (int64_t epoch = 0; epoch < EPOCHS; epoch++)
            series[m][epoch] = mn_run_figure(r, mn_run_monitors[m], epoch + 1);
    for (int m = 0; m < 4; m++)
        for (int64_t patience = 0; patience < 5; patience += 1 + (patience > 1))
            for (int64_t start = 0; start < 6; start += 5)
                for (int delta = 0; delta < 2; delta++) {
                    const rule o = {mn_run_monitors[m], patience, start, delta * 0.02};
                    stops += keras_stops(series[m], o, &best) < EPOCHS;
                    check_stop(series[m], weights, o, (patience + delta) % 2);
                }
    ck_assert_int_ge(stops, 20); /* else this shows nothing */
    free(weights);
    mn_run_destroy(r);
}
END_TEST

START_TEST(a_single_epoch_says_when_early_stopping_asks_to_stop)
{
    mn_run *r = mn_run_create(mn_run_net);
    int32_t stop = -1;
    mn_run_set(r, "training.early_stopping", 1);
    mn_run_set(r, "training.early_stopping_min_delta", 100);
    mn_run_set(r, "training.early_stopping_patience", 2);
    for (int epoch = 1; epoch <= 3; epoch++) {
        mn_ok(mirnet_trainer_run_epoch(r->trainer, &stop));
        ck_assert_int_eq(stop, epoch == 3);
        ck_assert_int_eq(mn_run_count(r, "stopped"), epoch == 3);
        ck_assert_int_eq(mn_run_count(r, "best_epoch"), 1);
    }
    mn_run_destroy(r);
}
END_TEST

START_TEST(watching_what_is_not_there_is_refused)
{
    mn_run *r = mn_run_create(mn_run_net);
    mn_run_set(r, "training.validation_split", 0);
    mn_run_set(r, "training.early_stopping", 1);
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run(r->trainer));
    mn_fails(MIRNET_ERR_INVALID, mirnet_trainer_run_epoch(r->trainer, NULL));
    ck_assert_int_eq(mn_run_count(r, "steps"), 0);
    mn_run_destroy(r);
}
END_TEST

/* -- Learning rates ------------------------------------------------------------------------------------------------ */

/* Keras's ReduceLROnPlateau.on_epoch_end, statement by statement, over the run's own series: it must tell its rates. */
static int check_rates(const mn_run *r, const char *monitor, int64_t patience, int64_t cooldown, double min_delta,
                       double min_rate)
{
    const bool larger = strstr(monitor, "accuracy") != NULL;
    double best = larger ? -INFINITY : INFINITY, rate = 0.05;
    int64_t wait = 0, cooling = 0;
    int reductions = 0;
    for (int64_t epoch = 1; epoch <= EPOCHS; epoch++) {
        const double current = mn_run_figure(r, monitor, epoch), got = mn_run_figure(r, "learning_rate", epoch);
        ck_assert_msg(fabs(got - rate) <= 1e-12, "%s, patience %d, cooldown %d: rate %g in epoch %d, not %g", monitor,
                      (int)patience, (int)cooldown, got, (int)epoch, rate);
        if (cooling > 0) {
            cooling--;
            wait = 0;
        }
        if (larger ? current > best + min_delta : current < best - min_delta) {
            best = current;
            wait = 0;
        } else if (cooling <= 0) {
            wait++;
            if (wait >= patience && rate > min_rate) {
                rate = fmax(rate * 0.5, min_rate);
                cooling = cooldown;
                wait = 0;
                reductions++;
            }
        }
    }
    return reductions;
}

START_TEST(learning_rates_fall_by_the_rule_of_keras)
{
    int reductions = 0;
    for (int m = 0; m < 4; m++)
        for (int64_t patience = 1; patience < 5; patience += 2)
            for (int64_t cooldown = 0; cooldown < 5; cooldown += 2)
                for (int k = 0; k < 2; k++) {
                    const double min_delta = k ? 0.02 : 0, min_rate = k ? 0 : 0.01;
                    mn_run *r = mn_run_create(mn_run_net);
                    mn_run_set(r, "training.reduce_lr", 1);
                    mn_run_set_text(r, "training.reduce_lr_monitor", mn_run_monitors[m]);
                    mn_run_set(r, "training.reduce_lr_factor", 0.5);
                    mn_run_set(r, "training.reduce_lr_patience", (double)patience);
                    mn_run_set(r, "training.reduce_lr_cooldown", (double)cooldown);
                    mn_run_set(r, "training.reduce_lr_min_delta", min_delta);
                    mn_run_set(r, "training.reduce_lr_min_lr", min_rate);
                    mn_ok(mirnet_trainer_run(r->trainer));
                    reductions += check_rates(r, mn_run_monitors[m], patience, cooldown, min_delta, min_rate);
                    mn_run_destroy(r);
                }
    ck_assert_int_ge(reductions, 100); /* else this shows nothing */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer_rules");
    TCase *tc = tcase_create("trainer_rules");
    tcase_add_test(tc, early_stopping_follows_the_rule_of_keras);
    tcase_add_test(tc, a_single_epoch_says_when_early_stopping_asks_to_stop);
    tcase_add_test(tc, watching_what_is_not_there_is_refused);
    tcase_add_test(tc, learning_rates_fall_by_the_rule_of_keras);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
