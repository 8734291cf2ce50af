/* Builders of TXT faults: _mta-sts and _smtp._tls. */
#include "tests/simnet/classes.h"

#include "tests/simnet/providers.h"
#include "tests/simnet/world_data.h"

#include <stdio.h>
#include <string.h>

const char *sim_template(struct sim_domain *d, const char *text, const char *with)
{
    char out[2048];
    size_t used = 0;
    for (; *text != '\0' && used + 1 < sizeof out; text++) {
        const char *piece = *text == '$' ? with : text;
        size_t n = *text == '$' ? strlen(with) : 1;
        if (n > sizeof out - used - 1)
            n = sizeof out - used - 1;
        memcpy(out + used, piece, n);
        used += n;
    }
    return sim_text(d, "%.*s", (int)used, out);
}

/* Adds the RRs of a template; each `$` of one RR is the same, of two RRs another. */
static void add_records(struct sim_domain *d, struct sim_txt_set *set, const char *templates,
                        struct sim_draw *draw, bool ids)
{
    char one[1024];
    for (;;) {
        size_t n = strcspn(templates, "|");
        snprintf(one, sizeof one, "%.*s", (int)n, templates);
        sim_txt_add(set, sim_template(d, one, ids ? sim_record_id(d, draw) : d->name));
        if (templates[n] == '\0')
            return;
        templates += n + 1;
    }
}

void sim_break_record(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    sim_txt_clear(&d->sts);
    add_records(d, &d->sts, cls->text, draw, true);
    d->sts.rr[0].split = (size_t)cls->param;
}

/* More foreign TXT than a UDP answer of 1232 bytes holds: clients must come back over TCP. */
static void make_large(struct sim_domain *d, struct sim_draw *draw)
{
    for (int i = 0; i < 8; i++) {
        unsigned long long token = (unsigned long long)sim_draw_next(draw);
        sim_txt_add(&d->sts, sim_text(d, "site-verification-%d=%0180llx", i, token));
    }
}

void sim_break_record_name(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    static const char stale[] = "v=STSv1; id=stale;";
    char target[SIM_NAME_MAX];
    switch ((enum sim_record_fault)cls->param) {
    case SIM_RECORD_DANGLING:
        memcpy(target, d->sts.cname, sizeof target);
        sim_name_join(SIM_LABEL_GONE, target, d->sts.cname);
        sim_txt_clear(&d->sts);
        d->sts.status = SIM_LOOKUP_NXDOMAIN;
        break;
    case SIM_RECORD_LOOP:
        sim_name_join(SIM_LABEL_LOOP, d->name, d->sts.cname);
        d->sts.cname_loop = true;
        sim_txt_clear(&d->sts);
        break;
    case SIM_RECORD_LARGE:
        make_large(d, draw);
        break;
    case SIM_RECORD_TTL:
        d->sts.ttl = 604800;
        break;
    case SIM_RECORD_WILDCARD:
        d->wildcard_sts = true;
        break;
    case SIM_RECORD_STALE:
        d->sts_stale = (struct sim_txt_rr){.text = stale, .len = sizeof stale - 1};
        break;
    }
}

void sim_break_rpt(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    sim_txt_clear(&d->rpt);
    if (cls->text != NULL)
        add_records(d, &d->rpt, cls->text, draw, false);
    else
        sim_name_join(SIM_LABEL_GONE, d->name, d->rpt.cname);
}

/* The domain itself, the name of the drafts, and two ways to get the name wrong. */
void sim_break_rpt_label(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    static const char *const labels[] = {"", "_smtp-tlsrpt.", "_smtp._tcp.", "_tls."};
    static const char record[] = "v=TLSRPTv1; rua=mailto:tlsrpt@reports." SIM_SUFFIX_COLLECTOR;
    (void)cls;
    sim_txt_clear(&d->rpt);
    d->rpt.status = SIM_LOOKUP_NXDOMAIN;
    d->rpt_astray.label = labels[sim_draw_below(draw, 4)];
    d->rpt_astray.rr = (struct sim_txt_rr){.text = record, .len = sizeof record - 1};
}
