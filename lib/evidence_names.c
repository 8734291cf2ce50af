/* evidence_names: the words for what was seen, as records hold them. */
#include "lib/evidence.h"

/* A value outside the enum (a record read with a newer schema, a bug) still names itself. */
#define NAME_OF(table, count, value) \
    ((unsigned)(value) < (unsigned)(count) ? (table)[(value)] : "unknown")

const char *lookup_name(enum lookup l)
{
    static const char *const names[LOOKUP_COUNT] = {
        [LOOKUP_SKIPPED] = "skipped",     [LOOKUP_FOUND] = "found",
        [LOOKUP_NODATA] = "nodata",       [LOOKUP_NXDOMAIN] = "nxdomain",
        [LOOKUP_SERVFAIL] = "servfail",   [LOOKUP_REFUSED] = "refused",
        [LOOKUP_BOGUS] = "bogus",         [LOOKUP_TIMEOUT] = "timeout",
        [LOOKUP_MALFORMED] = "malformed", [LOOKUP_CNAME_LOOP] = "cname_loop",
        [LOOKUP_ABANDONED] = "abandoned",
    };
    return NAME_OF(names, LOOKUP_COUNT, l);
}

const char *conn_name(enum conn c)
{
    static const char *const names[CONN_COUNT] = {
        [CONN_NONE] = "none",           [CONN_OK] = "ok",
        [CONN_REFUSED] = "refused",     [CONN_TIMEOUT] = "timeout",
        [CONN_BLOCKED] = "blocked",     [CONN_UNREACHABLE] = "unreachable",
        [CONN_NO_ROUTE] = "no_route",   [CONN_BLOCKLISTED] = "blocklisted",
        [CONN_ABANDONED] = "abandoned",
    };
    return NAME_OF(names, CONN_COUNT, c);
}

const char *tls_end_name(enum tls_end e)
{
    static const char *const names[TLS_END_COUNT] = {
        [TLS_END_NONE] = "none",       [TLS_END_OK] = "ok",         [TLS_END_ALERT] = "alert",
        [TLS_END_NOT_TLS] = "not_tls", [TLS_END_CLOSED] = "closed", [TLS_END_TIMEOUT] = "timeout",
        [TLS_END_FAILED] = "failed",
    };
    return NAME_OF(names, TLS_END_COUNT, e);
}

const char *name_match_name(enum name_match m)
{
    static const char *const names[NAME_MATCH_COUNT] = {
        [NAME_MATCH_UNKNOWN] = "unknown",
        [NAME_MATCH_OK] = "ok",
        [NAME_MATCH_NONE] = "none",
        [NAME_MATCH_CN_ONLY] = "cn_only",
        [NAME_MATCH_WILDCARD_BAD] = "wildcard_bad",
    };
    return NAME_OF(names, NAME_MATCH_COUNT, m);
}

const char *http_end_name(enum http_end e)
{
    static const char *const names[HTTP_END_COUNT] = {
        [HTTP_END_NONE] = "none",           [HTTP_END_OK] = "ok",
        [HTTP_END_TIMEOUT] = "timeout",     [HTTP_END_TRUNCATED] = "truncated",
        [HTTP_END_TOO_LARGE] = "too_large",
    };
    return NAME_OF(names, HTTP_END_COUNT, e);
}

const char *probe_end_name(enum probe_end e)
{
    static const char *const names[PROBE_END_COUNT] = {
        [PROBE_NONE] = "none",
        [PROBE_OK] = "ok",
        [PROBE_NO_STARTTLS] = "no_starttls",
        [PROBE_STARTTLS_REFUSED] = "starttls_refused",
        [PROBE_TLS_FAILED] = "tls_failed",
        [PROBE_REFUSED] = "refused",
        [PROBE_TIMEOUT] = "timeout",
        [PROBE_LIMITED] = "limited",
        [PROBE_PROTOCOL_ERROR] = "protocol_error",
        [PROBE_BLOCKED] = "blocked",
        [PROBE_NO_ROUTE] = "no_route",
        [PROBE_ABANDONED] = "abandoned",
    };
    return NAME_OF(names, PROBE_END_COUNT, e);
}
