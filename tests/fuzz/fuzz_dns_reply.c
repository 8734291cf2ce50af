/* Any bytes as a reply to the question they hold themselves: so the walker gets past the question.
 */
#include "scanner/net/dns_reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_header h;
    struct dns_answer answer;
    struct arena arena;
    char qname[NAME_TEXT_MAX_BYTES];
    uint16_t qtype;

    if (dns_reply_question(data, size, &h, qname, &qtype) != ST_OK)
        return 0;
    arena_init(&arena, DNS_ANSWER_MAX_BYTES);
    if (dns_reply_parse(data, size, qname, (enum dns_type)qtype, &arena, &answer) != ST_OK)
        abort(); /* the cap of the arena covers every message */
    if (answer.n > 0 && answer.facts.status != LOOKUP_FOUND)
        abort();
    arena_free(&arena);
    return 0;
}
