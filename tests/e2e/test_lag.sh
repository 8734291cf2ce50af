#!/usr/bin/env bash
# No slowness of ours is called theirs: a dense scan without limits, at nice 19 beside busy loops,
# that is stopped for seconds while its connections are open, finds every name as the truth has it:
# no timeout, broken connection or slow answer of our own making. LAG_FULL=1: longer.
cd "$(dirname "$0")/../.." || exit 1
if [ -n "${LAG_FULL:-}" ]; then
    busy_s=60 stalls=6 count=20000
else
    busy_s=15 stalls=1 count=2000
fi
for _ in 1 2; do
    timeout "$busy_s" sh -c 'while :; do :; done' &
done
# A stall is longer than what is slow (4 s) and than the time that is left of many a deadline.
COUNT=${COUNT:-$count} ADOPTION=${ADOPTION:-40} SCAN_AS="nice -n 19 tests/e2e/stalled.py $stalls 5" \
    SCAN_ARGS="--timeout-policy 7 --timeout-probe 7" tests/e2e/test_simnet.sh
status=$?
wait
exit $status
