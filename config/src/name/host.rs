//! Host names in canonical form.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::value::{Invalid, Value};

/// A host name in lower case, without port and without trailing dot: `a.example.org`, or an IP address literal.
///
/// # Invariants
/// Not empty, at most 253 bytes, only `a-z 0-9 - _ .` (or an address), no empty label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Arc<str>);

impl Host {
    /// Reads a host name as Ingress objects write it. Case and one trailing dot do not matter.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = text.trim();
        let name = name.strip_suffix('.').unwrap_or(name);
        let invalid = || Invalid::new("a DNS name such as a.example.org", text);
        if name.is_empty() || name.len() > 253 {
            return Err(invalid());
        }
        let fits = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if name.split('.').all(fits) {
            Ok(Self(name.to_ascii_lowercase().into()))
        } else {
            Err(invalid())
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the first label: `example.org` for `a.example.org`, `None` for a single label.
    pub fn parent(&self) -> Option<&str> {
        self.0.split_once('.').map(|(_, parent)| parent)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Host {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Value for Host {
    const KIND: &'static str = "host names";

    fn parse(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

/// What a rule can say about the host: one name, all names one label below a domain, or nothing.
///
/// The order of the variants is the order of precedence (Kubernetes Ingress, "Hostname wildcards").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostKey {
    /// Exactly this host.
    Exact(Host),
    /// `*.domain`: exactly one label in front of the domain, which is what is kept here.
    Wildcard(Host),
    /// Any host.
    Any,
}

impl HostKey {
    /// Reads the `host` of an Ingress rule; an empty or absent one is [`HostKey::Any`].
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = text.trim();
        if name.is_empty() {
            return Ok(Self::Any);
        }
        match name.strip_prefix("*.") {
            Some(domain) => Host::parse(domain).map(Self::Wildcard),
            None => Host::parse(name).map(Self::Exact),
        }
        .map_err(|_| Invalid::new("a DNS name such as a.example.org or *.example.org", text))
    }

    /// The wildcard that covers this exact host, if it is one with a parent domain.
    pub fn covering_wildcard(&self) -> Option<Self> {
        match self {
            Self::Exact(host) => host
                .parent()
                .and_then(|parent| Host::parse(parent).ok())
                .map(Self::Wildcard),
            Self::Wildcard(_) | Self::Any => None,
        }
    }

    /// As a rule writes it; `*` stands for any host.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Exact(host) => Cow::Borrowed(host.as_str()),
            Self::Wildcard(domain) => Cow::Owned(format!("*.{domain}")),
            Self::Any => Cow::Borrowed("*"),
        }
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for HostKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_trailing_dot_do_not_matter() {
        assert_eq!(
            Host::parse("A.Example.ORG.").expect("valid").as_str(),
            "a.example.org"
        );
        assert_eq!(
            HostKey::parse("*.Example.org").expect("valid").to_string(),
            "*.example.org"
        );
        assert_eq!(HostKey::parse("").expect("valid"), HostKey::Any);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "a..b",
            "<release-name>",
            "a b",
            "*.*.org",
            "*",
            ".",
            "a.example.org:80",
            "ä.org",
        ] {
            assert!(HostKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let host = HostKey::parse("a.b.example.org").expect("valid");
        assert_eq!(
            host.covering_wildcard().expect("has one").to_string(),
            "*.b.example.org"
        );
        assert_eq!(
            HostKey::parse("localhost").expect("valid").covering_wildcard(),
            None
        );
    }
}
