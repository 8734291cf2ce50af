#!/usr/bin/env python3
"""Measures stscan beside its references and prints a table; docs/performance.md explains it.

    bench.py [--full] [--only CASE]... [--names N] [--rounds N]

Results go to $BUILD/bench/results.json after each case; rows of cases that were not asked for stay
there when the sizes are the same, so that an interrupted run is gone on with by --only. A figure
missed is no failure: noise on a shared machine would make it one every other day. A wrong or
missing record is.
"""
import argparse
import os
import platform
import sys
import time

import cases_dns
import cases_scan
import table
from harness import CLIENT_CORE, CORES, SERVER_CORE

CASES = {"simnet": cases_dns.bench_simnet, "dns": cases_dns.bench_dns, "tls": cases_scan.bench_tls,
         "coalesce": cases_scan.bench_coalesce,
         "scan": cases_scan.bench_scan, "memory": cases_dns.bench_memory,
         "loss": cases_dns.bench_loss, "tcploss": cases_scan.bench_tcploss,
         "stuck": cases_scan.bench_stuck, "truth": cases_scan.bench_truth,
         "workers": cases_dns.bench_workers, "locks": cases_dns.bench_locks,
         "adopters": cases_scan.bench_adopters, "resolver": cases_dns.bench_resolver,
         "long": cases_scan.bench_long}
ONLY_FULL = {"adopters", "resolver", "long"}


def options():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--full", action="store_true", help="sizes of docs/performance.md: 1 M and 10 M")
    p.add_argument("--only", action="append", choices=CASES, help="this case alone, repeatable")
    p.add_argument("--names", type=int, help="length of the lists")
    p.add_argument("--rounds", type=int, help="rounds of each comparison")
    p.add_argument("--connections", type=int, help="TLS connections a round")
    p.add_argument("--memory", type=int, action="append", help="lengths of the memory case; the longest is the long case's")
    p.add_argument("--stuck-deadline", type=int, help="seconds that a stuck host may hold")
    o = p.parse_args()
    o.names = o.names or (1000000 if o.full else 100000)
    o.rounds = o.rounds or 3
    o.connections = o.connections or (2000 if o.full else 500)
    o.memory = o.memory or ([1000000, 10000000] if o.full else [o.names, 3 * o.names])
    o.wall_rounds = 1 if o.full else min(o.rounds, 2)  # where waiting is measured
    o.stuck_deadline = o.stuck_deadline or (10 if o.full else 5)
    return o


def main():
    o = options()
    os.makedirs(table.DIR, exist_ok=True)
    begin = time.time()
    if CLIENT_CORE == SERVER_CORE:
        print("only one core: client and servers share it, and figures suffer", file=sys.stderr)
    print(f"client on core {CLIENT_CORE}, servers on core {SERVER_CORE}; "
          f"load {os.getloadavg()[0]:.1f} on {len(CORES)} cores; "
          f"{o.names} names, medians of {o.rounds} rounds")
    seconds = {}
    cases = o.only or [c for c in CASES if o.full or c not in ONLY_FULL]
    for i, case in enumerate(cases):
        print(f"bench: {case} ({i + 1} of {len(cases)}, {time.time() - begin:.0f} s so "
              "far)", file=sys.stderr, flush=True)
        case_begin = time.time()
        CASES[case](o)
        seconds[case] = round(time.time() - case_begin, 1)
        table.save({"begin": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin)),
                    "seconds": time.time() - begin, "seconds_of_case": seconds, "names": o.names,
                    "rounds": o.rounds, "cores": len(CORES), "load": os.getloadavg(),
                    "machine": platform.platform()})
    print(f"{time.time() - begin:.0f} s; {table.RESULTS}")


if __name__ == "__main__":
    main()
