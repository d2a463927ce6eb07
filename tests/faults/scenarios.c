/* scenarios.c - the jobs of a user, each from nothing to nothing */
/* SPDX-License-Identifier: MIT */
#include "faults/scenarios.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include <mirnet/dataset.h>
#include <mirnet/encode.h>
#include <mirnet/file.h>
#include <mirnet/folds.h>
#include <mirnet/predict.h>
#include <mirnet/scores.h>
#include <mirnet/train.h>

#include "mn_check.h"

/* Copies of paths, since scratch paths take turns. */
static char csv_path[1024], gz_path[1024], recipe_path[1024], tensors_path[1024], model_path[1024], out_path[1024],
    target_path[1024];

static const char CSV[] = "name,sequence,class,group\n"
                          "one,AUGCAUGC,TRUE,x\ntwo,GGGGCCCC,FALSE,y\nthree,AUGCAUGG,TRUE,x\nfour,GGGGCCAA,FALSE,z\n"
                          "five,AUGGAUGC,TRUE,u\nsix,GGCGCCCC,FALSE,v\nsix,GGCGCCCC,FALSE,v\n";

static const char FASTA[] = ">one first\nAUGC\nAUGC\n>two\nggggcccc\n\n>three\nAUGCNUGC\n";

static const char RECIPE[] =
    "{\"name\":\"tiny\",\"classes\":[\"TRUE\",\"FALSE\"],\"encoder\":{\"length\":8},"
    "\"training\":{\"epochs\":2,\"batch_size\":3,\"optimizer\":\"adam\",\"seed\":3},"
    "\"model\":{\"class_name\":\"Sequential\",\"config\":{\"layers\":["
    "{\"class_name\":\"Conv1D\",\"config\":{\"filters\":3,\"kernel_size\":[2],\"batch_input_shape\":[null,8,4]}},"
    "{\"class_name\":\"LSTM\",\"config\":{\"units\":2}},"
    "{\"class_name\":\"Dropout\",\"config\":{\"rate\":0.5}},"
    "{\"class_name\":\"Dense\",\"config\":{\"units\":2,\"activation\":\"softmax\"}}]}}}";

/* What a scenario returns if a call succeeded with a wrong result. Check's assertions allocate: there are none. */
enum { WRONG = 1 };

#define TRY(call)                \
    do {                         \
        status = (call);         \
        if (status != MIRNET_OK) \
            goto out;            \
    } while (0)
#define TRY_POINTER(call) TRY((call) ? MIRNET_OK : MIRNET_ERR_NOMEM)
#define TRY_TRUE(condition) TRY((condition) ? MIRNET_OK : WRONG)

static mirnet_status read_table(void)
{
    mirnet_dataset *dataset = NULL;
    mirnet_status status;
    int64_t n, groups[7];
    char digest[65];
    TRY(mirnet_dataset_create(&dataset));
    TRY(mirnet_dataset_set_group_column(dataset, "group"));
    TRY(mirnet_dataset_map_class(dataset, "TRUE", "mirtron"));
    TRY(mirnet_dataset_load(dataset, csv_path, NULL));
    TRY(mirnet_dataset_add(dataset, "seven", "ACGU", "....", "FALSE", "w"));
    TRY_TRUE(mirnet_dataset_count(dataset) == 8);
    TRY(mirnet_dataset_get_report(dataset, "duplicate_records", &n));
    TRY_TRUE(n == 1);
    TRY(mirnet_dataset_get_report(dataset, "median_length", &n));
    TRY(mirnet_dataset_get_digest(dataset, digest));
    mirnet_dataset_destroy(dataset);
    dataset = NULL;
    TRY(mirnet_dataset_create(&dataset));
    TRY(mirnet_dataset_load_mem(dataset, CSV, sizeof(CSV) - 1, "memory", NULL));
    TRY(mirnet_dataset_get_groups(dataset, "identical", groups));
    TRY(mirnet_dataset_get_groups(dataset, "group", groups));
    TRY_TRUE(groups[6] == 4);
out:
    mirnet_dataset_destroy(dataset);
    return status;
}

