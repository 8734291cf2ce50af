/* Units of lib/providers.c, and of the table that is compiled in. */
#include "lib/providers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof *(a))

static struct providers *builtin;

static int load(void **state)
{
    (void)state;
    return providers_builtin(&builtin) == ST_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    providers_free(builtin);
    return 0;
}

static void expect(const struct provider *p, const char *name)
{
    if (name == NULL) {
        assert_null(p);
    } else {
        assert_non_null(p);
        assert_string_equal(p->name, name);
    }
}

static void test_mx(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"example-com.mail.protection.outlook.com", "microsoft"},
        {"EXAMPLE-COM.H-V1.MX.MICROSOFT.", "microsoft"},
        {"outlook-com.olc.protection.outlook.com", "microsoft-consumer"},
        {"xmail.protection.outlook.com", NULL},
        {"protection.outlook.com", NULL},
        {"aspmx.l.google.com", "google"},
        {"smtp.google.com", "google"},
        {"notgoogle.com", NULL},
        {"mxa-0012.gslb.pphosted.com", "proofpoint"},
        {"eu-smtp-inbound-1.mimecast.com", "mimecast"},
        {"route1.mx.cloudflare.net", "cloudflare"},
        {"cloudflare.net", NULL},
        {"in1-smtp.messagingengine.com", "fastmail"},
        {"mail.tutanota.de", "tuta"},
        {"mta-sts.tutanota.de", NULL},
        {"", NULL},
        {".", NULL},
    };
    for (size_t i = 0; i < N(cases); i++)
        expect(provider_of_mx(builtin, slice_of(cases[i][0])), cases[i][1]);
    assert_null(provider_of_mx(NULL, SLICE_LIT("smtp.google.com")));
    assert_null(provider_of_mx(builtin, SLICE_LIT("smtp\0.google.com")));
}

static void test_policy_hosts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"mta-sts.tutanota.de", "tuta"},
        {"_mta-sts.tutanota.de", "tuta"},
        {"example-com.mta-sts.dmarcinput.com", "dmarcreport"},
        {"example-com._mta.mta-sts.tech", "powerdmarc"},
        {"example_com__mta_sts.easydmarc.pro", "easydmarc"},
        {"example.com._mta-sts.mailhardener.com", "mailhardener"},
        {"example.com.mta-sts.mailhardener.com", "mailhardener"},
        {"example-com._mta-sts.uriports.com", "uriports"},
        {"example.com._mta-sts.sdmarc.net", "sendmarc"},
        {"_mta-sts.example.com._mta-sts.smart.ondmarc.com", "ondmarc"},
        {"_mta-sts.mx.cloudflare.net", "cloudflare-email"},
        {"user.github.io", "github-pages"},
        {"site.azurestaticapps.net", "azure-static-web-apps"},
        {"app.azurewebsites.net", "azure-functions"},
        {"d1mjxpf94ovr2l.cloudfront.net", "cloudfront"},
        {"site.netlify.app", "netlify"},
        {"cname.vercel-dns.com", "vercel"},
        {"x.herokudns.com", "heroku"},
        {"x.web.app", "firebase"},
        {"www.mailhardener.com", NULL},
        {"smtp.google.com", NULL},
    };
    for (size_t i = 0; i < N(cases); i++)
        expect(provider_of_policy_host(builtin, slice_of(cases[i][0])), cases[i][1]);
}

static void test_traits(void **state)
{
    (void)state;
    const struct provider *p = provider_of_mx(builtin, SLICE_LIT("x.mx.microsoft"));
    assert_true(p->exchange_online && p->multi_tenant && !p->fixed_mx);
    assert_int_equal(p->kind, PROVIDER_MAILBOX);
    p = provider_of_mx(builtin, SLICE_LIT("x.pphosted.com"));
    assert_true(p->multi_tenant && !p->fixed_mx && !p->exchange_online);
    assert_int_equal(p->kind, PROVIDER_GATEWAY);
    p = provider_of_mx(builtin, SLICE_LIT("aspmx.l.google.com"));
    assert_true(p->multi_tenant && p->fixed_mx && !p->exchange_online);
    p = provider_of_policy_host(builtin, SLICE_LIT("x.github.io"));
    assert_true(p->claimable);
    assert_int_equal(p->kind, PROVIDER_PLATFORM);
    p = provider_of_policy_host(builtin, SLICE_LIT("x.mta-sts.tech"));
    assert_false(p->claimable);
    assert_int_equal(p->kind, PROVIDER_STS_HOSTING);
}

static void test_parse(void **state)
{
    (void)state;
    struct providers *p;
    size_t line;
    struct slice good = SLICE_LIT("# comment\n\nb.example\tmx\tone\tmailbox\t-\r\n"
                                  "a.b.example\tmx\ttwo\tgateway\tfixed_mx\n"
                                  "b.example\tpolicy\tthree\tplatform\tclaimable,multi_tenant");
    assert_int_equal(providers_parse(good, &p, &line), ST_OK);
    expect(provider_of_mx(p, SLICE_LIT("x.b.example")), "one");
    expect(provider_of_mx(p, SLICE_LIT("x.a.b.example")), "two"); /* the longest wins */
    expect(provider_of_policy_host(p, SLICE_LIT("x.a.b.example")), "three");
    providers_free(p);
    providers_free(NULL);
}

static void test_parse_rejects(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "#\nexample\n",
        "#\nb.example\tmx\tone\tmailbox\n",
        "#\nb.example\tmx\tone\tmailbox\t-\t-\n",
        "#\nb.example\twww\tone\tmailbox\t-\n",
        "#\nb.example\tmx\tone\tmail\t-\n",
        "#\nb.example\tmx\tone\tmailbox\tfixed\n",
        "#\nb.example\tmx\t\tmailbox\t-\n",
        "#\nB.example\tmx\tone\tmailbox\t-\n",
        "#\n.example\tmx\tone\tmailbox\t-\n",
        "b.example\tmx\tone\tmailbox\t-\nb.example\tmx\ttwo\tmailbox\t-\n",
    };
    for (size_t i = 0; i < N(bad); i++) {
        struct providers *p;
        size_t line;
        assert_int_equal(providers_parse(slice_of(bad[i]), &p, &line), ST_INVALID);
        assert_int_equal(line, 2);
        assert_null(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mx),
        cmocka_unit_test(test_policy_hosts),
        cmocka_unit_test(test_traits),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_rejects),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
