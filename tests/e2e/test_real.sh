#!/usr/bin/env bash
# Scans a small world of real servers: unbound before nsd, nginx (HTTP/2) and postfix.
# real/world.py holds the table of domains and of what must be said of them.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
. tests/e2e/common.sh
for tool in nsd unbound nginx postfix; do
    command -v $tool >/dev/null || PATH=$PATH:/usr/sbin command -v $tool >/dev/null ||
        { echo "$tool is not installed"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "postfix needs root"; exit 77; }
PATH=$PATH:/usr/sbin
dir=$(mktemp -d /tmp/stscan-real.XXXXXX)
chmod 755 "$dir"
pids=()
cleanup() {
    postfix -c "$dir/postfix" stop >/dev/null 2>&1
    for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
    wait 2>/dev/null
    [ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap cleanup EXIT

tests/e2e/real/world.py "$dir" || exit 1
# shellcheck disable=SC1091
. "$dir/ports.env"
chown postfix "$dir/postfix-data"
nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 & pids+=($!)
unbound -d -c "$dir/unbound.conf" >"$dir/unbound.out" 2>&1 & pids+=($!)
nginx -p "$dir" -c "$dir/nginx.conf" >"$dir/nginx.out" 2>&1 & pids+=($!)
postfix -c "$dir/postfix" start >"$dir/postfix.out" 2>&1 || { cat "$dir/postfix.out" "$dir/maillog"; exit 1; }

# Ready when each answers; each try waits for the kernel's answer, not for a guess of ours.
answers() {
    dig +time=1 +tries=1 +short -p "$UNBOUND_PORT" @127.0.0.1 TXT _mta-sts.protected.test | grep STSv1
}
takes() { (exec 3<>"/dev/tcp/$1"); }
until_true "an answer of unbound" answers
for target in "127.77.0.1/$HTTPS_PORT" "127.77.1.25/$SMTP_PORT" "127.77.9.25/$SMTP_PORT"; do
    until_true "a server at $target" takes "$target"
done

"$BUILD/stscan" scan -o "$dir/out.ndjson" --quiet --resolver "127.0.0.1:$UNBOUND_PORT" \
    --https-port "$HTTPS_PORT" --smtp-port "$SMTP_PORT" --ca-file "$dir/ca.pem" \
    --allow 127.0.0.0/8 --ehlo-name scanner.test --blocklist "$dir/blocklist.txt" \
    --per-ip-rate 0,0 --per-ip 0,0 --per-prefix 0,0 --timeout-dns 8 "$dir/domains.txt"
rc=$?
[ $rc -eq 0 ] || { echo "exit code $rc"; exit 1; }
tests/e2e/schema_check.py "$dir/out.ndjson" || exit 1
tests/e2e/real/compare.py "$dir/expected.tsv" "$dir/out.ndjson" || exit 1
# Manners: the mail log of postfix shows neither MAIL FROM nor a connection that was just dropped.
if grep -qE 'MAIL FROM|NOQUEUE: reject: MAIL' "$dir/maillog"; then
    echo "MAIL FROM was sent"
    exit 1
fi
grep -c 'HTTP/2.0" 200' "$dir/nginx-access.log" >/dev/null || { echo "no HTTP/2 fetch"; exit 1; }
echo "$(wc -l <"$dir/expected.tsv") domains on real servers"
