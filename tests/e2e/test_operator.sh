#!/usr/bin/env bash
# What an overnight operator needs, on the simulated internet: --status-file, --metrics,
# --max-runtime with --resume, --sample, --all-mx, --all-policy, --registrable, --dry-run, --source,
# -4 (-6: test_guard.sh; zone files: test_input.sh; SIGHUP: test_waits.sh).
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
dir=$(mktemp -d /tmp/stscan-operator.XXXXXX)
simnet=
trap 'kill $simnet 2>/dev/null; wait 2>/dev/null; [ -n "${KEEP:-}" ] || rm -rf "$dir"' EXIT
serve "$dir" --adoption 20 --clients "$dir/clients"
bad=0
fail() { echo "$*"; bad=1; }
scan() {
    "$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --https-port "$HTTPS_PORT" \
        --smtp-port "$SMTP_PORT" --ca-file "$CA_FILE" --allow 127.0.0.0/8 \
        --no-retry-undetermined --timeout-dns 2 --timeout-policy 4 --timeout-probe 4 \
        --dns-rate 0 --policy-rate 0 --per-ip-rate 0,0 "$@"
}
field() { python3 -c "import json,sys; print(json.load(open(sys.argv[1]))$2)" "$1"; }
"$BUILD/simnet" --print-names 300 | cut -d, -f2 >"$dir/names"

# The status file: valid lines, the last one whole; a second run appends.
for i in 1 2; do
    scan -o "$dir/status$i.ndjson" --quiet --no-policy --no-probe --status-file "$dir/status" \
        "$dir/names" || fail "status: exit $?"
done
python3 - "$dir/status" <<'EOF' || bad=1
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
ends = [r for r in lines if r["state"] == "complete"]
assert len(ends) == 2, lines
assert all(r["done"] == r["durable"] == r["total"] == 300 for r in ends), ends
assert all(r["dns_sent"] >= 300 and sum(r["lookups"].values()) >= 300 for r in ends), ends
EOF

# Without policies the adopters stay undetermined, which a second pass would not change.
scan -o "$dir/survey.ndjson" --quiet --no-policy --no-probe --retry-undetermined "$dir/names" ||
    fail "survey: exit $?"
python3 - "$dir/survey.ndjson" "$dir/survey.meta.json" <<'EOF' || bad=1
import json, sys
unknown = sum("undetermined" in (r["record"]["status"], r.get("mx_status"),
                                 r.get("tlsrpt", {}).get("status"))
              for r in map(json.loads, open(sys.argv[1])))
meta = json.load(open(sys.argv[2]))
assert meta["counts"]["adoption"]["undetermined"] > 40 > unknown + 20, (meta["counts"], unknown)
assert meta["work"]["retried"] <= unknown + 3, (meta["work"]["retried"], unknown)
EOF

# Metrics, of a scan that its rate keeps going until it is stopped.
scan -o "$dir/metrics.ndjson" --quiet --no-policy --no-probe --metrics 127.0.0.1:0 --dns-rate 1 \
    "$dir/names" 2>"$dir/banner" &
scanner=$!
until url=$(grep -o 'http://[^ ]*' "$dir/banner"); do
    kill -0 $scanner 2>/dev/null || { cat "$dir/banner"; exit 1; }
    nap 0.05
done
page=$(curl -sf -m 20 --noproxy '*' "$url") || fail "no metrics at $url"
for line in 'stscan_domains_total '  '# TYPE stscan_in_flight gauge' '# TYPE stscan_dns_sent_total counter' \
    'stscan_adoption_total{adoption="enforce"} '; do
    grep -qF "$line" <<<"$page" || fail "metrics lack: $line"
done
for i in 1 2 3; do
    curl -sf -m 20 --noproxy '*' -D "$dir/head" -o "$dir/page$i" "$url" || fail "no page $i"
