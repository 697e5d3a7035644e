//! A client that sends any bytes, and reads whatever comes back.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::condition::PATIENCE;

/// How long a server may keep a connection open that it should close.
const CLOSES: Duration = Duration::from_secs(5);

/// What came back on one connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    /// Whether the server closed the connection.
    pub(crate) closed: bool,
}

impl Reply {
    /// The status of the first response; `None` if there is none.
    pub(crate) fn status(&self) -> Option<u16> {
        let line = self.text();
        let mut words = line.lines().next()?.split(' ');
        words.next()?.starts_with("HTTP/").then_some(())?;
        words.next()?.parse().ok()
    }

    /// How many responses there are.
    pub(crate) fn count(&self) -> usize {
        self.text().matches("HTTP/1.1 ").count()
    }

    /// The value of a header of the first response.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next()?;
        head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// Everything, with a substitute for what is not UTF-8.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Sends the bytes on a connection of their own and reads until the server closes it, or for a few seconds.
pub(crate) async fn send(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Reply {
    let mut stream = TcpStream::connect(address).await.expect("the port is open");
    // A server that has seen enough closes before it has read everything.
    let _ = stream.write_all(bytes.as_ref()).await;
    rest(&mut stream).await
}

/// Reads until the server closes the connection, or for a few seconds.
pub(crate) async fn rest(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let closed = tokio::time::timeout(CLOSES, async {
        let mut buffer = [0; 4096];
        // A reset is a close as well.
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            bytes.extend_from_slice(&buffer[..read]);
        }
    })
    .await
    .is_ok();
    Reply { bytes, closed }
}

/// Reads until the text has arrived.
pub(crate) async fn until(stream: &mut TcpStream, text: &str) -> Reply {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, async {
        let mut buffer = [0; 4096];
        while !bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            let read = stream.read(&mut buffer).await.expect("the connection stands");
            assert!(
                read > 0,
                "closed before {text:?} after {:?}",
                String::from_utf8_lossy(&bytes)
            );
            bytes.extend_from_slice(&buffer[..read]);
        }
    });
    read.await
        .unwrap_or_else(|_| panic!("{text:?} did not arrive within {PATIENCE:?}"));
    Reply { bytes, closed: false }
}
