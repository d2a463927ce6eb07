/* block.c - some thousand records at a time */
/* SPDX-License-Identifier: MIT */
#include "block.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

/* Enough to keep all threads busy; a block holds at most FULL_BYTES of text and one record more. */
enum { FULL_RECORDS = 4096, FULL_BYTES = 1 << 22 };

int block_create(block *b, int32_t n_classes)
{
    *b = (block){.n_classes = n_classes};
    b->names = calloc(FULL_RECORDS, sizeof(*b->names));
    b->starts = calloc(FULL_RECORDS, sizeof(*b->starts));
    b->lengths = calloc(FULL_RECORDS, sizeof(*b->lengths));
    b->refused = calloc(FULL_RECORDS, sizeof(*b->refused));
    b->sequences = calloc(FULL_RECORDS, sizeof(*b->sequences));
    b->probabilities = calloc((size_t)n_classes * FULL_RECORDS, sizeof(*b->probabilities));
    if (b->names && b->starts && b->lengths && b->refused && b->sequences && b->probabilities)
        return EXIT_OK;
    block_destroy(b);
    return out_error("out of memory");
}

void block_destroy(block *b)
{
    free(b->probabilities);
    free(b->sequences);
    free(b->refused);
    free(b->lengths);
    free(b->starts);
    free(b->names);
    free(b->text);
    *b = (block){.n = 0};
}

void block_reset(block *b, int64_t before)
{
    b->before = before;
    b->n = b->n_accepted = 0;
    b->size = 0;
}

/* Appends a text of n letters and its NUL; returns where it starts. False: memory is out. */
static int add_text(block *b, const char *text, size_t n, size_t *out_start)
{
    if (n + 1 > b->capacity - b->size) {
        size_t capacity = 2 * b->capacity + n + 4096;
        char *bigger = realloc(b->text, capacity);
        if (!bigger)
            return 0;
        b->text = bigger;
        b->capacity = capacity;
    }
    *out_start = b->size;
    memcpy(b->text + b->size, text, n);
    b->text[b->size + n] = '\0';
    b->size += n + 1;
    return 1;
}

int block_add(block *b, const mirnet_reader *reader, int *out_full)
{
    const char *name = mirnet_reader_get_name(reader);
    size_t length = mirnet_reader_get_length(reader), start, name_start;
    if (!add_text(b, name, strlen(name), &name_start) ||
        !add_text(b, mirnet_reader_get_sequence(reader), length, &start))
        return out_error("out of memory");
    b->names[b->n] = name_start;
    b->starts[b->n] = start;
    b->lengths[b->n] = length;
    b->refused[b->n] = length == 0;
    b->n++;
    *out_full = b->n == FULL_RECORDS || b->size >= FULL_BYTES;
    return EXIT_OK;
}

/* Predicts all records that are not refused. */
static mirnet_status run(block *b, mirnet_predictor *predictor)
{
    b->n_accepted = 0;
    for (int64_t i = 0; i < b->n; i++)
        if (!b->refused[i])
            b->sequences[b->n_accepted++] = b->text + b->starts[i];
    return mirnet_predictor_run_sequences(predictor, b->sequences, b->n_accepted, b->probabilities);
}

/* Marks what the encoder refuses; without keep_going the first one is an error. */
static int find_refused(block *b, const mirnet_encoder *encoder, int keep_going, const char *source)
{
    float *row = calloc((size_t)mirnet_encoder_get_size(encoder), sizeof(*row));
    if (!row)
        return out_error("out of memory");
    int status = EXIT_OK;
    for (int64_t i = 0; status == EXIT_OK && i < b->n; i++) {
        if (b->refused[i] || mirnet_encoder_run(encoder, b->text + b->starts[i], b->lengths[i], NULL, row) == MIRNET_OK)
            continue;
        b->refused[i] = 1;
        if (!keep_going)
            status = out_error("%s: record %" PRId64 " '%s': %s", source, b->before + i + 1, block_get_name(b, i),
                               mirnet_last_message());
    }
    free(row);
    return status;
}

int block_apply(block *b, mirnet_predictor *predictor, const mirnet_encoder *encoder, int keep_going,
                const char *source)
{
    mirnet_status status = run(b, predictor);
    if (status == MIRNET_ERR_SHAPE || status == MIRNET_ERR_FORMAT) {
        int failed = find_refused(b, encoder, keep_going, source);
        if (failed != EXIT_OK)
            return failed;
        status = run(b, predictor);
    }
    return status == MIRNET_OK ? EXIT_OK : out_library();
}

const char *block_get_name(const block *b, int64_t i)
{
    return b->text + b->names[i];
}
