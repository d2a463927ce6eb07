/* options.c - the table of a recipe's options: keys, bounds, defaults, words */
/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <math.h>
#include <stdio.h>

#include "json.h"

#define BELOW_ONE 0.999999999
#define LARGE 1e30
#define MONITORS "loss accuracy val_loss val_accuracy"

/* The keys are pinned: files and programs use them. Defaults are Keras's where Keras has one. */
static const mn_option options[] = {
    {"encoder.alphabet", MN_OPTION_TEXT, 0, 0, 0, "", "AUGC", "order of the channels, a permutation of AUGC"},
    {"encoder.length", MN_OPTION_INTEGER, 1, 1e6, 164, "", "", "positions that a sequence is encoded to"},
    {"encoder.align", MN_OPTION_WORD, 0, 0, 0, "left right both-ends", "left", "the end that sequences are aligned at"},
    {"encoder.ambiguity", MN_OPTION_WORD, 0, 0, 0, "zero fraction error", "zero", "what an ambiguous base becomes"},
    {"encoder.long", MN_OPTION_WORD, 0, 0, 0, "error truncate5 truncate3 truncate", "error",
     "what happens to a sequence longer than encoder.length"},

    {"training.seed", MN_OPTION_INTEGER, 0, 9007199254740992.0, 1, "", "", "of weights, shuffling, dropout and splits"},
    {"training.optimizer", MN_OPTION_WORD, 0, 0, 0, "adam adamw sgd rmsprop", "adam", "how weights follow gradients"},
    {"training.learning_rate", MN_OPTION_REAL, 0, 1e6, 1e-3, "", "", "step size"},
    {"training.beta_1", MN_OPTION_REAL, 0, BELOW_ONE, 0.9, "", "", "Adam, AdamW: decay of the mean gradient"},
    {"training.beta_2", MN_OPTION_REAL, 0, BELOW_ONE, 0.999, "", "", "Adam, AdamW: decay of the mean squared gradient"},
    {"training.epsilon", MN_OPTION_REAL, 0, 1, 1e-7, "", "", "Adam, AdamW, RMSprop: keeps divisors from zero"},
    {"training.weight_decay", MN_OPTION_REAL, 0, LARGE, 0.004, "", "", "AdamW: weight decay"},
    {"training.momentum", MN_OPTION_REAL, 0, 1, 0, "", "", "SGD, RMSprop: momentum"},
    {"training.nesterov", MN_OPTION_FLAG, 0, 1, 0, "", "", "SGD: Nesterov momentum"},
    {"training.rho", MN_OPTION_REAL, 0, BELOW_ONE, 0.9, "", "", "RMSprop: decay of the mean squared gradient"},
    {"training.centered", MN_OPTION_FLAG, 0, 1, 0, "", "", "RMSprop: divide by the deviation, not the square mean"},
    {"training.clipnorm", MN_OPTION_REAL, 0, LARGE, 0, "", "", "longest gradient of one weight tensor; 0: no limit"},
    {"training.global_clipnorm", MN_OPTION_REAL, 0, LARGE, 0, "", "", "longest gradient of all weights; 0: no limit"},
    {"training.clipvalue", MN_OPTION_REAL, 0, LARGE, 0, "", "", "largest entry of a gradient; 0: no limit"},
    {"training.batch_size", MN_OPTION_INTEGER, 1, 1e6, 32, "", "", "samples in a step"},
    {"training.epochs", MN_OPTION_INTEGER, 1, 1e6, 1, "", "", "passes over the data"},
    {"training.shuffle", MN_OPTION_FLAG, 0, 1, 1, "", "", "new order of the samples in every epoch"},
    {"training.validation_split", MN_OPTION_REAL, 0, 0.999, 0, "", "", "share of the samples kept for validation"},
    {"training.validation_from", MN_OPTION_WORD, 0, 0, 0, "last random stratified", "stratified",
     "which samples are kept: the last ones as in Keras, any, or the same share of each class"},
    {"training.class_weight", MN_OPTION_WORD, 0, 0, 0, "none balanced given", "none",
     "weights of the classes in the loss: none, by inverse frequency, or as given"},

    {"training.early_stopping", MN_OPTION_FLAG, 0, 1, 0, "", "", "stop when the monitored number no longer improves"},
    {"training.early_stopping_monitor", MN_OPTION_WORD, 0, 0, 0, MONITORS, "val_loss", "the number that is watched"},
    {"training.early_stopping_patience", MN_OPTION_INTEGER, 0, 1e6, 0, "", "", "epochs without improvement to wait"},
    {"training.early_stopping_min_delta", MN_OPTION_REAL, 0, LARGE, 0, "", "", "smallest change that is improvement"},
    {"training.early_stopping_restore_best", MN_OPTION_FLAG, 0, 1, 0, "", "", "put the best epoch's weights back"},
    {"training.early_stopping_start_from_epoch", MN_OPTION_INTEGER, 0, 1e6, 0, "", "",
     "epochs before the watch begins"},

    {"training.reduce_lr", MN_OPTION_FLAG, 0, 1, 0, "", "", "lower the learning rate on a plateau"},
    {"training.reduce_lr_monitor", MN_OPTION_WORD, 0, 0, 0, MONITORS, "val_loss", "the number that is watched"},
    {"training.reduce_lr_factor", MN_OPTION_REAL, 0, BELOW_ONE, 0.1, "", "", "factor of the learning rate"},
    {"training.reduce_lr_patience", MN_OPTION_INTEGER, 0, 1e6, 10, "", "", "epochs without improvement to wait"},
    {"training.reduce_lr_min_delta", MN_OPTION_REAL, 0, LARGE, 1e-4, "", "", "smallest change that is improvement"},
    {"training.reduce_lr_cooldown", MN_OPTION_INTEGER, 0, 1e6, 0, "", "", "epochs to wait after lowering"},
    {"training.reduce_lr_min_lr", MN_OPTION_REAL, 0, 1e6, 0, "", "", "the learning rate does not go below"},
};

