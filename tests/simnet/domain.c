/* How a domain is put together. The order is: adoption, class, base (all in order), the class's
 * fault, truth. Every aspect has a draw of its own (draw.h). */
#include "tests/simnet/domain.h"

#include "tests/simnet/classes.h"
#include "tests/simnet/groups.h"
#include "tests/simnet/providers.h"
#include "tests/simnet/world_data.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *sim_text(struct sim_domain *d, const char *format, ...)
{
    char *at = d->text + d->text_used;
    size_t room = sizeof d->text - d->text_used;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(at, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room)
        return "";
    d->text_used += (size_t)n + 1;
    return at;
}

void sim_txt_add(struct sim_txt_set *set, const char *text)
{
    if (set->n == SIM_TXT_MAX)
        return;
    set->rr[set->n++] = (struct sim_txt_rr){.text = text, .len = strlen(text)};
    set->status = SIM_LOOKUP_FOUND;
}

void sim_txt_clear(struct sim_txt_set *set)
{
    set->n = 0;
    set->status = SIM_LOOKUP_NODATA;
}

const char *sim_record_id(struct sim_domain *d, struct sim_draw *draw)
{
    unsigned year = 2019 + sim_draw_below(draw, 7), month = 1 + sim_draw_below(draw, 12);
    unsigned day = 1 + sim_draw_below(draw, 28), second = sim_draw_below(draw, 86400);
    return sim_text(d, "%u%02u%02uT%06u", year, month, day, second);
}

void sim_policy_mx(struct sim_policy *policy, const char *pattern)
{
    if (policy->mx_count < SIM_PATTERNS_MAX)
        snprintf(policy->mx[policy->mx_count++], SIM_PATTERN_BYTES, "%s", pattern);
}

static struct sim_draw aspect(const struct sim_world *world, const struct sim_domain *d,
                              const char *salt)
{
    return sim_draw_new(sim_world_seed(world), salt, d->name);
}

/* Classes of the world's shares: fault, trouble, oddity, or nothing special (NULL). */
static const struct sim_class *choose_class(const struct sim_world *world,
                                            const struct sim_domain *d)
{
    const struct sim_shares *shares = sim_world_shares(world);
    struct sim_draw draw = aspect(world, d, "class");
    unsigned number = sim_world_number(world);
    if (sim_domain_is_stuck(world, d->name))
        return sim_class_draw(SIM_CLASS_STUCK, number, d->name, &draw);
    uint32_t at = sim_draw_below(&draw, 1000);
    if (at < shares->fault)
        return sim_class_draw(SIM_CLASS_FAULT, number, d->name, &draw);
    at -= shares->fault;
    if (at < shares->trouble)
        return sim_class_draw(SIM_CLASS_TROUBLE, number, d->name, &draw);
    at -= shares->trouble;
    if (at < shares->oddity)
        return sim_class_draw(SIM_CLASS_ODDITY, number, d->name, &draw);
    return NULL;
}

static void base_policy(const struct sim_world *world, uint32_t needs, struct sim_domain *d)
{
    static const uint32_t ages[] = {86400, 604800, 1209600, 2592000, 7776000, 15552000, 31557600};
    struct sim_draw draw = aspect(world, d, "policy");
    struct sim_policy *p = &d->policy;
    uint32_t at = sim_draw_below(&draw, 100);
    p->mode = at < 40 ? SIM_ENFORCE : at < 92 ? SIM_TESTING : SIM_NONE;
    p->max_age_s = ages[sim_draw_below(&draw, sizeof ages / sizeof ages[0])];
    p->lf = sim_draw_chance(&draw, 450);
    if (needs & SIM_NEED_NOT_NONE && p->mode == SIM_NONE)
        p->mode = SIM_TESTING;
    if (needs & (SIM_NEED_ENFORCE | SIM_NEED_PLAIN_POLICY))
        p->mode = SIM_ENFORCE;
    if (needs & SIM_NEED_TESTING)
        p->mode = SIM_TESTING;
    if (needs & SIM_NEED_MODE_NONE)
        p->mode = SIM_NONE;
    if (needs & SIM_NEED_PLAIN_POLICY) {
        p->max_age_s = 2592000;
        p->lf = false;
    }
    p->version_value = "STSv1";
    p->mode_value = p->mode == SIM_ENFORCE   ? "enforce"
                    : p->mode == SIM_TESTING ? "testing"
                                             : "none";
    p->max_age_value = sim_text(d, "%" PRIu32, p->max_age_s);
}

