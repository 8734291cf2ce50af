/* Words for people: FINDING_HELP(code, section, why it matters, how to mend it), one row a code in
 * the order of findings_table.h.
 *
 * `section` is the part of an RFC that the row rests on. Included wherever a row's parts are
 * needed, with FINDING_HELP defined; has no include guard on purpose. */
/* clang-format off */
FINDING_HELP(sts_absent, "RFC 8461 3.1",
    "Senders find no MTA-STS record, so they deliver with opportunistic TLS and anyone on the path can strip it.",
    "Publish a policy on the policy host first, then a TXT record `v=STSv1; id=<new id>;` at `_mta-sts.<domain>`.")
FINDING_HELP(sts_dns_timeout, "RFC 8461 3.1",
    "The name servers did not answer, so nothing can be said of the record; a sender that sees the same uses what it has cached or nothing.",
    "Check that all name servers of the zone are reachable over UDP and TCP port 53, then scan again.")
FINDING_HELP(sts_dns_servfail, "RFC 8461 3.1",
    "The lookup failed, so a sender cannot discover the policy while this lasts.",
    "Look at the delegation and the name servers of the zone; every one must answer for `_mta-sts`.")
FINDING_HELP(sts_dns_bogus, "RFC 8461 3.1",
    "DNSSEC validation fails, so validating resolvers withhold the record from senders.",
    "Renew the zone's signatures or correct the DS record at the parent.")
FINDING_HELP(sts_ns_inconsistent, "RFC 8461 3.1",
    "Senders see the record or do not, depending on which name server they happen to ask.",
    "Bring all authoritative servers to the same zone version; check serial numbers and zone transfers.")
FINDING_HELP(sts_multiple, "RFC 8461 3.1",
    "With more than one record senders must behave as if there were none.",
    "Delete all but one of the TXT records that begin with `v=STSv1`.")
FINDING_HELP(sts_foreign_txt, "RFC 8461 3.1",
    "Other TXT records at this name are ignored by conforming senders, but some tools stumble over them.",
    "Move unrelated TXT records away from `_mta-sts`.")
FINDING_HELP(sts_only_foreign_txt, "RFC 8461 3.1",
    "TXT records stand here, but none of them is for MTA-STS, so the domain counts as without it.",
    "Nothing is needed unless MTA-STS was intended; then add a `v=STSv1` record.")
FINDING_HELP(sts_wildcard_txt, "RFC 8461 3.1",
    "The record exists for every name of the zone, so subdomains that were never meant to have MTA-STS seem to have it.",
    "Publish the record at `_mta-sts` itself and take it out of the wildcard.")
FINDING_HELP(sts_version_bad, "RFC 8461 3.1",
    "The version field must be exactly `v=STSv1`; with anything else senders ignore the record.",
    "Write the record as `v=STSv1; id=<id>;`, with this upper and lower case.")
FINDING_HELP(sts_version_not_first, "RFC 8461 3.1",
    "Senders keep only records that begin with the version, so this one is dropped.",
    "Move `v=STSv1` to the front of the record.")
FINDING_HELP(sts_version_ws, "RFC 8461 3.1",
    "Some senders look for the letters `v=STSv1;` and drop a record with a blank before the semicolon.",
    "Remove the white space between `v=STSv1` and the semicolon.")
FINDING_HELP(sts_id_missing, "RFC 8461 3.1",
    "Without an id senders cannot tell when the policy changes, and must ignore the record.",
    "Add `id=` with up to 32 letters and digits, for example a date.")
FINDING_HELP(sts_id_chars, "RFC 8461 3.1",
    "The id may hold letters and digits only; strict senders void the record.",
    "Choose an id without hyphens, dots or underscores.")
FINDING_HELP(sts_id_length, "RFC 8461 3.1",
    "The id must have 1 to 32 characters; strict senders void the record.",
    "Shorten the id, or give it a value.")
FINDING_HELP(sts_dup_field, "RFC 8461 3.1",
    "A field stands twice; the first counts by the RFC, but some senders take the last.",
    "Keep each field once.")
FINDING_HELP(sts_ext_invalid, "RFC 8461 3.1",
    "A further field breaks the grammar, so strict senders void the whole record.",
    "Remove the field, or write it as `name=value` without blanks, `=` or `;` in the value.")
FINDING_HELP(sts_ext_unknown, "RFC 8461 3.1",
    "A further field is well-formed but unknown; senders ignore it.",
    "Remove it unless you know what reads it.")
FINDING_HELP(sts_policy_in_txt, "RFC 8461 3.1",
    "Policy keys have no meaning in the TXT record; senders read them from the policy file only.",
    "Remove `mode`, `mx` and `max_age` from the record and put them in the policy file.")
FINDING_HELP(sts_syntax_other, "RFC 8461 3.1",
    "The record breaks the grammar (an empty field, a missing delimiter or a token without `=`), so senders ignore it.",
    "Write it as `v=STSv1; id=<id>;` and nothing else.")
FINDING_HELP(sts_non_ascii, "RFC 8461 3.1",
    "The record holds bytes outside ASCII, often typographic quotes or a non-breaking space, and is void.",
    "Type the record again in a plain text editor.")
FINDING_HELP(sts_literal_quotes, "RFC 8461 3.1",
    "Quotes or backslashes became part of the value, so it does not begin with the version.",
    "Enter the value without quotes in the DNS provider's form.")
FINDING_HELP(sts_multi_string, "RFC 8461 3.1",
    "The record is split into several character-strings; some software joins them with a blank or reads only the first.",
    "Publish it as one string; it is far shorter than 255 bytes.")
FINDING_HELP(sts_at_apex, "RFC 8461 3.1",
    "The record stands at the domain itself, where no sender looks for it.",
    "Move it to `_mta-sts.<domain>`.")