static mirnet_status read_gzip(void)
{
    mirnet_reader *reader = NULL;
    mirnet_status status;
    int32_t more = 1, n = 0;
    TRY(mirnet_reader_create(&reader, gz_path));
    TRY(mirnet_reader_set(reader, "format", 1));
    for (; more; n += more)
        TRY(mirnet_reader_run(reader, &more));
    TRY_TRUE(n == 3);
out:
    mirnet_reader_destroy(reader);
    return status;
}

static mirnet_status simulate(void)
{
    mirnet_dataset *dataset = NULL;
    mirnet_status status;
    TRY(mirnet_dataset_create(&dataset));
    TRY(mirnet_dataset_simulate(dataset, 5, 1));
    TRY_TRUE(mirnet_dataset_count(dataset) == 10);
out:
    mirnet_dataset_destroy(dataset);
    return status;
}

static mirnet_status read_recipe(void)
{
    static const char *const classes[] = {"a", "b"};
    mirnet_recipe *recipe = NULL, *builtin = NULL;
    mirnet_encoder *encoder = NULL;
    mirnet_status status;
    float encoded[32];
    TRY(mirnet_recipe_load(&recipe, recipe_path));
    TRY(mirnet_recipe_set_number(recipe, "training.epochs", 7));
    TRY(mirnet_recipe_set_text(recipe, "encoder.align", "right"));
    TRY(mirnet_recipe_set_classes(recipe, classes, 2));
    TRY(mirnet_recipe_set_class_weight(recipe, 1, 2.0));
    TRY_POINTER(mirnet_recipe_get_json(recipe));
    TRY(mirnet_encoder_create(&encoder, recipe));
    TRY(mirnet_encoder_run(encoder, "AUGCNN", 6, NULL, encoded));
    TRY(mirnet_recipe_load(&builtin, "tasdelen2021"));
out:
    mirnet_encoder_destroy(encoder);
    mirnet_recipe_destroy(builtin);
    mirnet_recipe_destroy(recipe);
    return status;
}

static mirnet_status make_model(mirnet_model **out)
{
    mirnet_recipe *recipe = NULL;
    mirnet_status status = mirnet_recipe_create(&recipe, RECIPE, sizeof(RECIPE) - 1, "tiny");
    if (status == MIRNET_OK)
        status = mirnet_model_create(out, recipe);
    mirnet_recipe_destroy(recipe);
    return status;
}

static mirnet_status build(void)
{
    static const char *const classes[] = {"a", "b"};
    mirnet_model *model = NULL, *copy = NULL;
    mirnet_status status;
    TRY(make_model(&model));
    TRY(mirnet_model_set_classes(model, classes, 2));
    TRY(mirnet_model_set_note(model, "key", "text"));
    TRY(mirnet_model_set_note(model, "key", "other"));
    TRY(mirnet_model_set_note(model, "key", NULL));
    TRY(mirnet_model_reset(model, 7));
    TRY_POINTER(mirnet_model_get_summary(model));
    TRY(mirnet_model_copy(&copy, model));
out:
    mirnet_model_destroy(copy);
    mirnet_model_destroy(model);
    return status;
}

static mirnet_status exchange_tensors(void)
{
    const int64_t dims[] = {2, 1};
    const float values[] = {1.0f, 2.0f};
    mirnet_tensors *tensors = NULL;
    mirnet_status status;
    TRY(mirnet_tensors_load(&tensors, tensors_path));
    TRY(mirnet_tensors_set(tensors, "new", dims, 2, values));
    TRY(mirnet_tensors_set(tensors, "new", dims, 1, values));
    TRY(mirnet_tensors_set_note(tensors, "key", "text"));
    TRY(mirnet_tensors_set_note(tensors, "key", "other"));
    TRY(mirnet_tensors_save(tensors, target_path));
out:
    mirnet_tensors_destroy(tensors);
    return status;
}

static mirnet_status load_model(void)
{
    mirnet_model *model = NULL;
    mirnet_status status = mirnet_model_load(&model, model_path);
    if ((status == MIRNET_OK) != (model != NULL))
        status = WRONG;
    mirnet_model_destroy(model);
    return status;
}

