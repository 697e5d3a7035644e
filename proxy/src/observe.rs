//! What can be seen of the proxy: one record per request feeds metrics and access log.
//!
//! Nothing here reads an engine's session. Labels come from configuration and closed sets, never from traffic.

mod access_log;
mod certificates;
mod metrics;
mod record;
mod stats;

pub(crate) use access_log::{AccessLog, Entry, LoggedHeaders};
pub use access_log::{LogFields, LogFormat, LogQuery, LogTarget};
pub(crate) use certificates::list as certificates;
pub use metrics::METRICS;
pub(crate) use metrics::{Others, Sources};
pub(crate) use record::Record;
pub(crate) use stats::{RouteStats, StatsRegistry};
