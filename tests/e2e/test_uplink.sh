#!/usr/bin/env bash
# The uplink is silent for longer than any deadline, while a resolver on this side goes on to answer
# as one does from its cache: every record must come out as the truth has it or undetermined, none
# may call a host dead. And a scan of nothing but dead hosts, which looks the same as long as it
# lasts, must end all the same and call them dead.
#
# The scanner and unbound are in a namespace of their own, simnet is in another one behind a link. A
# first scan fills unbound's cache. DOWN_S is how long the link is silent; with UPLINK_FULL=1 it is
# longer than a suspicion lasts that nothing but chance speaks for. KEEP=1 keeps the files.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
. tests/e2e/link.sh
enter_namespace
DEADLINE_S=6 # a slow host of the world takes 4.5
DOWN_S=${DOWN_S:-${UPLINK_FULL:+50}}
DOWN_S=${DOWN_S:-9}
NAMES=${NAMES:-1200}
DNS_RATE=${DNS_RATE:-200}
WORLD=(--seed 1 --adoption 20)

dir=$(mktemp -d /tmp/stscan-uplink.XXXXXX)
pids=()
cleanup() {
    for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap cleanup EXIT
make_link
far nft add table inet faults &&
    far nft add chain inet faults in '{ type filter hook input priority 0; }' || exit 77
# What arrives over there is lost: this machine sees silence, and nobody's word for it.
pull() { far nft add rule inet faults in iifname far drop || die "no rule"; }
plug_in() { far nft flush chain inet faults in || die "no rule"; }

# ---- the world -----------------------------------------------------------------------------------
"$BUILD/simnet" --print-names "$NAMES" --seed 1 >"$dir/names.csv" || exit 1
"$BUILD/simnet" "${WORLD[@]}" --truth "$dir/truth.ndjson" --names "$dir/names.csv" || exit 1
serve "$dir" "${WORLD[@]}"
pids+=("$simnet")
unbound_conf 10.99.0.1 "cache-min-ttl: 300" "rrset-roundrobin: no" >"$dir/unbound.conf"
unbound -d -c "$dir/unbound.conf" 2>>"$dir/unbound.log" &
pids+=($!)
until_true "unbound" sh -c "ss -Hlun 'sport = 53' | grep -q ."
scan() { # NAME BOUND_S DEADLINE_S OPTIONS... INPUT
    local name=$1 bound=$2 deadline=$3
    shift 3
    timeout "$bound" "$BUILD/stscan" scan -o "$dir/$name.ndjson.zst" --quiet -4 --workers 2 \
        --resolver 10.99.0.1:53 --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" \
        --smtp-port "$SMTP_PORT" --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 \
        --ehlo-name scanner.example --policy-rate 0 --probe-rate 0 --per-ip 0,0 --per-prefix 0,0 \
        --per-ip-rate 0,0 --timeout-policy "$deadline" --timeout-probe "$deadline" \
        --timeout-dns 4 "$@" \
        2>"$dir/log"
}
meta() { # NAME CONDITION: on the metadata m
    /usr/bin/python3 -c 'import json, sys; m = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' \
        "$dir/$1.meta.json" "$2" || die "metadata of $1: not $2"
}

scan calm 60 "$DEADLINE_S" --dns-rate 0 "$dir/names.csv" || die "nothing pulled: exit code $?"
meta calm 'm["work"]["uplink_suspected"] == 0'

# ---- an outage in mid-scan -----------------------------------------------------------------------
scan mid 170 "$DEADLINE_S" --dns-rate "$DNS_RATE" --in-flight 100 "$dir/names.csv" &
mid=$!
pids+=("$mid")
# Enough networks have answered that some of them are missed: with fewer than three of those, silence
# for so long is believed (uplink.h).
until_true "certificates" grep -qE '"certificates":([5-9][0-9]|[1-9][0-9]{2})' "$dir/mid.state"
pull
until_true "a suspicion" grep -q 'our own uplink is taken for down' "$dir/log"
nap "$DOWN_S"
kill -0 "$mid" 2>/dev/null || die "the scan was over before the end of the outage"
plug_in
wait "$mid" || die "exit code $?"
unset 'pids[-1]'
grep -q 'answers come again, after' "$dir/log" || die "nobody says that the uplink is back"
[ "$(grep -c 'uplink' "$dir/log")" -eq 1 ] || die "the outage is said more than once"
"$BUILD/stscan" verify "$dir/mid.ndjson.zst" || exit 1
tests/e2e/compare_truth.py "$dir/truth.ndjson" "$dir/mid.ndjson.zst" --faults nobody || exit 1
meta mid 'm["work"]["uplink_suspected"] >= 1 and m["work"]["uplink_retries"] >= 8'

# ---- nothing but dead hosts ----------------------------------------------------------------------
pull
/usr/bin/python3 - "$dir/truth.ndjson" >"$dir/dead" <<'PY' || exit 1
import json, sys
truth = map(json.loads, open(sys.argv[1]))
names = [t["domain"] for t in truth if t["adoption"] in ("testing", "enforce")][:40]
print("\n".join(names))
sys.exit(len(names) < 40)
PY
scan dead 50 2 --dns-rate 0 "$dir/dead" || die "only dead hosts: exit code $?"
plug_in
[ "$(grep -c 'silent hosts are taken for dead' "$dir/log")" -eq 1 ] ||
    die "not said once what silence is taken for"
meta dead 'm["counts"]["adoption"]["broken"] == 40 and m["counts"]["causes"]["host_tcp_timeout"] == 40'
echo "$NAMES names with $DOWN_S s of silence; 40 names of dead hosts"