done
tests/e2e/prom_check.py "$dir"/page[123] || fail "the metrics are not of Prometheus' format"
grep -qi '^content-type: text/plain; version=0.0.4' "$dir/head" || fail "$(cat "$dir/head")"
code=$(curl -s -m 20 --noproxy '*' -o "$dir/other" -w '%{http_code}' "${url%metrics}other")
[ "$code" = 404 ] || fail "another path gave $code"
{ pgrep -P "$scanner" stscan || echo "$scanner"; } | xargs kill -TERM
wait $scanner
[ $? -eq 5 ] || fail "the scan with metrics did not stop"
scan -o "$dir/x.ndjson" --metrics nowhere "$dir/names" 2>"$dir/err"
[ $? -eq 2 ] || fail "--metrics nowhere was taken"

# What cannot be opened is said before anything of an earlier output is touched.
echo kept >"$dir/kept.ndjson"
cp "$dir/status" "$dir/status.before"
scan -o "$dir/kept.ndjson" --metrics "127.0.0.1:$HTTPS_PORT" --status-file "$dir/status" \
    "$dir/names" 2>"$dir/err"
[ $? -eq 2 ] || fail "a port in use: exit $?"
scan -o "$dir/kept.ndjson" --status-file "$dir" "$dir/names" 2>"$dir/err"
[ $? -eq 2 ] || fail "a folder as status file was taken"
ln -s "$dir/status" "$dir/link"
scan -o "$dir/kept.ndjson" --status-file "$dir/link" "$dir/names" 2>"$dir/err"
[ $? -eq 2 ] && grep -q 'is a symbolic link' "$dir/err" || fail "a link as status file: $(cat "$dir/err")"
# Nor is an input written over.
cp "$dir/names" "$dir/in.ndjson"
scan -o "$dir/in.ndjson" "$dir/in.ndjson" 2>"$dir/err"
[ $? -eq 2 ] || fail "an output that is the input was taken"
scan -o "$dir/in.ndjson" <"$dir/in.ndjson" 2>"$dir/err"
[ $? -eq 2 ] || fail "an output that is standard input was taken"
scan -o "$dir/kept.ndjson" --status-file "$dir/in.ndjson" "$dir/in.ndjson" 2>"$dir/err"
[ $? -eq 2 ] || fail "a status file that is the input was taken"
cmp -s "$dir/names" "$dir/in.ndjson" || fail "an input was written over"
[ "$(cat "$dir"/kept.*)" = kept ] || fail "an output was lost to a wrong option"
cmp -s "$dir/status" "$dir/status.before" || fail "a scan that never began has a status"

# --max-runtime stops with 5 and leaves what --resume finishes; the rate makes the time too short.
scan -o "$dir/long.ndjson" --quiet --no-policy --no-probe --tlsrpt adopters --max-runtime 2 \
    --dns-rate 60 "$dir/names"
[ $? -eq 5 ] || fail "--max-runtime did not stop the scan"
[ "$(field "$dir/long.meta.json" '["complete"]')" = False ] || fail "a stopped scan is complete"
# A scan that goes on shows its monitors all of itself, not what this run has done alone.
done_before=$(field "$dir/long.meta.json" '["output"]["records"]')
scan -o "$dir/long.ndjson" --quiet --no-policy --no-probe --tlsrpt adopters --resume --dns-rate 1 \
    --metrics 127.0.0.1:0 "$dir/names" 2>"$dir/banner" &
scanner=$!
until url=$(grep -o 'http://[^ ]*' "$dir/banner"); do
    kill -0 $scanner 2>/dev/null || { cat "$dir/banner"; exit 1; }
    nap 0.05
done
curl -sf -m 20 --noproxy '*' -o "$dir/page" "$url" || fail "no metrics of a resumed scan"
python3 - "$dir/page" "$done_before" <<'EOF' || bad=1
import sys
page = dict(line.split() for line in open(sys.argv[1]) if not line.startswith("#"))
value = lambda name: int(page["stscan_" + name])
known = sum(int(v) for k, v in page.items() if k.startswith("stscan_adoption_total"))
adopters = sum(value(f'adoption_total{{adoption="{a}"}}')
               for a in ("broken", "none", "testing", "enforce"))
