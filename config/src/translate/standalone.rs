//! What can be said of an object on its own, whether or not an Ingress refers to it.

use crate::Snapshot;
use crate::name::{Kind, ObjectRef};
use crate::report::Diagnostic;
use crate::traefik;

use super::ingress::check_name;

/// The diagnostics of one object; Ingresses have theirs from their fragment.
pub(super) fn diagnostics(snapshot: &Snapshot, object: &ObjectRef) -> Vec<Diagnostic> {
    let mut report = Vec::new();
    let key = (object.namespace.clone(), object.name.clone());
    match object.kind {
        Kind::Middleware => {
            if let Some(middleware) = snapshot.middlewares.get(&key) {
                check_name(object, &mut report);
                traefik::check_middleware(object, middleware, &mut report);
            }
        }
        Kind::TlsOption => {
            if let Some(option) = snapshot.tls_options.get(&key) {
                check_name(object, &mut report);
                traefik::check_tls_option(object, option, &mut report);
            }
        }
        Kind::ReferenceGrant => {
            if snapshot.reference_grants.contains_key(&key) {
                check_name(object, &mut report);
            }
        }
        Kind::IngressClass
        | Kind::Ingress
        | Kind::Service
        | Kind::EndpointSlice
        | Kind::Secret
        | Kind::ConfigMap => {}
    }
    report
}
