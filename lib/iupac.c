/* iupac.c - the nucleotide codes of the IUPAC (Cornish-Bowden, Nucleic Acids Res. 13:3021, 1985) */
/* SPDX-License-Identifier: MIT */
#include "iupac.h"

#include <stdio.h>

const uint8_t mn_iupac_letter[256] = {
    ['A'] = 'A', ['C'] = 'C', ['G'] = 'G', ['T'] = 'U', ['U'] = 'U', ['R'] = 'R', ['Y'] = 'Y', ['S'] = 'S',
    ['W'] = 'W', ['K'] = 'K', ['M'] = 'M', ['B'] = 'B', ['D'] = 'D', ['H'] = 'H', ['V'] = 'V', ['N'] = 'N',
    ['a'] = 'A', ['c'] = 'C', ['g'] = 'G', ['t'] = 'U', ['u'] = 'U', ['r'] = 'R', ['y'] = 'Y', ['s'] = 'S',
    ['w'] = 'W', ['k'] = 'K', ['m'] = 'M', ['b'] = 'B', ['d'] = 'D', ['h'] = 'H', ['v'] = 'V', ['n'] = 'N',
};

const uint8_t mn_iupac_masked[256] = {
    ['A'] = 'A', ['C'] = 'C', ['G'] = 'G', ['T'] = 'U', ['U'] = 'U', ['R'] = 'R', ['Y'] = 'Y', ['S'] = 'S',
    ['W'] = 'W', ['K'] = 'K', ['M'] = 'M', ['B'] = 'B', ['D'] = 'D', ['H'] = 'H', ['V'] = 'V', ['N'] = 'N',
    ['a'] = 'N', ['c'] = 'N', ['g'] = 'N', ['t'] = 'N', ['u'] = 'N', ['r'] = 'N', ['y'] = 'N', ['s'] = 'N',
    ['w'] = 'N', ['k'] = 'N', ['m'] = 'N', ['b'] = 'N', ['d'] = 'N', ['h'] = 'N', ['v'] = 'N', ['n'] = 'N',
};

const uint8_t mn_iupac_bases[256] = {
    ['A'] = MN_BASE_A,
    ['U'] = MN_BASE_U,
    ['G'] = MN_BASE_G,
    ['C'] = MN_BASE_C,
    ['R'] = MN_BASE_A | MN_BASE_G,
    ['Y'] = MN_BASE_C | MN_BASE_U,
    ['S'] = MN_BASE_G | MN_BASE_C,
    ['W'] = MN_BASE_A | MN_BASE_U,
    ['K'] = MN_BASE_G | MN_BASE_U,
    ['M'] = MN_BASE_A | MN_BASE_C,
    ['B'] = MN_BASE_C | MN_BASE_G | MN_BASE_U,
    ['D'] = MN_BASE_A | MN_BASE_G | MN_BASE_U,
    ['H'] = MN_BASE_A | MN_BASE_C | MN_BASE_U,
    ['V'] = MN_BASE_A | MN_BASE_C | MN_BASE_G,
    ['N'] = MN_BASE_A | MN_BASE_C | MN_BASE_G | MN_BASE_U,
};

const char *mn_iupac_describe(char byte, char text[32])
{
    if (byte && strchr("-.*", byte))
        snprintf(text, 32, "gap character '%c'", byte);
    else if (byte > 0x20 && byte < 0x7f)
        snprintf(text, 32, "'%c'", byte);
    else if (byte == ' ' || byte == '\t')
        snprintf(text, 32, "a blank");
    else
        snprintf(text, 32, "byte 0x%02x", (unsigned)(unsigned char)byte);
    return text;
}
