/* dns_engine - what the files of the DNS engine share; nobody else includes this.
 *
 *   dns.c                 public face; memory of questions; the loop's events
 *   dns_question.c        life of one question: tries, waits, ends
 *   dns_question_reply.c  what is believed of a reply, over UDP or TCP
 *   dns_pool.c            servers that may answer the same questions, and what waits for them
 *   dns_server.c          one server: rate, health, back-off
 *   dns_socket.c          its UDP sockets: batches in and out
 *   dns_ticket.c          ids on them
 *   dns_tcp.c             its TCP side
 *
 * A turn of the loop: replies come in (sockets), timers fire (wheel); both only queue what has to
 * be sent. Then one `flush` moves waiting questions to servers that may be asked and sends each
 * socket's batch. Everything hangs off one engine and one thread. */
#ifndef SCANNER_NET_DNS_ENGINE_H
#define SCANNER_NET_DNS_ENGINE_H

#include "scanner/net/dns_build.h"
#include "scanner/net/dns_random.h"
#include "scanner/net/dns_reply.h"
#include "scanner/net/dns_tcp.h"
#include "scanner/net/udp_batch.h"
#include "scanner/net/wheel.h"
#include "scanner/worker/limits.h"
#include <sys/socket.h>

enum {
    DNS_SERVERS_MAX = 32,       /* resolvers of one engine */
    DNS_QUESTIONS_MAX = 500000, /* of one engine, waiting or on the wire */
    DNS_NAMED_RATE_QPS = 50,    /* to each of them */
    DNS_TICKETS_MAX = 3,        /* tries of one question that are listened to at once */
    DNS_HOLD_IN_FLIGHT =
        512, /* with so much on the wire, questions wait for others to leave with */
    DNS_HOLD_QUESTIONS = 256, /* until there are so many */
    DNS_HOLD_MS = 1,          /* or so long */
    DNS_READ_ROUNDS = 64,     /* batches read from one socket a turn: what its buffer may hold */
    DNS_DATAGRAM_MAX_BYTES = 4096, /* longer ones (we ask for 1232) are asked again over TCP */
    DNS_SOCKETS_MIN = 4,           /* of one server, for many source ports */
    DNS_SOCKETS_MAX = 256,         /* of one server, retired ones included */
    DNS_SOCKET_QUESTIONS = 16384,  /* asked from one source port before it is given up */
    DNS_WINDOW_MIN = 512,          /* questions on the wire, however overloaded resolvers seem */
    DNS_WINDOW_ANSWERS = 512,      /* after which the window is judged again */
    DNS_RCVBUF_BYTES = 1 << 20,    /* asked for; what the kernel gives is read back */
    DNS_RCVBUF_DEFAULT_BYTES = 212992, /* holds LIMIT_DNS_PER_SOCKET replies */
    DNS_BACKOFF_MIN_MS = 50,           /* a server that refuses or cannot be reached */
    DNS_BACKOFF_MAX_MS = 2000,
    DNS_SILENT_TRIES = 16,  /* unanswered in a row: other servers go first */
    DNS_REFUSED_TRIES = 16, /* REFUSED in a row: the same */
    DNS_NO_EDNS_MS = 60000, /* a server that only answered without EDNS is asked so */
    DNS_QUICK_TRIES = 3,    /* tries of a question that follow the server's own round trips */
    DNS_QUICK_MIN_DIV = 5,  /* they wait a fifth of the interval at least: 200 ms */
    DNS_QUICK_MAX_MUL = 4,  /* and four intervals at most: a queue at the resolver */
    DNS_RAMP_MS = 4000,     /* from a tenth of the rate to all of it */
    DNS_BURST_MS = 20,      /* of the rate, that may be sent at once */
    DNS_TCP_TRY_MS = 5000,  /* one try over TCP */
};

struct dns_query_handle;

