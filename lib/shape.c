/* shape.c - shapes of one sample */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <stdio.h>

#include "spec.h"

int64_t mn_shape_size(const mn_shape *shape)
{
    int64_t size = 1;
    for (int32_t i = 0; i < shape->rank; i++)
        size *= shape->dim[i];
    return size;
}

bool mn_shape_equal(const mn_shape *a, const mn_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *mn_shape_text(const mn_shape *shape, char text[96])
{
    size_t used = 0;
    text[used++] = '(';
    for (int32_t i = 0; i < shape->rank && used < 80; i++) {
        const char *comma = i ? ", " : "";
        int n = shape->dim[i] < 0 ? snprintf(text + used, 94 - used, "%sNone", comma)
                                  : snprintf(text + used, 94 - used, "%s%lld", comma, (long long)shape->dim[i]);
        used = (size_t)mn_min((int64_t)used + n, 93);
    }
    text[used++] = ')';
    text[used] = '\0';
    return text;
}
