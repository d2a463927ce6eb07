/* recipe.c - the recipe: options, classes, the spec of its model; built-in recipes */
/* SPDX-License-Identifier: MIT */
#include "recipe.h"

#include <unistd.h>

#include "io.h"
#include "json.h"
#include "mem.h"
#include "recipe_parts.h"

enum { FILE_LIMIT = 16 << 20 };

mirnet_recipe *mn_recipe_new(void)
{
    mirnet_recipe *recipe = mn_calloc(1, sizeof(*recipe));
    for (int32_t i = 0; i < MN_OPTION_COUNT && recipe; i++)
        recipe->numbers[i] = mn_option_get(i)->standard;
    return recipe;
}

const char *mn_recipe_option_text(const mirnet_recipe *recipe, int32_t option)
{
    return recipe->texts[option] ? recipe->texts[option] : mn_option_get(option)->standard_text;
}

static void changed(mirnet_recipe *recipe)
{
    mn_free(recipe->json);
    recipe->json = NULL;
}

mirnet_status mn_recipe_put_text(mirnet_recipe *recipe, int32_t option, const char *text)
{
    char *copy = mn_strdup(text);
    if (!copy)
        return MIRNET_ERR_NOMEM;
    /* Of an alphabet: AUGC in capitals. */
    for (char *c = copy; *c && mn_option_get(option)->kind == MN_OPTION_TEXT; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
        if (*c == 'T')
            *c = 'U';
    }
    mn_free(recipe->texts[option]);
    recipe->texts[option] = copy;
    changed(recipe);
    return MIRNET_OK;
}

/* UTF-8 without control characters: JSON and tables have to hold it. Overlong forms and surrogates are no UTF-8. */
static bool is_plain_text(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p) {
        int more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
        uint32_t letter = more == 0 ? *p : *p & (0x3fu >> more);
        if (*p < 0x20 || *p == 0x7f || (*p >= 0x80 && *p < 0xc2) || *p > 0xf4)
            return false;
        p++;
        for (int i = 0; i < more; i++, p++) {
            if ((*p & 0xc0) != 0x80)
                return false;
            letter = letter << 6 | (*p & 0x3f);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (letter < least[more] || letter > 0x10ffff || (letter >= 0xd800 && letter < 0xe000))
            return false;
    }
    return true;
}

static void free_texts(char **texts, int32_t n)
{
    for (int32_t i = 0; i < n && texts; i++)
        mn_free(texts[i]);
    mn_free(texts);
}

static mirnet_status check_classes(const char *const *names, int32_t n)
{
    MN_REQUIRE(n == 0 || (n >= 2 && n <= MN_MAX_CLASSES), "%d classes: expected 0, or 2 to %d", (int)n, MN_MAX_CLASSES);
    MN_REQUIRE(n == 0 || names, "names is NULL");
    for (int32_t i = 0; i < n; i++) {
        MN_REQUIRE(names[i] && names[i][0], "class %d has no name", (int)i);
        MN_REQUIRE(is_plain_text(names[i]), "the name of class %d is not plain UTF-8 text", (int)i);
        for (int32_t k = 0; k < i; k++)
            MN_REQUIRE(strcmp(names[i], names[k]) != 0, "two classes are called '%.60s'", names[i]);
    }
    return MIRNET_OK;
}

mirnet_status mn_recipe_put_classes(mirnet_recipe *recipe, const char *const *names, int32_t n)
{
    MN_TRY(check_classes(names, n));
    char **copies = mn_calloc((size_t)n, sizeof(*copies));
    if (!copies)
        return MIRNET_ERR_NOMEM;
    for (int32_t i = 0; i < n; i++)
        if (!(copies[i] = mn_strdup(names[i]))) {
            free_texts(copies, n);
            return MIRNET_ERR_NOMEM;
        }
    free_texts(recipe->classes, recipe->n_classes);
    recipe->classes = copies;
    recipe->n_classes = n;
    if (n > 0)
        recipe->n_weights = (int32_t)mn_min(recipe->n_weights, n);
    changed(recipe);
    return MIRNET_OK;
}

mirnet_status mn_recipe_put_weight(mirnet_recipe *recipe, int32_t c, double weight)
{
    int32_t n = recipe->n_classes ? recipe->n_classes : MN_MAX_CLASSES;
    MN_REQUIRE(c >= 0 && c < n, "class %d: expected 0 to %d", (int)c, (int)n - 1);
    MN_REQUIRE(weight >= 0 && weight <= 1e30, "the weight of class %d is not a number from 0 to 1e30", (int)c);
    if (c >= recipe->n_weights) {
        double *weights = mn_realloc(recipe->weights, (size_t)c + 1, sizeof(*weights));
        if (!weights)
            return MIRNET_ERR_NOMEM;
        for (int32_t i = recipe->n_weights; i <= c; i++)
            weights[i] = 1;
        recipe->weights = weights;
        recipe->n_weights = c + 1;
    }
    recipe->weights[c] = weight;
    changed(recipe);
    return MIRNET_OK;
}

