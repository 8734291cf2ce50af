/* senders_policy: a policy body as one sender reads it. */
#include "lib/name.h"
#include "lib/policy_keys.h"
#include "lib/record_fields.h"
#include "lib/senders_rules.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- lines ----------------------------------------------------------------------------------- */

/* Bytes of the line end at s for the given rule; 0 when there is none. */
static size_t line_end(enum line_ends rule, bool crlf_only, struct slice s)
{
    if (slice_starts(s, SLICE_LIT("\r\n")))
        return 2;
    if (s.p[0] == '\n')
        return crlf_only ? 0 : 1;
    if (s.p[0] == '\r')
        return rule == LINES_CR_LF || rule == LINES_UNICODE ? 1 : 0;
    if (rule != LINES_UNICODE)
        return 0;
    if ((s.p[0] >= '\v' && s.p[0] <= '\f') || (s.p[0] >= 0x1c && s.p[0] <= 0x1e))
        return 1;
    if (slice_starts(s, SLICE_LIT("\xc2\x85")))
        return 2;
    return slice_starts(s, SLICE_LIT("\xe2\x80\xa8")) || slice_starts(s, SLICE_LIT("\xe2\x80\xa9"))
               ? 3
               : 0;
}

static struct slice take_line(enum line_ends rule, bool crlf_only, struct slice *rest)
{
    size_t len = 0, end = 0;
    while (len < rest->len &&
           (end = line_end(rule, crlf_only, (struct slice){rest->p + len, rest->len - len})) == 0)
        len++;
    struct slice line = {rest->p, len};
    *rest = (struct slice){rest->p + len + end, rest->len - len - end};
    return line;
}

static bool has_crlf(struct slice s)
{
    for (size_t i = 1; i < s.len; i++)
        if (s.p[i] == '\n' && s.p[i - 1] == '\r')
            return true;
    return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* An integer with an optional sign (not when only digits do), within the sender's range. */
static bool age_ok(const struct sender_rules *rules, struct slice text)
{
    int64_t value = 0;
    bool minus = text.len > 0 && text.p[0] == '-';
    if (rules->age_digits && text.len > 10)
        return false;
    if (!rules->age_digits && text.len > 0 && (minus || text.p[0] == '+'))
        text = (struct slice){text.p + 1, text.len - 1};
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (text.p[i] - '0');
    }
    if (minus)
        value = -value;
    return value >= rules->age_min && value <= rules->age_max;
}

static bool is_ip4(struct slice s)
{
    char text[INET_ADDRSTRLEN];
    unsigned char address[4];
    if (s.len >= sizeof text)
        return false;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    return inet_pton(AF_INET, text, address) == 1;
}

/* Letters, digits, hyphens, underscores in labels that are not empty. */
static bool is_hostname(struct slice s)
{
    char before = '.';
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '-' && c != '_' && !(c == '.' && before != '.'))
            return false;
        before = c;
    }
    return s.len > 0 && before != '.';
}

static bool has_any_of(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c != '\0' && strchr("-.*", c) != NULL))
            return true;
    }
    return false;
}

static bool mx_ok(enum mx_check check, struct slice value)
{
    struct slice domain = value;
    if (slice_starts(value, SLICE_LIT("*.")))
        domain = (struct slice){value.p + 2, value.len - 2};
    switch (check) {
    case MX_ANY:
    case MX_SKIP_BAD:
        return true;
    case MX_SOME:
        return has_any_of(value);
    case MX_HOSTNAME:
        return is_hostname(domain);
    case MX_DNS_NAME:
        if (domain.len > 0 && domain.p[domain.len - 1] == '.')
            domain.len--;
        return name_is_ldh(domain) && !is_ip4(domain);
    case MX_DOMAIN:
        return name_is_ldh(domain) && !is_ip4(domain);
    }
    return false;
}

static bool is_mode(const struct sender_rules *rules, struct slice value, struct slice mode)
{
    return rules->mode_any_case ? slice_eq_nocase(value, mode) : slice_eq(value, mode);
}

