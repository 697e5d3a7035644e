//! The lane: an HTTP/1.1 engine for requests that pass as they are, at the price of little more than the system calls.
//!
//! One future for each connection, one more while a request is served; memory is the thread's; nothing is allocated for a
//! request but that future. What it does not serve (HTTP/1.0, upgrades, `Expect`, other targets than a path, routes whose
//! [`Engine`] is another) goes to the general engine with every byte unread. Router, steps, endpoints, records and pages are
//! the ones of the general engine.
//!
//! ```text
//! serve ─▶ head (message) ─▶ pipeline ─▶ endpoint ─▶ relay ◀─▶ upstream
//!                               └─▶ answer            └▶ client (render)
//! ```

mod answer;
mod buffer;
mod client;
mod framing;
#[cfg(test)]
mod fuzz;
mod head;
mod kind;
mod message;
mod outgoing;
mod relay;
mod render;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Version;
use http::header::{HOST, REFERER, USER_AGENT};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::engine::{Engine, ServedBy};
use crate::exchange::{Exchange, Seen};
use crate::head::Fields;
use crate::listen::{Connection, Downstream, Scheme, close};
use crate::observe::AccessLog;
use crate::pipeline::{self, HttpSettings, Incoming, Stop, Watch};
use crate::reason::Reason;
use crate::reply::Reply;
use crate::route::Route;
use crate::sanitize::MAX_HEAD;
use crate::tables::Tables;
use crate::upstream::{POOL_IDLE, Upstream, choose, may_repeat_elsewhere, may_try_another, next_sweep, tell};
use buffer::{Scratch, Waiting};
use client::Http1;
use message::{Parsed, Request};
use outgoing::Outgoing;
use relay::{End, Failure, Limits, Relay};

/// How long a client may be silent within a request, in milliseconds; as in the general engine.
const CLIENT_IDLE: u64 = 60_000;

/// How often connections to endpoints are looked at that wait.
const SWEEP: Duration = Duration::from_secs(5);
/// So many whole periods do they wait.
const KEPT_SWEEPS: u64 = POOL_IDLE.as_secs() / SWEEP.as_secs();

/// The engine.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) tables: Arc<Tables>,
    pub(crate) settings: Arc<HttpSettings>,
    pub(crate) log: AccessLog,
}

/// What comes of a connection that waits for a request.
enum Next {
    Request(Request),
    Refused(Reason, Request),
    Declined,
    Gone,
}

/// What becomes of the connection after a request.
enum After {
    Keep,
    /// It ends; the client may still be sending.
    Close,
    /// It ends in the middle of an answer.
    Abort,
    /// The request is for the general engine; its head, untouched.
    Declined(Vec<u8>),
}

/// Declines routes of the general engine.
struct OwnRoutes;

impl<H> Watch<H> for OwnRoutes {
    fn serves(&mut self, route: &Route) -> bool {
        route.engine == Engine::Lane
    }
}

impl Lane {
    /// Starts what it does beside requests: it ends connections that wait for too long.
    pub(crate) fn start(&self, runtime: &Handle) {
        let tables = Arc::downgrade(&self.tables);
        runtime.spawn(async move {
            let mut ticks = tokio::time::interval(SWEEP);
            loop {
                ticks.tick().await;
                let Some(tables) = tables.upgrade() else { return };
                tables.end_waiting(next_sweep().saturating_sub(KEPT_SWEEPS));
            }
        });
    }

    /// Serves a connection to its end, or to the first request that is for the general engine: then the connection comes
    /// back as if nothing of that request had been read.
    pub(crate) async fn serve(
        &self,
        mut stream: Downstream,
        drain: &watch::Receiver<bool>,
    ) -> Option<Downstream> {
        let mut ahead = Waiting::default();
        ahead.add(&stream.take_replay());
        loop {
            let after = match poll_fn(|context| next(context, &mut stream, &mut ahead)).await {
                Next::Request(request) => {
                    // A connection that waits keeps no memory for requests.
                    boxed(|| self.request(request, &mut stream, &mut ahead, drain)).await
                }
                Next::Refused(reason, request) => {
                    Box::pin(self.refuse(reason, &request, &mut stream, &mut ahead, drain)).await;
                    After::Close
                }
                Next::Declined => After::Declined(Vec::new()),
                Next::Gone => return None,
            };
            match after {
                After::Keep if ahead.is_empty() => {}
                After::Keep => stream.connection().head_begun(),
                After::Close => {
                    stream.connection().leaves();
                    Box::pin(close(&mut stream, true)).await;
                    return None;
                }
                After::Abort => return None,
                After::Declined(mut unread) => {
                    unread.extend_from_slice(ahead.bytes());
                    stream.set_replay(unread);
                    return Some(stream);
                }
            }
        }
    }

