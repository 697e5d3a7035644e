#!/usr/bin/env bash
# Makes the origins of the test `desync` available: nginx from a package, and a server of Go's standard library, built into the
# cache unless it is there. `make lab` calls it. The name of the result says what it was made of; the test computes the same
# one. Exit status 1 if a tool is missing.
set -euo pipefail
cd "$(dirname "$0")"
export PATH="$PATH:/usr/sbin:/usr/local/go/bin"

# Command and package.
missing=()
for need in nginx:nginx-light setpriv:util-linux; do
    command -v "${need%:*}" >/dev/null || missing+=("${need#*:}")
done
if ((${#missing[@]})); then
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]}"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "missing: ${missing[*]}; on Debian or Ubuntu: sudo apt-get install ${missing[*]}"
        exit 1
    fi
fi

cache="${FERRIK_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ferrik}"
result="$cache/origin-$(cat go.mod main.go | sha256sum | cut -c 1-16)"
[[ ! -x $result ]] || exit 0

go="$(grep '^go ' go.mod | cut -d ' ' -f 2)"
command -v go >/dev/null || { echo "Go is missing: install Go $go or newer from https://go.dev/dl"; exit 1; }
mkdir -p "$cache"
staged="$(mktemp "$cache/building.XXXXXX")"
trap 'rm -f "$staged"' EXIT
CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$staged" .
chmod 755 "$staged"
mv "$staged" "$result"
echo "built $result"
