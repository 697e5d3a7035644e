//! [`Edge`] as pingora's stream: what `IO` asks for besides reading and writing.
//!
//! `HttpServerApp::process_new` takes HTTP/2 if `selected_alpn_proto` says so, which therefore also speaks
//! for plain connections with prior knowledge. The only thing a session tells about us is the `ProxyDigest`:
//! HTTP/1 and HTTP/2 sessions both carry it.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::http::ResponseHeader;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest,
    UniqueID, UniqueIDType,
};

use super::super::{Connection, downstream::close, socket::Socket};
use super::Edge;

/// Wraps the connection for [`Connection::of`]. The response header is a formality without memory of its own.
pub(super) fn digest(connection: &Arc<Connection>) -> Arc<ProxyDigest> {
    let header = ResponseHeader::build_no_case(200, Some(0)).expect("200 is a status");
    Arc::new(ProxyDigest::new(
        Box::new(header),
        Some(Box::new(connection.clone())),
    ))
}

/// All addresses are filled in: pingora would ask the kernel later, by a descriptor number that may then be
/// another connection's.
pub(super) fn addresses(socket: &Socket, connection: &Connection) -> Arc<SocketDigest> {
    let digest = SocketDigest::from_raw_fd(socket.fd());
    let filled = digest.peer_addr.set(Some(connection.client.into())).is_ok()
        && digest.local_addr.set(Some(connection.local.into())).is_ok()
        && digest.original_dst.set(None).is_ok();
    debug_assert!(filled, "a new digest is empty");
    Arc::new(digest)
}

#[async_trait]
impl Shutdown for Edge {
    async fn shutdown(&mut self) {
        let lingers = !self.connection().h2;
        close(self, lingers).await;
    }
}

impl UniqueID for Edge {
    fn id(&self) -> UniqueIDType {
        self.stream.socket().fd()
    }
}

impl Ssl for Edge {
    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.connection().h2.then_some(ALPN::H2)
    }
}

impl GetTimingDigest for Edge {
    /// Empty: asked for with each request, and an entry would cost an allocation that nobody reads.
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Edge {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        Some(self.digest.clone())
    }
}

impl GetSocketDigest for Edge {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        Some(self.addresses.clone())
    }
}

impl Peek for Edge {}
