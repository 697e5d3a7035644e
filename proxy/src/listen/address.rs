//! Binding, and addresses as everybody else should see them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::TcpListener;

/// The kernel cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 65_535;
/// After which silence the kernel asks a peer whether it is still there, and how long it then waits between
/// questions.
const KEEPALIVE: Duration = Duration::from_secs(180);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);

/// Binds a listening socket and returns its address; port 0 becomes the one that the kernel chose. `[::]`
/// takes IPv4 too, and on a system without IPv6 nothing else. With `reuse_port` other processes of the same user may bind
/// it too, if they ask for the same. Must be called within a runtime.
pub(super) fn bind(address: SocketAddr, reuse_port: bool) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = listen(address, reuse_port).or_else(|error| match address {
        SocketAddr::V6(v6) if v6.ip().is_unspecified() && has_no_family(&error) => {
            listen((Ipv4Addr::UNSPECIFIED, v6.port()).into(), reuse_port)
        }
        _ => Err(error),
    })?;
    let listener = TcpListener::from_std(listener.into())?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// An IPv4 address that came in by an IPv6 socket, as IPv4.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Options that Linux hands down to accepted sockets are set once, here.
fn listen(address: SocketAddr, reuse_port: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(reuse_port)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEPALIVE)
            .with_interval(KEEPALIVE_INTERVAL),
    )?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// `EAFNOSUPPORT` of Linux.
fn has_no_family(error: &io::Error) -> bool {
    error.raw_os_error() == Some(97)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use socket2::SockRef;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn accepted_sockets_inherit_the_options() {
        let (listener, address) = bind((Ipv4Addr::LOCALHOST, 0).into(), false).expect("a port");
        let (_client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (stream, _) = accepted.expect("a connection");
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().expect("an option"));
        assert!(socket.keepalive().expect("an option"));
        assert_eq!(socket.tcp_keepalive_time().expect("an option"), KEEPALIVE);
    }

    #[tokio::test]
    async fn the_unspecified_address_takes_ipv4_as_ipv4() {
        let (listener, address) = bind((Ipv6Addr::UNSPECIFIED, 0).into(), false).expect("a port");
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()));
        let (client, accepted) = tokio::join!(TcpStream::connect(target), listener.accept());
        let (stream, peer) = accepted.expect("a connection");
        let own = client.expect("a connection").local_addr().expect("an address");
        assert_eq!(canonical(peer), own);
        assert_eq!(canonical(stream.local_addr().expect("an address")), target);
    }
}
