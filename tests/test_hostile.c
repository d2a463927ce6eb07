/* test_hostile.c - model files that lie: each must get its status and say what is wrong */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mirnet/file.h>

#include "mn_bytes.h"

/*
 * A good file of 32 bytes of data; every case below changes one thing in it. In these texts ' stands for " and ` for
 * the escaped \" of a JSON text inside a JSON text.
 */
static const char GOOD[] =
    "{'__metadata__':{'format':'mirnet','format_version':'1','classes':'[`a`,`b`]','notes':'{`made`:`by hand`}',"
    "'recipe':'{`class_name`:`Sequential`,`config`:{`name`:`net`,`layers`:[{`class_name`:`Dense`,`config`:{"
    "`name`:`dense`,`units`:2,`activation`:`softmax`,`batch_input_shape`:[null,3]}}]}}'},"
    "'dense/bias':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
    "'dense/kernel':{'dtype':'F32','shape':[3,2],'data_offsets':[8,32]}}";

/* Replaces `find` in GOOD (all of it if NULL) by `put`, in which @ is `unit` repeated. */
typedef struct hostile {
    const char *name, *find, *put;
    mirnet_status status;
    const char *word; /* of the message */
    const char *unit;
    int times;
    int data;    /* bytes of data; 0: the 32, -1: none */
    float value; /* of the floats in it; 0: 0.5 */
} hostile;

enum {
    INVALID_FILE = MIRNET_ERR_FORMAT,
    UNSUPPORTED = MIRNET_ERR_UNSUPPORTED,
    SHAPE = MIRNET_ERR_SHAPE,
    NUMERIC = MIRNET_ERR_NUMERIC
};

