/* zone: entries of a master file (RFC 1035 5.1) by a small state machine over the bytes. Only the
 * head of an entry is kept: owner and type decide, and RDATA may be long. */
#include "scanner/input/reader.h"
#include "scanner/input/shard.h"
#include "scanner/recent.h"

#include "lib/name.h"

#include <stdlib.h>
#include <string.h>

enum {
    TOKENS_MAX = 5, /* owner, TTL, class, type and one more */
    TOKEN_MAX_BYTES = NAME_TEXT_MAX_BYTES,
    ENTRY_MAX_BYTES = 256 * 1024, /* a longer one is an unclosed parenthesis */
    OWNERS_SEEN_MAX = 4 * 1024 * 1024,
};

#define REASON_SYNTAX "zone_syntax"
#define REASON_DIRECTIVE "zone_directive"

struct token {
    char text[TOKEN_MAX_BYTES + 1];
    size_t len;
    bool too_long;
};

struct entry {
    struct token token[TOKENS_MAX];
    size_t n;
    bool inherits_owner; /* begins with white space */
    bool unclosed;       /* parenthesis or quote */
    char raw[RAW_INPUT_MAX_BYTES];
    size_t raw_len;
    size_t bytes;
};

struct zone {
    source *src;
    enum status ended;
    size_t at, end;
    bool started;
    bool has_owner, has_apex;
    char origin[NAME_TEXT_MAX_BYTES + 1]; /* without final dot, "" is the root */
    char owner[2 * NAME_TEXT_MAX_BYTES + 2];
    char apex[2 * NAME_TEXT_MAX_BYTES + 2];
    struct recent seen;
    struct entry entry;
    char buf[SOURCE_CHUNK_BYTES];
};

enum status zone_new(source *src, zone **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ST_NOMEM;
    (*out)->src = src;
    recent_init(&(*out)->seen, OWNERS_SEEN_MAX);
    return ST_OK;
}

void zone_free(zone *z)
{
    if (!z)
        return;
    recent_free(&z->seen);
    free(z);
}

/* ---- bytes to entries ----------------------------------------------------------------------- */

/* The next byte, or -1 at the end. */
static int next_byte(zone *z)
{
    if (z->at == z->end) {
        z->at = z->end = 0;
        if (z->ended == ST_OK)
            z->ended = source_read(z->src, z->buf, sizeof z->buf, &z->end);
        if (z->ended != ST_OK)
            return -1;
        if (!z->started && z->end >= 3 && memcmp(z->buf, "\xef\xbb\xbf", 3) == 0)
            z->at = 3;
        z->started = true;
    }
    return (unsigned char)z->buf[z->at++];
}

static void token_add(struct entry *e, int byte)
{
    if (e->n == 0 || e->n > TOKENS_MAX)
        return;
    struct token *t = &e->token[e->n - 1];
    if (t->len < TOKEN_MAX_BYTES)
        t->text[t->len++] = (char)byte;
    else
        t->too_long = true;
}

static void token_begin(struct entry *e)
{
    if (e->n < TOKENS_MAX) {
        e->token[e->n].len = 0;
        e->token[e->n].too_long = false;
    }
    if (e->n <= TOKENS_MAX)
        e->n++;
}

struct scanner {
    unsigned depth; /* of parentheses */
    bool in_token, in_quote, in_comment, escaped;
};

/* One byte of an entry; true when it ends the entry. */
static bool entry_byte(struct entry *e, struct scanner *s, int c)
{
    if (c == '\n') {
        if (s->in_quote)
            e->unclosed = true;
        s->in_token = s->in_quote = s->in_comment = s->escaped = false;
        return s->depth == 0;
    }
    if (s->in_comment)
        return false;
    if (s->escaped || s->in_quote) {
        if (!s->escaped && c == '"')
            s->in_quote = s->in_token = false;
        else
            token_add(e, c);
        s->escaped = !s->escaped && c == '\\';
        return false;
    }
    if (c == ';') {
        s->in_comment = true;
        s->in_token = false;
    } else if (c == '(' || c == ')') {
        s->in_token = false;
        if (c == '(')
            s->depth++;
        else if (s->depth > 0)
            s->depth--;
    } else if (c == ' ' || c == '\t' || c == '\r') {
        s->in_token = false;
    } else {
        if (!s->in_token)
            token_begin(e);
        s->in_token = true;
        if (c == '"')
            s->in_quote = true;
        else
            token_add(e, c);
        s->escaped = c == '\\';
    }
    return false;
}

/* Reads one entry. At the end of the input the state of the source: an entry that damage cut off is
 * dropped. */
static enum status read_entry(zone *z)
{
    struct entry *e = &z->entry;
    struct scanner s = {0};
    e->n = e->raw_len = e->bytes = 0;
    e->inherits_owner = e->unclosed = false;
    for (;;) {
        int c = next_byte(z);
        if (c < 0 && (z->ended != ST_EOF || e->bytes == 0))
            return z->ended;
        if (c < 0)
            c = '\n';
        if (e->bytes == 0)
            e->inherits_owner = c == ' ' || c == '\t';
        if (e->raw_len < sizeof e->raw && c != '\n')
            e->raw[e->raw_len++] = (char)c;
        e->bytes++;
        if (entry_byte(e, &s, c))
            return ST_OK;
        bool input_ended = z->at == z->end && z->ended != ST_OK;
        if ((c == '\n' && e->bytes > ENTRY_MAX_BYTES) || input_ended) {
            e->unclosed = true;
            return ST_OK;
        }
    }
}

