/* The table of findings: FINDING_ROW(code, stage, effect, rule, condition), one row a code.
 *
 * Included wherever a row's parts are needed, with FINDING_ROW defined; has no include guard on
 * purpose. The order is part of the public interface. */
/* clang-format off */
FINDING_ROW(sts_absent, STAGE_DNS, EFFECT_STATE, RULE_NONE,
    "NXDOMAIN, NODATA, or no TXT left that is STS-like (contains `v=sts` in any case)")
FINDING_ROW(sts_dns_timeout, STAGE_DNS, EFFECT_UNDETERMINED, RULE_NONE,
    "no answer from any server in budget (not the same as absent)")
FINDING_ROW(sts_dns_servfail, STAGE_DNS, EFFECT_UNDETERMINED, RULE_NONE,
    "SERVFAIL/REFUSED for `_mta-sts.D`")
FINDING_ROW(sts_dns_bogus, STAGE_DNS, EFFECT_UNDETERMINED, RULE_NONE,
    "SERVFAIL with CD=1 answering, or EDE 6-12 present; instead of sts_dns_servfail")
FINDING_ROW(sts_ns_inconsistent, STAGE_DNS, EFFECT_DISAGREE, RULE_NONE,
    "authoritative servers of the zone return different `_mta-sts` RRsets")
FINDING_ROW(sts_multiple, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    ">=2 TXT RRs whose concatenation begins `v=STSv1;`")
FINDING_ROW(sts_foreign_txt, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "one valid STS TXT plus other TXT RRs (RFC: discard them)")
FINDING_ROW(sts_only_foreign_txt, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "TXT RRs exist at the name, none is STS-like (SPF, verification token, a zone-wide wildcard): the domain counts as absent")
FINDING_ROW(sts_wildcard_txt, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "the STS TXT is also the answer for a random sibling label: it exists through a zone-wide wildcard")
FINDING_ROW(sts_version_bad, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "no valid record, and an STS-like TXT that does not start with exactly `v=STSv1` (case, STSv0/2, `STS1`, `STSv1:`); beside a valid record such a TXT is `sts_foreign_txt`")
FINDING_ROW(sts_version_not_first, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "contains v=STSv1 but first field is another one")
FINDING_ROW(sts_version_ws, STAGE_DNS, EFFECT_DISAGREE, RULE_NONE,
    "`v=STSv1<WSP>;`: valid by the ABNF, dropped by the literal filter `v=STSv1;` of 3.1 among several TXT (erratum 6285); judged as holding")
FINDING_ROW(sts_id_missing, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "no `id=` field")
FINDING_ROW(sts_id_chars, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "id has a char outside ALPHA/DIGIT")
FINDING_ROW(sts_id_length, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "id length 0 or >32")
FINDING_ROW(sts_dup_field, STAGE_DNS, EFFECT_DISAGREE, RULE_NONE,
    "a field name occurs twice (first SHALL win)")
FINDING_ROW(sts_ext_invalid, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "extension name/value violates ABNF (name 1-32, value no `=`,`;`,SP,CTL)")
FINDING_ROW(sts_ext_unknown, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "well-formed field not in the IANA registry (only v,id)")
FINDING_ROW(sts_policy_in_txt, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "the record carries policy keys (`mx`, `mode`, `max_age`) as fields; void only where the ABNF is broken too (`sts_ext_invalid`)")
FINDING_ROW(sts_syntax_other, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "empty field `;;`, no delimiter, token without `=`")
FINDING_ROW(sts_non_ascii, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "any byte >0x7E (smart quotes, NBSP)")
FINDING_ROW(sts_literal_quotes, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "value begins/ends with a literal `\"` or contains `\\;`/`\\\"`")
FINDING_ROW(sts_multi_string, STAGE_DNS, EFFECT_DISAGREE, RULE_NONE,
    "record split in >1 character-strings (MUST concatenate without space)")
