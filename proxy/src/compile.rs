//! Table → what requests read. Everything that can be prepared is prepared here, once, off the request path.
//!
//! What did not change is taken over from the table before: hosts by identity of their `Arc`, TLS likewise.

use std::sync::Arc;

use ferrik_config::Table;
use ferrik_config::table::{self, HostTable};
use imbl::ordmap::DiffItem;

use crate::lasting::Lasting;
use crate::observe::StatsRegistry;
use crate::route::Route;
use crate::router::{HostRoutes, Router};
use crate::tls::{Answers, TlsOptions, TlsTable};
use crate::upstream::{Backend, Cells};

/// What requests read; one request sees one of these from first byte to last.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Counts tables, from 1.
    pub(crate) generation: u64,
    /// Routes by host.
    pub(crate) router: Router,
    pub(crate) tls: TlsTable,
    /// For authorities that look in a handshake whether a host is ours.
    pub(crate) answers: Answers,
    /// The model that this was compiled from, for `/table` and for the next compilation.
    pub(crate) table: Arc<Table>,
}

/// What compilation takes from and adds to, beside the table: state that outlives every table.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) cells: &'a Cells,
    pub(crate) lasting: &'a Lasting,
    pub(crate) stats: &'a StatsRegistry,
}

impl Context<'_> {
    pub(crate) fn backend(&self, backend: &table::Backend) -> Arc<Backend> {
        let fallback = backend.fallback.as_deref().map(|fallback| self.backend(fallback));
        let cell = self.cells.cell(&backend.service);
        let peer = self.cells.peer(backend.protocol, backend.timeouts);
        Arc::new(Backend::compile(backend, cell, peer, fallback))
    }
}

impl Compiled {
    pub(crate) fn new(previous: Option<&Self>, table: Arc<Table>, context: &mut Context<'_>) -> Self {
        let mut router = previous.map(|it| it.router.clone()).unwrap_or_default();
        let empty = Table::default();
        let old = previous.map_or(&empty, |it| &it.table);
        for change in old.hosts.diff(&table.hosts) {
            match change {
                DiffItem::Add(key, host) | DiffItem::Update { new: (key, host), .. } => {
                    router.set(key, Some(Arc::new(compile_host(host, context))));
                }
                DiffItem::Remove(key, _) => router.set(key, None),
            }
        }
        if old.default_backend != table.default_backend {
            let route = table
                .default_backend
                .as_ref()
                .map(|route| Arc::new(Route::compile(route, context)));
            router.set_default(route);
        }
        Self {
            generation: previous.map_or(1, |it| it.generation + 1),
            router,
            tls: TlsTable::compile(
                previous.map(|it| &it.tls),
                table.tls.iter(),
                &table.default_tls,
                TlsOptions::default(),
            ),
            answers: Answers::compile(previous.map(|it| &it.answers), &table.challenges.tls_alpn),
            table,
        }
    }
}

fn compile_host(host: &HostTable, context: &mut Context<'_>) -> HostRoutes {
    let routes = host
        .routes
        .iter()
        .map(|route| Arc::new(Route::compile(route, context)))
        .collect();
    let default = host
        .default
        .as_ref()
        .map(|route| Arc::new(Route::compile(route, context)));
    HostRoutes::new(routes, default, host.fall_through).of(host.owner(), host.owner.is_some())
}
