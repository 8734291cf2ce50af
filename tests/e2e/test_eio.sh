#!/usr/bin/env bash
# A disk that fails (EIO) in the middle of a scan: it must stop, exit 4, and be gone on with on the
# same disk once that is mended, without a half record.
#
# The disk is ext4 on a loop device whose file lies sparse in a small tmpfs. When that is filled up,
# each write to a block that was not written before fails, and the block layer calls it EIO. (This
# needs no device mapper, which not every kernel has.) KEEP=1 keeps the logs.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
. tests/e2e/common.sh
PATH=$PATH:/usr/sbin
[ "$(id -u)" = 0 ] || { echo "a loop device needs root"; exit 77; }
for tool in losetup mkfs.ext4; do
    command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
done
if [ -z "${IN_NAMESPACE:-}" ]; then
    unshare -m true 2>/dev/null || { echo "no mount namespaces here"; exit 77; }
    IN_NAMESPACE=1 exec unshare -m "$0"
fi
NAMES=8000
dir=$(mktemp -d /tmp/stscan-eio.XXXXXX)
loop=
cleanup() {
    for p in $(jobs -p); do kill -9 "$p" 2>/dev/null; done
    wait 2>/dev/null
    umount "$dir/disk" 2>/dev/null
    [ -z "$loop" ] || losetup -d "$loop"
    umount "$dir/below" 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap cleanup EXIT

mkdir "$dir/below" "$dir/disk"
mount -t tmpfs -o size=24m none "$dir/below" || { echo "no tmpfs here"; exit 77; }
truncate -s 64m "$dir/below/image"
mkfs.ext4 -q -b 4096 -m 0 "$dir/below/image" || { echo "cannot make a file system"; exit 77; }
loop=$(losetup -f --show "$dir/below/image" 2>/dev/null) || { echo "no loop device"; exit 77; }
# Metadata may fail as well as data, so a failed journal must not panic or hang.
mount -o errors=remount-ro,noatime "$loop" "$dir/disk" || { echo "cannot mount it"; exit 77; }

"$BUILD/simnet" --print-names "$NAMES" --seed 1 >"$dir/names.csv"
"$BUILD/simnet" --seed 1 --adoption 2 --truth "$dir/truth.ndjson" --names "$dir/names.csv"
serve "$dir" --seed 1 --adoption 2
args=(--resolver "127.0.0.1:$DNS_PORT" --https-port "$HTTPS_PORT" --http-port "$HTTPS_PORT"
    --smtp-port "$SMTP_PORT" --ca-file "$CA_FILE" --allow 127.0.0.0/8 --allow ::1 -4
    --ehlo-name scanner.example --timeout-dns 5 --timeout-policy 6 --timeout-probe 6 --per-ip "0,0"
    --per-prefix "0,0" --per-ip-rate "0,0" --policy-rate 0 --probe-rate 0)

# begin NAME: a slow scan onto the disk ($pid), once its first records are on it
begin() {
    "$BUILD/stscan" scan -o "$dir/disk/$1" "${args[@]}" --dns-rate 1500 --quiet \
        "$dir/names.csv" 2>"$dir/log" &
    pid=$!
    until_true "records of $1" grep -q '"records":[1-9]' "$dir/disk/${1%%.*}.state"
}
break_disk() {
    # The last page too: tmpfs gives out whole ones.
    dd if=/dev/zero of="$dir/below/filler" bs=4096 2>/dev/null
    [ "$(stat -f -c %a "$dir/below")" = 0 ] || die "the disk is not full below"
}
mend_disk() {
    rm "$dir/below/filler"
    umount "$dir/disk" || die "cannot unmount"
    mount -o errors=remount-ro,noatime "$loop" "$dir/disk" || die "cannot mount again"
}

for output in failed.ndjson.zst plain.ndjson; do
    name=${output%%.*}
    begin $output
    break_disk
    wait "$pid"
    rc=$?
    [ $rc -eq 4 ] || die "$output: exit code $rc"
    grep -qE 'Input/output error|Read-only file system' "$dir/log" || die "$output: no reason is given"
    reason=$(grep -oE 'Input/output error|Read-only file system' "$dir/log" | head -n 1)
    mend_disk
    [ -s "$dir/disk/$name.state" ] || die "$output: no state"
    "$BUILD/stscan" verify "$dir/disk/$output" >/dev/null 2>&1 && die "$output: verify calls it whole"
    "$BUILD/stscan" scan --resume -o "$dir/disk/$output" "${args[@]}" --dns-rate 0 --quiet \
        "$dir/names.csv" 2>"$dir/log" || die "$output: resume: exit code $?"
    "$BUILD/stscan" verify "$dir/disk/$output" || exit 1
    tests/e2e/compare_truth.py "$dir/truth.ndjson" "$dir/disk/$output" || exit 1
    rm "$dir/disk/$name".*
done
echo "a disk that fails ($reason): exit 4, and gone on with on the same disk"
