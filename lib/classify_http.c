/* classify_http: the response to GET /.well-known/mta-sts.txt (RFC 8461 3.3). */
#include "lib/classify_host.h"

#include <string.h>

static void fail(struct host_case *c, enum finding_code code, const char *detail)
{
    host_fail(c, "http", code, c->host, detail);
}

static const char *status_detail(struct host_case *c, const struct fetch_facts *f)
{
    return arena_printf(&c->j->arena, "%d", f->http.status);
}

/* ---- redirects ------------------------------------------------------------------------------- */

/* Host of an absolute URL "scheme://host[:port]/..."; empty for a relative one. */
static struct slice url_host(const char *url)
{
    const char *p = strstr(url, "://");
    const char *end = url + strcspn(url, "/?#");
    if (strncmp(url, "//", 2) == 0)
        p = url + 2;
    else if (p && p < end)
        p += 3;
    else
        return (struct slice){NULL, 0};
    return (struct slice){p, strcspn(p, "/:?#")};
}

/* The sub-label of http_redirect. */
static const char *redirect_kind(const char *location, const char *host)
{
    if (!location)
        return "no location";
    struct slice url = slice_of(location);
    struct slice to = url_host(location);
    if (slice_starts(url, SLICE_LIT("http://")))
        return "to http";
    if (to.len == 0 || slice_eq_nocase(to, slice_of(host)))
        return "same-host";
    return slice_starts(to, SLICE_LIT("www.")) ? "to www" : "cross-host";
}

static void judge_redirect(struct host_case *c, const struct fetch_facts *f)
{
    const char *location = f->http.location;
    fail(c, FC_http_redirect,
         arena_printf(&c->j->arena, "%d %s%s%s", f->http.status, redirect_kind(location, c->host),
                      location ? " " : "", location ? location : ""));
}

/* ---- status ---------------------------------------------------------------------------------- */

/* What claimable platforms say of a host name that nobody has taken; NULL when the page says
 * nothing of the kind. */
static const char *no_such_site(struct slice body)
{
    static const char *const marks[] = {
        "There isn't a GitHub Pages site here", /* GitHub Pages */
        "404 Web Site not found",               /* Azure App Service */
        "Not Found - Request ID",               /* Netlify */
        "No such app",                          /* Heroku */
        "DEPLOYMENT_NOT_FOUND",                 /* Vercel */
        "NoSuchBucket",                         /* S3 */
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (slice_contains_nocase(body, slice_of(marks[i])))
            return marks[i];
    }
    return NULL;
}

static void judge_404(struct host_case *c, const struct fetch_facts *f)
{
    const struct policy_facts *p = &c->e->policy;
    fail(c, FC_http_404, NULL);
    for (size_t i = 0; i < p->n_alt; i++) {
        if (p->alt[i].looks_like_policy)
            host_fail(c, "http", FC_policy_wrong_path, p->alt[i].url, NULL);
    }
    /* The page tells the platform where no CNAME does: the host may have its addresses. */
    const char *mark = no_such_site(f->http.body);
    if (mark && (!c->provider || c->provider->claimable))
        fail(c, FC_host_takeover_risk, c->provider ? c->provider->name : mark);
}

static void judge_status(struct host_case *c, const struct fetch_facts *f)
{
    int status = f->http.status;
    if (status == 404)
        judge_404(c, f);
    else if (status >= 300 && status < 400)
        judge_redirect(c, f);
    else if (status == 429)
        fail(c, FC_http_limited, f->http.retry_after);
    else if ((status == 403 || status == 503) && f->http.challenge)
        fail(c, FC_http_challenge, f->http.challenge);
    else
        fail(c, FC_http_status, status_detail(c, f));
}

/* ---- a 200 ----------------------------------------------------------------------------------- */

/* The next part of a field value up to ';', advancing rest past it. */
static struct slice next_part(struct slice *rest)
{
    bool last;
    return slice_trim(slice_take(rest, ';', &last));
}

static bool charset_is_right(struct slice value)
{
    if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"')
        value = (struct slice){value.p + 1, value.len - 2};
    return slice_eq_nocase(value, SLICE_LIT("utf-8")) ||
           slice_eq_nocase(value, SLICE_LIT("us-ascii"));
}

/* Faults of a media type (RFC 8461 3.3): text/plain, charset utf-8 or us-ascii, other parameters
 * ignored. */
