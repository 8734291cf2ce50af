/* findings: the table's rows as data, and a small ordered set of them. */
#include "lib/findings.h"

#include "lib/caps.h"
#include "lib/name.h"

#include <string.h>

#define FINDING_ROW(code, stage, effect, rule, text) {#code, stage, effect, rule, text},
static const struct finding_row rows[FINDING_CODE_COUNT] = {
#include "lib/findings_table.h"
};
#undef FINDING_ROW

const struct finding_row *finding_row(enum finding_code code)
{
    return (unsigned)code < FINDING_CODE_COUNT ? &rows[code] : NULL;
}

/* Placed by code, so that a row that is missing shows as NULLs and fails the test. */
#define FINDING_HELP(code, section, why, mend) [FC_##code] = {section, why, mend},
static const struct finding_help helps[FINDING_CODE_COUNT] = {
#include "lib/findings_help.h"
};
#undef FINDING_HELP

const struct finding_help *finding_help(enum finding_code code)
{
    return (unsigned)code < FINDING_CODE_COUNT ? &helps[code] : NULL;
}

enum status finding_by_name(struct slice code, enum finding_code *out)
{
    for (size_t i = 0; i < FINDING_CODE_COUNT; i++) {
        if (slice_eq(code, slice_of(rows[i].code))) {
            *out = (enum finding_code)i;
            return ST_OK;
        }
    }
    return ST_NOT_FOUND;
}

const char *stage_name(enum stage stage)
{
    static const char *const names[STAGE_COUNT] = {
        [STAGE_DNS] = "dns",       [STAGE_POLICY_HOST] = "policy_host",
        [STAGE_POLICY] = "policy", [STAGE_MX_CONSISTENCY] = "mx_consistency",
        [STAGE_MX_TLS] = "mx_tls", [STAGE_TLSRPT] = "tlsrpt",
        [STAGE_DRIFT] = "drift",   [STAGE_DANE] = "dane",
    };
    return (unsigned)stage < STAGE_COUNT ? names[stage] : "unknown";
}

char effect_letter(enum effect effect)
{
    static const char letters[] = {
        [EFFECT_STATE] = '-',        [EFFECT_BLOCKS] = 'B', [EFFECT_FALLBACK] = 'F',
        [EFFECT_DISAGREE] = 'D',     [EFFECT_WEAK] = 'W',   [EFFECT_INFO] = 'I',
        [EFFECT_UNDETERMINED] = 'U',
    };
    return (unsigned)effect < sizeof letters ? letters[effect] : '?';
}

void findings_init(struct findings *f, struct arena *arena)
{
    *f = (struct findings){.arena = arena, .error = ST_OK};
}

/* Bytes of the unit (character or escape) that begins at p, so that a cut never splits one. */
static size_t unit_len(const char *p)
{
    unsigned char c = (unsigned char)*p;
    if (c == '\\')
        return p[1] == 'x' ? 4 : 2;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Where to cut raw bytes at cap or before: not inside a UTF-8 character. */
static size_t cut_raw(struct slice raw, size_t cap)
{
    if (raw.len <= cap)
        return raw.len;
    size_t n = cap;
    while (n > 0 && cap - n < 3 && ((unsigned char)raw.p[n] & 0xc0) == 0x80)
        n--;
    return ((unsigned char)raw.p[n] & 0xc0) == 0x80 ? cap : n;
}

static const char *escaped_copy(struct findings *f, struct slice raw, size_t cap)
{
    struct strbuf text;
    strbuf_init(&text, cap * 4 + 1);
    const char *copy = NULL;
    if (text_escape(&text, (struct slice){raw.p, cut_raw(raw, cap)}) == ST_OK) {
        size_t len = 0;
        while (len < text.len && len + unit_len(text.p + len) <= cap)
            len += unit_len(text.p + len);
        copy = arena_dup(f->arena, (struct slice){text.p, len});
    }
    if (!copy)
        f->error = ST_NOMEM;
    strbuf_free(&text);
    return copy;
}

static bool target_eq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static size_t count_of(const struct findings *f, enum finding_code code)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += f->v[i].code == code;
    return n;
}

/* Room for one more entry of this code; the array doubles inside the arena. */
static bool grow(struct findings *f, enum finding_code code)
{
    if (f->n >= FINDINGS_MAX || count_of(f, code) >= FINDINGS_PER_CODE_MAX) {
        f->error = ST_LIMIT;
        return false;
    }
    if (f->n < f->alloc)
        return true;
    size_t alloc = f->alloc ? f->alloc * 2 : 8;
    struct finding *v = arena_array(f->arena, alloc, sizeof *v);
    if (!v) {
        f->error = ST_NOMEM;
        return false;
    }
    if (f->n > 0)
        memcpy(v, f->v, f->n * sizeof *v);
    f->v = v;
    f->alloc = alloc;
    return true;
}

void findings_add(struct findings *f, enum finding_code code, const char *target,
                  struct slice detail)
{
    if (f->error == ST_NOMEM)
        return;
    struct finding add = {.code = code};
    if (target && !(add.target = escaped_copy(f, slice_of(target), NAME_TEXT_MAX_BYTES)))
        return;
    if (findings_has_for(f, code, add.target) || !grow(f, code))
        return;
    if (detail.len > 0 && !(add.detail = escaped_copy(f, detail, DETAIL_MAX_BYTES)))
        return;
    f->v[f->n++] = add;
}

bool findings_has(const struct findings *f, enum finding_code code)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->v[i].code == code)
            return true;
    }
    return false;
}

bool findings_has_for(const struct findings *f, enum finding_code code, const char *target)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->v[i].code == code && target_eq(f->v[i].target, target))
            return true;
    }
    return false;
}

/* Insertion sort: stable, and the sets are small and nearly in order, as stages run in order. */
void findings_sort(struct findings *f)
{
    for (size_t i = 1; i < f->n; i++) {
        struct finding moved = f->v[i];
        size_t k = i;
        while (k > 0 && f->v[k - 1].code > moved.code) {
            f->v[k] = f->v[k - 1];
            k--;
        }
        f->v[k] = moved;
    }
}
