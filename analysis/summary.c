/* summary: tables of fixed columns. Shares are of what is known: undetermined domains and findings
 * of effect U have a count and no percentage. */
#include "analysis/summary.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_WIDTH = 28, BAR_WIDTH = 24, CAUSES_SHOWN = 15 };

/* 12.3 %, small shares with more digits; "-" without a whole to compare with. */
static void put_share(FILE *to, uint64_t n, uint64_t whole)
{
    if (whole == 0) {
        fprintf(to, "%10s", "-");
        return;
    }
    double pct = 100.0 * (double)n / (double)whole;
    fprintf(to, "%8.*f %%", n == 0 || pct >= 10 ? 1 : pct >= 1 ? 2 : 3, pct);
}

/* A share as a bar; in a locale without UTF-8 of whole characters. */
static void put_bar(FILE *to, uint64_t n, uint64_t whole)
{
    if (whole == 0 || n == 0)
        return;
    if (MB_CUR_MAX == 1) {
        fputs("  ", to);
        for (size_t i = 0; i < (size_t)(BAR_WIDTH * (double)n / (double)whole + 0.5); i++)
            fputc('#', to);
        return;
    }
    size_t eighths = (size_t)(8.0 * BAR_WIDTH * (double)n / (double)whole + 0.5);
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    fputs("  ", to);
    for (; eighths >= 8; eighths -= 8)
        fputs("█", to);
    fputs(parts[eighths], to);
}

static void put_heading(FILE *to, const char *title, const char *count, const char *share)
{
    fprintf(to, "\n%-*s %12s %12s\n", LABEL_WIDTH + 2, title, count, share);
}

static void put_row(FILE *to, const char *label, uint64_t n, uint64_t whole)
{
    char number[GROUPED_MAX_BYTES];
    fprintf(to, "  %-*s %12s   ", LABEL_WIDTH, label, grouped(n, number));
    put_share(to, n, whole);
    put_bar(to, n, whole);
    fputc('\n', to);
}

/* ---- text ----------------------------------------------------------------------------------- */

static void put_head(const struct tally *t, char *const *files, size_t n, FILE *to)
{
    char number[GROUPED_MAX_BYTES];
    fprintf(to, "MTA-STS summary of ");
    for (size_t i = 0; i < n && i < 3; i++)
        fprintf(to, "%s%s", i > 0 ? ", " : "", files[i]);
    if (n > 3)
        fprintf(to, " and %zu more", n - 3);
    fprintf(to, "\n%s records", grouped(t->records, number));
    if (t->first[0] != '\0')
        fprintf(to, ", %.10s %.8s to %.10s %.8s UTC", t->first, t->first + 11, t->last,
                t->last + 11);
    fputc('\n', to);
}

static void put_adoption(const struct tally *t, FILE *to)
{
    static const enum adoption known[] = {ADOPTION_ENFORCE, ADOPTION_TESTING, ADOPTION_NONE,
                                          ADOPTION_BROKEN, ADOPTION_ABSENT};
    uint64_t determined = tally_determined(t);
    put_heading(to, "Adoption", "domains", "of known");
    put_row(to, "adopters, of which", tally_adopters(t), determined);
    for (size_t i = 0; i < 5; i++)
        put_row(to, adoption_name(known[i]), t->adoption[known[i]], determined);
    static const enum adoption rest[] = {ADOPTION_UNDETERMINED, ADOPTION_EXCLUDED,
                                         ADOPTION_INVALID_INPUT};
    for (size_t i = 0; i < 3; i++)
        if (t->adoption[rest[i]] > 0)
            put_row(to, adoption_name(rest[i]), t->adoption[rest[i]], 0);
}

static void put_verdicts(const struct tally *t, FILE *to)
{
    static const enum verdict order[] = {
        VERDICT_PROTECTED,   VERDICT_DEGRADED, VERDICT_UNDELIVERABLE, VERDICT_READY,
        VERDICT_WOULD_BLOCK, VERDICT_OFF,      VERDICT_UNPROTECTED,   VERDICT_NOT_APPLICABLE};
    uint64_t determined = tally_adopters(t) - t->verdict[VERDICT_UNDETERMINED];
    put_heading(to, "Verdicts of adopters", "domains", "of known");
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (t->verdict[order[i]] > 0)
            put_row(to, verdict_name(order[i]), t->verdict[order[i]], determined);
    if (t->verdict[VERDICT_UNDETERMINED] > 0)
        put_row(to, "undetermined", t->verdict[VERDICT_UNDETERMINED], 0);
}

