#!/usr/bin/env bash
# House rules that a machine can check: format, banned functions, file length, room borders.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
complain() {
    echo "$1"
    bad=1
}
mapfile -t files < <(git ls-files '*.c' '*.h' 2>/dev/null || find lib scanner analysis tests benchmarks -name '*.[ch]')
[ "${#files[@]}" -gt 0 ] || { echo "no sources found"; exit 1; }

clang-format --dry-run -Werror "${files[@]}" >/tmp/stscan-format.$$ 2>&1 ||
    complain "clang-format: $(grep -c 'error:' /tmp/stscan-format.$$) places; run make format
$(grep 'error:' /tmp/stscan-format.$$ | head -n 10)"
rm -f /tmp/stscan-format.$$

# Functions without bounds or with hidden state. Strings and comments may name them.
banned='strcpy|strcat|stpcpy|strncpy|strncat|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|alloca|scanf|fscanf|sscanf|rand|srand|gmtime|localtime|ctime|asctime|inet_ntoa|inet_addr|gethostbyname|tmpnam|mktemp|system'
for f in "${files[@]}"; do
    hits=$(sed -e 's,//.*,,' -e 's/"\([^"\\]\|\\.\)*"/""/g' -e '/^ *\*/d' -e '/^ *\/\*/d' "$f" |
        grep -nwE "($banned) *\(" | head -n 3)
    [ -z "$hits" ] || complain "$f: banned function: $hits"
    lines=$(wc -l <"$f")
    [ "$lines" -le 800 ] || complain "$f: $lines lines, more than 800"
done

# Rooms: arrows go down only (docs/architecture.md).
border() { # FOLDER FORBIDDEN-INCLUDE-REGEX WHY
    local hits
    hits=$(grep -rnE "#include [\"<]($2)" "$1" --include='*.[ch]' | head -n 3)
    [ -z "$hits" ] || complain "$3: $hits"
}
border lib 'scanner/|analysis/|tests/|event2/|openssl/|curl/|sys/socket|pthread' 'lib knows nobody'
border scanner/net 'scanner/worker/(worker|unit|feed|mailbox|waitq|ratelimit)|scanner/input|scanner/output|analysis/|tests/' 'net uses lib only'
border scanner/input 'scanner/net/(dns|fetch|probe)|scanner/worker/(worker|unit|feed|mailbox)|analysis/|tests/' 'input uses lib only'
border scanner/output 'scanner/net/(dns|fetch|probe)|scanner/worker/(worker|unit|feed|mailbox)|analysis/|tests/' 'output uses lib only'
border scanner 'analysis/|tests/' 'the scanner knows no tests'
border analysis 'scanner/' 'analysis uses lib only'
while read -r f; do
    case $f in scanner/net/*) ;; *)
        sed -e 's,//.*,,' -e 's/"\([^"\\]\|\\.\)*"/""/g' -e '/^ *\*/d' -e '/^ *\/\*/d' "$f" |
            grep -qE '(^|[^_a-z>.])(socket|connect|sendmmsg|recvmmsg|sendto|recvfrom) *\(' &&
            complain "$f: only scanner/net touches sockets"
        ;;
    esac
done < <(grep -rlE '\b(socket|connect|bind|sendmmsg|recvmmsg|sendto|recvfrom) *\(' lib scanner analysis --include='*.c')
for f in tests/run.sh tests/style.sh tests/e2e/*.sh .ci/run; do
    [ -e "$f" ] && { bash -n "$f" || complain "$f: does not parse"; }
done
if command -v shellcheck >/dev/null; then
    shellcheck -S warning -f gcc tests/*.sh tests/e2e/*.sh .ci/run || complain "shellcheck: see above"
fi
[ $bad -eq 0 ] && echo "${#files[@]} files, all in style"
exit $bad
