#!/usr/bin/env python3
"""Measures stscan beside its references and prints a table; docs/performance.md explains it.

    bench.py [--full] [--only CASE]... [--names N] [--rounds N]

Results go to $BUILD/bench/results.json as well. A figure missed is no failure: noise on a shared
machine would make it one every other day. A wrong or missing record is.
"""
import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time

from harness import (BUILD, CLIENT_CORE, CORES, SERVER_CORE, Simnet, alternate, is_absent,
                     is_stuck, median, read_env, run, simnet_names)

DNS_ONLY = ["--no-policy", "--no-probe", "--tlsrpt", "adopters"]
# The simulated internet has its dead hosts: nothing is learnt by waiting for them a minute.
IMPATIENT = ["--no-retry-undetermined", "--timeout-dns", "5", "--timeout-policy", "8",
             "--timeout-probe", "8"]
DIR = f"{BUILD}/bench"
MIB = 1024 * 1024
rows = []


def row(case, what, value, unit, reference=None, reference_name=None, wanted=None):
    ratio = value / reference if reference else None
    rows.append({"case": case, "what": what, "value": value, "unit": unit, "ratio": ratio,
                 "reference": reference, "reference_name": reference_name, "wanted": wanted})
    beside = f"{reference:10.3f} {ratio:6.2f} x {reference_name}" if reference else ""
    print(f"{case:8} {what:34} {value:10.3f} {unit:12} {wanted or '':12} {beside}", flush=True)


def absent_list(count):
    """A list of absent names, made once and kept."""
    path = f"{DIR}/absent-{count}.txt"
    if not os.path.exists(path):
        simnet_names(path + ".new", count, is_absent, "--truth-mode", "dns-only", "--adoption", "0")
        os.rename(path + ".new", path)
    return path


def per_million(count):
    return lambda r: r.cpu_s * 1e6 / count


def must_be_absent(done, count):
    got = done.meta["counts"]["adoption"]["absent"]
    if got != count:
        raise SystemExit(f"{count} names are absent, {got} came out so")
    return done


def bench_dns(o):
    """Absent names with their records written, beside the bare engine and dnsperf."""
    names = absent_list(o.names)
    queries = f"{DIR}/dnsperf.txt"
    with open(names) as f, open(queries, "w") as out:
        out.writelines(f"_mta-sts.{line.strip()} TXT\n" for line in f)
    flat = {}
    with Simnet("--adoption", "0") as net:
        port = net.env["DNS_PORT"]
        for in_flight in (1000, 10000, 60000):
            scans, engines, perfs = alternate(
                o.rounds,
                lambda: must_be_absent(
                    net.scan(names, "--in-flight", str(in_flight), *DNS_ONLY), o.names),
                lambda: run([f"{BUILD}/bench/bench_dns", f"127.0.0.1:{port}", str(o.names),
                             str(in_flight)]),
                lambda: run(["dnsperf", "-s", "127.0.0.1", "-p", port, "-d", queries, "-n", "1",
                             "-q", str(in_flight), "-c", "64", "-T", "1"]))
            key = per_million(o.names)
            reference = median(perfs, key)
            flat[in_flight] = median(scans, key)
            row("dns", f"scan, {in_flight} in flight", flat[in_flight], "CPU s / 1 M", reference,
                "dnsperf", "<= 4.5" if in_flight == 10000 else None)
            row("dns", f"engine alone, {in_flight} in flight", median(engines, key), "CPU s / 1 M",
                reference, "dnsperf")
    row("dns", "dearest beside cheapest in-flight", max(flat.values()) / min(flat.values()), "x",
        wanted="<= 1.25")


def bench_tls(o):
    """Fetch and probe beside bare OpenSSL clients, curl and posttls-finger."""
    count = o.connections
    ours = run([f"{BUILD}/bench/bench_tls", str(count), str(o.rounds)]).output
    for line in ours.splitlines():
        word = line.split()
        if len(word) == 9 and word[0] in ("fetch", "probe"):
            row("tls", word[0], float(word[5]), "CPU ms", float(word[2]), "bare OpenSSL",
                "<= 1.15 x" if word[0] == "fetch" else "<= 1.1 x")
    serve = subprocess.Popen([f"{BUILD}/bench/bench_tls", "serve"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}))
    env = read_env("".join(iter(serve.stdout.readline, "\n")))
    try:
        url = f"https://{env['HOST']}:{env['HTTPS_PORT']}/.well-known/mta-sts.txt?[1-{count}]"
        curl = ["curl", "-s", "-o", "/dev/null", "--parallel", "--parallel-max", "100",
                "--cacert", env["CA_FILE"], "--noproxy", "*", "--resolve",
                f"{env['HOST']}:{env['HTTPS_PORT']}:127.0.0.1", url]
        curls, = alternate(o.rounds, lambda: run(curl))
        row("tls", "curl --parallel, a fetch", median(curls, lambda r: r.cpu_s * 1e3 / count),
            "CPU ms")
        finger = shutil.which("posttls-finger", path=os.environ["PATH"] + ":/usr/sbin")
        if finger:
            probe = [finger, "-c", "-l", "verify", "-F", env["CA_FILE"],
                     f"[127.0.0.1]:{env['SMTP_PORT']}", env["HOST"]]
            fingers, = alternate(o.rounds * 10, lambda: run(probe, check=False))
            row("tls", "posttls-finger, a probe (a process)",
                median(fingers, lambda r: r.cpu_s * 1e3), "CPU ms")
    finally:
        serve.stdin.close()
        serve.wait()


