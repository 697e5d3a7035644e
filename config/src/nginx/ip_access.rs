//! Source addresses.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support};
use crate::policy::IpAccess;
use crate::value::{Cidr, List};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Source addresses",
    doc: "Refused clients get 403. The address is the connection's, or what a trusted proxy says it is.",
    annotations: &[
        Annotation {
            name: "allowlist-source-range",
            aliases: &["whitelist-source-range"],
            field: &At::<All, List<Cidr>>(|o| &mut o.ip_access.allow),
            default: None,
            on_invalid: OnInvalid::Close,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Networks that may use the routes; everybody else is refused.",
            accepts: &["10.0.0.0/8, 192.168.1.7", "fd00::/8"],
            rejects: &["", "10.0.0.0/33", "localhost"],
        },
        Annotation {
            name: "denylist-source-range",
            aliases: &[],
            field: &At::<All, List<Cidr>>(|o| &mut o.ip_access.deny),
            default: None,
            on_invalid: OnInvalid::Close,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Networks that may not use the routes, even if they are allowed above.",
            accepts: &["203.0.113.0/24"],
            rejects: &["", "all"],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    allow: Option<List<Cidr>>,
    deny: Option<List<Cidr>>,
}

/// The lists, if there is one, and the row that asks for them.
pub(super) fn resolve(options: &All) -> (&'static str, Option<IpAccess>) {
    let nets = |list: &List<Cidr>| list.0.iter().map(|cidr| cidr.0).collect();
    let options = &options.ip_access;
    let row = if options.allow.is_some() { "allowlist-source-range" } else { "denylist-source-range" };
    let access = (options.allow.is_some() || options.deny.is_some()).then(|| IpAccess {
        deny: options.deny.as_ref().map(nets).unwrap_or_default(),
        allow: options.allow.as_ref().map(nets),
        status: 403,
    });
    (row, access)
}
