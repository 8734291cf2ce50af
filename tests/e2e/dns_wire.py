"""DNS messages for the small worlds of the end-to-end tests (RFC 1035 4)."""
import struct
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

A, NS, SOA, PTR, MX, TXT, AAAA = 1, 2, 6, 12, 15, 16, 28
OPT, RRSIG, DNSKEY, ECDSA_P256 = 41, 46, 48, 13


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


class ZoneKey:
    """The one key of a signed zone (RFC 4034, RFC 6605), which signs whatever it is given."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        point = self.key.public_key().public_numbers()
        self.rdata = struct.pack(">HBB", 257, 3, ECDSA_P256) + \
            point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")

    def tag(self):
        words = struct.unpack(">%dH" % (len(self.rdata) // 2), self.rdata)
        return (sum(words) + (sum(words) >> 16)) & 0xffff

    def sign(self, zone, rrset, ttl):
        """The RRSIG of an RRset, a list of (owner, type, RDATA)."""
        owner, kind, _ = rrset[0]
        now = int(time.time())
        out = struct.pack(">HBBIIIH", kind, ECDSA_P256, owner.count(".") + 1, ttl, now + 86400,
                          now - 3600, self.tag()) + wire(zone)
        signed = out
        for data in sorted(data for _, _, data in rrset):
            signed += wire(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return owner, RRSIG, out + r.to_bytes(32, "big") + s.to_bytes(32, "big")


def message(query, flags, *sections, ttl=0, edns=False):
    """A reply to query; each section is a list of (owner, type, RDATA)."""
    counts = [len(s) for s in sections] + [0] * (3 - len(sections))
    counts[2] += edns
    out = query[:2] + struct.pack(">HHHHH", flags, 1, *counts) + question(query)[2]
    for owner, kind, data in (rr for section in sections for rr in section):
        out += wire(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data
    return out + (b"\0" + struct.pack(">HHIH", OPT, 1232, 0x8000, 0) if edns else b"")
