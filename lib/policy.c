/* policy: walks the lines, reads the four standard fields, and judges what it has read. */
#include "lib/policy.h"

#include "lib/note.h"
#include "lib/policy_keys.h"
#include "lib/policy_lines.h"
#include "lib/policy_mx.h"

#include <string.h>

enum {
    KEYS_REMEMBERED_MAX = 32, /* extension keys looked through for repeated ones */
    MX_USUAL = 16,            /* values that there is room for at first */
};

struct reading {
    const struct policy_context *ctx;
    struct findings *f;
    struct policy *out;
    enum status st;
    bool is_void;
    struct slice field[KEY_STANDARD_COUNT]; /* first value of each; p NULL until seen */
    size_t lines;
    size_t version_line; /* counted from 1, 0 when there is none */
    size_t n_lf, n_crlf, n_cr, n_u2028;
    struct slice seen[KEYS_REMEMBERED_MAX];
    size_t n_seen;
    size_t alloc_mx; /* of out's two arrays */
};

static void add(struct reading *r, enum finding_code code, struct slice target, struct slice detail)
{
    if (note(r->f, code, target, detail))
        r->is_void = true;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void count_line_end(struct reading *r, const struct policy_line *line)
{
    r->n_lf += line->lf;
    r->n_crlf += line->crlf;
    r->n_cr += line->raw.len > 0 && memchr(line->raw.p, '\r', line->raw.len) != NULL;
    r->n_u2028 += policy_text_contains(line->raw, policy_u2028);
}

/* A byte over 0x7F, the three of U+2028 aside, which have a row of their own. */
static bool has_high(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (slice_starts((struct slice){s.p + i, s.len - i}, policy_u2028))
            i += policy_u2028.len - 1;
        else if ((unsigned char)s.p[i] > 0x7f)
            return true;
    }
    return false;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool is_repeated(struct reading *r, struct slice key)
{
    for (size_t i = 0; i < r->n_seen; i++)
        if (slice_eq(r->seen[i], key))
            return true;
    if (r->n_seen < KEYS_REMEMBERED_MAX)
        r->seen[r->n_seen++] = key;
    return false;
}

/* Room for one more value: the arrays double inside the arena. */
static enum status grow_mx(struct reading *r)
{
    struct policy *out = r->out;
    if (out->n_mx_raw < r->alloc_mx)
        return ST_OK;
    size_t alloc = r->alloc_mx > 0 ? 2 * r->alloc_mx : MX_USUAL;
    const char **raw = arena_array(r->f->arena, alloc, sizeof *raw);
    const char **mx = arena_array(r->f->arena, alloc, sizeof *mx);
    if (raw == NULL || mx == NULL)
        return ST_NOMEM;
    if (out->n_mx_raw > 0)
        memcpy(raw, out->mx_raw, out->n_mx_raw * sizeof *raw);
    if (out->n_mx > 0)
        memcpy(mx, out->mx, out->n_mx * sizeof *mx);
    out->mx_raw = raw;
    out->mx = mx;
    r->alloc_mx = alloc;
    return ST_OK;
}

/* Keeps the value as it stood, and the pattern when it is one. Beyond POLICY_MX_MAX, more than the
 * largest body has, values are judged but not kept. */
static void keep_mx(struct reading *r, struct slice raw, struct slice pattern)
{
    struct policy *out = r->out;
    struct arena *arena = r->f->arena;
    struct strbuf text;

    if (out->n_mx_raw == POLICY_MX_MAX)
        return;
    r->st = grow_mx(r);
    if (r->st != ST_OK)
        return;
    strbuf_init(&text, 4 * raw.len);
    r->st = text_escape(&text, raw);
    char *copy = r->st == ST_OK ? arena_dup(arena, (struct slice){text.p, text.len}) : NULL;
    strbuf_free(&text);
    char *name = pattern.p != NULL ? arena_dup(arena, pattern) : NULL;
    if (copy == NULL || (pattern.p != NULL && name == NULL)) {
        r->st = ST_NOMEM;
        return;
    }
    out->mx_raw[out->n_mx_raw++] = copy;
    if (name == NULL)
        return;
    name_lower(name);
    out->mx[out->n_mx++] = name;
    policy_mx_judge_pattern(name, r->ctx, r->f);
}

static void read_mx(struct reading *r, struct slice raw, struct slice value)
{
    enum finding_code fault = policy_mx_fault(value);
    bool usable = fault == FINDING_CODE_COUNT || finding_row(fault)->rule != RULE_VOID;
    if (fault != FINDING_CODE_COUNT)
        add(r, fault, raw, NO_SLICE);
    keep_mx(r, raw, usable ? value : NO_SLICE);
}

static void read_standard(struct reading *r, enum policy_key key, const struct policy_line *line)
{
    struct slice value = policy_unquote(line->value);
    if (value.len != line->value.len || policy_unquote(line->key).len != line->key.len)
        add(r, FC_pol_quoted, policy_key_name(key), line->raw);
    if (key == KEY_VERSION && r->version_line == 0)
        r->version_line = r->lines;
    if (key == KEY_MX)
        read_mx(r, line->value, value);
    else if (has_high(line->value))
        add(r, FC_pol_non_ascii, policy_key_name(key), line->raw);
    if (r->field[key].p == NULL)
        r->field[key] = value;
    else if (key != KEY_MX)
        add(r, FC_pol_key_dup, policy_key_name(key), line->raw);
}

static void read_other(struct reading *r, enum policy_key kind, const struct policy_line *line)
{
    static const enum finding_code code[] = {
        [KEY_CASE] = FC_pol_key_case,
        [KEY_TYPO] = FC_pol_key_typo,
        [KEY_UNKNOWN] = FC_pol_key_unknown,
        [KEY_MALFORMED] = FC_pol_line_malformed,
    };
    add(r, code[kind], kind == KEY_MALFORMED ? NO_SLICE : line->key, line->raw);
    if (has_high(line->key))
        add(r, FC_pol_non_ascii, NO_SLICE, line->raw);
    if (line->key.len > 0 && is_repeated(r, line->key))
        add(r, FC_pol_key_dup, line->key, line->raw);
}

static void read_line(struct reading *r, const struct policy_line *line)
{
    struct slice text = line->has_colon ? line->raw : line->value;
    while (text.len > 0 && (text.p[0] == ' ' || text.p[0] == '\t'))
        text = (struct slice){text.p + 1, text.len - 1};

    r->lines++;
    count_line_end(r, line);
    if (text.len == 0) {
        add(r, FC_pol_blank_line, NO_SLICE, NO_SLICE);
        return;
    }
    bool comment = policy_line_is_comment(line);
    if (comment || !line->has_colon) {
        add(r, comment ? FC_pol_comment : FC_pol_line_malformed, NO_SLICE, line->raw);
        if (has_high(text))
            add(r, FC_pol_non_ascii, NO_SLICE, line->raw);
        return;
    }
    enum policy_key key = policy_key_of(line->key);
    if (key > KEY_STANDARD_COUNT && policy_key_of(policy_unquote(line->key)) < KEY_STANDARD_COUNT)
        key = policy_key_of(policy_unquote(line->key));
    /* White space belongs behind the colon only (RFC 8461 3.2). */
    const char *colon = memchr(line->raw.p, ':', line->raw.len);
    if (line->key.len != (size_t)(colon - line->raw.p))
        add(r, FC_pol_line_malformed, NO_SLICE, line->raw);
    if (line->value.len > 0 && memchr(line->value.p, ':', line->value.len) != NULL)
        add(r, FC_pol_value_colon, line->key, line->value);
    if (key < KEY_STANDARD_COUNT)
        read_standard(r, key, line);
    else
        read_other(r, key, line);
}

/* ---- judgement of what was read -------------------------------------------------------------- */

static void judge_line_ends(struct reading *r)
{
    if (r->n_cr > 0)
        add(r, FC_pol_eol_cr, NO_SLICE, SLICE_LIT("bare CR"));
    else if (r->n_u2028 > 0)
        add(r, FC_pol_eol_cr, NO_SLICE, SLICE_LIT("U+2028"));
    else if (r->n_lf > 0 && r->n_crlf > 0)
        add(r, FC_pol_eol_cr, NO_SLICE, SLICE_LIT("LF and CRLF mixed"));
    else if (r->n_lf > 0)
        add(r, FC_pol_eol_lf, NO_SLICE, NO_SLICE);
}

static void judge_version(struct reading *r)
{
    struct slice version = r->field[KEY_VERSION];
    if (version.p == NULL)
        add(r, FC_pol_version_missing, NO_SLICE, NO_SLICE);
    else if (!slice_eq(version, SLICE_LIT("STSv1")))
        add(r, FC_pol_version_bad, NO_SLICE, version);
    if (r->version_line > 1)
        add(r, FC_pol_version_not_first, NO_SLICE, NO_SLICE);
}

static void judge_mode(struct reading *r)
{
    struct slice mode = r->field[KEY_MODE];
    if (mode.p == NULL) {
        add(r, FC_pol_mode_missing, NO_SLICE, NO_SLICE);
    } else if (slice_eq(mode, SLICE_LIT("enforce"))) {
        r->out->mode = POLICY_ENFORCE;
    } else if (slice_eq(mode, SLICE_LIT("testing"))) {
        r->out->mode = POLICY_TESTING;
        add(r, FC_pol_mode_testing, NO_SLICE, NO_SLICE);
    } else if (slice_eq(mode, SLICE_LIT("none"))) {
        r->out->mode = POLICY_NONE;
        add(r, FC_pol_mode_none, NO_SLICE, NO_SLICE);
    } else {
        bool report = slice_eq(mode, SLICE_LIT("report"));
        add(r, report ? FC_pol_mode_report : FC_pol_mode_bad, NO_SLICE, mode);
    }
}

/* 1*10DIGIT (RFC 8461 3.2); -1 for anything else. */
static int64_t parse_max_age(struct slice text)
{
    int64_t value = 0;
    if (text.len < 1 || text.len > 10)
        return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -1;
        value = value * 10 + (text.p[i] - '0');
    }
    return value;
}

