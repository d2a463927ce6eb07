/* json.c - reading JSON with jansson, writing it, and finding the place of a value */
/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "mem.h"

enum { SIZE_LIMIT = 16 << 20 };

/*
 * jansson's lexer keeps the current token in a buffer that grows, and does not notice when growing fails: characters
 * get lost, or it reads behind the token. So the document is read as the second item of ["aaa...", document]: the
 * first item is longer than any token of the document can be, so that the buffer has its final size before the
 * document begins, and an item of another length than was sent tells that memory was short.
 */
typedef struct feed {
    const char *text;
    size_t size, pad, position;
} feed;

/* The byte at a position of what jansson is given. */
static char feed_byte(const feed *source, size_t i)
{
    size_t text_begin = source->pad + 4; /* ["..." and a comma */
    if (i >= text_begin)
        return i - text_begin < source->size ? source->text[i - text_begin] : ']';
    if (i == 0)
        return '[';
    if (i == 1 || i == source->pad + 2)
        return '"';
    return i == source->pad + 3 ? ',' : 'a';
}

static size_t feed_read(void *buffer, size_t room, void *data)
{
    feed *source = data;
    size_t left = source->pad + 4 + source->size + 1 - source->position;
    size_t n = left < room ? left : room;
    for (size_t i = 0; i < n; i++)
        ((char *)buffer)[i] = feed_byte(source, source->position + i);
    source->position += n;
    return n;
}

/* jansson reports a string that it has no memory for as an unexpected token; it is then the last one read. No real
 * error of these two kinds is about a whole string. Errors without a text are lack of memory, too. */
static bool is_nomem(const json_error_t *error, const feed *source)
{
    if (!error->text[0] || json_error_code(error) == json_error_out_of_memory)
        return true;
    bool at_string = error->position > 0 && feed_byte(source, (size_t)error->position - 1) == '"';
    return at_string &&
           (strncmp(error->text, "invalid token", 13) == 0 || strncmp(error->text, "string or '}' expected", 22) == 0);
}

static mirnet_status fail_syntax(const json_error_t *error, const feed *source, const char *name)
{
    size_t begin = source->pad + 4;
    if (is_nomem(error, source))
        return mn_fail_nomem(source->size);
    int column = error->line == 1 ? error->column - (int)begin : error->column;
    const char *text = error->text;
    if ((size_t)error->position > begin + source->size)
        text = "the text ends too early";
    else if (json_error_code(error) == json_error_invalid_syntax && strstr(text, " near "))
        text = strstr(text, "near ");
    return mn_fail(MIRNET_ERR_FORMAT, "%s:%d:%d: not valid JSON: %s", name, error->line, column > 0 ? column : 1, text);
}

mirnet_status mn_json_read(json_t **out, const char *text, size_t size, const char *source)
{
    if (size > SIZE_LIMIT)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: JSON text of %zu bytes, at most %d are read", source, size, SIZE_LIMIT);
    /* Not a multiple of 16 with its quotes: the buffer never has to grow just for the closing one. */
    feed feed_ = {.text = text, .size = size, .pad = (size + 15) / 16 * 16 + 24};
    void *probe = mn_calloc(feed_.pad, 4);
    if (!probe)
        return MIRNET_ERR_NOMEM;
    mn_free(probe);

    json_error_t error;
    json_t *both = json_load_callback(feed_read, &feed_, JSON_REJECT_DUPLICATES, &error);
    if (!both)
        return fail_syntax(&error, &feed_, source);
    mirnet_status status = MIRNET_OK;
    if (json_string_length(json_array_get(both, 0)) != feed_.pad)
        status = mn_fail_nomem(size);
    else if (json_array_size(both) != 2)
        status = mn_fail(MIRNET_ERR_FORMAT, "%s: not valid JSON: %zu values, expected one", source,
                         json_array_size(both) - 1);
    else
        *out = json_incref(json_array_get(both, 1));
    json_decref(both);
    return status;
}

/* Finding places reads text that jansson has accepted: it only has to tell where things begin and end. */

static const char *skip_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* From an opening quote to behind the closing one. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : end;
}

static const char *skip_value(const char *p, const char *end)
{
    int depth = 0;
    while (p < end) {
        if (*p == '"') {
            p = skip_string(p, end);
        } else {
            if (depth == 0 && strchr(",]} \t\r\n", *p))
                break;
            depth += *p == '{' || *p == '[';
            depth -= *p == '}' || *p == ']';
            p++;
        }
        if (depth == 0 && (p[-1] == '"' || p[-1] == '}' || p[-1] == ']'))
            break;
    }
    return p;
}

/* The value under a key, or of an index, in the object or array that begins at p; NULL if there is none. Keys that are
 * written with escapes are not found. */
