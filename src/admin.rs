//! Questions to the admin listener of a running proxy, on its address or its Unix socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// A process that cannot answer in this time is not healthy.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What it answered.
pub(crate) struct Answer {
    /// The status is 200.
    pub(crate) is_ok: bool,
    pub(crate) body: String,
}

/// Asks on the Unix socket.
pub(crate) fn ask_socket(socket: &Path, path: &str) -> anyhow::Result<Answer> {
    let place = socket.display().to_string();
    let stream = UnixStream::connect(socket).with_context(|| format!("nobody answers on {place}"))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    ask(stream, path).with_context(|| format!("no answer on {place}"))
}

/// Asks on the address.
pub(crate) fn ask_address(address: SocketAddr, path: &str) -> anyhow::Result<Answer> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT);
    let stream = stream.with_context(|| format!("nobody answers on {address}"))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    ask(stream, path).with_context(|| format!("no answer on {address}"))
}

fn ask(mut stream: impl Read + Write, path: &str) -> anyhow::Result<Answer> {
    // HTTP/1.0: the body ends with the connection and comes without chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(Answer {
        is_ok: answer.split(' ').nth(1) == Some("200"),
        body: body.to_owned(),
    })
}