FINDING_ROW(sts_at_apex, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "STS-like TXT at `D` and none at `_mta-sts.D` (the domain stays absent; looked for under `--deep --all-policy`)")
FINDING_ROW(sts_at_policy_host, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "STS-like TXT at `mta-sts.D` and none at `_mta-sts.D` (the domain stays absent; looked for under `--deep --all-policy`)")
FINDING_ROW(sts_legacy_label, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "STS-like TXT at `_mta_sts.D` or `_smtp_sts.D` (draft names) and none at `_mta-sts.D` (the domain stays absent; looked for under `--deep --all-policy`; a record `v=STS1` at the right name is `sts_version_bad`)")
FINDING_ROW(sts_cname, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "`_mta-sts` is a CNAME (MUST follow); chain recorded for provider attribution")
FINDING_ROW(sts_cname_dangling, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "`_mta-sts` is a CNAME whose target is NXDOMAIN/NODATA, and the CNAME is meant for MTA-STS: the target contains `mta-sts` or `mta_sts`, or is a known hoster, or a random sibling label has no such CNAME; otherwise the domain is absent")
FINDING_ROW(sts_cname_loop, STAGE_DNS, EFFECT_FALLBACK, RULE_VOID,
    "loop or chain beyond limit")
FINDING_ROW(sts_half_delegated, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "only one of `_mta-sts` and `mta-sts` is delegated to a known STS hoster, or the two to different ones (own TXT beside a web platform such as GitHub Pages is no such case)")
FINDING_ROW(sts_parent_only, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "mail-receiving subdomain has none while parent has one (3.4: no inheritance)")
FINDING_ROW(sts_ttl_long, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "TXT TTL > 86400 seconds (8.1)")
FINDING_ROW(sts_on_null_mx, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "STS record/policy on a domain with null MX")
FINDING_ROW(mx_null, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "single `MX 0 .` (RFC 7505)")
FINDING_ROW(mx_null_mixed, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "`.` together with other MX")
FINDING_ROW(mx_implicit, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "no MX, A/AAAA at apex: candidate host is D itself; policy must list D")
FINDING_ROW(mx_none, STAGE_DNS, EFFECT_STATE, RULE_NONE,
    "no MX and no A/AAAA")
FINDING_ROW(mx_lookup_failed, STAGE_DNS, EFFECT_UNDETERMINED, RULE_NONE,
    "SERVFAIL/timeout on MX")
FINDING_ROW(mx_host_no_address, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "MX target has no A/AAAA")
FINDING_ROW(mx_host_cname, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "MX target is a CNAME (RFC 2181/5321); match on the MX name, not the target")
FINDING_ROW(mx_host_invalid, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "MX target is an IP literal, `0.0.0.0.`, `localhost.`, `~.`, single label")
FINDING_ROW(mx_host_private, STAGE_DNS, EFFECT_WEAK, RULE_NONE,
    "MX resolves only to loopback/private/documentation space")
FINDING_ROW(mx_duplicate, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "same host in several MX RRs")
FINDING_ROW(mx_ms_verification, STAGE_DNS, EFFECT_INFO, RULE_NONE,
    "MX `*.msv1.invalid`")
FINDING_ROW(host_absent, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "`mta-sts.D` NXDOMAIN/NODATA while TXT valid")
FINDING_ROW(host_dns_error, STAGE_POLICY_HOST, EFFECT_UNDETERMINED, RULE_NONE,
    "SERVFAIL/timeout on `mta-sts.D`")
FINDING_ROW(host_unroutable, STAGE_POLICY_HOST, EFFECT_UNDETERMINED, RULE_NONE,
    "only addresses of a family that the scan does not use (no route, `-4`, `-6`), or blocked by the user's own list")
FINDING_ROW(host_cname_dangling, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "`mta-sts.D` CNAME target does not resolve")
FINDING_ROW(host_takeover_risk, STAGE_POLICY_HOST, EFFECT_WEAK, RULE_NONE,
    "dangling to a claimable platform (github.io, azurewebsites, azurestaticapps, cloudfront, netlify, herokuapp ...) or platform \"no such site\" page")
FINDING_ROW(host_wildcard_dns, STAGE_POLICY_HOST, EFFECT_INFO, RULE_NONE,
    "`mta-sts.D` answers the same as a random sibling: exists only through DNS wildcard")
FINDING_ROW(host_address_private, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "resolves to private/loopback (also an SSRF guard)")
FINDING_ROW(host_unclaimed_at_provider, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "CNAME to a known hosted-STS provider + TLS alert/empty body/expired cert")
FINDING_ROW(host_tcp_refused, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "every address refuses on 443 (RST)")
FINDING_ROW(host_tcp_timeout, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "no TCP connection on 443 within the deadline on any address, or unreachable by ICMP")
FINDING_ROW(host_v6_broken, STAGE_POLICY_HOST, EFFECT_WEAK, RULE_NONE,
    "AAAA fails, A works (or reverse)")
