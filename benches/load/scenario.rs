//! What is compared under load: a row for each table of the results.

use super::peer::Peer;
use super::site::Ask;

/// One comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) title: &'static str,
    /// What the reader has to know besides the numbers below.
    pub(crate) text: &'static str,
    pub(crate) peers: &'static [Peer],
    /// Ratios are to this one.
    pub(crate) reference: Peer,
    /// Whose ratio may be at most so much.
    pub(crate) mark: Option<(Peer, f64)>,
    pub(crate) ask: Ask,
    pub(crate) is_tls: bool,
    pub(crate) connections: usize,
    pub(crate) rounds: usize,
    /// Of one proxy in one round.
    pub(crate) seconds: usize,
}

/// Small requests, plain; the others say what is different.
const SMALL: Scenario = Scenario {
    title: "Small requests",
    text: "Answers of 1 KiB.",
    peers: &[
        Peer::Relay,
        Peer::Haproxy,
        Peer::HaproxySameWork,
        Peer::Nginx,
        Peer::Ferrik,
        Peer::FerrikNginxDialect,
        Peer::FerrikByPingora,
    ],
    reference: Peer::Haproxy,
    mark: Some((Peer::Ferrik, 0.95)),
    ask: Ask::Small,
    is_tls: false,
    connections: 32,
    rounds: 9,
    seconds: 3,
};

/// All of them, in the order of the tables.
pub(crate) const ALL: [Scenario; 7] = [
    SMALL,
    Scenario {
        title: "Access log on",
        text: "Answers of 1 KiB, and a line for each request in a file: HAProxy's HTTP log by its standard output, nginx's \
               combined format with a buffer of 64 KiB, Ferrik's format as it comes.",
        peers: &[Peer::HaproxyWithLog, Peer::NginxWithLog, Peer::FerrikWithLog],
        reference: Peer::HaproxyWithLog,
        mark: None,
        rounds: 7,
        ..SMALL
    },
    Scenario {
        title: "TLS",
        text: "Answers of 1 KiB over TLS 1.3 with TLS_AES_256_GCM_SHA384, which a handshake checks before, and P-256 \
               certificates. Connections are kept; one handshake for each of them is part of every turn.",
        peers: &[Peer::Haproxy, Peer::Nginx, Peer::Ferrik, Peer::FerrikByPingora],
        is_tls: true,
        rounds: 7,
        ..SMALL
    },
    Scenario {
        title: "Answers of 64 KiB",
        mark: Some((Peer::Ferrik, 0.95)),
        ask: Ask::Medium,
        ..LARGE
    },
    LARGE,
    Scenario {
        title: "POST",
        text: "1 KiB with Content-Length there, 1 KiB back. The backend answers when it has read everything.",
        peers: &[Peer::Haproxy, Peer::Nginx, Peer::Ferrik, Peer::FerrikByPingora],
        mark: None,
        ask: Ask::Post,
        rounds: 7,
        seconds: 2,
        ..SMALL
    },
    Scenario {
        title: "Two threads",
        text: "Answers of 1 KiB. Ferrik with two threads has both CPUs and shares one of them with load and backend, Ferrik with \
               one thread has a CPU for itself: the price of a request is compared, not how many there are.",
        peers: &[Peer::Ferrik, Peer::FerrikTwoThreads],
        reference: Peer::Ferrik,
        mark: Some((Peer::FerrikTwoThreads, 1.05)),
        connections: 64,
        rounds: 7,
        ..SMALL
    },
];

const LARGE: Scenario = Scenario {
    title: "Answers of 1 MiB",
    text: "Files that the backend sends with `sendfile`.",
    peers: &[
        Peer::Relay,
        Peer::Haproxy,
        Peer::Nginx,
        Peer::Ferrik,
        Peer::FerrikByPingora,
    ],
    mark: Some((Peer::Ferrik, 0.9)),
    ask: Ask::Large,
    rounds: 7,
    ..SMALL
};
