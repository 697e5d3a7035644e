//! When the certificate authority says that a certificate should be renewed (RFC 9773).

use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::json;

/// A window, as clients get it. Times are cut to whole seconds.
pub(crate) fn window(start: SystemTime, end: SystemTime) -> String {
    let moment = |time: SystemTime| {
        let time = Timestamp::try_from(time).expect("a time of our age");
        let time = Timestamp::from_second(time.as_second()).expect("a time of our age");
        time.to_string()
    };
    json!({"suggestedWindow": {"start": moment(start), "end": moment(end)}}).to_string()
}

#[test]
fn a_window_is_written_in_utc() {
    let start = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1500);
    let end = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(24 * 3600);
    assert_eq!(
        window(start, end),
        r#"{"suggestedWindow":{"end":"1970-01-02T00:00:00Z","start":"1970-01-01T00:00:01Z"}}"#
    );
}
