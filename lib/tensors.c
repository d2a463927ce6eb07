/* tensors.c - named float tensors with text notes */
/* SPDX-License-Identifier: MIT */
#include "tensors.h"

#include "mem.h"
#include "safetensors.h"

/* Dimensions are written as JSON numbers, which other readers hold to 48 bits. */
static const int64_t MAX_DIM = ((int64_t)1 << 48) - 1;

static void tensor_destroy(mn_tensor *tensor)
{
    mn_free(tensor->name);
    mn_free(tensor->own);
}

void mirnet_tensors_destroy(mirnet_tensors *tensors)
{
    if (!tensors)
        return;
    for (size_t i = 0; i < tensors->n_tensors; i++)
        tensor_destroy(&tensors->tensors[i]);
    for (size_t i = 0; i < tensors->n_notes; i++) {
        mn_free(tensors->notes[i].key);
        mn_free(tensors->notes[i].text);
    }
    mn_free(tensors->tensors);
    mn_free(tensors->notes);
    mn_free(tensors);
}

mirnet_status mirnet_tensors_create(mirnet_tensors **out)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    mirnet_tensors *tensors = mn_calloc(1, sizeof(*tensors));
    if (!tensors)
        return MIRNET_ERR_NOMEM;
    *out = tensors;
    return MIRNET_OK;
}

/* Where the name is, or belongs. Both arrays begin each item with a pointer to its text. */
static size_t place(const void *items, size_t n, size_t item_size, const char *text, bool *out_found)
{
    size_t from = 0, to = n;
    *out_found = false;
    while (from < to && !*out_found) {
        size_t middle = from + (to - from) / 2;
        const char *have;
        memcpy(&have, (const char *)items + middle * item_size, sizeof(have));
        int order = strcmp(have, text);
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
        *out_found = order == 0;
    }
    return to < from ? from : to;
}

static size_t find_tensor(const mirnet_tensors *tensors, const char *name, bool *out_found)
{
    return place(tensors->tensors, tensors->n_tensors, sizeof(mn_tensor), name, out_found);
}

static size_t find_note(const mirnet_tensors *tensors, const char *key, bool *out_found)
{
    return place(tensors->notes, tensors->n_notes, sizeof(mn_tensor_note), key, out_found);
}

const mn_tensor *mn_tensors_find(const mirnet_tensors *tensors, const char *name)
{
    bool found;
    size_t i = find_tensor(tensors, name, &found);
    return found ? &tensors->tensors[i] : NULL;
}

/* How many bytes follow the first byte of a character; -1: no character begins so. */
static int utf8_more(uint8_t first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xc2 || first > 0xf4)
        return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

