//! nginx's `expires`: `Expires` and `Cache-Control` out of a span.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ferrik_config::policy::Expires;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, EXPIRES, LAST_MODIFIED};

use crate::head::ResponseHead;

/// Sets both fields, as `ngx_http_headers_filter_module.c` does.
pub(super) fn apply<H: ResponseHead>(expires: Expires, head: &mut H) {
    let now = SystemTime::now();
    let (moment, control) = match expires {
        Expires::Off => return,
        Expires::Epoch => (UNIX_EPOCH + Duration::from_secs(1), "no-cache".to_owned()),
        Expires::Max => (
            UNIX_EPOCH + Duration::from_secs(2_145_916_555),
            "max-age=315360000".to_owned(),
        ),
        Expires::Access(seconds) => after(now, now, seconds),
        Expires::Modified(seconds) => {
            let modified = head
                .text(&LAST_MODIFIED)
                .and_then(|text| httpdate::parse_http_date(text).ok());
            after(modified.unwrap_or(now), now, seconds)
        }
        Expires::Daily(second) => {
            let today = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
            let wait = (u64::from(second) + 86_400 - today) % 86_400;
            after(now, now, i64::try_from(wait).unwrap_or_default())
        }
    };
    let date = httpdate::fmt_http_date(moment);
    head.set(
        &EXPIRES,
        HeaderValue::from_str(&date).expect("a date is visible ASCII"),
    );
    head.set(
        &CACHE_CONTROL,
        HeaderValue::from_str(&control).expect("the text above is visible ASCII"),
    );
}

fn after(base: SystemTime, now: SystemTime, seconds: i64) -> (SystemTime, String) {
    let span = Duration::from_secs(seconds.unsigned_abs());
    let moment = if seconds < 0 {
        base.checked_sub(span)
    } else {
        base.checked_add(span)
    }
    .unwrap_or(now);
    match moment.duration_since(now) {
        Ok(left) if seconds >= 0 => (moment, format!("max-age={}", left.as_secs())),
        _ => (moment, "no-cache".to_owned()),
    }
}
