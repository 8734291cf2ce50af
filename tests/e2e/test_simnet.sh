#!/usr/bin/env bash
# The whole scan against the simulated internet: every name must come out as the world was built.
#
# COUNT and ADOPTION (per cent) widen it, LIST takes a list of one's own, SCAN_ARGS adds options,
# SIMNET_ARGS too, VERSION the world, STUCK the share of names whose hosts hold a client; KEEP=1 keeps the files. MODE is the scan's depth: full, dns-only or deep.
# DEADLINE is that of a fetch and of a probe, in seconds (12; a slow host of the world takes 4.5).
# LIMITS are the limits of politeness (none); with them, what simnet saw is held against them, as
# CHECKS (options of check_polite.py) say. SCAN_AS runs the scan, as in "nice -n 19".
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
COUNT=${COUNT:-20000}
ADOPTION=${ADOPTION:-20}
MODE=${MODE:-full}
case $MODE in
full) depth=-4 ;;
dns-only) depth='-4 --no-policy --no-probe' ;;
deep) depth='--deep --all-policy --all-mx -4 -6' ;;
*) echo "MODE=$MODE: full, dns-only or deep"; exit 2 ;;
esac
WORLD=(--seed "${SEED:-1}" --adoption "$ADOPTION" --world "${VERSION:-imc2025-v1}" --stuck "${STUCK:-0}")
dir=$(mktemp -d /tmp/stscan-simnet.XXXXXX)
cleanup() {
    kill "$simnet" 2>/dev/null
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
if [ -n "${LIST:-}" ]; then
    list=$LIST
else
    list=$dir/names.csv
    "$BUILD/simnet" --print-names "$COUNT" --seed "${SEED:-1}" >"$list" || exit 1
    # Subdomains too: MTA-STS is not inherited, and a deep scan says so.
    if [ "$MODE" = deep ]; then
        sed -n '0~20s/,/,post./p' "$list" >"$dir/more.csv" && cat "$dir/more.csv" >>"$list" || exit 1
    fi
fi
simnet=
trap cleanup EXIT
# shellcheck disable=SC2086
serve "$dir" "${WORLD[@]}" --stats "$dir/stats" --clients "$dir/clients" ${SIMNET_ARGS:-}
# The limits of a good citizen are for the real internet; on loopback there is nobody to annoy.
unlimited='--dns-rate 0 --policy-rate 0 --probe-rate 0 --per-ip 0,0 --per-prefix 0,0 --per-ip-rate 0,0'
# shellcheck disable=SC2086
${SCAN_AS:-} "$BUILD/stscan" scan -o "$dir/scan.ndjson.zst" --resolver "127.0.0.1:$DNS_PORT" --quiet \
    --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" --smtp-port "$SMTP_PORT" \
    --ns-port "$DNS_PORT" --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 --ehlo-name scanner.example \
    ${LIMITS:-$unlimited} \
    --timeout-policy "${DEADLINE:-12}" --timeout-probe "${DEADLINE:-12}" $depth ${SCAN_ARGS:-} "$list" ||
    { echo "stscan: exit code $?"; exit 1; }
"$BUILD/simnet" "${WORLD[@]}" --truth "$dir/truth.ndjson" --truth-mode "$MODE" --names "$list" || exit 1
tests/e2e/compare_truth.py "$dir/truth.ndjson" "$dir/scan.ndjson.zst"
status=$?
if [ -n "${LIMITS:-}" ]; then
    kill "$simnet" && wait "$simnet"
    # shellcheck disable=SC2086
    tests/e2e/check_polite.py "$dir/clients" --meta "$dir/scan.meta.json" $LIMITS ${CHECKS:-} ||
        status=1
fi
exit $status
