#include "scanner/output/recount.h"

#include "lib/json_scan.h"
#include "lib/record_json.h"

#include <string.h>

/* What of a record matters here. */
struct parts {
    struct slice schema, domain, index, adoption, verdict, cause, findings, reason, policy;
};

static bool find_parts(struct slice line, struct parts *p)
{
    static const struct json_wanted wanted[] = {
        {"schema", offsetof(struct parts, schema)},
        {"domain", offsetof(struct parts, domain)},
        {"index", offsetof(struct parts, index)},
        {"adoption", offsetof(struct parts, adoption)},
        {"verdict", offsetof(struct parts, verdict)},
        {"cause", offsetof(struct parts, cause)},
        {"findings", offsetof(struct parts, findings)},
        {"reason", offsetof(struct parts, reason)},
        {"policy", offsetof(struct parts, policy)},
    };
    return json_scan_members(line, wanted, sizeof wanted / sizeof wanted[0], p, sizeof *p) &&
           p->schema.len > 0 && p->index.len > 0;
}

static bool number(struct slice text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';
        if (digit > 9 || *out > (UINT64_MAX - digit) / 10)
            return false;
        *out = *out * 10 + digit;
    }
    return text.len > 0;
}

/* Each code once a domain; codes stand in table order, so equal ones are neighbours. */
static void count_findings(struct scan_stats *stats, struct slice findings)
{
    struct json_scan s;
    struct slice one;
    int last = -1;
    if (findings.len == 0 || !json_scan_open(findings, &s))
        return;
    while (json_scan_element(&s, &one)) {
        enum finding_code code;
        if (finding_by_name(json_scan_text(json_scan_find(one, "code")), &code) == ST_OK &&
            (int)code != last)
            stats->finding[last = (int)code]++;
    }
}

static void count_policy(struct scan_stats *stats, struct slice policy)
{
    struct slice stage = json_scan_text(json_scan_find(policy, "stage"));
    for (int i = 0; stage.len > 0 && i < FAIL_STAGE_COUNT; i++)
        stats->policy_failed[i] += slice_eq(stage, slice_of(fail_stage_name((enum fail_stage)i)));
}

static void count_reason(struct scan_stats *stats, struct slice reason)
{
    size_t i = 0;
    while (i < INVALID_REASONS - 1 && !slice_eq(reason, slice_of(invalid_reason_words[i])))
        i++;
    stats->invalid[i]++;
}

enum status recount_line(struct slice line, struct scan_stats *stats, struct recount_line *out)
{
    struct parts p;
    enum adoption adoption;
    enum verdict verdict;
    enum finding_code cause;
    if (!find_parts(line, &p) || !number(p.index, &out->index) ||
        adoption_by_name(json_scan_text(p.adoption), &adoption) != ST_OK ||
        verdict_by_name(json_scan_text(p.verdict), &verdict) != ST_OK)
        return ST_INVALID;
    out->domain = json_scan_text(p.domain);
    out->invalid = adoption == ADOPTION_INVALID_INPUT;
    out->reason = json_scan_text(p.reason);
    stats->records++;
    stats->adoption[adoption]++;
    stats->verdict[verdict]++;
    if (finding_by_name(json_scan_text(p.cause), &cause) == ST_OK)
        stats->cause[cause]++;
    if (out->invalid)
        count_reason(stats, out->reason);
    count_findings(stats, p.findings);
    count_policy(stats, p.policy);
    return ST_OK;
}