static bool value_ok(const struct sender_rules *rules, enum policy_key key, struct slice value)
{
    switch (key) {
    case KEY_VERSION:
        return rules->version_any || slice_eq(value, SLICE_LIT("STSv1"));
    case KEY_MODE:
        return is_mode(rules, value, SLICE_LIT("enforce")) ||
               is_mode(rules, value, SLICE_LIT("testing")) ||
               is_mode(rules, value, SLICE_LIT("none"));
    case KEY_MAX_AGE:
        return age_ok(rules, value);
    case KEY_MX:
        return mx_ok(rules->mx, value);
    default:
        return false;
    }
}

/* Any but controls, not empty (sts-policy-ext-value). */
static bool extension_value_ok(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return false;
    return value.len > 0;
}

/* ---- the body -------------------------------------------------------------------------------- */

struct reading {
    const struct sender_rules *rules;
    struct slice field[KEY_STANDARD_COUNT]; /* the one that counts; p NULL when missing */
};

/* False: the sender gives the policy up. */
static bool read_standard(struct reading *r, enum policy_key key, struct slice value)
{
    const struct sender_rules *rules = r->rules;
    bool repeated = r->field[key].p != NULL && key != KEY_MX;
    if (key == KEY_MX && rules->mx == MX_SKIP_BAD &&
        (value.len == 0 || (memchr(value.p, '*', value.len) != NULL && value.p[0] != '*')))
        return true;
    if (repeated && rules->repeated == REPEAT_VOID)
        return false;
    bool counts = !repeated || rules->repeated == REPEAT_LAST;
    /* With the last one winning, only the last one's value is looked at, unless all are. */
    bool checked = (counts && rules->repeated != REPEAT_LAST) || rules->repeat_check == CHECK_ALL ||
                   (rules->repeat_check == CHECK_AGE && key == KEY_MAX_AGE);
    if (checked && !value_ok(rules, key, value))
        return false;
    if (counts)
        r->field[key] = value;
    return true;
}

static bool read_line(struct reading *r, struct slice line)
{
    const struct sender_rules *rules = r->rules;
    const char *colon = line.len > 0 ? memchr(line.p, ':', line.len) : NULL;
    if (colon == NULL)
        return rules->no_colon == ODD_SKIPPED;
    struct slice key = {line.p, (size_t)(colon - line.p)};
    struct slice value = slice_trim((struct slice){colon + 1, line.len - key.len - 1});
    if (value.len > 0 && memchr(value.p, ':', value.len) != NULL && rules->colon != COLON_KEPT)
        return rules->colon == COLON_SKIPPED;
    if (rules->trims_key)
        key = slice_trim(key);
    enum policy_key kind = policy_key_of(key);
    if (kind < KEY_STANDARD_COUNT)
        return read_standard(r, kind, value);
    if (rules->unknown == UNKNOWN_RFC)
        return record_ext_name_ok(key) && extension_value_ok(value);
    return rules->unknown == UNKNOWN_IGNORED;
}

static bool judge(const struct reading *r)
{
    const struct sender_rules *rules = r->rules;
    for (int key = 0; key < KEY_MX; key++) {
        bool optional = rules->missing_ok || (key == KEY_MAX_AGE && rules->age_missing_ok) ||
                        (key == KEY_VERSION && rules->version_any);
        if (r->field[key].p == NULL ? !optional
                                    : !value_ok(rules, (enum policy_key)key, r->field[key]))
            return false;
    }
    struct slice mode = r->field[KEY_MODE];
    bool on = mode.p != NULL && (is_mode(rules, mode, SLICE_LIT("enforce")) ||
                                 is_mode(rules, mode, SLICE_LIT("testing")));
    return r->field[KEY_MX].p != NULL || (!on && !rules->mx_always);
}

bool sender_takes_policy(const struct sender_rules *rules, struct slice body)
{
    struct reading r = {.rules = rules};
    bool crlf_only = rules->lines == LINES_CRLF_IF_ANY && has_crlf(body);
    while (body.len > 0) {
        struct slice line = take_line(rules->lines, crlf_only, &body);
        bool blank = slice_trim(line).len == 0;
        if (blank && rules->blank == BLANK_ENDS)
            break;
        if ((blank && rules->blank == BLANK_SKIPPED) ||
            (line.len == 0 && rules->blank == BLANK_SKIPPED_IF_EMPTY))
            continue;
        if (!read_line(&r, line))
            return false;
    }
    return judge(&r);
}
