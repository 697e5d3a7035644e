//! What the status should be, as a function of what it is.

use std::net::IpAddr;

use serde_json::{Value, json};

/// An address at which the proxy is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// By number.
    Ip(IpAddr),
    /// By name.
    Host(String),
}

impl Address {
    /// Reads an address or a host name.
    pub fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(address) => Self::Ip(address),
            Err(_) => Self::Host(text.to_owned()),
        }
    }

    /// As an entry of `status.loadBalancer.ingress`.
    pub(super) fn entry(&self) -> Value {
        match self {
            Self::Ip(address) => json!({"ip": address.to_string()}),
            Self::Host(name) => json!({"hostname": name}),
        }
    }
}

/// The entries that should stand there, or nothing if they do: those of others first, then ours. `before` are the entries
/// that we told earlier.
pub(super) fn entries(current: &[Value], before: &[Value], ours: &[Value]) -> Option<Vec<Value>> {
    let is_foreign = |entry: &&Value| !before.contains(entry) && !ours.contains(entry);
    let mut desired: Vec<Value> = current.iter().filter(is_foreign).cloned().collect();
    desired.extend_from_slice(ours);
    (!same(&desired, current)).then_some(desired)
}

/// Order means nothing, and is not worth a write.
fn same(one: &[Value], other: &[Value]) -> bool {
    one.len() == other.len() && one.iter().all(|entry| other.contains(entry))
}

/// The entries of a Service's status as an Ingress has them.
pub(super) fn without_ports(entries: &[Value]) -> Vec<Value> {
    let strip = |entry: &Value| {
        let field = |name: &str| entry.get(name).filter(|value| !value.is_null()).cloned();
        match (field("ip"), field("hostname")) {
            (Some(ip), _) => Some(json!({"ip": ip})),
            (None, Some(name)) => Some(json!({"hostname": name})),
            (None, None) => None,
        }
    };
    entries.iter().filter_map(strip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Value {
        Address::parse(text).entry()
    }

    #[test]
    fn ours_are_added_and_those_of_others_stay() {
        let ours = [ip("192.0.2.1"), ip("2001:db8::1")];
        assert_eq!(entries(&[], &[], &ours).as_deref(), Some(&ours[..]));
        assert_eq!(entries(&ours, &[], &ours), None);
        let reversed = [ours[1].clone(), ours[0].clone()];
        assert_eq!(entries(&reversed, &[], &ours), None);
        let foreign = [ip("lb.example.org")];
        let both: Vec<Value> = foreign.iter().chain(&ours).cloned().collect();
        assert_eq!(entries(&foreign, &[], &ours), Some(both));
    }

    #[test]
    fn what_we_told_before_goes() {
        let (old, new) = ([ip("192.0.2.1")], [ip("192.0.2.2")]);
        assert_eq!(entries(&old, &old, &new).as_deref(), Some(&new[..]));
        assert_eq!(entries(&old, &old, &[]), Some(Vec::new()));
        assert_eq!(entries(&[ip("other")], &old, &[]), None, "not ours to take back");
    }

    #[test]
    fn the_ports_of_a_service_are_left_out() {
        let service = [
            json!({"ip": "192.0.2.1", "ipMode": "VIP", "ports": [{"port": 80}]}),
            json!({}),
        ];
        assert_eq!(without_ports(&service), [ip("192.0.2.1")]);
        assert_eq!(
            without_ports(&[json!({"hostname": "a"})]),
            [json!({"hostname": "a"})]
        );
    }
}
