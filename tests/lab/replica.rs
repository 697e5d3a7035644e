//! What the leader tells of the replicas and of the API: Events, the log and metrics.

use ferrik_test_cluster::k8s_openapi::api::core::v1::Secret;
use ferrik_test_cluster::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use ferrik_test_cluster::kube::api::{Api, PostParams};
use ferrik_test_cluster::{Identity, Lab, eventually, run};

use crate::ferrik::Ferrik;
use crate::yaml::{annotated, ingress};

async fn spawn(lab: &Lab, name: &str) -> Ferrik {
    let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
    Ferrik::spawn(&kubeconfig, &["--pod-name", name, "--admin", "127.0.0.1:0"])
}

/// Reasons and texts of all Events of the namespace.
async fn events(lab: &Lab) -> String {
    let path = "jsonpath={range .items[*]}{.reason}: {.note}{\"\\n\"}{end}";
    let get = ["get", "events.events.k8s.io", "-n", "shop", "-o", path];
    lab.cluster.kubectl(&Identity::Admin, &get).await
}

async fn tells(lab: &Lab, text: &str) {
    eventually(&format!("an Event says: {text}"), async || {
        events(lab).await.contains(text)
    })
    .await;
}

#[test]
fn the_leader_says_who_serves_a_change_and_who_is_stalled() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let one = spawn(&lab, "one").await;
        one.ready().await;
        one.measures("ferrik_leader", 1).await;
        let two = spawn(&lab, "two").await;
        two.ready().await;
        assert_eq!(two.metric("ferrik_leader").await, Some(0));
        let serving = r#"ferrik_ingress_replicas{namespace="shop",ingress="app",state="serving"}"#;
        let behind = r#"ferrik_ingress_replicas{namespace="shop",ingress="app",state="behind"}"#;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        tells(&lab, "Programmed: generation 1 is served by 2/2 replicas").await;
        one.measures(serving, 2).await;
        one.measures(behind, 0).await;
        assert_eq!(two.metric(serving).await, None, "only the leader tells");

        two.signal("STOP").await;
        lab.cluster
            .apply(&ingress("shop", "app", "b.example.org", "app"))
            .await;
        tells(
            &lab,
            "Programmed: generation 2 is served by 1/2 replicas; two has seen the cluster up to version",
        )
        .await;
        one.measures(serving, 1).await;
        one.measures(behind, 1).await;
        eventually("the log names it", async || {
            one.log().contains("replica two is stalled: it has ")
        })
        .await;
        two.signal("CONT").await;
        eventually("the log says that it is back", async || {
            one.log().contains("replica two is back")
        })
        .await;
        one.measures(serving, 2).await;
        one.measures(behind, 0).await;
        assert_eq!(one.log().matches("replica two is stalled").count(), 1);
        // One that ends in order is not missed.
        two.stop().await;
        one.measures(serving, 1).await;
        one.measures(behind, 0).await;
    });
}

#[test]
fn a_problem_of_a_moment_is_no_event() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        eventually("it leads", async || ferrik.log().contains("this replica leads")).await;
        let guarded = |name: &str| {
            let annotations = format!(
                "{{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: {name}}}"
            );
            annotated("shop", name, &format!("{name}.example.org"), "app", &annotations)
        };
        lab.cluster.apply(&guarded("users")).await;
        ferrik.answers("users.example.org", 503).await;
        // By the client and not by kubectl, which may take longer than the moment.
        let secrets: Api<Secret> = Api::namespaced(lab.cluster.client(), "shop");
        let users = Secret {
            metadata: ObjectMeta {
                name: Some("users".to_owned()),
                ..ObjectMeta::default()
            },
            string_data: Some(
                [(
                    "auth".to_owned(),
                    "ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=".to_owned(),
                )]
                .into(),
            ),
            ..Secret::default()
        };
        secrets
            .create(&PostParams::default(), &users)
            .await
            .expect("it is new");
        ferrik.answers("users.example.org", 401).await;
        lab.cluster.apply(&guarded("missing")).await;
        eventually("what stands is told", async || {
            events(&lab).await.contains("shop/missing")
        })
        .await;
        let events = events(&lab).await;
        assert!(!events.contains("shop/users"), "{events}");
    });
}

#[test]
fn metrics_say_how_the_api_is_and_who_leads() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let typo = "{nginx.ingress.kubernetes.io/proxy-body-sizes: 1m}";
        lab.cluster
            .apply(&annotated("shop", "app", "a.example.org", "app", typo))
            .await;
        let (one, two) = (spawn(&lab, "one").await, spawn(&lab, "two").await);
        for ferrik in [&one, &two] {
            ferrik.ready().await;
            ferrik.measures("ferrik_api_up", 1).await;
            ferrik.measures("ferrik_watches{state=\"listing\"}", 0).await;
            ferrik.measures("ferrik_watches{state=\"hindered\"}", 0).await;
            ferrik.measures("ferrik_problems{severity=\"warning\"}", 1).await;
            ferrik.measures("ferrik_problems{severity=\"error\"}", 0).await;
            let watches = ferrik.metric("ferrik_watches{state=\"synced\"}").await;
            assert!(watches >= Some(5), "{watches:?}");
            let applied = ferrik.metric("ferrik_config_applied_timestamp_seconds").await;
            assert!(applied > Some(1_700_000_000), "{applied:?}");
        }
        let leaders = async || {
            one.metric("ferrik_leader")
                .await
                .zip(two.metric("ferrik_leader").await)
        };
        eventually("one leads", async || {
            let leaders = leaders().await;
            assert_ne!(leaders, Some((1, 1)));
            leaders.is_some_and(|(one, two)| one + two == 1)
        })
        .await;
        let answered = "ferrik_api_last_answer_timestamp_seconds";
        lab.cluster.kill_api().await;
        one.measures("ferrik_api_up", 0).await;
        let before = one.metric(answered).await.expect("it has answered");
        lab.cluster.start_api().await;
        one.measures("ferrik_api_up", 1).await;
        assert!(one.metric(answered).await.expect("it answers") > before);
    });
}
