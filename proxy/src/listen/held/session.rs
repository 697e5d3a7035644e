//! [`HeldEdge`] as pingora's stream: all of it is what [`Edge`](super::Edge) says.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest,
    UniqueID, UniqueIDType,
};

use super::super::close;
use super::HeldEdge;

#[async_trait]
impl Shutdown for HeldEdge {
    async fn shutdown(&mut self) {
        close(self, false).await;
    }
}

impl UniqueID for HeldEdge {
    fn id(&self) -> UniqueIDType {
        self.lock().edge.id()
    }
}

impl Ssl for HeldEdge {
    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.lock().edge.selected_alpn_proto()
    }
}

impl GetTimingDigest for HeldEdge {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.lock().edge.get_timing_digest()
    }
}

impl GetProxyDigest for HeldEdge {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.lock().edge.get_proxy_digest()
    }
}

impl GetSocketDigest for HeldEdge {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.lock().edge.get_socket_digest()
    }
}

impl Peek for HeldEdge {}
