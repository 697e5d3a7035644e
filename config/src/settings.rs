//! Process-wide settings that translation depends on. The command line fills them in.

use std::sync::Arc;

/// Which objects are taken, and what is used where they say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Names for the legacy annotation `kubernetes.io/ingress.class`, and for classes taken by name.
    pub ingress_classes: Vec<String>,
    /// Values of `spec.controller` of the `IngressClasses` that are taken.
    pub controller_classes: Vec<String>,
    /// Take Ingresses that name no class at all.
    pub watch_without_class: bool,
    /// Take an Ingress whose class has one of the `ingress_classes` names even if no IngressClass object is there.
    pub class_by_name: bool,
    /// ConfigMap with defaults for annotations of the nginx dialect, as namespace and name.
    pub configmap: Option<(Arc<str>, Arc<str>)>,
    /// Secret with the certificate for hosts that have none, as namespace and name.
    pub default_certificate: Option<(Arc<str>, Arc<str>)>,
    /// Service for requests that match nothing, as namespace and name; its first port is used.
    pub default_backend: Option<(Arc<str>, Arc<str>)>,
    /// Certificates are asked for from an authority; without it they are not.
    pub acme: Option<Acme>,
}

/// How certificates are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// Secret of the account, as namespace and name.
    pub account: (Arc<str>, Arc<str>),
    /// Ask for every Ingress with `tls` that does not say otherwise.
    pub by_default: bool,
    /// The same in these namespaces only.
    pub default_namespaces: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ingress_classes: vec!["nginx".into(), "traefik".into(), "ferrik".into()],
            controller_classes: vec![
                NGINX_CONTROLLER.into(),
                TRAEFIK_CONTROLLER.into(),
                FERRIK_CONTROLLER.into(),
            ],
            watch_without_class: false,
            class_by_name: false,
            configmap: None,
            default_certificate: None,
            default_backend: None,
            acme: None,
        }
    }
}

/// The controller whose classes follow the nginx dialect.
pub const NGINX_CONTROLLER: &str = "k8s.io/ingress-nginx";
/// The controller whose classes follow the Traefik dialect.
pub const TRAEFIK_CONTROLLER: &str = "traefik.io/ingress-controller";
/// The controller whose classes follow the Kubernetes text.
pub const FERRIK_CONTROLLER: &str = "ferrik.dev/ingress-controller";
