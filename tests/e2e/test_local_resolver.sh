#!/usr/bin/env bash
# --local-resolver: a real unbound in a network namespace where every address is a name server. It
# finds what there is, never asks an address that it must not, and is gone after the end, after
# SIGINT and after kill -9 of the scan; when it dies itself it comes back.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
PATH=$PATH:/usr/sbin:/sbin
command -v unbound >/dev/null || { echo "no unbound"; exit 77; }
if [ -z "${IN_NAMESPACE:-}" ]; then
    # Root of the machine gives up its rights to the user unbound; root of a namespace cannot.
    for as in -nm -rnm; do
        unshare $as true 2>/dev/null && IN_NAMESPACE=$as exec unshare $as "$0"
    done
    echo "no network namespaces here"
    exit 77
fi
export IN_NAMESPACE
ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo &&
    ip address add 93.184.99.1/32 dev lo || { echo "cannot set up routes"; exit 77; }
# This world's root is not the one that the machine's key belongs to.
for keys in /usr/share/dns /var/lib/unbound; do
    [ ! -d $keys ] || mount -t tmpfs none $keys || { echo "cannot hide $keys"; exit 77; }
done
dir=$(mktemp -d /tmp/stscan-local.XXXXXX)
chmod 755 "$dir"
world=
cleanup() {
    [ -z "$world" ] || kill "$world" 2>/dev/null
    wait 2>/dev/null
    [ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap cleanup EXIT
exec 3< <(exec tests/e2e/local/world.py "$dir" data/blocklist.conf 2>"$dir/world.log")
world=$!
read -r -u 3 line && [ "$line" = ready ] || { cat "$dir/world.log"; exit 1; }

bad=0
fail() { echo "$*"; bad=1; }
echo "193.9.9.9" >"$dir/blocklist.txt"
options=(--local-resolver --local-resolver-conf "$dir/anchors.conf" --blocklist "$dir/blocklist.txt"
    --no-retry-undetermined --timeout-dns 8 --timeout-policy 5)
# The unbounds of this namespace.
resolvers() {
    local p
    for p in $(pgrep -x unbound); do
        [ "/proc/$p/ns/net" -ef /proc/self/ns/net ] && echo "$p"
    done
}
no_resolver() { [ -z "$(resolvers)" ] || { fail "$1: unbound is still there"; resolvers | xargs -r kill; }; }
# Waits until a pattern stands in a file that a process writes.
await() { # PATTERN FILE PID
    until grep -q "$1" "$2"; do
        kill -0 "$3" 2>/dev/null || { fail "ended without saying: $1"; cat "$2"; return 1; }
        nap 0.05
    done
}

# What is found, and who was asked.
"$BUILD/stscan" scan -o "$dir/out.ndjson" "${options[@]}" "$dir/domains.txt" 2>"$dir/err" ||
    { fail "exit code $?"; cat "$dir/err"; }
no_resolver "after the end"
grep -q "unbound 1.* of our own at 127.0.0.1:" "$dir/err" || fail "nothing is said of the resolver"
tests/e2e/local/judge.py "$dir" || bad=1

# The EHLO name, from an address that DNS knows, and from one that says nothing.
ehlo() { # PATTERN NAME SOURCE
    "$BUILD/stscan" scan -o "$dir/ehlo.ndjson" "${options[@]}" --ehlo-name "$2" --source "$3" \
        <(echo absent.example) 2>"$dir/err" || { fail "--source $3: exit code $?"; cat "$dir/err"; }
    if [ -z "$1" ]; then
        grep '^stscan: EHLO name' "$dir/err" && fail "$2 is as it should be"
        return
    fi
    grep -qF "stscan: EHLO name $2: $1" "$dir/err" || { fail "$2: not said: $1"; cat "$dir/err"; }
    grep -qF "\"$1" "$dir/ehlo.meta.json" || fail "$2: not in the metadata: $1"
}
ehlo '' scanner.example 93.184.99.1
ehlo "the PTR of 93.184.99.1 names scanner.example, not good.example; good.example has no A record" \
    good.example 93.184.99.1
ehlo "93.184.99.2 has no PTR record; scanner.example does not resolve to 93.184.99.2" \
    scanner.example 93.184.99.2
ehlo "not checked: we send from 10.9.9.9" scanner.example 10.9.9.9
options+=(--no-probe)

# A scan that its rate keeps going.
for i in $(seq 3000); do echo "d$i.hoster.example"; done >"$dir/many.txt"
begin() { # NAME [OPTION...]: runs in the background, sets scan and resolver
    local name=$1
    shift
    : >"$dir/$name.err"
    "$BUILD/stscan" scan -o "$dir/$name.ndjson" "${options[@]}" --no-policy --max-runtime 100 "$@" \
        "$dir/many.txt" 2>>"$dir/$name.err" &
    scan=$!
    await '^stscan: scanning' "$dir/$name.err" $scan
    resolver=$(resolvers)
    [ -n "$resolver" ] || fail "$name: no unbound"
}
begin int --dns-rate 1 --in-flight 1 --timeout-dns 2 --timeout-policy 2 --timeout-probe 2
if [ "$IN_NAMESPACE" = -nm ]; then
    [ "$(ps -o user= -p "$resolver")" = unbound ] || fail "unbound runs as $(ps -o user= -p "$resolver")"
fi
[ "$(ps -o sid= -p "$resolver")" -ne "$(ps -o sid= -p $scan)" ] || fail "Ctrl-C would reach unbound"
[ "$(tr '\0' ' ' <"/proc/$resolver/cmdline")" = "unbound -d -c /dev/fd/3 " ] || fail "command line"
kill -INT $scan
wait $scan
[ $? -eq 5 ] || fail "after SIGINT: exit code $?"
no_resolver "after SIGINT"

begin kill --dns-rate 1
kill -9 $scan
wait $scan 2>/dev/null
timeout 20 tail --pid="$resolver" -s 0.05 -f /dev/null || fail "after kill -9 of the scan unbound lives"
no_resolver "after kill -9"

# It dies: it is started again, and no name is lost.
begin dies --dns-rate 1000
kill -9 "$resolver"
wait $scan || fail "unbound died: exit code $?"
grep -q 'ended by signal 9; it is started again' "$dir/dies.err" || fail "nobody said that it died"
[ "$(grep -c '"adoption":"absent"' "$dir/dies.ndjson")" -eq 3000 ] || fail "names were lost"
grep -q '"restarts": 1,' "$dir/dies.meta.json" || fail "no restart in the metadata"

# SIGHUP: an address that is on the blocklist by now is asked no more.
begin hup --dns-rate 50 --in-flight 1 --timeout-dns 2 --timeout-policy 2 --timeout-probe 2
echo "193.0.0.1" >>"$dir/blocklist.txt"
# The old one knows the delegation already: another question there is the new one's.
until tld=$(grep -c '^192.5.6.30 ' "$dir/asked") && grep -q '"adoption":"absent"' "$dir/hup.ndjson" ||
    ! kill -0 $scan; do
    nap 0.05
done
kill -HUP $scan
await 'the local resolver begins anew' "$dir/hup.err" $scan
timeout 20 tail --pid="$resolver" -s 0.05 -f /dev/null || fail "the old one goes on"
leaf=$(grep -c '^193.0.0.1 ' "$dir/asked")
until [ "$(grep -c '^192.5.6.30 ' "$dir/asked")" -gt "$tld" ] || ! kill -0 $scan; do
    nap 0.05
done
kill -INT $scan
wait $scan
[ "$(grep -c '^193.0.0.1 ' "$dir/asked")" -eq "$leaf" ] || fail "asked although on the blocklist"
grep -q '"restarts": 0,' "$dir/hup.meta.json" || fail "a change of plan counts as a restart"
echo "193.9.9.9" >"$dir/blocklist.txt"

# Again and again: the scan stops as by the brake, and can go on.
begin dying --dns-rate 1
for _ in 1 2 3 4 5 6; do
    until resolver=$(resolvers) && [ -n "$resolver" ] || ! kill -0 $scan; do
        nap 0.05
    done
    kill -9 "$resolver"
    timeout 20 tail --pid="$resolver" -s 0.05 -f /dev/null
done
wait $scan
[ $? -eq 6 ] || fail "unbound died again and again: exit code $?"
"$BUILD/stscan" scan -o "$dir/dying.ndjson" --resume "${options[@]}" --no-policy --dns-rate 0 \
    "$dir/many.txt" 2>"$dir/err" || { fail "resume: exit code $?"; cat "$dir/err"; }
"$BUILD/stscan" verify "$dir/dying.ndjson" >"$dir/verify" || { fail "verify"; cat "$dir/verify"; }

# With few descriptors it is smaller, not refused.
(ulimit -n 200 && exec "$BUILD/stscan" scan -o "$dir/few.ndjson" "${options[@]}" --no-policy \
    --dns-rate 0 "$dir/many.txt" 2>"$dir/err") || { fail "few descriptors: $?"; cat "$dir/err"; }

# As a user without rights.
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if [ "$IN_NAMESPACE" = -nm ] && "${nobody[@]}" test -x "$BUILD/stscan"; then
    mkdir -m 777 "$dir/nobody"
    "${nobody[@]}" "$BUILD/stscan" scan \
        -o "$dir/nobody/out.ndjson" "${options[@]}" --no-policy "$dir/domains.txt" 2>"$dir/err" ||
        { fail "as nobody: exit code $?"; cat "$dir/err"; }
    no_resolver "as nobody"
fi

# What cannot be is said before anything is written.
refused() { # PATTERN OPTION...
    local pattern=$1
    shift
    "$BUILD/stscan" scan -o "$dir/refused.ndjson" "$@" "$dir/domains.txt" 2>"$dir/err"
    [ $? -eq 2 ] || fail "$*: not exit code 2"
    grep -q "$pattern" "$dir/err" || { fail "$*: no word of $pattern"; cat "$dir/err"; }
    ls "$dir"/refused.* >/dev/null 2>&1 && fail "$*: an output was begun"
    no_resolver "$*"
}
printf 'server:\n    no-such-statement: yes\n' >"$dir/wrong.conf"
refused 'fd/4:2: error' --local-resolver --local-resolver-conf "$dir/wrong.conf"
refused 'No such file' --local-resolver --local-resolver-conf "$dir/nowhere"
refused 'exclude each other' --local-resolver --resolver 192.0.2.1
mount --bind /dev/null "$(command -v unbound)" || fail "cannot hide unbound"
refused 'unbound is not installed' --local-resolver
[ $bad -eq 0 ] && echo "unbound finds what there is, asks nobody inside, and goes with the scan"
exit $bad