/* The condition of a row, cut to what the line still holds. */
static void put_text(FILE *to, const char *text, size_t used)
{
    size_t room = SUMMARY_COLUMNS - used, len = strlen(text);
    if (len <= room) {
        fprintf(to, "%s\n", text);
        return;
    }
    len = room - 3;
    while (len > 0 && text[len] != ' ')
        len--;
    fprintf(to, "%.*s ...\n", (int)len, text);
}

static void put_code(FILE *to, enum finding_code code, uint64_t n, uint64_t whole)
{
    char number[GROUPED_MAX_BYTES];
    const struct finding_row *row = finding_row(code);
    fprintf(to, "  %-*s %c %9s ", LABEL_WIDTH + 3, row->code, effect_letter(row->effect),
            grouped(n, number));
    put_share(to, n, row->effect == EFFECT_UNDETERMINED ? 0 : whole);
    fputs("  ", to);
    put_text(to, row->text, 2 + LABEL_WIDTH + 3 + 3 + 10 + 10 + 2);
}

static int by_count(const void *a, const void *b)
{
    const uint64_t *x = *(const uint64_t *const *)a, *y = *(const uint64_t *const *)b;
    return *x != *y ? (*x < *y ? 1 : -1) : (x > y) - (x < y);
}

/* The most frequent cause first. */
static void put_causes(const struct tally *t, FILE *to)
{
    const uint64_t *sorted[FINDING_CODE_COUNT];
    size_t n = 0;
    for (int i = 0; i < FINDING_CODE_COUNT; i++)
        if (t->cause[i] > 0)
            sorted[n++] = &t->cause[i];
    if (n == 0)
        return;
    qsort(sorted, n, sizeof sorted[0], by_count);
    fputs("\nCauses: what decides for an adopter that is not fully protected\n", to);
    for (size_t i = 0; i < n && i < CAUSES_SHOWN; i++)
        put_code(to, (enum finding_code)(sorted[i] - t->cause), *sorted[i], tally_adopters(t));
    if (n > CAUSES_SHOWN)
        fprintf(to, "  and %zu rarer ones\n", n - CAUSES_SHOWN);
}

static void put_findings(const struct tally *t, FILE *to)
{
    bool any = false;
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        bool titled = false;
        for (int i = 0; i < FINDING_CODE_COUNT; i++) {
            if (t->finding[i] == 0 || (int)finding_row((enum finding_code)i)->stage != stage)
                continue;
            if (!any)
                fputs("\nFindings of adopters  (B blocks mail, F policy void, D senders disagree, "
                      "W weakness,\n                       I information, U undetermined)\n",
                      to);
            if (!titled)
                fprintf(to, " %s\n", stage_name((enum stage)stage));
            any = titled = true;
            put_code(to, (enum finding_code)i, t->finding[i], tally_adopters(t));
        }
    }
}

static void put_failures(const struct tally *t, FILE *to)
{
    uint64_t tried = t->policy_valid + t->policy_invalid, probes = 0;
    for (int i = 0; i < FAIL_STAGE_COUNT; i++)
        tried += t->policy_failed[i];
    if (tried + t->policy_undetermined > 0) {
        char label[40];
        put_heading(to, "Policies of adopters", "domains", "of known");
        put_row(to, "valid", t->policy_valid, tried);
        put_row(to, "invalid", t->policy_invalid, tried);
        for (int i = 0; i < FAIL_STAGE_COUNT; i++) {
            snprintf(label, sizeof label, "failed at %s", fail_stage_name((enum fail_stage)i));
            if (t->policy_failed[i] > 0)
                put_row(to, label, t->policy_failed[i], tried);
        }
        if (t->policy_undetermined > 0)
            put_row(to, "undetermined", t->policy_undetermined, 0);
    }
    for (int i = PROBE_NONE + 1; i < PROBE_END_COUNT; i++)
        probes += t->probe[i];
    if (probes == 0)
        return;
    put_heading(to, "MX addresses of adopters", "probes", "of probes");
    for (int i = PROBE_NONE + 1; i < PROBE_END_COUNT; i++)
        if (t->probe[i] > 0)
            put_row(to, probe_end_name((enum probe_end)i), t->probe[i], probes);
}

enum status summary_text(const struct tally *t, char *const *files, size_t n, FILE *to)
{
    put_head(t, files, n, to);
    put_adoption(t, to);
    if (tally_adopters(t) > 0) {
        put_verdicts(t, to);
        put_causes(t, to);
        put_failures(t, to);
        put_findings(t, to);
    }
    if (t->unknown_codes > 0)
        fprintf(to, "\n%llu findings have codes that this version does not know.\n",
                (unsigned long long)t->unknown_codes);
    return fflush(to) == 0 && !ferror(to) ? ST_OK : ST_IO;
}