/* Doubly linked questions; each stands in at most one queue. */
struct dns_queue {
    struct dns_query_handle *first, *last;
};
void dns_queue_push(struct dns_queue *queue, struct dns_query_handle *q);
void dns_queue_push_front(struct dns_queue *queue, struct dns_query_handle *q);
void dns_queue_remove(struct dns_query_handle *q); /* from whichever it stands in; or none */

/* The right to an answer: this id on this socket. Free when socket is NULL. */
struct dns_ticket {
    struct dns_query_handle *q;
    struct dns_socket *socket;
    uint16_t id;
    bool edns; /* as it was last sent */
    bool cd;   /* an id is for queries with CD=1, or for those without */
};

enum question_state {
    QUESTION_FREE,
    QUESTION_WAITING, /* in a queue of its pool, for a server that may be asked */
    QUESTION_SENDING, /* in the queue of a socket */
    QUESTION_SENT,    /* on the wire; the timer is the next try */
    QUESTION_TCP,     /* asked over TCP */
    QUESTION_PAUSING, /* got a failure, asks again when the timer fires */
    QUESTION_ENDING,  /* its callback runs */
};

struct dns_query_handle {
    struct wheel_timer timer; /* first: timers are cast back */
    struct dns_query_handle *next, *prev;
    struct dns_queue *queue; /* that it stands in, or NULL */
    struct dns_pool *pool;
    struct endpoint at; /* dns_query_at: whom it is for, while it waits in the lobby */
    dns_done_fn done;
    void *arg;
    uint64_t deadline_ms; /* without what it still waits for our own limits */
    uint64_t own_mark_ms; /* the pool's own_ms when it began to wait */
    uint64_t sent_ms;     /* the last try */
    uint32_t waited_ms;
    enum question_state state;
    enum dns_type type;
    struct dns_ticket ticket[DNS_TICKETS_MAX]; /* newest last, free ones behind */
    uint8_t n_tickets;
    uint8_t unanswered;         /* tries, up to 255 */
    bool on_wire;               /* counts as in flight: a try of it is under way */
    bool again;                 /* was sent before: the next send is a retry */
    bool later;                 /* dns_query_later */
    bool cd;                    /* SERVFAIL was believed; asked with CD=1 whether DNSSEC is why */
    uint8_t failures;           /* answers that were failures */
    uint32_t failed_servers;    /* set of the indexes of servers that failed it */
    uint32_t avoid;             /* set of those that the next try goes to last */
    uint32_t plain_servers;     /* set of those that are asked without EDNS */
    enum lookup failure_status; /* the last one, reported when no better answer comes */
    int failure_rcode, failure_ede;
    const char *failure_server;
    struct dns_tcp_ask *tcp_ask;
    struct dns_server *tcp_server;
    struct dns_wire wire;
};

struct dns_socket {
    struct dns_server *server;
    int fd;
    struct event *ev_read, *ev_write;
    struct dns_ticket **table; /* by the low bits of the id; at most half full */
    uint32_t mask;
    uint32_t outstanding, room; /* tickets on it, and how many replies its buffer holds */
    uint32_t asked;             /* in its life */
    struct dns_queue out;
    struct dns_socket *next; /* in the engine's list of dirty or of dying sockets */
    bool dirty, dying, retired;
    bool trains; /* its path takes datagrams in trains, as far as is known */
};

enum server_health {
    SERVER_UP,
    SERVER_SILENT, /* does not answer, or refuses all: used when no other one is up, and tried */
    SERVER_DOWN,   /* an error says that it cannot be reached: one try a gap */
};

struct dns_server {
    struct dns_pool *pool;
    struct endpoint endpoint;
    struct sockaddr_storage addr;
    socklen_t addr_len;
    char text[ENDPOINT_TEXT_MAX_BYTES];
    unsigned index; /* in its pool */
    /* rate */
    uint32_t rate_qps;
    int64_t credit_mq; /* thousandths of a query */
    uint64_t credit_at_ms, ramp_from_ms;
    /* health */
    enum server_health health;
    uint64_t try_at_ms; /* when one that is not up is tried next */
    uint32_t gap_ms;
    uint32_t silent, refused;         /* in a row */
    uint32_t rtt_x8_ms, rttvar_x4_ms; /* RFC 6298's smoothed round trip and its variation, scaled */
    bool rtt_known;
    uint64_t answered_ms; /* last answer */
    uint64_t no_edns_until_ms;
    /* sockets */
    struct dns_socket *sockets[DNS_SOCKETS_MAX];
    size_t n_sockets, n_active;
    struct dns_socket *current; /* takes the next questions, up to a batch */
    unsigned current_left;
    size_t next_source;
    struct dns_tcp *tcp; /* NULL until it is needed */
};

