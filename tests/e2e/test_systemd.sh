#!/usr/bin/env bash
# The unit and the timer: no errors, and an exposure under 3 (of 10) as systemd counts it.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not installed"; exit 77; }
dir=$(mktemp -d /tmp/stscan-systemd.XXXXXX)
trap 'rm -rf "$dir"' EXIT
cp docs/systemd/stscan.{service,timer} "$dir"
# The manual page and the program are not installed here: neither is an error of the unit.
sed -i '/^Documentation=/d; s,/usr/local/bin/stscan,/bin/true,' "$dir"/*
systemd-analyze verify "$dir"/stscan.{service,timer} >"$dir/verify" 2>&1 || { cat "$dir/verify"; exit 1; }
systemd-analyze security --offline=true "$dir/stscan.service" >"$dir/security" 2>&1 ||
    { echo "this systemd-analyze knows no --offline"; exit 77; }
systemd-analyze security --offline=true --threshold=30 "$dir/stscan.service" >/dev/null 2>&1 ||
    { tail -n 1 "$dir/security"; exit 1; }
tail -n 1 "$dir/security" | sed 's/^[^A-Za-z]*//; s/ for .*:/:/; s/[^ -~]//g'
