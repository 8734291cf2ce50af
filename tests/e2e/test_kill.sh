#!/usr/bin/env bash
# kill -9 at random moments, --resume, until the scan is complete: verify must pass, and the records
# must be those of a scan that nobody disturbed. Then the same with shards in random order.
#
# KILL_FULL=1 (make kill-full) is the long form: 50 kills over one scan of 100,000 names, and 60 over
# 20 shards. KILLS, NAMES, SHARDS, SHARD_KILLS, KILL_MS, RATE, SEED (of the moments) and
# ADOPTION (per cent) set it in detail; KEEP=1 keeps files.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
if [ "${KILL_FULL:-}" = 1 ]; then
    KILLS=${KILLS:-50} NAMES=${NAMES:-100000} SHARDS=${SHARDS:-20} SHARD_KILLS=${SHARD_KILLS:-3}
    KILL_MS=${KILL_MS:-6000}
fi
KILLS=${KILLS:-10}
NAMES=${NAMES:-20000}
SHARDS=${SHARDS:-4}
SHARD_KILLS=${SHARD_KILLS:-2}
KILL_MS=${KILL_MS:-2500} # the latest moment of a run
# Names a second, such that the kills are spread over the scan though its rate rises for seconds.
RATE=${RATE:-$((NAMES * 4000 / KILLS / KILL_MS))}
SHARD_RATE=${SHARD_RATE:-$((NAMES * 2500 / SHARDS / SHARD_KILLS / KILL_MS))}
SEED=${SEED:-1}
WORLD=(--seed 1 --adoption "${ADOPTION:-2}")
RANDOM=$SEED
dir=$(mktemp -d /tmp/stscan-kill.XXXXXX)
simnet=
cleanup() {
    [ -n "$simnet" ] && kill "$simnet" 2>/dev/null
    for p in $(jobs -p); do kill -9 "$p" 2>/dev/null; done
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap cleanup EXIT

"$BUILD/simnet" --print-names "$NAMES" --seed 1 >"$dir/names.csv" || exit 1
"$BUILD/simnet" "${WORLD[@]}" --truth "$dir/truth.ndjson" --names "$dir/names.csv" || exit 1
serve "$dir" "${WORLD[@]}"

# scan NAME ARGS...: starts or goes on with one scan; its exit code. The rate spreads the kills over
# the scan.
scan() {
    local name=$1
    shift
    exec "$BUILD/stscan" scan --resume -o "$dir/$name.ndjson.zst" --quiet \
        --resolver "127.0.0.1:$DNS_PORT" --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" \
        --smtp-port "$SMTP_PORT" --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 \
        --ehlo-name scanner.example -4 --policy-rate 0 --probe-rate 0 --per-ip 0,0 --per-prefix 0,0 \
        --per-ip-rate 0,0 --timeout-dns 5 --timeout-policy 6 --timeout-probe 6 "$@" "$dir/names.csv"
}

# disturbed NAME KILLS ARGS...: scans to the end through so many kills; counts them in $killed.
disturbed() {
    local name=$1 kills=$2 rc pid left ms
    shift 2
    killed=0
    for ((left = kills; left > 0; left--)); do
        (scan "$name" "$@") >>"$dir/$name.log" 2>&1 &
        pid=$!
        ms=$((RANDOM % KILL_MS))
        nap "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
        kill -9 "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
        rc=$?
        [ $rc -eq 137 ] || break
        killed=$((killed + 1))
        "$BUILD/stscan" verify "$dir/$name.ndjson.zst" >"$dir/verify.$name" 2>&1 &&
            die "$name: verify takes an unfinished scan for whole"
    done
    [ "${rc:-137}" -eq 137 ] && { (scan "$name" "$@") >>"$dir/$name.log" 2>&1; rc=$?; }
    [ "$rc" -eq 0 ] || { tail -n 5 "$dir/$name.log"; die "$name: exit code $rc"; }
    [ ! -e "$dir/$name.state" ] || die "$name: its state is still there"
}

# reconciled NAME: what the metadata say was spent, in all runs, is enough for all records.
reconciled() {
    /usr/bin/python3 - "$dir/$1.meta.json" <<'EOF' || die "$1: the metadata do not come out"
import json, sys
m = json.load(open(sys.argv[1]))
work, n = m["work"], m["counts"]["records"]
asked = sum(work["lookups"].values())
probed = sum(m["failures"]["probes"].values())
print(f"{n} records in {m['runs']} runs: {asked} questions, {work['dns_sent']} sent")
sys.exit(not (asked >= n and work["dns_sent"] >= n and probed <= work["probes"]))
EOF
}

# ---- one scan ------------------------------------------------------------------------------------
disturbed one "$KILLS" --dns-rate "$RATE"
total=$killed
if [ "${KILL_FULL:-}" = 1 ]; then
    [ "$killed" -eq "$KILLS" ] || die "only $killed of $KILLS kills met the scan: it is too fast"
fi
[ $((killed * 2)) -ge "$KILLS" ] || die "only $killed of $KILLS kills met the scan: it is too fast"
"$BUILD/stscan" verify "$dir/one.ndjson.zst" || exit 1
reconciled one
tests/e2e/compare_truth.py "$dir/truth.ndjson" "$dir/one.ndjson.zst" || exit 1

# ---- shards in random order, several at once -----------------------------------------------------
mapfile -t order < <(seq 0 $((SHARDS - 1)) | shuf --random-source=<(yes "$SEED"))
running=0
for i in "${order[@]}"; do
    (
        RANDOM=$((SEED + i + 1))
        trap - EXIT
        disturbed "shard$i" "$SHARD_KILLS" --shards "$SHARDS" --shard "$i" --seed 7 \
            --dns-rate "$SHARD_RATE"
        echo "$killed" >"$dir/killed.$i"
    ) &
    pids[i]=$!
    running=$((running + 1))
    if [ $running -ge 4 ]; then
        wait -n || { cat "$dir"/verify.* "$dir"/shard*.log | tail -n 20; die "a shard failed"; }
        running=$((running - 1))
    fi
done
for i in "${order[@]}"; do
    wait "${pids[i]}" || { tail -n 20 "$dir/shard$i.log"; die "shard $i failed"; }
    total=$((total + $(cat "$dir/killed.$i")))
done
outputs=()
for i in "${order[@]}"; do outputs+=("$dir/shard$i.ndjson.zst"); done
"$BUILD/stscan" verify "${outputs[@]}" || exit 1
cat "${outputs[@]}" >"$dir/all.ndjson.zst"
tests/e2e/compare_truth.py "$dir/truth.ndjson" "$dir/all.ndjson.zst" || exit 1

# What is missing or doubled is named.
"$BUILD/stscan" verify "${outputs[@]:1}" >"$dir/missing" && die "a missing shard is not seen"
grep -q "shard ${order[0]} of $SHARDS is missing" "$dir/missing" || { cat "$dir/missing"; exit 1; }
"$BUILD/stscan" verify "${outputs[@]}" "${outputs[0]}" >"$dir/doubled" &&
    die "a doubled shard is not seen"
grep -q "shard ${order[0]} is there twice" "$dir/doubled" || { cat "$dir/doubled"; exit 1; }
echo "$NAMES names, $total kills, $SHARDS shards: every input once, records as the truth has them"
