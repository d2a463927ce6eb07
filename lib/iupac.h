/* iupac.h - the nucleotide codes of the IUPAC as tables over all bytes */
/* SPDX-License-Identifier: MIT */
#ifndef MN_IUPAC_H
#define MN_IUPAC_H

#include "common.h"

/* The code in upper case with T as U; 0 for a byte that is no code. In the masked table a lower-case code is N. */
extern const uint8_t mn_iupac_letter[256];
extern const uint8_t mn_iupac_masked[256];

/* The bases that a code in upper case stands for, as a set of bits; 0 for another byte. */
enum { MN_BASE_A = 1, MN_BASE_U = 2, MN_BASE_G = 4, MN_BASE_C = 8 };
extern const uint8_t mn_iupac_bases[256];

/* How a message names a byte that is no code: "'!'", "gap character '-'", "byte 0xff". Returns text. */
const char *mn_iupac_describe(char byte, char text[32]);

#endif
