/* minimal.c - the smallest whole job: read, train, save, load, predict */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <mirnet/mirnet.h>

/* Ends the program when a call fails. A library would hand the status on instead. */
static void check(mirnet_status status)
{
    if (status == MIRNET_OK)
        return;
    fprintf(stderr, "minimal: %s\n", mirnet_last_message());
    exit(1);
}

/* Trains a small recipe on the records of `data` and saves the model. */
static void train(const mirnet_dataset *data, const char *path)
{
    mirnet_recipe *recipe;
    mirnet_model *model;
    mirnet_trainer *trainer;
    double loss, accuracy;
    check(mirnet_recipe_load(&recipe, "linear-ends"));
    check(mirnet_recipe_set_number(recipe, "training.epochs", 20));
    check(mirnet_model_create(&model, recipe));
    check(mirnet_trainer_create(&trainer, model));
    check(mirnet_trainer_set_dataset(trainer, data, NULL, mirnet_dataset_count(data)));
    check(mirnet_trainer_run(trainer));
    check(mirnet_trainer_get_history(trainer, "loss", 20, &loss));
    check(mirnet_trainer_get_history(trainer, "accuracy", 20, &accuracy));
    check(mirnet_model_save(model, path));
    printf("trained: loss %.4f, accuracy %.4f\n", loss, accuracy);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(model);
    mirnet_recipe_destroy(recipe);
}

/* Predicts the first records with the model in the file. */
static void predict(const mirnet_dataset *data, const char *path)
{
    enum { N = 3 };
    mirnet_model *model;
    mirnet_predictor *predictor;
    float p[N][2];
    check(mirnet_model_load(&model, path));
    check(mirnet_predictor_create(&predictor, model, 1));
    check(mirnet_predictor_run_dataset(predictor, data, NULL, N, p[0]));
    for (int i = 0; i < N; i++)
        printf("%s: %s with probability %.3f\n", mirnet_dataset_get_name(data, i),
               mirnet_model_get_class(model, p[i][1] > p[i][0]), (double)(p[i][1] > p[i][0] ? p[i][1] : p[i][0]));
    mirnet_predictor_destroy(predictor);
    mirnet_model_destroy(model);
}

int main(int argc, char **argv)
{
    mirnet_dataset *data;
    check(mirnet_dataset_create(&data));
    if (argc > 1)
        check(mirnet_dataset_load(data, argv[1], NULL)); /* lines of name,sequence,class */
    else
        check(mirnet_dataset_simulate(data, 200, 1));
    printf("%lld records\n", (long long)mirnet_dataset_count(data));
    train(data, "minimal.safetensors");
    predict(data, "minimal.safetensors");
    mirnet_dataset_destroy(data);
    return 0;
}
