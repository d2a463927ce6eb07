/* mirnet.c - the program: finds the command and hands its line over */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <mirnet/mirnet.h>

#include "commands.h"
#include "out.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"summary", cmd_summary, "layers, shapes and parameters of a recipe or model"},
    {"train", cmd_train, "train a network on labelled sequences"},
    {"crossval", cmd_crossval, "stratified k-fold cross-validation, with baselines"},
    {"predict", cmd_predict, "class probabilities of sequences"},
    {"evaluate", cmd_evaluate, "figures and confusion matrix on labelled sequences"},
    {"import", cmd_import, "a model file from a Keras model and its weights"},
    {"simulate", cmd_simulate, "a synthetic labelled data set, to try things out"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int print_help(void)
{
    out_file out;
    out_open(&out, NULL);
    out_printf(&out, "usage: mirnet COMMAND [options] [operands]\n\n"
                     "Trains, validates and applies neural networks on RNA hairpin sequences.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        out_printf(&out, "  %-10s %s\n", commands[i].name, commands[i].about);
    out_printf(&out, "\nmirnet COMMAND -h lists a command's options; mirnet --version tells the version.\n");
    return out_close(&out);
}

static int print_version(void)
{
    out_file out;
    out_open(&out, NULL);
    out_printf(&out, "mirnet %d.%d.%d\nlibmirnet %s: %s\n", MIRNET_VERSION_MAJOR, MIRNET_VERSION_MINOR,
               MIRNET_VERSION_PATCH, mirnet_version(), mirnet_build_info());
    return out_close(&out);
}

/* What a fold's network took goes back to the system when the fold ends. Left to itself, glibc starts to keep such
 * blocks once the first one has been freed, some 20 MiB of them. */
static void return_large_blocks(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int main(int argc, char **argv)
{
    return_large_blocks();
    out_catch_signals();
    if (argc < 2)
        return out_usage("a command is missing (see mirnet -h)");
    const char *word = argv[1];
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
        return print_help();
    if (strcmp(word, "--version") == 0)
        return print_version();
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return out_usage("there is no command '%s' (see mirnet -h)", word);
}