FINDING_ROW(host_addr_disagree, STAGE_POLICY_HOST, EFFECT_WEAK, RULE_NONE,
    "different addresses of the host give different cert or policy bytes")
FINDING_ROW(tls_handshake_alert, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "fatal alert in the handshake (unrecognized_name, internal_error, handshake_failure …): no certificate for this SNI; alert protocol_version is `tls_version_low`")
FINDING_ROW(tls_not_spoken, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "the port answers, but not with TLS (plain HTTP, SSH …)")
FINDING_ROW(tls_handshake_failed, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "connection reset, closed or silent until the deadline in the handshake, without an alert, on every address")
FINDING_ROW(tls_version_low, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "TLS 1.1 or lower is all that the host negotiates (RFC 8461 7.2 asks for 1.2 or later)")
FINDING_ROW(tls_cert_name, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "no SAN dNSName matches `mta-sts.D`; exactly one of tls_cert_name, _provider_name, _apex_only, _cn_only, _wildcard_bad is given, this one when no other fits")
FINDING_ROW(tls_cert_provider_name, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "subclass: SAN covers the CNAME target but not `mta-sts.D` (8.2)")
FINDING_ROW(tls_cert_apex_only, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "subclass: SAN covers D/www.D or `*.D`-less names, i.e. generic web host")
FINDING_ROW(tls_cert_cn_only, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "CN matches, no SAN dNSName (DNS-ID only, 3.3)")
FINDING_ROW(tls_cert_wildcard_bad, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "only a partial or multi-label wildcard would match")
FINDING_ROW(tls_cert_expired, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "notAfter < now")
FINDING_ROW(tls_cert_future, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "notBefore > now")
FINDING_ROW(tls_cert_self_signed, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "leaf is its own issuer")
FINDING_ROW(tls_cert_untrusted, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "the chain ends in an unknown issuer, and no AIA fetch mends it")
FINDING_ROW(tls_chain_incomplete, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "the chain as served does not validate, and does after fetching the intermediate that AIA names")
FINDING_ROW(tls_cert_revoked, STAGE_POLICY_HOST, EFFECT_DISAGREE, RULE_NONE,
    "OCSP/CRL revoked (RFC MAY check)")
FINDING_ROW(tls_cert_expiring, STAGE_POLICY_HOST, EFFECT_WEAK, RULE_NONE,
    "notAfter within 14 days")
FINDING_ROW(http_404, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "status 404")
FINDING_ROW(http_status, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "other non-200, non-3xx, non-429 status (403, 410, 5xx); only 200 is valid")
FINDING_ROW(http_limited, STAGE_POLICY_HOST, EFFECT_UNDETERMINED, RULE_NONE,
    "429: the host limits us; retried later once")
FINDING_ROW(http_challenge, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "403 or 503 with the marks of a bot challenge or WAF")
FINDING_ROW(http_redirect, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "3xx; sub-label same-host / cross-host / to http / to www / target valid")
FINDING_ROW(http_timeout, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "headers or body exceed budget (RFC suggests 60 s; senders use 4-60 s)")
FINDING_ROW(http_slow, STAGE_POLICY_HOST, EFFECT_DISAGREE, RULE_NONE,
    "fetch succeeds in more than 4 s: a sender with postfix-mta-sts-resolver's default would fail it")
FINDING_ROW(http_truncated, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "short body vs Content-Length, chunk error, protocol error")
FINDING_ROW(http_too_large, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "body > 64 KiB (3.3 suggests the limit; most senders apply it)")
FINDING_ROW(http_empty, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "200 with empty/blank body")
FINDING_ROW(http_type_missing, STAGE_POLICY_HOST, EFFECT_DISAGREE, RULE_NONE,
    "no Content-Type")
FINDING_ROW(http_type_wrong, STAGE_POLICY_HOST, EFFECT_DISAGREE, RULE_NONE,
    "media type != text/plain (SHOULD)")
FINDING_ROW(http_charset, STAGE_POLICY_HOST, EFFECT_DISAGREE, RULE_NONE,
    "charset other than utf-8/us-ascii (PMR decodes with it)")
FINDING_ROW(http_encoding, STAGE_POLICY_HOST, EFFECT_DISAGREE, RULE_NONE,
    "Content-Encoding applied though not requested; decoded and judged")
