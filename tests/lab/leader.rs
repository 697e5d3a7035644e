//! Status and Events: written once, by one replica, and taken over by another.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ferrik_test_cluster::{Identity, Lab, Options, eventually, run, run_with};

use tokio::process::Command;

use crate::ferrik::Ferrik;
use crate::yaml::{annotated, ingress};

const STATUS: [&str; 2] = ["--publish-status-address", "192.0.2.10"];

async fn addresses(lab: &Lab, name: &str) -> String {
    let path = "jsonpath={.status.loadBalancer.ingress[*].ip}";
    lab.cluster
        .kubectl(
            &Identity::Admin,
            &["get", "ingress", "-n", "shop", name, "-o", path],
        )
        .await
}

async fn has_addresses(lab: &Lab, name: &str, wanted: &str) {
    eventually(&format!("{name} has {wanted}"), async || {
        addresses(lab, name).await == wanted
    })
    .await;
}

#[test]
fn each_status_is_written_once_and_that_of_others_stays() {
    let options = Options {
        audit: true,
        ..Options::default()
    };
    run_with(options, async |lab| {
        let _app = lab.backend("shop", "app").await;
        for number in 0..20 {
            let (name, host) = (format!("app-{number}"), format!("h{number}.example.org"));
            lab.cluster.apply(&ingress("shop", &name, &host, "app")).await;
        }
        let foreign = ingress("shop", "foreign", "x.example.org", "app")
            .replace("ingressClassName: nginx", "ingressClassName: other");
        lab.cluster.apply(&foreign).await;
        let patch = [
            "patch",
            "ingress",
            "-n",
            "shop",
            "app-0",
            "--subresource=status",
            "--type=merge",
            "-p",
        ];
        let entry = r#"{"status":{"loadBalancer":{"ingress":[{"ip":"198.51.100.7"}]}}}"#;
        lab.cluster
            .kubectl(&Identity::Admin, &[&patch[..], &[entry]].concat())
            .await;
        let ferrik = Ferrik::start(&lab, &STATUS).await;
        for number in 1..20 {
            has_addresses(&lab, &format!("app-{number}"), "192.0.2.10").await;
        }
        has_addresses(&lab, "app-0", "198.51.100.7 192.0.2.10").await;
        assert_eq!(addresses(&lab, "foreign").await, "");

        let wiped = r#"{"status":{"loadBalancer":{"ingress":[]}}}"#;
        let patch = [
            "patch",
            "ingress",
            "-n",
            "shop",
            "app-3",
            "--subresource=status",
            "--type=merge",
            "-p",
        ];
        lab.cluster
            .kubectl(&Identity::Admin, &[&patch[..], &[wiped]].concat())
            .await;
        has_addresses(&lab, "app-3", "192.0.2.10").await;
        ferrik.stop().await;
        let writes = |name: &str| {
            let log = lab.cluster.audit_log();
            let ours = log.iter().filter(|line| {
                line["verb"] == "patch"
                    && line["objectRef"]["resource"] == "ingresses"
                    && line["objectRef"]["name"] == name
                    && !line["userAgent"]
                        .as_str()
                        .is_some_and(|agent| agent.starts_with("kubelab"))
                    && !line["userAgent"]
                        .as_str()
                        .is_some_and(|agent| agent.contains("kubectl"))
            });
            ours.count()
        };
        assert_eq!(writes("app-7"), 1);
        assert_eq!(writes("app-3"), 2, "once more after it was wiped");
        assert_eq!(writes("foreign"), 0);
    });
}

#[test]
fn another_replica_takes_over() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster
            .apply(&ingress("shop", "first", "a.example.org", "app"))
            .await;
        let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
        let replica = |name: &'static str| {
            Ferrik::spawn(
                &kubeconfig,
                &["--pod-name", name, "--admin", "127.0.0.1:0", STATUS[0], STATUS[1]],
            )
        };
        let one = replica("one");
        one.ready().await;
        has_addresses(&lab, "first", "192.0.2.10").await;
        let two = replica("two");
        two.ready().await;
        assert!(!two.log().contains("this replica leads"));
        // Let go in order: the other one need not wait.
        one.stop().await;
        let start = Instant::now();
        eventually("the second leads", async || {
            two.log().contains("this replica leads")
        })
        .await;
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        // Killed: within the time of the Lease.
        let three = replica("three");
        three.ready().await;
        two.kill().await;
        lab.cluster
            .apply(&ingress("shop", "second", "b.example.org", "app"))
            .await;
        assert_eq!(
            three.answers("b.example.org", 200).await.status,
            200,
            "serving needs no leader"
        );
        let start = Instant::now();
        has_addresses(&lab, "second", "192.0.2.10").await;
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    });
}

