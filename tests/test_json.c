/* test_json.c - reading JSON: what is refused and where, finding places, numbers in any locale */
/* SPDX-License-Identifier: MIT */
#include "json.h"
#include "mem.h"
#include "mn_check.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static mirnet_status read_text(json_t **out, const char *text)
{
    return mn_json_read(out, text, strlen(text), "t.json");
}

/* The message of a text that is refused must begin like this. */
static void refused(const char *text, const char *message)
{
    json_t *value = NULL;
    mn_fails(MIRNET_ERR_FORMAT, read_text(&value, text));
    ck_assert_ptr_null(value);
    ck_assert_msg(strncmp(mirnet_last_message(), message, strlen(message)) == 0, "\"%s\" gave \"%s\", not \"%s\"", text,
                  mirnet_last_message(), message);
}

START_TEST(any_value_is_read)
{
    static const char *const texts[] = {
        "null", "true", " 12 ", "\"a\"", "[]", "{}", "\n[1, 2.5, \"\\u00e9\"]\n", "{\"a\": {\"b\": [[[]]]}}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *value = NULL;
        mn_ok(read_text(&value, texts[i]));
        ck_assert_ptr_nonnull(value);
        json_decref(value);
    }
}
END_TEST

START_TEST(errors_name_line_and_column)
{
    refused("", "t.json:1:1: not valid JSON: the text ends too early");
    refused("{\"a\": 1", "t.json:1:");
    refused("{\"a\": 1,\n \"b\": tru}", "t.json:2:9: not valid JSON: near 'tru'");
    refused("[1,\n2,\n  x]", "t.json:3:3: not valid JSON: near 'x'");
    refused("[1, 2", "t.json:1:6: not valid JSON: the text ends too early");
    refused("\"abc", "t.json:1:");
    refused("[1] 2", "t.json:1:");
    refused("1, 2", "t.json: not valid JSON: 2 values");
    refused("1], [2", "t.json:1:");
    refused("]", "t.json:1:1:");
    refused("{\"a\": 1, \"a\": 2}", "t.json:1:12: not valid JSON: duplicate object key");
    refused("[1e999]", "t.json:1:6: not valid JSON: real number overflow");
    refused("[99999999999999999999]", "t.json:1:");
    refused("[\"\xff\"]", "t.json:1:");
    refused("[01]", "t.json:1:");
    refused("[.5]", "t.json:1:");
    refused("[NaN]", "t.json:1:");
    refused("{'a': 1}", "t.json:1:");
    refused("[1,]", "t.json:1:4: not valid JSON: near ']'");
    refused("[\"a\nb\"]", "t.json:1:");
}
END_TEST

START_TEST(zero_bytes_are_refused)
{
    json_t *value = NULL;
    mn_fails(MIRNET_ERR_FORMAT, mn_json_read(&value, "[1]\0", 4, "t"));
    mn_fails(MIRNET_ERR_FORMAT, mn_json_read(&value, "[\"a\0b\"]", 7, "t"));
    mn_fails(MIRNET_ERR_FORMAT, mn_json_read(&value, "{\"a\\u0000\": 1}", 13, "t"));
}
END_TEST

START_TEST(deep_nesting_and_great_size_are_refused)
{
    json_t *value = NULL;
    size_t size = (16u << 20) + 1;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    memset(text, '[', size);
    mn_fails(MIRNET_ERR_FORMAT, mn_json_read(&value, text, 100000, "t"));
    mn_fails(MIRNET_ERR_FORMAT, mn_json_read(&value, text, size, "t"));
    ck_assert_ptr_nonnull(strstr(mirnet_last_message(), "16777216"));
    free(text);
}
END_TEST

START_TEST(long_tokens_are_whole)
{
    /* Around the sizes at which a lexer's buffer may grow. */
    for (size_t n = 10; n < 300; n++) {
        char text[320] = "\"";
        memset(text + 1, 'x', n);
        strcpy(text + 1 + n, "\"");
        json_t *value = NULL;
        mn_ok(read_text(&value, text));
        ck_assert_uint_eq(json_string_length(value), n);
        json_decref(value);
    }
}
END_TEST

