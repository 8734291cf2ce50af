#include "tests/simnet/classes.h"

#include "tests/simnet/world_data.h"

#include <string.h>

#define RECORD(name, weight, text, ...)                                             \
    {                                                                               \
        name, SIM_CLASS_FAULT, weight, SIM_NEED_OWN_TXT, sim_break_record, 0, text, \
        {                                                                           \
            __VA_ARGS__                                                             \
        }                                                                           \
    }
#define RECORD_ODD(name, weight, split, text, ...)                                       \
    {                                                                                    \
        name, SIM_CLASS_ODDITY, weight, SIM_NEED_OWN_TXT, sim_break_record, split, text, \
        {                                                                                \
            __VA_ARGS__                                                                  \
        }                                                                                \
    }
#define HOST(name, weight, fault, ...)                                                 \
    {                                                                                  \
        name, SIM_CLASS_FAULT, weight, SIM_NEED_OWN_HOST, sim_break_host, fault, NULL, \
        {                                                                              \
            __VA_ARGS__                                                                \
        }                                                                              \
    }
#define CERT(name, weight, fault, ...)                                          \
    {                                                                           \
        name, SIM_CLASS_FAULT, weight, SIM_NEED_OWN_HOST | SIM_NEED_SHORT_NAME, \
            sim_break_host_cert, fault, NULL,                                   \
        {                                                                       \
            __VA_ARGS__                                                         \
        }                                                                       \
    }
#define HTTP(name, kind, weight, status, type, ...)                          \
    {                                                                        \
        name, kind, weight, SIM_NEED_OWN_HOST, sim_break_http, status, type, \
        {                                                                    \
            __VA_ARGS__                                                      \
        }                                                                    \
    }
#define POLICY(name, weight, field, text, ...)                                    \
    {                                                                             \
        name, SIM_CLASS_FAULT, weight, SIM_NEED_OWN_HOST | SIM_NEED_PLAIN_POLICY, \
            sim_break_policy, field, text,                                        \
        {                                                                         \
            __VA_ARGS__                                                           \
        }                                                                         \
    }
#define POLICY_ODD(name, weight, field, text, ...)                                 \
    {                                                                              \
        name, SIM_CLASS_ODDITY, weight, SIM_NEED_OWN_HOST | SIM_NEED_PLAIN_POLICY, \
            sim_break_policy, field, text,                                         \
        {                                                                          \
            __VA_ARGS__                                                            \
        }                                                                          \
    }
#define MX(name, kind, weight, needs, fault, ...)             \
    {                                                         \
        name, kind, weight, needs, sim_break_mx, fault, NULL, \
        {                                                     \
            __VA_ARGS__                                       \
        }                                                     \
    }
/* Every own MX host, and one of two: the same fault blocks all mail or part of it. */
#define MX_HOST(name, kind, weight, smtp_kind, code)                                    \
    {name,      kind, weight, SIM_NEED_ONE_MX | SIM_NEED_SHORT_NAME, sim_break_mx_host, \
     smtp_kind, NULL, {code}},                                                          \
    {                                                                                   \
        name "_one_of_two", kind, weight, SIM_NEED_TWO_MX | SIM_NEED_SHORT_NAME,        \
            sim_break_one_of_two, smtp_kind, NULL,                                      \
        {                                                                               \
            code                                                                        \
        }                                                                               \
    }
#define RPT(name, weight, text, ...)                               \
    {                                                              \
        name, SIM_CLASS_ODDITY, weight, 0, sim_break_rpt, 0, text, \
        {                                                          \
            __VA_ARGS__                                            \
        }                                                          \
    }

#define STUCK_HOST(name, weight, fault, code)                                          \
    {                                                                                  \
        name, SIM_CLASS_STUCK, weight, SIM_NEED_OWN_HOST, sim_break_host, fault, NULL, \
        {                                                                              \
            code                                                                       \
        }                                                                              \
    }
#define STUCK_MX(name, weight, kind, code)                                                       \
    {                                                                                            \
        name, SIM_CLASS_STUCK, weight, SIM_NEED_ONE_MX | SIM_NEED_SHORT_NAME, sim_break_mx_host, \
            kind, NULL,                                                                          \
        {                                                                                        \
            code                                                                                 \
        }                                                                                        \
    }

#define FAULT SIM_CLASS_FAULT
#define TROUBLE SIM_CLASS_TROUBLE
#define ODDITY SIM_CLASS_ODDITY

