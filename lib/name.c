#include "lib/name.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

/* ---- characters and labels ------------------------------------------------------------------ */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_let_dig(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The first label of *rest, which then begins after its dot; false at the end. A name "a." has the
 * labels "a" and "". */
static bool next_label(struct slice *rest, struct slice *label)
{
    if (rest->p == NULL)
        return false;
    const char *dot = rest->len == 0 ? NULL : memchr(rest->p, '.', rest->len);
    label->p = rest->p;
    label->len = dot == NULL ? rest->len : (size_t)(dot - rest->p);
    if (dot == NULL)
        *rest = (struct slice){NULL, 0};
    else
        *rest = (struct slice){dot + 1, rest->len - label->len - 1};
    return true;
}

bool name_is_ldh(struct slice name)
{
    if (name.len == 0 || name.len > NAME_MAX_BYTES)
        return false;
    struct slice label;
    while (next_label(&name, &label)) {
        if (label.len == 0 || label.len > LABEL_MAX_BYTES || !is_let_dig(label.p[0]) ||
            !is_let_dig(label.p[label.len - 1]))
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (!is_let_dig(label.p[i]) && label.p[i] != '-')
                return false;
    }
    return true;
}

void name_lower(char *name)
{
    for (; *name != '\0'; name++)
        if (*name >= 'A' && *name <= 'Z')
            *name = (char)(*name - 'A' + 'a');
}

size_t name_labels(struct slice name)
{
    size_t n = name.len > 0 ? 1 : 0;
    for (size_t i = 0; i < name.len; i++)
        n += name.p[i] == '.';
    return n;
}

struct slice name_parent(struct slice name)
{
    const char *dot = name.len == 0 ? NULL : memchr(name.p, '.', name.len);
    if (dot == NULL)
        return (struct slice){"", 0};
    return (struct slice){dot + 1, name.len - (size_t)(dot + 1 - name.p)};
}

bool name_under(struct slice name, struct slice suffix)
{
    if (suffix.len == 0 || name.len < suffix.len)
        return false;
    size_t head = name.len - suffix.len;
    if (head > 0 && name.p[head - 1] != '.')
        return false;
    return slice_eq_nocase((struct slice){name.p + head, suffix.len}, suffix);
}

/* ---- normalising ---------------------------------------------------------------------------- */

/* Full stops that IDNA takes for a dot (UTS 46 section 2.3): U+3002, U+FF0E, U+FF61. Returns the
 * bytes of the one at p, 0 when there is none. */
static size_t dot_bytes(struct slice s)
{
    if (s.p[0] == '.')
        return 1;
    if (s.len >= 3 && (memcmp(s.p, "\xe3\x80\x82", 3) == 0 || memcmp(s.p, "\xef\xbc\x8e", 3) == 0 ||
                       memcmp(s.p, "\xef\xbd\xa1", 3) == 0))
        return 3;
    return 0;
}

static const char *add_ascii_label(struct strbuf *out, struct slice label)
{
    for (size_t i = 0; i < label.len; i++)
        if (!is_let_dig(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
            return "bad_character";
    if (label.len == 0)
        return "empty_label";
    if (label.len > LABEL_MAX_BYTES)
        return "label_too_long";
    return strbuf_add(out, label.p, label.len) == ST_OK ? NULL : "too_long";
}

/* A label with bytes over 0x7F. libidn2 sees one label at a time, so that ASCII labels beside it
 * (with an underscore, with hyphens in third and fourth place) are never its business. */
static const char *add_unicode_label(struct strbuf *out, struct slice label)
{
    char utf8[NAME_TEXT_MAX_BYTES + 1];
    uint8_t *ace = NULL;

    if (label.len > NAME_TEXT_MAX_BYTES || memchr(label.p, '\0', label.len) != NULL)
        return "idna";
    memcpy(utf8, label.p, label.len);
    utf8[label.len] = '\0';
    int rc = idn2_lookup_u8((const uint8_t *)utf8, &ace, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK)
        return rc == IDN2_TOO_BIG_LABEL || rc == IDN2_TOO_BIG_DOMAIN ? "label_too_long" : "idna";
    const char *reason = add_ascii_label(out, slice_of((const char *)ace));
    idn2_free(ace);
    return reason;
}

/* Appends the name label by label; NULL, or the reason why it is none. */
static const char *add_labels(struct strbuf *out, struct slice in)
{
    size_t labels = 0;
    for (;;) {
        size_t len = 0, dot = 0;
        while (len < in.len && (dot = dot_bytes((struct slice){in.p + len, in.len - len})) == 0)
            len++;
        struct slice label = {in.p, len};
        const char *reason =
            text_is_ascii(label) ? add_ascii_label(out, label) : add_unicode_label(out, label);
        if (reason != NULL)
            return reason;
        labels++;
        if (len == in.len)
            return labels == 1 ? "single_label" : NULL;
        in = (struct slice){in.p + len + dot, in.len - len - dot};
        if (in.len == 0 && labels >= 1)
            return labels == 1 ? "single_label" : NULL; /* the final dot */
        if (strbuf_addc(out, '.') != ST_OK)
            return "too_long";
    }
}

static bool is_address(struct slice in)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (in.len >= 2 && in.p[0] == '[' && in.p[in.len - 1] == ']')
        in = (struct slice){in.p + 1, in.len - 2};
    if (in.len >= sizeof text)
        return false;
    memcpy(text, in.p, in.len);
    text[in.len] = '\0';
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* Nearly every name: labels of ASCII alone, not all of digits (an address is no name). One pass;
 * false says nothing of a name but that it needs a closer look. */
static bool normalize_plain(struct slice in, char out[NAME_MAX_BYTES + 1])
{
    size_t label = 0, labels = 1; /* where the label at hand begins, and how many there are */
    bool only_digits = true;
    if (in.len > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.p[i], low = (char)(c | 0x20);
        if (low >= 'a' && low <= 'z') {
            c = low;
            only_digits = false;
        } else if (c == '-' || c == '_') {
            only_digits = false;
        } else if (c == '.') {
            if (i == label || i - label > LABEL_MAX_BYTES)
                return false;
            label = i + 1;
            labels++;
        } else if (c < '0' || c > '9') {
            return false;
        }
        out[i] = c;
    }
    out[in.len] = '\0';
    return !only_digits && labels > 1 && label < in.len && in.len - label <= LABEL_MAX_BYTES;
}

enum status name_normalize(struct slice in, char out[NAME_MAX_BYTES + 1], const char **reason)
{
    while (in.len > 0 && is_space(in.p[0]))
        in = (struct slice){in.p + 1, in.len - 1};
    while (in.len > 0 && is_space(in.p[in.len - 1]))
        in.len--;

    *reason = NULL;
    if (normalize_plain(in, out))
        return ST_OK;

    struct strbuf name;
    strbuf_init(&name, NAME_MAX_BYTES);
    out[0] = '\0';
    if (in.len == 0 || slice_eq(in, SLICE_LIT(".")))
        *reason = "empty";
    else if (!text_is_utf8(in))
        *reason = "not_utf8";
    else if (is_address(in))
        *reason = "ip_address";
    else if (text_is_ascii(in) && in.len > NAME_MAX_BYTES + 1)
        *reason = "too_long";
    else
        *reason = add_labels(&name, in);
    /* Other full stops and digits than ASCII's can spell an address, too. */
    if (*reason == NULL && is_address((struct slice){name.p, name.len}))
        *reason = "ip_address";

    enum status st = *reason == NULL ? ST_OK : ST_INVALID;
    if (name.error == ST_NOMEM)
        st = ST_NOMEM;
    if (st == ST_OK) {
        memcpy(out, name.p, name.len + 1);
        name_lower(out);
    }
    strbuf_free(&name);
    return st;
}

/* ---- public suffixes ------------------------------------------------------------------------ */

struct name_psl {
    psl_ctx_t *ctx;
};

enum status name_psl_load(const char *path, name_psl **out)
{
    *out = NULL;
    name_psl *psl = calloc(1, sizeof *psl);
    if (psl == NULL)
        return ST_NOMEM;
    psl->ctx = path != NULL ? psl_load_file(path) : psl_latest(NULL);
    if (psl->ctx == NULL) {
        free(psl);
        return path != NULL ? ST_IO : ST_NOT_FOUND;
    }
    *out = psl;
    return ST_OK;
}

void name_psl_free(name_psl *psl)
{
    if (psl == NULL)
        return;
    psl_free(psl->ctx);
    free(psl);
}

struct slice name_registrable(const name_psl *psl, const char *name)
{
    if (psl == NULL || name == NULL)
        return (struct slice){"", 0};
    return slice_of(psl_registrable_domain(psl->ctx, name));
}

bool name_is_public_suffix(const name_psl *psl, const char *name)
{
    return psl != NULL && name != NULL && name[0] != '\0' && psl_is_public_suffix(psl->ctx, name);
}
