/* tlsrpt: chooses the record among the RRs of the answer and reads its fields; tlsrpt_rua.c judges
 * the destinations. */
#include "lib/tlsrpt.h"

#include "lib/note.h"
#include "lib/record_fields.h"
#include "lib/tlsrpt_rua.h"

#include <string.h>

static const struct slice version = {"v=TLSRPTv1", 10};

static struct slice rr_text(const struct txt_rr *rr)
{
    return (struct slice){rr->p, rr->len};
}

static struct slice take_field(struct slice *rest, bool *last)
{
    return slice_trim(slice_take(rest, ';', last));
}

/* The first field, up to its delimiter, is exactly the version. The ABNF lets white space stand
 * before the ";", as for MTA-STS, although the filter's letter `v=TLSRPTv1;` does not. */
static bool has_version(struct slice text)
{
    bool last = false;
    struct slice rest = text;
    return slice_starts(text, version) && slice_eq(take_field(&rest, &last), version);
}

/* Unknown, repeated and malformed fields alike: one row speaks of all of them. */
static void note_other(struct findings *f, struct slice field)
{
    const char *equals = memchr(field.p, '=', field.len);
    size_t name_len = equals != NULL ? (size_t)(equals - field.p) : field.len;
    note(f, FC_rpt_dup_or_ext, (struct slice){field.p, name_len}, field);
}

static enum status judge_fields(struct slice text, const char *domain, struct findings *f,
                                struct tlsrpt *out)
{
    bool last = false, rua_seen = false, behind_rua = false;
    enum status st = ST_OK;
    take_field(&text, &last);
    while (!last && st == ST_OK) {
        struct slice field = take_field(&text, &last);
        if (field.len == 0 && last)
            break; /* the final delimiter */
        if (slice_starts(field, SLICE_LIT("rua=")) && !rua_seen) {
            rua_seen = true;
            st = tlsrpt_rua_judge(slice_trim((struct slice){field.p + 4, field.len - 4}), domain, f,
                                  out);
            behind_rua = true;
            continue;
        }
        /* What follows a rua and is no field was cut off it by a raw ";" (RFC 8460 3: it MUST be
         * percent-encoded). */
        if (behind_rua && field.len > 0 && memchr(field.p, '=', field.len) == NULL)
            note(f, FC_rpt_rua_unencoded, field, text);
        else
            note_other(f, field.len > 0 ? field : SLICE_LIT(";;"));
        behind_rua = false;
    }
    if (!rua_seen)
        note(f, FC_rpt_rua_missing, NO_SLICE, NO_SLICE);
    return st;
}

static bool has_fault(const struct findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct finding_row *row = finding_row(f->v[i].code);
        if (row->stage == STAGE_TLSRPT && row->effect == EFFECT_FALLBACK)
            return true;
    }
    return false;
}

enum status tlsrpt_judge(const struct txt_rr *rr, size_t n, const char *domain, struct findings *f,
                         struct tlsrpt *out)
{
    *out = (struct tlsrpt){.present = false, .valid = false, .rua = NULL, .n_rua = 0};
    size_t n_exact = 0, n_like = 0;
    const struct txt_rr *chosen = NULL, *foreign = NULL;
    enum status st = ST_OK;

    for (size_t i = 0; i < n; i++) {
        bool exact = has_version(rr_text(&rr[i]));
        bool like = slice_contains_nocase(rr_text(&rr[i]), SLICE_LIT("v=tlsrpt"));
        n_exact += exact;
        n_like += like;
        if (exact && chosen == NULL)
            chosen = &rr[i];
        else if (!exact && foreign == NULL)
            foreign = &rr[i];
    }
    out->present = n_like > 0;
    if (n_exact > 1)
        note(f, FC_rpt_multiple, NO_SLICE, rr_text(chosen));
    else if (n_exact == 1)
        st = judge_fields(rr_text(chosen), domain, f, out);
    for (size_t i = 0; i < n && n_exact == 0; i++)
        if (slice_contains_nocase(rr_text(&rr[i]), SLICE_LIT("v=tlsrpt")))
            note(f, FC_rpt_version_bad, NO_SLICE, rr_text(&rr[i]));
    /* Beside a record, whatever else stands there is foreign; without one, what is no attempt. */
    if (foreign != NULL && n > (n_exact > 0 ? n_exact : n_like))
        note(f, FC_rpt_foreign_txt, NO_SLICE, rr_text(foreign));
    out->valid = out->present && !has_fault(f);
    return st == ST_OK && f->error == ST_NOMEM ? ST_NOMEM : st;
}
