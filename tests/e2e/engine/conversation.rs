//! What a client says on its connections, in groups of pipelined requests, and what it is answered.
//!
//! A server may end a connection between two requests: then the rest is said on a new one. A request that is not answered on
//! a connection of its own is not said again.

use std::net::SocketAddr;
use std::pin::pin;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::random::Random;
use super::wire::{Content, Fields, Framing, Head, Reader};
use crate::support::Tls;
use crate::support::condition::PATIENCE;

/// Ends every conversation: it shows whether the connection is still open, and its line in the log that all others are there.
const PROBE: &str = "GET /probe?id=probe HTTP/1.1\r\nHost: probe.example.org\r\n\r\n";

/// A request as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    /// Its answer has no body.
    pub(super) is_head: bool,
    /// What stands behind so many bytes waits for an interim answer.
    pub(super) pause: Option<usize>,
}

/// Requests of one client.
#[derive(Clone, Debug, Default)]
pub(super) struct Conversation {
    pub(super) requests: Vec<Request>,
    /// Sizes of the groups in which they are written; what is left over is a group as well.
    pub(super) groups: Vec<usize>,
    pub(super) pieces: Pieces,
    /// The server name, if it is said over TLS.
    pub(super) tls: Option<String>,
}

/// In which pieces a group is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Pieces {
    /// All at once.
    #[default]
    Whole,
    /// Of random sizes that follow from this seed.
    Random(u64),
    /// Of one byte each, for the first ones; then of several.
    Drops,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// It broke off.
    Cut,
    /// There is none: the connection ended.
    #[default]
    Nothing,
    /// There is none, and the connection stands.
    Silent,
}

/// What a request was answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) interim: Vec<(String, Fields)>,
    pub(super) head: Head,
    pub(super) content: Content,
    pub(super) ending: Ending,
    /// Another request could follow on the connection.
    pub(super) keeps: bool,
    /// It was written together with others, and is not the last of them.
    pub(super) is_pipelined: bool,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One connection.
struct Line {
    reader: Reader<ReadHalf<Box<dyn Stream>>>,
    write: WriteHalf<Box<dyn Stream>>,
    is_fresh: bool,
}

impl Request {
    /// Its first line.
    pub(super) fn line(&self) -> String {
        let line = self.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }

    /// The id in its query; empty without one.
    pub(super) fn id(&self) -> String {
        id(&self.line())
    }
}

/// The id in the query of a target; empty without one.
pub(super) fn id(target: &str) -> String {
    let behind = target.split_once("id=").map_or("", |(_, behind)| behind);
    behind.chars().take_while(char::is_ascii_alphanumeric).collect()
}

impl Conversation {
    /// The same requests, each written once the one before it is answered.
    pub(super) fn apart(&self) -> Self {
        Self {
            groups: vec![1; self.requests.len()],
            ..self.clone()
        }
    }

    /// Says everything; one answer for each request. The last thing to be answered is a probe.
    pub(super) async fn hold(&self, address: SocketAddr) -> Vec<Answer> {
        let mut answers: Vec<Answer> = Vec::new();
        let mut line = None;
        let mut groups = self.groups.iter().copied();
        while answers.len() < self.requests.len() {
            let size = groups.next().unwrap_or(usize::MAX);
            let end = answers.len().saturating_add(size).min(self.requests.len());
            while answers.len() < end {
                let mut open = match line.take() {
                    Some(open) => open,
                    None => Line::open(address, self.tls.as_deref()).await,
                };
                let was_fresh = open.is_fresh;
                let (told, is_open) = open.group(&self.requests[answers.len()..end], self.pieces).await;
                if !is_open && let Some(last) = answers.last_mut().filter(|_| told.is_empty() && !was_fresh) {
                    // It ended between two groups.
                    last.keeps = false;
                    continue;
                }
                if told.is_empty() {
                    answers.push(Answer::default());
                }
                answers.extend(told);
                line = is_open.then_some(open);
            }
        }
        let probe = [Request {
            bytes: PROBE.into(),
            ..Request::default()
        }];
        if let Some(mut open) = line {
            let (told, _) = open.group(&probe, Pieces::Whole).await;
            if !told.is_empty() {
                return answers;
            }
            if let Some(last) = answers.last_mut() {
                last.keeps = false;
            }
        }
        let mut open = Line::open(address, self.tls.as_deref()).await;
        let (told, _) = open.group(&probe, Pieces::Whole).await;
        assert_eq!(told.len(), 1, "a new connection is served");
        answers
    }
}

