#!/usr/bin/env python3
"""Holds pages of metrics against the text format of Prometheus (version 0.0.4), strictly.

prom_check.py PAGE…

Each page is one scrape, in the order of time. A metric has one HELP and one TYPE line, in this
order and before its samples, which stand together; names, labels and values are of the form that
the format asks for; no sample comes twice; a counter is called …_total and does not fall from one
page to the next. Where promtool is installed it is asked, too.
"""
import re
import shutil
import subprocess
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)$")
HELP = re.compile(rf"# HELP ({NAME}) ((?:[^\\\n]|\\[\\n])+)$")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge)$")


def parse(path):
    text = open(path, encoding="utf-8", newline="").read()
    assert text.endswith("\n") and "\r" not in text, "line ends"
    types, samples, current, helped = {}, {}, None, None
    for line in text[:-1].split("\n"):
        if m := HELP.match(line):
            assert helped is None and m[1] not in types, f"HELP twice: {line}"
            helped = m[1]
        elif m := TYPE.match(line):
            assert helped == m[1], f"TYPE without its HELP: {line}"
            types[m[1]], current, helped = m[2], m[1], None
            assert m[2] != "counter" or m[1].endswith("_total"), line
            assert m[2] != "gauge" or not m[1].endswith("_total"), line
        else:
            m = SAMPLE.match(line)
            assert m and helped is None, f"no line of the format: {line!r}"
            assert m[1] == current, f"a sample of another metric: {line}"
            key = m[1], m[2]
            assert key not in samples, f"twice: {line}"
            samples[key] = float(m[3])
            assert samples[key] >= 0, line
    assert samples and set(types) == {name for name, _ in samples}, "a metric without samples"
    return types, samples


before = {}
for page in sys.argv[1:]:
    types, samples = parse(page)
    for key, value in samples.items():
        if types[key[0]] == "counter":
            assert value >= before.get(key, 0), f"{key} fell from {before[key]} to {value}"
    before = samples
    if shutil.which("promtool"):
        with open(page, encoding="utf-8") as f:
            subprocess.run(["promtool", "check", "metrics"], stdin=f, check=True)
