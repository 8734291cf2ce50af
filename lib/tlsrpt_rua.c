#include "lib/tlsrpt_rua.h"

#include "lib/name.h"
#include "lib/note.h"

#include <string.h>

enum uri_kind {
    URI_MAILTO,
    URI_HTTPS,
    URI_OTHER, /* another scheme, or no host */
    URI_NONE   /* no scheme: not a URI */
};

static bool starts_nocase(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq_nocase((struct slice){s.p, prefix.len}, prefix);
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986 3.1. */
static bool has_scheme(struct slice uri)
{
    if (uri.len == 0 || !is_alpha(uri.p[0]))
        return false;
    for (size_t i = 1; i < uri.len; i++) {
        if (uri.p[i] == ':')
            return true;
        if (!is_alpha(uri.p[i]) && !is_digit(uri.p[i]) && strchr("+-.", uri.p[i]) == NULL)
            return false;
    }
    return false;
}

static enum uri_kind kind_of(struct slice uri)
{
    if (starts_nocase(uri, SLICE_LIT("mailto:")))
        return URI_MAILTO;
    if (starts_nocase(uri, SLICE_LIT("https://")) && uri.len > 8 && uri.p[8] != '/')
        return URI_HTTPS;
    return has_scheme(uri) ? URI_OTHER : URI_NONE;
}

/* The address of a mailto URI, percent-encoding undone, without header fields. */
static enum status mailto_address(struct arena *arena, struct slice uri, struct slice *out)
{
    struct slice in = {uri.p + 7, uri.len - 7};
    char *p = arena_alloc(arena, in.len);
    size_t len = 0;
    if (p == NULL)
        return ST_NOMEM;
    for (size_t i = 0; i < in.len && in.p[i] != '?'; i++) {
        static const char hex[] = "0123456789abcdef0123456789ABCDEF";
        char c = in.p[i];
        if (c == '%' && in.len - i > 2 && in.p[i + 1] != '\0' && in.p[i + 2] != '\0') {
            const char *high = strchr(hex, in.p[i + 1]), *low = strchr(hex, in.p[i + 2]);
            if (high != NULL && low != NULL) {
                c = (char)(((high - hex) % 16) << 4 | (low - hex) % 16);
                i += 2;
            }
        }
        p[len++] = c;
    }
    *out = (struct slice){p, len};
    return ST_OK;
}

/* Local-part "@" Domain of RFC 5321 4.1.2; the domain has a dot, since mail from outside has to
 * reach it. *domain is the part behind the last "@". */
static bool address_ok(struct slice address, struct slice *domain)
{
    size_t at = address.len;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    if (at < 2)
        return false;
    struct slice local = {address.p, at - 1};
    *domain = (struct slice){address.p + at, address.len - at};
    if (!name_is_ldh(*domain) || name_labels(*domain) < 2 || local.len > 64)
        return false;
    if (local.len > 2 && local.p[0] == '"' && local.p[local.len - 1] == '"')
        return true;
    for (size_t i = 0; i < local.len; i++) {
        unsigned char c = (unsigned char)local.p[i];
        bool lone_dot = c == '.' && i > 0 && i + 1 < local.len && local.p[i - 1] != '.';
        if (c <= ' ' || c == 0x7f || (c != '.' && strchr("()<>[]:;@\\,\"", c) != NULL) ||
            (c == '.' && !lone_dot))
            return false;
    }
    return true;
}

/* `cut`: the next piece has no scheme, so a raw comma may have cut this address in two. */
static enum status judge_mailto(struct slice uri, bool cut, const char *domain, struct findings *f)
{
    struct slice address, host;
    enum status st = mailto_address(f->arena, uri, &address);
    if (st != ST_OK)
        return st;
    if (!address_ok(address, &host)) {
        if (!cut || memchr(address.p, '@', address.len) != NULL)
            note(f, FC_rpt_rua_mail_invalid, uri, address);
    } else if (domain != NULL && name_under(host, slice_of(domain))) {
        note(f, FC_rpt_rua_self, uri, host);
    }
    return ST_OK;
}

/* What ends a host: the rest of a URI, or what was written behind it without being encoded. */
static bool ends_host(char c)
{
    return c == '\0' || strchr("/?#:!;,> ", c) != NULL;
}

struct slice tlsrpt_rua_host(struct slice uri, bool *mail)
{
    size_t at = 0;
    *mail = kind_of(uri) == URI_MAILTO;
    for (size_t i = 0; i < uri.len && uri.p[i] != '?'; i++) {
        if (*mail ? uri.p[i] == '@' : i >= 2 && memcmp(uri.p + i - 2, "://", 3) == 0) {
            at = i + 1;
            if (!*mail)
                break;
        }
    }
    size_t len = 0;
    if (!*mail && at > 0 && at < uri.len && uri.p[at] == '[') { /* RFC 3986 3.2.2 */
        const char *end = memchr(uri.p + at, ']', uri.len - at);
        len = end ? (size_t)(end - (uri.p + at)) : 0;
    }
    while (at > 0 && at + len < uri.len && !ends_host(uri.p[at + len]))
        len++;
    return (struct slice){uri.p + at, len};
}

static struct slice take_piece(struct slice *rest, bool *last)
{
    const char *comma = rest->len == 0 ? NULL : memchr(rest->p, ',', rest->len);
    *last = comma == NULL;
    struct slice piece = {rest->p, *last ? rest->len : (size_t)(comma - rest->p)};
    size_t used = piece.len + (*last ? 0 : 1);
    *rest = (struct slice){rest->p + used, rest->len - used};
    while (piece.len > 0 && (piece.p[0] == ' ' || piece.p[0] == '\t'))
        piece = (struct slice){piece.p + 1, piece.len - 1};
    while (piece.len > 0 && (piece.p[piece.len - 1] == ' ' || piece.p[piece.len - 1] == '\t'))
        piece.len--;
    return piece;
}

static enum status keep(struct slice uri, struct findings *f, struct tlsrpt *out)
{
    if (out->rua == NULL)
        out->rua = arena_array(f->arena, RUA_MAX, sizeof *out->rua);
    if (out->rua == NULL)
        return ST_NOMEM;
    if (out->n_rua == RUA_MAX)
        return ST_OK;
    struct strbuf text;
    strbuf_init(&text, 4 * uri.len);
    enum status st = text_escape(&text, uri);
    const char *copy = st == ST_OK ? arena_dup(f->arena, (struct slice){text.p, text.len}) : NULL;
    strbuf_free(&text);
    if (copy == NULL)
        return st != ST_OK ? st : ST_NOMEM;
    out->rua[out->n_rua++] = copy;
    return ST_OK;
}

enum status tlsrpt_rua_judge(struct slice value, const char *domain, struct findings *f,
                             struct tlsrpt *out)
{
    size_t pieces = 0, usable = 0;
    bool last = false;
    struct slice rest = value, first_strange = NO_SLICE;
    enum status st = ST_OK;

    while (!last && st == ST_OK) {
        struct slice uri = take_piece(&rest, &last);
        if (uri.len == 0)
            continue;
        pieces++;
        struct slice ahead = rest;
        bool ahead_last = last;
        struct slice next = last ? NO_SLICE : take_piece(&ahead, &ahead_last);
        enum uri_kind kind = kind_of(uri);
        usable += kind == URI_MAILTO || kind == URI_HTTPS;
        if (kind == URI_MAILTO)
            st = judge_mailto(uri, next.len > 0 && kind_of(next) == URI_NONE, domain, f);
        if (kind == URI_NONE && usable > 0)
            note(f, FC_rpt_rua_unencoded, uri, value); /* the rest of a URI with a raw comma */
        else if (kind == URI_NONE && first_strange.p == NULL)
            first_strange = uri;
        else if (kind != URI_NONE && memchr(uri.p, '!', uri.len) != NULL)
            note(f, FC_rpt_rua_unencoded, uri, value);
        if (st == ST_OK)
            st = keep(uri, f, out);
    }
    if (pieces == 0)
        note(f, FC_rpt_rua_missing, NO_SLICE, NO_SLICE);
    else if (usable == 0)
        note(f, FC_rpt_rua_scheme, NO_SLICE, value);
    else if (first_strange.p != NULL) /* an address without "mailto:" before a URI that has it */
        note(f, FC_rpt_rua_mail_invalid, first_strange, value);
    return st;
}
