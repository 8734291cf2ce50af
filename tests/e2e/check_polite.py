#!/usr/bin/env python3
"""Holds what simnet saw of its clients against the limits that the scan was given.

check_polite.py CLIENTS --meta META --per-ip H,S --per-prefix H,S --per-ip-rate H,S
                --policy-rate N --probe-rate N [--dns-rate N] [--reached]

CLIENTS is the NDJSON of `simnet --clients` (one thread a server, or the total rates are those of
one thread), META the scan's metadata. With --reached each limit must have been reached too: one
that never binds proves nothing. Without --dns-rate, questions are not held: those of a deep scan to
name servers go to the same address as those to the resolver.

What is at once is held exactly: a connection counts from the handshake of TCP to the client's FIN,
as the kernel knows them. So is the gap between two to an address, but for the clock: times are true
to a jiffy (10 ms). New ones per second have a tolerance, because two clocks watch: the scanner
takes a token, then connects, at the latest a turn of its loop later; the server counts in any
window of 1,000 ms, both ends included. So a rate of N may show N + 1 in a window, and 2 % more:
what 20 ms of a second let through. Questions of DNS come in bursts of 20 ms of their rate, of each
worker: 4 % more.

An MX address is probed once, and once more for each further name that its certificate does not
cover, up to 8; who gave no certificate is asked once more in the second pass, and when it said 4xx
once more in the first. What the scan repeated because its own loop was late (lag_retries of META)
is allowed beyond that.

Exit 1 and the breaches when a limit was exceeded (or not reached), a session was left without QUIT,
mail was sent, or nothing was seen that could have exceeded anything.
"""
import argparse
import json
import sys

NAMES_PER_ADDRESS = 8  # LIMIT_NAMES_PER_ADDRESS
JIFFY_MS = 10
RAMP_SECONDS = 4  # from a tenth of --dns-rate to all of it


def pair(text):
    https, smtp = text.split(",")
    return {"https": int(https), "smtp": int(smtp)}


def rate_seen_at_most(rate):
    return rate + 1 + -(-rate * 2 // 100)


def ramp_at_most(rate):
    """Of the first second: what the second second of the ramp would have, since the first question
    may come a while after the ramp began."""
    middle = 1.5 / RAMP_SECONDS
    return int(rate * (0.1 + 0.9 * middle) * 1.04) + 2


def probes_allowed(r):
    if r["handshakes"] > 0 and r["handshakes"] == r["hellos"]:
        return r["names"]
    return 2 * max(r["names"], 1) + 1


class Held:
    def __init__(self):
        self.most, self.breaches = {}, []

    def hold(self, server, what, key, seen, limit, reach=None):
        """reach: how much must have been seen somewhere, or None."""
        before = self.most.get((server, what), (0, limit, reach))
        self.most[server, what] = (max(before[0], seen), limit, reach)
        if seen > limit:
            self.breaches.append(f"exceeded: {server} {key}: {what} {seen}, at most {limit}")


def hold_address(h, a, server, r):
    rate = a.per_ip_rate[server]
    h.hold(server, "at once to an address", r["key"], r["max_concurrent"], a.per_ip[server],
           a.per_ip[server])
    h.hold(server, "new a second to an address", r["key"], r["max_per_second"],
           rate_seen_at_most(rate), rate * 0.8)
    if r["min_gap_ms"] is not None:
        short = max(0, 1000 // rate - JIFFY_MS - r["min_gap_ms"])
        h.hold(server, "ms too little between two to an address", r["key"], short, 0)
    if server == "smtp":
        h.hold(server, "names asked for at an address", r["key"], r["names"], NAMES_PER_ADDRESS)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("clients")
    p.add_argument("--meta", required=True)
    p.add_argument("--per-ip", type=pair, required=True)
    p.add_argument("--per-prefix", type=pair, required=True)
    p.add_argument("--per-ip-rate", type=pair, required=True)
    p.add_argument("--policy-rate", type=int, required=True)
    p.add_argument("--probe-rate", type=int, required=True)
    p.add_argument("--dns-rate", type=int)
    p.add_argument("--reached", action="store_true")
    a = p.parse_args()
    total_rate = {"https": a.policy_rate, "smtp": a.probe_rate}
    h = Held()
    repeated = 0
    with open(a.clients, encoding="ascii") as f:
        for r in map(json.loads, f):
            server, scope = r["server"], r["scope"]
            if server == "dns":
                if not a.dns_rate:
                    continue
                h.hold(server, "questions a second", "all", r["max_per_second"],
                       int(a.dns_rate * 1.04) + 2, a.dns_rate * 0.8)
                h.hold(server, "in the first second, of the ramp", "all", r["seconds"][0],
                       ramp_at_most(a.dns_rate))
            elif scope == "thread":
                rate = total_rate[server]
                h.hold(server, "new a second in all", "all", r["max_per_second"],
                       rate_seen_at_most(rate), rate * 0.8)
            elif scope == "address":
                hold_address(h, a, server, r)
                if server == "smtp":
                    repeated += max(0, r["connections"] - probes_allowed(r))
            elif scope == "prefix":
                h.hold(server, "at once to a /24", r["key"], r["max_concurrent"],
                       a.per_prefix[server], a.per_prefix[server])
            elif server == "smtp":
                h.hold(server, "sessions without QUIT", "all", r["no_quits"], 0)
                h.hold(server, "MAIL FROM", "all", r["mails"], 0)
    with open(a.meta, encoding="utf-8") as f:
        work = json.load(f)["work"]
    h.hold("smtp", "probes repeated without need", "all", repeated,
           work["lag_retries"] + work["uplink_retries"])
    for (server, what), (seen, limit, reach) in sorted(h.most.items()):
        print(f"{server:5} {what:40} {seen:6}  limit {limit}")
        if a.reached and reach is not None and seen < reach:
            h.breaches.append(f"not reached: {server} {what}: {seen} of {reach:g}")
    for breach in h.breaches[:20]:
        print(breach)
    idle = [s for s in total_rate if h.most.get((s, "new a second in all"), (0,))[0] == 0]
    for server in idle:
        print(f"{server}: nothing was seen")
    return 1 if h.breaches or idle else 0


sys.exit(main())
