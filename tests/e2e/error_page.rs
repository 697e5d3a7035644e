//! Pages of the default backend in place of error answers (nginx dialect).

use http::StatusCode;

use crate::support::{
    Answer, Backend, Body, Connection, Ferrik, Ingress, Tls, ask, body, eventually, get, yaml,
};

const HOST: &str = "app.example.org";

/// Answers 404 to `/missing`, with a body that is not to be seen, and echoes everything else.
async fn application() -> Backend {
    Backend::serve(async |exchange| {
        if exchange.received.target == "/missing" {
            return Ok(answer(404, "the application's own words"));
        }
        if exchange.received.target == "/empty" {
            return Ok(answer(404, ""));
        }
        exchange.echo().await
    })
    .await
}

/// Answers 404 with a body of several parts and no length.
async fn pages() -> Backend {
    Backend::serve(async |exchange| {
        let received = exchange.received;
        let (feed, body) = body::fed();
        tokio::spawn(async move {
            for part in ["<p>", "no such ", "page</p>"] {
                let _ = feed.send(Ok(part.into())).await;
            }
        });
        let code = received.all("x-code").first().copied().unwrap_or_default();
        Ok(http::Response::builder()
            .status(404)
            .header("x-pages-for", code)
            .header("server", "pages/1.0")
            .body(body)?)
    })
    .await
}

fn answer(status: u16, text: &'static str) -> http::Response<Body> {
    let mut answer = http::Response::new(body::full(text));
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
    answer
}

async fn ferrik(application: &Backend, pages: &Backend, annotate: impl Fn(Ingress) -> Ingress) -> Ferrik {
    let ingress = annotate(Ingress::new("team", "shop", "nginx"))
        .nginx("custom-http-errors", "401,404,503")
        .nginx("default-backend", "pages")
        .nginx("ssl-redirect", "false")
        .prefix(HOST, "/", "app");
    let objects = [
        yaml::classes(),
        ingress.to_string(),
        yaml::service_and_slice("team", "app", 80, &[application.address]),
        yaml::service_and_slice("team", "pages", 80, &[pages.address]),
    ];
    Ferrik::start(&objects.join("---\n")).await
}

fn assert_page(answer: &Answer, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), &*answer.text()),
        (404, "<p>no such page</p>")
    );
    assert_eq!(answer.header("x-pages-for"), Some(code));
    assert_eq!(answer.header("server"), None);
}

#[tokio::test]
async fn an_error_of_the_application_is_replaced() {
    let (application, pages) = (application().await, pages().await);
    let ferrik = ferrik(&application, &pages, |ingress| ingress).await;

    for target in ["/missing", "/empty"] {
        let ask = get(HOST, target)
            .header("accept", "text/html")
            .header("x-code", "200");
        assert_page(&ferrik.plain(ask).await, "404");
        let received = pages.received().pop().expect("a request");
        assert_eq!((&*received.target, &*received.host), ("/", HOST));
        for (name, value) in [
            ("x-code", "404"),
            ("x-format", "text/html"),
            ("x-original-uri", target),
            ("x-namespace", "team"),
            ("x-ingress-name", "shop"),
            ("x-service-name", "app"),
            ("x-service-port", "80"),
        ] {
            assert_eq!(received.all(name), [value], "{name}");
        }
        assert_eq!(received.all("x-request-id").len(), 1);
    }
    assert_page(&ferrik.secure(get(HOST, "/missing")).await, "404");
    let h2 = Tls::to(HOST).alpn(&["h2"]);
    assert_page(
        &ferrik.with(&h2, get(HOST, "/missing")).await.expect("an answer"),
        "404",
    );
    eventually("the reason is in the log", async || {
        ferrik.access_log().contains("error_page")
    })
    .await;
}

#[tokio::test]
async fn other_answers_keep_the_connection_and_head_has_no_body() {
    let (application, pages) = (application().await, pages().await);
    let ferrik = ferrik(&application, &pages, |ingress| ingress).await;
    let mut connection = Connection::plain(ferrik.http()).await;
    for _ in 0..2 {
        assert_eq!(
            connection.send(get(HOST, "/")).await.expect("an answer").status,
            200
        );
    }
    let head = connection
        .send(ask("HEAD", HOST, "/missing"))
        .await
        .expect("an answer");
    assert_eq!((head.status.as_u16(), &*head.text()), (404, ""));
    assert_eq!(head.header("connection"), Some("close"));
    assert_eq!(pages.received().last().expect("a request").method, "HEAD");
    // A request with a body is answered too, and the backend of the pages is told that none follows.
    let post = ask("POST", HOST, "/missing").body("some text");
    assert_page(&ferrik.plain(post).await, "404");
    let received = pages.received().pop().expect("a request");
    assert_eq!(
        (&*received.method, received.all("content-length")),
        ("POST", vec!["0"])
    );
}

#[tokio::test]
async fn our_own_answers_are_replaced_and_keep_what_the_client_needs() {
    let (application, pages) = (application().await, pages().await);
    let password = yaml::secret(
        "team",
        "users",
        "Opaque",
        &[("auth", "ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=".into())],
    );
    let ferrik = ferrik(&application, &pages, |ingress| {
        ingress
            .nginx("auth-type", "basic")
            .nginx("auth-secret", "users")
            .nginx("disable-proxy-intercept-errors", "true")
    })
    .await;
    ferrik.write("users.yaml", &password);
    eventually("the password is known", async || {
        let answer = ferrik.plain(get(HOST, "/")).await;
        answer.header("www-authenticate").is_some()
    })
    .await;
    assert_page(&ferrik.plain(get(HOST, "/")).await, "401");
    // The application's own are left alone.
    let known = get(HOST, "/missing").header("authorization", "Basic YW5uOnRlc3Q=");
    assert_eq!(ferrik.plain(known).await.text(), "the application's own words");
}

#[tokio::test]
async fn without_the_pages_the_answer_stays_as_it_was() {
    let application = application().await;
    let gone = Backend::echo().await;
    let address = gone.address;
    drop(gone);
    let ingress = Ingress::new("team", "shop", "nginx")
        .nginx("custom-http-errors", "404")
        .nginx("default-backend", "pages")
        .prefix(HOST, "/", "app");
    let objects = [
        yaml::classes(),
        ingress.to_string(),
        yaml::service_and_slice("team", "app", 80, &[application.address]),
        yaml::service_and_slice("team", "pages", 80, &[address]),
    ];
    let ferrik = Ferrik::start(&objects.join("---\n")).await;
    let answer = ferrik.plain(get(HOST, "/missing")).await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.text()),
        (404, "the application's own words")
    );
}
