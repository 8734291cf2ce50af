/* What the scan tells a worker: each order is a message, sent on the scan's thread and carried out
 * on the worker's. */
#include "scanner/worker/unit.h"
#include "scanner/worker/worker.h"

#include <stdlib.h>

/* ---- orders --------------------------------------------------------------------------------- */

/* Ends the loop: what is under way is dropped, what is finished is handed to the writer. */
static void stop(struct worker *w)
{
    if (w->stopping)
        return;
    w->stopping = true;
    worker_tell_lookups(w);
    while (w->units)
        unit_drop(w->units);
    w->n_record = 0; /* nobody listens to their answers any more */
    atomic_store_explicit(&w->live.in_flight, 0, memory_order_relaxed);
    worker_submit_batch(w);
    worker_write_withheld(w, true);
    event_base_loopbreak(w->base);
}

static void on_order(struct mail *mail, void *owner)
{
    struct worker *w = owner;
    struct worker_order_mail *m = (struct worker_order_mail *)mail;
    switch (m->order) {
    case ORDER_SECOND_PASS:
        w->pass = 1;
        w->idle_reported = false;
        if (!w->shared->options->retry_undetermined)
            worker_write_withheld(w, false);
        break;
    case ORDER_DRAIN:
        w->draining = true;
        feed_batch_free(w->input);
        w->input = NULL;
        w->input_over = true;
        break;
    case ORDER_FINISH:
    case ORDER_STOP:
        stop(w);
        break;
    case ORDER_COUNT:
        break;
    }
    worker_schedule(w);
}

void worker_send_order(struct worker *w, enum worker_order order)
{
    struct worker_order_mail *m = &w->order[order];
    if (m->sent)
        return;
    m->sent = true;
    m->order = order;
    m->mail.deliver = on_order;
    mailbox_send(w->box, &m->mail);
}

static void on_input(struct mail *mail, void *owner)
{
    struct worker *w = owner;
    (void)mail;
    w->awaiting_input = false;
    worker_schedule(w);
}

void worker_wake_for_input(struct worker *w)
{
    w->feed_mail.deliver = on_input;
    mailbox_send(w->box, &w->feed_mail);
}

static void on_stats_wanted(struct mail *mail, void *owner)
{
    struct worker *w = owner;
    free(mail);
    struct scan_stats *copy = malloc(sizeof *copy);
    if (!copy)
        return;
    worker_stats(w, copy);
    worker_tell(w, (struct worker_report){.kind = REPORT_STATS, .stats = copy});
}

void worker_ask_stats(struct worker *w)
{
    struct mail *mail = malloc(sizeof *mail);
    if (!mail)
        return;
    mail->deliver = on_stats_wanted;
    mailbox_send(w->box, mail);
}

/* ---- rates ---------------------------------------------------------------------------------- */

struct rates_mail {
    struct mail mail; /* first */
    struct worker_rates rates;
};

struct worker_rates worker_rates_of(const struct scan_options *o)
{
    return (struct worker_rates){.dns = o->dns_rate,
                                 .policy = o->policy_rate,
                                 .probe = o->probe_rate,
                                 .per_ip = o->per_ip,
                                 .per_prefix = o->per_prefix,
                                 .per_ip_rate = o->per_ip_rate};
}

uint32_t worker_dns_share(const struct worker *w, uint32_t rate)
{
    uint32_t share = rate / w->shared->n_workers;
    return rate > 0 && share == 0 ? 1 : share;
}

static void on_rates(struct mail *mail, void *owner)
{
    struct worker *w = owner;
    const struct rates_mail *m = (struct rates_mail *)mail;
    if (w->dns)
        dns_set_rate(w->dns, worker_dns_share(w, m->rates.dns));
    owner_set_rates(&w->owner, &m->rates);
    free(mail);
    worker_schedule(w);
}

void worker_set_rates(struct worker *w, const struct worker_rates *rates)
{
    struct rates_mail *m = malloc(sizeof *m);
    if (!m)
        return;
    *m = (struct rates_mail){.mail = {.deliver = on_rates}, .rates = *rates};
    mailbox_send(w->box, &m->mail);
}
