/* safetensors_write.c - writing safetensors files */
/* SPDX-License-Identifier: MIT */
#include "safetensors.h"

#include "dtype.h"
#include "json.h"
#include "mem.h"
#include "sha256.h"

enum { CHUNK = 1024 }; /* floats converted at a time */

/* Where the bytes go, in order. */
typedef mirnet_status (*taker)(void *to, const void *bytes, size_t n);

static mirnet_status take_file(void *to, const void *bytes, size_t n)
{
    return mn_file_add(to, bytes, n);
}

static mirnet_status take_digest(void *to, const void *bytes, size_t n)
{
    mn_sha256_add(to, bytes, n);
    return MIRNET_OK;
}

/* To is a uint8_t *, moved on. */
static mirnet_status take_memory(void *to, const void *bytes, size_t n)
{
    uint8_t **at = to;
    if (n)
        memcpy(*at, bytes, n);
    *at += n;
    return MIRNET_OK;
}

static mirnet_status give_values(const mn_tensor *tensor, taker take, void *to)
{
    if (mn_dtype_is_native(mn_dtype_find("F32")))
        return take(to, tensor->values, 4 * tensor->size);
    uint8_t chunk[4 * CHUNK];
    for (size_t i = 0, n; i < tensor->size; i += n) {
        n = tensor->size - i < CHUNK ? tensor->size - i : CHUNK;
        mn_put_floats(chunk, tensor->values + i, n);
        MN_TRY(take(to, chunk, 4 * n));
    }
    return MIRNET_OK;
}

static mirnet_status give_data(const mirnet_tensors *tensors, taker take, void *to)
{
    for (size_t i = 0; i < tensors->n_tensors; i++)
        MN_TRY(give_values(&tensors->tensors[i], take, to));
    return MIRNET_OK;
}

static void get_digest(const mirnet_tensors *tensors, char out[MN_DIGEST_SIZE])
{
    mn_sha256 sha;
    mn_sha256_reset(&sha);
    (void)give_data(tensors, take_digest, &sha); /* cannot fail */
    mn_sha256_get(&sha, out);
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
    char digest[MN_DIGEST_SIZE];
    get_digest(tensors, digest);
    json_t *metadata = json_object();
    bool ok = metadata && json_object_set_new(metadata, MN_DIGEST, json_string(digest)) == 0;
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
    bool ok = header && json_object_set_new(header, MN_METADATA, make_metadata(tensors)) == 0;
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

/* All that stands before the data, and the size of all. */
static mirnet_status make_front(const mirnet_tensors *tensors, mn_buf *out, size_t *out_size)
{
    char *header = make_header(tensors);
    if (!header)
        return mn_fail(MIRNET_ERR_NOMEM, "out of memory for the header of a safetensors file");
    size_t n = strlen(header), padded = (n + 7) & ~(size_t)7;
    uint8_t length[MN_LENGTH_SIZE];
    mn_put_le(length, padded, sizeof(length));
    mirnet_status status = MIRNET_OK;
    if (padded > MN_MAX_HEADER)
        status = mn_fail(MIRNET_ERR_INVALID, "names and notes need a header of %zu bytes: more than %d", padded,
                         MN_MAX_HEADER);
    if (status == MIRNET_OK)
        status = mn_buf_add(out, length, sizeof(length));
    if (status == MIRNET_OK)
        status = mn_buf_add(out, header, n);
    if (status == MIRNET_OK)
        status = mn_buf_add(out, "       ", padded - n);
    mn_free(header);
    *out_size = out->size; /* of what is in memory: no overflow */
    for (size_t i = 0; i < tensors->n_tensors; i++)
        *out_size += 4 * tensors->tensors[i].size;
    return status;
}

static mirnet_status save(const mirnet_tensors *tensors, const mn_buf *front, const char *path)
{
    mn_file file;
    MN_TRY(mn_file_create(&file, path));
    mirnet_status status = mn_file_add(&file, front->data, front->size);
    if (status == MIRNET_OK)
        status = give_data(tensors, take_file, &file);
    if (status == MIRNET_OK)
        status = mn_file_commit(&file);
    mn_file_destroy(&file);
    return status;
}

mirnet_status mn_safetensors_save(const mirnet_tensors *tensors, const char *path)
{
    mn_buf front = {0};
    size_t size;
    mirnet_status status = make_front(tensors, &front, &size);
    if (status == MIRNET_OK)
        status = save(tensors, &front, path);
    mn_buf_destroy(&front);
    return status;
}

mirnet_status mn_safetensors_save_mem(const mirnet_tensors *tensors, void *opt_out, size_t capacity, size_t *out_size)
{
    mn_buf front = {0};
    mirnet_status status = make_front(tensors, &front, out_size);
    if (status == MIRNET_OK && opt_out && *out_size <= capacity) {
        uint8_t *at = opt_out;
        (void)take_memory(&at, front.data, front.size); /* these cannot fail */
        (void)give_data(tensors, take_memory, &at);
    }
    mn_buf_destroy(&front);
    return status;
}
