"""What every benchmark needs: processes that are pinned and measured, a simulated internet, medians.

The client has one core to itself and the servers another one. Compared are CPU seconds of the
client (user and system, of the process and its children): other load on the machine disturbs them
far less than wall time. Runs of ours and of the reference alternate, and medians count.
"""
import glob
import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE, SERVER_CORE = CORES[0], CORES[-1]

# The limits of a good citizen are for the real internet; on loopback there is nobody to annoy.
NO_LIMITS = ("--dns-rate 0 --policy-rate 0 --probe-rate 0 --per-ip 0,0 --per-prefix 0,0 "
             "--per-ip-rate 0,0 -4 --allow 127.0.0.0/8 --allow ::1 --quiet").split()


class Run:
    """One finished process: its cost and what it printed."""

    def __init__(self, code, usage, wall_s, output):
        self.code, self.wall_s, self.output = code, wall_s, output
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.peak_bytes = usage.ru_maxrss * 1024


def pin(core):
    return lambda: os.sched_setaffinity(0, {core})


def run(command, stdin=None, check=True):
    """Runs a command on the client's core."""
    with tempfile.TemporaryFile() as out:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=subprocess.STDOUT,
                                   preexec_fn=pin(CLIENT_CORE))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begin
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    if check and process.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{text[-2000:]}")
    return Run(process.returncode, usage, wall, text)


