/*
 * world: what exists in simnet's internet, and how each of its hosts behaves.
 *
 * A world is a pure function of (version, seed, adoption share, domain name). It holds no table of
 * names: ask it about any name and it answers, always the same. It is immutable once made, so that
 * every function that takes a `const struct sim_world *` may be called from any thread without a
 * lock; none allocates.
 *
 * Three parties ask:
 *   dns.c      what is the answer to this question?            (zone.h)
 *   truth.c    what must a perfect scan report of this domain? (domain.h)
 *   the HTTPS and SMTP servers: how does the host behave that was just connected to? (this header)
 *
 * Host behaviour is plain data. A server never learns which fault class it plays: it does what the
 * struct says.
 *
 * Addresses are IPv4 in host byte order. Names are lower case ASCII without a trailing dot.
 */
#ifndef SIMNET_WORLD_H
#define SIMNET_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIM_NAME_MAX = 254,       /* 253 characters (RFC 1035 section 2.3.4) and a NUL */
    SIM_LABEL_MAX = 63,       /* RFC 1035 section 2.3.4 */
    SIM_CERT_NAMES_MAX = 6,   /* dNSNames in a certificate */
    SIM_HTTP_BODY_MAX = 4096, /* bytes a world writes itself; a larger body is padded */
    SIM_SMTP_TEXT_MAX = 256,  /* one reply line without CRLF */
    SIM_DRIP_MS = 1000,       /* between two bytes of a server that drips */
};

#define SIM_HTTP_PAD_ENDLESS SIZE_MAX

struct sim_world;

#define SIM_WORLD_DEFAULT "imc2025-v3"

struct sim_world_options {
    const char *version; /* imc2025-v1 to -v3, 2026-v1, 2026-v2; NULL: SIM_WORLD_DEFAULT */
    uint64_t seed;
    uint32_t group_size; /* hosts that share a certificate, see groups.h; 0: there are no groups */
    double adoption_pct; /* share that publishes MTA-STS, 0..100; negative: the world's own */
    double stuck_pct;    /* share whose hosts hold a client till its deadline (classes.c), beside */
    bool stuck_calm;     /* these publish all the same, but their hosts hold nobody */
    const struct sim_ranks *ranks; /* borrowed: the world's own share goes by rank; or NULL */
};

/* False, and a sentence in *why (static storage), when the version is unknown or the share is out
 * of range. The world is the caller's; free it with sim_world_free (NULL is fine). */
bool sim_world_new(const struct sim_world_options *options, struct sim_world **out,
                   const char **why);
void sim_world_free(struct sim_world *world);

/*
 * Address plan. All of it lies in 127.0.0.0/8, never in 127.0.0.0/24. A block is 127.<octet>.n.h
 * with n in 0..nets-1 (so many /24) and h in 1..hosts. Blocks of one service never serve the other.
 *
 *   127.3       name servers of zones, 127.3.0.1 and on, at the port of DNS (zone.h)
 *   127.4       nobody listens: connect() is refused. Both services.
 *   127.5       SYNs vanish: connect() times out. Both services.
 *   127.8       shared policy hosters, 4 /24 with 4 addresses each to a hoster
 *   127.16-19   policy hosts of their own, 256 /24 with 2 addresses each: 2048
 *   127.24      shared MX providers, 20 /24 with 20 addresses each to a provider
 *   127.64+k    MX hosts of their own with SMTP fault k (enum in addresses.h), 64 /24 with 2
 *               addresses each; 256 /24 with 20 each of those that hold a client
 *   127.128-255 MX hosts of their own that are in order, 256 /24 with 254 addresses each: so many
 *               that two of a list's names seldom share one
 *   127.2       web servers at domains' own names: not served (refused)
 *   ::1         the only IPv6 address; nobody listens there
 *
 * A server binds an address when DNS first hands it out (see servers.h), so that an address where
 * nobody listens refuses by itself.
 */
enum sim_reach {
    SIM_REACH_LISTEN,   /* a server listens there */
    SIM_REACH_REFUSED,  /* nobody may listen there */
    SIM_REACH_BLACKHOLE /* a listener that drops every SYN (socket filter), never accepts */
};

enum sim_service { SIM_SERVICE_HTTPS, SIM_SERVICE_SMTP };

/* What the plan says of an address. False when no host of that service has it: then do not bind. */
bool sim_address_plan(uint32_t addr, enum sim_service service, enum sim_reach *reach);

/* ---- certificates and TLS, both services ---- */

enum sim_key { SIM_KEY_P256, SIM_KEY_RSA2048, SIM_KEY_RSA1024 };

enum sim_issuer {
    SIM_ISSUER_GOOD,        /* root (in ca.pem) > intermediate > leaf, the intermediate is served */
    SIM_ISSUER_MISSING,     /* the same, but the intermediate is not served and no AIA names it */
    SIM_ISSUER_MISSING_AIA, /* not served, caIssuers AIA of the leaf names it */
    SIM_ISSUER_UNKNOWN_ROOT, /* intermediate served, root is not in ca.pem */
    SIM_ISSUER_SELF_SIGNED,  /* leaf is its own issuer */
};

struct sim_cert {
    char cn[SIM_NAME_MAX]; /* subject CN; "" for none. May exceed 64 bytes: then
                              the server leaves the CN out */
    char san[SIM_CERT_NAMES_MAX][SIM_NAME_MAX]; /* dNSNames, wildcards as they stand */
    unsigned san_count;                         /* 0: no SAN extension at all */
    uint32_t series; /* dNSNames of the form mta-sts.mK.REST: so many, with K counted up from that
                        of san[0], which is the first of them; 0: none */
    enum sim_key key;
    enum sim_issuer issuer;
    bool sha1_signature;
    bool revoked; /* the stapled OCSP response says so (RFC 6960), when the client asks for one */
    bool shared;  /* of a host with several addresses: the same bytes at each */
    int32_t not_before_h; /* hours from the start of the server, negative: past */
    int32_t not_after_h;
};

