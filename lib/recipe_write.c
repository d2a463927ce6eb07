/* recipe_write.c - a recipe as JSON: every option, in the order of the table */
/* SPDX-License-Identifier: MIT */
#include "recipe_parts.h"

#include "buf.h"
#include "json.h"
#include "mem.h"

static mirnet_status add_text(mn_buf *buf, const char *text)
{
    json_t *value = json_string(text);
    char *quoted = value ? mn_json_text(value, false) : NULL;
    mirnet_status status = quoted ? mn_buf_add_text(buf, quoted) : mn_fail_nomem(strlen(text));
    mn_free(quoted);
    json_decref(value);
    return status;
}

static mirnet_status add_pair(mn_buf *buf, const char *key, const char *text)
{
    if (!text)
        return MIRNET_OK;
    MN_TRY(mn_buf_printf(buf, "\"%s\":", key));
    MN_TRY(add_text(buf, text));
    return mn_buf_add_text(buf, ",");
}

static mirnet_status add_number(mn_buf *buf, mn_option_kind kind, double value)
{
    char text[32];
    if (kind == MN_OPTION_FLAG)
        return mn_buf_add_text(buf, value != 0 ? "true" : "false");
    if (kind == MN_OPTION_INTEGER)
        return mn_buf_printf(buf, "%lld", (long long)value);
    mn_json_number(value, text);
    return mn_buf_add_text(buf, text);
}

/* The options of one section, "encoder." or "training.", without their braces. */
static mirnet_status add_options(mn_buf *buf, const mirnet_recipe *recipe, const char *section)
{
    size_t n = strlen(section);
    bool first = true;
    for (int32_t i = 0; i < MN_OPTION_COUNT; i++) {
        const mn_option *option = mn_option_get(i);
        if (strncmp(option->key, section, n) != 0)
            continue;
        MN_TRY(mn_buf_printf(buf, "%s\"%s\":", first ? "" : ",", option->key + n));
        first = false;
        if (mn_option_is_number(option))
            MN_TRY(add_number(buf, option->kind, recipe->numbers[i]));
        else
            MN_TRY(add_text(buf, mn_recipe_option_text(recipe, i)));
    }
    return MIRNET_OK;
}

static mirnet_status add_classes(mn_buf *buf, const mirnet_recipe *recipe)
{
    if (recipe->n_classes == 0)
        return MIRNET_OK;
    MN_TRY(mn_buf_add_text(buf, "\"classes\":["));
    for (int32_t i = 0; i < recipe->n_classes; i++) {
        MN_TRY(mn_buf_add_text(buf, i ? "," : ""));
        MN_TRY(add_text(buf, recipe->classes[i]));
    }
    return mn_buf_add_text(buf, "],");
}

static mirnet_status add_weights(mn_buf *buf, const mirnet_recipe *recipe)
{
    if (recipe->n_weights == 0)
        return MIRNET_OK;
    MN_TRY(mn_buf_add_text(buf, ",\"class_weights\":["));
    for (int32_t i = 0; i < recipe->n_weights; i++) {
        MN_TRY(mn_buf_add_text(buf, i ? "," : ""));
        MN_TRY(add_number(buf, MN_OPTION_REAL, recipe->weights[i]));
    }
    return mn_buf_add_text(buf, "]");
}

static mirnet_status add_recipe(mn_buf *buf, const mirnet_recipe *recipe)
{
    MN_TRY(mn_buf_add_text(buf, "{"));
    MN_TRY(add_pair(buf, "name", recipe->name));
    MN_TRY(add_pair(buf, "source", recipe->source));
    MN_TRY(add_pair(buf, "description", recipe->description));
    MN_TRY(mn_buf_add_text(buf, "\"encoder\":{"));
    MN_TRY(add_options(buf, recipe, "encoder."));
    MN_TRY(mn_buf_add_text(buf, "},"));
    MN_TRY(add_classes(buf, recipe));
    MN_TRY(mn_buf_add_text(buf, "\"model\":"));
    MN_TRY(mn_buf_add_text(buf, recipe->model));
    MN_TRY(mn_buf_add_text(buf, ",\"training\":{"));
    MN_TRY(add_options(buf, recipe, "training."));
    MN_TRY(add_weights(buf, recipe));
    return mn_buf_add_text(buf, "}}");
}

char *mn_recipe_write(const mirnet_recipe *recipe)
{
    mn_buf buf = {0};
    if (add_recipe(&buf, recipe) != MIRNET_OK) {
        mn_buf_destroy(&buf);
        return NULL;
    }
    return buf.data;
}