_Static_assert(sizeof(options) / sizeof(options[0]) == MN_OPTION_COUNT, "MN_OPTION_COUNT is not the table's size");

const mn_option *mn_option_get(int32_t i)
{
    return &options[i];
}

int32_t mn_option_find(const char *key)
{
    for (int32_t i = 0; i < MN_OPTION_COUNT; i++)
        if (strcmp(options[i].key, key) == 0)
            return i;
    return -1;
}

bool mn_option_is_number(const mn_option *option)
{
    return option->kind <= MN_OPTION_FLAG;
}

static void number_text(double value, char text[32])
{
    if (!isfinite(value))
        snprintf(text, 32, "%s", isnan(value) ? "NaN" : "infinity");
    else if (value == floor(value) && fabs(value) < 1e16)
        snprintf(text, 32, "%lld", (long long)value);
    else
        mn_json_number(value, text);
}

mirnet_status mn_option_check_number(const mn_option *option, double value)
{
    char min[32], max[32], got[32];
    number_text(option->min, min);
    number_text(option->max, max);
    number_text(value, got);
    bool whole = option->kind == MN_OPTION_REAL || value == floor(value);
    if (value >= option->min && value <= option->max && whole)
        return MIRNET_OK;
    return mn_fail(MIRNET_ERR_INVALID, "option %s: expected %s from %s to %s, not %s", option->key,
                   option->kind == MN_OPTION_REAL ? "a number" : "an integer", min, max, got);
}

/* The four bases, each once, T for U and lower case accepted. */
static bool is_alphabet(const char *text)
{
    static const char bases[] = "AUGCaugc";
    unsigned seen = 0;
    if (strlen(text) != 4)
        return false;
    for (; *text; text++) {
        const char *base = strchr(bases, *text == 'T' ? 'U' : *text == 't' ? 'u' : *text);
        if (base)
            seen |= 1u << ((base - bases) % 4);
    }
    return seen == 15;
}

mirnet_status mn_option_check_text(const mn_option *option, const char *text)
{
    if (option->kind == MN_OPTION_TEXT) {
        if (is_alphabet(text))
            return MIRNET_OK;
        return mn_fail(MIRNET_ERR_INVALID, "option %s: expected a permutation of AUGC, not '%.60s'", option->key, text);
    }
    size_t n = strlen(text);
    for (const char *word = option->words; *word && n > 0; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (length == n && memcmp(word, text, n) == 0)
            return MIRNET_OK;
        word += length;
    }
    return mn_fail(MIRNET_ERR_INVALID, "option %s: expected one of: %s; not '%.60s'", option->key, option->words, text);
}

static const mn_option *option_at(int32_t i)
{
    return i >= 0 && i < MN_OPTION_COUNT ? &options[i] : NULL;
}

int32_t mirnet_option_count(void)
{
    return MN_OPTION_COUNT;
}

const char *mirnet_option_key(int32_t i)
{
    const mn_option *option = option_at(i);
    return option ? option->key : NULL;
}

int32_t mirnet_option_kind(int32_t i)
{
    const mn_option *option = option_at(i);
    return option ? (int32_t)option->kind : -1;
}

const char *mirnet_option_help(int32_t i)
{
    const mn_option *option = option_at(i);
    return option ? option->help : NULL;
}

const char *mirnet_option_words(int32_t i)
{
    const mn_option *option = option_at(i);
    return option ? option->words : NULL;
}

const char *mirnet_option_default_text(int32_t i)
{
    const mn_option *option = option_at(i);
    return option ? option->standard_text : NULL;
}

mirnet_status mirnet_option_bounds(int32_t i, double *out_min, double *out_max, double *out_default)
{
    const mn_option *option = option_at(i);
    MN_REQUIRE(out_min && out_max && out_default, "out_min, out_max or out_default is NULL");
    MN_REQUIRE(option, "option %d: expected 0 to %d", (int)i, MN_OPTION_COUNT - 1);
    MN_REQUIRE(mn_option_is_number(option), "option %s is not a number", option->key);
    *out_min = option->min;
    *out_max = option->max;
    *out_default = option->standard;
    return MIRNET_OK;
}
