#!/usr/bin/env bash
# Bad input and bad luck as a user meets them: what is said, the exit code, and that nothing else is
# lost. Runs against a resolver that answers NXDOMAIN to everything, and against none.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
dir=$(mktemp -d /tmp/stscan-input.XXXXXX)
simnet=
trap 'kill $simnet 2>/dev/null; wait $simnet 2>/dev/null; [ -n "${KEEP:-}" ] || rm -rf "$dir"' EXIT
serve "$dir" --adoption 0
bad=0 n=0
# run NAME EXIT RECORDS MESSAGE ARGUMENT…: out goes to $dir/NAME.ndjson, stdin passes through
run() {
    local name=$1 want=$2 records=$3 message=$4
    shift 4
    n=$((n + 1))
    "$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --dns-rate 0 --timeout-dns 2 \
        -o "$dir/$name.ndjson" "$@" >"$dir/$name.out" 2>"$dir/$name.err"
    local rc=$? lines
    lines=$(wc -l 2>/dev/null <"$dir/$name.ndjson" || echo 0)
    if [ $rc -ne "$want" ] || [ "$lines" -ne "$records" ] || ! grep -qE "$message" "$dir/$name.err"; then
        echo "$name: exit $rc (want $want), $lines records (want $records), said: $(tail -n 3 "$dir/$name.err")"
        bad=1
    fi
}
# reason NAME REASON COUNT: so many invalid_input records, and the metadata counts the reason
reason() {
    local got
    got=$(grep -c '"adoption":"invalid_input"' "$dir/$1.ndjson")
    [ "$got" -eq "$3" ] || { echo "$1: $got invalid records, want $3"; bad=1; }
    grep -q "\"$2\"" "$dir/$1.meta.json" || { echo "$1: no $2 in the metadata"; bad=1; }
}
long=$(printf 'a%.0s' $(seq 64))
printf 'good.example\nnot a name\n%s.example\nalso-good.example\n' "$long" >"$dir/mixed"
run mixed 0 4 '' "$dir/mixed"
reason mixed label_too_long 2
head -c 20000 /dev/urandom | tr -d '\n#' | head -c 9000 >"$dir/garbage"
printf '\nfine.example\n' >>"$dir/garbage"
run garbage 0 2 '' "$dir/garbage"
printf '%s\n' "$(printf 'x%.0s' $(seq 300000))" fine.example >"$dir/overlong"
run overlong 0 2 '' "$dir/overlong"
: >"$dir/empty"
run empty 0 0 '' "$dir/empty"
run missing 3 0 'No such file' "$dir/nowhere"
grep -q '"complete": false' "$dir/missing.meta.json" || { echo "missing: no metadata"; bad=1; }
cp "$dir/mixed.meta.json" "$dir/mixed.before"
run mixed 3 4 'No such file' "$dir/nowhere"
cmp -s "$dir/mixed.meta.json" "$dir/mixed.before" || { echo "mixed: other metadata"; bad=1; }
run directory 3 0 'directory' "$dir"
# An output that cannot be opened leaves nothing behind that looks like a scan.
for end in .ndjson .certs.ndjson.zst .meta.json; do
    mkdir "$dir/is" "$dir/is/x$end"
    "$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --quiet -o "$dir/is/x.ndjson" \
        "$dir/mixed" 2>"$dir/err"
    [ $? -eq 4 ] && grep -qi "x$end: is a directory" "$dir/err" ||
        { echo "x$end is a directory: $(cat "$dir/err")"; bad=1; }
    [ "$(find "$dir/is" -mindepth 1 ! -name "x$end" -printf '%f %s\n')" = '' ] ||
        [ "$end" = .certs.ndjson.zst ] && ! [ -e "$dir/is/x.state" ] ||
        { echo "x$end is a directory: there is $(ls "$dir/is")"; bad=1; }
    rm -r "$dir/is"
done
seq 1 5000 | sed 's/$/.example/' | zstd -q >"$dir/whole.zst"
head -c "$(($(stat -c %s "$dir/whole.zst") / 2))" "$dir/whole.zst" >"$dir/cut.zst"
"$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --dns-rate 0 -o "$dir/cut.ndjson" \
    "$dir/cut.zst" 2>"$dir/cut.err"
[ $? -eq 3 ] && grep -qi 'truncated\|cut' "$dir/cut.err" || { echo "cut.zst: $(cat "$dir/cut.err")"; bad=1; }
# A zone as a registry gives it out: each delegated owner once, glue and DS aside, packed or not.
cat >"$dir/zone" <<'END'
$ORIGIN zone.
$TTL 900
@ IN SOA a.nic.zone. b.nic.zone. 1 1800 900 604800 86400
@ IN NS a.nic.zone.
one 172800 IN NS ns1
    172800 IN NS ns2.elsewhere.example.
ONE IN DS 1 8 2 00
ns1.one A 192.0.2.1
two.zone. IN NS (
    ns1.elsewhere.example. )
END
gzip -k "$dir/zone"
run zone 0 2 '' "$dir/zone"
run packed 0 2 '' "$dir/zone.gz"
run told 0 2 '' --format zone - <"$dir/zone"
for name in zone packed told; do
    got=$(sed 's/.*"domain":"\([^"]*\)".*/\1/' "$dir/$name.ndjson" | sort | tr '\n' ' ')
    [ "$got" = "one.zone two.zone " ] || { echo "$name: scanned $got"; bad=1; }
