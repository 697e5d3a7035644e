//! cert-manager beside us: the objects that its HTTP-01 solver makes, in both of its styles, are served whatever the host
//! does to other requests.

use std::time::{Duration, SystemTime};

use ferrik_test_acme::AcmeOptions;
use ferrik_test_cluster::run;

use super::{HOST, REPLICAS, asking, authority, replica};
use crate::yaml::annotated;

const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

fn path(token: &str) -> String {
    format!("/.well-known/acme-challenge/{token}")
}

/// The Ingress that a solver makes for one challenge.
fn solver(class: &str, path_type: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: cm-acme-http-solver-x7k2p
  namespace: shop
  labels: {{acme.cert-manager.io/http01-solver: 'true', acme.cert-manager.io/http-domain: '1'}}
  annotations: {{nginx.ingress.kubernetes.io/whitelist-source-range: '0.0.0.0/0,::/0'}}
spec:
  ingressClassName: {class}
  rules:
    - host: {HOST}
      http:
        paths:
          - path: {}
            pathType: {path_type}
            backend: {{service: {{name: solver, port: {{number: 80}}}}}}
",
        path(TOKEN)
    )
}

#[test]
fn the_solver_is_reached_on_a_host_that_redirects_and_guards() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let _solver = lab.backend("shop", "solver").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        let ferrik = replica(&lab, &acme, REPLICAS[0], &["--https-redirect"]).await;
        let guarded = "{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: none, \
                       nginx.ingress.kubernetes.io/force-ssl-redirect: 'true', cert-manager.io/issuer: le}";
        let app = annotated("shop", "app", HOST, "app", guarded)
            + &format!("  tls: [{{hosts: [{HOST}], secretName: app}}]\n");
        lab.cluster.apply(&app).await;
        for (class, path_type) in [
            ("nginx", "Exact"),
            ("nginx", "ImplementationSpecific"),
            ("traefik", "Exact"),
        ] {
            let solver = solver(class, path_type);
            lab.cluster.apply(&solver).await;
            super::eventually("the solver is reached", async || {
                let answer = ferrik.get(HOST, &path(TOKEN)).await;
                answer.status == 200 && answer.body.contains("solver")
            })
            .await;
            let other = ferrik.get(HOST, &path("another")).await;
            assert_eq!(
                other.status, 503,
                "{class}: nobody has this one open, and the guard is closed"
            );
            lab.cluster.delete(&solver).await;
            super::eventually("the path is as any other", async || {
                ferrik.get(HOST, &path(TOKEN)).await.status == 503
            })
            .await;
        }
        // Edited in place: the path is added to the guarded Ingress itself.
        let in_place = app.replace(
            "paths: [",
            &format!(
                "paths: [{{path: {}, pathType: ImplementationSpecific, backend: {{service: {{name: solver, port: \
                 {{number: 80}}}}}}}}, ",
                path(TOKEN)
            ),
        );
        lab.cluster.apply(&in_place).await;
        super::eventually("the solver is reached", async || {
            let answer = ferrik.get(HOST, &path(TOKEN)).await;
            answer.status == 200 && answer.body.contains("solver")
        })
        .await;
        let root = ferrik.get(HOST, "/").await.status;
        assert!(matches!(root, 301 | 308), "{root}");
    });
}

#[test]
fn the_solver_wins_over_our_own_answer_for_its_path_alone() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let _solver = lab.backend("shop", "solver").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        let ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        super::eventually("ours is answered", async || {
            ferrik
                .get(HOST, &path(TOKEN))
                .await
                .body
                .starts_with(&format!("{TOKEN}."))
        })
        .await;
        lab.cluster.apply(&solver("nginx", "Exact")).await;
        super::eventually("the solver is reached", async || {
            ferrik.get(HOST, &path(TOKEN)).await.body.contains("solver")
        })
        .await;
        assert!(
            ferrik
                .get(HOST, &path("another"))
                .await
                .body
                .starts_with("another.")
        );
    });
}

#[test]
fn rules_of_another_namespace_answer_no_authority() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let _thief = lab.backend("other", "thief").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        let ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        // Whose namespace is the older one on a host is decided by seconds, and then by name.
        let app = annotated("shop", "app", HOST, "app", "{}").replace("path: /,", "path: /shop,");
        lab.cluster.apply(&app).await;
        let created = SystemTime::now();
        super::eventually("the next one is younger", async || {
            created
                .elapsed()
                .is_ok_and(|since| since >= Duration::from_secs(2))
        })
        .await;
        let thief = annotated("other", "thief", HOST, "thief", "{}");
        lab.cluster.apply(&thief).await;
        ferrik.answers(HOST, 200).await;
        assert!(ferrik.get(HOST, "/.well-known/").await.body.contains("thief"));
        assert_eq!(ferrik.get(HOST, &path(TOKEN)).await.status, 404);
        // The owner's own general rule does answer.
        lab.cluster
            .apply(&app.replace("path: /shop,", "path: /.well-known,"))
            .await;
        super::eventually("the owner answers", async || {
            let answer = ferrik.get(HOST, &path(TOKEN)).await;
            answer.status == 200 && answer.body.contains("app")
        })
        .await;
    });
}