const mn_spec *mn_recipe_get_spec(const mirnet_recipe *recipe)
{
    return recipe->spec;
}

double mn_recipe_number(const mirnet_recipe *recipe, const char *key)
{
    int32_t i = mn_option_find(key);
    return i < 0 ? 0 : recipe->numbers[i];
}

const char *mn_recipe_text(const mirnet_recipe *recipe, const char *key)
{
    int32_t i = mn_option_find(key);
    return i < 0 ? "" : mn_recipe_option_text(recipe, i);
}

static mirnet_status copy_text(char **out, const char *text)
{
    *out = text ? mn_strdup(text) : NULL;
    return text && !*out ? MIRNET_ERR_NOMEM : MIRNET_OK;
}

/* The spec is read again from the model's text. */
static mirnet_status copy_model(mirnet_recipe *to, const mirnet_recipe *from)
{
    json_t *model = NULL;
    size_t size = strlen(from->model);
    MN_TRY(copy_text(&to->model, from->model));
    MN_TRY(mn_json_read(&model, from->model, size, "model"));
    mirnet_status status = mn_spec_create(&to->spec, model, from->model, size, "", "model");
    json_decref(model);
    return status;
}

static mirnet_status copy_parts(mirnet_recipe *to, const mirnet_recipe *from)
{
    MN_TRY(copy_text(&to->name, from->name));
    MN_TRY(copy_text(&to->source, from->source));
    MN_TRY(copy_text(&to->description, from->description));
    memcpy(to->numbers, from->numbers, sizeof(to->numbers));
    for (int32_t i = 0; i < MN_OPTION_COUNT; i++)
        MN_TRY(copy_text(&to->texts[i], from->texts[i]));
    if (from->n_classes > 0)
        MN_TRY(mn_recipe_put_classes(to, (const char *const *)from->classes, from->n_classes));
    for (int32_t i = 0; i < from->n_weights; i++)
        MN_TRY(mn_recipe_put_weight(to, i, from->weights[i]));
    return copy_model(to, from);
}

mirnet_status mirnet_recipe_copy(mirnet_recipe **out, const mirnet_recipe *recipe)
{
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(recipe, "recipe is NULL");
    mirnet_recipe *copy = mn_recipe_new();
    mirnet_status status = copy ? copy_parts(copy, recipe) : MIRNET_ERR_NOMEM;
    if (status) {
        mirnet_recipe_destroy(copy);
        return status;
    }
    *out = copy;
    return MIRNET_OK;
}

mirnet_status mirnet_recipe_create(mirnet_recipe **out, const char *json, size_t size, const char *source)
{
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(json, "json is NULL");
    MN_REQUIRE(source, "source is NULL");
    mirnet_recipe *recipe = mn_recipe_new();
    mirnet_status status = recipe ? mn_recipe_read(recipe, json, size, source) : MIRNET_ERR_NOMEM;
    if (status) {
        mirnet_recipe_destroy(recipe);
        return status;
    }
    *out = recipe;
    return MIRNET_OK;
}

mirnet_status mirnet_recipe_load(mirnet_recipe **out, const char *name_or_path)
{
    MN_REQUIRE(out, "out is NULL");
    MN_REQUIRE(name_or_path, "name_or_path is NULL");
    for (int32_t i = 0; i < mn_builtin_count; i++)
        if (strcmp(mn_builtins[i].name, name_or_path) == 0)
            return mirnet_recipe_create(out, mn_builtins[i].json, strlen(mn_builtins[i].json), name_or_path);
    if (access(name_or_path, F_OK) != 0)
        return mn_fail(MIRNET_ERR_NOT_FOUND, "%s: neither a built-in recipe nor a file", name_or_path);
    char *text;
    size_t size;
    MN_TRY(mn_file_read(name_or_path, FILE_LIMIT, &text, &size));
    mirnet_status status = mirnet_recipe_create(out, text, size, name_or_path);
    mn_free(text);
    return status;
}

void mirnet_recipe_destroy(mirnet_recipe *recipe)
{
    if (!recipe)
        return;
    mn_spec_destroy(recipe->spec);
    free_texts(recipe->classes, recipe->n_classes);
    for (int32_t i = 0; i < MN_OPTION_COUNT; i++)
        mn_free(recipe->texts[i]);
    mn_free(recipe->weights);
    mn_free(recipe->name);
    mn_free(recipe->source);
    mn_free(recipe->description);
    mn_free(recipe->model);
    mn_free(recipe->json);
    mn_free(recipe);
}

