/* recipe_read.c - a recipe from JSON: its sections, and Keras's spellings of optimizers and callbacks */
/* SPDX-License-Identifier: MIT */
#include "recipe_parts.h"

#include <stdio.h>

#include "json.h"
#include "mem.h"
#include "place.h"

/* A recipe while it is read. */
typedef struct reader {
    mirnet_recipe *recipe;
    bool given[MN_OPTION_COUNT]; /* options that the JSON sets */
} reader;

/* FORMAT with the message of a check that knows no place. */
static mirnet_status place_message(const mn_place *at, mirnet_status status)
{
    return status == MIRNET_ERR_INVALID ? mn_place_fail(at, MIRNET_ERR_FORMAT, "%s", mirnet_last_message()) : status;
}

static int32_t find_option(const char *section, const char *name)
{
    char key[64];
    int n = snprintf(key, sizeof(key), "%s%s", section, name);
    return n > 0 && n < (int)sizeof(key) ? mn_option_find(key) : -1;
}

/* The word of an option's list that a text stands for, whatever its case; the text itself if there is none. */
static void match_word(const mn_option *option, const char *text, char word[64])
{
    static const char *const short_monitors[][2] = {{"acc", "accuracy"}, {"val_acc", "val_accuracy"}};
    snprintf(word, 64, "%s", text);
    for (int i = 0; i < 2 && strstr(option->key, "_monitor"); i++)
        if (strcmp(text, short_monitors[i][0]) == 0)
            snprintf(word, 64, "%s", short_monitors[i][1]);
    for (const char *p = option->words; *p; p += strspn(p, " ")) {
        char candidate[64];
        size_t n = strcspn(p, " ");
        snprintf(candidate, sizeof(candidate), "%.*s", (int)n, p);
        if (mn_same_word(candidate, word))
            memcpy(word, candidate, sizeof(candidate));
        p += n;
    }
}

/* null is the default. */
static mirnet_status read_option(reader *r, const mn_place *at, int32_t i)
{
    const mn_option *option = mn_option_get(i);
    if (json_is_null(at->value))
        return MIRNET_OK;
    if (option->kind == MN_OPTION_FLAG && json_is_boolean(at->value)) {
        r->recipe->numbers[i] = json_is_true(at->value);
    } else if (mn_option_is_number(option)) {
        if (!json_is_number(at->value))
            return mn_place_expected(at, option->kind == MN_OPTION_FLAG ? "true or false" : "a number");
        double value = json_number_value(at->value);
        MN_TRY(place_message(at, mn_option_check_number(option, value)));
        r->recipe->numbers[i] = value;
    } else {
        const char *text;
        char word[64];
        MN_TRY(mn_place_string(at, &text));
        match_word(option, text, word);
        MN_TRY(place_message(at, mn_option_check_text(option, word)));
        MN_TRY(mn_recipe_put_text(r->recipe, i, word));
    }
    r->given[i] = true;
    return MIRNET_OK;
}

/* Fields of Keras's optimizers: options, and those that may only have the value that changes nothing. */
static mirnet_status read_optimizer_field(reader *r, const mn_place *at)
{
    static const char *const options[] = {"learning_rate", "beta_1",          "beta_2", "epsilon",  "weight_decay",
                                          "momentum",      "nesterov",        "rho",    "centered", "clipnorm",
                                          "clipvalue",     "global_clipnorm", NULL};
    static const char *const off[] = {"amsgrad", "use_ema", "decay", "loss_scale_factor", "gradient_accumulation_steps",
                                      NULL};
    static const char *const free_fields[] = {"name",        "ema_momentum",        "ema_overwrite_frequency",
                                              "jit_compile", "is_legacy_optimizer", NULL};
    const char *name = strcmp(at->key, "lr") == 0 ? "learning_rate" : at->key;
    if (json_is_object(at->value))
        return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "schedules are not supported, only a number");
    for (int i = 0; options[i]; i++)
        if (strcmp(options[i], name) == 0)
            return read_option(r, at, find_option("training.", name));
    for (int i = 0; free_fields[i]; i++)
        if (strcmp(free_fields[i], name) == 0)
            return MIRNET_OK;
    for (int i = 0; off[i]; i++)
        if (strcmp(off[i], name) == 0) {
            if (mn_place_empty(at) || json_is_false(at->value) ||
                (json_is_number(at->value) && json_number_value(at->value) == 0))
                return MIRNET_OK;
            return mn_place_fail(at, MIRNET_ERR_UNSUPPORTED, "not supported, only null, false or 0");
        }
    return mn_place_fail(at, MIRNET_ERR_FORMAT, "unknown key");
}

