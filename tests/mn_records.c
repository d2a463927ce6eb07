/* mn_records.c - records from text, and what a reader or a set makes of them as text */
/* SPDX-License-Identifier: MIT */
#include "mn_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mn_check.h"

static char shown[1 << 16];

static void add(const char *text)
{
    ck_assert_uint_lt(strlen(shown) + strlen(text), sizeof(shown));
    strcat(shown, text);
}

static void show_record(const mirnet_reader *reader)
{
    const char *texts[] = {mirnet_reader_get_name(reader), mirnet_reader_get_sequence(reader),
                           mirnet_reader_get_structure(reader), mirnet_reader_get_class(reader),
                           mirnet_reader_get_group(reader)};
    int last = 1;
    ck_assert_uint_eq(mirnet_reader_get_length(reader), strlen(texts[1]));
    for (int i = 2; i < 5; i++)
        if (texts[i][0])
            last = i;
    for (int i = 0; i <= last; i++) {
        add(i ? " " : "");
        add(texts[i][0] ? texts[i] : "-");
    }
    add("\n");
}

const char *mn_records_show(mirnet_reader *reader)
{
    int32_t more = 1;
    mirnet_status status;
    shown[0] = '\0';
    while ((status = mirnet_reader_run(reader, &more)) == MIRNET_OK && more)
        show_record(reader);
    if (status != MIRNET_OK) {
        add("! ");
        add(mirnet_status_name(status));
        add(" ");
        add(mirnet_last_message());
    }
    char first[600];
    snprintf(first, sizeof(first), "%s", mirnet_last_message());
    ck_assert_int_eq(mirnet_reader_run(reader, &more), status);
    ck_assert(status != MIRNET_OK || !more);
    ck_assert(status == MIRNET_OK || strcmp(first, mirnet_last_message()) == 0);
    ck_assert_str_eq(mirnet_reader_get_name(reader), "");
    ck_assert_str_eq(mirnet_reader_get_sequence(reader), "");
    ck_assert_uint_eq(mirnet_reader_get_length(reader), 0);
    mirnet_reader_destroy(reader);
    return shown;
}

static void set_options(mirnet_reader *reader, const char *options)
{
    char copy[200];
    snprintf(copy, sizeof(copy), "%s", options);
    for (char *key = strtok(copy, " "); key; key = strtok(NULL, " ")) {
        char *value = strchr(key, '=');
        if (value)
            *value = '\0';
        mn_ok(mirnet_reader_set(reader, key, value ? atof(value + 1) : 1));
    }
}

const char *mn_records_read(const void *bytes, size_t size, const char *options)
{
    mirnet_reader *reader;
    /* A block of just this size, so that a sanitizer sees a step beyond it. */
    char *copy = malloc(size ? size : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    mn_ok(mirnet_reader_create_mem(&reader, copy, size, "x.fa"));
    set_options(reader, options);
    const char *text = mn_records_show(reader);
    free(copy);
    return text;
}

mirnet_dataset *mn_records_create(void)
{
    mirnet_dataset *dataset;
    mn_ok(mirnet_dataset_create(&dataset));
    return dataset;
}

mirnet_status mn_records_load(mirnet_dataset *dataset, const char *text, const char *opt_class)
{
    return mirnet_dataset_load_mem(dataset, text, strlen(text), "x.csv", opt_class);
}

int64_t mn_records_report(const mirnet_dataset *dataset, const char *key)
{
    int64_t value = -1;
    mn_ok(mirnet_dataset_get_report(dataset, key, &value));
    return value;
}

const char *mn_records_classes(const mirnet_dataset *dataset)
{
    static char text[1000];
    text[0] = '\0';
    for (int32_t c = 0; c < mirnet_dataset_class_count(dataset); c++)
        sprintf(text + strlen(text), "%s%s:%d", c ? " " : "", mirnet_dataset_get_class_name(dataset, c),
                (int)mirnet_dataset_get_class_size(dataset, c));
    return text;
}

const char *mn_records_labels(const mirnet_dataset *dataset)
{
    static char text[1000];
    text[0] = '\0';
    for (int64_t i = 0; i < mirnet_dataset_count(dataset); i++) {
        const char *name = mirnet_dataset_get_class_name(dataset, mirnet_dataset_get_class(dataset, i));
        sprintf(text + strlen(text), "%s%s", i ? " " : "", name ? name : "-");
    }
    return text;
}
