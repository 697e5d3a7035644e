//! Everything of `ferrik run` that goes on with a cluster: watches and tables, leadership, status and Events.

use std::sync::Arc;
use std::time::Duration;

use ferrik_config::settings::Settings;
use ferrik_config::translate::Output;
use ferrik_controller::acme::{Options, Place};
use ferrik_controller::publish::{Published, follow_cluster};
use ferrik_controller::source::kube::{Cluster, Health};
use ferrik_controller::{event, leader, metric, replica, status};
use ferrik_proxy::Proxy;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cli;

/// How long the end of the process waits until status is taken back and the Lease is let go.
const FAREWELL: Duration = Duration::from_secs(5);

/// Between a failure of our own and the next attempt.
const ANEW: Duration = Duration::from_secs(1);

/// A cluster that is being followed.
pub(crate) struct Followed {
    stop: watch::Sender<bool>,
    /// What has something to do at the end.
    last: JoinSet<()>,
}

impl Followed {
    /// Starts everything. Tables go to `publish`; what the first one waits for goes to the admin listener.
    pub(crate) fn start(
        control: &Runtime,
        arguments: &cli::Cluster,
        mut settings: Settings,
        acme: Option<Options>,
        proxy: &Arc<Proxy>,
        publish: impl Fn(&Output) + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let _inside = control.enter();
        let cluster = control.block_on(Cluster::connect(arguments.kubeconfig.as_deref()))?;
        let scope = arguments.scope(&cluster);
        if let Some(acme) = &mut settings.acme {
            acme.account.0 = scope.own_namespace.clone();
        }
        let (state, states) = watch::channel(Published::default());
        let (lease, leases) = watch::channel(None);
        let (leading, leads) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let (roll, rolls) = watch::channel(None);
        let health = Arc::new(Health::default());
        proxy.add_metrics(Arc::new(metric::Gauges {
            health: health.clone(),
            leading: leads.clone(),
            roll: rolls.clone(),
            published: states.clone(),
        }));
        if let (Some(options), Some(settings)) = (acme, &settings.acme) {
            let place = Place::Cluster(cluster.clone(), settings.account.clone());
            let leadership = crate::acme::Leadership {
                scope: Some(scope.clone()),
                leading: leads.clone(),
                holder: Some(leader::Holder(leases.clone())),
            };
            crate::acme::start(control, place, options, states.clone(), leadership, proxy);
        }
        let publish = Arc::new(publish);
        let (followed, of) = (cluster.clone(), scope.clone());
        control.spawn(async move {
            loop {
                let publish = publish.clone();
                let work = follow_cluster(
                    followed.clone(),
                    of.clone(),
                    settings.clone(),
                    move |output: &Output| publish(output),
                    state.clone(),
                    lease.clone(),
                    health.clone(),
                );
                // It ends only by a panic. What was published last is served meanwhile.
                if let Err(error) = tokio::spawn(work).await {
                    tracing::error!(%error, "following the cluster failed; it begins anew");
                }
                tokio::time::sleep(ANEW).await;
            }
        });
        control.spawn(tell_waiting(states.clone(), proxy.clone()));
        control.spawn(event::run(
            cluster.clone(),
            scope.clone(),
            states.clone(),
            leads.clone(),
            rolls.clone(),
        ));
        let mut last = JoinSet::new();
        last.spawn(replica::run(
            cluster.clone(),
            scope.clone(),
            arguments.place(),
            states.clone(),
            stopped.clone(),
        ));
        // The Lease is let go after the status is taken back, which only a leader may do.
        let (taken_back, is_taken_back) = watch::channel(false);
        let options = arguments.status();
        let (wanted, wants) = watch::channel(None);
        let (noted, seen_noted) = watch::channel(None);
        control.spawn(replica::call(
            cluster.clone(),
            scope.clone(),
            states.clone(),
            leads,
            roll,
        ));
        let writer = cluster.clone();
        last.spawn(async move {
            if let Some(options) = options {
                let inputs = status::Inputs {
                    published: states,
                    noted: seen_noted,
                    roll: rolls,
                    stop: stopped,
                };
                status::run(writer, options, inputs, wanted).await;
            } else {
                let mut stopped = stopped;
                let _ = stopped.wait_for(|stop| *stop).await;
            }
            taken_back.send_replace(true);
        });
        let memory = leader::Memory { wanted: wants, noted };
        last.spawn(leader::run(
            cluster,
            scope,
            leases,
            leading,
            memory,
            is_taken_back,
        ));
        Ok(Self { stop, last })
    }

    /// Ends what writes to the cluster, in order. Tables are followed on: requests are still being served.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.last.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::warn!("the cluster did not answer in time; the Lease runs out by itself");
        }
    }
}

async fn tell_waiting(mut states: watch::Receiver<Published>, proxy: Arc<Proxy>) {
    while states.changed().await.is_ok() {
        let missing = states.borrow_and_update().missing.clone();
        proxy.set_waiting(missing);
    }
}
