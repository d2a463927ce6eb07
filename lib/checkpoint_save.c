/* checkpoint_save.c - saving model files: a model to tensors with notes */
/* SPDX-License-Identifier: MIT */
#include "checkpoint.h"

#include <mirnet/version.h>

#include "json.h"
#include "mem.h"
#include "model.h"
#include "safetensors.h"

/* Borrows the values. Names of weights and state come from layer names, which are free text: they could meet. */
static mirnet_status add_tensor(mirnet_tensors *tensors, const char *name, const mn_shape *shape, const float *values)
{
    if (mn_tensors_find(tensors, name))
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "two tensors of the model would be called '%s'", name);
    return mn_tensors_put(tensors, name, shape->dim, shape->rank, values, NULL);
}

static mirnet_status add_weights(mirnet_tensors *tensors, const mirnet_model *model)
{
    mn_model_settle(model);
    for (int32_t i = 0; i < model->n_params; i++) {
        const mn_param *param = model->params[i];
        MN_TRY(mn_model_check_weight(param->name, model->weights + param->offset, param->size));
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
        status = mn_buf_printf(&name, "%s%s", MN_STATE_PREFIX, tensor->name);
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
    MN_REQUIRE(model->n_classes <= MN_MAX_CLASSES, "%d classes, a file holds %d", (int)model->n_classes,
               MN_MAX_CLASSES);
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
    MN_TRY(mirnet_recipe_copy(&recipe, model->recipe));
    const char *json = mirnet_recipe_get_json(recipe);
    mirnet_status status = json ? mirnet_tensors_set_note(tensors, "recipe", json) : MIRNET_ERR_NOMEM;
    mirnet_recipe_destroy(recipe);
    return status;
}

static mirnet_status describe(mirnet_tensors *tensors, const mirnet_model *model)
{
    MN_TRY(mirnet_tensors_set_note(tensors, "format", MN_FORMAT));
    MN_TRY(mirnet_tensors_set_note(tensors, "format_version", MN_FORMAT_VERSION));
    MN_TRY(mirnet_tensors_set_note(tensors, "library", mirnet_version()));
    MN_TRY(add_recipe(tensors, model));
    if (model->n_classes > 0)
        MN_TRY(add_classes(tensors, model));
    if (model->n_notes > 0)
        MN_TRY(add_notes(tensors, model));
    MN_TRY(add_weights(tensors, model));
    return model->state ? add_state(tensors, model->state) : MIRNET_OK;
}

/* The model as tensors, whose values stay the model's. */
static mirnet_status collect(mirnet_tensors **out, const mirnet_model *model)
{
    mirnet_tensors *tensors;
    MN_TRY(mirnet_tensors_create(&tensors));
    mirnet_status status = describe(tensors, model);
    if (status != MIRNET_OK) {
        mirnet_tensors_destroy(tensors);
        return status;
    }
    *out = tensors;
    return MIRNET_OK;
}

mirnet_status mirnet_model_save(const mirnet_model *model, const char *path)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(path, "path is NULL");
    mirnet_tensors *tensors;
    MN_TRY(collect(&tensors, model));
    mirnet_status status = mn_safetensors_save(tensors, path);
    mirnet_tensors_destroy(tensors);
    return status;
}

mirnet_status mirnet_model_save_mem(const mirnet_model *model, void *out, size_t capacity, size_t *out_size)
{
    MN_REQUIRE(model, "model is NULL");
    MN_REQUIRE(out_size, "out_size is NULL");
    mirnet_tensors *tensors;
    size_t size;
    MN_TRY(collect(&tensors, model));
    mirnet_status status = mn_safetensors_save_mem(tensors, out, capacity, &size);
    if (status == MIRNET_OK) {
        *out_size = size;
        if (out && capacity < size)
            status = mn_fail(MIRNET_ERR_SHAPE, "the model needs %zu bytes, there are %zu", size, capacity);
    }
    mirnet_tensors_destroy(tensors);
    return status;
}
