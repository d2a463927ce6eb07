/* checkpoint.c - loading model files: tensors with notes to a model */
/* SPDX-License-Identifier: MIT */
#include "checkpoint.h"

#include "json.h"
#include "mem.h"
#include "model.h"
#include "safetensors.h"

/* ---- weights ---- */

static mirnet_status check_shape(const mn_param *param, const mn_tensor *tensor)
{
    char have[96], want[96];
    if (mn_shape_equal(&tensor->shape, &param->shape))
        return MIRNET_OK;
    return mn_fail(MIRNET_ERR_SHAPE, "weight '%s' has shape %s, expected %s", tensor->name,
                   mn_shape_text(&tensor->shape, have), mn_shape_text(&param->shape, want));
}

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static mirnet_status check_rest(const mirnet_tensors *tensors, const mn_param *const *fits, const char *prefix,
                                const char *opt_except)
{
    for (size_t i = 0; i < tensors->n_tensors; i++) {
        const char *name = tensors->tensors[i].name;
        bool excepted = opt_except && has_prefix(name, opt_except) && name[strlen(opt_except)];
        if (has_prefix(name, prefix) && !excepted && !fits[i])
            return mn_fail(MIRNET_ERR_NOT_FOUND, "tensor '%s' is no weight of the model", name);
    }
    return MIRNET_OK;
}

/* Which weight each tensor is: fits[n_tensors], NULL for none. Every weight is there, in its shape; values are not
 * looked at. A tensor that is no weight and begins with the prefix, but has no name behind `opt_except`, is an
 * error. */
static mirnet_status find_weights(const mirnet_model *model, const mirnet_tensors *tensors, const char *prefix,
                                  const char *opt_except, const mn_param **fits)
{
    mn_buf name = {0};
    mirnet_status status = MIRNET_OK;
    for (int32_t i = 0; i < model->n_params && status == MIRNET_OK; i++) {
        mn_buf_reset(&name);
        status = mn_buf_printf(&name, "%s%s", prefix, model->params[i]->name);
        if (status != MIRNET_OK)
            break;
        const mn_tensor *tensor = mn_tensors_find(tensors, mn_buf_text(&name));
        if (!tensor) {
            status = mn_fail(MIRNET_ERR_NOT_FOUND, "weight '%s' is missing", mn_buf_text(&name));
        } else {
            fits[tensor - tensors->tensors] = model->params[i];
            status = check_shape(model->params[i], tensor);
        }
    }
    mn_buf_destroy(&name);
    return status == MIRNET_OK ? check_rest(tensors, fits, prefix, opt_except) : status;
}

/* Sets all weights, or none. */
static mirnet_status set_weights(mirnet_model *model, const mirnet_tensors *tensors, const char *prefix,
                                 const mn_param **fits)
{
    MN_TRY(find_weights(model, tensors, prefix, NULL, fits));
    for (size_t i = 0; i < tensors->n_tensors; i++)
        if (fits[i])
            MN_TRY(mn_model_check_weight(tensors->tensors[i].name, tensors->tensors[i].values, fits[i]->size));
    mn_model_settle(model);
    for (size_t i = 0; i < tensors->n_tensors; i++)
        if (fits[i] && fits[i]->size)
            memcpy(model->weights + fits[i]->offset, tensors->tensors[i].values, fits[i]->size * sizeof(float));
    return MIRNET_OK;
}

mirnet_status mirnet_model_set_weights(mirnet_model *model, const mirnet_tensors *tensors, const char *prefix)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(tensors, "tensors is NULL");
    MN_REQUIRE(prefix, "prefix is NULL");
    const mn_param **fits = mn_calloc(tensors->n_tensors, sizeof(*fits));
    if (!fits)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = set_weights(model, tensors, prefix, fits);
    mn_free(fits);
    return status;
}

/* ---- loading ---- */

typedef struct loading {
    bool with_state;
    mn_safetensors *file;
    mirnet_tensors *tensors; /* what the header says: no values */
    const mn_param **fits;   /* [n_tensors] the weight that each is; NULL: it belongs to the state */
    float **places;          /* [n_tensors] where the values go; NULL: nowhere */
} loading;

static mirnet_status check_format(const mirnet_tensors *tensors)
{
    const char *format = mirnet_tensors_get_note(tensors, "format");
    const char *version = mirnet_tensors_get_note(tensors, "format_version");
    if (!format || strcmp(format, MN_FORMAT) != 0)
        return mn_fail(MIRNET_ERR_FORMAT, "not a model file: metadata 'format' is not '%s'", MN_FORMAT);
    if (!version || !*version || strspn(version, "0123456789") != strlen(version))
        return mn_fail(MIRNET_ERR_FORMAT, "metadata 'format_version' is not a number");
    if (strcmp(version, MN_FORMAT_VERSION) != 0)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "format version %s, this library reads %s", version, MN_FORMAT_VERSION);
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
    if (n > MN_MAX_CLASSES)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "classes: %zu names, at most %d are read", n, MN_MAX_CLASSES);
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

