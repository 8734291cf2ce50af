/* dns_reply: one message, from its header to the answer. */
#include "scanner/net/dns_reply.h"
#include "scanner/net/dns_rr.h"

enum status dns_header_read(struct dns_reader *r, struct dns_header *out)
{
    uint16_t flags;
    enum status st;
    if ((st = dns_read_u16(r, &out->id)) != ST_OK || (st = dns_read_u16(r, &flags)) != ST_OK ||
        (st = dns_read_u16(r, &out->questions)) != ST_OK ||
        (st = dns_read_u16(r, &out->answers)) != ST_OK ||
        (st = dns_read_u16(r, &out->authorities)) != ST_OK ||
        (st = dns_read_u16(r, &out->additionals)) != ST_OK)
        return st;
    /* RFC 1035 4.1.1, AD and CD from RFC 2535 6.1. */
    out->qr = flags >> 15 & 1;
    out->opcode = flags >> 11 & 0xf;
    out->aa = flags >> 10 & 1;
    out->tc = flags >> 9 & 1;
    out->rd = flags >> 8 & 1;
    out->ra = flags >> 7 & 1;
    out->ad = flags >> 5 & 1;
    out->cd = flags >> 4 & 1;
    out->rcode = flags & 0xf;
    return ST_OK;
}

/* The one question of class IN. */
static enum status question_read(struct dns_reader *r, const struct dns_header *h,
                                 struct dns_name *name, uint16_t *type)
{
    uint16_t class;
    if (h->questions != 1 || dns_name_read(r, name) != ST_OK || dns_read_u16(r, type) != ST_OK ||
        dns_read_u16(r, &class) != ST_OK || class != DNS_CLASS_IN)
        return ST_INVALID;
    return ST_OK;
}

enum status dns_reply_question(const uint8_t *msg, size_t len, struct dns_header *h,
                               char qname[NAME_TEXT_MAX_BYTES], uint16_t *qtype)
{
    struct dns_reader r = dns_reader_of(msg, len);
    struct dns_name name;
    if (dns_header_read(&r, h) != ST_OK || question_read(&r, h, &name, qtype) != ST_OK)
        return ST_INVALID;
    dns_name_text(&name, qname);
    return ST_OK;
}

/* Whether the question is the one that was asked. A name there cannot be compressed, since pointers
 * go back, so that its bytes can be compared as they stand. */
static bool question_is(struct dns_reader *r, const struct dns_header *h,
                        const struct dns_name *name, uint16_t type)
{
    const uint8_t *bytes;
    uint16_t its_type, class;
    return h->questions == 1 && dns_read_bytes(r, name->len, &bytes) == ST_OK &&
           dns_bytes_match(bytes, name->b, name->len) && dns_read_u16(r, &its_type) == ST_OK &&
           dns_read_u16(r, &class) == ST_OK && its_type == type && class == DNS_CLASS_IN;
}

/* A record of the answer section, by where it stands: 1,024 of them are 16 KiB. */
struct rr_ref {
    uint16_t owner_at, rdata_at, rdata_len, type;
    uint32_t ttl;
};

/* One message on its way. */
struct walk {
    struct dns_reader r;
    struct dns_header h;
    uint16_t qtype;
    struct arena *arena;
    struct dns_answer *out;
    struct rr_ref answer[DNS_ANSWER_RRS_MAX];
    size_t n_answer;
    bool have_soa, have_ns;
};

/* ---- sections ------------------------------------------------------------------------------- */

static enum status walk_answer(struct walk *w)
{
    struct dns_rr rr;
    for (size_t i = 0; i < w->h.answers; i++) {
        size_t owner_at = dns_mark(&w->r);
        enum status st = dns_rr_read(&w->r, &rr);
        if (st != ST_OK)
            return st;
        if (rr.class != DNS_CLASS_IN || (rr.type != w->qtype && rr.type != DNS_CNAME))
            continue;
        if (w->n_answer == DNS_ANSWER_RRS_MAX) {
            w->out->truncated = true;
            continue;
        }
        w->answer[w->n_answer++] = (struct rr_ref){
            .owner_at = (uint16_t)owner_at,
            .rdata_at = (uint16_t)dns_mark(&rr.rdata),
            .rdata_len = (uint16_t)dns_left(&rr.rdata),
            .type = rr.type,
            .ttl = dns_ttl(rr.ttl),
        };
    }
    return ST_OK;
}

