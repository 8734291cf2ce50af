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

static bool is_like(struct slice text)
{
    return slice_contains_nocase(text, SLICE_LIT("v=tlsrpt"));
}

/* How an RR stands to the filter of RFC 8460 3. */
enum standing {
    FOREIGN,       /* the filter drops it */
    SPACED,        /* the first field is the version, but not followed by ";" at once: the ABNF lets
                    * white space stand there, the filter's letter `v=TLSRPTv1;` does not */
    STARTS_EXACTLY /* begins "v=TLSRPTv1;" */
};

static enum standing rr_standing(struct slice text)
{
    bool last = false;
    struct slice rest = text;
    if (!slice_starts(text, version) || !slice_eq(take_field(&rest, &last), version))
        return FOREIGN;
    return text.len > version.len && text.p[version.len] == ';' ? STARTS_EXACTLY : SPACED;
}

/* The first RR of that standing and how many there are. */
static size_t count_standing(const struct txt_rr *rr, size_t n, enum standing wanted,
                             const struct txt_rr **first)
{
    size_t found = 0;
    *first = NULL;
    for (size_t i = 0; i < n; i++)
        if (rr_standing(rr_text(&rr[i])) == wanted && found++ == 0)
            *first = &rr[i];
    return found;
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

/* The first RR that is neither a record of that standing nor, where there is none (FOREIGN), an
 * attempt at one. */
static const struct txt_rr *find_other(const struct txt_rr *rr, size_t n, enum standing records)
{
    for (size_t i = 0; i < n; i++) {
        struct slice text = rr_text(&rr[i]);
        if (records == FOREIGN ? !is_like(text) : rr_standing(text) != records)
            return &rr[i];
    }
    return NULL;
}

/* Whether anything TLSRPT-like is there; where that is no record, its version is at fault. */
static bool note_attempts(const struct txt_rr *rr, size_t n, bool is_record, struct findings *f)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (!is_like(rr_text(&rr[i])))
            continue;
        any = true;
        if (!is_record)
            note(f, FC_rpt_version_bad, NO_SLICE, rr_text(&rr[i]));
    }
    return any;
}

enum status tlsrpt_judge(const struct txt_rr *rr, size_t n, const char *domain, struct findings *f,
                         struct tlsrpt *out)
{
    *out = (struct tlsrpt){.present = false, .valid = false, .rua = NULL, .n_rua = 0};
    const struct txt_rr *chosen;
    enum standing records = STARTS_EXACTLY;
    enum status st = ST_OK;

    /* By the filter's letter the spaced ones count only where no exact one is. */
    size_t found = count_standing(rr, n, records, &chosen);
    if (found == 0)
        found = count_standing(rr, n, records = SPACED, &chosen);
    if (found > 1)
        note(f, FC_rpt_multiple, NO_SLICE, rr_text(chosen));
    else if (found == 1)
        st = judge_fields(rr_text(chosen), domain, f, out);
    out->present = note_attempts(rr, n, found > 0, f);
    const struct txt_rr *other = find_other(rr, n, found > 0 ? records : FOREIGN);
    if (other != NULL)
        note(f, FC_rpt_foreign_txt, NO_SLICE, rr_text(other));
    out->valid = out->present && !has_fault(f);
    return st == ST_OK && f->error == ST_NOMEM ? ST_NOMEM : st;
}
