//! A backend that is a script over a TCP connection: for bytes on the wire, and for servers that misbehave.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A running script; it ends with the value.
pub(crate) struct RawBackend {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    accept: AbortHandle,
}

impl RawBackend {
    /// Runs `script` on every connection, once the first request head has come.
    pub(crate) async fn serve<H, F>(script: H) -> Self
    where
        H: Fn(TcpStream) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = heads.clone();
        let accept = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (script, log) = (script.clone(), log.clone());
                connections.spawn(async move {
                    if let Some(head) = head(&mut stream).await {
                        log.lock().expect("nobody panics with the lock").push(head);
                        script(stream).await;
                    }
                });
            }
        });
        Self {
            address,
            heads,
            accept: accept.abort_handle(),
        }
    }

    /// The request heads so far, as they came over the wire.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("nobody panics with the lock").clone()
    }
}

impl Drop for RawBackend {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

/// Reads to the end of a request head and not a byte further; `None` if the connection ends before.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
