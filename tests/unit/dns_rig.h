/* dns_rig - one event base, a few fake resolvers and an engine that asks them; and what came out.
 */
#ifndef TESTS_UNIT_DNS_RIG_H
#define TESTS_UNIT_DNS_RIG_H

#include "tests/unit/dns_fake.h"

enum { RIG_FAKES_MAX = 3, RIG_RESULTS_MAX = 16000 };

struct rig_result {
    struct rig *rig;
    bool done;
    enum lookup status;
    int rcode, ede;
    size_t n;
    size_t txt_len;
    char resolver[ENDPOINT_TEXT_MAX_BYTES]; /* "" none */
    uint32_t waited_ms;
    dns_query_handle *handle;
};

struct rig {
    struct event_base *base;
    struct fake fakes[RIG_FAKES_MAX];
    size_t n_fakes;
    dns_engine *engine;
    struct dns_config config; /* set before rig_engine */
    struct rig_result results[RIG_RESULTS_MAX];
    size_t asked, ended;
    struct rig_later *laters;
    struct fake_query kept[RIG_RESULTS_MAX]; /* to be answered later */
    size_t n_kept, most_kept;
    bool in_query;                          /* dns_query is running: no callback may come */
    void (*on_result)(struct rig_result *); /* called from the callback; NULL */
};

/* An engine with short times: deadline 3 s, tries every 60 ms. */
struct rig *rig_new(size_t n_fakes, fake_fn on_query);
void rig_engine(struct rig *r);
void rig_free(struct rig *r);
/* Asks for TXT of name; the result is results[asked - 1]. */
struct rig_result *rig_ask(struct rig *r, const char *name);
struct rig_result *rig_ask_later(struct rig *r, const char *name); /* by dns_query_later */
void rig_ask_again(struct rig_result *result, const char *name);   /* from its on_result */
void rig_ask_many(struct rig *r, size_t n);                        /* n0.example, n1.example, ... */
/* Runs the loop until every question has ended; fails the test when that takes two minutes. */
void rig_run(struct rig *r);
/* The same until rig_stop is called from a handler or timer. */
void rig_run_until_stopped(struct rig *r);
void rig_stop(struct rig *r);
size_t rig_count(const struct rig *r, enum lookup status);
struct dns_stats rig_stats(const struct rig *r);
/* The name that answers of a fake resolver have; until the next call. */
const char *rig_resolver(const struct rig *r, size_t fake);
/* Calls fn once after ms, on the loop. */
void rig_after(struct rig *r, unsigned ms, void (*fn)(struct rig *));
/* For handlers: a query to be answered later; the first `most` of them are answered now. */
void rig_keep(struct rig *r, const struct fake_query *q);
void rig_answer_kept(struct rig *r, size_t most);
/* A handler: keeps what it is asked, and answers it all some 50 ms later. */
void rig_hold(struct fake *f, const struct fake_query *q);

#endif
