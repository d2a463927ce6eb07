/* fuzz_reader.c - any bytes as FASTA, FASTQ, RNAfold text, CSV, TSV or gzip of them */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/dataset.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_status(mirnet_status status)
{
    require(status == MIRNET_OK || status == MIRNET_ERR_FORMAT || status == MIRNET_ERR_IO);
    require(status == MIRNET_OK || mirnet_last_message()[0]);
}

/* What every record promises. */
static void check_record(const char *name, const char *sequence, size_t length, const char *structure)
{
    require(name[0] != '\0' && strcspn(name, "\t\r\n") == strlen(name));
    require(strlen(sequence) == length && strspn(sequence, "ACGURYSWKMBDHVN") == length);
    require(!structure[0] || (strlen(structure) == length && strspn(structure, ".()[]{}<>") == length));
}

static int64_t read_all(const uint8_t *data, size_t size, int format, int tolerant)
{
    mirnet_reader *reader;
    int32_t more = 1;
    mirnet_status status;
    int64_t n = 0;
    require(mirnet_reader_create_mem(&reader, data, size, "fuzz") == MIRNET_OK);
    require(mirnet_reader_set(reader, "format", format) == MIRNET_OK);
    require(mirnet_reader_set(reader, "lenient", tolerant) == MIRNET_OK);
    require(mirnet_reader_set(reader, "mask_lower", tolerant) == MIRNET_OK);
    require(mirnet_reader_set(reader, "keep_empty", tolerant) == MIRNET_OK);
    while ((status = mirnet_reader_run(reader, &more)) == MIRNET_OK && more) {
        size_t length = mirnet_reader_get_length(reader);
        check_record(mirnet_reader_get_name(reader), mirnet_reader_get_sequence(reader), length,
                     mirnet_reader_get_structure(reader));
        require(tolerant || length);
        n++;
    }
    check_status(status);
    require(mirnet_reader_run(reader, &more) == status);
    mirnet_reader_destroy(reader);
    return status == MIRNET_OK ? n : 0;
}

/* A dataset takes the records of one reader, or none. */
static void load_all(const uint8_t *data, size_t size, int64_t expected)
{
    mirnet_dataset *dataset;
    int64_t records, unique;
    require(mirnet_dataset_create(&dataset) == MIRNET_OK);
    check_status(mirnet_dataset_load_mem(dataset, data, size, "fuzz", "class"));
    require(mirnet_dataset_count(dataset) == expected);
    for (int64_t i = 0; i < expected; i++) {
        check_record(mirnet_dataset_get_name(dataset, i), mirnet_dataset_get_sequence(dataset, i),
                     (size_t)mirnet_dataset_get_length(dataset, i), mirnet_dataset_get_structure(dataset, i));
        require(mirnet_dataset_get_class(dataset, i) >= 0);
    }
    require(mirnet_dataset_get_report(dataset, "records", &records) == MIRNET_OK && records == expected);
    require(mirnet_dataset_get_report(dataset, "unique_sequences", &unique) == MIRNET_OK && unique <= expected);
    mirnet_dataset_destroy(dataset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int format = 1; format <= 5; format++)
        read_all(data, size, format, format % 2);
    read_all(data, size, 0, 1);
    load_all(data, size, read_all(data, size, 0, 0));
    return 0;
}
