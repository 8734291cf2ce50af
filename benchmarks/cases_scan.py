"""The cases with hosts behind the names: fetches, probes, adopters, stuck hosts, loss, the truth."""
import json
import os
import shutil
import subprocess

from cases_dns import MIB, per_million
from harness import (BUILD, SERVER_CORE, Simnet, alternate, can_lose_tcp, ends_of, median,
                     print_names, read_env, run, wrong_names)
from table import DIR, row

# The simulated internet has its dead hosts: nothing is learnt by waiting for them a minute.
IMPATIENT = ["--no-retry-undetermined", "--timeout-dns", "5", "--timeout-policy", "6",
             "--timeout-probe", "6"]
# A quarter of the adopters of this world have MX hosts of their own, so that thousands of addresses
# are probed for a million names; of the later ones nearly all share a few hundred.
SHARE = ["--adoption", "0.7", "--world", "imc2025-v2"]
STUCK_PCT = "0.5"  # 5,000 in a million
SLOTS = 200  # LIMIT_HANDSHAKES_PER_WORKER: the fewest slots that a stuck host may hold one of


def all_names(count):
    return print_names(f"{DIR}/all-{count}.csv", count)


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


def bench_coalesce(o):
    """Policies of hosts that share a certificate, with --coalesce and without: a fetch's own cost,
    the address lookup of the policy host included."""
    count = 2 * o.connections
    names = f"{DIR}/coalesce-{count}.txt"
    with open(names, "w") as f:
        f.writelines(f"m{i}.plain.example\n" for i in range(count))
    for size in (1, 10, 100):
        with Simnet("--adoption", "0", "--groups", str(size)) as net:
            without, own, shared = alternate(
                min(o.rounds, 2), lambda: net.scan(names, "--no-probe", "--no-policy", *IMPATIENT),
                lambda: net.scan(names, "--no-probe", *IMPATIENT),
                lambda: net.scan(names, "--no-probe", "--coalesce", *IMPATIENT))
        valid = {"testing", "enforce", "none"}
        for done in own + shared:
            got = sum(done.meta["counts"]["adoption"][k] for k in valid)
            if got != count:
                raise SystemExit(f"coalesce: {got} of {count} policies")
        rest = median(without, lambda r: r.cpu_s)
        cost, reference = ((median(runs, lambda r: r.cpu_s) - rest) * 1e3 / count
                           for runs in (shared, own))
        rode = median(shared, lambda r: r.meta["work"]["coalesced"]) * 100 / count
        row("coalesce", f"a fetch, {size} names a certificate", cost, "CPU ms", reference,
            "without --coalesce", "<= 1.1 x" if size == 1 else None)
        row("coalesce", f"coalesced, {size} names a certificate", rode, "%")


def adopters_of(done):
    return sum(done.meta["counts"]["adoption"][k] for k in ("broken", "none", "testing", "enforce"))


def bench_scan(o):
    """The whole: policies and probes of 0.7 % adopters."""
    with Simnet(*SHARE) as net:
        runs, = alternate(o.rounds, lambda: net.scan(all_names(o.names), *IMPATIENT))
    row("scan", f"whole scan, {adopters_of(runs[0])} adopters", median(runs, per_million(o.names)),
        "CPU s / 1 M", wanted="<= 22")
    row("scan", "whole scan, a core", o.names / median(runs, lambda r: r.cpu_s), "names / s",
        wanted=">= 40000")
    row("scan", "whole scan, peak memory", median(runs, lambda r: r.peak_bytes) / MIB, "MiB",
        wanted="<= 150")
    row("scan", "simnet's core meanwhile",
        100 * median(runs, lambda r: sum(r.servers.values()) / r.wall_s), "%", wanted="< 100")


def bench_long(o):
    """The whole at ten times the names: what is remembered of adopters must not pile up."""
    count = max(o.memory)
    with Simnet(*SHARE) as net:
        done = net.scan(all_names(count), *IMPATIENT[1:])
    if done.meta["output"]["records"] != count:
        raise SystemExit(f"long: {done.meta['output']['records']} of {count} records")
    row("long", f"{count} names, {adopters_of(done)} adopters, peak memory", done.peak_bytes / MIB,
        "MiB", wanted="<= 150")
    row("long", "cost of it", per_million(count)(done), "CPU s / 1 M", wanted="<= 22")
    row("long", "names of it a second", count / done.wall_s, "names / s")