/* A word, or {"class_name": "Adam", "config": {...}} as Keras writes it. */
static mirnet_status read_optimizer(reader *r, const mn_place *at)
{
    static const char *const keys[] = {"class_name", "name", "config", "module", "registered_name", NULL};
    int32_t option = mn_option_find("training.optimizer"), decay = mn_option_find("training.weight_decay");
    if (!json_is_object(at->value))
        return read_option(r, at, option);
    MN_TRY(mn_place_keys(at, keys));
    mn_place class_name = mn_place_key(at, "class_name"), config = mn_place_key(at, "config");
    if (!class_name.value)
        class_name = mn_place_key(at, "name");
    const char *word;
    MN_TRY(mn_place_string(&class_name, &word));
    MN_TRY(read_option(r, &class_name, option));
    if (mn_place_empty(&config))
        return MIRNET_OK;
    MN_TRY(mn_place_object(&config));
    for (void *i = json_object_iter(config.value); i; i = json_object_iter_next(config.value, i)) {
        mn_place field = mn_place_key(&config, json_object_iter_key(i));
        MN_TRY(read_optimizer_field(r, &field));
    }
    if (r->given[decay] && r->recipe->numbers[decay] > 0 && !mn_same_word(word, "adamw")) {
        mn_place field = mn_place_key(&config, "weight_decay");
        return mn_place_fail(&field, MIRNET_ERR_UNSUPPORTED, "only supported with AdamW");
    }
    return MIRNET_OK;
}

/* "auto", or the direction that the monitored number has anyway. */
static mirnet_status check_mode(const reader *r, const mn_place *at, const char *section)
{
    mn_place mode = mn_place_key(at, "mode");
    if (mn_place_empty(&mode))
        return MIRNET_OK;
    const char *word, *monitor = mn_recipe_option_text(r->recipe, find_option(section, "monitor"));
    MN_TRY(mn_place_string(&mode, &word));
    if (strcmp(word, "auto") == 0 || strcmp(word, strstr(monitor, "loss") ? "min" : "max") == 0)
        return MIRNET_OK;
    return mn_place_fail(&mode, MIRNET_ERR_UNSUPPORTED, "'%.60s' is not supported for %s, only auto", word, monitor);
}

/* early_stopping and reduce_lr: true, false, or an object, which switches it on. */
static mirnet_status read_callback(reader *r, const mn_place *at, const char *name)
{
    char section[64];
    int32_t flag = find_option("training.", name);
    snprintf(section, sizeof(section), "training.%s_", name);
    if (!json_is_object(at->value))
        return read_option(r, at, flag);
    for (void *i = json_object_iter(at->value); i; i = json_object_iter_next(at->value, i)) {
        mn_place field = mn_place_key(at, json_object_iter_key(i));
        const char *key = strcmp(field.key, "restore_best_weights") == 0 ? "restore_best" : field.key;
        int32_t option = find_option(section, key);
        if (option >= 0)
            MN_TRY(read_option(r, &field, option));
        else if (strcmp(key, "baseline") == 0 && !json_is_null(field.value))
            return mn_place_fail(&field, MIRNET_ERR_UNSUPPORTED, "not supported, only null");
        else if (strcmp(key, "mode") != 0 && strcmp(key, "verbose") != 0 && strcmp(key, "baseline") != 0)
            return mn_place_fail(&field, MIRNET_ERR_FORMAT, "unknown key");
    }
    r->recipe->numbers[flag] = 1;
    return check_mode(r, at, section);
}

