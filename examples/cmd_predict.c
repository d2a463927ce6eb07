/* cmd_predict.c - mirnet predict: class probabilities of sequences */
/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/mirnet.h>

#include "args.h"
#include "beside.h"
#include "block.h"
#include "commands.h"
#include "out.h"
#include "predict_tensors.h"
#include "rows.h"

enum { WRITES, READS, DONE };

typedef struct predict {
    const char *tensors_path, *long_policy;
    int header, json, keep_going, lenient, mask_lower;

    mirnet_model *model;
    mirnet_encoder *encoder;
    mirnet_predictor *predictor;
    mirnet_reader *reader;
    const char *source; /* the file that is being read, as the user wrote it */
    block blocks[2];    /* one is predicted while the other one is written, and then filled with the next records */
    block *beside;      /* the other one */
    block *unwritten;   /* predicted, to be written before anything else is; NULL: there is none */
    int threaded;
    atomic_int stop;    /* nothing more is to be read */
    atomic_int doing;   /* what the thread beside does; `out` is its own as long as it writes */
    int64_t records;    /* of this file, as far as it was read */
    int64_t refused;    /* of all files */
    out_file out;
} predict;

static int open_model(predict *p, const args *a)
{
    if (mirnet_model_load_stateless(&p->model, a->operands[0]) != MIRNET_OK)
        return out_library();
    if (p->long_policy && mirnet_model_set_text(p->model, "encoder.long", p->long_policy) != MIRNET_OK)
        return out_usage("predict: option --long: %s", mirnet_last_message());
    if (mirnet_encoder_create(&p->encoder, mirnet_model_get_recipe(p->model)) != MIRNET_OK ||
        mirnet_predictor_create(&p->predictor, p->model, (int32_t)a->threads) != MIRNET_OK)
        return out_library();
    return EXIT_OK;
}

static void write_rows(predict *p, const block *b)
{
    const float *next = b->probabilities;
    for (int64_t i = 0; i < b->n && !p->out.error; i++) {
        const float *probabilities = b->refused[i] ? NULL : next;
        if (p->json)
            rows_json(&p->out, p->model, b->n_classes, block_get_name(b, i), b->lengths[i], probabilities);
        else
            rows_text(&p->out, p->model, b->n_classes, block_get_name(b, i), b->lengths[i], probabilities);
        next += probabilities ? b->n_classes : 0;
    }
    p->refused += b->n - b->n_accepted;
}

/* Fills an empty block; it stays empty behind the last record. The library's message stands with the reader. */
static int read_records(predict *p, block *b)
{
    int32_t more = 1;
    int full = 0, status = EXIT_OK;
    block_reset(b, p->records);
    while (status == EXIT_OK && !full && !atomic_load(&p->stop)) {
        if (mirnet_reader_run(p->reader, &more) != MIRNET_OK)
            return EXIT_FAILED;
        if (!more)
            break;
        status = block_add(b, p->reader, &full);
    }
    p->records += b->n;
    return status;
}

static void write_unwritten(predict *p)
{
    if (p->unwritten)
        write_rows(p, p->unwritten);
    p->unwritten = NULL;
}

static int work_beside(void *context)
{
    predict *p = context;
    write_unwritten(p);
    atomic_store(&p->doing, READS);
    int status = read_records(p, p->beside);
    atomic_store(&p->doing, DONE);
    return status;
}

/* Rows go out at once where the input is what everybody waits for; else the thread beside writes them. */
static void hand_out(predict *p, block *b)
{
    while (atomic_load(&p->doing) == WRITES)
        sched_yield();
    p->unwritten = b;
    if (atomic_load(&p->doing) == READS)
        write_unwritten(p);
}

/* While a block is predicted, the one before it is written and the next one is read. */
static int predict_records(predict *p)
{
    int32_t more;
    block *b = &p->blocks[0];
    beside reading;
    p->beside = &p->blocks[1];
    int read = read_records(p, b), status = EXIT_OK;
    while (read == EXIT_OK && b->n > 0) {
        atomic_store(&p->doing, WRITES);
        beside_start(&reading, p->threaded, work_beside, p);
        if (!reading.running) {
            write_unwritten(p);
            atomic_store(&p->doing, READS);
        }
        status = block_apply(b, p->predictor, p->encoder, p->keep_going, p->source);
        if (status == EXIT_OK)
            hand_out(p, b);
        atomic_store(&p->stop, status != EXIT_OK || p->out.error);
        read = beside_wait(&reading);
        if (status != EXIT_OK)
            return status;
        if (p->out.error)
            return out_close(&p->out);
        block *other = p->beside;
        p->beside = b;
        b = other;
    }
    write_unwritten(p);
    if (read != EXIT_OK) /* asked again, the reader says in this thread what it said in the other one */
        return mirnet_reader_run(p->reader, &more) == MIRNET_OK ? EXIT_FAILED : out_library();
    return p->records > 0 ? EXIT_OK : out_error("%s: no records", p->source);
}