FINDING_HELP(sts_at_policy_host, "RFC 8461 3.1",
    "The record stands at `mta-sts`, without the underscore, where no sender looks for it.",
    "Move it to `_mta-sts.<domain>`.")
FINDING_HELP(sts_legacy_label, "RFC 8461 3.1",
    "The record stands at a label of an old draft, where no sender looks for it.",
    "Move it to `_mta-sts.<domain>`.")
FINDING_HELP(sts_cname, "RFC 8461 3.1",
    "The record is delegated by a CNAME, which senders must follow.",
    "Nothing is needed; make sure that the provider still serves you.")
FINDING_HELP(sts_cname_dangling, "RFC 8461 3.1",
    "The CNAME leads to nothing, so MTA-STS is off although it was meant to be on.",
    "Set the name up again at the provider, or remove the CNAME.")
FINDING_HELP(sts_cname_loop, "RFC 8461 3.1",
    "The CNAME chain never ends, so senders find no record.",
    "Point the CNAME directly at a name that holds the TXT record.")
FINDING_HELP(sts_half_delegated, "RFC 8461 8.2",
    "Record and policy are not delegated to the same hoster, so one can change without the other.",
    "Delegate both `_mta-sts` and `mta-sts` to the same provider, or neither.")
FINDING_HELP(sts_parent_only, "RFC 8461 3.4",
    "The parent domain has MTA-STS, but a subdomain never inherits it and stays unprotected.",
    "Publish a record and a policy for the subdomain itself.")
FINDING_HELP(sts_ttl_long, "RFC 8461 8.1",
    "Resolvers keep the record for more than a day, so a new policy is noticed late.",
    "Lower the TTL of the TXT record to a few hours at most.")
FINDING_HELP(sts_on_null_mx, "RFC 8461 3.1",
    "The domain says that it receives no mail, so its MTA-STS protects nothing.",
    "Remove the MTA-STS record, or the null MX if mail is expected.")
FINDING_HELP(mx_null, "RFC 7505",
    "The domain declares by a null MX that it takes no mail.",
    "Nothing is needed.")
FINDING_HELP(mx_null_mixed, "RFC 7505",
    "A null MX beside others is forbidden by RFC 7505 and senders treat it differently.",
    "Remove the MX record with target `.`.")
FINDING_HELP(mx_implicit, "RFC 8461 4.1",
    "There is no MX record, so mail goes to the domain's own address, and the policy must list the domain itself.",
    "Publish MX records, or list the domain in the policy.")
FINDING_HELP(mx_none, "RFC 8461 4.1",
    "The domain has neither MX nor address, so it receives no mail.",
    "Nothing is needed; a null MX would say it clearly.")
FINDING_HELP(mx_lookup_failed, "RFC 8461 4.1",
    "The MX lookup failed, so it cannot be said where mail goes.",
    "Check the name servers of the domain and scan again.")
FINDING_HELP(mx_host_no_address, "RFC 8461 4.1",
    "An MX host has no address, so senders skip it and lose time.",
    "Give the host an A or AAAA record, or remove the MX.")
FINDING_HELP(mx_host_cname, "RFC 5321 5.1",
    "An MX must not point to an alias (RFC 5321); senders then differ in the name that they verify.",
    "Point the MX at the real host name, and list that one in the policy.")
FINDING_HELP(mx_host_invalid, "RFC 5321 5.1",
    "The MX target is not a host name that mail can be sent to.",
    "Use a fully qualified host name with address records.")
FINDING_HELP(mx_host_private, "RFC 8461 4.1",
    "The MX leads only to private or reserved addresses, which nobody outside can reach.",
    "Publish a public address or remove the MX.")
FINDING_HELP(mx_duplicate, "RFC 8461 4.1",
    "The same host is listed in several MX records, which adds nothing.",
    "Keep one MX record for each host.")
FINDING_HELP(mx_ms_verification, "RFC 8461 4.1",
    "An MX under `msv1.invalid` is only Microsoft's proof of ownership.",
    "Remove it once the domain is verified.")
FINDING_HELP(host_absent, "RFC 8461 3.3",
    "The record announces a policy, but the policy host does not exist, so there is no policy.",
    "Create `mta-sts.<domain>` and serve the policy there, or remove the TXT record.")
FINDING_HELP(host_dns_error, "RFC 8461 3.3",
    "The address of the policy host could not be looked up, so nothing is known of the policy.",
    "Check the name servers for `mta-sts.<domain>` and scan again.")
FINDING_HELP(host_unroutable, "RFC 8461 3.3",
    "This scan could not use any of the host's addresses, so nothing is known of the policy.",
    "Scan from a machine with that address family; publishing both IPv4 and IPv6 reaches all senders.")
FINDING_HELP(host_cname_dangling, "RFC 8461 3.3",
    "The policy host is an alias of a name that does not resolve, so senders get no policy.",
    "Set the target up again, or point `mta-sts` at a host that serves the policy.")
FINDING_HELP(host_takeover_risk, "RFC 8461 10.3",
    "The policy host points to a platform where a stranger could claim the name and publish a policy in your name.",
    "Remove the CNAME now, or claim the site again.")
FINDING_HELP(host_wildcard_dns, "RFC 8461 3.3",
    "The policy host exists only because a DNS wildcard answers for every name.",
    "Publish `mta-sts` explicitly.")
FINDING_HELP(host_address_private, "RFC 8461 3.3",
    "The policy host resolves to private or reserved addresses that senders cannot reach.",
    "Publish a public address for `mta-sts.<domain>`.")
FINDING_HELP(host_unclaimed_at_provider, "RFC 8461 8.2",
    "The name points to a policy hosting provider that does not serve this domain.",
    "Finish the set-up at the provider, or renew the contract.")