#define BIAS "'dense/bias':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* clang-format off */
static const hostile cases[] = {
    /* where the data are */
    {.name = "overlap", "[8,32]", "[4,28]", INVALID_FILE, "an overlap"},
    {.name = "same range twice", "[8,32]", "[0,24]", INVALID_FILE, "an overlap"},
    {.name = "hole", "[8,32]", "[12,36]", INVALID_FILE, "a hole", .data = 36},
    {.name = "hole at the start", "[0,8]", "[4,12]", INVALID_FILE, "a hole"},
    {.name = "reversed range", "[0,8]", "[8,0]", INVALID_FILE, "reversed"},
    {.name = "range beyond the end", "[8,32]", "[8,36]", INVALID_FILE, "end at 36"},
    {.name = "range far beyond the end", "[8,32]", "[8,281474976710655]", INVALID_FILE, "end at 281474976710655"},
    {.name = "data left over", "", "", INVALID_FILE, "belong to no tensor", .data = 40},
    {.name = "data missing", "", "", INVALID_FILE, "there are 28 bytes", .data = 28},
    {.name = "no data", "", "", INVALID_FILE, "there are 0 bytes", .data = -1},
    {.name = "offset of 49 bits", "[8,32]", "[8,281474976710656]", INVALID_FILE, "2^48 - 1"},
    {.name = "offset 2^63 - 1", "[8,32]", "[8,9223372036854775807]", INVALID_FILE, "2^48 - 1"},
    {.name = "offset 2^63", "[8,32]", "[8,9223372036854775808]", INVALID_FILE, "too big"},
    {.name = "offset 2^64 + 32", "[8,32]", "[8,18446744073709551648]", INVALID_FILE, "too big"},
    {.name = "offset negative", "[0,8]", "[-8,0]", INVALID_FILE, "-8 is not in"},
    {.name = "offset a real number", "[0,8]", "[0.0,8]", INVALID_FILE, "not an integer"},
    {.name = "offset with exponent", "[0,8]", "[0,8e0]", INVALID_FILE, "not an integer"},
    {.name = "offset a text", "[0,8]", "['0',8]", INVALID_FILE, "not an integer"},
    {.name = "one offset", "[0,8]", "[8]", INVALID_FILE, "list of two"},
    {.name = "three offsets", "[0,8]", "[0,8,8]", INVALID_FILE, "list of two"},
    {.name = "offsets an object", "[0,8]", "{}", INVALID_FILE, "list of two"},
    {.name = "no offsets", ",'data_offsets':[0,8]", "", INVALID_FILE, "data_offsets is missing"},
    /* shapes and types */
    {.name = "no shape", "'shape':[2],", "", INVALID_FILE, "shape is missing"},
    {.name = "shape a number", "[2]", "2", INVALID_FILE, "shape is missing"},
    {.name = "shape nested", "[2]", "[[2]]", INVALID_FILE, "not an integer"},
    {.name = "shape a flag", "[2]", "[true]", INVALID_FILE, "not an integer"},
    {.name = "shape a real number", "[2]", "[2.0]", INVALID_FILE, "not an integer"},
    {.name = "shape negative", "[2]", "[-2]", INVALID_FILE, "-2 is not in"},
    {.name = "shape twice negative", "[2]", "[-1,-2]", INVALID_FILE, "-1 is not in"},
    {.name = "shape 2^63", "[2]", "[9223372036854775808]", INVALID_FILE, "too big"},
    {.name = "shape 2^63 - 1", "[2]", "[9223372036854775807]", INVALID_FILE, "2^48 - 1"},
    {.name = "shape beyond the file", "[2]", "[1099511627776]", INVALID_FILE, "not what 1099511627776 values"},
    {.name = "shape too small", "[2]", "[1]", INVALID_FILE, "not what 1 values"},
    {.name = "shape empty, data not", "[2]", "[0]", INVALID_FILE, "not what 0 values"},
    {.name = "product overflows", "[2]", "[140737488355328,140737488355328]", INVALID_FILE, "overflows"},
    {.name = "product wraps to 2", "[2]", "[4294967296,4294967296,2]", INVALID_FILE, "overflows"},
    {.name = "bytes wrap to 0", "'shape':[2],'data_offsets':[0,8]",
     "'shape':[70368744177664,65536],'data_offsets':[0,0]",
     INVALID_FILE, "not what 4611686018427387904 values"},
    {.name = "nine dimensions", "[2]", "[1,1,1,1,1,1,1,1,2]", UNSUPPORTED, "9 dimensions"},
    {.name = "a million dimensions", "[2]", "[@2]", UNSUPPORTED, "1000001 dimensions", "1,", 1000000},
    {.name = "no dtype", "'dtype':'F32','shape':[2]", "'shape':[2]", INVALID_FILE, "dtype is missing"},
    {.name = "dtype a number", "'dtype':'F32','shape':[2]", "'dtype':32,'shape':[2]", INVALID_FILE, "dtype is missing"},
    {.name = "dtype null", "'dtype':'F32','shape':[2]", "'dtype':null,'shape':[2]", INVALID_FILE, "dtype is missing"},
    {.name = "dtype in lower case", "'F32','shape':[2]", "'f32','shape':[2]", UNSUPPORTED, "dtype 'f32'"},
    {.name = "dtype of another kind", "'F32','shape':[2]", "'F8_E5M2','shape':[2]", UNSUPPORTED, "dtype 'F8_E5M2'"},
    {.name = "dtype of another size", "'F32','shape':[2]", "'F64','shape':[2]", INVALID_FILE,
     "not what 2 values of F64"},
    {.name = "dtype executable", "'F32','shape':[2]", "'__import__(`os`)','shape':[2]", UNSUPPORTED, "dtype"},
    /* names and structure */
    {.name = "unknown field", "'shape':[2]", "'shape':[2],'strides':[1]", INVALID_FILE, "unknown field 'strides'"},
    {.name = "data in another file", "'shape':[2]", "'shape':[2],'location':'../../etc/passwd'", INVALID_FILE,
     "unknown field 'location'"},
    {.name = "tensor a list", BIAS, "'dense/bias':[0,8]", INVALID_FILE, "is not an object"},
    {.name = "tensor null", BIAS, "'dense/bias':null", INVALID_FILE, "is not an object"},
    {.name = "tensor a number", BIAS, "'dense/bias':8", INVALID_FILE, "is not an object"},
    {.name = "tensor twice", BIAS, BIAS "," BIAS, INVALID_FILE, "duplicate"},
    {.name = "tensor twice, once escaped", BIAS,
     BIAS ",'dense\\u002fbias':{'dtype':'F32','shape':[0],'data_offsets':[8,8]}",
     INVALID_FILE, "duplicate"},
    {.name = "field twice", "'shape':[2]", "'shape':[2],'shape':[2]", INVALID_FILE, "duplicate"},
    {.name = "offsets twice", "[0,8]", "[0,8],'data_offsets':[0,8]", INVALID_FILE, "duplicate"},
    {.name = "metadata twice", BIAS, BIAS ",'__metadata__':{}", INVALID_FILE, "duplicate"},
    {.name = "metadata key twice", "'format_version':'1'", "'format_version':'1','format_version':'1'", INVALID_FILE,
     "duplicate"},
    {.name = "empty name", "'dense/bias'", "''", INVALID_FILE, "name is empty"},
    {.name = "NUL in a name", "'dense/bias'", "'dense/bias\\u0000'", INVALID_FILE, "u0000"},
    {.name = "name not UTF-8", "'dense/bias'", "'dense/\xff'", INVALID_FILE, "unable to decode byte"},
    {.name = "name overlong UTF-8", "'dense/bias'", "'dense\xc0\xaf" "bias'", INVALID_FILE, "unable to decode byte"},
    {.name = "name cut UTF-8", "'dense/bias'", "'dense/\xe2\x82'", INVALID_FILE, "unable to decode byte"},
    {.name = "lone surrogate", "'dense/bias'", "'dense/\\ud800'", INVALID_FILE, "ud800"},
    {.name = "control byte in a name", "'dense/bias'", "'dense/\x01'", INVALID_FILE, "JSON"},
    {.name = "header a list", NULL, "[]", INVALID_FILE, "header is not an object"},
    {.name = "header null", NULL, "null", INVALID_FILE, "header is not an object"},
    {.name = "header a text", NULL, "'{}'", INVALID_FILE, "header is not an object"},
    {.name = "header a number", NULL, "0", INVALID_FILE, "header is not an object"},
    {.name = "header empty", NULL, "", INVALID_FILE, "JSON"},
    {.name = "header blank", NULL, "        ", INVALID_FILE, "JSON"},
    {.name = "header twice", NULL, "{}{}", INVALID_FILE, "JSON"},
    {.name = "header breaks out", NULL, "{}],[{}", INVALID_FILE, "JSON"},
    {.name = "rubbish behind the header", NULL, "{} x", INVALID_FILE, "JSON"},
    {.name = "comma at the end", BIAS, BIAS ",", INVALID_FILE, "JSON"},
    {.name = "comment", BIAS, "/* */" BIAS, INVALID_FILE, "JSON"},
    {.name = "number NaN", "[2]", "[NaN]", INVALID_FILE, "JSON"},
    {.name = "number in hex", "[2]", "[0x2]", INVALID_FILE, "JSON"},
    {.name = "number with a zero", "[2]", "[02]", INVALID_FILE, "JSON"},
    {.name = "text not closed", "'dense/bias'", "'dense/bias", INVALID_FILE, "JSON"},
    {.name = "object not closed", "[8,32]}}", "[8,32]}", INVALID_FILE, "JSON"},
    {.name = "deep lists", NULL, "@", INVALID_FILE, "JSON", "[", 1000000},
    {.name = "deep objects", NULL, "@", INVALID_FILE, "JSON", "{'a':", 1000000},
    {.name = "deep shape", "[2]", "@2", INVALID_FILE, "JSON", "[", 1000000},
    {.name = "deep and closed", NULL, "{'a':@", INVALID_FILE, "JSON", "[{}],[", 100000},
    {.name = "name of a million letters", "'dense/bias'", "'@'", SHAPE, "weight 'dense/bias' is missing", "x", 1000000},
    {.name = "number of a million digits", "[2]", "[@]", INVALID_FILE, "too big", "9", 1000000},
    {.name = "a header of 17 MiB", BIAS, BIAS "@", UNSUPPORTED, "larger than", " ", 17 << 20},
    /* metadata */
    {.name = "metadata a list", NULL, "{'__metadata__':[]}", INVALID_FILE, "__metadata__ is not an object", .data = -1},
    {.name = "metadata null", NULL, "{'__metadata__':null}", INVALID_FILE, "__metadata__ is not an object", .data = -1},
    {.name = "metadata a number", "'format_version':'1'", "'format_version':1", INVALID_FILE,
     "'format_version' is not a text"},
    {.name = "metadata nested", "'format':'mirnet'", "'format':{'mirnet':'1'}", INVALID_FILE, "'format' is not a text"},
    {.name = "digest of other data", "'format':'mirnet'", "'format':'mirnet','sha256':'" ZEROS "'", INVALID_FILE,
     "damaged"},
    {.name = "digest empty", "'format':'mirnet'", "'format':'mirnet','sha256':''", INVALID_FILE, "damaged"},
    {.name = "digest no text", "'format':'mirnet'", "'format':'mirnet','sha256':0", INVALID_FILE,
     "'sha256' is not a text"},
    {.name = "no metadata", NULL, "{}", INVALID_FILE, "not a model file", .data = -1},
    {.name = "no format", "'format':'mirnet',", "", INVALID_FILE, "not a model file"},
    {.name = "another format", "'format':'mirnet'", "'format':'pt'", INVALID_FILE, "not a model file"},
    {.name = "no version", "'format_version':'1',", "", INVALID_FILE, "format_version"},
    {.name = "version empty", "'format_version':'1'", "'format_version':''", INVALID_FILE, "format_version"},
    {.name = "version a word", "'format_version':'1'", "'format_version':'one'", INVALID_FILE, "format_version"},
    {.name = "version with a point", "'format_version':'1'", "'format_version':'1.0'", INVALID_FILE, "format_version"},
    {.name = "version negative", "'format_version':'1'", "'format_version':'-1'", INVALID_FILE, "format_version"},
    {.name = "version of the future", "'format_version':'1'", "'format_version':'2'", UNSUPPORTED, "format version 2"},
    {.name = "version of a far future", "'format_version':'1'", "'format_version':'18446744073709551617'", UNSUPPORTED,
     "format version 18446744073709551617"},
    {.name = "classes not JSON", "[`a`,`b`]", "a,b", INVALID_FILE, "classes"},
    {.name = "classes an object", "[`a`,`b`]", "{}", INVALID_FILE, "classes: not a list"},
    {.name = "classes numbers", "[`a`,`b`]", "[0,1]", INVALID_FILE, "classes: name 0 is not a text"},
    {.name = "class twice", "[`a`,`b`]", "[`a`,`a`]", INVALID_FILE, "classes: "},
    {.name = "class without a name", "[`a`,`b`]", "[`a`,``]", INVALID_FILE, "classes: "},
    {.name = "classes missing", "[`a`,`b`]", "[`a`]", SHAPE, "classes: 1 names for 2 outputs"},
    {.name = "classes too many", "[`a`,`b`]", "[@`b`]", SHAPE, "classes: 100001 names for 2 outputs", "`a`,", 100000},
    {.name = "notes not JSON", "{`made`:`by hand`}", "made by hand", INVALID_FILE, "notes"},
    {.name = "notes a list", "{`made`:`by hand`}", "[]", INVALID_FILE, "notes: not an object"},
    {.name = "note a number", "`by hand`", "1", INVALID_FILE, "notes: 'made' is not a text"},
    {.name = "note twice", "`by hand`", "`by hand`,`made`:``", INVALID_FILE, "duplicate"},
    {.name = "notes too deep", "`by hand`", "@", INVALID_FILE, "notes", "[", 100000},
    {.name = "state not JSON", "'format':'mirnet'", "'format':'mirnet','state':'x'", INVALID_FILE, "state"},
    {.name = "state a list", "'format':'mirnet'", "'format':'mirnet','state':'[]'", INVALID_FILE,
     "state: not an object"},
    /* weights against the recipe */
    {.name = "weight missing", "'dense/bias'", "'dense/bios'", SHAPE, "weight 'dense/bias' is missing"},
    {.name = "weight of another case", "'dense/bias'", "'dense/Bias'", SHAPE, "weight 'dense/bias' is missing"},
    {.name = "tensor extra", BIAS, BIAS ",'dense/more':{'dtype':'F32','shape':[0],'data_offsets':[8,8]}", SHAPE,
     "tensor 'dense/more' is no weight"},
    {.name = "state without a state", BIAS, BIAS ",'state/x':{'dtype':'F32','shape':[0],'data_offsets':[8,8]}", SHAPE,
     "tensor 'state/x' is no weight"},
    {.name = "state without a name", "[null,3]}}]}}'},",
     "[null,3]}}]}}','state':'{}'},'state/':{'dtype':'F32','shape':[0],'data_offsets':[0,0]},", SHAPE,
     "tensor 'state/' is no weight"},
    {.name = "kernel transposed", "[3,2]", "[2,3]", SHAPE, "weight 'dense/kernel' has shape (2, 3)"},
    {.name = "kernel flat", "[3,2]", "[6]", SHAPE, "weight 'dense/kernel' has shape (6"},
    {.name = "bias of another rank", "[2]", "[1,2]", SHAPE, "weight 'dense/bias' has shape (1, 2)"},
    {.name = "weight NaN", "", "", NUMERIC, "weight 'dense/kernel': value 0 is not finite", .value = NAN},
    {.name = "weight infinite", "", "", NUMERIC, "weight 'dense/kernel': value 0 is not finite", .value = INFINITY},
    {.name = "weight minus infinite", "", "", NUMERIC, "is not finite", .value = -INFINITY},
    {.name = "weight too large for float", "'F32','shape':[2],'data_offsets':[0,8]}",
     "'F64','shape':[2],'data_offsets':[0,16]}", INVALID_FILE, "an overlap"},
    /* the recipe inside */
    {.name = "no recipe", "'recipe'", "'receipt'", INVALID_FILE, "metadata 'recipe' is missing"},
    {.name = "recipe a list", "{`class_name`:`Sequential`", "[{`class_name`:`Sequential`", INVALID_FILE, "recipe"},
    {.name = "recipe cut", "}}]}}'}", "}}]}'}", INVALID_FILE, "recipe"},
    {.name = "recipe key twice", "`name`:`dense`", "`name`:`dense`,`name`:`dense`", INVALID_FILE, "duplicate"},
    {.name = "recipe too deep", "`name`:`dense`", "`name`:@", INVALID_FILE, "recipe", "[", 100000},
    {.name = "layer unknown", "`Dense`", "`Lambda`", UNSUPPORTED, "Lambda"},
    {.name = "layer a path", "`Dense`", "`../Dense`", UNSUPPORTED, "../Dense"},
    {.name = "layer a number", "`Dense`", "1", INVALID_FILE, "class_name"},
    {.name = "field unknown", "`units`:2", "`units`:2,`unit`:3", UNSUPPORTED, "unit"},
    {.name = "activation unknown", "`softmax`", "`os.system`", UNSUPPORTED, "os.system"},
    {.name = "units 0", "`units`:2", "`units`:0", INVALID_FILE, "units"},
    {.name = "units negative", "`units`:2", "`units`:-2", INVALID_FILE, "units"},
    {.name = "units a real number", "`units`:2", "`units`:2.5", INVALID_FILE, "units"},
    {.name = "units 2^31", "`units`:2", "`units`:2147483648", INVALID_FILE, "units"},
    {.name = "units 2^63 - 1", "`units`:2", "`units`:9223372036854775807", INVALID_FILE, "units"},
    {.name = "units 2^63", "`units`:2", "`units`:9223372036854775808", INVALID_FILE, "recipe"},
    {.name = "units 2^28", "`units`:2", "`units`:268435456", SHAPE, "more than the 8 values"},
    {.name = "units 3", "`units`:2", "`units`:3", SHAPE, "12 weights, more than the 8 values"},
    {.name = "units 1", "`units`:2", "`units`:1", SHAPE, "weight 'dense/kernel' has shape (3, 2)"},
    {.name = "units missing", "`units`:2,", "", INVALID_FILE, "units"},
    {.name = "input of 2^40", "[null,3]", "[null,1099511627776]", INVALID_FILE, "batch_input_shape"},
    {.name = "input of 2^30 x 2^30", "[null,3]", "[null,1073741824,1073741824]", INVALID_FILE, "more than 1073741824"},
    {.name = "input of 100,000 dimensions", "[null,3]", "[@3]", INVALID_FILE, "batch_input_shape", "3,", 100000},
    {.name = "input negative", "[null,3]", "[null,-3]", INVALID_FILE, "batch_input_shape"},
    {.name = "input open", "[null,3]", "[null,null,null]", SHAPE, ""},
    {.name = "100,000 layers", "{`class_name`:`Dense`", "@{`class_name`:`Dense`", INVALID_FILE, "100001 layers",
     "{`class_name`:`Flatten`},", 100000},
    {.name = "layers too wide", "{`class_name`:`Dense`", "@{`class_name`:`Dense`", SHAPE, "layer 'dense_2'",
     "{`class_name`:`Dense`,`config`:{`units`:1000000,`batch_input_shape`:[null,3]}},", 200},
    {.name = "layers wide", "{`class_name`:`Dense`", "@{`class_name`:`Dense`", SHAPE, "more than the 8 values",
     "{`class_name`:`Dense`,`config`:{`units`:30000,`batch_input_shape`:[null,3]}},", 200},
};
/* clang-format on */

