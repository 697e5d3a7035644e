//! The two formats of a line.

use std::fmt;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

use super::chosen::{Chosen, LoggedHeaders};
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
    /// Header fields that the operator chose.
    pub(crate) chosen: &'a LoggedHeaders,
}

/// The JSON form, in the order in which the fields are written.
#[derive(Serialize)]
struct Json<'a> {
    time: Moment,
    client: IpAddr,
    method: &'a str,
    scheme: &'a str,
    host: &'a str,
    target: &'a str,
    protocol: &'a str,
    status: u16,
    reason: Option<&'static str>,
    request_bytes: u64,
    response_bytes: u64,
    duration: f64,
    upstream_response_time: Option<f64>,
    upstream: Option<SocketAddr>,
    tries: u32,
    namespace: &'a str,
    ingress: &'a str,
    service: &'a str,
    request_id: &'a str,
    user: &'a str,
    referer: &'a str,
    user_agent: &'a str,
    tls_version: Option<&'a str>,
    tls_cipher: Option<&'a str>,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Headers<'a>>,
}

/// The chosen fields as one JSON object; null for one that the request does not have.
struct Headers<'a>(&'a Chosen, &'a LoggedHeaders);

impl Serialize for Headers<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.each(self.1))
    }
}

impl Entry<'_> {
    /// Appends one line of JSON.
    pub(super) fn json(&self, chosen: &Chosen, line: &mut Vec<u8>) {
        let record = self.record;
        let (namespace, ingress, service) = self.labels;
        let json = Json {
            time: Moment::now(),
            client: self.client,
            method: self.method,
            scheme: self.scheme,
            host: self.host,
            target: chosen.without_query(self.target),
            protocol: self.protocol,
            status: record.status,
            reason: record.reason.map(crate::reason::Reason::as_str),
            request_bytes: record.received,
            response_bytes: record.sent,
            duration: seconds(record.started.elapsed()),
            upstream_response_time: record.response_after.map(seconds),
            upstream: record.endpoint,
            tries: record.tries,
            namespace,
            ingress,
            service,
            request_id: self.request_id,
            user: self.user,
            referer: chosen.without_query(self.referer),
            user_agent: self.agent,
            tls_version: self.tls.map(|(version, _)| version),
            tls_cipher: self.tls.map(|(_, cipher)| cipher),
            error: record.error.as_deref(),
            headers: (!chosen.is_empty()).then_some(Headers(chosen, self.chosen)),
        };
        serde_json::to_writer(&mut *line, &json).expect("texts and numbers can be written to memory");
        line.push(b'\n');
    }

    /// Appends one line of the combined format; quotes and control characters of clients are escaped as `\xNN`, as nginx
    /// does.
    pub(super) fn text(&self, chosen: &Chosen, line: &mut Vec<u8>) {
        let record = self.record;
        let (namespace, ingress, service) = self.labels;
        let or_dash = |text: &str| {
            if text.is_empty() {
                "-".to_owned()
            } else {
                escape(text)
            }
        };
        write!(
            line,
            "{} - {} [{}] \"{} {} {}\" {} {} \"{}\" \"{}\" {:.3} {}/{}/{} {} {} {}",
            self.client,
            or_dash(self.user),
            Moment::now(),
            escape(self.method),
            escape(chosen.without_query(self.target)),
            self.protocol,
            record.status,
            record.sent,
            or_dash(chosen.without_query(self.referer)),
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
        .expect("writing to memory");
        for (name, value) in chosen.each(self.chosen) {
            let value = or_dash(&value.unwrap_or_default());
            write!(line, " {name}=\"{value}\"").expect("writing to memory");
        }
        line.push(b'\n');
    }
}

fn seconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e6
}

fn escape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '"' || c == '\\' || c.is_control() {
            fmt::Write::write_fmt(&mut result, format_args!("\\x{:02X}", u32::from(c)))
                .expect("writing to memory");
        } else {
            result.push(c);
        }
    }
    result
}

/// A moment in UTC, with milliseconds (RFC 3339 §5.6).
struct Moment(jiff::Timestamp);

impl Moment {
    fn now() -> Self {
        Self(jiff::Timestamp::now())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_cannot_forge_lines() {
        assert_eq!(escape("a\"b\n\\c"), "a\\x22b\\x0A\\x5Cc");
    }
}
