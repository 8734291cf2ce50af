#include "lib/json_scan.h"

#include <string.h>

static void skip_space(struct json_scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r' || *s->p == '\n'))
        s->p++;
}

/* Behind the string that begins at p (its quote); NULL when it does not end. */
static const char *string_end(const char *p, const char *end)
{
    for (p++; p < end; p++) {
        p = memchr(p, '"', (size_t)(end - p));
        if (!p)
            return NULL;
        /* The quote counts when an even number of backslashes stands before it. */
        size_t slashes = 0;
        while (p[-1 - (ptrdiff_t)slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            return p + 1;
    }
    return NULL;
}

/* Behind the value that begins at p; NULL when it does not end. */
static const char *value_end(const char *p, const char *end)
{
    size_t depth = 0;
    do {
        if (p >= end)
            return NULL;
        switch (*p) {
        case '"':
            p = string_end(p, end);
            if (!p)
                return NULL;
            break;
        case '{':
        case '[':
            depth++;
            p++;
            break;
        case '}':
        case ']':
            if (depth == 0)
                return NULL;
            depth--;
            p++;
            break;
        default:
            if (depth > 0) { /* commas, colons, numbers and words inside */
                p++;
                break;
            }
            while (p < end && !memchr(",]} \t\r\n", *p, 8))
                p++;
        }
    } while (depth > 0);
    return p;
}

static bool fail(struct json_scan *s)
{
    s->bad = true;
    s->p = s->end;
    return false;
}

bool json_scan_open(struct slice value, struct json_scan *s)
{
    *s = (struct json_scan){value.p, value.p + value.len, false};
    skip_space(s);
    if (s->p == s->end || (*s->p != '{' && *s->p != '['))
        return fail(s);
    s->p++;
    return true;
}

/* Stands before the next member or element: past its comma. false at the end. */
static bool next(struct json_scan *s)
{
    skip_space(s);
    if (s->p < s->end && *s->p == ',') {
        s->p++;
        skip_space(s);
    }
    if (s->p == s->end)
        return fail(s);
    return *s->p != '}' && *s->p != ']';
}

static bool take_value(struct json_scan *s, struct slice *value)
{
    skip_space(s);
    const char *end = s->p < s->end ? value_end(s->p, s->end) : NULL;
    if (!end || end == s->p)
        return fail(s);
    *value = (struct slice){s->p, (size_t)(end - s->p)};
    s->p = end;
    return true;
}

bool json_scan_member(struct json_scan *s, struct slice *key, struct slice *value)
{
    if (s->bad || !next(s))
        return false;
    const char *end = *s->p == '"' ? string_end(s->p, s->end) : NULL;
    if (!end)
        return fail(s);
    *key = (struct slice){s->p + 1, (size_t)(end - s->p) - 2};
    s->p = end;
    skip_space(s);
    if (s->p == s->end || *s->p != ':')
        return fail(s);
    s->p++;
    return take_value(s, value);
}

bool json_scan_element(struct json_scan *s, struct slice *value)
{
    return !s->bad && next(s) && take_value(s, value);
}

struct slice json_scan_text(struct slice value)
{
    if (value.len < 2 || value.p[0] != '"')
        return (struct slice){"", 0};
    return (struct slice){value.p + 1, value.len - 2};
}

struct slice json_scan_find(struct slice object, const char *key)
{
    struct json_scan s;
    struct slice name, value;
    if (object.len > 0 && json_scan_open(object, &s))
        while (json_scan_member(&s, &name, &value))
            if (slice_eq(name, slice_of(key)))
                return value;
    return (struct slice){"", 0};
}

bool json_scan_members(struct slice object, const struct json_wanted *wanted, size_t n, void *out,
                       size_t out_size)
{
    struct json_scan s;
    struct slice key, value;
    memset(out, 0, out_size);
    if (!json_scan_open(object, &s) || s.p[-1] != '{')
        return false;
    while (json_scan_member(&s, &key, &value)) {
        for (size_t i = 0; i < n; i++) {
            if (slice_eq(key, slice_of(wanted[i].key))) {
                memcpy((char *)out + wanted[i].offset, &value, sizeof value);
                break;
            }
        }
    }
    return !s.bad;
}
