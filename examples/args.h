/* args.h - command lines: one table of options makes the parser and the help */
/* SPDX-License-Identifier: MIT */
#ifndef ARGS_H
#define ARGS_H

#include <stddef.h>
#include <stdint.h>

typedef enum arg_kind {
    ARG_FLAG,   /* value is int *, set to 1 */
    ARG_TEXT,   /* const char ** */
    ARG_NUMBER, /* int64_t *, a whole number in min..max */
    ARG_LIST    /* arg_list *; the option may be given again and again */
} arg_kind;

typedef struct arg_list {
    const char **items; /* the texts belong to argv */
    int count;
} arg_list;

typedef struct arg_option {
    const char *name; /* the long one */
    char letter;      /* the short one, 0: none */
    arg_kind kind;
    void *value;
    const char *operand; /* what stands for the value in the help; NULL for flags */
    const char *help;
    int64_t min, max;
} arg_option;

enum { MAX_OPTIONS = 32 };

/* A command's line. The first four members are set by the command; the rest by the functions below. */
typedef struct args {
    const char *name, *operands_help, *about;
    int min_operands, max_operands; /* max -1: any number */
    int n_options;
    arg_option options[MAX_OPTIONS];

    /* Options that several commands share, see args_add_common. */
    int64_t threads; /* 1..256 */
    int64_t seed;    /* -1: not given */
    const char *output;
    int quiet, verbose, help;

    char **operands;
    int n_operands;
} args;

void args_add(args *a, const arg_option *options, size_t n);

/* Adds -h, -q and -v, and those of -t, -s and -o whose letters are in `which`. */
void args_add_common(args *a, const char *which);

/* Reads the line. ARGS_GO: all is well; otherwise the exit status: wrong usage, or the help was asked for and is
 * printed. */
enum { ARGS_GO = -1 };
int args_read(args *a, int argc, char **argv);

/* Frees the lists of all ARG_LIST options. */
void args_free(args *a);

/* Prints wall time, processor time and peak memory of the process, if -v was given. */
void args_report_usage(const args *a);

/* The text in front of the first '=' of "NAME=VALUE" as a new string, *value behind it; NULL if there is no '=', if
 * NAME or VALUE is empty, or if memory is out. */
char *args_split(const char *text, const char **value);

#endif
