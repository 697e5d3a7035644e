//! The nginx dialect: annotations of ingress-nginx, resolved into policies in nginx's phase order.
//!
//! One file per feature holds its rows, its options and its `resolve`. [`behave`] puts the steps into the order in which
//! nginx runs its phases; [`share`] adds what nginx applies to a whole host. Evidence: ingress-nginx v1.15.

mod configmap;
#[macro_use]
mod features;
mod snippet;

use std::collections::BTreeMap;

use crate::annotation::{self, Written};
use crate::name::HostKey;
use crate::policy::{Closed, Policy, Source, Step};
use crate::table::Dialect;
use crate::translate::{Behaviour, HostShare, Stage};

pub(crate) use configmap::limits as default_limits;
pub use rewrite::RewriteTarget;

/// The prefix of ingress-nginx's annotations.
pub const PREFIX: &str = "nginx.ingress.kubernetes.io/";
/// Our own prefix, with the same names behind it.
pub const OWN_PREFIX: &str = "ferrik.dev/";

features! {
    acme;
    alias;
    backend;
    basic_auth;
    body_limit;
    buffering;
    cipher_suite;
    client_certificate;
    cors;
    default_backend;
    error_page;
    https_redirect;
    rate_limit;
    connection_limit;
    ip_access;
    redirect;
    rewrite;
    configuration_snippet;
    timeout;
    unsupported;
}

/// Reads the annotations of an Ingress.
pub(crate) fn read(stage: &mut Stage<'_, '_>, _: Dialect) -> Written<Options> {
    annotation::read(
        stage.object,
        &stage.ingress.metadata.annotations,
        &[OWN_PREFIX, PREFIX],
        FEATURES,
        configmap::base(
            &mut stage.reader,
            &mut stage.report,
            stage.settings.configmap.as_ref(),
        ),
        &mut stage.report,
    )
}

/// Adds the steps of every route, in the order of nginx's phases, behind the error pages, which are for the answers of all
/// of them: body size (checked when the location is found),
/// rewrite phase from top to bottom of ingress-nginx's template, its https redirect, limits (preaccess), then access.
pub(crate) fn behave(written: &Written<Options>, stage: &mut Stage<'_, '_>, behaviour: &mut Behaviour) {
    let mut steps = Steps {
        list: &mut behaviour.steps,
    };
    let pages = error_page::resolve(written, stage).map(Policy::ErrorPage);
    steps.add(written, "custom-http-errors", pages);
    if let Some(source) = &written.closed_by {
        steps.list.push(Step {
            policy: Policy::Closed(Closed),
            source: source.clone(),
        });
    }
    steps.list.extend(unsupported::resolve(written, stage));
    steps.add(
        written,
        "proxy-body-size",
        body_limit::resolve(&written.options).map(Policy::BodyLimit),
    );
    steps.add(
        written,
        "enable-cors",
        cors::resolve(written, stage).map(Policy::Cors),
    );
    let snippet = configuration_snippet::resolve(written, stage);
    steps.add(written, "configuration-snippet", snippet);
    let (row, redirect) = redirect::resolve(&written.options);
    steps.add(written, row, redirect.map(Policy::Redirect));
    behaviour.rewrite = rewrite::resolve(written, stage).map(|target| (steps.list.len(), target));
    let (row, redirect, only_with_tls) = https_redirect::resolve(&written.options);
    if only_with_tls && redirect.is_some() {
        behaviour.only_with_tls = Some(steps.list.len());
    }
    steps.add(written, row, redirect.map(Policy::HttpsRedirect));
    steps.list.extend(rate_limit::resolve(written));
    steps.list.extend(connection_limit::resolve(written));
    let (row, access) = ip_access::resolve(&written.options);
    steps.add(written, row, access.map(Policy::IpAccess));
    steps.add(written, "auth-type", basic_auth::resolve(written, stage));
    behaviour.service.timeouts = timeout::resolve(&written.options);
    backend::resolve(&written.options, &mut behaviour.service);
    default_backend::resolve(written, stage, &mut behaviour.service);
}

/// Adds what nginx applies to a whole host.
pub(crate) fn share(
    written: &Written<Options>,
    stage: &mut Stage<'_, '_>,
    hosts: &mut BTreeMap<HostKey, HostShare>,
) {
    let app_root = redirect::app_root(written);
    let client = client_certificate::resolve(written, stage);
    let limits = cipher_suite::resolve(written, stage);
    for share in hosts.values_mut().filter(|share| share.is_served()) {
        share.nginx.regex = rewrite::is_regex_mode(written, share);
        share.nginx.app_root.clone_from(&app_root);
        share.clients.extend(client.clone());
        share.limits.clone_from(&limits);
    }
    alias::resolve(written, stage, hosts);
}

struct Steps<'a> {
    list: &'a mut Vec<Step>,
}

impl Steps<'_> {
    fn add(&mut self, written: &Written<Options>, row: &str, policy: Option<Policy>) {
        self.list.extend(policy.map(|policy| Step {
            policy,
            source: written.source(row),
        }));
    }
}

/// A step that closes the route, for features whose guard is missing.
fn closed(source: Source) -> Step {
    Step {
        policy: Policy::Closed(Closed),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_consistent() {
        assert_eq!(annotation::problems(FEATURES), Vec::<String>::new());
    }
}