/* The class of a name; where the recipe fixes no classes, its number. */
static int32_t find_class(const mirnet_recipe *recipe, const char *name)
{
    for (int32_t i = 0; i < recipe->n_classes; i++)
        if (strcmp(recipe->classes[i], name) == 0)
            return i;
    int32_t c = 0;
    size_t n = strlen(name);
    if (recipe->n_classes > 0 || n < 1 || n > 5 || strspn(name, "0123456789") != n)
        return -1;
    for (; *name; name++)
        c = c * 10 + (*name - '0');
    return c;
}

static mirnet_status read_weight(reader *r, const mn_place *at, int32_t c)
{
    double weight;
    MN_TRY(mn_place_number(at, 0, 1e30, &weight));
    return place_message(at, mn_recipe_put_weight(r->recipe, c, weight));
}

/* A word, or an object of class names (or numbers) and weights. */
static mirnet_status read_class_weight(reader *r, const mn_place *at)
{
    int32_t option = mn_option_find("training.class_weight");
    if (!json_is_object(at->value))
        return read_option(r, at, option);
    for (void *i = json_object_iter(at->value); i; i = json_object_iter_next(at->value, i)) {
        mn_place item = mn_place_key(at, json_object_iter_key(i));
        int32_t c = find_class(r->recipe, item.key);
        if (c < 0)
            return mn_place_fail(&item, MIRNET_ERR_FORMAT, "no such class in \"classes\"%s",
                                 r->recipe->n_classes ? "" : ", which is not there");
        MN_TRY(read_weight(r, &item, c));
    }
    return mn_recipe_put_text(r->recipe, option, "given");
}

/* The same as a list, which has no word of its own. */
static mirnet_status read_class_weights(reader *r, const mn_place *at)
{
    if (mn_place_empty(at))
        return MIRNET_OK;
    MN_TRY(mn_place_list(at));
    size_t n = json_array_size(at->value);
    if (n > MN_MAX_CLASSES)
        return mn_place_expected(at, "fewer weights");
    for (size_t i = 0; i < n; i++) {
        mn_place item = mn_place_item(at, i);
        MN_TRY(read_weight(r, &item, (int32_t)i));
    }
    return MIRNET_OK;
}

static mirnet_status read_section_key(reader *r, const mn_place *at, const char *section)
{
    if (strcmp(section, "training.") == 0) {
        if (strcmp(at->key, "optimizer") == 0)
            return MIRNET_OK; /* was read first */
        if (strcmp(at->key, "early_stopping") == 0 || strcmp(at->key, "EarlyStopping") == 0)
            return read_callback(r, at, "early_stopping");
        if (strcmp(at->key, "reduce_lr") == 0 || strcmp(at->key, "ReduceLROnPlateau") == 0)
            return read_callback(r, at, "reduce_lr");
        if (strcmp(at->key, "class_weight") == 0)
            return read_class_weight(r, at);
        if (strcmp(at->key, "class_weights") == 0)
            return read_class_weights(r, at);
    }
    int32_t option = find_option(section, at->key);
    return option < 0 ? mn_place_fail(at, MIRNET_ERR_FORMAT, "unknown key") : read_option(r, at, option);
}

/* The optimizer's own fields come first: those beside it have the last word. */
static mirnet_status read_section(reader *r, const mn_place *at, const char *section)
{
    if (mn_place_empty(at))
        return MIRNET_OK;
    MN_TRY(mn_place_object(at));
    mn_place optimizer = mn_place_key(at, "optimizer");
    if (strcmp(section, "training.") == 0 && !mn_place_empty(&optimizer))
        MN_TRY(read_optimizer(r, &optimizer));
    for (void *i = json_object_iter(at->value); i; i = json_object_iter_next(at->value, i)) {
        mn_place field = mn_place_key(at, json_object_iter_key(i));
        MN_TRY(read_section_key(r, &field, section));
    }
    return MIRNET_OK;
}

