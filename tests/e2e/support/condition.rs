//! Waiting for something to become true, never for time to pass. Every wait is bounded and says what it waited for.

use std::time::{Duration, Instant};

/// Far longer than anything here takes, so that a slow machine is not a failed test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at a condition that nobody announces.
const LOOK: Duration = Duration::from_millis(15);

/// The result of `future`, or a failed test that says `what` did not happen.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(PATIENCE, future).await;
    result.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// Returns once `condition` is true.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}
