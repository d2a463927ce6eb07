/* safetensors.c - tensors from and to the bytes of a safetensors file */
/* SPDX-License-Identifier: MIT */
/*
 * The format (github.com/huggingface/safetensors): 8 bytes N, little-endian; N bytes of JSON, an object
 *     {"__metadata__": {"key": "text", ...}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 * padded with blanks; then the data, little-endian, row-major, offsets counted from their start.
 *
 * Reading trusts nothing. All of the header is verified first, so that each tensor's bytes are known to lie in the
 * file, side by side without hole or overlap, before any memory is taken for values.
 */
#include "common.h"

#include <stdlib.h>

#include "dtype.h"
#include "json.h"
#include "mem.h"
#include "sha256.h"
#include "tensors.h"

enum {
    LENGTH_SIZE = 8,
    FORMAT_MAX_HEADER = 100000000, /* what the format allows */
    MAX_HEADER = 16 << 20,         /* what this library reads: some 200,000 tensors */
    DIGEST_SIZE = 65,
    CHUNK = 4096 /* floats converted at a time */
};

/* Numbers in a header have at most 48 bits, by the format's JSON schema. */
static const json_int_t MAX_INTEGER = ((json_int_t)1 << 48) - 1;

static const char METADATA[] = "__metadata__";
static const char DIGEST[] = "sha256";

size_t mn_safetensors_limit(void)
{
    return SIZE_MAX > UINT32_MAX ? (size_t)((uint64_t)1 << 36) : SIZE_MAX / 4;
}

/* ---- reading ---- */

/* A tensor as the header tells it; the name belongs to the JSON. */
typedef struct entry {
    const char *name;
    const mn_dtype *type;
    mn_shape shape;
    size_t size; /* elements */
    uint64_t begin, end;
} entry;

/* What is being read. */
typedef struct file {
    const char *source;
    const uint8_t *data;
    size_t data_size;
    json_t *header;
    json_t *metadata; /* the header's, or NULL */
    size_t n_entries;
    entry *entries;
} file;

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
static mirnet_status read_offsets(const json_t *value, const file *f, entry *e)
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

static mirnet_status read_fields(json_t *value, const file *f, entry *e)
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
static mirnet_status read_entries(file *f)
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
            return mn_fail(MIRNET_ERR_FORMAT, "%s: a tensor's name is empty", f->source);
        entry *e = &f->entries[f->n_entries++];
        e->name = name;
        mirnet_status status = read_fields(value, f, e);
        if (status != MIRNET_OK)
            return mn_fail_within(status, "%s: tensor '%s'", f->source, name);
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
static mirnet_status check_cover(file *f)
{
    qsort(f->entries, f->n_entries, sizeof(entry), by_offset);
    uint64_t end = 0;
    for (size_t i = 0; i < f->n_entries; i++) {
        const entry *e = &f->entries[i];
        if (e->begin != end)
            return mn_fail(MIRNET_ERR_FORMAT, "%s: tensor '%s': %s before its data at offset %llu", f->source, e->name,
                           e->begin > end ? "a hole" : "an overlap", (unsigned long long)e->begin);
        end = e->end;
    }
    if (end != f->data_size)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: %llu bytes at the end belong to no tensor", f->source,
                       (unsigned long long)(f->data_size - end));
    return MIRNET_OK;
}

static mirnet_status check_metadata(const file *f)
{
    if (!f->metadata)
        return MIRNET_OK;
    if (!json_is_object(f->metadata))
        return mn_fail(MIRNET_ERR_FORMAT, "%s: %s is not an object", f->source, METADATA);
    const char *key;
    json_t *value;
    json_object_foreach (f->metadata, key, value)
        if (!json_is_string(value))
            return mn_fail(MIRNET_ERR_FORMAT, "%s: %s: '%s' is not a text", f->source, METADATA, key);
    return MIRNET_OK;
}

static mirnet_status check_digest(const file *f)
{
    const char *stored = json_string_value(json_object_get(f->metadata, DIGEST));
    if (!stored)
        return MIRNET_OK;
    mn_sha256 sha;
    char digest[DIGEST_SIZE];
    mn_sha256_reset(&sha);
    mn_sha256_add(&sha, f->data, f->data_size);
    mn_sha256_get(&sha, digest);
    if (strcmp(stored, digest) != 0)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: the data are damaged: their %s is not the one in the header", f->source,
                       DIGEST);
    return MIRNET_OK;
}