/* ---- names ---------------------------------------------------------------------------------- */

/* A name as it stands in the file to presentation form without final dot, relative ones below the
 * origin. Escapes of plain characters are undone; an escaped dot stays, and is no name later. */
static bool resolve(const zone *z, const struct token *t, char *out, size_t size)
{
    struct strbuf name;
    strbuf_init(&name, size - 1);
    bool absolute = false;
    for (size_t i = 0; i < t->len; i++) {
        absolute = t->text[i] == '.' && i + 1 == t->len;
        if (t->text[i] != '\\') {
            strbuf_addc(&name, t->text[i]);
            continue;
        }
        const char *d = t->text + i + 1;
        size_t left = t->len - i - 1;
        bool decimal = left >= 3 && d[0] >= '0' && d[0] <= '2' && d[1] >= '0' && d[1] <= '9' &&
                       d[2] >= '0' && d[2] <= '9';
        int value = decimal    ? (d[0] - '0') * 100 + (d[1] - '0') * 10 + (d[2] - '0')
                    : left > 0 ? (unsigned char)d[0]
                               : '\\';
        if (value == '.' || value == '\0' || value > 255)
            strbuf_adds(&name, "\\.");
        else
            strbuf_addc(&name, (char)value);
        i += decimal ? 3 : left > 0 ? 1 : 0;
    }
    if (t->len == 1 && t->text[0] == '@')
        strbuf_clear(&name);
    if (absolute)
        name.len--;
    else if (z->origin[0] != '\0')
        strbuf_printf(&name, "%s%s", name.len > 0 ? "." : "", z->origin);
    bool ok = name.error == ST_OK && !t->too_long;
    if (ok && name.len > 0)
        memcpy(out, name.p, name.len);
    out[ok ? name.len : 0] = '\0';
    strbuf_free(&name);
    return ok;
}

static bool token_is(const struct token *t, const char *word)
{
    return slice_eq_nocase((struct slice){t->text, t->len}, slice_of(word));
}

static bool is_class(const struct token *t)
{
    return token_is(t, "IN") || token_is(t, "CH") || token_is(t, "HS") || token_is(t, "CS");
}

/* Digits, or digits with BIND's units ("1h30m"). */
static bool is_ttl(const struct token *t)
{
    for (size_t i = 0; i < t->len; i++)
        if (!(t->text[i] >= '0' && t->text[i] <= '9') && !strchr("smhdwSMHDW", t->text[i]))
            return false;
    return t->len > 0 && t->text[0] >= '0' && t->text[0] <= '9';
}

/* ---- entries to items ----------------------------------------------------------------------- */

static const char *directive(zone *z)
{
    const struct entry *e = &z->entry;
    char origin[sizeof z->origin];
    if (token_is(&e->token[0], "$TTL"))
        return NULL;
    if (!token_is(&e->token[0], "$ORIGIN") || e->n < 2 ||
        !resolve(z, &e->token[1], origin, sizeof origin))
        return REASON_DIRECTIVE;
    memcpy(z->origin, origin, sizeof origin);
    return NULL;
}

/* The owner of a delegation that was not seen before goes to *found; NULL when the entry is none. A
 * word when the entry cannot be read. */
static const char *judge_entry(zone *z, const char **found)
{
    const struct entry *e = &z->entry;
    size_t i = 0;
    if (e->unclosed)
        return REASON_SYNTAX;
    if (e->n == 0)
        return NULL;
    if (!e->inherits_owner && e->token[0].text[0] == '$')
        return directive(z);
    if (!e->inherits_owner) {
        z->has_owner = resolve(z, &e->token[i++], z->owner, sizeof z->owner);
        name_lower(z->owner);
    }
    if (!z->has_owner)
        return REASON_SYNTAX;
    while (i < e->n && i < 3 && (is_class(&e->token[i]) || is_ttl(&e->token[i])))
        i++;
    if (i + 1 >= e->n) /* a type and at least one token of RDATA */
        return REASON_SYNTAX;
    if (token_is(&e->token[i], "SOA")) {
        memcpy(z->apex, z->owner, sizeof z->apex);
        z->has_apex = true;
    }
    if (!token_is(&e->token[i], "NS"))
        return NULL;
    struct slice owner = slice_of(z->owner);
    if (z->has_apex && (slice_eq(owner, slice_of(z->apex)) ||
                        (z->apex[0] != '\0' && !name_under(owner, slice_of(z->apex)))))
        return NULL;
    bool fresh;
    if (recent_add(&z->seen, shard_hash(0, owner), &fresh) == ST_OK && !fresh)
        return NULL;
    *found = z->owner;
    return NULL;
}

enum status zone_next(zone *z, struct raw_item *out)
{
    const char *found = NULL, *reason = NULL;
    while (!found && !reason) {
        enum status st = read_entry(z);
        if (st != ST_OK)
            return st;
        reason = judge_entry(z, &found);
    }
    *out = (struct raw_item){.rank = -1,
                             .name = slice_of(found),
                             .raw = {z->entry.raw, z->entry.raw_len},
                             .reason = reason};
    return ST_OK;
}