def bench_scan(o):
    """The whole: policies and probes of 0.7 % adopters."""
    names = f"{DIR}/all-{o.names}.txt"
    simnet_names(names, o.names, lambda line: True, "--adoption", "0.7")
    with Simnet("--adoption", "0.7") as net:
        runs, = alternate(o.rounds, lambda: net.scan(names, *IMPATIENT))
    done = runs[0]
    adopters = sum(done.meta["counts"]["adoption"][k]
                   for k in ("broken", "none", "testing", "enforce"))
    row("scan", f"whole scan, {adopters} adopters", median(runs, per_million(o.names)),
        "CPU s / 1 M", wanted="<= 22")
    row("scan", "whole scan, a core", o.names / median(runs, lambda r: r.cpu_s), "names / s",
        wanted=">= 40000")
    row("scan", "whole scan, peak memory", median(runs, lambda r: r.peak_bytes) / MIB, "MiB",
        wanted="<= 150")


def bench_adopters(o):
    """How cost grows with the share of adopters."""
    count = o.names // 4
    for pct in (0.1, 0.4, 1.2, 5):
        names = f"{DIR}/adopters.txt"
        simnet_names(names, count, lambda line: True, "--adoption", str(pct))
        with Simnet("--adoption", str(pct)) as net:
            runs, = alternate(o.rounds, lambda: net.scan(names, *IMPATIENT))
        row("adopters", f"whole scan, {pct} %", median(runs, per_million(count)), "CPU s / 1 M")


def bench_memory(o):
    """Peak memory and CPU must not grow with the length of the list."""
    with Simnet("--adoption", "0") as net:
        for count in o.memory:
            done = must_be_absent(net.scan(absent_list(count), *DNS_ONLY), count)
            row("memory", f"peak, {count} names", done.peak_bytes / MIB, "MiB", wanted="<= 150")
            row("memory", f"cost, {count} names", per_million(count)(done), "CPU s / 1 M")


def bench_loss(o):
    """2 % of all DNS datagrams are lost: no name may be, and little time."""
    names = absent_list(o.names)
    with Simnet("--adoption", "0") as calm, Simnet("--adoption", "0", "--loss", "2") as lossy:
        without, with_loss = alternate(
            o.rounds, lambda: must_be_absent(calm.scan(names, *DNS_ONLY), o.names),
            lambda: must_be_absent(lossy.scan(names, *DNS_ONLY), o.names))
    row("loss", "2 % loss, wall time", median(with_loss, lambda r: r.wall_s), "s",
        median(without, lambda r: r.wall_s), "no loss", "<= 1.5 x")