enum { TYPE_MISSING = 1, TYPE_WRONG = 2, TYPE_CHARSET = 4 };

static unsigned content_type_faults(const char *content_type)
{
    struct slice rest = slice_of(content_type);
    struct slice media_type = next_part(&rest);
    unsigned faults = 0;
    if (media_type.len == 0)
        return TYPE_MISSING;
    if (!slice_eq_nocase(media_type, SLICE_LIT("text/plain")))
        faults |= TYPE_WRONG;
    while (rest.len > 0) {
        struct slice part = next_part(&rest);
        struct slice name = SLICE_LIT("charset=");
        if (part.len < name.len || !slice_eq_nocase((struct slice){part.p, name.len}, name))
            continue;
        if (!charset_is_right((struct slice){part.p + name.len, part.len - name.len}))
            faults |= TYPE_CHARSET;
    }
    return faults;
}

static void judge_content_type(struct host_case *c, const char *content_type)
{
    unsigned faults = content_type_faults(content_type);
    if (faults & TYPE_MISSING)
        fail(c, FC_http_type_missing, NULL);
    if (faults & TYPE_WRONG)
        fail(c, FC_http_type_wrong, content_type);
    if (faults & TYPE_CHARSET)
        fail(c, FC_http_charset, content_type);
}

static bool is_encoded(const struct http_facts *h)
{
    return h->content_encoding &&
           !slice_eq_nocase(slice_of(h->content_encoding), SLICE_LIT("identity"));
}

/* An HTML body: by its first bytes, or as the host calls it, a plain "not found" say, unless a line
 * of it is meant for a sender. */
static bool is_page(const struct http_facts *h)
{
    struct slice type = slice_of(h->content_type);
    return policy_body_is_html(h->body) ||
           (slice_eq_nocase(next_part(&type), SLICE_LIT("text/html")) &&
            !policy_body_has_field(h->body) && !slice_contains_nocase(h->body, SLICE_LIT("stsv1")));
}

static void judge_ok(struct host_case *c, const struct fetch_facts *f)
{
    const struct http_facts *h = &f->http;
    /* What our own lag may have taken is not theirs. */
    if (f->total_ms > HTTP_SLOW_MS && f->total_ms - HTTP_SLOW_MS > f->own_ms)
        fail(c, FC_http_slow, arena_printf(&c->j->arena, "%u ms", (unsigned)f->total_ms));
    if (policy_body_is_blank(h->body))
        fail(c, FC_http_empty, NULL);
    else if (is_page(h))
        fail(c, FC_http_html_200, NULL);
    judge_content_type(c, h->content_type);
    if (is_encoded(h))
        fail(c, FC_http_encoding, h->content_encoding);
}

bool classify_fetch_has_policy(const struct fetch_facts *f)
{
    return f && f->conn == CONN_OK && f->http.end == HTTP_END_OK && f->http.status == 200 &&
           !policy_body_is_blank(f->http.body) && !is_page(&f->http);
}

bool judge_fetch_holds(struct arena *scratch, const struct fetch_facts *f)
{
    const struct policy_context ctx = {.domain = NULL};
    struct findings findings;
    struct policy policy;
    if (!classify_fetch_has_policy(f) || content_type_faults(f->http.content_type) != 0 ||
        is_encoded(&f->http))
        return false;
    findings_init(&findings, scratch);
    return policy_judge(f->http.body, &ctx, &findings, &policy) == ST_OK && policy.valid;
}

void host_judge_http(struct host_case *c, const struct fetch_facts *f)
{
    const struct http_facts *h = &f->http;
    /* A status that is not 200 is known whatever becomes of the body. */
    if (h->end != HTTP_END_NONE && h->status != 0 && h->status != 200) {
        judge_status(c, f);
        return;
    }
    switch (h->end) {
    case HTTP_END_OK:
        if (h->status == 200)
            judge_ok(c, f);
        else
            fail(c, FC_http_truncated, NULL);
        break;
    case HTTP_END_TIMEOUT:
        fail(c, FC_http_timeout, NULL);
        break;
    case HTTP_END_TRUNCATED:
        fail(c, FC_http_truncated, NULL);
        break;
    case HTTP_END_TOO_LARGE:
        fail(c, FC_http_too_large, NULL);
        break;
    default:
        c->undetermined_at = "http"; /* the request was never sent: our own limits */
    }
}
