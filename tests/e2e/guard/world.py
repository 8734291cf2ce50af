#!/usr/bin/python3
"""An internet of one machine, for tests/e2e/test_guard.sh: every address answers here.

usage: world.py DIR BLOCKLIST_CONF

To be run in a network namespace whose local routes take in all of IPv4 and IPv6. Serves DNS on
127.0.0.1:53 from the table below, HTTPS on 443, HTTP on 80 and 8080, SMTP on 25 and a proxy on
3128, at any address; writes each connection's own address and port to DIR/contacts. The resolver's
own port aside, nothing may come to an address that no public name may point to.

DIR gets domains.txt, blocklist.txt, forbidden.txt (addresses never to be contacted), must.txt
(address and port that must be, so that silence means something) and ca.pem.
"""
import datetime
import ipaddress
import os
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import dns_wire  # noqa: E402

PUBLIC, PUBLIC6, LISTED, OWN = "93.184.216.34", "2606:2800::1", "93.185.0.1", "93.184.99.1"
AIA_BAD, AIA_LISTED, AIA_PORT, AIA_GOOD = "10.9.9.9", "93.186.0.1", "93.187.0.1", "93.188.0.1"
VICTIM, LIMITED, MOVED, ODD = "93.189.0.1", "93.190.0.1", "10.66.66.66", "93.191.0.1"
MISDIRECTED_MAX = 10000  # LIMIT_MISDIRECTED_PER_ADDRESS
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u009b\u202e\r\x08"

ADDRESS, TXT, MX, CNAME = {}, {}, {}, {}
asked = {}


def fill(directory, conf):
    forbidden, domains, must = [], [], []
    with open(conf, encoding="ascii") as f:
        for line in f:
            entry = line.split("#")[0].strip()
            if entry:
                net = ipaddress.ip_network(entry)
                forbidden += {str(net[0]), str(net[min(1, net.num_addresses - 1)]), str(net[-1])}
    for v4 in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "168.63.129.16"):
        b = ipaddress.ip_address(v4).packed
        forbidden += ["::ffff:" + v4, "64:ff9b::%x:%x" % struct.unpack(">HH", b),
                      "2002:%x:%x::1" % struct.unpack(">HH", b)]
    forbidden += ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", OWN]

    def adopter(name, policy, mail):
        domains.append(name)
        TXT["_mta-sts." + name] = [b"v=STSv1; id=1;"]
        ADDRESS["mta-sts." + name] = [policy]
        MX[name] = ["mx." + name]
        ADDRESS["mx." + name] = [mail]

    for i, ip in enumerate(forbidden):
        adopter("bad%d.test" % i, ip, ip)
    for i, ip in enumerate((PUBLIC, PUBLIC6)):
        adopter("good%d.test" % i, ip, ip)
        must += [(ip, 443), (ip, 25)]
    # The user's list: a domain, a suffix, hosts, a CNAME's target, a network.
    names = ["listed.test", "below.suffix.test", "suffix.test", "mailhost.test", "polhost.test",
             "alias.test", "network.test"]
    for i, name in enumerate(names):
        ip = "93.185.0.1" if name == "network.test" else "93.184.50.%d" % (i + 1)
        adopter(name, ip, ip)
        forbidden.append(ip)
    for name, keep in (("mailhost.test", "mta-sts"), ("polhost.test", "mx")):
        ip = "93.184.51.%d" % len(name)  # the host that is not on the list is contacted
        ADDRESS[keep + "." + name] = [ip]
        must.append((ip, 443 if keep == "mta-sts" else 25))
    for host in ("mta-sts.alias.test", "mx.alias.test"):
        CNAME[host] = "x.provider.test"
    ADDRESS["x.provider.test"] = ["93.184.50.60"]
    forbidden.append("93.184.50.60")
    lists = ["listed.test", ".suffix.test", "mx.mailhost.test", "mta-sts.polhost.test",
             ".provider.test", "93.185.0.0/16", "aia-listed.test"]
    # What AIA points to: only port 80, and only behind the guard.
    for name, target in (("aia-bad", AIA_BAD), ("aia-listed", AIA_LISTED), ("aia-port", AIA_PORT),
                         ("aia-good", AIA_GOOD), ("aia-alias", AIA_LISTED)):
        ip = "93.192.0.%d" % len(domains)
        adopter(name + "-domain.test", ip, PUBLIC)
        ADDRESS[name + ".test"] = [target]
    CNAME["aia-alias.test"] = "aia.provider.test"
    ADDRESS["aia.provider.test"] = [AIA_LISTED]
    must.append((AIA_GOOD, 80))
    forbidden += [AIA_BAD, AIA_LISTED, AIA_PORT]
    # Limited at first; when it is resolved anew for the second pass, the name has moved inside.
    adopter("moves.test", PUBLIC, LIMITED)
    must.append((LIMITED, 25))
    forbidden.append(MOVED)
    # Bytes that would drive a terminal, wherever bytes from the network are shown.
    adopter("odd.test", ODD, ODD)
    raw = ESCAPES.encode("utf-8") + b"\x9b31m\xff"
    TXT["_mta-sts.odd.test"].append(b"v=sts" + raw)
    TXT["_smtp._tls.odd.test"] = [b"v=TLSRPTv1; rua=mailto:" + raw]
    if len(sys.argv) > 3:
        del domains[:]
        for i in range(int(sys.argv[3])):
            adopter("v%d.test" % i, VICTIM, PUBLIC)
            ADDRESS["v%d.test" % i] = []
    for name, lines in (("domains.txt", domains), ("blocklist.txt", lists),
                        ("forbidden.txt", forbidden), ("must.txt", ["%s %d" % m for m in must])):
        with open(os.path.join(directory, name), "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")


