#!/usr/bin/env bash
# The demo: the simulated internet on loopback, a list of 50,000 names, one scan, one summary.
#
# Files stay in demo/: names.csv, scan.ndjson.zst, scan.certs.ndjson.zst, scan.meta.json, truth.ndjson.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
. tests/e2e/common.sh
COUNT=${COUNT:-50000}
mkdir -p demo
rm -f demo/scan.*
"$BUILD/simnet" --print-names "$COUNT" --seed 1 >demo/names.csv
simnet=
trap 'kill $simnet 2>/dev/null; wait $simnet 2>/dev/null' EXIT
serve demo
echo "The simulated internet is up: DNS $DNS_PORT, HTTPS $HTTPS_PORT, SMTP $SMTP_PORT on 127.0.0.0/8."
echo "Scanning $COUNT names:"
# The limits of a good citizen are for the real internet; on loopback there is nobody to annoy.
"$BUILD/stscan" scan -o demo/scan.ndjson.zst --resolver "127.0.0.1:$DNS_PORT" \
    --https-port "$HTTPS_PORT" --smtp-port "$SMTP_PORT" --http-port "$HTTPS_PORT" \
    --ca-file "$CA_FILE" -4 --allow 127.0.0.0/8 --allow ::1 \
    --ehlo-name scanner.example --contact demo@scanner.example \
    --dns-rate 0 --policy-rate 0 --probe-rate 0 --per-ip 0,0 --per-prefix 0,0 --per-ip-rate 0,0 \
    --timeout-policy 10 --timeout-probe 10 --timeout-dns 5 demo/names.csv
echo
"$BUILD/stsreport" summary demo/scan.ndjson.zst
"$BUILD/simnet" --truth demo/truth.ndjson --names demo/names.csv
echo
echo "Against what the simulated internet knows of itself:"
tests/e2e/compare_truth.py demo/truth.ndjson demo/scan.ndjson.zst
echo
echo "Files: demo/scan.ndjson.zst (records), demo/scan.certs.ndjson.zst, demo/scan.meta.json"
echo "One record:  zstdcat demo/scan.ndjson.zst | grep -m1 '\"adoption\":\"enforce\"'"
