#!/usr/bin/python3
"""What cold names cost a private unbound: the inner half of bench.py's case `resolver`.

usage: resolver_case.py NAMES DIR [signed]

To be run in a network namespace of its own, where port 53 is free: nsd serves a root zone and the
zones of all top-level domains of NAMES, each name is delegated from there to two name servers of
its own with glue, and simnet answers for all of them. Then stscan --local-resolver scans NAMES and
its metadata is printed. `signed`: root and top-level domains are signed (ECDSA P-256, NSEC), the
names below are not, as most are not, and unbound validates; needs ldnsutils.
"""
import json
import os
import subprocess
import sys

from harness import BUILD, CLIENT_CORE, NO_LIMITS, SERVER_CORE, Simnet, pin, run

AUTHORITY, LEAVES = "127.4.0.1", ("127.3.0.1", "127.3.0.2")  # simnet's name servers (world.h)
RATE = 1000  # a second: below what one thread can do, so that nothing is asked twice
SOA = "@ 86400 IN SOA ns.bench. host.bench. 1 3600 600 86400 3600\n"


def zone_name(zone):
    return zone or "."


def write_zones(names, directory):
    """A zone file for the root and each TLD; returns the zones."""
    tlds = {}
    with open(names) as f:
        for name in map(str.strip, f):
            tlds.setdefault(name.rpartition(".")[2], []).append(name)
    lines = {"": [f"$ORIGIN .\n$TTL 86400\n{SOA}@ IN NS ns.bench.\nns.bench. IN A {AUTHORITY}\n"]}
    for tld, below in tlds.items():
        lines[""].append(f"{tld}. IN NS ns.nic.{tld}.\nns.nic.{tld}. IN A {AUTHORITY}\n")
        zone = lines[tld] = [f"$ORIGIN {tld}.\n$TTL 86400\n{SOA}@ IN NS ns.nic\n",
                             f"ns.nic IN A {AUTHORITY}\n"]
        for name in below:
            for i, ip in enumerate(LEAVES):
                zone.append(f"{name}. IN NS ns{i}.{name}.\nns{i}.{name}. IN A {ip}\n")
    for zone, text in lines.items():
        with open(zone_file(directory, zone), "w") as f:
            f.writelines(text)
    return list(lines)


def zone_file(directory, zone):
    return f"{directory}/zone.{zone or 'root'}"


def sign(zones, directory):
    """Signs all zones, the root last, when it has the others' DS; returns the root's trust anchor."""
    keys = {}
    for zone in zones:
        made = subprocess.run(["ldns-keygen", "-k", "-a", "ECDSAP256SHA256", zone_name(zone)],
                              cwd=directory, check=True, stdout=subprocess.PIPE, text=True)
        keys[zone] = made.stdout.strip()
    with open(zone_file(directory, ""), "a") as root:
        for zone in zones:
            if zone:
                with open(f"{directory}/{keys[zone]}.ds") as ds:
                    root.write(ds.read())
    for zone in zones:
        subprocess.run(["ldns-signzone", "-o", zone_name(zone), "-f",
                        zone_file(directory, zone) + ".signed", zone_file(directory, zone),
                        keys[zone]], cwd=directory, check=True)
        os.rename(zone_file(directory, zone) + ".signed", zone_file(directory, zone))
    return f"{directory}/{keys['']}.key"


def start_nsd(zones, directory):
    conf = (f'server:\n ip-address: {AUTHORITY}\n port: 53\n username: ""\n database: ""\n'
            f' pidfile: "{directory}/nsd.pid"\n zonelistfile: "{directory}/zone.list"\n'
            f' xfrdfile: "{directory}/xfrd.state"\n xfrdir: "{directory}"\n rrl-ratelimit: 0\n'
            f' zonesdir: "{directory}"\n server-count: 1\n'
            "remote-control:\n control-enable: no\n")
    for zone in zones:
        conf += f'zone:\n name: "{zone_name(zone)}"\n zonefile: "{zone_file(directory, zone)}"\n'
    with open(f"{directory}/nsd.conf", "w") as f:
        f.write(conf)
    nsd = subprocess.Popen(["nsd", "-d", "-c", f"{directory}/nsd.conf"], preexec_fn=pin(SERVER_CORE),
                           stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    while subprocess.run(["dig", "+time=1", "+tries=1", f"@{AUTHORITY}", ".", "SOA"],
                         stdout=subprocess.DEVNULL, check=False).returncode != 0:
        if nsd.poll() is not None:
            raise SystemExit("nsd did not start")
    return nsd


def main():
    names, directory, signed = sys.argv[1], os.path.abspath(sys.argv[2]), len(sys.argv) > 3
    os.environ["PATH"] += ":/usr/sbin"
    os.makedirs(directory, exist_ok=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    zones = write_zones(names, directory)
    module = '"iterator"'
    if signed:
        anchor = sign(zones, directory)
        module = f'"validator iterator"\n    trust-anchor-file: "{anchor}"'
    with open(f"{directory}/root.hints", "w") as f:
        f.write(f". 3600000 NS ns.bench.\nns.bench. 3600000 A {AUTHORITY}\n")
    with open(f"{directory}/extra.conf", "w") as f:
        f.write(f'server:\n    root-hints: "{directory}/root.hints"\n    module-config: {module}\n')
    nsd = start_nsd(zones, directory)
    try:
        with Simnet("--adoption", "0", "--dns-port", "53"):
            run([f"{BUILD}/stscan", "scan", "-o", f"{directory}/scan.ndjson.zst", "--local-resolver",
                 "--local-resolver-conf", f"{directory}/extra.conf", "-4", "--workers", "1",
                 "--no-policy", "--no-probe", "--tlsrpt", "adopters", *NO_LIMITS, "--dns-rate", str(RATE), names])
    finally:
        nsd.terminate()
        nsd.wait()
    with open(f"{directory}/scan.meta.json") as f:
        print(json.dumps(json.load(f)))


main()
