/* uplink - whether anybody out there is heard at all, so that no outage of ours is called theirs.
 *
 * When the machine's own link is down for longer than a connection's deadline, and a caching
 * resolver beside us goes on to answer, every host is silent. One silent host tells nothing: many
 * are dead. So what is counted is how many answers were to be expected. Since anybody was last
 * heard, each network (/24, /48) that a connection was begun to adds the chance with which it would
 * have answered, as this scan has learnt it: 1 when it answered before, 0 when its silence was
 * believed before, else the share of networks that answered the same service so far. A service that
 * nobody has answered, while another one was (port 25 closed by the provider, IPv6 that leads
 * nowhere), adds nothing. When UPLINK_MISSED_MILLI answers are missing, UPLINK_TRY_MS after the
 * last of these tries, the link is suspected: by chance that happens once in e^8 = 3,000 times, and
 * costs a pause then.
 *
 * While it is suspected nobody is contacted but by one canary at a time, of the work that waits.
 * The first answer ends it, and all time since the answer before is an outage: a wait of which so
 * much fell into outages that missing it says nothing is spoilt, as lag.h has it. Without an answer
 * it ends in bounded time. Where no network is missed that had answered before, silence is believed
 * as if there were no suspicion: a list of nothing but dead hosts looks no other. Where there are
 * UPLINK_LOST of them, it is nobody's: what is silent is given up as our own limit.
 *
 * One uplink is one family's. Pure: time is passed in (microseconds, monotonic). One thread. */
#ifndef SCANNER_WORKER_UPLINK_H
#define SCANNER_WORKER_UPLINK_H

#include "scanner/net/addr.h"

enum {
    UPLINK_MISSED_MILLI = 8000, /* expected answers, in thousandths, none of which came */
    UPLINK_LOST = 3,            /* networks silent now that answered before: no matter of chance */
    /* A SYN and its repetitions after 1 and 3 s (RFC 6298 2.1, 5.5), and a long way back. Or half
     * of the shortest deadline, where that is less. */
    UPLINK_TRY_MS = 4000,
    UPLINK_CANARY_MS = 8000,     /* the whole deadline of a canary: one repetition more, at 7 s */
    UPLINK_CANARY_GAP_MS = 1000, /* between the end of one and the next */
    /* How long a suspicion lasts without an answer, in deadlines (of 60 s: five minutes, which is
     * longer than a router takes to start, and an hour). */
    UPLINK_DOUBT_DEADLINES = 5,
    UPLINK_OUTAGE_DEADLINES = 60,
    UPLINK_SPOILS_PCT = 10, /* of a wait; see LAG_SPOILS_PCT */
};

enum uplink_service { UPLINK_HTTPS, UPLINK_SMTP, UPLINK_SERVICES };

enum uplink_state {
    UPLINK_UP,
    UPLINK_SUSPECTED, /* nobody is heard: canaries only */
    /* Nobody was heard for so long that it is at an end, until somebody is heard: */
    UPLINK_BELIEVED, /* silence is theirs after all, as far as anybody can tell */
    UPLINK_GIVEN_UP, /* silence is nobody's */
};

typedef struct uplink uplink;
/* Deadlines of a connection: the shortest and the longest. ST_NOMEM. */
enum status uplink_new(uint32_t shortest_ms, uint32_t longest_ms, uplink **out);
void uplink_free(uplink *l);

/* A connection to `ip` began. */
void uplink_tried(uplink *l, const struct net_addr *ip, enum uplink_service service,
                  uint64_t now_us);
/* The host at `ip` itself said something: SYN-ACK, RST, or more later on. A router's word that it
 * cannot be reached is none: ours says so too, when what is behind it is gone. */
void uplink_heard(uplink *l, const struct net_addr *ip, enum uplink_service service,
                  uint64_t now_us);
/* Somebody was heard elsewhere (by another worker), at that time, which is not 0. */
void uplink_heard_at(uplink *l, enum uplink_service service, uint64_t at_us);
/* Another worker suspects the link since that time; nothing when somebody was heard afterwards. */
void uplink_suspected_elsewhere(uplink *l, uint64_t at_us, uint64_t now_us);
/* So many networks are missed by others that answered them before. */
void uplink_lost_elsewhere(uplink *l, uint32_t n);
/* The same for others to know: since when it is suspected (0: it is not), and who is missed. */
uint64_t uplink_suspected_since_us(const uplink *l);
uint32_t uplink_lost(const uplink *l);
/* Over the other family somebody was heard. */
void uplink_heard_other_family(uplink *l);
/* An earlier run of this scan was answered by `ip`. */
void uplink_knew(uplink *l, const struct net_addr *ip, enum uplink_service service);
/* The connection ended without a word of the host. */
void uplink_in_vain(uplink *l, const struct net_addr *ip, enum uplink_service service);
/* ... and its silence is believed: the network is not missed when it is silent again. */
void uplink_believed(uplink *l, const struct net_addr *ip, enum uplink_service service);
/* Our own loop could attend to nobody for so long, until now. */
void uplink_excuse(uplink *l, uint64_t late_us, uint64_t now_us);

/* Goes on with time. What comes out changes here and by uplink_heard*, nowhere else. */
enum uplink_state uplink_look(uplink *l, uint64_t now_us);
enum uplink_state uplink_state_of(const uplink *l);
/* How long nobody was heard, as far as anybody tried. */
uint32_t uplink_silent_ms(const uplink *l, uint64_t now_us);
/* Whether anybody was ever heard. */
bool uplink_was_heard(const uplink *l);
/* The same of the last silence that was suspected, up to the answer that ended it. */
uint32_t uplink_last_silence_ms(const uplink *l);

/* Whether a canary may start; between went and over it is under way. */
bool uplink_canary_due(const uplink *l, uint64_t now_us);
void uplink_canary_went(uplink *l);
void uplink_canary_over(uplink *l, uint64_t now_us);
/* The better canary: a network that answered before. */
bool uplink_is_known(const uplink *l, const struct net_addr *ip, enum uplink_service service);

/* A moment, to measure from. */
struct uplink_mark {
    uint64_t at_us, down_us;
};
struct uplink_mark uplink_mark(const uplink *l, uint64_t now_us);
/* How much of the time since `from` was an outage. */
uint32_t uplink_down_ms(const uplink *l, struct uplink_mark from, uint64_t now_us);
/* Whether outages since `from` took so much of a wait of wait_ms that missing it says nothing. */
bool uplink_spoils(const uplink *l, struct uplink_mark from, uint32_t wait_ms, uint64_t now_us);

#endif