before = int(sys.argv[2])
assert before > 0, before
assert value("domains_total") >= value("durable_records_total") >= before, (page, before)
assert known == value("durable_records_total") and value("dns_sent_total") >= known, page
assert value("adopters_total") >= adopters, page
EOF
{ pgrep -P "$scanner" stscan || echo "$scanner"; } | xargs kill -TERM
wait $scanner
scan -o "$dir/long.ndjson" --quiet --no-policy --no-probe --tlsrpt adopters --resume "$dir/names" ||
    fail "resume after --max-runtime: exit $?"
"$BUILD/stscan" verify "$dir/long.ndjson" >"$dir/verify" || { fail "verify"; cat "$dir/verify"; }

# The same seed draws the same sample, about as large as asked for.
for i in 1 2; do
    scan -o "$dir/sample$i.ndjson" --quiet --no-policy --no-probe --sample 0.5 --seed 7 "$dir/names"
done
python3 - "$dir"/sample[12].ndjson <<'EOF' || bad=1
import json, sys
one, two = ({json.loads(line)["domain"] for line in open(p)} for p in sys.argv[1:])
assert one == two and 100 < len(one) < 200, (len(one), len(two))
EOF

# --all-mx and --all-policy: from adopters to every domain, and each does its own part alone.
# Beside the names there is one that has a policy without a record.
"$BUILD/simnet" --print-names 600 | cut -d, -f2 >"$dir/more"
"$BUILD/simnet" --adoption 20 --truth "$dir/truth" --truth-mode deep --names "$dir/more" ||
    fail "no truth"
{ grep policy_orphan "$dir/truth" | sed 's/.*"domain":"\([^"]*\)".*/\1/'; cat "$dir/names"; } |
    awk '!seen[$0]++' >"$dir/wide"
for widen in none --all-mx --all-policy; do
    # shellcheck disable=SC2046
    scan -o "$dir/wide$widen.ndjson" --quiet -4 --ehlo-name scanner.example --per-prefix 0,0 \
        --probe-rate 0 $([ $widen = none ] || echo $widen) "$dir/wide" ||
        fail "$widen: exit $?"
done
python3 - "$dir" <<'EOF' || bad=1
import json, sys
seen = {}
for widen in ("none", "--all-mx", "--all-policy"):
    records = [json.loads(line) for line in open(f"{sys.argv[1]}/wide{widen}.ndjson")]
    absent = [r for r in records if r["adoption"] == "absent"]
    assert len(records) >= 300 and len(absent) > 200, (len(records), len(absent))
    seen[widen] = {
        "mx": sum(r.get("mx_status", "skipped") != "skipped" for r in absent),
        "tlsrpt": sum("tlsrpt" in r for r in absent),
        "probes": sum(bool(m.get("probes")) for r in absent for m in r.get("mx", [])),
        "policy": sum((r.get("policy") or {}).get("status", "skipped") != "skipped" for r in absent),
        "orphans": sum(f["code"] == "policy_orphan" for r in absent for f in r["findings"]),
        "absent": len(absent),
        "adopters": {r["domain"]: (r["adoption"], r["verdict"]) for r in records
                     if r["adoption"] != "absent"},
    }
none, mx, policy = seen["none"], seen["--all-mx"], seen["--all-policy"]
assert not any(none[k] for k in ("mx", "tlsrpt", "probes", "policy")), none
assert mx["mx"] == mx["tlsrpt"] == mx["absent"] and mx["probes"] > 100 and not mx["policy"], mx
assert policy["policy"] == policy["absent"] and policy["orphans"] == 1, policy
assert not policy["mx"] and not policy["probes"], policy
# What is wider is not deeper: adopters come out the same.
same = sum(mx["adopters"].get(d) == v == policy["adopters"].get(d)
           for d, v in none["adopters"].items())
assert same >= 0.9 * len(none["adopters"]), (same, len(none["adopters"]))
EOF

# A name that comes again finds its answers known, and a domain without MX is its own mail host.
"$BUILD/simnet" --print-names 10000 | cut -d, -f2 >"$dir/many"
"$BUILD/simnet" --adoption 20 --truth "$dir/many.truth" --names "$dir/many" || fail "no truth"
grep '"\(ready\|protected\)".*mx_implicit' "$dir/many.truth" | head -n 2 |
    sed 's/.*"domain":"\([^"]*\)".*/\1/' >"$dir/implicit"
