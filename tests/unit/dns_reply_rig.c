#include "tests/unit/dns_reply_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct msg reply_msg;
static struct arena g_arena;
struct dns_answer reply_answer;

int reply_setup(void **state)
{
    (void)state;
    arena_init(&g_arena, DNS_ANSWER_MAX_BYTES);
    return 0;
}

int reply_teardown(void **state)
{
    (void)state;
    arena_free(&g_arena);
    return 0;
}

/* The message has a copy of its exact size, so that ASan sees a read beyond it. */
const struct dns_answer *reply_parse_len(size_t len, const char *qname, enum dns_type type)
{
    uint8_t *exact = test_malloc(len > 0 ? len : 1);
    memcpy(exact, reply_msg.b, len);
    arena_reset(&g_arena);
    assert_int_equal(dns_reply_parse(exact, len, qname, type, &g_arena, &reply_answer), ST_OK);
    test_free(exact);
    return &reply_answer;
}

const struct dns_answer *reply_parse(const char *qname, enum dns_type type)
{
    return reply_parse_len(reply_msg.len, qname, type);
}

void reply_begin(enum dns_type type)
{
    msg_begin(&reply_msg, 1, REPLY, "q.example", type);
}
