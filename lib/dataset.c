/* dataset.c - records in memory and the classes that they fall into */
/* SPDX-License-Identifier: MIT */
#include "dataset.h"

#include <inttypes.h>

#include "mem.h"

/* A record on its way in. Sequence and structure are checked already. */
typedef struct mn_entry {
    const char *name, *sequence, *structure, *class_name, *group;
    size_t length;
} mn_entry;

mn_dataset_mark mn_dataset_get_mark(const mirnet_dataset *dataset)
{
    return (mn_dataset_mark){mn_arena_get_mark(&dataset->texts), dataset->n, dataset->classes.n};
}

static bool means_positive(const char *name)
{
    static const char *const names[] = {"TRUE", "true", "1", "yes", "positive", "mirtron"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void find_positive(mirnet_dataset *dataset)
{
    if (dataset->positive_given)
        return;
    const mn_textset *classes = &dataset->classes;
    dataset->positive = classes->n == 2 && means_positive(classes->texts[1]) && !means_positive(classes->texts[0]);
}

void mn_dataset_reset(mirnet_dataset *dataset, mn_dataset_mark mark)
{
    while (dataset->n > mark.n) {
        int32_t found = dataset->records[--dataset->n].found;
        if (found >= 0)
            dataset->class_sizes[found]--;
    }
    mn_textset_reset(&dataset->classes, mark.n_classes);
    mn_arena_reset(&dataset->texts, mark.texts);
    find_positive(dataset);
}

int32_t mn_dataset_class_of(const mirnet_dataset *dataset, int32_t found)
{
    return found == dataset->positive ? 0 : found < dataset->positive ? found + 1 : found;
}

int32_t mn_dataset_found_of(const mirnet_dataset *dataset, int32_t c)
{
    return c == 0 ? dataset->positive : c <= dataset->positive ? c - 1 : c;
}

static mirnet_status add_class(mirnet_dataset *dataset, const char *name, int32_t *out_found)
{
    if (dataset->classes.n == INT32_MAX)
        return mn_fail(MIRNET_ERR_UNSUPPORTED, "more than %d classes", INT32_MAX);
    size_t found;
    MN_TRY(mn_grow(&dataset->class_sizes, &dataset->class_capacity, dataset->classes.n + 1,
                   sizeof(*dataset->class_sizes)));
    const char *copy = mn_arena_add(&dataset->texts, name, strlen(name));
    if (!copy)
        return MIRNET_ERR_NOMEM;
    MN_TRY(mn_textset_add(&dataset->classes, copy, &found));
    dataset->class_sizes[found] = 0;
    *out_found = (int32_t)found;
    find_positive(dataset);
    return MIRNET_OK;
}

/* The class that a text of the input stands for; -1 for "". */
static mirnet_status take_class(mirnet_dataset *dataset, const mn_entry *entry, int32_t *out_found)
{
    const char *name = entry->class_name;
    *out_found = -1;
    if (!*name)
        return MIRNET_OK;
    size_t mapped = mn_textset_find(&dataset->map_from, name);
    if (mapped < dataset->map_from.n)
        name = dataset->map_to[mapped];
    size_t found = mn_textset_find(&dataset->classes, name);
    if (found < dataset->classes.n) {
        *out_found = (int32_t)found;
        return MIRNET_OK;
    }
    if (dataset->classes_given)
        return mn_fail(MIRNET_ERR_FORMAT, "record '%.80s': class '%.80s' is none of '%.80s'%s", entry->name, name,
                       dataset->classes.texts[0], dataset->classes.n > 1 ? " and the others that were set" : "");
    return add_class(dataset, name, out_found);
}

/* "" takes no room. */
static bool keep(mirnet_dataset *dataset, const char *text, size_t n, const char **out)
{
    *out = n ? mn_arena_add(&dataset->texts, text, n) : "";
    return *out != NULL;
}

/* On failure the caller goes back to its mark. */
static mirnet_status append(mirnet_dataset *dataset, const mn_entry *entry)
{
    mn_record record = {.length = (int64_t)entry->length};
    MN_TRY(mn_grow(&dataset->records, &dataset->capacity, dataset->n + 1, sizeof(*dataset->records)));
    MN_TRY(take_class(dataset, entry, &record.found));
    if (!keep(dataset, entry->name, strlen(entry->name), &record.name) ||
        !keep(dataset, entry->sequence, entry->length, &record.sequence) ||
        !keep(dataset, entry->structure, strlen(entry->structure), &record.structure) ||
        !keep(dataset, entry->group, strlen(entry->group), &record.group))
        return MIRNET_ERR_NOMEM;
    dataset->records[dataset->n++] = record;
    if (record.found >= 0)
        dataset->class_sizes[record.found]++;
    return MIRNET_OK;
}

static mirnet_status append_all(mirnet_dataset *dataset, mirnet_reader *reader, const char *opt_class)
{
    reader->options = dataset->options;
    if (dataset->group_column)
        MN_TRY(mn_reader_set_group_column(reader, dataset->group_column));
    for (;;) {
        int32_t more;
        MN_TRY(mirnet_reader_run(reader, &more));
        if (!more && !reader->records)
            return mn_fail(MIRNET_ERR_FORMAT, "%s: there are no records", mn_input_get_source(reader->input));
        if (!more)
            return MIRNET_OK;
        mn_entry entry = {
            .name = mn_buf_text(&reader->name),
            .sequence = mn_buf_text(&reader->sequence),
            .structure = mn_buf_text(&reader->structure),
            .class_name = reader->class_name.size || !opt_class ? mn_buf_text(&reader->class_name) : opt_class,
            .group = mn_buf_text(&reader->group),
            .length = reader->sequence.size,
        };
        MN_TRY(mn_reader_fail_at(reader, mn_input_get_line(reader->input), append(dataset, &entry)));
    }
}

/* Takes the reader over. */
static mirnet_status load(mirnet_dataset *dataset, mirnet_reader *reader, const char *opt_class)
{
    mn_dataset_mark mark = mn_dataset_get_mark(dataset);
    mirnet_status status = append_all(dataset, reader, opt_class);
    mirnet_reader_destroy(reader);
    if (status != MIRNET_OK)
        mn_dataset_reset(dataset, mark);
    return status;
}

mirnet_status mirnet_dataset_create(mirnet_dataset **out)
{
    MN_REQUIRE(out, "out is NULL");
    mirnet_dataset *dataset = mn_calloc(1, sizeof(*dataset));
    if (!dataset)
        return MIRNET_ERR_NOMEM;
    *out = dataset;
    return MIRNET_OK;
}

void mirnet_dataset_destroy(mirnet_dataset *dataset)
{
    if (!dataset)
        return;
    mn_arena_destroy(&dataset->texts);
    mn_textset_destroy(&dataset->classes);
    mn_textset_destroy(&dataset->map_from);
    mn_free(dataset->records);
    mn_free(dataset->class_sizes);
    mn_free(dataset->group_column);
    mn_free(dataset->map_to);
    mn_free(dataset);
}

mirnet_status mirnet_dataset_set(mirnet_dataset *dataset, const char *key, double value)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(key, "key is NULL");
    return mn_read_options_set(&dataset->options, key, value);
}

mirnet_status mirnet_dataset_set_group_column(mirnet_dataset *dataset, const char *name)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(name && *name, "name is %s", name ? "empty" : "NULL");
    char *copy = mn_strdup(name);
    if (!copy)
        return MIRNET_ERR_NOMEM;
    mn_free(dataset->group_column);
    dataset->group_column = copy;
    return MIRNET_OK;
}

