#!/usr/bin/env bash
# Runs helm with the given arguments. It is built once from its Go module, at the version in go.mod beside this file, into
# the cache that the lab of the tests uses too; the build takes two to three minutes on two cores.
#
# `helm.sh --possible` says by its exit status whether it is there, or Go to build it.
set -euo pipefail
# Where Go's own packages put it, which a shell that is not a login shell may not know.
export PATH="$PATH:/usr/local/go/bin"

module='helm.sh/helm/v4'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(awk -v module="$module" '$1 == module { print $2 } $2 == module { print $3 }' "$here/go.mod")
cache=${FERRIK_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ferrik}
helm="$cache/helm-$version"

if [ "${1:-}" = --possible ]; then
    [ -x "$helm" ] || command -v go >/dev/null
    exit
fi
if [ ! -x "$helm" ]; then
    command -v go >/dev/null || { echo 'helm is built with Go, which is missing: https://go.dev/dl' >&2; exit 1; }
    echo "building helm $version, once, into $cache" >&2
    mkdir -p "$cache"
    # Built beside its place and moved there, so that two builds at one time do no harm.
    part=$(mktemp "$helm.XXXXXX")
    trap 'rm -f "$part"' EXIT
    (cd "$here" && CGO_ENABLED=0 go build -mod=readonly -ldflags '-s -w' -o "$part" "$module/cmd/helm")
    chmod 755 "$part"
    mv "$part" "$helm"
    trap - EXIT
fi

# Nothing of the user's own helm is read: no repositories, no plugins, no cluster.
export HELM_CACHE_HOME="$cache/helm-home" HELM_CONFIG_HOME="$cache/helm-home" HELM_DATA_HOME="$cache/helm-home"
exec "$helm" "$@"
