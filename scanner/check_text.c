#include "scanner/check_text.h"

#include "scanner/check_page.h"
#include "scanner/check_suggest.h"

#include <string.h>

/* ---- judgement ------------------------------------------------------------------------------ */

const char *check_effect_words(enum effect effect)
{
    static const char *const words[] = {
        [EFFECT_STATE] = "a state",
        [EFFECT_BLOCKS] = "blocks mail, or would under enforce",
        [EFFECT_FALLBACK] = "voids the policy: senders fall back to opportunistic TLS",
        [EFFECT_DISAGREE] = "senders disagree",
        [EFFECT_WEAK] = "a weakness, or a fault that waits to happen",
        [EFFECT_INFO] = "for information",
        [EFFECT_UNDETERMINED] = "could not be determined",
    };
    return words[effect];
}

const char *check_verdict_words(enum verdict v, enum adoption a)
{
    switch (v) {
    case VERDICT_PROTECTED:
        return "Senders that enforce MTA-STS deliver, and only over authenticated TLS.";
    case VERDICT_DEGRADED:
        return "Senders deliver to some of the MX hosts and refuse the others: mail is delayed, "
               "and lost when the good ones are down.";
    case VERDICT_UNDELIVERABLE:
        return "Senders that enforce MTA-STS cannot deliver: mail waits in their queues and "
               "bounces.";
    case VERDICT_READY:
        return "Mode testing protects nobody yet; every MX host passes, so enforce is safe.";
    case VERDICT_WOULD_BLOCK:
        return "Mode testing: mail is delivered today, and with enforce some of it would not be.";
    case VERDICT_OFF:
        return "Mode none: senders deliver as without MTA-STS.";
    case VERDICT_UNPROTECTED:
        return "Senders find no policy that holds and deliver as without MTA-STS: TLS can be "
               "stripped on the way.";
    case VERDICT_UNDETERMINED:
        return "What is not known could change the answer.";
    default:
        break;
    }
    if (a == ADOPTION_ABSENT)
        return "There is no MTA-STS: senders deliver with opportunistic TLS, which can be stripped "
               "on the way.";
    if (a == ADOPTION_EXCLUDED)
        return "On the blocklist: not looked at.";
    return "The domain receives no mail.";
}

static enum page_mark mark_of_verdict(enum verdict v)
{
    switch (v) {
    case VERDICT_PROTECTED:
    case VERDICT_READY:
        return MARK_GOOD;
    case VERDICT_UNDETERMINED:
        return MARK_UNKNOWN;
    case VERDICT_OFF:
    case VERDICT_NOT_APPLICABLE:
        return MARK_NONE;
    default:
        return MARK_BAD;
    }
}

static void put_verdict(const struct page *p, const struct judgement *j)
{
    fputs("\n  ", p->to);
    page_mark(p, mark_of_verdict(j->verdict));
    fputc(' ', p->to);
    page_colour(p, BOLD);
    fprintf(p->to, "%s, %s", adoption_name(j->adoption), verdict_name(j->verdict));
    page_colour(p, PLAIN);
    if (j->cause >= 0)
        fprintf(p->to, " because of %s", finding_row((enum finding_code)j->cause)->code);
    fputc('\n', p->to);
    page_wrapped(p, "", check_verdict_words(j->verdict, j->adoption));
    if (j->exchange_online)
        fprintf(p->to, "%*sExchange Online answers its users with %s.\n", PAGE_TEXT_COLUMN, "",
                j->exchange_online);
}

static enum page_colour colour_of(enum effect effect)
{
    if (effect == EFFECT_BLOCKS || effect == EFFECT_FALLBACK)
        return RED;
    return effect == EFFECT_INFO ? DIM : YELLOW;
}

/* The condition up to its first semicolon outside parentheses: what follows there are rules of the
 * table. */
static void put_condition(const struct page *p, const char *text)
{
    char first[256];
    const char *end = text;
    for (int depth = 0; *end != '\0' && (depth > 0 || strncmp(end, "; ", 2) != 0); end++)
        depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
    snprintf(first, sizeof first, "%.*s", (int)(end - text), text);
    page_wrapped(p, "what", first);
}