FINDING_ROW(http_html_200, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_VOID,
    "200 with an HTML body, parking page or soft 404; its lines are then not judged as a policy (no `pol_*` rows)")
FINDING_ROW(policy_wrong_path, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_NONE,
    "beside `http_404`: found at `/mta-sts.txt`, the apex `/.well-known/`, `.json` (draft), or by plain http")
FINDING_ROW(policy_orphan, STAGE_POLICY_HOST, EFFECT_FALLBACK, RULE_NONE,
    "valid policy served but no STS-like TXT (seen only where the policy host of non-adopters is fetched: `--all-policy`, baselines)")
FINDING_ROW(pol_version_missing, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "no `version` key")
FINDING_ROW(pol_version_bad, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "value != `STSv1`")
FINDING_ROW(pol_version_not_first, STAGE_POLICY, EFFECT_INFO, RULE_NONE,
    "legal per ABNF; Google/PowerDMARC docs demand first line")
FINDING_ROW(pol_mode_missing, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "no `mode`")
FINDING_ROW(pol_mode_bad, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "not enforce/testing/none (case-sensitive)")
FINDING_ROW(pol_mode_report, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "legacy `report`")
FINDING_ROW(pol_mode_testing, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "testing (age since first seen matters)")
FINDING_ROW(pol_mode_none, STAGE_POLICY, EFFECT_INFO, RULE_NONE,
    "none: opt-out state")
FINDING_ROW(pol_max_age_missing, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "no `max_age`")
FINDING_ROW(pol_max_age_invalid, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "not 1*10DIGIT (sign, decimal, unit, comma)")
FINDING_ROW(pol_max_age_over, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "max_age > 31557600: over the maximum of 3.2")
FINDING_ROW(pol_max_age_zero, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "0 (legal, useless)")
FINDING_ROW(pol_max_age_short, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "max_age < 86400")
FINDING_ROW(pol_max_age_weak, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "mode enforce and 86400 <= max_age < 1209600 (two weeks; the RFC expects \"weeks or greater\")")
FINDING_ROW(pol_mx_missing, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "mode enforce/testing and no `mx`")
FINDING_ROW(pol_mx_missing_none_ok, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "mode none without mx: legal, but CHQ NCSC AYK MIM reject/flag")
FINDING_ROW(pol_mx_empty, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "`mx:` with no value")
FINDING_ROW(pol_mx_email, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "value has `@`")
FINDING_ROW(pol_mx_url, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "value has scheme, slash or port")
FINDING_ROW(pol_mx_priority, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "value starts with a preference number (`10 mail...`)")
FINDING_ROW(pol_mx_list, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "several hosts on one line (comma/space/semicolon)")
FINDING_ROW(pol_mx_trailing_dot, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "ends with `.`")
FINDING_ROW(pol_mx_ip, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "value is an IPv4 address: the Domain grammar cannot forbid it; matches no MX name; breaks some senders")
FINDING_ROW(pol_mx_ip6, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "value is an IPv6 address or a bracketed literal")
FINDING_ROW(pol_mx_leading_dot, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "draft syntax `.example.com`")
FINDING_ROW(pol_mx_wildcard_bad, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "`*` alone, `*foo.x`, `a.*.x`, `*.*.x`, wildcard not followed by `.`")
FINDING_ROW(pol_mx_ulabel, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "non-ASCII (U-label) instead of A-label")
FINDING_ROW(pol_mx_underscore, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "underscore in a label (not RFC 5321 Domain): the one malformed mx value that is tolerated")
FINDING_ROW(pol_mx_syntax, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "any other value outside `[\"*.\"] Domain`: empty label, leading or trailing hyphen, over-long, other characters")
FINDING_ROW(pol_mx_single_label, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "no dot")
FINDING_ROW(pol_mx_public_suffix, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "`*.<public suffix>` or `*.tld`")
FINDING_ROW(pol_mx_wildcard_own, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "`*.D`, D the policy domain: any host with a certificate under D qualifies (10.4)")
FINDING_ROW(pol_mx_wildcard_shared, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "wildcard over a multi-tenant domain of providers.tsv, Exchange Online's own names excepted, where one tenant receives for one domain")
FINDING_ROW(pol_mx_policy_host, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "mx lists `mta-sts.D` or `_mta-sts.D`")
FINDING_ROW(pol_key_typo, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "unknown key at Damerau-Levenshtein distance 1 of `mode`, `version` or `max_age` (2 for the latter two), or one of `nmx mxs mxx xm max-age maxage`; the line is ignored as any unknown key, a missing field then has its own row")
FINDING_ROW(pol_key_case, STAGE_POLICY, EFFECT_WEAK, RULE_NONE,
    "`Version:`, `MX:` (keys are case-sensitive): the line is ignored, a missing field then has its own row")