static enum status walk_authority(struct walk *w)
{
    struct dns_rr rr;
    for (size_t i = 0; i < w->h.authorities; i++) {
        enum status st = dns_rr_read(&w->r, &rr);
        if (st != ST_OK)
            return st;
        if (rr.class != DNS_CLASS_IN)
            continue;
        w->have_ns |= rr.type == DNS_NS;
        if (rr.type != DNS_SOA || w->have_soa)
            continue;
        char text[NAME_TEXT_MAX_BYTES];
        w->have_soa = true;
        if ((st = dns_soa_negative_ttl(&rr, &w->out->facts.ttl_s)) != ST_OK)
            return st;
        size_t len = dns_name_text(&rr.owner, text);
        w->out->facts.soa = arena_dup(w->arena, (struct slice){text, len});
        if (w->out->facts.soa == NULL)
            return ST_NOMEM;
    }
    return ST_OK;
}

static enum status walk_additional(struct walk *w)
{
    struct dns_rr rr;
    struct dns_opt opt;
    bool have_opt = false;
    for (size_t i = 0; i < w->h.additionals; i++) {
        enum status st = dns_rr_read(&w->r, &rr);
        if (st != ST_OK)
            return st;
        if (rr.type != DNS_TYPE_OPT)
            continue;
        if (have_opt) /* RFC 6891 6.1.1: more than one is a format error */
            return ST_INVALID;
        have_opt = true;
        if ((st = dns_opt_read(&rr, &opt)) != ST_OK)
            return st;
        w->out->facts.rcode |= opt.rcode_high << 4;
        w->out->facts.ede = opt.ede;
    }
    return ST_OK;
}

/* ---- the chain ------------------------------------------------------------------------------ */

static struct dns_reader reader_at(const struct walk *w, size_t at, size_t len)
{
    return (struct dns_reader){.msg = w->r.msg, .len = at + len, .at = at};
}

static bool owned_by(const struct walk *w, const struct rr_ref *ref, const struct dns_name *name)
{
    struct dns_reader r = reader_at(w, ref->owner_at, w->r.len - ref->owner_at);
    struct dns_name owner;
    return dns_name_read(&r, &owner) == ST_OK && dns_name_eq(&owner, name);
}

/* Collects the RRset of the asked type at `name`; *found when there is one. */
static enum status collect(struct walk *w, const struct dns_name *name, bool *found)
{
    uint16_t mine[DNS_ANSWER_RRS_MAX];
    size_t n = 0;
    uint32_t ttl = UINT32_MAX;
    struct dns_rrset set;

    for (size_t i = 0; i < w->n_answer; i++) {
        const struct rr_ref *ref = &w->answer[i];
        if (ref->type != w->qtype || !owned_by(w, ref, name))
            continue;
        mine[n++] = (uint16_t)i;
        if (ref->ttl < ttl)
            ttl = ref->ttl;
    }
    *found = n > 0;
    if (n == 0)
        return ST_OK;
    w->out->facts.ttl_s = ttl;
    enum status st = dns_rrset_begin(&set, w->qtype, n, w->arena);
    if (st == ST_UNSUPPORTED) {
        w->out->n = n;
        return ST_OK;
    }
    for (size_t i = 0; i < n && st == ST_OK; i++) {
        const struct rr_ref *ref = &w->answer[mine[i]];
        st = dns_rrset_add(&set, reader_at(w, ref->rdata_at, ref->rdata_len), w->arena);
    }
    if (st == ST_OK)
        dns_rrset_end(&set, w->out);
    return st;
}

/* The target of the CNAME at `name`; *found when there is one. Of several the first counts. */
static enum status next_link(struct walk *w, const struct dns_name *name, struct dns_name *target,
                             bool *found)
{
    *found = false;
    for (size_t i = 0; i < w->n_answer; i++) {
        const struct rr_ref *ref = &w->answer[i];
        if (ref->type != DNS_CNAME || !owned_by(w, ref, name))
            continue;
        struct dns_reader rdata = reader_at(w, ref->rdata_at, ref->rdata_len);
        enum status st = dns_name_read(&rdata, target);
        if (st == ST_OK && dns_left(&rdata) != 0)
            st = ST_INVALID;
        *found = st == ST_OK;
        return st;
    }
    return ST_OK;
}

static enum status keep_link(struct walk *w, const struct dns_name *target)
{
    struct strlist *list = &w->out->facts.cname;
    char text[NAME_TEXT_MAX_BYTES];
    if (list->v == NULL)
        list->v = arena_array(w->arena, CNAME_CHAIN_MAX, sizeof *list->v);
    if (list->v == NULL)
        return ST_NOMEM;
    size_t len = dns_name_text(target, text);
    char *copy = arena_dup(w->arena, (struct slice){text, len});
    if (copy == NULL)
        return ST_NOMEM;
    list->v[list->n++] = copy;
    return ST_OK;
}

/* From qname along the CNAMEs to the RRset at their end. A chain that comes back to one of its
 * names, or has more links than are kept, is a loop; its links are kept as far as they go. */
