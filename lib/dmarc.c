/* dmarc: chooses the record among the RRs, reads its tags p and rua. */
#include "lib/dmarc.h"

#include "lib/name.h"

static struct slice rr_text(const struct txt_rr *rr)
{
    return (struct slice){rr->p, rr->len};
}

/* name and value of one tag, without the WSP around both (RFC 7489 6.4). */
struct tag {
    struct slice name, value;
};

static struct tag take_tag(struct slice *rest, bool *last)
{
    bool no_equals;
    struct slice value = slice_take(rest, ';', last);
    struct slice name = slice_take(&value, '=', &no_equals);
    return (struct tag){slice_trim(name), slice_trim(value)};
}

/* The version is the first tag and case-sensitive (RFC 7489 6.3). */
static bool is_record(struct slice text)
{
    bool last;
    struct tag first = take_tag(&text, &last);
    return slice_eq(first.name, SLICE_LIT("v")) && slice_eq(first.value, SLICE_LIT("DMARC1"));
}

static const char *policy_of(struct slice value)
{
    static const char *const names[] = {"none", "quarantine", "reject"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_eq_nocase(value, slice_of(names[i])))
            return names[i];
    return NULL;
}

static enum status read_rua(struct slice value, struct arena *arena, struct dmarc *out)
{
    bool last = false;
    out->rua = arena_array(arena, RUA_MAX, sizeof *out->rua);
    if (!out->rua)
        return ST_NOMEM;
    while (!last && out->n_rua < RUA_MAX) {
        struct slice uri = slice_trim(slice_take(&value, ',', &last));
        if (uri.len == 0)
            continue;
        out->rua[out->n_rua] = text_escape_dup(arena, uri);
        if (!out->rua[out->n_rua])
            return ST_NOMEM;
        out->n_rua++;
    }
    return ST_OK;
}

static enum status read_record(struct slice text, struct arena *arena, struct dmarc *out)
{
    bool last = false, have_policy = false;
    while (!last) {
        struct tag tag = take_tag(&text, &last);
        enum status st = ST_OK;
        if (slice_eq(tag.name, SLICE_LIT("p")) && !have_policy) {
            have_policy = true;
            out->policy = policy_of(tag.value);
        } else if (slice_eq(tag.name, SLICE_LIT("rua")) && !out->rua) {
            st = read_rua(tag.value, arena, out);
        }
        if (st != ST_OK)
            return st;
    }
    /* Without a readable p a record that asks for reports counts as none (RFC 7489 6.6.3). */
    if (!out->policy && out->n_rua > 0)
        out->policy = "none";
    out->valid = out->policy != NULL;
    return ST_OK;
}

enum status dmarc_judge(const struct txt_rr *rr, size_t n, struct arena *arena, struct dmarc *out)
{
    const struct txt_rr *record = NULL;
    size_t records = 0;
    *out = (struct dmarc){.present = false};
    for (size_t i = 0; i < n; i++) {
        struct slice text = rr_text(&rr[i]);
        if (text.len >= 8 && slice_eq_nocase((struct slice){text.p, 8}, SLICE_LIT("v=DMARC1")))
            out->present = true;
        if (!is_record(text))
            continue;
        out->present = true;
        record = &rr[i];
        records++;
    }
    /* More than one: receivers apply none (RFC 7489 6.6.3). */
    return records == 1 ? read_record(rr_text(record), arena, out) : ST_OK;
}
