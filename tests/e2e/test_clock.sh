#!/usr/bin/env bash
# Clocks that jump during a scan. The wall clock is set by a day, back by an hour, past 2038 and to
# 1970: no deadline, no record and no certificate's validity may follow it. The machine is suspended
# for an hour in the middle of everything: nobody's silence may be called a timeout of theirs.
#
# clock/jump.c stands between the program and its clocks. KEEP=1 keeps the files.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
NAMES=2400
WORLD=(--seed 1 --adoption 10)
dir=$(mktemp -d /tmp/stscan-clock.XXXXXX)
cleanup() {
    for p in $(jobs -p); do kill "$p" 2>/dev/null; done
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap cleanup EXIT
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -shared -fPIC -o "$dir/jump.so" \
    tests/e2e/clock/jump.c -ldl || die "cannot build jump.so"
export CLOCK_JUMP=$dir/jumps
# jump SET SUSPENDED: seconds
jump() {
    /usr/bin/python3 -c 'import struct, sys
with open(sys.argv[1], "r+b" if sys.argv[4] else "wb") as f:
    f.write(struct.pack("<qq", int(sys.argv[2]), int(sys.argv[3])))' "$CLOCK_JUMP" "$1" "$2" \
        "$([ -e "$CLOCK_JUMP" ] && echo 1)"
}
jump 0 0

"$BUILD/simnet" --print-names "$NAMES" --seed 1 >"$dir/names.csv" || exit 1
"$BUILD/simnet" "${WORLD[@]}" --truth "$dir/truth.ndjson" --names "$dir/names.csv" || exit 1
serve "$dir" "${WORLD[@]}" --delay-ms 300

# begin NAME ARGS...: a scan of some seconds in the background ($pid), with clocks that can jump. ASan would
# be loaded first.
begin() {
    output=$dir/$1.ndjson seen=0
    LD_PRELOAD=$dir/jump.so ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 \
        "$BUILD/stscan" scan -o "$output" --resolver "127.0.0.1:$DNS_PORT" -4 \
        --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" --smtp-port "$SMTP_PORT" \
        --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 --ehlo-name scanner.example \
        --dns-rate 700 --policy-rate 0 --probe-rate 0 --per-ip 0,0 --per-prefix 0,0 \
        --per-ip-rate 0,0 --in-flight 400 --timeout-dns 5 --timeout-policy 8 --timeout-probe 8 \
        --timeout-domain 120 "${@:2}" "$dir/names.csv" 2>"$dir/log" &
    pid=$!
    more 200
}
# more N: until N further records are written
more() {
    seen=$((seen + $1))
    until_true "$seen records" eval "[ \$(wc -l <'$output') -ge $seen ]"
    kill -0 "$pid" 2>/dev/null || die "the scan is over before the clocks jumped"
}
# ended NAME: by itself, and with the truth
ended() {
    wait "$pid"
    local rc=$?
    [ $rc -eq 0 ] || die "$1: exit code $rc"
    tests/e2e/compare_truth.py "$dir/truth.ndjson" "$output" || die "$1: not as the truth"
}

began=$(date +%s)
begin set
in_2039=$((2200000000 - began)) in_1970=$((5 - began))
for by in 86400 -3600 $in_1970 $in_2039; do
    jump "$by" 0
    more 200
done
ended set
grep -qE "clock was set by \+${in_2039%??}[0-9]+ s" "$dir/log" || die "it does not say that the clock was set"

# Without a second pass, which would ask again for what was taken for silence. Answers take a third of
# a second, so that many are under way at any time.
jump 0 0
begin suspended --no-retry-undetermined
jump 0 3600
more 400
jump 0 7200
ended suspended

# Times: of the first scan between its true begin and now, of the second up to two hours later.
/usr/bin/python3 - "$dir" "$began" "$in_2039" <<'PY' || exit 1
import datetime, json, sys, time
folder, began, in_2039 = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
for name, allowed, set_by in (("set", 0, in_2039), ("suspended", 7200, 0)):
    first, last = began - 1, time.time() + 1 + allowed
    times = []
    for line in open(f"{folder}/{name}.ndjson"):
        r = json.loads(line)
        times.append(r["ts"])
        times += [p["ts"] for mx in r.get("mx", []) for p in mx["probes"] if p.get("ts")]
        if r["duration_ms"] > 120000:
            sys.exit(f"{name}: {r['domain']} lasted {r['duration_ms']} ms")
    meta = json.load(open(f"{folder}/{name}.meta.json"))
    times += [meta["start"], meta["end"]]
    bad = [t for t in times if not first <= seconds(t) <= last]
    if bad:
        sys.exit(f"{name}: {len(bad)} times of {len(times)} are absurd, as {bad[0]}")
    if abs(meta["clock_set_by_s"] - set_by) > 2:
        sys.exit(f"{name}: the metadata say that the clock was set by {meta['clock_set_by_s']} s")
PY
echo "the clock set by days and years, the machine suspended for hours: $NAMES names as the truth has them"