static enum status follow_chain(struct walk *w, const struct dns_name *qname, bool *found,
                                bool *loop)
{
    struct dns_name seen[CNAME_CHAIN_MAX + 1];
    size_t n = 0;
    bool link;
    enum status st;

    seen[n++] = *qname;
    for (;;) {
        if ((st = collect(w, &seen[n - 1], found)) != ST_OK || *found || w->qtype == DNS_CNAME)
            return st;
        struct dns_name target;
        if ((st = next_link(w, &seen[n - 1], &target, &link)) != ST_OK || !link)
            return st;
        if (n > CNAME_CHAIN_MAX) {
            *loop = true;
            return ST_OK;
        }
        if ((st = keep_link(w, &target)) != ST_OK)
            return st;
        for (size_t i = 0; i < n; i++)
            *loop |= dns_name_eq(&seen[i], &target);
        if (*loop)
            return ST_OK;
        seen[n++] = target;
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum lookup judge(const struct walk *w, bool found, bool loop)
{
    switch (w->out->facts.rcode) {
    case DNS_NOERROR:
        if (loop)
            return LOOKUP_CNAME_LOOP;
        if (found)
            return LOOKUP_FOUND;
        if (w->have_ns && !w->have_soa && !w->h.aa && w->out->facts.cname.n == 0)
            return LOOKUP_REFUSED;
        return LOOKUP_NODATA;
    case DNS_NXDOMAIN:
        if (loop)
            return LOOKUP_CNAME_LOOP;
        return found ? LOOKUP_MALFORMED : LOOKUP_NXDOMAIN;
    case DNS_SERVFAIL:
        return LOOKUP_SERVFAIL;
    case DNS_REFUSED:
        return LOOKUP_REFUSED;
    default:
        return LOOKUP_MALFORMED;
    }
}

static void records_clear(struct dns_answer *a)
{
    *a = (struct dns_answer){.facts = a->facts, .truncated = a->truncated};
}

static enum status walk_message(struct walk *w, const struct dns_name *qname, enum lookup *out)
{
    bool found = false, loop = false;
    enum status st;

    if ((st = dns_header_read(&w->r, &w->h)) != ST_OK)
        return st;
    w->out->facts.rcode = w->h.rcode;
    w->out->facts.ad = w->h.ad;
    if (!w->h.qr || w->h.opcode != 0 || !question_is(&w->r, &w->h, qname, w->qtype))
        return ST_INVALID;
    if ((st = walk_answer(w)) != ST_OK || (st = walk_authority(w)) != ST_OK ||
        (st = walk_additional(w)) != ST_OK ||
        (w->n_answer > 0 && (st = follow_chain(w, qname, &found, &loop)) != ST_OK))
        return st;
    *out = judge(w, found, loop);
    if (*out == LOOKUP_FOUND)
        w->out->facts.soa = NULL;
    else
        records_clear(w->out);
    return ST_OK;
}

/* An answer that says nothing but its status and rcode. */
static void answer_clear(struct dns_answer *out, enum lookup status, int rcode)
{
    *out = (struct dns_answer){.facts = {.status = status, .rcode = rcode, .ede = -1}};
}

enum status dns_reply_parse_for(const uint8_t *msg, size_t len, const struct dns_name *qname,
                                enum dns_type qtype, struct arena *arena, struct dns_answer *out)
{
    struct walk w; /* not zeroed: its table of records is filled as far as n_answer says */
    enum lookup lookup = LOOKUP_MALFORMED;

    answer_clear(out, LOOKUP_MALFORMED, -1);
    w.r = dns_reader_of(msg, len <= UINT16_MAX ? len : UINT16_MAX);
    w.qtype = (uint16_t)qtype;
    w.arena = arena;
    w.out = out;
    w.n_answer = 0;
    w.have_soa = w.have_ns = false;
    enum status st = walk_message(&w, qname, &lookup);
    if (st != ST_OK || lookup == LOOKUP_MALFORMED)
        answer_clear(out, LOOKUP_MALFORMED, out->facts.rcode);
    out->facts.status = lookup;
    out->authoritative = lookup != LOOKUP_MALFORMED && w.h.aa;
    return st == ST_NOMEM ? ST_NOMEM : ST_OK;
}

enum status dns_reply_parse(const uint8_t *msg, size_t len, const char *qname, enum dns_type qtype,
                            struct arena *arena, struct dns_answer *out)
{
    struct dns_name name;
    if (dns_name_from_text(qname, &name) != ST_OK) {
        answer_clear(out, LOOKUP_MALFORMED, -1);
        return ST_OK;
    }
    return dns_reply_parse_for(msg, len, &name, qtype, arena, out);
}
