/* test_hostile_files.c - files that are no model files: other formats, headers of the wrong length or far too large */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>

#include "mn_bytes.h"

START_TEST(a_header_length_that_lies_is_refused)
{
    static const struct {
        uint64_t length;
        const char *word;
    } lies[] = {
        {UINT64_MAX, "too large"},     {UINT64_MAX - 7, "too large"}, {UINT64_C(1) << 63, "too large"},
        {100000001, "too large"},      {100000000, "truncated"},      {UINT64_C(1) << 32, "too large"},
        {INT32_MAX, "too large"},      {11, "truncated"},             {9, "JSON"},
        {1, "JSON"},                   {0, "JSON"},                   {2, "belong to no tensor"},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        mn_bytes bytes = mn_bytes_raw(lies[i].length, "{} xxxxxxx", 10, NULL, 0);
        mirnet_model *model = NULL;
        mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_mem(&model, bytes.data, bytes.size, "lie"));
        ck_assert_msg(strstr(mirnet_last_message(), lies[i].word) != NULL, "%llu: %s",
                      (unsigned long long)lies[i].length, mirnet_last_message());
        free(bytes.data);
    }
}
END_TEST

START_TEST(files_of_other_formats_are_refused)
{
    static const struct {
        const char *name, *bytes;
        size_t size;
    } others[] = {
        {"pickle", "\x80\x02}q\x01X\x03\0\0\0osq\x02.", 16},
        {"zip", "PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0", 16},
        {"HDF5", "\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0", 16},
        {"GGUF", "GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 16},
        {"gzip", "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0", 16},
        {"JSON", "{\"class_name\":\"Sequential\"}", 27},
        {"FASTA", ">name\nACGUACGUACGU\n", 19},
        {"zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
        {"seven bytes", "1234567", 7},
        {"nothing", "", 0},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        mirnet_model *model = NULL;
        const char *path = mn_scratch_path("other");
        mn_write(path, others[i].bytes, others[i].size);
        mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load(&model, path));
        ck_assert_msg(strncmp(mirnet_last_message(), path, strlen(path)) == 0, "%s: no path in: %s", others[i].name,
                      mirnet_last_message());
        mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_mem(&model, others[i].bytes, others[i].size, "other"));
    }
}
END_TEST

START_TEST(more_tensors_than_anyone_has_are_refused_in_time)
{
    /* In descending order of names, the worst one for a reader that keeps them sorted. */
    enum { N = 30000 };
    char *header = malloc((size_t)N * 64 + 16);
    size_t n = (size_t)sprintf(header, "{");
    for (int i = 0; i < N; i++)
        n += (size_t)sprintf(header + n, "\"t%06d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},", N - i);
    header[n - 1] = '}';
    mn_bytes bytes = mn_bytes_make(header, NULL, 0);
    mirnet_tensors *tensors;
    mirnet_model *model = NULL;
    mn_ok(mirnet_tensors_load_mem(&tensors, bytes.data, bytes.size, "many"));
    ck_assert_int_eq(mirnet_tensors_count(tensors), N);
    ck_assert_str_eq(mirnet_tensors_get_name(tensors, N - 1), "t030000");
    mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_mem(&model, bytes.data, bytes.size, "many"));
    mirnet_tensors_destroy(tensors);
    free(header);
    free(bytes.data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile_files");
    TCase *files = tcase_create("files");
    tcase_add_test(files, a_header_length_that_lies_is_refused);
    tcase_add_test(files, files_of_other_formats_are_refused);
    tcase_add_test(files, more_tensors_than_anyone_has_are_refused_in_time);
    suite_add_tcase(suite, files);
    return mn_check_main(suite);
}
