//! What deploy/ gives people is taken by a cluster without a warning.

use ferrik_test_cluster::{Identity, Lab, eventually, run};

use crate::chart;

const APPLY: [&str; 4] = ["apply", "--warnings-as-errors", "-f", "-"];
/// The namespaces that sets of values name.
const NAMESPACES: [&str; 6] = ["ferrik", "shop", "blog", "web", "certificates", "ingress-nginx"];
/// A kind that comes with Prometheus.
const SERVICE_MONITOR: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {kind: ServiceMonitor, plural: servicemonitors}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

async fn applied(lab: &Lab, name: &str, yaml: &str) {
    let result = lab.cluster.try_kubectl_with(&Identity::Admin, &APPLY, yaml).await;
    if let Err(errors) = result {
        panic!("{name}: {errors}");
    }
}

/// Warns of Pods that the level would not admit, and not only when they are made.
async fn warn_below(lab: &Lab, level: &str) {
    let label = format!("pod-security.kubernetes.io/warn={level}");
    let arguments = ["label", "namespace", "ferrik", &label, "--overwrite"];
    lab.cluster.kubectl(&Identity::Admin, &arguments).await;
}

#[test]
fn manifests_are_taken_without_a_warning() {
    run(async |lab| {
        // A warning is seen: the host's network is not for restricted Pods.
        lab.cluster.namespace("ferrik").await;
        warn_below(&lab, "restricted").await;
        let refused = lab
            .cluster
            .try_kubectl_with(&Identity::Admin, &APPLY, &chart::manifest("hostnetwork"))
            .await;
        assert!(refused.is_err_and(|error| error.contains("would violate PodSecurity")));
        lab.cluster.delete(&chart::manifest("hostnetwork")).await;
        for (profile, level) in [("hostnetwork", "privileged"), ("loadbalancer", "restricted")] {
            lab.cluster.namespace("ferrik").await;
            warn_below(&lab, level).await;
            applied(&lab, profile, &chart::manifest(profile)).await;
        }
        // The namespace demands the level of the profile, and admits the Pods of the Deployment.
        let get = [
            "get",
            "pods",
            "-n",
            "ferrik",
            "-o",
            "jsonpath={.items[*].metadata.name}",
        ];
        eventually("Pods are admitted", async || {
            lab.cluster
                .kubectl(&Identity::Admin, &get)
                .await
                .contains("ferrik-")
        })
        .await;
    });
}

#[test]
fn what_the_chart_renders_is_taken_without_a_warning() {
    let sets: Vec<(String, String)> = chart::sets()
        .into_iter()
        .map(|set| {
            let rendered = chart::render(&set);
            (set, rendered)
        })
        .collect();
    assert!(!sets.is_empty());
    run(async move |lab| {
        for namespace in NAMESPACES {
            lab.cluster.namespace(namespace).await;
        }
        lab.cluster.apply(SERVICE_MONITOR).await;
        let crd = [
            "wait",
            "--for=condition=Established",
            "crd",
            "servicemonitors.monitoring.coreos.com",
            "--timeout=20s",
        ];
        lab.cluster.kubectl(&Identity::Admin, &crd).await;
        for (set, rendered) in &sets {
            let is_on_the_host = rendered.contains("hostNetwork: true");
            warn_below(
                &lab,
                if is_on_the_host {
                    "privileged"
                } else {
                    "restricted"
                },
            )
            .await;
            applied(&lab, set, rendered).await;
            lab.cluster.delete(rendered).await;
        }
    });
}