FINDING_HELP(host_tcp_refused, "RFC 8461 3.3",
    "Every address of the policy host refuses connections on port 443, so senders get no policy.",
    "Start the web server or open the firewall for port 443.")
FINDING_HELP(host_tcp_timeout, "RFC 8461 3.3",
    "The policy host does not answer on port 443, so senders get no policy.",
    "Check the firewall and that the address is still yours.")
FINDING_HELP(host_v6_broken, "RFC 8461 3.3",
    "The policy host works over one address family only; senders that prefer the other fail or are slow.",
    "Repair the web server for the failing family, or remove its address record.")
FINDING_HELP(host_addr_disagree, "RFC 8461 3.3",
    "The addresses of the policy host do not serve the same, so senders disagree about the policy.",
    "Deploy the same certificate and policy on every server behind the name.")
FINDING_HELP(tls_handshake_alert, "RFC 8461 3.3",
    "The web server has no certificate for this name and breaks off the handshake.",
    "Add `mta-sts.<domain>` to the web server and issue a certificate for it.")
FINDING_HELP(tls_not_spoken, "RFC 8461 3.3",
    "The port answers with something that is not TLS, so the policy cannot be fetched.",
    "Enable TLS on port 443 of the policy host.")
FINDING_HELP(tls_handshake_failed, "RFC 8461 3.3",
    "The TLS handshake breaks without a reason, so the policy cannot be fetched.",
    "Look at the web server's log and at firewalls in front of it.")
FINDING_HELP(tls_version_low, "RFC 8461 7.2",
    "The host speaks TLS 1.1 or older only, which senders refuse.",
    "Enable TLS 1.2 and 1.3.")
FINDING_HELP(tls_cert_name, "RFC 8461 3.3",
    "The certificate does not cover the policy host, so senders reject the policy.",
    "Issue a certificate with `mta-sts.<domain>` as subject alternative name.")
FINDING_HELP(tls_cert_provider_name, "RFC 8461 8.2",
    "The certificate is for the provider's name instead of yours, so senders reject the policy.",
    "Ask the provider to issue a certificate for `mta-sts.<domain>`.")
FINDING_HELP(tls_cert_apex_only, "RFC 8461 3.3",
    "The certificate covers the domain or its web site, but not the policy host.",
    "Add `mta-sts.<domain>` to the certificate.")
FINDING_HELP(tls_cert_cn_only, "RFC 8461 3.3",
    "The name stands only in the common name, which senders must not use.",
    "Reissue the certificate with the name as subject alternative name.")
FINDING_HELP(tls_cert_wildcard_bad, "RFC 8461 3.3",
    "The wildcard of the certificate stands for a part of a label or for several labels, which is not allowed.",
    "Use a certificate for `mta-sts.<domain>` or for `*.<domain>`.")
FINDING_HELP(tls_cert_expired, "RFC 8461 3.3",
    "The certificate has expired, so senders reject the policy.",
    "Renew the certificate and automate its renewal.")
FINDING_HELP(tls_cert_future, "RFC 8461 3.3",
    "The certificate is not valid yet, so senders reject the policy.",
    "Check the clock where it was issued, or install the previous certificate until then.")
FINDING_HELP(tls_cert_self_signed, "RFC 8461 3.3",
    "The certificate is self-signed, so no sender trusts it.",
    "Use a certificate of a public authority.")
FINDING_HELP(tls_cert_untrusted, "RFC 8461 3.3",
    "The certificate comes from an authority that senders do not trust.",
    "Use a certificate of a public authority and serve its chain.")
FINDING_HELP(tls_chain_incomplete, "RFC 8461 3.3",
    "The server leaves out the intermediate certificate; most senders do not fetch it and reject the policy.",
    "Serve the full chain, leaf first.")
FINDING_HELP(tls_cert_revoked, "RFC 8461 3.3",
    "The certificate is revoked; senders that check it reject the policy.",
    "Replace the certificate and find out why it was revoked.")
FINDING_HELP(tls_cert_expiring, "RFC 8461 3.3",
    "The certificate ends within two weeks; then the policy can no longer be fetched.",
    "Renew it now and check the automation.")
FINDING_HELP(http_404, "RFC 8461 3.3",
    "The policy file is not there, so senders have no policy.",
    "Serve it at `https://mta-sts.<domain>/.well-known/mta-sts.txt`.")
FINDING_HELP(http_status, "RFC 8461 3.3",
    "Only status 200 gives a policy; with this one senders have none.",
    "Make the web server answer 200 with the policy file.")
FINDING_HELP(http_limited, "RFC 8461 3.3",
    "The host limited our request, so the policy is unknown; senders may be limited as well.",
    "Exempt `/.well-known/mta-sts.txt` from rate limits.")
FINDING_HELP(http_challenge, "RFC 8461 3.3",
    "A bot protection stands before the policy; mail servers cannot solve its challenge.",
    "Exempt `/.well-known/mta-sts.txt` from bot protection.")
FINDING_HELP(http_redirect, "RFC 8461 3.3",
    "Senders must not follow redirects, so they have no policy.",
    "Serve the file directly from `mta-sts.<domain>`.")
FINDING_HELP(http_timeout, "RFC 8461 3.3",
    "The response takes longer than senders wait.",
    "Serve the policy as a static file from a fast host.")
FINDING_HELP(http_slow, "RFC 8461 3.3",
    "The response took over four seconds; some senders give up before.",
    "Serve the policy as a static file from a fast host.")
FINDING_HELP(http_truncated, "RFC 8461 3.3",
    "The response breaks off or violates HTTP, so senders discard it.",
    "Correct Content-Length or the proxy in front of the web server.")
FINDING_HELP(http_too_large, "RFC 8461 3.3",
    "The file is larger than 64 kilobytes and most senders discard it.",
    "Serve nothing but the policy itself.")