FINDING_ROW(pol_key_unknown, STAGE_POLICY, EFFECT_INFO, RULE_NONE,
    "well-formed extension key (SHALL be ignored)")
FINDING_ROW(pol_key_dup, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "non-mx key twice (first wins); worse if values differ")
FINDING_ROW(pol_line_malformed, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "a non-blank line without `:`, or with white space before the key or before `:`; white space is trimmed and the field read, other such lines are ignored")
FINDING_ROW(pol_value_colon, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "value contains `:` (e.g. IPv6, URL, extension)")
FINDING_ROW(pol_blank_line, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "empty line inside or at the end: outside the ABNF, ignored")
FINDING_ROW(pol_eol_lf, STAGE_POLICY, EFFECT_INFO, RULE_NONE,
    "bare LF (legal by ABNF, erratum 6253)")
FINDING_ROW(pol_eol_cr, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "bare CR, U+2028 or mixed line ends; lines end at LF or CRLF only, so what follows a bare CR belongs to the line before it")
FINDING_ROW(pol_literal_escape, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "literal `\\n` / `\\r\\n` text, or all keys on one line")
FINDING_ROW(pol_bom, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "UTF-8/UTF-16 BOM before `version`")
FINDING_ROW(pol_non_ascii, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "byte > 0x7F outside extension values (void only where it makes a standard field unreadable)")
FINDING_ROW(pol_comment, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "`#` or `//` line")
FINDING_ROW(pol_quoted, STAGE_POLICY, EFFECT_FALLBACK, RULE_VOID,
    "values in quotes")
FINDING_ROW(pol_accept_set, STAGE_POLICY, EFFECT_DISAGREE, RULE_NONE,
    "derived: which of the known sender parsers accept the file (strict / RFC-liberal / first-dup / last-dup)")
FINDING_ROW(mx_unlisted_all, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_SUM,
    "no MX host matches any valid pattern")
FINDING_ROW(mx_unlisted_primary, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_SUM,
    "lowest-preference MX unmatched, another matched")
FINDING_ROW(mx_unlisted_backup, STAGE_MX_CONSISTENCY, EFFECT_WEAK, RULE_SUM,
    "only higher-preference MX unmatched: latent until primary fails (8.4)")
FINDING_ROW(mx_pattern_unused, STAGE_MX_CONSISTENCY, EFFECT_WEAK, RULE_NONE,
    "pattern matches no current MX")
FINDING_ROW(mx_mismatch_tld, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_MX,
    "same labels as a pattern, other TLD; one kind an unlisted MX, the first that holds in the order typo, tld, 3ld, domain")
FINDING_ROW(mx_mismatch_typo, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_MX,
    "unlisted MX at edit distance 1 to 3 of a pattern (wildcard label aside), same TLD; one kind an unlisted MX, the first that holds in the order typo, tld, 3ld, domain")
FINDING_ROW(mx_mismatch_3ld, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_MX,
    "same registrable domain as a pattern, labels differ from the third on; one kind an unlisted MX, the first that holds in the order typo, tld, 3ld, domain")
FINDING_ROW(mx_mismatch_domain, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_MX,
    "registrable domain differs from every pattern's; one kind an unlisted MX, the first that holds in the order typo, tld, 3ld, domain")
FINDING_ROW(mx_wildcard_depth, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_MX,
    "would match only if `*` spanned >1 label (`*.mx.microsoft` vs `t.h-v1.mx.microsoft`)")
FINDING_ROW(mx_wildcard_apex, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_MX,
    "`*.x` vs MX `x`")
FINDING_ROW(mx_wildcard_no_need, STAGE_MX_CONSISTENCY, EFFECT_WEAK, RULE_NONE,
    "a wildcard pattern although every MX that it matches has a fixed name, shared by all customers or the domain's own, of a provider that is not Exchange Online")
FINDING_ROW(mx_exchange_pattern_no_exchange, STAGE_MX_CONSISTENCY, EFFECT_WEAK, RULE_NONE,
    "policy lists `*.mail.protection.outlook.com`/`*.mx.microsoft` but no MX is Microsoft")
