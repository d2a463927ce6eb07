/* rows.c - predictions as lines of text */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <string.h>

/* A class has its name, or its number where the model knows no names. */
static const char *class_name(const mirnet_model *model, int32_t c, char number[16])
{
    const char *name = mirnet_model_get_class(model, c);
    snprintf(number, 16, "%d", c);
    return name ? name : number;
}

static int32_t best(const float *probabilities, int32_t n)
{
    int32_t top = 0;
    for (int32_t c = 1; c < n; c++)
        if (probabilities[c] > probabilities[top])
            top = c;
    return top;
}

/* A field of a line: what would end it becomes a blank. */
static void write_field(out_file *out, const char *text)
{
    size_t n = strcspn(text, "\t\r\n");
    out_write(out, text, n);
    for (; text[n]; n++)
        out_write(out, strchr("\t\r\n", text[n]) ? " " : &text[n], 1);
}

void rows_header(out_file *out, const mirnet_model *model, const char *model_path, int argc, char **argv)
{
    out_printf(out, "##mirnet_version=%s\n##mirnet_command=mirnet", mirnet_version());
    for (int i = 0; i < argc; i++) {
        out_printf(out, " ");
        write_field(out, argv[i]);
    }
    out_printf(out, "\n##model=");
    write_field(out, model_path);
    out_printf(out, "\n");
    for (int32_t i = 0; i < mirnet_model_note_count(model); i++) {
        const char *key = mirnet_model_get_note_key(model, i);
        out_printf(out, "##model_");
        write_field(out, key);
        out_printf(out, "=");
        write_field(out, mirnet_model_get_note(model, key));
        out_printf(out, "\n");
    }
}

void rows_columns(out_file *out, const mirnet_model *model, int32_t n_classes)
{
    char number[16];
    out_printf(out, "#name\tlength");
    for (int32_t c = 0; c < n_classes; c++) {
        out_printf(out, "\tp_");
        write_field(out, class_name(model, c, number));
    }
    out_printf(out, "\tclass\n");
}

void rows_text(out_file *out, const mirnet_model *model, int32_t n_classes, const char *name, size_t length,
               const float *probabilities)
{
    char number[16];
    write_field(out, name);
    out_printf(out, "\t%zu", length);
    for (int32_t c = 0; c < n_classes; c++)
        if (probabilities)
            out_printf(out, "\t%.9g", (double)probabilities[c]);
        else
            out_write(out, "\tNA", 3);
    out_write(out, "\t", 1);
    write_field(out, probabilities ? class_name(model, best(probabilities, n_classes), number) : "NA");
    out_write(out, "\n", 1);
}

void rows_json(out_file *out, const mirnet_model *model, int32_t n_classes, const char *name, size_t length,
               const float *probabilities)
{
    char number[16];
    json_t *values = probabilities ? json_object() : json_null(), *label = json_null();
    for (int32_t c = 0; probabilities && c < n_classes; c++)
        json_object_set_new(values, class_name(model, c, number), json_real((double)probabilities[c]));
    if (probabilities)
        label = json_string(class_name(model, best(probabilities, n_classes), number));
    json_t *row = json_pack("{s:s, s:I, s:o, s:o}", "name", name, "length", (json_int_t)length, "probabilities", values,
                            "class", label);
    out_json(out, row, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(row);
}