cat "$dir/implicit" "$dir/implicit" >"$dir/again"
scan -o "$dir/again.ndjson" --quiet -4 --ehlo-name scanner.example --workers 1 --in-flight 1 \
    "$dir/again" || fail "names again: exit $?"
python3 - "$dir/again.ndjson" <<'EOF' || bad=1
import json, sys
seen = {}
for r in map(json.loads, open(sys.argv[1])):
    (mx,) = r["mx"]
    assert mx["implicit"] and mx["host"] == r["domain"], r
    seen.setdefault(r["domain"], []).append(
        (r["verdict"], mx["addresses"], [(p["ip"], p["status"]) for p in mx["probes"]]))
assert len(seen) == 2 and all(len(s) == 2 and s[0] == s[1] for s in seen.values()), seen
EOF

printf 'www.a.example.co.uk\nmail.example.com\n' >"$dir/sub"
scan -o "$dir/reg.ndjson" --quiet --no-policy --no-probe --registrable "$dir/sub"
got=$(grep -o '"domain":"[^"]*"' "$dir/reg.ndjson" | sort | tr '\n' ' ')
[ "$got" = '"domain":"example.co.uk" "domain":"example.com" ' ] || fail "--registrable: $got"

got=$("$BUILD/stscan" scan --dry-run --resolver 127.0.0.1:1 -o "$dir/dry.ndjson" "$dir/names" 2>"$dir/err")
[ "$got" = "300 names, 0 invalid lines" ] || fail "--dry-run: $got"
grep -q 'would scan .* with [0-9]* workers* and 1 resolver' "$dir/err" || fail "--dry-run: $(cat "$dir/err")"
scan --dry-run -o "$dir/nowhere/x.ndjson" "$dir/names" >"$dir/out" 2>&1
[ $? -eq 4 ] || fail "--dry-run takes an output where nothing can be written"
ls "$dir"/dry.* >/dev/null 2>&1 && fail "--dry-run wrote files"
for wrong in --blocklist --ca-file --providers; do
    "$BUILD/stscan" scan --dry-run $wrong "$dir/nowhere" "$dir/names" >"$dir/out" 2>"$dir/err"
    [ $? -eq 2 ] || fail "--dry-run takes a $wrong that is not there"
done
"$BUILD/stscan" scan --dump-config "$dir/names" >/dev/full 2>"$dir/err" && fail "--dump-config: full"

# Two local addresses are used in turn, for DNS and for connections; -4 asks for no AAAA.
scan -o "$dir/source.ndjson" --quiet -4 --source 127.0.0.8 --source 127.0.0.9 \
    --ehlo-name scanner.example "$dir/names" || fail "--source: exit $?"
python3 - "$dir/source.ndjson" <<'EOF' || bad=1
import json, sys
families = set()
for record in map(json.loads, open(sys.argv[1])):
    families |= set((record.get("policy") or {}).get("dns", {}))
    if any(":" in a for a in (record.get("policy") or {}).get("addresses", [])):
        raise SystemExit("an IPv6 address under -4")
assert "a" in families, families
EOF
# One that is not ours would fail its share of all connections: that is said before anything begins.
scan -o "$dir/kept.ndjson" --source 127.0.0.8 --source 192.0.2.1 "$dir/sub" 2>"$dir/err"
[ $? -eq 2 ] && grep -q -- '--source 192.0.2.1: not an address of this machine' "$dir/err" ||
    fail "a source address that is not ours was taken: $(cat "$dir/err")"
kill $simnet && wait $simnet
python3 - "$dir/clients" <<'EOF' || bad=1
import json, sys
seen = {r["server"]: set(r["sources"]) for r in map(json.loads, open(sys.argv[1]))
        if r["scope"] == "thread" and "sources" in r}
assert seen["https"] == seen["smtp"] == {"127.0.0.1", "127.0.0.8", "127.0.0.9"}, seen
EOF
[ $bad -eq 0 ] && echo "the operator's options do what they say"
exit $bad
