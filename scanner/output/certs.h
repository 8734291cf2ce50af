/* certs - NAME.certs.ndjson.zst: every leaf certificate that was seen, once, with its chain.
 *
 * Told apart by SHA-256. Beyond CERTS_SEEN_MAX certificates the oldest are forgotten and may be
 * written again. Belongs to the writer's thread. */
#ifndef SCANNER_OUTPUT_CERTS_H
#define SCANNER_OUTPUT_CERTS_H

#include "scanner/net/tls_verify.h"
#include "scanner/output/frames.h"

typedef struct certs certs;

enum status certs_open(const char *path, certs **out, char *error, size_t error_size);
/* Goes on behind what an earlier run wrote: `kept` (frames_open_behind), and n certificates in it,
 * which are read back so that none is written again. */
enum status certs_open_behind(const char *path, const struct frames_totals *kept, uint64_t n,
                              certs **out, char *error, size_t error_size);
/* Writes the chain's leaf unless it was written before. ST_IO with errno when writing fails. */
enum status certs_add(certs *c, const struct cert_chain *chain);
/* Ends the open frame and waits until it is on disk. */
enum status certs_sync(certs *c);
uint64_t certs_written(const certs *c);
void certs_totals(const certs *c, struct frames_totals *out);
enum status certs_close(certs *c);

/* cert_line.c: one line of that file. Pure. Without the leaf as it was read, the line has its hash
 * and PEM alone. */
enum status cert_line(const struct cert_chain *chain, struct strbuf *out);
/* The longest line of that file. A chain of 100 certificates of 1 MB does not become a line; RFC
 * 8446 allows 16 MB a message. */
enum { CERT_LINE_MAX_BYTES = 4 * 1024 * 1024 };
/* The key by which certificates are told apart, from a line of that file. ST_INVALID when the line
 * names no SHA-256. */
enum status cert_line_key(struct slice line, uint64_t *key);

#endif
