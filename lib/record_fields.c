#include "lib/record_fields.h"

#include "lib/caps.h"
#include "lib/note.h"

#include <string.h>

enum { FIELDS_REMEMBERED_MAX = 32 }; /* names looked through for repeated ones */

static bool is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_high(char c)
{
    return (unsigned char)c > 0x7e;
}

static struct slice trim_left(struct slice s)
{
    while (s.len > 0 && is_wsp(s.p[0]))
        s = (struct slice){s.p + 1, s.len - 1};
    return s;
}

static struct slice trim_right(struct slice s)
{
    while (s.len > 0 && is_wsp(s.p[s.len - 1]))
        s.len--;
    return s;
}

bool record_ext_name_ok(struct slice name)
{
    if (name.len == 0 || name.len > STS_EXT_NAME_MAX_BYTES || !is_alnum(name.p[0]))
        return false;
    for (size_t i = 1; i < name.len; i++)
        if (!is_alnum(name.p[i]) && strchr("_-.", name.p[i]) == NULL)
            return false;
    return memchr(name.p, '\0', name.len) == NULL;
}

bool record_ext_value_ok(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.p[i];
        if (c <= 0x20 || is_high(c) || c == '=' || c == ';')
            return false;
    }
    return value.len > 0;
}

/* ---- the text without what can only be an accident of publishing ----------------------------- */

struct cleaning {
    bool high;   /* bytes over 0x7E: smart quotes, no-break spaces */
    bool quotes; /* literal quotes around it, or backslashes before `;` and `"` */
};

/* A zone editor's quotes, its backslashes and stray bytes over 0x7E each have a finding of their
 * own. They are taken out before the fields are judged, so that a field is blamed only for a fault
 * of its own. NULL p when out of memory. */
static struct slice clean(struct arena *arena, struct slice text, struct cleaning *found)
{
    *found = (struct cleaning){false, false};
    char *p = arena_alloc(arena, text.len);
    if (p == NULL)
        return NO_SLICE;
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i], next = i + 1 < text.len ? text.p[i + 1] : '\0';
        if (is_high(c)) {
            found->high = true;
        } else if (c == '"' && (i == 0 || i == text.len - 1)) {
            found->quotes = true;
        } else if (c == '\\' && (next == ';' || next == '"')) {
            found->quotes = true;
            i += next == '"';
        } else {
            p[len++] = c;
        }
    }
    return (struct slice){p, len};
}

/* ---- the version ----------------------------------------------------------------------------- */

/* Begins with the version and nothing that could belong to a longer word. */
static bool starts_with_version(struct slice text)
{
    static const struct slice version = {"v=STSv1", 7};
    if (!slice_starts(text, version))
        return false;
    return text.len == version.len || text.p[version.len] == ';' || is_wsp(text.p[version.len]);
}

/* "v=STSv1" stands behind something that is no white space: another field is first. */
static bool version_later(struct slice text)
{
    text = trim_left(text);
    for (size_t i = 1; i < text.len; i++)
        if ((is_wsp(text.p[i - 1]) || text.p[i - 1] == ';') &&
            starts_with_version((struct slice){text.p + i, text.len - i}))
            return true;
    return false;
}

/* ---- the fields ------------------------------------------------------------------------------ */

struct reading {
    struct findings *f;
    struct slice id; /* of the first id field; p NULL until one is seen */
    bool is_void;
    struct slice seen[FIELDS_REMEMBERED_MAX];
    size_t n_seen;
};

static void add(struct reading *r, enum finding_code code, struct slice target, struct slice detail)
{
    if (note(r->f, code, target, detail))
        r->is_void = true;
}

/* True when the name was there before; remembers it otherwise. */
static bool is_repeated(struct reading *r, struct slice name)
{
    for (size_t i = 0; i < r->n_seen; i++)
        if (slice_eq(r->seen[i], name))
            return true;
    if (r->n_seen < FIELDS_REMEMBERED_MAX)
        r->seen[r->n_seen++] = name;
    return false;
}

static void judge_id(struct reading *r, struct slice id)
{
    struct slice bare = id;
    if (bare.len > 0 && bare.p[0] == '"')
        bare = (struct slice){bare.p + 1, bare.len - 1};
    if (bare.len > 0 && bare.p[bare.len - 1] == '"')
        bare.len--;
    if (bare.len != id.len)
        add(r, FC_sts_literal_quotes, NO_SLICE, id);
    if (bare.len == 0 || bare.len > STS_ID_MAX_BYTES)
        add(r, FC_sts_id_length, NO_SLICE, id);
    for (size_t i = 0; i < bare.len; i++)
        if (!is_alnum(bare.p[i])) {
            add(r, FC_sts_id_chars, NO_SLICE, id);
            break;
        }
    r->id = id;
}

