//! A certificate goes with the last Ingress that asks for it, and not with the first.

use ferrik_test_acme::AcmeOptions;
use ferrik_test_cluster::{Identity, Lab, eventually, run};

use super::{HOST, REPLICAS, asking, authority, replica, stored};

async fn owners(lab: &Lab) -> String {
    let path = "jsonpath={.metadata.ownerReferences[*].name}";
    let get = [
        "get",
        "secret",
        "-n",
        "shop",
        "a",
        "--ignore-not-found",
        "-o",
        path,
    ];
    lab.cluster.kubectl(&Identity::Admin, &get).await
}

#[test]
fn an_ingress_that_joins_becomes_an_owner_and_keeps_the_certificate() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        let _ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        let first = asking("a", HOST);
        lab.cluster.apply(&first).await;
        eventually("it is issued", async || stored(&lab, "a").await.contains("BEGIN")).await;
        let certificate = stored(&lab, "a").await;
        assert_eq!(owners(&lab).await, "a");
        let second = first
            .replace("{name: a,", "{name: second,")
            .replace("path: /,", "path: /second,");
        lab.cluster.apply(&second).await;
        eventually("both own it", async || owners(&lab).await == "a second").await;
        lab.cluster.delete(&first).await;
        eventually("the cluster has let the first go", async || {
            owners(&lab).await == "second"
        })
        .await;
        assert_eq!(stored(&lab, "a").await, certificate);
        assert_eq!(acme.orders(), 1);
        lab.cluster.delete(&second).await;
        eventually("it goes with the last", async || {
            stored(&lab, "a").await.is_empty()
        })
        .await;
    });
}
