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
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
PATH=$PATH:/usr/sbin
for tool in nft ip unbound nsenter; do
    command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
done
if [ -z "${IN_NAMESPACE:-}" ]; then
    unshare -rn true 2>/dev/null || { echo "no network namespaces here"; exit 77; }
    unshare -rn nft add table inet faults 2>/dev/null || { echo "no nftables here"; exit 77; }
    IN_NAMESPACE=1 exec unshare -rn "$0"
fi
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
die() {
    echo "$*"
    tail -n 5 "$dir/log" 2>/dev/null
    exit 1
}
nap() { read -rt "$1" <> <(:); } # how long a fault lasts
until_true() { # WHAT COMMAND...: waits for an event, at most 60 s
    local what=$1 i
    shift
    for ((i = 0; i < 1200; i++)); do
        "$@" >/dev/null 2>&1 && return
        nap 0.05
    done
    die "never seen: $what"
}

# ---- two namespaces and a link -------------------------------------------------------------------
unshare -n sleep infinity &
far=$!
pids+=($far)
is_apart() { [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
until_true "a second namespace" is_apart
far() { nsenter -t "$far" -n -- "$@"; }
# 127.0.0.0/8 lies behind the link.
ip link set lo up && ip address del 127.0.0.1/8 dev lo &&
    ip link add near type veth peer name far netns "$far" &&
    ip address add 10.99.0.1/30 dev near && ip link set near up &&
    far ip link set lo up && far ip address add 10.99.0.2/30 dev far && far ip link set far up &&
    sysctl -qw net.ipv4.conf.all.route_localnet=1 &&
    far sysctl -qw net.ipv4.conf.all.route_localnet=1 &&
    ip route add 127.0.0.0/8 via 10.99.0.2 || { echo "cannot set up a link"; exit 77; }
far nft add table inet faults &&
    far nft add chain inet faults in '{ type filter hook input priority 0; }' || exit 77
# What arrives over there is lost: this machine sees silence, and nobody's word for it.
pull() { far nft add rule inet faults in iifname far drop || die "no rule"; }
plug_in() { far nft flush chain inet faults in || die "no rule"; }

# ---- the world -----------------------------------------------------------------------------------
"$BUILD/simnet" --print-names "$NAMES" --seed 1 >"$dir/names.csv" || exit 1
"$BUILD/simnet" "${WORLD[@]}" --truth "$dir/truth.ndjson" --names "$dir/names.csv" || exit 1
nsenter -t "$far" -n -- "$BUILD/simnet" "${WORLD[@]}" --dir "$dir" --dns-port 0 --https-port 0 \
    --smtp-port 0 >"$dir/simnet.log" 2>&1 &
pids+=($!)
until_true "simnet" test -s "$dir/ports.env"
# shellcheck disable=SC1091
. "$dir/ports.env"
cat >"$dir/unbound.conf" <<CONF
server:
    interface: 10.99.0.1@53
    access-control: 10.99.0.0/30 allow
    module-config: "iterator"
    do-not-query-localhost: no
    local-zone: localhost nodefault
    cache-max-ttl: 2147483647
    cache-min-ttl: 300
    rrset-roundrobin: no
    num-threads: 1
    outgoing-range: 4096
    num-queries-per-thread: 4096
    username: ""
    chroot: ""
    directory: "$dir"
    pidfile: ""
    use-syslog: no
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@$DNS_PORT
CONF
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
pids+=($mid)
until_true "certificates" grep -qE '"certificates":[1-9][0-9]' "$dir/mid.state"
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
