//! Limits, and the end of late and idle connections.

use std::net::Ipv4Addr;

use super::super::Cut;
use super::*;

const A: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const B: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

fn registry(total: usize, per_client: usize) -> Arc<Registry> {
    let limits = Limits { total, per_client };
    Registry::new(
        &Timeouts::default(),
        limits,
        Duration::from_millis(5),
        &Handle::current(),
    )
}

fn refusal(result: Result<Admission, Refusal>) -> Option<Refusal> {
    result.err()
}

#[tokio::test]
async fn the_total_is_limited() {
    let registry = registry(2, 0);
    let first = registry.admit(A, 0, false).expect("room");
    let _second = registry.admit(A, 0, false).expect("room");
    assert_eq!(refusal(registry.admit(B, 0, false)), Some(Refusal::Total));
    assert_eq!(registry.active(), 2);
    drop(first);
    assert_eq!(refusal(registry.admit(B, 0, false)), None);
    assert_eq!(registry.counters().refused(Refusal::Total), 1);
    assert_eq!(registry.counters().accepted(), 3);
}

#[tokio::test]
async fn each_client_is_limited() {
    let registry = registry(100, 1);
    let first = registry.admit(A, 0, false).expect("room");
    assert_eq!(refusal(registry.admit(A, 0, false)), Some(Refusal::Client));
    let _other = registry.admit(B, 0, false).expect("room");
    assert_eq!(registry.active(), 2, "a refused connection is not counted");
    drop(first);
    assert_eq!(refusal(registry.admit(A, 0, false)), None);
}

#[tokio::test]
async fn limits_can_change_while_connections_are_open() {
    let registry = registry(100, 0);
    let uncounted = registry.admit(A, 0, false).expect("room");
    registry.set(
        &Timeouts::default(),
        Limits {
            total: 100,
            per_client: 1,
        },
    );
    let _counted = registry.admit(A, 0, false).expect("the first that counts");
    drop(uncounted);
    assert_eq!(refusal(registry.admit(A, 0, false)), Some(Refusal::Client));
}

#[tokio::test]
async fn late_connections_are_ended_and_counted() {
    let timeouts = Timeouts {
        header: Duration::from_millis(10),
        ..Timeouts::default()
    };
    let limits = Limits {
        total: 10,
        per_client: 0,
    };
    let registry = Registry::new(&timeouts, limits, Duration::from_millis(2), &Handle::current());
    let admission = registry.admit(A, 0, false).expect("room");
    let error = std::future::poll_fn(|context| admission.vitals().poll_over::<()>(context)).await;
    assert_eq!(
        error.expect_err("it is over").kind(),
        std::io::ErrorKind::TimedOut
    );
    // The count follows the wake-up.
    while registry.counters().cut(Cut::Header) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn emptiness_can_be_awaited() {
    let registry = registry(10, 0);
    registry.empty().await;
    let (a, b) = (registry.admit(A, 0, false), registry.admit(A, 0, false));
    assert_eq!(registry.active(), 2);
    let waiting = tokio::spawn({
        let registry = registry.clone();
        async move { registry.empty().await }
    });
    drop(a);
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(b);
    waiting.await.expect("no panic");
}

#[tokio::test]
async fn idle_connections_of_one_listener_can_be_ended() {
    let registry = registry(10, 0);
    let (a, b) = (
        registry.admit(A, 1, false).expect("room"),
        registry.admit(A, 2, false).expect("room"),
    );
    registry.end_idle(Some(1));
    let is_over = |admission: &Admission| {
        let context = std::task::Context::from_waker(std::task::Waker::noop());
        admission.vitals().poll_over::<()>(&context).is_ready()
    };
    assert!(is_over(&a) && !is_over(&b));
    registry.end_idle(None);
    assert!(is_over(&b));
}