static const char *find_child(const char *p, const char *end, const char *name, size_t name_size)
{
    if (p >= end || (*p != '{' && *p != '['))
        return NULL;
    bool object = *p == '{';
    size_t index = 0;
    for (size_t i = 0; i < name_size && !object; i++) {
        if (name[i] < '0' || name[i] > '9' || index > SIZE_LIMIT)
            return NULL;
        index = index * 10 + (size_t)(name[i] - '0');
    }
    for (size_t i = 0;; i++) {
        p = skip_blank(p + 1, end);
        if (p >= end || *p == '}' || *p == ']')
            return NULL;
        bool found = i == index;
        if (object) {
            const char *key = p + 1;
            p = skip_string(p, end);
            found = (size_t)(p - key) == name_size + 1 && memcmp(key, name, name_size) == 0;
            p = skip_blank(p, end);
            p = skip_blank(p + 1, end); /* the colon */
        }
        if (found)
            return p;
        p = skip_blank(skip_value(p, end), end);
        if (p >= end || *p != ',')
            return NULL;
    }
}

void mn_json_locate(const char *text, size_t size, const char *path, int *out_line, int *out_column)
{
    const char *end = text + size;
    const char *at = skip_blank(text, end);
    while (*path) {
        size_t n = strcspn(path, "/");
        const char *child = n ? find_child(at, end, path, n) : at;
        if (!child)
            break;
        at = child;
        path += n + (path[n] == '/');
    }
    *out_line = *out_column = 1;
    for (const char *p = text; p < at; p++) {
        if (*p == '\n') {
            ++*out_line;
            *out_column = 1;
        } else if (((unsigned char)*p & 0xc0) != 0x80) { /* not the inside of a UTF-8 letter */
            ++*out_column;
        }
    }
}

/* The digits of %g, which an application's locale may write with another point. */
void mn_json_number(double value, char text[32])
{
    char digits[64];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    char *to = text;
    bool real = false;
    for (const char *from = digits; *from && to < text + 29;) {
        size_t n = strspn(from, "0123456789e+-");
        real |= from[n] || memchr(from, 'e', n);
        memcpy(to, from, n);
        to += n;
        from += n;
        if (*from) {
            *to++ = '.';
            from += strcspn(from, "0123456789e+-");
        }
    }
    memcpy(to, real ? "" : ".0", real ? 1 : 3);
}

static int add_text(const char *bytes, size_t size, void *buf)
{
    return mn_buf_add(buf, bytes, size) == MIRNET_OK ? 0 : -1;
}

static mirnet_status write_value(mn_buf *buf, json_t *value, bool sorted);

static mirnet_status write_scalar(mn_buf *buf, const json_t *value)
{
    if (json_dump_callback(value, add_text, buf, JSON_ENCODE_ANY | JSON_COMPACT) != 0)
        return mn_fail_nomem(buf->size);
    return MIRNET_OK;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static mirnet_status write_object(mn_buf *buf, json_t *object, bool sorted)
{
    size_t n = json_object_size(object), i = 0;
    const char **keys = mn_calloc(n, sizeof(*keys));
    if (!keys)
        return MIRNET_ERR_NOMEM;
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
        keys[i++] = json_object_iter_key(at);
    if (sorted)
        qsort(keys, n, sizeof(*keys), by_key);
    mirnet_status status = mn_buf_add_text(buf, "{");
    for (i = 0; i < n && !status; i++) {
        json_t *key = json_string(keys[i]);
        status = key ? write_scalar(buf, key) : mn_fail_nomem(strlen(keys[i]));
        json_decref(key);
        if (!status)
            status = mn_buf_add_text(buf, ":");
        if (!status)
            status = write_value(buf, json_object_get(object, keys[i]), sorted);
        if (!status && i + 1 < n)
            status = mn_buf_add_text(buf, ",");
    }
    mn_free(keys);
    return status ? status : mn_buf_add_text(buf, "}");
}

static mirnet_status write_value(mn_buf *buf, json_t *value, bool sorted)
{
    if (json_is_object(value))
        return write_object(buf, value, sorted);
    if (json_is_real(value)) {
        char text[32];
        mn_json_number(json_real_value(value), text);
        return mn_buf_add_text(buf, text);
    }
    if (!json_is_array(value))
        return write_scalar(buf, value);
    MN_TRY(mn_buf_add_text(buf, "["));
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i > 0)
            MN_TRY(mn_buf_add_text(buf, ","));
        MN_TRY(write_value(buf, json_array_get(value, i), sorted));
    }
    return mn_buf_add_text(buf, "]");
}

char *mn_json_text(json_t *value, bool sorted)
{
    mn_buf buf = {0};
    if (write_value(&buf, value, sorted) != MIRNET_OK) {
        mn_buf_destroy(&buf);
        return NULL;
    }
    return buf.data;
}
