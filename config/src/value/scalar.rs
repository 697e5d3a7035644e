//! Booleans, whole numbers and plain text as values.

use super::{Invalid, Value};

/// The spellings of Go's `strconv.ParseBool`, which ingress-nginx uses, and nginx's own `on` and `off`.
impl Value for bool {
    const KIND: &'static str = "true or false";

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.trim() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" | "on" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" | "off" => Ok(false),
            other => Err(Invalid::new(Self::KIND, other)),
        }
    }
}

impl Value for u32 {
    const KIND: &'static str = "a whole number";

    fn parse(text: &str) -> Result<Self, Invalid> {
        text.trim()
            .parse()
            .map_err(|_| Invalid::new(Self::KIND, text.trim()))
    }
}

impl Value for i64 {
    const KIND: &'static str = "a whole number, negative ones included";

    fn parse(text: &str) -> Result<Self, Invalid> {
        text.trim()
            .parse()
            .map_err(|_| Invalid::new(Self::KIND, text.trim()))
    }
}

/// Any text that is not empty.
impl Value for String {
    const KIND: &'static str = "text";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            Err(Invalid::new("a text that is not empty", text))
        } else {
            Ok(text.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_read_as_go_and_nginx_write_them() {
        for text in ["true", "True", "1", "t", "on", " true "] {
            assert_eq!(bool::parse(text), Ok(true), "{text}");
        }
        for text in ["false", "0", "F", "off"] {
            assert_eq!(bool::parse(text), Ok(false), "{text}");
        }
        for text in ["", "yes", "tRUE", "2"] {
            assert!(bool::parse(text).is_err(), "{text}");
        }
    }
}