/* A key of the policy file at the head of a field, whatever separates it from its value. */
static bool has_policy_key(struct slice field, struct slice *key)
{
    static const struct slice keys[] = {{"mx", 2}, {"mode", 4}, {"max_age", 7}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!slice_starts(field, keys[i]))
            continue;
        struct slice rest =
            trim_left((struct slice){field.p + keys[i].len, field.len - keys[i].len});
        if (rest.len > 0 && (rest.p[0] == '=' || rest.p[0] == ':')) {
            *key = keys[i];
            return true;
        }
    }
    return false;
}

/* One field that is not the version; `field` has no WSP that a delimiter could own. */
static void judge_field(struct reading *r, struct slice field)
{
    struct slice key = NO_SLICE;
    bool policy_key = has_policy_key(field, &key);
    if (policy_key)
        add(r, FC_sts_policy_in_txt, key, field);

    const char *equals = memchr(field.p, '=', field.len);
    if (equals == NULL) {
        add(r, FC_sts_syntax_other, NO_SLICE, field);
        return;
    }
    struct slice name = {field.p, (size_t)(equals - field.p)};
    struct slice value = {equals + 1, field.len - name.len - 1};
    bool repeated = is_repeated(r, name);
    if (repeated)
        add(r, FC_sts_dup_field, name, field);

    if (slice_eq(name, SLICE_LIT("id")) && !repeated)
        judge_id(r, value);
    else if (slice_eq(name, SLICE_LIT("id")) && value.len == 0)
        add(r, FC_sts_id_length, NO_SLICE, value);
    else if (!record_ext_name_ok(name) || !record_ext_value_ok(value))
        add(r, FC_sts_ext_invalid, name, field);
    else if (!repeated && !policy_key && !slice_eq(name, SLICE_LIT("id")))
        add(r, FC_sts_ext_unknown, name, field);
}

/* The next field of *rest: up to its ';', without the WSP that the delimiters own (RFC 8461 3.1:
 * WSP belongs to a delimiter, so that what trails the last field without one is the field's own).
 * *last: no ';' follows. */
static struct slice take_field(struct slice *rest, bool *last)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->p, ';', rest->len);
    *last = end == NULL;
    struct slice field = {rest->p, *last ? rest->len : (size_t)(end - rest->p)};
    size_t used = field.len + (*last ? 0 : 1);
    *rest = (struct slice){rest->p + used, rest->len - used};
    field = trim_left(field);
    return *last ? field : trim_right(field);
}

static void judge_fields(struct reading *r, struct slice text)
{
    bool last = false;
    struct slice version = trim_right(take_field(&text, &last));
    r->seen[r->n_seen++] = SLICE_LIT("v");
    if (version.len > sizeof "v=STSv1" - 1) {
        add(r, FC_sts_syntax_other, NO_SLICE, version); /* no delimiter behind the version */
        if (slice_contains_nocase(version, SLICE_LIT("id=")))
            r->id = (struct slice){"", 0};
    }
    while (!last) {
        struct slice field = take_field(&text, &last);
        if (field.len > 0)
            judge_field(r, field);
        else if (!last)
            add(r, FC_sts_syntax_other, NO_SLICE, SLICE_LIT(";;"));
    }
    if (r->id.p == NULL)
        add(r, FC_sts_id_missing, NO_SLICE, NO_SLICE);
}

enum status record_fields_judge(struct slice text, struct findings *f, struct slice *id,
                                bool *is_void)
{
    struct reading r = {.f = f, .id = NO_SLICE, .is_void = false, .n_seen = 0};
    struct cleaning found;
    struct slice cleaned = clean(f->arena, text, &found);
    if (cleaned.p == NULL)
        return ST_NOMEM;

    if (found.high)
        add(&r, FC_sts_non_ascii, NO_SLICE, text);
    if (found.quotes)
        add(&r, FC_sts_literal_quotes, NO_SLICE, text);
    if (starts_with_version(cleaned))
        judge_fields(&r, cleaned);
    else if (version_later(cleaned))
        add(&r, FC_sts_version_not_first, NO_SLICE, text);
    else
        add(&r, FC_sts_version_bad, NO_SLICE, text);

    *id = r.id.len > 0 ? r.id : NO_SLICE;
    *is_void = r.is_void;
    return f->error == ST_NOMEM ? ST_NOMEM : ST_OK;
}

struct slice record_fields_id(struct slice text)
{
    bool last = false;
    while (!last) {
        struct slice field = take_field(&text, &last);
        if (slice_starts(field, SLICE_LIT("id=")))
            return (struct slice){field.p + 3, field.len - 3};
    }
    return NO_SLICE;
}
