/* tls_rig - what the tests of tls_verify and tls_cert share: a handshake in memory with a server of
 * net_world, and what the verifier recorded. */
#ifndef TESTS_UNIT_TLS_RIG_H
#define TESTS_UNIT_TLS_RIG_H

#include "scanner/net/tls_verify.h"
#include "tests/unit/net_world.h"

#define AIA_URL "http://ca.example/intermediate.crt"

/* Shakes hands with a server set up as t says; the caller releases the record. */
void tls_shake(struct net_world *w, const struct net_tls *t, const char *host,
               struct tls_record *rec);
/* What the verifier says of a leaf, served with the intermediate. */
struct tls_facts tls_facts_of(struct net_world *w, const struct pki_spec *spec, const char *host);
/* A record of a server that leaves its intermediate out; the caller releases it. */
struct tls_record tls_incomplete(struct net_world *w, const char *aia, long until_s);
/* Runs a group of tests (which says how many failed) twice: with every signature verified, and with
 * one cache of known ones for all tests. Returns how many failed, or that the cache was never of
 * use. */
int tls_run_twice(int (*run)(void));

#endif
