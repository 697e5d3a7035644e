//! Certificates that are asked for from an authority: what an Ingress wants, in which Secret it goes, and which Secrets are
//! ours to write.
//!
//! Translation says what is wanted; the controller's `acme` gets it. Nothing is decided here about when.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::name::{Host, ObjectRef};
use crate::snapshot::Secret;
use crate::table::Certificate;

/// Says `true` on every Secret that we made, and is the annotation by which an Ingress or its class asks.
pub const ACME: &str = "ferrik.dev/acme";
/// On a Secret that we made: the directory of the authority that issued it.
pub const SERVER: &str = "ferrik.dev/acme-server";
/// Key of the account's Secret under which the thumbprint of its key stands.
pub const THUMBPRINT: &str = "thumbprint";

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