enum { DAY_SECONDS = 86400, TWO_WEEKS_SECONDS = 1209600 }; /* the RFC: "weeks or greater" */

static void judge_max_age(struct reading *r)
{
    struct slice text = r->field[KEY_MAX_AGE];
    int64_t age = r->out->max_age_s = parse_max_age(text);
    if (text.p == NULL)
        add(r, FC_pol_max_age_missing, NO_SLICE, NO_SLICE);
    else if (age < 0)
        add(r, FC_pol_max_age_invalid, NO_SLICE, text);
    else if (age > MAX_AGE_MAX_SECONDS)
        add(r, FC_pol_max_age_over, NO_SLICE, text);
    else if (age == 0)
        add(r, FC_pol_max_age_zero, NO_SLICE, text);
    else if (age < DAY_SECONDS)
        add(r, FC_pol_max_age_short, NO_SLICE, text);
    else if (age < TWO_WEEKS_SECONDS && r->out->mode == POLICY_ENFORCE)
        add(r, FC_pol_max_age_weak, NO_SLICE, text);
}

static void judge_mx_missing(struct reading *r)
{
    if (r->field[KEY_MX].p != NULL)
        return;
    if (r->out->mode == POLICY_ENFORCE || r->out->mode == POLICY_TESTING)
        add(r, FC_pol_mx_missing, NO_SLICE, NO_SLICE);
    else if (r->out->mode == POLICY_NONE)
        add(r, FC_pol_mx_missing_none_ok, NO_SLICE, NO_SLICE);
}

