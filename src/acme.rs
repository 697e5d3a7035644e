//! Certificates from an authority in `ferrik run`: what is wanted goes to the controller's worker, and how it stands to the
//! admin listener. A replica that does not lead says who does.

use std::collections::BTreeSet;
use std::sync::Arc;

use ferrik_config::name::ObjectRef;
use ferrik_controller::acme::{self, Options, Place, State};
use ferrik_controller::leader::Holder;
use ferrik_controller::publish::Published;
use ferrik_controller::source::kube::Scope;
use ferrik_proxy::Proxy;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// By what the worker knows whether it leads, and whom.
pub(crate) struct Leadership {
    /// `None` where nobody else serves.
    pub(crate) scope: Option<Scope>,
    pub(crate) leading: watch::Receiver<bool>,
    /// `None` where nobody else can lead.
    pub(crate) holder: Option<Holder>,
}

/// Starts the worker. It works whenever this process leads.
pub(crate) fn start(
    control: &Runtime,
    place: Place,
    options: Options,
    published: watch::Receiver<Published>,
    leadership: Leadership,
    proxy: &Arc<Proxy>,
) {
    let (state, states) = watch::channel(State::default());
    let Leadership {
        scope,
        leading,
        holder,
    } = leadership;
    let (wanted, leads) = (published.clone(), leading.clone());
    control.spawn(acme::run(place, options, scope, published, leading, state));
    proxy.add_metrics(Arc::new(acme::Gauges(states.clone())));
    if let Some(holder) = holder {
        control.spawn(show_either(states, wanted, leads, holder, proxy.clone()));
    } else {
        control.spawn(show(states, proxy.clone()));
    }
}

async fn show(mut states: watch::Receiver<State>, proxy: Arc<Proxy>) {
    while states.changed().await.is_ok() {
        let orders = orders(&states.borrow_and_update());
        proxy.set_orders(orders);
    }
}

async fn show_either(
    mut states: watch::Receiver<State>,
    mut published: watch::Receiver<Published>,
    mut leading: watch::Receiver<bool>,
    mut holder: Holder,
    proxy: Arc<Proxy>,
) {
    let (mut said_of, mut said_by) = (None, None);
    loop {
        let leads = *leading.borrow_and_update();
        if leads {
            let orders = orders(&states.borrow_and_update());
            proxy.set_orders(orders);
            (said_of, said_by) = (None, None);
        } else if let Some(output) = &published.borrow_and_update().output {
            let by = holder.get();
            let is_said = said_by == by && matches!(&said_of, Some(of) if output.wanted.ptr_eq(of));
            if !is_said {
                proxy.set_orders(elsewhere(&acme::asked(&output.wanted), by.as_deref()));
                (said_of, said_by) = (Some(output.wanted.clone()), by);
            }
        }
        let goes_on = tokio::select! {
            changed = states.changed(), if leads => changed.is_ok(),
            changed = published.changed(), if !leads => changed.is_ok(),
            changed = holder.changed(), if !leads => changed,
            changed = leading.changed() => changed.is_ok(),
        };
        if !goes_on {
            return;
        }
    }
}

fn orders(state: &State) -> Value {
    let standings = state.standings.iter().map(|standing| {
        json!({
            "secret": format!("{}/{}", standing.secret.namespace, standing.secret.name),
            "hosts": standing.hosts,
            "ordering": standing.is_ordering,
            "next": standing.next,
            "failures": standing.failures,
            "error": standing.error,
        })
    });
    standings.collect()
}

/// What a replica says that does not lead.
fn elsewhere(asked: &[(ObjectRef, BTreeSet<String>)], leader: Option<&str>) -> Value {
    let asked = asked.iter().map(|(secret, hosts)| {
        json!({
            "secret": format!("{}/{}", secret.namespace, secret.name),
            "hosts": hosts,
            "leader": leader,
        })
    });
    asked.collect()
}
