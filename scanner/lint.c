#include "scanner/lint.h"

#include "lib/judge.h"
#include "lib/match.h"
#include "lib/record_json.h"
#include "scanner/options_table.h"

#include <errno.h>
#include <string.h>

enum {
    EXIT_VALID = 0,
    EXIT_NOT_VALID = 1,
    EXIT_USAGE = 2,
    EXIT_OUTPUT = 4,
    OUTPUT_MAX_BYTES = 16 * 1024 * 1024,
};

/* ---- output ---------------------------------------------------------------------------------- */

static void add_text_or_null(struct strbuf *b, const char *text)
{
    if (text == NULL)
        strbuf_adds(b, "null");
    else
        json_add_string(b, slice_of(text));
}

static void add_finding(struct strbuf *b, const struct finding *f)
{
    const struct finding_row *row = finding_row(f->code);
    strbuf_printf(b, "{\"code\":\"%s\",\"stage\":\"%s\",\"effect\":\"%c\",\"target\":", row->code,
                  stage_name(row->stage), effect_letter(row->effect));
    add_text_or_null(b, f->target);
    strbuf_adds(b, ",\"detail\":");
    add_text_or_null(b, f->detail);
    strbuf_addc(b, '}');
}

static int print(FILE *out, const struct strbuf *b, bool good)
{
    if (b->error != ST_OK || fwrite(b->p, 1, b->len, out) != b->len || fflush(out) != 0)
        return EXIT_OUTPUT;
    return good ? EXIT_VALID : EXIT_NOT_VALID;
}

static int report(FILE *out, const char *kind, bool valid, struct findings *findings)
{
    struct strbuf b;
    size_t listed = 0;
    strbuf_init(&b, OUTPUT_MAX_BYTES);
    strbuf_printf(&b, "{\"kind\":\"%s\",\"valid\":%s,\"findings\":[", kind,
                  valid ? "true" : "false");
    findings_sort(findings);
    for (size_t i = 0; i < findings->n; i++) {
        if (finding_row(findings->v[i].code)->effect == EFFECT_STATE)
            continue;
        if (listed++ > 0)
            strbuf_addc(&b, ',');
        add_finding(&b, &findings->v[i]);
    }
    strbuf_adds(&b, "]}\n");
    int code = print(out, &b, valid);
    strbuf_free(&b);
    return code;
}

static int fail(FILE *err, enum status st)
{
    fprintf(err, "stscan lint: %s\n", status_text(st));
    return EXIT_OUTPUT;
}

/* ---- the kinds ------------------------------------------------------------------------------- */

static enum status strings_to_rrs(struct arena *arena, int n, char **strings, struct txt_rr **out)
{
    struct txt_rr *rr = arena_array(arena, (size_t)n, sizeof *rr);
    if (rr == NULL)
        return ST_NOMEM;
    for (int i = 0; i < n; i++)
        rr[i] = (struct txt_rr){.p = strings[i], .len = strlen(strings[i]), .strings = 1};
    *out = rr;
    return ST_OK;
}

static int lint_record(int n, char **strings, FILE *out, FILE *err)
{
    struct arena arena;
    struct findings findings;
    struct sts_record record;
    struct txt_rr *rr = NULL;

    arena_init(&arena, EVIDENCE_MAX_BYTES);
    findings_init(&findings, &arena);
    enum status st = strings_to_rrs(&arena, n, strings, &rr);
    if (st == ST_OK)
        st = record_judge(rr, (size_t)n, &findings, &record);
    int code = st == ST_OK ? report(out, "record", record.state == RECORD_VALID, &findings)
                           : fail(err, st);
    arena_free(&arena);
    return code;
}

