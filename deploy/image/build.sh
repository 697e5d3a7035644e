#!/usr/bin/env bash
# Builds the container image from a program that `make release` built:  build.sh BINARY NAME:TAG
#
# Kubernetes gives a process that is not root no ambient capability, so the file itself has to carry the one that ports 80 and
# 443 need. Setting it takes root; whoever is not runs this in `buildah unshare`.
#
# CA_CERTIFICATES names the list of certificate authorities that goes into the image, if it is not where Debian has it.
set -euo pipefail

binary=${1:?'build.sh BINARY NAME:TAG'}
name=${2:?'build.sh BINARY NAME:TAG'}
authorities=${CA_CERTIFICATES:-/etc/ssl/certs/ca-certificates.crt}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

for tool in buildah setcap file; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install buildah libcap2-bin file" >&2; exit 1; }
done
[ -r "$authorities" ] || { echo "there is no $authorities: apt-get install ca-certificates, or set CA_CERTIFICATES" >&2; exit 1; }
kind=$(file --brief "$binary")
# An image from scratch has no loader and no libraries.
case $kind in
    *'dynamically linked'*) echo "$binary needs libraries of the system, and the image has none: make release" >&2; exit 1 ;;
    *x86-64*) architecture=amd64 ;;
    *aarch64*) architecture=arm64 ;;
    *) echo "$binary is not a program that can be put into the image: $kind" >&2; exit 1 ;;
esac

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
install -m 0755 "$binary" "$context/ferrik"
install -m 0644 "$here/nsswitch.conf" "$context/nsswitch.conf"
install -m 0644 "$authorities" "$context/ca-certificates.crt"
setcap cap_net_bind_service=+ep "$context/ferrik"

# Equal contents give an equal image, whatever the time.
buildah build --format oci --arch "$architecture" --timestamp 0 --file "$here/Containerfile" --tag "$name" "$context"
echo "built $name ($architecture)"
