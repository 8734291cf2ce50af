/* dns_reply_rig - one reply written by hand (dns_message.h), and what the walker makes of it: for
 * the tests of its records and of the whole. One message and one answer at a time. */
#ifndef TESTS_UNIT_DNS_REPLY_RIG_H
#define TESTS_UNIT_DNS_REPLY_RIG_H

#include "tests/unit/dns_message.h"

enum { REPLY = MSG_QR | MSG_RD | MSG_RA };

extern struct msg reply_msg;
extern struct dns_answer reply_answer; /* until the next parse */

/* cmocka's, around each test. */
int reply_setup(void **state);
int reply_teardown(void **state);

/* A reply to (q.example, type), without records. */
void reply_begin(enum dns_type type);
/* Parses reply_msg, or its first len bytes; returns &reply_answer. */
const struct dns_answer *reply_parse(const char *qname, enum dns_type type);
const struct dns_answer *reply_parse_len(size_t len, const char *qname, enum dns_type type);

#endif