def read_env(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


# A network of its own in which so many per cent of all TCP segments are dropped: this kernel has no
# netem. Needs root.
LOSSY = ("ip link set lo up && nft 'add table inet bench; "
         "add chain inet bench in {{ type filter hook input priority 0; }}; "
         "add rule inet bench in meta l4proto tcp numgen random mod 100 < {} drop' && exec \"$@\"")


def can_lose_tcp():
    """Whether a lossy network can be had here."""
    try:
        return subprocess.run(["unshare", "-n", "sh", "-c", LOSSY.format(1), "sh", "true"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0
    except OSError:
        return False


class Simnet:
    """The simulated internet on the servers' core, for the length of a with block.

    tcp_loss_pct: in a network of its own that loses so much of TCP; None: on the machine's loopback.
    """

    def __init__(self, *options, tcp_loss_pct=None):
        self.options, self.tcp_loss_pct = list(options), tcp_loss_pct

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="stscan-bench.")
        ready, write = os.pipe()
        command = [f"{BUILD}/simnet", "--dir", self.dir.name, "--ready-fd", str(write),
                   "--stats", f"{self.dir.name}/stats"]
        if self.tcp_loss_pct is not None:
            command = ["unshare", "-n", "sh", "-c", LOSSY.format(self.tcp_loss_pct), "sh"] + command
        self.process = subprocess.Popen(command + self.options, pass_fds=[write],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=pin(SERVER_CORE))
        os.close(write)
        with os.fdopen(ready) as f:
            f.read()
        with open(f"{self.dir.name}/ports.env") as f:
            self.env = read_env(f.read())
        return self

    def __exit__(self, *_):
        self.end()
        self.dir.cleanup()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def stop(self):
        """Ends it; returns the counters that it wrote."""
        self.end()
        with open(f"{self.dir.name}/stats") as f:
            return {name: int(value) for name, value in (line.split() for line in f)}

    def cpu_s(self):
        """CPU seconds so far, by the name of the server (dns, https, smtp)."""
        spent = {}
        for task in glob.glob(f"/proc/{self.process.pid}/task/*"):
            with open(f"{task}/comm") as comm, open(f"{task}/schedstat") as stat:
                name = comm.read().strip()
                spent[name] = spent.get(name, 0) + int(stat.read().split()[0]) / 1e9
        return spent

    def scan(self, names, *options, workers=1, under=()):
        """One scan of the list `names`; returns its Run, with the metadata as .meta and what the
        servers spent as .servers. under: a command that runs it, as strace."""
        out = f"{self.dir.name}/scan.ndjson.zst"
        e = self.env
        command = [f"{BUILD}/stscan", "scan", "-o", out, "--resolver", f"127.0.0.1:{e['DNS_PORT']}",
                   "--https-port", e["HTTPS_PORT"], "--http-port", e["HTTPS_PORT"],
                   "--smtp-port", e["SMTP_PORT"], "--ca-file", e["CA_FILE"],
                   "--ehlo-name", "bench.example", "--workers", str(workers)]
        if self.tcp_loss_pct is not None:
            command = ["nsenter", "-t", str(self.process.pid), "-n"] + command
        before = self.cpu_s()
        done = run(list(under) + command + NO_LIMITS + list(options) + [names])
        after = self.cpu_s()
        done.servers = {name: after[name] - before.get(name, 0) for name in after}
        with open(f"{self.dir.name}/scan.meta.json") as f:
            done.meta = json.load(f)
        done.records = out
        return done


def alternate(rounds, *measures):
    """Calls each measure once a round; returns the list of results of each."""
    results = [[] for _ in measures]
    for _ in range(rounds):
        for kept, measure in zip(results, measures):
            kept.append(measure())
    return results


def median(runs, key):
    return statistics.median(key(r) for r in runs)


def print_names(path, count):
    """A list of `count` names of the simulated internet, made once and kept."""
    if not os.path.exists(path):
        with open(path + ".new", "w") as f:
            subprocess.run([f"{BUILD}/simnet", "--print-names", str(count)], stdout=f, check=True)
        os.rename(path + ".new", path)
    return path


def simnet_names(path, count, want, *options):
    """Writes `count` names of the simulated internet to path: those of whose line of truth
    want(line) holds. The world is endless, so enough of them come."""
    generate = subprocess.Popen([f"{BUILD}/simnet", "--print-names", str(1000000000)],
                                stdout=subprocess.PIPE)
    truth = subprocess.Popen([f"{BUILD}/simnet", "--truth", "/dev/stdout", "--names", "-",
                              *options], stdin=generate.stdout, stdout=subprocess.PIPE, text=True)
    generate.stdout.close()
    with open(path, "w") as f:
        for line in truth.stdout:
            if want(line):
                f.write(line.split('"domain":"', 1)[1].split('"', 1)[0] + "\n")
                count -= 1
                if count == 0:
                    break
    for process in (truth, generate):
        process.kill()
        process.wait()
    truth.stdout.close()
    return path


def is_absent(line):
    """Nothing at _mta-sts, and an answer that says so."""
    return '"codes":["rpt_absent"]' in line


def is_stuck(line):
    """A name whose servers never answer."""
    return '"sts_dns_timeout"' in line


def wrong_names(records, names, *world):
    """How many records differ from the truth of the simulated internet; names must be the list."""
    with tempfile.TemporaryDirectory(prefix="stscan-bench.") as d:
        truth = f"{d}/truth.ndjson"
        subprocess.run([f"{BUILD}/simnet", "--truth", truth, "--names", names, *world], check=True)
        done = subprocess.run(["tests/e2e/compare_truth.py", truth, records],
                              stdout=subprocess.PIPE, text=True, check=False)
    last = re.search(r"^(\d+) of (\d+) names as the truth has them", done.stdout, re.M)
    if last is None or (done.returncode != 0 and last[1] == last[2]):
        raise SystemExit(done.stdout)
    if last[1] != last[2]:
        print(done.stdout, end="")
    return int(last[2]) - int(last[1])


def ends_of(records, but=frozenset()):
    """When each record's domain was done, in seconds since the first was begun: of all, and of those
    that are not absent, both sorted; `but` are left out. From the records' own clock."""
    pattern = re.compile(r'"domain":"([^"]*)".*?"ts":"[^T]*T(\d+):(\d+):([\d.]+)Z",'
                         r'"duration_ms":(\d+),"adoption":"(\w+)"')
    first, ends, adopters = None, [], []
    with subprocess.Popen(["zstdcat", records], stdout=subprocess.PIPE, text=True) as cat:
        for line in cat.stdout:
            name, h, m, s, ms, adoption = pattern.search(line).groups()
            begin = int(h) * 3600 + int(m) * 60 + float(s)
            first = begin if first is None else min(first, begin)
            if name in but:
                continue
            ends.append(begin + int(ms) / 1000)
            if adoption != "absent":
                adopters.append(ends[-1])
    return sorted(end - first for end in ends), sorted(end - first for end in adopters)
