/*
 * options: simnet's command line and its --config files, declared once (help and parser read the
 * same table).
 */
#ifndef SIMNET_OPTIONS_H
#define SIMNET_OPTIONS_H

#include "lib/bytes.h"
#include "tests/simnet/truth_rules.h"

struct sim_options {
    struct sim_world_options world;
    uint16_t dns_port, https_port, smtp_port; /* 0: ephemeral */
    unsigned threads;                         /* of each server */
    double loss_pct;
    uint32_t delay_ms, http_delay_ms;
    bool trains;         /* DNS answers of one length to one peer are sent in one piece */
    const char *dir;     /* gets ca.pem and ports.env, or NULL */
    const char *stats;   /* file of counters written at the end, or NULL */
    const char *clients; /* NDJSON of what the servers saw of their clients, or NULL */
    uint32_t limit_https, limit_smtp; /* servers.h: limit_first, */
    uint32_t retry_after_s, grey_first, break_first, mute_first;
    int ready_fd; /* gets one line when all is served, or -1 */

    const char *truth, *names; /* --truth FILE --names LIST: write and end */
    enum sim_truth_mode truth_mode;
    uint64_t print_names; /* 0: do not */
    bool list_classes;
    const char *ranks; /* list whose ranks the world knows, or NULL */

    struct arena texts; /* what came from files */
};

enum sim_options_result { SIM_OPTIONS_RUN, SIM_OPTIONS_DONE, SIM_OPTIONS_USAGE };

/* Arguments win over --config files. DONE: help, version or configuration was printed. USAGE: a
 * sentence is on stderr. Strings point into argv or out->texts. */
enum sim_options_result sim_options_parse(int argc, char **argv, struct sim_options *out);
void sim_options_free(struct sim_options *o); /* after any result */

#endif
