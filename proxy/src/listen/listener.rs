//! One listener: what is asked for, how it is, and its task from the first attempt to bind to the last
//! accept.
//!
//! Run by `listeners`. A listener that cannot be bound keeps trying: the address may be in use by a process
//! that goes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::accept::{Door, Gate};
use super::{Serve, TlsLookup, address};

/// What a listener should be. Two that are equal are one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListenerSpec {
    /// For logs, metrics and filters.
    pub(crate) name: Arc<str>,
    /// Where to listen; port 0 lets the kernel choose, `[::]` takes IPv4 too.
    pub(crate) address: SocketAddr,
    /// Expect a TLS handshake.
    pub(crate) tls: bool,
    /// Share the address with other processes of this user that ask for the same.
    pub(crate) reuse_port: bool,
}

/// How a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenerStatus {
    /// What was asked for.
    pub(crate) spec: ListenerSpec,
    /// Where it listens, or why it does not yet.
    pub(crate) bound: Result<SocketAddr, String>,
}

/// A listener with its task.
pub(super) struct Listener {
    number: u32,
    bound: Arc<Mutex<Result<SocketAddr, String>>>,
    stop: watch::Sender<bool>,
    drain: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// First and longest pause between attempts to bind.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Listener {
    /// Binds, and starts accepting or trying again.
    pub(super) fn start<S: Serve, L: TlsLookup>(
        spec: &ListenerSpec,
        number: u32,
        door: &Arc<Door<S, L>>,
    ) -> Self {
        let _runtime = door.runtime.enter();
        let (listener, bound) = match address::bind(spec.address, spec.reuse_port) {
            Ok((listener, bound)) => (Some(listener), Ok(bound)),
            Err(error) => {
                tracing::error!(listener = &*spec.name, address = %spec.address, %error, "cannot listen");
                (None, Err(error.to_string()))
            }
        };
        let bound = Arc::new(Mutex::new(bound));
        let (stop, stopped) = watch::channel(false);
        let (drain, drained) = watch::channel(false);
        let task = door.runtime.spawn(run(
            spec.clone(),
            number,
            door.clone(),
            listener,
            bound.clone(),
            stopped,
            drained,
        ));
        Self {
            number,
            bound,
            stop,
            drain,
            task,
        }
    }

    /// Number of its connections in the registry.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Where it listens.
    pub(super) fn bound(&self) -> Result<SocketAddr, String> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins to stop accepting.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until the socket is closed, and tells the connections that they should end.
    pub(super) async fn stopped(&mut self) {
        self.stop();
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "an accept loop has panicked");
        }
        self.drain.send_replace(true);
    }
}

async fn run<S: Serve, L: TlsLookup>(
    spec: ListenerSpec,
    number: u32,
    door: Arc<Door<S, L>>,
    listener: Option<TcpListener>,
    state: Arc<Mutex<Result<SocketAddr, String>>>,
    mut stop: watch::Receiver<bool>,
    drain: watch::Receiver<bool>,
) {
    let listener = if let Some(listener) = listener {
        listener
    } else {
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            listener = bind(&spec, &state) => listener,
        }
    };
    let Ok(bound) = listener.local_addr() else { return };
    tracing::info!(listener = &*spec.name, address = %bound, tls = spec.tls, "listening");
    let gate = Gate {
        door,
        name: spec.name,
        number,
        tls: spec.tls,
        bound,
        drain,
    };
    gate.run(listener, &mut stop).await;
}

async fn bind(spec: &ListenerSpec, state: &Mutex<Result<SocketAddr, String>>) -> TcpListener {
    let mut pause = PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        let bound = address::bind(spec.address, spec.reuse_port);
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match bound {
            Ok((listener, bound)) => {
                *state = Ok(bound);
                return listener;
            }
            Err(error) => *state = Err(error.to_string()),
        }
    }
}
