//! The pointer to what is served, and how it is replaced.
//!
//! Requests load it once and keep what they loaded. Publishing compiles on the caller's thread, under a lock that no
//! request takes, and drops what became unused there too.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, ArcSwapOption};
use ferrik_config::policy::Source;
use ferrik_config::{Endpoints, Table};

use crate::compile::{Compiled, Context};
use crate::lasting::Lasting;
use crate::listen::Scheme;
use crate::observe::StatsRegistry;
use crate::reason::Reason;
use crate::sanitize;
use crate::upstream::Cells;

/// What is served at the moment.
#[derive(Debug, Default)]
pub struct Tables {
    current: ArcSwapOption<Compiled>,
    endpoints: ArcSwap<Endpoints>,
    cells: Cells,
    lasting: Lasting,
    pub(crate) stats: StatsRegistry,
    publishing: Mutex<()>,
    /// When the table was put into service, in seconds since 1970; 0 if there is none.
    applied: AtomicI64,
}

impl Tables {
    /// The table, once there is one.
    pub(crate) fn load(&self) -> Option<Arc<Compiled>> {
        self.current.load_full()
    }

    pub(crate) fn peek(&self) -> arc_swap::Guard<Option<Arc<Compiled>>> {
        self.current.load()
    }

    /// Ends connections to endpoints that have waited for a request since before this sweep.
    pub(crate) fn end_waiting(&self, oldest: u64) {
        self.cells.end_waiting(oldest);
    }

    /// When the table was put into service, in seconds since 1970.
    pub(crate) fn applied(&self) -> Option<i64> {
        Some(self.applied.load(Relaxed)).filter(|seconds| *seconds > 0)
    }

    /// The endpoints as they were published last.
    pub fn endpoints(&self) -> Arc<Endpoints> {
        self.endpoints.load_full()
    }

    /// Looks a request up as serving it would, for benchmarks and for tests that hold the router against its definition.
    /// `f` gets the rule of the route, or the reason why there is none.
    pub fn look_up<R>(
        &self,
        host: &str,
        target: &[u8],
        scheme: Scheme,
        f: impl FnOnce(Result<&Source, Reason>) -> R,
    ) -> R {
        let table = self.peek();
        let found = table.as_ref().ok_or(Reason::NoHost).and_then(|table| {
            let host = sanitize::canonical_host(host.as_bytes())?;
            let (path, _) = sanitize::split_target(target)?;
            let path = sanitize::Path::parse(path)?;
            table
                .router
                .find(host.as_str(), &path, scheme)
                .map(|route| &route.source)
        });
        f(found)
    }

    /// Serves a new table and new endpoints. Connections and limits are not touched.
    pub fn publish(&self, table: Arc<Table>, endpoints: Arc<Endpoints>) {
        let _one_at_a_time = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        // New endpoints first: a new route must find the cell of its service filled. Those that go stay until the table has
        // changed: its routes may be the last that lead to them.
        let before = self.endpoints.load_full();
        self.cells.update(&before, &endpoints);
        let previous = self.current.load_full();
        let is_known = |it: &Arc<Compiled>| Arc::ptr_eq(&it.table, &table) || it.table == table;
        let is_new = !previous.as_ref().is_some_and(is_known);
        if is_new {
            self.compile(previous.as_deref(), table);
        }
        self.cells.empty(&before, &endpoints);
        self.endpoints.store(endpoints);
        drop(previous);
        if is_new {
            self.cells.sweep();
            self.lasting.sweep();
            self.stats.sweep();
        }
    }

    fn compile(&self, previous: Option<&Compiled>, table: Arc<Table>) {
        let mut context = Context {
            cells: &self.cells,
            lasting: &self.lasting,
            stats: &self.stats,
        };
        let compiled = Compiled::new(previous, table, &mut context);
        self.current.store(Some(Arc::new(compiled)));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.applied
            .store(i64::try_from(now.as_secs()).unwrap_or_default(), Relaxed);
    }
}
