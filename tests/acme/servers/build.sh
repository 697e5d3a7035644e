#!/usr/bin/env bash
# Builds the certificate authority of tests into the cache, unless it is there: `make lab` calls it. The name of the result
# says what it was made of; the crate ferrik-test-acme computes the same one. Exit status 1 if Go is missing.
set -euo pipefail
cd "$(dirname "$0")"
export PATH="$PATH:/usr/local/go/bin"

cache="${FERRIK_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ferrik}"
result="$cache/pebble-$(cat go.mod go.sum | sha256sum | cut -c 1-16)"
[[ ! -x $result ]] || exit 0

go="$(grep '^go ' go.mod | cut -d ' ' -f 2)"
command -v go >/dev/null || { echo "Go is missing: install Go $go or newer from https://go.dev/dl"; exit 1; }
mkdir -p "$cache"
staged="$(mktemp "$cache/building.XXXXXX")"
trap 'rm -f "$staged"' EXIT
package="$(grep '^tool ' go.mod | cut -d ' ' -f 2)"
version="$(grep -P '^\tgithub.com/letsencrypt/pebble/v2 v' go.mod | cut -d ' ' -f 2)"
echo "building pebble $version, once, which takes less than a minute"
CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$staged" -ldflags "-s -w -X main.version=$version" "$package"
chmod 755 "$staged"
mv "$staged" "$result"
echo "built $result"
