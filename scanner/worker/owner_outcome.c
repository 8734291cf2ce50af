/* How connections ended, and what follows: a result, another try, or neither. */
#include "scanner/worker/owner.h"

#include "scanner/net/fetch_response.h"
#include "scanner/worker/owner_coalesce.h"
#include "scanner/worker/worker.h"

enum { TRIES_AGAIN_MAX = 3 }; /* after failures that our own side may have caused */

static bool queue_again(struct owner *o, struct job *job, uint64_t *counter)
{
    if (job->tried_again == TRIES_AGAIN_MAX || o->worker->stopping)
        return false;
    job->tried_again++;
    ++*counter;
    owner_queue(o, job);
    return true;
}

/* A canary went for all that wait: its own tries stay what they are. */
static bool queue_after_outage(struct owner *o, struct job *job)
{
    if (owner_uplink_is_given_up(o, job) || o->worker->stopping)
        return false;
    if (!job->canary)
        return queue_again(o, job, &o->worker->stats.uplink_retries);
    o->worker->stats.uplink_retries++;
    owner_queue(o, job);
    return true;
}

/* The shortest wait by which the connection may have failed. */
static uint32_t wait_ms(const struct job *job)
{
    bool phase = job->kind == JOB_PROBE && job->deadline_ms > PROBE_PHASE_MIN_MS;
    return phase ? PROBE_PHASE_MIN_MS : job->deadline_ms;
}

/* A connection that timed out, or was broken off, while our own loop stalled or our own uplink was
 * down says nothing: try again, in the end give it up as ours. True: the job is queued again. */
static bool try_again(struct owner *o, struct job *job, enum link_end end, bool silent,
                      bool *abandon)
{
    bool doubtful = end == LINK_END_TIMED_OUT || end == LINK_END_BROKEN;
    bool late = doubtful &&
                lag_spoils(&o->worker->lag, job->lag_then, wait_ms(job), worker_now_us(o->worker));
    bool down = owner_uplink_spoilt(o, job, end, silent, wait_ms(job));
    *abandon = late || down;
    if (down)
        return queue_after_outage(o, job);
    return late && queue_again(o, job, &o->worker->stats.lag_retries);
}

/* As connecting ended; what came after is the caller's to know. */
static enum link_end end_of(enum conn conn, bool timed_out, bool broken_off)
{
    if (conn == CONN_BLOCKED || conn == CONN_BLOCKLISTED || conn == CONN_NONE)
        return LINK_END_NONE;
    if (conn == CONN_UNREACHABLE || conn == CONN_NO_ROUTE || conn == CONN_ABANDONED)
        return LINK_END_UNREACHABLE;
    if (timed_out)
        return LINK_END_TIMED_OUT;
    return broken_off ? LINK_END_BROKEN : LINK_END_ANSWERED;
}

/* A fetch that is slow, and would not be without our own part in it: try again, in the end say
 * nothing of it (own_ms is left out where it is judged). True: the job is queued again. */
static bool try_again_if_slow(struct owner *o, struct job *job, const struct fetch_facts *f,
                              uint32_t own_ms)
{
    bool in_doubt = f->total_ms > HTTP_SLOW_MS && f->total_ms - HTTP_SLOW_MS <= own_ms;
    return in_doubt && queue_again(o, job, &o->worker->stats.lag_retries);
}

static void set_result(struct job *job, struct result *r)
{
    result_unref(job->result);
    job->result = r;
}

/* A connection that the guard stopped at the last moment: the list has changed since the asking. */
static void count_guarded(struct owner *o, enum conn conn)
{
    o->worker->stats.guard_special += conn == CONN_BLOCKED;
    o->worker->stats.guard_blocklisted += conn == CONN_BLOCKLISTED;
}

/* Whether the other side showed that it is meant: by a certificate for the name, or, where there is
 * no TLS, by having what was asked for. What our own limits ended does not count against it. */
static bool is_welcome(const struct job *job, const struct fetch_facts *f)
{
    if (f->conn == CONN_ABANDONED)
        return true;
    return job->plain ? f->http.status == 200 : f->tls.name == NAME_MATCH_OK;
}

/* What came over another host's connection. False: it will not do, and the job went elsewhere. */
static bool take_ride(struct owner *o, struct job *job, const struct fetch_outcome *out)
{
    if (coalesce_served(out)) {
        o->worker->stats.coalesced++;
        return true;
    }
    o->worker->stats.coalesced_in_vain++;
    job->alone = true;
    /* The detour was our doing. */
    uint64_t since = atomic_load_explicit(&job->started_us, memory_order_relaxed);
    job->waited_ms += (uint32_t)((worker_now_us(o->worker) - since) / 1000);
    if (o->worker->stopping)
        owner_finish(o, job);
    else
        owner_queue(o, job);
    return false;
}

/* Once, where no stream can be taken back again; by a connection that has to wait for its turn as
 * any other. False: it has been, or all ends. */
static bool ask_by_http1(struct owner *o, struct job *job)
{
    if (job->http1 || o->worker->stopping)
        return false;
    job->http1 = job->alone = true;
    owner_queue(o, job);
    return true;
}

