#!/usr/bin/env bash
# Real zones behind real servers: 406 zones in nsd, unbound before it, DNS stages only.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
archive=${STSCAN_SHARED:-../shared}/data/zones/moj-zones.tar.zst
[ -r "$archive" ] || { echo "$archive is missing"; exit 77; }
PATH=$PATH:/usr/sbin
command -v nsd >/dev/null && command -v unbound >/dev/null || { echo "no nsd or unbound"; exit 77; }
dir=$(mktemp -d /tmp/stscan-zones.XXXXXX)
pids=()
cleanup() {
    for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
    wait 2>/dev/null
    [ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap cleanup EXIT
tar -I zstd -xf "$archive" -C "$dir" || exit 1
tests/e2e/zones/serve.py "$dir/moj/hostedzones" "$dir" || exit 1
# shellcheck disable=SC1091
. "$dir/ports.env"
nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 & pids+=($!)
unbound -d -c "$dir/unbound.conf" >"$dir/unbound.out" 2>&1 & pids+=($!)
answers() {
    dig +time=1 +tries=1 +short -p "$UNBOUND_PORT" @127.0.0.1 SOA "$(head -n 1 "$dir/domains.txt")" |
        grep invalid
}
until_true "an answer of unbound" answers
"$BUILD/stscan" scan -o "$dir/out.ndjson" --quiet --no-policy --no-probe --dns-rate 0 \
    --timeout-dns 4 \
    --resolver "127.0.0.1:$UNBOUND_PORT" "$dir/domains.txt" || { echo "exit code $?"; exit 1; }
tests/e2e/schema_check.py "$dir/out.ndjson" || exit 1
tests/e2e/zones/compare.py "$dir/expected.tsv" "$dir/domains.txt" "$dir/out.ndjson"