/* Takes a byte order mark off; true when nothing can be read behind it (UTF-16). */
static bool take_bom(struct reading *r, struct slice *body)
{
    static const struct slice utf8 = {"\xef\xbb\xbf", 3};
    bool utf16 =
        slice_starts(*body, SLICE_LIT("\xff\xfe")) || slice_starts(*body, SLICE_LIT("\xfe\xff"));
    if (utf16)
        add(r, FC_pol_bom, NO_SLICE, SLICE_LIT("UTF-16"));
    if (slice_starts(*body, utf8)) {
        add(r, FC_pol_bom, NO_SLICE, SLICE_LIT("UTF-8"));
        *body = (struct slice){body->p + utf8.len, body->len - utf8.len};
    }
    return utf16;
}

enum status policy_judge(struct slice body, const struct policy_context *ctx, struct findings *f,
                         struct policy *out)
{
    struct reading r = {.ctx = ctx, .f = f, .out = out, .st = ST_OK};
    struct slice escaped;
    *out = (struct policy){.mode = POLICY_MODE_UNKNOWN, .max_age_s = -1};

    bool unreadable = take_bom(&r, &body);
    if (!unreadable && policy_find_escaped_line(body, &escaped)) {
        add(&r, FC_pol_literal_escape, NO_SLICE, escaped);
        unreadable = true;
    }
    if (!unreadable) {
        struct policy_line line;
        for (size_t pos = 0; r.st == ST_OK && policy_next_line(body, &pos, &line);)
            read_line(&r, &line);
        judge_version(&r);
        judge_mode(&r);
        judge_max_age(&r);
        judge_mx_missing(&r);
        judge_line_ends(&r);
    }
    out->valid = !r.is_void;
    return r.st == ST_OK && f->error == ST_NOMEM ? ST_NOMEM : r.st;
}