static void own_mx(struct sim_domain *d, struct sim_draw *draw, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sim_mx *mx = &d->mx[d->mx_count++];
        char label[] = SIM_LABEL_MX "1";
        label[sizeof label - 2] = (char)('1' + i);
        sim_name_join(label, d->name, mx->name);
        mx->preference = (uint16_t)(10 * (i + 1));
        mx->provider = -1;
        mx->kind = SIM_MX_GOOD;
        mx->addr[0] = sim_addr_mx(SIM_MX_GOOD, sim_draw_next(draw));
        mx->addr_count = 1;
    }
}

/* False when the provider cannot have a customer of that name. */
static bool shared_mx(struct sim_domain *d, int provider)
{
    const struct sim_mx_provider *p = sim_mx_provider((unsigned)provider);
    d->mx_count = 0;
    for (size_t i = 0; i < SIM_PROVIDER_MX_MAX && p->mx[i] != NULL; i++) {
        struct sim_mx *mx = &d->mx[d->mx_count];
        if (!sim_provider_expand(p->mx[i], d->name, d->hash, mx->name))
            return false;
        mx->preference = (uint16_t)(10 * (i + 1));
        mx->provider = provider;
        mx->kind = SIM_MX_GOOD;
        uint64_t at = sim_hash(0, "shared-mx", mx->name, strlen(mx->name));
        for (unsigned a = 0; a < p->addresses; a++)
            mx->addr[mx->addr_count++] = sim_addr_mx_shared((unsigned)provider, at, a);
        d->mx_count++;
    }
    return true;
}

static int draw_mx_provider(struct sim_draw *draw, bool no_wildcard)
{
    uint32_t total = 0;
    for (unsigned i = 0; i < sim_mx_provider_count(); i++)
        total += sim_mx_provider(i)->weight;
    for (;;) {
        uint32_t at = sim_draw_below(draw, total);
        unsigned i = 0;
        while (at >= sim_mx_provider(i)->weight)
            at -= sim_mx_provider(i++)->weight;
        if (!no_wildcard || sim_mx_provider(i)->pattern == NULL)
            return (int)i;
    }
}

/* The MX set, all in order, and the patterns of the policy that list it. */
static void base_mx(const struct sim_world *world, uint32_t needs, struct sim_domain *d)
{
    struct sim_draw draw = aspect(world, d, "mx");
    bool own = sim_draw_chance(&draw, sim_world_shares(world)->own_mx);
    size_t count = 1 + sim_draw_below(&draw, 10) / 7;
    if (needs & (SIM_NEED_OWN_MX | SIM_NEED_ONE_MX | SIM_NEED_TWO_MX))
        own = true;
    if (needs & SIM_NEED_SHARED_MX)
        own = false;
    if (needs & SIM_NEED_ONE_MX)
        count = 1;
    if (needs & SIM_NEED_TWO_MX)
        count = 2;
    int tuta = sim_mx_provider_index("tuta");
    const char *pattern = NULL;
    bool forced = d->host.hoster >= 0 && sim_hoster((unsigned)d->host.hoster)->only_mx != NULL;
    int provider = forced ? tuta : draw_mx_provider(&draw, needs & SIM_NEED_SHARED_MX);
    d->mx_state = SIM_MX_FOUND;
    if ((forced || !own) && shared_mx(d, provider)) {
        pattern = sim_mx_provider((unsigned)provider)->pattern;
    } else {
        d->mx_count = 0;
        own_mx(d, &draw, count);
    }
    if (pattern != NULL)
        sim_policy_mx(&d->policy, pattern);
    for (size_t i = 0; i < d->mx_count; i++) {
        d->mx[i].listed = true;
        if (pattern == NULL)
            sim_policy_mx(&d->policy, d->mx[i].name);
    }
}

