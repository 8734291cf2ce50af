/* meta: one JSON object by jansson; it is written once, so its speed does not matter. */
#include "scanner/output/meta.h"

#include "lib/record_json.h"
#include "lib/record_words.h"
#include "scanner/output/frames.h"
#include "scanner/output/names.h"

#include <ares.h>
#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <idn2.h>
#include <jansson.h>
#include <libpsl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define META_SCHEMA 1

static void set(json_t *o, const char *key, json_t *value)
{
    json_object_set_new(o, key, value ? value : json_null());
}

static void set_count(json_t *o, const char *key, uint64_t n)
{
    set(o, key, json_integer((json_int_t)n));
}

/* A text that may hold any byte (arguments). */
static json_t *any_text(const char *s)
{
    struct strbuf b;
    strbuf_init(&b, 64 * 1024);
    json_t *out = NULL;
    if (s && text_escape(&b, slice_of(s)) == ST_OK)
        out = json_stringn(b.p ? b.p : "", b.len);
    strbuf_free(&b);
    return out;
}

/* JSON integers are read as signed 64 bits by many: a larger seed is a string. */
static void set_seed(json_t *o, uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    set(o, "seed", seed <= INT64_MAX ? json_integer((json_int_t)seed) : json_string(text));
}

static void set_time(json_t *o, const char *key, int64_t ms)
{
    char text[TIME_TEXT_BYTES + 1];
    time_text(ms, text);
    set(o, key, json_string(text));
}

/* ---- parts ---------------------------------------------------------------------------------- */

static json_t *versions(void)
{
    json_t *o = json_object();
    set(o, "stscan", json_string(STSCAN_VERSION));
    set(o, "record_schema", json_integer(RECORD_SCHEMA));
    set(o, "openssl", json_string(OpenSSL_version(OPENSSL_VERSION_STRING)));
    set(o, "libcurl", json_string(curl_version_info(CURLVERSION_NOW)->version));
    set(o, "c-ares", json_string(ares_version(NULL)));
    set(o, "libevent", json_string(event_get_version()));
    set(o, "zstd", json_string(ZSTD_versionString()));
    set(o, "libidn2", json_string(idn2_check_version(NULL)));
    set(o, "libpsl", json_string(psl_get_version()));
    return o;
}

/* A text as an array of its lines. */
static json_t *lines_of(const char *text)
{
    json_t *a = json_array();
    while (text && *text != '\0') {
        size_t len = strcspn(text, "\n");
        json_array_append_new(a, json_stringn(text, len));
        text += len + (text[len] == '\n');
    }
    return a;
}

static json_t *identity(const struct scan_meta *m)
{
    const struct scan_options *o = m->options;
    json_t *id = json_object();
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    set(id, "machine", any_text(host));
    set(id, "ehlo_name", any_text(o->ehlo_name));
    set(id, "ehlo_notes", lines_of(m->ehlo_notes));
    set(id, "contact", any_text(o->contact));
    return id;
}

static json_t *arguments(const struct scan_options *o)
{
    json_t *a = json_array();
    for (int i = 0; i < o->argc; i++)
        json_array_append_new(a, any_text(o->argv[i]));
    return a;
}

static json_t *resolvers(const struct scan_meta *m)
{
    json_t *a = json_array();
    for (size_t i = 0; i < m->n_resolvers; i++) {
        char text[ENDPOINT_TEXT_MAX_BYTES];
        endpoint_text(&m->resolvers[i], text);
        json_array_append_new(a, json_string(text));
    }
    return a;
}

/* What --local-resolver was and took, in this run; null without it. */
static json_t *local_resolver_part(const struct resolver_report *r)
{
    if (!r)
        return NULL;
    json_t *o = json_object();
    set(o, "version", json_string(r->version));
    set(o, "validates", json_boolean(r->validates));
    set_count(o, "restarts", r->restarts);
    set(o, "cpu_seconds", json_real(r->cpu_s));
    set_count(o, "peak_memory_bytes", r->peak_bytes);
    return o;
}

static json_t *input_part(const struct scan_meta *m)
{
    json_t *o = json_object();
    set(o, "file", any_text(m->options->input ? m->options->input : "-"));
    if (m->fingerprint && m->fingerprint->sha256[0] != '\0') {
        set_count(o, "bytes", m->fingerprint->bytes);
        set(o, m->fingerprint->whole ? "sha256" : "head_sha256",
            json_string(m->fingerprint->sha256));
    }
    set(o, "format", json_string(input_format_name(m->input->format)));
    set_count(o, "lines", m->input->lines);
    set_count(o, "items", m->input->items);
    set_count(o, "invalid", m->input->invalid);
    set_count(o, "other_shards", m->input->other_shards);
    set_count(o, "not_sampled", m->input->not_sampled);
    return o;
}

static json_t *output_part(const struct scan_meta *m)
{
    json_t *o = json_object();
    const struct writer_totals none = {0}, *w = m->written ? m->written : &none;
    set(o, "file", any_text(m->options->output));
    set_count(o, "records", w->records);
    set_count(o, "provisional", w->provisional);
    set_count(o, "frames", w->frames);
    set_count(o, "bytes", w->bytes_out);
    set_count(o, "bytes_uncompressed", w->bytes_in);
    set_count(o, "certificates", w->certs);
    return o;
}

