//! Certificates from an authority in `ferrik run`: what is wanted goes to the controller's worker, and how it stands to the
//! admin listener.

use std::sync::Arc;

use ferrik_controller::acme::{self, Options, Place, State};
use ferrik_controller::publish::Published;
use ferrik_controller::source::kube::Scope;
use ferrik_proxy::Proxy;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Starts the worker. It works whenever this process leads.
pub(crate) fn start(
    control: &Runtime,
    place: Place,
    options: Options,
    scope: Option<Scope>,
    published: watch::Receiver<Published>,
    leading: watch::Receiver<bool>,
    proxy: &Arc<Proxy>,
) {
    let (state, states) = watch::channel(State::default());
    control.spawn(acme::run(place, options, scope, published, leading, state));
    proxy.add_metrics(Arc::new(acme::Gauges(states.clone())));
    control.spawn(show(states, proxy.clone()));
}

async fn show(mut states: watch::Receiver<State>, proxy: Arc<Proxy>) {
    while states.changed().await.is_ok() {
        let state = states.borrow_and_update().clone();
        let standings: Vec<serde_json::Value> = state
            .standings
            .iter()
            .map(|standing| {
                serde_json::json!({
                    "secret": format!("{}/{}", standing.secret.namespace, standing.secret.name),
                    "hosts": standing.hosts,
                    "ordering": standing.is_ordering,
                    "next": standing.next,
                    "failures": standing.failures,
                    "error": standing.error,
                })
            })
            .collect();
        proxy.set_orders(standings.into());
    }
}
