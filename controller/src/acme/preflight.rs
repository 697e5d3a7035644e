//! Whether the authority's question will reach us: the same question, asked by ourselves, at every address of the host. Here
//! is that of HTTP-01; [`handshake`] asks that of TLS-ALPN-01.
//!
//! Our own listeners answer it from the account's thumbprint, as they will answer the authority, so an answer proves that
//! the name, the way here, and the replica at its end are right. Nothing is spent at the authority for a host that fails.

pub(super) mod handshake;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use ferrik_config::table::CHALLENGE_PATH;
use http::header::{HOST, LOCATION, SERVER};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::order::{Failure, Kind};

/// For each address.
const ANSWER: Duration = Duration::from_secs(5);
/// Addresses of one host that are asked.
const MOST: usize = 16;
/// An answer of ours is shorter.
const LONGEST: usize = 4096;

/// What is wrong with one address.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    /// This network has no way to it, which says nothing about the authority's.
    NoWay(String),
    /// Nobody answers.
    Silent(String),
    /// Somebody else answers, or one of us who does not know enough yet.
    Other(String),
}

/// Why a host failed, and whether it may soon be different.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) failure: Failure,
    pub(super) may_change: bool,
}

/// Asks at every address of every host.
pub(super) async fn check(hosts: &BTreeSet<String>, token: &str, thumbprint: &str) -> Result<(), Refused> {
    let expected = format!("{token}.{thumbprint}");
    for host in hosts {
        let asked = at_every_address(host, 80, |address| ask(host, address, token, &expected)).await;
        asked.map_err(|(what, may_change)| refused(host, &what, may_change))?;
    }
    Ok(())
}

/// Asks at every address of a host. The error says what is wrong there, and whether it may soon be different.
async fn at_every_address<A: Future<Output = Result<(), Wrong>>>(
    host: &str,
    port: u16,
    ask: impl Fn(SocketAddr) -> A,
) -> Result<(), (String, bool)> {
    let addresses = tokio::time::timeout(ANSWER, tokio::net::lookup_host((host, port))).await;
    let addresses: Vec<SocketAddr> = match addresses {
        Ok(Ok(found)) => found.take(MOST).collect(),
        Ok(Err(error)) => return Err((format!("its name has no address ({error})"), false)),
        Err(_) => return Err(("its name could not be looked up in time".to_owned(), false)),
    };
    let (mut has_answered, mut no_way) = (false, "its name has no address".to_owned());
    for address in addresses {
        let answer = tokio::time::timeout(ANSWER, ask(address)).await;
        let answer = answer.unwrap_or_else(|_| Err(Wrong::Silent("did not answer in time".to_owned())));
        let at = |what: &str| format!("{} {what}", address.ip());
        match answer {
            Ok(()) => has_answered = true,
            Err(Wrong::NoWay(what)) => no_way = at(&what),
            Err(Wrong::Silent(what)) => return Err((at(&what), false)),
            Err(Wrong::Other(what)) => return Err((at(&what), true)),
        }
    }
    if has_answered {
        Ok(())
    } else {
        Err((no_way, false))
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Wrong> {
    TcpStream::connect(address).await.map_err(|error| {
        let what = format!("cannot be reached on port {} ({error})", address.port());
        match error.kind() {
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => {
                Wrong::NoWay(what)
            }
            _ => Wrong::Silent(what),
        }
    })
}

fn refused(host: &str, what: &str, may_change: bool) -> Refused {
    let message = format!(
        "http://{host}{CHALLENGE_PATH}… must come back to ferrik before a certificate can be ordered, but {what}; point the \
         name's A and AAAA records at ferrik and let port 80 through, or start with --acme-preflight=false if only this \
         network cannot reach it"
    );
    Refused {
        failure: Failure::new(Kind::Preflight, message),
        may_change,
    }
}

/// What the address did instead, if it did not answer as we do.
async fn ask(host: &str, address: SocketAddr, token: &str, expected: &str) -> Result<(), Wrong> {
    let stream = connect(address).await?;
    let no_http =
        |error: hyper::Error| Wrong::Other(format!("did not answer as an HTTP server does ({error})"));
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(no_http)?;
    let connection = tokio::spawn(connection);
    let request = http::Request::get(format!("{CHALLENGE_PATH}{token}"))
        .header(HOST, host)
        .body(Empty::<Bytes>::new())
        .map_err(|error| Wrong::Other(error.to_string()))?;
    let (head, body) = sender.send_request(request).await.map_err(no_http)?.into_parts();
    let body = Limited::new(body, LONGEST).collect().await;
    connection.abort();
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if head.status == 200 && body.trim_ascii() == expected.as_bytes() {
        return Ok(());
    }
    let text = |name| {
        head.headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    // An authority follows; what stands there cannot be judged from here.
    let leads_on = text(LOCATION).is_some_and(|to| to.ends_with(&format!("{CHALLENGE_PATH}{token}")));
    if head.status.is_redirection() && leads_on {
        return Ok(());
    }
    // Who answers is told, and not what: the answer may be meant for nobody else.
    let by: String = text(SERVER).unwrap_or_default().chars().take(40).collect();
    let by = if by.is_empty() { by } else { format!(" by `{by}`") };
    let what = if head.status == 200 {
        ", but not with ferrik's answer"
    } else {
        ""
    };
    Err(Wrong::Other(format!(
        "answered {}{by}{what}",
        head.status.as_u16()
    )))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn answered(raw: &'static str) -> Result<(), Wrong> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            stream.write_all(raw.as_bytes()).await.expect("the client reads");
        });
        ask("a.example.org", address, "t0ken", "t0ken.thumb").await
    }

    #[tokio::test]
    async fn who_answers_instead_is_named() {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nt0ken.thumb";
        assert_eq!(answered(ok).await, Ok(()));
        let other = "HTTP/1.1 404 Not Found\r\nServer: nginx/1.22\r\nContent-Length: 6\r\n\r\nsecret";
        let wrong = |text: &str| Err(Wrong::Other(text.to_owned()));
        assert_eq!(answered(other).await, wrong("answered 404 by `nginx/1.22`"));
        let stranger = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nt0ken.other";
        assert_eq!(
            answered(stranger).await,
            wrong("answered 200, but not with ferrik's answer")
        );
        let on = "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\
                  Location: https://a.example.org/.well-known/acme-challenge/t0ken\r\n\r\n";
        assert_eq!(answered(on).await, Ok(()));
        let away = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://a.example.org/login\r\n\r\n";
        assert_eq!(answered(away).await, wrong("answered 302"));
    }
}