FINDING_ROW(mx_exchange_v1_missing, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_MX,
    "MX is `*.<letter>-v1.mx.microsoft`, policy only has the outlook.com pattern")
FINDING_ROW(mx_cname_target_listed, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_MX,
    "policy lists the CNAME target of the MX, not the MX name")
FINDING_ROW(mx_unlistable, STAGE_MX_CONSISTENCY, EFFECT_DISAGREE, RULE_MX,
    "MX name has `_` or other char the mx ABNF cannot express")
FINDING_ROW(mx_provider_split, STAGE_MX_CONSISTENCY, EFFECT_INFO, RULE_NONE,
    "policy-host provider != MX provider (IMC: 3.4% bad vs ~0% when same)")
FINDING_ROW(mx_provider_migrated, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_SUM,
    "MX fingerprint = provider B, all patterns = provider A")
FINDING_ROW(verdict_undeliverable, STAGE_MX_CONSISTENCY, EFFECT_BLOCKS, RULE_SUM,
    "enforce, and no reachable MX address passes name, STARTTLS and PKIX")
FINDING_ROW(verdict_degraded, STAGE_MX_CONSISTENCY, EFFECT_WEAK, RULE_SUM,
    "enforce, and some MX addresses pass but not all")
FINDING_ROW(verdict_would_block, STAGE_MX_CONSISTENCY, EFFECT_WEAK, RULE_SUM,
    "mode testing, and not every MX passes")
FINDING_ROW(verdict_ready, STAGE_MX_CONSISTENCY, EFFECT_INFO, RULE_SUM,
    "mode testing, every MX passes: safe to enforce")
FINDING_ROW(smtp_refused, STAGE_MX_TLS, EFFECT_WEAK, RULE_NONE,
    "every address refuses on 25")
FINDING_ROW(smtp_timeout, STAGE_MX_TLS, EFFECT_UNDETERMINED, RULE_NONE,
    "connect/banner timeout")
FINDING_ROW(smtp_unroutable, STAGE_MX_TLS, EFFECT_UNDETERMINED, RULE_NONE,
    "only addresses of a family that the scan does not use (no route, `-4`, `-6`), or blocked by the user's own list")
FINDING_ROW(smtp_nolisting, STAGE_MX_TLS, EFFECT_INFO, RULE_NONE,
    "primary MX closed, others open: spam-trap pattern")
FINDING_ROW(smtp_blocked_vantage, STAGE_MX_TLS, EFFECT_UNDETERMINED, RULE_NONE,
    "421, 450, 451, 521, 550 or 554 at banner or EHLO, with or without a reason: says nothing about TLS")
FINDING_ROW(smtp_ehlo_failed, STAGE_MX_TLS, EFFECT_UNDETERMINED, RULE_NONE,
    "EHLO and HELO rejected / protocol error")
FINDING_ROW(starttls_missing, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "220+EHLO fine, no STARTTLS (repeat later: greylisting hides it)")
FINDING_ROW(starttls_refused, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "advertised after EHLO, then answered 4xx or 5xx")
FINDING_ROW(starttls_handshake, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "alert, end of file or silence until the deadline during the handshake")
FINDING_ROW(mx_tls_version_low, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "<TLS1.2")
FINDING_ROW(mx_cert_name, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "no SAN dNSName matches the MX name; exactly one of mx_cert_name, _cn_only, _domain_only, _wildcard_bad is given, this one when no other fits")
FINDING_ROW(mx_cert_cn_only, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "only CN matches (4.2 needs SAN DNS-ID); IMC counted CN as ok")
FINDING_ROW(mx_cert_domain_only, STAGE_MX_TLS, EFFECT_DISAGREE, RULE_MX,
    "SAN matches the policy domain or a policy pattern but not the MX name (old Postfix accepted it)")
FINDING_ROW(mx_cert_expired, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "notAfter < now")
FINDING_ROW(mx_cert_future, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "notBefore > now")
FINDING_ROW(mx_cert_self_signed, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "self-signed leaf")
FINDING_ROW(mx_cert_untrusted, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "unknown root")
FINDING_ROW(mx_chain_incomplete, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "the chain as served does not validate, and does after fetching the intermediate that AIA names")
FINDING_ROW(mx_cert_wildcard_bad, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_MX,
    "only partial/multi-label wildcard matches")
FINDING_ROW(mx_cert_revoked, STAGE_MX_TLS, EFFECT_DISAGREE, RULE_NONE,
    "OCSP/CRL revoked")
