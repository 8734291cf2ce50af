/* senders: the response as each sender takes it, then record and policy under its switches. */
#include "lib/senders.h"

#include "lib/name.h"
#include "lib/policy.h"
#include "lib/record.h"
#include "lib/senders_rules.h"

#include <string.h>

/* The part of a Content-Type before, or behind, its first ";". */
static struct slice media_type(struct slice value)
{
    const char *end = value.len > 0 ? memchr(value.p, ';', value.len) : NULL;
    return slice_trim((struct slice){value.p, end != NULL ? (size_t)(end - value.p) : value.len});
}

/* A body that is not ASCII needs a charset that can hold it. */
static bool charset_ok(struct slice content_type, struct slice body)
{
    if (text_is_ascii(body))
        return true;
    if (slice_contains_nocase(content_type, SLICE_LIT("charset=utf-8")) ||
        slice_contains_nocase(content_type, SLICE_LIT("charset=\"utf-8\"")))
        return text_is_utf8(body);
    return slice_contains_nocase(content_type, SLICE_LIT("charset=iso-8859-"));
}

static bool takes_response(const struct sender_rules *rules, int status, struct slice content_type,
                           struct slice *body)
{
    bool taken = status == 200 || (rules->any_2xx && status >= 200 && status < 300) ||
                 (rules->follows_redirects && status >= 300 && status < 400);
    if (!taken)
        return false;
    if (rules->text_plain && !slice_eq_nocase(media_type(content_type), SLICE_LIT("text/plain")))
        return false;
    if (rules->body_max_bytes > 0 && body->len > rules->body_max_bytes) {
        if (!rules->body_cut)
            return false;
        body->len = rules->body_max_bytes;
    }
    return !rules->decodes_charset || charset_ok(content_type, *body);
}

/* The RFC as this library judges it. The findings made on the way are not wanted. */
static enum status takes_strictly(struct arena *arena, const struct txt_rr *rr, size_t n,
                                  const struct http_facts *response, bool *taken)
{
    const struct policy_context nowhere = {.domain = NULL, .psl = NULL};
    struct findings f;
    struct sts_record record;
    struct policy policy;
    struct slice body = response->body;

    *taken = false;
    findings_init(&f, arena);
    enum status st = record_judge(rr, n, &f, &record);
    if (st != ST_OK || record.state != RECORD_VALID || response->status != 200 ||
        body.len > POLICY_BODY_MAX_BYTES || policy_body_is_html(body))
        return st;
    st = policy_judge(body, &nowhere, &f, &policy);
    *taken = st == ST_OK && policy.valid;
    return st;
}

enum status senders_judge(struct arena *arena, const struct txt_rr *rr, size_t n,
                          const struct http_facts *response, const char ***names, size_t *n_names)
{
    struct slice type = slice_of(response->content_type);
    *n_names = 0;
    *names = arena_array(arena, SENDERS_COUNT, sizeof **names);
    if (*names == NULL)
        return ST_NOMEM;
    for (size_t i = 0; i < SENDERS_COUNT; i++) {
        const struct sender_rules *rules = sender_rules(i);
        struct slice seen = response->body;
        bool taken = false;
        enum status st = ST_OK;
        if (rules->strict)
            st = takes_strictly(arena, rr, n, response, &taken);
        else
            taken = takes_response(rules, response->status, type, &seen) &&
                    sender_takes_record(rules, rr, n) && sender_takes_policy(rules, seen);
        if (st != ST_OK)
            return st;
        if (taken)
            (*names)[(*n_names)++] = rules->name;
    }
    return ST_OK;
}
