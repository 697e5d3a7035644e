//! Messages that two servers read differently, through both engines, with origins of three makes behind.
//!
//! Between Ferrik and an origin a relay keeps every byte. A strict parser of the test's own reads them: they must be the
//! requests that the access log calls forwarded, and the origin must have counted the same. `make desync` prints the table.

mod answer;
mod case;
mod ledger;
mod origin;
mod parser;
mod relay;

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::raw::{Reply, rest};
use crate::support::{Ferrik, Ingress, eventually, get, yaml};
use case::{Case, Expect, SERVED};
use ledger::Ledger;
use origin::{Make, Origin};
use relay::Relay;

const ENGINES: [&str; 2] = ["lane", "pingora"];
/// The request that is logged last.
const LAST: &str = "/last";

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing reached the origin.
    Refused,
    /// What reached it is complete and read in one way.
    Clean,
    /// It reached the origin in part, on a connection that was then closed.
    Cut,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Clean => "forwarded clean",
            Self::Cut => "cut",
        }
    }
}

/// One engine before one origin.
struct Column {
    title: String,
    outcomes: Vec<Outcome>,
    problems: Vec<String>,
}

/// A ferrik of this engine with one host, whose application is at the address.
async fn ferrik(engine: &str, application: SocketAddr) -> Ferrik {
    let objects = yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "web", "ferrik").prefix(SERVED, "/", "web"),
        &yaml::service_and_slice("team", "web", 80, &[application]),
    ]);
    let setup = Ferrik::setup().file("objects.yaml", &objects);
    let arguments = ["--http1-engine", engine, "--log-format", "json"];
    setup.arguments(&arguments).start().await
}

/// Sends the bytes on a connection of their own, perhaps says that nothing more comes, and reads to the end.
async fn talk(address: SocketAddr, bytes: &[u8], ends: bool) -> Reply {
    let mut stream = TcpStream::connect(address).await.expect("the port is open");
    // Who has seen enough closes before everything has been read.
    let _ = stream.write_all(bytes).await;
    if ends {
        let _ = stream.shutdown().await;
    }
    rest(&mut stream).await
}

fn path(at: usize) -> String {
    format!("/c{at:03}")
}

/// The path of the same case when its head reaches the origin before the rest is sent.
fn late_path(at: usize) -> String {
    format!("/l{at:03}")
}

/// Sends the head, waits until it is on its way, and sends the rest.
async fn talk_late(address: SocketAddr, bytes: &[u8], ends: bool, relay: &Relay, path: &str) -> Reply {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, rest_of_it) = bytes.split_at(head.expect("the head is whole") + 4);
    let mut stream = TcpStream::connect(address).await.expect("the port is open");
    stream.write_all(head).await.expect("a head is taken");
    eventually("the head reaches the origin", async || relay.has_seen(path)).await;
    // Who has seen enough closes before everything has been read.
    let _ = stream.write_all(rest_of_it).await;
    if ends {
        let _ = stream.shutdown().await;
    }
    rest(&mut stream).await
}

async fn column(engine: &str, make: Make, cases: &[Case]) -> Column {
    let origin = Origin::start(make).await;
    let relay = Relay::to(origin.place.clone()).await;
    let ferrik = ferrik(engine, relay.address).await;
    let title = format!("{engine}, {make:?}");
    let is_lane = engine == ENGINES[0];
    let mut problems = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let reply = talk(ferrik.http(), &case.bytes(&path(at), SERVED), case.ends).await;
        if is_lane && !reply.closed {
            problems.push(format!("{title}: {}: the connection stays open", case.name));
        }
        if case.expect == Expect::Cut {
            let path = late_path(at);
            let bytes = case.bytes(&path, SERVED);
            let reply = talk_late(ferrik.http(), &bytes, case.ends, &relay, &path).await;
            if is_lane && !reply.closed {
                problems.push(format!("{title}: {}, late: the connection stays open", case.name));
            }
        }
    }
    assert_eq!(ferrik.plain(get(SERVED, LAST)).await.status, 200);
    eventually("everything is logged", async || {
        ferrik.access_log().contains(LAST)
    })
    .await;
    let log = ferrik.access_log();
    drop(ferrik);
    eventually("every connection has ended", async || relay.is_over()).await;
    let ledger = Ledger::new(&relay.streams(), &log, &origin.requests());
    problems.extend(
        ledger
            .problems()
            .into_iter()
            .map(|problem| format!("{title}: {problem}")),
    );
    let mut outcomes = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let (complete, heads) = ledger.of(&path(at));
        let outcome = match (complete, heads) {
            (_, 0) => Outcome::Refused,
            (complete, heads) if complete == heads => Outcome::Clean,
            _ => Outcome::Cut,
        };
        outcomes.push(outcome);
        let is_cut = |(complete, heads)| complete == 0 || (!is_lane && (complete, heads) == (1, 1));
        let is_right = match case.expect {
            Expect::Refused => heads == 0,
            Expect::Unserved => !ledger.has_forwarded(&path(at)),
            Expect::Cut => is_cut((complete, heads)) && is_cut(ledger.of(&late_path(at))),
            Expect::Passes(count) => {
                complete == heads && (heads == count || (!is_lane && (1..count).contains(&heads)))
            }
            Expect::Either => outcome != Outcome::Cut,
        };
        if !is_right {
            problems.push(format!(
                "{title}: {}: {heads} forwarded, {complete} of them complete, and it must be {:?}",
                case.name, case.expect
            ));
        }
    }
    Column {
        title,
        outcomes,
        problems,
    }
}

#[tokio::test]
async fn nothing_is_forwarded_that_servers_read_differently() {
    let cases = case::all();
    assert_eq!(
        path(0).len(),
        case::PATH,
        "lengths in the table are counted with it"
    );
    let [lane, pingora] = ENGINES;
    let columns = tokio::join!(
        column(lane, Make::Hyper, &cases),
        column(lane, Make::Go, &cases),
        column(lane, Make::Nginx, &cases),
        column(pingora, Make::Hyper, &cases),
        column(pingora, Make::Go, &cases),
        column(pingora, Make::Nginx, &cases),
    );
    let columns: [Column; 6] = columns.into();
    let names = cases.iter().map(|case| case.name).collect::<Vec<_>>();
    show(&names, &columns);
    let problems: Vec<&str> = columns
        .iter()
        .flat_map(|it| &it.problems)
        .map(String::as_str)
        .collect();
    eprintln!(
        "{} cases x {} columns: {} forwarded that must not be",
        names.len(),
        columns.len(),
        problems.len()
    );
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Prints what became of each case.
fn show(names: &[&str], columns: &[Column]) {
    let titles: Vec<String> = columns
        .iter()
        .map(|column| format!("{:<16}", column.title))
        .collect();
    eprintln!("{:<52} {}", "case", titles.join(" "));
    for (at, name) in names.iter().enumerate() {
        let cells = columns
            .iter()
            .map(|column| column.outcomes.get(at).map_or("", |it| it.as_str()));
        let cells: Vec<String> = cells.map(|cell| format!("{cell:<16}")).collect();
        eprintln!("{name:<52} {}", cells.join(" ").trim_end());
    }
}
