#!/usr/bin/python3
"""usage: judge.py DIR -- what was found and who was asked, held against what must be."""
import ipaddress
import json
import os
import sys

directory = sys.argv[1]


def lines(name):
    with open(os.path.join(directory, name), encoding="utf-8") as f:
        return f.read().split("\n")[:-1]


bad = []
asked = {ipaddress.ip_address(line.split()[0]) for line in lines("asked")}
for ip in lines("forbidden.txt"):
    if ipaddress.ip_address(ip) in asked:
        bad.append("%s was asked" % ip)
for ip in lines("must.txt"):
    if ipaddress.ip_address(ip) not in asked:
        bad.append("%s was not asked" % ip)
records = {r["domain"]: r for r in map(json.loads, lines("out.ndjson"))}
for domain, adoption in (line.split("\t") for line in lines("expected.tsv")):
    if records[domain]["adoption"] != adoption:
        bad.append("%s is %s, not %s" % (domain, records[domain]["adoption"], adoption))
good = records["good.example"]
if good["policy"]["addresses"] != ["10.1.2.3"]:
    bad.append("a private address was not recorded: %s" % good["policy"])
if good["record"]["txt"] != ["v=STSv1; id=1;"] or not 3500 < good["record"]["ttl"] <= 3600:
    bad.append("the record is not as published: %s" % good["record"])
if records["absent.example"]["record"]["soa"] != "absent.example":
    bad.append("absent without its zone: %s" % records["absent.example"]["record"])
if records["signed.example"]["record"].get("ad") is not True:
    bad.append("a validated answer without AD: %s" % records["signed.example"]["record"])
if good["record"].get("ad"):
    bad.append("an unsigned answer with AD: %s" % good["record"])
if records["bogus.example"]["cause"] != "sts_dns_bogus":
    bad.append("bogus is called %s: %s" % (records["bogus.example"]["cause"],
                                           records["bogus.example"]["record"]))
print("\n".join(bad))
sys.exit(1 if bad else 0)