FINDING_HELP(http_empty, "RFC 8461 3.3",
    "The response is empty, so there is no policy.",
    "Upload the policy file again.")
FINDING_HELP(http_type_missing, "RFC 8461 3.3",
    "The response has no Content-Type; some senders insist on `text/plain`.",
    "Serve the file as `text/plain`.")
FINDING_HELP(http_type_wrong, "RFC 8461 3.3",
    "The Content-Type is not `text/plain`; some senders reject the policy for it.",
    "Serve the file as `text/plain`.")
FINDING_HELP(http_charset, "RFC 8461 3.3",
    "The charset is neither utf-8 nor us-ascii; some senders cannot read the policy.",
    "Serve the file as `text/plain; charset=utf-8`.")
FINDING_HELP(http_encoding, "RFC 8461 3.3",
    "The response is compressed although nobody asked for it; some senders read it as garbage.",
    "Switch compression off for this file.")
FINDING_HELP(http_html_200, "RFC 8461 3.3",
    "An HTML page comes instead of the policy, so senders have no policy.",
    "Serve the plain policy file at this URL instead of the web site or error page.")
FINDING_HELP(policy_wrong_path, "RFC 8461 3.3",
    "The policy was found at another place, where no sender looks.",
    "Move it to `/.well-known/mta-sts.txt` on the policy host.")
FINDING_HELP(policy_orphan, "RFC 8461 3.1",
    "A valid policy is served, but without the TXT record no sender looks for it.",
    "Publish `v=STSv1; id=<id>;` at `_mta-sts.<domain>`.")
FINDING_HELP(pol_version_missing, "RFC 8461 3.2",
    "Without a version line the policy is void.",
    "Add the line `version: STSv1`.")
FINDING_HELP(pol_version_bad, "RFC 8461 3.2",
    "The version must be exactly `STSv1`, so the policy is void.",
    "Write `version: STSv1`.")
FINDING_HELP(pol_version_not_first, "RFC 8461 3.2",
    "The order is free, but some documentation and checkers expect the version first.",
    "Move the version to the first line.")
FINDING_HELP(pol_mode_missing, "RFC 8461 3.2",
    "Without a mode the policy is void.",
    "Add `mode: enforce`, `mode: testing` or `mode: none`.")
FINDING_HELP(pol_mode_bad, "RFC 8461 3.2",
    "The mode is not enforce, testing or none in lower case, so the policy is void.",
    "Write `mode: enforce` or `mode: testing`.")
FINDING_HELP(pol_mode_report, "RFC 8461 3.2",
    "Mode `report` comes from an old draft, so the policy is void.",
    "Write `mode: testing`.")
FINDING_HELP(pol_mode_testing, "RFC 8461 5",
    "In mode testing failures are only reported and mail is delivered unprotected.",
    "When the reports stay clean, change the mode to enforce and the id of the record.")
FINDING_HELP(pol_mode_none, "RFC 8461 5",
    "Mode none switches MTA-STS off for this domain.",
    "Nothing is needed when that is meant; otherwise use testing or enforce.")
FINDING_HELP(pol_max_age_missing, "RFC 8461 3.2",
    "Without max_age the policy is void.",
    "Add `max_age: 2419200` or another number of seconds.")
FINDING_HELP(pol_max_age_invalid, "RFC 8461 3.2",
    "max_age must be one to ten digits, so the policy is void.",
    "Write plain seconds without unit, sign or separators.")
FINDING_HELP(pol_max_age_over, "RFC 8461 3.2",
    "max_age is above the maximum of 31557600 seconds; many senders void the policy.",
    "Use a year at most.")
FINDING_HELP(pol_max_age_zero, "RFC 8461 3.2",
    "With max_age 0 nothing is cached and an attacker who blocks the fetch disables the policy; some senders reject it.",
    "Use weeks, for example 2419200.")
FINDING_HELP(pol_max_age_short, "RFC 8461 3.2",
    "A cache of less than a day protects little, and some senders reject or raise the value.",
    "Use weeks, for example 2419200.")
FINDING_HELP(pol_max_age_weak, "RFC 8461 3.2",
    "An enforcing policy should be cached for weeks so that an attacker cannot wait it out.",
    "Raise max_age to 1209600 or more.")
FINDING_HELP(pol_mx_missing, "RFC 8461 3.2",
    "A policy in mode enforce or testing needs an mx line; without it it is void.",
    "Add one `mx:` line for each MX host.")
FINDING_HELP(pol_mx_missing_none_ok, "RFC 8461 3.2",
    "Mode none needs no mx line, but some senders and checkers reject the policy.",
    "Keep the mx lines until the policy is removed.")
FINDING_HELP(pol_mx_empty, "RFC 8461 3.2",
    "An mx line has no value, so the policy is void.",
    "Write a host name or remove the line.")
FINDING_HELP(pol_mx_email, "RFC 8461 3.2",
    "An mx line holds a mail address, so the policy is void.",
    "Write the MX host name instead.")
FINDING_HELP(pol_mx_url, "RFC 8461 3.2",
    "An mx line holds a URL, a path or a port, so the policy is void.",
    "Write the MX host name alone.")
FINDING_HELP(pol_mx_priority, "RFC 8461 3.2",
    "An mx line begins with a preference number, so the policy is void.",
    "Write the host name without its preference.")
FINDING_HELP(pol_mx_list, "RFC 8461 3.2",
    "An mx line names several hosts, so the policy is void.",
    "Write one `mx:` line for each host.")
FINDING_HELP(pol_mx_trailing_dot, "RFC 8461 3.2",
    "An mx value ends with a dot, so the policy is void.",
    "Remove the dot.")
FINDING_HELP(pol_mx_ip, "RFC 8461 3.2",
    "An mx value is an IPv4 address, which never matches an MX name.",
    "Write the MX host name instead.")
