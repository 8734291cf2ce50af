#!/usr/bin/env bash
# The politeness proof: 200,000 names at full speed under explicit limits, every name as the truth
# has it, and no limit of the contract exceeded as the servers saw it, nor left unreached: adopters
# are dense enough, and the limits low enough, that each binds on a slow machine too; and policy hosts
# take their time, so that connections meet on a fast one.
#
# Which limit is asserted where (check_polite.py says how exactly each is measured):
#
#   --dns-rate, to each resolver      "questions a second", by the kernel's stamps
#     its ramp-up                     "in the first second, of the ramp"
#     health: silence, restarts       tests/unit/test_dns_faults.c
#   --policy-rate, --probe-rate       "new a second in all"
#   --per-ip                          "at once to an address"
#   --per-prefix, /24                 "at once to a /24"
#     /48                             tests/unit/test_gate.c: loopback has no /48 of addresses
#   --per-ip-rate                     "new a second to an address"
#     as a gap that is never shorter  "ms too little between two to an address"
#   one probe an MX address and scan  "probes repeated without need"
#     8 names an address              "names asked for at an address"
#   a session ends with QUIT, and     "sessions without QUIT"
#     never sends mail                "MAIL FROM"
#   421: gaps that grow               tests/e2e/test_limited.sh
#   429: gaps that grow, Retry-After  tests/e2e/test_limited.sh
cd "$(dirname "$0")/../.." || exit 1
if [ -n "${SAN:-}" ]; then # too slow under sanitizers to reach every limit
    export COUNT=${COUNT:-20000} ADOPTION=${ADOPTION:-10}
fi
export COUNT=${COUNT:-200000} ADOPTION=${ADOPTION:-3} CHECKS=${CHECKS-$([ -n "${SAN:-}" ] || echo --reached)}
export SIMNET_ARGS=${SIMNET_ARGS-"--http-delay-ms 60"}
export LIMITS=${LIMITS:-"--dns-rate 12000 --per-ip 2,1 --per-prefix 3,1 --per-ip-rate 20,1 \
--policy-rate 250 --probe-rate 100"}
exec tests/e2e/test_simnet.sh
