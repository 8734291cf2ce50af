/* What a fetch costs in memory while its host holds it (scanner/net/fetch_memory.h): two thousand
 * may be held at once. */
#include "scanner/net/fetch.h"
#include "tests/unit/net_world.h"
#include "tests/unit/silent_host.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    FIRST = 10, /* fetches before anything is counted: what all share is made */
    HELD = 100,
    /* A handshake that was begun: OpenSSL's 56 KiB, libcurl's 11, ours. Its buffer for reading, 16
     * KiB, is mapped, and a page of it in use; of OpenSSL's for messages three pages go back. */
    HEAP_MAX_BYTES = 74 << 10,
    RESIDENT_MAX_BYTES = 60 << 10,
};

static size_t resident_bytes(void)
{
    char line[128], *end;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    strtoul(line, &end, 10);
    return strtoul(end, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void on_done(void *arg, const struct fetch_outcome *out)
{
    size_t *ended = arg;
    assert_int_equal(out->facts.conn, CONN_ABANDONED);
    ++*ended;
}

/* So many more fetches, until their hosts have the ClientHello. */
static void hold(struct silent_host *s, fetcher *f, size_t n, size_t *ended)
{
    struct fetch_request req = {.host = NET_HOST,
                                .ip = s->at.ip,
                                .port = s->at.port,
                                .path = "/.well-known/mta-sts.txt",
                                .body_max_bytes = POLICY_BODY_MAX_BYTES,
                                .deadline_ms = 600000};
    s->wanted += n;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(fetch_start(f, &req, on_done, ended, NULL), ST_OK);
    event_base_dispatch(s->base);
    assert_int_equal(s->n_greeted, s->wanted);
}

static void test_a_silent_host_costs_little(void **state)
{
    struct net_world *w = *state;
    struct silent_host s;
    size_t ended = 0;
    fetcher *f;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its heap is not the C library's */
#endif
    struct fetch_config c = {.trust = w->trust, .guard = w->guard, .user_agent = "test/1"};
    assert_int_equal(fetcher_new(w->base, &c, &f), ST_OK);
    silent_host_start(&s, w->base);
    hold(&s, f, FIRST, &ended);
    struct mallinfo2 before = mallinfo2();
    size_t resident = resident_bytes();
    hold(&s, f, HELD, &ended);
    struct mallinfo2 held = mallinfo2();
    resident = (resident_bytes() - resident) / HELD;
    size_t heap = (held.uordblks + held.hblkhd - before.uordblks - before.hblkhd) / HELD;
    print_message("held: %zu bytes of the heap each, %zu resident\n", heap, resident);
    assert_in_range(heap, 1, HEAP_MAX_BYTES);
    assert_in_range(resident, 1, RESIDENT_MAX_BYTES);
    fetcher_free(f);
    assert_int_equal(ended, FIRST + HELD);
    silent_host_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_silent_host_costs_little, net_world_setup,
                                        net_world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
