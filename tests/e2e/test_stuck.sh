#!/usr/bin/env bash
# Full speed, 2 % of DNS datagrams lost, and one name in a hundred at a dead host, a tarpit or a
# slow drip: every name as the truth has it, the stuck ones too. `make bench` and bench-full do the
# same with 100,000 and a million names (case `truth`).
cd "$(dirname "$0")/../.." || exit 1
export COUNT=${COUNT:-20000} ADOPTION=${ADOPTION:-1} STUCK=${STUCK:-1} VERSION=${VERSION:-imc2025-v3}
export DEADLINE=${DEADLINE:-7} SIMNET_ARGS=${SIMNET_ARGS:---loss 2}
exec tests/e2e/test_simnet.sh
