//! Password authentication (RFC 7617).

use std::fmt;

use serde::Serialize;

/// Who may pass with which password. An empty list of credentials lets nobody pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BasicAuth {
    /// Shown by browsers when they ask for the password.
    pub realm: String,
    /// One entry per user, in the order of the password file; the first of a name counts.
    pub credentials: Vec<Credential>,
    /// Send the `Authorization` header on to the backend (Traefik's default; nginx clears it).
    pub forward_authorization: bool,
    /// Request header that carries the user's name to the backend, replacing a client's own (Traefik `headerField`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_header: Option<super::HeaderName>,
}

/// A user and the hash of the password.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// The user's name.
    pub user: String,
    /// A hash in one of htpasswd's forms. It has no serial form and no debug text.
    #[serde(skip)]
    pub hash: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.user)
    }
}