/* Attaches a state with room for the tensors that are no weights. Its meaning is the trainer's to check. */
static mirnet_status make_state(mirnet_model *model, const loading *l)
{
    model->state = mn_calloc(1, sizeof(*model->state));
    if (!model->state)
        return MIRNET_ERR_NOMEM;
    MN_TRY(mirnet_tensors_create(&model->state->tensors));
    model->state->json = mn_strdup(mirnet_tensors_get_note(l->tensors, "state"));
    if (!model->state->json)
        return MIRNET_ERR_NOMEM;
    for (size_t i = 0; i < l->tensors->n_tensors; i++) {
        const mn_tensor *tensor = &l->tensors->tensors[i];
        if (l->fits[i])
            continue;
        float *own = mn_floats_raw(tensor->size);
        if (!own)
            return MIRNET_ERR_NOMEM;
        mirnet_status status = mn_tensors_put(model->state->tensors, tensor->name + strlen(MN_STATE_PREFIX),
                                              tensor->shape.dim, tensor->shape.rank, own, own);
        if (status != MIRNET_OK) {
            mn_free(own);
            return status;
        }
        l->places[i] = own;
    }
    return MIRNET_OK;
}

/* Gives each part of the JSON to its reader; frees it. */
static mirnet_status read_parts(mirnet_model *model, const loading *l)
{
    json_t *classes = NULL, *notes = NULL, *state = NULL;
    mirnet_status status = read_json(l->tensors, "classes", &classes);
    if (status == MIRNET_OK && classes)
        status = set_classes(model, classes);
    if (status == MIRNET_OK)
        status = read_json(l->tensors, "notes", &notes);
    if (status == MIRNET_OK && notes)
        status = set_notes(model, notes);
    if (status == MIRNET_OK)
        status = read_json(l->tensors, "state", &state);
    if (status == MIRNET_OK && state && !json_is_object(state))
        status = mn_fail(MIRNET_ERR_FORMAT, "state: not an object");
    if (status == MIRNET_OK && state && l->with_state)
        status = make_state(model, l);
    json_decref(classes);
    json_decref(notes);
    json_decref(state);
    return status;
}

/* All but the data. */
static mirnet_status fill_model(mirnet_model *model, loading *l)
{
    l->fits = mn_calloc(l->tensors->n_tensors, sizeof(*l->fits));
    l->places = mn_calloc(l->tensors->n_tensors, sizeof(*l->places));
    if (!l->fits || !l->places)
        return MIRNET_ERR_NOMEM;
    const char *except = mirnet_tensors_get_note(l->tensors, "state") ? MN_STATE_PREFIX : NULL;
    mirnet_status status = find_weights(model, l->tensors, "", except, l->fits);
    if (status == MIRNET_ERR_NOT_FOUND)
        status = MIRNET_ERR_SHAPE;
    return status == MIRNET_OK ? read_parts(model, l) : status;
}

/* The data, each number to where it stays. */
static mirnet_status read_data(mirnet_model *model, const loading *l, const char *source)
{
    for (size_t i = 0; i < l->tensors->n_tensors; i++)
        if (l->fits[i])
            l->places[i] = model->weights + l->fits[i]->offset;
    MN_TRY(mn_safetensors_run(l->file, l->places));
    mirnet_status status = MIRNET_OK;
    for (int32_t i = 0; i < model->n_params && status == MIRNET_OK; i++) {
        const mn_param *param = model->params[i];
        status = mn_model_check_weight(param->name, model->weights + param->offset, param->size);
    }
    return status == MIRNET_OK ? MIRNET_OK : mn_fail_within(status, "%s", source);
}

/* The network of the file's recipe, with room for no more weights than the file holds. */
static mirnet_status build_model(mirnet_model **out, const mirnet_tensors *tensors, const char *source)
{
    const char *json = mirnet_tensors_get_note(tensors, "recipe");
    if (!json)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: metadata 'recipe' is missing", source);
    size_t size = 0; /* of all tensors, which are in the file: no overflow */
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

static mirnet_status read_model(mirnet_model **out, loading *l, mn_source *source)
{
    MN_TRY(mn_safetensors_open(&l->file, source, l->tensors));
    mirnet_status status = check_format(l->tensors);
    if (status != MIRNET_OK)
        return mn_fail_within(status, "%s", source->name);
    mirnet_model *model = NULL;
    MN_TRY(build_model(&model, l->tensors, source->name));
    status = fill_model(model, l);
    status = status == MIRNET_OK ? read_data(model, l, source->name) : mn_fail_within(status, "%s", source->name);
    if (status != MIRNET_OK) {
        mirnet_model_destroy(model);
        return status;
    }
    *out = model;
    return MIRNET_OK;
}

static mirnet_status load(mirnet_model **out, mn_source *source, bool with_state)
{
    loading l = {.with_state = with_state};
    MN_TRY(mirnet_tensors_create(&l.tensors));
    mirnet_status status = read_model(out, &l, source);
    mn_free(l.fits);
    mn_free(l.places);
    mn_safetensors_destroy(l.file);
    mirnet_tensors_destroy(l.tensors);
    return status;
}

mirnet_status mirnet_model_load_mem(mirnet_model **out, const void *bytes, size_t size, const char *source)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(bytes || size == 0, "bytes is NULL");
    MN_REQUIRE(source, "source is NULL");
    mn_source memory = mn_source_of(bytes, size, source);
    return load(out, &memory, true);
}

static mirnet_status load_file(mirnet_model **out, const char *path, bool with_state)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(path, "path is NULL");
    mn_source source;
    MN_TRY(mn_source_open(&source, path, mn_safetensors_limit()));
    mirnet_status status = load(out, &source, with_state);
    mn_source_close(&source);
    return status;
}

mirnet_status mirnet_model_load(mirnet_model **out, const char *path)
{
    return load_file(out, path, true);
}

mirnet_status mirnet_model_load_stateless(mirnet_model **out, const char *path)
{
    return load_file(out, path, false);
}
