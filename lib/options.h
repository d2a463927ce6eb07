/* options.h - the table of a recipe's options */
/* SPDX-License-Identifier: MIT */
#ifndef MN_OPTIONS_H
#define MN_OPTIONS_H

#include <mirnet/recipe.h>

#include "common.h"

typedef enum mn_option_kind {
    MN_OPTION_REAL = 0,
    MN_OPTION_INTEGER = 1,
    MN_OPTION_FLAG = 2,
    MN_OPTION_WORD = 3,
    MN_OPTION_TEXT = 4
} mn_option_kind;

enum { MN_OPTION_COUNT = 38 };

typedef struct mn_option {
    const char *key;
    mn_option_kind kind;
    double min, max, standard; /* inclusive bounds and default of a number */
    const char *words;         /* of a word option, separated by blanks; else "" */
    const char *standard_text; /* default of a word or text; else "" */
    const char *help;
} mn_option;

/* The i-th option, 0 <= i < MN_OPTION_COUNT. */
const mn_option *mn_option_get(int32_t i);
/* Index of a key; -1 if there is none. */
int32_t mn_option_find(const char *key);
bool mn_option_is_number(const mn_option *option);

/* Whether a value may be set. Errors: INVALID "option training.epochs: expected ..., not ...". */
mirnet_status mn_option_check_number(const mn_option *option, double value) MN_MUST_CHECK;
mirnet_status mn_option_check_text(const mn_option *option, const char *text) MN_MUST_CHECK;

#endif
