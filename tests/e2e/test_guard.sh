#!/usr/bin/env bash
# Nothing is contacted that must not be: in a network namespace where every address answers, names
# that point inside, to this machine, to the user's list, by way of MX, CNAME, AIA and a second
# resolution; a victim that many names point at; a proxy in the environment; and what a person is
# shown of bytes that would drive the terminal.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
if [ -z "${IN_NAMESPACE:-}" ]; then
    PATH=$PATH:/usr/sbin
    unshare -rn true 2>/dev/null || { echo "no network namespaces here"; exit 77; }
    IN_NAMESPACE=1 exec unshare -rn "$0"
fi
ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo &&
    ip address add 93.184.99.1/32 dev lo || { echo "cannot set up routes"; exit 77; }
dir=$(mktemp -d /tmp/stscan-guard.XXXXXX)
world=
cleanup() {
    [ -z "$world" ] || kill "$world" 2>/dev/null
    wait 2>/dev/null
    [ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap cleanup EXIT

# start [VICTIM_DOMAINS]: the world, ready when it says so.
start() {
    exec 3< <(exec tests/e2e/guard/world.py "$dir" data/blocklist.conf "$@" \
        < <(exec tail -f /dev/null) 2>"$dir/world.log")
    world=$!
    read -r -u 3 line && [ "$line" = ready ] || { cat "$dir/world.log"; exit 1; }
}
stop() {
    kill "$world"
    wait "$world" 2>/dev/null
    world=
}
scan() {
    "$BUILD/stscan" scan -o "$dir/out.ndjson" --quiet --resolver 127.0.0.1:53 --dns-rate 0 \
        --ca-file "$dir/ca.pem" --timeout-policy 5 --timeout-probe 5 --per-ip-rate 0,0 \
        --per-ip 0,0 --per-prefix 0,0 --policy-rate 0 --probe-rate 0 "$@" "$dir/domains.txt" ||
        { echo "exit code $?"; exit 1; }
}

start
for v in http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
    export $v=http://93.193.0.1:3128
done
scan --ehlo-name scanner.test --blocklist "$dir/blocklist.txt"
tests/e2e/guard/judge.py "$dir" || exit 1

# -4 and -6: of two hosts, one a family, the right one is contacted, the other one is out of reach.
printf 'good0.test\ngood1.test\n' >"$dir/families.txt"
for family in 4 6; do
    before=$(wc -l <"$dir/contacts")
    "$BUILD/stscan" scan -o "$dir/ipv$family.ndjson" --quiet --resolver 127.0.0.1:53 -$family \
        --ca-file "$dir/ca.pem" --ehlo-name scanner.test "$dir/families.txt" ||
        { echo "-$family: exit code $?"; exit 1; }
    tail -n +$((before + 1)) "$dir/contacts" >"$dir/ipv$family.contacts"
done
python3 - "$dir" <<'PY' || exit 1
import ipaddress, json, sys
for family, own, other in ((4, "good0.test", "good1.test"), (6, "good1.test", "good0.test")):
    met = [line.split() for line in open(f"{sys.argv[1]}/ipv{family}.contacts")]
    assert {ipaddress.ip_address(ip).version for ip, _ in met} == {family}, met
    assert {port for _, port in met} >= {"443", "25"}, met
    r = {r["domain"]: r for r in map(json.loads, open(f"{sys.argv[1]}/ipv{family}.ndjson"))}
    codes = {d: {f["code"] for f in r[d]["findings"]} for d in r}
    assert {"host_unroutable", "smtp_unroutable"} <= codes[other], codes
    assert not {"host_unroutable", "smtp_unroutable"} & codes[own], codes
    assert r[other]["adoption"] == "undetermined", r[other]
PY

"$BUILD/stscan" check --resolver 127.0.0.1:53 --ehlo-name scanner.test --ca-file "$dir/ca.pem" \
    odd.test >"$dir/check.txt" 2>&1
grep -q odd.test "$dir/check.txt" || { echo "check says nothing"; cat "$dir/check.txt"; exit 1; }
python3 - "$dir/check.txt" <<'PY' || exit 1
import sys, unicodedata
text = open(sys.argv[1], "rb").read().decode("utf-8")
bad = sorted({hex(ord(c)) for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf")})
sys.exit("check lets through: " + " ".join(bad) if bad else 0)
PY
stop

# The victim's total is that of the scan, through a kill -9 and a resume.
start 10100
contacted() { grep -c '^93.189.0.1 443$' "$dir/contacts"; }
(scan --no-probe --no-retry-undetermined) >"$dir/killed.log" 2>&1 &
scanning=$!
is_half_way() { [ "$(contacted)" -ge 3000 ]; }
until_true "3,000 connections" is_half_way
read -r pid _ <"/proc/$scanning/task/$scanning/children"
kill -KILL "${pid:-none}" || { echo "the scan was over before it could be killed"; exit 1; }
wait "$scanning" >/dev/null
[ -s "$dir/out.state" ] || { echo "nothing is left to be resumed"; exit 1; }
scan --no-probe --no-retry-undetermined --resume
victim=$(contacted)
[ "$victim" -le 10000 ] && [ "$victim" -gt 9900 ] ||
    { echo "the victim was contacted $victim times"; exit 1; }
grep -q '"over_budget": [1-9]' "$dir/out.meta.json" || { echo "nothing was over the budget"; exit 1; }
[ ! -e "$dir/out.budget" ] && [ ! -e "$dir/out.state" ] || { echo "its state is still there"; exit 1; }
echo "every address answers, none was contacted that must not be; a victim $victim times"
