#!/usr/bin/python3
"""The DNS of one machine, for tests/e2e/test_local_resolver.sh: root, a TLD and zones below it.

usage: world.py DIR BLOCKLIST_CONF

To be run in a network namespace whose local routes take in all of IPv4 and IPv6: every address
answers at port 53, as a name server of whatever is delegated to it. What was asked where goes to
DIR/asked. DIR gets domains.txt, forbidden.txt (addresses no question may come to), must.txt (those
that questions must come to, so that silence means something) and expected.tsv (domain, adoption),
anchors.conf (statements for unbound: the keys of the zones that are signed, and nothing of the root).
"""
import base64
import ipaddress
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from dns_wire import (A, AAAA, DNSKEY, MX, NS, PTR, TXT, ZoneKey, message, question,  # noqa: E402
                      soa, wire)

ROOT, TLD, LEAF, LISTED, OUTSIDE = "198.41.0.4", "192.5.6.30", "193.0.0.1", "193.9.9.9", "193.0.0.2"
IPV6_FREEBIND = 78  # linux/in6.h
EHLO, SOURCE = "scanner.example", "93.184.99.1"

zones = {}    # zone -> [(name server, [address])]
records = {}  # name -> [(type, RDATA)]
keys = {}     # signed zone -> its key
lines = {"domains.txt": [], "forbidden.txt": [LISTED], "must.txt": [ROOT, TLD, LEAF, OUTSIDE],
         "expected.tsv": []}


def address(ip):
    packed = ipaddress.ip_address(ip).packed
    return (A if len(packed) == 4 else AAAA), packed


def add(name, *rrs):
    records.setdefault(name, []).extend(rrs)


def txt(text):
    return TXT, bytes([len(text)]) + text.encode()


def domain(name, servers, adoption):
    """A delegated zone with a record that holds; servers: addresses, or names outside."""
    zones[name] = []
    for i, server in enumerate(servers):
        host = server if server.endswith(".example") else "ns%d.%s" % (i, name)
        zones[name].append((host, [] if host == server else [server]))
        if host != server:
            add(host, address(server))
    add("_mta-sts." + name, txt("v=STSv1; id=1;"))
    lines["domains.txt"].append(name)
    lines["expected.tsv"].append("%s\t%s" % (name, adoption))


def fill(conf):
    zones[""] = [("a.root-servers.net", [ROOT])]
    zones["example"] = [("ns.nic.example", [TLD])]
    add("ns.nic.example", address(TLD))
    domain("good.example", [LEAF], "broken")
    # What public names say is recorded, private addresses too; nobody is contacted there.
    add("mta-sts.good.example", address("10.1.2.3"))
    add("good.example", (MX, struct.pack(">H", 10) + wire("mx.good.example")))
    add("mx.good.example", address("192.168.7.7"))
    domain("absent.example", [LEAF], "absent")
    del records["_mta-sts.absent.example"]
    # A name server elsewhere, one with an address inside, and one of two.
    domain("hoster.example", [LEAF], "broken")
    add("ns.hoster.example", address(OUTSIDE))
    add("inside.hoster.example", address("10.77.77.77"))
    domain("elsewhere.example", ["ns.hoster.example"], "broken")
    domain("inside.example", ["inside.hoster.example"], "undetermined")
    domain("mixed.example", ["10.88.88.88", LEAF], "broken")
    domain("listed.example", [LISTED], "undetermined")
    # Signed zones, each a trust anchor: one validates, the other is signed by a wrong key. Neither
    # proves what it does not have.
    anchors = ["server:", '    module-config: "validator iterator"']
    for name in ("signed.example", "bogus.example"):
        domain(name, [LEAF], "undetermined")
        keys[name] = ZoneKey()
        add(name, (DNSKEY, keys[name].rdata))
        anchors.append('    trust-anchor: "%s. DNSKEY 257 3 13 %s"' %
                       (name, base64.b64encode(keys[name].rdata[4:]).decode()))
    keys["bogus.example"] = ZoneKey()
    lines["anchors.conf"] = anchors
    forbidden = ["10.77.77.77", "10.88.88.88"]
    with open(conf, encoding="ascii") as f:
        for line in f:
            entry = line.split("#")[0].strip()
            if entry:
                net = ipaddress.ip_network(entry)
                forbidden.append(str(net[min(1, net.num_addresses - 1)]))
    for v4 in ("127.0.0.1", "10.0.0.1", "169.254.169.254", LISTED):
        high, low = struct.unpack(">HH", ipaddress.ip_address(v4).packed)
        forbidden += ["64:ff9b::%x:%x" % (high, low), "2002:%x:%x::1" % (high, low)]
    for i, ip in enumerate(forbidden):
        if ip not in ("10.77.77.77", "10.88.88.88"):
            domain("bad%d.example" % i, [ip], "undetermined")
    lines["forbidden.txt"] += forbidden
    # The scanner's own name, for the check of the EHLO name.
    zones["in-addr.arpa"] = [("ns.nic.example", [TLD])]
    zones["arpa"] = [("ns.nic.example", [TLD])]
    add(ipaddress.ip_address(SOURCE).reverse_pointer, (PTR, wire(EHLO)))
    zones[EHLO] = [("ns0.good.example", [])]
    add(EHLO, address(SOURCE))


def zones_above(name):
    """The zones at or above a name, the root first."""
    labels = name.split(".") if name else []
    above = [".".join(labels[i:]) for i in range(len(labels), -1, -1)]
    return [zone for zone in above if zone in zones]


def addresses_of(server, glue):
    return {str(ipaddress.ip_address(d)) for k, d in records.get(server, []) if k in (A, AAAA)} | \
        set(glue)


def name_servers(zone):
    return ([(zone, NS, wire(host)) for host, _ in zones[zone]],
            [(host,) + address(ip) for host, ips in zones[zone] for ip in ips])


def answer(query, at):
    name, kind, _ = question(query)
    chain = zones_above(name)
    served = [z for z in chain if any(at in addresses_of(*ns) for ns in zones[z])]
    if not served:
        return message(query, 0x8005)
    mine = served[-1]
    if mine != chain[-1]:
        servers, glue = name_servers(chain[chain.index(mine) + 1])
        return message(query, 0x8000, [], servers, glue, ttl=3600)
    found = [(name, k, d) for k, d in records.get(name, []) if k == kind]
    if kind == NS and name == mine:
        servers, glue = name_servers(mine)
        return message(query, 0x8400, servers, [], glue, ttl=3600)
    if found and mine in keys:
        found.append(keys[mine].sign(mine, found, 3600))
    if found:
        return message(query, 0x8400, found, ttl=3600, edns=True)
    exists = name in zones or any(n == name or n.endswith("." + name) for n in records)
    return message(query, 0x8400 if exists else 0x8403, [], [soa(mine, 60)], ttl=60)


def serve(asked):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)  # answers come from where was asked
        s.bind(("::", 53))
        print("ready", flush=True)
        while True:
            query, info, _, peer = s.recvmsg(4096, 256)
            at = ipaddress.ip_address(info[0][2][:16])
            asked.write("%s %s\n" % (at.ipv4_mapped or at, question(query)[0]))
            asked.flush()
            s.sendmsg([answer(query, str(at.ipv4_mapped or at))], info, 0, peer)


def main():
    directory = sys.argv[1]
    fill(sys.argv[2])
    for name, text in lines.items():
        with open(os.path.join(directory, name), "w", encoding="ascii") as f:
            f.write("\n".join(text) + "\n")
    with open(os.path.join(directory, "asked"), "w", encoding="ascii") as asked:
        serve(asked)


main()
