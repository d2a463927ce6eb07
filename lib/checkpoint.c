/* checkpoint.c - model files: a model to and from tensors with notes */
/* SPDX-License-Identifier: MIT */
/*
 * doc/model-format.md describes the file. Tensors: the weights under their names, the training state's under "state/".
 * Notes: "format", "format_version", "library", "recipe", and where there are any "classes", "notes", "state".
 */
#include "common.h"

#include <math.h>

#include <mirnet/file.h>
#include <mirnet/version.h>

#include "io.h"
#include "json.h"
#include "mem.h"
#include "model.h"
#include "tensors.h"

static const char FORMAT[] = "mirnet";
static const char FORMAT_VERSION[] = "1";
static const char STATE_PREFIX[] = "state/";

enum { MAX_CLASSES = 4096 }; /* in a file: comparing all names with each other must not take long */

/* ---- saving ---- */

/* Borrows the values. Names of weights and state come from layer names, which are free text: they could meet. */
static mirnet_status add_tensor(mirnet_tensors *tensors, const char *name, const mn_shape *shape, const float *values)
{
    if (mn_tensors_find(tensors, name))
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "two tensors of the model would be called '%s'", name);
    return mn_tensors_put(tensors, name, shape->dim, shape->rank, values, NULL);
}

static mirnet_status add_weights(mirnet_tensors *tensors, const mirnet_model *model)
{
    for (int32_t i = 0; i < model->n_params; i++) {
        const mn_param *param = model->params[i];
        MN_TRY(add_tensor(tensors, param->name, &param->shape, model->weights + param->offset));
    }
    return MIRNET_OK;
}

static mirnet_status add_state(mirnet_tensors *tensors, const mn_state *state)
{
    MN_TRY(mirnet_tensors_set_note(tensors, "state", state->json));
    mn_buf name = {0};
    mirnet_status status = MIRNET_OK;
    for (size_t i = 0; i < state->tensors->n_tensors && status == MIRNET_OK; i++) {
        const mn_tensor *tensor = &state->tensors->tensors[i];
        mn_buf_reset(&name);
        status = mn_buf_printf(&name, "%s%s", STATE_PREFIX, tensor->name);
        if (status == MIRNET_OK)
            status = add_tensor(tensors, mn_buf_text(&name), &tensor->shape, tensor->values);
    }
    mn_buf_destroy(&name);
    return status;
}

/* A JSON value as a note; takes the reference. `ok` is false if memory ran out while it was made. */
static mirnet_status add_json(mirnet_tensors *tensors, const char *key, json_t *value, bool ok)
{
    char *text = ok ? mn_json_text(value, false) : NULL;
    json_decref(value);
    if (!text)
        return mn_fail(MIRNET_ERR_NOMEM, "out of memory for '%s' of the model file", key);
    mirnet_status status = mirnet_tensors_set_note(tensors, key, text);
    mn_free(text);
    return status;
}

static mirnet_status add_classes(mirnet_tensors *tensors, const mirnet_model *model)
{
    MN_REQUIRE(model->n_classes <= MAX_CLASSES, "%d classes, a file holds %d", (int)model->n_classes, MAX_CLASSES);
    for (int32_t i = 0; i < model->n_classes; i++)
        MN_REQUIRE(mn_is_utf8(model->classes[i]), "class name '%s' is not UTF-8", model->classes[i]);
    json_t *names = json_array();
    bool ok = names != NULL;
    for (int32_t i = 0; i < model->n_classes && ok; i++)
        ok = json_array_append_new(names, json_string(model->classes[i])) == 0;
    return add_json(tensors, "classes", names, ok);
}

static mirnet_status add_notes(mirnet_tensors *tensors, const mirnet_model *model)
{
    for (size_t i = 0; i < model->n_notes; i++)
        MN_REQUIRE(mn_is_utf8(model->notes[i].key) && mn_is_utf8(model->notes[i].text), "note '%s' is not UTF-8",
                   model->notes[i].key);
    json_t *notes = json_object();
    bool ok = notes != NULL;
    for (size_t i = 0; i < model->n_notes && ok; i++)
        ok = json_object_set_new(notes, model->notes[i].key, json_string(model->notes[i].text)) == 0;
    return add_json(tensors, "notes", notes, ok);
}

/* From a copy: making the text changes the recipe, and the model is not ours to change. */
static mirnet_status add_recipe(mirnet_tensors *tensors, const mirnet_model *model)
{
    mirnet_recipe *recipe;
    MN_TRY(mn_recipe_copy(&recipe, model->recipe));
    const char *json = mirnet_recipe_get_json(recipe);
    mirnet_status status = json ? mirnet_tensors_set_note(tensors, "recipe", json) : MIRNET_ERR_NOMEM;
    mirnet_recipe_destroy(recipe);
    return status;
}