#[test]
fn a_leader_that_stood_still_does_not_write_as_one() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
        let replica = |name: &'static str, address: &'static str| {
            Ferrik::spawn(
                &kubeconfig,
                &[
                    "--pod-name",
                    name,
                    "--admin",
                    "127.0.0.1:0",
                    "--publish-status-address",
                    address,
                ],
            )
        };
        let one = replica("one", "192.0.2.1");
        one.ready().await;
        eventually("the first leads", async || {
            one.log().contains("this replica leads")
        })
        .await;
        let two = replica("two", "192.0.2.2");
        two.ready().await;
        one.signal("STOP").await;
        let start = Instant::now();
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        has_addresses(&lab, "app", "192.0.2.2").await;
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        one.signal("CONT").await;
        eventually("the first gives up", async || {
            one.log().contains("no longer leads")
        })
        .await;
        lab.cluster
            .apply(&ingress("shop", "other", "b.example.org", "app"))
            .await;
        has_addresses(&lab, "other", "192.0.2.2").await;
        assert_eq!(addresses(&lab, "app").await, "192.0.2.2");
        for replica in [&one, &two] {
            assert_eq!(replica.log().matches("this replica leads").count(), 1);
        }
    });
}

#[test]
fn problems_are_events_on_the_object_and_are_told_once() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let typo = "{nginx.ingress.kubernetes.io/proxy-body-sizes: 1m}";
        lab.cluster
            .apply(&annotated("shop", "app", "a.example.org", "app", typo))
            .await;
        let events = async || {
            let path = "jsonpath={range .items[*]}{.type} {.reason} {.series.count} {.note}{\"\\n\"}{end}";
            lab.cluster
                .kubectl(
                    &Identity::Admin,
                    &["get", "events.events.k8s.io", "-n", "shop", "-o", path],
                )
                .await
        };
        let ferrik = Ferrik::start(&lab, &[]).await;
        eventually("the Event is there", async || {
            events().await.contains("AnnotationUnknown")
        })
        .await;
        let described = lab
            .cluster
            .kubectl(&Identity::team("shop"), &["describe", "ingress", "app"])
            .await;
        assert!(
            described.contains("proxy-body-sizes") && described.contains("did you mean"),
            "{described}"
        );
        ferrik.stop().await;
        let before = events().await;
        assert!(
            !before.contains("Programmed"),
            "what stood at the start is no change: {before}"
        );

        let again = Ferrik::start(&lab, &[]).await;
        eventually("it leads", async || again.log().contains("this replica leads")).await;
        lab.cluster
            .apply(&annotated("shop", "app", "b.example.org", "app", typo))
            .await;
        eventually("the change is told", async || {
            events().await.contains("Normal Programmed")
        })
        .await;
        let unknown = events()
            .await
            .lines()
            .filter(|line| line.contains("AnnotationUnknown"))
            .count();
        assert_eq!(unknown, 1, "{}", events().await);
    });
}

#[test]
fn status_is_taken_back_only_if_asked_for() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        let ferrik = Ferrik::start(&lab, &STATUS).await;
        has_addresses(&lab, "app", "192.0.2.10").await;
        ferrik.stop().await;
        assert_eq!(addresses(&lab, "app").await, "192.0.2.10");
        let ferrik = Ferrik::start(&lab, &[STATUS[0], STATUS[1], "--update-status-on-shutdown"]).await;
        eventually("it leads", async || ferrik.log().contains("this replica leads")).await;
        ferrik.stop().await;
        assert_eq!(addresses(&lab, "app").await, "");
    });
}

#[test]
fn people_are_told_which_replica_is_stalled() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
        let replica =
            |name: &'static str| Ferrik::spawn(&kubeconfig, &["--pod-name", name, "--admin", "127.0.0.1:0"]);
        let (one, two) = (replica("one"), replica("two"));
        one.ready().await;
        two.ready().await;
        let status = async |more: &[&str]| {
            let output = Command::new(env!("CARGO_BIN_EXE_ferrik"))
                .args(["status", "shop/app", "--kubeconfig"])
                .arg(&kubeconfig)
                .args(more)
                .output()
                .await
                .expect("the binary starts");
            (
                output.status.success(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
            )
        };
        let (is_served, text) = status(&["--wait"]).await;
        assert!(is_served && text.contains("served by 2/2 replicas"), "{text}");
        let tables: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.split("table ").nth(1))
            .collect();
        assert_eq!(tables.len(), 1, "they serve the same: {text}");

        two.signal("STOP").await;
        lab.cluster
            .apply(&ingress("shop", "app", "b.example.org", "app"))
            .await;
        one.answers("b.example.org", 200).await;
        let (is_served, text) = status(&["--wait", "--timeout", "3"]).await;
        assert!(!is_served && text.contains("served by 1/2 replicas"), "{text}");
        let stalled = text
            .lines()
            .find(|line| line.contains("stalled"))
            .expect("one is named");
        assert!(stalled.trim_start().starts_with("two"), "{text}");
        two.signal("CONT").await;
        let (is_served, text) = status(&["--wait"]).await;
        assert!(is_served && text.contains("served by 2/2 replicas"), "{text}");
    });
}
