#include "scanner/worker/unit.h"

#include <stdlib.h>
#include <string.h>

const char *unit_state_name(enum unit_state s)
{
    static const char *const names[UNIT_STATE_COUNT] = {
        [UNIT_IDLE] = "idle",     [UNIT_RECORD] = "record", [UNIT_SIBLING] = "sibling",
        [UNIT_GATHER] = "gather", [UNIT_FINISH] = "finish",
    };
    return (unsigned)s < UNIT_STATE_COUNT ? names[s] : "unknown";
}

/* ---- the walk ------------------------------------------------------------------------------- */

/* The record is known: which of the further parts does this domain get? */
static void decide_scope(struct unit *u)
{
    const struct worker_shared *s = u->worker->shared;
    const struct scan_options *o = s->options;
    u->adopter = evidence_is_adopter(&s->judge, &u->e);
    u->want_policy = !o->no_policy && (u->adopter || o->all_policy);
    u->want_mx = u->adopter || o->all_mx;
    u->want_probe = u->want_mx && s->probe;
    u->want_tlsrpt = u->adopter || o->all_mx || s->ask_tlsrpt_of_all;
    u->e.policy.skipped = !u->want_policy;
    u->e.mx.probe_skipped = !u->want_probe;
}

/* The walk goes on beyond the answer: what the unit has of it becomes its own. false: there is no
 * memory, and the unit is gone. */
static bool keep_borrowed(struct unit *u)
{
    struct evidence *e = &u->e;
    const struct txt_facts record = e->sts;
    const char *tag = e->tag;
    if (!u->borrows)
        return true;
    u->borrows = false;
    e->domain = arena_dup(&e->arena, slice_of(e->domain));
    e->tag = tag ? arena_dup(&e->arena, slice_of(tag)) : NULL;
    if (e->domain && (!tag || e->tag) && txt_facts_copy(&e->arena, &record, &e->sts) == ST_OK)
        return true;
    worker_fail(u->worker);
    unit_put_back(u);
    return false;
}

static void gather(struct unit *u)
{
    decide_scope(u);
    if (!u->want_policy && !u->want_mx && !u->want_tlsrpt) {
        u->state = UNIT_FINISH;
        unit_finish(u);
        return;
    }
    if (!keep_borrowed(u))
        return;
    u->state = UNIT_GATHER;
    unit_hold(u);
    unit_names_start(u);
    if (u->adopter && u->worker->shared->options->deep)
        unit_deep_start(u);
    if (u->want_policy)
        unit_policy_start(u);
    if (u->want_mx)
        unit_mx_start(u);
    unit_release(u);
}

/* Nothing is under way any more: on to the next state. */
static void advance(struct unit *u)
{
    switch (u->state) {
    case UNIT_RECORD:
        worker_count_lookup(u->worker, u->e.sts.dns.status);
        if (u->e.sts.dns.cname.n > 0 && lookup_is_negative(u->e.sts.dns.status)) {
            if (!keep_borrowed(u))
                break;
            u->state = UNIT_SIBLING;
            unit_hold(u);
            unit_sibling_start(u);
            unit_release(u);
            break;
        }
        gather(u);
        break;
    case UNIT_SIBLING:
        gather(u);
        break;
    case UNIT_GATHER:
        u->state = UNIT_FINISH;
        unit_finish(u);
        break;
    case UNIT_IDLE:
    case UNIT_FINISH:
    case UNIT_STATE_COUNT:
        break;
    }
}

void unit_hold(struct unit *u)
{
    u->pending++;
}

void unit_release(struct unit *u)
{
    if (--u->pending == 0)
        advance(u);
}

/* ---- begin and end -------------------------------------------------------------------------- */

static struct unit *take_from_pool(struct worker *w)
{
    struct unit *u = w->free_units;
    if (u) {
        w->free_units = u->next;
    } else {
        u = calloc(1, sizeof *u);
        if (!u)
            return NULL;
        evidence_init(&u->e);
        u->worker = w;
    }
    u->before = NULL;
    u->next = w->units;
    if (w->units)
        w->units->before = u;
    w->units = u;
    w->n_units++;
    return u;
}

void unit_put_back(struct unit *u)
{
    struct worker *w = u->worker;
    u->state = UNIT_IDLE;
    if (u->before)
        u->before->next = u->next;
    else
        w->units = u->next;
    if (u->next)
        u->next->before = u->before;
    for (struct unit_probe *p = u->probes; p; p = p->next)
        result_unref(p->result);
    u->probes = NULL;
    evidence_reset(&u->e);
    u->next = w->free_units;
    w->free_units = u;
    w->n_units--;
    worker_schedule(w);
}

