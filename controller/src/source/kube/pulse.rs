//! Asks the API every few seconds whether it is there and whether its history goes on, and tells the watches.
//!
//! A watch on a broken connection is silent, and so is one at a resource version that the cluster has not reached yet
//! because it was put back in time (kubernetes/kubernetes#107457). Both look like a cluster where nothing happens. The
//! question is a list of at most one Lease, whose answer carries the version of the cluster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::ListParams;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::failure::Failure;
use super::health::Health;

/// Between questions.
const EVERY: Duration = Duration::from_secs(2);
/// Between two lists of everything because the API was away.
const SELDOM: Duration = Duration::from_secs(8);
/// For an answer.
const ANSWER: Duration = Duration::from_secs(3);

/// What is known of the API.
#[derive(Debug, Default)]
struct Pulse {
    /// The highest version seen.
    version: u64,
    is_away: bool,
    /// When everything was listed anew because the API had been away.
    listed: Option<Instant>,
}

impl Pulse {
    /// Takes the answer to one question. True if the watches have to begin anew.
    fn take(&mut self, version: Option<u64>, now: Instant) -> bool {
        let Some(version) = version else {
            self.is_away = true;
            return false;
        };
        let was = std::mem::replace(&mut self.version, version);
        if version < was {
            tracing::warn!(
                was,
                is = version,
                "the cluster was put back in time; everything is listed anew"
            );
            self.is_away = false;
            return true;
        }
        // An API that comes and goes is not asked for everything each time.
        let is_soon = self
            .listed
            .is_some_and(|listed| now.duration_since(listed) < SELDOM);
        if !self.is_away || is_soon {
            return false;
        }
        tracing::info!("the API is there again; everything is listed anew");
        (self.is_away, self.listed) = (false, Some(now));
        true
    }
}

/// Asks until the task is dropped. `beats` counts how often everything has to be listed anew; `lease` is what was answered.
pub(crate) async fn run(
    client: kube::Client,
    namespace: Arc<str>,
    name: Arc<str>,
    beats: watch::Sender<u64>,
    lease: watch::Sender<Option<Lease>>,
    health: Arc<Health>,
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
            // It answers, so it is there.
            Ok(Err(kube::Error::Api(status))) if status.code == 429 => Some(pulse.version),
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
        health.note(version.is_some());
        if pulse.take(version, Instant::now()) {
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
        let start = Instant::now();
        let mut at = |seconds, version| pulse.take(version, start + Duration::from_secs(seconds));
        assert!(!at(0, Some(10)));
        assert!(!at(2, Some(12)));
        assert!(!at(4, None));
        assert!(!at(6, None));
        assert!(at(8, Some(12)), "it is there again");
        assert!(!at(10, None));
        assert!(!at(12, Some(13)), "not so soon");
        assert!(at(17, Some(13)), "but not forgotten");
        assert!(!at(19, Some(13)));
        assert!(at(20, Some(7)), "put back in time");
        assert!(!at(22, Some(8)));
    }
}
