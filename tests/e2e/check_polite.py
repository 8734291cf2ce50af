#!/usr/bin/env python3
"""Holds what simnet saw of its clients against the limits that the scan was given.

check_polite.py CLIENTS --per-ip H,S --per-prefix H,S --per-ip-rate H,S --policy-rate N
                --probe-rate N

CLIENTS is the NDJSON of `simnet --clients` (one thread a server, or the total rates are those of
one thread). What is at once is held exactly: a connection counts from the handshake of TCP to the
client's FIN, as the kernel knows them. New ones per second have a tolerance, because two clocks
watch: the scanner takes a token, then connects, at the latest a turn of its loop later; the server
counts in any window of 1,000 ms, both ends included, of times that are true to a jiffy (10 ms). So
a rate of N may show N + 1 in a window, and 2 % more: what 20 ms of a second let through.

Exit 1 and the breaches when a limit was exceeded, a session was left without QUIT, mail was sent,
or nothing was seen that could have exceeded anything.
"""
import argparse
import json
import sys


def pair(text):
    https, smtp = text.split(",")
    return {"https": int(https), "smtp": int(smtp)}


def rate_seen_at_most(rate):
    return rate + 1 + -(-rate * 2 // 100)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("clients")
    p.add_argument("--per-ip", type=pair, required=True)
    p.add_argument("--per-prefix", type=pair, required=True)
    p.add_argument("--per-ip-rate", type=pair, required=True)
    p.add_argument("--policy-rate", type=int, required=True)
    p.add_argument("--probe-rate", type=int, required=True)
    a = p.parse_args()
    total_rate = {"https": a.policy_rate, "smtp": a.probe_rate}
    breaches, most = [], {}

    def hold(server, what, key, seen, limit):
        most[server, what] = max(most.get((server, what), (0, limit)), (seen, limit))
        if seen > limit:
            breaches.append(f"{server} {key}: {what} {seen}, at most {limit}")

    with open(a.clients, encoding="ascii") as f:
        for line in f:
            r = json.loads(line)
            server, scope = r["server"], r["scope"]
            if scope == "thread":
                limit = rate_seen_at_most(total_rate[server])
                hold(server, "new a second in all", "all", r["max_per_second"], limit)
            elif scope == "address":
                limit = rate_seen_at_most(a.per_ip_rate[server])
                hold(server, "at once to an address", r["key"], r["max_concurrent"],
                     a.per_ip[server])
                hold(server, "new a second to an address", r["key"], r["max_per_second"], limit)
            elif scope == "prefix":
                hold(server, "at once to a /24", r["key"], r["max_concurrent"],
                     a.per_prefix[server])
            elif server == "smtp":
                hold(server, "sessions without QUIT", "all", r["no_quits"], 0)
                hold(server, "MAIL FROM", "all", r["mails"], 0)
    for (server, what), (seen, limit) in sorted(most.items()):
        print(f"{server:5} {what:28} {seen:5}  limit {limit}")
    for breach in breaches[:20]:
        print("exceeded:", breach)
    idle = [s for s in total_rate if most.get((s, "new a second in all"), (0, 0))[0] == 0]
    for server in idle:
        print(f"{server}: nothing was seen")
    return 1 if breaches or idle else 0


sys.exit(main())
