/* libFuzzer: the whole judgement. An input that begins with '{' is a record to be read; any other
 * is 8 bytes of seed for the evidence and bytes that the network could have sent. What is written
 * must be UTF-8, within its cap, and read back to the same line. */
#include "lib/record_json.h"
#include "tests/fuzz/check.h"
#include "tests/unit/random_evidence.h"

#include <string.h>

static void write_line(const struct judge *ctx, const struct evidence *e, struct judgement *j,
                       struct strbuf *line)
{
    strbuf_clear(line);
    check(classify(ctx, e, j) == ST_OK);
    check(record_write(e, j, line) == ST_OK);
    check(line->len > 0 && line->len <= RECORD_LINE_MAX_BYTES && line->p[line->len - 1] == '\n');
    check(strlen(line->p) == line->len);
    check_text(line->p);
}

/* Bytes of the network's choice where the seed drew its own. */
static void put_bytes(struct evidence *e, struct slice bytes)
{
    struct txt_rr *rr = arena_array(&e->arena, 1, sizeof *rr);
    check(rr != NULL);
    *rr = (struct txt_rr){arena_dup(&e->arena, bytes), bytes.len, 1};
    struct txt_facts *txt = bytes.len % 2 == 0 ? &e->sts : &e->rpt;
    *txt = (struct txt_facts){.dns = txt->dns, .rr = rr, .n = 1};
    txt->dns.status = LOOKUP_FOUND;
    for (size_t i = 0; i < e->policy.n_fetch; i++)
        e->policy.fetch[i].http.body = (struct slice){rr->p, rr->len};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static name_psl *psl;
    static struct providers *providers;
    if (psl == NULL)
        check(name_psl_load(NULL, &psl) == ST_OK && providers_builtin(&providers) == ST_OK);
    const struct judge ctx = {psl, providers};
    const bool is_record = size > 0 && data[0] == '{';
    const char *error;
    struct evidence e, again;
    struct judgement j;
    struct strbuf first, second;
    if ((!is_record && size < 8) || size > 8 + TXT_RR_MAX_BYTES)
        return 0;

    evidence_init(&e);
    evidence_init(&again);
    judgement_init(&j);
    strbuf_init(&first, RECORD_LINE_MAX_BYTES);
    strbuf_init(&second, RECORD_LINE_MAX_BYTES);
    bool readable = true;
    if (is_record) {
        readable = record_read((struct slice){(const char *)data, size}, &e, &error) == ST_OK;
    } else {
        uint64_t seed;
        memcpy(&seed, data, sizeof seed);
        random_evidence(&e, seed);
        put_bytes(&e, (struct slice){(const char *)data + 8, size - 8});
    }
    if (readable) {
        write_line(&ctx, &e, &j, &first);
        check(record_read((struct slice){first.p, first.len}, &again, &error) == ST_OK);
        write_line(&ctx, &again, &j, &second);
        check(first.len == second.len && memcmp(first.p, second.p, first.len) == 0);
    }
    strbuf_free(&first);
    strbuf_free(&second);
    judgement_free(&j);
    evidence_free(&e);
    evidence_free(&again);
    return 0;
}