/* Adoption and verdict are closed lists: all their values stand there, zeros too. */
static json_t *counts_part(const struct scan_stats *s)
{
    json_t *o = json_object(), *adoption = json_object(), *verdict = json_object();
    json_t *findings = json_object(), *causes = json_object(), *invalid = json_object();
    set_count(o, "records", s->records);
    for (int i = 0; i < ADOPTION_COUNT; i++)
        set_count(adoption, adoption_name((enum adoption)i), s->adoption[i]);
    for (int i = 0; i < VERDICT_COUNT; i++)
        set_count(verdict, verdict_name((enum verdict)i), s->verdict[i]);
    for (int i = 0; i < FINDING_CODE_COUNT; i++) {
        const char *code = finding_row((enum finding_code)i)->code;
        if (s->finding[i] > 0)
            set_count(findings, code, s->finding[i]);
        if (s->cause[i] > 0)
            set_count(causes, code, s->cause[i]);
    }
    for (int i = 0; i < INVALID_REASONS; i++)
        if (s->invalid[i] > 0)
            set_count(invalid, invalid_reason_words[i], s->invalid[i]);
    set(o, "adoption", adoption);
    set(o, "verdict", verdict);
    set(o, "findings", findings);
    set(o, "causes", causes);
    set(o, "invalid", invalid);
    return o;
}

static json_t *failures_part(const struct scan_stats *s)
{
    json_t *o = json_object(), *policy = json_object(), *dns = json_object();
    json_t *probes = json_object();
    for (int i = 0; i < FAIL_STAGE_COUNT; i++)
        set_count(policy, fail_stage_name((enum fail_stage)i), s->policy_failed[i]);
    for (int i = LOOKUP_SKIPPED + 1; i < LOOKUP_COUNT; i++)
        if (lookup_is_undetermined((enum lookup)i))
            set_count(dns, lookup_name((enum lookup)i), s->lookup[i]);
    for (int i = PROBE_OK + 1; i < PROBE_END_COUNT; i++)
        set_count(probes, probe_end_name((enum probe_end)i), s->probe_end[i]);
    set(o, "policy", policy);
    set(o, "dns", dns);
    set(o, "probes", probes);
    return o;
}

static json_t *work_part(const struct scan_stats *s)
{
    json_t *o = json_object(), *lookups = json_object();
    for (int i = LOOKUP_SKIPPED + 1; i < LOOKUP_COUNT; i++)
        set_count(lookups, lookup_name((enum lookup)i), s->lookup[i]);
    set(o, "lookups", lookups);
    for (size_t i = 0; i < stats_work_n; i++)
        set_count(o, stats_work[i].name, stats_counter_of(s, &stats_work[i]));
    return o;
}

static json_t *cost_part(const struct scan_meta *m)
{
    json_t *o = json_object();
    struct spent spent = spent_with_process(&m->before);
    double seconds = (double)m->active_ms / 1000.0;
    set(o, "seconds", json_real(seconds));
    set(o, "cpu_seconds", json_real((double)spent.cpu_ms / 1000.0));
    set(o, "records_per_second", json_real(seconds > 0 ? (double)m->stats->records / seconds : 0));
    set(o, "lookups_per_second", json_real(seconds > 0 ? (double)m->stats->dns_sent / seconds : 0));
    set_count(o, "peak_memory_bytes", spent.peak_bytes);
    return o;
}

static json_t *meta_object(const struct scan_meta *m)
{
    const struct scan_options *o = m->options;
    json_t *root = json_object();
    set(root, "schema", json_integer(META_SCHEMA));
    set(root, "complete", json_boolean(m->complete));
    set(root, "exit_code", json_integer(m->exit_code));
    set(root, "exit_reason", json_string(m->exit_reason));
    set_time(root, "start", m->start_ms);
    set_time(root, "end", m->end_ms);
    set(root, "clock_set_by_s", json_integer(m->clock_set_by_ms / 1000));
    set_count(root, "runs", m->runs);
    set(root, "versions", versions());
    set(root, "arguments", arguments(o));
    set(root, "identity", identity(m));
    set(root, "resolvers", resolvers(m));
    set(root, "local_resolver", local_resolver_part(m->local_resolver));
    set_seed(root, o->seed);
    set_count(root, "shards", o->shards);
    set_count(root, "shard", o->shard);
    set(root, "sample", json_real(o->sample));
    set(root, "input", input_part(m));
    set(root, "output", output_part(m));
    set(root, "counts", counts_part(m->stats));
    set(root, "failures", failures_part(m->stats));
    set(root, "work", work_part(m->stats));
    set(root, "cost", cost_part(m));
    return root;
}

/* ---- writing -------------------------------------------------------------------------------- */

static enum status write_text(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ST_IO;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0 ? ST_OK : ST_IO;
}

static enum status replace_file(const char *path, const char *text)
{
    char temp[4096];
    if ((size_t)snprintf(temp, sizeof temp, "%s.tmp", path) >= sizeof temp) {
        errno = ENAMETOOLONG;
        return ST_IO;
    }
    unlink(temp); /* left over by a run that was killed; a link there is not followed either */
    int fd = open_no_link(temp, O_EXCL);
    if (fd < 0)
        return ST_IO;
    enum status st = write_text(fd, text, strlen(text));
    if (close(fd) != 0)
        st = ST_IO;
    if (st == ST_OK && rename(temp, path) != 0)
        st = ST_IO;
    if (st != ST_OK) {
        int why = errno;
        unlink(temp);
        errno = why;
    }
    return st;
}

enum status meta_write(const struct scan_meta *m, char *error, size_t error_size)
{
    struct output_names names;
    enum status st = output_names_make(m->options->output, &names);
    if (st != ST_OK || !names.meta) {
        output_names_free(&names);
        return st;
    }
    json_t *root = meta_object(m);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    st = text ? replace_file(names.meta, text) : ST_NOMEM;
    if (st != ST_OK)
        snprintf(error, error_size, "%s: %s", names.meta,
                 st == ST_IO ? strerror(errno) : status_text(st));
    free(text);
    json_decref(root);
    output_names_free(&names);
    return st;
}