int32_t mirnet_recipe_builtin_count(void)
{
    return mn_builtin_count;
}

const char *mirnet_recipe_builtin_name(int32_t i)
{
    return i >= 0 && i < mn_builtin_count ? mn_builtins[i].name : NULL;
}

const char *mirnet_recipe_builtin_json(int32_t i)
{
    return i >= 0 && i < mn_builtin_count ? mn_builtins[i].json : NULL;
}

/* The option of a key, which must be a number or not be one. */
static mirnet_status find_option(int32_t *out, const char *key, bool number)
{
    MN_REQUIRE(key, "key is NULL");
    int32_t i = mn_option_find(key);
    MN_REQUIRE(i >= 0, "there is no option '%.60s'", key);
    MN_REQUIRE(mn_option_is_number(mn_option_get(i)) == number, "option %s is %s", key,
               number ? "a text, not a number" : "a number, not a text");
    *out = i;
    return MIRNET_OK;
}

mirnet_status mirnet_recipe_set_number(mirnet_recipe *recipe, const char *key, double value)
{
    int32_t i = 0;
    MN_REQUIRE(recipe, "recipe is NULL");
    MN_TRY(find_option(&i, key, true));
    MN_TRY(mn_option_check_number(mn_option_get(i), value));
    recipe->numbers[i] = value;
    changed(recipe);
    return MIRNET_OK;
}

mirnet_status mirnet_recipe_set_text(mirnet_recipe *recipe, const char *key, const char *value)
{
    int32_t i = 0;
    MN_REQUIRE(recipe, "recipe is NULL");
    MN_REQUIRE(value, "value is NULL");
    MN_TRY(find_option(&i, key, false));
    MN_TRY(mn_option_check_text(mn_option_get(i), value));
    return mn_recipe_put_text(recipe, i, value);
}

mirnet_status mirnet_recipe_get_number(const mirnet_recipe *recipe, const char *key, double *out)
{
    int32_t i = 0;
    MN_REQUIRE(recipe && out, "recipe or out is NULL");
    MN_TRY(find_option(&i, key, true));
    *out = recipe->numbers[i];
    return MIRNET_OK;
}

mirnet_status mirnet_recipe_get_text(const mirnet_recipe *recipe, const char *key, const char **out)
{
    int32_t i = 0;
    MN_REQUIRE(recipe && out, "recipe or out is NULL");
    MN_TRY(find_option(&i, key, false));
    *out = mn_recipe_option_text(recipe, i);
    return MIRNET_OK;
}

int32_t mirnet_recipe_class_count(const mirnet_recipe *recipe)
{
    return recipe ? recipe->n_classes : 0;
}

const char *mirnet_recipe_get_class(const mirnet_recipe *recipe, int32_t c)
{
    return recipe && c >= 0 && c < recipe->n_classes ? recipe->classes[c] : NULL;
}

mirnet_status mirnet_recipe_set_classes(mirnet_recipe *recipe, const char *const *names, int32_t n)
{
    MN_REQUIRE(recipe, "recipe is NULL");
    return mn_recipe_put_classes(recipe, names, n);
}

mirnet_status mirnet_recipe_set_class_weight(mirnet_recipe *recipe, int32_t c, double weight)
{
    MN_REQUIRE(recipe, "recipe is NULL");
    char *given = mn_strdup("given");
    if (!given)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = mn_recipe_put_weight(recipe, c, weight);
    if (status) {
        mn_free(given);
        return status;
    }
    int32_t option = mn_option_find("training.class_weight");
    mn_free(recipe->texts[option]);
    recipe->texts[option] = given;
    return MIRNET_OK;
}

mirnet_status mirnet_recipe_get_class_weight(const mirnet_recipe *recipe, int32_t c, double *out)
{
    MN_REQUIRE(recipe && out, "recipe or out is NULL");
    int32_t n = recipe->n_classes ? recipe->n_classes : MN_MAX_CLASSES;
    MN_REQUIRE(c >= 0 && c < n, "class %d: expected 0 to %d", (int)c, (int)n - 1);
    *out = c < recipe->n_weights ? recipe->weights[c] : 1;
    return MIRNET_OK;
}

const char *mirnet_recipe_get_json(mirnet_recipe *recipe)
{
    if (recipe && !recipe->json)
        recipe->json = mn_recipe_write(recipe);
    return recipe ? recipe->json : NULL;
}