    /// Serves one request.
    async fn request(
        &self,
        mut request: Request,
        stream: &mut Downstream,
        ahead: &mut Waiting,
        drain: &watch::Receiver<bool>,
    ) -> After {
        let connection = stream.connection().clone();
        connection.request_started();
        let mut exchange = Exchange::new();
        exchange.logged = self.log.take(&request.head);
        let result = self.route(&mut request, &connection, &mut exchange).await;
        let mut client = Http1 {
            closes: request.closes,
            drain,
            framing: request.framing,
            stream,
            ahead,
        };
        let answered = match result {
            Ok(()) => self.forward(&mut request, &mut client, &mut exchange).await,
            Err(Stop::Answer(reply)) => Err(reply),
            Err(Stop::Decline) => {
                connection.request_withdrawn();
                return After::Declined(request.head.bytes().to_vec());
            }
        };
        let after = match answered {
            Ok(after) => after,
            Err(reply) => answer::write(&reply, &request, &mut client, &mut exchange).await,
        };
        self.close(&request, &connection, &mut exchange);
        after
    }

    async fn route(
        &self,
        request: &mut Request,
        connection: &Connection,
        exchange: &mut Exchange,
    ) -> Result<(), Stop> {
        let incoming = Incoming {
            connection,
            method: &request.method,
            version: Version::HTTP_11,
            authority: request.uri.host(),
            target: request.uri.target(),
        };
        let table = self.tables.peek().clone();
        let mut watch = OwnRoutes;
        pipeline::run(
            &incoming,
            &mut request.head,
            exchange,
            table,
            &self.settings,
            &mut watch,
        )
        .await
    }

    /// Has a backend answer; the reply to give if none does.
    async fn forward(
        &self,
        request: &mut Request,
        client: &mut Http1<'_>,
        exchange: &mut Exchange,
    ) -> Result<After, Reply> {
        let (mut outgoing, mut head_length) = (Outgoing::default(), 0);
        let mut is_fresh = false;
        loop {
            let received = exchange.record.received;
            let (backend, _) = choose(exchange)?;
            // What was read of the body is kept for another try.
            exchange.record.received = received;
            let Some(endpoint) = exchange.endpoint().cloned() else {
                return Err(Reply::page(503, Reason::NoEndpoint));
            };
            let timeouts = backend.timeouts;
            let is_tls = backend.protocol.is_tls(exchange.scheme == Scheme::Https);
            let mut upstream = match Upstream::to(&endpoint, is_tls, timeouts.connect, is_fresh).await {
                Ok(upstream) => upstream,
                Err(unreachable) => {
                    let (status, reason, error) = unreachable.meaning();
                    exchange.record.error = Some(error);
                    if may_try_another(exchange) {
                        continue;
                    }
                    return Err(Reply::page(status, reason));
                }
            };
            if !upstream.is_reused() {
                endpoint.succeeded();
            }
            tell(&mut request.head, &backend, exchange);
            let mut head = buffer::take();
            render::request(request, exchange, &mut head);
            let length = head.len();
            if head_length == 0 {
                outgoing = Outgoing::new(head);
            } else {
                outgoing.rewind(&head, head_length);
                buffer::give(head);
            }
            head_length = length;
            let limits = Limits {
                client: CLIENT_IDLE,
                send: millis(timeouts.send),
                read: millis(timeouts.read),
            };
            client.stream.connection().expect_within(limits.send);
            let mut relay = Relay::new(&mut upstream, &request.method, &mut outgoing, limits);
            let end = poll_fn(|context| relay.poll(context, client, exchange)).await;
            let untaken = relay.untaken();
            drop(relay);
            if matches!(end, End::ClientGone(_) | End::Cut(..)) {
                exchange.record.sent = exchange.record.sent.saturating_sub(untaken);
            }
            let (failure, error) = match end {
                End::Complete(is_reusable) => {
                    exchange.record.error = None;
                    if is_reusable {
                        upstream.keep(&endpoint);
                    }
                    return Ok(if client.closes { After::Close } else { After::Keep });
                }
                End::Failed(failure, error) => (failure, error),
                End::Refused(reply) => return Err(reply),
                End::ClientGone(error) => {
                    exchange.record.error = Some(error);
                    exchange.record.reason = Some(Reason::ClientGone);
                    if exchange.record.response_after.is_none() {
                        exchange.record.status = 499;
                    }
                    return Ok(After::Abort);
                }
                End::Cut(failure, error) => {
                    exchange.record.error = Some(error);
                    exchange.record.reason = Some(failure.meaning().1);
                    // Its framing shows that it is cut; a reset could destroy answers before it that are still on their way.
                    return Ok(After::Close);
                }
            };
            exchange.record.error = Some(error);
            let may_repeat = request.method.is_idempotent() && outgoing.is_complete();
            // A connection that waited may have been closed while the request was on its way.
            is_fresh = upstream.is_reused() && failure == Failure::Broken;
            let is_repeated =
                may_repeat && (is_fresh || (failure != Failure::Unclear && may_repeat_elsewhere(exchange)));
            if !is_repeated {
                let (status, reason) = failure.meaning();
                return Err(Reply::page(status, reason));
            }
        }
    }

