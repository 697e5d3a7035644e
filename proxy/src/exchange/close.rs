//! The end of a request: counters, the line in the access log, and what the request occupied.
//!
//! Called once for each request by every engine, with what the engine has seen of its head.

use super::Exchange;
use crate::engine::ServedBy;
use crate::listen::Connection;
use crate::observe::{AccessLog, Entry, StatsRegistry};

/// What the access log shows of a request's head.
pub(crate) struct Seen<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) protocol: &'a str,
    pub(crate) host: &'a str,
    pub(crate) referer: &'a str,
    pub(crate) agent: &'a str,
}

impl Exchange {
    /// Counts the request and frees what it held. The record says how it ended.
    pub(crate) fn close(&mut self, stats: &StatsRegistry, by: ServedBy) {
        self.in_flight = None;
        self.changes.slots.clear();
        match &self.route {
            Some(route) => route.stats.add(&self.record, by),
            None => stats.unrouted.add(&self.record, by),
        }
        if let Some(reason) = self.record.reason {
            stats.count_reason(reason);
        }
    }

    /// Writes the line.
    pub(crate) fn log(&self, log: &AccessLog, connection: Option<&Connection>, seen: &Seen<'_>) {
        let peer = connection.map_or_else(|| std::net::Ipv4Addr::UNSPECIFIED.into(), |it| it.client.ip());
        log.write(&Entry {
            record: &self.record,
            client: self.client.unwrap_or(peer),
            method: seen.method,
            target: seen.target,
            protocol: seen.protocol,
            host: seen.host,
            scheme: self.scheme.as_str(),
            request_id: self.request_id(),
            referer: seen.referer,
            agent: seen.agent,
            user: self.changes.user.as_deref().unwrap_or(""),
            labels: self.route.as_ref().map_or(("", "", ""), |route| route.labels()),
            tls: connection
                .and_then(|it| it.tls.as_ref())
                .map(|tls| (tls.version, tls.cipher)),
            chosen: &self.logged,
        });
    }
}
