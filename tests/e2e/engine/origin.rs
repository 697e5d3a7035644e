//! The backend of the comparison: its answer is a function of the request, whose query says how to answer.
//!
//! `/any/path?id=7&s=404&f=c&n=1000` is answered 404 with 1000 bytes in chunks. What it received is recorded under the id.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::random::pattern;
use super::wire::{Content, Fields, Framing, Head, Reader};

/// How long a connection that it ends is read from, so that no reset destroys what it has said.
const DRAIN: Duration = Duration::from_secs(5);

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// Method, target and version.
    pub(super) line: String,
    pub(super) fields: Fields,
    /// Empty if the answer did not wait for it.
    pub(super) content: Content,
}

/// How a request is to be answered.
#[derive(Clone, Debug, Default)]
struct Plan(BTreeMap<String, String>);

/// What becomes of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Keep,
    End,
    Reset,
}

/// What all connections tell.
#[derive(Default)]
struct Log {
    arrivals: Mutex<Vec<(String, Arrival)>>,
    /// Requests whose end is awaited.
    open: AtomicUsize,
}

/// A running backend; it ends with the value.
pub(super) struct Origin {
    pub(super) address: SocketAddr,
    log: Arc<Log>,
    accept: AbortHandle,
}

impl Origin {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let log = Arc::new(Log::default());
        let told = log.clone();
        let accept = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                connections.spawn(serve(stream, told.clone()));
            }
        });
        Self {
            address,
            log,
            accept: accept.abort_handle(),
        }
    }

    /// What has arrived so far, by id and in the order of arrival; forgets it.
    pub(super) fn take(&self) -> BTreeMap<String, Vec<Arrival>> {
        let mut by_id: BTreeMap<String, Vec<Arrival>> = BTreeMap::new();
        let mut arrivals = self.log.arrivals.lock().expect("nobody panics with the lock");
        for (id, arrival) in arrivals.drain(..) {
            by_id.entry(id).or_default().push(arrival);
        }
        by_id
    }

    /// True if no request is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.log.open.load(Ordering::Relaxed) == 0
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

async fn serve(stream: TcpStream, log: Arc<Log>) {
    stream.set_nodelay(true).expect("the socket is open");
    let (read, mut write) = stream.into_split();
    let mut reader = Reader::new(read);
    while let Some(head) = reader.head().await {
        log.open.fetch_add(1, Ordering::Relaxed);
        let after = exchange(head, &mut reader, &mut write, &log).await;
        log.open.fetch_sub(1, Ordering::Relaxed);
        match after {
            Ok(After::Keep) => {}
            Ok(After::Reset) => {
                write.as_ref().set_zero_linger().expect("the socket is open");
                write.forget();
                return;
            }
            Ok(After::End) => {
                // The proxy may have ended it first.
                let _ = write.shutdown().await;
                let _ = tokio::time::timeout(DRAIN, reader.content(Framing::Close)).await;
                return;
            }
            Err(_) => return,
        }
    }
}