/* How much of a fetch's duration may be our own: as long as the uplink was down and the loop was
 * late, but for what the peer was surely silent, whose answer may have waited for us one piece of
 * lateness at most. */
static uint32_t own_part_ms(const struct owner *o, const struct job *job,
                            const struct fetch_outcome *out)
{
    const struct lag *lag = &o->worker->lag;
    uint64_t now = worker_now_us(o->worker);
    uint64_t since = atomic_load_explicit(&job->started_us, memory_order_relaxed);
    uint32_t late = lag_late_ms(lag, job->lag_then, now), total = out->facts.total_ms;
    uint32_t longest = lag_longest_ms(lag, since, now);
    uint32_t theirs = out->silent_ms > longest ? out->silent_ms - longest : 0;
    uint32_t most = total > theirs ? total - theirs : 0;
    uint64_t ours = (late < most ? late : most) + (uint64_t)owner_uplink_down_ms(o, job);
    return ours < total ? (uint32_t)ours : total;
}

void owner_on_fetch(void *arg, const struct fetch_outcome *out)
{
    struct job *job = arg;
    struct owner *o = &job->owner->owner;
    const struct fetch_facts *f = &out->facts;
    count_guarded(o, f->conn);
    if (is_welcome(job, f))
        budget_welcome(o->fetches, &job->gate.ip);
    bool timed_out =
        f->conn == CONN_TIMEOUT || f->tls.end == TLS_END_TIMEOUT || f->http.end == HTTP_END_TIMEOUT;
    bool broken_off = f->tls.end == TLS_END_CLOSED || f->tls.end == TLS_END_FAILED ||
                      f->http.end == HTTP_END_TRUNCATED;
    bool limited = f->http.status == 429; /* RFC 6585 4 */
    bool welcome = f->http.status != 0 && !limited;
    struct gate_end end = {.limited = limited, .welcome = welcome};
    if (limited)
        end.asked_ms = retry_after_ms(f->http.retry_after, worker_wall_ms(o->worker));
    bool rode = job->rides, stays = job->route && coalesce_over(o, job, out);
    owner_connection_over(o, job, timed_out, stays, end);
    if (rode && !take_ride(o, job, out))
        return;
    if (out->taken_back && ask_by_http1(o, job))
        return;
    bool abandon;
    uint32_t own_ms = own_part_ms(o, job, out);
    enum link_end how = end_of(f->conn, timed_out, broken_off);
    if (try_again(o, job, how, f->conn != CONN_OK, &abandon) ||
        try_again_if_slow(o, job, f, own_ms))
        return;
    if (!abandon && f->conn != CONN_ABANDONED)
        job->result = result_of_fetch(out);
    if (job->result)
        job->result->fetch.own_ms = own_ms;
    owner_finish(o, job);
}

/* A reply that asks to come again later (RFC 5321 4.2.1) is taken at its word, within bounds: many
 * domains may hang on the one probe of this address. The gate keeps the gap. */
static bool come_later(struct owner *o, struct job *job, const struct probe_facts *p)
{
    if (p->end != PROBE_LIMITED || p->reply_code / 100 != 4 || job->pass > 0 ||
        job->limited == LIMIT_LIMITED_AGAIN || o->worker->stopping)
        return false;
    job->limited++;
    owner_queue(o, job);
    return true;
}

void owner_on_probe(void *arg, const struct probe_outcome *out)
{
    struct job *job = arg;
    struct owner *o = &job->owner->owner;
    const struct probe_facts *p = &out->facts;
    o->worker->stats.probe_end[p->end]++;
    count_guarded(o, p->conn);
    bool timed_out =
        p->end == PROBE_TIMEOUT || (p->end == PROBE_TLS_FAILED && p->tls.end == TLS_END_TIMEOUT);
    bool broken_off = p->end == PROBE_PROTOCOL_ERROR ||
                      (p->end == PROBE_TLS_FAILED &&
                       (p->tls.end == TLS_END_CLOSED || p->tls.end == TLS_END_FAILED));
    /* Another 4xx than 421 to STARTTLS is a refusal by the rules, and no invitation to come again
     * at once. */
    bool limited =
        p->end == PROBE_LIMITED || (p->end == PROBE_STARTTLS_REFUSED && p->reply_code / 100 == 4);
    bool welcome = !limited && (p->end == PROBE_OK || p->end == PROBE_NO_STARTTLS ||
                                p->end == PROBE_STARTTLS_REFUSED || p->end == PROBE_TLS_FAILED);
    owner_connection_over(o, job, timed_out, false,
                          (struct gate_end){.limited = limited, .welcome = welcome});
    bool abandon;
    enum link_end how = end_of(p->conn, timed_out, broken_off);
    if (try_again(o, job, how, p->conn != CONN_OK, &abandon))
        return;
    if (!abandon && p->end != PROBE_ABANDONED)
        set_result(job, result_of_probe(out, job->without_sni ? NULL : job->host));
    if (!come_later(o, job, p))
        owner_finish(o, job);
}
