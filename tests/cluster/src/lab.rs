//! One lab for one test: a thread with its own network, a runtime on it, and a cluster inside.
//!
//! Everything ends with the test, also when it panics: servers, pods, nodes and files.

use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::cluster::{Cluster, Options};
use crate::names::Names;
use crate::network::{self, AddressPool};
use crate::node::Places;
use crate::pod;

/// How many labs run at the same time: each takes 500 MB and two seconds of CPU to start.
const SEATS: usize = 2;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// What a test gets. Clones are the same lab.
#[derive(Clone)]
pub struct Lab {
    /// The Kubernetes API.
    pub cluster: Cluster,
    pub(crate) addresses: Arc<AddressPool>,
    pub(crate) places: Arc<Places>,
    names: Arc<Names>,
}

/// Runs a test in a lab of its own, with the default options.
pub fn run<F, T>(test: F) -> T
where
    F: AsyncFnOnce(Lab) -> T + Send + 'static,
    T: Send + 'static,
{
    run_with(Options::default(), test)
}

/// The same with other options.
pub fn run_with<F, T>(options: Options, test: F) -> T
where
    F: AsyncFnOnce(Lab) -> T + Send + 'static,
    T: Send + 'static,
{
    let _seat = Seat::take();
    let thread = std::thread::Builder::new().name("lab".to_owned()).spawn(move || {
        network::isolate(options.dual_stack);
        let names = Names::isolate();
        // Workers inherit the network of this thread, and so do the processes that they start.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads can be started");
        runtime.block_on(async move { test(Lab::start(options, names).await).await })
    });
    let result = thread.expect("threads can be started").join();
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Lab {
    async fn start(options: Options, names: Names) -> Self {
        let (cluster, addresses) = (Cluster::start(options).await, Arc::default());
        tokio::spawn(pod::run(Cluster::clone(&cluster), Arc::clone(&addresses)));
        Self {
            cluster,
            addresses,
            places: Arc::default(),
            names: names.into(),
        }
    }

    /// Where processes of the lab find a host from now on.
    pub fn resolve(&self, host: &str, addresses: &[IpAddr]) {
        self.names.set(host, addresses.to_vec());
    }
}

/// The right to run a lab.
struct Seat;

impl Seat {
    fn take() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = FREED
            .wait_while(taken, |taken| *taken >= SEATS)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Self
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREED.notify_one();
    }
}
