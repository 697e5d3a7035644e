//! Objects of a cluster become routes, and follow its changes.

use std::sync::Mutex;
use std::time::Duration;

use ferrik_test_cluster::{Identity, eventually, run};
use serde_json::Value;

use crate::ferrik::Ferrik;
use crate::yaml::{annotated, ingress, secret, traefik_kind};

#[test]
fn an_ingress_is_served_changed_and_removed() {
    run(async |lab| {
        let (one, two) = (lab.backend("shop", "one").await, lab.backend("shop", "two").await);
        let ferrik = Ferrik::start(&lab, &[]).await;
        assert_eq!(ferrik.get("a.example.org", "/").await.status, 404);
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "one"))
            .await;
        let answer = ferrik.answers("a.example.org", 200).await;
        let received: Value = serde_json::from_str(&answer.body).expect("the backend says what it received");
        assert_eq!(
            (&received["pod"], &received["path"]),
            (&"one".into(), &"/".into())
        );
        assert_eq!(received["headers"]["x-forwarded-proto"][0], "http");

        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "two"))
            .await;
        eventually("the other Service is asked", async || {
            assert_eq!(ferrik.get("a.example.org", "/").await.status, 200);
            two.requests() > 0
        })
        .await;
        assert!(one.requests() > 0);
        lab.cluster
            .delete(&ingress("shop", "app", "a.example.org", "two"))
            .await;
        ferrik.answers("a.example.org", 404).await;
        ferrik.stop().await;
    });
}

#[test]
fn the_right_status_is_the_first_after_not_found() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        for number in 0..10 {
            let host = format!("h{number}.example.org");
            lab.cluster
                .apply(&ingress("shop", &format!("app-{number}"), &host, "app"))
                .await;
            let seen = Mutex::new(Vec::new());
            eventually("the host is served", async || {
                let status = ferrik.get(&host, "/").await.status;
                seen.lock().expect("no panic").push(status);
                status == 200
            })
            .await;
            let mut seen = seen.into_inner().expect("no panic");
            seen.dedup();
            assert!(matches!(&seen[..], [200] | [404, 200]), "{seen:?}");
        }
    });
}

#[test]
fn passwords_and_certificates_are_read_by_name_only_while_something_refers_to_them() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let guarded = annotated(
            "shop",
            "app",
            "a.example.org",
            "app",
            "{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users}",
        );
        lab.cluster.apply(&guarded).await;
        ferrik.answers("a.example.org", 503).await;
        let users = secret(
            "shop",
            "users",
            "Opaque",
            "{auth: 'ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M='}",
        );
        lab.cluster.apply(&users).await;
        ferrik.answers("a.example.org", 401).await;
        lab.cluster.delete(&users).await;
        ferrik.answers("a.example.org", 503).await;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        let annotations = ["annotate", "ingress", "-n", "shop", "app"];
        let remove = [
            "nginx.ingress.kubernetes.io/auth-type-",
            "nginx.ingress.kubernetes.io/auth-secret-",
        ];
        lab.cluster
            .kubectl(&Identity::Admin, &[&annotations[..], &remove[..]].concat())
            .await;
        ferrik.answers("a.example.org", 200).await;
    });
}

#[test]
fn a_password_file_that_nobody_followed_for_a_while_is_not_believed() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let guarded = annotated(
            "shop",
            "app",
            "a.example.org",
            "app",
            "{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users}",
        );
        let users = secret(
            "shop",
            "users",
            "Opaque",
            "{auth: 'ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M='}",
        );
        lab.cluster.apply(&users).await;
        lab.cluster.apply(&guarded).await;
        ferrik.answers("a.example.org", 401).await;
        lab.cluster.delete(&guarded).await;
        ferrik.answers("a.example.org", 404).await;
        // Other changes pass until the watch of the Secret has ended.
        let log = |ferrik: &Ferrik| ferrik.log().matches("no longer followed by name").count();
        eventually("the Secret is let go", async || {
            lab.cluster
                .apply(&ingress("shop", "other", "b.example.org", "app"))
                .await;
            lab.cluster
                .delete(&ingress("shop", "other", "b.example.org", "app"))
                .await;
            log(&ferrik) > 0
        })
        .await;
        lab.cluster.delete(&users).await;
        lab.cluster.apply(&guarded).await;
        ferrik.answers("a.example.org", 503).await;
    });
}