static mirnet_status describe(mirnet_tensors *tensors, const mirnet_model *model)
{
    MN_TRY(mirnet_tensors_set_note(tensors, "format", FORMAT));
    MN_TRY(mirnet_tensors_set_note(tensors, "format_version", FORMAT_VERSION));
    MN_TRY(mirnet_tensors_set_note(tensors, "library", mirnet_version()));
    MN_TRY(add_recipe(tensors, model));
    if (model->n_classes > 0)
        MN_TRY(add_classes(tensors, model));
    if (model->n_notes > 0)
        MN_TRY(add_notes(tensors, model));
    MN_TRY(add_weights(tensors, model));
    return model->state ? add_state(tensors, model->state) : MIRNET_OK;
}

static mirnet_status write_model(const mirnet_model *model, mn_buf *out)
{
    mirnet_tensors *tensors;
    MN_TRY(mirnet_tensors_create(&tensors));
    mirnet_status status = describe(tensors, model);
    if (status == MIRNET_OK)
        status = mn_safetensors_write(tensors, out);
    mirnet_tensors_destroy(tensors);
    return status;
}

mirnet_status mirnet_model_save(const mirnet_model *model, const char *path)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(path, "path is NULL");
    mn_buf bytes = {0};
    mirnet_status status = write_model(model, &bytes);
    if (status == MIRNET_OK)
        status = mn_file_write(path, bytes.data, bytes.size);
    mn_buf_destroy(&bytes);
    return status;
}

mirnet_status mirnet_model_save_mem(const mirnet_model *model, void *out, size_t capacity, size_t *out_size)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(out_size, "out_size is NULL");
    mn_buf bytes = {0};
    mirnet_status status = write_model(model, &bytes);
    if (status == MIRNET_OK) {
        *out_size = bytes.size;
        if (out && capacity < bytes.size)
            status = mn_fail(MIRNET_ERR_SHAPE, "the model needs %zu bytes, there are %zu", bytes.size, capacity);
        else if (out)
            memcpy(out, bytes.data, bytes.size);
    }
    mn_buf_destroy(&bytes);
    return status;
}

/* ---- weights ---- */

static mirnet_status check_weight(const mn_param *param, const mn_tensor *tensor)
{
    char have[96], want[96];
    if (!mn_shape_equal(&tensor->shape, &param->shape))
        return mn_fail(MIRNET_ERR_SHAPE, "weight '%s' has shape %s, expected %s", tensor->name,
                       mn_shape_text(&tensor->shape, have), mn_shape_text(&param->shape, want));
    for (size_t i = 0; i < tensor->size; i++)
        if (!isfinite(tensor->values[i]))
            return mn_fail(MIRNET_ERR_NUMERIC, "weight '%s': value %zu is not finite", tensor->name, i);
    return MIRNET_OK;
}

/* The tensor of each weight into found[n_params]; its place among the tensors is marked in used[n_tensors]. */
static mirnet_status find_weights(const mirnet_model *model, const mirnet_tensors *tensors, const char *prefix,
                                  const mn_tensor **found, bool *used)
{
    mn_buf name = {0};
    mirnet_status status = MIRNET_OK;
    for (int32_t i = 0; i < model->n_params && status == MIRNET_OK; i++) {
        mn_buf_reset(&name);
        status = mn_buf_printf(&name, "%s%s", prefix, model->params[i]->name);
        if (status != MIRNET_OK)
            break;
        found[i] = mn_tensors_find(tensors, mn_buf_text(&name));
        if (!found[i]) {
            status = mn_fail(MIRNET_ERR_NOT_FOUND, "weight '%s' is missing", mn_buf_text(&name));
        } else {
            used[found[i] - tensors->tensors] = true;
            status = check_weight(model->params[i], found[i]);
        }
    }
    mn_buf_destroy(&name);
    return status;
}

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Every tensor that is no weight and begins with the prefix, but has no name behind `opt_except`, fits nothing. */
static mirnet_status check_rest(const mirnet_tensors *tensors, const bool *used, const char *prefix,
                                const char *opt_except)
{
    for (size_t i = 0; i < tensors->n_tensors; i++) {
        const char *name = tensors->tensors[i].name;
        bool excepted = opt_except && has_prefix(name, opt_except) && name[strlen(opt_except)];
        if (has_prefix(name, prefix) && !excepted && !used[i])
            return mn_fail(MIRNET_ERR_NOT_FOUND, "tensor '%s' is no weight of the model", name);
    }
    return MIRNET_OK;
}

