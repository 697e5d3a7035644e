//! What the status should be, as a function of what it is.

use std::net::IpAddr;

use serde_json::{Value, json};

/// An address at which the proxy is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

    /// Reads an entry of `status.loadBalancer.ingress`, of an Ingress or of a Service.
    pub(crate) fn read(entry: &Value) -> Option<Self> {
        let field = |name: &str| entry.get(name).and_then(Value::as_str);
        field("ip").or_else(|| field("hostname")).map(Self::parse)
    }

    /// As a JSON list of entries.
    pub(crate) fn write_all(addresses: &[Self]) -> String {
        addresses.iter().map(Self::entry).collect::<Value>().to_string()
    }

    /// Reads what [`Self::write_all`] wrote; what cannot be read is nothing.
    pub(crate) fn read_all(text: &str) -> Vec<Self> {
        let entries: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
        entries.iter().filter_map(Self::read).collect()
    }

    /// As an entry of `status.loadBalancer.ingress`.
    pub(super) fn entry(&self) -> Value {
        match self {
            Self::Ip(address) => json!({"ip": address.to_string()}),
            Self::Host(name) => json!({"hostname": name}),
        }
    }
}

/// The entries that should stand there, or nothing if they do: those of others first, then ours. `stale` are entries that
/// were told earlier, by us or by whoever led before.
pub(super) fn entries(current: &[Value], stale: &[Value], ours: &[Value]) -> Option<Vec<Value>> {
    let is_foreign = |entry: &&Value| !stale.contains(entry) && !ours.contains(entry);
    let mut desired: Vec<Value> = current.iter().filter(is_foreign).cloned().collect();
    desired.extend_from_slice(ours);
    (!same(&desired, current)).then_some(desired)
}

/// Order means nothing, and is not worth a write.
fn same(one: &[Value], other: &[Value]) -> bool {
    one.len() == other.len() && one.iter().all(|entry| other.contains(entry))
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
    fn addresses_are_read_as_they_are_written_and_without_the_ports_of_a_service() {
        let addresses = [Address::parse("192.0.2.1"), Address::parse("lb.example.org")];
        let text = Address::write_all(&addresses);
        assert_eq!(text, r#"[{"ip":"192.0.2.1"},{"hostname":"lb.example.org"}]"#);
        assert_eq!(Address::read_all(&text), addresses);
        assert!(Address::read_all("nonsense").is_empty());
        let service = json!({"ip": "192.0.2.1", "ipMode": "VIP", "ports": [{"port": 80}]});
        assert_eq!(Address::read(&service).as_ref(), Some(&addresses[0]));
        assert_eq!(Address::read(&json!({})), None);
    }
}
