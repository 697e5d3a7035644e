//! What we know of a downstream connection: who, where, under which TLS, and how far it is.
//!
//! Filters, router and access log read it. It travels with the stream through the engine in a digest that
//! carries nothing else, so that nobody has to dig in the engine's own records.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use http::HeaderValue;
use pingora::proxy::Session;

use super::vitals::Vitals;
use crate::tls::TlsFacts;

/// The scheme of the requests of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// As in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A downstream connection.
pub(crate) struct Connection {
    /// The other end of the TCP connection, IPv4 never mapped into IPv6.
    pub(crate) peer: SocketAddr,
    /// The client: the peer, or whom a trusted peer speaks for.
    pub(crate) client: SocketAddr,
    /// The address of `client`, rendered for headers.
    pub(crate) client_text: HeaderValue,
    /// Our end of the TCP connection.
    pub(crate) local: SocketAddr,
    /// Name of the listener that accepted it.
    pub(crate) listener: Arc<str>,
    /// Of all its requests.
    pub(crate) scheme: Scheme,
    /// True for HTTP/2.
    pub(crate) h2: bool,
    /// The handshake, on TLS listeners.
    pub(crate) tls: Option<TlsFacts>,
    /// The request line that is arriving holds what may not stand in one.
    odd_request_line: AtomicBool,
    vitals: Arc<Vitals>,
}

/// What is known when a connection is accepted.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) listener: Arc<str>,
    pub(super) tls: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({} from {})", self.listener, self.peer)
    }
}

impl Connection {
    /// A connection that has been greeted. `h2` is what its first bytes or its handshake say.
    pub(super) fn new(arrival: Arrival, tls: Option<TlsFacts>, h2: bool, vitals: Arc<Vitals>) -> Self {
        if h2 {
            vitals.set_multiplexed();
        }
        let client = arrival.peer;
        Self {
            peer: arrival.peer,
            client,
            client_text: HeaderValue::from_str(&client.ip().to_string())
                .expect("an address is visible ASCII"),
            local: arrival.local,
            listener: arrival.listener,
            scheme: if tls.is_some() {
                Scheme::Https
            } else {
                Scheme::Http
            },
            h2,
            tls,
            odd_request_line: AtomicBool::new(false),
            vitals,
        }
    }

    /// Notes that the engine will see an escaped form of the request line. Such a connection has no further request.
    pub(super) fn note_odd_request_line(&self) {
        self.odd_request_line.store(true, Relaxed);
    }

    /// True if the request line was not what the engine made of it.
    pub(crate) fn has_odd_request_line(&self) -> bool {
        self.odd_request_line.load(Relaxed)
    }

    /// A connection that no socket belongs to, for `explain` and for tests of filters.
    pub(crate) fn synthetic(client: SocketAddr, local: SocketAddr, scheme: Scheme) -> Self {
        let timers = Arc::new(super::timers::Timers::new(
            &super::Timeouts::default(),
            Duration::from_secs(1),
        ));
        let tls = scheme == Scheme::Https;
        let arrival = Arrival {
            peer: client,
            local,
            listener: Arc::from("synthetic"),
            tls,
        };
        let mut connection = Self::new(arrival, None, false, Arc::new(Vitals::new(timers, 0, tls)));
        connection.scheme = scheme;
        connection
    }

    /// The connection that a request came over. `None` only for sessions that did not come through an
    /// [`Edge`](super::Edge).
    pub(crate) fn of(session: &Session) -> Option<&Arc<Self>> {
        let digest = session.digest()?.proxy_digest.as_ref()?;
        digest.user_data.as_ref()?.downcast_ref()
    }

    /// A request's head is complete. From now to [`Self::request_ended`] no deadline of the edge applies, but what
    /// [`Self::expect_within`] says.
    pub(crate) fn request_started(&self) {
        self.vitals.request_started();
    }

    /// A request that started is over, whatever became of it.
    pub(crate) fn request_ended(&self) {
        self.vitals.request_ended();
    }

    /// The request that has started is left to another engine, which starts it anew.
    pub(crate) fn request_withdrawn(&self) {
        self.vitals.request_withdrawn();
    }

    /// The next head has begun: some of it was read with the request before.
    pub(crate) fn head_begun(&self) {
        self.vitals.head_begun();
    }

    /// The answer before the end has been written: the client has a short time to take it.
    pub(crate) fn leaves(&self) {
        self.vitals.leave_within(super::downstream::LEAVING);
    }

    /// From now on something must happen within so many milliseconds, or [`Self::poll_late`] says so.
    pub(crate) fn expect_within(&self, wait: u64) {
        self.vitals.expect_within(wait);
    }

    /// Ready once the connection is late with what it is expected to do.
    pub(crate) fn poll_late(&self, context: &Context<'_>) -> Poll<()> {
        self.vitals.poll_over::<()>(context).map(drop)
    }

    /// Requests so far, the current one included.
    pub(crate) fn requests(&self) -> u64 {
        self.vitals.requests()
    }

    /// Requests that have started and not ended.
    pub(crate) fn in_flight(&self) -> u32 {
        self.vitals.in_flight()
    }

    /// Bytes received and sent on the wire, TLS included.
    #[cfg(test)]
    pub(crate) fn traffic(&self) -> (u64, u64) {
        self.vitals.traffic()
    }
}