mirnet_status mirnet_dataset_map_class(mirnet_dataset *dataset, const char *from, const char *to)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(from && *from, "from is %s", from ? "empty" : "NULL");
    MN_REQUIRE(to && *to, "to is %s", to ? "empty" : "NULL");
    if (dataset->n)
        return mn_fail(MIRNET_ERR_STATE, "class '%.80s' cannot be mapped: there are records already", from);
    size_t i;
    const char *from_copy = mn_arena_add(&dataset->texts, from, strlen(from));
    const char *to_copy = mn_arena_add(&dataset->texts, to, strlen(to));
    if (!from_copy || !to_copy)
        return MIRNET_ERR_NOMEM;
    MN_TRY(mn_grow(&dataset->map_to, &dataset->map_capacity, dataset->map_from.n + 1, sizeof(*dataset->map_to)));
    MN_TRY(mn_textset_add(&dataset->map_from, from_copy, &i));
    dataset->map_to[i] = to_copy;
    return MIRNET_OK;
}

mirnet_status mirnet_dataset_set_classes(mirnet_dataset *dataset, const char *const *names, int32_t n)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(names, "names is NULL");
    MN_REQUIRE(n >= 1, "n is %" PRId32 ": expected at least one class", n);
    if (dataset->n)
        return mn_fail(MIRNET_ERR_STATE, "classes cannot be set: there are records already");
    mn_textset classes = {0};
    int64_t *sizes = mn_calloc((size_t)n, sizeof(*sizes));
    mirnet_status status = sizes ? MIRNET_OK : MIRNET_ERR_NOMEM;
    for (int32_t i = 0; i < n && status == MIRNET_OK; i++) {
        if (!names[i] || !*names[i]) {
            status = mn_fail(MIRNET_ERR_INVALID, "names[%" PRId32 "] is %s", i, names[i] ? "empty" : "NULL");
            break;
        }
        size_t at;
        const char *copy = mn_arena_add(&dataset->texts, names[i], strlen(names[i]));
        status = copy ? mn_textset_add(&classes, copy, &at) : MIRNET_ERR_NOMEM;
        if (status == MIRNET_OK && at != (size_t)i)
            status = mn_fail(MIRNET_ERR_INVALID, "class '%.80s' is named twice", names[i]);
    }
    if (status != MIRNET_OK) {
        mn_textset_destroy(&classes);
        mn_free(sizes);
        return status;
    }
    mn_textset_destroy(&dataset->classes);
    mn_free(dataset->class_sizes);
    dataset->classes = classes;
    dataset->class_sizes = sizes;
    dataset->class_capacity = (size_t)n;
    dataset->positive = 0;
    dataset->positive_given = dataset->classes_given = true;
    return MIRNET_OK;
}