# ---- DNS ----------------------------------------------------------------------------------------

def records(name, kind):
    if name in CNAME and kind in (1, 28):
        target = CNAME[name]
        return [(name, 5, dns_wire.wire(target))] + records(target, kind)
    found = []
    if name == "mx.moves.test" and kind == 1:
        asked[name] = asked.get(name, 0) + 1
        return [(name, 1, socket.inet_aton(LIMITED if asked[name] == 1 else MOVED))]
    for ip in ADDRESS.get(name, []):
        packed = ipaddress.ip_address(ip).packed
        if kind == (1 if len(packed) == 4 else 28):
            found.append((name, kind, packed))
    if kind == 16:
        for text in TXT.get(name, []):
            found.append((name, 16, bytes([len(text)]) + text))
    if kind == 15:
        found += [(name, 15, struct.pack(">H", 10) + dns_wire.wire(h)) for h in MX.get(name, [])]
    return found


def answer(query):
    name, kind, _ = dns_wire.question(query)
    found = records(name, kind)
    return dns_wire.message(query, 0x8180, found, [] if found else [dns_wire.soa("test")])


def serve_dns():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.bind(("127.0.0.1", 53))
        while True:
            query, peer = s.recvfrom(4096)
            s.sendto(answer(query), peer)


# ---- TCP ----------------------------------------------------------------------------------------

def make_certificate(directory, name, aia, key):
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody knows this issuer")])
    now = datetime.datetime(2020, 1, 1)
    cert = (x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now).not_valid_after(datetime.datetime(2040, 1, 1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
            .add_extension(x509.AuthorityInformationAccess([x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS,
                x509.UniformResourceIdentifier(aia))]), critical=False)
            .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()))
    path = os.path.join(directory, name + ".pem")
    with open(path, "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM))
        f.write(key.private_bytes(serialization.Encoding.PEM,
                                  serialization.PrivateFormat.PKCS8,
                                  serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def make_contexts(directory):
    key = ec.generate_private_key(ec.SECP256R1())
    out = {}
    for name in ("aia-bad", "aia-listed", "aia-port", "aia-good", "aia-alias", "odd"):
        port = ":8080" if name == "aia-port" else ""
        host = "mta-sts.odd.test" if name == "odd" else "mta-sts.%s-domain.test" % name
        out[host] = make_certificate(directory, host, "http://%s.test%s/ca.der" % (name, port), key)
    with open(os.path.join(directory, "mta-sts.odd.test.pem"), encoding="ascii") as f:
        pem = re.search("-----BEGIN CERT.*?END CERTIFICATE-----\n", f.read(), re.S).group(0)
    with open(os.path.join(directory, "ca.pem"), "w", encoding="ascii") as f:
        f.write(pem)
    return out


def server_of(port, contacts, contexts):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def choose(sock, name, _):
        if name in contexts:
            sock.context = contexts[name]
        return None if name in contexts else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    server.sni_callback = choose

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            ip = self.request.getsockname()[0]
            ip = ip[7:] if ip.startswith("::ffff:") and "." in ip else ip
            contacts.write("%s %d\n" % (ip, port))
            contacts.flush()
            self.request.settimeout(10)
            try:
                self.talk(ip)
            except OSError:
                pass

        def talk(self, ip):
            if port == 25:
                banner = b"421 busy\r\n" if ip == LIMITED else b"220 "
                if ip == ODD:
                    banner += ESCAPES.replace("\r", "").encode() + b"\x9b"
                self.request.sendall(banner + b"\r\n")
            elif port == 443 and ip != VICTIM:
                with server.wrap_socket(self.request, server_side=True) as s:
                    s.recv(4096)
                    body = ("version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\nmx: " + ESCAPES +
                            "\r\n" + ESCAPES + ": x\r\n").encode()
                    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: \x1b[31m\r\n"
                              b"Content-Length: %d\r\n\r\n" % len(body) + body)

    class Server(socketserver.ThreadingTCPServer):
        address_family = socket.AF_INET6
        allow_reuse_address = daemon_threads = True
        request_queue_size = 1024

        def server_bind(self):
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            super().server_bind()

    return Server(("::", port), Handler)


def main():
    directory = sys.argv[1]
    fill(directory, sys.argv[2])
    contexts = make_contexts(directory)
    contacts = open(os.path.join(directory, "contacts"), "w", encoding="ascii")
    for port in (443, 80, 8080, 25, 3128):
        server = server_of(port, contacts, contexts)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=serve_dns, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


main()
