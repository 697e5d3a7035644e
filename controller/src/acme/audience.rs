//! Who must have an answer before an authority is told to look: this process, and every live replica beside it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::order::{Failure, Kind};
use crate::publish::Published;
use crate::replica::Roster;
use crate::source::kube::{Cluster, Scope};

/// The longest wait for the others: as long as three Leases are good, so that the one of a replica that has ended is over.
const LONGEST: Duration = Duration::from_secs(45);
/// Between looks at them.
const LOOK: Duration = Duration::from_millis(500);

/// What is asked for how far everybody is.
#[derive(Clone)]
pub(super) struct Audience {
    pub(super) published: watch::Receiver<Published>,
    /// `None` where there are no others.
    pub(super) replicas: Option<(Cluster, Scope)>,
}

impl Audience {
    /// Waits until everybody answers as of this version of the answers.
    pub(super) async fn hear(&self, version: u64) -> Result<(), Failure> {
        let deadline = Instant::now() + LONGEST;
        let mut published = self.published.clone();
        let own = timeout_at(
            deadline,
            published.wait_for(|state| state.challenges() >= version),
        );
        if !matches!(own.await, Ok(Ok(_))) {
            return Err(late("this replica does not serve it"));
        }
        let Some((cluster, scope)) = &self.replicas else {
            return Ok(());
        };
        let mut roster = Roster::new(cluster, scope);
        let mut told = String::new();
        while let Some(why) = roster.behind(version).await {
            if Instant::now() >= deadline {
                return Err(late(&why));
            }
            if told != why {
                tracing::debug!("an answer to the authority is not everywhere yet: {why}");
                told = why;
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
}

fn late(why: &str) -> Failure {
    let message = format!(
        "the authority is not asked to look before every replica has the answer, and after {} s: {why}",
        LONGEST.as_secs()
    );
    Failure::new(Kind::Answer, message)
}
