/* probe_talk - the SMTP side of a probe: what each reply leads to (RFC 5321, RFC 3207). */
#include "scanner/net/probe_internal.h"

#include "lib/name.h"

#include <openssl/err.h>

/* ---- replies -------------------------------------------------------------------------------- */

/* "220 text", as the first line of the reply stood. */
static const char *reply_text(probe_handle *h)
{
    struct smtp_reply *r = &h->reply;
    const char *text = text_escape_dup(&h->arena, (struct slice){r->first, r->first_len});
    if (r->code == 0 || text == NULL)
        return text;
    return arena_printf(&h->arena, "%d%c%s", r->code, r->lines > 1 ? '-' : ' ', text);
}

static void keep_reply(probe_handle *h)
{
    h->facts.reply_code = h->reply.code;
    h->facts.reply = reply_text(h);
}

/* Replies by which a server says that it does not want to talk to us, now or at all: they tell
 * nothing of its TLS (findings.tsv, smtp_blocked_vantage). */
static bool is_limit(int code)
{
    return (code >= 400 && code < 500) || code == 521 || code == 550 || code == 554;
}

static void quit(probe_handle *h, enum probe_end end)
{
    h->facts.end = end;
    probe_say(h, PHASE_QUIT, "QUIT", NULL);
}

static void on_banner(probe_handle *h)
{
    h->facts.banner = reply_text(h);
    if (h->reply.code == 220) {
        probe_say(h, PHASE_EHLO, "EHLO", h->owner->ehlo_name);
        return;
    }
    keep_reply(h);
    quit(h, is_limit(h->reply.code) ? PROBE_LIMITED : PROBE_PROTOCOL_ERROR);
}

static void on_ehlo(probe_handle *h)
{
    int code = h->reply.code;
    keep_reply(h);
    h->facts.starttls = code == 250 && h->reply.starttls;
    if (h->facts.starttls)
        probe_say(h, PHASE_STARTTLS, "STARTTLS", NULL);
    else if (code == 250)
        quit(h, PROBE_NO_STARTTLS);
    else if (is_limit(code))
        quit(h, PROBE_LIMITED);
    else
        probe_say(h, PHASE_HELO, "HELO", h->owner->ehlo_name); /* RFC 5321 3.2 */
}

static void on_helo(probe_handle *h)
{
    int code = h->reply.code;
    keep_reply(h);
    h->facts.helo = code == 250;
    if (code == 250)
        quit(h, PROBE_NO_STARTTLS); /* without EHLO there is no extension */
    else
        quit(h, is_limit(code) ? PROBE_LIMITED : PROBE_PROTOCOL_ERROR);
}

static void on_starttls(probe_handle *h)
{
    keep_reply(h);
    if (h->reply.code != 220) {
        /* 421 may come at any time, when a server must close the connection (RFC 5321 3.8): it is
         * about us or its load, and no answer to STARTTLS. */
        quit(h, h->reply.code == 421   ? PROBE_LIMITED
                : h->reply.code >= 400 ? PROBE_STARTTLS_REFUSED
                                       : PROBE_PROTOCOL_ERROR);
        return;
    }
    probe_enter(h, PHASE_HANDSHAKE);
    h->ssl = SSL_new(h->owner->ctx);
    if (h->ssl == NULL || SSL_set_fd(h->ssl, h->fd) != 1 ||
        tls_verify_attach(h->ssl, &h->rec) != ST_OK ||
        (h->mx_name != NULL && SSL_set_tlsext_host_name(h->ssl, h->mx_name) != 1)) {
        probe_finish_as(h, PROBE_ABANDONED);
        return;
    }
    SSL_set_connect_state(h->ssl);
    probe_shake_hands(h);
}

void probe_shake_hands(probe_handle *h)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(h->ssl);
    if (rc == 1) {
        tls_record_end(&h->rec, TLS_END_OK, h->mx_name);
        probe_say(h, PHASE_EHLO_TLS, "EHLO", h->owner->ehlo_name);
        return;
    }
    enum io_result r = probe_io_of_ssl(h, rc);
    if (r == IO_CLOSED) {
        tls_record_end(&h->rec, tls_record_failure(&h->rec), h->mx_name);
        probe_finish_as(h, PROBE_TLS_FAILED);
        return;
    }
    probe_want(h, r == IO_WRITE ? EV_WRITE : EV_READ);
}

/* A whole reply came. */
static void on_reply(probe_handle *h)
{
    switch (h->phase) {
    case PHASE_BANNER:
        on_banner(h);
        break;
    case PHASE_EHLO:
        on_ehlo(h);
        break;
    case PHASE_HELO:
        on_helo(h);
        break;
    case PHASE_STARTTLS:
        on_starttls(h);
        break;
    case PHASE_EHLO_TLS:
        quit(h, PROBE_OK);
        break;
    default:
        probe_finish(h); /* the answer to QUIT */
        break;
    }
}

void probe_talk_broken(probe_handle *h)
{
    switch (h->phase) {
    case PHASE_BANNER:
        h->facts.banner = h->reply.first_len > 0 ? reply_text(h) : NULL;
        /* fall through */
    case PHASE_EHLO:
    case PHASE_HELO:
    case PHASE_STARTTLS:
        if (h->reply.code != 0 || h->reply.first_len > 0)
            keep_reply(h);
        probe_finish_as(h, PROBE_PROTOCOL_ERROR);
        break;
    case PHASE_EHLO_TLS:
        /* In TLS 1.3 the peer's last word on the handshake, such as certificate_required, comes
         * after our side of it is complete. */
        if (h->rec.facts.alert >= 0) {
            tls_record_end(&h->rec, TLS_END_ALERT, h->mx_name);
            probe_finish_as(h, PROBE_TLS_FAILED);
        } else {
            probe_finish_as(h, PROBE_OK);
        }
        break;
    default:
        probe_finish(h);
        break;
    }
}

bool probe_talk_bytes(probe_handle *h, const char *p, size_t len)
{
    while (len > 0) {
        size_t used;
        enum status st = smtp_reply_feed(&h->reply, p, len, &used);
        if (st != ST_OK) {
            probe_talk_broken(h);
            return false;
        }
        p += used;
        len -= used;
        if (!h->reply.complete)
            break;
        enum phase phase = h->phase;
        /* Plaintext behind the 220 could be taken for said under TLS (CVE-2011-0411). It is noted
         * and dropped here: TLS begins with what the socket gives from now on. */
        if (phase == PHASE_STARTTLS && h->reply.code == 220)
            h->facts.injected = len > 0;
        bool stop = phase == PHASE_QUIT || (phase == PHASE_STARTTLS && h->reply.code == 220);
        on_reply(h);
        if (stop)
            return false;
    }
    return true;
}
