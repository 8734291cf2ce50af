#include "lib/policy_mx.h"

#include "lib/note.h"

#include <arpa/inet.h>
#include <string.h>

static bool has_char(struct slice s, char c)
{
    return s.len > 0 && memchr(s.p, c, s.len) != NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == ';';
}

static bool has_high(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] > 0x7f)
            return true;
    return false;
}

static bool is_address(struct slice s, int family)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (s.len == 0 || s.len >= sizeof text || has_char(s, '\0'))
        return false;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    return inet_pton(family, text, address) == 1;
}

/* `2001:db8::1`, `IPv6:2001:db8::1`, and the literals of RFC 5321 4.1.3 in brackets. */
static bool is_ip6(struct slice s)
{
    static const struct slice tag = {"ipv6:", 5};
    if (s.p[0] == '[')
        return true;
    if (s.len > tag.len && slice_eq_nocase((struct slice){s.p, tag.len}, tag))
        s = (struct slice){s.p + tag.len, s.len - tag.len};
    return is_address(s, AF_INET6);
}

/* `10 mail.example.com`: an MX record's data, preference and all. */
static bool starts_with_preference(struct slice s)
{
    size_t i = 0;
    while (i < s.len && is_digit(s.p[i]))
        i++;
    return i > 0 && i < s.len && (s.p[i] == ' ' || s.p[i] == '\t');
}

/* Two or more words with a dot, separated by commas, spaces or semicolons. */
static bool is_list(struct slice s)
{
    size_t hosts = 0, i = 0;
    while (i < s.len) {
        size_t start = i;
        while (i < s.len && !is_separator(s.p[i]))
            i++;
        hosts += has_char((struct slice){s.p + start, i - start}, '.');
        while (i < s.len && is_separator(s.p[i]))
            i++;
    }
    return hosts > 1;
}

/* A scheme, a slash or a port. With white space in it, it is some other kind of nonsense. */
static bool is_url(struct slice s)
{
    return (has_char(s, '/') || has_char(s, ':')) && !has_char(s, ' ') && !has_char(s, '\t');
}

/* The value behind a "*." that opens it. */
static struct slice without_wildcard(struct slice s)
{
    return slice_starts(s, SLICE_LIT("*.")) ? (struct slice){s.p + 2, s.len - 2} : s;
}

/* A Domain but for underscores, which stand where a letter could. */
static bool is_ldh_but_underscore(struct slice s)
{
    char copy[NAME_MAX_BYTES];
    if (s.len > sizeof copy)
        return false;
    for (size_t i = 0; i < s.len; i++)
        copy[i] = s.p[i] == '_' ? 'a' : s.p[i];
    return name_is_ldh((struct slice){copy, s.len});
}

enum finding_code policy_mx_fault(struct slice value)
{
    if (value.len == 0)
        return FC_pol_mx_empty;
    if (has_high(value))
        return FC_pol_mx_ulabel;
    if (has_char(value, '@'))
        return FC_pol_mx_email;
    if (is_ip6(value))
        return FC_pol_mx_ip6;
    if (starts_with_preference(value))
        return FC_pol_mx_priority;
    if (is_list(value))
        return FC_pol_mx_list;
    if (is_url(value))
        return FC_pol_mx_url;
    if (value.p[0] == '.' && value.len > 1)
        return FC_pol_mx_leading_dot;
    struct slice domain = without_wildcard(value);
    if (has_char(domain, '*') || domain.len == 0)
        return FC_pol_mx_wildcard_bad;
    if (domain.p[domain.len - 1] == '.')
        return FC_pol_mx_trailing_dot;
    if (is_address(value, AF_INET))
        return FC_pol_mx_ip;
    if (name_is_ldh(domain))
        return FINDING_CODE_COUNT;
    return is_ldh_but_underscore(domain) ? FC_pol_mx_underscore : FC_pol_mx_syntax;
}

void policy_mx_judge_pattern(const char *pattern, const struct policy_context *ctx,
                             struct findings *f)
{
    struct slice whole = slice_of(pattern);
    struct slice domain = without_wildcard(whole);
    bool wildcard = domain.len < whole.len;

    if (!wildcard && !has_char(domain, '.'))
        note(f, FC_pol_mx_single_label, whole, NO_SLICE);
    if (wildcard && (!has_char(domain, '.') || name_is_public_suffix(ctx->psl, domain.p)))
        note(f, FC_pol_mx_public_suffix, whole, NO_SLICE);
    if (ctx->domain == NULL)
        return;
    if (wildcard && slice_eq_nocase(domain, slice_of(ctx->domain)))
        note(f, FC_pol_mx_wildcard_own, whole, NO_SLICE);
    struct slice label = {whole.p, whole.len - name_parent(whole).len};
    if ((slice_eq(label, SLICE_LIT("mta-sts.")) || slice_eq(label, SLICE_LIT("_mta-sts."))) &&
        slice_eq_nocase(name_parent(whole), slice_of(ctx->domain)))
        note(f, FC_pol_mx_policy_host, whole, NO_SLICE);
}
