#!/usr/bin/env bash
# A deep scan that goes beyond the adopters: what only it can see is as the world was built. Paced,
# so that a busy machine's slowness is not taken for a host's (http_slow).
cd "$(dirname "$0")/../.." || exit 1
export MODE=deep VERSION=imc2025-v2 COUNT=${COUNT:-3000} ADOPTION=${ADOPTION:-30}
export LIMITS="--per-ip 4,2 --per-prefix 16,4 --per-ip-rate 20,10 --policy-rate 150 --probe-rate 150"
exec tests/e2e/test_simnet.sh
