//! One request as it would be served, and why: the pipeline itself, run on a plain head and watched.
//!
//! `ferrik explain` calls it with tables that it has published. Nothing is sent, no socket is opened; what is shown is what
//! the code that serves has done. Results are plain data without text for people.

mod change;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ferrik_config::name::{Host, ServicePort};
use ferrik_config::policy::{ClientCertificateMode, Source};
use ferrik_config::table::{Dialect, PathKind, Protocol, TlsAlgorithms, TlsVersions};
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Version};

pub use crate::router::Outcome;
pub use change::{Change, FieldOp};

use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::head::PlainResponse;
use crate::listen::{Connection, Scheme};
use crate::pipeline::{self, HttpSettings, Incoming, Stop};
use crate::reason::Reason;
use crate::reply::{Body, Reply};
use crate::tables::Tables;
use crate::tls::{TlsFacts, TlsPolicy};
use crate::upstream::{self, HostHeader};
use watch::Watcher;

/// The request to explain.
#[derive(Clone, Debug)]
pub struct Question {
    /// True if it comes over TLS; its client presents no certificate.
    pub https: bool,
    /// Host and port as the client writes them.
    pub authority: HeaderValue,
    /// Path and query as the client writes them.
    pub target: String,
    /// The method.
    pub method: Method,
    /// The header fields, `Host` aside.
    pub fields: HeaderMap,
    /// The client's address.
    pub from: IpAddr,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// True if the TLS handshake already turns clients without a certificate away.
    pub demands_certificate: bool,
    /// What the handshake is limited to, if the server name has limits; none over plain HTTP.
    pub limits: Option<HandshakeLimits>,
    /// The look-ups of a route, in order: more than one if a step changes the path and has it looked up again.
    pub rounds: Vec<Round>,
    /// How it ends.
    pub end: End,
}

/// What handshakes for a server name may agree on.
#[derive(Clone, Debug)]
pub struct HandshakeLimits {
    /// Protocol versions.
    pub versions: TlsVersions,
    /// Cipher suites and key exchange groups; `None` for all.
    pub algorithms: Option<Arc<TlsAlgorithms>>,
}

/// One look-up and the steps that follow.
#[derive(Clone, Debug)]
pub struct Round {
    /// The host in canonical form.
    pub host: String,
    /// The escaped path that is looked up.
    pub path: String,
    /// The routes of all hosts that could serve the request, in the order in which they are asked.
    pub candidates: Vec<Candidate>,
    /// The steps of the route that was chosen, in order.
    pub steps: Vec<StepTaken>,
}

/// A route that might have served the request.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The host under which it stands, as rules write it.
    pub host: String,
    /// The path of its rule.
    pub path: String,
    /// How the path is compared.
    pub kind: PathKind,
    /// Whose conventions hold.
    pub dialect: Dialect,
    /// The rule.
    pub source: Source,
    /// Where it sends requests.
    pub service: Option<ServicePort>,
    /// Who would serve the request over HTTP/1.1.
    pub engine: Engine,
    /// What became of it.
    pub outcome: Outcome,
}

/// One step of the chosen route.
#[derive(Clone, Debug)]
pub struct StepTaken {
    /// The feature's word.
    pub word: &'static str,
    /// The text that asks for it.
    pub source: Source,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What it does to the request and to the response.
    pub changes: Vec<Change>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// The next step runs.
    Passed,
    /// It answers the request; in a snippet on this line of its text.
    Answered(Option<usize>),
    /// The route is looked up again with another path.
    LookedUpAgain,
    /// A step before it has ended the request.
    NotReached,
}

/// How a request ends, up to where a socket would be needed.
#[derive(Clone, Debug)]
pub enum End {
    /// It is answered here.
    Answer {
        /// The status; 444 closes the connection without an answer.
        status: u16,
        /// Why.
        reason: Reason,
        /// The header fields of the answer, response phases applied.
        fields: HeaderMap,
        /// The body, where it is not the usual page.
        body: Option<String>,
    },
    /// It goes to a backend.
    Backend {
        /// Whose endpoints; without a backend the answer is 503.
        service: Option<ServicePort>,
        /// What is spoken to them.
        protocol: Option<Protocol>,
        /// Path and query as they receive them.
        target: String,
        /// `Host` as they receive it; `None` for the address of the endpoint.
        host: Option<String>,
        /// The other header fields that they receive.
        fields: HeaderMap,
    },
}