bool mn_is_utf8(const char *text)
{
    const uint8_t *s = (const uint8_t *)text;
    while (*s) {
        int more = utf8_more(*s);
        /* The shortest form only, no surrogates, nothing beyond U+10FFFF. */
        if (more < 0 || (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
            (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
            return false;
        for (s++; more > 0; more--, s++)
            if ((*s & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static mirnet_status make_shape(const char *name, const int64_t *dims, int32_t rank, mn_shape *out, size_t *out_size)
{
    MN_REQUIRE(rank >= 0 && rank <= MN_MAX_RANK, "tensor '%s': rank %d is not in 0..%d", name, (int)rank, MN_MAX_RANK);
    MN_REQUIRE(dims || rank == 0, "tensor '%s': dims is NULL", name);
    *out = (mn_shape){.rank = rank};
    size_t size = 1, bytes;
    for (int32_t i = 0; i < rank; i++) {
        MN_REQUIRE(dims[i] >= 0 && dims[i] <= MAX_DIM, "tensor '%s': dimension %lld is not in 0..2^48 - 1", name,
                   (long long)dims[i]);
        MN_REQUIRE((uint64_t)dims[i] <= SIZE_MAX && mn_mul(size, (size_t)dims[i], &size),
                   "tensor '%s': too many values", name);
        out->dim[i] = dims[i];
    }
    MN_REQUIRE(mn_mul(size, sizeof(float), &bytes) && bytes <= mn_safetensors_limit(), "tensor '%s': too many values",
               name);
    *out_size = size;
    return MIRNET_OK;
}

static mirnet_status check_name(const char *name)
{
    MN_REQUIRE(name && *name, "a tensor's name is empty");
    MN_REQUIRE(mn_is_utf8(name), "a tensor's name is not UTF-8: '%s'", name);
    MN_REQUIRE(strcmp(name, "__metadata__") != 0, "a tensor cannot be called '%s'", name);
    return MIRNET_OK;
}

mirnet_status mn_tensors_put(mirnet_tensors *tensors, const char *name, const int64_t *dims, int32_t rank,
                             const float *values, float *opt_own)
{
    mn_tensor tensor = {.values = values, .own = opt_own};
    bool found;
    MN_TRY(check_name(name));
    MN_TRY(make_shape(name, dims, rank, &tensor.shape, &tensor.size));
    size_t i = find_tensor(tensors, name, &found);
    if (!found)
        MN_TRY(mn_grow(&tensors->tensors, &tensors->tensor_capacity, tensors->n_tensors + 1, sizeof(tensor)));
    tensor.name = mn_strdup(name);
    if (!tensor.name)
        return MIRNET_ERR_NOMEM;
    mn_tensor *at = &tensors->tensors[i];
    if (found) {
        tensor_destroy(at);
    } else {
        memmove(at + 1, at, (tensors->n_tensors - i) * sizeof(*at));
        tensors->n_tensors++;
    }
    *at = tensor;
    return MIRNET_OK;
}

mirnet_status mn_tensors_copy(mirnet_tensors **out, const mirnet_tensors *tensors)
{
    mirnet_tensors *copy;
    MN_TRY(mirnet_tensors_create(&copy));
    mirnet_status status = MIRNET_OK;
    for (size_t i = 0; i < tensors->n_tensors && status == MIRNET_OK; i++) {
        const mn_tensor *tensor = &tensors->tensors[i];
        status = mirnet_tensors_set(copy, tensor->name, tensor->shape.dim, tensor->shape.rank, tensor->values);
    }
    for (size_t i = 0; i < tensors->n_notes && status == MIRNET_OK; i++)
        status = mirnet_tensors_set_note(copy, tensors->notes[i].key, tensors->notes[i].text);
    if (status != MIRNET_OK) {
        mirnet_tensors_destroy(copy);
        return status;
    }
    *out = copy;
    return MIRNET_OK;
}

/* Memory for all values, which are then read to where they stay. */
static mirnet_status read_data(mirnet_tensors *tensors, mn_safetensors *file)
{
    float **places = mn_calloc(tensors->n_tensors, sizeof(*places));
    if (!places)
        return MIRNET_ERR_NOMEM;
    mirnet_status status = MIRNET_OK;
    for (size_t i = 0; i < tensors->n_tensors && status == MIRNET_OK; i++) {
        mn_tensor *tensor = &tensors->tensors[i];
        tensor->values = tensor->own = places[i] = mn_floats_raw(tensor->size);
        status = tensor->own ? MIRNET_OK : MIRNET_ERR_NOMEM;
    }
    if (status == MIRNET_OK)
        status = mn_safetensors_run(file, places);
    mn_free(places);
    return status;
}

static mirnet_status read_file(mirnet_tensors *tensors, mn_source *source)
{
    mn_safetensors *file;
    MN_TRY(mn_safetensors_open(&file, source, tensors));
    mirnet_status status = read_data(tensors, file);
    mn_safetensors_destroy(file);
    return status;
}

static mirnet_status load(mirnet_tensors **out, mn_source *source)
{
    mirnet_tensors *tensors;
    MN_TRY(mirnet_tensors_create(&tensors));
    mirnet_status status = read_file(tensors, source);
    if (status != MIRNET_OK) {
        mirnet_tensors_destroy(tensors);
        return status;
    }
    *out = tensors;
    return MIRNET_OK;
}

mirnet_status mirnet_tensors_load_mem(mirnet_tensors **out, const void *bytes, size_t size, const char *source)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(bytes || size == 0, "bytes is NULL");
    MN_REQUIRE(source, "source is NULL");
    mn_source memory = mn_source_of(bytes, size, source);
    return load(out, &memory);
}

mirnet_status mirnet_tensors_load(mirnet_tensors **out, const char *path)
{
    MN_REQUIRE(out, "out is NULL");
    *out = NULL;
    MN_REQUIRE(path, "path is NULL");
    mn_source source;
    MN_TRY(mn_source_open(&source, path, mn_safetensors_limit()));
    mirnet_status status = load(out, &source);
    mn_source_close(&source);
    return status;
}

mirnet_status mirnet_tensors_save(const mirnet_tensors *tensors, const char *path)
{
    MN_REQUIRE(tensors, "tensors is NULL");
    MN_REQUIRE(path, "path is NULL");
    return mn_safetensors_save(tensors, path);
}

int32_t mirnet_tensors_count(const mirnet_tensors *tensors)
{
    return tensors ? (int32_t)mn_min((int64_t)tensors->n_tensors, INT32_MAX) : 0;
}

const char *mirnet_tensors_get_name(const mirnet_tensors *tensors, int32_t i)
{
    return i >= 0 && i < mirnet_tensors_count(tensors) ? tensors->tensors[i].name : NULL;
}

mirnet_status mirnet_tensors_get_shape(const mirnet_tensors *tensors, const char *name, int64_t *out_dims,
                                       int32_t *out_rank)
{
    MN_REQUIRE(tensors, "tensors is NULL");
    MN_REQUIRE(name, "name is NULL");
    MN_REQUIRE(out_dims && out_rank, "out_dims or out_rank is NULL");
    const mn_tensor *tensor = mn_tensors_find(tensors, name);
    if (!tensor)
        return mn_fail(MIRNET_ERR_NOT_FOUND, "there is no tensor '%s'", name);
    memcpy(out_dims, tensor->shape.dim, sizeof(tensor->shape.dim));
    *out_rank = tensor->shape.rank;
    return MIRNET_OK;
}

const float *mirnet_tensors_get(const mirnet_tensors *tensors, const char *name)
{
    const mn_tensor *tensor = tensors && name ? mn_tensors_find(tensors, name) : NULL;
    return tensor ? tensor->values : NULL;
}

mirnet_status mirnet_tensors_set(mirnet_tensors *tensors, const char *name, const int64_t *dims, int32_t rank,
                                 const float *values)
{
    MN_REQUIRE(tensors, "tensors is NULL");
    MN_TRY(check_name(name));
    mn_shape shape;
    size_t size;
    MN_TRY(make_shape(name, dims, rank, &shape, &size));
    MN_REQUIRE(values || size == 0, "tensor '%s': values is NULL", name);
    float *own = mn_calloc(size, sizeof(*own));
    if (!own)
        return MIRNET_ERR_NOMEM;
    if (size)
        memcpy(own, values, size * sizeof(*own));
    mirnet_status status = mn_tensors_put(tensors, name, dims, rank, own, own);
    if (status != MIRNET_OK)
        mn_free(own);
    return status;
}

const char *mirnet_tensors_get_note(const mirnet_tensors *tensors, const char *key)
{
    if (!tensors || !key)
        return NULL;
    bool found;
    size_t i = find_note(tensors, key, &found);
    return found ? tensors->notes[i].text : NULL;
}

static void remove_note(mirnet_tensors *tensors, size_t i)
{
    mn_tensor_note *at = &tensors->notes[i];
    mn_free(at->key);
    mn_free(at->text);
    tensors->n_notes--;
    memmove(at, at + 1, (tensors->n_notes - i) * sizeof(*at));
}

static mirnet_status insert_note(mirnet_tensors *tensors, size_t i, const char *key, char *text)
{
    MN_TRY(mn_grow(&tensors->notes, &tensors->note_capacity, tensors->n_notes + 1, sizeof(mn_tensor_note)));
    char *own_key = mn_strdup(key);
    if (!own_key)
        return MIRNET_ERR_NOMEM;
    mn_tensor_note *at = &tensors->notes[i];
    memmove(at + 1, at, (tensors->n_notes - i) * sizeof(*at));
    *at = (mn_tensor_note){own_key, text};
    tensors->n_notes++;
    return MIRNET_OK;
}

mirnet_status mirnet_tensors_set_note(mirnet_tensors *tensors, const char *key, const char *text)
{
    MN_REQUIRE(tensors, "tensors is NULL");
    MN_REQUIRE(key, "key is NULL");
    MN_REQUIRE(strcmp(key, "sha256") != 0, "note 'sha256' is the file's own");
    MN_REQUIRE(mn_is_utf8(key) && (!text || mn_is_utf8(text)), "a note is not UTF-8: '%s'", key);
    bool found;
    size_t i = find_note(tensors, key, &found);
    if (!text) {
        if (found)
            remove_note(tensors, i);
        return MIRNET_OK;
    }
    char *own = mn_strdup(text);
    if (!own)
        return MIRNET_ERR_NOMEM;
    if (found) {
        mn_free(tensors->notes[i].text);
        tensors->notes[i].text = own;
        return MIRNET_OK;
    }
    mirnet_status status = insert_note(tensors, i, key, own);
    if (status != MIRNET_OK)
        mn_free(own);
    return status;
}