static int lint_tlsrpt(int n, char **strings, FILE *out, FILE *err)
{
    struct arena arena;
    struct findings findings;
    struct tlsrpt tlsrpt;
    struct txt_rr *rr = NULL;

    arena_init(&arena, EVIDENCE_MAX_BYTES);
    findings_init(&findings, &arena);
    enum status st = strings_to_rrs(&arena, n, strings, &rr);
    if (st == ST_OK)
        st = tlsrpt_judge(rr, (size_t)n, NULL, &findings, &tlsrpt);
    int code = st == ST_OK ? report(out, "tlsrpt", tlsrpt.valid, &findings) : fail(err, st);
    arena_free(&arena);
    return code;
}

/* The whole of a file up to one byte over the limit, so that too large shows. */
static enum status read_body(const char *path, FILE *in, struct strbuf *body)
{
    FILE *f = strcmp(path, "-") == 0 ? in : fopen(path, "rb");
    char chunk[4096];
    size_t got;
    if (f == NULL)
        return ST_IO;
    while (body->len <= POLICY_BODY_MAX_BYTES && body->error == ST_OK &&
           (got = fread(chunk, 1, sizeof chunk, f)) > 0)
        strbuf_add(body, chunk, got);
    enum status st = ferror(f) ? ST_IO : body->error;
    if (f != in)
        fclose(f);
    return st;
}

/* A domain whose record is fine and whose policy host answered 200, text/plain and this body: what
 * the classifier then says of the body is what it says in a scan. */
static enum status response_evidence(struct evidence *e, struct slice body)
{
    static const char txt[] = "v=STSv1; id=1";
    struct fetch_facts *fetch = arena_alloc(&e->arena, sizeof *fetch);
    struct txt_rr *rr = arena_alloc(&e->arena, sizeof *rr);
    struct net_addr *addr = arena_alloc(&e->arena, sizeof *addr);
    if (fetch == NULL || rr == NULL || addr == NULL)
        return ST_NOMEM;
    *rr = (struct txt_rr){.p = txt, .len = sizeof txt - 1, .strings = 1};
    e->domain = "lint.invalid"; /* RFC 6761: no policy names it */
    e->sts.dns.status = LOOKUP_FOUND;
    e->sts.rr = rr;
    e->sts.n = 1;
    e->policy.host = "mta-sts.lint.invalid";
    *addr = (struct net_addr){.family = 4, .b = {192, 0, 2, 1}}; /* RFC 5737 */
    e->policy.addrs.v4.status = LOOKUP_FOUND;
    e->policy.addrs.addr = addr;
    e->policy.addrs.n = 1;
    fetch->ip = *addr;
    fetch->conn = CONN_OK;
    fetch->tls.end = TLS_END_OK;
    fetch->tls.version = 0x0304;
    fetch->tls.name = NAME_MATCH_OK;
    fetch->http.end = body.len > POLICY_BODY_MAX_BYTES ? HTTP_END_TOO_LARGE : HTTP_END_OK;
    fetch->http.status = 200;
    fetch->http.content_type = "text/plain";
    fetch->http.body = body;
    fetch->http.body_total = body.len;
    if (body.len > POLICY_BODY_MAX_BYTES)
        fetch->http.body.len = POLICY_BODY_MAX_BYTES;
    e->policy.fetch = fetch;
    e->policy.n_fetch = 1;
    e->policy.chosen = 0;
    return ST_OK;
}

/* Only what the file itself decides. */
static bool is_about_body(enum finding_code code)
{
    return finding_row(code)->stage == STAGE_POLICY || code == FC_http_html_200 ||
           code == FC_http_empty || code == FC_http_too_large;
}

static int report_policy(FILE *out, const struct judgement *j)
{
    struct findings about = j->findings;
    bool valid = true;
    about.n = 0;
    for (size_t i = 0; i < j->findings.n; i++) {
        const struct finding f = j->findings.v[i];
        if (!is_about_body(f.code))
            continue;
        valid = valid && finding_row(f.code)->rule != RULE_VOID;
        about.v[about.n++] = f; /* in place: never ahead of what is read */
    }
    return report(out, "policy", valid, &about);
}