static void located(const char *text, const char *path, int line, int column)
{
    int got_line, got_column;
    mn_json_locate(text, strlen(text), path, &got_line, &got_column);
    ck_assert_msg(got_line == line && got_column == column, "'%s' at %d:%d, not %d:%d", path, got_line, got_column,
                  line, column);
}

START_TEST(places_are_found)
{
    const char *text =
        "{\n  \"config\": {\"layers\": [\n    {\"a\": \"}{\\\"][,\"},\n    {\"b\": [1, 22 , {}]}\n  ]},\n"
        " \"\xc3\xa9\": 1, \"z\": null\n}";
    located(text, "", 1, 1);
    located(text, "config", 2, 13);
    located(text, "config/layers", 2, 24);
    located(text, "config/layers/0", 3, 5);
    located(text, "config/layers/0/a", 3, 11);
    located(text, "config/layers/1/b", 4, 11);
    located(text, "config/layers/1/b/1", 4, 15);
    located(text, "config/layers/1/b/2", 4, 20);
    located(text, "z", 6, 15);
    /* What is not there has its parent's place. */
    located(text, "config/layers/2", 2, 24);
    located(text, "config/layers/1/c/d", 4, 5);
    located(text, "nothing", 1, 1);
    located(text, "config/layers/x", 2, 24);
    located(" 7 ", "a/b", 1, 2);
}
END_TEST

START_TEST(numbers_are_shortest_and_exact)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},     {1e-7, "1e-07"},   {1, "1.0"},
                 {0.004, "0.004"}, {1e300, "1e+300"}, {1.0 / 3, "0.3333333333333333"},
                 {-2.5, "-2.5"},   {0, "0.0"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[32];
        mn_json_number(cases[i].value, text);
        ck_assert_str_eq(text, cases[i].text);
    }
    uint64_t bits = mn_seed();
    for (int i = 0; i < 100000; i++) {
        double value;
        char text[32];
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        uint64_t pattern = bits ^ bits >> 29;
        memcpy(&value, &pattern, sizeof(value));
        if (value != value || value - value != 0)
            continue;
        mn_json_number(value, text);
        ck_assert_msg(strtod(text, NULL) == value, "%s is not %a", text, value);
    }
}
END_TEST

START_TEST(text_round_trips)
{
    const char *text = "{\"b\":[1,2.5,null,true,\"\xc3\xa9\\\"\\n\"],\"a\":{\"z\":{},\"y\":[]}}";
    json_t *value = NULL;
    mn_ok(read_text(&value, text));
    char *same = mn_json_text(value, false), *sorted = mn_json_text(value, true);
    ck_assert_str_eq(same, text);
    ck_assert_str_eq(sorted, "{\"a\":{\"y\":[],\"z\":{}},\"b\":[1,2.5,null,true,\"\xc3\xa9\\\"\\n\"]}");
    mn_free(same);
    mn_free(sorted);
    json_decref(value);
}
END_TEST

START_TEST(numbers_do_not_depend_on_the_locale)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    bool found = false;
    for (size_t i = 0; i < 4 && !found; i++)
        found = setlocale(LC_NUMERIC, names[i]) != NULL;
    if (!found)
        mn_skip("no locale with a decimal comma");
    json_t *value = NULL;
    char text[32];
    mn_ok(read_text(&value, "[1e-7, 0.5]"));
    ck_assert(json_real_value(json_array_get(value, 1)) == 0.5);
    char *again = mn_json_text(value, false);
    ck_assert_str_eq(again, "[1e-07,0.5]");
    mn_json_number(2.25, text);
    ck_assert_str_eq(text, "2.25");
    mn_free(again);
    json_decref(value);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tc = tcase_create("json");
    tcase_add_test(tc, any_value_is_read);
    tcase_add_test(tc, errors_name_line_and_column);
    tcase_add_test(tc, zero_bytes_are_refused);
    tcase_add_test(tc, deep_nesting_and_great_size_are_refused);
    tcase_add_test(tc, long_tokens_are_whole);
    tcase_add_test(tc, places_are_found);
    tcase_add_test(tc, numbers_are_shortest_and_exact);
    tcase_add_test(tc, text_round_trips);
    tcase_add_test(tc, numbers_do_not_depend_on_the_locale);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