static mirnet_status read_header(file *f, const uint8_t *bytes, size_t size)
{
    if (size < LENGTH_SIZE)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: not a safetensors file: %zu bytes are too few", f->source, size);
    uint64_t n = mn_get_le(bytes, LENGTH_SIZE);
    if (n > FORMAT_MAX_HEADER)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: not a safetensors file: a header of %llu bytes is too large", f->source,
                       (unsigned long long)n);
    if (n > size - LENGTH_SIZE)
        return mn_fail(MIRNET_ERR_FORMAT, "%s: truncated: the header has %llu bytes, %zu are there", f->source,
                       (unsigned long long)n, size - LENGTH_SIZE);
    if (n > MAX_HEADER)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "%s: a header of %llu bytes is larger than %d", f->source,
                       (unsigned long long)n, MAX_HEADER);
    const uint8_t *header = bytes + LENGTH_SIZE;
    f->data = header + n;
    f->data_size = size - LENGTH_SIZE - (size_t)n;
    MN_TRY(mn_json_read(&f->header, (const char *)header, (size_t)n, f->source));
    if (!json_is_object(f->header))
        return mn_fail(MIRNET_ERR_FORMAT, "%s: the header is not an object", f->source);
    f->metadata = json_object_get(f->header, METADATA);
    return MIRNET_OK;
}

static mirnet_status add_tensor(mirnet_tensors *tensors, const entry *e, const uint8_t *data)
{
    float *values = mn_calloc(e->size, sizeof(*values));
    if (!values)
        return MIRNET_ERR_NOMEM;
    const uint8_t *bytes = data + e->begin;
    for (size_t i = 0; i < e->size; i++)
        values[i] = e->type->get(bytes + i * e->type->size);
    mirnet_status status = mn_tensors_put(tensors, e->name, e->shape.dim, e->shape.rank, values, values);
    if (status != MIRNET_OK)
        mn_free(values);
    return status;
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
        if (strcmp(key, DIGEST) != 0)
            keys[n++] = key;
    qsort(keys, n, sizeof(*keys), by_key);
    mirnet_status status = MIRNET_OK;
    for (size_t i = 0; i < n && status == MIRNET_OK; i++)
        status = mirnet_tensors_set_note(tensors, keys[i], json_string_value(json_object_get(metadata, keys[i])));
    mn_free(keys);
    return status;
}

static mirnet_status add_all(mirnet_tensors *tensors, file *f)
{
    qsort(f->entries, f->n_entries, sizeof(entry), by_name);
    for (size_t i = 0; i < f->n_entries; i++)
        MN_TRY(add_tensor(tensors, &f->entries[i], f->data));
    return f->metadata ? add_notes(tensors, f->metadata) : MIRNET_OK;
}

mirnet_status mn_safetensors_read(mirnet_tensors *tensors, const uint8_t *bytes, size_t size, const char *source)
{
    file f = {.source = source};
    mirnet_status status = read_header(&f, bytes, size);
    if (status == MIRNET_OK)
        status = check_metadata(&f);
    if (status == MIRNET_OK)
        status = read_entries(&f);
    if (status == MIRNET_OK)
        status = check_cover(&f);
    if (status == MIRNET_OK)
        status = check_digest(&f);
    if (status == MIRNET_OK)
        status = add_all(tensors, &f);
    mn_free(f.entries);
    json_decref(f.header);
    return status;
}

/* ---- writing ---- */

/* Bytes of the values from `from` on, at most CHUNK of them; returns how many values. */
static size_t get_chunk(const mn_tensor *tensor, size_t from, uint8_t *out)
{
    size_t n = tensor->size - from < CHUNK ? tensor->size - from : CHUNK;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &tensor->values[from + i], sizeof(bits));
        mn_put_le(out + 4 * i, bits, 4);
    }
    return n;
}

