/* libFuzzer: TXT RRs at _mta-sts, one a line, judged and read by every sender. */
#include "lib/record.h"
#include "lib/senders.h"
#include "tests/fuzz/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice policy = SLICE_LIT("version: STSv1\nmode: none\nmx: a.b\nmax_age: 1\n");
    struct txt_rr rr[FUZZ_RRS_MAX];
    struct arena arena;
    struct findings f;
    struct sts_record out;
    const char **names;
    size_t n = split_rrs(data, size, rr), n_names;

    arena_init(&arena, EVIDENCE_MAX_BYTES);
    findings_init(&f, &arena);
    check(record_judge(rr, n, &f, &out) == ST_OK);
    check_findings(&f, out.state != RECORD_INVALID, false);
    check_text(out.id);
    check((out.rr >= 0) == (out.state != RECORD_NOTHING));
    const struct http_facts response = {
        .status = 200, .content_type = "text/plain", .body = policy};
    check(senders_judge(&arena, rr, n, &response, &names, &n_names) == ST_OK);
    arena_free(&arena);
    return 0;
}