/* Sets all weights, or none. used is as in find_weights. */
static mirnet_status set_weights(mirnet_model *model, const mirnet_tensors *tensors, const char *prefix,
                                 const char *opt_except, bool *used)
{
    const mn_tensor **found = mn_calloc((size_t)model->n_params, sizeof(*found));
    if (!found)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = find_weights(model, tensors, prefix, found, used);
    if (status == MIRNET_OK)
        status = check_rest(tensors, used, prefix, opt_except);
    for (int32_t i = 0; i < model->n_params && status == MIRNET_OK; i++)
        if (found[i]->size)
            memcpy(model->weights + model->params[i]->offset, found[i]->values, found[i]->size * sizeof(float));
    mn_free(found);
    return status;
}

mirnet_status mirnet_model_set_weights(mirnet_model *model, const mirnet_tensors *tensors, const char *prefix)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(tensors, "tensors is NULL");
    MN_REQUIRE(prefix, "prefix is NULL");
    bool *used = mn_calloc(tensors->n_tensors, sizeof(*used));
    if (!used)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = set_weights(model, tensors, prefix, NULL, used);
    mn_free(used);
    return status;
}

/* ---- loading ---- */

static mirnet_status check_format(const mirnet_tensors *tensors)
{
    const char *format = mirnet_tensors_get_note(tensors, "format");
    const char *version = mirnet_tensors_get_note(tensors, "format_version");
    if (!format || strcmp(format, FORMAT) != 0)
        return mn_fail(MIRNET_ERR_FORMAT, "not a model file: metadata 'format' is not '%s'", FORMAT);
    if (!version || !*version || strspn(version, "0123456789") != strlen(version))
        return mn_fail(MIRNET_ERR_FORMAT, "metadata 'format_version' is not a number");
    if (strcmp(version, FORMAT_VERSION) != 0)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "format version %s, this library reads %s", version, FORMAT_VERSION);
    return MIRNET_OK;
}

/* The JSON of a note. *out is NULL if there is no such note. */
static mirnet_status read_json(const mirnet_tensors *tensors, const char *key, json_t **out)
{
    const char *text = mirnet_tensors_get_note(tensors, key);
    *out = NULL;
    return text ? mn_json_read(out, text, strlen(text), key) : MIRNET_OK;
}

static mirnet_status set_classes(mirnet_model *model, const json_t *list)
{
    if (!json_is_array(list))
        return mn_fail(MIRNET_ERR_FORMAT, "classes: not a list");
    size_t n = json_array_size(list), outputs = (size_t)mirnet_model_get_size(model, -1);
    if (n != outputs)
        return mn_fail(MIRNET_ERR_SHAPE, "classes: %zu names for %zu outputs", n, outputs);
    if (n > MAX_CLASSES)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "classes: %zu names, at most %d are read", n, MAX_CLASSES);
    const char **names = mn_calloc(n, sizeof(*names));
    if (!names)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = MIRNET_OK;
    for (size_t i = 0; i < n && status == MIRNET_OK; i++) {
        names[i] = json_string_value(json_array_get(list, i));
        if (!names[i])
            status = mn_fail(MIRNET_ERR_FORMAT, "classes: name %zu is not a text", i);
    }
    if (status == MIRNET_OK)
        status = mirnet_model_set_classes(model, names, (int32_t)n);
    mn_free(names);
    /* An empty name or a double one: here it is the file that is wrong, not an argument. */
    return status == MIRNET_ERR_INVALID ? mn_fail_within(MIRNET_ERR_FORMAT, "classes") : status;
}

/* Fills the empty card straight away: the keys of a JSON object are known to differ. */
static mirnet_status set_notes(mirnet_model *model, json_t *notes)
{
    if (!json_is_object(notes))
        return mn_fail(MIRNET_ERR_FORMAT, "notes: not an object");
    model->notes = mn_calloc(json_object_size(notes), sizeof(*model->notes));
    if (!model->notes)
        return MIRNET_ERR_NOMEM;
    const char *key;
    json_t *value;
    json_object_foreach (notes, key, value) {
        if (!json_is_string(value))
            return mn_fail(MIRNET_ERR_FORMAT, "notes: '%s' is not a text", key);
        mn_note *note = &model->notes[model->n_notes++];
        note->key = mn_strdup(key);
        note->text = mn_strdup(json_string_value(value));
        if (!note->key || !note->text)
            return MIRNET_ERR_NOMEM;
    }
    return MIRNET_OK;
}