FINDING_HELP(pol_mx_ip6, "RFC 8461 3.2",
    "An mx value is an IPv6 address or a literal, so the policy is void.",
    "Write the MX host name instead.")
FINDING_HELP(pol_mx_leading_dot, "RFC 8461 3.2",
    "A leading dot is the wildcard of an old draft and voids the policy.",
    "Write `*.example.com` instead of `.example.com`.")
FINDING_HELP(pol_mx_wildcard_bad, "RFC 8461 3.2",
    "A wildcard may only be the whole left-most label, so the policy is void.",
    "Write `*.` followed by a domain, or name the hosts.")
FINDING_HELP(pol_mx_ulabel, "RFC 8461 3.2",
    "An mx value holds characters outside ASCII, so the policy is void.",
    "Write the name in its `xn--` form.")
FINDING_HELP(pol_mx_underscore, "RFC 8461 3.2",
    "An underscore is no part of a host name; strict senders void the policy.",
    "Rename the MX host without underscore.")
FINDING_HELP(pol_mx_syntax, "RFC 8461 3.2",
    "An mx value is not a host name, so the policy is void.",
    "Write host names of letters, digits, hyphens and dots.")
FINDING_HELP(pol_mx_single_label, "RFC 8461 3.2",
    "An mx value has a single label and matches no public MX.",
    "Write the fully qualified host name.")
FINDING_HELP(pol_mx_public_suffix, "RFC 8461 10.4",
    "The wildcard covers a whole public suffix, so strangers' hosts qualify.",
    "List your MX hosts by name.")
FINDING_HELP(pol_mx_wildcard_own, "RFC 8461 10.4",
    "The wildcard lets any host with a certificate under the domain receive its mail.",
    "List the MX hosts by name.")
FINDING_HELP(pol_mx_wildcard_shared, "RFC 8461 10.4",
    "The wildcard covers hosts of other customers of the provider.",
    "List your own MX hosts by name as the provider tells them.")
FINDING_HELP(pol_mx_policy_host, "RFC 8461 3.2",
    "The policy host is no mail server; listing it matches nothing.",
    "Remove it from the mx lines and list the MX hosts.")
FINDING_HELP(pol_key_typo, "RFC 8461 3.2",
    "A key looks like a misspelled standard key and the line is ignored.",
    "Correct the key to version, mode, max_age or mx.")
FINDING_HELP(pol_key_case, "RFC 8461 3.2",
    "Keys are case-sensitive and the line is ignored.",
    "Write keys in lower case.")
FINDING_HELP(pol_key_unknown, "RFC 8461 3.2",
    "An unknown key is ignored by conforming senders.",
    "Remove it unless you know what reads it.")
FINDING_HELP(pol_key_dup, "RFC 8461 3.2",
    "A key stands twice; the first counts by the RFC, but some senders take the last.",
    "Keep each key once, except mx.")
FINDING_HELP(pol_line_malformed, "RFC 8461 3.2",
    "A line breaks the grammar; some senders read it and others void the policy.",
    "Write each line as `key: value`, without blanks before the key or the colon.")
FINDING_HELP(pol_value_colon, "RFC 8461 3.2",
    "A value contains a colon, which some parsers split wrongly.",
    "Remove the colon from the value.")
FINDING_HELP(pol_blank_line, "RFC 8461 3.2",
    "A blank line is outside the grammar; some senders void the policy or stop reading there.",
    "Remove blank lines, also at the end.")
FINDING_HELP(pol_eol_lf, "RFC 8461 3.2",
    "Lines end with LF alone, which is allowed.",
    "Nothing is needed; CRLF would suit every parser.")
FINDING_HELP(pol_eol_cr, "RFC 8461 3.2",
    "Lines are separated by other marks than LF or CRLF, so some senders see fewer lines.",
    "Save the file with CRLF line ends.")
FINDING_HELP(pol_literal_escape, "RFC 8461 3.2",
    "Line ends stand as literal text, or all keys are on one line, so the policy is void.",
    "Upload a real text file with one key a line.")
FINDING_HELP(pol_bom, "RFC 8461 3.2",
    "A byte order mark precedes the first key, so the policy is void.",
    "Save the file as UTF-8 without byte order mark.")
FINDING_HELP(pol_non_ascii, "RFC 8461 3.2",
    "Bytes outside ASCII stand where only ASCII may; senders differ in what they make of them.",
    "Save the policy as plain ASCII.")
FINDING_HELP(pol_comment, "RFC 8461 3.2",
    "Comments are not part of the format; some senders void the policy.",
    "Remove the comment lines.")
FINDING_HELP(pol_quoted, "RFC 8461 3.2",
    "Values stand in quotes, so they are not what they should be and the policy is void.",
    "Remove the quotes.")
FINDING_HELP(pol_accept_set, "RFC 8461 3.2",
    "Known sender implementations disagree whether this is a policy, so only some of them apply it.",
    "Mend the other findings of this stage; a strict file is accepted by all.")
FINDING_HELP(mx_unlisted_all, "RFC 8461 4.1",
    "No MX host is listed in the policy, so under enforce no mail is delivered by MTA-STS senders.",
    "List the present MX hosts in the policy and change the id of the record.")
FINDING_HELP(mx_unlisted_primary, "RFC 8461 4.1",
    "The preferred MX is not listed, so senders use the others or delay mail.",
    "Add it to the policy and change the id of the record.")
FINDING_HELP(mx_unlisted_backup, "RFC 8461 8.4",
    "A backup MX is not listed; it fails exactly when the primary does.",
    "Add it to the policy, or remove the MX.")
FINDING_HELP(mx_pattern_unused, "RFC 8461 4.1",
    "A pattern matches no present MX; it may be left from an earlier provider.",
    "Remove it when no migration is under way.")
