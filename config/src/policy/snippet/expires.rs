//! The `expires` directive as a value.

use serde::Serialize;

/// `expires`: sets `Expires` and replaces `Cache-Control`, for the statuses of
/// [`AddHeader`](super::AddHeader) without `always`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Expires {
    /// `off`: neither is touched.
    Off,
    /// `epoch`: `Thu, 01 Jan 1970 00:00:01 GMT` and `no-cache`.
    Epoch,
    /// `max`: `Thu, 31 Dec 2037 23:55:55 GMT` and `max-age=315360000`.
    Max,
    /// So many seconds from now: `max-age=<seconds>`; a negative number gives `no-cache`.
    Access(i64),
    /// `modified`: so many seconds after the response's `Last-Modified`, or from now if it has none; `max-age` counts
    /// from now, and a time in the past gives `no-cache`.
    Modified(i64),
    /// `@time`: the next time that a day is so many seconds old, in the server's time zone (UTC here).
    Daily(u32),
}