enum { N_CASES = sizeof(cases) / sizeof(cases[0]) };

/* One text out of the parts of a case, ' and ` replaced; freed with free(). */
static char *make_header(const hostile *c)
{
    const char *at = c->find ? strstr(GOOD, c->find) : GOOD;
    ck_assert_msg(at != NULL, "%s: '%s' is not in the good header", c->name, c->find);
    const size_t n_unit = c->unit ? strlen(c->unit) * (size_t)c->times : 0;
    char *header = malloc(sizeof(GOOD) + strlen(c->put) + n_unit + 1), *to = header;
    ck_assert_ptr_nonnull(header);
    if (c->find) {
        memcpy(to, GOOD, (size_t)(at - GOOD));
        to += at - GOOD;
    }
    for (const char *p = c->put; *p; p++) {
        if (*p != '@' || !c->unit) {
            *to++ = *p;
            continue;
        }
        for (int i = 0; i < c->times; i++, to += strlen(c->unit))
            memcpy(to, c->unit, strlen(c->unit));
    }
    strcpy(to, c->find ? at + strlen(c->find) : "");
    size_t n = strlen(header), more = 0;
    for (size_t i = 0; i < n; i++)
        more += header[i] == '`';
    char *out = malloc(n + more + 1), *q = out;
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < n; i++) {
        if (header[i] == '`')
            *q++ = '\\';
        *q++ = header[i] == '`' || header[i] == '\'' ? '"' : header[i];
    }
    *q = '\0';
    free(header);
    return out;
}

