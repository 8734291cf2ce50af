#include "analysis/tally.h"

#include "lib/json_scan.h"

#include <string.h>

/* What of a record matters here. */
struct parts {
    struct slice schema, ts, adoption, verdict, cause, findings, policy, mx, cut;
};

static bool find_parts(struct slice line, struct parts *p)
{
    static const struct json_wanted wanted[] = {
        {"schema", offsetof(struct parts, schema)},
        {"ts", offsetof(struct parts, ts)},
        {"adoption", offsetof(struct parts, adoption)},
        {"verdict", offsetof(struct parts, verdict)},
        {"cause", offsetof(struct parts, cause)},
        {"findings", offsetof(struct parts, findings)},
        {"policy", offsetof(struct parts, policy)},
        {"mx", offsetof(struct parts, mx)},
        {"cut", offsetof(struct parts, cut)},
    };
    return json_scan_members(line, wanted, sizeof wanted / sizeof wanted[0], p, sizeof *p) &&
           p->schema.len > 0 && p->adoption.len > 0 && p->verdict.len > 0;
}

/* Each code once a domain; codes stand in table order, so equal ones are neighbours. */
static void add_findings(struct tally *t, struct slice findings, bool adopter)
{
    struct json_scan s;
    struct slice one;
    int last = -1;
    if (findings.len == 0 || !json_scan_open(findings, &s))
        return;
    while (json_scan_element(&s, &one)) {
        enum finding_code code;
        if (finding_by_name(json_scan_text(json_scan_find(one, "code")), &code) != ST_OK)
            t->unknown_codes++;
        else if ((int)code != last)
            (adopter ? t->finding : t->others)[last = (int)code]++;
    }
}

static void add_cause(struct tally *t, struct slice cause)
{
    enum finding_code code;
    struct slice word = json_scan_text(cause);
    if (word.len == 0)
        return;
    if (finding_by_name(word, &code) == ST_OK)
        t->cause[code]++;
    else
        t->unknown_codes++;
}

static void add_policy(struct tally *t, struct slice policy)
{
    struct slice status = json_scan_text(json_scan_find(policy, "status"));
    struct slice stage = json_scan_text(json_scan_find(policy, "stage"));
    t->policy_valid += slice_eq(status, SLICE_LIT("valid"));
    t->policy_undetermined += slice_eq(status, SLICE_LIT("undetermined"));
    t->policy_invalid += slice_eq(status, SLICE_LIT("invalid"));
    if (!slice_eq(status, SLICE_LIT("failed")))
        return;
    for (int i = 0; i < FAIL_STAGE_COUNT; i++)
        t->policy_failed[i] += slice_eq(stage, slice_of(fail_stage_name((enum fail_stage)i)));
}

static void add_probes(struct tally *t, struct slice mx)
{
    struct json_scan hosts, probes;
    struct slice host, probe;
    if (mx.len == 0 || !json_scan_open(mx, &hosts))
        return;
    while (json_scan_element(&hosts, &host)) {
        struct slice list = json_scan_find(host, "probes");
        if (list.len == 0 || !json_scan_open(list, &probes))
            continue;
        while (json_scan_element(&probes, &probe)) {
            struct slice status = json_scan_text(json_scan_find(probe, "status"));
            for (int i = 0; i < PROBE_END_COUNT; i++)
                t->probe[i] += slice_eq(status, slice_of(probe_end_name((enum probe_end)i)));
        }
    }
}

/* Times have one form (RFC 3339, UTC, milliseconds): they compare as text. */
static void add_time(struct tally *t, struct slice ts)
{
    char text[TIME_BYTES + 1];
    if (ts.len != TIME_BYTES)
        return;
    memcpy(text, ts.p, TIME_BYTES);
    text[TIME_BYTES] = '\0';
    if (t->first[0] == '\0' || strcmp(text, t->first) < 0)
        memcpy(t->first, text, sizeof text);
    if (strcmp(text, t->last) > 0)
        memcpy(t->last, text, sizeof text);
}

bool tally_line(struct tally *t, struct slice line)
{
    struct parts p;
    enum adoption adoption;
    enum verdict verdict;
    if (!find_parts(line, &p) || adoption_by_name(json_scan_text(p.adoption), &adoption) != ST_OK ||
        verdict_by_name(json_scan_text(p.verdict), &verdict) != ST_OK) {
        t->bad_lines++;
        return false;
    }
    bool adopter = adoption_is_adopter(adoption);
    t->records++;
    t->adoption[adoption]++;
    t->cut_records += slice_eq(p.cut, SLICE_LIT("true"));
    add_time(t, json_scan_text(p.ts));
    add_findings(t, p.findings, adopter);
    if (!adopter)
        return true;
    t->verdict[verdict]++;
    add_cause(t, p.cause);
    add_policy(t, p.policy);
    add_probes(t, p.mx);
    return true;
}

uint64_t tally_adopters(const struct tally *t)
{
    return adoption_adopters(t->adoption);
}

uint64_t tally_determined(const struct tally *t)
{
    return tally_adopters(t) + t->adoption[ADOPTION_ABSENT];
}
