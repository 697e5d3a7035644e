//! A client that counts: every answer must be the backend's, whole.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::site::{self, Ask};
use super::tls;

/// For one answer, also under valgrind.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plain or TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A keep-alive connection.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    bytes: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Opens a connection.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// Opens a connection over TLS.
    pub(crate) async fn connect_tls(address: SocketAddr) -> Result<Self> {
        Ok(Self::over(tls::connect(address).await?))
    }

    fn over(stream: impl Stream + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            bytes: Vec::with_capacity(4096),
        }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn get(&mut self, host: &str, target: &str) -> Result<Answer> {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        self.exchange(request).await
    }

    /// Sends a request with 1 KiB and reads its answer.
    pub(crate) async fn post(&mut self, host: &str, target: &str) -> Result<Answer> {
        let body = site::body();
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.exchange(request).await
    }

    async fn exchange(&mut self, request: String) -> Result<Answer> {
        timeout(PATIENCE, self.send_and_read(&request))
            .await
            .context("no answer in time")?
    }

    async fn send_and_read(&mut self, request: &str) -> Result<Answer> {
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
        self.bytes.clear();
        let head_end = loop {
            if let Some(at) = self.bytes.windows(4).position(|part| part == b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await?;
        };
        let head = String::from_utf8_lossy(&self.bytes[..head_end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.context("no content-length")?.trim().parse()?;
        while self.bytes.len() < head_end + length {
            self.read().await?;
        }
        if self.bytes.len() > head_end + length {
            bail!("more came than was announced");
        }
        Ok(Answer {
            status,
            body: self.bytes[head_end..].to_vec(),
        })
    }

    async fn read(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.bytes).await? == 0 {
            bail!("the connection was closed");
        }
        Ok(())
    }
}

impl Answer {
    /// Fails unless it is the backend's.
    pub(crate) fn check(&self, body: &str) -> Result<()> {
        if self.status != 200 || self.body != body.as_bytes() {
            bail!(
                "status {}, {} bytes that are not the backend's",
                self.status,
                self.body.len()
            );
        }
        Ok(())
    }
}

/// Makes an exact number of requests over so many connections, each of which takes an equal part.
pub(crate) async fn burst(address: SocketAddr, connections: usize, total: usize) -> Result<()> {
    let mut clients = JoinSet::new();
    for number in 0..connections {
        clients.spawn(async move {
            let mut client = Client::connect(address).await?;
            let body = site::body();
            for (host, target) in site::requests(Ask::Small)
                .iter()
                .cycle()
                .skip(number * 31)
                .take(total / connections)
            {
                client.get(host, target).await?.check(&body)?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(result) = clients.join_next().await {
        result??;
    }
    Ok(())
}
