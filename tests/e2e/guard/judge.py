#!/usr/bin/python3
"""usage: judge.py DIR -- what was contacted, held against what may and what must be."""
import ipaddress
import json
import os
import sys

directory = sys.argv[1]


def lines(name):
    with open(os.path.join(directory, name), encoding="utf-8") as f:
        return f.read().split("\n")[:-1]


def real(ip):
    a = ipaddress.ip_address(ip)
    return str(getattr(a, "ipv4_mapped", None) or a)


contacts = {tuple(line.split()) for line in lines("contacts")}
reached = {real(ip) for ip, _ in contacts}
bad = []
for ip in lines("forbidden.txt"):
    if real(ip) in reached:
        bad.append("%s was contacted" % ip)
for line in lines("must.txt"):
    if tuple(line.split()) not in contacts:
        bad.append("%s was not contacted" % line)
for ip, port in contacts:
    if port in ("3128", "8080"):
        bad.append("%s port %s was contacted" % (ip, port))
records = {r["domain"]: r for r in map(json.loads, lines("out.ndjson"))}
for domain in lines("domains.txt"):
    r = records[domain]
    statuses = {p["status"] for m in r.get("mx", []) for p in m.get("probes", [])}
    want = {"bad": {"blocked"}, "network": {"blocked"}, "alias": {"blocked"}, "mailhost": {"blocked"}}
    for prefix, expected in want.items():
        # An address of no reachable family has no probe but says that there is no route.
        if domain.startswith(prefix) and not statuses <= expected:
            bad.append("%s: %s" % (domain, statuses))
    if domain in ("listed.test", "suffix.test", "below.suffix.test") and \
            r["adoption"] != "excluded":
        bad.append("%s: %s" % (domain, r["adoption"]))
    if domain.startswith("bad") and r["policy"]["status"] == "valid":
        bad.append("%s has a policy" % domain)
with open(os.path.join(directory, "out.meta.json"), encoding="utf-8") as f:
    meta = json.load(f)


def count(name, node):
    if isinstance(node, dict):
        return node.get(name, 0) or max([count(name, v) for v in node.values()] + [0])
    return 0


special, listed = count("guard_special", meta), count("guard_blocklisted", meta)
n_bad = sum(d.startswith("bad") for d in lines("domains.txt"))
if special < 2 * n_bad:
    bad.append("guard_special is %d for %d domains" % (special, n_bad))
if listed < 7:
    bad.append("guard_blocklisted is %d" % listed)
print("\n".join(bad))
print("%d addresses reached, %d forbidden; %d + %d hits of the guard" %
      (len(reached), len(lines("forbidden.txt")), special, listed))
sys.exit(1 if bad else 0)
