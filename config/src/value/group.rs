//! Key exchange groups by name.
//!
//! OpenSSL, Go and IANA name the same groups differently; every dialect takes all of these names, in any case.

use super::{Invalid, Value};
use crate::table::KeyExchangeGroup;

/// What the name of a group means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupName {
    /// A group that is spoken.
    Spoken(KeyExchangeGroup),
    /// One that others speak.
    NotSpoken,
}

impl GroupName {
    /// `None` if nobody has such a group.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "x25519mlkem768" => Self::Spoken(KeyExchangeGroup::X25519Mlkem768),
            "secp256r1mlkem768" => Self::Spoken(KeyExchangeGroup::Secp256r1Mlkem768),
            "x25519" => Self::Spoken(KeyExchangeGroup::X25519),
            "secp256r1" | "prime256v1" | "p-256" | "curvep256" => Self::Spoken(KeyExchangeGroup::Secp256r1),
            "secp384r1" | "p-384" | "curvep384" => Self::Spoken(KeyExchangeGroup::Secp384r1),
            "secp521r1" | "p-521" | "curvep521" | "x448" | "secp384r1mlkem1024" | "mlkem512" | "mlkem768"
            | "mlkem1024" | "brainpoolp256r1" | "brainpoolp384r1" | "brainpoolp512r1" | "secp224r1"
            | "secp256k1" | "ffdhe2048" | "ffdhe3072" | "ffdhe4096" => Self::NotSpoken,
            _ => return None,
        })
    }
}

/// The groups of nginx's `ssl_ecdh_curve`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Those that are spoken, in the order of their variants; empty for `auto`, or if none is left.
    pub spoken: Vec<KeyExchangeGroup>,
    /// The others, as they are written.
    pub left_out: Vec<String>,
}

impl Value for Groups {
    const KIND: &'static str = "auto, or names of groups with colons between them";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let mut groups = Self::default();
        if text == "auto" {
            return Ok(groups);
        }
        for name in text.split(':').map(str::trim) {
            match GroupName::parse(name) {
                Some(GroupName::Spoken(group)) => groups.spoken.push(group),
                Some(GroupName::NotSpoken) => groups.left_out.push(name.to_owned()),
                None => return Err(Invalid::new(Self::KIND, text)),
            }
        }
        groups.spoken.sort_unstable();
        groups.spoken.dedup();
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_known_by_its_name() {
        for group in KeyExchangeGroup::ALL {
            assert_eq!(GroupName::parse(group.name()), Some(GroupName::Spoken(group)));
        }
        assert_eq!(GroupName::parse("curve25519"), None);
    }

    #[test]
    fn groups_are_a_set_and_what_is_not_spoken_is_left_out() {
        let groups = Groups::parse("secp521r1:prime256v1:X25519:P-256").expect("known names");
        assert_eq!(
            groups.spoken,
            [KeyExchangeGroup::X25519, KeyExchangeGroup::Secp256r1]
        );
        assert_eq!(groups.left_out, ["secp521r1"]);
        assert_eq!(Groups::parse("auto"), Ok(Groups::default()));
    }
}
