//! One process takes the ports of a node over from another, as a surging Pod on the host's network does.

use ferrik_test_cluster::{Identity, run};

use crate::ferrik::{Ferrik, Load};
use crate::yaml::ingress;

#[test]
fn requests_go_on_while_one_replica_takes_over_from_another() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
        let replica = |name: &'static str| {
            let arguments = [
                "--http",
                "127.0.0.1:80",
                "--reuse-port",
                "--pod-name",
                name,
                "--admin",
                "127.0.0.1:0",
            ];
            Ferrik::spawn(&kubeconfig, &arguments)
        };
        let mut old = replica("r0");
        old.ready().await;
        let load = Load::at("127.0.0.1:80".parse().expect("an address"), "a.example.org");
        for name in ["r1", "r2", "r3"] {
            let new = replica(name);
            new.ready().await;
            load.more(200).await;
            old.stop().await;
            load.more(200).await;
            old = new;
        }
        load.end().await;
    });
}
