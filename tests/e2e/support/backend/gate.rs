//! Holds requests at a backend until a test lets them go.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::support::within;

/// Closed until it is opened; each opening lets one request pass.
#[derive(Clone)]
pub(crate) struct Gate {
    arrived: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            arrived: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    /// Called for a request: says that it is there, and waits.
    pub(super) async fn pass(&self) {
        self.arrived.add_permits(1);
        self.open
            .acquire()
            .await
            .expect("the gate is never taken down")
            .forget();
    }

    /// Returns once one more request waits.
    pub(crate) async fn reached(&self) {
        let arrived = within("a request reaches the backend", self.arrived.acquire()).await;
        arrived.expect("the gate is never taken down").forget();
    }

    /// Lets one request pass.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }
}
