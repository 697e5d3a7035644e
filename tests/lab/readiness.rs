//! Ready means complete: everything that is needed has been seen once.

use ferrik_test_cluster::{Identity, eventually, run};

use crate::ferrik::{Ferrik, get};
use crate::yaml::ingress;

const ADMIN: &str = "127.0.0.1:9254";

#[test]
fn what_the_role_does_not_allow_is_named_until_it_does() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        lab.cluster.namespace("ferrik").await;
        let identity = Identity::service_account("ferrik", "ferrik");
        let ferrik = Ferrik::spawn(&lab.cluster.kubeconfig(&identity).await, &["--admin", ADMIN]);
        let admin = ADMIN.parse().expect("an address");
        let wanted = [
            "cannot list ingresses.networking.k8s.io: forbidden; the role needs the verbs list and watch",
            "cannot list services: forbidden",
        ];
        eventually("what is missing is named", async || {
            match get(admin, "ferrik", "/readyz").await {
                Ok(answer) => answer.status == 503 && wanted.iter().all(|text| answer.body.contains(text)),
                Err(_) => false,
            }
        })
        .await;
        assert!(ferrik.log().contains(wanted[0]), "{}", ferrik.log());
        let bind = [
            "create",
            "clusterrolebinding",
            "all",
            "--clusterrole=cluster-admin",
            "--serviceaccount=ferrik:ferrik",
        ];
        lab.cluster.kubectl(&Identity::Admin, &bind).await;
        ferrik.ready().await;
        assert_eq!(ferrik.get("a.example.org", "/").await.status, 200);
        let ready = get(admin, "ferrik", "/readyz")
            .await
            .expect("the admin listener answers");
        assert_eq!((ready.status, &*ready.body), (200, "ready\n"));
    });
}

#[test]
fn only_the_namespaces_that_are_watched_are_served() {
    run(async |lab| {
        let (_shop, _other) = (
            lab.backend("shop", "app").await,
            lab.backend("other", "app").await,
        );
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        lab.cluster
            .apply(&ingress("other", "app", "b.example.org", "app"))
            .await;
        let ferrik = Ferrik::start(&lab, &["--watch-namespace", "shop"]).await;
        assert_eq!(ferrik.get("a.example.org", "/").await.status, 200);
        assert_eq!(ferrik.get("b.example.org", "/").await.status, 404);
    });
}
