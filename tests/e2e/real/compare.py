#!/usr/bin/python3
"""Compares a scan with expected.tsv: adoption, verdict, cause, and codes that must be there.

usage: compare.py EXPECTED.tsv SCAN.ndjson
"""
import json
import sys


def main():
    records = {}
    for line in open(sys.argv[2], encoding="utf-8"):
        r = json.loads(line)
        records[r["domain"]] = r
    bad = 0
    rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[1], encoding="utf-8")]
    for domain, adoption, verdict, cause, codes in rows:
        r = records.pop(domain, None)
        if r is None:
            print("no record for %r" % domain)
            bad += 1
            continue
        seen = {f["code"] for f in r["findings"]}
        got = (r["adoption"], r["verdict"], r["cause"] or "-")
        missing = set() if codes == "-" else set(codes.split(",")) - seen
        if got != (adoption, verdict, cause) or missing:
            print("%s: expected %s, got %s; missing %s; findings %s" % (
                domain, (adoption, verdict, cause), got, sorted(missing), sorted(seen)))
            bad += 1
    for domain in records:
        print("unexpected record for %r" % domain)
        bad += 1
    print("%d domains, %d differ" % (len(rows), bad))
    sys.exit(1 if bad else 0)


main()
