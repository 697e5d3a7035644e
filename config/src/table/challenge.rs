//! HTTP-01 challenges (RFC 8555 §8.3): the paths that they come to, and what is answered for hosts whose certificates are
//! asked for. The answer needs no more than the account's thumbprint, so every replica can give it.

use std::sync::Arc;

use imbl::OrdSet;
use serde::Serialize;

use crate::name::Host;

/// Where an authority asks (RFC 8555 §8.3).
pub const CHALLENGE_PATH: &str = "/.well-known/acme-challenge/";
/// Longer tokens are nobody's: authorities use 43 characters.
const LONGEST: usize = 128;

/// What is answered to an authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Challenges {
    /// Of the account's key (RFC 7638), base64url. It is no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<Arc<str>>,
    /// The hosts that certificates are asked for.
    pub hosts: OrdSet<Host>,
}

impl Challenges {
    /// True if nothing is answered.
    pub fn is_empty(&self) -> bool {
        self.thumbprint.is_none() && self.hosts.is_empty()
    }
}

/// The token of a challenge's path: base64url (RFC 8555 §8.3), so it can never be anything but one segment of plain
/// characters.
pub fn challenge_token(path: &[u8]) -> Option<&str> {
    let token = path.strip_prefix(CHALLENGE_PATH.as_bytes())?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_token = (1..=LONGEST).contains(&token.len()) && token.iter().all(is_plain);
    std::str::from_utf8(token).ok().filter(|_| is_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_segment_of_base64url_is_a_token() {
        for (path, token) in [
            ("/.well-known/acme-challenge/aB-_9", Some("aB-_9")),
            ("/.well-known/acme-challenge/", None),
            ("/.well-known/acme-challenge/a/b", None),
            ("/.well-known/acme-challenge/a%2e", None),
            ("/.well-known/acme-challenge/a=", None),
            ("/.well-known/acme-challenge", None),
            ("/x/.well-known/acme-challenge/a", None),
        ] {
            assert_eq!(challenge_token(path.as_bytes()), token, "{path}");
        }
        let long = format!("{CHALLENGE_PATH}{}", "a".repeat(LONGEST + 1));
        assert_eq!(challenge_token(long.as_bytes()), None);
    }
}
