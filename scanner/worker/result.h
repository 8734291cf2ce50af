/* result - what an address's owner found out, shared read-only between threads by reference.
 *
 * Made and filled by one worker, immutable from then on; the last reference frees it. Results of
 * probes are kept for as long as the scan runs, so one takes the memory it needs and no more. */
#ifndef SCANNER_WORKER_RESULT_H
#define SCANNER_WORKER_RESULT_H

#include "scanner/net/fetch.h"
#include "scanner/net/probe.h"
#include <stdatomic.h>

struct result {
    atomic_uint refs;
    struct arena arena; /* holds facts, names and texts */
    union {
        struct fetch_facts fetch; /* result_of_fetch */
        struct probe_facts probe; /* result_of_probe */
    };
    struct cert_names names;
    struct cert_chain *chain; /* one reference until the owner is done with it, then NULL */
    const char *aia_url;
    const char *sni;      /* name that was asked with; NULL without SNI */
    uint32_t pass;        /* in which it was made */
    uint32_t names_tried; /* further names that this address was asked with, and those under way:
                             its owner's alone */
};

/* Deep copies with one reference; NULL when out of memory. */
struct result *result_of_fetch(const struct fetch_outcome *out);
struct result *result_of_probe(const struct probe_outcome *out, const char *sni);
struct result *result_ref(struct result *r);
void result_unref(struct result *r);         /* NULL is fine */
size_t result_bytes(const struct result *r); /* what it takes but for the chain; 0 for NULL */

/* The handshake ended without a word: silence until the deadline, or a connection broken off. */
bool probe_is_broken_off(const struct probe_facts *p);
/* Another try later could end differently: timeouts, limits, our own abandoning, handshakes broken
 * off, and no STARTTLS, which some hosts do not offer to whom they do not know yet (greylisting).
 */
bool probe_is_transient(const struct probe_facts *p);
/* The handshake was reached, so that what was seen depends on the name that was asked with. */
bool probe_depends_on_name(const struct probe_facts *p);

#endif
