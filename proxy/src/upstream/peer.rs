//! From a chosen endpoint to the engine's peer.
//!
//! One template per backend holds everything but the address. The engine's pool key leaves out parts of the TLS policy,
//! so the group key carries all of it: a connection made under one policy never serves another.

use std::hash::BuildHasher;
use std::time::Duration;

use ferrik_config::policy::Timeouts;
use ferrik_config::table::Protocol;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::upstreams::peer::{ALPN, HttpPeer};

use super::upgrade;
use crate::listen::Scheme;

/// How long an unused connection to a backend is kept; shorter than what most applications keep theirs.
pub(crate) const POOL_IDLE: Duration = Duration::from_secs(55);
/// Streams on one HTTP/2 connection to a backend.
const STREAMS: usize = 100;

/// Everything of a peer but its address.
pub(crate) struct Template {
    plain: HttpPeer,
    tls: HttpPeer,
    protocol: Protocol,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Template({:?})", self.protocol)
    }
}

impl Template {
    pub(crate) fn new(protocol: Protocol, timeouts: Timeouts) -> Self {
        Self {
            plain: build(protocol, timeouts, false),
            tls: build(protocol, timeouts, true),
            protocol,
        }
    }

    /// The peer at this address, for a request that came with this scheme and may ask for another protocol.
    pub(crate) fn peer(
        &self,
        address: std::net::SocketAddr,
        scheme: Scheme,
        is_upgrade: bool,
    ) -> Box<HttpPeer> {
        let is_tls = self.protocol.is_tls(scheme == Scheme::Https);
        let mut peer = Box::new(if is_tls {
            self.tls.clone()
        } else {
            self.plain.clone()
        });
        peer._address = SocketAddr::Inet(address);
        if is_tls {
            // An address as server name sends no SNI, which is what ingress-nginx does, and is what Traefik verifies.
            peer.sni = address.ip().to_string();
        }
        if is_upgrade {
            upgrade::prepare(&mut peer);
        }
        peer
    }
}

fn build(protocol: Protocol, timeouts: Timeouts, tls: bool) -> HttpPeer {
    let anywhere = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    let mut peer = HttpPeer::new(anywhere, tls, String::new());
    let verify = matches!(
        protocol,
        Protocol::Https { verify: true } | Protocol::H2 { verify: true }
    );
    peer.options.alpn = match protocol {
        Protocol::H2c | Protocol::H2 { .. } => ALPN::H2,
        // Traefik speaks HTTP/2 to backends that offer it, ingress-nginx never does.
        Protocol::Https { verify: true } => ALPN::H2H1,
        Protocol::Http | Protocol::Https { .. } | Protocol::Same => ALPN::H1,
    };
    peer.options.verify_cert = verify;
    peer.options.verify_hostname = verify;
    peer.options.max_h2_streams = STREAMS;
    peer.options.connection_timeout = Some(timeouts.connect);
    peer.options.total_connection_timeout = Some(timeouts.connect.saturating_mul(2));
    peer.options.read_timeout = Some(timeouts.read);
    peer.options.write_timeout = Some(timeouts.send);
    peer.options.idle_timeout = Some(POOL_IDLE);
    peer.group_key = foldhash::fast::FixedState::default().hash_one((protocol, tls, verify));
    peer
}
