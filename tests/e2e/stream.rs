//! Bodies that flow while they are made, answers that come early, and answers without a body.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::support::body::{fed, fed_with_length, full};
use crate::support::curl::curl;
use crate::support::raw::{rest, until};
use crate::support::{Backend, Connection, Exchange, Ferrik, Ingress, Tls, ask, get, within, yaml};

const HOST: &str = "feed.example.org";
const PIECES: [&str; 3] = ["first", "second", "third"];

async fn start(backend: &Backend) -> Ferrik {
    let objects = yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "feed", "nginx")
            .prefix(HOST, "/", "feed")
            .nginx("proxy-body-size", "0"),
        &yaml::service_and_slice("team", "feed", 80, &[backend.address]),
    ]);
    Ferrik::start(&objects).await
}

/// The next piece of a body; `None` at its end. HTTP/2 may end it with an empty frame.
async fn piece(body: &mut Incoming) -> Option<Bytes> {
    let frame = within("a piece of the body arrives", body.frame()).await?;
    let piece = frame.expect("the connection stands").into_data().ok()?;
    (!piece.is_empty()).then_some(piece)
}

#[tokio::test]
async fn events_arrive_one_by_one() {
    let (feeds, mut feed) = mpsc::unbounded_channel();
    let backend = Backend::serve(move |_| {
        let (events, body) = fed();
        feeds.send(events).expect("the test listens");
        let response = Response::builder()
            .header("content-type", "text/event-stream")
            .body(body);
        async { Ok(response?) }
    })
    .await;
    let ferrik = start(&backend).await;
    for tls in [None, Some(Tls::to(HOST).alpn(&["h2"]))] {
        let mut connection = match &tls {
            None => Connection::plain(ferrik.http()).await,
            Some(tls) => Connection::tls(ferrik.https(), tls)
                .await
                .expect("the handshake succeeds"),
        };
        // The head comes before the first event is made.
        let response = within("the head arrives", connection.open(get(HOST, "/events")))
            .await
            .expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let events = feed.recv().await.expect("the backend was asked");
        let mut body = response.into_body();
        for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
            events
                .send(Ok(Bytes::from(event)))
                .await
                .expect("the backend still sends");
            assert_eq!(piece(&mut body).await.as_deref(), Some(event.as_bytes()));
        }
        drop(events);
        assert_eq!(piece(&mut body).await, None);
    }
}

#[tokio::test]
async fn pieces_of_a_download_with_a_length_arrive_as_they_are_sent() {
    let (feeds, mut feed) = mpsc::unbounded_channel();
    let backend = Backend::serve(move |_| {
        let (pieces, body) = fed_with_length(PIECES.concat().len() as u64);
        feeds.send(pieces).expect("the test listens");
        async { Ok(Response::new(body)) }
    })
    .await;
    let ferrik = start(&backend).await;
    for tls in [None, Some(Tls::to(HOST)), Some(Tls::to(HOST).alpn(&["h2"]))] {
        let mut connection = match &tls {
            None => Connection::plain(ferrik.http()).await,
            Some(tls) => Connection::tls(ferrik.https(), tls)
                .await
                .expect("the handshake succeeds"),
        };
        let answered = within(
            "the head arrives before the body",
            connection.open(get(HOST, "/object")),
        )
        .await;
        let mut body = answered.expect("an answer").into_body();
        let pieces = feed.recv().await.expect("the backend was asked");
        for part in PIECES {
            pieces
                .send(Ok(Bytes::from(part)))
                .await
                .expect("the backend still sends");
            assert_eq!(piece(&mut body).await.as_deref(), Some(part.as_bytes()));
        }
        assert_eq!(piece(&mut body).await, None);
    }
}

