//! Which objects are taken, and what is used where they say nothing: the flags that `run` and the offline commands share.

use std::sync::Arc;

use clap::{ArgAction, Args};
use ferrik_config::settings::{Acme, Settings};

use super::value::{Name, name};

/// Flags of every command that translates objects.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Which objects")]
pub(crate) struct Selection {
    /// Value of the old annotation kubernetes.io/ingress.class that is taken, and, where classes are taken by name, of
    /// spec.ingressClassName. May be given several times.
    #[arg(long, value_name = "NAME", default_values = ["nginx", "traefik", "ferrik"])]
    pub(crate) ingress_class: Vec<String>,

    /// The spec.controller of the classes that are taken; it selects the dialect of their Ingresses. May be given
    /// several times.
    #[arg(
        long,
        value_name = "NAME",
        default_values = ["k8s.io/ingress-nginx", "traefik.io/ingress-controller", "ferrik.dev/ingress-controller"]
    )]
    pub(crate) controller_class: Vec<String>,

    /// Take Ingresses that name no class at all.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true
    )]
    pub(crate) watch_ingress_without_class: bool,

    /// ConfigMap of ingress-nginx: defaults for annotations of the nginx dialect, under the same names.
    #[arg(long, value_name = "NS/NAME", value_parser = name)]
    pub(crate) configmap: Option<Name>,

    /// Secret with the certificate for hosts that have none of their own; a self-signed one is made if it is not named.
    #[arg(long, value_name = "NS/NAME", value_parser = name)]
    pub(crate) default_ssl_certificate: Option<Name>,

    /// Service for requests that match nothing; its first port is used. Without it they are answered 404.
    #[arg(long, value_name = "NS/NAME", value_parser = name)]
    pub(crate) default_backend_service: Option<Name>,

    /// Get the certificates of Ingresses that ask for them (`ferrik.dev/acme: "true"`, `kubernetes.io/tls-acme`, Traefik's
    /// certresolver, or a class with `ferrik.dev/acme`) from an ACME authority.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = "Certificates from an authority"
    )]
    pub(crate) acme: bool,

    /// Ask for every Ingress with `tls` that does not say otherwise, but for those of cert-manager. Needs --acme.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = "Certificates from an authority"
    )]
    pub(crate) acme_by_default: bool,

    /// The same for the Ingresses of these namespaces only. May be given several times.
    #[arg(
        long,
        value_name = "NS",
        value_delimiter = ',',
        help_heading = "Certificates from an authority"
    )]
    pub(crate) acme_default_namespace: Vec<String>,
}

impl Selection {
    /// What translation needs to know.
    pub(crate) fn settings(&self, class_by_name: bool) -> Settings {
        let pair = |name: &Name| -> (Arc<str>, Arc<str>) { (name.namespace.clone(), name.name.clone()) };
        Settings {
            ingress_classes: self.ingress_class.clone(),
            controller_classes: self.controller_class.clone(),
            watch_without_class: self.watch_ingress_without_class,
            class_by_name,
            configmap: self.configmap.as_ref().map(pair),
            default_certificate: self.default_ssl_certificate.as_ref().map(pair),
            default_backend: self.default_backend_service.as_ref().map(pair),
            acme: self.acme.then(|| Acme {
                account: ("ferrik".into(), "ferrik-acme".into()),
                by_default: self.acme_by_default,
                default_namespaces: self.acme_default_namespace.clone(),
            }),
        }
    }
}
