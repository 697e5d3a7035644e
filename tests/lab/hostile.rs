//! Objects that nobody should write: each is rejected or served alone, and the next Ingress is served as soon as ever.

use std::time::{Duration, Instant};

use ferrik_test_cluster::{Backend, Identity, Lab, eventually, run};

use crate::ferrik::{Ferrik, Load};
use crate::traefik;
use crate::yaml::{annotated, ingress};

const HOST: &str = "a.example.org";
/// From a hostile object to the Ingress that is applied right after it.
const CAUGHT_UP: Duration = Duration::from_secs(5);
/// What Kubernetes admits of annotations in one object, names and values.
const ANNOTATIONS: usize = 256 * 1024;
const SNIPPET: &str = "nginx.ingress.kubernetes.io/configuration-snippet";

/// A proxy that serves `HOST` under load.
struct Stage {
    lab: Lab,
    ferrik: Ferrik,
    load: Load,
    _app: Backend,
}

impl Stage {
    async fn new(lab: Lab) -> Self {
        let app = lab.backend("shop", "app").await;
        lab.cluster.apply(&ingress("shop", "app", HOST, "app")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        Self {
            load: Load::start(&ferrik, HOST),
            ferrik,
            lab,
            _app: app,
        }
    }

    /// Applies it, and after it an Ingress that is good.
    async fn endures(&self, name: &str, hostile: &str) {
        self.lab.cluster.apply(hostile).await;
        let host = format!("after-{name}.example.org");
        let next = ingress("shop", &format!("after-{name}"), &host, "app");
        self.lab.cluster.apply(&next).await;
        let start = Instant::now();
        self.ferrik.answers(&host, 200).await;
        assert!(start.elapsed() < CAUGHT_UP, "after {name}: {:?}", start.elapsed());
    }

    /// What an Event says of an Ingress.
    async fn told(&self, name: &str, reason: &str) {
        let field = format!("regarding.name={name}");
        let reasons = ["-o", "jsonpath={.items[*].reason}"];
        let get = [
            "get",
            "events.events.k8s.io",
            "-n",
            "shop",
            "--field-selector",
            &field,
        ];
        eventually(&format!("an Event of {name} says {reason}"), async || {
            let cluster = &self.lab.cluster;
            let reasons = cluster
                .kubectl(&Identity::Admin, &[&get[..], &reasons[..]].concat())
                .await;
            reasons.contains(reason)
        })
        .await;
    }

    async fn end(self) {
        self.load.end().await;
        self.ferrik.stop().await;
    }
}

/// An Ingress whose annotations have exactly this size, most of it a snippet of one line.
fn with_snippet(name: &str, line: &str, size: usize) -> String {
    let length = size - SNIPPET.len();
    let text: String = line.chars().cycle().take(length).collect();
    let annotations = format!("{{{SNIPPET}: '{text}'}}");
    annotated("shop", name, &format!("{name}.example.org"), "app", &annotations)
}

#[test]
fn annotations_as_large_as_the_api_admits() {
    run(async |lab| {
        let stage = Stage::new(lab).await;
        let directive = "more_set_headers \"X-A: b\"; ";
        let larger = with_snippet("larger", directive, ANNOTATIONS + 1);
        let apply = ["apply", "--server-side", "-f", "-"];
        let refused = stage
            .lab
            .cluster
            .try_kubectl_with(&Identity::Admin, &apply, &larger)
            .await;
        assert!(
            refused.as_ref().is_err_and(|error| error.contains("Too long")),
            "the API admits more: {refused:?}"
        );
        for (name, line) in [
            ("directives", directive),
            ("nested", "if ($host = \"a\") { "),
            ("unknown", "no_such_directive a b; "),
        ] {
            stage.endures(name, &with_snippet(name, line, ANNOTATIONS)).await;
        }
        let answer = stage.ferrik.get("directives.example.org", "/").await;
        assert_eq!(answer.pod().as_deref(), Some("app"), "{answer:?}");
        stage.told("nested", "SnippetUnsupported").await;
        stage.told("unknown", "SnippetUnsupported").await;
        stage.end().await;
    });
}

#[test]
fn paths_that_are_no_regular_expression_or_too_large_a_one() {
    run(async |lab| {
        let stage = Stage::new(lab).await;
        let annotations = "{nginx.ingress.kubernetes.io/use-regex: 'true'}";
        let deep = format!("/{}a{}", "(".repeat(50_000), ")".repeat(50_000));
        for (name, path) in [
            ("open", "/(((("),
            ("huge", "/(((((a{900}){900}){900}){900}){900})"),
            ("deep", deep.as_str()),
        ] {
            let host = format!("{name}.example.org");
            let hostile = annotated("shop", name, &host, "app", annotations).replace(
                "path: /, pathType: Prefix",
                &format!("path: '{path}', pathType: ImplementationSpecific"),
            );
            stage.endures(name, &hostile).await;
            stage.told(name, "PathInvalid").await;
            assert_eq!(stage.ferrik.get(&host, "/").await.status, 404, "{name}");
        }
        stage.end().await;
    });
}

#[test]
fn thousands_of_problems_in_one_ingress_silence_nobody_else() {
    run(async |lab| {
        let stage = Stage::new(lab).await;
        let paths: Vec<String> = (0..5_000)
            .map(|number| {
                format!("{{path: '/(((({number}', pathType: ImplementationSpecific, backend: {{service: {{name: app, port: {{number: 80}}}}}}}}")
            })
            .collect();
        let annotations = "{nginx.ingress.kubernetes.io/use-regex: 'true'}";
        let many = annotated("shop", "many", "many.example.org", "app", annotations)
            .replace("paths: [", &format!("paths: [{}, ", paths.join(", ")));
        stage.endures("many", &many).await;
        let mistyped = "{nginx.ingress.kubernetes.io/proxy-body-sizes: 1m}";
        let other = annotated("shop", "other", "other.example.org", "app", mistyped);
        stage.lab.cluster.apply(&other).await;
        stage.told("other", "AnnotationUnknown").await;
        stage.told("many", "MoreProblems").await;
        stage.end().await;
    });
}

#[test]
fn ten_thousand_rules_in_one_ingress() {
    run(async |lab| {
        let stage = Stage::new(lab).await;
        let rules: Vec<String> = (0..10_000)
            .map(|number| {
                format!("    - {{host: h{number}.example.org, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: app, port: {{number: 80}}}}}}}}]}}}}")
            })
            .collect();
        let many = ingress("shop", "many", "many.example.org", "app") + &rules.join("\n");
        stage.endures("many", &many).await;
        stage.ferrik.answers("h9999.example.org", 200).await;
        stage
            .lab
            .cluster
            .delete(&ingress("shop", "many", "many.example.org", "app"))
            .await;
        stage.ferrik.answers("h9999.example.org", 404).await;
        stage.end().await;
    });
}

#[test]
fn middlewares_with_fields_that_nobody_knows() {
    run(async |lab| {
        traefik::add_kinds(&lab).await;
        let stage = Stage::new(lab).await;
        for (name, spec, status) in [
            (
                "extra",
                "{redirectScheme: {scheme: https, unheard: {of: [1, 2]}}}",
                302,
            ),
            ("kind", "{unheardOf: {a: 1}}", 503),
            ("number", "7", 503),
            ("shape", "{chain: {middlewares: none}}", 503),
            ("cycle", "{chain: {middlewares: [{name: cycle}]}}", 503),
        ] {
            let host = format!("{name}.example.org");
            let middleware = format!(
                "{{apiVersion: traefik.io/v1alpha1, kind: Middleware, metadata: {{name: {name}, namespace: shop}}, spec: {spec}}}"
            );
            let annotations =
                format!("{{traefik.ingress.kubernetes.io/router.middlewares: shop-{name}@kubernetescrd}}");
            let routed = annotated("shop", name, &host, "app", &annotations)
                .replace("ingressClassName: nginx", "ingressClassName: traefik");
            stage.endures(name, &format!("{middleware}\n---\n{routed}")).await;
            stage.ferrik.answers(&host, status).await;
        }
        stage.end().await;
    });
}
