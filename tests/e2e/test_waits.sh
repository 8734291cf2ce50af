#!/usr/bin/env bash
# What waits for a limit costs nothing: with policy fetches held to one a second, DNS of all other
# names goes on to its end; the workers' loops lie still meanwhile; and a rate that SIGHUP re-reads
# holds from then on, higher or lower.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
dir=$(mktemp -d /tmp/stscan-waits.XXXXXX)
simnet="" scanner=""
trap 'kill $simnet $scanner 2>/dev/null; wait 2>/dev/null; [ -n "${KEEP:-}" ] || rm -rf "$dir"' EXIT
serve "$dir" --adoption 8
"$BUILD/simnet" --print-names 6000 | cut -d, -f2 >"$dir/names"
"$BUILD/simnet" --adoption 8 --truth "$dir/truth" --names "$dir/names" || exit 1
absent=$(grep -c '"adoption":"absent"' "$dir/truth")

: >"$dir/log"
echo 'policy-rate = 1' >"$dir/rates.conf"
"$BUILD/stscan" scan -o "$dir/scan.ndjson" --quiet --resolver "127.0.0.1:$DNS_PORT" -4 \
    --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" --ca-file "$CA_FILE" \
    --allow 127.0.0.0/8 --allow ::1 --no-probe --workers 2 --in-flight 2000 --dns-rate 0 \
    --per-ip 0,0 --per-prefix 0,0 --per-ip-rate 0,0 --timeout-policy 5 --timeout-dns 3 \
    --no-retry-undetermined --status-file "$dir/status" --metrics 127.0.0.1:0 --config "$dir/rates.conf" "$dir/names" \
    2>"$dir/log" &
scanner=$!
until url=$(grep -o 'http://[^ ]*' "$dir/log"); do
    kill -0 $scanner 2>/dev/null || die "no metrics"
    nap 0.05
done

declare -A m
look() { # the metrics, into m; ticks: CPU time of the scan so far
    local page
    # Each look has the workers asked, and shows what they said to the one before.
    curl -sf -m 20 --noproxy '*' -o /dev/null "$url"
    page=$(curl -sf -m 20 --noproxy '*' "$url") || die "the scan ended too early"
    while read -r name value; do m[$name]=$value; done < <(grep -v '^#' <<<"$page")
    m[elapsed_ms]=${m[stscan_elapsed_seconds]/./} # it has three decimals
    m[elapsed_ms]=$((10#${m[elapsed_ms]}))
    ticks=$(awk '{ print $14 + $15 }' "/proc/$scanner/stat") || die "the scan ended too early"
}
until_at_least() { # METRIC VALUE
    until look && [ "${m[$1]}" -ge "$2" ]; do nap 0.2; done
}
set_rate() {
    echo "policy-rate = $1" >"$dir/rates.conf"
    kill -HUP $scanner
    until grep -q "read again: 0 questions, $1 policy" "$dir/log"; do
        kill -0 $scanner 2>/dev/null || die "the scan ended too early"
        nap 0.05
    done
}

# 1. All absent names are done while next to no policy is fetched.
until look && [ $((m[stscan_domains_total] * 100)) -ge $((absent * 99)) ] ||
    [ "${m[stscan_fetches_total]}" -ge 100 ]; do
    nap 0.2
done
waiting=${m[stscan_in_flight]} fetched=${m[stscan_fetches_total]}
echo "$absent absent names done, $fetched fetches made, $waiting domains wait"
[ "$fetched" -lt 100 ] && [ "$waiting" -gt 100 ] || die "DNS waited for the policy fetches"

# 2. Waiting is idle: some twenty ticks of the clock a second of each loop, and no CPU to speak of.
until_at_least elapsed_ms $((m[elapsed_ms] + 1500))
turns=${m[stscan_loop_turns_total]} began=${m[elapsed_ms]} spent=$ticks
until_at_least elapsed_ms $((began + 3000))
turns=$((m[stscan_loop_turns_total] - turns)) spent=$((ticks - spent))
ms=$((m[elapsed_ms] - began))
hz=$(getconf CLK_TCK)
echo "$turns turns of the loops and $spent ticks of CPU in $ms ms"
# Each look and each fetch takes some turns, and on a slow machine the first counters are older.
[ $turns -le $(((ms + 2000) * 2 * 40 / 1000)) ] || die "the loops turn while there is nothing to do"
[ $((spent * 1000)) -le $((hz * ms / 10)) ] || die "waiting costs CPU"

# 3. A higher rate holds at once, and a lower one again.
fetched=${m[stscan_fetches_total]}
set_rate 40
until_at_least stscan_fetches_total $((fetched + 60))
set_rate 1
look
until_at_least elapsed_ms $((m[elapsed_ms] + 1500))
fetched=${m[stscan_fetches_total]} began=${m[elapsed_ms]}
until_at_least elapsed_ms $((began + 3000))
fetched=$((m[stscan_fetches_total] - fetched)) ms=$((m[elapsed_ms] - began))
echo "$fetched fetches in $ms ms at 1 a second"
[ $((fetched * 1000)) -le $((ms + 3000)) ] || die "the lower rate does not hold"
set_rate 0
wait $scanner || die "exit $?"
scanner=
# One line a period of 10 s and one at the end, however often somebody looked at the metrics.
python3 - "$dir/status" <<'PY' || die "the status file: $(cat "$dir/status")"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
at = [line["elapsed_ms"] for line in lines]
assert lines[-1]["state"] == "complete" and len(lines) >= 2, lines
assert all(b - a > 5000 for a, b in zip(at[:-1], at[1:-1])), at
assert all(a["done"] <= b["done"] for a, b in zip(lines, lines[1:])), lines
PY
"$BUILD/stscan" verify "$dir/scan.ndjson" >"$dir/verify" || die "$(cat "$dir/verify")"
echo "what waits for a limit costs nothing, and SIGHUP changes the rates"
