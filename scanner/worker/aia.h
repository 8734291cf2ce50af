/* aia - mends chains whose intermediate is missing: caIssuers (RFC 5280 4.2.2.1), once per URL.
 *
 * The worker hash(URL) resolves the name and keeps the answer; the fetch itself is a job of the
 * address's owner, so that guard and limits stand before it as before any other. Plain HTTP only
 * (a certificate proves itself), to --http-port only. */
#ifndef SCANNER_WORKER_AIA_H
#define SCANNER_WORKER_AIA_H

#include "scanner/worker/result.h"
#include "scanner/worker/waitq.h"

struct worker;

enum {
    AIA_BODY_MAX_BYTES = 65536,
    AIA_DEADLINE_MS = 15000,
};

/* Whether the chain behind these facts is one that AIA could mend. */
bool aia_can_mend(const struct worker *w, const struct tls_facts *tls, const struct result *r);
/* Tries to; then calls done(arg) on w's thread. `tls` (of r) has CERT_INCOMPLETE_CHAIN instead of
 * CERT_UNTRUSTED when it could. r stays the caller's and must stay until then. */
void aia_mend(struct worker *w, struct tls_facts *tls, const struct result *r,
              void (*done)(void *arg), void *arg);

/* The share of one worker of so many. */
enum status aia_cache_new(uint32_t n_workers, waitq **out);

#endif
