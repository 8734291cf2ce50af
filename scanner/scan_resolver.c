/* The scan's own resolver (--local-resolver): as large as the scan needs it, as careful as the
 * scan is. */
#include "scanner/scan_course.h"

#include "scanner/descriptors.h"
#include "scanner/net/route.h"
#include <stdio.h>
#include <unistd.h>

static void say_what_it_is(const struct scan *s)
{
    struct resolver_report r = local_resolver_report(s->resolver);
    char text[ENDPOINT_TEXT_MAX_BYTES];
    endpoint_text(s->shared.resolvers, text);
    if (!s->options->quiet)
        fprintf(stderr, "stscan: %s of our own at %s\n", r.version, text);
    if (!r.validates)
        fputs("stscan: the root's DNSSEC key was not found (on Debian: apt install dns-root-data): "
              "no answer is validated, and DANE is judged as if unsigned\n",
              stderr);
}

/* For the guard and the rate as they are now. *avoid, which the plan borrows, is the caller's. */
static enum status make_plan(const struct scan *s, struct resolver_plan *plan,
                             struct addr_set *avoid)
{
    const struct scan_options *o = s->options;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *plan = (struct resolver_plan){
        .use_v6 = route_exists(6) && !(o->use_v4 && !o->use_v6),
        .sources = o->sources,
        .n_sources = o->n_sources,
        .avoid = avoid,
    };
    resolver_plan_size(plan, o->in_flight, s->dns_rate, cores > 0 ? (uint32_t)cores : 1,
                       descriptors_raise());
    return guard_ranges(atomic_load(&s->shared.guard), avoid);
}

enum status scan_start_resolver(struct scan *s)
{
    char error[RESOLVER_ERROR_MAX_BYTES] = "out of memory";
    struct resolver_plan plan;
    struct addr_set avoid;
    s->dns_rate = s->options->dns_rate;
    if (!s->options->local_resolver)
        return ST_OK;
    enum status st = make_plan(s, &plan, &avoid);
    if (st == ST_OK) {
        st = local_resolver_start(&plan, s->options->local_resolver_conf, &s->resolver, error);
        addr_set_free(&avoid);
    }
    if (st != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
        s->exit_code = EXIT_USAGE;
        return st;
    }
    s->shared.resolvers = local_resolver_endpoint(s->resolver);
    s->shared.n_resolvers = 1;
    say_what_it_is(s);
    return ST_OK;
}

void scan_replan_resolver(struct scan *s)
{
    char error[RESOLVER_ERROR_MAX_BYTES] = "out of memory";
    struct resolver_plan plan;
    struct addr_set avoid;
    bool changed = false;
    if (!s->resolver)
        return;
    enum status st = make_plan(s, &plan, &avoid);
    if (st == ST_OK) {
        st = local_resolver_replan(s->resolver, &plan, &changed, error);
        addr_set_free(&avoid);
    }
    if (st != ST_OK)
        scan_say(s, "%s: the local resolver goes on as it was", error);
    else if (changed)
        scan_say(s, "the local resolver begins anew with them");
}

static void on_ended(void *arg, const char *how, bool again)
{
    struct scan *s = arg;
    scan_say(s, "the local resolver ended %s; %s", how,
             again ? "it is started again" : "once too often");
    if (!again)
        scan_stop_at_once(s, EXIT_BRAKE, "stopped: the local resolver ended again and again");
}

enum status scan_watch_resolver(struct scan *s)
{
    if (!s->resolver)
        return ST_OK;
    return local_resolver_watch(s->resolver, s->base, on_ended, s);
}