#[tokio::test]
async fn pieces_of_an_upload_reach_the_backend_as_they_are_sent() {
    let (pieces, mut arrived) = mpsc::unbounded_channel();
    let backend = Backend::serve(move |mut exchange: Exchange| {
        let pieces = pieces.clone();
        async move {
            while let Some(frame) = exchange.body.frame().await {
                if let Ok(data) = frame?.into_data() {
                    pieces.send(data)?;
                }
            }
            Ok(Response::new(full("stored")))
        }
    })
    .await;
    let ferrik = start(&backend).await;
    for (upload, body) in [fed(), fed_with_length(PIECES.concat().len() as u64)] {
        let mut connection = Connection::plain(ferrik.http()).await;
        let exchange = connection.send(ask("POST", HOST, "/object").stream(body));
        let feed = async {
            for part in PIECES {
                upload
                    .send(Ok(Bytes::from(part)))
                    .await
                    .expect("the client still sends");
                let piece = within("a piece reaches the backend", arrived.recv()).await;
                assert_eq!(piece.as_deref(), Some(part.as_bytes()));
            }
            drop(upload);
        };
        let (answer, ()) = tokio::join!(exchange, feed);
        assert_eq!(answer.expect("an answer").text(), "stored");
    }
    let lengths: Vec<_> = backend
        .received()
        .iter()
        .map(|it| it.header("content-length").is_some())
        .collect();
    assert_eq!(lengths, [false, true], "a length that is known is told");
}

#[tokio::test]
async fn a_chunked_body_arrives_whole() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend).await;
    let mut stream = TcpStream::connect(ferrik.http()).await.expect("the port is open");
    let head =
        format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it is open");
    // A chunk with an extension, one that comes byte by byte, and a trailer.
    stream.write_all(b"5;a=b\r\nhello\r\n").await.expect("it is open");
    for byte in b"7\r\n, world\r\n0\r\nX-Trailer: t\r\n\r\n" {
        stream.write_all(&[*byte]).await.expect("it is open");
        stream.flush().await.expect("it is open");
    }
    let reply = rest(&mut stream).await;
    assert_eq!(reply.status(), Some(200), "{}", reply.text());
    let echo = ferrik
        .plain(ask("POST", HOST, "/").body("hello, world"))
        .await
        .received();
    assert!(
        reply.text().contains(&serde_json::json!(echo.body).to_string()),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_told_to() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend).await;
    let mut stream = TcpStream::connect(ferrik.http()).await.expect("the port is open");
    let head = format!(
        "PUT /object HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("it is open");
    assert_eq!(until(&mut stream, "\r\n\r\n").await.status(), Some(100));
    stream.write_all(b"hello").await.expect("it is open");
    let reply = rest(&mut stream).await;
    assert_eq!(reply.status(), Some(200), "{}", reply.text());
    let answer = curl(&[
        "-H",
        &format!("Host: {HOST}"),
        "-H",
        "Expect: 100-continue",
        "--expect100-timeout",
        "15",
        "--max-time",
        "10",
        "--data-binary",
        "hello",
        &format!("http://{}/", ferrik.http()),
    ])
    .await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_still_uploads() {
    let backend = Backend::serve(|_| async {
        Ok(Response::builder()
            .status(413)
            .header("connection", "close")
            .body(full("too much"))?)
    })
    .await;
    let ferrik = start(&backend).await;
    let mut connection = Connection::plain(ferrik.http()).await;
    let (upload, body) = fed();
    upload
        .send(Ok(Bytes::from_static(b"the first of many")))
        .await
        .expect("the body takes it");
    // The upload is still open when the answer comes.
    let answer = connection
        .send(ask("POST", HOST, "/object").stream(body))
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status.as_u16(), answer.text().as_str()),
        (413, "too much")
    );
    drop(upload);
}

