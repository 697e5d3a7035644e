//! `Secret` and `ConfigMap` (core `v1`). The content of Secrets has no debug text.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Meta;

/// A Secret with decoded data.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Secret {
    /// Metadata.
    pub metadata: Meta,
    /// Decoded content.
    #[serde(deserialize_with = "decoded")]
    pub data: BTreeMap<Arc<str>, Arc<[u8]>>,
    /// Content written as text, which wins over `data` as in the API server.
    string_data: BTreeMap<Arc<str>, String>,
    /// Why this is not what the cluster has now, but the last of its contents that could be used: for server certificates
    /// only. What guards access never uses it.
    #[serde(skip)]
    pub stale: Option<Arc<str>>,
}

/// Why a Secret is stale that is not there any more.
pub const GONE: &str = "it is gone";

impl Secret {
    /// True if the cluster has no such Secret any more.
    pub fn is_gone(&self) -> bool {
        self.stale.as_deref() == Some(GONE)
    }

    /// The bytes under a key.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.string_data
            .get(key)
            .map(String::as_bytes)
            .or_else(|| self.data.get(key).map(|bytes| &**bytes))
    }

    /// Every key with its bytes, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let texts = self
            .string_data
            .iter()
            .map(|(key, text)| (&**key, text.as_bytes()));
        let data = self
            .data
            .iter()
            .filter(|(key, _)| !self.string_data.contains_key(*key));
        texts.chain(data.map(|(key, bytes)| (&**key, &**bytes)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}/{})", self.metadata.namespace, self.metadata.name)
    }
}

/// A ConfigMap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConfigMap {
    /// Metadata.
    pub metadata: Meta,
    /// Content.
    pub data: BTreeMap<Arc<str>, String>,
}

type Data = BTreeMap<Arc<str>, Arc<[u8]>>;

fn decoded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Data, D::Error> {
    let texts = Option::<BTreeMap<Arc<str>, String>>::deserialize(deserializer)?.unwrap_or_default();
    let decode = |(key, text): (Arc<str>, String)| {
        let compact: String = text.split_whitespace().collect();
        match STANDARD.decode(compact) {
            Ok(bytes) => Ok((key, bytes.into())),
            Err(error) => Err(D::Error::custom(format!("`{key}` is not base64: {error}"))),
        }
    };
    texts.into_iter().map(decode).collect()
}
