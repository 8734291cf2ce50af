#!/usr/bin/env bash
# A dense scan under explicit limits: every name as the truth has it, and no limit exceeded as the
# servers saw it. The total rates are below the contract's, so that they are reached on a slow
# machine too: a limit that never binds proves nothing. The rate to an address is above it, or the
# few addresses of the large hosters would take minutes.
cd "$(dirname "$0")/../.." || exit 1
export COUNT=${COUNT:-20000} ADOPTION=${ADOPTION:-20}
export LIMITS="--per-ip 4,1 --per-prefix 16,2 --per-ip-rate 20,10 --policy-rate 120 --probe-rate 80"
exec tests/e2e/test_simnet.sh
