//! What is answered to a certificate authority. HTTP-01 (RFC 8555 §8.3): the paths that it asks, and the hosts that it gets
//! an answer for; the answer needs no more than the account's thumbprint, so every replica can give it. TLS-ALPN-01
//! (RFC 8737): a digest for each open challenge, written by the replica that orders.

use std::fmt;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

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
    /// What is answered in TLS handshakes.
    #[serde(skip_serializing_if = "TlsAlpn::is_empty")]
    pub tls_alpn: TlsAlpn,
}

impl Challenges {
    /// True if nothing is answered.
    pub fn is_empty(&self) -> bool {
        self.thumbprint.is_none() && self.hosts.is_empty() && self.tls_alpn.is_empty()
    }
}

/// The open challenges of TLS-ALPN-01.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TlsAlpn {
    /// Grows whenever a digest is added or changed, so that a replica can say how far it is. 0 if there was never one.
    pub version: u64,
    /// Of the key authorization of each host's challenge.
    pub digests: OrdMap<Host, Digest>,
}

impl TlsAlpn {
    /// True if there was never a challenge.
    pub fn is_empty(&self) -> bool {
        self.version == 0 && self.digests.is_empty()
    }
}

/// A SHA-256 digest, written in hexadecimal as `openssl x509 -text` shows it in a certificate. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return None;
        };
        let digit = |letter: u8| {
            char::from(letter)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let bytes: Option<Vec<u8>> = pairs
            .iter()
            .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
            .collect();
        bytes?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not 64 hexadecimal digits"))
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
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest(std::array::from_fn(|at| u8::try_from(at * 8).expect("below 256")));
        let text = digest.to_string();
        assert!(text.starts_with("0008101820") && text.len() == 64, "{text}");
        assert_eq!(Digest::parse(&text), Some(digest));
        for wrong in [
            &text[1..],
            &text[2..],
            &text.replace('8', "g"),
            &format!("{text}00"),
            "",
        ] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
    }

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
