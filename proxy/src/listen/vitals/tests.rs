//! Deadlines by phase, with a clock that stands still.

use std::sync::atomic::AtomicUsize;
use std::task::{Wake, Waker};

use super::super::Timeouts;
use super::*;

const HANDSHAKE: u64 = 10;
const HEADER: u64 = 60;
const KEEPALIVE: u64 = 75;
const PERIOD: u64 = 1;

fn vitals(tls: bool) -> Vitals {
    let timeouts = Timeouts {
        handshake: Duration::from_millis(HANDSHAKE),
        header: Duration::from_millis(HEADER),
        keepalive: Duration::from_millis(KEEPALIVE),
    };
    Vitals::new(
        Arc::new(Timers::new(&timeouts, Duration::from_millis(PERIOD))),
        0,
        tls,
    )
}

/// The clock of `vitals` is never ticked, so that each deadline is exactly its timeout plus the period.
#[track_caller]
fn check_deadline(vitals: &Vitals, after: u64, expected: Cut) {
    assert_eq!(vitals.sweep(after), None, "too early");
    assert_eq!(vitals.sweep(after + PERIOD), Some(expected));
    assert_eq!(vitals.sweep(u64::MAX - 1), None, "it is over only once");
}

struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_plain_connection_waits_for_its_first_head() {
    check_deadline(&vitals(false), HEADER, Cut::Header);
}

#[test]
fn a_tls_connection_waits_for_the_handshake_and_then_for_the_head() {
    check_deadline(&vitals(true), HANDSHAKE, Cut::Handshake);
    let vitals = vitals(true);
    vitals.handshake_done();
    check_deadline(&vitals, HEADER, Cut::Header);
}

#[test]
fn a_request_in_flight_has_no_deadline() {
    let vitals = vitals(false);
    vitals.request_started();
    assert_eq!(vitals.sweep(u64::MAX - 1), None);
    vitals.end_if_idle();
    assert!(matches!(poll(&vitals), Poll::Pending));
    assert_eq!((vitals.in_flight(), vitals.requests()), (1, 1));
}

#[test]
fn an_idle_connection_is_kept_alive_until_a_byte_comes() {
    let idle = || {
        let vitals = vitals(false);
        vitals.request_started();
        vitals.received(10);
        vitals.request_ended();
        vitals
    };
    check_deadline(&idle(), KEEPALIVE, Cut::Keepalive);
    let vitals = idle();
    vitals.received(1);
    vitals.received(1);
    check_deadline(&vitals, HEADER, Cut::Header);
    assert_eq!(vitals.traffic(), (12, 0));
}

#[test]
fn http2_has_a_deadline_only_before_its_first_request() {
    let vitals = vitals(false);
    vitals.set_multiplexed();
    vitals.request_started();
    vitals.request_started();
    vitals.request_ended();
    vitals.request_ended();
    assert_eq!(vitals.sweep(u64::MAX - 1), None);
    assert_eq!((vitals.in_flight(), vitals.requests()), (0, 2));
}

#[test]
fn idle_connections_can_be_ended_at_once_and_their_tasks_are_woken() {
    for started in [false, true] {
        let vitals = vitals(false);
        if started {
            vitals.request_started();
            vitals.request_ended();
        }
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        let waker = Waker::from(woken.clone());
        assert!(vitals.poll_over::<()>(&Context::from_waker(&waker)).is_pending());
        vitals.end_if_idle();
        assert_eq!(woken.0.load(Relaxed), 1);
        assert!(matches!(poll(&vitals), Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::TimedOut));
    }
}

#[test]
fn a_farewell_is_short_and_not_counted() {
    let vitals = vitals(true);
    vitals.leave_within(Duration::from_millis(5));
    assert_eq!(vitals.sweep(5 + PERIOD), None);
    assert!(poll(&vitals).is_ready());
}

fn poll(vitals: &Vitals) -> Poll<io::Result<()>> {
    vitals.poll_over(&Context::from_waker(Waker::noop()))
}