static int predict_file(predict *p, const char *path)
{
    p->source = strcmp(path, "-") == 0 ? "standard input" : path;
    p->records = 0;
    for (int i = 0; i < 2; i++)
        block_reset(&p->blocks[i], 0);
    int status;
    if (mirnet_reader_create(&p->reader, path) != MIRNET_OK ||
        mirnet_reader_set(p->reader, "lenient", p->lenient) != MIRNET_OK ||
        mirnet_reader_set(p->reader, "mask_lower", p->mask_lower) != MIRNET_OK ||
        mirnet_reader_set(p->reader, "keep_empty", p->keep_going) != MIRNET_OK)
        status = out_library();
    else
        status = predict_records(p);
    mirnet_reader_destroy(p->reader);
    p->reader = NULL;
    return status;
}

static int predict_files(predict *p, const args *a, int argc, char **argv)
{
    int32_t n_classes = (int32_t)mirnet_model_get_size(p->model, -1);
    int status = EXIT_OK;
    p->threaded = a->threads > 1;
    for (int i = 0; i < 2 && status == EXIT_OK; i++)
        status = block_create(&p->blocks[i], n_classes);
    if (status == EXIT_OK)
        status = out_open(&p->out, a->output);
    if (status != EXIT_OK)
        return status;
    if (p->header && !p->json)
        rows_header(&p->out, p->model, a->operands[0], argc, argv);
    if (!p->json)
        rows_columns(&p->out, p->model, n_classes);
    for (int i = 1; status == EXIT_OK && i < a->n_operands; i++)
        status = predict_file(p, a->operands[i]);
    if (status == EXIT_OK && a->n_operands == 1)
        status = predict_file(p, "-");
    if (status == EXIT_OK && p->refused > 0)
        out_note("%" PRId64 " records could not be encoded: NA", p->refused);
    return status == EXIT_OK ? out_close(&p->out) : status;
}

static int run(predict *p, const args *a, int argc, char **argv)
{
    if (p->tensors_path && !a->output)
        return out_usage("predict: option --output is missing: where the tensors go");
    if (p->tensors_path && a->n_operands > 1)
        return out_usage("predict: --tensors and sequence files exclude each other");
    int status = open_model(p, a);
    if (status != EXIT_OK)
        return status;
    if (p->tensors_path)
        return predict_tensors(p->model, p->predictor, p->tensors_path, a->output);
    return predict_files(p, a, argc, argv);
}

static void destroy(predict *p)
{
    out_discard(&p->out);
    for (int i = 0; i < 2; i++)
        block_destroy(&p->blocks[i]);
    mirnet_predictor_destroy(p->predictor);
    mirnet_encoder_destroy(p->encoder);
    mirnet_model_destroy(p->model);
}

int cmd_predict(int argc, char **argv)
{
    predict p = {.json = 0};
    args a = {.name = "predict",
              .operands_help = "MODEL [FASTA...]",
              .min_operands = 1,
              .max_operands = -1,
              .about = "Prints the probability of each class for every sequence: #name, length,\n"
                       "p_<class>..., class, separated by tabs. Reads FASTA, FASTQ, RNAfold text, CSV\n"
                       "or TSV, plain or gzip; standard input if no file is given, or for '-'."};
    const arg_option options[] = {
        {"long", 'l', ARG_TEXT, &p.long_policy, "HOW", "a long sequence: error, truncate, truncate5, truncate3", 0, 0},
        {"keep-going", 'k', ARG_FLAG, &p.keep_going, NULL, "NA for a record that cannot be encoded", 0, 0},
        {"header", 0, ARG_FLAG, &p.header, NULL, "lines ## in front: version, command, model", 0, 0},
        {"json", 0, ARG_FLAG, &p.json, NULL, "a line of JSON for each record", 0, 0},
        {"lenient", 0, ARG_FLAG, &p.lenient, NULL, "drop blanks and digits inside sequences", 0, 0},
        {"mask-lower", 0, ARG_FLAG, &p.mask_lower, NULL, "a lower-case base becomes N", 0, 0},
        {"tensors", 0, ARG_TEXT, &p.tensors_path, "FILE", "read raw input tensors, write tensor 'output' to -o", 0, 0},
    };
    args_add(&a, options, sizeof(options) / sizeof(options[0]));
    args_add_common(&a, "to");
    /* getopt_long moves operands behind options: the header shows the line as it was. */
    char **line = calloc((size_t)argc + 1, sizeof(*line));
    for (int i = 0; line && i < argc; i++)
        line[i] = argv[i];
    int status = line ? args_read(&a, argc, argv) : out_error("out of memory");
    if (status == ARGS_GO) {
        status = run(&p, &a, argc, line);
        args_report_usage(&a);
    }
    free(line);
    destroy(&p);
    args_free(&a);
    return status;
}
