/* cmd_simulate.c - mirnet simulate: a synthetic labelled data set */
/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include <mirnet/mirnet.h>

#include "args.h"
#include "commands.h"
#include "out.h"

static int write_csv(const mirnet_dataset *dataset, const char *path)
{
    out_file out;
    int status = out_open(&out, path);
    if (status != EXIT_OK)
        return status;
    out_printf(&out, "name,sequence,class\n");
    for (int64_t i = 0; i < mirnet_dataset_count(dataset) && !out.error; i++)
        out_printf(&out, "%s,%s,%s\n", mirnet_dataset_get_name(dataset, i), mirnet_dataset_get_sequence(dataset, i),
                   mirnet_dataset_get_class_name(dataset, mirnet_dataset_get_class(dataset, i)));
    return out_close(&out);
}

int cmd_simulate(int argc, char **argv)
{
    int64_t number = 200;
    args a = {.name = "simulate",
              .operands_help = "",
              .about = "Writes a synthetic set as CSV: hairpins of class mirtron and of class\n"
                       "canonical, names sim_*. For trying things out; it says nothing about biology.\n"
                       "Equal seeds give equal sets."};
    const arg_option options[] = {
        {"number", 'n', ARG_NUMBER, &number, "N", "hairpins of each class (default 200)", 1, 10000000},
    };
    args_add(&a, options, sizeof(options) / sizeof(options[0]));
    args_add_common(&a, "so");
    int status = args_read(&a, argc, argv);
    if (status != ARGS_GO)
        return status;
    uint64_t seed = a.seed >= 0 ? (uint64_t)a.seed : 1;
    if (!a.quiet)
        out_note("seed %" PRIu64, seed);
    mirnet_dataset *dataset = NULL;
    if (mirnet_dataset_create(&dataset) == MIRNET_OK && mirnet_dataset_simulate(dataset, number, seed) == MIRNET_OK)
        status = write_csv(dataset, a.output);
    else
        status = out_library();
    mirnet_dataset_destroy(dataset);
    args_report_usage(&a);
    return status;
}
