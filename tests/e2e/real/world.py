#!/usr/bin/python3
"""Writes the configuration of real servers (nsd, unbound, nginx, postfix) for one small world.

usage: world.py DIR

One table below says, domain by domain, what is published and what stscan must say of it. The files
go to DIR: CA and leaf certificates, nsd.conf and its zone, unbound.conf, nginx.conf, a postfix
configuration folder, domains.txt (the list to scan), blocklist.txt, expected.tsv and ports.env.
"""
import datetime
import os
import socket
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HTTPS_IP = "127.77.0.1"
MX_NET = "127.77.%d.25"
DEAD_IP = "127.77.99.99"  # nobody listens there
NOW = datetime.datetime.utcnow().replace(microsecond=0)
DAY = datetime.timedelta(days=1)


def policy(mode="enforce", mx=("mx.{d}",), max_age="1209600", version="STSv1"):
    lines = ["version: " + version, "mode: " + mode]
    lines += ["mx: " + m for m in mx]
    if max_age is not None:
        lines.append("max_age: " + max_age)
    return "\r\n".join(lines) + "\r\n"


RECORD = ["v=STSv1; id=20260101T000000;"]


def dom(name, adoption, verdict, cause=None, codes=(), absent_codes=(), **how):
    """One domain. how: record, policy, http, cert, mx (list of kinds), dns (extra zone lines)."""
    d = dict(record=RECORD, policy=policy(), http="200", cert="ok", mx=["ok"], dns=[], host="A",
             rpt=True)
    d.update(how)
    d.update(name=name + ".test", adoption=adoption, verdict=verdict, cause=cause,
             codes=codes, absent_codes=absent_codes)
    return d


DOMAINS = [
    dom("protected", "enforce", "protected"),
    dom("wildcard-pattern", "enforce", "protected", policy=policy(mx=["*.{d}"])),
    dom("two-mx", "enforce", "protected", mx=["ok", "ok2"], policy=policy(mx=["mx.{d}", "mx2.{d}"])),
    dom("delegated", "enforce", "protected", record=None,
        dns=["_mta-sts IN CNAME _mta-sts.protected.test."], codes=["sts_cname"]),
    dom("implicit-mx", "enforce", "protected", mx=["implicit"], policy=policy(mx=["{d}"]),
        codes=["mx_implicit"]),
    dom("no-tlsrpt", "enforce", "protected", rpt=False, codes=["rpt_absent_with_sts"]),
    dom("ready", "testing", "ready", policy=policy("testing"),
        codes=["verdict_ready", "pol_mode_testing"]),
    dom("would-block", "testing", "would_block", "mx_cert_self_signed", mx=["self_signed"],
        policy=policy("testing"), codes=["verdict_would_block"]),
    dom("off", "none", "off", policy=policy("none", mx=[], max_age="86400"),
        codes=["pol_mode_none"]),
    dom("nothing", "absent", "not_applicable", record=None, policy=None, rpt=False),
    dom("foreign-txt", "absent", "not_applicable", record=["v=spf1 -all"], policy=None),
    dom("servfail", "undetermined", "undetermined", "sts_dns_servfail", servfail=True,
        codes=["sts_dns_servfail"]),
    dom("null-mx", "enforce", "not_applicable", mx=["null"], codes=["mx_null", "sts_on_null_mx"]),
    dom("no-mail", "enforce", "not_applicable", mx=[], ),
    dom("multiple", "broken", "unprotected", "sts_multiple", record=RECORD + ["v=STSv1; id=2;"]),
    dom("version-bad", "broken", "unprotected", "sts_version_bad", record=["v=STSv2; id=1;"]),
    dom("id-missing", "broken", "unprotected", "sts_id_missing", record=["v=STSv1;"]),
    dom("id-chars", "broken", "unprotected", "sts_id_chars", record=["v=STSv1; id=2026-01-01;"]),
    dom("host-absent", "broken", "unprotected", "host_absent", host=None),
    dom("host-refused", "broken", "unprotected", "host_tcp_refused", host="dead"),
    dom("dangling", "broken", "unprotected", "sts_cname_dangling", record=None,
        dns=["_mta-sts IN CNAME _mta-sts.gone.test."]),
    dom("cert-name", "broken", "unprotected", "tls_cert_name", cert="name"),
    dom("cert-expired", "broken", "unprotected", "tls_cert_expired", cert="expired"),
    dom("cert-self-signed", "broken", "unprotected", "tls_cert_self_signed", cert="self_signed"),
    dom("cert-untrusted", "broken", "unprotected", "tls_cert_untrusted", cert="untrusted"),
    dom("cert-unknown-name", "broken", "unprotected", "tls_handshake_alert", cert="none"),
    dom("tls11", "broken", "unprotected", "tls_version_low", cert="tls11"),
    dom("http-404", "broken", "unprotected", "http_404", http="404"),
    dom("http-500", "broken", "unprotected", "http_status", http="500"),
    dom("http-redirect", "broken", "unprotected", "http_redirect", http="301"),
    dom("http-html", "broken", "unprotected", "http_html_200",
        policy="<!DOCTYPE html>\n<html><body>Welcome</body></html>\n"),
    dom("http-empty", "broken", "unprotected", "http_empty", policy=""),
    dom("mode-bad", "broken", "unprotected", "pol_mode_bad", policy=policy("enforced")),
    dom("max-age-missing", "broken", "unprotected", "pol_max_age_missing",
        policy=policy(max_age=None)),
    dom("mx-missing", "broken", "unprotected", "pol_mx_missing", policy=policy(mx=[])),
    dom("unlisted", "enforce", "undeliverable", "mx_mismatch_domain",
        policy=policy(mx=["mail.elsewhere.example"]),
        codes=["mx_unlisted_all", "verdict_undeliverable"]),
    dom("degraded", "enforce", "degraded", "starttls_missing", mx=["ok", "plain2"],
        policy=policy(mx=["mx.{d}", "mx2.{d}"]), codes=["verdict_degraded"]),
    dom("mx-expired", "enforce", "undeliverable", "mx_cert_expired", mx=["expired"],
        codes=["verdict_undeliverable", "mx_all_invalid"]),
    dom("mx-plain", "enforce", "undeliverable", "starttls_missing", mx=["plain"]),
    dom("mx-wrong-name", "enforce", "undeliverable", "mx_cert_name", mx=["wrong_name"]),
    dom("mx-closed", "enforce", "undetermined", None, mx=["dead"], codes=["smtp_refused"]),
    dom("mx-limited", "enforce", "undetermined", "smtp_blocked_vantage", mx=["limited"],
        codes=["smtp_blocked_vantage"]),
    dom("excluded", "excluded", "not_applicable"),
]

