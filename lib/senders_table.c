/* senders_table: how each sender reads, from its source. The function or class named beside a
 * switch is where it shows. */
#include "lib/senders_rules.h"

enum { KIB = 1024 };

static const struct sender_rules table[SENDERS_COUNT] = {
    {.name = "rfc8461", .strict = true},
    {
        /* mjl-/mox, mtasts/parse.go and mtasts/mtasts.go: the ABNF written out as a parser. */
        .name = "mox",
        .filter = TXT_SPACED,       /* ParseRecord: version, then the delimiter */
        .id = ID_RFC,               /* xid */
        .fields = FIELDS_RFC,       /* xkey, xvalue */
        .repeats_void = true,       /* ParseRecord: the value of a second id is left over */
        .body_max_bytes = 64 * KIB, /* FetchPolicy: no look at Content-Type */
        .lines = LINES_LF,          /* eol */
        .blank = BLANK_IS_LINE,     /* ParsePolicy: xkey needs a character */
        .no_colon = ODD_VOID,
        .colon = COLON_KEPT,
        .unknown = UNKNOWN_RFC, /* xpolicyvalue */
        .repeated = REPEAT_FIRST,
        .repeat_check = CHECK_ALL, /* the value is parsed before it is dropped */
        .age_digits = true,
        .age_min = 0,
        .age_max = INT32_MAX, /* xmaxage: ParseInt of 32 bits, no limit of a year */
        .mx = MX_DOMAIN,      /* xdomain, dns.ParseDomain */
    },
    {
        /* albertito/chasquid, internal/sts/sts.go. */
        .name = "chasquid",
        .filter = TXT_EXACT, /* hasSTSRecord: the first hit is enough, the id is not used */
        .several_ok = true,
        .id = ID_IGNORED,
        .text_plain = true,         /* httpGet */
        .body_max_bytes = 10 * KIB, /* httpGet: LimitedReader */
        .body_cut = true,
        .lines = LINES_LF,
        .blank = BLANK_SKIPPED, /* parsePolicy: continue without two parts */
        .no_colon = ODD_SKIPPED,
        .colon = COLON_KEPT, /* SplitN 2 */
        .trims_key = true,
        .unknown = UNKNOWN_IGNORED,
        .repeated = REPEAT_LAST,
        .age_min = 1, /* Check: 0 could be an error of Atoi */
        .age_max = MAX_AGE_MAX_SECONDS,
        .mx = MX_ANY,
        .mx_always = true, /* Check */
    },
    {
        /* Snawoot/postfix-mta-sts-resolver, resolver.py and utils.py. */
        .name = "postfix-mta-sts-resolver",
        .filter = TXT_PREFIX,
        .skips_high = true,    /* filter_text: what does not decode as ASCII is dropped */
        .version_field = true, /* resolve */
        .id = ID_PRESENT,      /* resolve: 'id' in record */
        .text_plain = true,    /* is_plaintext */
        .decodes_charset = true,
        .body_max_bytes = 64 * KIB, /* HARD_RESP_LIMIT */
        .lines = LINES_UNICODE,     /* splitlines */
        .blank = BLANK_SKIPPED,
        .no_colon = ODD_SKIPPED, /* partition: a key without value */
        .colon = COLON_KEPT,
        .unknown = UNKNOWN_IGNORED,
        .repeated = REPEAT_LAST, /* a dict */
        .age_min = 0,            /* int() and a range */
        .age_max = MAX_AGE_MAX_SECONDS,
        .mx = MX_ANY,
    },
    {
        /* Zuplu/postfix-tlspol 1.11.0, internal/mta-sts.go. From 1.12.1 on it keeps to the RFC in
         * the record, looks at the media type and refuses blank lines. */
        .name = "postfix-tlspol",
        .filter = TXT_PREFIX, /* checkMtaStsRecord: the first hit is enough */
        .several_ok = true,
        .id = ID_IGNORED,
        .lines = LINES_LF,
        .blank = BLANK_SKIPPED, /* parseLine */
        .no_colon = ODD_VOID,
        .colon = COLON_KEPT,
        .unknown = UNKNOWN_RFC,
        .repeated = REPEAT_FIRST, /* existingKeys */
        .age_digits = true,       /* isMtaStsDigits; over a year it is cut to a year */
        .age_min = 0,
        .age_max = 9999999999,
        .mx = MX_DNS_NAME, /* valid.IsDNSName */
    },
    {
        /* foxcpp/go-mtasts, mtasts.go and cache.go. */
        .name = "go-mtasts",
        .filter = TXT_ALL, /* Cache.fetch: len(records) != 1, before any look at them */
        .version_field = true,
        .id = ID_NOT_EMPTY, /* readDNSRecord */
        .fields = FIELDS_PAIRS,
        .text_plain = true, /* downloadPolicy */
        .lines = LINES_LF,
        .blank = BLANK_IS_LINE, /* readPolicy: two parts or an error */
        .no_colon = ODD_VOID,
        .colon = COLON_VOID,
        .unknown = UNKNOWN_IGNORED,
        .repeated = REPEAT_LAST,
        .repeat_check = CHECK_ALL,
        .age_min = INT64_MIN, /* Atoi, no range */
        .age_max = INT64_MAX,
        .mx = MX_ANY,
    },
    {
        /* domainaware/checkdmarc, checkdmarc/mta_sts.py. */
        .name = "checkdmarc",
        .filter = TXT_PREFIX,
        .foreign_void = true, /* query_mta_sts_record: UnrelatedTXTRecordFoundAtMTASTS */
        .version_field = true,
        .id = ID_ALNUM, /* MTA_STS_TAG_VALUE_REGEX_STRING */
        .fields = FIELDS_NONE,
        .repeats_void = true,
        .follows_redirects = true, /* download_mta_sts_policy: Session.get */
        .any_2xx = true,           /* raise_for_status; other media types are a warning */
        .lines = LINES_CRLF_IF_ANY,
        .blank = BLANK_SKIPPED_IF_EMPTY,
        .no_colon = ODD_VOID,
        .colon = COLON_VOID, /* split(":") must give two */
        .trims_key = true,
        .unknown = UNKNOWN_VOID,
        .repeated = REPEAT_VOID,
        .missing_ok =
            true, /* parse_mta_sts_policy: the keys it asks for are there from the start */
        .age_min = 0,
        .age_max = MAX_AGE_MAX_SECONDS,
        .mx = MX_SOME, /* MTA_STS_MX_REGEX.findall */
    },
    {
        /* ukncsc/MailCheck.Public.MtaSts: accepted is what gets no advisory of type error. */
        .name = "ncsc-mailcheck",
        .filter = TXT_PREFIX_ANY_CASE, /* Poller DnsClient */
        .version_exact = true,         /* Poller VersionParser */
        .id = ID_OPTIONAL_RFC,         /* Poller PolicyVersionIdParser; no rule asks for it */
        .fields = FIELDS_RFC_OR_EMPTY, /* Poller ExtensionTagParser */
        .repeats_void = true,          /* MaxOccurrences */
        .follows_redirects = true,     /* PolicyFetcher: HttpClient's default */
        .any_2xx = true,               /* EnsureSuccessStatusCode */
        .lines = LINES_CR_LF,          /* StringReader.ReadLine */
        .blank = BLANK_ENDS,           /* MtaStsPolicyParser: while not white space */
        .no_colon = ODD_VOID,
        .colon = COLON_VOID,
        .unknown = UNKNOWN_VOID, /* InvalidKeyError */
        .repeated = REPEAT_VOID,
        .missing_ok = true, /* no rule asks for version, mode or max_age */
        .age_min = 1,       /* MaxAgeParser */
        .age_max = MAX_AGE_MAX_SECONDS,
        .mx = MX_HOSTNAME, /* MxParser */
        .mx_always = true, /* MxShouldBePresent */
    },
    {
        /* mimecast/mta-sts, assets/ (StsRecord, StsPolicy, StsPolicyValidator), config/Config with
         * its defaults. */
        .name = "mimecast",
        .filter = TXT_VERSION_ANYWHERE, /* XBillDnsRecordClient.getStsRecord */
        .id = ID_NOT_EMPTY,             /* StsRecord.isValid */
        .body_max_bytes = 64000,        /* OkHttpsResponse.bufferResponseBody stops there */
        .body_cut = true,
        .lines = LINES_CR_LF, /* LineInputStream */
        .blank = BLANK_SKIPPED,
        .no_colon = ODD_SKIPPED, /* Pair: two parts, or it is not valid and left out */
        .colon = COLON_SKIPPED,
        .trims_key = true,
        .unknown = UNKNOWN_IGNORED,
        .repeated = REPEAT_FIRST, /* foundMode; every max_age is parsed */
        .repeat_check = CHECK_AGE,
        .version_any = true,    /* kept, never compared */
        .mode_any_case = true,  /* StsMode.get */
        .age_missing_ok = true, /* 0, raised to the minimum */
        .age_min = INT32_MIN,   /* Integer.parseInt, then cut into the range */
        .age_max = INT32_MAX,
        .mx = MX_SKIP_BAD, /* Pair.isValid */
        .mx_always =
            true, /* StsPolicy.isValid; it refuses mode none, which is what none asks for */
    },
};

const struct sender_rules *sender_rules(size_t index)
{
    return &table[index];
}

const char *sender_name(size_t index)
{
    return index < SENDERS_COUNT ? table[index].name : NULL;
}
