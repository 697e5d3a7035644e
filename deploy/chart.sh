#!/usr/bin/env bash
# Checks the chart: lints it, renders every set of values in chart/ci, sees that those in chart/ci/refused are refused, and
# compares manifests/ with what the chart renders now. Alerts and dashboards must use metrics that exist.
#
# A set of values says in comments what must come out: `# kinds:` all kinds of objects, `# has:` and `# lacks:` texts of the
# rendered lines, `# says:` a text of the refusal.
set -euo pipefail

deploy=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

helm() { "$deploy/helm/helm.sh" "$@"; }

wrong() {
    echo "   $1" >&2
    failures=$((failures + 1))
}

# The texts behind a word in the comments of a set of values.
expected() { sed -n "s/^# $1: //p" "$2"; }

accepted() {
    local values=$1 name out="$work/rendered.yaml"
    name=$(basename "$values")
    if ! helm lint --strict --quiet --namespace ferrik --values "$values" "$deploy/chart" >"$work/lint" 2>&1; then
        wrong "$name: $(cat "$work/lint")"
    fi
    if ! helm template ferrik "$deploy/chart" --namespace ferrik --values "$values" >"$out" 2>"$work/error"; then
        wrong "$name: $(cat "$work/error")"
        return
    fi
    local kinds
    kinds=$(sed -n 's/^kind: //p' "$out" | sort -u | xargs)
    [ "$kinds" = "$(expected kinds "$values")" ] || wrong "$name: renders $kinds"
    while IFS= read -r text; do
        grep -qF -- "$text" "$out" || wrong "$name: does not render: $text"
    done < <(expected has "$values")
    while IFS= read -r text; do
        ! grep -qF -- "$text" "$out" || wrong "$name: renders: $text"
    done < <(expected lacks "$values")
}

refused() {
    local values=$1 name says
    name="refused/$(basename "$values")"
    says=$(expected says "$values")
    if helm template ferrik "$deploy/chart" --namespace ferrik --values "$values" >/dev/null 2>"$work/error"; then
        wrong "$name: is accepted"
    elif [ -z "$says" ] || ! grep -qF -- "$says" "$work/error"; then
        wrong "$name: refused with other words: $(cat "$work/error")"
    fi
}

echo '== values that are accepted'
for values in "$deploy"/chart/ci/*-values.yaml "$deploy"/examples/*/values.yaml.example; do
    accepted "$values"
done
echo '== values that are refused'
for values in "$deploy"/chart/ci/refused/*.yaml; do
    refused "$values"
done

echo '== manifests and versions'
"$deploy/manifests.sh" "$work"
for profile in hostnetwork loadbalancer; do
    diff -u "$deploy/manifests/$profile.yaml" "$work/$profile.yaml" || wrong "manifests/$profile.yaml is out of date: make manifests"
done
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$deploy/../Cargo.toml" | head -n 1)
grep -qx "appVersion: $version" "$deploy/chart/Chart.yaml" || wrong "appVersion of the chart is not $version, the version in Cargo.toml"

echo '== metrics of alerts and dashboards'
for name in $(grep -ohE 'ferrik_[a-z_]+' "$deploy/alerts/ferrik.yaml" "$deploy/dashboards/ferrik.json" | sed 's/_bucket$//' | sort -u); do
    grep -qF "| \`$name\` |" "$deploy/../docs/metrics.md" || wrong "there is no metric $name in docs/metrics.md"
done

echo '== alerts'
if command -v promtool >/dev/null; then
    promtool check rules --lint-fatal "$deploy/alerts/ferrik.yaml" >"$work/alerts" 2>&1 || wrong "$(cat "$work/alerts")"
    (cd "$deploy/alerts" && promtool test rules ferrik.test.yaml) >"$work/alerts" 2>&1 || wrong "$(cat "$work/alerts")"
else
    echo '   promtool is not installed, the rules go unchecked: it comes with Prometheus'
fi

[ "$failures" = 0 ] || { echo "$failures problem(s) in deploy/" >&2; exit 1; }
