#!/usr/bin/env bash
# One scan through a network that fails: the resolver is killed and started again and again, packets
# are lost, the cable is pulled, half of the policy hosts are tarpits. It must end by itself, write
# every name once, and never say of a name what is not so; that it could not find out it may say.
#
# The scanner is in a namespace of its own, unbound and simnet are in another one behind a link.
# FAULTS_FULL=1 is the long form. NAMES, ADOPTION and DNS_RATE say how much there is to do, LOSS_S and
# DOWN_S how long a fault lasts; KEEP=1 keeps the files.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
. tests/e2e/link.sh
enter_namespace
if [ -n "${FAULTS_FULL:-}" ]; then
    NAMES=${NAMES:-200000} ADOPTION=${ADOPTION:-2} DNS_RATE=${DNS_RATE:-2500}
    RESTARTS=6 LOSS_S=20 DOWN_S=10 DEADLINE_S=30 BOUND_S=1500
else
    NAMES=${NAMES:-4000} ADOPTION=${ADOPTION:-8} DNS_RATE=${DNS_RATE:-360}
    RESTARTS=3 LOSS_S=5 DOWN_S=5 DEADLINE_S=8 BOUND_S=180
fi
WORLD=(--seed 1 --adoption "$ADOPTION")
TARPITS='[0-9.]*[13579]' # addresses whose last bit is set

dir=$(mktemp -d /tmp/stscan-faults.XXXXXX)
pids=() unbound=
cleanup() {
    for p in "${pids[@]}" $unbound; do kill "$p" 2>/dev/null; done
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap cleanup EXIT

make_link

# ---- the world -----------------------------------------------------------------------------------
"$BUILD/simnet" --print-names "$NAMES" --seed 1 >"$dir/names.csv" || exit 1
"$BUILD/simnet" "${WORLD[@]}" --truth "$dir/truth.ndjson" --names "$dir/names.csv" || exit 1
serve "$dir" "${WORLD[@]}"
pids+=("$simnet")
unbound_conf 10.99.0.2 >"$dir/unbound.conf"
resolver_start() {
    nsenter -t "$far" -n -- unbound -d -c "$dir/unbound.conf" 2>>"$dir/unbound.log" &
    unbound=$!
}
resolver_stop() {
    kill -9 "$unbound"
    wait "$unbound" 2>/dev/null
    unbound=
}
resolver_start
until_true "unbound" far sh -c "ss -Hlun 'sport = 53' | grep -q ."

# Each packet crosses one input: what is lost is lost on the link. Of a connection to a tarpit the
# handshake of TCP passes and no more.
rules() { nft "$@" && far nft "$@"; }
rules add table inet faults
rules 'add chain inet faults in { type filter hook input priority 0; }'
rules 'add chain inet faults loss'
rules 'add rule inet faults in jump loss'
rules 'add rule inet faults in meta l4proto tcp numgen random mod 100 < 1 drop'
far nft add rule inet faults in "tcp dport $HTTPS_PORT ip daddr & 0.0.0.1 == 0.0.0.1" \
    'tcp flags & psh == psh drop' || die "no rule for tarpits"

# ---- the scan ------------------------------------------------------------------------------------
timeout "$BOUND_S" "$BUILD/stscan" scan -o "$dir/scan.ndjson.zst" --resolver 10.99.0.2:53 -4 \
    --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" --smtp-port "$SMTP_PORT" \
    --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 --ehlo-name scanner.example \
    --dns-rate "$DNS_RATE" --policy-rate 0 --probe-rate 0 --per-ip 0,0 --per-prefix 0,0 \
    --per-ip-rate 0,0 --timeout-dns $((DOWN_S + 5)) --timeout-policy "$DEADLINE_S" --timeout-probe "$DEADLINE_S" \
    "$dir/names.csv" 2>"$dir/log" &
scan=$!
pids+=("$scan")
# under_way FAULT: the first pass must go on when a fault is over, or nothing was tried.
under_way() {
    kill -0 "$scan" 2>/dev/null || die "the scan was over before the end of: $1"
}
until_true "records" grep -q '"records":[1-9]' "$dir/scan.state"
for ((i = 1; i <= RESTARTS; i++)); do
    resolver_stop
    nap 1
    resolver_start
    nap 1
    under_way "restart $i of the resolver"
done
rules 'add rule inet faults loss numgen random mod 100 < 30 drop'
nap "$LOSS_S"
rules flush chain inet faults loss
under_way "loss"
far ip link set far down
nap "$DOWN_S"
far ip link set far up
under_way "no link"
wait "$scan"
rc=$?
pids=("${pids[@]:0:2}")
[ $rc -eq 0 ] || die "exit code $rc"

"$BUILD/stscan" verify "$dir/scan.ndjson.zst" || exit 1
tests/e2e/compare_truth.py "$dir/truth.ndjson" "$dir/scan.ndjson.zst" --faults "$TARPITS" || exit 1

# What happened stands in the metadata too: complete, though not at once, and of what is not known
# the count is that of the records.
/usr/bin/python3 - "$dir/scan.meta.json" "$dir/scan.ndjson.zst" "$NAMES" <<'PY' || exit 1
import json, subprocess, sys
meta = json.load(open(sys.argv[1]))
records = subprocess.run(["zstdcat", sys.argv[2]], stdout=subprocess.PIPE, check=True).stdout
unknown = records.count(b'"adoption":"undetermined"')
wrong = [what for what, ok in (
    ("complete", meta["complete"] and meta["exit_code"] == 0),
    ("records", meta["counts"]["records"] == int(sys.argv[3])),
    ("undetermined", meta["counts"]["adoption"]["undetermined"] == unknown),
    ("tries again", meta["work"]["dns_retries"] > 0),
    ("second pass", meta["work"]["retried"] > 0)) if not ok]
sys.exit("metadata: " + ", ".join(wrong) if wrong else 0)
PY
echo "$NAMES names through $RESTARTS restarts, $LOSS_S s of loss, $DOWN_S s without link, and tarpits"