done
run option 2 0 'no-such-option' --no-such-option "$dir/mixed"
run resolver 2 0 'resolver' --resolver not:an:address "$dir/mixed"
run stdin 0 2 '' - < <(printf 'one.example\r\n\n# comment\ntwo.example')
grep -q '"domain":"two.example","rank":null,"index":1' "$dir/stdin.ndjson" || { echo "stdin: index"; bad=1; }
printf 'full.example\n' >"$dir/one"
"$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --quiet -o - "$dir/one" >/dev/full 2>"$dir/full.err"
[ $? -eq 4 ] || { echo "full disk: $(cat "$dir/full.err")"; bad=1; }
mkdir "$dir/link" && ln -s "$dir/elsewhere" "$dir/link/scan.ndjson"
"$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --quiet -o "$dir/link/scan.ndjson" "$dir/one" 2>/dev/null
[ $? -eq 4 ] && [ ! -e "$dir/elsewhere" ] || { echo "a symbolic link was followed"; bad=1; }

# A pipe that nobody writes to can be left by a signal.
mkfifo "$dir/pipe"
"$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --quiet -o "$dir/pipe.ndjson" "$dir/pipe" &
waiting=$!
for _ in $(seq 100); do
    grep -qs wait_for_partner "/proc/$waiting/wchan" && break
    nap 0.05
done
for _ in $(seq 100); do
    kill -TERM $waiting 2>/dev/null || break
    nap 0.05
done
kill -KILL $waiting 2>/dev/null && { echo "pipe: signals are not heard"; bad=1; }
wait $waiting && { echo "pipe: a scan of an empty pipe was complete"; bad=1; }

# A stream that goes on slowly: what has come is scanned before the next line or the end comes.
mkfifo "$dir/slow"
"$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --quiet -o "$dir/slow.ndjson" "$dir/slow" \
    2>"$dir/slow.err" &
slow=$!
exec 9>"$dir/slow"
# seen NAME: waits until its record is there, at most 60 s
seen() {
    for _ in $(seq 1200); do
        grep -qs "\"domain\":\"$1\"" "$dir/slow.ndjson" && return
        nap 0.05
    done
    echo "slow: $1 is not scanned while the pipe is open: $(cat "$dir/slow.err")"
    bad=1
}
echo first.example >&9
seen first.example
printf 'second.example\nthird.example\n' >&9
seen second.example
seen third.example
exec 9>&-
wait $slow || { echo "slow: exit code $?"; bad=1; }
n=$((n + 1))

# A pipe is gone on with only when it holds what it held, also behind its first 32 KiB.
seq -f 'name%05.0f.example' 1 12000 >"$dir/list"
"$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --dns-rate 6000 \
    --timeout-dns 1 --no-retry-undetermined --quiet -o "$dir/piped.ndjson" - < <(cat "$dir/list") 2>"$dir/piped.err" &
piped=$!
for _ in $(seq 1200); do
    grep -qsE '"records":[0-9]{4}' "$dir/piped.state" && break
    kill -0 $piped 2>/dev/null || break
    nap 0.05
done
kill -KILL $piped 2>/dev/null || { echo "piped: it is over too soon"; bad=1; }
wait $piped 2>/dev/null
done_last=$(head -n 1000 "$dir/piped.ndjson" | grep -o 'name[0-9]*' | sort | tail -n 1)
sed "s/$done_last/other/" "$dir/list" >"$dir/changed"
# resumed FILE WANT MESSAGE: through a pipe
resumed() {
    local rc
    "$BUILD/stscan" scan --resolver "127.0.0.1:$DNS_PORT" --dns-rate 6000 \
        --timeout-dns 1 --no-retry-undetermined --resume -o "$dir/piped.ndjson" - < <(cat "$1") >"$dir/piped.out" 2>"$dir/piped.err"
    rc=$?
    [ $rc -eq "$2" ] && grep -q "$3" "$dir/piped.err" ||
        { echo "piped: exit $rc (want $2): $(tail -n 3 "$dir/piped.err")"; bad=1; }
}
resumed "$dir/changed" 2 'not the input that the scan began with'
grep -q '"other\.example' "$dir/piped.ndjson" && { echo "piped: two inputs are mixed"; bad=1; }
head -n 5000 "$dir/list" >"$dir/short"
resumed "$dir/short" 2 'not the input that the scan began with'
resumed "$dir/list" 0 'read 12000 = written 12000 '
"$BUILD/stscan" verify "$dir/piped.ndjson" >"$dir/piped.out" || { cat "$dir/piped.out"; bad=1; }
n=$((n + 1))

# No resolver: everything undetermined, nothing absent, exit 6, and it says why.
kill $simnet; wait $simnet 2>/dev/null
seq 1 50 | sed 's/$/.example/' >"$dir/fifty"
run nobody 6 50 'lookups|answer' "$dir/fifty"
[ "$(grep -c '"adoption":"undetermined"' "$dir/nobody.ndjson")" -eq 50 ] || { echo "nobody: not all undetermined"; bad=1; }
grep -q '"complete": *false' "$dir/nobody.meta.json" || { echo "nobody: complete"; bad=1; }
for f in "$dir"/*.ndjson; do [ -s "$f" ] && cat "$f"; done | tests/e2e/schema_check.py || bad=1
[ $bad -eq 0 ] && echo "$n inputs, each with its exit code"
exit $bad
