#!/usr/bin/env python3
"""Holds the gaps between the first connections to each address against what they must be.

check_gaps.py CLIENTS [--https MS,…] [--smtp MS,…] [--https-once]

CLIENTS is the NDJSON of `simnet --clients`. The n-th gap of each address, from connection to
connection, is at least the n-th MS (times are true to a jiffy, 10 ms); some address has all of
them. --https-once: no address saw a second HTTPS connection. HTTPS addresses where not every
connection came as far as an answer are left out: who fails in the handshake was limited by nobody.
"""
import argparse
import json
import sys

JIFFY_MS = 10


def numbers(text):
    return [int(n) for n in text.split(",")]


p = argparse.ArgumentParser()
p.add_argument("clients")
p.add_argument("--https", type=numbers, default=[])
p.add_argument("--smtp", type=numbers, default=[])
p.add_argument("--https-once", action="store_true")
a = p.parse_args()
want = {"https": a.https, "smtp": a.smtp}
longest, shortest, bad, seen = {"https": 0, "smtp": 0}, {}, [], 0
for r in map(json.loads, open(a.clients, encoding="ascii")):
    if r["scope"] != "address":
        continue
    server, at = r["server"], r["arrivals_ms"]
    if server == "https" and not r["connections"] == r["hellos"] == r["handshakes"]:
        continue
    seen += 1
    if a.https_once and server == "https" and r["connections"] > 1:
        bad.append(f"{server} {r['key']}: {r['connections']} connections, {at}")
    gaps = [b - a for a, b in zip(at, at[1:])][: len(want[server])]
    longest[server] = max(longest[server], len(gaps))
    for i, gap in enumerate(gaps):
        shortest[server, i] = min(gap, shortest.get((server, i), gap))
        if gap < want[server][i] - JIFFY_MS:
            bad.append(f"{server} {r['key']}: gap {i + 1} is {gap} ms, at {at}")
for server, gaps in want.items():
    if longest[server] < len(gaps):
        bad.append(f"{server}: no address has {len(gaps)} gaps")
    if gaps:
        print(f"{server}: shortest gaps", *(shortest.get((server, i)) for i in range(len(gaps))),
              "ms, wanted", *gaps)
print(*bad[:20], sep="\n", end="\n" if bad else "")
sys.exit(1 if bad or not seen else 0)