static void put_finding(const struct page *p, const struct finding *f)
{
    const struct finding_row *row = finding_row(f->code);
    const struct finding_help *help = finding_help(f->code);
    char letter[4] = {' ', ' ', effect_letter(row->effect), '\0'};
    fputc('\n', p->to);
    page_coloured(p, colour_of(row->effect), letter);
    fputc(' ', p->to);
    page_coloured(p, BOLD, row->code);
    if (f->target) {
        fputs("  ", p->to);
        put_wire(p->to, slice_of(f->target));
    }
    fputc('\n', p->to);
    put_condition(p, row->text);
    if (f->detail && f->detail[0] != '\0')
        page_wrapped(p, "seen", f->detail);
    page_wrapped(p, "effect", check_effect_words(row->effect));
    if (help) {
        page_wrapped(p, "why", help->why);
        if (row->effect != EFFECT_INFO)
            page_wrapped(p, "mend", help->mend);
        page_wrapped(p, "see", help->section);
    }
}

static void put_findings(const struct page *p, const struct judgement *j)
{
    for (size_t i = 0; i < j->findings.n; i++)
        if (finding_row(j->findings.v[i].code)->effect != EFFECT_STATE)
            put_finding(p, &j->findings.v[i]);
}

/* ---- what to publish ------------------------------------------------------------------------ */

static void put_suggested_txt(const struct page *p, const char *label, const char *domain,
                              const struct strbuf *text)
{
    fprintf(p->to, "    %s.%s. IN TXT \"%s\"\n", label, domain, text->p);
}

static void put_suggestions(const struct page *p, const struct evidence *e,
                            const struct judgement *j)
{
    struct strbuf policy, record, tlsrpt;
    strbuf_init(&policy, POLICY_BODY_MAX_BYTES);
    strbuf_init(&record, 256);
    strbuf_init(&tlsrpt, 512);
    bool has_policy = suggest_policy(e, j, &policy) == ST_OK;
    bool has_record = suggest_record(e, j, &record) == ST_OK;
    bool has_tlsrpt = suggest_tlsrpt(e, j, &tlsrpt) == ST_OK;
    if (has_policy || has_record || has_tlsrpt) {
        fputs("\n  ", p->to);
        page_coloured(p, BOLD, "To publish instead");
        fputs(has_policy && has_record ? " (the policy first, then the record)\n" : "\n", p->to);
    }
    if (has_policy) {
        fprintf(p->to, "    https://mta-sts.%s/.well-known/mta-sts.txt\n", e->domain);
        for (const char *line = policy.p; *line != '\0';) {
            size_t len = strcspn(line, "\n");
            fprintf(p->to, "        %.*s\n", (int)len, line);
            line += len + (line[len] == '\n');
        }
    }
    if (has_record)
        put_suggested_txt(p, "_mta-sts", e->domain, &record);
    if (has_tlsrpt)
        put_suggested_txt(p, "_smtp._tls", e->domain, &tlsrpt);
    strbuf_free(&policy);
    strbuf_free(&record);
    strbuf_free(&tlsrpt);
}

/* ---- the page ------------------------------------------------------------------------------- */

void check_print(const struct evidence *e, const struct judgement *j,
                 const struct check_style *style, FILE *to)
{
    struct page p = {to, style};
    page_colour(&p, BOLD);
    put_wire(to, slice_of(e->domain));
    page_colour(&p, PLAIN);
    fputs("\n\n", to);
    if (j->adoption != ADOPTION_EXCLUDED)
        page_components(&p, e, j);
    put_verdict(&p, j);
    put_findings(&p, j);
    put_suggestions(&p, e, j);
    fputc('\n', to);
}

int check_exit_code(const struct judgement *j)
{
    enum { HEALTHY = 0, FAULTY = 1, UNDETERMINED = 4 };
    for (size_t i = 0; i < j->findings.n; i++) {
        enum effect effect = finding_row(j->findings.v[i].code)->effect;
        if (effect == EFFECT_BLOCKS || effect == EFFECT_FALLBACK)
            return FAULTY;
    }
    bool unknown = j->adoption == ADOPTION_UNDETERMINED || j->verdict == VERDICT_UNDETERMINED;
    return unknown ? UNDETERMINED : HEALTHY;
}