#[tokio::test]
async fn answers_without_a_body_leave_the_connection_usable() {
    let backend = Backend::serve(|exchange: Exchange| async move {
        let status = exchange.received.target.trim_start_matches('/').parse::<u16>()?;
        let response = Response::builder().status(status).header("etag", "\"a\"");
        Ok(if status == 200 {
            response.body(full("twelve bytes"))?
        } else {
            response.body(full(""))?
        })
    })
    .await;
    let ferrik = start(&backend).await;
    let mut connection = Connection::plain(ferrik.http()).await;
    for _ in 0..2 {
        let head = connection
            .send(ask("HEAD", HOST, "/200"))
            .await
            .expect("an answer");
        assert_eq!(
            (head.status.as_u16(), head.header("content-length")),
            (200, Some("12"))
        );
        assert!(head.body.is_empty());
        for status in ["204", "304"] {
            let answer = connection
                .send(get(HOST, &format!("/{status}")))
                .await
                .expect("an answer");
            assert_eq!(answer.status.as_str(), status);
            assert_eq!(answer.header("etag"), Some("\"a\""));
            assert!(answer.body.is_empty());
        }
        let answer = connection.send(get(HOST, "/200")).await.expect("an answer");
        assert_eq!(answer.text(), "twelve bytes");
    }
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order_or_the_connection_ends() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend).await;
    let request = |target: &str, last: &str| format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\n{last}\r\n");
    let bytes = [
        request("/1", ""),
        request("/2", ""),
        request("/3", "Connection: close\r\n"),
    ]
    .concat();
    let reply = crate::support::raw::send(ferrik.http(), bytes).await;
    assert!(reply.closed && reply.count() > 0, "{}", reply.text());
    // RFC 9112 §9.3.2: a server may close instead, and the client asks again for what was not answered.
    assert_eq!(
        backend.targets(),
        ["/1", "/2", "/3"][..reply.count()],
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn an_http_1_0_client_gets_an_answer_that_it_can_read() {
    let backend = Backend::serve(|_| async {
        let (body, stream) = fed();
        body.send(Ok(Bytes::from_static(b"of no known length"))).await?;
        Ok(Response::new(stream))
    })
    .await;
    let ferrik = start(&backend).await;
    let reply =
        crate::support::raw::send(ferrik.http(), format!("GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n")).await;
    assert_eq!(reply.status(), Some(200), "{}", reply.text());
    assert!(
        reply.closed && reply.text().ends_with("\r\n\r\nof no known length"),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn status_headers_and_repeated_cookies_come_back_as_they_were() {
    let backend = Backend::serve(|_| async {
        let response = Response::builder()
            .status(418)
            .header("set-cookie", "a=1; Path=/")
            .header("set-cookie", "b=2")
            .header("x-from-backend", "yes")
            .header("content-type", "text/plain");
        Ok(response.body(full("short and stout"))?)
    })
    .await;
    let ferrik = start(&backend).await;
    let answer = ferrik.plain(get(HOST, "/")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text().as_str()),
        (418, "short and stout")
    );
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; Path=/", "b=2"]);
    assert_eq!(answer.header("x-from-backend"), Some("yes"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn cookies_that_http_2_splits_are_joined_for_the_backend() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend).await;
    let ask = get(HOST, "/")
        .header("cookie", "a=1")
        .header("cookie", "b=2; c=3");
    let answer = ferrik
        .with(&Tls::to(HOST).alpn(&["h2"]), ask)
        .await
        .expect("an answer");
    assert_eq!(answer.received().all("cookie"), ["a=1; b=2; c=3"]);
}

#[tokio::test]
async fn an_answer_with_32_kib_of_headers_passes() {
    let value = "v".repeat(8 << 10);
    let sent = value.clone();
    let backend = Backend::serve(move |_| {
        let headers = ["x-a", "x-b", "x-c", "x-d"].into_iter();
        let response = headers.fold(Response::builder(), |response, name| response.header(name, &sent));
        async move { Ok(response.body(full("ok"))?) }
    })
    .await;
    let ferrik = start(&backend).await;
    for answer in [
        ferrik.plain(get(HOST, "/")).await,
        ferrik
            .with(&Tls::to(HOST).alpn(&["h2"]), get(HOST, "/"))
            .await
            .expect("an answer"),
    ] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-d"), Some(value.as_str()));
    }
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_with_it() {
    let (holds, mut held) = mpsc::unbounded_channel();
    let backend = Backend::serve(move |_| {
        let (gone, request) = tokio::sync::oneshot::channel::<()>();
        holds.send(request).expect("the test listens");
        async move {
            std::future::pending::<()>().await;
            drop(gone);
            Ok(Response::new(full("never")))
        }
    })
    .await;
    let ferrik = start(&backend).await;
    for tls in [None, Some(Tls::to(HOST).alpn(&["h2"]))] {
        let mut connection = match &tls {
            None => Connection::plain(ferrik.http()).await,
            Some(tls) => Connection::tls(ferrik.https(), tls)
                .await
                .expect("the handshake succeeds"),
        };
        let asking = tokio::spawn(async move { connection.send(get(HOST, "/")).await });
        let request = held.recv().await.expect("the backend is asked");
        asking.abort();
        assert!(
            within("the backend is told", request).await.is_err(),
            "its work is dropped"
        );
    }
}
