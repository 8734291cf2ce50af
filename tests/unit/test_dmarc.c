/* Tests of dmarc: presence, validity, policy and destinations (RFC 7489 6.3, 6.6.3). */
#include "lib/dmarc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct expected {
    const char *txt[3];
    bool present, valid;
    const char *policy;
    size_t n_rua;
};

static void test_records(void **state)
{
    static const struct expected cases[] = {
        {{"v=DMARC1; p=reject"}, true, true, "reject", 0},
        {{"v=DMARC1 ;p=Quarantine ; rua=mailto:a@b.example, mailto:c@d.example"},
         true,
         true,
         "quarantine",
         2},
        {{"v=DMARC1; p=none; rua=mailto:a@b.example;", "v=spf1 -all"}, true, true, "none", 1},
        /* no readable p: none when it asks for reports, else no record */
        {{"v=DMARC1; rua=mailto:a@b.example"}, true, true, "none", 1},
        {{"v=DMARC1; p=rejct"}, true, false, NULL, 0},
        {{"v=DMARC1"}, true, false, NULL, 0},
        {{"v=DMARC1; p=none; p=reject"}, true, true, "none", 0},
        /* the version is first and case-sensitive */
        {{"v=dmarc1; p=reject"}, true, false, NULL, 0},
        {{"p=reject; v=DMARC1"}, false, false, NULL, 0},
        {{"v=DMARC1; p=none", "v=DMARC1; p=reject"}, true, false, NULL, 0},
        {{"v=spf1 -all"}, false, false, NULL, 0},
        {{""}, false, false, NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct txt_rr rr[3];
        size_t n = 0;
        struct arena arena;
        struct dmarc out;
        for (; n < 3 && cases[i].txt[n] != NULL; n++)
            rr[n] = (struct txt_rr){cases[i].txt[n], strlen(cases[i].txt[n]), 1};
        arena_init(&arena, EVIDENCE_MAX_BYTES);
        assert_int_equal(dmarc_judge(rr, n, &arena, &out), ST_OK);
        assert_int_equal(out.present, cases[i].present);
        assert_int_equal(out.valid, cases[i].valid);
        assert_int_equal(out.n_rua, cases[i].n_rua);
        if (cases[i].policy != NULL)
            assert_string_equal(out.policy, cases[i].policy);
        else
            assert_null(out.policy);
        arena_free(&arena);
    }
}

static void test_many_destinations(void **state)
{
    char text[2048] = "v=DMARC1; p=none; rua=";
    size_t at = strlen(text);
    struct arena arena;
    struct dmarc out;
    (void)state;
    for (int i = 0; i <= RUA_MAX; i++) {
        memcpy(text + at, "mailto:a@b.example,", 19);
        at += 19;
    }
    const struct txt_rr rr = {text, at, 1};
    arena_init(&arena, EVIDENCE_MAX_BYTES);
    assert_int_equal(dmarc_judge(&rr, 1, &arena, &out), ST_OK);
    assert_true(out.valid);
    assert_int_equal(out.n_rua, RUA_MAX);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_many_destinations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
