/* block.h - some thousand records at a time: prediction of files of any size in bounded memory */
/* SPDX-License-Identifier: MIT */
#ifndef BLOCK_H
#define BLOCK_H

#include <mirnet/mirnet.h>

/* Records, and what a model says of them. All zeros is a valid empty block. */
typedef struct block {
    int64_t before; /* records in front of this block */
    int64_t n, n_accepted;
    char *text; /* names and sequences behind each other, each with its NUL */
    size_t size, capacity;
    size_t *names, *starts, *lengths; /* [n] offsets into text, letters */
    unsigned char *refused;           /* [n] 1: no prediction */
    const char **sequences;           /* [n_accepted] */
    int32_t n_classes;
    float *probabilities; /* [n_accepted][n_classes] */
} block;

/* Room for a full block. Returns an exit status, after its message, as all functions here do. */
int block_create(block *b, int32_t n_classes);
void block_destroy(block *b);
void block_reset(block *b, int64_t before);

/* Adds the reader's current record. *out_full = 1: apply and reset it before the next. */
int block_add(block *b, const mirnet_reader *reader, int *out_full);

/*
 * Predicts the records. One that the encoder refuses ends this with a message that names it, `source` and its number;
 * with keep_going it is marked as refused.
 */
int block_apply(block *b, mirnet_predictor *predictor, const mirnet_encoder *encoder, int keep_going,
                const char *source);

const char *block_get_name(const block *b, int64_t i);

#endif
