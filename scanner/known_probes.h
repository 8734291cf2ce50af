/* known_probes - what earlier runs of a scan found out by probing, so that an MX address which was
 * probed is not probed again after a resume.
 *
 * Records hold what a probe saw, under the name that was asked with; the certificates' file holds
 * the names by which other MX names of the address are judged. What is incomplete without them, and
 * what another try could end differently (probe_is_transient), is left out. One thread. */
#ifndef SCANNER_KNOWN_PROBES_H
#define SCANNER_KNOWN_PROBES_H

#include "scanner/worker/result.h"

enum { KNOWN_PROBES_MAX = 100000 }; /* as many as a scan remembers; others are probed again */

typedef struct known_probes known_probes;
enum status known_probes_new(known_probes **out);
void known_probes_free(known_probes *k); /* NULL is fine */
/* The probes of one record line; a line without any costs little. ST_NOMEM. */
enum status known_probes_take(known_probes *k, struct slice line);
/* The names of their certificates, from NAME.certs.ndjson.zst as far as it can be read. */
enum status known_probes_name(known_probes *k, const char *certs_path);
/* Gives away each probe in the order of the records; the receiver owns the reference. */
void known_probes_hand_out(known_probes *k,
                           void (*take)(void *arg, const struct net_addr *ip, struct result *r),
                           void *arg);

#endif