static mn_bytes make_file(const hostile *c)
{
    float data[16];
    for (size_t i = 0; i < 16; i++)
        data[i] = c->value != 0.0f ? c->value : 0.5f;
    char *header = make_header(c);
    mn_bytes bytes = mn_bytes_make(header, data, c->data < 0 ? 0 : c->data ? (size_t)c->data : 32);
    free(header);
    return bytes;
}

START_TEST(the_file_that_the_lies_are_made_from_is_good)
{
    const hostile good = {.name = "good", .find = "", .put = ""};
    mn_bytes bytes = make_file(&good);
    mirnet_model *model;
    mn_ok(mirnet_model_load_mem(&model, bytes.data, bytes.size, "good"));
    ck_assert_int_eq(mirnet_model_weight_count(model), 2);
    ck_assert_str_eq(mirnet_model_get_class(model, 1), "b");
    ck_assert_str_eq(mirnet_model_get_note(model, "made"), "by hand");
    float kernel[6];
    mn_ok(mirnet_model_get_weight(model, "dense/kernel", kernel, 6));
    ck_assert(kernel[5] == 0.5f);
    mirnet_model_destroy(model);
    free(bytes.data);
}
END_TEST

START_TEST(every_lie_gets_its_status_and_is_named)
{
    const hostile *c = &cases[_i];
    mn_bytes bytes = make_file(c);
    mirnet_model *model = NULL;
    mirnet_status status = mirnet_model_load_mem(&model, bytes.data, bytes.size, "lie");
    const char *message = mirnet_last_message();
    ck_assert_msg(status == c->status, "%s: %s: %s", c->name, mirnet_status_name(status), message);
    ck_assert_msg(strstr(message, c->word) != NULL, "%s: '%s' is not in: %s", c->name, c->word, message);
    ck_assert_msg(strncmp(message, "lie:", 4) == 0, "%s: no source in: %s", c->name, message);
    ck_assert_ptr_null(model);
    free(bytes.data);
}
END_TEST