static mirnet_status load_stateless(void)
{
    mirnet_model *model = NULL;
    mirnet_status status = mirnet_model_load_stateless(&model, model_path);
    if ((status == MIRNET_OK) != (model != NULL))
        status = WRONG;
    mirnet_model_destroy(model);
    return status;
}

static mirnet_status save_model(void)
{
    mirnet_model *model = NULL, *back = NULL;
    mirnet_status status;
    static char bytes[16384];
    size_t size;
    TRY(make_model(&model));
    TRY(mirnet_model_set_note(model, "key", "text"));
    TRY(mirnet_model_save_mem(model, bytes, sizeof(bytes), &size));
    TRY(mirnet_model_load_mem(&back, bytes, size, "memory"));
    TRY(mirnet_model_save(back, target_path));
out:
    mirnet_model_destroy(back);
    mirnet_model_destroy(model);
    return status;
}

static mirnet_status set_weights(void)
{
    mirnet_model *model = NULL;
    mirnet_tensors *tensors = NULL;
    mirnet_status status;
    TRY(make_model(&model));
    TRY(mirnet_tensors_load(&tensors, model_path));
    status = mirnet_model_set_weights(model, tensors, "");
out:
    mirnet_tensors_destroy(tensors);
    mirnet_model_destroy(model);
    return status;
}

static mirnet_status predict_with(int32_t threads)
{
    static const char *const sequences[] = {"AUGCAUGC", "GGGGCCCC", "AUGC"};
    mirnet_model *model = NULL;
    mirnet_predictor *predictor = NULL;
    mirnet_status status;
    float out[6];
    TRY(mirnet_model_load(&model, model_path));
    TRY(mirnet_predictor_create(&predictor, model, threads));
    TRY(mirnet_predictor_run_sequences(predictor, sequences, 3, out));
    TRY_TRUE(out[0] > 0.0f && out[0] < 1.0f);
out:
    mirnet_predictor_destroy(predictor);
    mirnet_model_destroy(model);
    return status;
}

static mirnet_status predict(void)
{
    return predict_with(1);
}

static mirnet_status predict_threaded(void)
{
    return predict_with(3);
}

static mirnet_status validate(void)
{
    const int32_t classes[] = {0, 1, 0, 1, 0, 1, 1};
    const int64_t groups[] = {0, 1, 2, 3, 4, 5, 5};
    const float probabilities[] = {0.9f, 0.1f, 0.2f, 0.8f, 0.4f, 0.6f, 0.3f, 0.7f};
    mirnet_folds *folds = NULL, *grouped = NULL;
    mirnet_scores *scores = NULL;
    mirnet_status status;
    double x[8], y[8], figure;
    int64_t n = 8;
    TRY(mirnet_folds_create(&folds, classes, NULL, 7, 2, 1, 1));
    TRY(mirnet_folds_create(&grouped, classes, groups, 7, 2, 1, 1));
    TRY(mirnet_scores_create(&scores, 2));
    TRY(mirnet_scores_add(scores, classes, probabilities, 4));
    TRY(mirnet_scores_get(scores, "auroc", &figure));
    TRY(mirnet_scores_get(scores, "aupr", &figure));
    TRY(mirnet_scores_get_curve(scores, "roc", x, y, &n));
    TRY(mirnet_scores_summarize(x, n, "median", &figure));
out:
    mirnet_scores_destroy(scores);
    mirnet_folds_destroy(grouped);
    mirnet_folds_destroy(folds);
    return status;
}