/// Runs the request through the tables that were published last.
pub async fn explain(tables: &Tables, question: &Question) -> Explanation {
    let table = tables.load();
    let scheme = if question.https {
        Scheme::Https
    } else {
        Scheme::Http
    };
    let local = if question.https { 443 } else { 80 };
    let mut connection = Connection::synthetic(
        SocketAddr::new(question.from, 49_152),
        SocketAddr::from(([192, 0, 2, 2], local)),
        scheme,
    );
    let mut demands_certificate = false;
    let mut limits = None;
    if let Some(table) = table.as_deref().filter(|_| question.https) {
        let name = question.authority.to_str().unwrap_or_default();
        let name = Host::parse(name.rsplit_once(':').map_or(name, |(name, _)| name)).ok();
        let policy = table.tls.lookup(name.as_ref());
        demands_certificate = policy.client.as_ref().is_some_and(|client| demands(client.mode));
        limits = HandshakeLimits::of(policy);
        connection.tls = Some(TlsFacts::without_certificate(name, policy.clone()));
    }
    let incoming = Incoming {
        connection: &connection,
        method: &question.method,
        version: Version::HTTP_11,
        authority: Some(question.authority.as_bytes()),
        target: question.target.as_bytes(),
    };
    let mut head = question.fields.clone();
    head.insert(HOST, question.authority.clone());
    let mut exchange = Exchange::new();
    let mut watcher = Watcher::new(&head);
    let result = pipeline::run(
        &incoming,
        &mut head,
        &mut exchange,
        table,
        &HttpSettings::default(),
        &mut watcher,
    )
    .await;
    let reply = match result {
        Ok(()) => None,
        Err(Stop::Answer(reply)) => Some(reply),
        Err(Stop::Decline) => Some(Reply::page(500, Reason::Internal)),
    };
    let rounds = watcher.finish(reply.as_ref(), &exchange);
    let end = match reply {
        Some(reply) => answer(&reply, &exchange),
        None => backend(question, head, &exchange),
    };
    Explanation {
        demands_certificate,
        limits,
        rounds,
        end,
    }
}

impl HandshakeLimits {
    fn of(policy: &TlsPolicy) -> Option<Self> {
        let host = policy.host();
        let is_limited = host.versions != TlsVersions::default() || host.algorithms.is_some();
        is_limited.then(|| Self {
            versions: host.versions,
            algorithms: host.algorithms.clone(),
        })
    }
}

fn demands(mode: ClientCertificateMode) -> bool {
    matches!(
        mode,
        ClientCertificateMode::HandshakeRequire | ClientCertificateMode::HandshakeRequireAny
    )
}

fn answer(reply: &Reply, exchange: &Exchange) -> End {
    let mut head = PlainResponse {
        status: reply.status,
        fields: reply.fields.iter().cloned().collect(),
    };
    exchange.respond(&mut head);
    let body = match &reply.body {
        Body::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        Body::Page | Body::Empty | Body::Close => None,
    };
    End::Answer {
        status: reply.status,
        reason: reply.reason,
        fields: head.fields,
        body,
    }
}

fn backend(question: &Question, mut fields: HeaderMap, exchange: &Exchange) -> End {
    let (path, query) = question
        .target
        .split_once('?')
        .map_or((&*question.target, None), |(path, query)| (path, Some(query)));
    let changes = &exchange.changes;
    let mut target = changes.path.as_deref().map_or_else(|| path.to_owned(), text);
    let query = match &changes.query {
        Some(query) => (!query.is_empty()).then(|| text(query)),
        None => query.map(str::to_owned),
    };
    if let Some(query) = query {
        target.push('?');
        target.push_str(&query);
    }
    fields.remove(HOST);
    let backend = exchange.route.as_deref().and_then(upstream::serving);
    if let Some(backend) = backend {
        upstream::tell(&mut fields, backend, exchange);
    }
    let is_endpoint = backend.is_some_and(|backend| matches!(backend.host, HostHeader::Endpoint));
    let host = changes
        .host
        .as_ref()
        .or_else(|| (!is_endpoint).then_some(&question.authority));
    End::Backend {
        service: backend.map(|backend| backend.service.clone()),
        protocol: backend.map(|backend| backend.protocol),
        target,
        host: host.map(|value| text(value.as_bytes())),
        fields,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
