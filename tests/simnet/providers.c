#include "tests/simnet/providers.h"

#include "tests/simnet/world_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SUFFIX(text) text, sizeof text - 1

/* The eight hosting providers of IMC 2025 Table 2. */
static const struct sim_hoster hosters[] = {
    {"tuta", SUFFIX("tutanota.de"), "customers._mta-sts.tutanota.de",
     "customers.mta-sts.tutanota.de", 30, "tuta"},
    {"dmarcreport", SUFFIX("dmarcinput.com"), "%d._mta-sts.dmarcinput.com",
     "%d.mta-sts.dmarcinput.com", 8, NULL},
    {"powerdmarc", SUFFIX("mta-sts.tech"), "%d._sts.mta-sts.tech", "%d._mta.mta-sts.tech", 22,
     NULL},
    {"easydmarc", SUFFIX("easydmarc.pro"), "%u__mta_sts.easydmarc.pro", "%u_mta_sts.easydmarc.pro",
     12, NULL},
    {"mailhardener", SUFFIX("mailhardener.com"), "%D._mta-sts.mailhardener.com",
     "%D.mta-sts.mailhardener.com", 8, NULL},
    {"uriports", SUFFIX("uriports.com"), "%d._mta-sts.uriports.com", "%d._mta-sts.uriports.com", 7,
     NULL},
    {"sendmarc", SUFFIX("sdmarc.net"), "%D._mta-sts.sdmarc.net", "%D._mta-sts.sdmarc.net", 7, NULL},
    {"ondmarc", SUFFIX("ondmarc.com"), "_mta-sts.%D._mta-sts.smart.ondmarc.com",
     "_mta-sts.%D._mta-sts.smart.ondmarc.com", 6, NULL},
};

static const struct sim_mx_provider mx_providers[] = {
    {"microsoft",
     SUFFIX("mail.protection.outlook.com"),
     {"%d.mail.protection.outlook.com"},
     "*.mail.protection.outlook.com",
     {"mail.protection.outlook.com", "*.mail.protection.outlook.com"},
     2,
     300},
    {"microsoft",
     SUFFIX("mx.microsoft"),
     {"%d.h-v1.mx.microsoft"},
     "*.h-v1.mx.microsoft",
     {"*.h-v1.mx.microsoft"},
     2,
     20},
    {"google",
     SUFFIX("google.com"),
     {"aspmx.l.google.com", "alt1.aspmx.l.google.com", "alt2.aspmx.l.google.com",
      "alt3.aspmx.l.google.com", "alt4.aspmx.l.google.com"},
     NULL,
     {"mx.google.com", "smtp.google.com", "aspmx.l.google.com", "*.aspmx.l.google.com"},
     1,
     200},
    {"google",
     SUFFIX("smtp.google.com"),
     {"smtp.google.com"},
     NULL,
     {"mx.google.com", "smtp.google.com", "aspmx.l.google.com", "*.aspmx.l.google.com"},
     2,
     60},
    {"zoho",
     SUFFIX("zoho.com"),
     {"mx.zoho.com", "mx2.zoho.com", "mx3.zoho.com"},
     NULL,
     {"*.zoho.com"},
     1,
     20},
    {"fastmail",
     SUFFIX("messagingengine.com"),
     {"in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com"},
     NULL,
     {"*.messagingengine.com"},
     2,
     25},
    {"proton",
     SUFFIX("protonmail.ch"),
     {"mail.protonmail.ch", "mailsec.protonmail.ch"},
     NULL,
     {"mail.protonmail.ch", "mailsec.protonmail.ch"},
     1,
     30},
    {"tuta", SUFFIX("mail.tutanota.de"), {"mail.tutanota.de"}, NULL, {"mail.tutanota.de"}, 1, 0},
    {"cloudflare",
     SUFFIX("mx.cloudflare.net"),
     {"route1.mx.cloudflare.net", "route2.mx.cloudflare.net", "route3.mx.cloudflare.net"},
     NULL,
     {"*.mx.cloudflare.net"},
     2,
     40},
    {"mimecast",
     SUFFIX("mimecast.com"),
     {"eu-smtp-inbound-1.mimecast.com", "eu-smtp-inbound-2.mimecast.com"},
     NULL,
     {"*.mimecast.com"},
     2,
     20},
    {"proofpoint",
     SUFFIX("gslb.pphosted.com"),
     {"mxa-%h.gslb.pphosted.com", "mxb-%h.gslb.pphosted.com"},
     NULL,
     {"*.gslb.pphosted.com"},
     1,
     20},
    {"mailbox.org",
     SUFFIX("mailbox.org"),
     {"mxext1.mailbox.org", "mxext2.mailbox.org", "mxext3.mailbox.org"},
     NULL,
     {"*.mailbox.org"},
     1,
     15},
};

