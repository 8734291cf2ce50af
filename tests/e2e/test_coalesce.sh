#!/usr/bin/env bash
# --coalesce on the simulated internet: the same results as without it, only by fewer connections.
#
# Groups of 10 policy hosts share address and certificate. Some of them answer 421 on a connection
# made for another, name a wrong media type, or speak HTTP/1.1 alone; among them are hosts of their
# own with every fault of the world.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
GROUPS_MIXED=${GROUPS_MIXED:-40} GROUPS_PLAIN=${GROUPS_PLAIN:-20}
WORLD=(--adoption 30 --groups 10)
dir=$(mktemp -d /tmp/stscan-coalesce.XXXXXX)
simnet=
stop_simnet() { [ -z "$simnet" ] || { kill "$simnet"; wait "$simnet"; } 2>/dev/null; simnet=; }
trap 'stop_simnet; [ -n "${KEEP:-}" ] || rm -rf "$dir"' EXIT
bad=0

{
    for ((i = 0; i < GROUPS_MIXED * 10; i++)); do echo "m$i.mixed.example"; done
    for ((i = 0; i < GROUPS_PLAIN * 10; i++)); do echo "m$i.plain.example"; done
    # Of the others, those who do not take their time.
    "$BUILD/simnet" --print-names 300 | cut -d, -f2 >"$dir/all"
    "$BUILD/simnet" "${WORLD[@]}" --truth /dev/stdout --names "$dir/all" |
        grep -vE '"(http_timeout|http_slow|host_tcp_timeout|tls_handshake_failed|sts_dns_timeout)"' |
        grep -vE '"(smtp_timeout|starttls_handshake|smtp_ehlo_failed|smtp_blocked_vantage)"' |
        sed 's/.*"domain":"\([^"]*\)".*/\1/'
} >"$dir/names"

# run NAME OPTIONS: leaves $dir/NAME.ndjson and NAME.meta.json, and NAME.clients.
run() {
    local name=$1
    shift
    serve "$dir" "${WORLD[@]}" --clients "$dir/$name.clients"
    "$BUILD/stscan" scan -o "$dir/$name.ndjson" --quiet --resolver "127.0.0.1:$DNS_PORT" -4 \
        --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" --smtp-port "$SMTP_PORT" \
        --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 --ehlo-name scanner.example \
        --dns-rate 0 --policy-rate 0 --probe-rate 0 --per-ip 0,0 --per-prefix 0,0 \
        --per-ip-rate 0,0 --timeout-policy 8 --timeout-probe 8 --timeout-dns 4 "$@" "$dir/names" ||
        { echo "$name: exit $?"; exit 1; }
    stop_simnet
}

run own --no-probe
run shared --no-probe --coalesce
python3 - "$dir" "$GROUPS_MIXED" "$GROUPS_PLAIN" <<'PY' || bad=1
import json, sys
top, mixed, plain = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def load(name):
    with open(f"{top}/{name}.ndjson", encoding="utf-8") as f:
        return {r["domain"]: r for r in map(json.loads, f)}


def https_connections(name):
    with open(f"{top}/{name}.clients", encoding="ascii") as f:
        return sum(r["connections"] for r in map(json.loads, f)
                   if r["server"] == "https" and r["scope"] == "address")


def settled(r):
    """The record without what differs from run to run."""
    if isinstance(r, list):
        return [settled(v) for v in r]
    passing = "ts", "duration_ms", "timing_ms", "resolver", "coalesced", "cert_sha256", \
        "not_before", "not_after"
    return {k: settled(v) for k, v in r.items() if k not in passing} if isinstance(r, dict) else r


def rides(r):
    http = (r.get("policy") or {}).get("http") or {}
    return http.get("coalesced", False)


own, shared = load("own"), load("shared")
assert own.keys() == shared.keys()
coalesced = 0
for name, r in own.items():
    b = shared[name]
    assert settled(r) == settled(b) and not rides(r), (r, b)
    if rides(b):
        coalesced += 1
        label = name.split(".")[0]
        assert b["policy"]["http"]["version"] == "2" and b["policy"]["status"] == "valid", b
        assert not name.endswith(".mixed.example") or label[-1] not in "37", b
# Of each group nine ride at the most, in mixed groups eight: two have to come again by themselves,
# and one of them may be who leads. In every fourth of these nobody does.
most = plain * 9 + (mixed - mixed // 4) * 8
assert most * 0.7 <= coalesced <= most, (coalesced, most)
with open(f"{top}/shared.meta.json", encoding="utf-8") as f:
    work = json.load(f)["work"]
assert work["coalesced"] == coalesced and work["coalesced_in_vain"] > 0, work
before, after = https_connections("own"), https_connections("shared")
assert after <= before - coalesced * 0.9, (before, after, coalesced)
print(f"{len(own)} names alike; {coalesced} policies over {after} connections instead of {before}, "
      f"{work['coalesced_in_vain']} fetched again")
PY

# Every name as the truth has it, probes and all; and under limits no more than these at once.
run whole --coalesce
"$BUILD/simnet" "${WORLD[@]}" --truth "$dir/truth" --names "$dir/names" || exit 1
tests/e2e/compare_truth.py "$dir/truth" "$dir/whole.ndjson" || bad=1

run limited --coalesce --no-probe --policy-rate 200 --per-ip 4,1 --per-prefix 16,2 --per-ip-rate 20,1
python3 - "$dir" <<'PY' || bad=1
import json, sys
most = {"address": 0, "prefix": 0}
with open(f"{sys.argv[1]}/limited.clients", encoding="ascii") as f:
    for r in map(json.loads, f):
        if r["server"] == "https" and r["scope"] in most:
            most[r["scope"]] = max(most[r["scope"]], r["max_concurrent"])
            assert r["scope"] != "address" or r["max_per_second"] <= 22, r
with open(f"{sys.argv[1]}/limited.meta.json", encoding="utf-8") as f:
    work = json.load(f)["work"]
assert most["address"] <= 4 and most["prefix"] <= 16 and work["coalesced"] > 0, (most, work)
print(f"under limits {work['coalesced']} coalesced; at once to an address {most['address']}, "
      f"to a /24 {most['prefix']}")
PY
[ $bad -eq 0 ] && echo "coalescing changes nothing but the number of connections"
exit $bad
