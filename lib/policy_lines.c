/* policy_lines: a body as lines, and what it is when it is no policy at all. */
#include "lib/policy_lines.h"

#include "lib/policy_keys.h"

#include <string.h>

const struct slice policy_u2028 = {"\xe2\x80\xa8", 3};

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

struct slice policy_unquote(struct slice s)
{
    if (s.len > 0 && is_quote(s.p[0])) {
        s = (struct slice){s.p + 1, s.len - 1};
        const char *end = s.len > 0 ? memchr(s.p, s.p[-1], s.len) : NULL;
        if (end != NULL)
            s.len = (size_t)(end - s.p);
    }
    while (s.len > 0 && is_quote(s.p[s.len - 1]))
        s.len--;
    return s;
}

bool policy_text_contains(struct slice s, struct slice sub)
{
    for (size_t i = 0; s.len >= sub.len && i <= s.len - sub.len; i++)
        if (memcmp(s.p + i, sub.p, sub.len) == 0)
            return true;
    return false;
}

bool policy_next_line(struct slice body, size_t *pos, struct policy_line *out)
{
    if (*pos >= body.len)
        return false;
    struct slice rest = {body.p + *pos, body.len - *pos};
    const char *end = memchr(rest.p, '\n', rest.len);
    size_t len = end != NULL ? (size_t)(end - rest.p) : rest.len;
    *pos += len + (end != NULL ? 1 : 0);

    *out = (struct policy_line){.raw = {rest.p, len}};
    out->crlf = end != NULL && len > 0 && rest.p[len - 1] == '\r';
    out->lf = end != NULL && !out->crlf;
    if (out->crlf)
        out->raw.len--;

    const char *colon = out->raw.len > 0 ? memchr(out->raw.p, ':', out->raw.len) : NULL;
    out->has_colon = colon != NULL;
    size_t key_len = out->has_colon ? (size_t)(colon - out->raw.p) : 0;
    out->key = slice_trim((struct slice){out->raw.p, key_len});
    size_t used = out->has_colon ? key_len + 1 : 0;
    out->value = slice_trim((struct slice){out->raw.p + used, out->raw.len - used});
    return true;
}

bool policy_line_is_comment(const struct policy_line *line)
{
    struct slice text = slice_trim(line->raw);
    return slice_starts(text, SLICE_LIT("#")) || slice_starts(text, SLICE_LIT("//"));
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool policy_body_is_blank(struct slice body)
{
    for (size_t i = 0; i < body.len; i++)
        if (!is_space(body.p[i]))
            return false;
    return true;
}

bool policy_body_is_html(struct slice body)
{
    static const struct slice bom = {"\xef\xbb\xbf", 3};
    if (slice_starts(body, bom))
        body = (struct slice){body.p + bom.len, body.len - bom.len};
    while (body.len > 0 && is_space(body.p[0]))
        body = (struct slice){body.p + 1, body.len - 1};
    if (body.len < 2 || body.p[0] != '<')
        return false;
    /* An element, a declaration or comment, a processing instruction: no policy begins so. */
    char c = body.p[1];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '!' || c == '?';
}

bool policy_body_has_field(struct slice body)
{
    struct policy_line line;
    for (size_t pos = 0; policy_next_line(body, &pos, &line);) {
        enum policy_key key = policy_key_of(policy_unquote(line.key));
        if (line.has_colon && (key < KEY_STANDARD_COUNT || key == KEY_CASE))
            return true;
    }
    return false;
}

bool policy_body_resembles(struct slice body)
{
    return !policy_body_is_html(body) && slice_contains_nocase(body, SLICE_LIT("version")) &&
           slice_contains_nocase(body, SLICE_LIT("stsv"));
}

const char *policy_mode_name(enum policy_mode m)
{
    switch (m) {
    case POLICY_ENFORCE:
        return "enforce";
    case POLICY_TESTING:
        return "testing";
    case POLICY_NONE:
        return "none";
    case POLICY_MODE_UNKNOWN:
        break;
    }
    return NULL;
}

/* ---- a policy on one line -------------------------------------------------------------------- */

/* A bare CR or U+2028 stands right before: what was meant as a line of its own has a row of its own
 * (pol_eol_cr). */
static bool behind_odd_line_end(struct slice line, size_t at)
{
    const size_t len = policy_u2028.len;
    return (at > 0 && line.p[at - 1] == '\r') ||
           (at >= len && memcmp(line.p + at - len, policy_u2028.p, len) == 0);
}

/* "key:" anywhere in the line, but behind an odd line end. */
static bool mentions_key(struct slice line, struct slice key)
{
    for (size_t i = 0; i + key.len < line.len; i++)
        if (line.p[i + key.len] == ':' && memcmp(line.p + i, key.p, key.len) == 0 &&
            !behind_odd_line_end(line, i))
            return true;
    return false;
}

/* A line end written out as text in a standard field, or the single keys all on one line. What a
 * comment or an extension says is nobody's policy (RFC 8461 3.2: unknown fields SHALL be ignored).
 */
static bool is_escaped_line(const struct policy_line *line)
{
    enum policy_key key = policy_key_of(policy_unquote(line->key));
    if (key < KEY_STANDARD_COUNT && (policy_text_contains(line->value, SLICE_LIT("\\n")) ||
                                     policy_text_contains(line->value, SLICE_LIT("\\r"))))
        return true;
    if (key == KEY_UNKNOWN || policy_line_is_comment(line))
        return false;
    return mentions_key(line->raw, policy_key_name(KEY_VERSION)) &&
           mentions_key(line->raw, policy_key_name(KEY_MODE)) &&
           mentions_key(line->raw, policy_key_name(KEY_MAX_AGE));
}

bool policy_find_escaped_line(struct slice body, struct slice *raw)
{
    struct policy_line line;
    for (size_t pos = 0; policy_next_line(body, &pos, &line);)
        if (is_escaped_line(&line)) {
            *raw = line.raw;
            return true;
        }
    return false;
}
