/* record: the TXT record set at _mta-sts.D. record_fields.c judges the fields of one record; here
 * the record that counts is chosen among the RRs of the answer. */
#include "lib/record.h"

#include "lib/name.h"
#include "lib/note.h"
#include "lib/record_fields.h"

static struct slice rr_text(const struct txt_rr *rr)
{
    return (struct slice){rr->p, rr->len};
}

bool record_is_sts_like(struct slice txt)
{
    return slice_contains_nocase(txt, SLICE_LIT("v=sts"));
}

/* How an RR stands to the filter of RFC 8461 3.1. */
enum standing {
    FOREIGN,       /* not STS-like */
    ATTEMPT,       /* STS-like, but the filter drops it */
    SPACED,        /* "v=STSv1" WSP ";": a record by the ABNF, dropped by the filter's letter */
    STARTS_EXACTLY /* begins "v=STSv1;" */
};

static enum standing rr_standing(const struct txt_rr *rr)
{
    struct slice text = rr_text(rr);
    if (!record_is_sts_like(text))
        return FOREIGN;
    if (!slice_starts(text, SLICE_LIT("v=STSv1")))
        return ATTEMPT;
    size_t at = sizeof "v=STSv1" - 1;
    const size_t after_version = at;
    while (at < text.len && (text.p[at] == ' ' || text.p[at] == '\t'))
        at++;
    if (at == text.len || text.p[at] != ';')
        return ATTEMPT;
    return at == after_version ? STARTS_EXACTLY : SPACED;
}

/* The first RR of that standing and how many there are. */
static size_t count_standing(const struct txt_rr *rr, size_t n, enum standing wanted, int *first)
{
    size_t found = 0;
    *first = -1;
    for (size_t i = 0; i < n; i++) {
        if (rr_standing(&rr[i]) != wanted)
            continue;
        if (found++ == 0)
            *first = (int)i;
    }
    return found;
}

static enum status keep_id(struct findings *f, struct slice id, struct sts_record *out)
{
    struct strbuf text;
    if (id.p == NULL)
        return ST_OK;
    strbuf_init(&text, 4 * id.len);
    enum status st = text_escape(&text, id);
    out->id = st == ST_OK ? arena_dup(f->arena, (struct slice){text.p, text.len}) : NULL;
    strbuf_free(&text);
    return st == ST_OK && out->id == NULL ? ST_NOMEM : st;
}

/* Judges one RR as the domain's record; true when it voids. */
static enum status judge_rr(const struct txt_rr *rr, int index, struct findings *f,
                            struct sts_record *out, bool *is_void)
{
    struct slice id = NO_SLICE;
    enum status st = record_fields_judge(rr_text(&rr[index]), f, &id, is_void);
    if (st == ST_OK && out->rr < 0) {
        out->rr = index;
        st = keep_id(f, id, out);
    }
    if (st == ST_OK && rr[index].strings > 1)
        note(f, FC_sts_multi_string, NO_SLICE, rr_text(&rr[index]));
    return st;
}

/* Nothing valid is there: every STS-like RR left is an attempt, and each says what is wrong. */
static enum status judge_attempts(const struct txt_rr *rr, size_t n, struct findings *f,
                                  struct sts_record *out)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < n && st == ST_OK; i++) {
        bool is_void = false;
        if ((int)i != out->rr && rr_standing(&rr[i]) == ATTEMPT)
            st = judge_rr(rr, (int)i, f, out, &is_void);
    }
    return st;
}

/* Several records: no sender has a policy (RFC 8461 3.1), so their fields do not matter. */
static enum status judge_several(const struct txt_rr *rr, int first, size_t found,
                                 struct findings *f, struct sts_record *out)
{
    char *detail = arena_printf(f->arena, "%zu records", found);
    if (detail == NULL)
        return ST_NOMEM;
    note(f, FC_sts_multiple, NO_SLICE, slice_of(detail));
    out->state = RECORD_INVALID;
    out->rr = first;
    return keep_id(f, record_fields_id(rr_text(&rr[first])), out);
}

static void note_foreign(const struct txt_rr *rr, size_t n, enum finding_code code, int chosen,
                         struct findings *f)
{
    for (size_t i = 0; i < n; i++)
        if ((int)i != chosen) {
            note(f, code, NO_SLICE, rr_text(&rr[i]));
            return;
        }
}

enum status record_judge(const struct txt_rr *rr, size_t n, struct findings *f,
                         struct sts_record *out)
{
    *out = (struct sts_record){.state = RECORD_NOTHING, .id = NULL, .rr = -1};
    int exact, spaced, attempt;
    size_t n_exact = count_standing(rr, n, STARTS_EXACTLY, &exact);
    size_t n_spaced = count_standing(rr, n, SPACED, &spaced);
    size_t n_attempts = count_standing(rr, n, ATTEMPT, &attempt);

    if (n_exact + n_spaced + n_attempts == 0) {
        note_foreign(rr, n, FC_sts_only_foreign_txt, -1, f);
        return f->error == ST_NOMEM ? ST_NOMEM : ST_OK;
    }
    /* By the filter's letter the spaced ones count only where no exact one is. Two of them leave
     * a sender of either reading without a policy, as two exact ones do. */
    if (n_exact > 1)
        return judge_several(rr, exact, n_exact, f, out);
    if (n_exact == 0 && n_spaced > 1)
        return judge_several(rr, spaced, n_spaced, f, out);

    enum status st = ST_OK;
    bool is_void = true;
    int chosen = n_exact == 1 ? exact : spaced;
    if (chosen >= 0)
        st = judge_rr(rr, chosen, f, out, &is_void);
    if (chosen >= 0 && chosen == spaced)
        note(f, FC_sts_version_ws, NO_SLICE, rr_text(&rr[chosen]));
    out->state = is_void ? RECORD_INVALID : RECORD_VALID;
    if (!is_void)
        note_foreign(rr, n, FC_sts_foreign_txt, chosen, f);
    else if (st == ST_OK)
        st = judge_attempts(rr, n, f, out);
    return st == ST_OK && f->error == ST_NOMEM ? ST_NOMEM : st;
}
