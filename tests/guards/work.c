/* work.c - a fixed amount of training or of prediction in one thread, whose instructions are counted from outside */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

/*
 * usage: work train BATCH STEPS | work predict BATCH BATCHES
 *
 * The network of the paper on synthetic hairpins. Two runs of different lengths do the same up to the end of the
 * shorter one. Prints what the library was built with.
 */
enum { PER_CLASS = 200, RECORDS = 2 * PER_CLASS, OUTPUTS = 2 };

static void check(mirnet_status status)
{
    if (status != MIRNET_OK) {
        fprintf(stderr, "work: %s\n", mirnet_last_message());
        exit(1);
    }
}

static void train(mirnet_model *model, const mirnet_dataset *data, int64_t batch, int64_t steps)
{
    mirnet_trainer *trainer;
    check(mirnet_trainer_create(&trainer, model));
    check(mirnet_trainer_set_number(trainer, "training.batch_size", (double)batch));
    check(mirnet_trainer_set_number(trainer, "training.validation_split", 0));
    check(mirnet_trainer_set_number(trainer, "training.shuffle", 0));
    check(mirnet_trainer_set_dataset(trainer, data, NULL, batch * steps));
    check(mirnet_trainer_run_epoch(trainer, NULL));
    mirnet_trainer_destroy(trainer);
}

static void predict(const mirnet_model *model, const mirnet_dataset *data, int64_t batch, int64_t batches)
{
    mirnet_predictor *predictor;
    int64_t records[RECORDS];
    float out[RECORDS * OUTPUTS];
    check(mirnet_predictor_create(&predictor, model, 1));
    for (int64_t b = 0; b < batches; b++) {
        for (int64_t i = 0; i < batch; i++)
            records[i] = b * batch + i;
        check(mirnet_predictor_run_dataset(predictor, data, records, batch, out));
    }
    mirnet_predictor_destroy(predictor);
}

int main(int argc, char **argv)
{
    mirnet_recipe *recipe;
    mirnet_model *model;
    mirnet_dataset *data;
    long batch = argc == 4 ? atol(argv[2]) : 0, count = argc == 4 ? atol(argv[3]) : 0;
    if (batch < 1 || count < 1 || batch > RECORDS / count) {
        fprintf(stderr, "usage: work train BATCH STEPS | work predict BATCH BATCHES (at most %d samples)\n", RECORDS);
        return 2;
    }
    check(mirnet_recipe_load(&recipe, "tasdelen2021"));
    check(mirnet_model_create(&model, recipe));
    check(mirnet_dataset_create(&data));
    check(mirnet_dataset_simulate(data, PER_CLASS, 1));
    (strcmp(argv[1], "train") == 0 ? train(model, data, batch, count) : predict(model, data, batch, count));
    printf("%s\n", mirnet_build_info());
    mirnet_dataset_destroy(data);
    mirnet_model_destroy(model);
    mirnet_recipe_destroy(recipe);
    return 0;
}
