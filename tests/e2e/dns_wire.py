"""DNS messages for the small worlds of the end-to-end tests (RFC 1035 4)."""
import struct

A, NS, SOA, PTR, MX, TXT, AAAA = 1, 2, 6, 12, 15, 16, 28


def wire(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".") if p) + b"\0"


def question(query):
    """Name in lower case, type, and the question as it stands."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    return ".".join(labels).lower(), kind, query[12:at + 5]


def soa(zone, ttl=0):
    data = wire("ns." + zone) + wire("host." + zone) + struct.pack(">IIIII", 1, 1, 1, 1, ttl)
    return zone, SOA, data


def message(query, flags, *sections, ttl=0):
    """A reply to query; each section is a list of (owner, type, RDATA)."""
    counts = [len(s) for s in sections] + [0] * (3 - len(sections))
    out = query[:2] + struct.pack(">HHHHH", flags, 1, *counts) + question(query)[2]
    for owner, kind, data in (rr for section in sections for rr in section):
        out += wire(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data
    return out