static int judge_body(struct slice body, FILE *out, FILE *err)
{
    struct evidence e;
    struct judgement j;
    struct providers *providers = NULL;
    name_psl *psl = NULL;
    int code;

    evidence_init(&e);
    judgement_init(&j);
    enum status st = providers_builtin(&providers);
    if (st == ST_OK)
        st = name_psl_load(NULL, &psl);
    if (st == ST_OK)
        st = response_evidence(&e, body);
    if (st == ST_OK) {
        const struct judge context = {.psl = psl, .providers = providers};
        st = classify(&context, &e, &j);
    }
    code = st == ST_OK ? report_policy(out, &j) : fail(err, st);
    name_psl_free(psl);
    providers_free(providers);
    judgement_free(&j);
    evidence_free(&e);
    return code;
}

static int lint_policy(const char *path, FILE *in, FILE *out, FILE *err)
{
    struct strbuf body;
    int code;
    strbuf_init(&body, 2 * (size_t)POLICY_BODY_MAX_BYTES);
    if (read_body(path, in, &body) != ST_OK) {
        fprintf(err, "stscan lint: %s: %s\n", path, strerror(errno));
        code = EXIT_USAGE;
    } else {
        code = judge_body((struct slice){body.p != NULL ? body.p : "", body.len}, out, err);
    }
    strbuf_free(&body);
    return code;
}

static int lint_match(const char *pattern, const char *host, FILE *out)
{
    struct strbuf b;
    bool match = mx_match(slice_of(pattern), slice_of(host));
    strbuf_init(&b, OUTPUT_MAX_BYTES);
    strbuf_printf(&b, "{\"kind\":\"match\",\"match\":%s}\n", match ? "true" : "false");
    int code = print(out, &b, match);
    strbuf_free(&b);
    return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

int lint_run(size_t n, char **args, FILE *in, FILE *out, FILE *err)
{
    struct slice kind = slice_of(n > 0 ? args[0] : "");
    size_t skip = n > 1 && strcmp(args[1], "--") == 0 ? 2 : 1;
    int count = n > skip ? (int)(n - skip) : 0;
    const char *why = "the kind is record, policy, tlsrpt or match";
    args += count > 0 ? skip : 0;
    if (slice_eq(kind, SLICE_LIT("record"))) {
        if (count >= 1)
            return lint_record(count, args, out, err);
        why = "record takes a STRING or several";
    } else if (slice_eq(kind, SLICE_LIT("tlsrpt"))) {
        if (count >= 1)
            return lint_tlsrpt(count, args, out, err);
        why = "tlsrpt takes a STRING or several";
    } else if (slice_eq(kind, SLICE_LIT("policy"))) {
        if (count == 1)
            return lint_policy(args[0], in, out, err);
        why = "policy takes one FILE";
    } else if (slice_eq(kind, SLICE_LIT("match"))) {
        if (count == 2)
            return lint_match(args[0], args[1], out);
        why = "match takes a PATTERN and a HOST";
    }
    options_usage(OPTIONS_LINT, err, why);
    return EXIT_USAGE;
}

/* Behind the kind stands data; but nobody means this one as such. */
static bool asks_help(const struct text_list *operands)
{
    for (size_t i = 0; i < operands->n && strcmp(operands->v[i], "--") != 0; i++)
        if (strcmp(operands->v[i], "--help") == 0)
            return true;
    return false;
}

int lint_main(int argc, char **argv)
{
    struct scan_options o;
    int code = EXIT_VALID;
    enum status st = options_parse_for(OPTIONS_LINT, argc, argv, &o);
    if (st != ST_OK)
        return st == ST_EOF ? EXIT_VALID : EXIT_USAGE;
    if (asks_help(&o.operands))
        options_help(OPTIONS_LINT, stdout);
    else
        code = lint_run(o.operands.n, o.operands.v, stdin, stdout, stderr);
    options_free(&o);
    return code;
}