mirnet_status mirnet_dataset_set_positive(mirnet_dataset *dataset, const char *name)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(name, "name is NULL");
    size_t found = mn_textset_find(&dataset->classes, name);
    if (found == dataset->classes.n)
        return mn_fail(MIRNET_ERR_NOT_FOUND, "there is no class '%.80s'", name);
    dataset->positive = (int32_t)found;
    dataset->positive_given = true;
    return MIRNET_OK;
}

mirnet_status mirnet_dataset_load(mirnet_dataset *dataset, const char *path, const char *opt_class)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(!opt_class || *opt_class, "opt_class is empty");
    mirnet_reader *reader;
    MN_TRY(mirnet_reader_create(&reader, path));
    return load(dataset, reader, opt_class);
}

mirnet_status mirnet_dataset_load_mem(mirnet_dataset *dataset, const void *bytes, size_t size, const char *source,
                                      const char *opt_class)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(!opt_class || *opt_class, "opt_class is empty");
    mirnet_reader *reader;
    MN_TRY(mirnet_reader_create_mem(&reader, bytes, size, source));
    return load(dataset, reader, opt_class);
}

mirnet_status mirnet_dataset_add(mirnet_dataset *dataset, const char *name, const char *sequence, const char *structure,
                                 const char *class_name, const char *group)
{
    MN_REQUIRE(dataset, "dataset is NULL");
    MN_REQUIRE(name, "name is NULL");
    MN_REQUIRE(sequence, "sequence is NULL");
    MN_REQUIRE(mn_is_line(name, strlen(name)), "name holds a control character");
    MN_REQUIRE(!class_name || mn_is_line(class_name, strlen(class_name)), "class_name holds a control character");
    MN_REQUIRE(!group || mn_is_line(group, strlen(group)), "group holds a control character");
    mn_buf letters = {0};
    mn_dataset_mark mark = mn_dataset_get_mark(dataset);
    mirnet_status status = mn_letters_add(&letters, sequence, strlen(sequence), &dataset->options, name);
    if (status == MIRNET_OK)
        status = mn_empty_check(letters.size, &dataset->options, name);
    if (status == MIRNET_OK && structure && *structure)
        status = mn_structure_check(structure, strlen(structure), letters.size, name);
    mn_entry entry = {
        .name = name,
        .sequence = mn_buf_text(&letters),
        .structure = structure ? structure : "",
        .class_name = class_name ? class_name : "",
        .group = group ? group : "",
        .length = letters.size,
    };
    if (status == MIRNET_OK)
        status = append(dataset, &entry);
    if (status != MIRNET_OK)
        mn_dataset_reset(dataset, mark);
    mn_buf_destroy(&letters);
    return status;
}

static const mn_record *record_of(const mirnet_dataset *dataset, int64_t i)
{
    return dataset && i >= 0 && (size_t)i < dataset->n ? &dataset->records[i] : NULL;
}

int64_t mirnet_dataset_count(const mirnet_dataset *dataset)
{
    return dataset ? (int64_t)dataset->n : 0;
}

const char *mirnet_dataset_get_name(const mirnet_dataset *dataset, int64_t i)
{
    const mn_record *record = record_of(dataset, i);
    return record ? record->name : NULL;
}

const char *mirnet_dataset_get_sequence(const mirnet_dataset *dataset, int64_t i)
{
    const mn_record *record = record_of(dataset, i);
    return record ? record->sequence : NULL;
}

const char *mirnet_dataset_get_structure(const mirnet_dataset *dataset, int64_t i)
{
    const mn_record *record = record_of(dataset, i);
    return record ? record->structure : NULL;
}

const char *mirnet_dataset_get_group(const mirnet_dataset *dataset, int64_t i)
{
    const mn_record *record = record_of(dataset, i);
    return record ? record->group : NULL;
}

int64_t mirnet_dataset_get_length(const mirnet_dataset *dataset, int64_t i)
{
    const mn_record *record = record_of(dataset, i);
    return record ? record->length : 0;
}

int32_t mirnet_dataset_get_class(const mirnet_dataset *dataset, int64_t i)
{
    const mn_record *record = record_of(dataset, i);
    return record && record->found >= 0 ? mn_dataset_class_of(dataset, record->found) : -1;
}

int32_t mirnet_dataset_class_count(const mirnet_dataset *dataset)
{
    return dataset ? (int32_t)dataset->classes.n : 0;
}

const char *mirnet_dataset_get_class_name(const mirnet_dataset *dataset, int32_t c)
{
    bool there = c >= 0 && c < mirnet_dataset_class_count(dataset);
    return there ? dataset->classes.texts[mn_dataset_found_of(dataset, c)] : NULL;
}

int64_t mirnet_dataset_get_class_size(const mirnet_dataset *dataset, int32_t c)
{
    bool there = c >= 0 && c < mirnet_dataset_class_count(dataset);
    return there ? dataset->class_sizes[mn_dataset_found_of(dataset, c)] : 0;
}