/* Chooses the hoster, and makes the two CNAMEs; false: the domain hosts its policy itself. */
static bool hosted(const struct sim_world *world, uint32_t needs, struct sim_domain *d)
{
    struct sim_draw draw = aspect(world, d, "hosting");
    bool wanted = sim_draw_chance(&draw, sim_world_shares(world)->hosted);
    if (needs & SIM_NEED_HOSTED)
        wanted = true;
    if (needs & (SIM_NEED_OWN_TXT | SIM_NEED_OWN_HOST | SIM_NEED_OWN_MX | SIM_NEED_ONE_MX |
                 SIM_NEED_TWO_MX))
        wanted = needs & SIM_NEED_HOSTED;
    uint32_t total = 0;
    for (unsigned i = 0; i < sim_hoster_count(); i++)
        total += sim_hoster(i)->weight;
    uint32_t at = sim_draw_below(&draw, total);
    unsigned i = 0;
    while (at >= sim_hoster(i)->weight)
        at -= sim_hoster(i++)->weight;
    if (needs & SIM_NEED_HOSTED && sim_hoster(i)->only_mx != NULL)
        i = 2; /* a hoster whose customers may receive anywhere */
    if (!wanted || !sim_provider_expand(sim_hoster(i)->txt, d->name, d->hash, d->sts.cname) ||
        !sim_provider_expand(sim_hoster(i)->host, d->name, d->hash, d->host.cname)) {
        d->sts.cname[0] = d->host.cname[0] = '\0';
        return false;
    }
    d->host.hoster = (int)i;
    uint64_t where = sim_hash(0, "shared-policy", d->host.cname, strlen(d->host.cname));
    d->host.addr[0] = sim_addr_policy_shared(i, where, 0);
    return true;
}

static void base_host(const struct sim_world *world, uint32_t needs, struct sim_domain *d)
{
    struct sim_draw draw = aspect(world, d, "host");
    struct sim_policy_host *h = &d->host;
    char name[SIM_NAME_MAX];
    h->hoster = -1;
    h->status = SIM_LOOKUP_FOUND;
    h->addr_count = 1;
    h->policy_seen = true;
    uint64_t where = sim_draw_next(&draw);
    if (!hosted(world, needs, d))
        h->addr[0] = sim_addr_policy(where);
    sim_name_join("mta-sts", d->name, name);
    sim_cert_make(SIM_CERT_GOOD, name, sim_draw_next(&draw), &h->tls.cert);
    h->http.status = 200;
    h->http.content_type = sim_draw_chance(&draw, 300) ? "text/plain; charset=utf-8" : "text/plain";
    h->http.h2 = sim_draw_chance(&draw, 700);
}

static void base_records(const struct sim_world *world, uint32_t needs, struct sim_domain *d)
{
    struct sim_draw draw = aspect(world, d, "record");
    d->sts.ttl = sim_draw_chance(&draw, 500) ? 3600 : 300;
    if (d->sts.cname[0] != '\0') {
        char id[SIM_HOSTED_ID_BYTES];
        sim_hosted_id(d->sts.cname, id);
        sim_txt_add(&d->sts, sim_text(d, "v=STSv1; id=%s;", id));
    } else {
        sim_txt_add(&d->sts, sim_text(d, "v=STSv1; id=%s%s", sim_record_id(d, &draw),
                                      sim_draw_chance(&draw, 800) ? ";" : ""));
    }
    struct sim_draw rpt = aspect(world, d, "rpt");
    d->rpt.ttl = 3600;
    d->rpt.status = SIM_LOOKUP_NXDOMAIN;
    if (needs & SIM_NEED_NO_RPT_CODES || sim_draw_chance(&rpt, 700))
        sim_txt_add(&d->rpt, "v=TLSRPTv1; rua=mailto:tlsrpt@reports.simnet-collector.example");
}

/* Lines of the policy into the response body. */
static void render_line(struct sim_domain *d, const char *key, const char *value)
{
    struct sim_http *http = &d->host.http;
    const char *end = d->policy.escaped ? "\\n" : d->policy.lf ? "\n" : "\r\n";
    size_t room = sizeof http->body - http->body_len;
    int n = snprintf((char *)http->body + http->body_len, room, "%s%s%s", key, value, end);
    if (n > 0 && (size_t)n < room)
        http->body_len += (size_t)n;
}