enum {
    MISMATCH = SIM_NEED_ONE_MX | SIM_NEED_NOT_NONE, /* of MX set and policy */
    OWN_PLAIN = SIM_NEED_OWN_HOST | SIM_NEED_OWN_MX | SIM_NEED_PLAIN_POLICY,
    DELEGATED = SIM_NEED_HOSTED | SIM_NEED_NO_RPT_CODES,
};

#define RUA "rua=mailto:tlsrpt@reports.simnet-collector.example"

/* clang-format off */
static const struct sim_class classes[] = {
    /* The record (RFC 8461 3.1). */
    RECORD("sts_multiple", 20, "v=STSv1; id=$;|v=STSv1; id=$;", FC_sts_multiple),
    RECORD("sts_version_2", 8, "v=STSv2; id=$;", FC_sts_version_bad),
    RECORD("sts_version_case", 8, "v=stsv1; id=$;", FC_sts_version_bad),
    RECORD("sts_version_draft", 6, "v=STS1; id=$;", FC_sts_version_bad),
    RECORD("sts_id_missing", 15, "v=STSv1;", FC_sts_id_missing),
    RECORD("sts_id_date", 25, "v=STSv1; id=2024-06-01;", FC_sts_id_chars),
    RECORD("sts_id_underscore", 8, "v=STSv1; id=$_1;", FC_sts_id_chars),
    RECORD("sts_id_long", 6, "v=STSv1; id=2024010100000020240101000000202401;", FC_sts_id_length),
    RECORD("sts_ext_name", 6, "v=STSv1; id=$; _note=x;", FC_sts_ext_invalid),
    RECORD("sts_version_later", 4, "id=$; v=STSv1;", FC_sts_version_not_first),
    RECORD("sts_syntax_empty", 6, "v=STSv1;; id=$;", FC_sts_syntax_other),
    RECORD("sts_non_ascii", 4, "v=STSv1;\xc2\xa0id=$;", FC_sts_non_ascii),
    RECORD("sts_quotes", 6, "\"v=STSv1; id=$;\"", FC_sts_literal_quotes),
    RECORD("sts_policy_broken", 10, "v=STSv1; id=$; mode=enforce; mx=a.example b.example;",
           FC_sts_ext_invalid, FC_sts_policy_in_txt),
    {"sts_cname_dangling", FAULT, 25, DELEGATED, sim_break_record_name, SIM_RECORD_DANGLING, NULL,
     {FC_sts_cname_dangling}},
    {"sts_cname_loop", FAULT, 4, SIM_NEED_OWN_TXT | SIM_NEED_NO_RPT_CODES, sim_break_record_name,
     SIM_RECORD_LOOP, NULL, {FC_sts_cname_loop}},

    /* The policy host. */
    HOST("host_absent", 90, SIM_HOST_ABSENT, FC_host_absent),
    HOST("host_cname_dangling", 40, SIM_HOST_CNAME_DANGLING, FC_host_cname_dangling),
    HOST("host_private", 10, SIM_HOST_PRIVATE, FC_host_address_private),
    HOST("host_tcp_refused", 50, SIM_HOST_REFUSED, FC_host_tcp_refused),
    HOST("host_tcp_timeout", 10, SIM_HOST_BLACKHOLE, FC_host_tcp_timeout),
    HOST("tls_alert", 120, SIM_HOST_TLS_ALERT, FC_tls_handshake_alert),
    HOST("tls_not_spoken", 8, SIM_HOST_TLS_NOT_SPOKEN, FC_tls_not_spoken),
    HOST("tls_failed", 8, SIM_HOST_TLS_FAILED, FC_tls_handshake_failed),
    HOST("tls_old", 8, SIM_HOST_TLS_OLD, FC_tls_version_low),
    CERT("tls_cert_name", 330, SIM_CERT_NAME, FC_tls_cert_name),
    CERT("tls_cert_apex", 40, SIM_CERT_APEX_ONLY, FC_tls_cert_apex_only),
    CERT("tls_cert_cn", 10, SIM_CERT_CN_ONLY, FC_tls_cert_cn_only),
    CERT("tls_cert_wildcard", 8, SIM_CERT_WILDCARD_BAD, FC_tls_cert_wildcard_bad),
    CERT("tls_cert_expired", 110, SIM_CERT_EXPIRED, FC_tls_cert_expired),
    CERT("tls_cert_future", 6, SIM_CERT_FUTURE, FC_tls_cert_future),
    CERT("tls_cert_self_signed", 70, SIM_CERT_SELF_SIGNED, FC_tls_cert_self_signed),
    CERT("tls_cert_untrusted", 30, SIM_CERT_UNTRUSTED, FC_tls_cert_untrusted),
    CERT("tls_chain_incomplete", 30, SIM_CERT_INCOMPLETE, FC_tls_chain_incomplete),
    HOST("tls_cert_provider", 20, SIM_HOST_CNAME_FOREIGN_CERT, FC_tls_cert_provider_name),
    {"host_unclaimed", FAULT, 30, SIM_NEED_HOSTED, sim_break_host, SIM_HOST_TLS_ALERT, NULL,
     {FC_host_unclaimed_at_provider, FC_tls_handshake_alert}},
    HOST("host_takeover", 15, SIM_HOST_TAKEOVER, FC_host_cname_dangling, FC_host_takeover_risk),
    HTTP("http_404", FAULT, 110, 404, NULL, FC_http_404),
    HTTP("http_403", FAULT, 25, 403, NULL, FC_http_status),
    HTTP("http_500", FAULT, 15, 500, NULL, FC_http_status),
    HTTP("http_503", FAULT, 10, 503, NULL, FC_http_status),
    HTTP("http_410", FAULT, 5, 410, NULL, FC_http_status),
    HOST("http_challenge", 12, SIM_HOST_CHALLENGE, FC_http_challenge),
    HOST("policy_wrong_path", 12, SIM_HOST_WRONG_PATH, FC_http_404, FC_policy_wrong_path),
    HOST("http_redirect", 60, SIM_HOST_REDIRECT, FC_http_redirect),
    HOST("http_timeout", 6, SIM_HOST_STALL, FC_http_timeout),
    HOST("http_truncated", 6, SIM_HOST_TRUNCATED, FC_http_truncated),
    HOST("http_too_large", 6, SIM_HOST_TOO_LARGE, FC_http_too_large),
    HOST("http_empty", 20, SIM_HOST_EMPTY, FC_http_empty),
    HOST("http_html", 25, SIM_HOST_HTML, FC_http_html_200),

    /* The policy (RFC 8461 3.2). */
    POLICY("pol_version_missing", 10, SIM_FIELD_VERSION, NULL, FC_pol_version_missing),
    POLICY("pol_version_bad", 6, SIM_FIELD_VERSION, "STSv2", FC_pol_version_bad),
    POLICY("pol_mode_missing", 10, SIM_FIELD_MODE, NULL, FC_pol_mode_missing),
    POLICY("pol_mode_bad", 12, SIM_FIELD_MODE, "enforced", FC_pol_mode_bad),
    POLICY("pol_mode_case", 6, SIM_FIELD_MODE, "Enforce", FC_pol_mode_bad),
    POLICY("pol_mode_report", 5, SIM_FIELD_MODE, "report", FC_pol_mode_report),
    POLICY("pol_max_age_missing", 10, SIM_FIELD_MAX_AGE, NULL, FC_pol_max_age_missing),
    POLICY("pol_max_age_unit", 6, SIM_FIELD_MAX_AGE, "14d", FC_pol_max_age_invalid),
    POLICY("pol_max_age_sign", 4, SIM_FIELD_MAX_AGE, "-1", FC_pol_max_age_invalid),
    POLICY("pol_max_age_over", 8, SIM_FIELD_MAX_AGE, "63072000", FC_pol_max_age_over),
    POLICY("pol_mx_missing", 15, SIM_FIELD_MX_NONE, NULL, FC_pol_mx_missing),
    POLICY("pol_mx_empty", 5, SIM_FIELD_MX_ADD, "", FC_pol_mx_empty),
    POLICY("pol_mx_email", 5, SIM_FIELD_MX_ADD, "postmaster@$", FC_pol_mx_email),
    POLICY("pol_mx_url", 5, SIM_FIELD_MX_ADD, "mail.$/", FC_pol_mx_url),
    POLICY("pol_mx_priority", 6, SIM_FIELD_MX_ADD, "10 mail.$", FC_pol_mx_priority),
    POLICY("pol_mx_list", 8, SIM_FIELD_MX_ADD, "mail1.$, mail2.$", FC_pol_mx_list),
    POLICY("pol_mx_trailing_dot", 8, SIM_FIELD_MX_ADD, "mail.$.", FC_pol_mx_trailing_dot),
    POLICY("pol_mx_ip6", 4, SIM_FIELD_MX_ADD, "[192.0.2.25]", FC_pol_mx_ip6),
    POLICY("pol_mx_leading_dot", 5, SIM_FIELD_MX_ADD, ".$", FC_pol_mx_leading_dot),
    POLICY("pol_mx_wildcard_bad", 6, SIM_FIELD_MX_ADD, "*", FC_pol_mx_wildcard_bad),
    POLICY("pol_mx_wildcard_mid", 4, SIM_FIELD_MX_ADD, "mail.*.$", FC_pol_mx_wildcard_bad),
    POLICY("pol_mx_ulabel", 4, SIM_FIELD_MX_ADD, "m\xc3\xa4il.$", FC_pol_mx_ulabel),
    POLICY("pol_mx_syntax", 5, SIM_FIELD_MX_ADD, "mail..$", FC_pol_mx_syntax),
    POLICY("pol_mx_hyphen", 4, SIM_FIELD_MX_ADD, "-mail.$", FC_pol_mx_syntax),
    POLICY("pol_literal_escape", 5, SIM_FIELD_ESCAPED, NULL, FC_pol_literal_escape),
    POLICY("pol_bom", 5, SIM_FIELD_PREFIX, "\xef\xbb\xbf", FC_pol_bom),
    POLICY("pol_quoted", 5, SIM_FIELD_MODE, "\"enforce\"", FC_pol_quoted),

    /* The policy and the MX set (RFC 8461 4.1). */
    MX("mx_mismatch_tld", FAULT, 12, MISMATCH | SIM_NEED_TWO_LABELS, SIM_MX_FAULT_TLD,
       FC_mx_mismatch_tld),
    MX("mx_mismatch_typo", FAULT, 15, MISMATCH, SIM_MX_FAULT_TYPO, FC_mx_mismatch_typo),
    MX("mx_mismatch_3ld", FAULT, 40, MISMATCH, SIM_MX_FAULT_3LD, FC_mx_mismatch_3ld),
    MX("mx_mismatch_domain", FAULT, 60, MISMATCH, SIM_MX_FAULT_DOMAIN, FC_mx_mismatch_domain),
    MX("mx_unlisted_backup", FAULT, 25, SIM_NEED_TWO_MX | SIM_NEED_NOT_NONE,
       SIM_MX_FAULT_UNLISTED_BACKUP, FC_mx_mismatch_3ld),
    MX("mx_unlisted_primary", FAULT, 15, SIM_NEED_TWO_MX | SIM_NEED_NOT_NONE,
       SIM_MX_FAULT_UNLISTED_PRIMARY, FC_mx_mismatch_3ld),
    MX("mx_wildcard_depth", FAULT, 8, MISMATCH, SIM_MX_FAULT_WILDCARD_DEPTH, FC_mx_wildcard_depth,
       FC_pol_mx_wildcard_own),
    MX("mx_wildcard_apex", FAULT, 8, MISMATCH, SIM_MX_FAULT_WILDCARD_APEX, FC_mx_wildcard_apex,
       FC_pol_mx_wildcard_own),
    MX("mx_exchange_v1_missing", FAULT, 8, MISMATCH | SIM_NEED_SHORT_NAME, SIM_MX_FAULT_EXCHANGE_V1,
       FC_mx_exchange_v1_missing),
    MX("mx_cname_target_listed", FAULT, 8, MISMATCH, SIM_MX_FAULT_CNAME_TARGET_LISTED,
       FC_mx_cname_target_listed, FC_mx_host_cname),
    MX("mx_unlistable", FAULT, 6, MISMATCH, SIM_MX_FAULT_UNLISTABLE, FC_mx_unlistable),
    MX("mx_provider_migrated", FAULT, 25, SIM_NEED_SHARED_MX | SIM_NEED_NOT_NONE | SIM_NEED_OWN_HOST,
       SIM_MX_FAULT_MIGRATED, FC_mx_provider_migrated, FC_mx_mismatch_domain),

    /* The MX hosts (RFC 8461 4.2). */
    MX_HOST("starttls_missing", FAULT, 30, SIM_MX_NO_STARTTLS, FC_starttls_missing),
    MX_HOST("starttls_refused", FAULT, 8, SIM_MX_STARTTLS_454, FC_starttls_refused),
    MX_HOST("starttls_alert", FAULT, 8, SIM_MX_TLS_ALERT, FC_starttls_handshake),
    MX_HOST("starttls_close", FAULT, 4, SIM_MX_TLS_CLOSE, FC_starttls_handshake),
    MX_HOST("mx_tls_old", FAULT, 8, SIM_MX_TLS_OLD, FC_mx_tls_version_low),
    MX_HOST("mx_cert_name", FAULT, 40, SIM_MX_CERT_NAME, FC_mx_cert_name),
    MX_HOST("mx_cert_cn_only", FAULT, 6, SIM_MX_CERT_CN_ONLY, FC_mx_cert_cn_only),
    MX_HOST("mx_cert_domain_only", FAULT, 6, SIM_MX_CERT_DOMAIN_ONLY, FC_mx_cert_domain_only),
    MX_HOST("mx_cert_wildcard", FAULT, 4, SIM_MX_CERT_WILDCARD_BAD, FC_mx_cert_wildcard_bad),
    MX_HOST("mx_cert_expired", FAULT, 20, SIM_MX_CERT_EXPIRED, FC_mx_cert_expired),
    MX_HOST("mx_cert_future", FAULT, 4, SIM_MX_CERT_FUTURE, FC_mx_cert_future),
    MX_HOST("mx_cert_self_signed", FAULT, 25, SIM_MX_CERT_SELF_SIGNED, FC_mx_cert_self_signed),
    MX_HOST("mx_chain_incomplete", FAULT, 8, SIM_MX_CERT_INCOMPLETE, FC_mx_chain_incomplete),
    MX_HOST("mx_cert_untrusted", FAULT, 12, SIM_MX_CERT_UNTRUSTED, FC_mx_cert_untrusted),
    {"mx_ip_disagree", FAULT, 8, SIM_NEED_ONE_MX | SIM_NEED_SHORT_NAME, sim_break_mx_address,
     SIM_MX_NO_STARTTLS, NULL, {FC_mx_ip_disagree, FC_starttls_missing}},

    /* Cannot be judged. */
    {"host_dns_error", TROUBLE, 10, SIM_NEED_OWN_HOST, sim_break_host, SIM_HOST_DNS_ERROR, NULL,
     {FC_host_dns_error}},
    {"host_unroutable", TROUBLE, 4, SIM_NEED_OWN_HOST, sim_break_host, SIM_HOST_V6_ONLY, NULL,
     {FC_host_unroutable}},
    MX("smtp_unroutable", TROUBLE, 4, SIM_NEED_ONE_MX, SIM_MX_FAULT_V6_ONLY, FC_smtp_unroutable),
    MX("mx_lookup_failed", TROUBLE, 10, SIM_NEED_NOT_NONE, SIM_MX_FAULT_LOOKUP,
       FC_mx_lookup_failed),
    HTTP("http_limited", TROUBLE, 5, 429, "text/plain", FC_http_limited),
    MX_HOST("smtp_refused", TROUBLE, 10, SIM_MX_REFUSED, FC_smtp_refused),
    MX_HOST("smtp_timeout", TROUBLE, 3, SIM_MX_BLACKHOLE, FC_smtp_timeout),
    MX_HOST("smtp_tarpit", TROUBLE, 3, SIM_MX_TARPIT, FC_smtp_timeout),
    MX_HOST("smtp_554", TROUBLE, 8, SIM_MX_BANNER_554, FC_smtp_blocked_vantage),
    MX_HOST("smtp_421", TROUBLE, 8, SIM_MX_BANNER_421, FC_smtp_blocked_vantage),
    MX_HOST("smtp_ehlo_550", TROUBLE, 5, SIM_MX_EHLO_550, FC_smtp_blocked_vantage),
    MX_HOST("smtp_ehlo_failed", TROUBLE, 5, SIM_MX_EHLO_REJECTED, FC_smtp_ehlo_failed),

    /* In order, with a weakness or a remark. */
    RECORD_ODD("sts_foreign_txt", 20, 0, "v=STSv1; id=$;|v=spf1 -all", FC_sts_foreign_txt),
    RECORD_ODD("sts_ext", 5, 0, "v=STSv1; id=$; note=x;", FC_sts_ext_unknown),
    RECORD_ODD("sts_policy_in_txt", 10, 0, "v=STSv1; id=$; mode=enforce; max_age=86400;",
               FC_sts_policy_in_txt),
    RECORD_ODD("sts_version_ws", 5, 0, "v=STSv1 ; id=$;", FC_sts_version_ws),
    RECORD_ODD("sts_dup_field", 5, 0, "v=STSv1; id=$; id=20200101;", FC_sts_dup_field),
    RECORD_ODD("sts_multi_string", 8, 9, "v=STSv1; id=$;", FC_sts_multi_string),
    {"sts_large", ODDITY, 10, SIM_NEED_OWN_TXT, sim_break_record_name, SIM_RECORD_LARGE, NULL,
     {FC_sts_foreign_txt}},
    {"sts_wildcard_txt", ODDITY, 6, SIM_NEED_OWN_TXT | SIM_NEED_NO_RPT_CODES,
     sim_break_record_name, SIM_RECORD_WILDCARD, NULL, {FC_sts_wildcard_txt}},
    {"sts_ns_inconsistent", ODDITY, 40, SIM_NEED_OWN_TXT | SIM_NEED_TWO_LABELS,
     sim_break_record_name, SIM_RECORD_STALE, NULL, {FC_sts_ns_inconsistent}},
    {"host_wildcard_dns", ODDITY, 6, SIM_NEED_OWN_HOST, sim_break_host, SIM_HOST_WILDCARD, NULL,
     {FC_host_wildcard_dns}},
    {"host_addr_disagree", ODDITY, 5, SIM_NEED_OWN_HOST, sim_break_host, SIM_HOST_DISAGREE, NULL,
     {FC_host_addr_disagree}},
    {"host_v6_broken", ODDITY, 5, SIM_NEED_OWN_HOST, sim_break_host, SIM_HOST_V6_DEAD, NULL,
     {FC_host_v6_broken}},
    MX("mx_v6_disagree", ODDITY, 5, SIM_NEED_ONE_MX, SIM_MX_FAULT_V6_DEAD, FC_mx_v6_disagree),
    {"sts_ttl_long", ODDITY, 8, SIM_NEED_OWN_TXT, sim_break_record_name, SIM_RECORD_TTL, NULL,
     {FC_sts_ttl_long}},
    {"sts_half_delegated", ODDITY, 20, SIM_NEED_HOSTED, sim_break_host, SIM_HOST_HALF_DELEGATED,
     NULL, {FC_sts_half_delegated}},
    MX("mx_null", ODDITY, 20, SIM_NEED_OWN_HOST | SIM_NEED_MODE_NONE, SIM_MX_FAULT_NULL,
       FC_mx_null),
    MX("mx_none", ODDITY, 8, SIM_NEED_OWN_HOST | SIM_NEED_MODE_NONE, SIM_MX_FAULT_NONE, 0),
    MX("mx_implicit", ODDITY, 15, SIM_NEED_ONE_MX, SIM_MX_FAULT_IMPLICIT, FC_mx_implicit),
    MX("mx_no_address", ODDITY, 15, SIM_NEED_TWO_MX, SIM_MX_FAULT_NO_ADDRESS,
       FC_mx_host_no_address),
    MX("mx_localhost", ODDITY, 5, SIM_NEED_OWN_MX, SIM_MX_FAULT_LOCALHOST, FC_mx_host_invalid,
       FC_mx_host_no_address),
    MX("mx_ms_verification", ODDITY, 5, SIM_NEED_OWN_MX, SIM_MX_FAULT_MS_CHECK,
       FC_mx_ms_verification, FC_mx_host_no_address),
    MX("mx_duplicate", ODDITY, 5, SIM_NEED_ONE_MX, SIM_MX_FAULT_DUPLICATE, FC_mx_duplicate),
    MX("mx_cname", ODDITY, 10, SIM_NEED_ONE_MX, SIM_MX_FAULT_CNAME, FC_mx_host_cname),
    MX("mx_null_mixed", ODDITY, 5, SIM_NEED_TWO_MX, SIM_MX_FAULT_NULL_MIXED, FC_mx_null_mixed),
    MX("mx_private", ODDITY, 6, SIM_NEED_TWO_MX, SIM_MX_FAULT_PRIVATE, FC_mx_host_private),
    MX("pol_mx_wildcard_own", ODDITY, 20, SIM_NEED_OWN_MX, SIM_MX_FAULT_WILDCARD_OWN,
       FC_pol_mx_wildcard_own),
    MX("mx_pattern_unused", ODDITY, 30, SIM_NEED_ONE_MX | SIM_NEED_NOT_NONE,
       SIM_MX_FAULT_PATTERN_UNUSED, FC_mx_pattern_unused),
    HTTP("http_type_missing", ODDITY, 10, 0, "", FC_http_type_missing),
    HTTP("http_type_wrong", ODDITY, 15, 0, "application/octet-stream", FC_http_type_wrong),
    HTTP("http_charset", ODDITY, 8, 0, "text/plain; charset=iso-8859-1", FC_http_charset),
    {"http_encoding", ODDITY, 5, SIM_NEED_OWN_HOST, sim_break_host, SIM_HOST_GZIP, NULL,
     {FC_http_encoding}},
    {"http_slow", ODDITY, 3, SIM_NEED_OWN_HOST, sim_break_host, SIM_HOST_SLOW, NULL, {FC_http_slow}},
    {"tls_cert_expiring", ODDITY, 10, SIM_NEED_OWN_HOST, sim_break_host_cert, SIM_CERT_EXPIRING,
     NULL, {FC_tls_cert_expiring}},
    {"tls_cert_revoked", ODDITY, 4, SIM_NEED_OWN_HOST, sim_break_host_cert, SIM_CERT_REVOKED,
     NULL, {FC_tls_cert_revoked}},
    POLICY_ODD("pol_max_age_zero", 3, SIM_FIELD_MAX_AGE, "0", FC_pol_max_age_zero),
    POLICY_ODD("pol_max_age_short", 10, SIM_FIELD_MAX_AGE, "3600", FC_pol_max_age_short),
    POLICY_ODD("pol_comment", 4, SIM_FIELD_AFTER, "# until 2027", FC_pol_comment),
    POLICY_ODD("pol_blank_line", 10, SIM_FIELD_AFTER, "", FC_pol_blank_line),
    POLICY_ODD("pol_key_dup", 4, SIM_FIELD_AFTER, "mode: enforce", FC_pol_key_dup),
    POLICY_ODD("pol_key_case", 4, SIM_FIELD_AFTER, "MODE: enforce", FC_pol_key_case),
    POLICY_ODD("pol_mx_ip", 4, SIM_FIELD_MX_ADD, "192.0.2.25", FC_pol_mx_ip, FC_mx_pattern_unused),
    POLICY_ODD("pol_mx_single_label", 4, SIM_FIELD_MX_ADD, "mail", FC_pol_mx_single_label,
               FC_mx_pattern_unused),
    POLICY_ODD("pol_mx_underscore", 4, SIM_FIELD_MX_ADD, "mail_1.$", FC_pol_mx_underscore,
               FC_mx_pattern_unused),
    POLICY_ODD("pol_mx_policy_host", 5, SIM_FIELD_MX_ADD, "mta-sts.$", FC_pol_mx_policy_host,
               FC_mx_pattern_unused),
    POLICY_ODD("pol_version_last", 5, SIM_FIELD_BEFORE, "mode: enforce", FC_pol_version_not_first,
               FC_pol_key_dup),
    POLICY_ODD("pol_mx_public_suffix", 4, SIM_FIELD_MX_ADD, "*.co.uk", FC_pol_mx_public_suffix,
               FC_mx_pattern_unused),
    POLICY_ODD("pol_key_typo", 4, SIM_FIELD_AFTER, "mods: enforce", FC_pol_key_typo),
    POLICY_ODD("pol_line_malformed", 4, SIM_FIELD_AFTER, "end of policy", FC_pol_line_malformed),
    POLICY_ODD("pol_value_colon", 4, SIM_FIELD_AFTER, "contact: mailto:postmaster",
               FC_pol_value_colon, FC_pol_key_unknown),
    POLICY_ODD("pol_eol_mixed", 4, SIM_FIELD_AFTER, "note: a\nhint: b", FC_pol_eol_cr,
               FC_pol_key_unknown),
    POLICY_ODD("pol_non_ascii", 4, SIM_FIELD_AFTER, "# \xc3\xa0 jour", FC_pol_non_ascii,
               FC_pol_comment),
    {"pol_mx_wildcard_shared", ODDITY, 5, OWN_PLAIN, sim_break_policy, SIM_FIELD_MX_ADD,
     "*.messagingengine.com", {FC_pol_mx_wildcard_shared, FC_mx_pattern_unused}},
    {"mx_exchange_no_exchange", ODDITY, 5, OWN_PLAIN, sim_break_policy, SIM_FIELD_MX_ADD,
     "*.mail.protection.outlook.com",
     {FC_mx_exchange_pattern_no_exchange, FC_mx_pattern_unused}},
    POLICY_ODD("pol_key_unknown", 5, SIM_FIELD_AFTER, "contact: postmaster", FC_pol_key_unknown),
    MX_HOST("mx_cert_expiring", ODDITY, 8, SIM_MX_CERT_EXPIRING, FC_mx_cert_expiring),
    MX_HOST("mx_cert_weak", ODDITY, 5, SIM_MX_CERT_WEAK, FC_mx_cert_weak),
    MX_HOST("mx_cert_revoked", ODDITY, 4, SIM_MX_CERT_REVOKED, FC_mx_cert_revoked),
    MX_HOST("mx_sni_dependent", ODDITY, 4, SIM_MX_SNI_DEPENDENT, FC_mx_sni_dependent),
    MX_HOST("mx_sni_enforced", ODDITY, 4, SIM_MX_SNI_ENFORCED, FC_mx_sni_enforced),
    {"rpt_wrong_label", ODDITY, 6, 0, sim_break_rpt_label, 0, NULL, {FC_rpt_wrong_label}},
    RPT("rpt_multiple", 8, "v=TLSRPTv1; " RUA "|v=TLSRPTv1; " RUA, FC_rpt_multiple),
    RPT("rpt_rua_missing", 8, "v=TLSRPTv1;", FC_rpt_rua_missing),
    RPT("rpt_version_bad", 6, "v=TLSRPTv2; " RUA, FC_rpt_version_bad),
    RPT("rpt_rua_scheme", 5, "v=TLSRPTv1; rua=ftp://reports.simnet-collector.example/x",
        FC_rpt_rua_scheme),
    RPT("rpt_ext", 5, "v=TLSRPTv1; " RUA "; note=x", FC_rpt_dup_or_ext),
    RPT("rpt_rua_unencoded", 4, "v=TLSRPTv1; rua=https://reports.simnet-collector.example/v1!a", FC_rpt_rua_unencoded),
    RPT("rpt_rua_mail_invalid", 4, "v=TLSRPTv1; rua=mailto:tlsrpt", FC_rpt_rua_mail_invalid),
    RPT("rpt_rua_dead", 8, "v=TLSRPTv1; rua=mailto:tlsrpt@" SIM_LABEL_GONE "." SIM_SUFFIX_COLLECTOR, FC_rpt_rua_dead),
    RPT("rpt_rua_self", 20, "v=TLSRPTv1; rua=mailto:tlsrpt@$", FC_rpt_rua_self),
    RPT("rpt_foreign_txt", 8, "v=TLSRPTv1; " RUA "|v=spf1 -all", FC_rpt_foreign_txt),
    RPT("rpt_cname_dangling", 5, NULL, FC_rpt_cname_dangling),

    /* Dead hosts, tarpits and slow drips (--stuck). */
    STUCK_HOST("stuck_dead", 20, SIM_HOST_BLACKHOLE, FC_host_tcp_timeout),
    STUCK_HOST("stuck_tls_silent", 15, SIM_HOST_TLS_SILENT, FC_tls_handshake_failed),
    STUCK_HOST("stuck_tls_drip", 10, SIM_HOST_TLS_DRIP, FC_tls_handshake_failed),
    STUCK_HOST("stuck_stall", 10, SIM_HOST_STALL, FC_http_timeout),
    STUCK_HOST("stuck_body_drip", 10, SIM_HOST_BODY_DRIP, FC_http_timeout),
    STUCK_MX("stuck_mx_dead", 10, SIM_MX_BLACKHOLE, FC_smtp_timeout),
    STUCK_MX("stuck_mx_silent", 10, SIM_MX_TARPIT, FC_smtp_timeout),
    STUCK_MX("stuck_mx_banner_drip", 5, SIM_MX_BANNER_DRIP, FC_smtp_timeout),
    STUCK_MX("stuck_mx_banner_endless", 5, SIM_MX_BANNER_ENDLESS, FC_smtp_ehlo_failed),
    STUCK_MX("stuck_mx_tls_silent", 5, SIM_MX_TLS_SILENT, FC_starttls_handshake),
};
/* clang-format on */

