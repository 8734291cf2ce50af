#!/usr/bin/env bash
# How scans end: by signals, by outputs that cannot be written, by a second scan on the same output;
# and that each of them can be gone on with.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
. tests/e2e/common.sh
NAMES=12000
dir=$(mktemp -d /tmp/stscan-ends.XXXXXX)
simnet=
cleanup() {
    for p in $(jobs -p); do kill -9 "$p" 2>/dev/null; done
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap cleanup EXIT

"$BUILD/simnet" --print-names "$NAMES" --seed 1 | sed '1,3s/,.*/,not a name/' >"$dir/names.csv"
serve "$dir" --seed 1 --adoption 0.5
args=(--resolver "127.0.0.1:$DNS_PORT" --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT"
    --smtp-port "$SMTP_PORT" --ca-file "$CA_FILE" --allow 127.0.0.0/8 -4 --ehlo-name scanner.example
    --timeout-dns 4 --timeout-policy 4 --timeout-probe 4 --per-ip "0,0" --per-prefix "0,0"
    --per-ip-rate "0,0" --no-retry-undetermined)

# begin NAME ARGS...: a slow scan in the background ($pid), when its first records are on disk
begin() {
    local name=$1
    shift
    "$BUILD/stscan" scan -o "$dir/$name.ndjson.zst" "${args[@]}" "$@" "$dir/names.csv" \
        2>"$dir/log" &
    pid=$!
    until_true "records of $name" grep -q '"records":[1-9]' "$dir/$name.state"
}
# ended CODE: waits for it
ended() {
    wait "$pid"
    local rc=$?
    [ $rc -eq "$1" ] || die "exit code $rc instead of $1"
}
resumed() {
    "$BUILD/stscan" scan --resume -o "$dir/$1.ndjson.zst" "${args[@]}" --dns-rate 0 \
        "$dir/names.csv" 2>"$dir/log" || die "resume of $1: exit code $?"
    "$BUILD/stscan" verify "$dir/$1.ndjson.zst" >"$dir/verify" || { cat "$dir/verify"; exit 1; }
    grep -qx "stscan: read $NAMES = written $((NAMES - 3)) + invalid 3: complete" "$dir/log" ||
        die "$1: the last line does not come out"
}
is_incomplete() {
    grep -q '"complete": false' "$dir/$1.meta.json" || die "$1: the metadata calls it complete"
    [ -s "$dir/$1.state" ] || die "$1: no state"
}

# ---- TERM: what is under way is finished; USR1 and HUP before it ---------------------------------
echo 'dns-rate = 1500' >"$dir/rates.conf"
: >"$dir/blocklist"
begin term --config "$dir/rates.conf" --blocklist "$dir/blocklist"
kill -USR1 "$pid"
until_true "statistics" grep -q 'durable; dns:' "$dir/log"
"$BUILD/stscan" scan -o "$dir/term.ndjson.zst" --resume "${args[@]}" "$dir/names.csv" \
    2>"$dir/second"
[ $? -eq 2 ] && grep -q 'another scan is writing' "$dir/second" || die "two scans on one output"
echo 'dns-rate = 1400' >"$dir/rates.conf"
cut -d, -f2 "$dir/names.csv" | sed 's/^/./' >"$dir/blocklist"
sed -i '/not a name/d' "$dir/blocklist"
kill -HUP "$pid"
until_true "rates" grep -q 'read again: 1400 questions' "$dir/log"
until_true "what the new blocklist excludes" \
    eval "zstdcat '$dir/term.ndjson.zst' 2>/dev/null | grep -q '\"adoption\":\"excluded\"'"
kill -TERM "$pid"
wait "$pid"
rc=$?
# With everything on the blocklist the rest is done in no time: both ends are right.
case $rc in
5) is_incomplete term && resumed term ;;
0) "$BUILD/stscan" verify "$dir/term.ndjson.zst" >"$dir/verify" || die "term: verify" ;;
*) die "exit code $rc" ;;
esac

# ---- INT, twice ----------------------------------------------------------------------------------
begin twice --dns-rate 700
kill -INT "$pid"
until_true "the first signal" grep -q 'stopping: no new input' "$dir/log"
kill -INT "$pid"
ended 5
is_incomplete twice
tail -n 1 "$dir/log" | grep -qE '^stscan: read [0-9]+ = written [0-9]+ \+ invalid [0-9]+' ||
    die "the last line does not reconcile"