static void render_policy(struct sim_domain *d)
{
    const struct sim_policy *p = &d->policy;
    struct sim_http *http = &d->host.http;
    if (d->host.body_fixed)
        return;
    if (p->prefix != NULL) {
        http->body_len = strlen(p->prefix);
        memcpy(http->body, p->prefix, http->body_len);
    }
    if (p->before != NULL)
        render_line(d, "", p->before);
    if (p->version_value != NULL)
        render_line(d, "version: ", p->version_value);
    if (p->mode_value != NULL)
        render_line(d, "mode: ", p->mode_value);
    for (size_t i = 0; i < p->mx_count; i++)
        render_line(d, "mx: ", p->mx[i]);
    if (p->max_age_value != NULL)
        render_line(d, "max_age: ", p->max_age_value);
    if (p->after != NULL)
        render_line(d, "", p->after);
}

/* Makes the big members ready to be filled. */
static void clear_big(struct sim_domain *d)
{
    memset(&d->host, 0, offsetof(struct sim_domain, text) - offsetof(struct sim_domain, host));
    d->host.hoster = -1;
}

/* The one fault that a member of a group may have. */
static const struct sim_class *group_class(const struct sim_group *group)
{
    for (unsigned i = 0; group->mixed && group->member % 10 == 3 && i < sim_class_count(); i++)
        if (strcmp(sim_class(i)->name, "http_type_wrong") == 0)
            return sim_class(i);
    return NULL;
}

/* Address and certificate of the whole group (groups.h). */
static void share_host(struct sim_domain *d, const struct sim_group *group)
{
    char first[SIM_NAME_MAX];
    int n = snprintf(first, sizeof first, "mta-sts.m%" PRIu32 ".%s", group->first, group->rest);
    if (n < 0 || (size_t)n >= sizeof first)
        return;
    d->host.addr[0] = sim_addr_policy(group->hash);
    sim_cert_make(SIM_CERT_GOOD, first, 0, &d->host.tls.cert);
    d->host.tls.cert.series = group->count;
    d->host.http.h2 = !group->mixed || group->first / group->count % 4 != 3;
    d->host.http.own_connection = group->mixed && group->member % 10 == 7;
}

static void build_adopter(const struct sim_world *world, struct sim_domain *d)
{
    struct sim_group group;
    bool grouped = sim_group_of(world, d->name, &group);
    clear_big(d);
    d->adopter = true;
    d->cls = grouped ? group_class(&group) : choose_class(world, d);
    uint32_t needs = d->cls == NULL ? grouped ? SIM_NEED_OWN_HOST : 0 : d->cls->needs;
    base_policy(world, needs, d);
    base_host(world, needs, d);
    if (grouped)
        share_host(d, &group);
    base_mx(world, needs, d);
    base_records(world, needs, d);
    if (d->cls != NULL) {
        struct sim_draw draw = aspect(world, d, d->cls->name);
        d->cls->build(d, &draw, d->cls);
    }
    render_policy(d);
}

/* Published by half: a record where nobody looks for it, or a policy that no record announces. */
static void build_attempt(const struct sim_world *world, struct sim_domain *d, uint32_t which)
{
    static const char *const labels[] = {"", "mta-sts.", "_mta_sts.", "_smtp_sts."};
    struct sim_draw draw = aspect(world, d, "attempt");
    if (which < sizeof labels / sizeof labels[0]) {
        const char *text = sim_text(d, "v=STSv1; id=%s;", sim_record_id(d, &draw));
        d->sts_astray.label = labels[which];
        d->sts_astray.rr = (struct sim_txt_rr){.text = text, .len = strlen(text)};
        return;
    }
    clear_big(d);
    base_policy(world, SIM_NEED_OWN_HOST, d);
    base_host(world, SIM_NEED_OWN_HOST, d);
    sim_policy_mx(&d->policy, sim_template(d, SIM_LABEL_MX "1.$", d->name));
    render_policy(d);
    d->orphan = true;
}

/* With a longer name _smtp._tls.D is no domain name, nor is _mta-sts.D with two bytes more: nothing
 * can be there. */
enum { ASKED_NAME_MAX = 253 - (sizeof "_smtp._tls." - 1) };

enum { ODDITIES = 36 }; /* of 1,000 absent names */

/* What is drawn for almost every name. */
struct draws {
    struct sim_draw absent, missing;
};

/* Returns the domain's hash. */
static uint64_t draw_all(const struct sim_world *world, const char *name, size_t len,
                         struct draws *out)
{
    uint64_t hash[SIM_SALTS];
    sim_hash_salts(sim_world_salts(world), name, len, hash);
    *out = (struct draws){.absent = {hash[1]}, .missing = {hash[2]}};
    return hash[0];
}

