//! Traefik's kinds in a cluster that does not run Traefik.

use ferrik_test_cluster::{Identity, Lab};

use crate::yaml::traefik_kind;

/// Makes the kinds that are read, and waits until objects of them are accepted.
pub(crate) async fn add_kinds(lab: &Lab) {
    for (plural, kind) in [("middlewares", "Middleware"), ("tlsoptions", "TLSOption")] {
        lab.cluster.apply(&traefik_kind(plural, kind)).await;
        is_established(lab, &format!("{plural}.traefik.io")).await;
    }
}

/// Waits until objects of a kind are accepted.
pub(crate) async fn is_established(lab: &Lab, name: &str) {
    let wait = [
        "wait",
        "--for=condition=Established",
        "crd",
        name,
        "--timeout=20s",
    ];
    lab.cluster.kubectl(&Identity::Admin, &wait).await;
}
