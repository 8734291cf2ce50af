#!/usr/bin/env python3
"""Holds a scan's records against what simnet knows of itself.

compare_truth.py TRUTH RECORDS [--show N] [--faults TARPITS]

TRUTH is the NDJSON of `simnet --truth`, RECORDS the output of `stscan scan` (plain, or .zst through
zstdcat). Every input line must have exactly one record with the same adoption, verdict, cause and set
of codes, UNTOLD ones aside. Exit 1 and the differences, grouped, when that does not hold.

--faults is for a scan whose network failed meanwhile. A record may then say that it does not know,
but never what is not so (see `unknown`). Policy hosts at addresses that the regular expression
TARPITS matches whole took connections and were silent: theirs may be called so.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys

# What the truth leaves out (tests/simnet/README.md): how nine senders' parsers differ is a table of
# the scanner's own, and a second copy of it would prove nothing.
UNTOLD = {"pol_accept_set"}
# Under sanitizers (SAN=1) our own loop is often late, and then no host is called slow, rightly.
if os.environ.get("SAN"):
    UNTOLD.add("http_slow")

# What a host that takes connections and says nothing is called.
SILENT = {"tls_handshake_failed", "http_timeout"}


def lines(path):
    if path.endswith(".zst"):
        with subprocess.Popen(["zstdcat", path], stdout=subprocess.PIPE) as p:
            yield from p.stdout
            if p.wait() != 0:
                sys.exit(f"{path}: not whole")
    else:
        with open(path, "rb") as f:
            yield from f


def judged(r):
    codes = r["codes"] if "codes" in r else [f["code"] for f in r["findings"]]
    return r["adoption"], r["verdict"], r["cause"], tuple(sorted(set(codes) - UNTOLD))


def describe(want, got):
    parts = []
    for what, a, b in zip(("adoption", "verdict", "cause"), want, got):
        if a != b:
            parts.append(f"{what} {b} instead of {a}")
    missing, extra = sorted(set(want[3]) - set(got[3])), sorted(set(got[3]) - set(want[3]))
    if missing:
        parts.append("lacks " + " ".join(missing))
    if extra:
        parts.append("has " + " ".join(extra))
    return "; ".join(parts)


def undetermined(r):
    """Whether anything in the record says that it could not be found out."""
    lookups = [r[k]["status"] for k in ("record", "tlsrpt") if k in r] + [r.get("mx_status")]
    return ("undetermined" in lookups or r.get("policy", {}).get("status") == "undetermined"
            or any(f["effect"] == "U" for f in r["findings"]))


def unknown(want, got, r, tarpits):
    """How a record that differs from the truth is excused by faults; None: it is not."""
    if got[0] == "undetermined":
        return "undetermined adoption"
    tried = r.get("policy", {}).get("addresses", [])
    if want[0] != "absent" and got[0] == "broken" and SILENT & set(got[3]) and tried:
        if all(re.fullmatch(tarpits, ip) for ip in tried):
            return "policy host in a tarpit"
    if want[0] != got[0]:
        return None
    extra = {f["code"] for f in r["findings"] if f["effect"] != "U"} - set(want[3]) - UNTOLD
    if got[1] == "undetermined":
        return "undetermined verdict"
    if want[1] != got[1]:
        return None
    if extra and any(re.fullmatch(tarpits, ip) for ip in tried):
        return "policy of the next address behind a tarpit"
    if extra <= {"http_slow"} and (set(want[3]) <= set(got[3]) or undetermined(r)):
        return "something slow or unknown"
    return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("truth")
    p.add_argument("records")
    p.add_argument("--show", type=int, default=40, help="kinds of difference shown")
    p.add_argument("--faults", metavar="TARPITS", help="unknown is no difference")
    args = p.parse_args()
    got, twice = {}, 0
    excused = collections.Counter()
    for line in lines(args.records):
        r = json.loads(line)
        twice += r["index"] in got
        got[r["index"]] = (r["domain"], judged(r), r if args.faults is not None else None)
    kinds = collections.defaultdict(list)
    n = missing = 0
    adoption = collections.Counter()
    for line in lines(args.truth):
        t = json.loads(line)
        n += 1
        if t["index"] not in got:
            missing += 1
            kinds["no record"].append(t["domain"])
            continue
        domain, record, r = got.pop(t["index"])
        want = judged(t)
        adoption[want[0]] += 1
        if domain != (t["domain"] or domain):
            kinds[f"domain {domain} instead of {t['domain']}"].append(t["domain"])
        elif record != want and r and (why := unknown(want, record, r, args.faults)):
            excused[why] += 1
        elif record != want:
            kinds[describe(want, record)].append(t["domain"])
    wrong = sum(len(v) for v in kinds.values())
    for kind, names in sorted(kinds.items(), key=lambda k: -len(k[1]))[: args.show]:
        print(f"{len(names):7}  {kind}  (as {', '.join(str(x) for x in names[:2])})")
    if got:
        print(f"{len(got):7}  records of no input line")
    if twice:
        print(f"{twice:7}  records written twice")
    for why, count in excused.most_common():
        print(f"{count:7}  {why}")
    ok = n - wrong
    print(f"{ok} of {n} names as the truth has them"
          f" ({', '.join(f'{v} {k}' for k, v in adoption.most_common())})")
    return 0 if ok == n and n > 0 and not got and not twice else 1


sys.exit(main())
