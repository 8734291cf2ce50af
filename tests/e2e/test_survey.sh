#!/usr/bin/env bash
# A survey of the DNS alone, --no-policy --no-probe, against the simulated internet: what it can tell
# must be as the world was built.
export MODE=dns-only COUNT=${COUNT:-10000} ADOPTION=${ADOPTION:-50}
exec "$(dirname "$0")/test_simnet.sh"