    /// Answers a head that is none.
    async fn refuse(
        &self,
        reason: Reason,
        request: &Request,
        stream: &mut Downstream,
        ahead: &mut Waiting,
        drain: &watch::Receiver<bool>,
    ) {
        let connection = stream.connection().clone();
        connection.request_started();
        let mut exchange = Exchange::new();
        exchange.logged = self.log.take(&request.head);
        (exchange.client, exchange.scheme) = (Some(connection.client.ip()), connection.scheme);
        let mut client = Http1 {
            closes: true,
            drain,
            framing: framing::Framing::Done,
            stream,
            ahead,
        };
        let status = if reason == Reason::HeaderTooLarge {
            431
        } else {
            400
        };
        answer::write(&Reply::page(status, reason), request, &mut client, &mut exchange).await;
        self.close(request, &connection, &mut exchange);
    }

    /// Closes the record.
    fn close(&self, request: &Request, connection: &Connection, exchange: &mut Exchange) {
        exchange.close(&self.tables.stats, ServedBy::Lane);
        if self.log.is_on() {
            let text = |name| request.head.text(name).unwrap_or_default();
            let seen = Seen {
                method: request.method.as_str(),
                target: &String::from_utf8_lossy(request.uri.target()),
                protocol: "HTTP/1.1",
                host: text(&HOST),
                referer: text(&REFERER),
                agent: text(&USER_AGENT),
            };
            exchange.log(&self.log, Some(connection), &seen);
        }
        connection.request_ended();
    }
}

/// Reads until a head is complete.
fn next(context: &mut Context<'_>, stream: &mut Downstream, ahead: &mut Waiting) -> Poll<Next> {
    // Bytes of the request before may hold all of this one.
    let mut is_worth_parsing = !ahead.is_empty();
    loop {
        // RFC 9112 §2.2: empty lines before a request are skipped.
        while ahead.bytes().starts_with(b"\r\n") {
            ahead.written(2);
        }
        if is_worth_parsing && let Some((next, length)) = parse(ahead.bytes()) {
            ahead.written(length);
            return Poll::Ready(next);
        }
        let mut scratch = Scratch::borrow();
        let memory = &mut scratch.bytes()[..MAX_HEAD];
        let count = match ready!(client::read(stream, context, memory)) {
            Ok(0) | Err(_) => return Poll::Ready(Next::Gone),
            Ok(count) => count,
        };
        let bytes = &memory[..count];
        if ahead.is_empty() {
            if let Some((next, length)) = parse(bytes) {
                ahead.add(&bytes[length..]);
                return Poll::Ready(next);
            }
            ahead.add(bytes);
            is_worth_parsing = false;
        } else {
            // A head that drips is not read anew for each drop, only when it may have ended.
            let before = ahead.bytes().len();
            ahead.add(bytes);
            is_worth_parsing = message::may_be_complete(ahead.bytes(), before);
        }
    }
}

/// What the bytes begin with, and how many of them that is; `None` if it is not complete.
fn parse(bytes: &[u8]) -> Option<(Next, usize)> {
    match message::request(bytes) {
        Ok(Parsed::Partial) => None,
        Ok(Parsed::Declined) => Some((Next::Declined, 0)),
        Ok(Parsed::Complete(request, length)) => Some((Next::Request(request), length)),
        Err(reason) => Some((Next::Refused(reason, Request::refused(bytes)), bytes.len())),
    }
}

/// Boxes a future where it is made, if the compiler can: it is large, and moving it there costs more than the memory.
fn boxed<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    let room = Box::new_uninit();
    Box::into_pin(Box::write(room, make()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
