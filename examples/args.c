/* args.c - command lines: one table of options makes the parser and the help */
/* SPDX-License-Identifier: MIT */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "out.h"

void args_add(args *a, const arg_option *options, size_t n)
{
    for (size_t i = 0; i < n && a->n_options < MAX_OPTIONS; i++)
        a->options[a->n_options++] = options[i];
}

void args_add_common(args *a, const char *which)
{
    const arg_option optional[] = {
        {"threads", 't', ARG_NUMBER, &a->threads, "N", "threads, 1..256 (default 1); any number gives the same", 1,
         256},
        {"seed", 's', ARG_NUMBER, &a->seed, "N", "seed of all random numbers (default: the recipe's)", 0, 4294967295},
        {"output", 'o', ARG_TEXT, &a->output, "FILE", "where the result goes", 0, 0},
    };
    const arg_option always[] = {
        {"quiet", 'q', ARG_FLAG, &a->quiet, NULL, "errors only", 0, 0},
        {"verbose", 'v', ARG_FLAG, &a->verbose, NULL, "also time and memory used", 0, 0},
        {"help", 'h', ARG_FLAG, &a->help, NULL, "this text", 0, 0},
    };
    a->threads = 1;
    a->seed = -1;
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
        if (strchr(which, optional[i].letter))
            args_add(a, &optional[i], 1);
    args_add(a, always, sizeof(always) / sizeof(always[0]));
}

static int print_help(const args *a)
{
    out_file out;
    int status = out_open(&out, NULL);
    if (status != EXIT_OK)
        return status;
    out_printf(&out, "usage: mirnet %s [options] %s\n\n%s\n\n", a->name, a->operands_help, a->about);
    for (int i = 0; i < a->n_options; i++) {
        const arg_option *o = &a->options[i];
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", o->name, o->operand ? " " : "", o->operand ? o->operand : "");
        if (o->letter)
            out_printf(&out, "  -%c, %-24s %s\n", o->letter, left, o->help);
        else
            out_printf(&out, "      %-24s %s\n", left, o->help);
    }
    return out_close(&out);
}

static int set_number(const args *a, const arg_option *o, const char *text)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < o->min || value > o->max)
        return out_usage("%s: option --%s takes a whole number in %" PRId64 "..%" PRId64 ", not '%s'", a->name, o->name,
                         o->min, o->max, text);
    *(int64_t *)o->value = value;
    return ARGS_GO;
}

static int list_append(arg_list *list, const char *text)
{
    const char **items = realloc(list->items, ((size_t)list->count + 1) * sizeof(*items));
    if (!items)
        return out_error("out of memory");
    list->items = items;
    list->items[list->count++] = text;
    return ARGS_GO;
}

static int set_option(const args *a, const arg_option *o, char *text)
{
    switch (o->kind) {
    case ARG_FLAG:
        *(int *)o->value = 1;
        return ARGS_GO;
    case ARG_TEXT:
        *(const char **)o->value = text;
        return ARGS_GO;
    case ARG_NUMBER:
        return set_number(a, o, text);
    case ARG_LIST:
        return list_append(o->value, text);
    }
    return ARGS_GO;
}

/* The tables that getopt_long wants. Long options return 256 + index, so that index 0 is no end mark. */
static void make_tables(const args *a, char letters[2 * MAX_OPTIONS + 2], struct option longs[MAX_OPTIONS + 1])
{
    *letters++ = ':'; /* a missing value is reported as ':' and getopt itself stays silent */
    for (int i = 0; i < a->n_options; i++) {
        const arg_option *o = &a->options[i];
        longs[i] = (struct option){o->name, o->operand ? required_argument : no_argument, NULL, 256 + i};
        if (!o->letter)
            continue;
        *letters++ = o->letter;
        if (o->operand)
            *letters++ = ':';
    }
    *letters = '\0';
    longs[a->n_options] = (struct option){NULL, 0, NULL, 0};
}

static const arg_option *find(const args *a, int code)
{
    if (code >= 256)
        return &a->options[code - 256];
    for (int i = 0; i < a->n_options; i++)
        if (a->options[i].letter == code)
            return &a->options[i];
    return NULL;
}

static int misuse(const args *a, int code, char **argv)
{
    const char *word = argv[optind - 1];
    const arg_option *o = optopt ? find(a, optopt) : NULL;
    if (code == ':' && o)
        return out_usage("%s: option --%s needs a value: %s (see mirnet %s -h)", a->name, o->name, o->operand, a->name);
    if (o && optopt >= 256)
        return out_usage("%s: option --%s takes no value (see mirnet %s -h)", a->name, o->name, a->name);
    if (optopt && optopt < 256)
        return out_usage("%s: unknown option '-%c' (see mirnet %s -h)", a->name, optopt, a->name);
    return out_usage("%s: unknown option '%s' (see mirnet %s -h)", a->name, word, a->name);
}

int args_read(args *a, int argc, char **argv)
{
    char letters[2 * MAX_OPTIONS + 2];
    struct option longs[MAX_OPTIONS + 1];
    make_tables(a, letters, longs);
    opterr = 0;
    optind = 1;
    int code;
    while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const arg_option *o = code == '?' || code == ':' ? NULL : find(a, code);
        int status = o ? set_option(a, o, optarg) : misuse(a, code, argv);
        if (status != ARGS_GO)
            return status;
    }
    if (a->help)
        return print_help(a);
    a->operands = argv + optind;
    a->n_operands = argc - optind;
    if (a->n_operands < a->min_operands)
        return out_usage("%s: an operand is missing: mirnet %s [options] %s", a->name, a->name, a->operands_help);
    if (a->max_operands >= 0 && a->n_operands > a->max_operands)
        return out_usage("%s: unexpected operand '%s': mirnet %s [options] %s", a->name, a->operands[a->max_operands],
                         a->name, a->operands_help);
    return ARGS_GO;
}

void args_free(args *a)
{
    for (int i = 0; i < a->n_options; i++)
        if (a->options[i].kind == ARG_LIST) {
            arg_list *list = a->options[i].value;
            free(list->items);
            *list = (arg_list){NULL, 0};
        }
}

void args_report_usage(const args *a)
{
    struct rusage use;
    if (!a->verbose || getrusage(RUSAGE_SELF, &use) != 0)
        return;
    double user = (double)use.ru_utime.tv_sec + 1e-6 * (double)use.ru_utime.tv_usec;
    double system = (double)use.ru_stime.tv_sec + 1e-6 * (double)use.ru_stime.tv_usec;
    out_note("%.2f s user, %.2f s system, %.1f MiB at most", user, system, (double)use.ru_maxrss / 1024);
}

char *args_split(const char *text, const char **value)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || equals[1] == '\0')
        return NULL;
    *value = equals + 1;
    return strndup(text, (size_t)(equals - text));
}
