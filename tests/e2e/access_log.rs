//! What operators choose for the lines of the access log.

use serde_json::{Value, json};

use crate::support::{Backend, Ferrik, Ingress, eventually, get, yaml};

const HOST: &str = "app.example.org";
/// Changes two fields that the log shows.
const MIDDLEWARE: &str = "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {name: change, namespace: team}\n\
                          spec: {headers: {customRequestHeaders: {X-Tenant: changed, X-Gone: ''}}}\n";

/// One request that a route serves and one that nobody does, and the lines that they leave.
async fn lines(arguments: &[&str]) -> String {
    let backend = Backend::echo().await;
    let ingress = Ingress::new("team", "web", "traefik")
        .prefix(HOST, "/", "web")
        .annotation(
            "traefik.ingress.kubernetes.io/router.middlewares",
            "team-change@kubernetescrd",
        );
    let objects = yaml::file(&[
        &yaml::classes(),
        &ingress,
        &MIDDLEWARE,
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    let setup = Ferrik::setup().file("objects.yaml", &objects);
    let ferrik = setup.arguments(arguments).start().await;
    let sent = |host| {
        get(host, "/a?token=canary-query")
            .header("x-tenant", "\"blue\" 200\\")
            .header("x-gone", "here")
            .header("x-long", &"l".repeat(1000))
            .header("cookie", "session=canary-cookie")
            .header("authorization", "Bearer canary-bearer")
            .header("x-api-key", "canary-key")
            .header("referer", "https://app.example.org/b?token=canary-query")
    };
    let received = ferrik.plain(sent(HOST)).await.received();
    assert_eq!(received.all("x-tenant"), ["changed"]);
    assert_eq!(received.header("x-gone"), None);
    assert_eq!(ferrik.plain(sent("other.example.org")).await.status, 404);
    eventually("both requests are logged", async || {
        ferrik.access_log().matches('\n').count() == 2
    })
    .await;
    ferrik.access_log()
}

const CHOICE: [&str; 4] = [
    "--access-log-header",
    "X-Tenant,x-gone,X-Long,X-None",
    "--access-log-header",
    "Cookie,Authorization,X-Api-Key",
];

#[tokio::test]
async fn chosen_fields_are_shown_as_the_client_sent_them_and_secrets_never() {
    let log = lines(&[&CHOICE[..], &["--log-format", "json"]].concat()).await;
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).expect("a line is one JSON object");
        let expected = json!({
            "x-tenant": "\"blue\" 200\\",
            "x-gone": "here",
            "x-long": "l".repeat(256),
            "x-none": null,
            "cookie": "(redacted)",
            "authorization": "(redacted)",
            "x-api-key": "(redacted)",
        });
        assert_eq!(line["headers"], expected);
        assert_eq!(line["target"], "/a?token=canary-query");
    }
    for canary in ["canary-cookie", "canary-bearer", "canary-key"] {
        assert!(!log.contains(canary), "{log}");
    }
}

#[tokio::test]
async fn chosen_fields_stand_behind_the_others_in_a_line_of_text() {
    let log = lines(&[&CHOICE[..], &["--log-format", "text"]].concat()).await;
    let end = format!(
        " x-tenant=\"\\x22blue\\x22 200\\x5C\" x-gone=\"here\" x-long=\"{}\" x-none=\"-\" cookie=\"(redacted)\" \
         authorization=\"(redacted)\" x-api-key=\"(redacted)\"",
        "l".repeat(256)
    );
    for line in log.lines() {
        assert!(line.ends_with(&end), "{line}");
    }
}

#[tokio::test]
async fn queries_are_not_shown_if_they_are_dropped() {
    for format in ["json", "text"] {
        let arguments = [
            "--log-format",
            format,
            "--access-log-query",
            "drop",
            "--access-log-header",
            "referer",
        ];
        let log = lines(&arguments).await;
        assert!(!log.contains("canary-query") && !log.contains('?'), "{log}");
        assert_eq!(log.matches("https://app.example.org/b\"").count(), 4, "{log}");
    }
}

#[tokio::test]
async fn without_a_choice_lines_have_no_headers() {
    let log = lines(&["--log-format", "json"]).await;
    assert!(log.contains("/a?token=canary-query"), "{log}");
    assert!(!log.contains("\"headers\""), "{log}");
}
