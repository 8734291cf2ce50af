#!/usr/bin/env bash
# usage: coverage.sh BUILD FOLDER... -- line coverage of each folder, from what its tests left.
set -eu
cd "$(dirname "$0")/.."
build=$1
shift
lcov --quiet --capture --directory "$build/obj" --base-directory . --no-external \
    --output-file "$build/all.info" 2>"$build/lcov.log"
for folder in "$@"; do
    part=$build/$(echo "$folder" | tr / _).info
    lcov --quiet --extract "$build/all.info" "$PWD/$folder/*" --output-file "$part"
    lcov --list "$part" 2>>"$build/lcov.log" | grep -F '|' >"$part.txt"
    printf '%-12s %s of lines\n' "$folder" "$(sed -n 's/.*Total:|\s*\([0-9.]*%\).*/\1/p' "$part.txt")"
done | tee "$build/coverage.txt"
genhtml --quiet --output-directory "$build/html" "$build"/*_*.info "$build/lib.info" \
    2>>"$build/lcov.log" || true
