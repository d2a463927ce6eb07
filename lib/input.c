/* input.c - lines from a file, standard input or memory, gzip unpacked */
/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

#include "mem.h"

/*
 * Two stages: `raw` is what the file holds, `data` what its lines are made of. Bytes move from raw to data as they
 * are, or through inflate if the file starts with the gzip magic. data[start, end) is what has not been given out yet;
 * it grows when a line does not fit, so memory is bounded by the longest line.
 */
enum { BLOCK_SIZE = 1 << 16, GZIP_ONLY = 15 + 16 };

struct mn_input {
    char *source;
    int fd;         /* -1: memory */
    uint8_t *block; /* [BLOCK_SIZE] of the file; NULL: memory */
    const uint8_t *raw;
    size_t raw_size;
    bool raw_end; /* raw is all that is left */

    bool started, packed;
    bool member_end; /* between the members of a gzip file */
    z_stream z;

    char *data;
    size_t start, end, capacity;
    size_t line_start;
    int64_t line;
};

static void *allocate(void *opaque, unsigned n, unsigned size)
{
    (void)opaque;
    return mn_calloc(n, size);
}

static void release(void *opaque, void *block)
{
    (void)opaque;
    mn_free(block);
}

/* More raw bytes behind those that are there; raw_end if there are none. */
static mirnet_status fill_raw(mn_input *input)
{
    if (input->fd < 0) {
        input->raw_end = true;
        return MIRNET_OK;
    }
    if (input->raw_size)
        memmove(input->block, input->raw, input->raw_size);
    input->raw = input->block;
    ssize_t got;
    do
        got = read(input->fd, input->block + input->raw_size, BLOCK_SIZE - input->raw_size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return mn_fail_errno("%s: cannot read", input->source);
    input->raw_end = got == 0;
    input->raw_size += (size_t)got;
    return MIRNET_OK;
}

static mirnet_status start(mn_input *input)
{
    while (input->raw_size < 2 && !input->raw_end)
        MN_TRY(fill_raw(input));
    if (input->raw_size >= 2 && input->raw[0] == 0x1f && input->raw[1] == 0x8b) {
        input->z = (z_stream){.zalloc = allocate, .zfree = release};
        int status = inflateInit2(&input->z, GZIP_ONLY);
        if (status == Z_MEM_ERROR)
            return MIRNET_ERR_NOMEM;
        if (status != Z_OK)
            return mn_fail(MIRNET_ERR_SYSTEM, "%s: zlib does not start: status %d", input->source, status);
        input->packed = true;
    }
    input->started = true;
    return MIRNET_OK;
}

static void take_raw(mn_input *input, size_t n)
{
    input->raw += n;
    input->raw_size -= n;
}

static mirnet_status fill_plain(mn_input *input)
{
    if (!input->raw_size)
        MN_TRY(fill_raw(input));
    size_t n = input->capacity - input->end < input->raw_size ? input->capacity - input->end : input->raw_size;
    if (n)
        memcpy(input->data + input->end, input->raw, n);
    input->end += n;
    take_raw(input, n);
    return MIRNET_OK;
}

/* A gzip file is one or more members; zero bytes behind the last are padding (gzip(1), tapes). */
static mirnet_status next_member(mn_input *input)
{
    while (input->raw_size && input->raw[0] == 0)
        take_raw(input, 1);
    if (!input->raw_size)
        return MIRNET_OK;
    if (input->raw[0] != 0x1f)
        return mn_fail(MIRNET_ERR_IO, "%s: there are other bytes behind the end of the gzip data", input->source);
    if (inflateReset(&input->z) != Z_OK)
        return mn_fail(MIRNET_ERR_SYSTEM, "%s: zlib does not restart", input->source);
    input->member_end = false;
    return MIRNET_OK;
}

static mirnet_status inflate_some(mn_input *input)
{
    size_t room = input->capacity - input->end;
    unsigned in = input->raw_size < UINT_MAX ? (unsigned)input->raw_size : UINT_MAX;
    unsigned out = room < UINT_MAX ? (unsigned)room : UINT_MAX;
    input->z.next_in = input->raw;
    input->z.avail_in = in;
    input->z.next_out = (Bytef *)input->data + input->end;
    input->z.avail_out = out;
    int status = inflate(&input->z, Z_NO_FLUSH);
    take_raw(input, in - input->z.avail_in);
    input->end += out - input->z.avail_out;
    if (status == Z_MEM_ERROR)
        return MIRNET_ERR_NOMEM;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return mn_fail(MIRNET_ERR_IO, "%s: the gzip data are damaged: %s", input->source,
                       input->z.msg ? input->z.msg : "zlib gives no reason");
    input->member_end = status == Z_STREAM_END;
    return MIRNET_OK;
}

static mirnet_status fill_packed(mn_input *input)
{
    for (size_t end = input->end; input->end == end;) {
        if (!input->raw_size && !input->raw_end)
            MN_TRY(fill_raw(input));
        if (input->member_end) {
            MN_TRY(next_member(input));
            if (!input->raw_size && input->raw_end)
                return MIRNET_OK;
        } else {
            bool last = !input->raw_size && input->raw_end;
            MN_TRY(inflate_some(input));
            if (last && input->end == end && !input->member_end)
                return mn_fail(MIRNET_ERR_IO, "%s: the gzip data end too early; the file is truncated", input->source);
        }
    }
    return MIRNET_OK;
}

/* More data behind data[start, end); *out_more = false if there are none. */
static mirnet_status fill(mn_input *input, bool *out_more)
{
    if (!input->started)
        MN_TRY(start(input));
    if (input->start) {
        memmove(input->data, input->data + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    if (input->end == input->capacity)
        MN_TRY(mn_grow(&input->data, &input->capacity, input->capacity + 1, 1));
    size_t end = input->end;
    MN_TRY(input->packed ? fill_packed(input) : fill_plain(input));
    *out_more = input->end > end;
    return MIRNET_OK;
}

static mirnet_status skip_mark(mn_input *input)
{
    bool more = true;
    while (input->end < 3 && more)
        MN_TRY(fill(input, &more));
    if (input->end >= 3 && memcmp(input->data, "\xef\xbb\xbf", 3) == 0)
        input->start = 3;
    return MIRNET_OK;
}

static mirnet_status check(const mn_input *input, const mn_line *line)
{
    if (memchr(line->text, '\0', line->size))
        return mn_fail(MIRNET_ERR_FORMAT, "%s:%" PRId64 ": NUL byte: this is not a text file", input->source,
                       input->line);
    if (memchr(line->text, '\r', line->size))
        return mn_fail(MIRNET_ERR_FORMAT, "%s:%" PRId64 ": CR without LF: lines must end with LF or CRLF",
                       input->source, input->line);
    return MIRNET_OK;
}

mirnet_status mn_input_run(mn_input *input, mn_line *out, bool *out_more)
{
    if (!input->started)
        MN_TRY(skip_mark(input));
    size_t size = 0; /* of the line, as far as it was searched */
    const char *newline;
    for (;;) {
        size_t left = input->end - input->start - size;
        newline = left ? memchr(input->data + input->start + size, '\n', left) : NULL;
        if (newline)
            break;
        size += left;
        bool more;
        MN_TRY(fill(input, &more));
        if (!more)
            break;
    }
    *out_more = newline || size;
    if (!*out_more)
        return MIRNET_OK;
    const char *text = input->data + input->start;
    if (newline)
        size = (size_t)(newline - text);
    input->line_start = input->start;
    input->start += size + (newline ? 1 : 0);
    input->line++;
    *out = (mn_line){text, newline && size && text[size - 1] == '\r' ? size - 1 : size};
    return check(input, out);
}

void mn_input_unrun(mn_input *input)
{
    input->start = input->line_start;
    input->line--;
}

int64_t mn_input_get_line(const mn_input *input)
{
    return input->line;
}

const char *mn_input_get_source(const mn_input *input)
{
    return input->source;
}

void mn_input_destroy(mn_input *input)
{
    if (!input)
        return;
    if (input->packed)
        inflateEnd(&input->z);
    if (input->fd >= 0)
        close(input->fd);
    mn_free(input->block);
    mn_free(input->data);
    mn_free(input->source);
    mn_free(input);
}

static mirnet_status create(mn_input **out, const char *source)
{
    mn_input *input = mn_calloc(1, sizeof(*input));
    if (!input)
        return MIRNET_ERR_NOMEM;
    input->fd = -1;
    input->capacity = BLOCK_SIZE;
    input->source = mn_strdup(source);
    input->data = mn_realloc(NULL, BLOCK_SIZE, 1);
    if (!input->source || !input->data) {
        mn_input_destroy(input);
        return MIRNET_ERR_NOMEM;
    }
    *out = input;
    return MIRNET_OK;
}

mirnet_status mn_input_create(mn_input **out, const char *path)
{
    /* A copy of standard input, so that destroy may close it like any other. */
    bool standard = strcmp(path, "-") == 0;
    mn_input *input;
    MN_TRY(create(&input, standard ? "standard input" : path));
    input->block = mn_realloc(NULL, BLOCK_SIZE, 1);
    if (!input->block) {
        mn_input_destroy(input);
        return MIRNET_ERR_NOMEM;
    }
    do
        input->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    while (input->fd < 0 && errno == EINTR);
    if (input->fd < 0) {
        mn_fail_errno("%s: cannot open", input->source);
        mn_input_destroy(input);
        return MIRNET_ERR_IO;
    }
    *out = input;
    return MIRNET_OK;
}

mirnet_status mn_input_create_mem(mn_input **out, const void *bytes, size_t size, const char *source)
{
    MN_TRY(create(out, source));
    (*out)->raw = size ? bytes : (const void *)"";
    (*out)->raw_size = size;
    return MIRNET_OK;
}
