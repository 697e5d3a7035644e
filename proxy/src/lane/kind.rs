//! Kinds of header fields: those that decide how a message is read, that end at a proxy, or that a proxy adds.
//!
//! Told once, when a field arrives or is set; what is done with each kind is in `message.rs` and `render.rs`.

/// What a field is to the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Other,
    Host,
    Length,
    Coding,
    Connection,
    Upgrade,
    Expect,
    Date,
    /// Of one connection, and nothing else to us (RFC 9110 §7.6.1).
    Hop,
}

impl Kind {
    /// The kind of a name in any case.
    pub(super) fn of(name: &[u8]) -> Self {
        let last = name.last().map_or(0, u8::to_ascii_lowercase);
        match (name.len(), last) {
            (2, b'e') if is(name, b"te") => Self::Hop,
            (4, b't') if is(name, b"host") => Self::Host,
            (4, b'e') if is(name, b"date") => Self::Date,
            (6, b't') if is(name, b"expect") => Self::Expect,
            (7, b'e') if is(name, b"upgrade") => Self::Upgrade,
            (7, b'r') if is(name, b"trailer") => Self::Hop,
            (10, b'n') if is(name, b"connection") => Self::Connection,
            (10, b'e') if is(name, b"keep-alive") => Self::Hop,
            (14, b'h') if is(name, b"content-length") => Self::Length,
            (16, b'n') if is(name, b"proxy-connection") => Self::Hop,
            (17, b'g') if is(name, b"transfer-encoding") => Self::Coding,
            _ => Self::Other,
        }
    }
}

/// True if these are the same letters in any case. Compares all of them and branches once, which the compiler turns into a
/// few wide instructions.
pub(super) fn is<const N: usize>(text: &[u8], lower: &[u8; N]) -> bool {
    let Ok(text) = <&[u8; N]>::try_from(text) else {
        return false;
    };
    let differ = |all: u8, (one, other): (&u8, &u8)| all | (one.to_ascii_lowercase() ^ other);
    text.iter().zip(lower).fold(0, differ) == 0
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(u16);

impl Kinds {
    pub(super) const NONE: Self = Self(0);

    #[must_use]
    pub(super) const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    pub(super) const fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u16 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_in_any_case_and_others_are_not_taken_for_them() {
        for (name, kind) in [
            ("Host", Kind::Host),
            ("hOST", Kind::Host),
            ("Most", Kind::Other),
            ("Date", Kind::Date),
            ("TE", Kind::Hop),
            ("Content-Length", Kind::Length),
            ("content-Length", Kind::Length),
            ("content_length", Kind::Other),
            ("Content-Lengt", Kind::Other),
            ("TRANSFER-ENCODING", Kind::Coding),
            ("Transfer\rEncoding", Kind::Other),
            ("Connection", Kind::Connection),
            ("Keep-Alive", Kind::Hop),
            ("Proxy-Connection", Kind::Hop),
            ("Trailer", Kind::Hop),
            ("Upgrade", Kind::Upgrade),
            ("Expect", Kind::Expect),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of(name.as_bytes()), kind, "{name}");
        }
    }

    #[test]
    fn a_set_has_what_was_put_in() {
        let kinds = Kinds::NONE.with(Kind::Host).with(Kind::Hop);
        assert!(kinds.has(Kind::Host) && kinds.has(Kind::Hop));
        assert!(!kinds.has(Kind::Other) && !Kinds::NONE.has(Kind::Other));
    }
}
