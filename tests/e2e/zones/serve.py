#!/usr/bin/python3
"""Turns octoDNS zones into nsd and unbound configuration, and says what a scan of them must find.

usage: serve.py ZONES_DIR DIR

ZONES_DIR holds one YAML file a zone. DIR gets a zone file each, nsd.conf, unbound.conf, ports.env,
domains.txt (every apex, and every other owner below which STS or TLSRPT is published) and
expected.tsv: domain, what, the TXT strings as published.
"""
import glob
import os
import re
import socket
import sys

import yaml


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def quoted(text):
    raw = text.replace("\\;", ";").encode()
    chunks = [raw[i:i + 255] for i in range(0, len(raw), 255)] or [b""]
    out = []
    for chunk in chunks:
        out.append('"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else "\\%03d" % b
                                 for b in chunk) + '"')
    return " ".join(out)


def values(record):
    found = record["values"] if "values" in record else record["value"]
    return found if isinstance(found, list) else [found]


def rdata(kind, record):
    for v in values(record):
        if kind == "TXT":
            yield quoted(str(v))
        elif kind == "MX":
            yield "%d %s" % (v.get("preference", v.get("priority")),
                             v.get("exchange", v.get("value")))
        elif kind in ("A", "AAAA", "CNAME"):
            yield str(v)


def zone_lines(origin, records, published):
    lines = ["$ORIGIN %s." % origin, "@ 3600 IN SOA ns.invalid. host.invalid. 1 3600 600 86400 60",
             "@ 3600 IN NS ns.invalid."]
    for name, entry in records.items():
        name = str(name)
        for record in entry if isinstance(entry, list) else [entry]:
            kind = record["type"]
            for data in rdata(kind, record):
                lines.append("%s %d IN %s %s" % (name or "@", record.get("ttl", 300), kind, data))
            owner = re.match(r"(_mta-sts|_smtp\._tls)(?:\.(.+))?$", name)
            if owner and kind == "TXT":
                domain = (owner.group(2) + "." if owner.group(2) else "") + origin
                what = "sts" if owner.group(1) == "_mta-sts" else "tlsrpt"
                published.append((domain, what,
                                  [str(v).replace("\\;", ";") for v in values(record)]))
    return lines


def main():
    source, directory = sys.argv[1], os.path.abspath(sys.argv[2])
    ports = {"NSD": free_port(), "UNBOUND": free_port()}
    published, domains = [], []
    nsd = ["server:", "  ip-address: 127.0.0.1", "  port: %d" % ports["NSD"], '  username: ""',
           '  pidfile: "%s/nsd.pid"' % directory, '  database: ""',
           '  zonelistfile: "%s/zone.list"' % directory, '  xfrdfile: "%s/xfrd.state"' % directory,
           '  xfrdir: "%s"' % directory, '  zonesdir: "%s"' % directory, "  rrl-ratelimit: 0",
           "  server-count: 1", "remote-control:", "  control-enable: no"]
    unbound = ["server:", "  interface: 127.0.0.1", "  port: %d" % ports["UNBOUND"],
               '  username: ""', '  chroot: ""', '  directory: "%s"' % directory,
               '  pidfile: "%s/unbound.pid"' % directory, "  use-syslog: no",
               '  logfile: "%s/unbound.log"' % directory, "  do-not-query-localhost: no",
               '  module-config: "iterator"', "  num-threads: 1",
               "  access-control: 127.0.0.0/8 allow", "remote-control:", "  control-enable: no"]
    for path in sorted(glob.glob(os.path.join(source, "*.yaml"))):
        origin = os.path.basename(path)[:-len(".yaml")].rstrip(".")
        if origin == "octodns":  # its own configuration, not a zone
            continue
        with open(path, encoding="utf-8") as f:
            records = yaml.load(f, Loader=yaml.CSafeLoader) or {}
        with open(os.path.join(directory, origin + ".zone"), "w", encoding="ascii") as f:
            f.write("\n".join(zone_lines(origin, records, published)) + "\n")
        nsd += ["zone:", '  name: "%s"' % origin, '  zonefile: "%s.zone"' % origin]
        unbound += ["stub-zone:", '  name: "%s"' % origin,
                    "  stub-addr: 127.0.0.1@%d" % ports["NSD"]]
        domains.append(origin)
    domains += sorted({p[0] for p in published} - set(domains))
    for name, lines in (("nsd.conf", nsd), ("unbound.conf", unbound), ("domains.txt", domains),
                        ("expected.tsv", ["\t".join([d, w] + t) for d, w, t in published]),
                        ("ports.env", ["%s_PORT=%d" % kv for kv in ports.items()])):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


main()
