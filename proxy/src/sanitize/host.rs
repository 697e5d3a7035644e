//! The host of a request in canonical form.

use crate::reason::Reason;

/// A host in lower case, without port and trailing dot, on the stack.
#[derive(Clone, Copy)]
pub(crate) struct CanonicalHost {
    letters: Letters,
    length: u8,
    port: Option<u16>,
}

/// Aligned, so that [`std::str::from_utf8`] looks at words instead of letters.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Letters([u8; LONGEST]);

/// Letters of a name (RFC 1035 §2.3.4).
const LONGEST: usize = 253;

impl CanonicalHost {
    /// No host yet.
    pub(crate) fn empty() -> Self {
        Self {
            letters: Letters([0; LONGEST]),
            length: 0,
            port: None,
        }
    }

    /// Becomes what [`canonical_host`] makes of an authority; in place, because it is large to be moved.
    pub(crate) fn read(&mut self, authority: &[u8]) -> Result<(), Reason> {
        let (name, port) = split_port(authority)?;
        let name = name.strip_suffix(b".").unwrap_or(name);
        let is_fit = match name {
            [] => false,
            [b'[', ..] => is_literal(name),
            _ => is_name(name),
        };
        let letters = self.letters.0.get_mut(..name.len());
        let (Some(letters), Ok(length), true) = (letters, u8::try_from(name.len()), is_fit) else {
            return Err(Reason::BadHost);
        };
        letters.copy_from_slice(name);
        letters.make_ascii_lowercase();
        (self.length, self.port) = (length, port);
        Ok(())
    }

    /// The host as text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.letters.0[..usize::from(self.length)]).expect("only ASCII is copied in")
    }

    /// The port that the client named.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }
}

impl std::fmt::Debug for CanonicalHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads `Host` or `:authority` (RFC 9110 §7.2): a name or an address literal, with a port or without. Nothing else:
/// no user, no list, no path.
pub(crate) fn canonical_host(authority: &[u8]) -> Result<CanonicalHost, Reason> {
    let mut host = CanonicalHost::empty();
    host.read(authority)?;
    Ok(host)
}

/// What a byte may be in a name: part of it, the dot between two labels, or nothing.
const SHAPE: [u8; 256] = {
    let mut shape = [BAD; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            shape[byte as usize] = 0;
        }
        byte += 1;
    }
    shape[b'.' as usize] = DOT;
    shape
};
const BAD: u8 = 1;
const DOT: u8 = 2;

/// True if the name has only what may stand in one, and no empty label. Looks at all of it, which costs less than asking
/// after each letter whether to go on.
fn is_name(name: &[u8]) -> bool {
    // Before the first letter as between two, a dot stands for an empty label.
    let (mut previous, mut found) = (DOT, 0);
    for byte in name {
        let shape = SHAPE[usize::from(*byte)];
        found |= shape & (BAD | previous);
        previous = shape;
    }
    found == 0 && previous != DOT
}

/// The same for an address literal, which has brackets and colons besides.
fn is_literal(name: &[u8]) -> bool {
    let is_fit = |byte: &u8| matches!(byte, b'[' | b']' | b':') || SHAPE[usize::from(*byte)] != BAD;
    name.iter().all(is_fit) && !name.windows(2).any(|pair| pair == b"..")
}

fn split_port(authority: &[u8]) -> Result<(&[u8], Option<u16>), Reason> {
    let name_end = match authority {
        [b'[', ..] => {
            authority
                .iter()
                .position(|byte| *byte == b']')
                .ok_or(Reason::BadHost)?
                + 1
        }
        _ => memchr::memchr(b':', authority).unwrap_or(authority.len()),
    };
    let (name, rest) = authority.split_at(name_end);
    match rest {
        [] => Ok((name, None)),
        [b':', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            let text = std::str::from_utf8(digits).map_err(|_| Reason::BadHost)?;
            text.parse()
                .map(|port| (name, Some(port)))
                .map_err(|_| Reason::BadHost)
        }
        _ => Err(Reason::BadHost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_port_and_trailing_dot_are_cut() {
        for (text, host, port) in [
            ("a.Example.org", "a.example.org", None),
            ("a.example.org:8443", "a.example.org", Some(8443)),
            ("a.example.org.:80", "a.example.org", Some(80)),
            ("[::1]:80", "[::1]", Some(80)),
            ("127.0.0.1", "127.0.0.1", None),
            ("my_host", "my_host", None),
        ] {
            let found = canonical_host(text.as_bytes()).expect(text);
            assert_eq!((found.as_str(), found.port()), (host, port), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "", ".", "a..", "a..:80", "a/x", "a,b", "a b", "u@a", "a:", "a:x", "a:99999", "[::1", "a..b",
            ".a", "a\0", "a:80:80", "ä",
        ] {
            assert_eq!(
                canonical_host(text.as_bytes()).map(|_| ()),
                Err(Reason::BadHost),
                "{text}"
            );
        }
    }
}
