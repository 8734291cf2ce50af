/* libFuzzer: a policy body, judged and read by every sender. */
#include "lib/match.h"
#include "lib/policy.h"
#include "lib/senders.h"
#include "tests/fuzz/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static name_psl *psl;
    const struct txt_rr rr = {"v=STSv1; id=1", 13, 1};
    struct arena arena;
    struct findings f;
    struct policy out;
    const char **names;
    size_t n_names;
    if (psl == NULL)
        check(name_psl_load(NULL, &psl) == ST_OK);
    const struct policy_context ctx = {.domain = "example.com", .psl = psl};
    struct slice body = {(const char *)data,
                         size < POLICY_BODY_MAX_BYTES ? size : POLICY_BODY_MAX_BYTES};

    arena_init(&arena, EVIDENCE_MAX_BYTES);
    findings_init(&f, &arena);
    check(policy_judge(body, &ctx, &f, &out) == ST_OK);
    check_findings(&f, out.valid, false);
    check(!out.valid || (out.mode != POLICY_MODE_UNKNOWN && out.max_age_s >= 0 &&
                         out.max_age_s <= MAX_AGE_MAX_SECONDS));
    check(!out.valid || out.mode == POLICY_NONE || out.n_mx > 0);
    for (size_t i = 0; i < out.n_mx; i++)
        mx_match(slice_of(out.mx[i]), SLICE_LIT("mail.example.com"));
    for (size_t i = 0; i < out.n_mx_raw; i++)
        check_text(out.mx_raw[i]);
    const struct http_facts response = {.status = 200, .content_type = "text/plain", .body = body};
    check(senders_judge(&arena, &rr, 1, &response, &names, &n_names) == ST_OK);
    check(policy_body_is_html(body) || out.valid == (n_names > 0 && names[0] == sender_name(0)));
    arena_free(&arena);
    return 0;
}
