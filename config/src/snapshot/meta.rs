//! Object metadata, trimmed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

/// What is used of `metadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Empty for cluster-scoped objects; `default` if a namespaced object in a file names none.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
    /// RFC 3339 in UTC, which sorts as text; empty if the object never was in a cluster.
    pub creation_timestamp: Option<Arc<str>>,
    /// Annotations in sorted order.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// Labels in sorted order.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
}

impl Meta {
    /// The value of an annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(name).map(|value| &**value)
    }

    /// The sort key of "the oldest wins": creation time, then namespace and name. Objects without a time come last.
    pub fn age(&self) -> (bool, &str, &str, &str) {
        let created = self.creation_timestamp.as_deref();
        (
            created.is_none(),
            created.unwrap_or_default(),
            &self.namespace,
            &self.name,
        )
    }
}
