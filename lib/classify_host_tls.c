/* classify_host_tls: the handshake and certificate of the policy host (RFC 8461 3.3, 7.2). */
#include "lib/classify_host.h"

static void fail(struct host_case *c, enum finding_code code, const char *detail)
{
    host_fail(c, "tls", code, c->host, detail);
}

static const char *number_text(struct host_case *c, const char *what, int n)
{
    return arena_printf(&c->j->arena, "%s %d", what, n);
}

/* Exactly one row: what the names would match decides before what else they cover. */
static void judge_name(struct host_case *c, const struct tls_facts *t)
{
    if (t->name == NAME_MATCH_OK || t->name == NAME_MATCH_UNKNOWN)
        return;
    if (t->name == NAME_MATCH_CN_ONLY)
        fail(c, FC_tls_cert_cn_only, NULL);
    else if (t->name == NAME_MATCH_WILDCARD_BAD)
        fail(c, FC_tls_cert_wildcard_bad, NULL);
    else if (t->covers & COVERS_CNAME_TARGET)
        fail(c, FC_tls_cert_provider_name, NULL);
    else if (t->covers & COVERS_APEX)
        fail(c, FC_tls_cert_apex_only, NULL);
    else
        fail(c, FC_tls_cert_name, NULL);
}

static void judge_chain(struct host_case *c, const struct tls_facts *t)
{
    const uint32_t specific = CERT_EXPIRED | CERT_NOT_YET_VALID | CERT_SELF_SIGNED |
                              CERT_UNTRUSTED | CERT_INCOMPLETE_CHAIN;
    if (t->cert_errors & CERT_EXPIRED)
        fail(c, FC_tls_cert_expired, NULL);
    if (t->cert_errors & CERT_NOT_YET_VALID)
        fail(c, FC_tls_cert_future, NULL);
    if (t->cert_errors & CERT_SELF_SIGNED)
        fail(c, FC_tls_cert_self_signed, NULL);
    else if (t->cert_errors & CERT_UNTRUSTED)
        fail(c, FC_tls_cert_untrusted, NULL);
    if (t->cert_errors & CERT_INCOMPLETE_CHAIN)
        fail(c, FC_tls_chain_incomplete, NULL);
    /* Any other reason to refuse the chain is a lack of trust, with its code as evidence. */
    if ((t->cert_errors & CERT_INVALID_OTHER) && (t->cert_errors & specific) == 0)
        fail(c, FC_tls_cert_untrusted, number_text(c, "verify code", t->verify_code));
    if (t->cert_errors & CERT_REVOKED)
        fail(c, FC_tls_cert_revoked, NULL);
    if (classify_cert_expiring(t, c->e->ts_ms))
        fail(c, FC_tls_cert_expiring, NULL);
}

void host_judge_tls(struct host_case *c, const struct fetch_facts *f)
{
    const struct tls_facts *t = &f->tls;
    switch (t->end) {
    case TLS_END_OK:
        if (tls_facts_version_low(t))
            fail(c, FC_tls_version_low, NULL);
        judge_name(c, t);
        judge_chain(c, t);
        break;
    case TLS_END_ALERT:
        if (tls_facts_version_low(t))
            fail(c, FC_tls_version_low, NULL);
        else
            fail(c, FC_tls_handshake_alert, number_text(c, "alert", t->alert));
        break;
    case TLS_END_NOT_TLS:
        fail(c, FC_tls_not_spoken, t->error);
        break;
    case TLS_END_CLOSED:
    case TLS_END_TIMEOUT:
    case TLS_END_FAILED:
        if (tls_facts_version_low(t))
            fail(c, FC_tls_version_low, NULL);
        else
            fail(c, FC_tls_handshake_failed, tls_end_name(t->end));
        break;
    default:
        c->undetermined_at = "tls"; /* connected, and then our own limits ended it */
    }
}
