/* verify_meta: NAME.meta.json against the other outputs and against its own records. */
#include "scanner/verify.h"

#include "scanner/stats.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS_MAX = 1000000 }; /* of --shards */

struct verify_meta {
    json_t *root;
    struct verify_scan scan;
    uint64_t shard;
};

static uint64_t count_at(const json_t *o, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(o, key));
    return n > 0 ? (uint64_t)n : 0;
}

/* Seeds beyond 63 bits are texts (meta.c). */
static void take_seed(struct verify_scan *s, const json_t *seed)
{
    if (json_is_string(seed))
        snprintf(s->seed, sizeof s->seed, "%s", json_string_value(seed));
    else
        snprintf(s->seed, sizeof s->seed, "%" JSON_INTEGER_FORMAT, json_integer_value(seed));
    s->seed_value = strtoull(s->seed, NULL, 10);
}

struct verify_meta *verify_meta_read(struct verify_run *v, const char *path, const char *meta_path)
{
    json_error_t why;
    struct verify_meta *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->root = json_load_file(meta_path, 0, &why);
    if (!m->root) {
        verify_problem(v, path, "no metadata: %s", why.text);
        free(m);
        return NULL;
    }
    const json_t *input = json_object_get(m->root, "input");
    const char *sha = json_string_value(json_object_get(input, "sha256"));
    if (!sha)
        sha = json_string_value(json_object_get(input, "head_sha256"));
    take_seed(&m->scan, json_object_get(m->root, "seed"));
    snprintf(m->scan.input, sizeof m->scan.input, "%s", sha ? sha : "");
    m->scan.path = path;
    m->scan.lines = count_at(input, "lines");
    m->scan.shards = count_at(m->root, "shards");
    m->scan.sample = json_number_value(json_object_get(m->root, "sample"));
    m->shard = count_at(m->root, "shard");
    return m;
}

void verify_meta_free(struct verify_meta *m)
{
    if (!m)
        return;
    json_decref(m->root);
    free(m);
}

uint64_t verify_meta_shard(const struct verify_meta *m)
{
    return m->shard;
}

/* ---- against the others --------------------------------------------------------------------- */

static void take_shard(struct verify_run *v, const char *path, uint64_t shard)
{
    if (!v->of_shard || shard >= v->scan.shards) {
        verify_problem(v, path, "shard %" PRIu64 " of %" PRIu64 " cannot be", shard,
                       v->scan.shards);
    } else if (v->of_shard[shard]) {
        verify_problem(v, path, "shard %" PRIu64 " is there twice: it is in %s too", shard,
                       v->of_shard[shard]);
    } else {
        v->of_shard[shard] = path;
    }
}

void verify_meta_scan(struct verify_run *v, const char *path, const struct verify_meta *m)
{
    const struct verify_scan *a = &v->scan, *b = &m->scan;
    if (!json_is_true(json_object_get(m->root, "complete"))) {
        const char *why = json_string_value(json_object_get(m->root, "exit_reason"));
        verify_problem(v, path, "not complete: %s", why ? why : "the metadata does not say why");
    }
    if (!a->path) {
        v->scan = *b;
        if (b->shards >= 1 && b->shards <= SHARDS_MAX)
            v->of_shard = calloc(b->shards, sizeof *v->of_shard);
        take_shard(v, path, m->shard);
        return;
    }
    if (strcmp(a->input, b->input) != 0)
        verify_problem(v, path, "is of another input than %s", a->path);
    else if (strcmp(a->seed, b->seed) != 0)
        verify_problem(v, path, "has seed %s, %s has %s", b->seed, a->path, a->seed);
    else if (a->shards != b->shards)
        verify_problem(v, path, "is one of %" PRIu64 " shards, %s of %" PRIu64, b->shards, a->path,
                       a->shards);
    else if (a->sample < b->sample || a->sample > b->sample)
        verify_problem(v, path, "has sample %g, %s has %g", b->sample, a->path, a->sample);
    else if (a->lines != b->lines)
        verify_problem(v, path, "read %" PRIu64 " input lines, %s read %" PRIu64, b->lines, a->path,
                       a->lines);
    else
        take_shard(v, path, m->shard);
}

