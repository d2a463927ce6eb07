/* encode.h - a sequence as a tensor of floats */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_ENCODE_H
#define MIRNET_ENCODE_H

#include <mirnet/common.h>
#include <mirnet/recipe.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Encoder: one-hot rows of `channels` floats for each of `length` positions; padding is all zeros.
 *   encoder.alphabet   the order of the channels, a permutation of AUGC (default AUGC); T counts as U
 *   encoder.length     positions (default 164)
 *   encoder.align      "left" (padding behind), "right" (padding in front), "both-ends" (8 channels: the first 4
 *                      left-aligned, the last 4 right-aligned)
 *   encoder.ambiguity  an IUPAC code other than a base is: "zero" a row of zeros, "fraction" 1/n for each of the n
 *                      bases that it stands for, "error"
 *   encoder.long       a sequence longer than `length` is: "error", "truncate5" (its 5' end is cut off), "truncate3"
 *                      (its 3' end is cut off), "truncate" (the end that is not aligned is cut off; in both-ends, each
 *                      half keeps its own end)
 * Immutable once created: any number of threads may use one. Owned by the caller.
 */
typedef struct mirnet_encoder mirnet_encoder;

/* From the encoder part of a recipe. Errors: INVALID, NOMEM. */
MIRNET_API mirnet_status mirnet_encoder_create(mirnet_encoder **out, const mirnet_recipe *recipe);
MIRNET_API void mirnet_encoder_destroy(mirnet_encoder *encoder);

/* Positions, channels, and their product: the floats that one sequence takes. */
MIRNET_API int64_t mirnet_encoder_get_length(const mirnet_encoder *encoder);
MIRNET_API int64_t mirnet_encoder_get_channels(const mirnet_encoder *encoder);
MIRNET_API int64_t mirnet_encoder_get_size(const mirnet_encoder *encoder);

/* Encodes `n` letters (any case, T or U) into out[length][channels]. `opt_structure` (or NULL) is dot-bracket text
 * of the same length; this version's encodings do not use it. Errors: INVALID, SHAPE (longer than the encoder's
 * length), FORMAT (a letter that is no IUPAC code, or ambiguous where that is an error), all with position; out is
 * then unspecified. */
MIRNET_API mirnet_status mirnet_encoder_run(const mirnet_encoder *encoder, const char *sequence, size_t n,
                                            const char *opt_structure, float *out);

#ifdef __cplusplus
}
#endif
#endif
