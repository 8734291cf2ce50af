"""The cases of names that publish nothing: DNS, records, memory, threads, and simnet itself."""
import json
import os
import re
import shutil
import subprocess
import sys

from harness import BUILD, Simnet, alternate, is_absent, median, print_names, run, simnet_names
from table import DIR, row

MIB = 1024 * 1024
DEADLINE_MS = "3000"  # of bench_dns, some of whose made-up names are dead
DNS_ONLY = ["--no-policy", "--no-probe", "--tlsrpt", "adopters"]


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


def bench_simnet(o):
    """What the simulated internet itself can do, so that it is not what the rest measures: answers
    and handshakes for a second of the thread's CPU time."""
    names = absent_list(o.names)
    with Simnet("--adoption", "0") as net:
        runs, = alternate(o.rounds, lambda: must_be_absent(
            net.scan(names, "--in-flight", "10000", *DNS_ONLY), o.names))
    row("simnet", "DNS answers", o.names / median(runs, lambda r: r.servers["dns"]), "/ s of a core",
        wanted=">= 250000")
    row("simnet", "DNS: its core's use meanwhile",
        100 * median(runs, lambda r: r.servers["dns"] / r.wall_s), "%", wanted="< 100")
    dense = print_names(f"{DIR}/dense-{o.connections * 4}.csv", o.connections * 4)
    with Simnet("--adoption", "100") as net:
        spent = net.scan(dense, "--no-retry-undetermined", "--timeout-policy", "3",
                         "--timeout-probe", "3").servers
        stats = net.stop()
    for server in ("https", "smtp"):
        row("simnet", f"handshakes, {server}", stats[f"{server}_handshakes"] / spent[server],
            "/ s of a core", wanted=">= 2000")


def bench_dns(o):
    """Absent names with their records written, beside the bare engine and dnsperf."""
    names = absent_list(o.names)
    queries = f"{DIR}/dnsperf.txt"
    with open(names) as f, open(queries, "w") as out:
        out.writelines(f"_mta-sts.{line.strip()} TXT\n" for line in f)
    flat = {}
    key = per_million(o.names)
    with Simnet("--adoption", "0") as net, Simnet("--adoption", "0", "--trains") as trains:
        port = net.env["DNS_PORT"]
        for in_flight in (1000, 10000, 60000):
            measures = [
                lambda: must_be_absent(
                    net.scan(names, "--in-flight", str(in_flight), *DNS_ONLY), o.names),
                lambda: run([f"{BUILD}/bench/bench_dns", f"127.0.0.1:{port}", str(o.names),
                             str(in_flight), DEADLINE_MS]),
                lambda: run(["dnsperf", "-s", "127.0.0.1", "-p", port, "-d", queries, "-n", "1",
                             "-q", str(in_flight), "-c", "64", "-T", "1"])]
            if in_flight == 10000:
                measures.append(lambda: must_be_absent(
                    trains.scan(names, "--in-flight", str(in_flight), *DNS_ONLY), o.names))
            scans, engines, perfs, *coupled = alternate(o.rounds, *measures)
            reference = median(perfs, key)
            flat[in_flight] = median(scans, key)
            row("dns", f"scan, {in_flight} in flight", flat[in_flight], "CPU s / 1 M", reference,
                "dnsperf", "<= 4.5" if in_flight == 10000 else None)
            if coupled:
                row("dns", "the same, answers in trains", median(coupled[0], key),
                    "CPU s / 1 M", reference, "dnsperf")
            row("dns", f"engine alone, {in_flight} in flight", median(engines, key), "CPU s / 1 M",
                reference, "dnsperf")
    row("dns", "dearest beside cheapest in-flight", max(flat.values()) / min(flat.values()), "x",
        wanted="<= 1.25")