/* The whole job: load data, build, train, save, load, predict. */
static mirnet_status whole_job(int32_t threads)
{
    mirnet_dataset *dataset = NULL;
    mirnet_model *model = NULL, *back = NULL;
    mirnet_trainer *trainer = NULL;
    mirnet_predictor *predictor = NULL;
    mirnet_status status;
    float out[14];
    TRY(mirnet_dataset_create(&dataset));
    TRY(mirnet_dataset_load(dataset, csv_path, NULL));
    TRY(make_model(&model));
    TRY(mirnet_trainer_create(&trainer, model));
    TRY(mirnet_trainer_set_threads(trainer, threads));
    TRY(mirnet_trainer_set_number(trainer, "training.validation_split", 0.25));
    TRY(mirnet_trainer_set_dataset(trainer, dataset, NULL, 7));
    TRY(mirnet_trainer_run(trainer));
    TRY(mirnet_trainer_store(trainer));
    TRY(mirnet_model_save(model, target_path));
    TRY(mirnet_model_load(&back, target_path));
    mirnet_trainer_destroy(trainer);
    trainer = NULL;
    TRY(mirnet_trainer_create(&trainer, back));
    TRY(mirnet_trainer_set_dataset(trainer, dataset, NULL, 7));
    TRY(mirnet_trainer_resume(trainer));
    TRY(mirnet_predictor_create(&predictor, back, threads));
    TRY(mirnet_predictor_run_dataset(predictor, dataset, NULL, 7, out));
out:
    mirnet_predictor_destroy(predictor);
    mirnet_trainer_destroy(trainer);
    mirnet_model_destroy(back);
    mirnet_model_destroy(model);
    mirnet_dataset_destroy(dataset);
    return status;
}

static mirnet_status do_all(void)
{
    return whole_job(1);
}

static mirnet_status do_all_threaded(void)
{
    return whole_job(3);
}

/* The floors are two thirds of what was counted when this was written. */
const mn_scenario mn_scenarios[] = {
    {"read a table", read_table, false, 80, 32, 0},
    {"read gzip", read_gzip, false, 12, 32, 0},
    {"simulate", simulate, false, 25, 0, 0},
    {"read a recipe", read_recipe, false, 1300, 38, 0},
    {"build a model", build, false, 780, 0, 0},
    {"load, change and save tensors", exchange_tensors, true, 220, 120, 0},
    {"load a model", load_model, false, 1000, 38, 0},
    {"load a model without its state", load_stateless, false, 1000, 38, 0},
    {"save a model", save_model, true, 3000, 85, 0},
    {"set weights", set_weights, false, 840, 38, 0},
    {"folds and scores", validate, false, 48, 0, 0},
    {"predict", predict, false, 1100, 38, 0},
    {"predict with threads", predict_threaded, false, 1250, 38, 2},
    {"the whole job", do_all, true, 4000, 155, 0},
    {"the whole job with threads", do_all_threaded, true, 4000, 155, 4},
};

const int mn_scenario_count = sizeof(mn_scenarios) / sizeof(mn_scenarios[0]);

/* ---- their files ---- */

static void keep_path(char path[1024], const char *name)
{
    snprintf(path, 1024, "%s", mn_scratch_path(name));
}

static void write_gzip(const char *path, const char *text)
{
    gzFile file = gzopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    ck_assert_int_eq(gzclose(file), Z_OK);
}

void mn_scenarios_setup(void)
{
    keep_path(csv_path, "data.csv");
    keep_path(gz_path, "data.fa.gz");
    keep_path(recipe_path, "recipe.json");
    keep_path(tensors_path, "tensors");
    keep_path(model_path, "model");
    keep_path(out_path, "out");
    keep_path(target_path, "out/target");
    ck_assert_int_eq(mkdir(out_path, 0777), 0);
    mn_write_text(csv_path, CSV);
    write_gzip(gz_path, FASTA);
    mn_write_text(recipe_path, RECIPE);
    mirnet_model *model;
    mirnet_tensors *tensors;
    mn_ok(make_model(&model));
    mn_ok(mirnet_model_set_note(model, "made", "for faults"));
    mn_ok(mirnet_model_save(model, model_path));
    mirnet_model_destroy(model);
    mn_ok(mirnet_tensors_create(&tensors));
    mn_ok(mirnet_tensors_set(tensors, "x", (const int64_t[]){3}, 1, (const float[]){1.0f, 2.0f, 3.0f}));
    mn_ok(mirnet_tensors_set_note(tensors, "who", "me"));
    mn_ok(mirnet_tensors_save(tensors, tensors_path));
    mirnet_tensors_destroy(tensors);
}

const char *mn_scenarios_folder(void)
{
    return out_path;
}

const char *mn_scenarios_target(void)
{
    return target_path;
}
