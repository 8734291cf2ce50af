/* scan_setup - what a scan stands on before its first question: tables, trust, guard, families.
 *
 * Opened once by the scan's thread, then read by all workers. */
#ifndef SCANNER_SCAN_SETUP_H
#define SCANNER_SCAN_SETUP_H

#include "scanner/judge_tables.h"
#include "scanner/worker/worker.h"

enum { SETUP_GUARDS_MAX = 64 }; /* blocklists read in one scan (SIGHUP); all live until the end */

struct scan_setup {
    struct judge_tables tables;
    tls_trust *trust;
    guard *guards[SETUP_GUARDS_MAX];
    size_t n_guards;
    char user_agent[256];
};

/* Opens all of it and fills in what belongs to it in `shared` (options is set already). On failure
 * *exit_code says how to end and a message is on stderr; setup_close is due all the same. */
enum status setup_open(struct scan_setup *s, struct worker_shared *shared, int *exit_code);
/* Reads the blocklist again and makes it the one that counts; keeps the old one on failure. */
enum status setup_reload_blocklist(struct scan_setup *s, struct worker_shared *shared);
void setup_close(struct scan_setup *s);

#endif
