#!/usr/bin/env bash
# verify finds what is wrong: each kind of damage done to a good output, one at a time; and a million
# records in little memory.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
dir=$(mktemp -d /tmp/stscan-verify.XXXXXX)
trap '[ -n "${KEEP:-}" ] || rm -rf "$dir"' EXIT
n=0

# A made output: SHARD of SHARDS, records of N names; what stscan would have written of them.
make_output() { # NAME N SHARDS SHARD
    python3 - "$dir/$1" "$2" "$3" "$4" <<'PY'
import json, subprocess, sys
path, n, shards, shard = sys.argv[1], *map(int, sys.argv[2:])
M = (1 << 64) - 1
def mix(x):
    x ^= x >> 30; x = x * 0xbf58476d1ce4e5b9 & M
    x ^= x >> 27; x = x * 0x94d049bb133111eb & M
    return x ^ x >> 31
def takes(name):
    h = 0xcbf29ce484222325 ^ mix(0x9e3779b97f4a7c15)  # seed 0
    for c in name.encode():
        h = (h ^ c) * 0x100000001b3 & M
    return shards == 1 or mix(h) % shards == shard
z = subprocess.Popen(["zstd", "-q", "-f", "-o", path + ".ndjson.zst"], stdin=subprocess.PIPE)
own = 0
for i in range(n):
    name = f"d{i}.example"
    if takes(name):
        own += 1
        z.stdin.write(b'{"schema":1,"domain":"%s","rank":null,"index":%d,"adoption":"absent",'
                      b'"verdict":"not_applicable","cause":null,"findings":[]}\n' % (name.encode(), i))
z.stdin.close()
z.wait()
open(path + ".certs.ndjson.zst", "wb").close()
size = len(open(path + ".ndjson.zst", "rb").read())
json.dump({"complete": True, "seed": 0, "shards": shards, "shard": shard, "sample": 1.0,
           "input": {"sha256": "ab" * 32, "lines": n, "items": own, "other_shards": n - own,
                     "not_sampled": 0},
           "output": {"records": own, "bytes": size, "certificates": 0},
           "counts": {"records": own, "adoption": {"absent": own},
                      "verdict": {"not_applicable": own}}}, open(path + ".meta.json", "w"))
PY
}
expect() { # CODE TEXT OUTPUT...
    local code=$1 text=$2
    shift 2
    n=$((n + 1))
    "$BUILD/stscan" verify "$@" >"$dir/said" 2>&1
    local rc=$?
    if [ $rc -ne "$code" ] || ! grep -q -- "$text" "$dir/said"; then
        echo "exit $rc instead of $code, or not said: $text"
        head -n 20 "$dir/said"
        exit 1
    fi
}
again() { # the good output, to be spoilt
    for end in ndjson.zst certs.ndjson.zst meta.json; do cp "$dir/good.$end" "$dir/bad.$end"; done
    rm -f "$dir/bad.state"
}
edit() { # SED-SCRIPT: on the records; the metadata keeps up with the size
    zstdcat "$dir/good.ndjson.zst" | sed "$1" | zstd -q -f -o "$dir/bad.ndjson.zst"
    sed -i "s/\"bytes\": [0-9]*/\"bytes\": $(stat -c %s "$dir/bad.ndjson.zst")/" "$dir/bad.meta.json"
}
bad=$dir/bad.ndjson.zst

make_output good 3000 1 0
again; expect 0 'whole: 3000 records' "$bad"
again; edit 17d; expect 1 'index 16 is missing' "$bad"
again; edit '17,20d'; expect 1 'indexes 16 to 19 are missing' "$bad"
again; edit 17p; expect 1 'index 16 (d16.example) is there twice' "$bad"
again; edit '17s/"index":16/"index":3000/'; expect 1 'index 3000 (d16.example) is beyond' "$bad"
again; edit '17s/.*/{"schema":1,"ind/'; expect 1 'line 17 is no record' "$bad"
again; edit '17s/absent/enforce/'; expect 1 'adoption enforce: the metadata says 0, the files hold 1' "$bad"
again; head -c 2000 "$dir/good.ndjson.zst" >"$bad"; expect 1 'cannot be read after .* truncated' "$bad"
again; printf 'X' | dd of="$bad" bs=1 seek=9000 conv=notrunc 2>/dev/null
expect 1 'cannot be read after' "$bad"
again; printf 'rest' >>"$bad"; expect 1 'cannot be read after 3000 lines' "$bad"
again; rm "$dir/bad.meta.json"; expect 1 'no metadata' "$bad"
again; sed -i 's/"complete": true/"complete": false/' "$dir/bad.meta.json"; expect 1 'not complete' "$bad"
again; : >"$dir/bad.state"; expect 1 'go on with --resume' "$bad"
again; rm "$dir/bad.certs.ndjson.zst"; expect 1 'certs.*cannot be read' "$bad"
again; c='{"sha256":"00112233445566778899"}'; printf '%s\n%s\n' "$c" "$c" >"$dir/bad.certs.ndjson.zst"
expect 1 '1 certificates are there twice' "$bad"
again; expect 1 'shard 0 is there twice' "$bad" "$dir/good.ndjson.zst"
expect 1 'No such file' "$dir/none.ndjson.zst"
expect 2 "Try 'stscan verify --help'" --unknown

for i in 0 1 2; do make_output "s$i" 3000 3 "$i"; done
s=("$dir/s0.ndjson.zst" "$dir/s1.ndjson.zst" "$dir/s2.ndjson.zst")
expect 0 'whole: 3000 records of 3000 input lines in 3 outputs' "${s[2]}" "${s[0]}" "${s[1]}"
expect 1 'shard 1 of 3 is missing' "${s[2]}" "${s[0]}"
expect 1 'is one of 1 shards' "${s[@]}" "$dir/good.ndjson.zst"
sed -i 's/"seed": 0/"seed": 1/' "$dir/s2.meta.json"
expect 1 'has seed 1' "${s[@]}"
sed -i 's/"seed": 1/"seed": 0/; s/abab/cdcd/' "$dir/s2.meta.json"
expect 1 'is of another input' "${s[@]}"
sed -i 's/cdcd/abab/; s/"shard": 2/"shard": 1/' "$dir/s2.meta.json"
expect 1 'belongs to another shard' "${s[@]}"

# A million records within 128 MiB of address space (a sanitizer takes far more for itself).
make_output million 1000000 1 0
if [ -z "${SAN:-}" ]; then ulimit -v 131072; fi
expect 0 'whole: 1000000 records' "$dir/million.ndjson.zst"
echo "$n verdicts on good and spoilt outputs, a million records in one of them"