/* The i-th name of a series (groups.h). False: it would be too long. */
bool sim_cert_series_name(const struct sim_cert *cert, uint32_t i, char out[SIM_NAME_MAX]);

enum sim_tls_mode {
    SIM_TLS_NORMAL,
    SIM_TLS_ALERT_UNRECOGNIZED_NAME, /* fatal alert instead of ServerHello */
    SIM_TLS_ALERT_INTERNAL_ERROR,
    SIM_TLS_ALERT_HANDSHAKE_FAILURE,
    SIM_TLS_NOT_SPOKEN, /* answers ClientHello in clear: HTTP/1.1 400, or an SMTP 500 line */
    SIM_TLS_RESET,      /* RST after the ClientHello */
    SIM_TLS_CLOSE,      /* FIN after the ClientHello, no alert */
    SIM_TLS_SILENT,     /* reads, never answers */
    SIM_TLS_DRIP,       /* answers one byte every SIM_DRIP_MS */
    SIM_TLS_MAX_1_1,    /* TLS 1.0 and 1.1 only */
    SIM_TLS_MAX_1_0,
};

struct sim_tls {
    enum sim_tls_mode mode;
    struct sim_cert cert;
};

/* ---- HTTPS policy hosts ---- */

enum sim_http_delivery {
    SIM_HTTP_WHOLE,
    SIM_HTTP_STALL_HEADERS, /* TLS done, request read, nothing comes (until the client leaves) */
    SIM_HTTP_STALL_BODY,    /* headers and half of the body, then nothing */
    SIM_HTTP_TRUNCATE, /* Content-Length is the whole, half is sent, then the connection closes */
    SIM_HTTP_CHUNKED,  /* whole; without Content-Length, in chunks under HTTP/1.1 */
    SIM_HTTP_DRIP,     /* whole, but the body one byte every SIM_DRIP_MS */
};

struct sim_http {
    unsigned status;
    const char *content_type;     /* static storage, NULL: no such header */
    const char *content_encoding; /* "gzip": body is sent gzipped though nobody asked; NULL: none */
    const char *extra_header;     /* one more header line "Name: value", or NULL */
    char location[SIM_NAME_MAX + 64]; /* "" for none */
    enum sim_http_delivery delivery;
    uint32_t delay_ms; /* from the end of the request to the first byte of the answer */
    uint8_t body[SIM_HTTP_BODY_MAX];
    size_t body_len;
    size_t body_pad;     /* so many further bytes of "x" and newlines follow the body (too large);
                                     SIM_HTTP_PAD_ENDLESS: until the client leaves, in chunks */
    bool own_connection; /* 421 on a connection that was made for another name */
    bool h2;             /* of the connection, see sim_world_https_tls */
};

/*
 * TLS of the policy host at `addr` for a ClientHello with this SNI (NULL: none was sent; then the
 * certificate is the platform's default one). Every SNI gets an answer: a name of which the world
 * knows no policy host gets the default certificate too. *h2: offers h2 and http/1.1 by ALPN; else
 * http/1.1 only.
 */
void sim_world_https_tls(const struct sim_world *world, uint32_t addr, const char *sni,
                         struct sim_tls *out, bool *h2);

/* The answer to GET `path` with this Host or :authority (port removed); 404 for what is not there.
 */
void sim_world_https(const struct sim_world *world, uint32_t addr, const char *host,
                     const char *path, struct sim_http *out);

/* ---- SMTP: MX hosts ---- */

enum sim_smtp_mode {
    SIM_SMTP_NORMAL,
    SIM_SMTP_SILENT,            /* accepts, never says anything (tarpit) */
    SIM_SMTP_DROP_AT_CONNECT,   /* accepts and closes without a banner */
    SIM_SMTP_DROP_AFTER_BANNER, /* banner, then closes */
    SIM_SMTP_DROP_AT_STARTTLS,  /* closes instead of answering STARTTLS */
    SIM_SMTP_INJECT,            /* appends a plaintext line to the 220 of STARTTLS, same segment */
    SIM_SMTP_BANNER_DRIP,       /* one byte of the banner every SIM_DRIP_MS */
    SIM_SMTP_BANNER_ENDLESS,    /* "220-" lines until the client leaves */
};

/* How an MX host behaves before TLS: a function of the address, for nothing else is known then. */
struct sim_smtp {
    enum sim_smtp_mode mode;
    unsigned banner_code; /* 220, 421, 554; other than 2xx: the server closes after it */
    char banner_text[SIM_SMTP_TEXT_MAX];
    unsigned ehlo_code; /* 250, or what EHLO gets (500, 550); HELO then gets helo_code */
    unsigned helo_code;
    bool starttls;          /* EHLO lists STARTTLS */
    unsigned starttls_code; /* answer to STARTTLS: 220, 454, 502 */
    uint32_t delay_ms;      /* before the banner */
};

void sim_world_smtp(const struct sim_world *world, uint32_t addr, struct sim_smtp *out);

/*
 * TLS of the MX host at `addr` after STARTTLS. `name` is the SNI, or, when none was sent (has_sni
 * false), the name that DNS first gave this address to (servers.h), or NULL when DNS gave it to
 * none.
 */
void sim_world_smtp_tls(const struct sim_world *world, uint32_t addr, const char *name,
                        bool has_sni, struct sim_tls *out);

#endif