"$BUILD/stscan" scan -o "$dir/twice.ndjson.zst" "${args[@]}" "$dir/names.csv" 2>"$dir/log"
[ $? -eq 2 ] || die "an unfinished scan is overwritten"
"$BUILD/stscan" scan --resume --seed 5 -o "$dir/twice.ndjson.zst" "${args[@]}" "$dir/names.csv" \
    2>"$dir/log"
[ $? -eq 2 ] && grep -q 'seed was 0 and is 5' "$dir/log" || die "another seed is not refused"
resumed twice

# ---- the brake: what the failed window tried is not done, with a second pass or without ----------
head -n 300 "$dir/names.csv" >"$dir/some.csv"
for retry in --retry-undetermined --no-retry-undetermined; do
    "$BUILD/stscan" scan -o "$dir/brake.ndjson" "${args[@]/%:$DNS_PORT/:1}" $retry "$dir/some.csv" \
        2>"$dir/log"
    [ $? -eq 6 ] || die "the brake: not exit code 6"
    is_incomplete brake
    "$BUILD/stscan" scan -o "$dir/brake.ndjson" --resume "${args[@]}" $retry "$dir/some.csv" \
        2>"$dir/log" || die "resume after the brake: exit code $?"
    "$BUILD/stscan" verify "$dir/brake.ndjson" >"$dir/verify" || { cat "$dir/verify"; exit 1; }
    [ "$(grep -c '"adoption":"undetermined"' "$dir/brake.ndjson")" -lt 20 ] ||
        die "$retry: what the brake saw fail was not done again"
done

# ---- outputs that cannot be written --------------------------------------------------------------
(
    ulimit -f 64 # KiB: EFBIG, as a full quota
    exec "$BUILD/stscan" scan -o "$dir/limit.ndjson.zst" "${args[@]}" --dns-rate 0 --quiet \
        "$dir/names.csv"
) 2>"$dir/log" &
pid=$!
ended 4
is_incomplete limit
resumed limit

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    # A disk of 300 KiB in a mount namespace of its own; what is on it is copied out for the resume.
    # shellcheck disable=SC2016
    unshare -m bash -c '
        mkdir "$0/disk" && mount -t tmpfs -o size=300k none "$0/disk" || exit 77
        "$1" scan -o "$0/disk/full.ndjson.zst" "${@:2}" 2>"$0/log"
        rc=$?
        cp "$0"/disk/full.* "$0"/ 2>/dev/null
        exit $rc' "$dir" "$BUILD/stscan" "${args[@]}" --dns-rate 0 --quiet "$dir/names.csv"
    rc=$?
    if [ $rc -ne 77 ]; then
        [ $rc -eq 4 ] && grep -q 'No space left' "$dir/log" || die "full disk: exit code $rc"
        zstdcat "$dir/full.ndjson.zst" >/dev/null || die "full disk: a torn frame was left"
        resumed full
    fi
fi

"$BUILD/stscan" scan -o - "${args[@]}" --dns-rate 0 --quiet "$dir/names.csv" 2>"$dir/log" |
    head -n 1 >/dev/null
[ "${PIPESTATUS[0]}" -eq 4 ] || die "closed pipe: exit code ${PIPESTATUS[0]}"

mkdir "$dir/gone"
begin gone/s --dns-rate 700
rm -r "$dir/gone"
ended 4

ln -s "$dir/target" "$dir/link.ndjson"
"$BUILD/stscan" scan -o "$dir/link.ndjson" "${args[@]}" "$dir/names.csv" 2>"$dir/log"
[ $? -eq 4 ] && grep -q 'symbolic link' "$dir/log" && [ ! -e "$dir/target" ] ||
    die "writes through a symbolic link"
umask 077
head -n 5 "$dir/names.csv" >"$dir/five.csv"
"$BUILD/stscan" scan -o "$dir/mode.ndjson.zst" "${args[@]}" --quiet "$dir/five.csv" 2>"$dir/log" ||
    die "five names: exit code $?"
[ -z "$(find "$dir" -name 'mode.*' -perm /077)" ] || die "the umask is not kept"
echo "signals, full disk, closed pipe, lost folder: all end as they should and can be resumed"
