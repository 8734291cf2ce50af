#!/usr/bin/env bash
# Every line that the writer can give holds against the schema: random evidence of 3,000 seeds.
set -u
cd "$(dirname "$0")/../.." || exit 1
writer=${BUILD:-build}/tests/test_record_json
[ -x "$writer" ] || { echo "$writer is not built"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
STSCAN_RANDOM_RECORDS=$dir/random.ndjson "$writer" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
tests/e2e/schema_check.py "$dir/random.ndjson"
