#!/usr/bin/env bash
# What is common to all programs and commands: a wrong usage ends with exit code 2, one line that
# begins with the command's name and one that points to its help; --config and --dump-config.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
dir=$(mktemp -d /tmp/stscan-usage-XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
bad=0
fail() {
    echo "FAIL: $*"
    bad=1
}

wrong() { # NAME WORDS...: words that follow the name's program are no usage of it
    local name=$1 program=${1%% *} code
    shift
    "$BUILD/$program" "$@" >"$dir/out" 2>"$dir/err" </dev/null
    code=$?
    [ $code -eq 2 ] || fail "$program $*: exit $code"
    [ -s "$dir/out" ] && fail "$program $*: prints $(cat "$dir/out")"
    { [ "$(wc -l <"$dir/err")" -eq 2 ] && [[ $(head -n 1 "$dir/err") == "$name: "* ]] &&
        [ "$(tail -n 1 "$dir/err")" = "Try '$name --help'." ]; } ||
        fail "$program $*: says $(cat "$dir/err")"
}

# Words that each command takes none of, unknown long and short options, and options without value.
echo 'nonsense = 1' >"$dir/bad.conf"
while read -r name; do
    read -r program command <<<"$name"
    # shellcheck disable=SC2086
    for words in --nonsense -Y "--config" "--help=x" "--config $dir/nowhere" "--config $dir/bad.conf"; do
        wrong "$name" $command $words
    done
done <<EOF2
stscan scan
stscan check
stscan lint
stscan verify
stscan classify
stsreport summary
simnet
EOF2
wrong stscan nonsense
wrong "stscan scan" --nonsense
wrong "stscan scan" a.csv b.csv
wrong "stscan scan" scan --output x a.csv
wrong "stscan check" check
wrong "stscan lint" lint
wrong "stscan lint" lint nonsense x
wrong "stscan lint" lint record
wrong "stscan lint" lint match '*.example.com'
wrong "stscan lint" lint policy a b
wrong "stscan verify" verify
wrong "stscan classify" classify
wrong "stscan classify" classify a b
wrong "stscan classify" classify -o x a
wrong stsreport
wrong stsreport --nonsense
wrong stsreport nonsense
wrong "stsreport summary" summary
wrong simnet x
wrong simnet --seed x
wrong simnet --names x

# What --dump-config prints is read back to the same; a file of one command serves another.
dump() { # FILE WORDS...
    local to=$1
    shift
    "$@" --dump-config >"$to" 2>"$dir/err" || fail "$* --dump-config: $(cat "$dir/err")"
}
again() { # NAME WORDS...
    read -ra command <<<"$1"
    command[0]=$BUILD/${command[0]}
    dump "$dir/first" "${command[@]}" "${@:2}"
    dump "$dir/second" "${command[@]}" --config "$dir/first"
    cmp -s "$dir/first" "$dir/second" || fail "$1 --dump-config | --config: $(cat "$dir/second")"
}
again "stscan scan" -o x.ndjson --quiet
grep -qx 'quiet = yes' "$dir/first" || fail "--quiet in the configuration"
cp "$dir/first" "$dir/scan.conf"
again "stscan check" --ehlo-name a.example
again "stscan lint"
again "stscan verify" --quiet
[ "$(cat "$dir/first")" = 'quiet = yes' ] || fail "configuration of verify: $(cat "$dir/first")"
again "stscan classify" -o x.ndjson --providers p.tsv
grep -qx 'output = x.ndjson' "$dir/first" || fail "configuration of classify: $(cat "$dir/first")"
again "stsreport summary" --json
again simnet --seed 7
dump "$dir/first" "$BUILD/stscan" classify
grep -qx 'output = -' "$dir/first" || fail "classify writes to $(cat "$dir/first")"
dump "$dir/first" "$BUILD/stscan" verify --config "$dir/scan.conf"
[ "$(cat "$dir/first")" = 'quiet = yes' ] || fail "verify with scan's file: $(cat "$dir/first")"

# And it is used: verify says nothing, classify writes where the file says.
"$BUILD/stscan" lint --config "$dir/scan.conf" record 'v=STSv1; id=1' >"$dir/out" ||
    fail "lint --config: exit $?"
got=$("$BUILD/stscan" lint match '-a' '--b')
[ "$got" = '{"kind":"match","match":false}' ] || fail "lint takes data for options: $got"
: >"$dir/none.ndjson"
echo "output = \"$dir/again.ndjson\"" >"$dir/classify.conf"
"$BUILD/stscan" classify --config "$dir/classify.conf" "$dir/none.ndjson" 2>"$dir/err" ||
    fail "classify --config: exit $?: $(cat "$dir/err")"
[ -e "$dir/again.ndjson" ] || fail "classify does not write where its configuration says"

for name in "stscan" "stscan scan" "stscan check" "stscan lint" "stscan verify" "stscan classify" \
    stsreport "stsreport summary" simnet; do
    read -ra command <<<"$name"
    command[0]=$BUILD/${command[0]}
    "${command[@]}" --help >"$dir/out" 2>"$dir/err" || fail "$name --help: exit $?"
    { grep -q "^Usage: ${name%% *}" "$dir/out" && [ ! -s "$dir/err" ]; } || fail "$name --help"
    for option in --config --dump-config --version; do
        grep -q -e "$option" "$dir/out" || fail "$name --help does not name $option"
    done
    "${command[@]}" --version | grep -q " [0-9]" || fail "$name --version"
done
[ $bad -eq 0 ] && echo "every command says alike what it takes"
exit $bad
