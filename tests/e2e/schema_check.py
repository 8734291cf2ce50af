#!/usr/bin/python3
"""Holds every line of NDJSON on stdin, or of the files named, against the record schema.

usage: schema_check.py [FILE…]
"""
import json
import os
import sys

import jsonschema


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "../../docs/schema/record.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    lines = bad = 0
    streams = [open(p, encoding="utf-8") for p in sys.argv[1:]] or [sys.stdin]
    for stream in streams:
        for line in stream:
            lines += 1
            for error in validator.iter_errors(json.loads(line)):
                bad += 1
                if bad <= 10:
                    print("line %d: %s: %s" % (lines, "/".join(map(str, error.path)),
                                               error.message[:200]))
    print("%d lines, %d schema errors" % (lines, bad))
    sys.exit(1 if bad or not lines else 0)


main()