void unit_pool_free(struct worker *w)
{
    for (struct unit *u; (u = w->free_units);) {
        w->free_units = u->next;
        evidence_free(&u->e);
        free(u);
    }
}

static void take_item(struct unit *u, const struct input_item *item)
{
    struct evidence *e = &u->e;
    e->index = item->index;
    e->rank = item->rank;
    e->domain = item->domain;
    e->tag = item->tag;
    if (item->reason) {
        e->input = INPUT_INVALID;
        e->input_reason = item->reason;
        e->raw = item->raw;
    }
}

/* The first question's time is the unit's, too. */
static void take_record(struct unit *u, const struct dns_answer *record)
{
    unit_pause(u, u->began_us, record->waited_ms);
    u->e.sts = (struct txt_facts){.dns = record->facts,
                                  .rr = (struct txt_rr *)(uintptr_t)record->txt, /* only read */
                                  .n = record->n,
                                  .truncated = record->truncated};
    u->borrows = true;
    u->state = UNIT_RECORD;
    unit_hold(u);
    unit_release(u);
}

enum status unit_begin(struct worker *w, const struct input_item *item,
                       const struct unit_start *start, const struct dns_answer *record)
{
    struct unit *u = take_from_pool(w);
    if (!u)
        return ST_NOMEM;
    u->pending = 0;
    u->asks = NULL;
    u->jobs = NULL;
    u->borrows = false;
    u->second_pass = start->second_pass;
    u->adopter = u->want_policy = u->want_mx = u->want_probe = u->want_tlsrpt = false;
    u->policy_next = u->policy_contacted = 0;
    u->began_us = start->began_us;
    u->lag_then = start->lag_then;
    u->paused_us = u->paused_until_us = u->longest_us = 0;
    u->e.ts_ms = start->ts_ms;
    take_item(u, item);
    if (record) {
        take_record(u, record);
        return ST_OK;
    }
    if (u->e.input == INPUT_OK)
        u->e.input = INPUT_EXCLUDED;
    u->e.policy.skipped = u->e.mx.probe_skipped = true;
    u->state = UNIT_FINISH;
    unit_finish(u);
    return ST_OK;
}

/* ---- the clock ------------------------------------------------------------------------------ */

/* Longer than any gate needs to let somebody through: a connection's deadline, an address's
 * back-off and the slowest rate. An owner that stands still for longer has lost something. */
static uint64_t standstill_us(const struct scan_options *o)
{
    uint64_t longest_ms =
        o->timeout_policy_ms > o->timeout_probe_ms ? o->timeout_policy_ms : o->timeout_probe_ms;
    return (longest_ms + LIMIT_STANDSTILL_MS) * 1000;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* How long the unit has been waiting for limits of ours that it has not been credited with yet. */
static uint64_t open_wait_us(const struct unit *u, uint64_t now)
{
    uint64_t longest = unit_asks_held_us(u), span = standstill_us(u->worker->shared->options);
    for (const struct job *j = u->jobs; j; j = j->next) {
        uint64_t since =
            later(j->sent_us, atomic_load_explicit(&j->queued_us, memory_order_relaxed));
        uint64_t moved = atomic_load_explicit(&j->owner->owner.moved_us, memory_order_relaxed);
        uint64_t from = later(since, u->paused_until_us), until = later(since, moved) + span;
        uint64_t started = atomic_load_explicit(&j->started_us, memory_order_relaxed);
        if (until > now)
            until = now;
        if (started != 0)
            until = started; /* what it waited before; now it is their time */
        if (until > from)
            longest = later(longest, until - from);
    }
    return longest;
}

bool unit_is_late(const struct unit *u)
{
    const struct worker *w = u->worker;
    uint64_t now = worker_now_us(w), age = now - u->began_us;
    uint64_t limit = w->shared->options->timeout_domain_ms * 1000ULL;
    if (age < limit)
        return false;
    uint64_t late_us = lag_late_ms(&w->lag, u->lag_then, now) * 1000ULL;
    uint64_t ours = u->paused_us + late_us + open_wait_us(u, now);
    return age > ours && age - ours >= limit;
}

void unit_pause(struct unit *u, uint64_t since_us, uint64_t waited_ms)
{
    uint64_t from = since_us > u->paused_until_us ? since_us : u->paused_until_us;
    uint64_t until = since_us + waited_ms * 1000;
    if (until <= from)
        return;
    u->paused_us += until - from;
    u->paused_until_us = until;
}

void unit_check_deadline(struct unit *u)
{
    if (!unit_is_late(u))
        return;
    u->e.deadline_hit = true;
    worker_tell_overdue(u->worker, u);
    unit_hold(u);
    unit_give_up(u);
    unit_release(u);
}

void unit_drop(struct unit *u)
{
    unit_detach(u);
    unit_put_back(u);
}
