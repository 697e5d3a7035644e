//! More names of a host: aliases and the `www` twin.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::name::{Host, HostKey};
use crate::policy::{Policy, Redirect, RedirectStatus, RedirectTarget, Step};
use crate::table::{Dialect, Entry, PathKind, PathRule, Route};
use crate::translate::{HostShare, Stage};
use crate::value::{Invalid, List, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Names of a host",
    doc: "An Ingress that has rules for a name itself always wins over an alias or a twin.",
    annotations: &[
        Annotation {
            name: "server-alias",
            aliases: &[],
            field: &At::<All, List<Alias>>(|o| &mut o.alias.aliases),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Full,
            doc: "Other names under which the host of the rules answers, with all its paths.",
            accepts: &["a.example.org, b.example.org", "*.example.org"],
            rejects: &["", "~^www\\d+\\.example\\.org$"],
        },
        Annotation {
            name: "from-to-www-redirect",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.alias.www),
            default: Some("false"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Differs("the redirect (308) names no port unless the client did"),
            doc: "Sends `www.example.org` to `example.org`, or the other way round, whichever has no rules.",
            accepts: &["true"],
            rejects: &["yes"],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    aliases: Option<List<Alias>>,
    www: Option<bool>,
}

/// A host name or a one-label wildcard.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alias(HostKey);

impl Value for Alias {
    const KIND: &'static str = "host names, exact or with *. in front";

    fn parse(text: &str) -> Result<Self, Invalid> {
        match HostKey::parse(text) {
            Ok(HostKey::Any) | Err(_) => Err(Invalid::new(Self::KIND, text)),
            Ok(key) => Ok(Self(key)),
        }
    }
}

/// Adds shares for the other names.
pub(super) fn resolve(written: &Written<All>, stage: &Stage<'_, '_>, hosts: &mut BTreeMap<HostKey, HostShare>) {
    let options = &written.options.alias;
    let originals: Vec<HostKey> = hosts
        .iter()
        .filter(|(key, share)| **key != HostKey::Any && share.is_served())
        .map(|(key, _)| key.clone())
        .collect();
    for original in &originals {
        for Alias(alias) in options.aliases.iter().flat_map(|list| &list.0) {
            let share = hosts.entry(alias.clone()).or_default();
            // nginx keeps the first server that claims a name.
            if !originals.contains(alias) && share.alias_of.is_none() {
                share.alias_of = Some(original.clone());
                hosts.entry(original.clone()).or_default().aliases.push(alias.clone());
            }
        }
        let HostKey::Exact(host) = original else { continue };
        if options.www == Some(true)
            && let Some(twin) = twin(host)
            && !originals.contains(&HostKey::Exact(twin.clone()))
        {
            let redirect = twin_route(written, stage, host);
            hosts.entry(HostKey::Exact(twin)).or_default().twin_redirect = Some(Arc::new(redirect));
        }
    }
}

fn twin(host: &Host) -> Option<Host> {
    match host.as_str().strip_prefix("www.") {
        Some(bare) => Host::parse(bare).ok(),
        None => Host::parse(&format!("www.{host}")).ok(),
    }
}

fn twin_route(written: &Written<All>, stage: &Stage<'_, '_>, host: &Host) -> Route {
    let source = written.source("from-to-www-redirect");
    let policy = Policy::Redirect(Redirect {
        status: RedirectStatus::Code(308),
        to: RedirectTarget::Host(host.clone()),
    });
    Route {
        path: PathRule { kind: PathKind::Prefix, text: "/".to_owned(), pattern: None },
        entry: Entry::Any,
        dialect: Dialect::Nginx,
        source: crate::policy::Source { object: stage.object.clone(), field: source.field.clone() },
        steps: vec![Step { policy, source }],
        backend: None,
        priority: None,
    }
}
