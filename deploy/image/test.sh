#!/usr/bin/env bash
# Shows that the program works as the image runs it:  test.sh BINARY
#
# In a network namespace of its own, as uid 65532, with bounding set and permitted set of one capability, no ambient one and
# no_new_privs, it must bind ports 80 and 443 and answer. The same program without the file's capability must not: what makes
# the difference is the file. If the program is linked statically, its root is a folder without libraries, as in the image.
# Takes root.
set -euo pipefail

binary=${1:?'test.sh BINARY'}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for tool in setcap capsh ip curl file; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install libcap2-bin iproute2 curl file" >&2; exit 1; }
done

work=$(mktemp -d)
namespace="ferrik-image-$$"
process=
clean() {
    [ -z "$process" ] || kill "$process" 2>/dev/null || true
    [ -z "$process" ] || wait "$process" 2>/dev/null || true
    ip netns delete "$namespace" 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT
ip netns add "$namespace"
ip -n "$namespace" link set lo up

chmod 755 "$work"
root="$work/root"
install -D -m 0755 "$binary" "$root/ferrik"
install -D -m 0644 "$here/nsswitch.conf" "$root/etc/nsswitch.conf"
install -d "$root/objects"
install -d -m 0777 "$root/run/ferrik"
run=("$root/ferrik" run --files "$root/objects" --admin-socket "$root/run/ferrik/admin.sock")
change_root=()
if ! file --brief "$binary" | grep -q 'dynamically linked'; then
    change_root=("--chroot=$root")
    run=(/ferrik run --files /objects --admin-socket /run/ferrik/admin.sock)
    echo 'the program sees no library of this machine'
fi

# Every capability but the one, to be dropped from the bounding set.
# The environment of this shell names files that the image has not.
ip=$(command -v ip)
capsh=$(command -v capsh)
others=$(capsh --print | sed -n 's/^Bounding set =//p' | tr ',' '\n' | grep -vx cap_net_bind_service | paste -sd,)

# Becomes the program as the node would run it: `as_pod PROGRAM ARGUMENT…`, in a process of its own.
as_pod() {
    local program=$1
    shift
    exec env --ignore-environment "$ip" netns exec "$namespace" "$capsh" "${change_root[@]}" "--drop=$others" --inh= --noamb --keep=1 --gid=65532 --groups= --uid=65532 \
        --caps=cap_net_bind_service=ep --no-new-privs "--shell=$program" -- "$@"
}

echo '== without the capability in the file'
as_pod "${run[@]}" >"$work/out" 2>&1 &
process=$!
for _ in $(seq 100); do
    grep -qiE 'permission denied|EACCES' "$work/out" 2>/dev/null && break
    kill -0 "$process" 2>/dev/null || break
    sleep 0.1
done
kill "$process" 2>/dev/null || true
wait "$process" 2>/dev/null || true
process=
grep -iE 'permission denied|EACCES' "$work/out" | head -n 2 | sed "s#$work##g" || { echo 'it was not refused:'; cat "$work/out"; exit 1; }

echo '== with it'
setcap cap_net_bind_service=+ep "$root/ferrik"
getcap "$root/ferrik" | sed "s#$work##g"
as_pod "${run[@]}" >"$work/out" 2>&1 &
process=$!
for _ in $(seq 200); do
    grep -q '^ferrik: ready' "$work/out" && break
    kill -0 "$process" 2>/dev/null || { echo 'it ended:'; cat "$work/out"; exit 1; }
    sleep 0.1
done
grep '^ferrik: ready' "$work/out"
grep -E '^(Uid|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs)' "/proc/$process/status"

# `expect WHAT WANTED GOT`
expect() {
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "expected $2" >&2; exit 1; }
}
status() { ip netns exec "$namespace" curl --silent --insecure --max-time 5 --output /dev/null --write-out '%{http_code}' "$1"; }
one=0000000000000400
field() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$process/status"; }
expect 'permitted' "$one" "$(field CapPrm)"
expect 'bounding' "$one" "$(field CapBnd)"
expect 'ambient' 0000000000000000 "$(field CapAmb)"
expect 'no new privileges' 1 "$(field NoNewPrivs)"
expect 'http on 80' 404 "$(status http://127.0.0.1/)"
expect 'https on 443' 404 "$(status https://127.0.0.1/)"
socket=${run[-1]}
if (as_pod "${run[0]}" probe --admin-socket "$socket" readyz >/dev/null); then
    echo 'probe: ready'
else
    echo 'the probe says no' >&2
    exit 1
fi