START_TEST(raw_nul_bytes_in_the_header_are_refused)
{
    const hostile good = {.name = "good", .find = "", .put = ""};
    mn_bytes bytes = make_file(&good);
    for (size_t i = 8; i < bytes.size - 32; i++) {
        uint8_t old = bytes.data[i];
        mirnet_model *model = NULL;
        bytes.data[i] = 0;
        mirnet_status status = mirnet_model_load_mem(&model, bytes.data, bytes.size, "NUL");
        ck_assert_int_eq(status, MIRNET_ERR_FORMAT);
        bytes.data[i] = old;
    }
    free(bytes.data);
}
END_TEST

START_TEST(the_good_file_cut_anywhere_is_refused)
{
    const hostile good = {.name = "good", .find = "", .put = ""};
    mn_bytes bytes = make_file(&good);
    for (size_t n = 0; n < bytes.size; n++) {
        mirnet_model *model = NULL;
        uint8_t *cut = malloc(n ? n : 1);
        memcpy(cut, bytes.data, n);
        mn_fails(MIRNET_ERR_FORMAT, mirnet_model_load_mem(&model, cut, n, "cut"));
        free(cut);
    }
    free(bytes.data);
}
END_TEST

/* Where the header's bits say something of no consequence (a note, a class name) the file may still be good; the
 * model is then whole. */
