#!/usr/bin/env bash
# Measures Ferrik, prints the results and keeps them in benches/RESULTS.md. `make bench` calls it; with QUICK=1 there are
# few rounds, and the file stays as it is. Exit status: 0, also with missed marks; 1 if requests failed while tables were
# swapped, or if a change of the cluster was not served; 2 if something could not be measured. The part with a cluster needs
# root.
set -euo pipefail
cd "$(dirname "$0")/.."
export QUICK="${QUICK:-}"

# Command and package. Without valgrind or strace one table is missing each, so they need not be there.
missing=() needed=()
for need in haproxy:haproxy nginx:nginx-light wrk:wrk taskset:util-linux setpriv:util-linux valgrind:valgrind strace:strace; do
    PATH="$PATH:/usr/sbin" command -v "${need%:*}" >/dev/null && continue
    missing+=("${need#*:}")
    [[ $need == valgrind:* || $need == strace:* ]] || needed+=("${need#*:}")
done
export PATH="$PATH:/usr/sbin"
if ((${#missing[@]})); then
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]}" >&2
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
    elif ((${#needed[@]})); then
        echo "missing: ${needed[*]}; on Debian or Ubuntu: sudo apt-get install ${missing[*]}" >&2
        exit 2
    fi
fi

# Thousands of connections are held open, on both sides of the proxy.
ulimit -n "$(ulimit -Hn)"

echo 'building with full optimisation, which takes some minutes' >&2
cargo bench --bench micro --bench load --bench cluster --no-run

version() { "$@" 2>&1 | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }
header() {
    echo '# Results of `make bench`'
    echo
    [[ -z $QUICK ]] || { echo '**A quick run: few rounds, not to be quoted.**'; echo; }
    echo 'Ratios are taken within one run on one machine; numbers of different machines do not compare. Marks stand beside what'
    echo 'they are for.'
    echo
    echo "- CPU: $(grep -m 1 'model name' /proc/cpuinfo | cut -d : -f 2- | xargs || uname -m), $(nproc) to be used"
    echo "- kernel $(uname -r | grep -oE '^[0-9.]*[0-9]'), $(rustc --version | cut -d ' ' -f 1,2)"
    echo "- HAProxy $(version haproxy -v), nginx $(version nginx -v), wrk $(version wrk -v)," \
        "$(valgrind --version 2>/dev/null || echo 'no valgrind')," \
        "$(command -v strace >/dev/null && echo "strace $(version strace --version)" || echo 'no strace')"
    echo "- load average before: $(cut -d ' ' -f 1 /proc/loadavg)"
    echo
}

results=$(mktemp)
trap 'rm -f "$results"' EXIT
status=0
{ header && cargo bench -q --bench micro && cargo bench -q --bench load && cargo bench -q --bench cluster; } | tee "$results" || status=$?
if [[ -z $QUICK && $status -le 1 ]]; then
    cp "$results" benches/RESULTS.md
    echo 'kept in benches/RESULTS.md' >&2
fi
exit "$status"
