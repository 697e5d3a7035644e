//! Certificates that are asked for from an authority: what an Ingress wants, in which Secret it goes, and which Secrets are
//! ours to write.
//!
//! Translation says what is wanted; the controller's `acme` gets it. Nothing is decided here about when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::name::{Host, ObjectRef};
use crate::snapshot::Secret;
use crate::table::{Certificate, Digest, TlsAlpn};

/// Says `true` on every Secret that we made, and is the annotation by which an Ingress or its class asks.
pub const ACME: &str = "ferrik.dev/acme";
/// On a Secret that we made: the directory of the authority that issued it.
pub const SERVER: &str = "ferrik.dev/acme-server";
/// Key of the account's Secret under which the thumbprint of its key stands.
pub const THUMBPRINT: &str = "thumbprint";
/// Key of the account's Secret under which [`Answers`] stand.
pub const ANSWERS: &str = "tls-alpn-01";

/// What is answered to an authority in TLS handshakes (RFC 8737), as the replica that orders writes it for all of them, in
/// JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Grows whenever an answer is added or changed.
    pub version: u64,
    /// By host.
    pub hosts: BTreeMap<String, Answer>,
}

/// The answer for one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Of the challenge's key authorization.
    pub digest: Digest,
    /// The certificate whose order it is for, as `namespace/secret`.
    pub order: String,
}

impl Answers {
    /// Reads them. What is not JSON of this form counts as nothing: who orders writes it again.
    pub fn read(text: &[u8]) -> Self {
        serde_json::from_slice(text).unwrap_or_default()
    }
}

impl From<&Answers> for TlsAlpn {
    fn from(answers: &Answers) -> Self {
        let digests = answers
            .hosts
            .iter()
            .filter_map(|(host, answer)| Some((Host::parse(host).ok()?, answer.digest)));
        Self {
            version: answers.version,
            digests: digests.collect(),
        }
    }
}

/// A certificate that an Ingress asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// Where it goes. The Secret is not there, or one that we made.
    pub secret: ObjectRef,
    /// The names that it is for; never empty.
    pub hosts: BTreeSet<Host>,
    /// What is there now, if it can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Arc<Certificate>>,
    /// The authority that `current` is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Arc<str>>,
}

/// True if we made the Secret, so that we may write it.
pub fn is_ours(secret: &Secret) -> bool {
    secret
        .metadata
        .labels
        .get(ACME)
        .is_some_and(|value| &**value == "true")
}