enum {
    HOSTERS = sizeof hosters / sizeof hosters[0],
    MX_PROVIDERS = sizeof mx_providers / sizeof mx_providers[0],
};

unsigned sim_hoster_count(void)
{
    return HOSTERS;
}

const struct sim_hoster *sim_hoster(unsigned i)
{
    return &hosters[i];
}

unsigned sim_mx_provider_count(void)
{
    return MX_PROVIDERS;
}

const struct sim_mx_provider *sim_mx_provider(unsigned i)
{
    return &mx_providers[i];
}

int sim_mx_provider_index(const char *name)
{
    for (unsigned i = 0; i < MX_PROVIDERS; i++)
        if (strcmp(mx_providers[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int hoster_of(const char *name, size_t n)
{
    for (unsigned i = 0; i < HOSTERS; i++)
        if (sim_name_ends(name, n, hosters[i].suffix, hosters[i].suffix_len))
            return (int)i;
    return -1;
}

int sim_hoster_of(const char *name)
{
    return hoster_of(name, strlen(name));
}

/* The longest suffix wins: smtp.google.com is a row of its own beside google.com. */
static int mx_provider_of(const char *name, size_t n)
{
    int best = -1;
    for (unsigned i = 0; i < MX_PROVIDERS; i++)
        if (sim_name_ends(name, n, mx_providers[i].suffix, mx_providers[i].suffix_len) &&
            (best < 0 || mx_providers[i].suffix_len > mx_providers[best].suffix_len))
            best = (int)i;
    return best;
}

int sim_mx_provider_of(const char *name)
{
    return mx_provider_of(name, strlen(name));
}

bool sim_is_infrastructure(const char *name)
{
    static const char hosting[] = SIM_SUFFIX_HOSTING, collector[] = SIM_SUFFIX_COLLECTOR;
    size_t n = strlen(name);
    return hoster_of(name, n) >= 0 || mx_provider_of(name, n) >= 0 ||
           sim_name_ends(name, n, hosting, sizeof hosting - 1) ||
           sim_name_ends(name, n, collector, sizeof collector - 1);
}

/* Whether every label of the name is 1..63 bytes. */
static bool labels_fit(const char *name)
{
    for (;;) {
        size_t n = strcspn(name, ".");
        if (n == 0 || n > SIM_LABEL_MAX)
            return false;
        if (name[n] == '\0')
            return true;
        name += n + 1;
    }
}

bool sim_provider_expand(const char *pattern, const char *domain, uint64_t hash,
                         char out[SIM_NAME_MAX])
{
    char customer[SIM_NAME_MAX] = "";
    const char *mark = strchr(pattern, '%');
    if (mark == NULL) {
        snprintf(out, SIM_NAME_MAX, "%s", pattern);
        return true;
    }
    if (mark[1] == 'h') {
        snprintf(customer, sizeof customer, "%08" PRIx32, (uint32_t)hash);
    } else {
        snprintf(customer, sizeof customer, "%s", domain);
        for (char *p = customer; mark[1] != 'D' && *p != '\0'; p++)
            if (*p == '.')
                *p = mark[1] == 'd' ? '-' : '_';
    }
    int n =
        snprintf(out, SIM_NAME_MAX, "%.*s%s%s", (int)(mark - pattern), pattern, customer, mark + 2);
    return n > 0 && n < SIM_NAME_MAX && labels_fit(out);
}
