#!/usr/bin/env bash
# A scan of NAMES (300) names of the simulated internet, half of them adopters, under valgrind: cut
# short by a signal, resumed to its end, and read by stsreport. Fails at any error of memory, any
# block that is definitely lost and any descriptor left open. `make valgrind`; some minutes.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
NAMES=${NAMES:-300}
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
dir=$(mktemp -d /tmp/stscan-valgrind.XXXXXX)
"$BUILD/simnet" --print-names "$NAMES" --seed 1 >"$dir/names.csv" || exit 1
simnet=
trap 'kill $simnet 2>/dev/null; wait $simnet 2>/dev/null; [ -n "${KEEP:-}" ] || rm -rf "$dir"' EXIT
serve "$dir" --seed 1 --adoption 50
# checked NAME PROGRAM ARGUMENTS...: its exit code, or the end of the test
checked() {
    local name=$1 rc
    shift
    valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --track-fds=yes --num-callers=30 --error-exitcode=99 --log-file="$dir/$name.valgrind" \
        "$@" >"$dir/$name.out" 2>"$dir/$name.err"
    rc=$?
    # Descriptors that were not there before, but for the three standard ones.
    if [ $rc -eq 99 ] || grep -A 1 -E 'Open (file|AF_)' "$dir/$name.valgrind" |
        grep -vE 'Open (file|AF_)|inherited from parent|^--$' | grep -q .; then
        cat "$dir/$name.valgrind"
        exit 1
    fi
    return $rc
}
# No deadline may be ours: everything takes thirty times as long.
scan=("$BUILD/stscan" scan -o "$dir/scan.ndjson.zst" --resolver "127.0.0.1:$DNS_PORT" --workers 2
    --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT" --smtp-port "$SMTP_PORT" --deep
    --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 --ehlo-name scanner.example -4
    --per-ip "0,0" --per-prefix "0,0" --per-ip-rate "0,0" --timeout-dns 30 --timeout-policy 30
    --timeout-probe 30 --timeout-domain 120 --resume "$dir/names.csv")
checked first "${scan[@]}" --max-runtime 10
rc=$?
[ $rc -eq 5 ] || [ $rc -eq 0 ] || { cat "$dir/first.err"; echo "first run: exit code $rc"; exit 1; }
checked second "${scan[@]}" || { cat "$dir/second.err"; echo "second run: exit code $?"; exit 1; }
checked verify "$BUILD/stscan" verify "$dir/scan.ndjson.zst" || { cat "$dir/verify.out"; exit 1; }
checked report "$BUILD/stsreport" summary "$dir/scan.ndjson.zst" || { cat "$dir/report.err"; exit 1; }
adopters=$(zstdcat "$dir/scan.ndjson.zst" | grep -c '"policy":{')
echo "$NAMES names, $adopters of them with policies: no error, no leak, no descriptor left"
