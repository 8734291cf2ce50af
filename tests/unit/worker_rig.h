/* worker_rig - one worker with all that a scan would give it, for tests that drive a worker itself:
 * options from a command line, a writer whose lines go nowhere, a budget that nobody exhausts. It
 * has no input. Asserts whatever must hold. */
#ifndef TESTS_UNIT_WORKER_RIG_H
#define TESTS_UNIT_WORKER_RIG_H

#include "scanner/worker/worker.h"

struct worker_rig {
    struct scan_options options;
    struct worker_shared shared;
    struct worker *worker;
    writer *writer;
};

/* The options after `stscan`, NULL at the end; a test may change what they say before
 * worker_rig_start. At least a --resolver, which nothing needs to answer. */
void worker_rig_options(struct worker_rig *r, const char *const *args);
/* Makes the worker; it does not run yet. Borrows guard and trust; without trust there are no
 * probes. Reports are freed unread, unless the test sets shared.on_report to another function. */
void worker_rig_start(struct worker_rig *r, guard *g, const tls_trust *trust);
/* Has fn(arg) called on the thread of a worker that runs. From any thread. */
void worker_rig_call(struct worker_rig *r, void (*fn)(void *arg), void *arg);
/* Stops a worker that runs (worker_start), and delivers what is under way to those who asked. */
void worker_rig_stop(struct worker_rig *r);
/* Frees all of it. Nothing may have been written. */
void worker_rig_free(struct worker_rig *r);

#endif
