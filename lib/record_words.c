/* record_words: see the header. */
#include "lib/record_words.h"

#include <stdio.h>
#include <string.h>

static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                     "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                     "NXRRSET", "NOTAUTH", "NOTZONE"};
#define RCODES (sizeof rcodes / sizeof *rcodes)

const char *rcode_text(int rcode, char out[WORD_MAX_BYTES])
{
    if (rcode >= 0 && (size_t)rcode < RCODES)
        return rcodes[rcode];
    snprintf(out, WORD_MAX_BYTES, "RCODE%d", rcode);
    return out;
}

/* A number in the given base that is the whole of text. */
static enum status parse_number(struct slice text, unsigned base, uint32_t max, uint32_t *out)
{
    uint32_t n = 0;
    if (text.len == 0 || text.len > 8)
        return ST_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                                                : 99;
        if (digit >= base || n > (max - digit) / base)
            return ST_INVALID;
        n = n * base + digit;
    }
    *out = n;
    return ST_OK;
}

enum status rcode_parse(struct slice text, int *out)
{
    for (size_t i = 0; i < RCODES; i++) {
        if (slice_eq(text, slice_of(rcodes[i]))) {
            *out = (int)i;
            return ST_OK;
        }
    }
    uint32_t n;
    if (!slice_starts(text, SLICE_LIT("RCODE")) ||
        parse_number((struct slice){text.p + 5, text.len - 5}, 10, 65535, &n) != ST_OK)
        return ST_INVALID;
    *out = (int)n;
    return ST_OK;
}

static const struct {
    uint16_t version;
    const char *word;
} tls_versions[] = {
    {0x0300, "SSLv3"},   {0x0301, "TLSv1"},   {0x0302, "TLSv1.1"},
    {0x0303, "TLSv1.2"}, {0x0304, "TLSv1.3"},
};
#define TLS_VERSIONS (sizeof tls_versions / sizeof *tls_versions)

void tls_version_text(uint16_t version, char out[WORD_MAX_BYTES])
{
    for (size_t i = 0; i < TLS_VERSIONS; i++) {
        if (tls_versions[i].version == version) {
            memcpy(out, tls_versions[i].word, strlen(tls_versions[i].word) + 1);
            return;
        }
    }
    snprintf(out, WORD_MAX_BYTES, "0x%04x", version);
}

enum status tls_version_parse(struct slice text, uint16_t *out)
{
    for (size_t i = 0; i < TLS_VERSIONS; i++) {
        if (slice_eq(text, slice_of(tls_versions[i].word))) {
            *out = tls_versions[i].version;
            return ST_OK;
        }
    }
    uint32_t n;
    if (!slice_starts(text, SLICE_LIT("0x")) ||
        parse_number((struct slice){text.p + 2, text.len - 2}, 16, 0xffff, &n) != ST_OK)
        return ST_INVALID;
    *out = (uint16_t)n;
    return ST_OK;
}

/* ---- time ------------------------------------------------------------------------------------ */

#define DAY_MS 86400000u
#define TIME_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* Gregorian date of a day since 1970-01-01, counted in 400-year eras that begin on 1 March, so that
 * the leap day is the last of its year. */
static void civil_from_days(uint32_t days, uint32_t *year, uint32_t *month, uint32_t *day)
{
    uint32_t z = days + 719468; /* days from 0000-03-01 */
    uint32_t era = z / 146097;
    uint32_t doe = z - era * 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t yoe = year - era * 400;
    int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void time_text(int64_t ms, char out[TIME_TEXT_BYTES + 1])
{
    ms = ms < 0 ? 0 : ms > TIME_MAX_MS ? TIME_MAX_MS : ms;
    uint32_t year, month, day;
    civil_from_days((uint32_t)((uint64_t)ms / DAY_MS), &year, &month, &day);
    uint32_t rest = (uint32_t)((uint64_t)ms % DAY_MS), second = rest / 1000;
    memcpy(out, "0000-00-00T00:00:00.000Z", TIME_TEXT_BYTES + 1);
    digits_put2(out, year / 100);
    digits_put2(out + 2, year);
    digits_put2(out + 5, month);
    digits_put2(out + 8, day);
    digits_put2(out + 11, second / 3600);
    digits_put2(out + 14, second / 60 % 60);
    digits_put2(out + 17, second % 60);
    digits_put2(out + 20, rest % 1000 / 10);
    out[22] = (char)('0' + rest % 10);
}

enum status time_parse(struct slice text, int64_t *ms)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    int64_t part[7] = {0};
    size_t k = 0;
    if (text.len != TIME_TEXT_BYTES)
        return ST_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        if (form[i] != 'd' ? c != form[i] : c < '0' || c > '9')
            return ST_INVALID;
        if (form[i] == 'd')
            part[k] = part[k] * 10 + (c - '0');
        else
            k++;
    }
    if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 ||
        part[3] > 23 || part[4] > 59 || part[5] > 60)
        return ST_INVALID;
    *ms = days_from_civil(part[0], part[1], part[2]) * DAY_MS + part[3] * 3600000 +
          part[4] * 60000 + part[5] * 1000 + part[6];
    return ST_OK;
}

/* ---- sets ------------------------------------------------------------------------------------ */

const struct bit_word cert_error_words[] = {
    {CERT_EXPIRED, "expired"},
    {CERT_NOT_YET_VALID, "not_yet_valid"},
    {CERT_SELF_SIGNED, "self_signed"},
    {CERT_UNTRUSTED, "untrusted"},
    {CERT_INCOMPLETE_CHAIN, "incomplete_chain"},
    {CERT_REVOKED, "revoked"},
    {CERT_WEAK_KEY | CERT_WEAK_SIGNATURE, "weak"},
    {CERT_INVALID_OTHER, "invalid"},
};
const size_t n_cert_error_words = sizeof cert_error_words / sizeof *cert_error_words;

const struct bit_word weak_words[] = {
    {CERT_WEAK_KEY, "key"},
    {CERT_WEAK_SIGNATURE, "signature"},
};
const size_t n_weak_words = sizeof weak_words / sizeof *weak_words;

const struct bit_word covers_words[] = {
    {COVERS_CNAME_TARGET, "cname_target"},
    {COVERS_APEX, "apex"},
    {COVERS_POLICY_DOMAIN, "policy_domain"},
    {COVERS_POLICY_PATTERN, "policy_pattern"},
};
const size_t n_covers_words = sizeof covers_words / sizeof *covers_words;

/* ---- defaults -------------------------------------------------------------------------------- */

enum lookup lookup_default(int rcode, size_t records)
{
    switch (rcode) {
    case -1:
        return LOOKUP_TIMEOUT;
    case 0:
        return records > 0 ? LOOKUP_FOUND : LOOKUP_NODATA;
    case 2:
        return LOOKUP_SERVFAIL;
    case 3:
        return LOOKUP_NXDOMAIN;
    case 5:
        return LOOKUP_REFUSED;
    default:
        return LOOKUP_MALFORMED;
    }
}

enum conn conn_default(enum probe_end end)
{
    switch (end) {
    case PROBE_NONE:
        return CONN_NONE;
    case PROBE_REFUSED:
        return CONN_REFUSED;
    case PROBE_TIMEOUT:
        return CONN_TIMEOUT;
    case PROBE_BLOCKED:
        return CONN_BLOCKED;
    case PROBE_NO_ROUTE:
        return CONN_NO_ROUTE;
    case PROBE_ABANDONED:
        return CONN_ABANDONED;
    default:
        return CONN_OK;
    }
}