def bench_adopters(o):
    """How cost grows with the share of adopters."""
    count = o.names // 4
    for pct in (0.1, 0.4, 1.2, 5):
        with Simnet("--adoption", str(pct)) as net:
            done = net.scan(all_names(count), *IMPATIENT)
        row("adopters", f"whole scan, {pct} %, {adopters_of(done)} adopters",
            per_million(count)(done), "CPU s / 1 M")


def stuck_names(names):
    """Those of a list whose hosts hold a client."""
    with subprocess.Popen([f"{BUILD}/simnet", "--truth", "-", "--names", names, *SHARE, "--stuck",
                           STUCK_PCT], stdout=subprocess.PIPE, text=True) as truth:
        return {json.loads(line)["domain"] for line in truth.stdout if '"class":"stuck_' in line}


def pace(ends, percent):
    most = len(ends) * percent // 100
    return most / ends[most]


def bench_stuck(o):
    """Dead hosts, tarpits and slow drips hold their own slots only: the rest keeps the pace that it
    has when the same names have hosts that hold nobody, and the end comes when they had their
    deadlines."""
    names = all_names(o.names)
    stuck = stuck_names(names)
    limits = ["--no-retry-undetermined", "--timeout-dns", "5", "--timeout-policy",
              str(o.stuck_deadline), "--timeout-probe", str(o.stuck_deadline)]

    def measure(*calm):
        with Simnet(*SHARE, "--stuck", STUCK_PCT, *calm) as net:
            done = net.scan(names, *limits)
            ends, adopters = ends_of(done.records, stuck)
        done.pace = pace(ends, 99)
        done.adopters_pace = pace(adopters, 90)
        return done

    calm, held = alternate(o.wall_rounds, lambda: measure("--calm"), measure)
    row("stuck", f"99 % of the rest, beside {len(stuck)} stuck", median(held, lambda r: r.pace),
        "names / s", median(calm, lambda r: r.pace), "they hold nobody", ">= 0.9 x")
    row("stuck", "90 % of those of the rest that are not absent",
        median(held, lambda r: r.adopters_pace), "names / s",
        median(calm, lambda r: r.adopters_pace), "they hold nobody", ">= 0.9 x")
    rounds = -(-len(stuck) // SLOTS)
    row("stuck", "the end comes later by",
        median(held, lambda r: r.wall_s) - median(calm, lambda r: r.wall_s), "s",
        rounds * o.stuck_deadline, f"{rounds} deadlines of {o.stuck_deadline} s", "<= 1 x")
    row("stuck", "peak memory beside them", max(r.peak_bytes for r in held) / MIB, "MiB",
        wanted="<= 150")


def bench_tcploss(o):
    """1 % of all TCP segments are lost: no name may be, and little time."""
    count = min(o.names // 2, 300000)
    wrong = times = None
    if can_lose_tcp():
        names, times = all_names(count), []
        for pct in (0, 1):
            with Simnet(*SHARE, tcp_loss_pct=pct) as net:
                done = net.scan(names, *IMPATIENT)
                times.append(done.wall_s)
                wrong = wrong_names(done.records, names, *SHARE)
    row("tcploss", "1 % of TCP lost, names wrong", wrong, "names", wanted="0")
    row("tcploss", "1 % of TCP lost, wall time", times and times[1], "s", times and times[0],
        "no loss", "<= 1.5 x")


def bench_truth(o):
    """At full speed, with 2 % of DNS lost and stuck hosts, each record is what the simulated
    internet knows of itself."""
    world = [*SHARE, "--stuck", STUCK_PCT]
    names = all_names(o.names)
    with Simnet(*world, "--loss", "2") as net:
        done = net.scan(names, *IMPATIENT[1:])
        wrong = wrong_names(done.records, names, *world)
    row("truth", f"{o.names} names, loss and stuck: wrong", wrong, "names", wanted="0")
    row("truth", "wall time of it", done.wall_s, "s")
