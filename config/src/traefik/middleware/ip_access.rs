//! `ipAllowList`: which client addresses may use a route.

use super::kind::Effect;
use crate::policy::{IpAccess, Policy};
use crate::traefik::field::Fields;
use crate::value::{Cidr, Value};

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Effect {
    let status = match fields.whole("rejectStatusCode") {
        None | Some(0) => 403,
        Some(code) => {
            let status = u16::try_from(code).ok().filter(|code| (200..=599).contains(code));
            if status.is_none() {
                let message = format!("expected a status from 200 to 599, got {code}");
                fields.refuse("rejectStatusCode", message, "write 403, or remove it");
            }
            status.unwrap_or(403)
        }
    };
    access(fields, status)
}

/// The deprecated kind has no status of its own.
pub(super) fn read_old(fields: &mut Fields<'_, '_>) -> Effect {
    access(fields, 403)
}

fn access(fields: &mut Fields<'_, '_>, status: u16) -> Effect {
    let texts = fields.texts("sourceRange");
    if texts.is_empty() {
        fields.refuse(
            "sourceRange",
            "no network is named",
            "name the networks that may use the routes",
        );
    }
    let mut allow = Vec::new();
    for text in texts {
        let net = fields.accept(
            "sourceRange",
            Cidr::parse(text),
            "write networks such as 10.0.0.0/8",
        );
        allow.extend(net.map(|cidr| cidr.0));
    }
    fields.nested("ipStrategy", strategy);
    Effect::Steps(vec![Policy::IpAccess(IpAccess {
        deny: Vec::new(),
        allow: Some(allow),
        status,
    })])
}

/// Another address than the client's would be judged; to judge the wrong one could let somebody in.
fn strategy(fields: &mut Fields<'_, '_>) {
    let depth = fields.whole("depth").unwrap_or_default();
    let excluded = fields.texts("excludedIPs");
    let subnet = fields.whole("ipv6Subnet").unwrap_or_default();
    for (name, is_set) in [
        ("depth", depth != 0),
        ("excludedIPs", !excluded.is_empty()),
        ("ipv6Subnet", subnet != 0),
    ] {
        if is_set {
            let message =
                "it is not served; the address is the connection's, or what a trusted proxy says it is";
            fields.refuse(
                name,
                message,
                "remove it, and list the proxies in front as trusted",
            );
        }
    }
}
