#!/usr/bin/env bash
# Hosts that say that we come too often, on the simulated internet: SMTP 421, HTTP 429 with and
# without Retry-After. The gaps as the hosts saw them grow and are as long as was asked for; in the
# end everybody is judged rightly, and nobody's limit is taken for a missing STARTTLS.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
top=$(mktemp -d /tmp/stscan-limited.XXXXXX)
simnet=
stop_simnet() { [ -z "$simnet" ] || { kill "$simnet"; wait "$simnet"; } 2>/dev/null; simnet=; }
trap 'stop_simnet; [ -n "${KEEP:-}" ] || rm -rf "$top"' EXIT
bad=0

# Adopters, without those whom it takes their whole deadline to judge.
WORLD=(--adoption 100)
"$BUILD/simnet" --print-names 2500 | cut -d, -f2 >"$top/all"
"$BUILD/simnet" "${WORLD[@]}" --truth "$top/all.truth" --names "$top/all" || exit 1
python3 - "$top" <<'PY'
import json, sys
top = sys.argv[1]
slow = {"http_timeout", "http_slow", "host_tcp_timeout", "tls_handshake_failed", "smtp_timeout",
        "starttls_handshake", "smtp_ehlo_failed", "smtp_blocked_vantage"}
quick = []
for r in map(json.loads, open(f"{top}/all.truth")):
    if not slow & set(r["codes"]) and r["adoption"] not in ("absent", "undetermined"):
        quick.append(r["domain"])
open(f"{top}/many", "w").write("".join(d + "\n" for d in quick[:1500]))
open(f"{top}/few", "w").write("".join(d + "\n" for d in quick[:150]))
PY

# run NAME LIST SIMNET-OPTIONS -- SCAN-OPTIONS: leaves $dir/scan.ndjson, truth, clients.
run() {
    dir=$top/$1
    local list=$top/$2 of_simnet=()
    shift 2
    while [ "$1" != -- ]; do of_simnet+=("$1"); shift; done
    shift
    mkdir "$dir"
    serve "$dir" "${WORLD[@]}" --clients "$dir/clients" "${of_simnet[@]}"
    "$BUILD/stscan" scan -o "$dir/scan.ndjson" --quiet --resolver "127.0.0.1:$DNS_PORT" -4 \
        --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" --smtp-port "$SMTP_PORT" \
        --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 --ehlo-name scanner.example \
        --dns-rate 0 --policy-rate 0 --probe-rate 0 --per-ip 1,1 --per-prefix 0,0 \
        --per-ip-rate 0,0 "$@" "$list" || { echo "$dir: exit $?"; exit 1; }
    stop_simnet
}

# 1. Everybody limits us once: all the same, every name comes out as the world was built.
run once few --limit-first 1,1 --retry-after 3 --
"$BUILD/simnet" "${WORLD[@]}" --truth "$dir/truth" --names "$top/few" || exit 1
tests/e2e/compare_truth.py "$dir/truth" "$dir/scan.ndjson" || bad=1
tests/e2e/check_gaps.py "$dir/clients" --https 3000 --smtp 1000 || bad=1
python3 - "$dir/scan.ndjson" <<'PY' || bad=1
import json, sys
for r in map(json.loads, open(sys.argv[1])):
    took = (r.get("policy") or {}).get("timing_ms") or {"total": 0}
    assert r["duration_ms"] >= took["total"] - took.get("own", 0), r
PY

# 2. Policy hosts limit us three times: gaps of 1, 2 and 4 seconds, and nobody reads as broken.
run growing many --limit-first 3,0 -- --no-probe --no-retry-undetermined
tests/e2e/check_gaps.py "$dir/clients" --https 1000,2000,4000 || bad=1
python3 - "$top/all.truth" "$dir/scan.ndjson" <<'PY' || bad=1
import json, sys
truth = {r["domain"]: r for r in map(json.loads, open(sys.argv[1]))}
limited = 0
for r in map(json.loads, open(sys.argv[2])):
    codes = {f["code"] for f in r["findings"]}
    if "http_limited" in codes:
        limited += 1
        assert r["adoption"] == "undetermined" or truth[r["domain"]]["adoption"] == "broken", r
        assert r["policy"]["http"]["status"] == 429, r
    else:
        assert r["adoption"] == truth[r["domain"]]["adoption"], (r, truth[r["domain"]])
assert limited > 100, limited
print(f"{limited} limited by 429, none of them broken for it")
PY

# 3. Mail hosts limit us for good: gaps of 1 and 2 seconds, and no word on their TLS.
run refused few --limit-first 0,1000000 -- --no-policy
tests/e2e/check_gaps.py "$dir/clients" --smtp 1000,2000 || bad=1
python3 - "$dir/scan.ndjson" <<'PY' || bad=1
import json, sys
limited = 0
for r in map(json.loads, open(sys.argv[1])):
    codes = {f["code"] for f in r["findings"]}
    assert not {c for c in codes if c.startswith(("starttls", "mx_cert", "mx_tls"))}, r
    for probe in (p for mx in r.get("mx", []) for p in mx.get("probes", [])):
        assert probe["status"] in ("limited", "refused"), probe
        assert probe["status"] == "refused" or not probe.get("starttls"), probe
        limited += probe["status"] == "limited"
assert limited > 50, limited
print(f"{limited} probes limited by 421, none said to lack STARTTLS")
PY

# 4. Policy hosts ask us to stay away for longer than we wait: nobody comes a second time, and those
# who asked are remembered by it.
run away many --limit-first 1000000,0 --retry-after 120 -- --no-probe
tests/e2e/check_gaps.py "$dir/clients" --https-once || bad=1
python3 - "$dir/scan.ndjson" <<'PY' || bad=1
import json, sys
asked, away = set(), set()
for r in map(json.loads, open(sys.argv[1])):
    if r.get("policy", {}).get("addresses"):
        away.add(r["policy"]["addresses"][0])
    if "http_limited" in {f["code"] for f in r["findings"]}:
        assert r["policy"]["http"]["status"] == 429, r
        assert r["cause"] or r["verdict"] == "not_applicable", r
        asked.add(r["policy"]["ip"])
assert len(asked) > 0.5 * len(away) > 10, (len(asked), len(away))
PY

# 5. Mail hosts that greylist offer no STARTTLS to whom they see for the first time.
run grey few --grey-first 1 --
tests/e2e/compare_truth.py "$top/once/truth" "$dir/scan.ndjson" || bad=1

# 6. Mail hosts whose first handshake breaks off: it speaks against nobody who shares them.
run broken few --break-first 1 --
tests/e2e/compare_truth.py "$top/once/truth" "$dir/scan.ndjson" || bad=1

# 7. Policy hosts that fall silent in the first handshake are no broken deployments.
run mute few --mute-first 1 -- --timeout-policy 8 --per-ip 0,1
tests/e2e/compare_truth.py "$top/once/truth" "$dir/scan.ndjson" || bad=1
[ $bad -eq 0 ] && echo "who limits us is left alone for a while, and judged rightly"
exit $bad
