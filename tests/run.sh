#!/usr/bin/env bash
# Runs the groups of tests named on the command line: style, unit, e2e.
#
# Each unit binary and each e2e script is one entry; its output goes to $BUILD/log/NAME.log and is
# shown when it fails. An e2e script says that it cannot run here by exit code 77 and a reason on its
# last line. The closing line counts: cmocka's tests one by one, everything else as one each.
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build}
export STSCAN_SHARED=${STSCAN_SHARED:-../shared}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
[ -d "$STSCAN_SHARED" ] || echo "note: $STSCAN_SHARED is missing: tests on real data skip themselves"
mkdir -p "$BUILD/log"
passed=0 failed=0 skipped=0
# Seconds that one unit binary and one script may take.
patience=1
if [ -n "${SAN:-}" ]; then
    patience=4
    # Reports go to files: some tests expect programs to fail, and would take a report for that.
    reports=$(realpath "$BUILD")/log/report
    rm -f "$reports".*
    ASAN_OPTIONS+=:log_path=$reports
    UBSAN_OPTIONS+=:log_path=$reports
fi
unit_seconds=$((300 * patience)) script_seconds=$((600 * patience))

show() { # NAME LOG
    echo "---- $1: $2"
    tail -n 60 "$2" | sed 's/^/    /'
}

run_unit() {
    local t=$1 name log n f s
    name=$(basename "$t") log=$BUILD/log/$name.log
    CMOCKA_MESSAGE_OUTPUT=stdout timeout $unit_seconds "$t" >"$log" 2>&1
    local rc=$?
    # cmocka names a failed or skipped test twice: as it ends, and in the list at the end.
    n=$(grep -ac '^\[       OK \]' "$log")
    f=$(grep -a '^\[  FAILED  \] [a-z]' "$log" | sort -u | wc -l)
    s=$(grep -a '^\[  SKIPPED \] [a-z]' "$log" | sort -u | wc -l)
    passed=$((passed + n)) skipped=$((skipped + s))
    if [ $rc -ne 0 ]; then
        failed=$((failed + (f > 0 ? f : 1)))
        printf 'FAIL  %-28s exit %d\n' "$name" $rc
        show "$name" "$log"
    else
        printf 'ok    %-28s %d tests%s\n' "$name" "$n" "$([ "$s" -gt 0 ] && echo ", $s skipped")"
        grep -a '^codes seen' "$log" | sed 's/^/      /'
    fi
}

run_script() {
    local t=$1 name log
    name=$(basename "$t") log=$BUILD/log/$name.log
    local begin=$SECONDS
    timeout $script_seconds "$t" >"$log" 2>&1
    local rc=$?
    if [ $rc -eq 0 ]; then
        passed=$((passed + 1))
        printf 'ok    %-28s %d s  %s\n' "$name" $((SECONDS - begin)) "$(tail -n 1 "$log")"
    elif [ $rc -eq 77 ]; then
        skipped=$((skipped + 1))
        printf 'skip  %-28s %s\n' "$name" "$(tail -n 1 "$log")"
    else
        failed=$((failed + 1))
        printf 'FAIL  %-28s exit %d\n' "$name" $rc
        show "$name" "$log"
    fi
}

for group in "$@"; do
    case $group in
    style) run_script tests/style.sh ;;
    unit) for t in "$BUILD"/tests/test_*; do
        case $t in *.d) continue ;; esac
        [ -x "$t" ] && run_unit "$t"
    done ;;
    e2e) for t in tests/e2e/test_*.sh; do [ -x "$t" ] && run_script "$t"; done ;;
    *)
        echo "run.sh: no such group: $group" >&2
        exit 2
        ;;
    esac
done
if [ -n "${SAN:-}" ] && compgen -G "$reports.*" >/dev/null; then
    failed=$((failed + 1))
    printf 'FAIL  what the sanitizers report: %s\n' "$(echo "$reports".*)"
    for r in "$reports".*; do show sanitizer "$r"; done
fi
echo
if [ $skipped -gt 0 ]; then
    echo "tests: $passed passed, $failed failed, $skipped skipped"
else
    echo "tests: $passed passed, $failed failed"
fi
[ $failed -eq 0 ] && [ $passed -gt 0 ]