struct dns_pool {
    struct dns_engine *engine;
    struct dns_server *servers;
    size_t n_servers, next_server;
    bool recursion;
    struct dns_queue again, fresh; /* further tries, first questions, */
    struct dns_queue later;        /* and those that wait behind them */
    bool fresh_turn;               /* whose turn it is */
    struct wheel_timer timer;      /* when a server may be asked again */
    /* How long questions of this pool were held up by our own limits alone, all in all. */
    uint64_t own_ms, own_since_ms;
    bool own_on;
    size_t questions; /* that belong to it */
    struct dns_pool *next_named;
};

struct question_chunk;

struct dns_engine {
    struct event_base *base;
    struct event *ev_flush, *ev_timer;
    uint64_t now_ms;
    uint64_t timer_at_ms; /* when ev_timer is armed for; WHEEL_NEVER */
    bool flush_pending, flush_held, closing;
    struct wheel wheel;
    struct dns_config config; /* servers and sources are copies */
    struct net_addr *sources;
    struct dns_pool *resolvers, *named;
    struct dns_pool *lobby; /* no servers: questions that wait for a place among the named */
    size_t n_named;
    size_t in_flight, questions;
    size_t window; /* questions that may be in flight: in_flight_max, or less under overload */
    uint32_t window_answers, window_retried; /* since it was last judged */
    struct question_chunk *chunks;
    struct dns_query_handle *free_questions;
    struct dns_socket *dirty, *dying;
    struct dns_templates templates;
    struct dns_random random;
    struct arena arena; /* of the answer that is being handed over */
    struct dns_stats stats;
    struct udp_batch *batch; /* lent to one socket at a time */
};

/* ---- dns.c ---- */
void engine_clock(dns_engine *e);      /* reads the clock: once a turn */
void engine_want_flush(dns_engine *e); /* what is queued is sent at the end of this turn */
void engine_arm(dns_engine *e);        /* the loop's timer, for the wheel's next tick */
void question_free(dns_engine *e, struct dns_query_handle *q);

/* ---- dns_question.c ---- */
static inline dns_engine *question_engine(const struct dns_query_handle *q)
{
    return q->pool->engine;
}
void question_start(struct dns_query_handle *q);
uint64_t question_held_ms(const struct dns_query_handle *q);
/* One that waits in a queue of its pool waits in another pool from now on. */
void question_move(struct dns_query_handle *q, struct dns_pool *to);
void question_on_timer(struct wheel_timer *t);
/* Puts it into the queue of `s`; false when no socket can be had. */
bool question_send(struct dns_query_handle *q, struct dns_server *s);
void question_sent(struct dns_query_handle *q);   /* the datagram left */
void question_unsent(struct dns_query_handle *q); /* it could not: waits again, costs no try */
void question_end(struct dns_query_handle *q, struct dns_answer *answer); /* calls back, frees */
void question_abandon(struct dns_query_handle *q);
void question_detach(struct dns_query_handle *q); /* out of every queue, timer and table */
/* Ends with the last failure and this status. */
void question_end_failed(struct dns_query_handle *q, enum lookup status);
/* Out of the queue it stands in, if any. What it waited for our own limits is not the resolver's
 * time: the deadline moves by it. */
