//! Stands between Ferrik and an origin: passes bytes on as they are, and keeps those of the requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{AbortHandle, JoinSet};

use super::origin::Place;

/// What came over one connection.
#[derive(Clone, Default)]
struct Stream {
    bytes: Vec<u8>,
    is_over: bool,
}

/// A running relay; it ends with the value.
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    streams: Arc<Mutex<Vec<Stream>>>,
    accept: AbortHandle,
}

impl Relay {
    pub(super) async fn to(place: Place) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let streams: Arc<Mutex<Vec<Stream>>> = Arc::default();
        let kept = streams.clone();
        let accept = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let at = {
                    let mut kept = kept.lock().expect("nobody panics with the lock");
                    kept.push(Stream::default());
                    kept.len() - 1
                };
                let (kept, place) = (kept.clone(), place.clone());
                connections.spawn(async move {
                    match place {
                        Place::Tcp(address) => {
                            let origin = TcpStream::connect(address).await;
                            pass(stream, origin.expect("the origin listens"), &kept, at).await;
                        }
                        Place::Unix(path) => {
                            let origin = UnixStream::connect(path).await;
                            pass(stream, origin.expect("the origin listens"), &kept, at).await;
                        }
                    }
                });
            }
        });
        Self {
            address,
            streams,
            accept: accept.abort_handle(),
        }
    }

    /// True if no connection is open.
    pub(super) fn is_over(&self) -> bool {
        let streams = self.streams.lock().expect("nobody panics with the lock");
        streams.iter().all(|stream| stream.is_over)
    }

    /// True if the text has come over some connection.
    pub(super) fn has_seen(&self, text: &str) -> bool {
        let streams = self.streams.lock().expect("nobody panics with the lock");
        let has = |stream: &Stream| {
            stream
                .bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        streams.iter().any(has)
    }

    /// What Ferrik has sent, connection by connection.
    pub(super) fn streams(&self) -> Vec<Vec<u8>> {
        let streams = self.streams.lock().expect("nobody panics with the lock");
        streams.iter().map(|stream| stream.bytes.clone()).collect()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

async fn pass(
    ferrik: TcpStream,
    origin: impl AsyncRead + AsyncWrite + Unpin,
    kept: &Mutex<Vec<Stream>>,
    at: usize,
) {
    let (mut from_ferrik, mut to_ferrik) = ferrik.into_split();
    let (mut from_origin, mut to_origin) = tokio::io::split(origin);
    let requests = async {
        let mut buffer = vec![0; 16 * 1024];
        // A reset is an end as well.
        while let Ok(read @ 1..) = from_ferrik.read(&mut buffer).await {
            let bytes = &buffer[..read];
            kept.lock().expect("nobody panics with the lock")[at]
                .bytes
                .extend_from_slice(bytes);
            // An origin that has closed takes nothing; what comes is kept all the same.
            let _ = to_origin.write_all(bytes).await;
        }
        let _ = to_origin.shutdown().await;
        kept.lock().expect("nobody panics with the lock")[at].is_over = true;
    };
    let answers = async {
        let _ = tokio::io::copy(&mut from_origin, &mut to_ferrik).await;
        let _ = to_ferrik.shutdown().await;
    };
    tokio::join!(requests, answers);
}
