/* safetensors.c - reading safetensors files */
/* SPDX-License-Identifier: MIT */
/*
 * The format (github.com/huggingface/safetensors): 8 bytes N, little-endian; N bytes of JSON, an object
 *     {"__metadata__": {"key": "text", ...}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 * padded with blanks; then the data, little-endian, row-major, offsets counted from their start.
 *
 * Reading trusts nothing. All of the header is verified first, so that each tensor's bytes are known to lie in the
 * file, side by side without hole or overlap, before any memory is taken for values.
 */
#include "safetensors.h"

#include <stdlib.h>

#include "dtype.h"
#include "json.h"
#include "mem.h"
#include "sha256.h"

enum {
    FORMAT_MAX_HEADER = 100000000, /* what the format allows */
    BLOCK = 1 << 17 /* bytes of data at a time, a multiple of all types: they stay in the cache for the digest */
};

/* Numbers in a header have at most 48 bits, by the format's JSON schema. */
static const json_int_t MAX_INTEGER = ((json_int_t)1 << 48) - 1;

size_t mn_safetensors_limit(void)
{
    return SIZE_MAX > UINT32_MAX ? (size_t)((uint64_t)1 << 36) : SIZE_MAX / 4;
}

/* A tensor as the header tells it; the name belongs to the JSON. */
typedef struct entry {
    const char *name;
    const mn_dtype *type;
    mn_shape shape;
    size_t size; /* elements */
    uint64_t begin, end;
    size_t index; /* its place in the order of names, which is that of a mirnet_tensors */
} entry;

struct mn_safetensors {
    mn_source *source;
    size_t data_size;
    json_t *header;
    json_t *metadata; /* the header's, or NULL */
    size_t n_entries;
    entry *entries; /* as their data come */
    uint8_t *block; /* [BLOCK] */
};

static mirnet_status get_integer(const json_t *value, uint64_t *out)
{
    if (!json_is_integer(value))
        return mn_fail(MIRNET_ERR_FORMAT, "a number is not an integer");
    json_int_t integer = json_integer_value(value);
    if (integer < 0 || integer > MAX_INTEGER)
        return mn_fail(MIRNET_ERR_FORMAT, "%lld is not in 0..2^48 - 1", (long long)integer);
    *out = (uint64_t)integer;
    return MIRNET_OK;
}

static mirnet_status read_dtype(const json_t *value, entry *e)
{
    const char *name = json_string_value(value);
    if (!name)
        return mn_fail(MIRNET_ERR_FORMAT, "dtype is missing or not a text");
    e->type = mn_dtype_find(name);
    if (e->type)
        return MIRNET_OK;
    return mn_fail(MIRNET_ERR_UNSUPPORTED, "dtype '%s' is none of F32 F64 F16 BF16 I64 I32 U8 BOOL", name);
}

static mirnet_status read_shape(const json_t *value, entry *e)
{
    if (!json_is_array(value))
        return mn_fail(MIRNET_ERR_FORMAT, "shape is missing or not a list");
    size_t rank = json_array_size(value);
    if (rank > MN_MAX_RANK)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "%zu dimensions are more than %d", rank, MN_MAX_RANK);
    e->shape = (mn_shape){.rank = (int32_t)rank};
    e->size = 1;
    for (size_t i = 0; i < rank; i++) {
        uint64_t dim = 0;
        mirnet_status status = get_integer(json_array_get(value, i), &dim);
        if (status != MIRNET_OK)
            return mn_fail_within(status, "shape");
        if (dim > SIZE_MAX || !mn_mul(e->size, (size_t)dim, &e->size))
            return mn_fail(MIRNET_ERR_FORMAT, "shape: the number of values overflows");
        e->shape.dim[i] = (int64_t)dim;
    }
    return MIRNET_OK;
}

/* The byte range must be what shape and dtype need, and lie in the data. */
static mirnet_status read_offsets(const json_t *value, const mn_safetensors *f, entry *e)
{
    if (!json_is_array(value) || json_array_size(value) != 2)
        return mn_fail(MIRNET_ERR_FORMAT, "data_offsets is missing or not a list of two");
    mirnet_status status = get_integer(json_array_get(value, 0), &e->begin);
    if (status == MIRNET_OK)
        status = get_integer(json_array_get(value, 1), &e->end);
    if (status != MIRNET_OK)
        return mn_fail_within(status, "data_offsets");
    if (e->begin > e->end)
        return mn_fail(MIRNET_ERR_FORMAT, "data_offsets are reversed");
    if (e->end > f->data_size)
        return mn_fail(MIRNET_ERR_FORMAT, "data_offsets end at %llu, but there are %zu bytes of data",
                       (unsigned long long)e->end, f->data_size);
    size_t bytes;
    if (!mn_mul(e->size, e->type->size, &bytes) || bytes != e->end - e->begin)
        return mn_fail(MIRNET_ERR_FORMAT, "data_offsets hold %llu bytes, which is not what %zu values of %s need",
                       (unsigned long long)(e->end - e->begin), e->size, e->type->name);
    return MIRNET_OK;
}

