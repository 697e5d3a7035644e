//! Which Ingresses are ours, and whose dialect they are in.

use super::Reader;
use crate::name::ObjectRef;
use crate::report::{Diagnostic, Reason};
use crate::settings::{NGINX_CONTROLLER, Settings, TRAEFIK_CONTROLLER};
use crate::snapshot::Ingress;
use crate::table::Dialect;

const LEGACY: &str = "kubernetes.io/ingress.class";
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

/// The dialect of an Ingress, or `None` if another controller should take it.
///
/// `spec.ingressClassName` decides; without it the legacy annotation; without both a default IngressClass of ours.
pub(super) fn dialect(
    object: &ObjectRef,
    ingress: &Ingress,
    settings: &Settings,
    reader: &mut Reader<'_>,
    report: &mut Vec<Diagnostic>,
) -> Option<Dialect> {
    if let Some(name) = &ingress.spec.ingress_class_name {
        if let Some(class) = reader.class(name) {
            return by_controller(&class.spec.controller, settings);
        }
        let by_name = settings.ingress_classes.iter().any(|it| **it == **name);
        if by_name && settings.class_by_name {
            return Some(by_class_name(name));
        }
        if by_name {
            let message = format!("there is no IngressClass `{name}`, so the object is not served");
            report.push(
                Diagnostic::new(object, "spec.ingressClassName", Reason::ClassUnknown, message).fix(format!(
                    "create IngressClass `{name}`, or start with --ingress-class-by-name"
                )),
            );
        }
        return None;
    }
    if let Some(name) = ingress.metadata.annotation(LEGACY) {
        return settings
            .ingress_classes
            .iter()
            .any(|it| it == name)
            .then(|| match reader.class(name) {
                Some(class) => by_controller(&class.spec.controller, settings).unwrap_or(by_class_name(name)),
                None => by_class_name(name),
            });
    }
    let is_default = |value: Option<&str>| value == Some("true");
    let mut defaults: Vec<_> = reader
        .classes()
        .filter(|class| is_default(class.metadata.annotation(DEFAULT_CLASS)))
        .collect();
    defaults.sort_by(|a, b| b.metadata.age().cmp(&a.metadata.age()));
    let default = defaults
        .iter()
        .find_map(|class| by_controller(&class.spec.controller, settings));
    default.or_else(|| settings.watch_without_class.then_some(Dialect::Kubernetes))
}

fn by_controller(controller: &str, settings: &Settings) -> Option<Dialect> {
    settings
        .controller_classes
        .iter()
        .any(|it| it == controller)
        .then_some(match controller {
            NGINX_CONTROLLER => Dialect::Nginx,
            TRAEFIK_CONTROLLER => Dialect::Traefik,
            _ => Dialect::Kubernetes,
        })
}

fn by_class_name(name: &str) -> Dialect {
    match name {
        "nginx" => Dialect::Nginx,
        "traefik" => Dialect::Traefik,
        _ => Dialect::Kubernetes,
    }
}
