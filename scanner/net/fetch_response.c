#include "scanner/net/fetch_response.h"

#include "lib/name.h"

#include <curl/curl.h>
#include <string.h>
#include <zlib.h>

enum { DECODE_STEP_BYTES = 16384 };

void response_init(struct response *r, struct arena *arena, size_t body_max_bytes)
{
    *r = (struct response){.arena = arena, .body_max_bytes = body_max_bytes};
    strbuf_init(&r->body, body_max_bytes);
}

void response_free(struct response *r)
{
    strbuf_free(&r->body);
}

/* ---- header section ------------------------------------------------------------------------- */

/* A field line without its end and the white space around it (RFC 9112 5.1). */
static struct slice field_line(struct slice line)
{
    while (line.len > 0 && memchr(" \t\r\n", line.p[line.len - 1], 4) != NULL)
        line.len--;
    return slice_trim(line);
}

/* "HTTP/1.1 200 OK": begins an answer; what an interim one (1xx) said is forgotten. */
static void take_status_line(struct response *r, struct slice line)
{
    static const char *const versions[] = {"1.0", "1.1", "2", "3"};
    struct slice rest = {line.p + 5, line.len - 5};
    r->http = (struct http_facts){.status = 0};
    r->challenge = NULL;
    const char *space = rest.len == 0 ? NULL : memchr(rest.p, ' ', rest.len);
    if (space == NULL)
        return;
    struct slice version = {rest.p, (size_t)(space - rest.p)};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (slice_eq(version, slice_of(versions[i])))
            r->http.version = versions[i];
    size_t left = rest.len - version.len - 1;
    for (size_t i = 1; i <= 3 && i <= left && space[i] >= '0' && space[i] <= '9'; i++)
        r->http.status = r->http.status * 10 + (space[i] - '0');
}

/* The first field of a name counts. */
static void keep_field(struct response *r, const char **field, struct slice value)
{
    if (value.len > HTTP_FIELD_MAX_BYTES)
        value.len = HTTP_FIELD_MAX_BYTES;
    if (*field == NULL)
        *field = text_escape_dup(r->arena, value);
}

static void take_field(struct response *r, struct slice name, struct slice value)
{
    const struct {
        const char *name, **field;
    } kept[] = {
        {"content-type", &r->http.content_type},   {"content-encoding", &r->http.content_encoding},
        {"last-modified", &r->http.last_modified}, {"location", &r->http.location},
        {"retry-after", &r->http.retry_after},     {"server", &r->http.server},
    };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (slice_eq_nocase(name, slice_of(kept[i].name)))
            keep_field(r, kept[i].field, value);
    if (r->challenge == NULL)
        r->challenge = challenge_of_field(name, value);
}

bool response_header(struct response *r, struct slice line)
{
    r->header_bytes += line.len;
    if (r->header_bytes > HTTP_HEADERS_MAX_BYTES)
        return false;
    if (r->in_body)
        return true;
    if (slice_starts(line, SLICE_LIT("HTTP/"))) {
        take_status_line(r, line);
        return true;
    }
    line = field_line(line);
    if (line.len == 0) {
        r->in_body = r->http.status >= 200;
        return true;
    }
    const char *colon = memchr(line.p, ':', line.len);
    if (colon != NULL) {
        struct slice name = {line.p, (size_t)(colon - line.p)};
        take_field(r, name, slice_trim((struct slice){colon + 1, line.len - name.len - 1}));
    }
    return true;
}

uint64_t retry_after_ms(const char *value, int64_t wall_now_ms)
{
    if (value == NULL)
        return 0;
    uint64_t ms = 0;
    size_t digits = strspn(value, "0123456789");
    if (digits > 0 && value[digits] == '\0') {
        for (size_t i = 0; i < digits && ms < RETRY_AFTER_MAX_MS; i++)
            ms = ms * 10 + (uint64_t)(value[i] - '0') * 1000;
    } else {
        time_t at = curl_getdate(value, NULL);
        if (at != -1 && (int64_t)at > wall_now_ms / 1000)
            ms = (uint64_t)((int64_t)at * 1000 - wall_now_ms);
    }
    return ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
}

/* ---- body ----------------------------------------------------------------------------------- */

bool response_body(struct response *r, struct slice bytes)
{
    size_t room = r->body_max_bytes - r->body.len;
    r->http.body_total += bytes.len;
    r->too_large = bytes.len > room;
    if (strbuf_add(&r->body, bytes.p, r->too_large ? room : bytes.len) != ST_OK)
        return false;
    return !r->too_large;
}

/* One run of inflate over all of `in`; window bits as zlib counts them. */
static enum status inflate_all(struct slice in, int window_bits, struct strbuf *out)
{
    uint8_t step[DECODE_STEP_BYTES];
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.len};
    enum status st = ST_OK;
    int rc = Z_OK;
    if (inflateInit2(&z, window_bits) != Z_OK)
        return ST_NOMEM;
    while (st == ST_OK && rc == Z_OK) {
        z.next_out = step;
        z.avail_out = sizeof step;
        rc = inflate(&z, Z_NO_FLUSH);
        size_t made = sizeof step - z.avail_out, room = out->cap_bytes - out->len;
        if (rc != Z_OK && rc != Z_STREAM_END)
            st = ST_INVALID; /* also Z_BUF_ERROR: the input ends too early */
        if (made > room)
            st = ST_LIMIT;
        if (strbuf_add(out, step, made < room ? made : room) != ST_OK)
            st = ST_NOMEM;
    }
    inflateEnd(&z);
    return st;
}

enum status content_decode(struct slice encoding, struct slice in, struct strbuf *out)
{
    if (slice_eq_nocase(encoding, SLICE_LIT("gzip")) ||
        slice_eq_nocase(encoding, SLICE_LIT("x-gzip")))
        return inflate_all(in, 15 + 16, out);
    if (!slice_eq_nocase(encoding, SLICE_LIT("deflate")))
        return ST_UNSUPPORTED;
    /* RFC 9110 8.4.1.2 means zlib's format; some servers send the bare stream. */
    enum status st = inflate_all(in, 15, out);
    if (st == ST_INVALID && out->len == 0)
        st = inflate_all(in, -15, out);
    return st;
}

static enum http_end decode_body(struct response *r, enum http_end end)
{
    struct strbuf plain;
    struct slice in = {r->body.p, r->body.len};
    strbuf_init(&plain, r->body_max_bytes);
    enum status st = content_decode(slice_of(r->http.content_encoding), in, &plain);
    if (st == ST_OK || st == ST_LIMIT) {
        strbuf_free(&r->body);
        r->body = plain;
        r->http.body_total = plain.len + (st == ST_LIMIT);
        return st == ST_LIMIT ? HTTP_END_TOO_LARGE : end;
    }
    strbuf_free(&plain);
    return st == ST_UNSUPPORTED ? end : HTTP_END_TRUNCATED;
}

void response_end(struct response *r, enum http_end end)
{
    if (end == HTTP_END_OK && r->http.content_encoding != NULL && r->body.len > 0)
        end = decode_body(r, end);
    r->http.end = end;
    r->http.body.len = r->body.len;
    r->http.body.p = arena_dup(r->arena, (struct slice){r->body.p, r->body.len});
    if (r->http.body.p == NULL)
        r->http.body = (struct slice){"", 0};
    if (r->http.status != 0 && r->http.status != 200) {
        const char *mark =
            challenge_of_body(r->http.status, slice_of(r->http.server), r->http.body);
        r->http.challenge = r->challenge != NULL ? r->challenge : mark;
    }
}
