//! The Traefik dialect: annotations of Ingress and Service, and the kinds Middleware and `TLSOption`.
//!
//! One file per feature holds its rows, its options and its `resolve`; `middleware/` has one file per kind of middleware.
//! `translate` calls the functions here. Middlewares run in the order that the user wrote; what cannot be understood or is
//! not there closes the routes that name it. Evidence: Traefik 3.6 and 3.7. Forwarded headers are the proxy's work.

mod duration;
mod entry_point;
mod field;
mod middleware;
mod placeholder;
mod reference;
mod router;
mod service;
mod spelling;
mod sticky;
mod tls_option;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::annotation::{Feature, Written};
use crate::name::{HostKey, ObjectRef};
use crate::policy::{Closed, Policy, Source, Step};
use crate::report::Diagnostic;
use crate::snapshot::{IngressBackend, Middleware, TlsOption};
use crate::table::Dialect;
use crate::translate::{Behaviour, HostShare, ServiceOptions, Stage};

pub use middleware::{MIDDLEWARES, MiddlewareKind, middlewares_markdown};
pub use placeholder::is_placeholder;

/// The prefix of Traefik's annotations.
pub const PREFIX: &str = "traefik.ingress.kubernetes.io/";

/// What the annotations of one object say, by feature; nothing is resolved yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    pub(crate) entry_point: entry_point::Options,
    pub(crate) middleware: middleware::Options,
    pub(crate) router: router::Options,
    pub(crate) tls_option: tls_option::Options,
    pub(crate) service: service::Options,
    pub(crate) sticky: sticky::Options,
    spelled: spelling::Spelled,
}

/// Every feature of the dialect.
pub const FEATURES: &[Feature<Options>] = &[
    entry_point::FEATURE,
    middleware::FEATURE,
    router::FEATURE,
    tls_option::FEATURE,
    service::FEATURE,
    sticky::FEATURE,
];

/// Reads the annotations of an Ingress.
pub(crate) fn read(stage: &mut Stage<'_, '_>, _: Dialect) -> Written<Options> {
    let annotations = &stage.ingress.metadata.annotations;
    spelling::read(
        stage.object,
        annotations,
        spelling::Carrier::Ingress,
        &mut stage.report,
    )
}

/// Adds what holds for every route of the Ingress: entry points, priority, and the middlewares as steps.
pub(crate) fn behave(written: &Written<Options>, stage: &mut Stage<'_, '_>, behaviour: &mut Behaviour) {
    behaviour.steps.extend(written.closed_by.clone().map(closed));
    let entry = entry_point::resolve(written, stage);
    behaviour.steps.extend(entry.closed_by.map(closed));
    behaviour.entry = tls_option::restrict(written, stage, entry.entry);
    behaviour.priority = router::priority(&written.options);
    behaviour.matcher = router::matcher(&written.options);
    behaviour.steps.extend(middleware::resolve(written, stage));
}

/// Adds what holds for the hosts of the Ingress as a whole: versions and client certificates of TLS.
pub(crate) fn share(
    written: &Written<Options>,
    stage: &mut Stage<'_, '_>,
    hosts: &mut BTreeMap<HostKey, HostShare>,
) {
    tls_option::share(written, stage, hosts);
}

/// The annotation by which the Ingress asks for a certificate, if it does.
pub(crate) fn certificate_resolver(written: &Written<Options>) -> Option<Source> {
    entry_point::certificate_resolver(written)
}

/// Reads the annotations of the Service behind one path. What is wrong with them is reported on the Service.
pub(crate) fn service(backend: &IngressBackend, stage: &mut Stage<'_, '_>, options: &mut ServiceOptions) {
    service::resolve(backend, stage, options);
}

/// Reports what is wrong with a Middleware, whether or not anything refers to it.
pub(crate) fn check_middleware(object: &ObjectRef, middleware: &Middleware, report: &mut Vec<Diagnostic>) {
    let mut problems = field::Problems::of(object);
    middleware::parse(&middleware.spec, &mut problems);
    placeholder::check(&middleware.spec, &mut problems);
    report.extend(problems.into_list());
}

/// Reports what is wrong with a `TLSOption`, whether or not anything refers to it.
pub(crate) fn check_tls_option(object: &ObjectRef, option: &TlsOption, report: &mut Vec<Diagnostic>) {
    let mut problems = field::Problems::of(object);
    tls_option::parse(&option.spec, &mut problems);
    placeholder::check(&option.spec, &mut problems);
    report.extend(problems.into_list());
}

/// A step that closes the route.
fn closed(source: Source) -> Step {
    Step {
        policy: Policy::Closed(Closed),
        source,
    }
}
