//! Endpoints of one service port, from its slices.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::Snapshot;
use crate::name::{PortRef, ServicePort};
use crate::snapshot::{Service, ServicePortSpec, SliceEndpoint, TargetPort};
use crate::table::{Endpoint, EndpointSet};

/// Collects what is ready; what is terminating but still serves is kept as draining (Kubernetes KEP-1672).
pub(super) fn resolve(snapshot: &Snapshot, port: &ServicePort) -> EndpointSet {
    let key = (port.namespace.clone(), port.service.clone());
    let Some(service) = snapshot.services.get(&key) else {
        return EndpointSet::default();
    };
    let PortRef::Number(number) = port.port else {
        return EndpointSet::default();
    };
    let spec = service
        .spec
        .ports
        .iter()
        .find(|spec| spec.port == number && spec.is_tcp());
    if service.spec.kind.as_deref() == Some("ExternalName") {
        let name = service
            .spec
            .external_name
            .as_deref()
            .filter(|name| !is_loopback(name));
        let target = match spec.and_then(|spec| spec.target_port.as_ref()) {
            Some(TargetPort::Number(target)) => *target,
            _ => number,
        };
        return EndpointSet {
            endpoints: Vec::new(),
            external_name: name.map(|name| (name.to_owned(), target)),
        };
    }
    let Some(spec) = spec else {
        return EndpointSet::default();
    };
    let mut found = BTreeMap::new();
    for slice in snapshot.slices_of(&port.namespace, &port.service) {
        let Some(target) = slice_port(&slice.ports, spec) else {
            continue;
        };
        for endpoint in &slice.endpoints {
            let Some(it) = read(endpoint, target, service) else {
                continue;
            };
            // The same address in two slices is one endpoint; if they disagree, the ready one counts.
            found
                .entry(it.address)
                .and_modify(|old: &mut Endpoint| *old = old.clone().min(it.clone()))
                .or_insert(it);
        }
    }
    EndpointSet {
        endpoints: found.into_values().collect(),
        external_name: None,
    }
}

/// True for names that would make the proxy talk to itself or to other services of its own host. A name that is led there
/// by DNS can only be seen by who resolves it.
pub(super) fn is_loopback(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if let Ok(ip) = name.parse::<IpAddr>() {
        let ip = ip.to_canonical();
        return ip.is_loopback() || ip.is_unspecified();
    }
    // Resolvers read `127.1`, `0x7f.1` and `2130706433` as addresses (`inet_aton`); no top-level domain is a number.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last
        .strip_prefix("0x")
        .unwrap_or(last)
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        && last.starts_with(|first: char| first.is_ascii_digit());
    name == "localhost" || name.ends_with(".localhost") || is_number
}

/// Slices name ports as the Service does; a single unnamed port has no name on either side.
fn slice_port(ports: &[crate::snapshot::SlicePort], spec: &ServicePortSpec) -> Option<u16> {
    let wanted = spec.name.as_deref().unwrap_or_default();
    ports
        .iter()
        .find(|port| port.name.as_deref().unwrap_or_default() == wanted)
        .and_then(|port| port.port)
}

fn read(endpoint: &SliceEndpoint, port: u16, service: &Service) -> Option<Endpoint> {
    let ready = endpoint.conditions.ready.unwrap_or(true) || service.spec.publish_not_ready_addresses;
    let serving = endpoint.conditions.serving.unwrap_or(ready);
    let terminating = endpoint.conditions.terminating.unwrap_or(false);
    let is_used = ready || (serving && terminating);
    if !is_used {
        return None;
    }
    let address: IpAddr = endpoint.addresses.first()?.parse().ok()?;
    Some(Endpoint {
        address: SocketAddr::new(address, port),
        draining: !ready || terminating,
        pod: endpoint
            .target_ref
            .as_ref()
            .and_then(|target| target.name.clone()),
        zone: endpoint.zone.clone(),
        node: endpoint.node_name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_back_to_this_machine_are_known_in_every_spelling() {
        for name in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "::1",
            "::",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_loopback(name), "{name}");
        }
        for name in [
            "127.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "a.0x",
        ] {
            assert!(is_loopback(name), "{name}");
        }
        for name in [
            "a.example.org",
            "10.0.0.1",
            "fd00::1",
            "localhost.example.org",
            "1and1.example",
            "example.c0m",
        ] {
            assert!(!is_loopback(name), "{name}");
        }
    }
}
