//! Two namespaces claim one host and path: the older Ingress is served, and clients see one or the other, never neither.

use std::time::SystemTime;

use ferrik_test_cluster::k8s_openapi::api::networking::v1::Ingress;
use ferrik_test_cluster::kube::Api;
use ferrik_test_cluster::{Identity, Lab, eventually, run};

use crate::ferrik::Ferrik;
use crate::history::History;
use crate::yaml::ingress;

const HOST: &str = "a.example.org";

/// Returns once an Ingress that is made now is younger: the API counts in seconds.
async fn has_aged(lab: &Lab, namespace: &str) {
    let api: Api<Ingress> = Api::namespaced(lab.cluster.client(), namespace);
    let made = api
        .get("app")
        .await
        .expect("it is there")
        .metadata
        .creation_timestamp;
    let made = SystemTime::from(made.expect("the API says when").0);
    eventually("a second has passed", async || {
        made.elapsed().is_ok_and(|age| age.as_secs() >= 1)
    })
    .await;
}

/// Waits until the Ingress `app` has an Event that names who it lost against.
async fn lost_against(lab: &Lab, namespace: &str, winner: &str) {
    eventually(&format!("the loser in {namespace} is told"), async || {
        let get = ["describe", "ingress", "app"];
        let described = lab.cluster.kubectl(&Identity::team(namespace), &get).await;
        described.contains("PathConflict") && described.contains(winner)
    })
    .await;
}

#[test]
fn the_oldest_wins_the_loser_is_told_and_takes_over() {
    run(async |lab| {
        // By name the younger one would come first.
        let _backends = (
            lab.backend("zoo", "old").await,
            lab.backend("alpha", "young").await,
        );
        let (old, young) = (
            ingress("zoo", "app", HOST, "old"),
            ingress("alpha", "app", HOST, "young"),
        );
        lab.cluster.apply(&old).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let history = History::start(&ferrik, HOST);
        history.shows("old").await;
        has_aged(&lab, "zoo").await;
        lab.cluster.apply(&young).await;
        lost_against(&lab, "alpha", "zoo/app").await;
        lab.cluster.delete(&old).await;
        history.shows("young").await;
        // Who comes back is the younger one now.
        has_aged(&lab, "alpha").await;
        lab.cluster.apply(&old).await;
        lost_against(&lab, "zoo", "alpha/app").await;
        history.end(&["old", "young"]).await;
        // A new process comes to the same result.
        let again = Ferrik::start(&lab, &["--admin", "127.0.0.1:0"]).await;
        assert_eq!(again.get(HOST, "/").await.pod().as_deref(), Some("young"));
    });
}