def bench_memory(o):
    """Peak memory and CPU must not grow with the length of the list."""
    with Simnet("--adoption", "0") as net:
        for count in o.memory:
            done = must_be_absent(net.scan(absent_list(count), *DNS_ONLY), count)
            row("memory", f"peak, {count} names", done.peak_bytes / MIB, "MiB", wanted="<= 150")
            row("memory", f"cost, {count} names", per_million(count)(done), "CPU s / 1 M")


# A run of fewer names is over before what it pays once, the start or the last tries of a question
# that was lost thrice, is small beside the rest.
LONG_ENOUGH = 300000


def bench_loss(o):
    """2 % of all DNS datagrams are lost: no name may be, and little time."""
    count = max(o.names, LONG_ENOUGH)
    names = absent_list(count)
    with Simnet("--adoption", "0") as calm, Simnet("--adoption", "0", "--loss", "2") as lossy:
        without, with_loss = alternate(
            o.rounds, lambda: must_be_absent(calm.scan(names, *DNS_ONLY), count),
            lambda: must_be_absent(lossy.scan(names, *DNS_ONLY), count))
    row("loss", "2 % of DNS lost, names lost", 0, "names", wanted="0")
    row("loss", f"2 % of DNS lost, wall time of {count}", median(with_loss, lambda r: r.wall_s),
        "s", median(without, lambda r: r.wall_s), "no loss", "<= 1.5 x")


def bench_workers(o):
    """CPU a name must not grow with the threads."""
    count = LONG_ENOUGH
    names = absent_list(count)
    with Simnet("--adoption", "0") as net:
        runs = alternate(o.rounds, *[
            lambda n=n: must_be_absent(net.scan(names, *DNS_ONLY, workers=n), count)
            for n in (1, 2, 4)])
    one = median(runs[0], per_million(count))
    for n, r in zip((1, 2, 4), runs):
        row("workers", f"{n} workers", median(r, per_million(count)), "CPU s / 1 M", one,
            "1 worker", "<= 1.1 x")


# Where a thread waits for a lock, in the C library and in the kernel.
LOCKS = re.compile(r"mutex_lock|lll_lock|futex|rwlock_(rd|wr)lock|queued_spin_lock")


def futex_calls(net, names, count, workers):
    trace = f"{net.dir.name}/strace.txt"
    must_be_absent(net.scan(names, *DNS_ONLY, workers=workers,
                            under=["strace", "-f", "-c", "-e", "trace=futex", "-o", trace]), count)
    with open(trace) as f:
        calls = [line.split() for line in f if line.rstrip().endswith(" futex")]
    return int(calls[0][3]) if calls else 0


def lock_share(net, names, count, workers):
    """The part of all samples of a profile that is in one of LOCKS, in per cent."""
    data = f"{net.dir.name}/perf.data"
    must_be_absent(net.scan(names, *DNS_ONLY, workers=workers,
                            under=["perf", "record", "-q", "-o", data]), count)
    report = subprocess.run(["perf", "report", "-i", data, "--sort", "sym", "-F", "overhead,sym"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                            check=True)
    lines = re.findall(r"^\s*([\d.]+)%\s+\[.\]\s+(\S+)", report.stdout, re.M)
    if not lines:
        raise SystemExit("perf: the profile is empty")
    return sum(float(share) for share, symbol in lines if LOCKS.search(symbol))


def bench_locks(o):
    """No lock is shared on the way of a name: calls of futex and samples in locks stay few,
    whatever the number of threads. A thread that waits for work calls futex too."""
    count = min(o.names, 100000)
    names = absent_list(count)
    with Simnet("--adoption", "0") as net:
        for n in (1, 2, 4):
            calls = futex_calls(net, names, count, n) if shutil.which("strace") else None
            row("locks", f"futex calls, {n} workers", calls and calls * 1000 / count,
                "/ 1000 names", wanted="< 100")
            share = lock_share(net, names, count, n) if shutil.which("perf") else None
            row("locks", f"samples in locks, {n} workers", share, "%", wanted="< 1")
    if not shutil.which("strace") or not shutil.which("perf"):
        print("locks: strace and perf (Debian: linux-perf) are needed", file=sys.stderr)


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