FINDING_HELP(mx_mismatch_tld, "RFC 8461 4.1",
    "The MX differs from a listed name in its top-level domain only, so it fails.",
    "Correct the name in the policy and change the id of the record.")
FINDING_HELP(mx_mismatch_typo, "RFC 8461 4.1",
    "The MX differs from a listed name by a few letters, so it fails.",
    "Correct the name in the policy and change the id of the record.")
FINDING_HELP(mx_mismatch_3ld, "RFC 8461 4.1",
    "The MX belongs to a listed domain, but its host name is not listed, so it fails.",
    "List the MX host name, and change the id of the record.")
FINDING_HELP(mx_mismatch_domain, "RFC 8461 4.1",
    "The MX belongs to a domain that the policy does not know, so it fails.",
    "List the MX, or point it at a listed host; change the id of the record.")
FINDING_HELP(mx_wildcard_depth, "RFC 8461 4.1",
    "A wildcard stands for exactly one label, and the MX has more, so it fails.",
    "Write the pattern one label deeper, for example `*.h-v1.mx.microsoft`.")
FINDING_HELP(mx_wildcard_apex, "RFC 8461 4.1",
    "`*.x` does not match `x` itself, so the MX fails.",
    "List the host without the wildcard.")
FINDING_HELP(mx_wildcard_no_need, "RFC 8461 10.4",
    "The wildcard allows more hosts than needed, as the MX names are fixed.",
    "List the MX hosts by name.")
FINDING_HELP(mx_exchange_pattern_no_exchange, "RFC 8461 4.1",
    "The policy lists Exchange Online, but no MX is there.",
    "Remove the pattern when the domain has left Exchange Online.")
FINDING_HELP(mx_exchange_v1_missing, "RFC 8461 4.1",
    "The MX uses Microsoft's new `mx.microsoft` name, which the policy does not list, so it fails.",
    "Add the MX name or its pattern, for example `*.h-v1.mx.microsoft`, and change the id.")
FINDING_HELP(mx_cname_target_listed, "RFC 8461 4.1",
    "The policy lists what the MX is an alias of, but senders compare the MX name itself.",
    "List the MX name, or point the MX at the real host.")
FINDING_HELP(mx_unlistable, "RFC 8461 3.2",
    "The MX name holds a character that a policy cannot express, so strict senders cannot match it.",
    "Rename the MX host with letters, digits and hyphens only.")
FINDING_HELP(mx_provider_split, "RFC 8461 8.2",
    "Policy and mail are run by different providers, so a change of one can miss the other.",
    "Make sure that the policy is updated whenever the MX set changes.")
FINDING_HELP(mx_provider_migrated, "RFC 8461 8.1",
    "Mail has moved to another provider, but the policy still lists the old one.",
    "List the new provider's hosts and change the id of the record.")
FINDING_HELP(verdict_undeliverable, "RFC 8461 5",
    "Senders that follow MTA-STS cannot deliver any mail to this domain.",
    "Mend the cause now; until then set the mode to testing and change the id.")
FINDING_HELP(verdict_degraded, "RFC 8461 8.4",
    "Some MX hosts or addresses fail, so mail depends on the others.",
    "Mend each host that is named, or remove its MX.")
FINDING_HELP(verdict_would_block, "RFC 8461 5",
    "The policy is in testing; under enforce some or all mail would be refused.",
    "Mend the findings before changing to enforce.")
FINDING_HELP(verdict_ready, "RFC 8461 5",
    "Every MX passes, so the policy can be enforced.",
    "Change the mode to enforce and the id of the record.")
FINDING_HELP(smtp_refused, "RFC 8461 4.2",
    "The host refuses connections on port 25, so senders go on to the next.",
    "Start the mail server or remove the MX.")
FINDING_HELP(smtp_timeout, "RFC 8461 4.2",
    "The host did not answer in time, so its TLS is unknown.",
    "Check the host and its firewall, then scan again.")
FINDING_HELP(smtp_unroutable, "RFC 8461 4.2",
    "This scan could not use any of the host's addresses, so its TLS is unknown.",
    "Scan from a machine with that address family.")
FINDING_HELP(smtp_nolisting, "RFC 8461 4.2",
    "The preferred MX is closed on purpose or by accident while others are open.",
    "Remove the closed MX unless it is a deliberate spam trap.")
FINDING_HELP(smtp_blocked_vantage, "RFC 8461 4.2",
    "The host turned our probe away, which says nothing of its TLS.",
    "Scan from another address, or ask for an exemption.")
FINDING_HELP(smtp_ehlo_failed, "RFC 8461 4.2",
    "The host rejects EHLO and HELO or does not speak SMTP, so its TLS is unknown.",
    "Check what listens on port 25 of this host.")
FINDING_HELP(starttls_missing, "RFC 8461 4.2",
    "The host offers no STARTTLS, so MTA-STS senders do not deliver to it.",
    "Enable STARTTLS with a certificate for the MX name.")
FINDING_HELP(starttls_refused, "RFC 8461 4.2",
    "The host offers STARTTLS and then refuses it.",
    "Check certificate and key files of the mail server.")
FINDING_HELP(starttls_handshake, "RFC 8461 4.2",
    "The TLS handshake fails, so MTA-STS senders do not deliver to the host.",
    "Check the mail server's TLS set-up and its log.")
FINDING_HELP(mx_tls_version_low, "RFC 8461 7.2",
    "The host speaks TLS 1.1 or older only, which MTA-STS senders refuse.",
    "Enable TLS 1.2 and 1.3.")
FINDING_HELP(mx_cert_name, "RFC 8461 4.2",
    "The certificate does not cover the MX name, so the host fails.",
    "Issue a certificate with the MX name as subject alternative name.")
