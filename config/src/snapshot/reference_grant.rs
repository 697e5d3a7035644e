//! `ReferenceGrant` of the Gateway API: who in other namespaces may refer to objects of this one.
//!
//! Only kept as written; `translate::grant` decides by it.

use std::sync::Arc;

use serde::Deserialize;

use super::Meta;
use crate::name::ObjectRef;

/// A `ReferenceGrant`. One that names nobody, or nothing, allows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ReferenceGrant {
    /// Metadata.
    pub metadata: Meta,
    /// Who may refer to what.
    pub spec: ReferenceGrantSpec,
}

/// Everyone in `from` may refer to everything in `to`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ReferenceGrantSpec {
    /// Who.
    pub from: Vec<GrantFrom>,
    /// What, in the grant's own namespace.
    pub to: Vec<GrantTo>,
}

/// Objects that may refer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct GrantFrom {
    /// Group of their kind; empty for the core group.
    pub group: Arc<str>,
    /// Their kind.
    pub kind: Arc<str>,
    /// Where they are.
    pub namespace: Arc<str>,
}

/// Objects that may be referred to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct GrantTo {
    /// Group of their kind; empty for the core group.
    pub group: Arc<str>,
    /// Their kind.
    pub kind: Arc<str>,
    /// One of them; all if none is named.
    #[serde(default)]
    pub name: Option<Arc<str>>,
}

impl ReferenceGrant {
    /// True if it lets `from` refer to `to`.
    pub fn allows(&self, from: &ObjectRef, to: &ObjectRef) -> bool {
        let is_from = |it: &GrantFrom| {
            *it.group == *from.kind.group()
                && *it.kind == *from.kind.as_str()
                && it.namespace == from.namespace
        };
        let is_to = |it: &GrantTo| {
            *it.group == *to.kind.group()
                && *it.kind == *to.kind.as_str()
                && it.name.as_ref().is_none_or(|name| *name == to.name)
        };
        self.metadata.namespace == to.namespace
            && self.spec.from.iter().any(is_from)
            && self.spec.to.iter().any(is_to)
    }
}