enum { CLASSES = sizeof classes / sizeof classes[0], SHORT_NAME_MAX = 45 };

unsigned sim_class_count(void)
{
    return CLASSES;
}

const struct sim_class *sim_class(unsigned i)
{
    return &classes[i];
}

/* Rows that only the worlds from that number on have (sim_world_number): the world before keeps its
 * classes and so its truth. */
static const struct {
    const char *name;
    unsigned since;
} later[] = {{"sts_ns_inconsistent", 2}, {NULL, 0}};

static bool is_known(const struct sim_class *cls, unsigned world)
{
    for (size_t i = 0; later[i].name != NULL; i++)
        if (later[i].since > world && strcmp(later[i].name, cls->name) == 0)
            return false;
    return true;
}

static bool bears(const struct sim_class *cls, unsigned world, const char *name)
{
    if (!is_known(cls, world))
        return false;
    if (cls->needs & SIM_NEED_SHORT_NAME && strlen(name) > SHORT_NAME_MAX)
        return false;
    const char *dot = strchr(name, '.');
    bool two_labels = dot != NULL && strchr(dot + 1, '.') == NULL;
    return two_labels || !(cls->needs & SIM_NEED_TWO_LABELS);
}

const struct sim_class *sim_class_draw(enum sim_class_kind kind, unsigned world, const char *name,
                                       struct sim_draw *draw)
{
    uint32_t total = 0;
    for (size_t i = 0; i < CLASSES; i++)
        if (classes[i].kind == kind && bears(&classes[i], world, name))
            total += classes[i].weight;
    uint32_t at = total == 0 ? 0 : sim_draw_below(draw, total);
    for (size_t i = 0; i < CLASSES; i++) {
        if (classes[i].kind != kind || !bears(&classes[i], world, name))
            continue;
        if (at < classes[i].weight)
            return &classes[i];
        at -= classes[i].weight;
    }
    return NULL;
}