/* ---- against the records -------------------------------------------------------------------- */

/* Where counts are compared, and how many differ: where a file is cut off nearly all do. */
struct held {
    struct verify_run *v;
    const char *path;
    uint64_t differ;
};

static void hold(struct held *h, const char *what, const char *word, uint64_t told,
                 uint64_t counted)
{
    if (told != counted && ++h->differ <= VERIFY_NAMED_MAX)
        verify_problem(h->v, h->path,
                       "%s%s%s: the metadata says %" PRIu64 ", the files hold %" PRIu64, what,
                       word[0] ? " " : "", word, told, counted);
}

static void hold_codes(struct held *h, const char *what, const json_t *told,
                       const uint64_t counted[FINDING_CODE_COUNT])
{
    for (int i = 0; i < FINDING_CODE_COUNT; i++) {
        const char *code = finding_row((enum finding_code)i)->code;
        hold(h, what, code, count_at(told, code), counted[i]);
    }
}

static void hold_counts(struct held *h, const struct verify_meta *m,
                        const struct scan_stats *counted)
{
    const json_t *counts = json_object_get(m->root, "counts");
    const json_t *adoption = json_object_get(counts, "adoption");
    const json_t *verdict = json_object_get(counts, "verdict");
    const json_t *invalid = json_object_get(counts, "invalid");
    const json_t *policy = json_object_get(json_object_get(m->root, "failures"), "policy");
    hold(h, "records counted", "", count_at(counts, "records"), counted->records);
    for (int i = 0; i < ADOPTION_COUNT; i++) {
        const char *word = adoption_name((enum adoption)i);
        hold(h, "adoption", word, count_at(adoption, word), counted->adoption[i]);
    }
    for (int i = 0; i < VERDICT_COUNT; i++) {
        const char *word = verdict_name((enum verdict)i);
        hold(h, "verdict", word, count_at(verdict, word), counted->verdict[i]);
    }
    for (int i = 0; i < INVALID_REASONS; i++)
        hold(h, "invalid", invalid_reason_words[i], count_at(invalid, invalid_reason_words[i]),
             counted->invalid[i]);
    for (int i = 0; i < FAIL_STAGE_COUNT; i++) {
        const char *word = fail_stage_name((enum fail_stage)i);
        hold(h, "policy failed at", word, count_at(policy, word), counted->policy_failed[i]);
    }
    hold_codes(h, "finding", json_object_get(counts, "findings"), counted->finding);
    hold_codes(h, "cause", json_object_get(counts, "causes"), counted->cause);
}

void verify_meta_counts(struct verify_run *v, const char *path, const struct verify_meta *m,
                        const struct scan_stats *counted, uint64_t file_bytes, uint64_t certs)
{
    struct held h = {.v = v, .path = path};
    const json_t *input = json_object_get(m->root, "input");
    const json_t *output = json_object_get(m->root, "output");
    hold(&h, "records", "", count_at(output, "records"), counted->records);
    hold(&h, "bytes", "", count_at(output, "bytes"), file_bytes);
    hold(&h, "certificates", "", count_at(output, "certificates"), certs);
    hold(&h, "inputs taken", "", count_at(input, "items"), counted->records);
    hold_counts(&h, m, counted);
    if (h.differ > VERIFY_NAMED_MAX)
        verify_problem(v, path, "%" PRIu64 " counts differ in all", h.differ);
    uint64_t sum =
        count_at(input, "items") + count_at(input, "other_shards") + count_at(input, "not_sampled");
    if (sum != m->scan.lines)
        verify_problem(v, path,
                       "of %" PRIu64 " input lines, %" PRIu64
                       " are accounted for (taken, other shards, not sampled)",
                       m->scan.lines, sum);
}