static mirnet_status read_classes(reader *r, const mn_place *at)
{
    if (mn_place_empty(at))
        return MIRNET_OK;
    MN_TRY(mn_place_list(at));
    size_t n = json_array_size(at->value);
    if (n > MN_MAX_CLASSES)
        return mn_place_expected(at, "fewer classes");
    const char **names = mn_calloc(n, sizeof(*names));
    mirnet_status status = names ? MIRNET_OK : MIRNET_ERR_NOMEM;
    for (size_t i = 0; i < n && !status; i++) {
        mn_place item = mn_place_item(at, i);
        status = mn_place_string(&item, &names[i]);
    }
    if (!status)
        status = place_message(at, mn_recipe_put_classes(r->recipe, names, (int32_t)n));
    mn_free(names);
    return status;
}

static mirnet_status read_note(const mn_place *top, const char *key, char **out)
{
    mn_place at = mn_place_key(top, key);
    const char *text;
    if (mn_place_empty(&at))
        return MIRNET_OK;
    MN_TRY(mn_place_string(&at, &text));
    *out = mn_strdup(text);
    return *out ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

/* Where the JSON does not say it, the length is that of a model whose one input is (L, 4), or (L, 8) with both ends;
 * axes of size 1 around them do not count: (1, 164, 4, 1). */
static mirnet_status fit_encoder(reader *r)
{
    const mn_spec *spec = r->recipe->spec;
    int32_t length = mn_option_find("encoder.length"), align = mn_option_find("encoder.align");
    if (spec->n_inputs != 1 || r->given[length])
        return MIRNET_OK;
    const mn_shape *shape = &spec->layers[spec->nodes[spec->inputs[0]].layer].input_shape;
    int64_t dims[MN_MAX_RANK] = {0};
    int32_t rank = 0;
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] != 1)
            dims[rank++] = shape->dim[i];
    bool both = strcmp(mn_recipe_option_text(r->recipe, align), "both-ends") == 0;
    if (rank == 2 && dims[1] == 8 && !r->given[align]) {
        MN_TRY(mn_recipe_put_text(r->recipe, align, "both-ends"));
        both = true;
    }
    if (rank == 2 && dims[0] > 0 && dims[0] <= (int64_t)mn_option_get(length)->max && dims[1] == (both ? 8 : 4))
        r->recipe->numbers[length] = (double)dims[0];
    return MIRNET_OK;
}

static mirnet_status read_recipe(reader *r, const mn_place *top)
{
    static const char *const keys[] = {"name",    "source", "description", "encoder",
                                       "classes", "model",  "training",    NULL};
    const mn_document *document = top->document;
    MN_TRY(mn_place_object(top));
    bool bare = json_object_get(top->value, "class_name") != NULL;
    mn_place model = bare ? *top : mn_place_key(top, "model");
    if (!bare) {
        MN_TRY(mn_place_keys(top, keys));
        mn_place encoder = mn_place_key(top, "encoder"), classes = mn_place_key(top, "classes");
        mn_place training = mn_place_key(top, "training");
        if (!model.value)
            return mn_place_fail(top, MIRNET_ERR_FORMAT, "a recipe needs \"model\", a Keras model \"class_name\"");
        MN_TRY(read_note(top, "name", &r->recipe->name));
        MN_TRY(read_note(top, "source", &r->recipe->source));
        MN_TRY(read_note(top, "description", &r->recipe->description));
        MN_TRY(read_section(r, &encoder, "encoder."));
        MN_TRY(read_classes(r, &classes));
        MN_TRY(read_section(r, &training, "training."));
    }
    MN_TRY(mn_spec_create(&r->recipe->spec, model.value, document->text, document->size, bare ? "" : "model",
                          document->source));
    r->recipe->model = mn_json_text(model.value, false);
    return r->recipe->model ? fit_encoder(r) : MIRNET_ERR_NOMEM;
}

mirnet_status mn_recipe_read(mirnet_recipe *recipe, const char *text, size_t size, const char *source)
{
    json_t *json = NULL;
    MN_TRY(mn_json_read(&json, text, size, source));
    mn_document document = {.text = text, .size = size, .source = source};
    mn_place top = mn_place_top(&document, "", json);
    reader r = {.recipe = recipe};
    mirnet_status status = read_recipe(&r, &top);
    json_decref(json);
    return status;
}
