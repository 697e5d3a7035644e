//! Waiting for something to become true, never for time to pass. Every wait is bounded and says what it waited for.

use std::time::{Duration, Instant};

/// Far longer than anything here takes, so that a slow machine is not a failed test.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at a condition that nobody announces.
pub const LOOK: Duration = Duration::from_millis(20);

/// The result of `future`, or a failed test that says `what` did not happen.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(PATIENCE, future).await;
    result.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// Returns once `condition` is true. No `AsyncFnMut`: the compiler cannot tell that a future that holds one can be spawned.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}