void question_leave_queue(struct dns_query_handle *q);
void question_forget_tcp(struct dns_query_handle *q); /* what it asked over TCP, if anything */
void question_again(struct dns_query_handle *q);      /* waits for its next try */
void question_pause(struct dns_query_handle *q);      /* the same, but for the interval first */
/* Whether a query of q to s carries EDNS. */
bool question_edns(const struct dns_query_handle *q, const struct dns_server *s);

/* ---- dns_question_reply.c ---- */
/* A reply that matches its id and question. cut: longer than our buffer. May end the question. */
void question_reply(struct dns_ticket *ticket, const uint8_t *msg, size_t len, bool cut);
/* FORMERR or NOTIMP without a question to a query with EDNS. */
void question_no_edns(struct dns_ticket *ticket);

/* ---- dns_pool.c ---- */
enum status pool_new(dns_engine *e, const struct endpoint *servers, size_t n, bool recursion,
                     uint32_t rate_qps, struct dns_pool **out);
void pool_free(struct dns_pool *pool);
void pool_pump(struct dns_pool *pool); /* gives waiting questions to servers */
/* An answer came, to a question that had been asked once, or again for want of one. */
void window_note(dns_engine *e, bool retried);
bool pool_waits(const struct dns_pool *pool);
uint64_t pool_own_ms(const struct dns_pool *pool);
/* A server other than those that failed this question may be asked now. */
bool pool_has_other(const struct dns_pool *pool, uint32_t failed_servers);
/* The pool of one named server. ST_LIMIT: DNS_NAMED_MAX of them have questions under way. */
enum status pool_named(dns_engine *e, const struct endpoint *server, struct dns_pool **out);
/* Where questions wait until pool_named has a place: their clocks stand still there. */
enum status pool_lobby_new(dns_engine *e, struct dns_pool **out);
/* Lets those in who waited longest, as far as there are places. */
void pool_lobby_admit(dns_engine *e);

/* ---- dns_server.c ---- */
void server_init(struct dns_server *s, struct dns_pool *pool, const struct endpoint *endpoint,
                 unsigned index, uint32_t rate_qps);
void server_clear(struct dns_server *s);
bool server_usable(const struct dns_server *s);       /* its health lets it be asked now */
bool server_has_credit(struct dns_server *s);         /* its rate does */
void server_charge(struct dns_server *s);             /* one query was sent */
uint64_t server_ready_ms(const struct dns_server *s); /* when one of both may change */
void server_set_rate(struct dns_server *s, uint32_t rate_qps);
void server_tried(struct dns_server *s); /* one that is not up: the next try comes a gap later */
void server_answered(struct dns_server *s, unsigned rcode);
void server_silent(struct dns_server *s);            /* a try was not answered */
void server_took(struct dns_server *s, uint64_t ms); /* to answer what was asked once */
/* How long to wait for an answer after so many tries that had none, before jitter. */
uint32_t server_retry_ms(const struct dns_server *s, unsigned unanswered);
void server_failed(struct dns_server *s); /* the system says it cannot be reached */

/* ---- dns_ticket.c ---- */
/* A ticket on a socket of s, with a fresh id; the newest of q's. NULL when no socket has room and
 * none can be opened. */
struct dns_ticket *ticket_take(struct dns_query_handle *q, struct dns_server *s);
/* The ticket that q holds on s already for a query like the next one, made the newest; NULL. */
struct dns_ticket *ticket_again(struct dns_query_handle *q, const struct dns_server *s);
void ticket_release(struct dns_ticket *ticket);
void tickets_release(struct dns_query_handle *q);

/* ---- dns_socket.c ---- */
/* One with room for the next question: the same for a batch, a new one while there are few. NULL,
 * and the server has failed: none can be opened. */
struct dns_socket *socket_next(struct dns_server *s);
/* Takes no more questions; dies when its last ticket is given back. */
void socket_retire(struct dns_socket *s);
/* Sends what q's newest ticket stands for, with the next batch. */
void socket_queue(struct dns_socket *s, struct dns_query_handle *q);
void sockets_flush(dns_engine *e); /* sends what is queued, closes what is done */
void sockets_close(struct dns_server *s);

#endif
