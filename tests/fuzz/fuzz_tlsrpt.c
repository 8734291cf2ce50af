/* libFuzzer: TXT RRs at _smtp._tls, one a line. */
#include "lib/tlsrpt.h"
#include "tests/fuzz/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct txt_rr rr[FUZZ_RRS_MAX];
    struct arena arena;
    struct findings f;
    struct tlsrpt out;
    size_t n = split_rrs(data, size, rr);

    arena_init(&arena, EVIDENCE_MAX_BYTES);
    findings_init(&f, &arena);
    check(tlsrpt_judge(rr, n, "example.com", &f, &out) == ST_OK);
    check_findings(&f, out.valid || !out.present, true);
    for (size_t i = 0; i < out.n_rua; i++)
        check_text(out.rua[i]);
    arena_free(&arena);
    return 0;
}