static mirnet_status read_fields(json_t *value, const mn_safetensors *f, entry *e)
{
    if (!json_is_object(value))
        return mn_fail(MIRNET_ERR_FORMAT, "is not an object");
    const char *key;
    json_t *field;
    json_object_foreach (value, key, field)
        if (strcmp(key, "dtype") != 0 && strcmp(key, "shape") != 0 && strcmp(key, "data_offsets") != 0)
            return mn_fail(MIRNET_ERR_FORMAT, "unknown field '%s'", key);
    MN_TRY(read_dtype(json_object_get(value, "dtype"), e));
    MN_TRY(read_shape(json_object_get(value, "shape"), e));
    return read_offsets(json_object_get(value, "data_offsets"), f, e);
}

/* All tensors of the header into f->entries. */
static mirnet_status read_entries(mn_safetensors *f)
{
    size_t n = json_object_size(f->header) - (f->metadata ? 1 : 0);
    f->entries = mn_calloc(n, sizeof(entry));
    if (!f->entries)
        return MIRNET_ERR_NOMEM;
    const char *name;
    json_t *value;
    json_object_foreach (f->header, name, value) {
        if (value == f->metadata)
            continue;
        if (!*name)
            return mn_fail(MIRNET_ERR_FORMAT, "%s: a tensor's name is empty", f->source->name);
        entry *e = &f->entries[f->n_entries++];
        e->name = name;
        mirnet_status status = read_fields(value, f, e);
        if (status != MIRNET_OK)
            return mn_fail_within(status, "%s: tensor '%s'", f->source->name, name);
    }
    return MIRNET_OK;
}

static int by_offset(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int by_name(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* The tensors must cover the data from the first byte to the last, each byte once. */
static mirnet_status check_cover(mn_safetensors *f)
{
    qsort(f->entries, f->n_entries, sizeof(entry), by_offset);
    uint64_t end = 0;
    for (size_t i = 0; i < f->n_entries; i++) {
        const entry *e = &f->entries[i];
        if (e->begin != end)
            return mn_fail(MIRNET_ERR_FORMAT, "%s: tensor '%s': %s before its data at offset %llu", f->source->name,
                           e->name, e->begin > end ? "a hole" : "an overlap", (unsigned long long)e->begin);
        end = e->end;
    }
    if (end != f->data_size)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: %llu bytes at the end belong to no tensor", f->source->name,
                       (unsigned long long)(f->data_size - end));
    return MIRNET_OK;
}

static mirnet_status check_metadata(const mn_safetensors *f)
{
    if (!f->metadata)
        return MIRNET_OK;
    if (!json_is_object(f->metadata))
        return mn_fail(MIRNET_ERR_FORMAT, "%s: %s is not an object", f->source->name, MN_METADATA);
    const char *key;
    json_t *value;
    json_object_foreach (f->metadata, key, value)
        if (!json_is_string(value))
            return mn_fail(MIRNET_ERR_FORMAT, "%s: %s: '%s' is not a text", f->source->name, MN_METADATA, key);
    return MIRNET_OK;
}

static mirnet_status parse_header(mn_safetensors *f, size_t n)
{
    char *text = mn_realloc(NULL, n, 1);
    if (!text)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = mn_source_read(f->source, text, n);
    if (status == MIRNET_OK)
        status = mn_json_read(&f->header, text, n, f->source->name);
    mn_free(text);
    return status;
}

static mirnet_status read_header(mn_safetensors *f)
{
    const char *name = f->source->name;
    size_t size = f->source->left;
    uint8_t length[MN_LENGTH_SIZE];
    if (size < sizeof(length))
        return mn_fail(MIRNET_ERR_FORMAT, "%s: not a safetensors file: %zu bytes are too few", name, size);
    MN_TRY(mn_source_read(f->source, length, sizeof(length)));
    uint64_t n = mn_get_le(length, sizeof(length));
    size -= sizeof(length);
    if (n > FORMAT_MAX_HEADER)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: not a safetensors file: a header of %llu bytes is too large", name,
                       (unsigned long long)n);
    if (n > size)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: truncated: the header has %llu bytes, %zu are there", name,
                       (unsigned long long)n, size);
    if (n > MN_MAX_HEADER)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "%s: a header of %llu bytes is larger than %d", name,
                       (unsigned long long)n, MN_MAX_HEADER);
    MN_TRY(parse_header(f, (size_t)n));
    if (!json_is_object(f->header))
        return mn_fail(MIRNET_ERR_FORMAT, "%s: the header is not an object", name);
    f->data_size = f->source->left;
    f->metadata = json_object_get(f->header, MN_METADATA);
    return MIRNET_OK;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In ascending order, so that each goes to the end of the notes. */
