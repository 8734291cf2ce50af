#include "tests/simnet/http_reply.h"

#include "tests/simnet/pool.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PAD_LINE_BYTES 64 /* 63 "x" and a newline */
#define GZIP_WINDOW_BITS (15 + 16)

static void add_header(struct http_reply *reply, const char *name, size_t name_len,
                       const char *value)
{
    if (reply->header_count == HTTP_REPLY_HEADERS_MAX)
        return;
    struct http_header *header = &reply->headers[reply->header_count++];
    if (name_len >= sizeof header->name)
        name_len = sizeof header->name - 1;
    for (size_t i = 0; i < name_len; i++)
        header->name[i] = (char)tolower((unsigned char)name[i]);
    header->name[name_len] = '\0';
    snprintf(header->value, sizeof header->value, "%s", value);
}

/* "Name: value" */
static void add_header_line(struct http_reply *reply, const char *line)
{
    const char *colon = strchr(line, ':');
    if (!colon)
        return;
    const char *value = colon + 1;
    add_header(reply, line, (size_t)(colon - line), value + strspn(value, " "));
}

static bool copy_body(struct http_reply *reply, const void *p, size_t len)
{
    if (len == 0)
        return true;
    reply->body = pool_malloc(len);
    if (!reply->body)
        return false;
    memcpy(reply->body, p, len);
    reply->body_len = len;
    return true;
}

static bool gzip_body(struct http_reply *reply, const uint8_t *p, size_t len)
{
    z_stream z = {0};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    uLong bound = deflateBound(&z, (uLong)len);
    reply->body = pool_malloc(bound);
    z.next_in = (z_const Bytef *)p;
    z.avail_in = (uInt)len;
    z.next_out = reply->body;
    z.avail_out = (uInt)bound;
    bool ok = reply->body && deflate(&z, Z_FINISH) == Z_STREAM_END;
    reply->body_len = ok ? z.total_out : 0;
    deflateEnd(&z);
    return ok;
}

static void set_lengths(struct http_reply *reply, size_t pad)
{
    reply->total_len = pad == SIM_HTTP_PAD_ENDLESS ? pad : reply->body_len + pad;
    reply->length_known = pad != SIM_HTTP_PAD_ENDLESS && reply->delivery != SIM_HTTP_CHUNKED;
    reply->send_len = reply->total_len;
    if (reply->delivery == SIM_HTTP_STALL_BODY || reply->delivery == SIM_HTTP_TRUNCATE)
        reply->send_len /= 2;
}

struct http_reply *http_reply_create(const struct sim_http *http)
{
    struct http_reply *reply = pool_zalloc(sizeof *reply);
    if (!reply)
        return NULL;
    reply->status = http->status;
    reply->delivery = http->delivery;
    reply->delay_ms = http->delay_ms;
    if (http->content_type)
        add_header(reply, "content-type", 12, http->content_type);
    if (http->content_encoding)
        add_header(reply, "content-encoding", 16, http->content_encoding);
    if (http->location[0] != '\0')
        add_header(reply, "location", 8, http->location);
    if (http->extra_header)
        add_header_line(reply, http->extra_header);
    bool gzip = http->content_encoding && strcmp(http->content_encoding, "gzip") == 0;
    if (gzip ? !gzip_body(reply, http->body, http->body_len)
             : !copy_body(reply, http->body, http->body_len)) {
        http_reply_free(reply);
        return NULL;
    }
    set_lengths(reply, http->body_pad);
    return reply;
}

struct http_reply *http_reply_of_bytes(unsigned status, const char *type, const void *p, size_t len)
{
    struct http_reply *reply = pool_zalloc(sizeof *reply);
    if (!reply)
        return NULL;
    reply->status = status;
    reply->delivery = SIM_HTTP_WHOLE;
    add_header(reply, "content-type", 12, type);
    if (!copy_body(reply, p, len)) {
        http_reply_free(reply);
        return NULL;
    }
    set_lengths(reply, 0);
    return reply;
}

void http_reply_add_header(struct http_reply *reply, const char *name, const char *value)
{
    add_header(reply, name, strlen(name), value);
}

void http_reply_free(struct http_reply *reply)
{
    if (!reply)
        return;
    pool_free(reply->body);
    pool_free(reply);
}

size_t http_reply_read(const struct http_reply *reply, size_t offset, void *buf, size_t size)
{
    uint8_t *out = buf;
    size_t n = 0;
    if (size > reply->send_len - offset)
        size = reply->send_len - offset;
    if (offset < reply->body_len) {
        n = reply->body_len - offset < size ? reply->body_len - offset : size;
        memcpy(out, reply->body + offset, n);
    }
    for (; n < size; n++)
        out[n] = (offset + n - reply->body_len) % PAD_LINE_BYTES == PAD_LINE_BYTES - 1 ? '\n' : 'x';
    return n;
}

void http_host_copy(char out[SIM_NAME_MAX], const char *p, size_t len)
{
    const char *colon = memchr(p, ':', len);
    if (colon)
        len = (size_t)(colon - p);
    if (len >= SIM_NAME_MAX)
        len = 0;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)tolower((unsigned char)p[i]);
    out[len] = '\0';
}