def bench_stuck(o):
    """Names whose servers never answer hold their own slots only."""
    stuck_count = o.names // 200
    absent, stuck = absent_list(o.names), f"{DIR}/stuck.txt"
    simnet_names(stuck, stuck_count, is_stuck, "--truth-mode", "dns-only", "--adoption", "0")
    mixed = f"{DIR}/mixed.txt"
    with open(absent) as a, open(stuck) as s, open(mixed, "w") as out:
        stuck_names = s.readlines()
        for i, name in enumerate(a):
            out.write(name)
            if i % 200 == 199:
                out.write(stuck_names[i // 200])
    options = DNS_ONLY + IMPATIENT
    with Simnet("--adoption", "0") as net:
        plain, beside = alternate(o.rounds, lambda: answered_per_s(net.scan(absent, *options)),
                                  lambda: answered_per_s(net.scan(mixed, *options)))
    row("stuck", f"rate beside {stuck_count} dead names", median(beside, lambda r: r),
        "names / s", median(plain, lambda r: r), "none of them", ">= 0.9 x")


def answered_per_s(done):
    """Names answered a second until the last of them, from the records' own clock."""
    cat = subprocess.run(["zstdcat", done.records], stdout=subprocess.PIPE, check=True, text=True)
    first, last, count = None, 0.0, 0
    for line in cat.stdout.splitlines():
        if '"adoption":"absent"' not in line:
            continue
        r = json.loads(line)
        clock, ms = r["ts"][11:-1].split(".")
        h, m, s = clock.split(":")
        begin = int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000
        first = begin if first is None else min(first, begin)
        last = max(last, begin + r["duration_ms"] / 1000)
        count += 1
    return count / (last - first)


def bench_workers(o):
    """CPU a name must not grow with the threads."""
    names = absent_list(o.names)
    with Simnet("--adoption", "0") as net:
        runs = alternate(o.rounds, *[
            lambda n=n: must_be_absent(net.scan(names, *DNS_ONLY, workers=n), o.names)
            for n in (1, 2, 4)])
    one = median(runs[0], per_million(o.names))
    for n, r in zip((1, 2, 4), runs):
        row("workers", f"{n} workers", median(r, per_million(o.names)), "CPU s / 1 M", one,
            "1 worker", "<= 1.1 x")


def bench_resolver(o):
    """What cold names cost the private unbound of --local-resolver, each with a delegation of its
    own below a TLD, without and with validation; the scan's own cost beside it."""
    count = min(o.names, 20000)
    path = os.environ["PATH"] + ":/usr/sbin"
    missing = [t for t in ("unbound", "nsd", "dig", "ldns-signzone") if not shutil.which(t, path=path)]
    if missing or subprocess.run(["unshare", "-rn", "true"], check=False).returncode != 0:
        print(f"resolver skipped: {'needs ' + ' '.join(missing) if missing else 'no namespaces'}")
        return
    case = ["unshare", "-rn", f"{os.path.dirname(os.path.abspath(__file__))}/resolver_case.py",
            absent_list(count), f"{DIR}/resolver"]
    for kind, words in (([], "not validating"), (["signed"], "validating")):
        unbounds, scans = [], []
        for _ in range(min(o.rounds, 3)):
            done = subprocess.run(case + kind, stdout=subprocess.PIPE, check=True, text=True)
            meta = json.loads(done.stdout)
            if meta["counts"]["adoption"]["absent"] != count:
                raise SystemExit(f"resolver: {meta['counts']['adoption']}")
            unbounds.append(meta["local_resolver"]["cpu_seconds"])
            scans.append(meta["cost"]["cpu_seconds"])
            peak = meta["local_resolver"]["peak_memory_bytes"]
        unbound, scan = (median(v, lambda s: s * 1e6 / count) for v in (unbounds, scans))
        row("resolver", f"unbound, cold names, {words}", unbound, "CPU s / 1 M", scan,
            "the scan beside it")
        row("resolver", f"unbound, peak memory, {words}", peak / MIB, "MiB")


CASES = {"dns": bench_dns, "tls": bench_tls, "scan": bench_scan, "memory": bench_memory,
         "loss": bench_loss, "stuck": bench_stuck, "workers": bench_workers,
         "adopters": bench_adopters, "resolver": bench_resolver}
ONLY_FULL = {"adopters", "resolver"}


def options():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--full", action="store_true", help="sizes of the issue: 1 M and 10 M names")
    p.add_argument("--only", action="append", choices=CASES, help="this case alone, repeatable")
    p.add_argument("--names", type=int, help="length of the lists")
    p.add_argument("--rounds", type=int, help="rounds of each comparison")
    p.add_argument("--connections", type=int, help="TLS connections a round")
    o = p.parse_args()
    o.names = o.names or (1000000 if o.full else 100000)
    o.rounds = o.rounds or (5 if o.full else 3)
    o.connections = o.connections or (2000 if o.full else 500)
    o.memory = [100000, 1000000, 10000000] if o.full else [o.names, 3 * o.names]
    return o


def main():
    o = options()
    os.makedirs(DIR, exist_ok=True)
    begin = time.time()
    if CLIENT_CORE == SERVER_CORE:
        print("only one core: client and servers share it, and figures suffer", file=sys.stderr)
    print(f"client on core {CLIENT_CORE}, servers on core {SERVER_CORE}; "
          f"load {os.getloadavg()[0]:.1f} on {len(CORES)} cores; "
          f"{o.names} names, medians of {o.rounds} rounds")
    for case in o.only or [c for c in CASES if o.full or c not in ONLY_FULL]:
        CASES[case](o)
    result = {"begin": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin)),
              "seconds": time.time() - begin, "names": o.names, "rounds": o.rounds,
              "cores": len(CORES), "load": os.getloadavg(), "machine": platform.platform(),
              "rows": rows}
    with open(f"{DIR}/results.json", "w") as f:
        json.dump(result, f, indent=1)
    print(f"{time.time() - begin:.0f} s; {DIR}/results.json")


if __name__ == "__main__":
    main()
