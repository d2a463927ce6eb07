/* mn_quoted.c - documents that tests write with ' for " */
/* SPDX-License-Identifier: MIT */
#include "mn_quoted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mn_check.h"

char *mn_quoted(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    ck_assert_ptr_nonnull(copy);
    strcpy(copy, text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

mirnet_status mn_quoted_read(mn_spec **out, const char *json)
{
    json_t *document = NULL;
    *out = NULL;
    mirnet_status status = mn_json_read(&document, json, strlen(json), "m.json");
    if (!status)
        status = mn_spec_create(out, document, json, strlen(json), "", "m.json");
    json_decref(document);
    return status;
}

mn_spec *mn_quoted_spec(const char *text)
{
    mn_spec *spec;
    char *json = mn_quoted(text);
    mn_ok(mn_quoted_read(&spec, json));
    free(json);
    return spec;
}

mirnet_recipe *mn_quoted_recipe(const char *text)
{
    mirnet_recipe *recipe = NULL;
    char *json = mn_quoted(text);
    mn_ok(mirnet_recipe_create(&recipe, json, strlen(json), "r.json"));
    free(json);
    return recipe;
}

mirnet_recipe *mn_quoted_training(const char *training)
{
    char text[2048];
    snprintf(text, sizeof(text), "{" MN_QUOTED_MODEL ", 'training': {%s}}", training);
    return mn_quoted_recipe(text);
}