static void get_digest(const mirnet_tensors *tensors, char out[DIGEST_SIZE])
{
    uint8_t chunk[4 * CHUNK];
    mn_sha256 sha;
    mn_sha256_reset(&sha);
    for (size_t t = 0; t < tensors->n_tensors; t++)
        for (size_t i = 0, n; i < tensors->tensors[t].size; i += n) {
            n = get_chunk(&tensors->tensors[t], i, chunk);
            mn_sha256_add(&sha, chunk, 4 * n);
        }
    mn_sha256_get(&sha, out);
}

static mirnet_status add_data(const mirnet_tensors *tensors, mn_buf *out)
{
    uint8_t chunk[4 * CHUNK];
    for (size_t t = 0; t < tensors->n_tensors; t++)
        for (size_t i = 0, n; i < tensors->tensors[t].size; i += n) {
            n = get_chunk(&tensors->tensors[t], i, chunk);
            MN_TRY(mn_buf_add(out, chunk, 4 * n));
        }
    return MIRNET_OK;
}

/* {"dtype", "shape", "data_offsets"}; NULL if memory is out. */
static json_t *make_entry(const mn_tensor *tensor, uint64_t begin)
{
    json_t *value = json_object(), *shape = json_array(), *offsets = json_array();
    bool ok = value && shape && offsets;
    for (int32_t i = 0; i < tensor->shape.rank && ok; i++)
        ok = json_array_append_new(shape, json_integer(tensor->shape.dim[i])) == 0;
    ok = ok && json_array_append_new(offsets, json_integer((json_int_t)begin)) == 0 &&
         json_array_append_new(offsets, json_integer((json_int_t)(begin + 4 * (uint64_t)tensor->size))) == 0 &&
         json_object_set_new(value, "dtype", json_string("F32")) == 0 && json_object_set(value, "shape", shape) == 0 &&
         json_object_set(value, "data_offsets", offsets) == 0;
    json_decref(shape);
    json_decref(offsets);
    if (ok)
        return value;
    json_decref(value);
    return NULL;
}

/* NULL if memory is out. */
static json_t *make_metadata(const mirnet_tensors *tensors)
{
    char digest[DIGEST_SIZE];
    get_digest(tensors, digest);
    json_t *metadata = json_object();
    bool ok = metadata && json_object_set_new(metadata, DIGEST, json_string(digest)) == 0;
    for (size_t i = 0; i < tensors->n_notes && ok; i++)
        ok = json_object_set_new(metadata, tensors->notes[i].key, json_string(tensors->notes[i].text)) == 0;
    if (ok)
        return metadata;
    json_decref(metadata);
    return NULL;
}

/* The header with sorted keys: equal contents give equal bytes. NULL if memory is out. */
static char *make_header(const mirnet_tensors *tensors)
{
    json_t *header = json_object();
    bool ok = header && json_object_set_new(header, METADATA, make_metadata(tensors)) == 0;
    uint64_t begin = 0;
    for (size_t i = 0; i < tensors->n_tensors && ok; i++) {
        const mn_tensor *tensor = &tensors->tensors[i];
        ok = json_object_set_new(header, tensor->name, make_entry(tensor, begin)) == 0;
        begin += 4 * (uint64_t)tensor->size;
    }
    char *text = ok ? mn_json_text(header, true) : NULL;
    json_decref(header);
    return text;
}

mirnet_status mn_safetensors_write(const mirnet_tensors *tensors, mn_buf *out)
{
    char *header = make_header(tensors);
    if (!header)
        return mn_fail(MIRNET_ERR_NOMEM, "out of memory for the header of a safetensors file");
    size_t n = strlen(header), padded = (n + 7) & ~(size_t)7;
    if (padded > MAX_HEADER) {
        mn_free(header);
        return mn_fail(MIRNET_ERR_INVALID, "names and notes need a header of %zu bytes: more than %d", padded,
                       MAX_HEADER);
    }
    uint8_t length[LENGTH_SIZE];
    mn_put_le(length, padded, LENGTH_SIZE);
    mirnet_status status = mn_buf_add(out, length, sizeof(length));
    if (status == MIRNET_OK)
        status = mn_buf_add(out, header, n);
    if (status == MIRNET_OK)
        status = mn_buf_add(out, "       ", padded - n);
    if (status == MIRNET_OK)
        status = add_data(tensors, out);
    mn_free(header);
    return status;
}
