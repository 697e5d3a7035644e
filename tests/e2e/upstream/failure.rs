//! Backends that are not there, break, or say nothing.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{HOST, dead, objects, start};
use crate::support::backend::RawBackend;
use crate::support::raw::send;
use crate::support::{Backend, Ferrik, Ingress, ask, get, yaml};

/// Breaks every connection with a reset once a request head has come.
async fn resetting() -> RawBackend {
    RawBackend::serve(|stream| async move {
        stream.set_zero_linger().expect("the socket is open");
    })
    .await
}

/// Writes these bytes after every request head, and closes.
async fn saying(text: &'static str) -> RawBackend {
    RawBackend::serve(move |mut stream: TcpStream| async move {
        // The proxy may be gone already.
        let _ = stream.write_all(text.as_bytes()).await;
    })
    .await
}

#[tokio::test]
async fn a_dead_endpoint_fails_no_request() {
    for class in ["nginx", "traefik", "ferrik"] {
        let backend = Backend::echo().await;
        let ferrik = start(class, &[dead(), backend.address]).await;
        for at in 0..20 {
            // Nothing has been sent when a connection fails, so any method may be tried again.
            let method = if at % 2 == 0 { "GET" } else { "POST" };
            let answer = ferrik.plain(ask(method, HOST, "/").body("form=1")).await;
            let received = answer.received();
            assert_eq!(
                (received.method.as_str(), received.body.as_slice()),
                (method, b"form=1".as_slice()),
                "{class}"
            );
        }
        assert_eq!(backend.count(), 20, "{class}");
    }
}

#[tokio::test]
async fn without_an_endpoint_the_answer_is_503() {
    for class in ["nginx", "traefik", "ferrik"] {
        let ferrik = start(class, &[]).await;
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 503, "{class}");
    }
}

#[tokio::test]
async fn without_the_service_the_answer_is_503() {
    let ingress = Ingress::new("team", "web", "nginx").prefix(HOST, "/", "web");
    let ferrik = Ferrik::start(&yaml::file(&[&yaml::classes(), &ingress])).await;
    assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 503);
}

#[tokio::test]
async fn if_only_a_dead_endpoint_is_there_the_answer_is_502() {
    let ferrik = start("nginx", &[dead()]).await;
    assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 502);
}

#[tokio::test]
async fn a_reset_is_answered_502() {
    let backend = resetting().await;
    let ferrik = start("nginx", &[backend.address]).await;
    assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 502);
}

#[tokio::test]
async fn a_post_that_was_sent_is_not_sent_twice() {
    let (first, second) = (resetting().await, resetting().await);
    let ferrik = start("nginx", &[first.address, second.address]).await;
    assert_eq!(
        ferrik.plain(ask("POST", HOST, "/").body("pay=1")).await.status,
        502
    );
    assert_eq!(first.heads().len() + second.heads().len(), 1);
}

#[tokio::test]
async fn a_get_that_broke_is_tried_on_another_endpoint() {
    let (broken, sound) = (resetting().await, Backend::echo().await);
    let ferrik = start("nginx", &[broken.address, sound.address]).await;
    for _ in 0..6 {
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 200);
    }
    assert_eq!(sound.count(), 6);
    assert!(!broken.heads().is_empty(), "the broken endpoint was tried");
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_answered_502() {
    for text in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
    ] {
        let backend = saying(text).await;
        let ferrik = start("nginx", &[backend.address]).await;
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 502, "{text:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_whole() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nten bytes.\r\n",
    ] {
        let backend = saying(text).await;
        let ferrik = start("nginx", &[backend.address]).await;
        let reply = send(ferrik.http(), format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")).await;
        assert!(reply.closed, "the connection ends with it");
        let text = reply.text();
        assert!(!text.ends_with("0\r\n\r\n"), "no last chunk: {text:?}");
        let announced = reply
            .header("content-length")
            .and_then(|length| length.parse::<usize>().ok());
        let body = text.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
        assert!(announced.is_none_or(|length| length > body), "{text:?}");
    }
}

#[tokio::test]
async fn a_silent_backend_is_answered_504_after_the_read_timeout() {
    let backend = RawBackend::serve(|stream: TcpStream| async move {
        // Holds the connection until the test ends.
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let ingress = Ingress::new("team", "web", "nginx")
        .prefix(HOST, "/", "web")
        .nginx("proxy-read-timeout", "1");
    let ferrik = Ferrik::start(&objects(&ingress, &[backend.address])).await;
    assert_eq!(ferrik.plain(ask("POST", HOST, "/").body("x")).await.status, 504);
    assert_eq!(backend.heads().len(), 1);
}

#[tokio::test]
async fn a_connection_that_the_backend_closed_while_idle_fails_no_request() {
    // Every answer promises to keep the connection, and every connection ends right after it.
    let backend = saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok").await;
    let ferrik = start("nginx", &[backend.address]).await;
    for _ in 0..30 {
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 200);
    }
}
