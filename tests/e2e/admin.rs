//! The admin port: health, readiness, metrics, and the table, which holds no secret.

use crate::support::certs::Authority;
use crate::support::{Backend, Connection, Ferrik, Ingress, eventually, get, yaml};

const HOST: &str = "app.example.org";
/// `canary-user` with the password `canary-password`, `{SHA}`.
const PASSWORD_FILE: &str = "canary-user:{SHA}wCa8SCxS1gLvyQ+oHOEOQMVev9U=\n";

async fn start(backend: &Backend) -> (Ferrik, Vec<String>) {
    let identity = Authority::new("servers").server(&[HOST]);
    let ingress = Ingress::new("team", "web", "nginx")
        .prefix(HOST, "/", "web")
        .path(HOST, "/locked", "Prefix", "web")
        .tls(&[HOST], "certificate")
        .nginx("ssl-redirect", "false");
    let locked = Ingress::new("team", "locked", "nginx")
        .prefix(HOST, "/secret", "web")
        .nginx("auth-type", "basic")
        .nginx("auth-secret", "passwords")
        .nginx("auth-realm", "Members");
    let ferrik = Ferrik::start(&yaml::file(&[
        &yaml::classes(),
        &ingress,
        &locked,
        &yaml::tls_secret("team", "certificate", &identity),
        &yaml::secret(
            "team",
            "passwords",
            "Opaque",
            &[("auth", PASSWORD_FILE.to_owned())],
        ),
        &yaml::secret(
            "team",
            "unused",
            "Opaque",
            &[("token", "canary-token".to_owned())],
        ),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]))
    .await;
    let key = identity.key_pem();
    let key_line = key.lines().nth(1).expect("a key has lines");
    let canaries = [
        "canary-password",
        "canary-token",
        "wCa8SCxS1gLvyQ",
        key_line,
        "PRIVATE KEY",
    ];
    (ferrik, canaries.map(ToOwned::to_owned).to_vec())
}

#[tokio::test]
async fn health_and_readiness_are_answered() {
    let backend = Backend::echo().await;
    let (ferrik, _) = start(&backend).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(ferrik.get_admin(path).await.status, 200, "{path}");
    }
    assert_eq!(ferrik.get_admin("/nothing-here").await.status, 404);
}

#[tokio::test]
async fn admin_paths_are_not_served_to_clients() {
    let backend = Backend::echo().await;
    let (ferrik, _) = start(&backend).await;
    for path in ["/metrics", "/table", "/readyz"] {
        assert_eq!(
            ferrik.plain(get("stranger.example.org", path)).await.status,
            404,
            "{path}"
        );
        assert_eq!(ferrik.plain(get(HOST, path)).await.received().target, path);
    }
}

#[tokio::test]
async fn the_table_shows_routes_and_no_secret() {
    let backend = Backend::echo().await;
    let (ferrik, canaries) = start(&backend).await;
    let answer = ferrik.get_admin("/table").await;
    assert_eq!(answer.status, 200);
    let text = answer.text();
    let table: serde_json::Value = serde_json::from_str(&text).expect("the table is JSON");
    assert!(table.is_object(), "{text}");
    for shown in [HOST, "/secret", &backend.address.port().to_string()] {
        assert!(text.contains(shown), "no {shown} in {text}");
    }
    for canary in &canaries {
        assert!(!text.contains(canary), "the table shows {canary}");
    }
}

#[tokio::test]
async fn logs_and_metrics_show_no_secret() {
    use base64::Engine as _;
    let backend = Backend::echo().await;
    let (ferrik, canaries) = start(&backend).await;
    let password = base64::engine::general_purpose::STANDARD.encode("canary-user:canary-password");
    let ask = get(HOST, "/secret").header("authorization", &format!("Basic {password}"));
    let answer = ferrik.secure(ask.header("cookie", "session=canary-cookie")).await;
    let received = answer.received();
    assert_eq!(received.header("authorization"), None, "the password ends here");
    let mut wrong = get(HOST, "/secret").header("authorization", "Basic bm86Y2FuYXJ5LXdyb25n");
    wrong = wrong.header("cookie", "session=canary-cookie");
    assert_eq!(ferrik.secure(wrong).await.status, 401);
    eventually("both requests are logged", async || {
        ferrik.access_log().matches("/secret").count() >= 2
    })
    .await;
    let metrics = ferrik.get_admin("/metrics").await.text();
    for (place, text) in [
        ("log", ferrik.stderr()),
        ("access log", ferrik.access_log()),
        ("metrics", metrics),
    ] {
        for canary in
            canaries
                .iter()
                .map(String::as_str)
                .chain(["canary-cookie", &password, "bm86Y2FuYXJ5LXdyb25n"])
        {
            assert!(!text.contains(canary), "the {place} shows {canary}");
        }
    }
}

