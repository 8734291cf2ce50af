/* summary_json: the same numbers for programs. */
#include "analysis/summary.h"

#include <jansson.h>

static void set_count(json_t *o, const char *key, uint64_t n)
{
    json_object_set_new(o, key, json_integer((json_int_t)n));
}

static json_t *codes(const uint64_t count[FINDING_CODE_COUNT], uint64_t whole)
{
    json_t *list = json_array();
    for (int i = 0; i < FINDING_CODE_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding_code)i);
        char effect[2] = {effect_letter(row->effect), '\0'};
        if (count[i] == 0)
            continue;
        json_t *o = json_object();
        json_object_set_new(o, "code", json_string(row->code));
        json_object_set_new(o, "stage", json_string(stage_name(row->stage)));
        json_object_set_new(o, "effect", json_string(effect));
        set_count(o, "domains", count[i]);
        bool share = whole > 0 && row->effect != EFFECT_UNDETERMINED;
        json_object_set_new(o, "percent",
                            share ? json_real(100.0 * (double)count[i] / (double)whole)
                                  : json_null());
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *policies(const struct tally *t)
{
    json_t *o = json_object(), *failed = json_object();
    set_count(o, "valid", t->policy_valid);
    set_count(o, "invalid", t->policy_invalid);
    set_count(o, "undetermined", t->policy_undetermined);
    for (int i = 0; i < FAIL_STAGE_COUNT; i++)
        set_count(failed, fail_stage_name((enum fail_stage)i), t->policy_failed[i]);
    json_object_set_new(o, "failed", failed);
    return o;
}

enum status summary_json(const struct tally *t, char *const *files, size_t n, FILE *to)
{
    json_t *root = json_object(), *names = json_array(), *adoption = json_object();
    json_t *verdict = json_object(), *probes = json_object();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(names, json_string(files[i]));
    for (int i = 0; i < ADOPTION_COUNT; i++)
        set_count(adoption, adoption_name((enum adoption)i), t->adoption[i]);
    for (int i = 0; i < VERDICT_COUNT; i++)
        set_count(verdict, verdict_name((enum verdict)i), t->verdict[i]);
    for (int i = PROBE_NONE + 1; i < PROBE_END_COUNT; i++)
        set_count(probes, probe_end_name((enum probe_end)i), t->probe[i]);
    json_object_set_new(root, "files", names);
    set_count(root, "records", t->records);
    set_count(root, "bad_lines", t->bad_lines);
    json_object_set_new(root, "first", t->first[0] ? json_string(t->first) : json_null());
    json_object_set_new(root, "last", t->last[0] ? json_string(t->last) : json_null());
    set_count(root, "determined", tally_determined(t));
    set_count(root, "adopters", tally_adopters(t));
    json_object_set_new(root, "adoption", adoption);
    json_object_set_new(root, "verdict_of_adopters", verdict);
    json_object_set_new(root, "causes", codes(t->cause, tally_adopters(t)));
    json_object_set_new(root, "findings_of_adopters", codes(t->finding, tally_adopters(t)));
    json_object_set_new(root, "findings_of_others", codes(t->others, 0));
    json_object_set_new(root, "policies", policies(t));
    json_object_set_new(root, "probes", probes);
    int rc = json_dumpf(root, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    json_decref(root);
    bool ok = rc == 0 && fputc('\n', to) != EOF && fflush(to) == 0 && !ferror(to);
    return ok ? ST_OK : ST_IO;
}