FINDING_ROW(mx_cert_expiring, STAGE_MX_TLS, EFFECT_WEAK, RULE_NONE,
    "notAfter within 14 days")
FINDING_ROW(mx_cert_weak, STAGE_MX_TLS, EFFECT_WEAK, RULE_NONE,
    "SHA-1 or MD5 signature, or RSA < 2048")
FINDING_ROW(mx_sni_dependent, STAGE_MX_TLS, EFFECT_DISAGREE, RULE_NONE,
    "with SNI valid, without SNI another cert: senders without SNI fail")
FINDING_ROW(mx_sni_enforced, STAGE_MX_TLS, EFFECT_DISAGREE, RULE_NONE,
    "handshake aborted when SNI is absent (7.1 MUST NOT), fine with it (looked for under `--deep`)")
FINDING_ROW(mx_ip_disagree, STAGE_MX_TLS, EFFECT_WEAK, RULE_NONE,
    "addresses of one MX differ in STARTTLS or cert")
FINDING_ROW(mx_v6_disagree, STAGE_MX_TLS, EFFECT_WEAK, RULE_NONE,
    "IPv6 fails, IPv4 passes")
FINDING_ROW(mx_all_invalid, STAGE_MX_TLS, EFFECT_BLOCKS, RULE_SUM,
    "every MX PKIX-invalid")
FINDING_ROW(mx_some_invalid, STAGE_MX_TLS, EFFECT_WEAK, RULE_SUM,
    "some MX invalid")
FINDING_ROW(rpt_absent, STAGE_TLSRPT, EFFECT_INFO, RULE_NONE,
    "no `_smtp._tls` TXT")
FINDING_ROW(rpt_absent_with_sts, STAGE_TLSRPT, EFFECT_WEAK, RULE_NONE,
    "STS present, TLSRPT absent (testing mode then reports to nobody)")
FINDING_ROW(rpt_multiple, STAGE_TLSRPT, EFFECT_FALLBACK, RULE_NONE,
    ">1 record beginning `v=TLSRPTv1;`")
FINDING_ROW(rpt_version_bad, STAGE_TLSRPT, EFFECT_FALLBACK, RULE_NONE,
    "not exactly `v=TLSRPTv1` first")
FINDING_ROW(rpt_rua_missing, STAGE_TLSRPT, EFFECT_FALLBACK, RULE_NONE,
    "no rua")
FINDING_ROW(rpt_rua_scheme, STAGE_TLSRPT, EFFECT_FALLBACK, RULE_NONE,
    "no URI of rua is mailto or https (some are, others not: `rpt_rua_unencoded` or `rpt_rua_mail_invalid` as fits)")
FINDING_ROW(rpt_rua_unencoded, STAGE_TLSRPT, EFFECT_DISAGREE, RULE_NONE,
    "raw `,` `!` `;` inside a URI")
FINDING_ROW(rpt_rua_mail_invalid, STAGE_TLSRPT, EFFECT_WEAK, RULE_NONE,
    "mailto address malformed")
FINDING_ROW(rpt_rua_dead, STAGE_TLSRPT, EFFECT_WEAK, RULE_NONE,
    "rua domain NXDOMAIN/null MX, or https host unresolvable/invalid")
FINDING_ROW(rpt_rua_self, STAGE_TLSRPT, EFFECT_INFO, RULE_NONE,
    "rua mailbox inside the failing policy domain")
FINDING_ROW(rpt_wrong_label, STAGE_TLSRPT, EFFECT_FALLBACK, RULE_NONE,
    "record at apex, `_smtp-tlsrpt` (draft), `_smtp._tcp`, `_tls`")
FINDING_ROW(rpt_foreign_txt, STAGE_TLSRPT, EFFECT_INFO, RULE_NONE,
    "other TXT at the name")
FINDING_ROW(rpt_dup_or_ext, STAGE_TLSRPT, EFFECT_DISAGREE, RULE_NONE,
    "duplicate rua / unknown field")
FINDING_ROW(rpt_cname_dangling, STAGE_TLSRPT, EFFECT_FALLBACK, RULE_NONE,
    "CNAME to nothing")
FINDING_ROW(rpt_orphan, STAGE_TLSRPT, EFFECT_INFO, RULE_NONE,
    "TLSRPT without STS and without TLSA")
