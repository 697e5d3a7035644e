//! Asks the API every few seconds whether it is there and whether its history goes on, and tells the watches.
//!
//! A watch on a broken connection is silent, and so is one at a resource version that the cluster has not reached yet
//! because it was put back in time (kubernetes/kubernetes#107457). Both look like a cluster where nothing happens. The
//! question is a list of at most one Lease, whose answer carries the version of the cluster.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::ListParams;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::failure::Failure;

/// Between questions.
const EVERY: Duration = Duration::from_secs(2);
/// For an answer.
const ANSWER: Duration = Duration::from_secs(3);

/// What is known of the API.
#[derive(Debug, Default)]
struct Pulse {
    /// The highest version seen.
    version: u64,
    is_away: bool,
}

impl Pulse {
    /// Takes the answer to one question. True if the watches have to begin anew.
    fn take(&mut self, version: Option<u64>) -> bool {
        let Some(version) = version else {
            self.is_away = true;
            return false;
        };
        let is_back = std::mem::take(&mut self.is_away);
        let is_older = version < self.version;
        if is_older {
            tracing::warn!(
                was = self.version,
                is = version,
                "the cluster was put back in time; everything is listed anew"
            );
        } else if is_back {
            tracing::info!("the API is there again; everything is listed anew");
        }
        self.version = version;
        is_back || is_older
    }
}

/// Asks until the task is dropped. `beats` counts how often everything has to be listed anew; `lease` is what was answered.
pub(crate) async fn run(
    client: kube::Client,
    namespace: Arc<str>,
    name: Arc<str>,
    beats: watch::Sender<u64>,
    lease: watch::Sender<Option<Lease>>,
) {
    let leases: Api<Lease> = Api::namespaced(client, &namespace);
    let params = ListParams::default().fields(&format!("metadata.name={name}"));
    let mut pulse = Pulse::default();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_refused = false;
    loop {
        ticks.tick().await;
        let version = match tokio::time::timeout(ANSWER, leases.list(&params)).await {
            Ok(Ok(list)) => {
                lease.send_replace(list.items.into_iter().next());
                list.metadata
                    .resource_version
                    .and_then(|version| version.parse().ok())
            }
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
                if !std::mem::replace(&mut is_refused, true) {
                    tracing::warn!(
                        "{}; a cluster that is put back in time will not be noticed",
                        status.message
                    );
                }
                // It answers, so it is there.
                Some(pulse.version)
            }
            Ok(Err(error)) => {
                if !pulse.is_away {
                    tracing::warn!(error = %Failure::of(&error).detail(), "the API does not answer; what was published last is served");
                }
                None
            }
            Err(_) => {
                if !pulse.is_away {
                    tracing::warn!("the API does not answer in time; what was published last is served");
                }
                None
            }
        };
        if pulse.take(version) {
            beats.send_modify(|times| *times += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watches_begin_anew_after_an_absence_and_after_a_step_back() {
        let mut pulse = Pulse::default();
        assert!(!pulse.take(Some(10)));
        assert!(!pulse.take(Some(10)));
        assert!(!pulse.take(Some(12)));
        assert!(!pulse.take(None));
        assert!(!pulse.take(None));
        assert!(pulse.take(Some(12)), "it is there again");
        assert!(!pulse.take(Some(13)));
        assert!(pulse.take(Some(7)), "put back in time");
        assert!(!pulse.take(Some(8)));
    }
}
