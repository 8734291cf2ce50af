/* scan_ehlo - tells the user at the start what is missing in DNS for the EHLO name. */
#ifndef SCANNER_SCAN_EHLO_H
#define SCANNER_SCAN_EHLO_H

#include "scanner/net/ehlo_check.h"

struct scan;

/* What is missing, in words, appended to out, several things with "; " between them; nothing when
 * all is there. Pure. */
void ehlo_words(const struct ehlo_facts *facts, const char *name, struct strbuf *out);

/* Begins the check, when MX hosts are to be probed, for each family and source in use. Never stops
 * a scan: what goes wrong is said. */
void scan_check_ehlo(struct scan *s);
/* At the end of a scan that was shorter than the check: waits for the rest of EHLO_CHECK_MS. */
void scan_await_ehlo(struct scan *s);

#endif