#[tokio::test]
async fn metrics_count_requests() {
    let backend = Backend::echo().await;
    let (ferrik, _) = start(&backend).await;
    for _ in 0..3 {
        assert_eq!(ferrik.plain(get(HOST, "/counted")).await.status, 200);
    }
    let answer = ferrik.get_admin("/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(
        kind.starts_with("text/plain") || kind.starts_with("application/openmetrics-text"),
        "{kind}"
    );
    let text = answer.text();
    assert!(
        text.lines().any(|line| line.starts_with("# TYPE ferrik_")),
        "{text}"
    );
    eventually("the requests are counted", async || {
        let text = ferrik.get_admin("/metrics").await.text();
        let mut counters = text
            .lines()
            .filter(|line| line.starts_with("ferrik_") && line.contains("requests"));
        counters.any(|line| line.ends_with(" 3"))
    })
    .await;
    assert!(!text.contains("/counted"), "paths of requests are no labels");
}

#[tokio::test]
async fn metrics_say_which_engine_served() {
    let backend = Backend::echo().await;
    let paged = Ingress::new("team", "paged", "nginx")
        .prefix(HOST, "/paged", "web")
        .nginx("custom-http-errors", "418")
        .nginx("default-backend", "web");
    let objects = yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "web", "nginx").prefix(HOST, "/", "web"),
        &paged,
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    for (engine, lane, pingora) in [("lane", 3, 2), ("pingora", 0, 5)] {
        let setup = Ferrik::setup().file("objects.yaml", &objects);
        let ferrik = setup.arguments(&["--http1-engine", engine]).start().await;
        let has = async |lane: u32, pingora: u32| {
            let text = ferrik.get_admin("/metrics").await.text();
            [("lane", lane), ("pingora", pingora)]
                .iter()
                .all(|(name, count)| {
                    let line = format!("ferrik_requests_by_engine_total{{engine=\"{name}\"}} {count}");
                    text.lines().any(|it| it == line)
                })
        };
        assert!(has(0, 0).await, "nobody has asked yet");
        for (host, path, status) in [
            (HOST, "/", 200),
            (HOST, "/more", 200),
            ("stranger.example.org", "/", 404),
            (HOST, "/paged", 200),
        ] {
            assert_eq!(ferrik.plain(get(host, path)).await.status, status, "{path}");
        }
        let mut http2 = Connection::h2c(ferrik.http()).await.expect("a connection");
        assert_eq!(http2.send(get(HOST, "/")).await.expect("an answer").status, 200);
        eventually("each is counted once, for its engine", async || {
            has(lane, pingora).await
        })
        .await;
    }
}

#[tokio::test]
async fn unknown_hosts_are_no_labels() {
    let backend = Backend::echo().await;
    let (ferrik, _) = start(&backend).await;
    for at in 0..20 {
        assert_eq!(
            ferrik
                .plain(get(&format!("random-{at}.example.net"), "/"))
                .await
                .status,
            404
        );
    }
    assert!(!ferrik.get_admin("/metrics").await.text().contains("random-"));
}

#[tokio::test]
async fn a_client_cannot_forge_a_line_of_the_access_log() {
    let agent = "a\" 200 5 \"-\" \"forged\\";
    for format in ["text", "json"] {
        let backend = Backend::echo().await;
        let objects = yaml::file(&[
            &yaml::classes(),
            &Ingress::new("team", "web", "nginx").prefix(HOST, "/", "web"),
            &yaml::service_and_slice("team", "web", 80, &[backend.address]),
        ]);
        let setup = Ferrik::setup().file("objects.yaml", &objects);
        let ferrik = setup.arguments(&["--log-format", format]).start().await;
        let ask = get(HOST, "/a\"b")
            .header("user-agent", agent)
            .header("referer", "\t\u{e9}\"");
        assert_eq!(ferrik.plain(ask).await.status, 200);
        eventually("the request is logged", async || {
            ferrik.access_log().ends_with('\n')
        })
        .await;
        let log = ferrik.access_log();
        assert_eq!(log.lines().count(), 1, "{log}");
        if format == "json" {
            let line: serde_json::Value = serde_json::from_str(&log).expect("a line is one JSON object");
            assert!(
                line.as_object()
                    .is_some_and(|line| line.values().any(|value| value == agent)),
                "{log}"
            );
        } else {
            assert!(!log.contains("\"forged"), "{log}");
        }
    }
}

#[tokio::test]
async fn a_probe_asks_the_socket_of_one_process() {
    let backend = Backend::echo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("admin.sock");
    let probe = |question: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ferrik"));
        command
            .args(["probe", "--admin-socket"])
            .arg(&socket)
            .arg(question);
        command.output().expect("the binary runs")
    };
    assert!(!probe("readyz").status.success(), "nobody is there yet");
    let objects = yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "web", "nginx").prefix(HOST, "/", "web"),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    let path = socket.to_str().expect("a path of ASCII");
    let setup = Ferrik::setup().file("objects.yaml", &objects);
    let _ferrik = setup.arguments(&["--admin-socket", path]).start().await;
    eventually("the socket is there", async || socket.exists()).await;
    for (question, answer) in [("readyz", "ready\n"), ("healthz", "ok\n")] {
        let output = probe(question);
        assert!(output.status.success(), "{question}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), answer);
    }
}