FINDING_ROW(rpt_host_missing, STAGE_TLSRPT, EFFECT_INFO, RULE_NONE,
    "DANE MX host has no TLSRPT at the TLSA base domain")
FINDING_ROW(drift_policy_same_id, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "policy bytes changed, id unchanged: cached senders never refetch")
FINDING_ROW(drift_id_same_policy, STAGE_DRIFT, EFFECT_INFO, RULE_NONE,
    "id changed, semantics unchanged (timestamp ids)")
FINDING_ROW(drift_id_reused, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "id returns to a value seen with other content")
FINDING_ROW(drift_txt_first, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "a new id was seen while the old body was still served, and a later scan sees the body change under that id (8.1 order; needs two baselines)")
FINDING_ROW(drift_mx_moved, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "MX set changed since last scan, policy did not")
FINDING_ROW(drift_pattern_was_mx, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "unmatched pattern equals a historical MX")
FINDING_ROW(drift_removed_abruptly, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "last seen enforce/testing still inside max_age, now TXT or policy gone, never `none`")
FINDING_ROW(drift_txt_gone, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "TXT gone, policy still served")
FINDING_ROW(drift_policy_gone, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "policy no longer served, TXT stays")
FINDING_ROW(drift_none_too_early, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "`none` shown for less than the previous max_age before removal")
FINDING_ROW(drift_none_long_age, STAGE_DRIFT, EFFECT_INFO, RULE_NONE,
    "mode none with long max_age (8.3: small)")
FINDING_ROW(drift_downgrade, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "enforce -> testing/none")
FINDING_ROW(drift_max_age_cut, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "max_age shortened; older longer caches may persist")
FINDING_ROW(drift_cache_conflict, STAGE_DRIFT, EFFECT_BLOCKS, RULE_NONE,
    "an unexpired earlier policy in enforce refuses the present MX set or certificates: mail bounces today")
FINDING_ROW(drift_flap, STAGE_DRIFT, EFFECT_WEAK, RULE_NONE,
    "policy/cert alternates between scans (load-balanced hosts)")
FINDING_ROW(drift_provider_changed, STAGE_DRIFT, EFFECT_INFO, RULE_NONE,
    "policy-host or MX provider fingerprint changed")
FINDING_ROW(dane_absent, STAGE_DANE, EFFECT_STATE, RULE_NONE,
    "no TLSA at `_25._tcp.MX`")
FINDING_ROW(dane_zone_unsigned, STAGE_DANE, EFFECT_INFO, RULE_NONE,
    "MX answer not DNSSEC-secure")
FINDING_ROW(dane_tlsa_insecure, STAGE_DANE, EFFECT_WEAK, RULE_NONE,
    "TLSA exists, not secure")
FINDING_ROW(dane_mx_insecure, STAGE_DANE, EFFECT_WEAK, RULE_NONE,
    "secure TLSA, insecure MX RRset")
FINDING_ROW(dane_partial, STAGE_DANE, EFFECT_WEAK, RULE_NONE,
    "TLSA on some MX only")
FINDING_ROW(dane_unusable, STAGE_DANE, EFFECT_WEAK, RULE_NONE,
    "only usages 0/1, bad selector/matching, unparsable")
FINDING_ROW(dane_mismatch, STAGE_DANE, EFFECT_BLOCKS, RULE_NONE,
    "secure usable TLSA, none matches the live chain")
FINDING_ROW(dane_lookup_failed, STAGE_DANE, EFFECT_WEAK, RULE_NONE,
    "TLSA SERVFAIL, bogus or timeout for a host whose MX and address answers are secure: DANE senders defer (with an insecure address RRset RFC 7672 asks no TLSA: not raised)")
FINDING_ROW(dane_no_rollover, STAGE_DANE, EFFECT_INFO, RULE_NONE,
    "no second TLSA for next key")
FINDING_ROW(dane_fails_sts_passes, STAGE_DANE, EFFECT_BLOCKS, RULE_NONE,
    "MUST NOT override: DANE senders bounce, STS-only deliver, PMR delivers (override bug #67)")
FINDING_ROW(sts_fails_dane_passes, STAGE_DANE, EFFECT_BLOCKS, RULE_NONE,
    "STS-only senders (Gmail) bounce, DANE-first senders deliver")
FINDING_ROW(dane_and_sts_ok, STAGE_DANE, EFFECT_INFO, RULE_NONE,
    "both valid")
/* clang-format on */
