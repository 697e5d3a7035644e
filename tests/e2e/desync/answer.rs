//! Answers that two clients read differently: the client gets a clean one or none, and its next answer, or that of another
//! client, holds no byte of them.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::case::SERVED;
use super::{Column, ENGINES, Outcome, ferrik, parser, show, talk};
use crate::support::within;

mod list;

/// What may become of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The client reads all of it.
    Passes,
    /// The client gets 502, or an answer that visibly breaks off.
    Refused,
    /// The lane refuses it; the general engine reads it with less care and writes it anew.
    Narrow,
    Either,
}

/// One of the answers. A character stands for one byte.
struct Answer {
    name: &'static str,
    told: Told,
    text: String,
    /// The origin closes the connection behind it.
    closes: bool,
}

/// What is answered to the request behind it.
const NEXT: &str = "HTTP/1.1 200 OK\r\nX-Which: next\r\nContent-Length: 4\r\n\r\nnext";

/// What comes on a connection that waits, before anybody has asked.
const LATE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

/// An origin that answers `/aNNN` with an answer of the list, and behind that of `/late` sends another one when it is told.
struct Script {
    address: SocketAddr,
    late: Gate,
    accept: AbortHandle,
}

impl Script {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let late = Gate::default();
        let gate = late.clone();
        let accept = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, gate.clone()));
            }
        });
        Self {
            address,
            late,
            accept: accept.abort_handle(),
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

/// Told to send, and says that it has sent.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<Notify>,
    sent: Arc<Notify>,
}

async fn serve(mut stream: TcpStream, late: Gate) {
    let answers = list::all();
    // What is written is at Ferrik when the call returns.
    stream.set_nodelay(true).expect("the connection is open");
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let head = parser::text(&head);
        let number = head
            .split(' ')
            .nth(1)
            .and_then(|target| target.strip_prefix("/a")?.parse().ok());
        let answer = number.and_then(|number: usize| answers.get(number));
        let text = answer.map_or(NEXT, |answer| answer.text.as_str());
        let bytes: Vec<u8> = text
            .chars()
            .map(|letter| u8::try_from(letter).expect("a byte"))
            .collect();
        // Who has seen enough closes before it has read everything.
        let is_written = stream.write_all(&bytes).await.is_ok();
        if head.starts_with("GET /late ") {
            late.open.notified().await;
            stream
                .write_all(LATE.as_bytes())
                .await
                .expect("the connection waits");
            late.sent.notify_one();
        }
        if !is_written || answer.is_some_and(|answer| answer.closes) {
            return;
        }
    }
}

async fn column(engine: &str, answers: &[Answer]) -> Column {
    let script = Script::start().await;
    let ferrik = ferrik(engine, script.address).await;
    let (mut outcomes, mut problems) = (Vec::new(), Vec::new());
    for (at, answer) in answers.iter().enumerate() {
        let next = format!("GET /next HTTP/1.1\r\nHost: {SERVED}\r\nConnection: close\r\n\r\n");
        let both = format!("GET /a{at} HTTP/1.1\r\nHost: {SERVED}\r\n\r\n{next}");
        let reply = talk(ferrik.http(), both.as_bytes(), false).await;
        let (outcome, problem) = match judge(engine, answer, &reply.bytes) {
            Ok(outcome) => (outcome, None),
            Err(problem) => (Outcome::Cut, Some(problem)),
        };
        outcomes.push(outcome);
        problems.extend(problem.map(|it| format!("{engine}: {}: {it}", answer.name)));
        if engine == ENGINES[0] && !reply.closed {
            problems.push(format!("{engine}: {}: the connection stays open", answer.name));
        }
        // Another client may get the same connection to the origin.
        for _ in 0..2 {
            let reply = talk(ferrik.http(), next.as_bytes(), false).await;
            let read = parser::answers(&reply.bytes);
            if !read.is_ok_and(|all| matches!(&all[..], [one] if one.body == b"next")) {
                problems.push(format!(
                    "{engine}: {}: another client got {}",
                    answer.name,
                    reply.text()
                ));
            }
        }
    }
    for _ in 0..10 {
        let ask = |target| format!("GET {target} HTTP/1.1\r\nHost: {SERVED}\r\nConnection: close\r\n\r\n");
        talk(ferrik.http(), ask("/late").as_bytes(), false).await;
        script.late.open.notify_one();
        within("the late answer is sent", script.late.sent.notified()).await;
        let reply = talk(ferrik.http(), ask("/next").as_bytes(), false).await;
        if reply.text().contains("poison") || !reply.text().ends_with("next") {
            problems.push(format!(
                "{engine}: behind an answer that came late: {}",
                reply.text()
            ));
        }
    }
    Column {
        title: format!("{engine}, answers"),
        outcomes,
        problems,
    }
}

/// What the client made of the answer, and of the next one.
fn judge(engine: &str, answer: &Answer, bytes: &[u8]) -> Result<Outcome, String> {
    let all = parser::answers(bytes).map_err(|why| format!("the client received what is no HTTP: {why}"))?;
    let finals: Vec<_> = all
        .iter()
        .filter(|message| !message.word(1).starts_with('1'))
        .collect();
    let Some((first, behind)) = finals.split_first() else {
        return match answer.told {
            Told::Passes => Err("no answer".to_owned()),
            _ => Ok(Outcome::Refused),
        };
    };
    let is_next = |message: &&parser::Message| message.body == b"next" && message.is_complete;
    if behind.len() > 1 || !behind.iter().all(is_next) {
        return Err(format!("behind it came {behind:?}"));
    }
    let outcome = match (first.word(1), first.is_complete) {
        ("502", true) => Outcome::Refused,
        (_, true) => Outcome::Clean,
        (_, false) => Outcome::Cut,
    };
    let is_right = match answer.told {
        Told::Passes => outcome == Outcome::Clean,
        Told::Refused => outcome != Outcome::Clean,
        Told::Narrow => outcome != Outcome::Clean || engine != ENGINES[0],
        Told::Either => true,
    };
    if is_right {
        Ok(outcome)
    } else {
        Err(format!("{first:?}, and it must be {:?}", answer.told))
    }
}

#[tokio::test]
async fn no_answer_is_passed_on_that_clients_read_differently() {
    let answers = list::all();
    let [lane, pingora] = ENGINES;
    let columns = tokio::join!(column(lane, &answers), column(pingora, &answers));
    let columns: [Column; 2] = columns.into();
    let names = answers.iter().map(|answer| answer.name).collect::<Vec<_>>();
    show(&names, &columns);
    let problems: Vec<&str> = columns
        .iter()
        .flat_map(|it| &it.problems)
        .map(String::as_str)
        .collect();
    eprintln!(
        "{} answers x {} columns: {} passed on that must not be",
        names.len(),
        columns.len(),
        problems.len()
    );
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