impl Line {
    async fn open(address: SocketAddr, tls: Option<&str>) -> Self {
        let stream: Box<dyn Stream> = if let Some(name) = tls {
            Box::new(
                Tls::to(name)
                    .connect(address)
                    .await
                    .expect("the handshake succeeds"),
            )
        } else {
            let stream = TcpStream::connect(address).await.expect("the port is open");
            stream.set_nodelay(true).expect("the socket is open");
            Box::new(stream)
        };
        let (read, write) = tokio::io::split(stream);
        Self {
            reader: Reader::new(read),
            write,
            is_fresh: true,
        }
    }

    /// The answers to these requests as far as there are any, and whether the connection stands.
    async fn group(&mut self, requests: &[Request], pieces: Pieces) -> (Vec<Answer>, bool) {
        let interim = Notify::new();
        let mut writing = pin!(write(&mut self.write, requests, pieces, &interim));
        let mut reading = pin!(read(&mut self.reader, requests, &interim));
        let mut is_written = false;
        let (told, is_open) = loop {
            tokio::select! {
                told = &mut reading => break told,
                () = &mut writing, if !is_written => is_written = true,
            }
        };
        if is_open && !is_written {
            // The answer came early, and the connection goes on.
            is_written = tokio::time::timeout(PATIENCE, writing).await.is_ok();
        }
        self.is_fresh = false;
        (told, is_open && is_written)
    }
}

async fn write(
    stream: &mut WriteHalf<Box<dyn Stream>>,
    requests: &[Request],
    pieces: Pieces,
    interim: &Notify,
) {
    let bytes: Vec<u8> = requests
        .iter()
        .flat_map(|request| request.bytes.clone())
        .collect();
    let pause = requests.iter().find_map(|request| request.pause);
    let (mut at, mut random) = (
        0,
        Random::new(match pieces {
            Pieces::Random(seed) => seed,
            _ => 0,
        }),
    );
    while at < bytes.len() {
        if pause == Some(at) {
            interim.notified().await;
        }
        let size = match pieces {
            Pieces::Whole => bytes.len(),
            Pieces::Random(_) => 1 + random.size(64 << 10),
            Pieces::Drops => 1.max(at / 500),
        };
        let end = bytes.len().min(at + size);
        let end = pause
            .filter(|pause| *pause > at)
            .map_or(end, |pause| end.min(pause));
        // A server that has seen enough ends the connection.
        if stream.write_all(&bytes[at..end]).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        at = end;
        tokio::task::yield_now().await;
    }
}

async fn read(
    reader: &mut Reader<ReadHalf<Box<dyn Stream>>>,
    requests: &[Request],
    interim: &Notify,
) -> (Vec<Answer>, bool) {
    let mut answers: Vec<Answer> = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let mut answer = Answer::default();
        let told = tokio::time::timeout(PATIENCE, one(reader, request, interim, &mut answer)).await;
        if told.is_err() {
            answer.ending = Ending::Silent;
        } else if answer.ending == Ending::Nothing && at > 0 {
            break;
        }
        answer.is_pipelined = at + 1 < requests.len();
        answer.keeps = answer.ending == Ending::Whole;
        let is_end = !answer.keeps || answer.head.lists("connection", "close");
        if answer.ending != Ending::Nothing {
            answers.push(answer);
        }
        if is_end {
            // What was announced has to happen; a server that reads on is not heard any more.
            let rest = tokio::time::timeout(PATIENCE, reader.content(Framing::Close)).await;
            if let Some(last) = answers.last_mut() {
                last.keeps = rest.is_err();
            }
            return (answers, false);
        }
    }
    let is_open = answers.len() == requests.len();
    if !is_open && let Some(last) = answers.last_mut() {
        last.keeps = false;
    }
    (answers, is_open)
}

async fn one(
    reader: &mut Reader<ReadHalf<Box<dyn Stream>>>,
    request: &Request,
    interim: &Notify,
    answer: &mut Answer,
) {
    loop {
        let Some(head) = reader.head().await else { return };
        let status = head.line.split(' ').nth(1).unwrap_or_default().to_owned();
        if status.starts_with('1') && status != "101" {
            answer.interim.push((status, head.fields));
            interim.notify_one();
            continue;
        }
        if status == "101" {
            // What waits belongs to the other protocol.
            interim.notify_one();
        }
        let is_empty = request.is_head || ["204", "304"].contains(&status.as_str());
        let framing = head.framing().unwrap_or(Framing::Close);
        answer.head = head;
        answer.ending = Ending::Cut;
        answer.content = if is_empty {
            Content {
                is_whole: true,
                ..Content::default()
            }
        } else {
            reader.content(framing).await
        };
        if answer.content.is_whole {
            answer.ending = Ending::Whole;
        }
        return;
    }
}
