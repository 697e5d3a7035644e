//! A relay that reads nothing of what it carries: what the sockets alone cost.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};

/// What it holds of requests and of answers, in bytes: large answers should not cost it more calls than others.
const BUFFERS: (usize, usize) = (4 << 10, 64 << 10);

/// Copies both ways between every client and a connection of its own to the backend, until it is killed.
pub(crate) async fn run(listen: SocketAddr, backend: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (mut client, _) = listener.accept().await?;
        tokio::spawn(async move {
            let Ok(mut server) = TcpStream::connect(backend).await else {
                return;
            };
            // Either end may leave at any time.
            let _ = client.set_nodelay(true);
            let _ = server.set_nodelay(true);
            let _ = copy_bidirectional_with_sizes(&mut client, &mut server, BUFFERS.0, BUFFERS.1).await;
        });
    }
}