FINDING_HELP(mx_cert_cn_only, "RFC 8461 4.2",
    "The MX name stands only in the common name, which senders must not use.",
    "Reissue the certificate with the name as subject alternative name.")
FINDING_HELP(mx_cert_domain_only, "RFC 8461 4.2",
    "The certificate covers the mail domain or a listed pattern but not the MX name; only some old senders accept it.",
    "Issue a certificate for the MX name.")
FINDING_HELP(mx_cert_expired, "RFC 8461 4.2",
    "The certificate has expired, so the host fails.",
    "Renew the certificate and reload the mail server.")
FINDING_HELP(mx_cert_future, "RFC 8461 4.2",
    "The certificate is not valid yet, so the host fails.",
    "Check clocks, or install the previous certificate until then.")
FINDING_HELP(mx_cert_self_signed, "RFC 8461 4.2",
    "The certificate is self-signed, so the host fails.",
    "Use a certificate of a public authority.")
FINDING_HELP(mx_cert_untrusted, "RFC 8461 4.2",
    "The certificate comes from an authority that senders do not trust, so the host fails.",
    "Use a certificate of a public authority and serve its chain.")
FINDING_HELP(mx_chain_incomplete, "RFC 8461 4.2",
    "The intermediate certificate is missing, so most senders reject the host.",
    "Serve the full chain, leaf first.")
FINDING_HELP(mx_cert_wildcard_bad, "RFC 8461 4.2",
    "The wildcard of the certificate stands for a part of a label or several labels, so the host fails.",
    "Use a certificate for the MX name itself.")
FINDING_HELP(mx_cert_revoked, "RFC 8461 4.2",
    "The certificate is revoked; senders that check it reject the host.",
    "Replace the certificate.")
FINDING_HELP(mx_cert_expiring, "RFC 8461 4.2",
    "The certificate ends within two weeks; then the host fails.",
    "Renew it now and check that the mail server reloads it.")
FINDING_HELP(mx_cert_weak, "RFC 8461 4.2",
    "The certificate uses SHA-1, MD5 or a short key, which strict senders refuse.",
    "Reissue it with SHA-256 and RSA 2048 or ECDSA P-256.")
FINDING_HELP(mx_sni_dependent, "RFC 8461 7.1",
    "Without SNI the host shows another certificate, so senders that send none fail.",
    "Make the certificate for the MX name the default.")
FINDING_HELP(mx_sni_enforced, "RFC 8461 7.1",
    "The host breaks the handshake when SNI is absent, which servers must not do.",
    "Configure a default certificate.")
FINDING_HELP(mx_ip_disagree, "RFC 8461 4.2",
    "The addresses of one MX differ in STARTTLS or certificate, so delivery depends on chance.",
    "Configure all servers behind the name alike.")
FINDING_HELP(mx_v6_disagree, "RFC 8461 4.2",
    "The host works over IPv4 and fails over IPv6.",
    "Repair the mail server on IPv6 or remove its AAAA record.")
FINDING_HELP(mx_all_invalid, "RFC 8461 4.2",
    "No MX has a valid certificate, so under enforce no mail is delivered.",
    "Install valid certificates on all MX hosts.")
FINDING_HELP(mx_some_invalid, "RFC 8461 4.2",
    "Some MX hosts have no valid certificate and fail under enforce.",
    "Install valid certificates on the hosts named.")
FINDING_HELP(rpt_absent, "RFC 8460 3",
    "Senders have nowhere to send TLS reports, so failures stay unseen.",
    "Publish `v=TLSRPTv1; rua=mailto:<address>` at `_smtp._tls.<domain>`.")
FINDING_HELP(rpt_absent_with_sts, "RFC 8460 3",
    "MTA-STS is in use without reports, so its failures stay unseen.",
    "Publish `v=TLSRPTv1; rua=mailto:<address>` at `_smtp._tls.<domain>`.")
FINDING_HELP(rpt_multiple, "RFC 8460 3",
    "With more than one record senders treat the domain as having none.",
    "Keep one TLSRPT record; it may name several addresses.")
FINDING_HELP(rpt_version_bad, "RFC 8460 3",
    "The record does not begin with exactly `v=TLSRPTv1`, so it is ignored.",
    "Write `v=TLSRPTv1; rua=...`.")
FINDING_HELP(rpt_rua_missing, "RFC 8460 3",
    "Without rua there is nowhere to send reports.",
    "Add `rua=mailto:<address>`.")
FINDING_HELP(rpt_rua_scheme, "RFC 8460 3",
    "No destination is a mailto or https URI, so no report arrives.",
    "Write `rua=mailto:<address>` or an https URL.")
FINDING_HELP(rpt_rua_unencoded, "RFC 8460 3",
    "A comma, exclamation mark or semicolon inside a URI must be percent-encoded; senders split it differently.",
    "Write `%2C`, `%21` or `%3B` instead.")
FINDING_HELP(rpt_rua_mail_invalid, "RFC 8460 3",
    "The mailto address is malformed, so reports to it are lost.",
    "Correct the address.")
FINDING_HELP(rpt_rua_dead, "RFC 8460 3",
    "The destination cannot receive reports.",
    "Choose a destination whose domain exists and accepts mail.")
FINDING_HELP(rpt_rua_self, "RFC 8460 3",
    "Reports about a failure go to a mailbox behind the same failure and may not arrive.",
    "Use a mailbox at another domain as well.")
FINDING_HELP(rpt_wrong_label, "RFC 8460 3",
    "The record stands at a name where no sender looks.",
    "Move it to `_smtp._tls.<domain>`.")
FINDING_HELP(rpt_foreign_txt, "RFC 8460 3",
    "Other TXT records stand at this name; conforming senders ignore them.",
    "Move them away.")
FINDING_HELP(rpt_dup_or_ext, "RFC 8460 3",
    "A field is repeated or unknown; senders differ in what they make of it.",
    "Keep `v` and one `rua`.")
