#include "lib/match.h"

#include "lib/name.h"

static bool has_wildcard_label(struct slice pattern)
{
    return slice_starts(pattern, SLICE_LIT("*."));
}

bool mx_match(struct slice pattern, struct slice host)
{
    if (host.len > 0 && host.p[host.len - 1] == '.')
        host.len--;
    if (host.len == 0)
        return false;
    if (!has_wildcard_label(pattern))
        return slice_eq_nocase(pattern, host);
    /* The asterisk stands for one whole label: what follows it is all that follows the host's. */
    struct slice behind = name_parent(pattern);
    return behind.len > 0 && host.p[0] != '.' && slice_eq_nocase(behind, name_parent(host));
}

bool dns_id_match(struct slice dns_id, struct slice host)
{
    if (has_wildcard_label(dns_id) && name_labels(name_parent(dns_id)) < 2)
        return false;
    return mx_match(dns_id, host);
}

/* Shell-like: each '*' stands for any bytes, dots included. That is every wrong reading of a
 * wildcard at once. Iterative, with one place to go back to. */
static bool glob_match(struct slice glob, struct slice host)
{
    size_t g = 0, h = 0, star = SIZE_MAX, taken = 0;
    while (h < host.len) {
        if (g < glob.len && glob.p[g] == '*') {
            star = g++;
            taken = h;
        } else if (g < glob.len &&
                   slice_eq_nocase((struct slice){glob.p + g, 1}, (struct slice){host.p + h, 1})) {
            g++;
            h++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            h = ++taken;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.p[g] == '*')
        g++;
    return g == glob.len;
}

enum name_match cert_names_match(const struct cert_names *names, struct slice host)
{
    if (host.len > 0 && host.p[host.len - 1] == '.')
        host.len--;
    for (size_t i = 0; i < names->n; i++)
        if (dns_id_match(slice_of(names->dns[i]), host))
            return NAME_MATCH_OK;
    if (names->cn != NULL && dns_id_match(slice_of(names->cn), host))
        return NAME_MATCH_CN_ONLY;
    for (size_t i = 0; i < names->n; i++)
        if (glob_match(slice_of(names->dns[i]), host))
            return NAME_MATCH_WILDCARD_BAD;
    return NAME_MATCH_NONE;
}

enum name_match cert_names_match_policy_host(const struct cert_names *names, struct slice host)
{
    struct cert_names spoken_of = *names;
    if (names->n > 0)
        spoken_of.cn = NULL;
    return cert_names_match(&spoken_of, host);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

unsigned edit_distance(struct slice a, struct slice b, unsigned limit)
{
    /* Three rows of the matrix of optimal string alignment: the present one and the two above. */
    unsigned row[3][NAME_MAX_BYTES + 2];
    size_t difference = a.len > b.len ? a.len - b.len : b.len - a.len;

    if (difference > limit || a.len > NAME_MAX_BYTES || b.len > NAME_MAX_BYTES)
        return slice_eq(a, b) ? 0 : limit + 1;
    for (size_t j = 0; j <= b.len; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *now = row[i % 3], *above = row[(i + 2) % 3], *above2 = row[(i + 1) % 3];
        unsigned best = now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned cost = a.p[i - 1] == b.p[j - 1] ? 0 : 1;
            now[j] = min3(above[j] + 1, now[j - 1] + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                above2[j - 2] + cost < now[j])
                now[j] = above2[j - 2] + cost;
            if (now[j] < best)
                best = now[j];
        }
        /* A transposition reaches back two rows, so only a row whose best leaves room for neither
         * ends it. */
        if (best > limit + 1)
            return limit + 1;
    }
    unsigned distance = row[a.len % 3][b.len];
    return distance > limit ? limit + 1 : distance;
}
