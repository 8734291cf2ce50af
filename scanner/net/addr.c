/* addr: endpoints as text and as sockaddr, canonical addresses, prefixes. */
#include "scanner/net/addr.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
    PORT_DIGITS_MAX = 5,
    PREFIX_V4_BYTES = 3, /* /24 */
    PREFIX_V6_BYTES = 6, /* /48 */
};

static bool port_parse(struct slice text, uint16_t *out)
{
    uint32_t port = 0;
    if (text.len == 0 || text.len > PORT_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        port = port * 10 + (uint32_t)(text.p[i] - '0');
    }
    if (port > UINT16_MAX)
        return false;
    *out = (uint16_t)port;
    return true;
}

/* "[V6]" or "[V6]:PORT". */
static enum status bracketed_parse(struct slice text, struct endpoint *out)
{
    const char *close = memchr(text.p, ']', text.len);
    if (close == NULL)
        return ST_INVALID;
    struct slice inside = {text.p + 1, (size_t)(close - text.p) - 1};
    struct slice rest = {close + 1, text.len - inside.len - 2};
    if (net_addr_parse(inside, &out->ip) != ST_OK || out->ip.family != 6)
        return ST_INVALID;
    if (rest.len == 0)
        return ST_OK;
    rest.p++;
    rest.len--;
    return close[1] == ':' && port_parse(rest, &out->port) ? ST_OK : ST_INVALID;
}

enum status endpoint_parse(const char *text, uint16_t default_port, struct endpoint *out)
{
    struct endpoint e = {.port = default_port};
    struct slice s = slice_of(text);
    enum status st;

    if (s.len > 0 && s.p[0] == '[') {
        st = bracketed_parse(s, &e);
    } else {
        /* One colon separates a port; several belong to an IPv6 address. */
        const char *colon = s.len > 0 ? memchr(s.p, ':', s.len) : NULL;
        if (colon != NULL && strchr(colon + 1, ':') == NULL) {
            if (!port_parse(slice_of(colon + 1), &e.port))
                return ST_INVALID;
            s.len = (size_t)(colon - s.p);
        }
        st = net_addr_parse(s, &e.ip);
    }
    if (st == ST_OK)
        *out = e;
    return st;
}

void endpoint_text(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX_BYTES])
{
    char ip[ADDR_TEXT_MAX_BYTES];
    net_addr_text(&e->ip, ip);
    snprintf(out, ENDPOINT_TEXT_MAX_BYTES, e->ip.family == 6 ? "[%s]:%u" : "%s:%u", ip,
             (unsigned)e->port);
}

socklen_t endpoint_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof *ss);
    if (e->ip.family == 6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};
        memcpy(&in6.sin6_addr, e->ip.b, sizeof in6.sin6_addr);
        memcpy(ss, &in6, sizeof in6);
        return sizeof in6;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(e->port)};
    memcpy(&in.sin_addr, e->ip.b, sizeof in.sin_addr);
    memcpy(ss, &in, sizeof in);
    return sizeof in;
}

bool endpoint_of_sockaddr(const struct sockaddr *sa, struct endpoint *out)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (sa->sa_family == AF_INET) {
        memcpy(&in, sa, sizeof in);
        *out = (struct endpoint){.ip = {.family = 4}, .port = ntohs(in.sin_port)};
        memcpy(out->ip.b, &in.sin_addr, sizeof in.sin_addr);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(&in6, sa, sizeof in6);
        *out = (struct endpoint){.ip = {.family = 6}, .port = ntohs(in6.sin6_port)};
        memcpy(out->ip.b, &in6.sin6_addr, sizeof in6.sin6_addr);
        return true;
    }
    return false;
}

void addr_reverse_name(const struct net_addr *a, char out[ADDR_REVERSE_MAX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;
    if (a->family == 4) {
        snprintf(out, ADDR_REVERSE_MAX_BYTES, "%u.%u.%u.%u.in-addr.arpa", a->b[3], a->b[2], a->b[1],
                 a->b[0]);
        return;
    }
    for (int i = 15; i >= 0; i--) {
        *p++ = digits[a->b[i] & 0xf];
        *p++ = '.';
        *p++ = digits[a->b[i] >> 4];
        *p++ = '.';
    }
    memcpy(p, "ip6.arpa", sizeof "ip6.arpa");
}

struct net_addr addr_canonical(const struct net_addr *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}; /* RFC 6052 2.1 */
    static const uint8_t sixtofour[2] = {0x20, 0x02};          /* RFC 3056 2 */
    const uint8_t *v4 = NULL;

    if (a->family != 6)
        return *a;
    if (memcmp(a->b, mapped, sizeof mapped) == 0 || memcmp(a->b, nat64, sizeof nat64) == 0)
        v4 = a->b + 12;
    else if (memcmp(a->b, sixtofour, sizeof sixtofour) == 0)
        v4 = a->b + 2;
    if (v4 == NULL)
        return *a;
    struct net_addr out = {.family = 4};
    memcpy(out.b, v4, 4);
    return out;
}

uint64_t addr_prefix_key(const struct net_addr *a)
{
    struct net_addr c = addr_canonical(a);
    size_t bytes = c.family == 6 ? PREFIX_V6_BYTES : PREFIX_V4_BYTES;
    uint64_t key = c.family; /* keeps 32.1.13.0/24 apart from 2001:d00::/48 */
    for (size_t i = 0; i < bytes; i++)
        key = key << 8 | c.b[i];
    return key;
}