# kind of MX host -> (number of its address, options of its smtpd)
MX_KINDS = {
    "ok": 1, "ok2": 2, "self_signed": 3, "plain": 4, "plain2": 5, "expired": 6, "wrong_name": 7,
    "limited": 8, "implicit": 9,
}


class Authority:
    def __init__(self, directory, name):
        self.dir, self.serial = directory, 1000
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.cert = self.build(self.name, self.key.public_key(), self.name, self.key, None, ca=True)

    def build(self, subject, public, issuer, signer, names, ca=False, begin=-30, end=365):
        self.serial += 1
        b = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
             .serial_number(self.serial).not_valid_before(NOW + begin * DAY)
             .not_valid_after(NOW + end * DAY)
             .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if names:
            san = x509.SubjectAlternativeName([x509.DNSName(n) for n in names])
            b = b.add_extension(san, critical=False)
        return b.sign(signer, hashes.SHA256())

    def leaf(self, file, names, end=365, self_signed=False):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:60])])
        issuer, signer = (subject, key) if self_signed else (self.name, self.key)
        cert = self.build(subject, key.public_key(), issuer, signer, names, end=end)
        path = os.path.join(self.dir, file + ".pem")
        with open(path, "wb") as f:
            # postfix wants the key before its chain.
            f.write(key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
            f.write(cert.public_bytes(serialization.Encoding.PEM))
        os.chmod(path, 0o600)
        return path


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(directory, name, text, mode=0o644):
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def https_ip(d):
    """Protocol versions belong to an address in nginx, so the old one has its own."""
    return "127.77.0.2" if d["cert"] == "tls11" else HTTPS_IP


def mx_host(d, position):
    return "mx.%s" % d["name"] if position == 0 else "mx%d.%s" % (position + 1, d["name"])


def zone(domains):
    out = ["$ORIGIN test.", "$TTL 300", "@ IN SOA ns.test. host.test. 1 3600 600 86400 60",
           "@ IN NS ns.test.", "ns IN A 127.0.0.1"]
    for d in domains:
        if d.get("servfail"):
            continue  # nsd has the zone configured and no zone file: SERVFAIL
        out.append("$ORIGIN %s." % d["name"])
        out.append('@ IN TXT "v=spf1 -all"')
        for txt in d["record"] or []:
            out.append('_mta-sts IN TXT "%s"' % txt)
        if d["rpt"]:
            out.append('_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:tls@reports.test"')
        if d["host"]:
            out.append("mta-sts IN A " + (DEAD_IP if d["host"] == "dead" else https_ip(d)))
        for i, kind in enumerate(d["mx"]):
            if kind == "null":
                out.append("@ IN MX 0 .")
                continue
            ip = DEAD_IP if kind == "dead" else MX_NET % MX_KINDS[kind]
            if kind == "implicit":
                out.append("@ IN A " + ip)
                continue
            out.append("@ IN MX %d %s." % (10 * (i + 1), mx_host(d, i)))
            out.append("%s. IN A %s" % (mx_host(d, i), ip))
        out += d["dns"]
    out += ["$ORIGIN test.", "reports IN MX 10 mx.protected.test."]
    return "\n".join(out) + "\n"


def nginx_servers(directory, ca, other, domains, port):
    out = []
    for d in domains:
        if d["policy"] is None and d["http"] == "200":
            continue
        host = "mta-sts." + d["name"]
        if d["cert"] == "none" or d["host"] != "A" or d.get("servfail"):
            continue
        authority = other if d["cert"] == "untrusted" else ca
        names = ["unrelated.example"] if d["cert"] == "name" else [host]
        pem = authority.leaf("host-" + d["name"], names, end=-1 if d["cert"] == "expired" else 365,
                             self_signed=d["cert"] == "self_signed")
        body = (d["policy"] or "").format(d=d["name"])
        root = os.path.join(directory, "www", d["name"])
        write(root, ".well-known/mta-sts.txt", body)
        location = {
            "200": "root %s; default_type text/plain;" % root,
            "404": "return 404;", "500": "return 500;",
            "301": "return 301 https://protected.test/.well-known/mta-sts.txt;",
        }[d["http"]]
        versions = "TLSv1.1" if d["cert"] == "tls11" else "TLSv1.2 TLSv1.3"
        ciphers = "ssl_ciphers DEFAULT:@SECLEVEL=0;" if d["cert"] == "tls11" else ""
        out.append("""  server {
    listen %s:%d ssl http2; server_name %s;
    ssl_certificate %s; ssl_certificate_key %s; ssl_protocols %s; %s
    location / { return 404; }
    location = /.well-known/mta-sts.txt { %s }
  }""" % (https_ip(d), port, host, pem, pem, versions, ciphers, location))
    return "\n".join(out)


def main():
    directory = os.path.abspath(sys.argv[1])
    os.makedirs(directory, exist_ok=True)
    ca, other = Authority(directory, "Test Root"), Authority(directory, "Unknown Root")
    write(directory, "ca.pem", ca.cert.public_bytes(serialization.Encoding.PEM).decode())
    ports = {k: free_port() for k in ("NSD", "UNBOUND", "HTTPS", "SMTP")}

    write(directory, "test.zone", zone(DOMAINS))
    write(directory, "nsd.conf", """server:
  ip-address: 127.0.0.1
  port: {NSD}
  username: ""
  pidfile: "{dir}/nsd.pid"
  database: ""
  zonelistfile: "{dir}/zone.list"
  xfrdfile: "{dir}/xfrd.state"
  xfrdir: "{dir}"
  zonesdir: "{dir}"
  rrl-ratelimit: 0
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "test"
  zonefile: "test.zone"
zone:
  name: "servfail.test"
  zonefile: "missing.zone"
""".format(dir=directory, **ports))
    write(directory, "unbound.conf", """server:
  interface: 127.0.0.1
  port: {UNBOUND}
  username: ""
  chroot: ""
  directory: "{dir}"
  pidfile: "{dir}/unbound.pid"
  use-syslog: no
  logfile: "{dir}/unbound.log"
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "test." nodefault
  num-threads: 1
  access-control: 127.0.0.0/8 allow
remote-control:
  control-enable: no
stub-zone:
  name: "test"
  stub-addr: 127.0.0.1@{NSD}
""".format(dir=directory, **ports))

    default = ca.leaf("default", ["default.test"])
    write(directory, "nginx.conf", """daemon off; worker_processes 1; pid {dir}/nginx.pid; user root;
error_log {dir}/nginx-error.log;
events {{ worker_connections 512; }}
http {{
  access_log {dir}/nginx-access.log; client_body_temp_path {dir}/tmp1; proxy_temp_path {dir}/tmp2;
  fastcgi_temp_path {dir}/tmp3; uwsgi_temp_path {dir}/tmp4; scgi_temp_path {dir}/tmp5;
  server_names_hash_bucket_size 128;
  server {{
    listen {ip}:{HTTPS} ssl http2 default_server; server_name _; ssl_reject_handshake on;
    ssl_certificate {pem}; ssl_certificate_key {pem};
  }}
{servers}
}}
""".format(dir=directory, ip=HTTPS_IP, pem=default,
           servers=nginx_servers(directory, ca, other, DOMAINS, ports["HTTPS"]), **ports))

    names = {k: [] for k in MX_KINDS}
    for d in DOMAINS:
        for i, kind in enumerate(d["mx"]):
            if kind in names:
                names[kind].append(d["name"] if kind == "implicit" else mx_host(d, i))
    certs = {
        "ok": ca.leaf("mx-ok", names["ok"]), "ok2": ca.leaf("mx-ok2", names["ok2"]),
        "implicit": ca.leaf("mx-implicit", names["implicit"]),
        "limited": default,
        "self_signed": ca.leaf("mx-self", names["self_signed"], self_signed=True),
        "expired": ca.leaf("mx-expired", names["expired"], end=-1),
        "wrong_name": ca.leaf("mx-wrong", ["unrelated.example"]),
    }
    master = []
    for kind, number in MX_KINDS.items():
        options = ["smtpd_tls_security_level=" + ("none" if kind.startswith("plain") else "may")]
        if kind in certs:
            options.append("smtpd_tls_chain_files=" + certs[kind])
        if kind == "limited":
            options.append("smtpd_client_restrictions=defer")
            options.append("smtpd_delay_reject=no")
        master.append("%s:%d inet n - n - 20 smtpd" % (MX_NET % number, ports["SMTP"]))
        master += ["  -o " + o for o in options]
    master += ["cleanup unix n - n - 0 cleanup", "rewrite unix - - n - - trivial-rewrite",
               "anvil unix - - n - 1 anvil", "tlsmgr unix - - n 1000? 1 tlsmgr",
               "postlog unix-dgram n - n - 1 postlogd", "proxymap unix - - n - - proxymap"]
    write(directory, "postfix/master.cf", "\n".join(master) + "\n")
    for sub in ("spool", "data"):
        os.makedirs(os.path.join(directory, "postfix-" + sub), exist_ok=True)
    write(directory, "postfix/main.cf", """compatibility_level = 3.6
queue_directory = {dir}/postfix-spool
data_directory = {dir}/postfix-data
maillog_file = {dir}/maillog
maillog_file_prefixes = /
myhostname = mx.test
mydestination =
inet_protocols = ipv4
alias_maps =
smtpd_tls_loglevel = 0
smtpd_recipient_restrictions = reject
smtpd_relay_restrictions = reject
""".format(dir=directory))

    write(directory, "domains.txt", "\n".join(d["name"] for d in DOMAINS) + "\n" +
          "not a name\n")
    write(directory, "blocklist.txt", "excluded.test\n")
    rows = ["\t".join([d["name"], d["adoption"], d["verdict"], d["cause"] or "-",
                       ",".join(d["codes"]) or "-"]) for d in DOMAINS]
    rows.append("\t".join(["", "invalid_input", "not_applicable", "-", "-"]))
    write(directory, "expected.tsv", "\n".join(rows) + "\n")
    write(directory, "ports.env", "".join("%s_PORT=%d\n" % kv for kv in ports.items()))


main()
