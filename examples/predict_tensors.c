/* predict_tensors.c - prediction from raw tensors, for models of any input */
/* SPDX-License-Identifier: MIT */
#include "predict_tensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "out.h"

enum { MAX_RANK = 8 };

/* The samples in a tensor for input i, whose values come to *out_values; -1 after a message. */
static int64_t find_input(const mirnet_model *model, const mirnet_tensors *tensors, const char *path, int32_t i,
                          const float **out_values)
{
    char name[512];
    const char *input = mirnet_model_get_input_name(model, i);
    snprintf(name, sizeof(name), "input/%s", input);
    if (!mirnet_tensors_get(tensors, name) && mirnet_model_input_count(model) == 1)
        snprintf(name, sizeof(name), "input");
    int64_t dims[MAX_RANK], n, rest = 1;
    int32_t rank;
    *out_values = mirnet_tensors_get(tensors, name);
    if (!*out_values || mirnet_tensors_get_shape(tensors, name, dims, &rank) != MIRNET_OK) {
        out_error("%s: there is no tensor '%s'", path, name);
        return -1;
    }
    for (int32_t d = 1; d < rank; d++)
        rest *= dims[d]; /* as the tensor is in memory, the product fits */
    n = rank > 0 ? dims[0] : 0;
    if (rank < 1 || rest != mirnet_model_get_size(model, i)) {
        out_error("%s: tensor '%s' has %" PRId64 " floats a sample, input '%s' takes %" PRId64, path, name, rest, input,
                  mirnet_model_get_size(model, i));
        return -1;
    }
    return n;
}

static int find_inputs(const mirnet_model *model, const mirnet_tensors *tensors, const char *path, const float **inputs,
                       int64_t *out_n)
{
    for (int32_t i = 0; i < mirnet_model_input_count(model); i++) {
        int64_t n = find_input(model, tensors, path, i, &inputs[i]);
        if (n < 0)
            return EXIT_FAILED;
        if (i > 0 && n != *out_n)
            return out_error("%s: the inputs have different numbers of samples: %" PRId64 " and %" PRId64, path, *out_n,
                             n);
        *out_n = n;
    }
    return EXIT_OK;
}

static int write_output(const mirnet_model *model, int64_t n, const float *values, const char *path)
{
    int64_t shape[MAX_RANK], dims[MAX_RANK + 1] = {n};
    int32_t rank;
    mirnet_tensors *tensors = NULL;
    mirnet_status status = mirnet_model_get_shape(model, -1, shape, &rank);
    for (int32_t d = 0; status == MIRNET_OK && d < rank; d++)
        dims[d + 1] = shape[d];
    if (status == MIRNET_OK)
        status = mirnet_tensors_create(&tensors);
    if (status == MIRNET_OK)
        status = mirnet_tensors_set(tensors, "output", dims, rank + 1, values);
    if (status == MIRNET_OK)
        status = mirnet_tensors_save(tensors, path);
    mirnet_tensors_destroy(tensors);
    return status == MIRNET_OK ? EXIT_OK : out_library();
}

int predict_tensors(mirnet_model *model, mirnet_predictor *predictor, const char *in_path, const char *out_path)
{
    mirnet_tensors *tensors = NULL;
    if (mirnet_tensors_load(&tensors, in_path) != MIRNET_OK)
        return out_library();
    const float **inputs = calloc((size_t)mirnet_model_input_count(model) + 1, sizeof(*inputs));
    int64_t n = 0;
    int status = inputs ? find_inputs(model, tensors, in_path, inputs, &n) : out_error("out of memory");
    float *output = NULL;
    if (status == EXIT_OK) {
        output = calloc((size_t)n + 1, (size_t)mirnet_model_get_size(model, -1) * sizeof(*output));
        if (!output)
            status = out_error("out of memory");
        else if (mirnet_predictor_run(predictor, inputs, n, output) != MIRNET_OK)
            status = out_library();
        else
            status = write_output(model, n, output, out_path);
    }
    free(output);
    free(inputs);
    mirnet_tensors_destroy(tensors);
    return status;
}
