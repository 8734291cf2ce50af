#!/usr/bin/python3
"""Every published record is found as it stands, nothing unpublished is, and each is judged right.

usage: compare.py EXPECTED.tsv DOMAINS.txt SCAN.ndjson

The judgement is worked out anew from the ABNF of RFC 8461 3.1 and RFC 8460 3, as regular
expressions: valid records are `found`, others `invalid`.
"""
import json
import re
import sys

STS = re.compile(r"v=STSv1(?:[ \t]*;[ \t]*(?:id=[A-Za-z0-9]{1,32}|(?!id=)[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"
                 r"=[\x21-\x3a\x3c\x3e-\x7e]+))+(?:[ \t]*;[ \t]*)?")
RPT = re.compile(r"v=TLSRPTv1[ \t]*;[ \t]*rua=(?:mailto|https):[^ ;]+(?:[ \t]*,[ \t]*(?:mailto|https):"
                 r"[^ ;]+)*(?:[ \t]*;[ \t]*)?")


def main():
    expected = {}
    for line in open(sys.argv[1], encoding="utf-8"):
        domain, what, *texts = line.rstrip("\n").split("\t")
        expected[domain.lower(), what] = texts
    names = [line.strip().lower() for line in open(sys.argv[2], encoding="utf-8")]
    records = {}
    for line in open(sys.argv[3], encoding="utf-8"):
        record = json.loads(line)
        records[record["domain"]] = record
    bad = 0
    for name in names:
        record = records.get(name)
        if record is None:
            print("no record for", name)
            bad += 1
            continue
        for what, member, grammar in (("sts", "record", STS), ("tlsrpt", "tlsrpt", RPT)):
            texts = expected.get((name, what))
            got = record.get(member, {})
            if texts is None:
                ok = got.get("status") in ("absent", "skipped", None)
            else:
                valid = len(texts) == 1 and grammar.fullmatch(texts[0])
                if what == "sts":
                    valid = valid and ";id=" in re.sub(r"[ \t]", "", texts[0])
                ok = got.get("txt") == texts and got["status"] == ("found" if valid else "invalid")
                wanted = "undetermined" if valid else "broken"
                if what == "sts" and record["adoption"] != wanted:
                    ok = False
            if not ok:
                print(name, what, "published", texts, "reported", got, record["adoption"])
                bad += 1
    print("%d names, %d published records, %d wrong" % (len(names), len(expected), bad))
    sys.exit(1 if bad or not expected else 0)


main()
