#!/usr/bin/env bash
# Renders the chart once per profile into the folder that is given, for clusters without helm: manifests/ holds the result.
set -euo pipefail

deploy=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-"$deploy/manifests"}

# The least level of Pod security that a profile works under.
level_of() {
    case $1 in
        hostnetwork) echo privileged ;;
        loadbalancer) echo restricted ;;
    esac
}

for profile in hostnetwork loadbalancer; do
    {
        cat <<HEAD
# Ferrik with the profile $profile. Written by \`make manifests\` from deploy/chart; do not edit.
# The image is a placeholder: put the name of yours in its place (see README.md beside this file).
apiVersion: v1
kind: Namespace
metadata:
  name: ferrik
  labels:
    pod-security.kubernetes.io/enforce: $(level_of "$profile")
HEAD
        "$deploy/helm/helm.sh" template ferrik "$deploy/chart" --namespace ferrik \
            --set "profile=$profile" --set image.repository=registry.example.invalid/ferrik |
            grep -v '^# Source: '
    } >"$folder/$profile.yaml"
done