async fn exchange(
    head: Head,
    reader: &mut Reader<OwnedReadHalf>,
    write: &mut OwnedWriteHalf,
    log: &Log,
) -> io::Result<After> {
    let plan = Plan::of(&head.line);
    let is_head = head.line.starts_with("HEAD ");
    let framing = head.framing().unwrap_or(Framing::Length(0));
    let is_upgrade = plan.is("up");
    let record = |content: Content| {
        let arrival = Arrival {
            line: head.line.clone(),
            fields: head.fields.clone(),
            content,
        };
        let id = plan.text("id").to_owned();
        log.arrivals
            .lock()
            .expect("nobody panics with the lock")
            .push((id, arrival));
    };
    if plan.is("early") {
        record(Content::default());
        let after = answer(&plan, is_head, write).await?;
        if after == After::Keep && !reader.content(framing).await.is_whole {
            return Ok(After::End);
        }
        return Ok(after);
    }
    if head.lists("expect", "100-continue") {
        write.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let content = reader.content(framing).await;
    let is_whole = content.is_whole;
    record(content);
    if !is_whole {
        return Ok(After::End);
    }
    let after = answer(&plan, is_head, write).await?;
    if is_upgrade {
        let echo = reader.content(Framing::Length(4)).await;
        write.write_all(&echo.bytes).await?;
        return Ok(After::End);
    }
    Ok(after)
}

/// Writes the answer, or as much of it as is asked for.
async fn answer(plan: &Plan, is_head: bool, write: &mut OwnedWriteHalf) -> io::Result<After> {
    let after = match plan.text("k") {
        "" | "a" => After::Keep,
        _ => After::End,
    };
    let pieces = plan.number("w").unwrap_or(usize::MAX);
    let raw = plan.text("raw");
    if !raw.is_empty() {
        let bytes: Vec<u8> = (0..raw.len() / 2)
            .filter_map(|at| u8::from_str_radix(raw.get(2 * at..2 * at + 2)?, 16).ok())
            .collect();
        send(&bytes, pieces, write).await?;
        return Ok(after);
    }
    let (mut bytes, body_at) = plan.compose(is_head);
    match plan.text("x") {
        "" => {
            send(&bytes, pieces, write).await?;
            Ok(after)
        }
        "reset" => Ok(After::Reset),
        "head" => Ok(After::End),
        "part" => {
            bytes.truncate(body_at / 2);
            send(&bytes, pieces, write).await?;
            Ok(After::End)
        }
        place => {
            let place: usize = place.parse().unwrap_or(0);
            bytes.truncate(body_at + place);
            send(&bytes, pieces, write).await?;
            Ok(After::End)
        }
    }
}

async fn send(bytes: &[u8], pieces: usize, write: &mut OwnedWriteHalf) -> io::Result<()> {
    for piece in bytes.chunks(pieces.max(1)) {
        write.write_all(piece).await?;
        if piece.len() < bytes.len() {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

impl Plan {
    fn of(line: &str) -> Self {
        let target = line.split(' ').nth(1).unwrap_or_default();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.0.get(name)?.parse().ok()
    }

    fn is(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The whole answer, and where its body begins.
    fn compose(&self, is_head: bool) -> (Vec<u8>, usize) {
        let status = self.number("s").unwrap_or(200);
        let length = self.number("n").unwrap_or(2);
        let version = if self.is("old") { "1.0" } else { "1.1" };
        let mut head: Vec<String> = Vec::new();
        for interim in self.text("i").split(',').filter(|status| !status.is_empty()) {
            head.push(format!(
                "HTTP/1.1 {interim} Interim\r\nX-Interim: {interim}\r\n\r\n"
            ));
        }
        head.push(format!(
            "HTTP/{version} {status} Told\r\nX-Origin: 1\r\nX-Two: a\r\nx-two: b, c\r\n"
        ));
        let framing = self.text("f");
        match framing {
            "c" => head.push("Transfer-Encoding: chunked\r\n".to_owned()),
            "u" | "none" => {}
            _ => head.push(format!("Content-Length: {length}\r\n")),
        }
        match self.text("k") {
            "c" => head.push("Connection: close\r\n".to_owned()),
            "a" => head.push("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n".to_owned()),
            _ => {}
        }
        if self.is("up") {
            head.push("Connection: upgrade\r\nUpgrade: echo\r\n".to_owned());
        }
        if self.is("nominated") {
            head.push("Connection: x-secret\r\nX-Secret: 1\r\nProxy-Connection: keep-alive\r\n".to_owned());
        }
        head.push("\r\n".to_owned());
        let text = head.concat();
        let body_at = text.len();
        let mut bytes = text.into_bytes();
        if is_head || matches!(status, 101 | 204 | 304) || framing == "none" {
            return (bytes, body_at);
        }
        let body = pattern(length, length);
        if framing != "c" {
            bytes.extend_from_slice(&body);
            return (bytes, body_at);
        }
        for chunk in body.chunks(self.number("cs").unwrap_or(1000).max(1)) {
            let extension = if self.is("ext") { ";a=\"b\"" } else { "" };
            bytes.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        let trailers = if self.is("t") { "X-Trailer: 1\r\n" } else { "" };
        bytes.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
        (bytes, body_at)
    }
}