/* Moves the tensors that are no weights into the model's state. Its meaning is the trainer's to check. */
static mirnet_status set_state(mirnet_model *model, mirnet_tensors *tensors, const bool *used, const json_t *json)
{
    if (!json_is_object(json))
        return mn_fail(MIRNET_ERR_FORMAT, "state: not an object");
    model->state = mn_calloc(1, sizeof(*model->state));
    if (!model->state)
        return MIRNET_ERR_NOMEM;
    MN_TRY(mirnet_tensors_create(&model->state->tensors));
    model->state->json = mn_strdup(mirnet_tensors_get_note(tensors, "state"));
    if (!model->state->json)
        return MIRNET_ERR_NOMEM;
    for (size_t i = 0; i < tensors->n_tensors; i++) {
        mn_tensor *tensor = &tensors->tensors[i];
        if (used[i])
            continue;
        MN_TRY(mn_tensors_put(model->state->tensors, tensor->name + strlen(STATE_PREFIX), tensor->shape.dim,
                              tensor->shape.rank, tensor->values, tensor->own));
        tensor->own = NULL;
    }
    return MIRNET_OK;
}

/* Gives each part of the JSON to its reader; frees it. */
static mirnet_status read_parts(mirnet_model *model, mirnet_tensors *tensors, const bool *used)
{
    json_t *classes = NULL, *notes = NULL, *state = NULL;
    mirnet_status status = read_json(tensors, "classes", &classes);
    if (status == MIRNET_OK && classes)
        status = set_classes(model, classes);
    if (status == MIRNET_OK)
        status = read_json(tensors, "notes", &notes);
    if (status == MIRNET_OK && notes)
        status = set_notes(model, notes);
    if (status == MIRNET_OK)
        status = read_json(tensors, "state", &state);
    if (status == MIRNET_OK && state)
        status = set_state(model, tensors, used, state);
    json_decref(classes);
    json_decref(notes);
    json_decref(state);
    return status;
}

static mirnet_status fill_model(mirnet_model *model, mirnet_tensors *tensors)
{
    bool *used = mn_calloc(tensors->n_tensors, sizeof(*used));
    if (!used)
        return MIRNET_ERR_NOMEM;
    const char *except = mirnet_tensors_get_note(tensors, "state") ? STATE_PREFIX : NULL;
    mirnet_status status = set_weights(model, tensors, "", except, used);
    if (status == MIRNET_ERR_NOT_FOUND)
        status = MIRNET_ERR_SHAPE;
    if (status == MIRNET_OK)
        status = read_parts(model, tensors, used);
    mn_free(used);
    return status;
}

/* The network of the file's recipe, with room for no more weights than the file holds. */
static mirnet_status build_model(mirnet_model **out, const mirnet_tensors *tensors, const char *source)
{
    const char *json = mirnet_tensors_get_note(tensors, "recipe");
    if (!json)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: metadata 'recipe' is missing", source);
    size_t size = 0; /* of all tensors, which are in memory: no overflow */
    for (size_t i = 0; i < tensors->n_tensors; i++)
        size += tensors->tensors[i].size;
    mn_buf name = {0};
    mirnet_recipe *recipe = NULL;
    mirnet_status status = mn_buf_printf(&name, "%s: recipe", source);
    if (status == MIRNET_OK)
        status = mirnet_recipe_create(&recipe, json, strlen(json), mn_buf_text(&name));
    if (status == MIRNET_OK) {
        status = mn_model_create_blank(out, recipe, size);
        if (status != MIRNET_OK)
            mn_fail_within(status, "%s", source);
    }
    mirnet_recipe_destroy(recipe);
    mn_buf_destroy(&name);
    return status;
}

static mirnet_status read_model(mirnet_model **out, mirnet_tensors *tensors, const char *source)
{
    mirnet_model *model = NULL;
    mirnet_status status = check_format(tensors);
    if (status != MIRNET_OK)
        return mn_fail_within(status, "%s", source);
    MN_TRY(build_model(&model, tensors, source));
    status = fill_model(model, tensors);
    if (status != MIRNET_OK) {
        mirnet_model_destroy(model);
        return mn_fail_within(status, "%s", source);
    }
    *out = model;
    return MIRNET_OK;
}

mirnet_status mirnet_model_load_mem(mirnet_model **out, const void *bytes, size_t size, const char *source)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    mirnet_tensors *tensors;
    MN_TRY(mirnet_tensors_load_mem(&tensors, bytes, size, source));
    mirnet_status status = read_model(out, tensors, source);
    mirnet_tensors_destroy(tensors);
    return status;
}

mirnet_status mirnet_model_load(mirnet_model **out, const char *path)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(path, "path is NULL");
    mirnet_tensors *tensors;
    MN_TRY(mirnet_tensors_load(&tensors, path));
    mirnet_status status = read_model(out, tensors, path);
    mirnet_tensors_destroy(tensors);
    return status;
}
