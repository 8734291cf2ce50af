/* probe_internal - what the files of the prober share: probe.c opens, waits and ends; probe_io.c
 * moves bytes; probe_talk.c knows what SMTP says next. */
#ifndef SCANNER_NET_PROBE_INTERNAL_H
#define SCANNER_NET_PROBE_INTERNAL_H

#include "scanner/net/probe.h"
#include "scanner/net/smtp_reply.h"

/* The walk of a probe. QUIT is the last thing said on every connection that still speaks. */
enum phase {
    PHASE_CONNECT,
    PHASE_BANNER,
    PHASE_EHLO,
    PHASE_HELO,
    PHASE_STARTTLS,
    PHASE_HANDSHAKE,
    PHASE_EHLO_TLS, /* what was learnt before TLS is forgotten (RFC 3207 4.2) */
    PHASE_QUIT,
    PHASE_COUNT
};

enum {
    PROBE_LINE_MAX_BYTES = 512,          /* of a command (RFC 5321 4.5.3.1.4) */
    PROBE_READ_BYTES = 4096,             /* read at once */
    PROBE_ARENA_MAX_BYTES = 1024 * 1024, /* of the facts of one probe */
};

struct prober {
    struct event_base *base;
    const tls_trust *trust;
    signatures *signatures;
    SSL_CTX *ctx;
    struct dialer dialer;
    struct dial_listener listener;
    const char *ehlo_name;
    probe_handle *live; /* all that is under way */
};

struct probe_handle {
    prober *owner;
    probe_handle *next, **link;
    probe_done_fn done;
    void *arg;
    char *mx_name; /* NULL: no SNI */

    enum phase phase;
    int fd;
    struct event *io, *timer;
    bool unheard;             /* no memory for an event: it cannot go on */
    struct deadline deadline; /* of the phase */
    int64_t end_at_ms;        /* absolute */

    SSL *ssl; /* from PHASE_HANDSHAKE on */
    char out[PROBE_LINE_MAX_BYTES];
    size_t out_len, out_at; /* what is still to be sent */
    struct smtp_reply reply;

    struct arena arena;
    struct tls_record rec;
    struct probe_facts facts;
};

enum io_result { IO_DONE, IO_READ, IO_WRITE, IO_CLOSED };

/* ---- probe.c ---- */

/* The probe is over with what facts.end says, or with `end`; h is gone then. */
void probe_finish(probe_handle *h);
void probe_finish_as(probe_handle *h, enum probe_end end);
/* Waits for these events (EV_READ, EV_WRITE) of the socket from now on. */
void probe_want(probe_handle *h, short what);
/* Begins a phase: its deadline, an empty reply. */
void probe_enter(probe_handle *h, enum phase phase);

/* ---- probe_io.c ---- */

/* Begins a phase by a command; name may be NULL. */
void probe_say(probe_handle *h, enum phase phase, const char *verb, const char *name);
/* Sends what is left of the command. A peer that closed shows when its answer is read. */
void probe_flush(probe_handle *h);
/* Reads what there is and has it understood (probe_talk_bytes). h may be gone. */
void probe_read(probe_handle *h);
/* What an operation of h->ssl that returned rc waits for; IO_CLOSED: it failed. */
enum io_result probe_io_of_ssl(probe_handle *h, int rc);

/* ---- probe_talk.c ---- */

/* Feeds bytes to the reply that is waited for. False when the bytes behind are not to be read as
 * the next reply any more (the handshake began) or the probe is over: h may be gone. */
bool probe_talk_bytes(probe_handle *h, const char *p, size_t len);
/* The connection does not go on: closed by the peer, or what it says is no SMTP. h may be gone. */
void probe_talk_broken(probe_handle *h);
/* Goes on with the handshake. h may be gone. */
void probe_shake_hands(probe_handle *h);

#endif