/* What `_mta-sts.D` answers when D publishes nothing: shares of 10,000. */
static void build_absent(const struct sim_world *world, const struct draws *drawn,
                         struct sim_domain *d)
{
    static const struct {
        uint32_t until;
        enum sim_lookup status;
    } outcomes[] = {
        {60, SIM_LOOKUP_SERVFAIL}, {75, SIM_LOOKUP_TIMEOUT}, {80, SIM_LOOKUP_REFUSED},
        {85, SIM_LOOKUP_BOGUS},    {480, SIM_LOOKUP_NODATA}, {10000, SIM_LOOKUP_NXDOMAIN},
    };
    struct sim_draw draw = drawn->absent;
    uint32_t at = sim_draw_below(&draw, 10000);
    size_t i = 0;
    while (at >= outcomes[i].until)
        i++;
    d->sts.status = d->rpt.status = outcomes[i].status;
    d->rpt.ttl = d->sts.ttl = 3600;
    d->registrable = sim_registrable(world, d->name);
    d->missing = d->registrable == d->name ? sim_is_missing_by(world, drawn->missing)
                                           : sim_is_missing(world, d->registrable);
    uint32_t oddity = sim_draw_below(&draw, 1000);
    if (d->sts.status == SIM_LOOKUP_NXDOMAIN && oddity >= ODDITIES)
        return; /* most names: nothing is there, whatever they are */
    if (strlen(d->name) > ASKED_NAME_MAX || d->missing || sim_is_infrastructure(d->name) ||
        sim_is_service_name(d->name)) {
        d->sts.status = d->rpt.status = SIM_LOOKUP_NXDOMAIN;
        return;
    }
    if (d->sts.status != SIM_LOOKUP_NXDOMAIN)
        return;
    if (strchr(d->name, '.') == NULL) /* a top-level domain */
        return;
    d->wildcard_txt = oddity < 8;
    d->wildcard_web = oddity >= 8 && oddity < 14;
    if (d->wildcard_txt) {
        sim_txt_add(&d->sts, SIM_WILDCARD_TXT);
    } else if (d->wildcard_web) {
        snprintf(d->sts.cname, sizeof d->sts.cname, "%s", SIM_WILDCARD_WEB);
        d->sts.status = SIM_LOOKUP_NODATA;
    } else if (oddity < 20) {
        sim_txt_add(&d->sts, "google-site-verification=Yb3dTk2tUaXTPCVAZ9E0");
    } else if (oddity < 26) {
        sim_txt_add(&d->rpt, "v=TLSRPTv1; rua=mailto:tlsrpt@reports.simnet-collector.example");
    } else if (strlen(d->name) <= SIM_ADOPTER_NAME_MAX) {
        build_attempt(world, d, (oddity - 26) / 2);
    }
}

enum sim_smtp_kind sim_mx_kind(const struct sim_mx *mx, size_t at)
{
    return at == 1 && mx->split ? mx->second_kind : mx->kind;
}

void sim_domain_add_mx(const struct sim_world *world, struct sim_domain *d)
{
    if (d->adopter)
        return;
    if (!d->orphan)
        clear_big(d);
    struct sim_draw draw = aspect(world, d, "mx-state");
    uint32_t at = sim_draw_below(&draw, 100);
    if (at < 5)
        d->mx_state = SIM_MX_NULL;
    else if (at < 20)
        d->mx_state = SIM_MX_NONE;
    else
        base_mx(world, 0, d);
}

void sim_domain_build(const struct sim_world *world, const char *name, struct sim_domain *d)
{
    memset(d, 0, offsetof(struct sim_domain, host));
    d->text_used = 0;
    d->world = world;
    size_t len = strnlen(name, sizeof d->name - 1);
    memcpy(d->name, name, len);
    d->name[len] = '\0';
    struct draws drawn;
    d->hash = draw_all(world, d->name, len, &drawn);
    d->cause = SIM_CODE_NONE;
    d->apex_addr = sim_addr_web(d->hash);
    if (sim_domain_adopts(world, name))
        build_adopter(world, d);
    else
        build_absent(world, &drawn, d);
}
