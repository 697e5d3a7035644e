//! The accept loop of one listener, and the task of each connection.
//!
//! Run by `listener`. It never ends by itself: what fails is counted and tried again.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::address::canonical;
use super::connection::Arrival;
use super::greet::greet;
use super::registry::{Admission, Registry};
use super::{Serve, TlsLookup};

/// What all listeners share.
pub(super) struct Door<S, L> {
    pub(super) serve: S,
    pub(super) lookup: L,
    pub(super) registry: Arc<Registry>,
    /// Where connections are served.
    pub(super) runtime: Handle,
}

/// One listening socket and what its connections are told.
pub(super) struct Gate<S, L> {
    pub(super) door: Arc<Door<S, L>>,
    pub(super) name: Arc<str>,
    pub(super) number: u32,
    pub(super) tls: bool,
    pub(super) bound: SocketAddr,
    /// Has never seen a change, nor have its clones: a connection that begins during the drain learns of it
    /// at once.
    pub(super) drain: watch::Receiver<bool>,
}

/// First and longest pause after `accept` failed for a lack of resources.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl<S: Serve, L: TlsLookup> Gate<S, L> {
    /// Accepts until `stop` changes, and then what the queue still holds: those clients think that they are
    /// connected.
    pub(super) async fn run(&self, listener: TcpListener, stop: &mut watch::Receiver<bool>) {
        let mut pause = PAUSE;
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.changed() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    pause = PAUSE;
                    self.enter(stream, peer);
                }
                Err(error) if is_about_the_connection(&error) => {}
                Err(error) => {
                    self.door.registry.counters().count_accept_error();
                    if pause == PAUSE {
                        tracing::warn!(listener = &*self.name, %error, "accept failed, trying again");
                    }
                    tokio::select! {
                        _ = stop.changed() => break,
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                    }
                }
            }
        }
        if let Err(error) = self.empty_queue(listener) {
            tracing::warn!(listener = &*self.name, %error, "could not empty the accept queue");
        }
    }

    /// Asks the kernel itself: the runtime may not have heard yet of connections that are in the queue.
    fn empty_queue(&self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        loop {
            match listener.accept() {
                Ok((stream, peer)) => {
                    stream.set_nonblocking(true)?;
                    self.enter(TcpStream::from_std(stream)?, peer);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if is_about_the_connection(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts the connection's task, or closes it at once if it is one too many.
    fn enter(&self, stream: TcpStream, peer: SocketAddr) {
        let peer = canonical(peer);
        let Ok(admission) = self.door.registry.admit(peer.ip(), self.number, self.tls) else {
            return;
        };
        let local = if self.bound.ip().is_unspecified() {
            stream.local_addr()
        } else {
            Ok(self.bound)
        };
        // Without an address it is no longer connected.
        let Ok(local) = local.map(canonical) else { return };
        let arrival = Arrival {
            peer,
            local,
            listener: self.name.clone(),
            tls: self.tls,
        };
        let (door, drain) = (self.door.clone(), self.drain.clone());
        self.door
            .runtime
            .spawn(connection(door, stream, arrival, admission, drain));
    }
}

async fn connection<S: Serve, L: TlsLookup>(
    door: Arc<Door<S, L>>,
    stream: TcpStream,
    arrival: Arrival,
    admission: Admission,
    drain: watch::Receiver<bool>,
) {
    let peer = arrival.peer;
    // Boxed, so that the memory of the handshake is not kept for the life of the connection.
    match Box::pin(greet(stream, arrival, admission.vitals(), &door.lookup)).await {
        Ok(Some(stream)) => door.serve.serve(stream, drain).await,
        Ok(None) => {}
        Err(failure) => {
            door.registry.counters().count_failed_handshake(failure);
            tracing::debug!(%peer, reason = failure.as_str(), "TLS handshake failed");
        }
    }
}

/// Errors that `accept` hands on from the connection that was next (accept(2)): the one behind it may be
/// fine.
fn is_about_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::Interrupted
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_descriptors_is_not_about_the_connection() {
        // EMFILE, ENFILE and ENOMEM; then ECONNABORTED and EHOSTUNREACH.
        for number in [24, 23, 12] {
            assert!(!is_about_the_connection(&io::Error::from_raw_os_error(number)));
        }
        for number in [103, 113] {
            assert!(is_about_the_connection(&io::Error::from_raw_os_error(number)));
        }
    }
}
