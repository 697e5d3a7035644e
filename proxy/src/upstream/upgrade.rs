//! Connections for requests that ask for another protocol (WebSocket).
//!
//! The engine passes request and response through two halves of one task. If a backend's 101 is there before the half that
//! reads it has taken note that the request has no body, the engine takes that note for the end of the new protocol and
//! closes both sides (seen with one of two hundred sockets on a fast machine). So a socket of this kind lets every
//! write be followed by one turn of the other half before it can be read. It costs one wake-up per write and is not pooled.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use pingora::connectors::L4Connect;
use pingora::prelude::{Error, Result};
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
use pingora::upstreams::peer::HttpPeer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Has the peer connected through such a socket, apart from all other connections to it.
pub(super) fn prepare(peer: &mut HttpPeer) {
    peer.options.custom_l4 = Some(Arc::new(Connector));
    peer.group_key = !peer.group_key;
    // The engine applies only this limit to connections that it does not make itself.
    peer.options.total_connection_timeout = peer.options.connection_timeout;
}

#[derive(Debug)]
struct Connector;

#[async_trait]
impl L4Connect for Connector {
    async fn connect(&self, address: &SocketAddr) -> Result<Stream> {
        use pingora::ErrorType::ConnectRefused;
        let Some(address) = address.as_inet() else {
            return Error::e_explain(ConnectRefused, "only addresses are connected to");
        };
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| Error::because(ConnectRefused, "connecting", error))?;
        let socket = TurnTaking {
            stream,
            has_written: false,
        };
        socket
            .stream
            .set_nodelay(true)
            .map_err(|error| Error::because(ConnectRefused, "connecting", error))?;
        Ok(VirtualSocketStream::new(Box::new(socket)).into())
    }
}

/// A socket that is not readable at once after a write.
#[derive(Debug)]
struct TurnTaking {
    stream: TcpStream,
    has_written: bool,
}

impl AsyncRead for TurnTaking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.has_written) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for TurnTaking {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.has_written = true;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl VirtualSocket for TurnTaking {
    fn set_socket_option(&self, _: VirtualSockOpt) -> io::Result<()> {
        Ok(())
    }
}