FINDING_HELP(rpt_cname_dangling, "RFC 8460 3",
    "The alias leads to nothing, so there is no record.",
    "Set the target up again or remove the CNAME.")
FINDING_HELP(rpt_orphan, "RFC 8460 3",
    "Reports are asked for, but there is no MTA-STS to report on.",
    "Publish MTA-STS or DANE, or leave it as a first step.")
FINDING_HELP(rpt_host_missing, "RFC 8460 3",
    "The MX host uses DANE, but its own domain asks for no reports.",
    "Publish a TLSRPT record for the host's domain.")
FINDING_HELP(drift_policy_same_id, "RFC 8461 8.1",
    "The policy changed without a new id, so senders keep the cached one until it expires.",
    "Change the id with every change of the policy.")
FINDING_HELP(drift_id_same_policy, "RFC 8461 8.1",
    "The id changes although the policy does not, which only costs fetches.",
    "Change the id only with the policy.")
FINDING_HELP(drift_id_reused, "RFC 8461 8.1",
    "An earlier id came back with other content, so senders that cached it do not fetch again.",
    "Use a new id every time.")
FINDING_HELP(drift_txt_first, "RFC 8461 8.1",
    "The new id was published before the new policy, so senders cached the old policy under it.",
    "Update the policy first, the record after it.")
FINDING_HELP(drift_mx_moved, "RFC 8461 8.1",
    "The MX set changed, but the policy did not.",
    "Check that the policy lists the present MX hosts.")
FINDING_HELP(drift_pattern_was_mx, "RFC 8461 8.1",
    "A pattern matches only an MX of the past.",
    "Remove it once no cache needs it.")
FINDING_HELP(drift_removed_abruptly, "RFC 8461 8.3",
    "MTA-STS was removed while senders still hold the policy.",
    "Publish mode none with a short max_age and wait out the old one.")
FINDING_HELP(drift_txt_gone, "RFC 8461 8.3",
    "The record is gone while the policy is still served.",
    "Publish the record again, or remove MTA-STS in order.")
FINDING_HELP(drift_policy_gone, "RFC 8461 8.3",
    "The policy is gone while the record stays.",
    "Serve the policy again, or remove MTA-STS in order.")
FINDING_HELP(drift_none_too_early, "RFC 8461 8.3",
    "Mode none was shown for less than the former max_age, so some senders still enforce.",
    "Keep mode none until the longest earlier max_age has passed.")
FINDING_HELP(drift_none_long_age, "RFC 8461 8.3",
    "Mode none should be cached briefly.",
    "Lower max_age while the mode is none.")
FINDING_HELP(drift_downgrade, "RFC 8461 8.3",
    "The policy was enforced and is not any more.",
    "Check that this was meant.")
FINDING_HELP(drift_max_age_cut, "RFC 8461 8.3",
    "max_age was shortened, but older caches last longer.",
    "Keep the old hosts valid until the former max_age has passed.")
FINDING_HELP(drift_cache_conflict, "RFC 8461 8.1",
    "A cached policy in enforce refuses the present MX hosts, so mail bounces today.",
    "Serve the former MX hosts again, or list the new ones and wait out the caches.")
FINDING_HELP(drift_flap, "RFC 8461 8.1",
    "Policy or certificate alternate between scans, so not all servers are alike.",
    "Deploy the same files on every server.")
FINDING_HELP(drift_provider_changed, "RFC 8461 8.2",
    "The policy or mail provider changed since the last scan.",
    "Check that both sides of the change are complete.")
FINDING_HELP(dane_absent, "RFC 7672",
    "There is no TLSA record, so DANE is not in use.",
    "Nothing is needed.")
FINDING_HELP(dane_zone_unsigned, "RFC 7672",
    "The MX answer is not signed, so DANE is not possible.",
    "Sign the zone with DNSSEC if DANE is wanted.")
FINDING_HELP(dane_tlsa_insecure, "RFC 7672",
    "TLSA exists without DNSSEC, so senders ignore it.",
    "Sign the zone of the MX host.")
FINDING_HELP(dane_mx_insecure, "RFC 7672",
    "TLSA is signed but the MX records are not, so few senders use it.",
    "Sign the zone of the mail domain.")
FINDING_HELP(dane_partial, "RFC 7672",
    "Only some MX hosts have TLSA, so an attacker can steer mail to the others.",
    "Publish TLSA for every MX host.")
FINDING_HELP(dane_unusable, "RFC 7672",
    "No TLSA record is usable for SMTP, so TLS goes unauthenticated.",
    "Publish usage 3 or 2 with SHA-256, best `3 1 1`.")
FINDING_HELP(dane_mismatch, "RFC 7672",
    "No TLSA record matches the certificate, so DANE senders bounce mail.",
    "Publish TLSA for the present key before changing certificates.")
FINDING_HELP(dane_lookup_failed, "RFC 7672",
    "The TLSA lookup fails, so DANE senders defer mail.",
    "Repair the name servers of the MX host's zone.")
FINDING_HELP(dane_no_rollover, "RFC 7672",
    "There is no TLSA record for the next key, so a rollover can break mail.",
    "Publish TLSA for the next key ahead of time.")
FINDING_HELP(dane_fails_sts_passes, "RFC 7672",
    "DANE fails while MTA-STS passes, and MTA-STS must not override it, so DANE senders bounce.",
    "Correct the TLSA records.")
FINDING_HELP(sts_fails_dane_passes, "RFC 8461 2",
    "MTA-STS fails while DANE passes, so senders without DANE bounce.",
    "Mend the findings of MTA-STS.")
FINDING_HELP(dane_and_sts_ok, "RFC 7672",
    "DANE and MTA-STS both pass.",
    "Nothing is needed.")
/* clang-format on */
