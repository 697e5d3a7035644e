//! The two formats of a line.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::json;

use crate::observe::Record;

/// What a line says.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) record: &'a Record,
    pub(crate) client: IpAddr,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) protocol: &'a str,
    pub(crate) host: &'a str,
    pub(crate) scheme: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) referer: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) user: &'a str,
    /// Namespace, Ingress, Service.
    pub(crate) labels: (&'a str, &'a str, &'a str),
    pub(crate) tls: Option<(&'a str, &'a str)>,
}

impl Entry<'_> {
    pub(crate) fn json(&self) -> String {
        let record = self.record;
        let (namespace, ingress, service) = self.labels;
        let line = json!({
            "time": now(),
            "client": self.client.to_string(),
            "method": self.method,
            "scheme": self.scheme,
            "host": self.host,
            "target": self.target,
            "protocol": self.protocol,
            "status": record.status,
            "reason": record.reason.map(crate::reason::Reason::as_str),
            "request_bytes": record.received,
            "response_bytes": record.sent,
            "duration": seconds(record.started.elapsed()),
            "upstream_response_time": record.response_after.map(seconds),
            "upstream": record.endpoint.map(|address| address.to_string()),
            "tries": record.tries,
            "namespace": namespace,
            "ingress": ingress,
            "service": service,
            "request_id": self.request_id,
            "user": self.user,
            "referer": self.referer,
            "user_agent": self.agent,
            "tls_version": self.tls.map(|(version, _)| version),
            "tls_cipher": self.tls.map(|(_, cipher)| cipher),
            "error": record.error,
        });
        format!("{line}\n")
    }

    /// Combined format; quotes and control characters of clients are escaped as `\xNN`, as nginx does.
    pub(crate) fn text(&self) -> String {
        let record = self.record;
        let (namespace, ingress, service) = self.labels;
        let or_dash = |text: &str| {
            if text.is_empty() {
                "-".to_owned()
            } else {
                escape(text)
            }
        };
        format!(
            "{} - {} [{}] \"{} {} {}\" {} {} \"{}\" \"{}\" {:.3} {}/{}/{} {} {} {}\n",
            self.client,
            or_dash(self.user),
            now(),
            escape(self.method),
            escape(self.target),
            self.protocol,
            record.status,
            record.sent,
            or_dash(self.referer),
            or_dash(self.agent),
            record.started.elapsed().as_secs_f64(),
            or_dash(namespace),
            or_dash(ingress),
            or_dash(service),
            record
                .endpoint
                .map_or("-".to_owned(), |address| address.to_string()),
            record.reason.map_or("-", crate::reason::Reason::as_str),
            self.request_id,
        )
    }
}

fn seconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e6
}

fn escape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '"' || c == '\\' || c.is_control() {
            write!(result, "\\x{:02X}", u32::from(c)).expect("writing to a String");
        } else {
            result.push(c);
        }
    }
    result
}

/// The moment in UTC, with milliseconds (RFC 3339 §5.6).
fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_cannot_forge_lines() {
        assert_eq!(escape("a\"b\n\\c"), "a\\x22b\\x0A\\x5Cc");
    }
}