#[test]
fn traefik_kinds_appear_and_disappear_while_it_runs() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let kind = traefik_kind("middlewares", "Middleware");
        lab.cluster.apply(&kind).await;
        let wait = [
            "wait",
            "--for=condition=Established",
            "crd",
            "middlewares.traefik.io",
            "--timeout=20s",
        ];
        lab.cluster.kubectl(&Identity::Admin, &wait).await;
        let routed = ingress("shop", "app", "a.example.org", "app")
            .replace("ingressClassName: nginx", "ingressClassName: traefik")
            .replace(
                "annotations: {}",
                "annotations: {traefik.ingress.kubernetes.io/router.middlewares: shop-away@kubernetescrd}",
            );
        lab.cluster.apply(&routed).await;
        // A middleware that is not there closes the route.
        ferrik.answers("a.example.org", 503).await;
        let away = "{apiVersion: traefik.io/v1alpha1, kind: Middleware, metadata: {name: away, namespace: shop}, spec: {redirectScheme: {scheme: https}}}";
        lab.cluster.apply(away).await;
        ferrik.answers("a.example.org", 302).await;
        lab.cluster.delete(&kind).await;
        ferrik.answers("a.example.org", 503).await;
    });
}

#[test]
fn an_object_that_is_nested_too_deep_is_left_out_alone() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster
            .apply(&traefik_kind("middlewares", "Middleware"))
            .await;
        let wait = [
            "wait",
            "--for=condition=Established",
            "crd",
            "middlewares.traefik.io",
            "--timeout=20s",
        ];
        lab.cluster.kubectl(&Identity::Admin, &wait).await;
        let middleware = |name: &str, spec: &str| {
            format!(
                "{{apiVersion: traefik.io/v1alpha1, kind: Middleware, metadata: {{name: {name}, namespace: shop}}, spec: {spec}}}"
            )
        };
        let deep = format!(
            "{{redirectScheme: {{scheme: https}}, other: {}0{}}}",
            "{a: ".repeat(200),
            "}".repeat(200)
        );
        let routed = |name: &str, host: &str| {
            ingress("shop", name, host, "app")
                .replace("ingressClassName: nginx", "ingressClassName: traefik")
                .replace(
                    "annotations: {}",
                    &format!("annotations: {{traefik.ingress.kubernetes.io/router.middlewares: shop-{name}@kubernetescrd}}"),
                )
        };
        lab.cluster.apply(&middleware("deep", &deep)).await;
        lab.cluster
            .apply(&middleware("good", "{redirectScheme: {scheme: https}}"))
            .await;
        lab.cluster.apply(&routed("deep", "deep.example.org")).await;
        lab.cluster.apply(&routed("good", "good.example.org")).await;
        // In a list.
        let ferrik = Ferrik::start(&lab, &[]).await;
        ferrik.answers("good.example.org", 302).await;
        ferrik.answers("deep.example.org", 503).await;
        // In a watch.
        lab.cluster
            .apply(&middleware("deep", "{redirectScheme: {scheme: https}}"))
            .await;
        ferrik.answers("deep.example.org", 302).await;
        lab.cluster.apply(&middleware("deep", &deep)).await;
        ferrik.answers("deep.example.org", 503).await;
        ferrik.answers("good.example.org", 302).await;
        let said = ferrik.log().matches("more than 64 levels").count();
        assert_eq!(said, 2, "{}", ferrik.log());
    });
}

#[test]
fn rollouts_of_a_backend_lose_no_request() {
    run(async |lab| {
        lab.deployment("shop", "cart", 3).await;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "cart"))
            .await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        ferrik.answers("a.example.org", 200).await;
        let load = crate::ferrik::Load::start(&ferrik, "a.example.org");
        for _ in 0..10 {
            lab.rollout("shop", "cart").await;
            load.more(100).await;
        }
        let sent = load.end().await;
        assert!(sent >= 1_000, "{sent}");
    });
}

