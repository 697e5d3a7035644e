//! The kinds that are watched: one row each.

use std::borrow::Cow;

use ferrik_config::name::Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DynamicResourceScope;

use super::observed::Observed;

/// One kind as the API serves it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    group: &'static str,
    version: &'static str,
    pub(crate) plural: &'static str,
    /// Which of them: a field selector.
    pub(crate) fields: Option<&'static str>,
    pub(crate) need: Need,
}

/// What it means if the API refuses to list the kind, or does not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing is served until it can be listed.
    Always,
    /// As if there were none.
    IfThere,
}

const fn row(
    kind: Kind,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    need: Need,
) -> Row {
    Row {
        kind,
        group,
        version,
        plural,
        fields: None,
        need,
    }
}

/// Watched as a whole.
pub(crate) const ROWS: &[Row] = &[
    row(
        Kind::IngressClass,
        "networking.k8s.io",
        "v1",
        "ingressclasses",
        Need::Always,
    ),
    row(
        Kind::Ingress,
        "networking.k8s.io",
        "v1",
        "ingresses",
        Need::Always,
    ),
    row(Kind::Service, "", "v1", "services", Need::Always),
    row(
        Kind::EndpointSlice,
        "discovery.k8s.io",
        "v1",
        "endpointslices",
        Need::Always,
    ),
    Row {
        fields: Some("type=kubernetes.io/tls"),
        ..SECRETS
    },
    row(
        Kind::Middleware,
        "traefik.io",
        "v1alpha1",
        "middlewares",
        Need::IfThere,
    ),
    row(
        Kind::TlsOption,
        "traefik.io",
        "v1alpha1",
        "tlsoptions",
        Need::IfThere,
    ),
    // Older releases of the Gateway API do not serve v1; newer ones serve both, and they do not differ.
    row(
        Kind::ReferenceGrant,
        "gateway.networking.k8s.io",
        "v1beta1",
        "referencegrants",
        Need::IfThere,
    ),
];

/// Watched one by one, by name, if something refers to them. A role need not allow to list all certificates: then those
/// that are referred to are watched one by one, too.
pub(crate) const SECRETS: Row = row(Kind::Secret, "", "v1", "secrets", Need::IfThere);
/// Watched one by one, by name, if something refers to them.
pub(crate) const CONFIG_MAPS: Row = row(Kind::ConfigMap, "", "v1", "configmaps", Need::IfThere);

impl Row {
    /// True if its objects have no namespace.
    pub(crate) fn is_cluster_scoped(&self) -> bool {
        self.kind == Kind::IngressClass
    }

    /// `ingresses.networking.k8s.io`, as roles and error messages write it.
    pub(crate) fn resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }
}

impl kube::Resource for Observed {
    type DynamicType = Row;
    type Scope = DynamicResourceScope;

    fn kind(row: &Row) -> Cow<'_, str> {
        row.kind.as_str().into()
    }

    fn group(row: &Row) -> Cow<'_, str> {
        row.group.into()
    }

    fn version(row: &Row) -> Cow<'_, str> {
        row.version.into()
    }

    fn plural(row: &Row) -> Cow<'_, str> {
        row.plural.into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}