static mirnet_status add_notes(mirnet_tensors *tensors, json_t *metadata)
{
    size_t n = 0;
    const char **keys = mn_calloc(json_object_size(metadata), sizeof(*keys));
    if (!keys)
        return MIRNET_ERR_NOMEM;
    const char *key;
    json_t *value;
    json_object_foreach (metadata, key, value)
        if (strcmp(key, MN_DIGEST) != 0)
            keys[n++] = key;
    qsort(keys, n, sizeof(*keys), by_key);
    mirnet_status status = MIRNET_OK;
    for (size_t i = 0; i < n && status == MIRNET_OK; i++)
        status = mirnet_tensors_set_note(tensors, keys[i], json_string_value(json_object_get(metadata, keys[i])));
    mn_free(keys);
    return status;
}

/* What the header says, as tensors without values and notes. Ascending names go to the end of what is there. */
static mirnet_status add_all(mirnet_tensors *tensors, mn_safetensors *f)
{
    qsort(f->entries, f->n_entries, sizeof(entry), by_name);
    for (size_t i = 0; i < f->n_entries; i++) {
        entry *e = &f->entries[i];
        e->index = i;
        MN_TRY(mn_tensors_put(tensors, e->name, e->shape.dim, e->shape.rank, NULL, NULL));
    }
    qsort(f->entries, f->n_entries, sizeof(entry), by_offset);
    return f->metadata ? add_notes(tensors, f->metadata) : MIRNET_OK;
}

static mirnet_status open_all(mn_safetensors *f, mirnet_tensors *tensors)
{
    MN_TRY(read_header(f));
    MN_TRY(check_metadata(f));
    MN_TRY(read_entries(f));
    MN_TRY(check_cover(f));
    MN_TRY(add_all(tensors, f));
    f->block = mn_realloc(NULL, BLOCK, 1);
    return f->block ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

void mn_safetensors_destroy(mn_safetensors *f)
{
    if (!f)
        return;
    mn_free(f->block);
    mn_free(f->entries);
    json_decref(f->header);
    mn_free(f);
}

mirnet_status mn_safetensors_open(mn_safetensors **out, mn_source *source, mirnet_tensors *tensors)
{
    mn_safetensors *f = mn_calloc(1, sizeof(*f));
    if (!f)
        return MIRNET_ERR_NOMEM;
    f->source = source;
    mirnet_status status = open_all(f, tensors);
    if (status != MIRNET_OK) {
        mn_safetensors_destroy(f);
        return status;
    }
    *out = f;
    return MIRNET_OK;
}

/* The data of one tensor, into the digest and to their place. */
static mirnet_status read_tensor(mn_safetensors *f, const entry *e, float *opt_place, mn_sha256 *opt_sha)
{
    const bool direct = opt_place && mn_dtype_is_native(e->type);
    const size_t bytes = (size_t)(e->end - e->begin), size = e->type->size;
    for (size_t done = 0, n; done < bytes; done += n) {
        n = bytes - done < BLOCK ? bytes - done : BLOCK;
        uint8_t *to = direct ? (uint8_t *)opt_place + done : f->block;
        MN_TRY(mn_source_read(f->source, to, n));
        if (opt_sha)
            mn_sha256_add(opt_sha, to, n);
        for (size_t i = 0; opt_place && !direct && i < n / size; i++)
            opt_place[done / size + i] = e->type->get(to + i * size);
    }
    return MIRNET_OK;
}

mirnet_status mn_safetensors_run(mn_safetensors *f, float *const *places)
{
    const char *stored = json_string_value(json_object_get(f->metadata, MN_DIGEST));
    char digest[MN_DIGEST_SIZE];
    mn_sha256 sha;
    mn_sha256_reset(&sha);
    for (size_t i = 0; i < f->n_entries; i++)
        MN_TRY(read_tensor(f, &f->entries[i], places[f->entries[i].index], stored ? &sha : NULL));
    if (!stored)
        return MIRNET_OK;
    mn_sha256_get(&sha, digest);
    if (strcmp(stored, digest) != 0)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: the data are damaged: their %s is not the one in the header",
                       f->source->name, MN_DIGEST);
    return MIRNET_OK;
}