#[test]
fn endpoints_emptied_and_refilled_are_followed() {
    run(async |lab| {
        lab.deployment("shop", "cart", 2).await;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "cart"))
            .await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        ferrik.answers("a.example.org", 200).await;
        lab.deployment("shop", "cart", 0).await;
        ferrik.answers("a.example.org", 503).await;
        lab.deployment("shop", "cart", 1).await;
        ferrik.answers("a.example.org", 200).await;
    });
}

#[test]
fn hostile_objects_are_rejected_alone() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster
            .apply(&ingress("shop", "good", "good.example.org", "app"))
            .await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let long = format!(
            "{{nginx.ingress.kubernetes.io/configuration-snippet: '{}'}}",
            "return 200; ".repeat(15_000)
        );
        lab.cluster
            .apply(&annotated("shop", "long", "long.example.org", "app", &long))
            .await;
        let regex = "{nginx.ingress.kubernetes.io/use-regex: 'true', nginx.ingress.kubernetes.io/rewrite-target: '/$1'}";
        let bad = annotated("shop", "regex", "regex.example.org", "app", regex).replace(
            "path: /, pathType: Prefix",
            "path: '/((((', pathType: ImplementationSpecific",
        );
        lab.cluster.apply(&bad).await;
        let paths: Vec<String> = (0..5_000)
            .map(|number| {
                format!("{{path: /p{number}, pathType: Prefix, backend: {{service: {{name: app, port: {{number: 80}}}}}}}}")
            })
            .collect();
        let many = ingress("shop", "many", "many.example.org", "app").replace(
            "{path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}",
            &paths.join(", "),
        );
        lab.cluster.apply(&many).await;
        eventually("the many rules are served", async || {
            assert_eq!(ferrik.get("good.example.org", "/").await.status, 200);
            ferrik.get("many.example.org", "/p4999").await.status == 200
        })
        .await;
        assert!(ferrik.log().contains("regular expression"), "{}", ferrik.log());
    });
}

#[test]
fn namespaces_and_classes_are_deleted_and_made_again() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let class = "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: own}, spec: {controller: ferrik.dev/ingress-controller}}";
        lab.cluster.apply(class).await;
        let object = ingress("shop", "app", "a.example.org", "app")
            .replace("ingressClassName: nginx", "ingressClassName: own");
        lab.cluster.apply(&object).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        ferrik.answers("a.example.org", 200).await;
        lab.cluster.delete(class).await;
        ferrik.answers("a.example.org", 404).await;
        lab.cluster.apply(class).await;
        ferrik.answers("a.example.org", 200).await;
        let gone = ["delete", "namespace", "shop", "--wait=true", "--timeout=50s"];
        lab.cluster.kubectl(&Identity::Admin, &gone).await;
        ferrik.answers("a.example.org", 404).await;
        let _again = lab.backend("shop", "app").await;
        lab.cluster.apply(&object).await;
        ferrik.answers("a.example.org", 200).await;
    });
}

#[test]
fn events_that_come_twice_or_in_another_order_change_nothing() {
    run(async |lab| {
        let relay = lab.relay().await;
        let _app = lab.backend("shop", "app").await;
        let kubeconfig = relay.kubeconfig(&Identity::Admin).await;
        let ferrik = Ferrik::spawn(&kubeconfig, &[]);
        ferrik.ready().await;
        relay.duplicate_events(true);
        relay.reorder_events(true);
        relay.delay(Duration::from_millis(5));
        for round in 0..5 {
            for number in 0..4 {
                let (name, host) = (format!("app-{number}"), format!("h{number}.example.org"));
                let object = ingress("shop", &name, &host, "app");
                if round % 2 == 0 {
                    lab.cluster.apply(&object).await;
                } else {
                    lab.cluster.delete(&object).await;
                }
            }
        }
        // A pair of events is what the relay swaps, so an odd one would be held.
        relay.reorder_events(false);
        lab.cluster
            .apply(&ingress("shop", "last", "last.example.org", "app"))
            .await;
        ferrik.answers("last.example.org", 200).await;
        for number in 0..4 {
            ferrik.answers(&format!("h{number}.example.org"), 200).await;
        }
    });
}
