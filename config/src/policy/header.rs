//! Header names, and fixed changes to request and response headers.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::value::{Invalid, Value};

/// A header field name in lower case.
///
/// # Invariants
/// Only the token characters of RFC 9110 §5.6.2, at least one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderName(Arc<str>);

impl HeaderName {
    /// Reads a header name; case does not matter.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if !text.is_empty() && text.bytes().all(is_token) {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(Invalid::new("a header name", text))
        }
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for a field that [frames](is_framing).
    pub fn is_framing(&self) -> bool {
        is_framing(self.as_str().as_bytes())
    }
}

/// True for fields, their names in any case, that say how a message ends or what its connection does: no step changes them,
/// or somebody would read the message differently.
pub fn is_framing(name: &[u8]) -> bool {
    const FRAMING: [&[u8]; 7] = [
        b"connection",
        b"content-length",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ];
    FRAMING.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// What to say of a change of a field that [frames](is_framing): why it has no effect, and what to do.
#[cfg(feature = "translate")]
pub(crate) fn framing_problem(name: &str, value: &str) -> (String, &'static str) {
    let gap = if value.is_empty() { "" } else { ": " };
    let message = format!(
        "`{name}{gap}{value}` has no effect: where a message ends and what its connection does is up to the proxy"
    );
    (
        message,
        "remove it; lengths, kept connections and upgrades (WebSocket) need no header",
    )
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for HeaderName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Value for HeaderName {
    const KIND: &'static str = "header names";

    fn parse(text: &str) -> Result<Self, Invalid> {
        Self::parse(text.trim())
    }
}

/// True if the text can stand in a header value: no control characters but tab (RFC 9110 §5.5).
pub fn is_header_value(text: &str) -> bool {
    text.bytes().all(|b| b == b'\t' || (b >= 0x20 && b != 0x7f))
}

/// Fixed changes of one route, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Headers {
    /// Changes to what the backend receives.
    pub request: Vec<HeaderChange>,
    /// Changes to what the client receives.
    pub response: Vec<HeaderChange>,
    /// Changes to what the client receives over TLS, made after those above (RFC 6797 §7.2: `Strict-Transport-Security`
    /// has no place on plain HTTP).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_over_tls: Vec<HeaderChange>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum HeaderChange {
    /// Replaces all fields of the name. In a request, `host` replaces the host that the backend receives.
    Set(HeaderName, String),
    /// Removes all fields of the name.
    Remove(HeaderName),
}
