//! Refuses clients by their address.

use std::net::IpAddr;

use ferrik_config::policy;
use ipnet::IpNet;

use super::{Filter, Flow};
use crate::compile::Context;
use crate::head::RequestHead;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;

/// The compiled lists.
#[derive(Debug)]
pub(crate) struct IpAccess {
    deny: Box<[IpNet]>,
    allow: Option<Box<[IpNet]>>,
    status: u16,
}

impl Filter for IpAccess {
    type Policy = policy::IpAccess;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        Self {
            deny: policy.deny.clone().into(),
            allow: policy.allow.clone().map(Into::into),
            status: policy.status,
        }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        let client = request.facts.client.to_canonical();
        let is_in = |nets: &[IpNet]| nets.iter().any(|net| covers(net, client));
        if is_in(&self.deny) || self.allow.as_deref().is_some_and(|nets| !is_in(nets)) {
            return Flow::Reply(Reply::page(self.status, Reason::IpDenied));
        }
        Flow::Next
    }
}

/// True if the address is in the network, which may be written as an IPv4 address mapped into IPv6.
pub(super) fn covers(net: &IpNet, client: IpAddr) -> bool {
    net.contains(&client) || matches!(client, IpAddr::V4(v4) if net.contains(&IpAddr::V6(v4.to_ipv6_mapped())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::Case;

    fn case(deny: &[&str], allow: Option<&[&str]>) -> Case {
        let nets = |list: &[&str]| list.iter().map(|net| net.parse().expect("a network")).collect::<Vec<IpNet>>();
        let policy = policy::IpAccess { deny: nets(deny), allow: allow.map(nets), status: 403 };
        Case::policy(policy::Policy::IpAccess(policy))
    }

    #[test]
    fn the_address_decides() {
        for (deny, allow, client, status) in [
            (&[][..], Some(&["10.0.0.0/8"][..]), "10.1.2.3", None),
            (&[][..], Some(&["10.0.0.0/8"][..]), "11.1.2.3", Some(403)),
            (&["10.1.0.0/16"][..], Some(&["10.0.0.0/8"][..]), "10.1.2.3", Some(403)),
            (&["10.1.0.0/16"][..], None, "10.2.2.3", None),
            (&["10.1.0.0/16"][..], None, "::ffff:10.1.2.3", Some(403)),
            (&[][..], Some(&["fd00::/8"][..]), "fd00::1", None),
            (&[][..], Some(&[][..]), "10.1.2.3", Some(403)),
        ] {
            assert_eq!(case(deny, allow).client(client).status(), status, "{deny:?} {allow:?} {client}");
        }
    }
}