START_TEST(any_flipped_bit_of_the_header_leaves_no_broken_model)
{
    const hostile good = {.name = "good", .find = "", .put = ""};
    mn_bytes bytes = make_file(&good);
    for (size_t bit = 0; bit < 8 * (bytes.size - 32); bit++) {
        mirnet_model *model = NULL;
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        mirnet_status status = mirnet_model_load_mem(&model, bytes.data, bytes.size, "flipped");
        ck_assert_msg((status == MIRNET_OK) == (model != NULL), "bit %zu: %s", bit, mirnet_status_name(status));
        ck_assert_msg(status != MIRNET_ERR_NOMEM && status != MIRNET_ERR_INVALID && status != MIRNET_ERR_NOT_FOUND,
                      "bit %zu: %s: %s", bit, mirnet_status_name(status), mirnet_last_message());
        if (model)
            ck_assert_int_eq(mirnet_model_parameter_count(model, -1), 8);
        mirnet_model_destroy(model);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes.data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile");
    TCase *lies = tcase_create("lies"), *damage = tcase_create("damage");
    tcase_add_test(lies, the_file_that_the_lies_are_made_from_is_good);
    tcase_add_loop_test(lies, every_lie_gets_its_status_and_is_named, 0, N_CASES);
    tcase_add_test(damage, raw_nul_bytes_in_the_header_are_refused);
    tcase_add_test(damage, the_good_file_cut_anywhere_is_refused);
    tcase_add_test(damage, any_flipped_bit_of_the_header_leaves_no_broken_model);
    suite_add_tcase(suite, lies);
    suite_add_tcase(suite, damage);
    return mn_check_main(suite);
}
