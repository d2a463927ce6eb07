/* place.c - checked reading of JSON values with messages that name the place */
/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "mem.h"

enum { PATH_SIZE = 384, TEXT_SIZE = 400 };

mn_place mn_place_top(const mn_document *document, const char *path, const json_t *value)
{
    /* jansson walks through objects by a pointer that is not const. */
    return (mn_place){.document = document, .key = path, .value = (json_t *)(uintptr_t)value};
}

mn_place mn_place_key(const mn_place *up, const char *key)
{
    return (mn_place){.document = up->document, .up = up, .key = key, .value = json_object_get(up->value, key)};
}

mn_place mn_place_item(const mn_place *up, size_t index)
{
    return (mn_place){.document = up->document, .up = up, .index = index, .value = json_array_get(up->value, index)};
}

bool mn_place_empty(const mn_place *at)
{
    return !at->value || json_is_null(at->value);
}

static void append(char *text, size_t size, const char *word)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? "/" : "", word);
}

/* The keys and indices from below the place `from` (NULL: the whole document) down to `at`. */
static void path_text(const mn_place *at, const mn_place *from, char text[PATH_SIZE])
{
    if (!at || at == from)
        return;
    path_text(at->up, from, text);
    char index[24];
    snprintf(index, sizeof(index), "%zu", at->index);
    const char *word = at->key ? at->key : index;
    if (*word)
        append(text, PATH_SIZE, word);
}

/* "outer/inner": the labels around a place. */
static void label_text(const mn_place *at, char text[PATH_SIZE])
{
    if (!at)
        return;
    label_text(at->up, text);
    if (at->label)
        append(text, PATH_SIZE, at->label);
}

mirnet_status mn_place_fail(const mn_place *at, mirnet_status status, const char *format, ...)
{
    char text[TEXT_SIZE], path[PATH_SIZE] = "", label[PATH_SIZE] = "", field[PATH_SIZE] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    const mn_place *layer = at;
    while (layer && !layer->label)
        layer = layer->up;
    path_text(at, NULL, path);
    path_text(at, layer, field);
    label_text(at, label);

    int line, column;
    const mn_document *document = at->document;
    mn_json_locate(document->text, document->size, path, &line, &column);
    if (!layer)
        return mn_fail(status, "%s:%d:%d: %s%.120s%s%s", document->source, line, column, *field ? "'" : "", field,
                       *field ? "': " : "", text);
    return mn_fail(status, "%s:%d:%d: layer '%.120s': %s%.120s%s%s", document->source, line, column, label,
                   *field ? "field '" : "", field, *field ? "': " : "", text);
}

mirnet_status mn_place_expected(const mn_place *at, const char *what)
{
    if (!at->value)
        return mn_place_fail(at, MIRNET_ERR_FORMAT, "missing, expected %s", what);
    char *text = mn_json_text(at->value, false);
    mirnet_status status =
        text ? mn_place_fail(at, MIRNET_ERR_FORMAT, "expected %s, not %.60s", what, text) : MIRNET_ERR_NOMEM;
    mn_free(text);
    return status;
}

mirnet_status mn_place_integer(const mn_place *at, int64_t min, int64_t max, int64_t *out)
{
    char what[96];
    snprintf(what, sizeof(what), "an integer from %lld to %lld", (long long)min, (long long)max);
    double real = json_number_value(at->value);
    bool whole = json_is_integer(at->value) || (json_is_real(at->value) && real == floor(real));
    if (!whole || fabs(real) > 9007199254740992.0)
        return mn_place_expected(at, what);
    int64_t value = json_is_integer(at->value) ? json_integer_value(at->value) : (int64_t)real;
    if (value < min || value > max)
        return mn_place_expected(at, what);
    *out = value;
    return MIRNET_OK;
}

mirnet_status mn_place_number(const mn_place *at, double min, double max, double *out)
{
    char what[96], from[32], to[32];
    mn_json_number(min, from);
    mn_json_number(max, to);
    snprintf(what, sizeof(what), "a number from %s to %s", from, to);
    double value = json_number_value(at->value);
    if (!json_is_number(at->value) || !(value >= min && value <= max))
        return mn_place_expected(at, what);
    *out = value;
    return MIRNET_OK;
}

mirnet_status mn_place_flag(const mn_place *at, bool *out)
{
    if (!json_is_boolean(at->value))
        return mn_place_expected(at, "true or false");
    *out = json_is_true(at->value);
    return MIRNET_OK;
}

mirnet_status mn_place_string(const mn_place *at, const char **out)
{
    if (!json_is_string(at->value))
        return mn_place_expected(at, "a text");
    *out = json_string_value(at->value);
    return MIRNET_OK;
}

mirnet_status mn_place_object(const mn_place *at)
{
    return json_is_object(at->value) ? MIRNET_OK : mn_place_expected(at, "an object");
}

mirnet_status mn_place_list(const mn_place *at)
{
    return json_is_array(at->value) ? MIRNET_OK : mn_place_expected(at, "a list");
}

mirnet_status mn_place_keys(const mn_place *at, const char *const *keys)
{
    MN_TRY(mn_place_object(at));
    void *position = json_object_iter(at->value);
    while (position) {
        const char *key = json_object_iter_key(position);
        size_t i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i]) {
            mn_place unknown = mn_place_key(at, key);
            return mn_place_fail(&unknown, MIRNET_ERR_FORMAT, "unknown key");
        }
        position = json_object_iter_next(at->value, position);
    }
    return MIRNET_OK;
}

static int fold(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool mn_same_word(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '_')
            a++;
        while (*b == '_')
            b++;
        if (fold(*a) != fold(*b))
            return false;
        if (!*a)
            return true;
    }
}
