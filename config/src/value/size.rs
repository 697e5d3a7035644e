//! Amounts of bytes in nginx's spelling.

use super::{Invalid, Value};

/// Bytes, written `10`, `8k`, `2m` or `1g` in either case; 1k is 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl Value for Size {
    const KIND: &'static str = "a size in bytes, or with k, m or g (1k = 1024)";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let invalid = || Invalid::new(Self::KIND, text);
        let (digits, unit) = match text.char_indices().last() {
            Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
            Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
            Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
            Some((at, 'b' | 'B')) => (&text[..at], 1),
            _ => (text, 1),
        };
        let number: u64 = digits.parse().map_err(|_| invalid())?;
        number.checked_mul(unit).map(Self).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        for (text, bytes) in [
            ("0", 0),
            ("10", 10),
            ("8k", 8192),
            ("1M", 1 << 20),
            ("2g", 2 << 30),
            ("7b", 7),
        ] {
            assert_eq!(Size::parse(text), Ok(Size(bytes)), "{text}");
        }
        for text in [
            "",
            "k",
            "-1",
            "1t",
            "1 m",
            "99999999999999999999g",
            "17179869184g",
        ] {
            assert!(Size::parse(text).is_err(), "{text}");
        }
    }
}
